//! What the judge says about bytes, ends, leftovers, calls, memory and points.

mod common;

use common::{Scene, case, check, complaints, outcome};
use ipclab_evidence::{Arg, Direction, FileKind, Object, Returned};
use ipclab_judge::{Difference, Outcome, Verdict, judge};
use ipclab_spec::Aspect;

fn pair(wire: &str) -> ipclab_spec::Case {
    case(&format!(
        "[case.actor.server]\nreference = \"server\"\n[case.actor.client]\nstudent = \"client\"\n[case.wire]\n{wire}\n"
    ))
}

/// A stream from client to server that carries these bytes.
fn stream(pieces: &[&[u8]]) -> Scene {
    let mut scene = Scene::of(&["server", "client"]);
    let listening = scene.serve(0, "0.0.0.0:12345");
    let (client, server) = scene.connect(1, listening);
    for piece in pieces {
        scene.cross(client, server, piece);
    }
    scene
}

/// Datagrams from client to server.
fn datagrams(texts: &[&[u8]]) -> Scene {
    let mut scene = Scene::of(&["server", "client"]);
    let server = scene.serve_datagrams(0, "/tmp/s");
    let client = scene.serve_datagrams(1, "/tmp/c");
    for text in texts {
        scene.cross(client, server, text);
    }
    scene
}

#[test]
fn a_count_of_bytes_on_the_wire() {
    let case = pair(r#""client -> server" = { sent = 5 }"#);
    let right = stream(&[b"hal", b"l\0"]);
    let sends = |bytes: &'static [u8]| move |scene: &mut Scene| *scene = stream(&[bytes]);
    check(
        &case,
        &right,
        sends(b"hall"),
        &[
            "bytes: client sent 4 bytes to our server instead of 5: the message went without its NUL, send strlen + 1 bytes",
        ],
    );
    check(
        &case,
        &right,
        sends(b"hall\0\0\0"),
        &[
            "bytes: client sent 7 bytes to our server instead of 5: 2 bytes too many, NULs: send what was received or strlen + 1 bytes, not the whole buffer",
        ],
    );
    check(
        &case,
        &right,
        sends(b"hall\0xx"),
        &["bytes: client sent 7 bytes to our server instead of 5: 2 bytes too many"],
    );
    check(
        &case,
        &right,
        |scene| *scene = stream(&[]),
        &["bytes: client sent nothing to our server: it never called send()"],
    );
    check(
        &case,
        &right,
        |scene| *scene = Scene::of(&["server", "client"]),
        &["bytes: client sent nothing to our server: it never called send()"],
    );
}

#[test]
fn what_was_sent_and_never_taken() {
    let case = case(
        "[case.actor.server]\nstudent = \"server\"\n[case.actor.client]\nreference = \"client\"\n[case.wire]\n\"client -> server\" = { bytes = 5 }\n",
    );
    let right = stream(&[b"hall\0"]);
    check(
        &case,
        &right,
        |scene| {
            scene.e.trace.pop();
        },
        &["bytes: server received nothing of the 5 bytes that were sent: it never called recv()"],
    );
    check(
        &case,
        &right,
        |scene| {
            let last = scene.last().transfer.as_mut().unwrap();
            last.bytes = 3;
            last.head = "hal".into();
        },
        &[
            "bytes: server received 3 bytes from our client instead of 5, though 5 bytes were sent: it stopped reading too early",
        ],
    );
}

#[test]
fn messages_are_compared_one_by_one() {
    let case = pair(r#""client -> server" = { sent = ["one", "two"], received = ["one", "two"] }"#);
    let right = datagrams(&[b"one", b"two"]);
    let sends =
        |texts: &'static [&'static [u8]]| move |scene: &mut Scene| *scene = datagrams(texts);
    check(
        &case,
        &right,
        sends(&[b"one", b"twO"]),
        &[
            "bytes: client sent `twO` instead of `two` in message 2 (#7): byte 2 is 0x4f instead of 0x6f",
            "bytes: our server received `one`, `twO`, because that is what client sent",
        ],
    );
    check(
        &case,
        &right,
        sends(&[b"one\0", b"two\0"]),
        &[
            "bytes: client sent 4 bytes instead of 3 in message 1 (#5): the NUL went as well",
            "bytes: our server received `one\\x00`, `two\\x00`, because that is what client sent",
        ],
    );
    check(
        &case,
        &right,
        sends(&[b"one"]),
        &[
            "bytes: client sent 1 message to our server instead of 2",
            "bytes: our server received `one`, because that is what client sent",
        ],
    );
    check(
        &case,
        &right,
        sends(&[b"onetwo"]),
        &[
            "bytes: client sent 6 bytes instead of 3 (#5): 3 bytes too many",
            "bytes: our server received `onetwo`, because that is what client sent",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            let last = scene.last().transfer.as_mut().unwrap();
            (last.cut, last.bytes, last.head) = (true, 2, "tw".into());
        },
        &[
            "bytes: our server received only 2 of 3 bytes in message 2 (#8): its buffer was too short for the datagram",
        ],
    );
    let wrong = datagrams(&[b"one", b"twO"]);
    let finding = judge(&case, &wrong.e).remove(0);
    assert_eq!(
        finding.difference,
        Some(Difference::Byte {
            offset: 2,
            expected: "00000000: 7477 6f  two".to_owned(),
            seen: "00000000: 7477 4f  twO".to_owned(),
        })
    );
    assert_eq!(finding.cites, [5, 7]);
}

#[test]
fn a_nul_that_a_message_lacks_is_named() {
    let case = pair(r#""client -> server" = { sent = ["Mona\u0000"] }"#);
    check(
        &case,
        &datagrams(&[b"Mona\0"]),
        |scene| *scene = datagrams(&[b"Mona"]),
        &[
            "bytes: client sent 4 bytes instead of 5 (#5): the message went without its NUL, send strlen + 1 bytes",
        ],
    );
}

#[test]
fn a_stream_has_no_messages() {
    let case = pair(r#""client -> server" = { sent = ["hal", "lo\u0000"] }"#);
    check(
        &case,
        &stream(&[b"h", b"allo\0"]),
        |scene| *scene = stream(&[b"hAllo\0"]),
        &["bytes: client sent other bytes than expected: byte 1 is 0x41 instead of 0x61"],
    );
}

#[test]
fn a_datagram_to_another_place_is_not_sent_to_the_server() {
    let case = case(
        "[case.actor.server]\nreference = \"server\"\nlistens = \"udp:7000\"\n[case.actor.client]\nstudent = \"client\"\n[case.wire]\n\"client -> server\" = { sent = 3 }\n",
    );
    let sent = |to: &'static str, peer: Option<usize>| {
        let mut scene = Scene::of(&["server", "client"]);
        scene.serve_datagrams(0, "0.0.0.0:7000");
        let socket = scene.socket(1, ipclab_evidence::SocketKind::Datagram);
        scene.moves(Direction::Sent, socket, peer, b"abc");
        scene.last().args.push(Arg {
            text: to.to_owned(),
            value: None,
        });
        scene
    };
    // Known by its address where the other end is not.
    let right = sent("{AF_INET, 127.0.0.1:7000}", None);
    check(
        &case,
        &right,
        |scene| *scene = sent("{AF_INET, 127.0.0.1:22555}", None),
        &[
            "bytes: client sent nothing to our server: client sends to port 22555 instead of 7000 (#4): htons() is missing, the two bytes of the port are swapped",
        ],
    );
}

#[test]
fn name_lookups_are_nobodys_wire() {
    let case = case(
        "[case.actor.client]\nstudent = \"client\"\nexit = 0\nstdout.lines = [\"{{client.sent}}\"]\n",
    );
    let mut right = Scene::of(&["client"]);
    let netlink = right.socket(0, ipclab_evidence::SocketKind::Other);
    right.e.sockets[netlink].family = "AF_NETLINK".to_owned();
    right.moves(Direction::Sent, netlink, None, &[0; 20]);
    right.fails(
        0,
        "connect",
        &["3", "{AF_UNIX, \"/var/run/nscd/socket\"}", "110"],
        "ENOENT",
    );
    right.out(0, "0\n");
    check(
        &case,
        &right,
        |scene| scene.exit(0, 1),
        &["exit: client ended with status 1 instead of 0"],
    );
}

#[test]
fn a_status_is_explained() {
    let zero = case("[case.actor.server]\nstudent = \"server\"\nexit = 0\n");
    let mut right = Scene::of(&["server"]);
    right.out(0, "Iserver - send() is OK.\n");
    check(
        &zero,
        &right,
        |scene| scene.exit(0, 24),
        &[
            "exit: server ended with status 24 instead of 0: the exit status looks like the return value of the last printf(): main must be int and return 0",
        ],
    );
    // Not the length of that line, but all else is right.
    check(
        &zero,
        &right,
        |scene| scene.exit(0, 39),
        &[
            "exit: server ended with status 39 instead of 0: the exit status looks like the return value of the last printf(): main must be int and return 0",
        ],
    );
    check(
        &zero,
        &right,
        |scene| scene.exit(0, 1),
        &["exit: server ended with status 1 instead of 0"],
    );
    // The length of the last line tells, whatever else is wrong; a status alone does not.
    let wrong = |status: u8| {
        move |scene: &mut Scene| {
            scene.exit(0, status);
            scene.file("/tmp/x", FileKind::Regular);
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
        |scene| {
            scene.fails(0, "listen", &["3", "5"], "EOPNOTSUPP");
            scene.exit(0, 1);
        },
        &[
            "exit: server ended with status 1 instead of 0: listen() failed with EOPNOTSUPP (Operation not supported) at #1",
        ],
    );
    // A call that failed explains nothing where it was meant to fail: all else is right.
    let mut refused = Scene::of(&["server"]);
    refused.fails(0, "sendto", &["3", "\"more\"", "4", "0"], "EPIPE");
    refused.out(0, "send: Broken pipe\n");
    check(
        &zero,
        &refused,
        |scene| scene.exit(0, 18),
        &[
            "exit: server ended with status 18 instead of 0: the exit status looks like the return value of the last printf(): main must be int and return 0",
        ],
    );
    check(
        &zero,
        &right,
        |scene| scene.killed(0, 13, "SIGPIPE", Some("sendto")),
        &[
            "exit: server was killed by SIGPIPE (signal 13) in send(): it wrote to a connection whose other end had closed",
        ],
    );
}

#[test]
fn a_failure_has_a_status_of_its_own() {
    let failure = case("[case.actor.server]\nstudent = \"server\"\nexit = \"failure\"\n");
    let mut right = Scene::of(&["server"]);
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
        |scene| scene.exit(0, 0),
        &[
            "exit: server ended with status 0 although bind() failed with EADDRINUSE (Address already in use) at #1: a program that fails must end with another status, as exit(1) does",
        ],
    );
    check(
        &failure,
        &right,
        |scene| {
            scene.hangs(0, "accept", None);
        },
        &[
            "exit: server never ended although bind() failed with EADDRINUSE (Address already in use) at #1: it waits in accept() (#2)",
        ],
    );
    check(
        &failure,
        &right,
        |scene| scene.killed(0, 11, "SIGSEGV", None),
        &["exit: server was killed by SIGSEGV (signal 11): it touched memory that is not its own"],
    );
}

const SILENT: &str = "[case.actor.client]\nstudent = \"client\"\n";

#[test]
fn files_left_behind() {
    let case = case(&format!(
        "{SILENT}[case.leaves]\nmay = [\"/tmp/uc_srv_*\"]\n"
    ));
    let mut right = Scene::of(&["client"]);
    right.serve_datagrams(0, "/tmp/uc_cli_socket.7");
    right.file("/tmp/uc_srv_socket", FileKind::Socket);
    right.file("/lab/__pycache__", FileKind::Directory);
    let left = |scene: &mut Scene| {
        scene.file("/tmp/uc_cli_socket.7", FileKind::Socket);
    };
    check(
        &case,
        &right,
        left,
        &["cleanup: client left /tmp/uc_cli_socket.7 behind: bind() at #2, no unlink()"],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.exit(0, 1);
            scene.fails(
                0,
                "sendto",
                &["3", "{AF_UNIX, \"/tmp/uc_srv_socket\"}"],
                "ENOENT",
            );
            left(scene);
        },
        &[
            "cleanup: client left /tmp/uc_cli_socket.7 behind: bind() at #2, no unlink(): it ended with status 1 after send() to /tmp/uc_srv_socket failed with ENOENT (No such file or directory) at #3",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.fails(0, "unlink", &["\"/tmp/uc_cli_socket.7\""], "EACCES");
            left(scene);
        },
        &[
            "cleanup: client left /tmp/uc_cli_socket.7 behind: bind() at #2, unlink() failed with EACCES (Permission denied) at #3",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.file("/tmp/log.txt", FileKind::Regular);
            scene.call(
                0,
                "openat",
                &["-100", "\"/tmp/log.txt\"", "O_WRONLY|O_CREAT", "0644"],
                3,
            );
        },
        &["cleanup: client left /tmp/log.txt behind: open() at #3, no unlink()"],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.file("/tmp/other", FileKind::Regular);
        },
        &["cleanup: the file /tmp/other was left behind"],
    );
}

#[test]
fn system_v_objects_left_behind() {
    let case = case(SILENT);
    let right = Scene::of(&["client"]);
    let got = |scene: &mut Scene| {
        scene.segment(100, b"");
        scene.call(0, "shmget", &["100", "1024", "IPC_CREAT|0644"], 7);
    };
    check(
        &case,
        &right,
        got,
        &[
            "cleanup: client left the segment with key 100 behind: shmget() at #1, no shmctl(IPC_RMID)",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            got(scene);
            scene.fails(0, "shmctl", &["7", "IPC_RMID", "NULL"], "EPERM");
        },
        &[
            "cleanup: client left the segment with key 100 behind: shmget() at #1, shmctl() failed with EPERM (Operation not permitted) at #2",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.segment(0, b"");
            scene.call(0, "shmget", &["IPC_PRIVATE", "1024", "0600"], 7);
        },
        &[
            "cleanup: client left the segment with key IPC_PRIVATE behind: shmget() at #1, no shmctl(IPC_RMID)",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene
                .e
                .leftovers
                .semaphores
                .push(ipclab_evidence::LeftSemaphores {
                    key: 5,
                    semid: 3,
                    mode: 0o600,
                    values: vec![0],
                    given: false,
                });
            scene.call(0, "semget", &["5", "1", "IPC_CREAT|0600"], 3);
        },
        &[
            "cleanup: client left the semaphore set with key 5 behind: semget() at #1, no semctl(IPC_RMID)",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.e.leftovers.queues.push(ipclab_evidence::LeftQueue {
                key: 6,
                msqid: 3,
                messages: 0,
            });
        },
        &["cleanup: the message queue with key 6 was left behind: no msgctl(IPC_RMID)"],
    );
    // What the plan gave, and what is marked for removal, is nobody's.
    let mut given = Scene::of(&["client"]);
    given.segment(100, b"").given = true;
    given.segment(200, b"").doomed = true;
    assert_eq!(complaints(&case, &given), Vec::<String>::new());
}

#[test]
fn what_ours_made_the_students_program_was_to_remove() {
    let case = case(
        "[case.actor.writer]\nreference = \"server\"\n[case.actor.reader]\nstudent = \"client\"\nafter = \"writer exits\"\n",
    );
    let mut right = Scene::of(&["writer", "reader"]);
    right.call(0, "shmget", &["100", "1024", "IPC_CREAT|0644"], 7);
    right.call(1, "shmget", &["100", "0", "0000"], 7);
    check(
        &case,
        &right,
        |scene| {
            scene.segment(100, b"");
        },
        &[
            "cleanup: reader left the segment with key 100 behind: shmget() at #2, no shmctl(IPC_RMID)",
        ],
    );
}

#[test]
fn processes_and_ports_left_behind() {
    let case = case(
        "points = { cleanup = 1 }\n[case.actor.server]\nstudent = \"server\"\nexit = 0\n"
            .replace("points", "#")
            .as_str(),
    );
    let mut right = Scene::of(&["server"]);
    right.call(0, "clone", &["CLONE_CHILD_SETTID|SIGCHLD"], 9);
    check(
        &case,
        &right,
        |scene| scene.process(0, 9, "server"),
        &["cleanup: server left process 9 (server) running: fork() at #1, no wait()"],
    );
    check(
        &case,
        &right,
        |scene| scene.port(0, "0.0.0.0:12345"),
        &["cleanup: server still serves tcp:0.0.0.0:12345: by a process that it made"],
    );
    // Whoever never ends has lost its end for that, and not the port as well.
    check(
        &case,
        &right,
        |scene| {
            scene.hangs(0, "accept", None);
            scene.port(0, "0.0.0.0:12345");
            scene.process(0, 9, "server");
        },
        &["exit: server never ended: it waits in accept() (#2)"],
    );
}

#[test]
fn what_must_be_there() {
    let body = format!(
        "{SILENT}[case.given]\nfiles.\"/tmp/s\" = \"text\"\n[case.leaves]\nmust = [\"/tmp/s\", \"shm:100\"]\n"
    );
    let case = case(&body);
    let mut right = Scene::of(&["client"]);
    right.call(0, "shmget", &["100", "1024", "0644"], 7);
    right.segment(100, b"");
    right.file("/tmp/s", FileKind::Regular).given = true;
    check(
        &case,
        &right,
        |scene| {
            scene.e.leftovers.segments.clear();
            scene.call(0, "shmctl", &["7", "IPC_RMID", "NULL"], 0);
        },
        &[
            "cleanup: the segment with key 100 is not there at the end: client removed it, shmctl(IPC_RMID) at #2",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.e.leftovers.segments.clear();
            scene.e.trace[0].args[0] = Arg {
                text: "256".to_owned(),
                value: Some(256),
            };
        },
        &[
            "cleanup: the segment with key 100 is not there at the end: client used key 256 instead of 100: that is 0x100, and 100 is decimal",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.e.leftovers.files.clear();
            scene.call(0, "unlink", &["\"/tmp/s\""], 0);
        },
        &["cleanup: /tmp/s is not there at the end: client removed it, unlink() at #2"],
    );
    check(
        &case,
        &right,
        |scene| {
            let file = &mut scene.e.leftovers.files[0];
            (file.given, file.changed, file.kind) = (false, true, FileKind::Socket);
        },
        &["cleanup: /tmp/s was there before and is not the same any more"],
    );
}

fn calls(patterns: &str) -> ipclab_spec::Case {
    case(&format!(
        "{SILENT}[case.calls]\nclient = [{patterns}]\n[case.leaves]\nmay = [\"shm:100\"]\n"
    ))
}

#[test]
fn a_call_that_must_be_made() {
    let case = calls(
        r#""shmget(100, 1024, IPC_CREAT|0644) >= 0", "shmat(_, _, SHM_RDONLY)", "shmdt(...) = 0""#,
    );
    let mut right = Scene::of(&["client"]);
    right.call(0, "shmget", &["100", "1024", "0644|IPC_CREAT"], 7);
    right.call(0, "shmat", &["7", "NULL", "SHM_RDONLY"], 0x7f00_0000);
    right.call(0, "shmdt", &["0x7f000000"], 0);
    check(
        &case,
        &right,
        |scene| {
            scene.e.trace.pop();
        },
        &["calls: client never called shmdt()"],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.e.trace[2].returned = Some(Returned {
                value: -1,
                errno: Some("EINVAL".to_owned()),
            });
        },
        &[
            "calls: client called shmdt() at #3, and it failed with EINVAL (Invalid argument): expected shmdt(...) = 0",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.e.trace[1].args[2].text = "0".to_owned();
        },
        &[
            "calls: client called shmat(7, NULL, 0) = 2130706432 at #2 instead of shmat(_, _, SHM_RDONLY)",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.e.trace[0].args[2].text = "IPC_CREAT|0600".to_owned();
        },
        &[
            "calls: client called shmget(100, 1024, IPC_CREAT|0600) = 7 at #1 instead of shmget(100, 1024, IPC_CREAT|0644) >= 0",
        ],
    );
}

#[test]
fn flags_that_must_be_set_whatever_others_are() {
    let case = calls(r#""recv(_, _, _, MSG_PEEK|...) > 0""#);
    let mut right = Scene::of(&["client"]);
    right.call(0, "recvfrom", &["4", "0x7f00", "100", "0"], 4);
    right.call(
        0,
        "recvfrom",
        &["4", "0x7f00", "4", "MSG_PEEK|MSG_WAITALL", "NULL", "NULL"],
        4,
    );
    // Its flags stand elsewhere, and mean the same.
    let mut by_message = Scene::of(&["client"]);
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
                "recvfrom(4, 0x7f00, 100, 0) = 4 at #1",
                "recv() without MSG_PEEK",
            ),
        };
        check(
            &case,
            &right,
            |scene| {
                scene.e.trace[at].args[flags].text = "MSG_WAITALL".to_owned();
            },
            &[&format!("calls: client called {named}: {wrong}")],
        );
    }
}

#[test]
fn a_call_that_must_not_be_made() {
    let case = calls(r#""no accept()", "no recv()""#);
    let mut right = Scene::of(&["client"]);
    right.fails(0, "listen", &["3", "5"], "EADDRINUSE");
    right.last().tampered = Some("EADDRINUSE".to_owned());
    right.call(0, "read", &["0", "...", "100"], 0);
    right.last().object = Some(Object::Standard(0));
    check(
        &case,
        &right,
        |scene| {
            scene.call(0, "accept4", &["3", "NULL", "NULL", "0"], 4);
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
    let mut right = Scene::of(&["client"]);
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
    right.call(0, "clone3", &["CLONE_VM|CLONE_THREAD"], 10);
    check(
        &case,
        &right,
        |scene| scene.e.trace[1].object = Some(Object::Other("pipe".to_owned())),
        &["calls: client called socket() at #1, and no close() for it"],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.e.trace[3].returned = Some(Returned {
                value: 10,
                errno: None,
            })
        },
        &["calls: client called fork() at #3, and no wait() for it"],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.e.trace.retain(|call| call.name != "shmdt");
        },
        &["calls: client called shmat() at #5, and no shmdt() for it"],
    );
}

const STATE: &str =
    "[case.shm.100]\nsize = 1024\nmode = \"0644\"\nattached = 0\nholds = \"Hello\\u0000\"\n";

#[test]
fn the_state_of_a_segment() {
    let case = case(&format!("{SILENT}{STATE}"));
    let mut right = Scene::of(&["client"]);
    right.call(0, "shmget", &["100", "1024", "IPC_CREAT|0644"], 7);
    right.segment(100, b"Hello\0");
    let spoil = |change: fn(&mut ipclab_evidence::Segment)| {
        move |scene: &mut Scene| change(&mut scene.e.leftovers.segments[0])
    };
    check(
        &case,
        &right,
        spoil(|segment| segment.size = 1000),
        &["memory: the segment with key 100 has 1000 bytes instead of 1024"],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.mode = 0o600),
        &["memory: the segment with key 100 has mode 0600 instead of 0644"],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.mode = 0o204),
        &[
            "memory: the segment with key 100 has mode 0204 instead of 0644: 644 without a 0 in front is decimal, a mode is octal (0644)",
        ],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.holds.0[5] = b'!'),
        &[
            "memory: the segment with key 100 does not hold `Hello\\x00`: the string has no NUL at its end",
        ],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.holds.0[1] = b'E'),
        &[
            "memory: the segment with key 100 does not hold `Hello\\x00`: byte 1 is 0x45 instead of 0x65",
        ],
    );
    check(
        &case,
        &right,
        spoil(|segment| segment.holds.0.fill(0)),
        &["memory: the segment with key 100 does not hold `Hello\\x00`: nothing was stored in it"],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.call(0, "shmat", &["7", "NULL", "0"], 0x7f00);
            scene.e.leftovers.segments[0].attached = 1;
        },
        &[
            "cleanup: the segment with key 100 has 1 attach instead of 0: client called shmat() without a shmdt() after it",
        ],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.e.leftovers.segments[0].key = 256;
            scene.e.trace[0].args[0] = Arg {
                text: "256".to_owned(),
                value: Some(256),
            };
        },
        &[
            "cleanup: client left the segment with key 256 behind: shmget() at #1, no shmctl(IPC_RMID)",
            "cleanup: there is no segment with key 100 whose attaches could be counted",
            "memory: there is no segment with key 100: client used key 256 instead of 100: that is 0x100, and 100 is decimal",
        ],
    );
}

#[test]
fn a_segment_that_must_be_gone() {
    let case = case(&format!(
        "{SILENT}[case.leaves]\nmay = [\"shm:100\"]\n[case.shm.100]\nexists = false\n"
    ));
    let mut right = Scene::of(&["client"]);
    right.call(0, "shmget", &["100", "0", "0000"], 7);
    check(
        &case,
        &right,
        |scene| {
            scene.segment(100, b"");
        },
        &[
            "memory: the segment with key 100 is still there: client got it at #1 and never called shmctl(IPC_RMID)",
        ],
    );
}

#[test]
fn a_look_in_the_middle() {
    let case = case(
        "[case.actor.writer]\nstudent = \"server\"\n[case.shm.100]\nafter = \"writer exits\"\nsize = 1024\n",
    );
    let mut right = Scene::of(&["writer"]);
    let segment = right.segment(100, b"").clone();
    right.e.leftovers.segments.clear();
    right.e.looks.push(ipclab_evidence::Look {
        key: 100,
        taken: true,
        segment: Some(segment),
    });
    check(
        &case,
        &right,
        |scene| scene.e.looks[0].segment = None,
        &["memory: there is no segment with key 100: writer never called shmget()"],
    );
    check(
        &case,
        &right,
        |scene| {
            scene.hangs(0, "pause", None);
            scene.e.looks[0].taken = false;
        },
        &[
            "memory: the moment to look at segment 100 never came, that writer ended: it waits in pause() (#1)",
        ],
    );
}

#[test]
fn the_sanitizers_word() {
    let case = case(&format!("sanitize = true\n{SILENT}"));
    let right = Scene::of(&["client"]);
    check(
        &case,
        &right,
        |scene| {
            scene.err(0, concat!(
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
        |scene| {
            scene.err(
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
fn a_peers_complaint_is_a_finding() {
    let case = case(
        "[case.actor.server]\nstudent = \"server\"\n[case.actor.rude]\npeer = [\"connect tcp:12345\", \"recv 'hal'\"]\n",
    );
    check(
        &case,
        &Scene::of(&["server", "rude"]),
        |scene| {
            scene.e.actors[1]
                .complaints
                .push("recv 'hal': got \"hAl\"".to_owned())
        },
        &["bytes: our rude complains: recv 'hal': got \"hAl\""],
    );
    check(
        &case,
        &Scene::of(&["server", "rude"]),
        |scene| {
            scene.exit(0, 1);
            scene.e.actors[1].exit = ipclab_evidence::Exit::NotStarted;
        },
        &["bytes: our rude met nobody: it never started, because server ended with status 1"],
    );
}

#[test]
fn a_script_that_could_not_be_played_is_our_trouble() {
    let case = case(
        "[case.actor.server]\nstudent = \"server\"\nexit = 0\n[case.actor.rude]\npeer = [\"connect tcp:12345\"]\n",
    );
    let mut scene = Scene::of(&["server", "rude"]);
    scene.exit(1, 2);
    scene.exit(0, 1);
    assert_eq!(
        complaints(&case, &scene),
        [
            "unknown exit: not judged: our rude could not play its script and ended with status 2 (seen: server ended with status 1 instead of 0)",
        ]
    );
    scene.e.actors[1]
        .complaints
        .push("connect tcp:12345: ECONNREFUSED".to_owned());
    assert_eq!(complaints(&case, &scene).len(), 2);
    assert!(
        complaints(&case, &scene)
            .iter()
            .all(|text| !text.starts_with("unknown"))
    );
}

#[test]
fn a_wire_is_between_its_two_actors_only() {
    let case = case(
        "[case.actor.server]\nreference = \"server\"\n[case.actor.first]\nstudent = \"client\"\n[case.actor.second]\nstudent = \"client\"\n[case.wire]\n\"first -> server\" = { bytes = 5 }\n\"server -> second\" = { bytes = 3 }\n",
    );
    let mut right = Scene::of(&["server", "first", "second"]);
    let listening = right.serve(0, "0.0.0.0:12345");
    let (first, at_first) = right.connect(1, listening);
    let (second, at_second) = right.connect(2, listening);
    right.cross(first, at_first, b"hall\0");
    right.cross(at_first, first, b"to the first");
    right.cross(second, at_second, b"from the second");
    right.cross(at_second, second, b"abc");
    check(
        &case,
        &right,
        |scene| {
            // The server's last answer goes to the wrong one of the two.
            let at = scene.e.trace.len() - 2;
            scene.e.trace.truncate(at);
            scene.cross(at_first, first, b"abc");
        },
        &[
            "bytes: our server sent nothing to second: its 12 bytes went elsewhere (#12)",
            "bytes: second received nothing, because our server sent nothing",
        ],
    );
}

#[test]
fn a_send_that_failed_is_named() {
    let case = pair(r#""client -> server" = { sent = 5 }"#);
    check(
        &case,
        &stream(&[b"hall\0"]),
        |scene| {
            *scene = datagrams(&[]);
            scene.fails(
                1,
                "sendto",
                &["3", "...", "5", "0", "{AF_UNIX, \"/tmp/s\"}"],
                "ECONNREFUSED",
            );
        },
        &[
            "bytes: client sent nothing to our server: send() to /tmp/s failed with ECONNREFUSED (Connection refused) at #5",
        ],
    );
}

#[test]
fn points_are_whole_or_split_over_aspects() {
    let whole = case("[case.actor.client]\nstudent = \"client\"\nexit = 0\n");
    let mut right = Scene::of(&["client"]);
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
