//! An actor that takes more than it may is stopped, or refused by the kernel, and the evidence says which limit it was.

use ipclab_evidence::{Ended, Exit, Level, LimitHit, LimitKind, Limits};

use crate::bench::{Test, both, own, plan, run, student, waits};
use ipclab_sandbox::{LevelChoice, Sandbox};

/// What the plans of this theme allow.
fn small() -> Limits {
    Limits {
        wall_ms: 60_000,
        // Plenty: filling memory takes a slow machine long, and that limit is not the one in question.
        clock_ms: 3_600_000,
        cpu_ms: 30_000,
        memory_mib: 200,
        file_mib: 2,
        processes: 20,
        open_files: 40,
        output_bytes: 100_000,
        output_lines: 500,
        output_kept: 1_000,
        calls: 2_000,
        calls_kept: 100,
        files: 30,
        reserves: false,
    }
}

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    // Stopped by the box.
    for (line, kind, limit) in [
        ("cpu 1", LimitKind::Cpu, 300),
        ("cpu 3", LimitKind::Cpu, 300),
        ("cpu-thread", LimitKind::Cpu, 300),
        ("cpu-brood", LimitKind::Cpu, 300),
        ("flood 1", LimitKind::Output, 100_000),
        ("flood 2", LimitKind::Output, 100_000),
        ("lines 1", LimitKind::Lines, 500),
        ("lines 2", LimitKind::Lines, 500),
        ("calls", LimitKind::Calls, 2_000),
        ("memory", LimitKind::Memory, 200),
        ("memory-brood", LimitKind::Memory, 200),
        ("shared-dropped", LimitKind::Memory, 200),
        ("zero-dropped", LimitKind::Memory, 200),
        ("files", LimitKind::Files, 30),
        ("folders", LimitKind::Files, 30),
        ("links", LimitKind::Files, 30),
        ("socket-files", LimitKind::Files, 30),
    ] {
        tests.push(both(line.replace(' ', "_"), move |level| {
            let mut plan = plan([student("one", &format!("limits {line}"))]);
            plan.limits = small();
            if kind == LimitKind::Cpu {
                plan.limits.cpu_ms = limit;
            }
            let seen = run(level, &plan);
            let hit = LimitHit { kind, limit };
            assert_eq!(seen.ended, Ended::LimitHit { actor: 0 });
            assert_eq!(seen.actor("one").limits, std::slice::from_ref(&hit));
            assert_eq!(seen.actor("one").exit, Exit::Stopped(hit));
            let stdout = &seen.actor("one").stdout;
            assert!(stdout.kept().0.len() <= 1_000);
            // What is too much is not evidence: it is never the same twice.
            let printed = stdout.total().max(seen.actor("one").stderr.total());
            match kind {
                LimitKind::Output => assert_eq!(printed, limit + 1),
                LimitKind::Lines => assert_eq!(printed, (limit + 1) * "line\n".len() as u64),
                _ => {}
            }
            // And the call that each process was in when it was stopped.
            let most = 100 + small().processes as usize;
            assert!(seen.trace.len() <= most, "{} calls kept", seen.trace.len());
        }));
    }
    // Refused by the kernel: the program goes on as it likes.
    for (line, kind, limit) in [
        ("file /tmp/ipclab_test_large ignore", LimitKind::FileSize, 2),
        ("file large ignore", LimitKind::FileSize, 2),
        ("sockets", LimitKind::OpenFiles, 40),
        ("opens", LimitKind::OpenFiles, 40),
    ] {
        tests.push(both(line.replace([' ', '/'], "_"), move |level| {
            let mut plan = plan([student("one", &format!("limits {line}"))]);
            plan.limits = small();
            let seen = run(level, &plan);
            assert_eq!(seen.actor("one").exit, Exit::Code(7));
            assert_eq!(seen.actor("one").limits, [LimitHit { kind, limit }]);
        }));
    }
    tests.push(both("too_large_a_file_kills", |level| {
        let mut plan = plan([student("one", "limits file large")]);
        plan.limits = small();
        let seen = run(level, &plan);
        assert!(matches!(
            &seen.actor("one").exit,
            Exit::Signal { name, .. } if name == "SIGXFSZ"
        ));
        assert_eq!(seen.actor("one").limits[0].kind, LimitKind::FileSize);
    }));
    // Made without end, or asked for politely: no other actor notices, and no process survives.
    for line in ["fork-bomb", "thread-bomb", "polite-forks"] {
        tests.push(both(line, move |level| {
            let mut plan = plan([student("one", &format!("limits {line}"))]);
            plan.limits = small();
            let seen = run(level, &plan);
            let one = seen.actor("one");
            let hit = LimitHit {
                kind: LimitKind::Processes,
                limit: 20,
            };
            assert!(one.limits.contains(&hit), "{:?}", one.limits);
            // Who is refused and goes on asking is stopped, and not only when its calls or its time are used up.
            if line == "fork-bomb" {
                assert_eq!(one.exit, Exit::Stopped(hit));
            }
        }));
    }
    // When we come to read it, its program may be gone, having said that all is well.
    for stream in [1, 2] {
        let name = format!("too_many_lines_of_a_program_that_ends_well_{stream}");
        tests.push(both(name, move |level| {
            let mut plan = plan([student("one", &format!("limits lines-at-once {stream}"))]);
            plan.limits = small();
            let hit = LimitHit {
                kind: LimitKind::Lines,
                limit: 500,
            };
            for _ in 0..20 {
                let seen = run(level, &plan);
                assert_eq!(seen.ended, Ended::LimitHit { actor: 0 });
                assert_eq!(seen.actor("one").exit, Exit::Stopped(hit.clone()));
                assert_eq!(seen.actor("one").limits, std::slice::from_ref(&hit));
            }
        }));
    }
    // CPU time is looked at now and then, too.
    tests.push(both(
        "too_much_computing_of_a_program_that_ends_well",
        |level| {
            let mut plan = plan([student("one", "limits cpu-before-the-end")]);
            plan.limits = small();
            plan.limits.cpu_ms = 3;
            let hit = LimitHit {
                kind: LimitKind::Cpu,
                limit: 3,
            };
            for _ in 0..20 {
                let seen = run(level, &plan);
                assert_eq!(seen.ended, Ended::LimitHit { actor: 0 });
                assert_eq!(seen.actor("one").exit, Exit::Stopped(hit.clone()));
            }
        },
    ));
    // Not "the machine is too busy", which would be nobody's fault, though it takes longer than that in real time.
    tests.push(both(
        "calls_that_are_dear_to_follow_are_no_busy_machine",
        |level| {
            let mut plan = plan([student("one", "limits calls")]);
            plan.limits = small();
            plan.limits.wall_ms = 20;
            plan.limits.calls = u64::from(u32::MAX);
            let seen = run(level, &plan);
            assert_eq!(seen.trouble, Vec::<String>::new());
            let Ended::DeadlineExceeded { limit_ms: 20, .. } = seen.ended else {
                panic!("{:?}", seen.ended)
            };
        },
    ));
    // The memory of all processes is added up now and then: they may all wait for ever before the next look.
    tests.push(both(
        "too_much_memory_of_processes_that_then_wait",
        |level| {
            let mut plan = plan([student("one", "limits memory-at-last")]);
            plan.limits = small();
            let hit = LimitHit {
                kind: LimitKind::Memory,
                limit: 200,
            };
            for _ in 0..20 {
                let seen = run(level, &plan);
                assert_eq!(seen.ended, Ended::LimitHit { actor: 0 });
                assert_eq!(seen.actor("one").exit, Exit::Stopped(hit.clone()));
            }
        },
    ));
    tests.push(both(
        "shared_memory_that_is_given_back_is_not_counted",
        |level| {
            let mut plan = plan([student("one", "limits shared-in-turn")]);
            plan.limits = small();
            run(level, &plan).all_well();
        },
    ));
    tests.push(own("system_v_objects", |level| {
        let mut plan = plan([student("one", "limits segments")]);
        plan.limits.calls = 100_000;
        let seen = run(level, &plan);
        assert_eq!(seen.actor("one").exit, Exit::Code(7));
        assert_eq!(
            seen.actor("one").limits,
            [LimitHit {
                kind: LimitKind::IpcObjects,
                limit: 64
            }]
        );
        assert_eq!(seen.leftovers.segments.len(), 64);
    }));
    // What strangers make long is not kept at its length: evidence has a size.
    for line in ["long-names", "full-segments"] {
        tests.push(both(line, move |level| {
            let mut plan = plan([student("one", &format!("limits {line}"))]);
            plan.limits.calls = 2_000;
            let seen = run(level, &plan);
            let size = serde_json::to_vec(&seen.0).expect("JSON").len();
            assert!(size < 10 << 20, "{size} bytes");
            let segments = &seen.leftovers.segments;
            assert!(segments.iter().all(|one| one.holds.0.len() >= 256));
            let called = seen
                .trace
                .iter()
                .filter(|call| call.name == "unlink")
                .count();
            assert!(called > 1_900 || segments.len() == 40, "{called}");
        }));
    }
    // Not "the machine is too busy" either: a program could otherwise choose not to be judged.
    tests.push(own(
        "waiting_for_the_disk_without_end_is_no_busy_machine",
        |level| {
            let mut plan = plan([student("one", "limits disk")]);
            plan.limits.wall_ms = 300;
            let seen = run(level, &plan);
            assert!(
                matches!(seen.ended, Ended::DeadlineExceeded { limit_ms: 300, .. }),
                "{:?}",
                seen.ended
            );
            assert!(matches!(seen.actor("one").exit, Exit::Running { .. }));
        },
    ));
    tests.push(both("no_core_is_dumped", |level| {
        let seen = run(level, &plan([student("one", "limits core")]));
        assert_eq!(seen.leftovers.files, []);
    }));
    tests.push(both("two_actors_are_counted_apart", |level| {
        let mut plan = plan([
            student("idle", "leftovers serve"),
            student("busy", "limits cpu 1"),
        ]);
        plan.limits = small();
        plan.limits.cpu_ms = 300;
        let seen = run(level, &plan);
        assert_eq!(seen.ended, Ended::LimitHit { actor: 1 });
        assert_eq!(seen.actor("idle").limits, []);
        assert!(matches!(seen.actor("idle").exit, Exit::Running { .. }));
    }));
    tests.push(both(
        "untraced_programs_are_bounded_all_the_same",
        |level| {
            for (line, kind, limit) in [
                ("cpu 2", LimitKind::Cpu, 300),
                ("flood 1", LimitKind::Output, 100_000),
                ("lines 1", LimitKind::Lines, 500),
            ] {
                let mut plan = plan([student("one", &format!("limits {line}"))]);
                plan.limits = small();
                plan.limits.cpu_ms = 300;
                plan.traced = false;
                let seen = run(level, &plan);
                assert_eq!(
                    seen.actor("one").exit,
                    Exit::Stopped(LimitHit { kind, limit })
                );
                assert_eq!(seen.trace, []);
            }
        },
    ));
    // One that nearly anything on the machine comes before would never get to a limit where others work, and not be judged.
    tests.push(both(
        "no_program_lowers_its_priority_to_escape_its_limits",
        |level| {
            let plan = plan([student("one", "limits lower-priority")]);
            let seen = run(level, &plan);
            assert_eq!(seen.out("one"), "10000000 1 0 0\n");
        },
    ));
    // The kernel counts descriptors that were sent and not received by user: a second program of the case could not be started.
    tests.push(both(
        "descriptors_on_their_way_keep_no_other_program_from_starting",
        |level| {
            let mut plan = plan([
                student("one", "limits in-flight"),
                student("two", "exits code 7"),
            ]);
            plan.limits.open_files = 40;
            plan.actors[1].start = vec![waits("one")];
            let seen = run(level, &plan);
            assert_eq!(seen.out("one"), "ETOOMANYREFS\n");
            assert_eq!(seen.actor("two").exit, Exit::Code(7));
        },
    ));
    // And so it was in a box beside that one: there a right program could pass none.
    tests.push(own(
        "descriptors_on_their_way_in_one_box_are_none_of_anothers",
        |_| {
            if !nix::unistd::geteuid().is_root() {
                // Boxes have their user's id, and no other.
                return;
            }
            let start = |number| Sandbox::start_on(LevelChoice::Namespaces, number).unwrap();
            let mut plan_of_first = plan([student("one", "limits in-flight and-holds")]);
            plan_of_first.limits.open_files = 40;
            plan_of_first.limits.cpu_ms = 1_500;
            let holds = std::thread::spawn(move || start(0).run(&plan_of_first).unwrap());
            let (mut second, mut times) = (start(1), 0);
            while !holds.is_finished() || times == 0 {
                let mut passes = plan([student("one", "limits passes")]);
                passes.limits.open_files = 40;
                let evidence = second.run(&passes).unwrap();
                let out = evidence.actors[0].stdout.kept().to_text();
                assert_eq!(out, "1000 all\n", "time {times}");
                times += 1;
            }
            let held = holds.join().unwrap();
            let out = held.actors[0].stdout.kept().to_text();
            assert_eq!(out, "ETOOMANYREFS\n");
        },
    ));
    // All boxes' pipes have the room of one user: 1,024 of one box made those of another one small.
    tests.push(both("a_box_has_not_all_pipes_of_its_user", |level| {
        let check = |line: &str, expect: &str| {
            let seen = run(level, &plan([student("one", line)]));
            let out = seen.out("one");
            assert_eq!(out.trim(), expect, "{line}");
        };
        check("limits pipes 2", "100 another");
        // Two are its own streams.
        check("limits pipes 6", "126 ENFILE");
        check("limits pipes-in-turn", "1000");
        check("limits fifos 100", "made");
        let seen = run(level, &plan([student("one", "limits fifos 300")]));
        let hit = LimitHit {
            kind: LimitKind::Files,
            limit: 128,
        };
        assert_eq!(seen.actor("one").exit, Exit::Stopped(hit));
    }));
    // What is counted by user, and against the one who runs the tool.
    tests.push(both("what_the_kernel_counts_by_user_is_bounded", |level| {
        let mut plan = plan([student("one", "limits by-user")]);
        plan.limits.open_files = 200;
        let seen = run(level, &plan);
        let watchers = match level {
            Level::Namespaces => "8",
            Level::Shared => "100",
        };
        let out = seen.out("one");
        let words: Vec<&str> = out.split_whitespace().collect();
        assert_eq!((words[0], words[2], words[3]), (watchers, "EPERM", "65536"));
        // Another process of the user may have one at the moment.
        assert!(
            (1..=1024).contains(&words[1].parse::<u32>().unwrap()),
            "{out}"
        );
    }));
    tests.push(both("what_lies_in_sockets_is_memory", |level| {
        let limited = |line: &str| {
            let mut plan = plan([student("one", line)]);
            plan.limits = Limits {
                memory_mib: 30,
                open_files: 250,
                calls: 10_000,
                reserves: true,
                ..small()
            };
            plan
        };
        let seen = run(level, &limited("limits in-sockets 240"));
        let hit = LimitHit {
            kind: LimitKind::Memory,
            limit: 30,
        };
        assert_eq!(seen.actor("one").exit, Exit::Stopped(hit));
        // What is received is not there any more.
        let seen = run(level, &limited("limits through-sockets 900"));
        assert_eq!(seen.out("one"), "through\n");
    }));
    tests.push(both("tables_of_pages_are_memory", |level| {
        let mut plan = plan([student("one", "limits page-tables")]);
        plan.limits = Limits {
            // As programs with sanitizers have it.
            reserves: true,
            ..small()
        };
        let hit = LimitHit {
            kind: LimitKind::Memory,
            limit: 200,
        };
        assert_eq!(run(level, &plan).actor("one").exit, Exit::Stopped(hit));
    }));
    tests
}
