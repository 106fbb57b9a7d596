//! What the tracer changes is changed, and nothing else.

use ipclab_evidence::{Ended, Errno, Exit, Occurrence, Plan, Protocol, Tamper, TamperAction};

use crate::bench::{KEY, PORT, Seen, Test, both, pair, plan, run, student};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for how in ["read", "recv", "readv", "recvmsg"] {
        tests.push(both(format!("at_most_3_of_{how}"), move |level| {
            let plan = tampered(
                &format!("tampers reads {how}"),
                "recv",
                nth(1),
                TamperAction::AtMost(3),
            );
            let seen = run(level, &plan);
            seen.all_well();
            assert_eq!(seen.out("one"), "3 5 abcdefgh\n");
            // The proof: three bytes moved, and the next call got the rest.
            assert_eq!(
                seen.moved("one"),
                [
                    "sent 8 abcdefgh to one",
                    "received 3 abc from one",
                    "received 5 defgh from one"
                ]
            );
            assert_eq!(notes(&seen), ["at most 3 bytes"]);
        }));
        tests.push(both(format!("at_most_3_sent_by_{how}"), move |level| {
            let plan = tampered(
                &format!("tampers writes {how}"),
                "send",
                nth(1),
                TamperAction::AtMost(3),
            );
            let seen = run(level, &plan);
            seen.all_well();
            assert_eq!(seen.out("one"), "3 5 \n");
            assert_eq!(
                seen.moved("one"),
                ["sent 3 abc to one", "sent 5 defgh to one"]
            );
        }));
    }
    tests.push(both("at_most_1_every_time", |level| {
        let plan = tampered(
            "tampers reads recv",
            "recv",
            Occurrence::Every,
            TamperAction::AtMost(1),
        );
        let seen = run(level, &plan);
        assert_eq!(seen.out("one"), "1 1 1 1 1 1 1 1 abcdefgh\n");
    }));
    tests.push(both(
        "at_most_more_than_there_is_changes_nothing",
        |level| {
            let plan = tampered(
                "tampers reads recv",
                "recv",
                nth(1),
                TamperAction::AtMost(100),
            );
            assert_eq!(run(level, &plan).out("one"), "8 abcdefgh\n");
        },
    ));
    // With SA_RESTART the kernel makes the call again; without it the program is told.
    for (line, out) in [
        ("tampers interrupted restart", "3 abc 1\n"),
        (
            "tampers interrupted",
            "-1 Interrupted system call 1 then 3\n",
        ),
    ] {
        tests.push(both(line.replace(' ', "_"), move |level| {
            let plan = tampered(line, "recv", nth(1), TamperAction::Signal("SIGUSR1".into()));
            let seen = run(level, &plan);
            seen.all_well();
            assert_eq!(seen.out("one"), out);
            assert_eq!(
                seen.moved("one"),
                ["sent 3 abc to one", "received 3 abc from one"]
            );
        }));
    }
    // One that it holds back is there when it lets it in, and not before.
    for (line, out) in [
        ("tampers deaf blocks", "3 abc 0 1\n"),
        ("tampers deaf ignores", "3 abc 0 0\n"),
    ] {
        tests.push(both(line.replace(' ', "_"), move |level| {
            let plan = tampered(line, "recv", nth(1), TamperAction::Signal("SIGUSR1".into()));
            let seen = run(level, &plan);
            seen.all_well();
            assert_eq!(seen.out("one"), out);
            assert_eq!(
                seen.moved("one"),
                ["sent 3 abc to one", "received 3 abc from one"]
            );
        }));
    }
    tests.push(both("a_signal_that_nobody_handles_kills", |level| {
        let plan = tampered(
            "tampers unhandled",
            "recv",
            nth(1),
            TamperAction::Signal("SIGINT".into()),
        );
        let seen = run(level, &plan);
        assert!(matches!(
            &seen.actor("one").exit,
            ipclab_evidence::Exit::Signal { name, .. } if name == "SIGINT"
        ));
    }));
    tests.push(both("an_error_skips_the_call", |level| {
        let plan = tampered(
            "tampers reads recv",
            "recv",
            nth(1),
            TamperAction::Fail("EINTR".into()),
        );
        let seen = run(level, &plan);
        assert_eq!(seen.out("one"), "8 abcdefgh\n");
        assert_eq!(
            seen.actor("one").stderr.kept().to_text(),
            "take: Interrupted system call\n"
        );
        assert_eq!(
            seen.moved("one"),
            ["sent 8 abcdefgh to one", "received 8 abcdefgh from one"]
        );
    }));
    for (call, errno, expected) in [
        ("socket", "EMFILE", "socket -1 Too many open files"),
        ("bind", "EADDRINUSE", "bind -1 Address already in use"),
        ("listen", "EOPNOTSUPP", "listen -1 Operation not supported"),
        ("shmget", "ENOSPC", "shmget -1 No space left on device"),
        ("shmat", "EACCES", "shmat -1 Permission denied"),
        ("shmdt", "EINVAL", "shmdt -1 Invalid argument"),
        ("unlink", "EACCES", "unlink -1 Permission denied"),
        ("fork", "EAGAIN", "fork -1 Resource temporarily unavailable"),
        ("wait", "ECHILD", "wait -1 No child processes"),
        ("close", "EIO", "close -1 Input/output error"),
    ] {
        tests.push(both(format!("{call}_fails_with_{errno}"), move |level| {
            let plan = tampered(
                "tampers one-of-each",
                call,
                nth(1),
                TamperAction::Fail(errno.into()),
            );
            let seen = run(level, &plan);
            let out = seen.out("one");
            assert!(out.lines().any(|line| line == expected), "{out}");
            assert_eq!(seen.actor("one").limits, [], "nobody used up anything");
            let changed = seen.trace.iter().filter(|call| call.tampered.is_some());
            for changed in changed {
                let returned = changed.returned.as_ref().expect("it returned");
                assert_eq!(
                    (returned.value, returned.errno),
                    (-1, Errno::from_name(errno))
                );
            }
        }));
    }
    // What was not done was not done: the world shows it.
    for (call, out) in [("shmdt", "attached 1"), ("listen", "listen 0")] {
        tests.push(both(format!("{call}_is_skipped"), move |level| {
            let plan = tampered("tampers one-of-each", call, nth(1), TamperAction::Skip(0));
            let seen = run(level, &plan);
            let text = seen.out("one");
            assert!(text.lines().any(|line| line.trim_end() == out), "{text}");
            assert!(text.contains(&format!("{call} 0")), "{text}");
            assert!(!seen.sockets[0].listening || call != "listen");
        }));
    }
    tests.push(both("unlink_and_removal_are_skipped", |level| {
        let mut plan = tampered(
            "tampers one-of-each",
            "unlink",
            nth(1),
            TamperAction::Skip(0),
        );
        // The second shmctl is the IPC_RMID.
        plan.tampers
            .push(tamper("shmctl", nth(2), TamperAction::Skip(0)));
        let seen = run(level, &plan);
        seen.all_well();
        let files = &seen.leftovers.files;
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].path, "/tmp/ipclab_test_file".into());
        assert_eq!(seen.leftovers.segments.len(), 1);
        assert_eq!(seen.leftovers.segments[0].key, KEY);
    }));
    tests.push(both(
        "arguments_and_ports_are_changed_by_so_much",
        |level| {
            let mut plan = tampered(
                "tampers one-of-each",
                "shmget",
                nth(1),
                TamperAction::ArgumentBy { index: 1, by: 28 },
            );
            plan.tampers
                .push(tamper("bind", nth(1), TamperAction::PortBy(2)));
            let seen = run(level, &plan);
            seen.all_well();
            let out = seen.out("one");
            assert!(out.contains("size 128 \n"), "{out}");
            // The program's own struct is as it was.
            assert!(out.contains(&format!("port {PORT} \n")), "{out}");
            let local = seen.sockets[0].local.as_ref().expect("it was bound");
            assert_eq!(local.to_string(), format!("127.0.0.1:{}", PORT + 2));
        },
    ));
    for (action, out) in [
        (TamperAction::CountBy(-1), "5 hell."),
        (TamperAction::CountBy(1), "7 hello"),
        (TamperAction::Twice, "11 hellohello."),
        (TamperAction::Skip(5), "1 ."),
    ] {
        tests.push(both(format!("send_{action:?}"), move |level| {
            let plan = tampered("tampers sends", "send", nth(1), action.clone());
            let seen = run(level, &plan);
            seen.all_well();
            assert_eq!(
                seen.out("one").split('\0').next(),
                Some(&*format!("{out}\n"))
            );
        }));
    }
    tests.push(both("the_last_byte_is_flipped", |level| {
        let plan = tampered(
            "tampers reads recv",
            "recv",
            nth(1),
            TamperAction::FlipLastByte,
        );
        assert_eq!(run(level, &plan).out("one"), "8 abcdefgi\n");
    }));
    // Registers: every action, on calls of three shapes.
    for (call, action, out) in [
        ("read", TamperAction::AtMost(1), "1 same\n2 same\n0 same\n"),
        (
            "recvfrom",
            TamperAction::AtMost(1),
            "2 same\n1 same\n0 same\n",
        ),
        ("read", TamperAction::CountBy(1), "3 same\n2 same\n0 same\n"),
        (
            "read",
            TamperAction::Fail("EIO".into()),
            "-5 same\n2 same\n0 same\n",
        ),
        ("read", TamperAction::Skip(7), "7 same\n2 same\n0 same\n"),
        ("read", TamperAction::Twice, "2 same\n2 same\n0 same\n"),
        ("bind", TamperAction::PortBy(1), "2 same\n2 same\n0 same\n"),
        (
            "recvfrom",
            TamperAction::ArgumentBy { index: 2, by: -1 },
            "2 same\n1 same\n0 same\n",
        ),
        (
            "bind",
            TamperAction::Fail("EACCES".into()),
            "2 same\n2 same\n-13 same\n",
        ),
    ] {
        tests.push(both(
            format!("registers_after_{call}_{action:?}"),
            move |level| {
                let plan = tampered("tampers registers", call, nth(1), action.clone());
                let seen = run(level, &plan);
                seen.all_well();
                assert_eq!(seen.out("one"), format!("{out}{PORT}\n"));
                assert_eq!(notes(&seen).len(), 1);
            },
        ));
    }
    tests.push(both(
        "only_the_named_occurrence_of_the_named_actor",
        |level| {
            let mut plan = plan([
                student("one.1", "tampers copies"),
                student("one.2", "tampers copies"),
                student("other", "tampers copies"),
            ]);
            plan.tampers.push(tamper(
                "socket",
                nth(2),
                TamperAction::Fail("EMFILE".into()),
            ));
            let seen = run(level, &plan);
            let failed = "socket 0 \nsocket -1 Too many open files\nsocket 0 \n";
            // A tamper of all copies counts over all of them: the second call of any.
            let copies = [seen.out("one.1"), seen.out("one.2")];
            let of_all = copies.concat();
            assert_eq!(of_all.matches("-1").count(), 1, "{of_all}");
            assert_eq!(seen.out("other"), "socket 0 \n".repeat(3));
            let mut plan = Plan {
                tampers: Vec::new(),
                ..plan
            };
            let mut of_one = tamper("socket", nth(2), TamperAction::Fail("EMFILE".into()));
            of_one.actor = "one.2".to_owned();
            plan.tampers.push(of_one);
            let seen = run(level, &plan);
            assert_eq!(seen.out("one.1"), "socket 0 \n".repeat(3));
            assert_eq!(seen.out("one.2"), failed);
        },
    ));
    tests.extend(printing());
    tests.extend(ending());
    tests.extend(chaos());
    tests
}

/// What is printed: the terminal shows what was changed, and the program does not know.
fn printing() -> Vec<Test> {
    let lines = ["first 10\n", "kept 1\n", "second 20\n", "kept 1\n"];
    let altered = ["first 11\n", "kept 0\n", "second 21\n", "kept 0\n"];
    let mut tests = Vec::new();
    for at in 0..lines.len() {
        let changed = altered[at];
        for (what, action) in [
            ("lost", TamperAction::Lose),
            ("altered", TamperAction::AlterLastLetter),
            ("shorter", TamperAction::CountBy(-1)),
        ] {
            let name = format!("printed_line_{}_{what}", at + 1);
            tests.push(both(name, move |level| {
                let plan = tampered(
                    "tampers says 0",
                    "stdout",
                    nth(at as u32 + 1),
                    action.clone(),
                );
                let seen = run(level, &plan);
                seen.all_well();
                let mut expected = lines.map(str::to_owned);
                expected[at] = match what {
                    "lost" => String::new(),
                    // The memory is as it was: the same bytes printed later are right.
                    "altered" => changed.to_owned(),
                    _ if at == 2 => "second20\n".to_owned(),
                    // The C library writes what was left over, the program itself does not.
                    _ if at == 1 => "kept 1".to_owned(),
                    _ => lines[at].to_owned(),
                };
                assert_eq!(seen.out("one"), expected.concat());
                assert_eq!(seen.actor("one").stderr.kept().to_text(), "and why\n");
                assert_eq!(notes(&seen).len(), 1);
            }));
        }
    }
    tests.push(both("what_is_said_on_stderr_is_lost", move |level| {
        let plan = tampered("tampers says 0", "stderr", nth(1), TamperAction::Skip(8));
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(seen.out("one"), lines.concat());
        assert_eq!(seen.actor("one").stderr.total(), 0);
    }));
    tests.push(both("printing_and_sending_are_counted_apart", |level| {
        let mut plan = tampered(
            "tampers says-and-sends",
            "send",
            nth(1),
            TamperAction::AlterLastLetter,
        );
        plan.tampers
            .push(tamper("stdout", nth(2), TamperAction::Skip(6)));
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(seen.out("one"), "before\n5 helln\n");
        assert_eq!(
            seen.moved("one"),
            ["sent 5 helln to one", "received 5 helln from one"]
        );
    }));
    tests.push(both(
        "a_line_that_is_never_printed_is_not_changed",
        move |level| {
            let plan = tampered("tampers says 0", "stdout", nth(9), TamperAction::Skip(1));
            let seen = run(level, &plan);
            assert_eq!(seen.out("one"), lines.concat());
            assert_eq!(notes(&seen), [""; 0]);
        },
    ));
    tests
}

/// What a process does last: another status, and what it leaves behind.
fn ending() -> Vec<Test> {
    let mut tests = Vec::new();
    for (status, by, seen_as) in [(0, 1, 1), (3, -3, 0), (1, 1, 2)] {
        tests.push(both(
            format!("exit_{status}_becomes_{seen_as}"),
            move |level| {
                let action = TamperAction::ArgumentBy { index: 0, by };
                let plan = tampered(&format!("tampers says {status}"), "exit", nth(1), action);
                let seen = run(level, &plan);
                assert_eq!(seen.actor("one").exit, Exit::Code(seen_as));
                assert_eq!(seen.actor("one").stdout.total(), 33);
                assert_eq!(notes(&seen).len(), 1);
            },
        ));
    }
    tests.push(both("a_child_is_left_that_waits_for_ever", |level| {
        let plan = tampered("tampers says 5", "exit", nth(1), TamperAction::LeaveChild);
        let seen = run(level, &plan);
        assert_eq!(seen.ended, Ended::AllExited);
        // Nothing else is changed: what was printed, and the status.
        assert_eq!(seen.actor("one").exit, Exit::Code(5));
        assert_eq!(seen.actor("one").stdout.total(), 33);
        assert_eq!(seen.actor("one").processes, 2);
        let [left] = &seen.leftovers.processes[..] else {
            panic!("one is left: {:?}", seen.leftovers.processes)
        };
        assert!(!left.first);
        assert_eq!(left.wait.as_ref().expect("it waits").call, "pause");
        assert_eq!(notes(&seen), ["a child left"]);
        assert_eq!(seen.calls("one", "fork").len(), 1);
    }));
    tests.push(both("every_end_leaves_one_child_and_no_more", |level| {
        let plan = tampered(
            "tampers says 0",
            "exit",
            Occurrence::Every,
            TamperAction::LeaveChild,
        );
        let seen = run(level, &plan);
        assert_eq!(seen.leftovers.processes.len(), 1);
    }));
    tests.push(both("a_file_is_left", |level| {
        let path = "/tmp/ipclab_test_left";
        let plan = tampered(
            "tampers says 5",
            "exit",
            nth(1),
            TamperAction::LeaveFile(path.to_owned()),
        );
        let seen = run(level, &plan);
        assert_eq!(seen.ended, Ended::AllExited);
        assert_eq!(seen.actor("one").exit, Exit::Code(5));
        assert_eq!(seen.actor("one").stdout.total(), 33);
        assert_eq!(seen.actor("one").open_at_exit, []);
        let paths: Vec<_> = seen
            .leftovers
            .files
            .iter()
            .map(|file| file.path.to_text())
            .collect();
        assert_eq!(paths, [path]);
        assert_eq!(seen.calls("one", "mknod").len(), 1);
        assert_eq!(seen.leftovers.processes, []);
    }));
    tests
}

/// Delays change when things happen, and not what does.
fn chaos() -> Vec<Test> {
    let mut tests = Vec::new();
    tests.push(both("delays_at_calls_change_no_fact", |level| {
        let mut plan = pair(
            Protocol::Tcp,
            "wire serve tcp recv",
            "wire talk tcp recv hello",
        );
        let facts = |plan: &Plan| {
            let seen = run(level, plan);
            seen.all_well();
            (seen.moved("server"), seen.moved("client"))
        };
        let undisturbed = facts(&plan);
        for seed in 0..12 {
            plan.chaos = Some(seed);
            assert_eq!(facts(&plan), undisturbed);
        }
    }));
    tests.push(both("delays_at_calls_take_their_time", |level| {
        let mut plan = tampered(
            "tampers reads recv",
            "recv",
            Occurrence::Every,
            TamperAction::AtMost(1),
        );
        let mut longest = 0;
        for seed in 0..6 {
            plan.chaos = Some(seed);
            let seen = run(level, &plan);
            assert_eq!(seen.out("one"), "1 1 1 1 1 1 1 1 abcdefgh\n");
            longest = longest.max(seen.spent.actors_us);
        }
        // One thread, held about seven times for a millisecond and a half: undisturbed it is done in two.
        assert!(longest > 10_000, "{longest} us");
    }));
    tests.push(both("whoever_is_held_is_not_stuck", |level| {
        let mut plan = pair(Protocol::Tcp, "wire serve tcp recv", "exits code 0");
        for seed in 0..12 {
            plan.chaos = Some(seed);
            let seen = run(level, &plan);
            seen.stuck_in(&["server accept"]);
            assert_eq!(seen.actor("client").exit, Exit::Code(0));
        }
    }));
    tests
}

fn nth(n: u32) -> Occurrence {
    Occurrence::Nth(n)
}

fn tamper(call: &str, occurrence: Occurrence, action: TamperAction) -> Tamper {
    Tamper {
        actor: "one".to_owned(),
        call: call.to_owned(),
        or: Vec::new(),
        on: None,
        everywhere: false,
        occurrence,
        action,
    }
}

fn tampered(line: &str, call: &str, occurrence: Occurrence, action: TamperAction) -> Plan {
    let mut plan = plan([student("one", line)]);
    plan.tampers.push(tamper(call, occurrence, action));
    plan
}

/// What the trace says was changed.
fn notes(seen: &Seen) -> Vec<&str> {
    let calls = seen.trace.iter();
    calls.filter_map(|call| call.tampered.as_deref()).collect()
}
