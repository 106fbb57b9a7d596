//! Objects of the kernel behind the calls: processes, descriptors, files, queues; and nothing of them where the plan does not ask.

use ipclab_evidence::{
    Actor, Bytes, Direction, Ended, Exit, Fate, FileKind, GivenFile, GivenKind, GivenQueue,
    GivenSegment, GivenSemaphores, Moment, Occurrence, Process, ProcessEnd, QueuedMessage,
    SeenObjects, StdoutKind, Tamper, TamperAction, WantedObjects,
};

use ipclab_evidence::{LockKind, LockRange};

use crate::bench::{Adjust, Seen, Test, both, exits, plan, run, student};

/// A program with a file of twenty bytes, whose locks are asked about.
fn on_locked_file(line: &str) -> ipclab_evidence::Plan {
    let mut one = student("one", line);
    let calls = [
        "fcntl",
        "flock",
        "read",
        "write",
        "pread64",
        "pwrite64",
        "ftruncate",
    ];
    one.watched = calls.map(str::to_owned).into();
    let mut plan = plan([one]);
    plan.world.files = vec![GivenFile {
        path: "/tmp/locked".into(),
        kind: GivenKind::Text("01234567890123456789".into()),
        mode: Some(0o666),
        size: None,
    }];
    plan.objects.locked = vec!["/tmp/locked".into()];
    plan
}

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        both("what_became_of_each_child", |level| {
            let seen = run(level, &asking(student("one", "objects fates")));
            let told: Vec<_> = processes(&seen)
                .map(|process| (process.end, of(process)))
                .collect();
            let code = |status| Some(ProcessEnd::Code(status));
            let expect = [
                (code(0), "nothing"),
                (code(3), "waited for"),
                (code(4), "waited for"),
                (Some(ProcessEnd::Signal(9)), "waited for"),
                (code(5), "zombie"),
                (None, "orphan"),
            ];
            assert_eq!(told, expect);
        }),
        both("a_status_that_the_kernel_discards_is_no_zombie", |level| {
            let seen = run(level, &asking(student("one", "objects discards")));
            let told: Vec<_> = processes(&seen).map(of).collect();
            assert_eq!(told, ["nothing", "discarded"]);
        }),
        both("threads_are_no_processes", |level| {
            let seen = run(level, &asking(student("one", "objects threads")));
            let threads: Vec<_> = processes(&seen).map(|process| process.threads).collect();
            assert_eq!(threads, [3]);
        }),
        both("threads_that_are_never_joined", |level| {
            for (act, expect) in [
                ("jjlj", 0),
                ("dsj", 0),
                ("r", 1),
                ("e", 1),
                ("jrdlesj", 2),
                ("jx", 1),
                ("lllllllljjjjjjjjdddd", 0),
            ] {
                let mut plan = asking(student("one", &format!("objects joins {act}")));
                plan.objects.threads = true;
                let seen = run(level, &plan);
                let process = processes(&seen).next().expect("a process");
                assert_eq!(process.unjoined.len(), expect, "{act}");
            }
        }),
        // What a program has open at its end is what its last thread leaves, whichever thread was its first.
        both(
            "what_the_last_thread_closes_is_closed_at_the_end",
            |level| {
                let seen = run(level, &asking(student("one", "objects leader-leaves")));
                let process = processes(&seen).next().expect("a process");
                let ends = process
                    .held
                    .iter()
                    .filter(|held| held.moment == Moment::End);
                let ends: Vec<_> = ends
                    .map(|held| held.open.iter().filter(|one| one.fd > 2).count())
                    .collect();
                assert_eq!(ends, [0]);
            },
        ),
        // In the host's own world no program reaches others' objects, and what the case begins with is no other's.
        both("a_program_may_remove_what_the_case_gave_it", |level| {
            let mut plan = plan([student("one", "objects removes-all")]);
            plan.world.segments = vec![GivenSegment {
                key: 0x1bc1,
                size: 64,
                mode: 0o600,
                holds: Bytes::default(),
                foreign: false,
            }];
            plan.world.semaphores = vec![GivenSemaphores {
                key: 0x1bc2,
                values: vec![1],
                mode: 0o600,
            }];
            plan.world.queues = vec![GivenQueue {
                key: 0x1bc3,
                messages: Vec::new(),
                mode: 0o600,
            }];
            let seen = run(level, &plan);
            seen.all_well();
            let left = &seen.leftovers;
            assert!(
                left.segments.is_empty() && left.semaphores.is_empty() && left.queues.is_empty(),
                "{left:?}"
            );
        }),
        both("under_which_locks_a_file_is_read_and_written", |level| {
            let (exclusive, shared) = (Some(LockKind::Exclusive), Some(LockKind::Shared));
            for (act, expect) in [
                ("w", &[(true, None)][..]),
                ("xw", &[(true, exclusive)]),
                ("sw", &[(true, shared)]),
                ("sr", &[(false, shared)]),
                (
                    "xwwruw",
                    &[(true, exclusive), (false, exclusive), (true, None)],
                ),
                // Ten bytes from 5 on: half of them only are locked.
                ("xW", &[(true, None)]),
                ("xyW", &[(true, exclusive)]),
                ("xyR", &[(false, exclusive)]),
                ("fw", &[(true, exclusive)]),
                ("Fw", &[(true, shared)]),
                ("ow", &[(true, exclusive)]),
                // Whichever descriptor of the file is closed, a process loses its locks on it.
                ("xcw", &[(true, None)]),
                ("ocw", &[(true, exclusive)]),
                // A child has none of its parent's, but for those of the open file.
                ("xkw", &[(true, None)]),
                ("okw", &[(true, exclusive)]),
                ("xya", &[(true, None)]),
                ("oa", &[(true, exclusive)]),
                ("xyt", &[(true, None)]),
                ("ot", &[(true, exclusive)]),
            ] {
                let seen = run(level, &on_locked_file(&format!("objects locks {act}")));
                let told: Vec<_> = seen
                    .objects
                    .accesses
                    .iter()
                    .map(|one| (one.writes, one.lock))
                    .collect();
                assert_eq!(told, expect, "{act}");
                assert!(
                    seen.objects.accesses.iter().all(|one| one.call.is_some()),
                    "{act}"
                );
            }
        }),
        both("who_has_the_lock_that_a_process_waits_for", |level| {
            for (how, wanted, held) in [
                (
                    "fcntl",
                    (LockKind::Shared, 2, Some(5)),
                    (LockKind::Exclusive, 3, None),
                ),
                (
                    "flock",
                    (LockKind::Shared, 0, None),
                    (LockKind::Exclusive, 0, None),
                ),
            ] {
                let seen = run(
                    level,
                    &on_locked_file(&format!("objects waits-for-lock {how}")),
                );
                let Ended::Stuck { waits } = &seen.ended else {
                    panic!("{:?}", seen.ended)
                };
                let lock = waits
                    .iter()
                    .find_map(|wait| wait.lock.as_ref())
                    .expect("a wait for a lock");
                let range = |(kind, from, to)| LockRange { kind, from, to };
                assert_eq!(lock.wanted, range(wanted), "{how}");
                let holders: Vec<_> = lock.held.iter().map(|held| held.pid).collect();
                let first = seen.actor("one").pid.expect("a process");
                // What flock() locks is locked for an open file, and both processes have that.
                match how {
                    "flock" => assert!(
                        holders.contains(&first) && holders.len() == 2,
                        "{holders:?}"
                    ),
                    _ => assert_eq!(holders, [first]),
                }
                assert!(
                    lock.held.iter().all(|one| one.lock == range(held)),
                    "{:?}",
                    lock.held
                );
            }
        }),
        both("a_fault_of_fork_meets_no_thread", |level| {
            let mut plan = asking(student("one", "objects threads"));
            plan.tampers = vec![Tamper {
                actor: "one".to_owned(),
                call: "fork".to_owned(),
                or: Vec::new(),
                on: None,
                everywhere: true,
                occurrence: Occurrence::Every,
                action: TamperAction::Fail("EAGAIN".to_owned()),
            }];
            let seen = run(level, &plan);
            assert_eq!(
                processes(&seen).next().map(|process| process.threads),
                Some(3)
            );
        }),
        both("what_a_program_was_started_with", |level| {
            for (line, open) in [("leak", &["pipe 1", "pipe 1"][..]), ("close", &[])] {
                let seen = run(
                    level,
                    &asking(student("one", &format!("objects runs {line}"))),
                );
                let child = processes(&seen).nth(1).expect("a child");
                let argv: Vec<Bytes> = ["echo", "one", "two words"].map(Bytes::from).into();
                assert_eq!(child.programs[0].argv, argv);
                let held = &child.held[0];
                assert_eq!(held.moment, Moment::Exec);
                let beyond = held.open.iter().filter(|open| open.fd > 2);
                let beyond: Vec<&str> = beyond.map(|open| open.on.as_str()).collect();
                assert_eq!(beyond, open, "{line}");
            }
        }),
        both("files_as_they_were_left", files),
        both("links_and_holes_are_given", given_files),
        both("messages_find_their_receivers", |level| {
            let seen = run(
                level,
                &plan([
                    student("one", "objects sends"),
                    student("two", "objects takes").after(exits("one")),
                ]),
            );
            let moved: Vec<_> = seen
                .trace
                .iter()
                .filter_map(|call| Some((call.actor, call.transfer.as_ref()?)))
                .map(|(actor, transfer)| {
                    let peer = transfer.peer.map(|peer| seen.sockets[peer].actor);
                    (actor, transfer.direction, transfer.head.to_text(), peer)
                })
                .collect();
            let message = |actor, way, text: &str, peer| (actor, way, text.to_owned(), Some(peer));
            let expect = [
                message(0, Direction::Sent, "first", 1),
                message(0, Direction::Sent, "second", 1),
                message(1, Direction::Received, "second", 0),
                message(1, Direction::Received, "first", 0),
            ];
            assert_eq!(moved, expect);
        }),
        both(
            "what_crosses_a_fifo_is_seen_where_it_is_asked_for",
            |level| {
                for asked in [true, false] {
                    let mut plan = plan([
                        student("one", "objects fifo-writes abc de"),
                        student("two", "objects fifo-reads"),
                    ]);
                    plan.objects.fifos = asked;
                    plan.world.files = vec![GivenFile {
                        path: "/tmp/ipclab_test_fifo".into(),
                        kind: GivenKind::Fifo,
                        mode: None,
                        size: None,
                    }];
                    let seen = run(level, &plan);
                    seen.all_well();
                    let moved = seen.trace.iter().filter_map(|call| {
                        let transfer = call.transfer.as_ref()?;
                        let peer = seen.sockets[transfer.peer?].actor;
                        Some((call.actor, transfer.head.to_text(), peer))
                    });
                    let mut moved: Vec<_> = moved.collect();
                    moved.sort();
                    let piece = |actor, text: &str, peer| (actor, text.to_owned(), peer);
                    let expect = [
                        piece(0, "abc", 1),
                        piece(0, "de", 1),
                        piece(1, "abc", 0),
                        piece(1, "de", 0),
                    ];
                    assert_eq!(moved, if asked { &expect[..] } else { &[] });
                }
            },
        ),
        both("a_queue_that_is_given_and_what_is_left_in_it", |level| {
            let mut plan = plan([student("one", "objects takes-one")]);
            let message = |mtype, text: &str| QueuedMessage {
                mtype,
                text: text.into(),
            };
            plan.world.queues = vec![GivenQueue {
                key: 236_200,
                messages: vec![message(1, "first"), message(2, "second")],
                mode: 0o600,
            }];
            let seen = run(level, &plan);
            assert_eq!(seen.actor("one").exit, Exit::Code(6));
            let left = seen
                .leftovers
                .queues
                .iter()
                .find(|queue| queue.key == 236_200);
            let left = left.expect("the queue");
            assert_eq!((left.messages, left.mode, left.given), (1, 0o600, true));
            assert_eq!(left.held, [message(1, "first")]);
        }),
        both("a_reader_that_keeps_its_pipe_open", |level| {
            let seen = run(level, &plan([student("one", "objects never-ends")]));
            let Ended::Stuck { waits } = &seen.ended else {
                panic!("{:?}", seen.ended)
            };
            let ends: Vec<_> = waits[0]
                .other_ends
                .iter()
                .map(|end| (end.actor, end.fd))
                .collect();
            assert_eq!(ends, [(0, 4)]);
        }),
        both("who_passed_which_descriptor_to_whom", |level| {
            let file = "/tmp/ipclab_test_passed";
            for (how, on, expect) in [
                ("file", file, true),
                ("keep", file, true),
                ("end", "pipe 1", true),
                ("many", file, true),
                // What a peek brings is passed once all the same.
                ("peek", file, true),
                ("number", "", false),
                ("none", "", false),
            ] {
                let seen = run(
                    level,
                    &asking(student("one", &format!("objects passes {how}"))),
                );
                seen.all_well();
                let passed = &seen.objects.passed;
                assert_eq!(passed.len(), usize::from(expect), "{how}: {passed:?}");
                let (Some(one), [parent, child]) = (passed.first(), &seen.objects.processes[..])
                else {
                    continue;
                };
                let to = one.to.as_ref().expect("a receiver");
                assert_eq!((one.from.pid, to.pid), (parent.pid, child.pid), "{how}");
                assert_eq!((one.on.as_str(), one.writes), (on, true), "{how}");
                let names = [one.from.call, to.call].map(|n| {
                    let mut calls = seen.trace.iter();
                    calls
                        .find(|call| call.n == n)
                        .map(|call| call.name.as_str())
                });
                assert_eq!(names, [Some("sendmsg"), Some("recvmsg")], "{how}");
            }
        }),
        both("what_a_process_still_has_of_what_it_passed", |level| {
            for (how, expect) in [
                ("file", &[][..]),
                ("keep", &[4]),
                ("end", &[20]),
                ("number", &[]),
            ] {
                let seen = run(
                    level,
                    &asking(student("one", &format!("objects passes {how}"))),
                );
                let parent = processes(&seen).next().expect("a process");
                for moment in [Moment::Wait, Moment::End] {
                    let held = parent.held.iter().find(|held| held.moment == moment);
                    let open = held.expect("a moment").open.iter();
                    let passed: Vec<i32> =
                        open.filter(|one| one.passed).map(|one| one.fd).collect();
                    assert_eq!(passed, expect, "{how} {moment:?}");
                }
            }
        }),
        both("an_end_of_file_that_a_passed_end_keeps_away", |level| {
            for how in ["stuck", "flight", "pair"] {
                let seen = run(
                    level,
                    &plan([student("one", &format!("objects passes {how}"))]),
                );
                let Ended::Stuck { waits } = &seen.ended else {
                    panic!("{:?}", seen.ended)
                };
                let reads = |call: &str| waits.iter().find(|wait| wait.call == call);
                let wait = reads("read").expect("a wait");
                let passed = seen.objects.passed.first();
                match (how, passed) {
                    ("stuck", Some(passed)) => {
                        let to = passed.to.as_ref().expect("a receiver");
                        let end = &wait.other_ends[..];
                        assert_eq!(end.len(), 1, "{end:?}");
                        let place = (end[0].pid, end[0].fd, end[0].came_by);
                        assert_eq!(place, (to.pid, to.fd, Some(to.call)));
                        assert!(wait.in_flight.is_empty());
                    }
                    ("flight", Some(passed)) => {
                        assert_eq!(passed.to, None);
                        assert!(wait.other_ends.is_empty());
                        assert_eq!(wait.in_flight, [passed.from.call]);
                    }
                    (_, passed) => {
                        assert_eq!(passed, None);
                        let ends: Vec<_> = wait
                            .other_ends
                            .iter()
                            .map(|end| (end.pid, end.fd))
                            .collect();
                        assert_eq!(ends, [(wait.pid, 3)]);
                    }
                }
            }
        }),
        both(
            "the_environment_of_a_program_as_far_as_it_is_asked_about",
            |level| {
                let mut plan = asking(student("one", "objects environment"));
                plan.objects.environment =
                    ["GREETING", "SECRET", "MISSING"].map(str::to_owned).into();
                if let ipclab_evidence::Run::Program { env, .. } = &mut plan.actors[0].run {
                    env.push(("SECRET".to_owned(), "x".to_owned()));
                }
                let seen = run(level, &plan);
                let found: Vec<Vec<String>> = processes(&seen)
                    .flat_map(|process| &process.programs)
                    .map(|program| program.environment.iter().map(Bytes::to_text).collect())
                    .collect();
                assert_eq!(found, [["SECRET=x"], ["GREETING=hello=you"]]);
            },
        ),
        both("what_is_not_asked_is_not_there", |level| {
            let seen = run(level, &plan([student("one", "objects fates")]));
            assert_eq!(seen.objects, SeenObjects::default());
        }),
    ];
    for (kind, text) in [
        (StdoutKind::Terminal, "once\n"),
        (StdoutKind::Pipe, "once\nonce\n"),
        (StdoutKind::File, "once\nonce\n"),
    ] {
        tests.push(both(format!("it_prints_to_a_{kind:?}"), move |level| {
            let actor = Actor {
                stdout: kind,
                ..student("one", "objects prints")
            };
            let seen = run(level, &plan([actor]));
            assert_eq!(seen.out("one"), text);
            let is_terminal = u8::from(!kind.is_terminal());
            assert_eq!(seen.actor("one").exit, Exit::Code(is_terminal));
        }));
    }
    tests
}

/// A plan that asks for processes and what they have open.
fn asking(actor: Actor) -> ipclab_evidence::Plan {
    let mut plan = plan([actor]);
    plan.objects = WantedObjects {
        processes: true,
        descriptors: true,
        files: Vec::new(),
        ..WantedObjects::default()
    };
    plan
}

fn processes(seen: &Seen) -> impl Iterator<Item = &Process> {
    assert_eq!(seen.objects.dropped, 0);
    seen.objects.processes.iter()
}

fn of(process: &Process) -> &'static str {
    match process.fate {
        None => "nothing",
        Some(Fate::WaitedFor {
            by: 0,
            call: Some(_),
        }) => "waited for",
        Some(Fate::WaitedFor { .. }) => "waited for by another",
        Some(Fate::Zombie) => "zombie",
        Some(Fate::Orphan) => "orphan",
        Some(Fate::Discarded) => "discarded",
    }
}

fn files(level: ipclab_evidence::Level) {
    let names = ["holes", "twin", "link", "fifo", "none"];
    let mut plan = plan([student("one", "objects files")]);
    plan.objects.files = names
        .iter()
        .map(|name| format!("/tmp/ipclab_test_{name}").into())
        .chain(["/lab/here".into()])
        .collect();
    let seen = run(level, &plan);
    let found: Vec<_> = seen.objects.files.iter().map(|file| &file.found).collect();
    let kinds: Vec<_> = found
        .iter()
        .map(|found| found.as_ref().map(|found| found.kind))
        .collect();
    let expect = [
        Some(FileKind::Regular),
        Some(FileKind::Regular),
        Some(FileKind::Symlink),
        Some(FileKind::Fifo),
        None,
        Some(FileKind::Regular),
    ];
    assert_eq!(kinds, expect);
    let one = |at: usize| found[at].as_ref().expect("a file");
    let holes = one(0);
    assert_eq!(
        (holes.size, holes.mode, holes.links),
        ((1 << 20) + 3, 0o640, 2)
    );
    assert!(holes.blocks * 512 < holes.size && holes.is_own);
    assert_eq!(one(1).digest, holes.digest);
    assert_eq!(one(2).target, Some("ipclab_test_holes".into()));
    assert_eq!((one(5).holds.clone(), one(5).whole), ("text".into(), true));
    assert_eq!(seen.objects.files[5].path, "/lab/here".into());
}

fn given_files(level: ipclab_evidence::Level) {
    let mut plan = plan([student("one", "leftovers nothing")]);
    let given = |name: &str, kind, size| GivenFile {
        path: format!("/tmp/ipclab_test_{name}").into(),
        kind,
        mode: None,
        size,
    };
    plan.world.files = vec![
        given("sparse", GivenKind::Text("text".into()), Some(1 << 20)),
        given(
            "soft",
            GivenKind::Symlink("ipclab_test_sparse".into()),
            None,
        ),
        given(
            "hard",
            GivenKind::HardLink("/tmp/ipclab_test_sparse".into()),
            None,
        ),
    ];
    plan.objects.files = plan
        .world
        .files
        .iter()
        .map(|file| file.path.clone())
        .collect();
    let seen = run(level, &plan);
    seen.all_well();
    let found: Vec<_> = seen.objects.files.iter().map(|file| &file.found).collect();
    let one = |at: usize| found[at].as_ref().expect("a file");
    let (sparse, soft, hard) = (one(0), one(1), one(2));
    assert_eq!((sparse.size, sparse.links), (1 << 20, 2));
    assert!(sparse.blocks * 512 < sparse.size && sparse.holds.0.starts_with(b"text\0"));
    assert_eq!(soft.target, Some("ipclab_test_sparse".into()));
    assert_eq!((&hard.digest, hard.links), (&sparse.digest, 2));
    // None of it counts as changed.
    let files = &seen.leftovers.files;
    assert!(files.iter().all(|file| file.given), "{files:?}");
}
