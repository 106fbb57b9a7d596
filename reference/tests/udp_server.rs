//! `udp_server` and `udp_client`, as programs.

use std::net::UdpSocket;

use crate::world::{World, run, sockets};
use predicates::prelude::*;

const BANNER: &str = "Created a socket with fd: 3\n\
    Let us wait for a remote client to send some data\n";
const READY: &str = "Let us wait for a remote client to send some data";

/// What `udp_server` prints for one datagram.
fn server_on(world: &World, datagram: &[u8]) -> Vec<u8> {
    let mut server = world.start("udp_server", &[]);
    server.until(READY);
    let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    peer.send_to(datagram, "127.0.0.1:7000").expect("sendto");
    let assert = server.finish().success().stderr("");
    assert.get_output().stdout.clone()
}

in_a_world! {
    fn mona_lisa_is_43_bytes(world) {
        let mut server = world.start("udp_server", &[]);
        server.until(READY);
        assert_eq!(sockets("udp", 7000)[0].0, "00000000", "bound to any address");
        world.run("udp_client", &[], "").success().stderr("").stdout(
            "Created a socket with fd: 3\n\
             Successfully sent data (len 43 bytes): Mona Lisa was painted by Leonardo da Vinci\n",
        );
        server.finish().success().stderr("").stdout(format!(
            "{BANNER}Received data (len 43 bytes): Mona Lisa was painted by Leonardo da Vinci\n"
        ));
        assert_eq!(sockets("udp", 7000), [], "the port is free again");
    }

    fn the_client_sends_one_datagram_with_its_nul(world) {
        let peer = UdpSocket::bind("127.0.0.1:7000").expect("the port");
        world.run("udp_client", &[], "").success();
        let mut buffer = [0; 100];
        let length = peer.recv(&mut buffer).expect("recv");
        assert_eq!(&buffer[..length], b"Mona Lisa was painted by Leonardo da Vinci\0");
        peer.set_nonblocking(true).expect("fcntl");
        assert!(peer.recv(&mut buffer).is_err(), "there is only one");
    }

    fn a_client_without_a_server_succeeds(world) {
        world.run("udp_client", &[], "").success().stderr("")
            .stdout(predicate::str::contains("Successfully sent data (len 43 bytes)"));
    }

    fn a_taken_port_is_refused(world) {
        let _taken = UdpSocket::bind("0.0.0.0:7000").expect("the port");
        world.run("udp_server", &[], "").code(1)
            .stderr("bind failed [Address already in use]\n")
            .stdout("Created a socket with fd: 3\n");
    }

    fn datagrams_of_every_kind(world) {
        let xs = |n| vec![b'x'; n];
        for (datagram, length, text) in [
            (b"no NUL".to_vec(), 6, b"no NUL".to_vec()),
            (b"text\0and more".to_vec(), 13, b"text".to_vec()),
            (Vec::new(), 0, Vec::new()),
            (b"\0".to_vec(), 1, Vec::new()),
            (b"\xff\xfe".to_vec(), 2, b"\xff\xfe".to_vec()),
            (xs(4999), 4999, xs(4999)),
            (xs(5000), 5000, xs(5000)),
            (xs(5001), 5000, xs(5000)),
            (xs(60_000), 5000, xs(5000)),
        ] {
            let head = format!("{BANNER}Received data (len {length} bytes): ");
            let expect = [head.as_bytes(), &text, b"\n"].concat();
            let printed = server_on(world, &datagram);
            assert_eq!(
                String::from_utf8_lossy(&printed),
                String::from_utf8_lossy(&expect),
                "a datagram of {} bytes", datagram.len()
            );
            assert_eq!(printed, expect);
        }
    }

    fn each_call_that_fails_is_named(world) {
        for (name, inject, expect) in [
            ("udp_server", "socket:error=EMFILE", "socket failed [Too many open files]\n"),
            ("udp_server", "bind:error=EACCES", "bind failed [Permission denied]\n"),
            ("udp_server", "recvfrom:error=ENOMEM", "recvfrom() failed [Cannot allocate memory]\n"),
            ("udp_client", "socket:error=EMFILE", "socket failed [Too many open files]\n"),
            ("udp_client", "sendto:error=ENETUNREACH", "sendto() failed [Network is unreachable]\n"),
        ] {
            if let Some(command) = world.injected(inject, name, &[]) {
                run(command, "").code(1).stderr(expect);
            }
        }
    }

    fn interrupted_calls_are_made_again(world) {
        let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        if let Some(command) = world.injected("recvfrom:error=EINTR:when=1..3", "udp_server", &[]) {
            let mut server = crate::world::Running::start(command);
            server.until(READY);
            peer.send_to(b"again\0", "127.0.0.1:7000").expect("sendto");
            server.finish().success().stderr("")
                .stdout(format!("{BANNER}Received data (len 6 bytes): again\n"));
        }
        if let Some(command) = world.injected("sendto:error=EINTR:when=1..3", "udp_client", &[]) {
            run(command, "").success().stderr("").stdout(predicate::str::contains("len 43 bytes"));
        }
    }
}
