//! What the judge says when a server is not where it should be, and when its clients suffer from it.

use crate::common::{EvidenceBuilder, case, check, complaints};
use ipclab_evidence::{Ended, Exit, FileKind, Object, Served, SocketKind, Wait};
use ipclab_judge::{MistakeKind, Verdict, judge};

const LISTENS: &str = r#"
[case.actor.server]
student = "server"
listens = "tcp:0.0.0.0:12345"
exit = "running"
"#;

/// A server that serves where it should and waits there.
fn waiting(address: &str) -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["server"]);
    let socket = builder.serve(0, address);
    builder.hangs(0, "accept", Some(Object::Socket(socket)));
    builder
}

/// The same, and a client that was refused at an address.
fn refusing(address: &str, at: &str) -> EvidenceBuilder {
    let mut builder = waiting(address);
    builder.e.actors.push(
        EvidenceBuilder::of(&["server", "client"])
            .e
            .actors
            .remove(1),
    );
    builder.socket(1, SocketKind::Stream);
    builder.fails(
        1,
        "connect",
        &["3", &format!("{{AF_INET, {at}}}"), "16"],
        "ECONNREFUSED",
    );
    builder
}

#[track_caller]
fn check_server(wrong: EvidenceBuilder, expect: &[&str]) {
    check(
        &case(LISTENS),
        &waiting("0.0.0.0:12345"),
        |builder| *builder = wrong,
        expect,
    );
}

#[test]
fn a_port_in_the_wrong_byte_order_is_a_missing_htons() {
    check_server(
        waiting("0.0.0.0:14640"),
        &[
            "calls: server bound port 14640 instead of 12345: htons() is missing, the two bytes of the port are swapped",
        ],
    );
}

#[test]
fn another_port_is_named() {
    check_server(
        waiting("0.0.0.0:12346"),
        &["calls: server bound port 12346 instead of 12345"],
    );
}

#[test]
fn loopback_is_not_every_address() {
    check_server(
        waiting("127.0.0.1:12345"),
        &[
            "calls: server listens on 127.0.0.1:12345 only: clients on other machines cannot reach it, bind INADDR_ANY (0.0.0.0)",
        ],
    );
    // A server on every IPv6 address takes IPv4 as well.
    assert_eq!(
        complaints(&case(LISTENS), &waiting("[::]:12345")),
        Vec::<String>::new()
    );
}

#[test]
fn bound_but_not_listening() {
    let mut builder = EvidenceBuilder::of(&["server"]);
    let socket = builder.socket(0, SocketKind::Stream);
    builder.bind(socket, "0.0.0.0:12345");
    builder.fails(0, "accept", &["3", "NULL", "NULL"], "EINVAL");
    builder.exit(0, 1);
    check_server(
        builder,
        &[
            "calls: server bound port 12345 but never called listen(), it ended with status 1 after accept() failed with EINVAL (Invalid argument) at #3",
            "exit: server ended with status 1 instead of serving on: accept() failed with EINVAL (Invalid argument) at #3",
        ],
    );
}

#[test]
fn listening_without_bind_is_a_port_of_the_kernel() {
    let mut builder = EvidenceBuilder::of(&["server"]);
    let socket = builder.socket(0, SocketKind::Stream);
    builder.listen(socket);
    builder.e.sockets[socket].local = Some(crate::common::addressed("0.0.0.0:41234").1);
    builder.hangs(0, "accept", Some(Object::Socket(socket)));
    check_server(
        builder,
        &[
            "calls: server listens on a port that the kernel chose instead of 12345: bind() was never called",
        ],
    );
}

#[test]
fn a_port_that_was_left_to_the_kernel_has_no_number() {
    let mut builder = EvidenceBuilder::of(&["server"]);
    let socket = builder.serve(0, "0.0.0.0:0");
    // As getsockname(2) tells it afterwards.
    builder.e.sockets[socket].local = Some(crate::common::addressed("0.0.0.0:41234").1);
    builder.hangs(0, "accept", Some(Object::Socket(socket)));
    check_server(
        builder,
        &["calls: server bound port 0 instead of 12345: for port 0 the kernel chooses one"],
    );
}

#[test]
fn a_bind_that_failed_is_the_cause() {
    let mut builder = EvidenceBuilder::of(&["server"]);
    builder.socket(0, SocketKind::Stream);
    builder.fails(0, "bind", &["3", "{AF_INET, 0.0.0.0:12345}", "4"], "EINVAL");
    builder.exit(0, 1);
    check_server(
        builder,
        &[
            "calls: server never served tcp:0.0.0.0:12345: bind() failed with EINVAL (Invalid argument) at #2: its third argument must be the size of the address, and a socket can be bound only once",
            "exit: server ended with status 1 instead of serving on: bind() failed with EINVAL (Invalid argument) at #2",
        ],
    );
}

#[test]
fn what_it_did_instead_is_reported() {
    let mut nothing = EvidenceBuilder::of(&["server"]);
    check_server(
        nothing.clone(),
        &[
            "calls: server never served tcp:0.0.0.0:12345: it never made a socket, it ended with status 0",
            "exit: server ended with status 0 instead of serving on until it is stopped",
        ],
    );
    nothing.killed(0, 11, "SIGSEGV", None);
    check_server(
        nothing.clone(),
        &[
            "calls: server never served tcp:0.0.0.0:12345: it never made a socket, it was killed by SIGSEGV",
            "exit: server was killed by SIGSEGV (signal 11): it touched memory that is not its own",
        ],
    );
    let mut asks = EvidenceBuilder::of(&["server"]);
    asks.hangs(0, "read", Some(Object::Standard(0)));
    check_server(
        asks,
        &[
            "calls: server never served tcp:0.0.0.0:12345: it never made a socket, it waits in read() (#1) on its stdin",
        ],
    );
    let mut datagram = EvidenceBuilder::of(&["server"]);
    datagram.serve_datagrams(0, "0.0.0.0:12345");
    check_server(
        datagram,
        &[
            "calls: server never served tcp:0.0.0.0:12345: its socket is of SOCK_DGRAM instead of SOCK_STREAM, it ended with status 0",
            "exit: server ended with status 0 instead of serving on until it is stopped",
        ],
    );
}

#[test]
fn datagrams_paths_and_keys_are_places_too() {
    let place = |listens: &str| {
        case(&format!(
            "[case.actor.server]\nstudent = \"server\"\nlistens = \"{listens}\"\n[case.leaves]\nmay = [\"shm:100\"]\n"
        ))
    };
    let datagrams = |address: &str| {
        let mut builder = EvidenceBuilder::of(&["server"]);
        builder.serve_datagrams(0, address);
        builder
    };
    check(
        &place("udp:7000"),
        &datagrams("0.0.0.0:7000"),
        |builder| *builder = datagrams("0.0.0.0:22555"),
        &[
            "calls: server bound port 22555 instead of 7000: htons() is missing, the two bytes of the port are swapped",
        ],
    );
    check(
        &place("unix:/tmp/s"),
        &datagrams("/tmp/s"),
        |builder| *builder = datagrams("/tmp/t"),
        &["calls: server bound /tmp/t instead of /tmp/s"],
    );
    let keyed = |key: &str| {
        let mut builder = EvidenceBuilder::of(&["server"]);
        builder.call(0, "shmget", &[key, "1024", "IPC_CREAT|0644"], 7);
        builder
    };
    check(
        &place("shm:100"),
        &keyed("100"),
        |builder| *builder = keyed("256"),
        &["calls: server used key 256 instead of 100: that is 0x100, and 100 is decimal"],
    );
    check(
        &place("shm:100"),
        &keyed("100"),
        |builder| *builder = keyed("64"),
        &["calls: server used key 64 instead of 100: that is 0100, which C reads as octal"],
    );
}

const PAIR: &str = r#"
[case.actor.server]
student = "server"
listens = "tcp:0.0.0.0:12345"
exit = 0
[case.actor.client]
reference = "client 127.0.0.1"
exit = 0
stdout.lines = ["client - recv() is OK."]
[case.wire]
"client -> server" = { bytes = 49 }
"server -> client" = { bytes = 49 }
"#;

const MESSAGE: &[u8] = b"This is a test message from a stupid client lol!\0";

/// One message there and back.
fn echoed() -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["server", "client"]);
    let listening = builder.serve(0, "0.0.0.0:12345");
    let (client, server) = builder.connect(1, listening);
    builder.cross(client, server, MESSAGE);
    builder.cross(server, client, MESSAGE);
    builder.out(1, "client - recv() is OK.\n");
    builder
}

#[test]
fn a_server_elsewhere_explains_everything_that_follows() {
    check(
        &case(PAIR),
        &echoed(),
        |builder| {
            *builder = EvidenceBuilder::of(&["server", "client"]);
            let socket = builder.serve(0, "0.0.0.0:14640");
            builder.hangs(0, "accept", Some(Object::Socket(socket)));
            builder.unstarted(1);
        },
        &[
            "calls: server bound port 14640 instead of 12345: htons() is missing, the two bytes of the port are swapped",
            "exit: server never ended: it waits in accept() (#4)",
            "output: our client printed nothing: it never started, because server bound port 14640 instead of 12345",
            "bytes: our client sent nothing to server: it never started, because server bound port 14640 instead of 12345",
            "bytes: server received nothing, because our client sent nothing",
            "bytes: server sent nothing to our client: it waits in accept() (#4)",
            "bytes: our client received nothing, because server sent nothing",
            "exit: our client never started, because server bound port 14640 instead of 12345",
        ],
    );
}

#[test]
fn a_server_on_loopback_only_is_out_of_reach_at_another_address() {
    let case = case(
        r#"
[case.actor.server]
student = "server"
listens = "tcp:12345"
[case.actor.client]
reference = "client 127.0.0.2"
[case.wire]
"client -> server" = { sent = 49 }
"#,
    );
    let spoil = |builder: &mut EvidenceBuilder, connects_again: bool| {
        *builder = refusing("127.0.0.1:12345", "127.0.0.2:12345");
        if connects_again {
            builder.call(1, "connect", &["3", "{AF_INET, 127.0.0.1:12345}", "16"], 0);
        }
        builder.exit(1, 1);
    };
    check(
        &case,
        &echoed(),
        |builder| spoil(builder, false),
        &[
            "bytes: our client sent nothing to server: it ended with status 1 after connect() to 127.0.0.2:12345 failed with ECONNREFUSED (Connection refused) at #6, because server is bound to 127.0.0.1:12345 only (#2): it cannot be reached at 127.0.0.2, bind INADDR_ANY",
        ],
    );
    // That is the server's mistake, unless the client came in by another address of the same name.
    for (connects_again, kind) in [(false, MistakeKind::Place), (true, MistakeKind::Waits)] {
        let mut builder = echoed();
        spoil(&mut builder, connects_again);
        let findings = judge(&case, &builder.e);
        let failed = findings
            .iter()
            .find(|finding| finding.verdict == Verdict::Fail);
        let mistake = failed.and_then(|finding| finding.mistake.as_ref());
        assert_eq!(mistake.map(|mistake| mistake.kind), Some(kind));
    }
}

#[test]
fn a_deadlock_is_spelt_out() {
    check(
        &case(PAIR),
        &echoed(),
        |builder| {
            *builder = EvidenceBuilder::of(&["server", "client"]);
            let listening = builder.serve(0, "0.0.0.0:12345");
            let (client, server) = builder.connect(1, listening);
            builder.cross(client, server, MESSAGE);
            builder.hangs(0, "recvfrom", Some(Object::Socket(server)));
            builder.hangs(1, "recvfrom", Some(Object::Socket(client)));
        },
        &[
            "exit: server never ended: it waits in recv() (#9); no program can go on: server waits in recv() (#9) for bytes from our client, our client waits in recv() (#10) for bytes from server",
            "output: our client printed nothing on stdout: it waits in recv() (#10), because server waits in recv() (#9)",
            "bytes: server sent nothing to our client: it waits in recv() (#9)",
            "bytes: our client received nothing, because server sent nothing",
            "exit: our client never ended: it waits in recv() (#10); no program can go on: server waits in recv() (#9) for bytes from our client, our client waits in recv() (#10) for bytes from server",
        ],
    );
}

#[test]
fn a_crash_is_the_cause_and_names_its_call() {
    check(
        &case(PAIR),
        &echoed(),
        |builder| {
            *builder = EvidenceBuilder::of(&["server", "client"]);
            let listening = builder.serve(0, "0.0.0.0:12345");
            let (client, server) = builder.connect(1, listening);
            builder.cross(client, server, MESSAGE);
            builder.killed(0, 11, "SIGSEGV", Some("write"));
            builder.moves(
                ipclab_evidence::Direction::Received,
                client,
                Some(server),
                b"",
            );
            builder.err(1, "client - recv() error: end of file\n");
            builder.exit(1, 1);
        },
        &[
            "exit: server was killed by SIGSEGV (signal 11) in write(): it touched memory that is not its own",
            "output: our client printed nothing on stdout: it wrote this on stderr instead: `client - recv() error: end of file`: it ended with status 1, because server was killed by SIGSEGV in write()",
            "bytes: server sent nothing to our client: it was killed by SIGSEGV in write()",
            "bytes: our client received nothing, because server sent nothing",
            "exit: our client ended with status 1 instead of 0, and its last words are `client - recv() error: end of file`, because server was killed by SIGSEGV in write()",
        ],
    );
}

#[test]
fn a_client_of_the_students_that_goes_elsewhere_is_found_out() {
    let case = case(
        r#"
[case.actor.server]
reference = "server"
listens = "tcp:12345"
[case.actor.client]
student = "client 127.0.0.1"
exit = 0
[case.wire]
"client -> server" = { bytes = 49 }
"#,
    );
    let refused = |port: &'static str| {
        move |builder: &mut EvidenceBuilder| {
            *builder = refusing("0.0.0.0:12345", &format!("127.0.0.1:{port}"));
            builder.exit(1, 1);
        }
    };
    check(
        &case,
        &echoed(),
        refused("14640"),
        &[
            "bytes: client sent nothing to our server: client connects to port 14640 instead of 12345 (#6): htons() is missing, the two bytes of the port are swapped",
            "bytes: our server received nothing: client connects to port 14640 instead of 12345 (#6): htons() is missing, the two bytes of the port are swapped",
            "exit: client ended with status 1 instead of 0: connect() to 127.0.0.1:14640 failed with ECONNREFUSED (Connection refused) at #6",
        ],
    );
    check(
        &case,
        &echoed(),
        refused("12346"),
        &[
            "bytes: client sent nothing to our server: client connects to port 12346 instead of 12345 (#6)",
            "bytes: our server received nothing: client connects to port 12346 instead of 12345 (#6)",
            "exit: client ended with status 1 instead of 0: connect() to 127.0.0.1:12346 failed with ECONNREFUSED (Connection refused) at #6",
        ],
    );
}

#[test]
fn a_server_that_never_ends_keeps_others_from_starting() {
    let case = case(
        r#"
[case.actor.server]
student = "server 2"
listens = "tcp:12345"
exit = 0
[case.actor.third]
reference = "client 127.0.0.1"
after = "server exits"
exit = "failure"
"#,
    );
    let mut right = EvidenceBuilder::of(&["server", "third"]);
    right.serve(0, "0.0.0.0:12345");
    right.exit(1, 1);
    check(
        &case,
        &right,
        |builder| {
            *builder = waiting("0.0.0.0:12345");
            builder
                .e
                .actors
                .push(EvidenceBuilder::of(&["server", "third"]).e.actors.remove(1));
            builder.unstarted(1);
        },
        &[
            "exit: server never ended: it waits in accept() (#4)",
            "exit: our third client never started, because server never ended: it waits in accept() (#4)",
        ],
    );
}

#[test]
fn trouble_of_ours_is_nobodys_loss() {
    let mut builder = waiting("0.0.0.0:14640");
    builder.e.trouble.push("the disk is full".to_owned());
    let case = case(LISTENS);
    assert_eq!(
        complaints(&case, &builder),
        [
            "unknown calls: not judged: the disk is full (seen: server bound port 14640 instead of 12345: htons() is missing, the two bytes of the port are swapped)",
        ]
    );
    assert_eq!(
        crate::common::outcome(&case, &builder).verdict,
        ipclab_judge::Verdict::Unknown
    );
}

#[test]
fn computing_for_ever_and_limits_are_ends() {
    let case = case("[case.actor.server]\nstudent = \"server\"\nexit = 0\n");
    let limit = |kind, limit| Exit::Stopped(ipclab_evidence::LimitHit { kind, limit });
    let spoil = |exit: Exit| {
        move |builder: &mut EvidenceBuilder| {
            builder.e.actors[0].exit = exit;
            builder.e.ended = Ended::LimitHit { actor: 0 };
        }
    };
    use ipclab_evidence::LimitKind::{Cpu, Lines, Output, Processes};
    let right = EvidenceBuilder::of(&["server"]);
    check(
        &case,
        &right,
        spoil(limit(Cpu, 2000)),
        &["exit: server was stopped: it used up its 2000 ms of CPU time: it computes for ever"],
    );
    check(
        &case,
        &right,
        spoil(limit(Output, 4096)),
        &["exit: server was stopped: it printed more than 4096 bytes: it prints without end"],
    );
    check(
        &case,
        &right,
        spoil(limit(Processes, 64)),
        &["exit: server was stopped: it made more than 64 processes"],
    );
    check(
        &case,
        &right,
        spoil(limit(Lines, 1000)),
        &["exit: server was stopped: it printed more than 1000 lines: it prints without end"],
    );
    // When another actor's limit ended the case, the judge does not say of the rest that they compute for ever.
    let two = crate::common::case(
        "[case.actor.server]\nstudent = \"server\"\nexit = 0\n[case.actor.client]\nstudent = \"client\"\nexit = 0\n",
    );
    check(
        &two,
        &EvidenceBuilder::of(&["server", "client"]),
        |builder| {
            spoil(limit(Lines, 1000))(builder);
            builder.e.actors[1].exit = Exit::Running {
                wait: None,
                on_sigterm: None,
            };
        },
        &[
            "exit: server was stopped: it printed more than 1000 lines: it prints without end",
            "exit: client was still running when server was stopped: it printed more than 1000 lines: it prints without end",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            builder.e.actors[0].exit = Exit::Running {
                wait: None,
                on_sigterm: None,
            };
            builder.e.ended = Ended::DeadlineExceeded {
                limit_ms: 10_000,
                waits: Vec::new(),
            };
        },
        &["exit: server never ended: it was still busy when the 10000 ms were up"],
    );
    for (call, barren, words) in [
        (
            "clock_nanosleep",
            true,
            "it sleeps again and again, and nothing changes",
        ),
        (
            "poll",
            true,
            "it waits in poll() (#7) with a timeout again and again, and nothing changes",
        ),
        (
            "nanosleep",
            false,
            "it sleeps again and again, and was still at it after 3600 s of its clock",
        ),
    ] {
        check(
            &case,
            &right,
            |builder| {
                let wait = Wait {
                    actor: 0,
                    pid: 2,
                    call: call.to_owned(),
                    n: 7,
                    object: None,
                    timed: true,
                    other_ends: Vec::new(),
                    in_flight: Vec::new(),
                    lock: None,
                    threads: Vec::new(),
                    known_threads: Vec::new(),
                    lines: Vec::new(),
                };
                builder.e.actors[0].exit = Exit::Running {
                    wait: Some(wait.clone()),
                    on_sigterm: None,
                };
                builder.e.ended = Ended::ClockRanOut {
                    at_ms: 3_600_000,
                    barren,
                    waits: vec![wait],
                };
            },
            &[&format!("exit: server never ended: {words}")],
        );
    }
}

const ANYWHERE: &str = r#"
[case.actor.server]
student = "server"
listens = "tcp:any"
exit = "running"
stdout.contains = ["on port {{server.listens.port}}"]
"#;

/// A server that serves here, and says so.
fn at_its_own_place(address: &str) -> EvidenceBuilder {
    let mut builder = waiting(address);
    let kind = builder.e.sockets[0].kind;
    let address = crate::common::addressed(address).1;
    builder.e.actors[0].served = Some(Served { kind, address });
    builder.out(0, "on port 4711\n");
    builder
}

#[test]
fn a_place_of_its_own_choice_is_any_that_is_served() {
    let check_any = |wrong: EvidenceBuilder, expect: &[&str]| {
        let right = at_its_own_place("127.0.0.1:4711");
        check(&case(ANYWHERE), &right, |builder| *builder = wrong, expect);
    };
    check_any(
        at_its_own_place("0.0.0.0:4712"),
        &["output: server printed `on port 4711` instead of `on port 4712`"],
    );
    let mut silent = EvidenceBuilder::of(&["server"]);
    let socket = silent.socket(0, SocketKind::Stream);
    silent.bind(socket, "0.0.0.0:4711");
    silent.hangs(0, "accept", Some(Object::Socket(socket)));
    check_any(
        silent,
        &[
            "calls: server bound 0.0.0.0:4711 but never called listen(), it waits in accept() (#3)",
            "output: server has no place that could be printed: server bound 0.0.0.0:4711 but never called listen(), it waits in accept() (#3)",
        ],
    );
    let mut path = EvidenceBuilder::of(&["server"]);
    let socket = path.serve(0, "/tmp/s");
    path.hangs(0, "accept", Some(Object::Socket(socket)));
    check_any(
        path,
        &[
            "calls: server bound /tmp/s instead of a TCP port",
            "output: server has no place that could be printed: server bound /tmp/s instead of a TCP port",
        ],
    );
}

#[test]
fn the_file_of_a_place_of_its_own_choice_may_be_left() {
    let local = case(
        r#"
[case.actor.server]
student = "server"
listens = "unix:any"
[case.leaves]
may = ["{{server.listens.path}}"]
"#,
    );
    let mut right = EvidenceBuilder::of(&["server"]);
    right.serve(0, "us.sock");
    right.e.actors[0].served = Some(Served {
        kind: SocketKind::Stream,
        address: crate::common::addressed("us.sock").1,
    });
    right.file("/lab/us.sock", FileKind::Socket);
    check(
        &local,
        &right,
        |builder| {
            builder.file("/tmp/other.sock", FileKind::Socket);
        },
        &["cleanup: the socket file /tmp/other.sock was left behind"],
    );
}
