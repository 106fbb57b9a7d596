//! `iserver` and `comclient`, as programs.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;

use crate::world::{LIMIT, Running, World, run, sockets, until};
use assert_cmd::assert::Assert;
use nix::sys::signal::Signal;
use nix::sys::socket::{setsockopt, sockopt};
use predicates::prelude::*;

const USAGE: &str = "Usage: ./iserver <The_number_of_client_connection else 1 will be used>\n";
const STUPID: &str = "This is a test message from a stupid client lol!";
const READY: &str = " waiting on accept()";
const BANNER: &str = "Iserver - socket() is OK\n\
    Binding the socket...\n\
    Iserver - bind() is OK\n\
    Iserver - listen() is OK\n\
    The Iserver is ready!\n";

/// The server's lines for one connection, up to the message.
fn accepted(iteration: u32) -> String {
    format!(
        "Iteration: #{iteration}\n \
         waiting on accept()\n\
         accept() is OK and completed successfully!\n\
         I am waiting client(s) to send message(s) to me...\n"
    )
}

/// The server's lines for one connection.
fn served(iteration: u32, message: &str) -> String {
    format!(
        "{}The message from client: \"{message}\"\n\
         Echoing it back to client...\n\
         Iserver - send() is OK.\n",
        accepted(iteration)
    )
}

/// The client's lines for one message.
fn talked(host: &str, message: &str) -> String {
    let bytes = message.len() + 1;
    format!(
        "client - socket() is OK.\n\
         client - connect() is OK.\n\
         connect() completed successfully.\n\
         Connection with {host} using port 12345 established!\n\
         Enter message to be sent to server:\n\
         client - send() is OK.\n\
         {bytes} bytes sent.\n\
         client - recv() is OK.\n\
         The sent message: \"{message}\" successfully received by server and echoed back to client!\n\
         {bytes} bytes received.\n"
    )
}

fn iserver(world: &World, args: &[&str]) -> Running {
    ready(world.start("iserver", args))
}

fn ready(mut server: Running) -> Running {
    server.until(READY);
    server
}

fn connect() -> TcpStream {
    let peer = TcpStream::connect("127.0.0.1:12345").expect("connect");
    peer.set_read_timeout(Some(LIMIT)).expect("setsockopt");
    peer.set_write_timeout(Some(LIMIT)).expect("setsockopt");
    peer
}

fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:12345").expect("the port")
}

/// Sends, and reads exactly as much back.
fn echo(peer: &mut TcpStream, bytes: &[u8]) {
    peer.write_all(bytes).expect("send");
    let mut back = vec![0; bytes.len()];
    peer.read_exact(&mut back).expect("recv");
    assert_eq!(back, bytes);
}

fn read_to_end(peer: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).expect("recv");
    rest
}

/// Closes with RST instead of FIN.
fn reset(peer: TcpStream) {
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    setsockopt(&peer.as_fd(), sockopt::Linger, &at_once).expect("setsockopt");
}

/// Runs `comclient` against `serve`, which is given the one connection.
fn comclient_with(world: &World, line: &str, serve: impl FnOnce(TcpStream) + Send) -> Assert {
    let listener = listen();
    thread::scope(|scope| {
        scope.spawn(move || serve(listener.accept().expect("accept").0));
        world.run("comclient", &["127.0.0.1"], line)
    })
}

in_a_world! {
    fn the_units_message_is_49_bytes(world) {
        let server = iserver(world, &[]);
        world.run("comclient", &[world.host()], format!("{STUPID}\n"))
            .success().stderr("").stdout(talked(world.host(), STUPID))
            .stdout(predicate::str::contains("49 bytes sent.").and(predicate::str::contains("49 bytes received.")));
        server.finish().success().stderr("").stdout(format!("{USAGE}{BANNER}{}", served(1, STUPID)));
        assert!(!sockets("tcp", 12345).iter().any(|s| s.1 == "0A"), "nobody listens any more");
    }

    fn two_clients_of_16_bytes_and_no_third(world) {
        let mut server = iserver(world, &["2"]);
        assert_eq!(sockets("tcp", 12345)[0].0, "00000000", "bound to any address");
        for (message, next) in [("Test message #1", "Iteration: #2"), ("Test message #2", "Iserver - send() is OK.")] {
            world.run("comclient", &["127.0.0.1"], format!("{message}\n"))
                .success().stderr("").stdout(talked("127.0.0.1", message))
                .stdout(predicate::str::contains("16 bytes sent.").and(predicate::str::contains("16 bytes received.")));
            server.until(next);
        }
        let expect = [BANNER, &served(1, "Test message #1"), &served(2, "Test message #2")].concat();
        server.finish().success().stderr("").stdout(expect);
        world.run("comclient", &["127.0.0.1"], "third\n").code(1)
            .stderr("client - connect() error: Connection refused\n");
    }

    fn the_message_on_the_wire_is_its_text_and_nul(world) {
        let assert = comclient_with(world, "one line\nanother\n", |mut peer| {
            let mut message = [0; 9];
            peer.read_exact(&mut message).expect("recv");
            assert_eq!(&message, b"one line\0");
            peer.write_all(&message).expect("send");
            assert_eq!(read_to_end(&mut peer), b"", "and nothing behind it");
        });
        assert.success().stdout(talked("127.0.0.1", "one line"));
    }

    fn a_taken_port_is_refused(world) {
        let _taken = TcpListener::bind("0.0.0.0:12345").expect("the port");
        world.run("iserver", &["1"], "").code(1)
            .stdout("Iserver - socket() is OK\nBinding the socket...\n")
            .stderr("Iserver - bind() error: Address already in use\n");
    }

    fn a_client_needs_a_server_and_an_argument(world) {
        world.run("comclient", &["127.0.0.1"], "hello\n").code(1)
            .stdout("client - socket() is OK.\n")
            .stderr("client - connect() error: Connection refused\n");
        for args in [&[][..], &["127.0.0.1", "too many"]] {
            world.run("comclient", args, "hello\n").code(1)
                .stdout("Usage: ./comclient <Server_name or Server_IP_address>\n")
                .stderr(predicate::str::is_empty().not());
        }
    }

    fn a_number_of_connections_is_from_1_up(world) {
        for n in ["0", "-1", "x", "", "2x", "1.5", "99999999999999999999"] {
            world.run("iserver", &[n], "").code(1).stdout("")
                .stderr(predicate::str::starts_with("Iserver - argument error: "));
        }
    }

    fn a_restart_does_not_wait_for_time_wait(world) {
        for _ in 0..3 {
            let server = iserver(world, &["1"]);
            let mut peer = connect();
            echo(&mut peer, b"again\0");
            // The side that closes first is the one that waits: here the server.
            assert_eq!(read_to_end(&mut peer), b"");
            drop(peer);
            server.finish().success();
            let time_wait = || sockets("tcp", 12345).iter().any(|s| s.1 == "06");
            until("the connection is in TIME_WAIT", time_wait);
        }
    }

    fn lines_of_every_length_are_sent_and_echoed_whole(world) {
        for length in [0, 1, 98, 99, 100, 101, 199, 200, 5000, 70_000, 8 << 20] {
            let message = "x".repeat(length);
            let server = iserver(world, &["1"]);
            let expect = talked("127.0.0.1", &message);
            let assert = world.run("comclient", &["127.0.0.1"], format!("{message}\n")).success().stderr("");
            assert!(assert.get_output().stdout == expect.as_bytes(), "{length} characters");
            let assert = server.finish().success().stderr("");
            let expect = [BANNER, &served(1, &message)].concat();
            assert!(assert.get_output().stdout == expect.as_bytes(), "{length} characters");
        }
    }

    fn a_server_that_echoes_in_small_pieces_does_not_block_a_long_message(world) {
        let message = "x".repeat(16 << 20);
        let assert = comclient_with(world, &message, |mut peer| {
            let mut piece = [0; 100];
            loop {
                let length = peer.read(&mut piece).expect("recv");
                peer.write_all(&piece[..length]).expect("send");
                if length == 0 || piece[..length].contains(&0) {
                    break;
                }
            }
        });
        let expect = talked("127.0.0.1", &message);
        assert!(assert.success().stderr("").get_output().stdout == expect.as_bytes());
    }

    fn a_client_that_reads_last_does_not_block_a_long_message(world) {
        let server = iserver(world, &["1"]);
        echo(&mut connect(), &[vec![b'x'; 16 << 20], vec![0]].concat());
        server.finish().success().stderr("");
    }

    fn a_message_in_two_pieces_is_one_message(world) {
        let server = iserver(world, &["1"]);
        let mut peer = connect();
        // Its echo shows that the first piece was received on its own.
        echo(&mut peer, b"hal");
        echo(&mut peer, b"lo\0");
        assert_eq!(read_to_end(&mut peer), b"");
        server.finish().success().stderr("").stdout([BANNER, &served(1, "hallo")].concat());
    }

    fn a_message_byte_by_byte_is_one_message(world) {
        let server = iserver(world, &["1"]);
        let mut peer = connect();
        for byte in b"byte by byte\0" {
            echo(&mut peer, &[*byte]);
        }
        server.finish().success().stderr("").stdout([BANNER, &served(1, "byte by byte")].concat());
    }

    fn a_message_without_nul_is_echoed_and_ends_with_its_sender(world) {
        for length in [1, 48, 99, 100, 101, 8192] {
            let message = "x".repeat(length);
            let server = iserver(world, &["1"]);
            let mut peer = connect();
            echo(&mut peer, message.as_bytes());
            peer.shutdown(Shutdown::Write).expect("shutdown");
            assert_eq!(read_to_end(&mut peer), b"", "no byte more than was sent");
            server.finish().success().stderr("").stdout([BANNER, &served(1, &message)].concat());
        }
    }

    fn bytes_behind_the_nul_are_echoed_and_not_printed(world) {
        let server = iserver(world, &["1"]);
        let mut peer = connect();
        let padded = [&b"padded\0"[..], &[b'?'; 93]].concat();
        echo(&mut peer, &padded);
        server.finish().success().stderr("").stdout([BANNER, &served(1, "padded")].concat());
    }

    fn an_echo_in_two_pieces_is_one_echo(world) {
        let assert = comclient_with(world, STUPID, |mut peer| {
            let mut message = [0; 49];
            peer.read_exact(&mut message).expect("recv");
            let port = peer.peer_addr().expect("getpeername").port();
            peer.write_all(&message[..20]).expect("send");
            // The second piece sets out when the client has taken the first out of its queue.
            until("the client has received the first piece", || {
                sockets("tcp", port).iter().all(|s| s.2 == 0)
            });
            peer.write_all(&message[20..]).expect("send");
        });
        assert.success().stderr("").stdout(talked("127.0.0.1", STUPID));
    }

    fn an_echo_that_ends_early_or_is_too_long_is_an_error(world) {
        comclient_with(world, "hello\n", |mut peer| {
            peer.read_exact(&mut [0; 6]).expect("recv");
            peer.write_all(b"hel").expect("send");
        })
        .code(1).stderr("client - recv() error: the server closed after 3 of 6 bytes\n")
        .stdout(predicate::str::contains("6 bytes sent.\n").and(predicate::str::contains("received").not()));

        comclient_with(world, "hello\n", |mut peer| {
            peer.read_exact(&mut [0; 6]).expect("recv");
            peer.write_all(&[b'x'; 100]).expect("send");
            let _ = peer.read_to_end(&mut Vec::new());
        })
        .code(1).stderr("client - recv() error: 100 bytes came back for 6 sent\n");

        comclient_with(world, "hello\n", |mut peer| {
            peer.read_exact(&mut [0; 6]).expect("recv");
            reset(peer);
        })
        .code(1).stderr("client - recv() error: Connection reset by peer\n");
    }

    fn what_is_printed_is_what_came_back(world) {
        comclient_with(world, "hello\n", |mut peer| {
            peer.read_exact(&mut [0; 6]).expect("recv");
            peer.write_all(b"HELLO\0").expect("send");
        })
        .success().stdout(predicate::str::contains("The sent message: \"HELLO\" successfully"));
    }

    fn rude_clients_count_and_do_not_take_the_server_down(world) {
        let mut server = iserver(world, &["5"]);
        drop(connect());
        server.until("Iteration: #2");
        // Half a message and a reset.
        let mut peer = connect();
        echo(&mut peer, b"hal");
        reset(peer);
        server.until("Iteration: #3");
        // A reset before a word.
        reset(connect());
        server.until("Iteration: #4");
        // A message of more than the socket buffers hold, and gone while it is echoed.
        let mut peer = connect();
        peer.write_all(&[b'x'; 1 << 20]).expect("send");
        reset(peer);
        server.until("Iteration: #5");
        world.run("comclient", &["127.0.0.1"], "still there?\n").success();

        let assert = server.finish().success();
        let output = assert.get_output();
        let complaints = String::from_utf8(output.stderr.clone()).expect("text");
        let lines: Vec<&str> = complaints.lines().collect();
        assert_eq!(lines.len(), 4, "{complaints}");
        assert_eq!(lines[0], "Iserver - recv() error: the client left without a message");
        assert_eq!(lines[1], "Iserver - recv() error: Connection reset by peer");
        assert_eq!(lines[2], "Iserver - recv() error: Connection reset by peer");
        assert!(lines[3].contains("() error: "), "{complaints}");
        let expect = format!("{BANNER}{}{}{}{}{}", accepted(1), accepted(2), accepted(3), accepted(4), served(5, "still there?"));
        assert_eq!(String::from_utf8_lossy(&output.stdout), expect);
    }

    fn input_that_is_no_line(world) {
        let server = iserver(world, &["3"]);
        // Nothing at all: an error, and nothing is sent.
        world.run("comclient", &["127.0.0.1"], "").code(1)
            .stderr("client - read() error: end of file, no message\n")
            .stdout(predicate::str::ends_with("Enter message to be sent to server:\n"));
        // An empty line: a message of one byte.
        world.run("comclient", &["127.0.0.1"], "\n").success().stdout(talked("127.0.0.1", ""));
        // A last line without its newline.
        world.run("comclient", &["127.0.0.1"], "no newline").success().stdout(talked("127.0.0.1", "no newline"));
        server.finish().success()
            .stderr("Iserver - recv() error: the client left without a message\n");
    }

    fn text_is_bytes_and_ends_at_its_nul(world) {
        let server = iserver(world, &["1"]);
        let assert = world.run("comclient", &["127.0.0.1"], &b"\xff\xfe\r\0hidden\n"[..]).success();
        let said = &assert.get_output().stdout;
        let expect = b"The sent message: \"\xff\xfe\r\" successfully";
        assert!(said.windows(expect.len()).any(|w| w == expect));
        assert!(String::from_utf8_lossy(said).contains("4 bytes sent."));
        server.finish().success();
    }

    fn the_client_connects_to_its_host(world) {
        // Another process has the port on another address of this machine.
        let _other = listen();
        let listener = TcpListener::bind("127.0.0.2:12345").expect("the port");
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut peer = listener.accept().expect("accept").0;
                let mut message = [0; 3];
                peer.read_exact(&mut message).expect("recv");
                peer.write_all(&message).expect("send");
            });
            world.run("comclient", &["127.0.0.2"], "hi\n").success().stdout(talked("127.0.0.2", "hi"));
        });
    }

    fn an_unknown_host_is_an_error(world) {
        for host in ["nobody.invalid", "", "no such host", "1.2.3.4.5"] {
            world.run("comclient", &[host], "hi\n").code(1).stdout("")
                .stderr(predicate::str::starts_with("client - getaddrinfo() error: ")
                    .and(predicate::str::contains("failed to lookup").not()));
        }
    }

    fn ipv6_and_the_second_address_of_a_host(world) {
        let Ok(listener) = TcpListener::bind("[::1]:12345") else {
            eprintln!("no IPv6 here");
            return;
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut peer = listener.accept().expect("accept").0;
                let mut message = [0; 3];
                peer.read_exact(&mut message).expect("recv");
                peer.write_all(&message).expect("send");
            });
            world.run("comclient", &["::1"], "hi\n").success().stderr("").stdout(talked("::1", "hi"));
        });
        drop(listener);
        if world.is_isolated() {
            // Its first address is ::1, where no process listens.
            let server = iserver(world, &["1"]);
            world.run("comclient", &["twofold"], "hi\n").success().stderr("").stdout(talked("twofold", "hi"));
            server.finish().success();
        }
    }

    fn a_closed_stdout_stops_nobody(world) {
        for close in ["./iserver 1 >&-", "./iserver 1 2>&- >/dev/full", "./iserver 1 | true"] {
            let server = Running::start(world.tool("sh", &["-c", close]));
            until("the server listens", || sockets("tcp", 12345).iter().any(|s| s.1 == "0A"));
            echo(&mut connect(), b"hello\0");
            server.finish().success();
            until("the server is gone", || !sockets("tcp", 12345).iter().any(|s| s.1 == "0A"));
        }
    }

    fn stopped_and_continued_the_server_serves_on(world) {
        let server = iserver(world, &["1"]);
        server.signal(Signal::SIGSTOP);
        let mut peer = connect();
        server.signal(Signal::SIGCONT);
        echo(&mut peer, b"hello\0");
        server.finish().success().stderr("").stdout([BANNER, &served(1, "hello")].concat());
    }

    fn interrupted_calls_are_made_again(world) {
        for call in ["accept4", "recvfrom", "sendto"] {
            let inject = format!("{call}:error=EINTR:when=1..3");
            if let Some(command) = world.injected(&inject, "iserver", &["1"]) {
                let server = ready(Running::start(command));
                world.run("comclient", &["127.0.0.1"], "again\n").success();
                server.finish().success().stderr("").stdout([BANNER, &served(1, "again")].concat());
            }
        }
        for call in ["connect", "recvfrom", "sendto"] {
            let inject = format!("{call}:error=EINTR:when=1..3");
            if let Some(command) = world.injected(&inject, "comclient", &["127.0.0.1"]) {
                let server = iserver(world, &["1"]);
                run(command, "again\n").success().stderr("").stdout(talked("127.0.0.1", "again"));
                server.finish().success();
            }
        }
    }

    fn each_call_that_fails_is_named(world) {
        for (call, errno, message) in [
            ("socket", "EMFILE", "Too many open files"),
            ("setsockopt", "ENOMEM", "Cannot allocate memory"),
            ("bind", "EACCES", "Permission denied"),
            ("listen", "EADDRINUSE", "Address already in use"),
        ] {
            if let Some(command) = world.injected(&format!("{call}:error={errno}"), "iserver", &["1"]) {
                run(command, "").code(1)
                    .stderr(format!("Iserver - {call}() error: {message}\n"))
                    .stdout(predicate::str::contains("ready").not());
            }
        }
        if let Some(command) = world.injected("accept4:error=EMFILE", "iserver", &["1"]) {
            run(command, "").code(1).stderr("Iserver - accept() error: Too many open files\n");
        }
        for (call, errno, message) in [
            ("socket", "ENOBUFS", "No buffer space available"),
            ("connect", "ETIMEDOUT", "Connection timed out"),
        ] {
            if let Some(command) = world.injected(&format!("{call}:error={errno}"), "comclient", &["127.0.0.1"]) {
                run(command, "hi\n").code(1).stderr(format!("client - {call}() error: {message}\n"));
            }
        }
        for (call, name) in [("sendto", "send"), ("recvfrom", "recv")] {
            if let Some(command) = world.injected(&format!("{call}:error=ECONNRESET"), "comclient", &["127.0.0.1"]) {
                let server = iserver(world, &["1"]);
                run(command, "hi\n").code(1)
                    .stderr(format!("client - {name}() error: Connection reset by peer\n"));
                server.finish().success();
            }
        }
    }
}
