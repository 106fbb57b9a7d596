//! What really crossed: counted by the kernel's own return values, at both ends, with the ends matched.

use ipclab_evidence::{Address, Ended, Errno, Exit, Protocol, SocketKind};

use crate::bench::{
    Adjust, Seen, Test, both, endpoint, exits, pair, plan, ready, run, student, waits,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (kind, protocol) in [
        ("tcp", Protocol::Tcp),
        ("udp", Protocol::Udp),
        ("unix-stream", Protocol::Unix),
        ("unix-datagram", Protocol::Unix),
        ("unix-seqpacket", Protocol::Unix),
    ] {
        for how in ["read", "readv", "recv", "recvfrom", "recvmsg"] {
            tests.push(both(format!("{kind}_by_{how}"), move |level| {
                let plan = pair(
                    protocol,
                    &format!("wire serve {kind} {how}"),
                    &format!("wire talk {kind} {how} hello"),
                );
                let seen = run(level, &plan);
                seen.all_well();
                let answered = !kind.ends_with("datagram") && kind != "udp"
                    || ["recvfrom", "recvmsg"].contains(&how);
                one_message(&seen, answered);
            }));
        }
    }
    tests.extend(table().into_iter().map(
        |(name, protocol, server, client, at_server, at_client)| {
            both(name, move |level| {
                let plan = pair(protocol, server, client);
                let seen = run(level, &plan);
                seen.all_well();
                // Its processes race: what each of them did is the same every time, not who was first.
                let (mut moved, mut expected) = (seen.moved("server"), at_server.to_vec());
                if seen.actor("server").processes > 1 {
                    moved.sort_unstable();
                    expected.sort_unstable();
                }
                assert_eq!(moved, expected);
                assert_eq!(seen.moved("client"), at_client);
            })
        },
    ));
    // The kernel sends what Nagle's algorithm holds when the delayed acknowledgement arrives: no process moves until then,
    // and yet the case is not stuck.
    tests.push(both("bytes_that_are_held_back_come", |level| {
        let seen = run(level, &pair(Protocol::Tcp, "wire in-two", "wire puts-off"));
        seen.all_well();
        assert_eq!(seen.moved("client").len(), 90);
    }));
    tests.push(both(
        "what_crosses_when_all_is_over_does_not_count",
        |level| {
            let plan = pair(Protocol::Tcp, "wire late", "wire late-talk");
            let seen = run(level, &plan);
            assert!(
                matches!(seen.ended, Ended::Stuck { .. }),
                "{:?}",
                seen.ended
            );
            let sent = |call: &ipclab_evidence::Call| {
                call.name == "sendto" && call.returned.as_ref().is_some_and(|back| back.value == 4)
            };
            assert!(seen.trace.iter().any(sent), "it was sent all the same");
            assert_eq!(seen.moved("server"), Vec::<String>::new());
            assert_eq!(seen.moved("client"), Vec::<String>::new());
        },
    ));
    tests.push(both("two_clients_are_told_apart", |level| {
        let plan = plan([
            student("server", "wire fork-serve 2").ready(endpoint(Protocol::Tcp)),
            student("ann", "wire say a").after(ready("server")),
            student("bob", "wire say b").after(ready("server")),
        ]);
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(
            seen.moved("ann"),
            ["sent 1 a to server", "received 1 a from server"]
        );
        assert_eq!(
            seen.moved("bob"),
            ["sent 1 b to server", "received 1 b from server"]
        );
        let mut at_server = seen.moved("server");
        at_server.sort_unstable();
        assert_eq!(
            at_server,
            [
                "received 1 a from ann",
                "received 1 b from bob",
                "sent 1 a to ann",
                "sent 1 b to bob"
            ]
        );
    }));
    for (family, protocol) in [("tcp", Protocol::Tcp), ("unix", Protocol::Unix)] {
        tests.push(both(
            format!("crossed_{family}_connections"),
            move |level| {
                let plan = pair(
                    protocol,
                    &format!("wire crossed-server {family}"),
                    &format!("wire crossed {family}"),
                );
                let seen = run(level, &plan);
                seen.all_well();
                // Each transfer goes to the other end of its own connection.
                let peers = |name| -> Vec<(usize, Option<usize>)> {
                    let calls = seen.trace.iter();
                    calls
                        .filter(|call| seen.actors[call.actor].name == name)
                        .filter_map(|call| call.transfer.as_ref())
                        .map(|transfer| (transfer.socket, transfer.peer))
                        .collect()
                };
                let (sent, received) = (peers("client"), peers("server"));
                assert_eq!(sent[0].1, Some(received[1].0));
                assert_eq!(sent[1].1, Some(received[0].0));
                assert_eq!(received[0].1, Some(sent[1].0));
                assert_eq!(received[1].1, Some(sent[0].0));
            },
        ));
    }
    tests.push(both("socketpair_between_parent_and_child", |level| {
        let seen = run(level, &plan([student("two", "wire pair")]));
        seen.all_well();
        let mut moved = seen.moved("two");
        moved.sort_unstable();
        assert_eq!(
            moved,
            [
                "received 2 to from two",
                "received 4 back from two",
                "sent 2 to to two",
                "sent 4 back to two"
            ]
        );
        assert_eq!(
            (seen.sockets[0].peer, seen.sockets[1].peer),
            (Some(1), Some(0))
        );
        assert_eq!(seen.sockets[0].kind, SocketKind::Datagram);
    }));
    tests.push(both("abstract_names", |level| {
        let seen = run(level, &plan([student("one", "wire abstract")]));
        seen.all_well();
        assert_eq!(
            seen.moved("one"),
            ["sent 3 abc to one", "received 3 abc from one"]
        );
        assert_eq!(
            seen.sockets[0].local,
            Some(Address::Abstract("ipclab test".into()))
        );
    }));
    tests.push(both("what_fails_moves_nothing", |level| {
        let seen = run(level, &plan([student("one", "wire failed")]));
        seen.all_well();
        assert_eq!(seen.moved("one"), ["sent 1 x to one"]);
        let errnos: Vec<_> = seen.calls("one", "sendto")[1..]
            .iter()
            .chain(&seen.calls("one", "recvfrom"))
            .map(|call| call.errno())
            .collect();
        assert_eq!(errnos, [Some(Errno::EPIPE), Some(Errno::EAGAIN)]);
    }));
    tests.push(both("files_pipes_and_output_are_no_wire", |level| {
        let seen = run(level, &plan([student("one", "wire elsewhere")]));
        seen.all_well();
        assert_eq!(seen.moved("one"), Vec::<String>::new());
        assert_eq!(seen.out("one"), "out\n");
    }));
    tests.push(both("seven_megabytes_are_counted_exactly", |level| {
        let plan = pair(Protocol::Tcp, "wire much-in", "wire much-out");
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(seen.out("server"), "7000000\n");
        let total = |name| -> u64 {
            let calls = seen.trace.iter();
            calls
                .filter(|call| seen.actors[call.actor].name == name)
                .filter_map(|call| call.transfer.as_ref())
                .map(|transfer| transfer.bytes)
                .sum()
        };
        assert_eq!((total("client"), total("server")), (7_000_000, 7_000_000));
    }));
    tests.push(both("a_third_connection_is_nobodys_peer", |level| {
        // The second client is never accepted: the server is done after one.
        let plan = plan([
            student("server", "wire fork-serve 1").ready(endpoint(Protocol::Tcp)),
            student("ann", "wire say a").after(ready("server")),
            student("bob", "wire say b").after(exits("ann")),
        ]);
        let seen = run(level, &plan);
        assert_eq!(seen.actor("ann").exit, Exit::Code(0));
        assert_eq!(seen.actor("bob").exit, Exit::Code(99));
        assert_eq!(seen.ended, Ended::AllExited);
        assert!(
            !seen
                .moved("bob")
                .iter()
                .any(|line| line.contains("received"))
        );
    }));
    tests.push(both("whoever_waited_before_the_sender_existed", |level| {
        let plan = plan([
            student("server", "wire serve udp recvfrom"),
            student("client", "wire talk udp recvfrom hello").after(waits("server")),
        ]);
        let seen = run(level, &plan);
        seen.all_well();
        one_message(&seen, true);
    }));
    tests
}

/// `hello` and its NUL went over, and `HELLO` came back where the server could answer.
fn one_message(seen: &Seen, answered: bool) {
    let mut at_server = vec!["received 6 hello\\x00 from client"];
    let mut at_client = vec!["sent 6 hello\\x00 to server"];
    if answered {
        at_server.push("sent 6 HELLO\\x00 to client");
        at_client.push("received 6 HELLO\\x00 from server");
    }
    assert_eq!(seen.moved("server"), at_server);
    assert_eq!(seen.moved("client"), at_client);
    let out = if answered { "HELLO\n" } else { "" };
    assert_eq!(seen.out("client"), out);
}

type Row = (
    &'static str,
    Protocol,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Name, protocol, server, client, what moved at the server's end and at the client's.
fn table() -> Vec<Row> {
    use Protocol::{Tcp, Udp, Unix};
    vec![
        (
            "forked_server",
            Tcp,
            "wire fork-serve 1",
            "wire say a",
            &["received 1 a from client", "sent 1 a to client"],
            &["sent 1 a to server", "received 1 a from server"],
        ),
        (
            "copies_of_a_descriptor_are_one_socket",
            Tcp,
            "wire duplicated",
            "wire duplicated-talk",
            &[
                "received 1 d from client",
                "sent 1 d to client",
                "sent 1 ! to client",
            ],
            &["sent 1 d to server", "received 2 d! from server"],
        ),
        (
            "listener_inherited_over_exec",
            Tcp,
            "wire handed",
            "wire say a",
            &["received 1 a from client", "sent 1 a to client"],
            &["sent 1 a to server", "received 1 a from server"],
        ),
        (
            "socket_passed_in_a_message",
            Tcp,
            "wire passed",
            "wire say a",
            &[
                "sent 1 * to server",
                "received 1 * from server",
                "received 1 a from client",
                "sent 1 a to client",
            ],
            &["sent 1 a to server", "received 1 a from server"],
        ),
        (
            "a_peek_is_no_transfer_and_the_end_is_none",
            Tcp,
            "wire peek",
            "wire send peeked",
            &["received 6 peeked from client"],
            &["sent 6 peeked to server"],
        ),
        (
            "half_closed",
            Tcp,
            "wire until-end",
            "wire half-close",
            &["received 1 q from client", "sent 6 answer to client"],
            &["sent 1 q to server", "received 6 answer from server"],
        ),
        (
            "empty_and_cut_datagrams",
            Udp,
            "wire datagrams-in",
            "wire datagrams-out",
            &[
                "received 0  from client",
                "received 4 0123 from client cut",
                "received 4 abcd from client cut",
            ],
            &[
                "sent 0  to server",
                "sent 7 0123456 to server",
                "sent 6 abcdef to server",
            ],
        ),
        (
            "cut_datagrams_with_their_real_length",
            Udp,
            "wire datagrams-in trunc",
            "wire datagrams-out",
            &[
                "received 0  from client",
                "received 4 0123 from client cut",
                "received 4 abcd from client cut",
            ],
            &[
                "sent 0  to server",
                "sent 7 0123456 to server",
                "sent 6 abcdef to server",
            ],
        ),
        (
            "records_empty_and_cut_and_the_end_which_is_none",
            Unix,
            "wire records-in",
            "wire records-out",
            &[
                "received 3 one from client",
                "received 0  from client",
                "received 4 long from client cut",
            ],
            &[
                "sent 3 one to server",
                "sent 0  to server",
                "sent 6 longer to server",
            ],
        ),
        (
            "urgent_data",
            Tcp,
            "wire urgent-in",
            "wire urgent",
            &["received 1 ! from client", "sent 1 k to client"],
            &["sent 1 ! to server", "received 1 k from server"],
        ),
        (
            "a_number_that_was_another_socket",
            Tcp,
            "wire two-after-another",
            "wire number-again",
            &["received 1 1 from client", "received 2 22 from client"],
            &["sent 1 1 to server", "sent 2 22 to server"],
        ),
    ]
}
