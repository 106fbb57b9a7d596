//! An actor that takes more than it may is stopped, or refused by the kernel, and the evidence says which limit it was.

use ipclab_evidence::{Ended, Exit, LimitHit, LimitKind, Limits};

use crate::bench::{Adjust, Test, both, own, plan, run, student, waits};

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
    // The kernel counts by user what lies unread in sockets. With more of that than a program may have open, as another one that
    // was graded at the same time had left, none could be started: "Too many references: cannot splice".
    tests.push(both(
        "descriptors_in_flight_keep_no_other_from_starting",
        |level| {
            let one = student("one", "limits in-flight");
            let two = student("two", "limits opens").after(waits("one"));
            let mut plan = plan([one, two]);
            plan.limits = small();
            let seen = run(level, &plan);
            assert!(matches!(seen.actor("one").exit, Exit::Running { .. }));
            assert_eq!(seen.actor("two").exit, Exit::Code(7));
        },
    ));
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
    tests
}
