//! `uc_server` and `uc_client`, as programs.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::Path;
use std::thread;

use crate::world::{LIMIT, Running, World, run, socket_files, until};
use nix::sys::signal::Signal;
use predicates::prelude::*;

const SERVER: &str = "/tmp/uc_srv_socket";

/// Ends the server as it is meant to be ended.
fn ended(server: Running, signal: Signal) -> assert_cmd::assert::Assert {
    server.signal(signal);
    let assert = server.finish();
    assert_eq!(socket_files(), Vec::<String>::new());
    assert
}

/// The server's line.
fn received(bytes: usize, from: &str) -> String {
    format!("server received {bytes} bytes from {from}\n")
}

/// A scripted client, bound to a name in the programs' folder: nothing is left when that goes.
fn peer(world: &World, name: &str) -> (UnixDatagram, String) {
    let path = world.folder().join(name);
    let socket = UnixDatagram::bind(&path).expect("bind");
    socket.set_read_timeout(Some(LIMIT)).expect("setsockopt");
    (socket, path.to_str().expect("text").to_owned())
}

fn reply(socket: &UnixDatagram) -> Vec<u8> {
    let mut buffer = [0; 100];
    loop {
        return match socket.recv(&mut buffer) {
            Ok(length) => buffer[..length].to_vec(),
            // A wait with a timeout is interrupted when the machine is frozen and thawed, signal(7).
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => panic!("recv: {error}"),
        };
    }
}

fn is_socket(path: &str) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

in_a_world! {
    fn hello_and_hello_worl(world) {
        let server = world.start_uc_server();
        let client = world.start("uc_client", &["hello", "hello world"]);
        let name = format!("/tmp/uc_cli_socket.{}", client.pid());
        client.finish().success().stderr("").stdout("HELLO\nHELLO WORL\n");
        assert_eq!(socket_files(), ["uc_srv_socket"], "the client's file is gone");
        ended(server, Signal::SIGTERM).success().stderr("")
            .stdout([received(5, &name), received(10, &name)].concat());
    }

    fn many_clients_one_after_another_and_at_once(world) {
        let server = world.start_uc_server();
        thread::scope(|scope| {
            for i in 0..10 {
                scope.spawn(move || {
                    let text = format!("client {i}");
                    for _ in 0..5 {
                        world.run("uc_client", &[&text, &text], "").success().stderr("")
                            .stdout(format!("CLIENT {i}\nCLIENT {i}\n"));
                    }
                });
            }
        });
        let assert = ended(server, Signal::SIGTERM).success().stderr("");
        let said = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
        assert_eq!(said.lines().count(), 100);
        assert!(said.lines().all(|line| line.starts_with("server received 8 bytes from /tmp/uc_cli_socket.")));
    }

    fn sigterm_and_sigint_end_the_server_and_remove_its_file(world) {
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            let server = world.start_uc_server();
            assert!(is_socket(SERVER));
            ended(server, signal).code(0).stdout("").stderr("");
        }
    }

    fn arguments_are_sent_whole_and_without_nul(world) {
        let server = UnixDatagram::bind(SERVER).expect("bind");
        thread::scope(|scope| {
            scope.spawn(|| {
                for expect in [&b"hello world"[..], b"", b"\xc3\xa4"] {
                    let mut buffer = [0; 100];
                    let (length, client) = server.recv_from(&mut buffer).expect("recv");
                    assert_eq!(&buffer[..length], expect);
                    server.send_to_addr(b"a\0b", &client).expect("send");
                }
            });
            // A reply is as long as it is: the NUL does not end it.
            world.run("uc_client", &["hello world", "", "ä"], "").success().stderr("")
                .stdout("a\0b\na\0b\na\0b\n");
        });
        fs::remove_file(SERVER).expect("unlink");
    }

    fn without_arguments_there_is_a_usage_line(world) {
        world.run("uc_client", &[], "").code(1).stdout("Usage: ./uc_client MSG...\n")
            .stderr(predicate::str::is_empty().not());
    }

    fn without_a_server_the_client_fails_and_leaves_nothing(world) {
        world.run("uc_client", &["hello"], "").code(1).stdout("")
            .stderr("sendto error: No such file or directory\n");
        assert_eq!(socket_files(), Vec::<String>::new());

        drop(UnixDatagram::bind(SERVER).expect("bind"));
        world.run("uc_client", &["hello"], "").code(1).stdout("")
            .stderr("sendto error: Connection refused\n");
        assert_eq!(socket_files(), ["uc_srv_socket"]);
        fs::remove_file(SERVER).expect("unlink");
    }

    fn a_client_that_waits_for_ever_can_be_ended_and_leaves_nothing(world) {
        let mute = UnixDatagram::bind(SERVER).expect("bind");
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            // Waits for a reply.
            let client = world.start("uc_client", &["hello"]);
            assert_eq!(reply(&mute), b"hello");
            client.signal(signal);
            client.finish().code(1).stderr("recvfrom error: ended by a signal\n");
            assert_eq!(socket_files(), ["uc_srv_socket"]);
        }
        // Waits for room in the server's queue.
        let filler = UnixDatagram::unbound().expect("a socket");
        filler.set_nonblocking(true).expect("fcntl");
        while filler.send_to(b"x", SERVER).is_ok() {}
        let client = world.start("uc_client", &["hello"]);
        let file = format!("/tmp/uc_cli_socket.{}", client.pid());
        until("the client is bound", || is_socket(&file));
        client.signal(Signal::SIGTERM);
        client.finish().code(1).stderr("sendto error: ended by a signal\n");
        assert_eq!(socket_files(), ["uc_srv_socket"]);
        fs::remove_file(SERVER).expect("unlink");
    }

    fn a_stale_socket_is_replaced(world) {
        drop(UnixDatagram::bind(SERVER).expect("bind"));
        assert!(is_socket(SERVER));
        let server = world.start_uc_server();
        world.run("uc_client", &["hello"], "").success().stdout("HELLO\n");
        ended(server, Signal::SIGTERM).success().stderr("");

        drop(UnixListener::bind(SERVER).expect("bind"));
        ended(world.start_uc_server(), Signal::SIGTERM).success().stderr("");
    }

    fn a_killed_server_can_be_started_again(world) {
        let server = world.start_uc_server();
        server.signal(Signal::SIGKILL);
        server.finish().interrupted();
        assert!(is_socket(SERVER));
        ended(world.start_uc_server(), Signal::SIGTERM).success().stderr("");
    }

    fn a_living_server_is_not_pushed_out(world) {
        let server = world.start_uc_server();
        world.run("uc_server", &[], "").code(1).stdout("").stderr("bind error: Address already in use\n");
        world.run("uc_client", &["still there"], "").success().stdout("STILL THER\n");
        ended(server, Signal::SIGTERM).success();
    }

    fn what_is_no_socket_is_not_deleted(world) {
        let refused = || {
            world.run("uc_server", &[], "").code(1).stdout("").stderr("bind error: Address already in use\n");
        };
        fs::write(SERVER, "precious").expect("write");
        refused();
        assert_eq!(fs::read_to_string(SERVER).expect("read"), "precious");
        fs::remove_file(SERVER).expect("unlink");

        fs::create_dir(SERVER).expect("mkdir");
        refused();
        fs::remove_dir(SERVER).expect("rmdir");

        let target = world.folder().join("target");
        fs::write(&target, "precious").expect("write");
        for (what, there) in [("a file", true), ("nothing", false)] {
            symlink(&target, SERVER).expect("symlink");
            refused();
            assert!(Path::new(SERVER).is_symlink(), "a link to {what}");
            assert_eq!(target.exists(), there, "a link to {what}");
            fs::remove_file(SERVER).expect("unlink");
            let _ = fs::remove_file(&target);
        }
    }

    fn a_file_that_took_the_servers_place_is_not_removed(world) {
        let server = world.start_uc_server();
        fs::remove_file(SERVER).expect("unlink");
        let successor = UnixDatagram::bind(SERVER).expect("bind");
        server.signal(Signal::SIGTERM);
        server.finish().success();
        assert!(is_socket(SERVER));
        drop(successor);
        fs::remove_file(SERVER).expect("unlink");
    }

    fn datagrams_of_every_kind(world) {
        let server = world.start_uc_server();
        let (socket, name) = peer(world, "peer");
        let mut expect = String::new();
        for (message, answer) in [
            (&b""[..], &b""[..]),
            (b"a", b"A"),
            (b"exactly 10", b"EXACTLY 10"),
            (b"eleven char", b"ELEVEN CHA"),
            (&[b'z'; 5000], b"ZZZZZZZZZZ"),
            (b"a\0b", b"A\0B"),
            (b"\xe4\xc3\xa4\xff z", b"\xe4\xc3\xa4\xff Z"),
            (b"@[`{", b"@[`{"),
        ] {
            socket.send_to(message, SERVER).expect("send");
            assert_eq!(reply(&socket), answer);
            expect.push_str(&received(answer.len(), &name));
        }
        ended(server, Signal::SIGTERM).success().stderr("").stdout(expect);
    }

    fn clients_that_cannot_be_answered_do_not_take_the_server_down(world) {
        let mut server = world.start_uc_server();
        let mut expect = String::new();
        // Without a name.
        UnixDatagram::unbound().expect("a socket").send_to(b"who?", SERVER).expect("send");
        expect.push_str(&received(4, "(unnamed)"));
        server.until(expect.trim_end());

        // Gone, with and without its file, before the server takes its message: it is stopped meanwhile.
        for (name, file_too) in [("refuses", false), ("missing", true)] {
            let (socket, name) = peer(world, name);
            server.signal(Signal::SIGSTOP);
            socket.send_to(b"bye", SERVER).expect("send");
            drop(socket);
            if file_too {
                fs::remove_file(&name).expect("unlink");
            }
            server.signal(Signal::SIGCONT);
            let line = received(3, &name);
            server.until(line.trim_end());
            expect.push_str(&line);
        }
        world.run("uc_client", &["still there"], "").success().stdout("STILL THER\n");

        let assert = ended(server, Signal::SIGTERM).success().stderr(
            "sendto error: the client has no name\n\
             sendto error: Connection refused\n\
             sendto error: No such file or directory\n",
        );
        assert.stdout(predicate::str::starts_with(expect));
    }

    fn a_client_without_a_file_is_answered(world) {
        let server = world.start_uc_server();
        let name = SocketAddr::from_abstract_name("ipclab-reference-test").expect("a name");
        let socket = UnixDatagram::bind_addr(&name).expect("bind");
        socket.send_to(b"hello", SERVER).expect("send");
        assert_eq!(reply(&socket), b"HELLO");
        ended(server, Signal::SIGTERM).success().stdout(received(5, "@ipclab-reference-test"));
    }

    fn a_client_that_does_not_read_holds_up_nobody_for_long(world) {
        let server = world.start_uc_server();
        let (mute, _) = peer(world, "peer");
        // Fills its own queue with answers, and goes on asking until the server has given one up.
        let queue: usize = fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen")
            .expect("/proc").trim().parse().expect("a number");
        for _ in 0..queue + 2 {
            mute.send_to(b"x", SERVER).expect("send");
        }
        world.run("uc_client", &["me too"], "").success().stdout("ME TOO\n");
        ended(server, Signal::SIGTERM).success()
            .stderr(predicate::str::contains("sendto error: the client does not read\n"));
    }

    fn interrupted_calls_are_made_again(world) {
        for call in ["poll", "recvfrom", "sendto"] {
            let inject = format!("{call}:error=EINTR:when=2..4");
            if let Some(command) = world.injected(&inject, "uc_server", &[]) {
                let server = Running::start(command);
                let probe = UnixDatagram::unbound().expect("a socket");
                until("uc_server can be reached", || probe.connect(SERVER).is_ok());
                world.run("uc_client", &["hello", "world"], "").success().stdout("HELLO\nWORLD\n");
                ended(server, Signal::SIGTERM).success().stderr("");
            }
            if let Some(command) = world.injected(&inject, "uc_client", &["hello", "world"]) {
                let server = world.start_uc_server();
                run(command, "").success().stderr("").stdout("HELLO\nWORLD\n");
                ended(server, Signal::SIGTERM).success();
            }
        }
    }

    fn each_call_that_fails_is_named_and_nothing_is_left(world) {
        for (name, call, errno, expect) in [
            ("uc_server", "socket", "EMFILE", "socket error: Too many open files\n"),
            ("uc_server", "bind", "EACCES", "bind error: Permission denied\n"),
            ("uc_client", "socket", "EMFILE", "socket error: Too many open files\n"),
            ("uc_client", "bind", "EROFS", "bind error: Read-only file system\n"),
            ("uc_client", "sendto", "ENOBUFS", "sendto error: No buffer space available\n"),
        ] {
            if let Some(command) = world.injected(&format!("{call}:error={errno}"), name, &["hello"]) {
                run(command, "").code(1).stdout("").stderr(expect);
                assert_eq!(socket_files(), Vec::<String>::new(), "{name} {call}");
            }
        }
        if let Some(command) = world.injected("recvfrom:error=ENOMEM", "uc_client", &["hello"]) {
            let server = world.start_uc_server();
            run(command, "").code(1).stdout("").stderr("recvfrom error: Cannot allocate memory\n");
            assert_eq!(socket_files(), ["uc_srv_socket"]);
            ended(server, Signal::SIGTERM).success();
        }
    }
}
