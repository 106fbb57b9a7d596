//! `peek_server`, as a program.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use crate::world::{LIMIT, Running, World, run, sockets, until};
use nix::sys::socket::{MsgFlags, send};

const PORT: u16 = 7100;

/// Starts the server and waits until it listens.
fn server(world: &World) -> Running {
    let server = world.start("peek_server", &[]);
    until("peek_server listens", listens);
    server
}

fn listens() -> bool {
    // 0A: TCP_LISTEN
    sockets("tcp", PORT)
        .iter()
        .any(|(_, state, _)| state == "0A")
}

fn client() -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", PORT)).expect("connect");
    stream.set_read_timeout(Some(LIMIT)).expect("setsockopt");
    stream.set_nodelay(true).expect("setsockopt");
    stream
}

fn put(mut stream: &TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).expect("send");
}

fn urgent(stream: &TcpStream, byte: u8) {
    let sent = send(stream.as_raw_fd(), &[byte], MsgFlags::MSG_OOB).expect("send");
    assert_eq!(sent, 1);
}

/// Takes exactly this.
fn expect(mut stream: &TcpStream, answer: &str) {
    let mut got = vec![0; answer.len()];
    stream.read_exact(&mut got).expect("recv");
    assert_eq!(String::from_utf8_lossy(&got), answer);
}

/// Whether the server has taken all that was sent: nothing is unread, and it waits.
fn taken() -> bool {
    let mut rows = sockets("tcp", PORT);
    rows.retain(|(_, state, _)| state == "01");
    matches!(rows.as_slice(), [(_, _, 0)])
}

in_a_world! {
    fn messages_urgent_bytes_and_the_end(world) {
        let server = server(world);
        let client = client();
        put(&client, b"0005hello");
        expect(&client, "5 of 5\n");
        urgent(&client, b'!');
        expect(&client, "urgent\n");
        put(&client, b"0000");
        expect(&client, "0 of 0\n");
        put(&client, b"0002ab0003cde");
        expect(&client, "2 of 2\n3 of 3\n");
        drop(client);
        server.finish().success().stderr("").stdout(
            "peeked: 0005\nmessage: 5 of 5 bytes: hello\nurgent: !\n\
             peeked: 0000\nmessage: 0 of 0 bytes: \n\
             peeked: 0002\nmessage: 2 of 2 bytes: ab\n\
             peeked: 0003\nmessage: 3 of 3 bytes: cde\n\
             end\n",
        );
    }

    fn pieces_are_waited_for(world) {
        let server = server(world);
        let client = client();
        for piece in [&b"00"[..], b"1", b"2Hel", b"lo, ", b"world"] {
            put(&client, piece);
        }
        expect(&client, "12 of 12\n");
        drop(client);
        server.finish().success().stdout("peeked: 0012\nmessage: 12 of 12 bytes: Hello, world\nend\n");
    }

    fn the_end_in_the_middle_of_a_text(world) {
        for (text, printed) in [("Hello", "5 of 12 bytes: Hello"), ("", "0 of 12 bytes: ")] {
            let server = server(world);
            let client = client();
            put(&client, format!("0012{text}").as_bytes());
            client.shutdown(Shutdown::Write).expect("shutdown");
            expect(&client, &format!("{} of 12\n", text.len()));
            assert_eq!((&client).read_to_end(&mut Vec::new()).expect("recv"), 0);
            server.finish().success().stdout(format!("peeked: 0012\nmessage: {printed}\nend\n"));
        }
    }

    fn urgent_in_the_middle_of_a_text(world) {
        for urgent_at in [0, 5, 11] {
            let text = b"Hello there";
            let server = server(world);
            let client = client();
            put(&client, &[b"0011", &text[..urgent_at]].concat());
            // For the digits alone the server only peeks: they stay unread.
            until("the beginning is taken", || urgent_at == 0 || taken());
            urgent(&client, b'?');
            put(&client, &text[urgent_at..]);
            let mut answers = vec![0; "urgent\n11 of 11\n".len()];
            (&client).read_exact(&mut answers).expect("recv");
            drop(client);
            let assert = server.finish().success().stderr("");
            let said = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
            let mut lines: Vec<&str> = said.lines().collect();
            lines.sort_unstable();
            assert_eq!(lines, ["end", "message: 11 of 11 bytes: Hello there", "peeked: 0011", "urgent: ?"], "{urgent_at}");
        }
    }

    fn digits_that_are_none(world) {
        for (digits, expect) in [
            ("12ab", "recv error: no length: 12ab\n"),
            ("-001", "recv error: no length: -001\n"),
            ("12", "recv error: no length: 12\n"),
            ("\n\n\n\n", "recv error: no length: \\n\\n\\n\\n\n"),
        ] {
            let server = server(world);
            let client = client();
            put(&client, digits.as_bytes());
            // Four wrong digits are enough: the server may have gone already.
            let _ = client.shutdown(Shutdown::Write);
            server.finish().code(1).stdout("").stderr(expect);
        }
    }

    fn a_client_that_says_nothing(world) {
        let server = server(world);
        drop(client());
        server.finish().success().stdout("end\n");
    }

    fn failures_are_named(world) {
        let taken = TcpListener::bind(("0.0.0.0", PORT)).expect("the port");
        world.run("peek_server", &[], "").code(1).stdout("").stderr("bind error: Address already in use\n");
        drop(taken);
        for (inject, expect) in [
            ("socket:error=EMFILE", "socket error: Too many open files\n"),
            ("bind:error=EACCES", "bind error: Permission denied\n"),
            ("listen:error=EADDRINUSE", "listen error: Address already in use\n"),
        ] {
            if let Some(command) = world.injected(inject, "peek_server", &[]) {
                run(command, "").code(1).stdout("").stderr(expect);
            }
        }
        if let Some(command) = world.injected("recvfrom:error=EINTR:when=1..3", "peek_server", &[]) {
            let server = Running::start(command);
            until("peek_server listens", listens);
            let client = client();
            put(&client, b"0005hello");
            expect(&client, "5 of 5\n");
            drop(client);
            server.finish().success().stdout("peeked: 0005\nmessage: 5 of 5 bytes: hello\nend\n");
        }
    }
}
