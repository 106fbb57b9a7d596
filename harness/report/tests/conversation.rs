//! What is drawn of a trace: which calls, in which order, and what became of the bytes.

use ipclab_evidence::{
    Awaited, DescriptorPlace, Ended, Exit, KnownThread, OpenEnd, PassedDescriptor, SocketKind,
    SourceLine, ThreadStart, ThreadWait, TimePassed, Wait,
};
use ipclab_report::testing::build::{Trace, case};
use ipclab_report::{Act, Conversation, Row, Tone};
use ipclab_spec::{Points, Tier};

fn draw(trace: &Trace) -> Vec<Row> {
    let case = case("one", "one", Tier::Core, Points::Whole(1));
    Conversation::new(&case, &trace.0).rows
}

/// One line a row, so that a test reads like the picture.
fn row_texts(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .map(|row| match &row.act {
            Act::Step { actor, text } => format!("{actor} {text}"),
            Act::Connect { from, to, text } => format!("{from}>{to} {text}"),
            Act::Message {
                from,
                to,
                bytes,
                text,
                delivery,
                ..
            } => format!("{from}>{to} {bytes} {text} {delivery:?}"),
            Act::Passed {
                by_machine: true, ..
            } => "time passes, measured".to_owned(),
            Act::Passed { us, .. } => format!("{us} us pass"),
            Act::Dropped { calls } => format!("dropped {calls}"),
            Act::Elided { rows } => format!("elided {rows}"),
        })
        .collect()
}

/// The rows between the established connection and the exits.
fn check(talk: impl FnOnce(&mut Trace, usize, usize), expected: &[&str]) {
    let mut trace = Trace::new(&["server", "client"]);
    let (client, served) = trace.connected();
    talk(&mut trace, client, served);
    let rows = row_texts(&draw(&trace));
    let middle: Vec<&str> = rows
        .iter()
        .map(String::as_str)
        .skip(6)
        .filter(|row| !row.ends_with("exits with 0"))
        .collect();
    assert_eq!(middle, expected);
}

#[test]
fn time_that_passes_stands_between_the_calls() {
    let mut trace = Trace::new(&["server", "client"]);
    let (client, served) = trace.connected();
    trace.send(client, b"a");
    trace.recv(served, b"a");
    let before = trace.0.trace.len() as u32 + 1;
    for us in [5_000_000, 999, 2_000_000] {
        trace.0.passed.push(TimePassed {
            before,
            us,
            by_machine: false,
        });
    }
    trace.send(client, b"b");
    trace.recv(served, b"b");
    let rows = row_texts(&draw(&trace));
    let at = rows.iter().position(|row| row == "7000000 us pass");
    let at = at.unwrap_or_else(|| panic!("{rows:?}"));
    assert!(rows[at - 1].contains(" a "), "{rows:?}");
    assert!(rows[at + 1].contains(" b "), "{rows:?}");

    // What was measured differs from run to run, and the picture does not.
    trace.0.passed[2].by_machine = true;
    let drawn = draw(&trace);
    let rows = row_texts(&drawn);
    assert!(
        rows.contains(&"time passes, measured".to_owned()),
        "{rows:?}"
    );
    assert!(rows.iter().all(|row| !row.contains("us pass")), "{rows:?}");
}

#[test]
fn a_connect_comes_before_its_accept() {
    let mut trace = Trace::new(&["server", "client"]);
    trace.connected();
    let expected = [
        "0 socket(AF_INET, SOCK_STREAM)",
        "0 bind(0.0.0.0:12345)",
        "0 listen(5)",
        "1 socket(AF_INET, SOCK_STREAM)",
        "1>0 connect(127.0.0.1:12345)",
        "0 accept() = 4",
        "0 exits with 0",
        "1 exits with 0",
    ];
    let mut rows = row_texts(&draw(&trace));
    rows[6..].sort();
    assert_eq!(rows, expected);
}

#[test]
fn a_send_and_its_receive_are_one_arrow() {
    check(
        |trace, client, served| {
            trace.send(client, b"hello");
            trace.recv(served, b"hello");
            trace.send(served, b"HELLO");
            trace.recv(client, b"HELLO");
        },
        &["1>0 5 hello Received", "0>1 5 HELLO Received"],
    );
}

/// The receive is numbered when it begins to wait, long before the send.
#[test]
fn a_receive_that_waited_comes_after_what_it_waited_for() {
    check(
        |trace, client, served| {
            trace.recv(served, b"hel");
            trace.recv(served, b"lo");
            trace.send(client, b"hello");
        },
        &[
            "1>0 5 hello Portions",
            "0 recv() = 3 \"hel\"",
            "0 recv() = 2 \"lo\"",
        ],
    );
}

#[test]
fn two_sends_that_one_receive_took() {
    check(
        |trace, client, served| {
            trace.send(client, b"hel");
            trace.send(client, b"lo");
            trace.recv(served, b"hello");
        },
        &[
            "1>0 3 hel Portions",
            "1>0 2 lo Portions",
            "0 recv() = 5 \"hello\"",
        ],
    );
}

#[test]
fn bytes_that_nobody_took() {
    check(
        |trace, client, served| {
            trace.send(client, b"hello");
            trace.recv(served, b"he");
            trace.send(client, b"world");
        },
        &[
            "1>0 5 hello Partly(2)",
            "0 recv() = 2 \"he\"",
            "1>0 5 world Never",
        ],
    );
}

#[test]
fn end_of_file_comes_behind_the_goodbye() {
    check(
        |trace, client, served| {
            trace.recv(served, b"");
            trace.on(1, client, "shutdown", &["3", "SHUT_WR"], Ok(0));
        },
        &["1 shutdown(SHUT_WR)", "0 recv() = 0 (end of file)"],
    );
}

#[test]
fn noise_is_left_out_unless_a_fault_was_injected() {
    check(
        |trace, _, _| {
            trace.call(0, "write", &["1", "\"hello\"", "5"], Ok(5));
            trace.call(0, "openat", &["AT_FDCWD", "\"x\"", "O_RDONLY"], Ok(5));
            let ours = trace.call(0, "write", &["1", "\"hello\"", "5"], Err("ENOSPC"));
            trace.0.trace[ours].tampered = Some("ENOSPC".into());
        },
        &["0 write(1, \"hello\", 5) = -1 ENOSPC"],
    );
}

#[test]
fn shared_memory_is_drawn() {
    check(
        |trace, _, _| {
            trace.call(0, "shmget", &["100", "1024", "IPC_CREAT|0644"], Ok(3));
            trace.call(
                0,
                "shmget",
                &["100", "16", "IPC_CREAT|IPC_EXCL|0644"],
                Err("EEXIST"),
            );
            trace.call(0, "shmat", &["3", "NULL", "0"], Ok(0x7fff_0000));
            trace.call(0, "shmdt", &["0x7fff0000"], Ok(0));
            trace.call(0, "shmctl", &["3", "IPC_RMID", "NULL"], Ok(0));
        },
        &[
            "0 shmget(100, 1024, IPC_CREAT|0644) = 3",
            "0 shmget(100, 16, IPC_CREAT|IPC_EXCL|0644) = -1 EEXIST",
            "0 shmat(3)",
            "0 shmdt()",
            "0 shmctl(3, IPC_RMID)",
        ],
    );
}

#[test]
fn a_long_one_keeps_its_beginning_and_its_end() {
    let mut trace = Trace::new(&["server", "client"]);
    for n in 0..100 {
        trace.call(0, "unlink", &[&format!("\"/tmp/{n}\"")], Ok(0));
    }
    let rows = row_texts(&draw(&trace));
    assert_eq!(rows.len(), 40);
    assert_eq!(rows[21], "0 unlink(\"/tmp/21\")");
    assert_eq!(rows[22], "elided 63");
    assert_eq!(rows[23], "0 unlink(\"/tmp/85\")");
    // 22 shown, 63 left out, 15 shown.
    assert_eq!(rows[37], "0 unlink(\"/tmp/99\")");
}

#[test]
fn repeats_are_counted() {
    let mut trace = Trace::new(&["server"]);
    for _ in 0..1000 {
        trace.call(0, "semop", &["5", "{0, -1, 0}"], Ok(0));
    }
    let rows = draw(&trace);
    assert_eq!((rows.len(), rows[0].times), (2, 1000));
}

/// What happened in the gap is not known, so no program is accused of losing bytes.
#[test]
fn a_gap_in_the_trace_is_drawn_and_nothing_is_guessed_behind_it() {
    let mut trace = Trace::new(&["server", "client"]);
    let (client, served) = trace.connected();
    trace.send(client, b"one");
    trace.recv(served, b"one");
    trace.send(client, b"lost?");
    for call in [trace.recv(served, b"two"), trace.send(client, b"end")] {
        trace.0.trace[call].n += 5000;
    }
    trace.0.calls_dropped = 5000;
    let rows = row_texts(&draw(&trace));
    let expected = [
        "1>0 3 one Received",
        "1>0 5 lost? Unseen",
        "dropped 5000",
        "0 recv() = 3 \"two\"",
        "0 exits with 0",
        "1>0 3 end Unseen",
        "1 exits with 0",
    ];
    assert_eq!(rows[6..], expected);
}

#[test]
fn a_process_that_still_waits_comes_last() {
    let mut trace = Trace::new(&["server", "client"]);
    let socket = trace.socket(0, SocketKind::Stream, "AF_INET", None);
    let first = trace.waits(0, socket, "accept");
    let child = Wait {
        pid: 7,
        ..trace.waits(0, socket, "read")
    };
    trace.0.actors[0].exit = Exit::Running {
        wait: Some(first.clone()),
        on_sigterm: None,
    };
    trace.0.actors[1].exit = Exit::NotStarted;
    trace.0.ended = Ended::Stuck {
        waits: vec![first, child],
    };
    let rows = draw(&trace);
    assert_eq!(
        row_texts(&rows),
        [
            "0 waits in accept()",
            "0 waits in read()",
            "1 never started"
        ]
    );
    assert_eq!(
        (rows[0].n, rows[0].tone, rows[2].tone),
        (Some(1), Tone::Waits, Tone::Broken)
    );
}

/// The C library makes a `semtimedop` of `semop()`, and a `recvfrom` of `recv()`: the drawing names what the student wrote.
#[test]
fn a_wait_is_called_as_the_source_calls_it() {
    let check = |call: &str, object: bool, expect: &str| {
        let mut trace = Trace::new(&["server"]);
        let socket = trace.socket(0, SocketKind::Stream, "AF_INET", None);
        let mut wait = trace.waits(0, socket, call);
        if !object {
            wait.object = None;
        }
        trace.0.actors[0].exit = Exit::Running {
            wait: Some(wait.clone()),
            on_sigterm: None,
        };
        trace.0.ended = Ended::Stuck { waits: vec![wait] };
        assert_eq!(row_texts(&draw(&trace))[0], expect);
    };
    check("semtimedop", false, "0 waits in semop()");
    check("recvfrom", true, "0 waits in recv()");
    check("accept4", true, "0 waits in accept()");
    check("select", false, "0 waits in select()");
}

/// Threads wait for each other in futex(2), which no source says.
#[test]
fn a_wait_for_a_thread_names_what_it_is_for() {
    for (awaits, function, expect) in [
        (
            Awaited::Mutex(2),
            None,
            "0 waits in pthread_mutex_lock() for a mutex that it holds itself",
        ),
        (
            Awaited::Mutex(7),
            None,
            "0 waits in pthread_mutex_lock() for a mutex that thread 7 holds",
        ),
        (
            Awaited::End(7),
            Some("pthread_join"),
            "0 waits in pthread_join() for thread 7",
        ),
        (
            Awaited::End(8),
            Some("pthread_join"),
            "0 waits in pthread_join() for thread 8 (reader() at server.c:12)",
        ),
        (Awaited::Wake, Some("sem_wait"), "0 waits in sem_wait()"),
        (Awaited::Wake, None, "0 waits in futex()"),
    ] {
        let mut trace = Trace::new(&["server"]);
        let socket = trace.socket(0, SocketKind::Stream, "AF_INET", None);
        let wait = Wait {
            object: None,
            threads: vec![ThreadWait {
                thread: 2,
                made_by: None,
                lines: Vec::new(),
                awaits,
                function: function.map(str::to_owned),
            }],
            known_threads: vec![KnownThread {
                thread: 8,
                name: None,
                start: Some(ThreadStart {
                    function: Some("reader".to_owned()),
                    line: SourceLine {
                        file: "server.c".to_owned(),
                        line: 12,
                    },
                }),
            }],
            ..trace.waits(0, socket, "futex")
        };
        trace.0.actors[0].exit = Exit::Running {
            wait: Some(wait.clone()),
            on_sigterm: None,
        };
        trace.0.ended = Ended::Stuck { waits: vec![wait] };
        assert_eq!(row_texts(&draw(&trace))[0], expect);
    }
}

/// Who keeps the end of file away is in the drawing, too.
#[test]
fn a_reader_of_a_pipe_names_who_has_the_other_end() {
    let check = |actor: usize, pid: u32, expect: &str| {
        let mut trace = Trace::new(&["server", "client"]);
        let socket = trace.socket(0, SocketKind::Stream, "AF_INET", None);
        let wait = Wait {
            object: None,
            other_ends: vec![OpenEnd {
                actor,
                pid,
                fd: 4,
                came_by: None,
            }],
            ..trace.waits(0, socket, "read")
        };
        trace.0.actors[0].exit = Exit::Running {
            wait: Some(wait.clone()),
            on_sigterm: None,
        };
        trace.0.ended = Ended::Stuck { waits: vec![wait] };
        assert_eq!(row_texts(&draw(&trace))[0], expect);
    };
    check(
        0,
        2,
        "0 waits in read() on a pipe: it has the other end open (descriptor 4)",
    );
    check(
        0,
        9,
        "0 waits in read() on a pipe: process 9 of server has the other end open (descriptor 4)",
    );
    let mut trace = Trace::new(&["server"]);
    let socket = trace.socket(0, SocketKind::Stream, "AF_INET", None);
    let wait = Wait {
        object: None,
        in_flight: vec![3],
        ..trace.waits(0, socket, "read")
    };
    trace.0.ended = Ended::Stuck { waits: vec![wait] };
    let rows = row_texts(&draw(&trace));
    let expect = "0 waits in read() on a pipe: its other end was passed at #3 and never received";
    assert!(rows.contains(&expect.to_owned()), "{rows:?}");
}

/// Two processes of one program are one column, and two programs are two.
#[test]
fn a_descriptor_that_is_passed_names_who_gets_it() {
    let place = |actor, pid, fd, call| DescriptorPlace {
        actor,
        pid,
        fd,
        call,
    };
    let passed = |to: Option<DescriptorPlace>, on: &str| PassedDescriptor {
        from: place(1, 2, 5, 7),
        on: on.to_owned(),
        reads: false,
        writes: true,
        to,
    };
    for (one, expect) in [
        (
            passed(Some(place(0, 2, 6, 8)), "/tmp/a"),
            &[
                "1 passes descriptor 5 (/tmp/a) to server",
                "0 receives it as descriptor 6 (/tmp/a)",
            ][..],
        ),
        (
            passed(Some(place(1, 9, 4, 8)), "pipe 1"),
            &[
                "1 passes descriptor 5 (write end of pipe 1) to process 9 of client",
                "1 receives it as descriptor 4 (write end of pipe 1)",
            ],
        ),
        (
            passed(None, "socket 2"),
            &["1 passes descriptor 5 (socket 2), which no process receives"],
        ),
    ] {
        check(
            |trace, client, served| {
                trace.send(client, b"x");
                trace.recv(served, b"x");
                trace.0.objects.passed.push(one);
            },
            &[&expect[..1], &["1>0 1 x Received"], &expect[1..]].concat(),
        );
    }
}

#[test]
fn copies_have_the_role_of_their_actor() {
    let trace = Trace::new(&["server", "client.1", "client.2", "who"]);
    let case = case("one", "one", Tier::Core, Points::Whole(1));
    let roles: Vec<String> = Conversation::new(&case, &trace.0)
        .actors
        .iter()
        .map(|column| {
            format!(
                "{} {:?} {:?}",
                column.name,
                column.role,
                column.program.as_ref().map(|name| name.as_str())
            )
        })
        .collect();
    let expected = [
        "server Student Some(\"iserver\")",
        "client.1 Reference Some(\"comclient\")",
        "client.2 Reference Some(\"comclient\")",
        "who Peer None",
    ];
    assert_eq!(roles, expected);
}

/// Between two senders a socket's datagrams may change places; who sent which is in the trace.
#[test]
fn datagrams_are_matched_by_their_sender() {
    let mut trace = Trace::new(&["server", "a", "b"]);
    let server = trace.socket(0, SocketKind::Datagram, "AF_INET", None);
    let senders = [1, 2].map(|actor| trace.socket(actor, SocketKind::Datagram, "AF_INET", None));
    for (sender, text) in senders.into_iter().zip([b"one", b"two"]) {
        let sent = trace.send(sender, text);
        trace.0.trace[sent].transfer.as_mut().unwrap().peer = Some(server);
    }
    let received = trace.recv(server, b"two");
    trace.0.trace[received].transfer.as_mut().unwrap().peer = Some(senders[1]);
    let rows = row_texts(&draw(&trace));
    assert!(rows.contains(&"1>0 3 one Never".to_owned()), "{rows:?}");
    assert!(rows.contains(&"2>0 3 two Received".to_owned()), "{rows:?}");
}

#[test]
fn what_the_c_library_says_to_itself_is_left_out() {
    check(
        |trace, _, _| {
            let cache = trace.socket(1, SocketKind::Stream, "AF_UNIX", None);
            trace.on(
                1,
                cache,
                "socket",
                &["AF_UNIX", "SOCK_STREAM|SOCK_CLOEXEC", "0"],
                Ok(3),
            );
            trace.on(
                1,
                cache,
                "connect",
                &["3", "{AF_UNIX, \"/var/run/nscd/socket\"}", "110"],
                Err("ENOENT"),
            );
            trace.on(1, cache, "close", &["3"], Ok(0));
            let routes = trace.socket(1, SocketKind::Other, "AF_NETLINK", None);
            trace.on(1, routes, "bind", &["3", "{family 16}", "12"], Ok(0));
            let own = trace.socket(1, SocketKind::Stream, "AF_UNIX", None);
            trace.on(
                1,
                own,
                "socket",
                &["AF_UNIX", "SOCK_STREAM|SOCK_CLOEXEC", "0"],
                Ok(3),
            );
        },
        &["1 socket(AF_UNIX, SOCK_STREAM)"],
    );
}

/// The kernel's own word for a call that a signal met; no program ever sees it.
#[test]
fn a_call_that_our_end_interrupted_did_not_fail() {
    check(
        |trace, _, served| {
            trace.on(0, served, "recvfrom", &["4"], Err("ERESTART"));
            trace.on(0, 0, "accept", &["3"], Err("ERESTART"));
        },
        &[],
    );
}

/// Some traces name the listening socket, some the one that came out of it.
#[test]
fn an_accept_comes_behind_its_connect() {
    let mut trace = Trace::new(&["server", "client"]);
    let (_, served) = trace.connected();
    trace.0.sockets[served].born = 7;
    trace.0.trace[3].object = Some(ipclab_evidence::Object::Socket(served));
    let rows = row_texts(&draw(&trace));
    assert_eq!(
        rows[4..6],
        ["1>0 connect(127.0.0.1:12345)", "0 accept() = 4"]
    );
}
