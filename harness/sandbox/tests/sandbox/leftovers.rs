//! What was left behind is told with its kind, size and maker; what was there before and is the same, is not.

use ipclab_evidence::{
    Address, Await, Bytes, Ended, Exit, FileKind, GivenFile, GivenKind, GivenSegment, IpcKind,
    LeftFile, Placeholder, Protocol, RuntimeValue, Segment, Watch,
};

use crate::bench::{
    Adjust, KEY, PATH, PORT, Seen, Test, both, endpoint, own, plan, ready, run, student, waits,
};

/// Everything that was left, a line each: what, where, how large, whose.
fn left(seen: &Seen) -> Vec<String> {
    let left = &seen.leftovers;
    let file = |class: &str, file: &LeftFile| {
        let kind = match file.kind {
            FileKind::Regular => format!("file of {}", file.size),
            FileKind::Socket => "socket".to_owned(),
            FileKind::Directory => "folder".to_owned(),
            FileKind::Symlink => "link".to_owned(),
            FileKind::Fifo => "fifo".to_owned(),
            FileKind::Other => "something".to_owned(),
        };
        let was = match (file.changed, file.given) {
            (true, _) => " changed",
            (false, true) => " given",
            (false, false) => "",
        };
        format!("{class}{kind} {}{was}", file.path.escaped())
    };
    let mut lines: Vec<String> = Vec::new();
    lines.extend(left.segments.iter().map(segment));
    lines.extend(
        left.semaphores
            .iter()
            .map(|set| format!("semaphores {} {:o} {:?}", set.key, set.mode, set.values)),
    );
    lines.extend(
        left.queues
            .iter()
            .map(|queue| format!("queue {} of {}", queue.key, queue.messages)),
    );
    lines.extend(left.files.iter().map(|left| file("", left)));
    lines.extend(left.posix_shm.iter().map(|left| file("posix ", left)));
    lines.extend(left.posix_queues.iter().map(|left| file("mqueue ", left)));
    lines.extend(
        left.missing
            .iter()
            .map(|path| format!("missing {}", path.escaped())),
    );
    lines.extend(left.processes.iter().map(|process| {
        let actor = &seen.actors[process.actor].name;
        let which = if process.first { "first" } else { "later" };
        format!("process {} of {actor}, its {which}", process.name)
    }));
    lines.extend(left.ports.iter().map(|port| {
        let actor = port
            .actor
            .map_or("nobody", |actor| &seen.actors[actor].name);
        format!("port {:?} of {actor}", port.protocol).to_lowercase()
    }));
    lines.sort();
    lines
}

fn segment(segment: &Segment) -> String {
    let maker = match (segment.given, segment.made_by) {
        (true, _) => "given".to_owned(),
        (false, Some(actor)) => format!("by {actor}"),
        (false, None) => "by nobody".to_owned(),
    };
    let doomed = if segment.doomed { " doomed" } else { "" };
    let holds = segment.holds.to_text();
    let holds = holds.trim_end_matches('\0');
    format!(
        "segment {} {:o} of {}, {} attached{doomed}, {maker}: {holds}",
        segment.key, segment.mode, segment.size, segment.attached
    )
}

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = answers();
    for (line, expected) in [
        ("nothing", vec![]),
        ("removed", vec![]),
        (
            "segment",
            vec![format!("segment {KEY} 640 of 10, 0 attached, by 0: left")],
        ),
        (
            "private",
            vec!["segment 0 600 of 4096, 0 attached, by 0: ".to_owned()],
        ),
        (
            "by-child",
            vec![format!("segment {KEY} 640 of 10, 0 attached, by 0: left")],
        ),
        (
            "semaphores",
            vec![format!("semaphores {KEY} 600 [0, 7, 0]")],
        ),
        ("queue", vec![format!("queue {KEY} of 2")]),
        ("socket-file", vec![format!("socket {PATH}")]),
        ("socket-in-cwd", vec!["socket /lab/own.sock".to_owned()]),
        (
            "renames",
            vec!["file of 1 /tmp/ipclab_test_after".to_owned()],
        ),
        (
            "posix",
            vec![
                "posix file of 32 /sem.ipclab_test_sem".to_owned(),
                "posix file of 33 /ipclab_test_shm".to_owned(),
            ],
        ),
        (
            "files",
            vec![
                "fifo /tmp/ipclab test/fifo".to_owned(),
                r"file of 0 /tmp/ipclab test/\xff\xfe".to_owned(),
                "file of 3 /lab/in cwd".to_owned(),
                r"file of 5 /tmp/ipclab test/new\nline".to_owned(),
                "folder /tmp/ipclab test".to_owned(),
                "link /tmp/ipclab test/link".to_owned(),
            ],
        ),
    ] {
        tests.push(both(line, move |level| {
            let seen = run(level, &plan([student("one", &format!("leftovers {line}"))]));
            seen.all_well();
            assert_eq!(left(&seen), expected);
        }));
    }
    tests.push(both("the_value_of_a_posix_semaphore", |level| {
        let seen = run(level, &plan([student("one", "leftovers posix")]));
        let semaphores = seen.leftovers.posix_semaphores.iter();
        let values: Vec<(String, u32)> = semaphores
            .map(|one| (one.name.to_text(), one.value))
            .collect();
        assert_eq!(values, [("/ipclab_test_sem".to_owned(), 1)]);
    }));
    tests.push(own("posix_queue", |level| {
        let seen = run(level, &plan([student("one", "leftovers posix-queue")]));
        seen.all_well();
        let queues = &seen.leftovers.posix_queues;
        assert_eq!(queues.len(), 1, "{queues:?}");
        assert_eq!(queues[0].path, Bytes::from("/ipclab_test_mq"));
        let states = &seen.leftovers.posix_queue_states;
        assert_eq!(
            (
                states.len(),
                states[0].maxmsg,
                states[0].msgsize,
                states[0].messages
            ),
            (1, 1, 9, 0)
        );
    }));
    // It is gone with its last holder: who held it is what was left.
    tests.push(both("marked_for_removal_under_a_survivor", |level| {
        let seen = run(level, &plan([student("one", "leftovers doomed")]));
        seen.all_well();
        assert_eq!(left(&seen), ["process leftovers of one, its later"]);
    }));
    tests.push(both("served_when_it_was_over", |level| {
        let seen = run(level, &plan([student("one", "leftovers serve")]));
        assert!(matches!(seen.ended, Ended::Stuck { .. }));
        assert_eq!(
            left(&seen),
            [
                "port tcp of one",
                "port udp of one",
                "process leftovers of one, its first"
            ]
        );
        assert!(
            seen.leftovers
                .ports
                .iter()
                .all(|port| { matches!(&port.address, Address::Inet(at) if at.port() == PORT) })
        );
    }));
    let given = |content: &str| GivenFile {
        path: "/tmp/ipclab_test_given".into(),
        kind: GivenKind::Text(Bytes::from(content)),
        mode: None,
        size: None,
    };
    tests.push(both("what_was_given_and_is_the_same", move |level| {
        let mut plan = plan([student("one", "leftovers nothing")]);
        plan.world.files = vec![given("here before")];
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(left(&seen), ["file of 11 /tmp/ipclab_test_given given"]);
    }));
    tests.push(both("what_was_given_and_changed", move |level| {
        let mut plan = plan([student("one", "leftovers change /tmp/ipclab_test_given")]);
        plan.world.files = vec![given("here before")];
        let seen = run(level, &plan);
        assert_eq!(left(&seen), ["file of 7 /tmp/ipclab_test_given changed"]);
    }));
    tests.push(both("what_was_given_and_is_gone", move |level| {
        let mut plan = plan([student("one", "leftovers remove /tmp/ipclab_test_given")]);
        plan.world.files = vec![given("here before")];
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(left(&seen), ["missing /tmp/ipclab_test_given"]);
    }));
    tests.push(both("a_stale_socket_that_was_replaced", |level| {
        let mut plan = plan([student("one", "leftovers replace")]);
        plan.world.files = vec![GivenFile {
            path: PATH.into(),
            kind: GivenKind::StaleSocket,
            mode: None,
            size: None,
        }];
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(left(&seen), [format!("socket {PATH} changed")]);
    }));
    tests.push(both("a_given_segment_is_told_apart", |level| {
        let mut plan = plan([student("one", "leftovers nothing")]);
        plan.world.segments = vec![GivenSegment {
            key: KEY + 1,
            size: 16,
            mode: 0o600,
            holds: Bytes::from("old"),
            foreign: false,
        }];
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(
            left(&seen),
            [format!(
                "segment {} 600 of 16, 0 attached, given: old",
                KEY + 1
            )]
        );
    }));
    tests.push(both(
        "a_given_semaphore_is_one_of_the_c_librarys",
        |level| {
            let mut plan = plan([student("one", "leftovers given-semaphore")]);
            plan.world.files = vec![GivenFile {
                path: "/dev/shm/sem.ipclab_test_given".into(),
                kind: GivenKind::Semaphore(3),
                mode: Some(0o600),
                size: None,
            }];
            let seen = run(level, &plan);
            seen.all_well();
            assert!(!std::path::Path::new("/dev/shm/sem.ipclab_test_given").exists());
        },
    ));
    // A look while the case runs, and one at its end.
    tests.push(both("looks", |level| {
        let mut plan = plan([
            student("one", "leftovers in-two-steps").ready(endpoint(Protocol::Tcp)),
            student("two", "leftovers let-on")
                .after(ready("one"))
                .after(waits("one")),
        ]);
        plan.watches = vec![
            Watch {
                of: IpcKind::Segment,
                key: KEY,
                when: Await::Waits("one".to_owned()),
            },
            Watch {
                of: IpcKind::Segment,
                key: KEY,
                when: Await::Exits("one".to_owned()),
            },
            Watch {
                of: IpcKind::Segment,
                key: KEY + 5,
                when: Await::Exits("one".to_owned()),
            },
        ];
        let seen = run(level, &plan);
        seen.all_well();
        let held = |n: usize| {
            let look = &seen.looks[n];
            assert!(look.taken, "look {n}");
            look.segment
                .as_ref()
                .map(|segment| segment.holds.to_text().trim_end_matches('\0').to_owned())
        };
        assert_eq!(held(0).as_deref(), Some("one"));
        assert_eq!(held(1).as_deref(), Some("two"));
        assert_eq!(held(2), None);
    }));
    tests
}

/// What the kernel answers one actor is filled into the arguments of another one when it starts.
fn answers() -> Vec<Test> {
    let known = |name: &str, nth| RuntimeValue::Answer {
        actor: "one".to_owned(),
        name: name.to_owned(),
        nth,
    };
    let fill = |text: &str, with| Placeholder {
        text: text.to_owned(),
        with,
    };
    let both_actors = |line: &str, fills: Vec<Placeholder>| {
        let mut two =
            student("two", "leftovers size-of <id>").after(Await::Exits("one".to_owned()));
        two.fills = fills;
        plan([student("one", line), two])
    };
    let size_of =
        move |name: &'static str, line: &'static str, fills: Vec<Placeholder>, size: usize| {
            let plan = both_actors(line, fills);
            both(name, move |level| {
                let seen = run(level, &plan);
                seen.all_well();
                let answers = seen.trace.iter().flat_map(|call| &call.answers);
                let answer = |name: &str| {
                    let mut named = answers.clone().filter(|answer| answer.name == name);
                    named.next().map(|answer| answer.value.clone())
                };
                let id = answer("shmid").expect("an identifier");
                assert_eq!(
                    seen.out("two"),
                    format!("{id} has {size}\r\n").replace('\r', "")
                );
                assert_eq!(answer("shm_segsz"), Some(size.to_string()));
                assert_eq!(answer("shm_nattch").as_deref(), Some("0"));
                assert_eq!(answer("shm_perm.key"), answer("key"));
            })
        };
    let never = both_actors(
        "leftovers nothing",
        vec![fill("<id>", known("shmid", Some(2)))],
    );
    vec![
        size_of(
            "the_identifier_of_the_last_answer",
            "leftovers segment",
            vec![fill("<id>", known("shmid", None))],
            10,
        ),
        size_of(
            "an_identifier_of_a_key",
            "leftovers segment",
            vec![fill("<id>", RuntimeValue::Segment(KEY))],
            10,
        ),
        both("descriptors_that_are_open_from_the_start", |level| {
            let mut one = student("one", "leftovers holds 200");
            one.descriptors = 200;
            let seen = run(level, &plan([one, student("two", "leftovers holds 200")]));
            seen.all_well();
            assert_eq!(seen.out("one").trim(), "most, 0 beyond");
            assert_eq!(seen.out("two").trim(), "few, 0 beyond");
        }),
        both(
            "an_actor_whose_placeholder_gets_no_answer_does_not_start",
            move |level| {
                let seen = run(level, &never);
                assert_eq!(seen.actor("two").exit, Exit::NotStarted);
                assert_eq!(seen.actor("one").exit, Exit::Code(0));
            },
        ),
    ]
}
