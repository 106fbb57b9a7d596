//! UDP and Unix datagrams: one call, one message, and no end.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;

use crate::supervisor::{PeerSupervisor, own_ip};

/// A UDP socket of the test's; with the address as a step has it.
fn receiver() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = format!("udp:{}", socket.local_addr().unwrap());
    (socket, place)
}

fn take(socket: &UdpSocket) -> Vec<u8> {
    socket.set_nonblocking(true).unwrap();
    let mut room = vec![0; 70_000];
    let got = socket.recv(&mut room).unwrap();
    room.truncate(got);
    room
}

#[test]
fn udp_without_a_name() {
    let supervisor = PeerSupervisor::new();
    let (socket, place) = receiver();
    supervisor
        .play_alone(&[
            "open udp",
            &format!("send 'hal' to {place}"),
            &format!("send '' to {place}"),
            &format!("send 6000 bytes to {place}"),
            "close",
        ])
        .is_content();
    assert_eq!(take(&socket), b"hal");
    assert_eq!(take(&socket), b"");
    assert_eq!(take(&socket).len(), 6000);
}

#[test]
fn udp_to_and_fro() {
    let supervisor = PeerSupervisor::new();
    let (socket, place) = receiver();
    let own = format!("{}:4711", own_ip());
    let answer = |_: &str| {
        socket.send_to(b"first", &own).unwrap();
        socket.send_to(b"", &own).unwrap();
        socket.send_to(b"third", &own).unwrap();
        "go"
    };
    let bind = format!("bind udp:{own}");
    supervisor
        .play(
            &[
                &bind,
                "until other waits",
                "recv 'first'",
                "recv ''",
                "recv 5 bytes",
                &format!("send 'a' to {place}"),
                &format!("send 'bc' to {place} byte by byte"),
            ],
            answer,
        )
        .is_content();
    assert_eq!(take(&socket), b"a");
    assert_eq!(take(&socket), b"b");
    assert_eq!(take(&socket), b"c");
    let from = supervisor.play(
        &[
            &bind,
            &format!("connect {place}"),
            "until other waits",
            "send 'x'",
            "recv 'first'",
        ],
        answer,
    );
    from.is_content();
    assert_eq!(take(&socket), b"x");
}

#[test]
fn another_datagram_than_expected() {
    let supervisor = PeerSupervisor::new();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let own = format!("{}:4711", own_ip());
    let bind = format!("bind udp:{own}");
    let check = |datagram: &[u8], step: &str, expect: &[&str]| {
        let played = supervisor.play(&[&bind, "until other waits", step, "recv 'next'"], |_| {
            socket.send_to(datagram, &own).unwrap();
            socket.send_to(b"next", &own).unwrap();
            "go"
        });
        played.complains(expect);
    };
    check(b"hal", "recv 'hal'", &[]);
    check(b"hal", "recv 3 bytes", &[]);
    check(b"hal", "recv any", &[]);
    check(
        b"HAL",
        "recv 'hal'",
        &[r#"recv 'hal': got a datagram of 3 bytes "HAL": byte 1 is 0x48, not 0x68"#],
    );
    check(
        b"ha",
        "recv 'hal'",
        &[r#"recv 'hal': got a datagram of 2 bytes "ha", 1 byte too few"#],
    );
    check(
        b"hallo",
        "recv 'hal'",
        &[r#"recv 'hal': got a datagram of 5 bytes "hallo", 2 bytes too many"#],
    );
    check(
        b"",
        "recv 'hal'",
        &[r#"recv 'hal': got a datagram of 0 bytes "", 3 bytes too few"#],
    );
    check(
        &[b'x'; 11],
        "recv 10 bytes",
        &[r#"recv 10 bytes: got a datagram of 11 bytes "xxxxxxxxxxx", 1 byte too many"#],
    );
    check(
        b"hal",
        "recv until EOF",
        &[
            "recv until EOF: a udp socket has no end of file",
            r#"recv 'next': got a datagram of 3 bytes "hal": byte 1 is 0x68, not 0x6e"#,
        ],
    );
}

#[test]
fn udp_to_a_port_where_nobody_is() {
    let supervisor = PeerSupervisor::new();
    let place = format!("{}:4711", own_ip());
    let played = supervisor.play_alone(&[
        &format!("connect udp:{place}"),
        "send 'a'",
        "recv 'A'",
        "send 'b'",
        "recv 'B'",
    ]);
    played.complains(&["recv 'A': recv() failed: connection refused (nobody listens there)"]);
}

#[test]
fn a_datagram_that_is_too_long() {
    let supervisor = PeerSupervisor::new();
    let (_socket, place) = receiver();
    let send = format!("send 70000 bytes to {place}");
    supervisor
        .play_alone(&["open udp", &send])
        .complains(&[&format!(
            "{send}: sendto() failed: message too long (too long for one message)"
        )]);
}

#[test]
fn a_socket_sends_only_to_its_own_kind() {
    let supervisor = PeerSupervisor::new();
    supervisor
        .play_alone(&[
            "open udp",
            "send 'a' to unix-dgram:/nowhere",
            "open tcp",
            "send 'a' to tcp:4711",
            "open udp",
            "send 'a'",
        ])
        .complains(&[
            "send 'a' to unix-dgram:/nowhere: the open socket is udp, not unix-dgram",
            "send 'a' to tcp:4711: a tcp socket sends to where it is connected",
            "send 'a': send() failed: destination address required",
        ]);
}

#[test]
fn udp_over_ipv6() {
    let Ok(socket) = UdpSocket::bind("[::1]:0") else {
        eprintln!("this machine has no IPv6");
        return;
    };
    let supervisor = PeerSupervisor::new();
    let place = socket.local_addr().unwrap();
    supervisor
        .play_alone(&["open udp", &format!("send 'six' to udp:{place}")])
        .is_content();
    assert_eq!(take(&socket), b"six");
}

#[test]
fn a_flood_of_datagrams() {
    let supervisor = PeerSupervisor::new();
    let (socket, place) = receiver();
    supervisor
        .play_alone(&[&format!("connect {place}"), "flood 2500 bytes"])
        .is_content();
    let sizes = [(); 3].map(|()| take(&socket).len());
    assert_eq!(sizes, [1024, 1024, 452]);
}

#[test]
fn unix_datagrams_with_a_name_and_its_removal() {
    let supervisor = PeerSupervisor::new();
    let (server, client) = (supervisor.name("server"), supervisor.name("client"));
    let socket = UnixDatagram::bind(&server).unwrap();
    let check = |ending: &[&str], leaves: bool| {
        let bind = format!("bind unix-dgram:{client}");
        let send = format!("send 'hello' to unix-dgram:{server}");
        let mut steps = vec![&*bind, &send, "until server waits", "recv 'HELLO'"];
        steps.extend(ending);
        let played = supervisor.play(&steps, |_| {
            let mut room = [0; 100];
            let (got, from) = socket.recv_from(&mut room).unwrap();
            assert_eq!(
                from.as_pathname(),
                Some(supervisor.path("client").as_path())
            );
            let reply = room[..got].to_ascii_uppercase();
            socket.send_to_addr(&reply, &from).unwrap();
            "go"
        });
        played.is_content();
        assert_eq!(supervisor.path("client").exists(), leaves);
    };
    check(&["close"], false);
    check(&[], false);
    check(&["abandon", "close"], true);
}

#[test]
fn an_abandoned_script_still_tells_what_was_wrong() {
    let supervisor = PeerSupervisor::new();
    supervisor
        .play_alone(&["close", "abandon", "close"])
        .complains(&["close: no socket is open"]);
}

#[test]
fn unix_datagrams_without_a_name() {
    let supervisor = PeerSupervisor::new();
    let server = supervisor.name("server");
    let socket = UnixDatagram::bind(&server).unwrap();
    supervisor
        .play_alone(&[
            "open unix-dgram",
            &format!("send 'hello' to unix-dgram:{server}"),
            "close",
        ])
        .is_content();
    let mut room = [0; 100];
    let (got, from) = socket.recv_from(&mut room).unwrap();
    assert_eq!(&room[..got], b"hello");
    assert!(from.is_unnamed());
}

#[test]
fn unix_datagrams_to_nobody() {
    let supervisor = PeerSupervisor::new();
    let (missing, stale) = (supervisor.name("missing"), supervisor.name("stale"));
    drop(UnixDatagram::bind(&stale).unwrap());
    let (to_missing, to_stale) = (
        format!("send 'a' to unix-dgram:{missing}"),
        format!("send 'a' to unix-dgram:{stale}"),
    );
    supervisor
        .play_alone(&[
            "open unix-dgram",
            &to_missing,
            "recv 'A'",
            "close",
            "open unix-dgram",
            &to_stale,
            "recv 'A'",
        ])
        .complains(&[
            &format!(
                "{to_missing}: sendto() failed: no such file or directory (there is no socket of that name)"
            ),
            &format!("{to_stale}: sendto() failed: connection refused (nobody listens there)"),
        ]);
}

#[test]
fn a_name_that_is_taken_is_not_removed() {
    let supervisor = PeerSupervisor::new();
    let taken = supervisor.name("taken");
    let _socket = UnixDatagram::bind(&taken).unwrap();
    let bind = format!("bind unix-dgram:{taken}");
    supervisor
        .play_alone(&[&bind, "close"])
        .complains(&[&format!(
            "{bind}: bind() failed: address already in use (somebody else has it)"
        )]);
    assert!(supervisor.path("taken").exists());
}

#[test]
fn a_name_that_cannot_be_removed() {
    let supervisor = PeerSupervisor::new();
    let (path, bind) = (
        supervisor.path("own"),
        format!("bind unix-dgram:{}", supervisor.name("own")),
    );
    let check = |ending: &[&str], expect: &[&str]| {
        let mut steps = vec![bind.as_str(), "until other waits"];
        steps.extend(ending);
        let played = supervisor.play(&steps, |_| {
            fs::remove_file(&path).unwrap();
            if !expect.is_empty() {
                fs::create_dir(&path).unwrap();
            }
            "go"
        });
        played.complains(expect);
        let _ = fs::remove_dir(&path);
    };
    // Another process has removed it: the peer wanted it gone.
    check(&["close"], &[]);
    check(&["close"], &["close: unlink() failed: is a directory"]);
    check(
        &[],
        &["at the script's end: unlink() failed: is a directory"],
    );
}
