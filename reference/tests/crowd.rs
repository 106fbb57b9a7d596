//! `select_server`, `poll_server`, `lookup` and `sockopt_report`, as programs.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use nix::sys::signal::Signal;
use predicates::prelude::*;
use predicates::str::{contains, is_match};

const SERVERS: [&str; 2] = ["select_server", "poll_server"];

fn client() -> TcpStream {
    let client = TcpStream::connect("127.0.0.1:9000").expect("connect");
    client
        .set_read_timeout(Some(crate::world::LIMIT))
        .expect("setsockopt");
    client
}

fn echoes(client: &mut TcpStream, text: &str) {
    client.write_all(text.as_bytes()).expect("send");
    let mut echo = vec![0; text.len()];
    client.read_exact(&mut echo).expect("recv");
    assert_eq!(echo, text.as_bytes());
}

in_a_world! {
    fn a_silent_and_a_deaf_client_stall_nobody(world) {
        for name in SERVERS {
            let mut server = world.start(name, &["9000"]);
            server.until("listening on port 9000");
            let mut silent = client();
            let mut deaf = client();
            deaf.set_nonblocking(true).expect("fcntl");
            while deaf.write(&[b'x'; 65536]).is_ok() {}
            let mut quick = client();
            echoes(&mut quick, "half a line");
            quick.shutdown(Shutdown::Write).expect("shutdown");
            assert_eq!(quick.read_to_end(&mut Vec::new()).expect("recv"), 0);
            echoes(&mut silent, "at last");
            server.signal(Signal::SIGTERM);
            server.finish().success().stdout("listening on port 9000\n");
            // What the server has closed waits in TIME_WAIT, and is in no later server's way.
        }
    }

    fn two_hundred_clients_are_each_served(world) {
        for name in SERVERS {
            let mut server = world.start(name, &["9000"]);
            server.until("listening on port 9000");
            let mut all: Vec<TcpStream> = (0..200).map(|_| client()).collect();
            for (nth, client) in all.iter_mut().enumerate() {
                echoes(client, &format!("client {nth}"));
            }
            drop(all);
            echoes(&mut client(), "one more");
            server.signal(Signal::SIGINT);
            server.finish().success().stderr("");
        }
    }

    fn servers_refuse_what_is_no_port_and_say_so_when_one_is_taken(world) {
        let mut first = world.start("select_server", &["9000"]);
        first.until("listening on port 9000");
        for name in SERVERS {
            world.run(name, &["9000"], "").code(1).stdout("").stderr("bind: Address already in use\n");
            for args in [&["0"][..], &["65536"], &["x"], &["-1"], &["9x"], &[], &["9000", "9001"]] {
                world.run(name, args, "").code(1).stdout("").stderr(format!("Usage: ./{name} PORT\n"));
            }
        }
        first.signal(Signal::SIGTERM);
        first.finish().success();
    }

    fn names_and_addresses_are_looked_up(world) {
        world.run("lookup", &[], "").code(1).stdout("").stderr("Usage: ./lookup NAME_OR_ADDRESS\n");
        world.run("lookup", &["no-such-host.invalid"], "").code(1).stdout("")
            .stderr(contains("no-such-host.invalid"));
        if !world.is_isolated() {
            return;
        }
        world.run("lookup", &["bakawali"], "").success().stderr("")
            .stdout("name: localhost\nalias: bakawali\naddress: 127.0.0.1\n");
        world.run("lookup", &["127.0.0.1"], "").success().stderr("")
            .stdout("name: localhost\naddress: 127.0.0.1\n");
        world.run("lookup", &["twofold"], "").success().stdout(
            contains("name: twofold\n").and(contains("address: 127.0.0.1\n")).and(contains("address: ::1\n")),
        );
        world.run("lookup", &["0:0:0::1"], "").success().stdout("name: twofold\naddress: ::1\n");
        world.run("lookup", &["127.9.9.9"], "").code(1).stdout("").stderr(contains("lookup 127.9.9.9: "));
        world.run("lookup", &["300.1.2.3"], "").code(1).stdout("").stderr(contains("lookup 300.1.2.3: "));
    }

    fn options_are_told_before_and_after(world) {
        let transcript = r"\Astream SO_TYPE: 1
datagram SO_TYPE: 2
SO_REUSEADDR before: 0
SO_REUSEADDR after: 1
SO_KEEPALIVE before: 0
SO_KEEPALIVE after: 1
SO_BROADCAST before: 0
SO_BROADCAST after: 1
SO_LINGER before: 0 0
SO_LINGER after: 1 5
SO_RCVBUF before: \d+
SO_RCVBUF asked: 10000
SO_RCVBUF after: 20000
SO_SNDBUF before: \d+
SO_SNDBUF asked: 10000
SO_SNDBUF after: 20000
SO_ERROR: 111 \(Connection refused\)
SO_ERROR again: 0
\z";
        world.run("sockopt_report", &[], "").success().stderr("").stdout(is_match(transcript).expect("a pattern"));
        world.run("sockopt_report", &["50000"], "").success()
            .stdout(contains("SO_RCVBUF asked: 50000\nSO_RCVBUF after: 100000\n"));
        for bytes in ["0", "-1", "x", "2147483648"] {
            world.run("sockopt_report", &[bytes], "").code(1).stdout("").stderr("Usage: ./sockopt_report [BYTES]\n");
        }
    }
}
