//! Unix streams and seqpacket sockets.

use std::io::{Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};

use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, UnixAddr, accept, bind, connect, listen,
    recv, send, socket,
};

use crate::supervisor::PeerSupervisor;

#[test]
fn a_stream_client() {
    let supervisor = PeerSupervisor::new();
    let listener = UnixListener::bind(supervisor.path("s")).unwrap();
    let name = supervisor.name("s");
    for kind in ["unix", "unix-stream"] {
        let connect = format!("connect {kind}:{name}");
        let mut connection = None;
        let played = supervisor.play(
            &[
                &connect,
                "send 'hal'",
                "until server waits",
                "recv 'lo'",
                "recv EOF",
            ],
            |_| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut room = [0; 3];
                stream.read_exact(&mut room).unwrap();
                assert_eq!(&room, b"hal");
                stream.write_all(b"lo").unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                connection = Some(stream);
                "go"
            },
        );
        played.is_content();
    }
    let connect = format!("connect unix-seqpacket:{name}");
    supervisor.play_alone(&[&connect, "send 'a'"]).complains(&[&format!(
        "{connect}: connect() failed: protocol wrong type for socket (the socket there is of another type)"
    )]);
}

#[test]
fn a_stream_server_removes_its_file() {
    let supervisor = PeerSupervisor::new();
    let listen = format!("listen unix:{}", supervisor.name("s"));
    let mut client = None;
    let played = supervisor.play(
        &[
            &listen,
            "until client waits",
            "accept",
            "recv 'hal'",
            "reset",
            "send 'lo'",
        ],
        |_| {
            let mut stream = UnixStream::connect(supervisor.path("s")).unwrap();
            stream.write_all(b"hal").unwrap();
            client = Some(stream);
            "go"
        },
    );
    played.complains(&[
        "reset: only a tcp connection can be reset, and the open unix-stream socket is none",
    ]);
    let mut rest = String::new();
    client.unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "lo");
    assert!(!supervisor.path("s").exists());
}

#[test]
fn nobody_behind_the_file() {
    let supervisor = PeerSupervisor::new();
    drop(UnixListener::bind(supervisor.path("stale")).unwrap());
    let check = |name: &str, why: &str| {
        let connect = format!("connect unix:{}", supervisor.name(name));
        supervisor
            .play_alone(&[&connect, "recv EOF"])
            .complains(&[&format!("{connect}: connect() failed: {why}")]);
    };
    check(
        "missing",
        "no such file or directory (there is no socket of that name)",
    );
    check("stale", "connection refused (nobody listens there)");
}

fn seqpacket() -> OwnedFd {
    socket(
        AddressFamily::Unix,
        SockType::SeqPacket,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap()
}

fn say(fd: i32, record: &[u8]) {
    send(fd, record, MsgFlags::MSG_NOSIGNAL).unwrap();
}

#[test]
fn a_seqpacket_client_keeps_records_apart() {
    let supervisor = PeerSupervisor::new();
    let server = seqpacket();
    let address = UnixAddr::new(&supervisor.path("s")).unwrap();
    bind(server.as_raw_fd(), &address).unwrap();
    listen(&server, Backlog::new(5).unwrap()).unwrap();
    let connect = format!("connect unix-seqpacket:{}", supervisor.name("s"));
    let played = supervisor.play(
        &[
            &connect,
            "send 'one'",
            "send 'two'",
            "until server waits",
            "recv 'one'",
            "recv 'two'",
            "recv 2 bytes",
            "recv 'four'",
            "send 'lost'",
            "recv EOF",
        ],
        |_| {
            let connection = accept(server.as_raw_fd()).unwrap();
            let mut room = [0; 100];
            for word in [b"one", b"two"] {
                let got = recv(connection, &mut room, MsgFlags::empty()).unwrap();
                assert_eq!(&room[..got], word);
                say(connection, word);
            }
            say(connection, b"three");
            nix::unistd::close(connection).unwrap();
            "go"
        },
    );
    played.complains(&[
        r#"recv 2 bytes: got a record of 5 bytes "three", 3 bytes too many"#,
        "recv 'four': got nothing: the connection was closed",
    ]);
}

#[test]
fn a_seqpacket_server() {
    let supervisor = PeerSupervisor::new();
    let listening = format!("listen unix-seqpacket:{}", supervisor.name("s"));
    let client = seqpacket();
    let played = supervisor.play(
        &[
            &listening,
            "until client waits",
            "accept",
            "recv 'one'",
            "recv 'two'",
            "send 'three'",
            "close",
            "close",
        ],
        |_| {
            let address = UnixAddr::new(&supervisor.path("s")).unwrap();
            connect(client.as_raw_fd(), &address).unwrap();
            say(client.as_raw_fd(), b"one");
            say(client.as_raw_fd(), b"two");
            "go"
        },
    );
    played.is_content();
    let mut room = [0; 100];
    let got = recv(client.as_raw_fd(), &mut room, MsgFlags::empty()).unwrap();
    assert_eq!(&room[..got], b"three");
    assert!(!supervisor.path("s").exists());
}
