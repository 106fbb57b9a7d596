//! A case ends as stuck when no process can go on by itself, and never while one still can.
//!
//! Only the kind of ending is asserted, never a time. The wall limit is far away, so that "stuck" cannot be it in
//! disguise.

use ipclab_evidence::{Awaited, Bytes, Ended, Exit, Object, Plan, Protocol, Stdin};

use crate::bench::{Adjust, Test, both, own, pair, plan, run, student};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for &(act, waits) in ALONE {
        // Landlock knows nothing of POSIX queues: at the shared level there are none.
        let test = if act == "posix-queue" { own } else { both };
        tests.push(test(act, move |level| {
            let actor = student("one", &format!("stuck {act}")).stdin(Stdin::Silent);
            let seen = run(level, &patient(plan([actor])));
            seen.stuck_in(waits);
            assert!(matches!(seen.actor("one").exit, Exit::Running { .. }));
            assert_eq!(seen.actor("one").limits, []);
        }));
    }
    for (name, protocol, server, client, waits) in TOGETHER {
        tests.push(both(*name, move |level| {
            let plan = pair(
                *protocol,
                &format!("stuck {server}"),
                &format!("stuck {client}"),
            );
            run(level, &patient(plan)).stuck_in(waits);
        }));
    }
    for act in MOVING {
        tests.push(both(format!("not_{act}"), move |level| {
            run(
                level,
                &patient(plan([student("one", &format!("stuck {act}"))])),
            )
            .all_well();
        }));
    }
    for (act, expect) in [
        ("mutex", &["a mutex of its own"][..]),
        (
            "lock-order",
            &["the end of 1", "a mutex of 2", "a mutex of 1"],
        ),
        ("join", &["the end of another"]),
        ("condition", &["to be woken"]),
        ("posix-sem", &["to be woken"]),
    ] {
        tests.push(both(
            format!("what_threads_wait_for_in_{act}"),
            move |level| {
                let seen = run(
                    level,
                    &patient(plan([student("one", &format!("stuck {act}"))])),
                );
                let Ended::Stuck { waits } = &seen.ended else {
                    panic!("{:?}", seen.ended)
                };
                let threads = &waits[0].threads;
                let numbered = |number: u32| {
                    let place = threads.iter().position(|wait| wait.thread == number);
                    place.map_or_else(|| "another".to_owned(), |place| place.to_string())
                };
                let told: Vec<_> = threads
                    .iter()
                    .map(|wait| match wait.awaits {
                        Awaited::Mutex(holder) if holder == wait.thread => {
                            "a mutex of its own".to_owned()
                        }
                        Awaited::Mutex(holder) => format!("a mutex of {}", numbered(holder)),
                        Awaited::End(other) => format!("the end of {}", numbered(other)),
                        Awaited::Wake => "to be woken".to_owned(),
                    })
                    .collect();
                assert_eq!(told, expect);
            },
        ));
    }
    tests.push(both("in_which_function_a_thread_waits", |level| {
        for function in [
            "sem_wait",
            "pthread_barrier_wait",
            "pthread_cond_wait",
            "pthread_mutex_lock",
            "pthread_rwlock_rdlock",
            "pthread_join",
        ] {
            let act = format!("stuck in-function {function}");
            let seen = run(level, &patient(plan([student("one", &act)])));
            let Ended::Stuck { waits } = &seen.ended else {
                panic!("{:?}", seen.ended)
            };
            let functions = waits[0].threads.iter();
            let functions: Vec<_> = functions.flat_map(|wait| &wait.function).collect();
            // On aarch64 the link register of a thread that sleeps is not known, and with it not each caller.
            if cfg!(target_arch = "x86_64") {
                assert!(
                    functions.iter().any(|seen| *seen == function),
                    "{function}: {functions:?}"
                );
            }
        }
    }));
    tests.push(both("not_two_that_answer_slowly", |level| {
        let plan = pair(Protocol::Tcp, "stuck slow-echo", "stuck ping");
        run(level, &patient(plan)).all_well();
    }));
    tests.push(both("not_two_that_answer_at_once", |level| {
        let plan = pair(Protocol::Tcp, "stuck fast-echo", "stuck fast-ping");
        run(level, &patient(plan)).all_well();
    }));
    tests.push(both("not_a_slow_reader_of_much_input", |level| {
        let much = Bytes(vec![b'i'; 300_000]);
        let actor = student("one", "stuck slow-reader").stdin(Stdin::Text(much));
        let seen = run(level, &patient(plan([actor])));
        seen.all_well();
        assert_eq!(seen.out("one"), "300000\n");
    }));
    tests.push(both(
        "input_that_is_never_read_keeps_nobody_waiting",
        |level| {
            let much = Bytes(vec![b'i'; 300_000]);
            let actor = student("one", "stuck udp-recv").stdin(Stdin::Text(much));
            run(level, &patient(plan([actor]))).stuck_in(&["one recv"]);
        },
    ));
    tests.push(both("a_wait_names_its_socket_and_call", |level| {
        let seen = run(level, &patient(plan([student("one", "stuck udp-recv")])));
        let Ended::Stuck { waits } = &seen.ended else {
            panic!("{:?}", seen.ended)
        };
        assert_eq!(waits[0].object, Some(Object::Socket(0)));
        let call = seen.calls("one", "recvfrom")[0];
        assert_eq!((waits[0].n, call.returned), (call.n, None));
        assert_eq!(
            seen.actor("one").exit,
            Exit::Running {
                wait: Some(waits[0].clone()),
                on_sigterm: None
            }
        );
    }));
    tests.push(both(
        "a_child_acts_upon_the_end_of_its_stuck_parent",
        |level| {
            let actor = student("one", "stuck kept-end-said");
            let seen = run(level, &patient(plan([actor])));
            seen.stuck_in(&["one read", "one wait"]);
            assert_eq!(seen.out("one"), "end of file\n");
        },
    ));
    tests.push(both("sleeping_beyond_the_limit_of_the_clock", |level| {
        let mut plan = plan([student("one", "stuck nap")]);
        plan.limits.clock_ms = 100;
        let seen = run(level, &plan);
        let Ended::ClockRanOut { at_ms, waits, .. } = &seen.ended else {
            panic!("{:?}", seen.ended)
        };
        assert_eq!(*at_ms, 100);
        assert!(waits[0].timed);
    }));
    tests
}

/// Far more time than any of these needs.
fn patient(mut plan: Plan) -> Plan {
    plan.limits.wall_ms = 60_000;
    plan
}

/// Programs that wait for ever all alone: the act, and who waits in what.
const ALONE: &[(&str, &[&str])] = &[
    ("udp-recv", &["one recv"]),
    ("semop", &["one semop"]),
    ("posix-sem", &["one futex"]),
    ("mutex", &["one futex"]),
    ("lock-order", &["one futex"]),
    ("join", &["one futex"]),
    ("condition", &["one futex"]),
    ("own-pipe", &["one read"]),
    ("full-pipe", &["one write"]),
    ("kept-end", &["one read", "one wait"]),
    ("waiting-child", &["one pause", "one wait"]),
    ("waitid-child", &["one pause", "one wait"]),
    ("stop-self", &["one stopped"]),
    ("stopped-child", &["one stopped", "one wait"]),
    ("vforked", &["one fork", "one pause"]),
    ("queue", &["one msgrcv"]),
    ("posix-queue", &["one mq_receive"]),
    ("poll", &["one poll"]),
    ("poll-past-child", &["one poll"]),
    ("select", &["one poll"]),
    ("epoll", &["one poll"]),
    ("event", &["one read"]),
    ("stdin", &["one read"]),
    ("terminal", &["one read"]),
    ("suspend", &["one sigsuspend"]),
    ("sigwait", &["one sigtimedwait"]),
    ("file-lock", &["one flock", "one pause"]),
    ("record-lock", &["one fcntl", "one pause"]),
    ("fifo", &["one open"]),
    ("read-fifo", &["one read"]),
    ("unread-unix", &["one send"]),
    ("backlog", &["one connect"]),
    ("leaderless", &["one recv"]),
    ("spent-alarm", &["one pause"]),
    ("disarmed-alarm", &["one pause"]),
];

type Together = (
    &'static str,
    Protocol,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// Two that wait for each other: name, protocol, server, client, who waits in what.
const TOGETHER: &[Together] = &[
    (
        "both_receive",
        Protocol::Tcp,
        "recv-server",
        "recv-client",
        &["client recv", "server recv"],
    ),
    (
        "accept_twice",
        Protocol::Tcp,
        "accept-twice",
        "connect-once",
        &["server accept"],
    ),
    (
        "nobody_reads",
        Protocol::Tcp,
        "unread-tcp",
        "unread-tcp send",
        &["client send", "server pause"],
    ),
];

/// Programs that only look stuck for a while.
const MOVING: &[&str] = &[
    "nap",
    "poll-time",
    "select-time",
    "alarm-pause",
    "interval",
    "posix-timer",
    "timer-fd",
    "timer-fd-polled",
    "receive-timeout",
    "accept-timeout",
    "send-timeout",
    "condition-time",
    "sem-time",
    "computing-thread",
    "computing-child",
    "child-signal",
    "continued",
    "vforked-sleep",
    "piped-sleep",
    "relay",
    "late-fifo",
];
