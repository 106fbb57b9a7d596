//! `sp_server` and `sp_client`, as programs.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::thread;

use crate::world::{Running, World, run, socket_files, until};
use nix::sys::signal::Signal;
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, Shutdown, SockFlag, SockType, UnixAddr, accept, bind,
    connect, listen, recv, send, shutdown, socket,
};
use predicates::prelude::*;

const SERVER: &str = "/tmp/sp_srv_socket";

fn seqpacket() -> OwnedFd {
    let none = SockFlag::empty();
    socket(AddressFamily::Unix, SockType::SeqPacket, none, None).expect("a socket")
}

fn address() -> UnixAddr {
    UnixAddr::new(SERVER).expect("an address")
}

/// Starts the server and waits until it listens.
fn server(world: &World) -> Running {
    let server = world.start("sp_server", &[]);
    until("sp_server listens", || {
        let table = fs::read_to_string("/proc/net/unix").expect("/proc/net/unix");
        let is_it = |row: &str| row.ends_with(SERVER) && row.contains(" 00010000 ");
        table.lines().any(is_it)
    });
    server
}

fn client() -> OwnedFd {
    let client = seqpacket();
    connect(client.as_raw_fd(), &address()).expect("connect");
    client
}

fn put(socket: &OwnedFd, record: &[u8]) {
    let sent = send(socket.as_raw_fd(), record, MsgFlags::MSG_NOSIGNAL).expect("send");
    assert_eq!(sent, record.len());
}

fn take(socket: &OwnedFd) -> Vec<u8> {
    let mut room = [0; 100];
    let length = recv(socket.as_raw_fd(), &mut room, MsgFlags::empty()).expect("recv");
    room[..length].to_vec()
}

fn nothing_is_left() {
    assert_eq!(socket_files(), Vec::<String>::new());
}

in_a_world! {
    fn records_whole_and_cut(world) {
        let server = server(world);
        world.run("sp_client", &["hello", "sixteen bytes ok", "a record that is too long"], "")
            .success().stderr("").stdout("5 bytes\n16 bytes\n16 bytes, cut\n");
        server.finish().success().stderr("").stdout(
            "record 1: 5 bytes: hello\n\
             record 2: 16 bytes: sixteen bytes ok\n\
             record 3: 16 bytes, cut: a record that is\n\
             end after 3 records\n",
        );
        nothing_is_left();
    }

    fn records_that_wait_together_stay_apart(world) {
        let server = server(world);
        let client = client();
        server.signal(Signal::SIGSTOP);
        for record in [&b"a"[..], b"bc", b"def"] {
            put(&client, record);
        }
        server.signal(Signal::SIGCONT);
        assert_eq!([take(&client), take(&client), take(&client)], [b"1 bytes", b"2 bytes", b"3 bytes"]);
        drop(client);
        server.finish().success().stdout(
            "record 1: 1 bytes: a\nrecord 2: 2 bytes: bc\nrecord 3: 3 bytes: def\nend after 3 records\n",
        );
    }

    fn a_record_without_bytes_is_not_the_end(world) {
        let server = server(world);
        world.run("sp_client", &["", "a", ""], "").success().stdout("0 bytes\n1 bytes\n0 bytes\n");
        server.finish().success().stdout(
            "record 1: 0 bytes: \nrecord 2: 1 bytes: a\nrecord 3: 0 bytes: \nend after 3 records\n",
        );

        // Sent before the server has accepted, and thus before it asks for credentials.
        let server = self::server(world);
        server.signal(Signal::SIGSTOP);
        let client = client();
        put(&client, b"");
        put(&client, b"x");
        drop(client);
        server.signal(Signal::SIGCONT);
        server.finish().success().stdout("record 1: 0 bytes: \nrecord 2: 1 bytes: x\nend after 2 records\n");
    }

    fn a_client_that_leaves_or_does_not_listen_costs_its_answers_only(world) {
        let server = server(world);
        let client = client();
        shutdown(client.as_raw_fd(), Shutdown::Read).expect("shutdown");
        put(&client, b"one");
        put(&client, b"two");
        drop(client);
        server.finish().success()
            .stdout("record 1: 3 bytes: one\nrecord 2: 3 bytes: two\nend after 2 records\n")
            .stderr("send error: Broken pipe\nsend error: Broken pipe\n");

        // Answers unread: the connection is reset, and what was sent is there all the same.
        let mut server = self::server(world);
        let client = self::client();
        put(&client, b"one");
        server.until("record 1: 3 bytes: one");
        let mut waiting = [nix::poll::PollFd::new(std::os::fd::AsFd::as_fd(&client), nix::poll::PollFlags::POLLIN)];
        nix::poll::poll(&mut waiting, nix::poll::PollTimeout::NONE).expect("poll");
        server.signal(Signal::SIGSTOP);
        put(&client, b"two");
        drop(client);
        server.signal(Signal::SIGCONT);
        server.finish().success()
            .stdout("record 1: 3 bytes: one\nrecord 2: 3 bytes: two\nend after 2 records\n")
            .stderr(predicate::str::starts_with("recvmsg error: Connection reset by peer\n"));
        nothing_is_left();
    }

    fn signals_end_the_server_and_nothing_is_left(world) {
        for connected in [false, true] {
            for signal in [Signal::SIGTERM, Signal::SIGINT] {
                let server = server(world);
                let client = connected.then(client);
                if let Some(client) = &client {
                    put(client, b"x");
                    assert_eq!(take(client), b"1 bytes");
                }
                server.signal(signal);
                server.finish().code(1).stderr("sp_server: ended by a signal\n");
                nothing_is_left();
            }
        }
    }

    fn without_a_server_or_arguments_the_client_fails(world) {
        world.run("sp_client", &["x"], "").code(1).stdout("").stderr("connect error: No such file or directory\n");
        world.run("sp_client", &[], "").code(1).stdout("Usage: ./sp_client RECORD...\n")
            .stderr("sp_client: no record\n");
        // A server of another type.
        let stream = UnixListener::bind(SERVER).expect("bind");
        world.run("sp_client", &["x"], "").code(1).stderr("connect error: Protocol wrong type for socket\n");
        drop(stream);
        world.run("sp_client", &["x"], "").code(1).stderr("connect error: Connection refused\n");
        // It is stale now, and is replaced.
        let server = server(world);
        world.run("sp_client", &["x"], "").success();
        server.finish().success();
        nothing_is_left();
    }

    fn a_server_that_ends_is_an_error(world) {
        let listener = seqpacket();
        bind(listener.as_raw_fd(), &address()).expect("bind");
        listen(&listener, Backlog::new(1).expect("a number")).expect("listen");
        thread::scope(|scope| {
            scope.spawn(|| {
                let accepted = accept(listener.as_raw_fd()).expect("accept");
                let mut room = [0; 9];
                let length = recv(accepted, &mut room, MsgFlags::empty()).expect("recv");
                assert_eq!(&room[..length], b"one");
                nix::unistd::close(accepted).expect("close");
            });
            world.run("sp_client", &["one", "two"], "").code(1).stdout("")
                .stderr("recv error: the server has ended\n");
        });
        fs::remove_file(SERVER).expect("unlink");
    }

    fn what_is_no_socket_is_not_deleted(world) {
        fs::write(SERVER, "precious").expect("write");
        world.run("sp_server", &[], "").code(1).stdout("").stderr("bind error: Address already in use\n");
        assert_eq!(fs::read_to_string(SERVER).expect("read"), "precious");
        fs::remove_file(SERVER).expect("unlink");
    }

    fn each_call_that_fails_is_named_and_nothing_is_left(world) {
        for (name, call, errno, expect) in [
            ("sp_server", "socket", "EMFILE", "socket error: Too many open files\n"),
            ("sp_server", "bind", "EACCES", "bind error: Permission denied\n"),
            ("sp_server", "listen", "EADDRINUSE", "listen error: Address already in use\n"),
            ("sp_client", "socket", "EMFILE", "socket error: Too many open files\n"),
        ] {
            if let Some(command) = world.injected(&format!("{call}:error={errno}"), name, &["x"]) {
                run(command, "").code(1).stdout("").stderr(expect);
                nothing_is_left();
            }
        }
        if let Some(command) = world.injected("recvmsg:error=ENOMEM", "sp_server", &[]) {
            let server = Running::start(command);
            until("connected", || connect(seqpacket().as_raw_fd(), &address()).is_ok());
            server.finish().code(1).stderr("recvmsg error: Cannot allocate memory\n");
            nothing_is_left();
        }
    }
}
