//! What the judge says about bytes that cross, and about peers that complain of them.

use crate::common::{EvidenceBuilder, arguments, case, check, complaints};
use ipclab_evidence::{Direction, SocketKind};
use ipclab_judge::{Difference, judge};

fn pair(wire: &str) -> ipclab_spec::Case {
    case(&format!(
        "[case.actor.server]\nreference = \"server\"\n[case.actor.client]\nstudent = \"client\"\n[case.wire]\n{wire}\n"
    ))
}

/// A stream from client to server that carries these bytes.
fn stream(pieces: &[&[u8]]) -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["server", "client"]);
    let listening = builder.serve(0, "0.0.0.0:12345");
    let (client, server) = builder.connect(1, listening);
    for piece in pieces {
        builder.cross(client, server, piece);
    }
    builder
}

/// Datagrams from client to server.
fn datagrams(texts: &[&[u8]]) -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["server", "client"]);
    let server = builder.serve_datagrams(0, "/tmp/s");
    let client = builder.serve_datagrams(1, "/tmp/c");
    for text in texts {
        builder.cross(client, server, text);
    }
    builder
}

#[test]
fn a_count_of_bytes_on_the_wire() {
    let case = pair(r#""client -> server" = { sent = 5 }"#);
    let right = stream(&[b"hal", b"l\0"]);
    let sends =
        |bytes: &'static [u8]| move |builder: &mut EvidenceBuilder| *builder = stream(&[bytes]);
    check(
        &case,
        &right,
        sends(b"hall"),
        &[
            "bytes: client sent 4 bytes to our server instead of 5: the message went without its NUL, send strlen + 1 bytes",
        ],
    );
    // Where messages are lines, it is the newline that is missing.
    check(
        &case,
        &right,
        |builder| {
            *builder = EvidenceBuilder::of(&["server", "client"]);
            let listening = builder.serve(0, "0.0.0.0:12345");
            let (client, server) = builder.connect(1, listening);
            builder.cross(client, server, b"hall");
            builder.cross(server, client, b"ok\n");
        },
        &[
            "bytes: client sent 4 bytes to our server instead of 5: the message went without its newline",
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
        |builder| *builder = stream(&[]),
        &["bytes: client sent nothing to our server: it never called send()"],
    );
    check(
        &case,
        &right,
        |builder| *builder = EvidenceBuilder::of(&["server", "client"]),
        &["bytes: client sent nothing to our server: it never called send()"],
    );
    // A message queue has calls of its own, System V and POSIX.
    for (queue, call) in [
        ("message queue 0", "msgsnd"),
        ("message queue /mail", "mq_send"),
    ] {
        check(
            &case,
            &right,
            |builder| {
                *builder = EvidenceBuilder::of(&["server", "client"]);
                let socket = builder.socket(1, SocketKind::Queue);
                queue.clone_into(&mut builder.e.sockets[socket].family);
            },
            &[&format!(
                "bytes: client sent nothing to our server: it never called {call}()"
            )],
        );
    }
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
        |builder| {
            builder.e.trace.pop();
        },
        &["bytes: server received nothing of the 5 bytes that were sent: it never called recv()"],
    );
    check(
        &case,
        &right,
        |builder| {
            let last = builder.last().transfer.as_mut().unwrap();
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
    let sends = |texts: &'static [&'static [u8]]| {
        move |builder: &mut EvidenceBuilder| *builder = datagrams(texts)
    };
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
            "bytes: client sent 4 bytes instead of 3 in message 1 (#5): the NUL went as well, send strlen bytes",
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
        |builder| {
            let last = builder.last().transfer.as_mut().unwrap();
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
        |builder| *builder = datagrams(&[b"Mona"]),
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
        |builder| *builder = stream(&[b"hAllo\0"]),
        &["bytes: client sent other bytes than expected: byte 1 is 0x41 instead of 0x61"],
    );
}

#[test]
fn a_datagram_to_another_place_is_not_sent_to_the_server() {
    let case = case(
        "[case.actor.server]\nreference = \"server\"\nlistens = \"udp:7000\"\n[case.actor.client]\nstudent = \"client\"\n[case.wire]\n\"client -> server\" = { sent = 3 }\n",
    );
    let sent = |to: &'static str, peer: Option<usize>| {
        let mut builder = EvidenceBuilder::of(&["server", "client"]);
        builder.serve_datagrams(0, "0.0.0.0:7000");
        let socket = builder.socket(1, ipclab_evidence::SocketKind::Datagram);
        builder.moves(Direction::Sent, socket, peer, b"abc");
        let args = ["3", "...", "100", "0", to];
        builder.last().args = arguments("sendto", &args);
        builder
    };
    // Known by its address where the other end is not.
    let right = sent("{AF_INET, 127.0.0.1:7000}", None);
    check(
        &case,
        &right,
        |builder| *builder = sent("{AF_INET, 127.0.0.1:22555}", None),
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
    let mut right = EvidenceBuilder::of(&["client"]);
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
        |builder| builder.exit(0, 1),
        &["exit: client ended with status 1 instead of 0"],
    );
}

#[test]
fn a_peers_complaint_is_a_finding() {
    let case = case(
        "[case.actor.server]\nstudent = \"server\"\n[case.actor.rude]\npeer = [\"connect tcp:12345\", \"recv 'hal'\"]\n",
    );
    check(
        &case,
        &EvidenceBuilder::of(&["server", "rude"]),
        |builder| {
            builder.e.actors[1]
                .complaints
                .push("recv 'hal': got \"hAl\"".to_owned())
        },
        &["bytes: our rude program did not get what it expected: recv 'hal': got \"hAl\""],
    );
    check(
        &case,
        &EvidenceBuilder::of(&["server", "rude"]),
        |builder| {
            builder.exit(0, 1);
            builder.e.actors[1].exit = ipclab_evidence::Exit::NotStarted;
        },
        &[
            "bytes: our rude program could not begin: it never started, because server ended with status 1",
        ],
    );
}

#[test]
fn a_script_that_could_not_be_played_is_our_trouble() {
    let case = case(
        "[case.actor.server]\nstudent = \"server\"\nexit = 0\n[case.actor.rude]\npeer = [\"connect tcp:12345\"]\n",
    );
    let mut builder = EvidenceBuilder::of(&["server", "rude"]);
    builder.exit(1, 2);
    builder.exit(0, 1);
    assert_eq!(
        complaints(&case, &builder),
        [
            "unknown exit: not judged: our rude program could not play its script and ended with status 2 (seen: server ended with status 1 instead of 0)",
        ]
    );
    builder.e.actors[1]
        .complaints
        .push("connect tcp:12345: ECONNREFUSED".to_owned());
    assert_eq!(complaints(&case, &builder).len(), 2);
    assert!(
        complaints(&case, &builder)
            .iter()
            .all(|text| !text.starts_with("unknown"))
    );
}

#[test]
fn a_wire_is_between_its_two_actors_only() {
    let case = case(
        "[case.actor.server]\nreference = \"server\"\n[case.actor.first]\nstudent = \"client\"\n[case.actor.second]\nstudent = \"client\"\n[case.wire]\n\"first -> server\" = { bytes = 5 }\n\"server -> second\" = { bytes = 3 }\n",
    );
    let mut right = EvidenceBuilder::of(&["server", "first", "second"]);
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
        |builder| {
            // The server's last answer goes to the wrong one of the two.
            let at = builder.e.trace.len() - 2;
            builder.e.trace.truncate(at);
            builder.cross(at_first, first, b"abc");
        },
        &[
            "bytes: our server sent nothing to the second client: its 12 bytes went to the first client (#12)",
            "bytes: the second client received nothing, because our server sent nothing",
        ],
    );
}

#[test]
fn a_send_that_failed_is_named() {
    let case = pair(r#""client -> server" = { sent = 5 }"#);
    check(
        &case,
        &stream(&[b"hall\0"]),
        |builder| {
            *builder = datagrams(&[]);
            builder.fails(
                1,
                "sendto",
                &["3", "...", "5", "0", "{AF_UNIX, \"/tmp/s\"}"],
                "ECONNREFUSED",
            );
        },
        &[
            "bytes: client sent nothing to our server: sendto() to /tmp/s failed with ECONNREFUSED (Connection refused) at #5",
        ],
    );
}

#[test]
fn unseen_bytes_are_never_right() {
    for (name, of_stream) in [("stream", true), ("datagram", false)] {
        let case = pair(r#""client -> server" = { sent = ["hello"] }"#);
        let made = if of_stream {
            stream(&[b"hello"])
        } else {
            datagrams(&[b"hello"])
        };
        let unseen = |kept: usize, received: u64| {
            move |scene: &mut EvidenceBuilder| {
                for transfer in scene
                    .e
                    .trace
                    .iter_mut()
                    .filter_map(|call| call.transfer.as_mut())
                {
                    match transfer.direction {
                        Direction::Sent => transfer.head.0.truncate(kept),
                        Direction::Received => transfer.bytes = received,
                    }
                }
            }
        };
        let cite = |scene: &EvidenceBuilder| {
            let sent = scene.e.trace.iter().find(|call| call.transfer.is_some());
            sent.map_or(0, |call| call.n)
        };
        let at = if of_stream {
            String::new()
        } else {
            format!(" (#{})", cite(&made))
        };
        for (kept, received, says) in [
            (
                0,
                0,
                "which they were was not seen: our server received none of them",
            ),
            (
                2,
                2,
                "which the last 3 were was not seen: our server received only 2 of them",
            ),
            (
                0,
                5,
                "which they were was not seen: more bytes crossed than are kept",
            ),
        ] {
            // A datagram's reason stands before its call.
            let expected = format!("bytes: client sent 5 bytes to our server, and {says}{at}");
            println!("{name}: {expected}");
            check(&case, &made, unseen(kept, received), &[expected.as_str()]);
        }
    }
}

#[test]
fn so_many_bytes_as_a_range_has() {
    check(
        &pair("\"client -> server\" = { bytes = { at_least = 3, at_most = 5 } }"),
        &stream(&[b"abc"]),
        |builder| *builder = stream(&[b"abc", b"def"]),
        &[
            "bytes: client sent 6 bytes to our server instead of 3 to 5",
            "bytes: our server received 6 bytes from client instead of 3 to 5",
        ],
    );
    check(
        &pair("\"client -> server\" = { sent = { at_least = 1 } }"),
        &stream(&[b"abc"]),
        |builder| *builder = stream(&[]),
        &["bytes: client sent nothing to our server: it never called send()"],
    );
}

#[test]
fn what_crosses_a_fifo_is_one_stream() {
    let fifo = |pieces: &[&[u8]]| {
        let mut builder = EvidenceBuilder::of(&["server", "client"]);
        let (reads, writes) = (
            builder.socket(0, SocketKind::Fifo),
            builder.socket(1, SocketKind::Fifo),
        );
        for piece in pieces {
            builder.cross(writes, reads, piece);
        }
        builder
    };
    check(
        &pair("\"client -> server\" = [\"hello\"]"),
        &fifo(&[b"hel", b"lo"]),
        |builder| *builder = fifo(&[b"hel", b"LO"]),
        &["bytes: client sent other bytes than expected: byte 3 is 0x4c instead of 0x6c"],
    );
}

/// A client that sends lines cut its newline off, and was told that a NUL was missing, which its lab does not want.
#[test]
fn the_byte_that_is_missing_is_the_one_that_the_case_wants() {
    let sends =
        |bytes: &'static [u8]| move |builder: &mut EvidenceBuilder| *builder = stream(&[bytes]);
    let lines = pair(r#""client -> server" = { sent = ["over there\n"] }"#);
    let right = stream(&[b"over there\n"]);
    check(
        &lines,
        &right,
        sends(b"over there"),
        &[
            "bytes: client sent 10 bytes to our server instead of 11: the message went without its newline",
        ],
    );
    check(
        &lines,
        &right,
        sends(b"over there\n\0"),
        &[
            "bytes: client sent 12 bytes to our server instead of 11: the NUL went as well, send strlen bytes",
        ],
    );
    check(
        &lines,
        &right,
        sends(b"over there\n\0\0\0"),
        &[
            "bytes: client sent 14 bytes to our server instead of 11: 3 bytes too many, NULs: send what was received or strlen bytes, not the whole buffer",
        ],
    );
    check(
        &pair(r#""client -> server" = { sent = ["12 of 12"] }"#),
        &stream(&[b"12 of 12"]),
        sends(b"12 of 1"),
        &["bytes: client sent 7 bytes to our server instead of 8: the last byte is missing"],
    );
    check(
        &pair(r#""client -> server" = { sent = ["hall\u0000"] }"#),
        &stream(&[b"hall\0"]),
        sends(b"hall"),
        &[
            "bytes: client sent 4 bytes to our server instead of 5: the message went without its NUL, send strlen + 1 bytes",
        ],
    );
    let datagram = pair(r#""client -> server" = { sent = ["a line\n"] }"#);
    check(
        &datagram,
        &datagrams(&[b"a line\n"]),
        |builder| *builder = datagrams(&[b"a line"]),
        &["bytes: client sent 6 bytes instead of 7 (#5): the message went without its newline"],
    );
}

/// An echo server cut the last byte off, and was told of a NUL that had never come to it.
#[test]
fn what_is_sent_back_is_held_against_what_came() {
    let case = case(
        "[case.actor.client]\nreference = \"client\"\n[case.actor.server]\nstudent = \"server\"\n[case.wire]\n\"server -> client\" = { sent = 5 }\n",
    );
    let echo = |came: &[u8], sent: &[u8]| {
        let mut builder = EvidenceBuilder::of(&["client", "server"]);
        let listening = builder.serve(1, "0.0.0.0:12345");
        let (client, server) = builder.connect(0, listening);
        builder.cross(client, server, came);
        builder.cross(server, client, sent);
        builder
    };
    let judged = |came: &'static [u8], sent: &'static [u8], why: &str| {
        check(
            &case,
            &echo(came, came),
            |builder| *builder = echo(came, sent),
            &[&format!(
                "bytes: server sent 4 bytes to our client instead of 5: {why}"
            )],
        );
    };
    judged(b"hallo", b"hall", "the last byte is missing");
    judged(b"hall\n", b"hall", "the message went without its newline");
    judged(
        b"hall\0",
        b"hall",
        "the message went without its NUL, send strlen + 1 bytes",
    );
}

/// A server that looked for new clients only was told what it had not called, and not where it was.
#[test]
fn what_serves_nobody_is_told_with_where_it_waits() {
    let case = case(
        "[case.actor.client]\nreference = \"client\"\n[case.actor.server]\nstudent = \"server\"\nlistens = \"tcp:12345\"\nexit = \"running\"\n[case.wire]\n\"client -> server\" = { received = 4 }\n\"server -> client\" = { sent = 4 }\n",
    );
    let mut builder = EvidenceBuilder::of(&["client", "server"]);
    let listening = builder.serve(1, "0.0.0.0:12345");
    let (client, server) = builder.connect(0, listening);
    builder.moves(Direction::Sent, client, Some(server), b"hall");
    builder.hangs(1, "pselect6", None);
    let said = complaints(&case, &builder);
    assert_eq!(
        said,
        [
            "bytes: server received nothing of the 4 bytes that were sent: it waits in select() (#8), and never called recv()",
            "bytes: server sent nothing to our client: it waits in select() (#8), and never called send()",
        ]
    );
}
