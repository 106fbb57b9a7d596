//! What the judge says about how programs end, and about points.

use crate::SILENT;
use crate::common::{EvidenceBuilder, case, check, outcome};
use ipclab_evidence::FileKind;
use ipclab_judge::{Outcome, Verdict};
use ipclab_spec::Aspect;

#[test]
fn a_status_is_explained() {
    let zero = case("[case.actor.server]\nstudent = \"server\"\nexit = 0\n");
    let mut right = EvidenceBuilder::of(&["server"]);
    right.out(0, "Iserver - send() is OK.\n");
    check(
        &zero,
        &right,
        |builder| builder.exit(0, 24),
        &[
            "exit: server ended with status 24 instead of 0: the exit status looks like the return value of the last printf(): main must be int and return 0",
        ],
    );
    // Not the length of that line, but all else is right.
    check(
        &zero,
        &right,
        |builder| builder.exit(0, 39),
        &[
            "exit: server ended with status 39 instead of 0: the exit status looks like the return value of the last printf(): main must be int and return 0",
        ],
    );
    check(
        &zero,
        &right,
        |builder| builder.exit(0, 1),
        &["exit: server ended with status 1 instead of 0"],
    );
    // The length of the last line tells, whatever else is wrong; a status alone does not.
    let wrong = |status: u8| {
        move |builder: &mut EvidenceBuilder| {
            builder.exit(0, status);
            builder.file("/tmp/x", FileKind::Regular);
        }
    };
    check(
        &zero,
        &right,
        wrong(24),
        &[
            "exit: server ended with status 24 instead of 0: the exit status looks like the return value of the last printf(): main must be int and return 0",
            "cleanup: the file /tmp/x was left behind",
        ],
    );
    check(
        &zero,
        &right,
        wrong(39),
        &[
            "exit: server ended with status 39 instead of 0",
            "cleanup: the file /tmp/x was left behind",
        ],
    );
    check(
        &zero,
        &right,
        |builder| {
            builder.fails(0, "listen", &["3", "5"], "EOPNOTSUPP");
            builder.exit(0, 1);
        },
        &[
            "exit: server ended with status 1 instead of 0: listen() failed with EOPNOTSUPP (Operation not supported) at #1",
        ],
    );
    // A call that failed explains nothing where it was meant to fail: all else is right.
    let mut refused = EvidenceBuilder::of(&["server"]);
    refused.fails(0, "sendto", &["3", "\"more\"", "4", "0"], "EPIPE");
    refused.out(0, "send: Broken pipe\n");
    check(
        &zero,
        &refused,
        |builder| builder.exit(0, 18),
        &[
            "exit: server ended with status 18 instead of 0: the exit status looks like the return value of the last printf(): main must be int and return 0",
        ],
    );
    check(
        &zero,
        &right,
        |builder| builder.killed(0, 13, "SIGPIPE", Some("sendto")),
        &[
            "exit: server was killed by SIGPIPE (signal 13) in send(): it wrote to a connection whose other end had closed",
        ],
    );
    check(
        &zero,
        &right,
        |builder| builder.killed(0, 13, "SIGPIPE", Some("write")),
        &[
            "exit: server was killed by SIGPIPE (signal 13) in write(): it wrote to a connection whose other end had closed",
        ],
    );
    for (kernel, written) in [
        ("pselect6", "select"),
        ("ppoll", "poll"),
        ("epoll_pwait", "epoll_wait"),
        ("wait4", "wait"),
        ("read", "read"),
        ("recvmsg", "recvmsg"),
        ("recvfrom", "recv"),
    ] {
        let words = format!("exit: server never ended: it waits in {written}() (#1)");
        check(
            &zero,
            &right,
            |builder| {
                builder.hangs(0, kernel, None);
            },
            &[&words],
        );
    }
}

#[test]
fn a_failure_has_a_status_of_its_own() {
    let failure = case("[case.actor.server]\nstudent = \"server\"\nexit = \"failure\"\n");
    let mut right = EvidenceBuilder::of(&["server"]);
    right.fails(
        0,
        "bind",
        &["3", "{AF_INET, 0.0.0.0:12345}", "16"],
        "EADDRINUSE",
    );
    right.exit(0, 1);
    check(
        &failure,
        &right,
        |builder| builder.exit(0, 0),
        &[
            "exit: server ended with status 0 although bind() failed with EADDRINUSE (Address already in use) at #1: a program that fails must end with another status, as exit(1) does",
        ],
    );
    check(
        &failure,
        &right,
        |builder| {
            builder.hangs(0, "accept", None);
        },
        &[
            "exit: server never ended although bind() failed with EADDRINUSE (Address already in use) at #1: it waits in accept() (#2)",
        ],
    );
    check(
        &failure,
        &right,
        |builder| builder.killed(0, 11, "SIGSEGV", None),
        &["exit: server was killed by SIGSEGV (signal 11): it touched memory that is not its own"],
    );
}

/// A signal that comes before pause() is lost, and one that ended an earlier pause() is not.
#[test]
fn a_signal_that_came_too_early_is_named() {
    let zero = case("[case.actor.server]\nstudent = \"server\"\nexit = 0\n");
    let right = EvidenceBuilder::of(&["server"]);
    check(
        &zero,
        &right,
        |builder| {
            builder.call(0, "kill", &["2", "SIGUSR1"], 0);
            builder.hangs(0, "pause", None);
        },
        &[
            "exit: server never ended: it waits in pause() (#2). SIGUSR1 had come before (#1), and a signal that comes before pause() does not end it",
        ],
    );
    check(
        &zero,
        &right,
        |builder| {
            builder.fails(0, "pause", &[], "EINTR");
            builder.call(0, "kill", &["2", "SIGUSR1"], 0);
            builder.hangs(0, "pause", None);
        },
        &["exit: server never ended: it waits in pause() (#3)"],
    );
    check(
        &zero,
        &right,
        |builder| {
            builder.call(0, "kill", &["9", "SIGUSR1"], 0);
            builder.hangs(0, "rt_sigsuspend", None);
        },
        &["exit: server never ended: it waits in sigsuspend() (#2)"],
    );
}

#[test]
fn the_sanitizers_word() {
    let case = case(&format!("sanitize = true\n{SILENT}"));
    let right = EvidenceBuilder::of(&["client"]);
    check(
        &case,
        &right,
        |builder| {
            builder.err(0, concat!(
        "=================================================================\n",
        "==2==ERROR: AddressSanitizer: stack-buffer-overflow on address 0x7f at pc 0x5 bp 0x7 sp 0x7\n",
        "WRITE of size 101 at 0x7ffd thread T0\n",
        "    #0 0x7f in gets (/lib/libasan.so.8+0x5)\n",
        "    #1 0x55 in main /lab/comclient.c:42\n",
    ))
        },
        &[
            "memory: client has a memory error: stack-buffer-overflow, gets() writes 101 bytes (main(), /lab/comclient.c:42)",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.err(
                0,
                "comclient.c:7:3: runtime error: index 100 out of bounds for type 'char [100]'\n",
            )
        },
        &[
            "memory: client has a memory error: index 100 out of bounds for type 'char [100]' (comclient.c:7:3)",
        ],
    );
}

#[test]
fn points_are_whole_or_split_over_aspects() {
    let whole = case("[case.actor.client]\nstudent = \"client\"\nexit = 0\n");
    let mut right = EvidenceBuilder::of(&["client"]);
    assert_eq!(points(&outcome(&whole, &right)), (Verdict::Pass, 1, 1));
    right.file("/tmp/x", FileKind::Regular);
    assert_eq!(points(&outcome(&whole, &right)), (Verdict::Fail, 0, 1));

    let mut split = whole.clone();
    split.points = ipclab_spec::Points::Split(vec![(Aspect::Exit, 3), (Aspect::Cleanup, 2)]);
    assert_eq!(points(&outcome(&split, &right)), (Verdict::Fail, 3, 5));
    // A remark costs nothing.
    split.points = ipclab_spec::Points::Split(vec![(Aspect::Exit, 3)]);
    let remarked = outcome(&split, &right);
    assert_eq!(points(&remarked), (Verdict::Pass, 3, 3));
    assert_eq!(
        remarked
            .findings
            .iter()
            .filter(|finding| !finding.graded && finding.verdict == Verdict::Fail)
            .count(),
        1
    );
    // An aspect that nothing was judged about earns nothing.
    split.points = ipclab_spec::Points::Split(vec![(Aspect::Exit, 3), (Aspect::Bytes, 2)]);
    assert_eq!(points(&outcome(&split, &right)), (Verdict::Unknown, 3, 5));

    right.e.trouble.push("no disk".to_owned());
    assert_eq!(points(&outcome(&whole, &right)), (Verdict::Unknown, 0, 1));
    assert_eq!(
        points(&Outcome::skipped(
            &whole,
            Aspect::Build,
            "client could not be built"
        )),
        (Verdict::Skipped, 0, 1)
    );
    assert_eq!(
        points(&Outcome::unknown(&whole, "the box could not be made")),
        (Verdict::Unknown, 0, 1)
    );
}

fn points(outcome: &Outcome) -> (Verdict, u32, u32) {
    (outcome.verdict, outcome.earned, outcome.max)
}

/// Two children of a program run at once: whether one starts its program before or after the other one could not is chance, and
/// the finding says the same.
#[test]
fn what_another_child_starts_is_no_search_of_this_one() {
    let zero = case("[case.actor.server]\nstudent = \"server\"\nexit = 0\n");
    let right = EvidenceBuilder::of(&["server"]);
    let failed = "exit: server ended with status 1 instead of 0: exec() failed with ENOENT (No such file or directory)";
    let children = |steps: [bool; 2], pids: [u32; 2]| {
        move |builder: &mut EvidenceBuilder| {
            for (is_there, pid) in steps.into_iter().zip(pids) {
                if is_there {
                    builder.call(0, "execve", &["\"/usr/bin/ls\""], 0);
                } else {
                    builder.fails(0, "execve", &["\"/usr/bin/nonsense\""], "ENOENT");
                }
                builder.last().pid = pid;
            }
            builder.exit(0, 1);
        }
    };
    check(
        &zero,
        &right,
        children([true, false], [11, 12]),
        &[&format!("{failed} at #2")],
    );
    check(
        &zero,
        &right,
        children([false, true], [11, 12]),
        &[&format!("{failed} at #1")],
    );
    // One process that searches found what it looked for.
    check(
        &zero,
        &right,
        children([false, true], [11, 11]),
        &["exit: server ended with status 1 instead of 0"],
    );
}
