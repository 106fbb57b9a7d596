//! What the judge says about calls.

use crate::SILENT;
use crate::common::{EvidenceBuilder, case, check};
use ipclab_evidence::{Arg, Errno, Names, Object, Returned};

fn calls(patterns: &str) -> ipclab_spec::Case {
    case(&format!(
        "{SILENT}[case.calls]\nclient = [{patterns}]\n[case.leaves]\nmay = [\"shm:100\"]\n"
    ))
}

#[test]
fn a_required_call() {
    let case = calls(
        r#""shmget(100, 1024, IPC_CREAT|0644) >= 0", "shmat(_, _, SHM_RDONLY)", "shmdt(...) = 0""#,
    );
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(0, "shmget", &["100", "1024", "0644|IPC_CREAT"], 7);
    right.call(0, "shmat", &["7", "NULL", "SHM_RDONLY"], 0x7f00_0000);
    right.call(0, "shmdt", &["0x7f000000"], 0);
    check(
        &case,
        &right,
        |builder| {
            builder.e.trace.pop();
        },
        &["calls: client never called shmdt()"],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.trace[2].returned = Some(Returned {
                value: -1,
                errno: Some(Errno::EINVAL),
            });
        },
        &[
            "calls: client called shmdt() at #3, and it failed with EINVAL (Invalid argument): expected shmdt(...) = 0",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.trace[1].args[2] = Arg::Number(0);
        },
        &[
            "calls: client called shmat(7, NULL, 0) = 2130706432 at #2 instead of shmat(_, _, SHM_RDONLY)",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.trace[0].args[2] = Arg::Flags(Names::IpcGet, 0o1600);
        },
        &[
            "calls: client called shmget(100, 1024, IPC_CREAT|0600) = 7 at #1 instead of shmget(100, 1024, IPC_CREAT|0644) >= 0",
        ],
    );
}

#[test]
fn flags_that_must_be_set_whatever_others_are() {
    let case = calls(r#""recv(_, _, _, MSG_PEEK|...) > 0""#);
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(0, "recvfrom", &["4", "0x7f00", "100", "0"], 4);
    right.call(
        0,
        "recvfrom",
        &["4", "0x7f00", "4", "MSG_PEEK|MSG_WAITALL", "NULL", "NULL"],
        4,
    );
    // Its flags stand elsewhere, and mean the same.
    let mut by_message = EvidenceBuilder::of(&["client"]);
    by_message.call(0, "recvmsg", &["4", "0x7f00", "MSG_PEEK"], 4);
    for right in [right, by_message] {
        let at = right.e.trace.len() - 1;
        let flags = right.e.trace[at].args.len().min(4) - 1;
        let (wrong, named) = match at {
            0 => (
                "recvmsg(4, 0x7f00, MSG_WAITALL) = 4 at #1",
                "recv() without MSG_PEEK",
            ),
            _ => (
                "recv(4, 0x7f00, 100, 0) = 4 at #1",
                "recv() without MSG_PEEK",
            ),
        };
        check(
            &case,
            &right,
            |builder| {
                builder.e.trace[at].args[flags] = Arg::Flags(Names::Message, 0x100);
            },
            &[&format!("calls: client called {named}: {wrong}")],
        );
    }
}

#[test]
fn a_forbidden_call() {
    let case = calls(r#""no accept()", "no recv()""#);
    let mut right = EvidenceBuilder::of(&["client"]);
    right.fails(0, "listen", &["3", "5"], "EADDRINUSE");
    right.last().tampered = Some("EADDRINUSE".to_owned());
    right.call(0, "read", &["0", "...", "100"], 0);
    right.last().object = Some(Object::Standard(0));
    check(
        &case,
        &right,
        |builder| {
            builder.call(0, "accept4", &["3", "NULL", "NULL", "0"], 4);
        },
        &[
            "calls: client called accept() at #3 although listen() failed with EADDRINUSE (Address already in use) at #1",
        ],
    );
}

#[test]
fn every_one_has_its_other() {
    let case = calls(
        r#""every socket() has close()", "every fork() has wait()", "every shmat() has shmdt()""#,
    );
    let mut right = EvidenceBuilder::of(&["client"]);
    let socket = right.socket(0, ipclab_evidence::SocketKind::Stream);
    right.call(0, "close", &["3"], 0);
    right.last().object = Some(Object::Socket(socket));
    right.call(0, "clone", &["SIGCHLD"], 9);
    right.call(0, "wait4", &["-1", "NULL", "0", "NULL"], 9);
    for name in ["shmat", "shmdt"] {
        right.call(0, name, &["7"], 0);
        right.last().object = Some(Object::Segment(7));
    }
    // A thread is no child to wait for.
    right.call(0, "clone", &["0x10100"], 10);
    check(
        &case,
        &right,
        |builder| builder.e.trace[1].object = Some(Object::Other("pipe".to_owned())),
        &["calls: client called socket() at #1, and no close() for it"],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.trace[3].returned = Some(Returned {
                value: 10,
                errno: None,
            })
        },
        &["calls: client called fork() at #3, and no wait() for it"],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.trace.retain(|call| call.name != "shmdt");
        },
        &["calls: client called shmat() at #5, and no shmdt() for it"],
    );
}

#[test]
fn calls_that_were_not_kept_prove_nothing() {
    for (wanted, says) in [
        (
            "has listen(_, 5)",
            "that client called listen(_, 5) is not proved",
        ),
        (
            "no connect()",
            "that client did not call connect() is not proved",
        ),
        (
            "every socket() has close()",
            "that client called close() for every socket() is not proved",
        ),
    ] {
        let wanted = wanted.strip_prefix("has ").unwrap_or(wanted);
        let case = calls(&format!("{wanted:?}"));
        let mut right = EvidenceBuilder::of(&["client"]);
        let socket = right.socket(0, ipclab_evidence::SocketKind::Stream);
        right.call(0, "listen", &["3", "5"], 0);
        right.call(0, "close", &["3"], 0);
        right.last().object = Some(Object::Socket(socket));
        let expected =
            format!("calls: {says}: client made so many calls that 100 calls were not kept");
        let listens = wanted.contains("listen");
        check(
            &case,
            &right,
            |scene| {
                scene.e.calls_dropped = 100;
                scene.e.actors[0].calls_dropped = 100;
                if listens {
                    scene.e.trace[1].name = "bind".to_owned();
                }
            },
            &[expected.as_str()],
        );
    }
}

#[test]
fn calls_counted_together_are_that_many() {
    use ipclab_evidence::Repeated;
    let case = calls(r#""every shmat() has shmdt()""#);
    let mut right = EvidenceBuilder::of(&["client"]);
    for name in ["shmat", "shmdt"] {
        right.call(0, name, &["7"], 0);
        right.last().object = Some(Object::Segment(7));
        let mut many = Repeated::once(0, 0);
        many.times = 3000;
        many.last = 6000;
        right.last().repeated = Some(many);
    }
    check(
        &case,
        &right,
        |scene| {
            if let Some(closed) = &mut scene.e.trace[1].repeated {
                closed.times = 2999;
            }
        },
        &["calls: client called shmat() at #1, and no shmdt() for it"],
    );
    let case = calls(r#""no recv(_, _, 50, _)""#);
    let mut right = EvidenceBuilder::of(&["client"]);
    right.call(
        0,
        "recvfrom",
        &["3", "0x7ffe1000", "100", "0", "NULL", "NULL"],
        1,
    );
    check(
        &case,
        &right,
        |scene| {
            let mut many = Repeated::once(1, 1);
            (many.times, many.varies) = (3000, true);
            scene.e.trace[0].repeated = Some(many);
        },
        &[
            "calls: that client did not call recv(_, _, 50, _) is not proved: from #1 on it called recv() 3000 times, and not always with the same arguments",
        ],
    );
}

/// `waitid()` returns 0 and tells the child beside it; `recvmmsg()` counts messages. A pattern of the family means the child and
/// the bytes, in whatever way a program asked for them.
#[test]
fn a_result_is_the_one_of_the_family() {
    use ipclab_evidence::Answer;
    let check_one = |pattern: &str, call: (&str, i64), told: Option<u32>, expect: &[&str]| {
        let case = calls(pattern);
        let mut right = EvidenceBuilder::of(&["client"]);
        right.call(0, "wait4", &["-1", "NULL", "0", "NULL"], 7);
        check(
            &case,
            &right,
            |scene| {
                scene.e.trace[0].name = call.0.to_owned();
                scene.e.trace[0].returned = Some(Returned {
                    value: call.1,
                    errno: None,
                });
                let told = told.map(|child| Answer {
                    name: "wait".to_owned(),
                    value: child.to_string(),
                });
                scene.e.trace[0].answers.extend(told);
            },
            expect,
        );
    };
    let wanted = r#""wait(...) > 0""#;
    check_one(wanted, ("waitid", 0), Some(7), &[]);
    // With WNOHANG, where no child has ended.
    check_one(
        wanted,
        ("waitid", 0),
        None,
        &["calls: client called wait() at #1, and it returned 0: expected wait(...) > 0"],
    );
    check_one(wanted, ("wait4", 7), Some(7), &[]);
}
