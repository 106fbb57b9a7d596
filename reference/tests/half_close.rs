//! `half_close`, as a program.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;

use crate::world::{LIMIT, World, run};
use assert_cmd::assert::Assert;
use nix::sys::socket::{setsockopt, sockopt};
use predicates::prelude::*;

const TRANSCRIPT: &str = "shutdown 0: received 0 bytes\n\
    shutdown 0: sent 10 bytes\n\
    shutdown 1: sent 8 bytes\n\
    shutdown 1: send: Broken pipe\n\
    shutdown 1: received 6 bytes: answer\n\
    shutdown 2: send: Broken pipe\n\
    shutdown 2: received 0 bytes\n";

fn until_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.set_read_timeout(Some(LIMIT)).expect("setsockopt");
    stream.read_to_end(&mut bytes).expect("recv");
    bytes
}

/// The other side: what it gets on the three connections, and `answer` on the second.
fn other_side(listener: &TcpListener, answer: impl FnOnce(&mut TcpStream)) -> [Vec<u8>; 3] {
    let next = || listener.accept().expect("accept").0;
    let first = until_end(&mut next());
    let mut second = next();
    let question = until_end(&mut second);
    answer(&mut second);
    drop(second);
    [first, question, until_end(&mut next())]
}

/// Runs `half_close` with such an answer; it has to make its three connections.
fn with_answer(world: &World, answer: impl FnOnce(&mut TcpStream) + Send) -> Assert {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port().to_string();
    thread::scope(|scope| {
        let server = scope.spawn(|| other_side(&listener, answer));
        let assert = world.run("half_close", &["127.0.0.1", &port], "");
        let got = server.join().expect("the other side");
        assert_eq!(got, [&b"still here"[..], b"question", b""].map(Vec::from));
        assert
    })
}

in_a_world! {
    fn the_three_ways(world) {
        with_answer(world, |stream| stream.write_all(b"answer").expect("send"))
            .success().stderr("").stdout(TRANSCRIPT);
    }

    fn answers_in_pieces_long_ones_and_none(world) {
        with_answer(world, |stream| {
            for piece in [&b"an"[..], b"sw", b"er"] {
                stream.set_nodelay(true).expect("setsockopt");
                stream.write_all(piece).expect("send");
            }
        }).success().stdout(TRANSCRIPT);
        let long = "long ".repeat(20_000);
        with_answer(world, |stream| stream.write_all(long.as_bytes()).expect("send"))
            .success().stdout(predicate::str::contains(format!("shutdown 1: received 100000 bytes: {long}\n")));
        with_answer(world, |_| ()).success().stdout(predicate::str::contains("shutdown 1: received 0 bytes: \n"));
    }

    fn a_reset_in_place_of_an_answer_is_an_error(world) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port().to_string();
        thread::scope(|scope| {
            scope.spawn(|| {
                until_end(&mut listener.accept().expect("accept").0);
                let mut second = listener.accept().expect("accept").0;
                until_end(&mut second);
                let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
                setsockopt(&second.as_fd(), sockopt::Linger, &at_once).expect("setsockopt");
            });
            // It may come before the send that has to fail, or behind it.
            world.run("half_close", &["127.0.0.1", &port], "").code(1)
                .stderr(predicate::in_iter(["recv", "send"].map(|call| format!("{call} error: Connection reset by peer\n"))))
                .stdout(predicate::str::contains("shutdown 1: received").not());
        });
    }

    fn what_is_asked_for_wrongly_is_refused(world) {
        for args in [&[][..], &["127.0.0.1"], &["127.0.0.1", "1", "2"]] {
            world.run("half_close", args, "").code(1).stdout("Usage: ./half_close HOST PORT\n")
                .stderr("half_close: a host and a port are wanted\n");
        }
        for port in ["0", "65536", "-1", "x", ""] {
            world.run("half_close", &["127.0.0.1", port], "").code(1).stdout("")
                .stderr(format!("half_close: {port} is no port (1 to 65535)\n"));
        }
        world.run("half_close", &["no-such-host.invalid", "7200"], "").code(1).stdout("")
            .stderr(predicate::str::starts_with("getaddrinfo error: "));
    }

    fn nobody_listens(world) {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("a port").port().to_string()
        };
        world.run("half_close", &["127.0.0.1", &port], "").code(1).stdout("")
            .stderr("connect error: Connection refused\n");
    }

    fn calls_that_fail_are_named(world) {
        for (inject, expect) in [
            ("socket:error=EMFILE", "socket error: Too many open files\n"),
            ("shutdown:error=ENOTCONN", "shutdown error: Transport endpoint is not connected\n"),
            ("sendto:error=ENOBUFS:when=1", "send error: No buffer space available\n"),
            ("recvfrom:error=ECONNRESET:when=1", "recv error: Connection reset by peer\n"),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("a port").port().to_string();
            if let Some(command) = world.injected(inject, "half_close", &["127.0.0.1", &port]) {
                run(command, "").code(1).stderr(expect);
            }
        }
    }
}
