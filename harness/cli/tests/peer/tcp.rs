//! TCP: connect, send, recv, shutdown, reset, listen, accept, flood.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, SockaddrIn, bind, getsockname, recv, socket,
};

use crate::supervisor::{PeerSupervisor, listener, own_ip, reset, says, serve};

fn read_all(mut stream: TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map(|_| bytes)
}

#[test]
fn a_conversation() {
    let supervisor = PeerSupervisor::new();
    let (place, server) = serve(|mut stream| {
        let mut first = [0; 3];
        stream.read_exact(&mut first).unwrap();
        stream.write_all(b"hallo\n").unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        stream.write_all(b"and the end").unwrap();
        (first, rest)
    });
    let connect = format!("connect {place}");
    let steps = [
        &connect,
        "send 'hal'",
        "recv 'hal'",
        r#"recv "lo\n""#,
        "send hex 00ff",
        "send 28 bytes",
        r#"send "x\0""#,
        "shutdown write",
        "recv 3 bytes",
        "recv any",
        "recv EOF",
        "recv until EOF",
        "close",
    ];
    let played = supervisor.play_alone(&steps);
    played.is_content();
    let expect: Vec<String> = steps
        .iter()
        .flat_map(|step| [format!("doing {step}"), "done".to_owned()])
        .collect();
    assert_eq!(played.said, expect);
    let (first, rest) = server.join().unwrap();
    assert_eq!(&first, b"hal");
    assert_eq!(rest, b"\x00\xffabcdefghijklmnopqrstuvwxyzabx\0");
}

#[test]
fn nobody_listens_and_one_complaint_says_so() {
    let supervisor = PeerSupervisor::new();
    // Bound and silent, so that no other process can come to listen there.
    let taken = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap();
    bind(taken.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
    let port = getsockname::<SockaddrIn>(taken.as_raw_fd()).unwrap().port();
    let connect = format!("connect tcp:{port}");
    let mut asked = Vec::new();
    let played = supervisor.play(
        &[
            &connect,
            "send 'a'",
            "recv 'a'",
            "recv EOF",
            "flood 5 bytes",
            "shutdown write",
            "reset",
            "signal server SIGTERM",
            "until server exits",
        ],
        |question| {
            asked.push(question.to_owned());
            "go"
        },
    );
    played.complains(&[&format!(
        "{connect}: connect() failed: connection refused (nobody listens there)"
    )]);
    assert_eq!(played.steps(), 9);
    assert_eq!(asked, ["signal server SIGTERM", "await exits server"]);
}

/// Plays `connect`, `step`, `after` against a server that sends `pieces` and then does `ending`.
#[track_caller]
fn check_recv(
    pieces: &'static [&[u8]],
    ending: fn(TcpStream),
    step: &str,
    after: &[&str],
    expect: &[&str],
) {
    let supervisor = PeerSupervisor::new();
    let (listener, place) = listener();
    let connect = format!("connect {place}");
    let mut steps = vec![connect.as_str(), "until server waits", step];
    steps.extend(after);
    let mut connection = None;
    let mut pieces = pieces.iter();
    let mut ending = Some(ending);
    let played = supervisor.play(&steps, |_| {
        // One piece a question; behind the last one comes the ending, and then nothing more.
        let Some(end) = ending else { return "go" };
        let mut stream = connection
            .take()
            .unwrap_or_else(|| listener.accept().unwrap().0);
        stream.write_all(pieces.next().unwrap()).unwrap();
        match pieces.len() {
            0 => {
                ending = None;
                end(stream);
            }
            _ => connection = Some(stream),
        }
        "go"
    });
    played.complains(expect);
}

/// The connection stays open until the test ends.
fn keep(stream: TcpStream) {
    std::mem::forget(stream);
}

#[test]
fn recv_of_a_text() {
    check_recv(&[b"hal"], keep, "recv 'hal'", &[], &[]);
    check_recv(&[b"hal"], drop, "recv 'hal'", &["recv EOF"], &[]);
    check_recv(
        &[b"ha"],
        drop,
        "recv 'hal'",
        &["recv 'more'", "recv EOF"],
        &[r#"recv 'hal': got 2 bytes "ha", then the connection was closed"#],
    );
    check_recv(
        &[b""],
        drop,
        "recv 'hal'",
        &["send 'more'", "close"],
        &["recv 'hal': got nothing: the connection was closed"],
    );
    check_recv(
        &[b""],
        reset,
        "recv 'hal'",
        &[],
        &["recv 'hal': got nothing: the connection was reset"],
    );
    check_recv(&[b""], keep, "recv ''", &[], &[]);
}

#[test]
fn other_bytes_are_quoted_as_far_as_they_came_before_all_waited() {
    check_recv(
        &[b"hax"],
        keep,
        "recv 'hal'",
        &[],
        &[r#"recv 'hal': got 3 bytes "hax": byte 3 is 0x78, not 0x6c"#],
    );
    // The second piece is sent when the peer asks whether anybody still moves.
    check_recv(
        &[b"Hal", b"lo\0 and more"],
        keep,
        r#"recv "hallo\0""#,
        &["recv ' and'", "recv ' more'"],
        &[r#"recv "hallo\0": got 6 bytes "Hallo\0": byte 1 is 0x48, not 0x68"#],
    );
    check_recv(
        &[b"\xffx\n"],
        drop,
        "recv 'hallo'",
        &["recv EOF"],
        &[
            r#"recv 'hallo': got 3 bytes "\xffx\n", then the connection was closed: byte 1 is 0xff, not 0x68"#,
        ],
    );
    check_recv(&[b"0\0"], keep, "recv hex 3000", &[], &[]);
    check_recv(
        &[b"00"],
        keep,
        "recv hex 3000",
        &[],
        &[r#"recv hex 3000: got 2 bytes "00": byte 2 is 0x30, not 0x00"#],
    );
}

#[test]
fn recv_of_so_many_bytes() {
    check_recv(
        &[b"0123456789"],
        keep,
        "recv 4 bytes",
        &["recv '456789'"],
        &[],
    );
    check_recv(
        &[&[b'x'; 48]],
        drop,
        "recv 49 bytes",
        &[],
        &[&format!(
            "recv 49 bytes: got 48 bytes \"{}\", then the connection was closed",
            "x".repeat(48)
        )],
    );
    check_recv(
        &[&[b'x'; 4096]],
        drop,
        "recv 4097 bytes",
        &[],
        &[&format!(
            "recv 4097 bytes: got 4096 bytes \"{}\"..., then the connection was closed",
            "x".repeat(60)
        )],
    );
}

#[test]
fn recv_of_the_end() {
    check_recv(&[b"bye"], drop, "recv until EOF", &[], &[]);
    check_recv(&[b""], drop, "recv until EOF", &[], &[]);
    check_recv(&[b""], drop, "recv EOF", &["recv any"], &[]);
    check_recv(
        &[b""],
        reset,
        "recv until EOF",
        &[],
        &["recv until EOF: the connection was reset"],
    );
    check_recv(
        &[b""],
        reset,
        "recv EOF",
        &[],
        &["recv EOF: the connection was reset"],
    );
    check_recv(
        &[b"b", b"ye"],
        drop,
        "recv EOF",
        &[],
        &[r#"recv EOF: got 3 bytes "bye" before it"#],
    );
    check_recv(
        &[b"b", b"ye"],
        keep,
        "recv EOF",
        &["send 'x'"],
        &[r#"recv EOF: got 3 bytes "bye", and no end of file"#],
    );
}

#[test]
fn recv_of_anything() {
    check_recv(&[b"x"], keep, "recv any", &[], &[]);
    check_recv(&[b""], drop, "recv any", &[], &[]);
    check_recv(
        &[b""],
        reset,
        "recv any",
        &["recv any"],
        &["recv any: recv() failed: connection reset by peer"],
    );
}

#[test]
fn pieces_are_taken_one_by_one() {
    let check = |step: &str, expect: &[&str]| {
        let supervisor = PeerSupervisor::new();
        let (listener, place) = listener();
        let connect = format!("connect {place}");
        let mut connection = None;
        let mut pieces = Vec::new();
        let played = supervisor.play(&[connect.as_str(), step], |question| {
            assert_eq!(question, "await quiet");
            let stream = connection.get_or_insert_with(|| listener.accept().unwrap().0);
            // What is there now is the piece; more than the piece would be here, too.
            let mut piece = vec![0; 100];
            let got = stream.read(&mut piece).unwrap();
            pieces.push(String::from_utf8(piece[..got].to_vec()).unwrap());
            "go"
        });
        played.is_content();
        assert_eq!(pieces, expect);
    };
    check("send 'abc' byte by byte", &["a", "b", "c"]);
    check("send 5 bytes in pieces of 2", &["ab", "cd", "e"]);
    check("send 'ab' in pieces of 9", &["ab"]);
}

#[test]
fn pieces_stop_when_nobody_comes_to_rest() {
    let supervisor = PeerSupervisor::new();
    let (place, server) = serve(read_all);
    let connect = format!("connect {place}");
    let played = supervisor.play(
        &[&connect, "send 'abc' byte by byte", "send 'd'"],
        |_| "never",
    );
    played.complains(&["send 'abc' byte by byte: the others never came to rest"]);
    assert_eq!(played.steps(), 2);
    assert_eq!(server.join().unwrap().unwrap(), b"a");
}

#[test]
fn the_last_byte_of_an_urgent_send_goes_beside_the_others() {
    let supervisor = PeerSupervisor::new();
    let (place, server) = serve(|stream| {
        let take = |flags| {
            let mut bytes = [0; 9];
            let got = recv(stream.as_raw_fd(), &mut bytes, flags)?;
            nix::Result::Ok(bytes[..got].to_vec())
        };
        [
            take(MsgFlags::MSG_WAITALL),
            take(MsgFlags::MSG_OOB),
            take(MsgFlags::MSG_WAITALL),
        ]
    });
    let connect = format!("connect {place}");
    supervisor
        .play_alone(&[&connect, "send 'ab!' oob", "send 'cd'", "close"])
        .is_content();
    assert_eq!(
        server.join().unwrap(),
        [b"ab", &b"!"[..], b"cd"].map(|bytes| Ok(bytes.to_vec()))
    );
}

#[test]
fn only_tcp_has_urgent_data() {
    let played = PeerSupervisor::new().play_alone(&["open udp", "send '!' oob"]);
    played.complains(&["send '!' oob: only TCP has urgent data, and the open socket is udp"]);
}

#[test]
fn sending_to_nobody() {
    check_recv(
        &[b""],
        reset,
        "send 'hal'",
        &["send 'more'"],
        &["send 'hal': send() failed: connection reset by peer"],
    );
    let supervisor = PeerSupervisor::new();
    let (place, server) = says(&[]);
    let connect = format!("connect {place}");
    let played = supervisor.play_alone(&[&connect, "shutdown write", "send 'x'"]);
    played.complains(&["send 'x': send() failed: broken pipe (nobody can receive it any more)"]);
    server.join().unwrap();
}

#[test]
fn a_long_message_arrives_whole() {
    let supervisor = PeerSupervisor::new();
    let (place, server) = serve(read_all);
    let connect = format!("connect {place}");
    supervisor
        .play_alone(&[&connect, "send 10000000 bytes", "close"])
        .is_content();
    let got = server.join().unwrap().unwrap();
    assert_eq!(got.len(), 10_000_000);
    assert!(!got.contains(&0));
}

#[test]
fn a_message_that_breaks_off_says_where() {
    let supervisor = PeerSupervisor::new();
    let (place, server) = serve(|mut stream| {
        stream.read_exact(&mut [0; 100]).unwrap();
        reset(stream);
    });
    let connect = format!("connect {place}");
    let played = supervisor.play_alone(&[&connect, "send 100000000 bytes"]);
    server.join().unwrap();
    let [complaint] = played.complaints.as_slice() else {
        panic!("{played:?}");
    };
    let rest = complaint
        .strip_prefix("send 100000000 bytes: after ")
        .unwrap_or_else(|| panic!("{complaint}"));
    let (sent, rest) = rest.split_once(' ').unwrap();
    assert!(sent.parse::<u64>().is_ok_and(|sent| sent >= 100), "{sent}");
    assert_eq!(
        rest,
        "of 100000000 bytes send() failed: connection reset by peer"
    );
    assert_eq!(played.code, Some(1));
}

#[test]
fn closing_resetting_and_abandoning_look_different_from_the_other_side() {
    let check = |step: &str, expect: Result<&[u8], io::ErrorKind>| {
        let supervisor = PeerSupervisor::new();
        let (listener, place) = listener();
        let connect = format!("connect {place}");
        supervisor
            .play_alone(&[&connect, "send 'hal'", step])
            .is_content();
        let got = read_all(listener.accept().unwrap().0);
        assert_eq!(got.as_deref().map_err(io::Error::kind), expect, "{step}");
    };
    check("close", Ok(b"hal"));
    check("abandon", Ok(b"hal"));
    check("shutdown both", Ok(b"hal"));
    check("reset", Err(io::ErrorKind::ConnectionReset));
}

#[test]
fn shutdown_of_one_direction() {
    let supervisor = PeerSupervisor::new();
    let (place, server) = says(&[b"x"]);
    let connect = format!("connect {place}");
    supervisor
        .play_alone(&[&connect, "recv 'x'", "shutdown read", "recv EOF"])
        .is_content();
    server.join().unwrap();
    supervisor
        .play_alone(&["open tcp", "shutdown write", "shutdown both"])
        .complains(&["shutdown write: shutdown() failed: transport endpoint is not connected"]);
}

#[test]
fn what_needs_a_connection_says_so() {
    let supervisor = PeerSupervisor::new();
    supervisor
        .play_alone(&[
            "send 'a'",
            "recv any",
            "flood 1 byte",
            "shutdown read",
            "reset",
            "close",
            "accept",
            "open tcp",
            "flood 1 byte",
            "reset",
            "accept",
            "recv 'a'",
        ])
        .complains(&[
            "send 'a': no socket is open",
            "recv any: no socket is open",
            "flood 1 byte: no socket is open",
            "shutdown read: no socket is open",
            "reset: no socket is open",
            "close: no socket is open",
            "accept: no socket listens",
            "flood 1 byte: the open socket is not connected",
            "reset: only a tcp connection can be reset, and the open tcp socket is none",
            "accept: no socket listens",
            "recv 'a': recv() failed: transport endpoint is not connected",
        ]);
}

#[test]
fn a_server_takes_one_connection_after_another() {
    let supervisor = PeerSupervisor::new();
    let ip = own_ip();
    let place = format!("{ip}:4711");
    let listen = format!("listen tcp:{place}");
    let mut clients = Vec::new();
    let played = supervisor.play(
        &[
            &listen,
            "until client waits",
            "accept",
            "recv 'one'",
            "close",
            "until client waits",
            "accept",
            "recv 'two'",
            "send 'too'",
            "reset",
            "close",
        ],
        |_| {
            let mut client = TcpStream::connect(&place).unwrap();
            let word: &[u8] = if clients.is_empty() { b"one" } else { b"two" };
            client.write_all(word).unwrap();
            clients.push(client);
            "go"
        },
    );
    played.is_content();
    let ends: Vec<_> = clients.into_iter().map(read_all).collect();
    assert_eq!(ends[0].as_deref().unwrap(), b"");
    assert_eq!(
        ends[1].as_ref().map_err(io::Error::kind),
        Err(io::ErrorKind::ConnectionReset)
    );
    // The listener is gone.
    assert!(TcpStream::connect(&place).is_err());
    // The first connection is in TIME_WAIT, which is in no later listener's way.
    supervisor.play_alone(&[&listen]).is_content();
}

#[test]
fn a_port_that_is_taken() {
    let supervisor = PeerSupervisor::new();
    let (_taken, place) = listener();
    let check = |verb: &str| {
        supervisor
            .play_alone(&[&format!("{verb} {place}"), "accept", "send 'a'"])
            .complains(&[&format!(
                "{verb} {place}: bind() failed: address already in use (somebody else has it)"
            )]);
    };
    check("listen");
    check("bind");
}

#[test]
fn a_bound_port_is_taken_and_answers_nobody() {
    let supervisor = PeerSupervisor::new();
    let place = format!("{}:4711", own_ip());
    let (bind, listen) = (format!("bind tcp:{place}"), format!("listen tcp:{place}"));
    let mut seen = Vec::new();
    let played = supervisor.play(
        &[
            &bind,
            "until other waits",
            &listen,
            "until other waits",
            "recv 'a'",
            "accept",
            "send 'a'",
        ],
        |_| {
            let bound = TcpListener::bind(&place).map(drop);
            let connected = TcpStream::connect(&place).map(drop);
            seen.push([bound, connected].map(|done| done.map_err(|error| error.kind())));
            "go"
        },
    );
    played.complains(&["recv 'a': the open socket only listens: no connection has been accepted"]);
    let taken = Err(io::ErrorKind::AddrInUse);
    assert_eq!(
        seen,
        [
            [taken, Err(io::ErrorKind::ConnectionRefused)],
            [taken, Ok(())]
        ]
    );
}

#[test]
fn a_second_connection_leaves_the_first_one_open() {
    let supervisor = PeerSupervisor::new();
    let (listener, place) = listener();
    let connect = format!("connect {place}");
    let played = supervisor.play_alone(&[
        connect.as_str(),
        &connect,
        "send 'second'",
        "close",
        "send 'first'",
    ]);
    played.is_content();
    let got = || read_all(listener.accept().unwrap().0).unwrap();
    assert_eq!(got(), b"first");
    assert_eq!(got(), b"second");
}

#[test]
fn an_open_socket_is_the_one_that_connects() {
    let supervisor = PeerSupervisor::new();
    let (listener, place) = listener();
    let from = format!("{}:4711", own_ip());
    let (bind, connect) = (format!("bind tcp:{from}"), format!("connect {place}"));
    supervisor
        .play_alone(&["open tcp", &bind, &connect, "close", "close"])
        .complains(&["close: no socket is open"]);
    assert_eq!(listener.accept().unwrap().1.to_string(), from);
}

#[test]
fn a_flood_that_is_taken_and_one_that_is_not() {
    let supervisor = PeerSupervisor::new();
    let (place, server) = serve(read_all);
    let connect = format!("connect {place}");
    supervisor
        .play_alone(&[&connect, "flood 1000001 bytes", "close"])
        .is_content();
    assert_eq!(server.join().unwrap().unwrap().len(), 1_000_001);

    let (place, server) = serve(|mut stream| {
        stream.read_exact(&mut [0; 10]).unwrap();
        stream.write_all(b"enough").unwrap();
        reset(stream);
    });
    let connect = format!("connect {place}");
    let played = supervisor.play_alone(&[&connect, "flood 1000000000 bytes", "recv 'more'"]);
    played.is_content();
    server.join().unwrap();
}

#[test]
fn ipv6() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        eprintln!("this machine has no IPv6");
        return;
    };
    let supervisor = PeerSupervisor::new();
    let place = listener.local_addr().unwrap();
    let connect = format!("connect tcp:{place}");
    supervisor
        .play_alone(&["open tcp", &connect, "send 'six'"])
        .is_content();
    assert_eq!(read_all(listener.accept().unwrap().0).unwrap(), b"six");
    drop(listener);

    let listen = format!("listen tcp:{place}");
    let played = supervisor.play(
        &[&listen, "until client waits", "accept", "recv 'six'"],
        |_| {
            let mut client = TcpStream::connect(place).unwrap();
            client.write_all(b"six").unwrap();
            "go"
        },
    );
    played.is_content();
}

#[test]
fn a_crowd_of_connections_from_one_peer() {
    let supervisor = PeerSupervisor::new();
    let (listener, place) = listener();
    let server = std::thread::spawn(move || {
        let mut all: Vec<TcpStream> = (0..5).map(|_| listener.accept().unwrap().0).collect();
        for (nth, stream) in all.iter_mut().enumerate() {
            let mut got = [0; 2];
            stream.read_exact(&mut got).unwrap();
            assert_eq!(&got, b"hi");
            // The third and the fourth get another answer.
            let answer = if nth == 2 || nth == 3 { b"ho" } else { b"hi" };
            stream.write_all(answer).unwrap();
        }
        all.into_iter().map(read_all).collect::<Vec<_>>()
    });
    let mut asked = Vec::new();
    let connect = format!("5 times connect {place}");
    let steps = [
        &connect,
        "each send 'hi'",
        "each recv 'hi'",
        "send 'the last'",
        "each close",
    ];
    let played = supervisor.play(&steps, |question| {
        asked.push(question.to_owned());
        "go"
    });
    // After four connections and the last, and twice to see what else comes instead of what was wanted.
    assert_eq!(asked, ["await quiet"; 4]);
    assert_eq!(
        played.complaints,
        [
            r#"each recv 'hi': socket 3 of 5: got 2 bytes "ho": byte 2 is 0x6f, not 0x69, and so with 1 more"#
        ]
    );
    let rest: Vec<_> = server
        .join()
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(rest, [&b""[..], b"", b"", b"", b"the last"]);
}
