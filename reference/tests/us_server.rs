//! `us_server` and `us_client`, as programs.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use crate::world::{Running, World, run, socket_files, until};
use nix::sys::signal::Signal;
use predicates::prelude::*;

const SERVER: &str = "/tmp/us_srv_socket";

/// Starts the server and waits until it listens, without a connection: that would be its first client.
fn server(world: &World) -> Running {
    let server = world.start("us_server", &[]);
    until("us_server listens", || listens(SERVER));
    server
}

/// Ends the server as it is meant to be ended.
fn ended(server: Running, signal: Signal) -> assert_cmd::assert::Assert {
    server.signal(signal);
    let assert = server.finish();
    assert_eq!(socket_files(), Vec::<String>::new());
    assert
}

/// Whether a socket of that name takes connections (`SO_ACCEPTCON`), as the kernel's table of Unix sockets has it.
fn listens(path: &str) -> bool {
    let table = fs::read_to_string("/proc/net/unix").expect("/proc/net/unix");
    table.lines().any(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        columns.get(3) == Some(&"00010000") && columns.get(7) == Some(&path)
    })
}

/// A path of so many bytes in a folder that is there.
fn path_of(length: usize) -> String {
    let start = "/tmp/us_";
    format!("{start}{}", "p".repeat(length - start.len()))
}

in_a_world! {
    fn lines_come_back_in_upper_case(world) {
        let server = server(world);
        world.run("us_client", &[], "hello\nHello, World 7!\n").success().stderr("")
            .stdout("HELLO\nHELLO, WORLD 7!\n");
        world.run("us_client", &[], "last line without newline").success().stderr("")
            .stdout("LAST LINE WITHOUT NEWLINE\n");
        world.run("us_client", &[], "").success().stderr("").stdout("");
        ended(server, Signal::SIGTERM).success().stderr("")
            .stdout("client 1: 22 bytes\nclient 2: 26 bytes\nclient 3: 0 bytes\n");
    }

    fn a_path_of_107_bytes_is_used_and_one_of_108_refused(world) {
        let path = path_of(107);
        let server = world.start("us_server", &[&path]);
        until("the server listens", || listens(&path));
        world.run("us_client", &[&path], "long way\n").success().stdout("LONG WAY\n");

        for length in [108, 109, 200] {
            let long = path_of(length);
            for program in ["us_server", "us_client"] {
                world.run(program, &[&long], "x\n").code(1).stdout("")
                    .stderr(format!("{program}: {long}: File name too long\n"));
            }
        }
        assert_eq!(socket_files(), [&path[5..]]);
        ended(server, Signal::SIGINT).success().stdout("client 1: 9 bytes\n");
    }

    fn no_path_and_two_paths_are_refused(world) {
        world.run("us_server", &[""], "").code(1).stderr("us_server: : No such file or directory\n");
        for program in ["us_server", "us_client"] {
            world.run(program, &["/tmp/a", "/tmp/b"], "").code(1)
                .stdout(format!("Usage: ./{program} [PATH]\n"))
                .stderr(predicate::str::is_empty().not());
        }
    }

    fn pieces_and_ends_of_every_kind(world) {
        let mut server = server(world);
        let mut stream = UnixStream::connect(SERVER).expect("connect");
        let mut back = [0; 9];
        for (piece, upper) in [(&b"he"[..], &b"HE"[..]), (b"llo\nwo", b"LLO\nWO"), (b"\xe4{z\0", b"\xe4{Z\0")] {
            stream.write_all(piece).expect("send");
            stream.read_exact(&mut back[..piece.len()]).expect("recv");
            assert_eq!(&back[..piece.len()], upper);
        }
        // The client's side ends; the answer to the rest still comes, and then the end.
        stream.write_all(b"rest").expect("send");
        stream.shutdown(Shutdown::Write).expect("shutdown");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("recv");
        assert_eq!(rest, b"REST");
        server.until("client 1: 16 bytes");
        // One that does not want its answer.
        let stream = UnixStream::connect(SERVER).expect("connect");
        stream.shutdown(Shutdown::Read).expect("shutdown");
        (&stream).write_all(b"gone").expect("send");
        server.until("client 2: 4 bytes");
        drop(stream);
        world.run("us_client", &[], "still there?\n").success().stdout("STILL THERE?\n");
        ended(server, Signal::SIGTERM).success().stderr("send error: Broken pipe\n");
    }

    fn long_lines_block_nobody(world) {
        let server = server(world);
        let line = "x".repeat(5_000_000);
        world.run("us_client", &[], format!("{line}\n")).success().stderr("")
            .stdout(format!("{}\n", line.to_uppercase()));
        ended(server, Signal::SIGTERM).success().stdout("client 1: 5000001 bytes\n");
    }

    fn a_client_that_does_not_read_does_not_keep_the_server_from_ending(world) {
        let server = server(world);
        let mute = UnixStream::connect(SERVER).expect("connect");
        mute.set_nonblocking(true).expect("fcntl");
        // Until neither side has room: the server then waits in its send.
        let piece = [b'x'; 4096];
        let full = || (&mute).write(&piece).is_err();
        until("the server is stuck", || full() && { thread::sleep(std::time::Duration::from_millis(50)); full() });
        ended(server, Signal::SIGTERM).success();
    }

    fn without_a_server_the_client_fails(world) {
        world.run("us_client", &[], "hello\n").code(1).stdout("")
            .stderr("connect error: No such file or directory\n");
        drop(UnixListener::bind(SERVER).expect("bind"));
        world.run("us_client", &[], "hello\n").code(1).stdout("").stderr("connect error: Connection refused\n");
        fs::remove_file(SERVER).expect("unlink");
    }

    fn a_server_that_ends_too_early_is_an_error(world) {
        let listener = UnixListener::bind(SERVER).expect("bind");
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("accept");
                let mut line = [0; 6];
                stream.read_exact(&mut line).expect("recv");
                assert_eq!(&line, b"hello\n");
                stream.write_all(b"HEL").expect("send");
            });
            world.run("us_client", &[], "hello\n").code(1).stdout("")
                .stderr("recv error: the server closed after 3 bytes of a reply\n");
        });
        fs::remove_file(SERVER).expect("unlink");
    }

    fn files_that_are_there(world) {
        drop(UnixListener::bind(SERVER).expect("bind"));
        ended(server(world), Signal::SIGTERM).success().stderr("");

        fs::write(SERVER, "precious").expect("write");
        world.run("us_server", &[], "").code(1).stdout("").stderr("bind error: Address already in use\n");
        assert_eq!(fs::read_to_string(SERVER).expect("read"), "precious");
        fs::remove_file(SERVER).expect("unlink");

        let living = server(world);
        world.run("us_server", &[], "").code(1).stderr("bind error: Address already in use\n");
        world.run("us_client", &[], "you?\n").success().stdout("YOU?\n");
        ended(living, Signal::SIGTERM).success();
    }

    fn each_call_that_fails_is_named_and_nothing_is_left(world) {
        for (name, call, errno, expect) in [
            ("us_server", "socket", "EMFILE", "socket error: Too many open files\n"),
            ("us_server", "bind", "EACCES", "bind error: Permission denied\n"),
            ("us_server", "listen", "EADDRINUSE", "listen error: Address already in use\n"),
            ("us_client", "socket", "EMFILE", "socket error: Too many open files\n"),
        ] {
            if let Some(command) = world.injected(&format!("{call}:error={errno}"), name, &[]) {
                run(command, "hello\n").code(1).stdout("").stderr(expect);
                assert_eq!(socket_files(), Vec::<String>::new(), "{name} {call}");
            }
        }
        for (call, errno, expect) in [
            ("sendto", "ECONNRESET", "send error: Connection reset by peer\n"),
            ("recvfrom", "ENOMEM", "recv error: Cannot allocate memory\n"),
        ] {
            if let Some(command) = world.injected(&format!("{call}:error={errno}"), "us_client", &[]) {
                let server = server(world);
                run(command, "hello\n").code(1).stdout("").stderr(expect);
                ended(server, Signal::SIGTERM).success();
            }
        }
    }

    fn interrupted_calls_are_made_again(world) {
        for call in ["recvfrom", "sendto"] {
            if let Some(command) = world.injected(&format!("{call}:error=EINTR:when=1..3"), "us_client", &[]) {
                let server = server(world);
                run(command, "hello\nworld\n").success().stderr("").stdout("HELLO\nWORLD\n");
                ended(server, Signal::SIGTERM).success();
            }
        }
    }
}
