//! Time passes only when nothing else can happen: waits, timers and clocks as the kernel has them, in no time of the machine's.
//!
//! `clock.txt` says what the bare kernel does: it was recorded from there, and a test plays a part of it there again. In a box
//! every line must be the same.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use ipclab_evidence::{Await, Ended, Exit, Plan, Protocol};

use crate::bench::{
    Adjust, Test, both, endpoint, own, pair, plan, programs, ready, run, student, trusted, waits,
};

/// What each act prints on the bare kernel.
const RECORDED: &str = include_str!("../programs/clock.txt");

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (act, expect) in recorded() {
        // Landlock knows nothing of POSIX queues: at the shared level there are none.
        let test = if act == "queues" { own } else { both };
        let programs: &[&str] = match act {
            // A program without a loader asks by code of its own.
            "clocks" | "asking" => &["clock", "clock_static"],
            _ => &["clock"],
        };
        tests.push(test(format!("table_{act}"), move |level| {
            for program in programs {
                let seen = run(level, &plan([student("one", &format!("{program} {act}"))]));
                assert_eq!(lines(&seen.out("one")), lines(expect), "{program}");
                assert_eq!(seen.ended, Ended::AllExited);
                assert_eq!(seen.actor("one").exit, Exit::Code(0));
            }
        }));
    }
    tests.push(own("the_bare_kernel_does_what_is_recorded", |_| {
        for act in [
            "polls",
            "futexes",
            "many-futexes",
            "timer-fds",
            "more-sockets",
        ] {
            let bare = Command::new(programs().join("clock")).arg(act).output();
            let bare = String::from_utf8_lossy(&bare.expect("it runs").stdout).into_owned();
            let expect = recorded()[act];
            for (bare, expect) in bare.lines().zip(expect.lines()) {
                assert_eq!(without_times(bare), without_times(expect), "{act}");
                assert!(time_of(bare) >= time_of(expect), "{bare}: too early");
            }
            assert_eq!(bare.lines().count(), expect.lines().count(), "{act}");
        }
    }));
    tests.push(both("a_second_takes_no_time", |level| {
        let one = student("one", "clock counts-down");
        let began = Instant::now();
        run(level, &plan([one])).all_well();
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "a hundred sleeps"
        );
    }));
    tests.push(both("sleeping_longer_than_the_limit_ends_well", |level| {
        let mut plan = plan([student("one", "clock sleeps-long")]);
        plan.limits.wall_ms = 1_000;
        let seen = run(level, &plan);
        seen.all_well();
        let passed: u64 = seen.passed.iter().map(|passed| passed.us).sum();
        assert_eq!((passed, seen.passed.len()), (15_000_000, 1));
    }));
    tests.push(both("a_pair_paced_by_sleeps", |level| {
        let plan = pair(Protocol::Tcp, "clock paced-server", "clock paced-client");
        let seen = run(level, &plan);
        seen.all_well();
        let passed: u64 = seen.passed.iter().map(|passed| passed.us).sum();
        assert_eq!(passed, 20_000_000);
    }));
    for (act, call) in [
        ("sleeps-for-ever", "clock_nanosleep"),
        ("polls-for-ever", "poll"),
    ] {
        tests.push(both(format!("{act}_comes_to_its_limit"), move |level| {
            let seen = run(level, &plan([student("one", &format!("clock {act}"))]));
            let Ended::ClockRanOut { barren, waits, .. } = &seen.ended else {
                panic!("{:?}", seen.ended)
            };
            assert!(*barren);
            assert_eq!(waits[0].call, call);
            assert!(matches!(seen.actor("one").exit, Exit::Running { .. }));
        }));
    }
    tests.push(both("the_limit_of_the_clock_is_the_plan_s", |level| {
        let mut plan = plan([student("one", "clock counts-down")]);
        plan.limits.clock_ms = 50_500;
        let seen = run(level, &plan);
        let Ended::ClockRanOut { barren, at_ms, .. } = &seen.ended else {
            panic!("{:?}", seen.ended)
        };
        assert_eq!((*barren, *at_ms), (false, 50_500));
    }));
    tests.push(both("asking_for_the_time_in_a_loop_ends", |level| {
        let seen = run(level, &plan([student("one", "clock asking")]));
        seen.all_well();
    }));
    tests.push(both("an_alarm_ends_a_loop_that_makes_no_call", |level| {
        let seen = run(level, &plan([student("one", "clock spinning")]));
        seen.all_well();
        assert_eq!(seen.out("one"), "over\n");
    }));
    tests.push(both("a_wait_with_a_timeout_is_waiting", |level| {
        let server = student("server", "clock select-server").ready(endpoint(Protocol::Tcp));
        let first = student("first", "clock client").after(waits("server"));
        let second = student("second", "clock client").after(waits("server"));
        let seen = run(level, &serving(plan([server, first, second])));
        assert_eq!(
            (seen.out("first"), seen.out("second")),
            ("1\n".into(), "1\n".into())
        );
        assert_eq!(seen.passed, [], "no time had to pass");
        assert!(
            matches!(seen.ended, Ended::Stuck { .. }),
            "{:?}",
            seen.ended
        );
    }));
    tests.push(both("a_sleep_before_listening_is_no_waiting", |level| {
        let server = student("server", "clock late-server").ready(endpoint(Protocol::Tcp));
        let client = student("client", "clock client").after(waits("server"));
        let seen = run(level, &serving(plan([server, client])));
        assert_eq!(seen.out("client"), "1\n");
        let passed: Vec<u64> = seen.passed.iter().map(|passed| passed.us).collect();
        assert_eq!(passed, [3_000_000]);
    }));
    tests.push(both(
        "a_program_that_only_sleeps_waits_after_a_round",
        |level| {
            let one = student("one", "clock sleeps-for-ever");
            let two = student("two", "clock what-time").after(waits("one"));
            let seen = run(level, &serving(plan([one, two])));
            assert_eq!(seen.actor("two").exit, Exit::Code(0));
            let passed: Vec<u64> = seen.passed.iter().map(|passed| passed.us).collect();
            assert_eq!(passed, [1_000_000]);
            assert!(
                matches!(seen.ended, Ended::Stuck { .. }),
                "{:?}",
                seen.ended
            );
        },
    ));
    tests.push(both("a_start_at_a_moment_of_the_clock", |level| {
        let server = student("server", "clock select-server").ready(endpoint(Protocol::Tcp));
        let late = student("late", "clock client").after(Await::Clock(12_000));
        let seen = run(level, &serving(plan([server, late])));
        assert_eq!(seen.out("late"), "1\n");
        // The server's own timeouts come at 5 and 10 seconds.
        let passed: Vec<u64> = seen.passed.iter().map(|passed| passed.us).collect();
        assert_eq!(passed, [5_000_000, 5_000_000, 2_000_000]);
    }));
    tests.push(both("a_start_that_needs_a_server_and_no_time", |level| {
        let server = student("server", "clock select-server").ready(endpoint(Protocol::Tcp));
        let client = student("client", "clock client").after(ready("server"));
        let seen = run(level, &serving(plan([server, client])));
        assert_eq!(seen.out("client"), "1\n");
        assert_eq!(seen.passed, []);
    }));
    tests.push(both(
        "a_question_about_a_timer_that_is_asked_for_is_seen",
        |level| {
            let mut one = student("one", "clock timer-fds");
            one.watched = vec!["timerfd_gettime".to_owned()];
            let seen = run(level, &plan([one]));
            assert_eq!(lines(&seen.out("one")), lines(recorded()["timer-fds"]));
            let asked = seen.calls("one", "timerfd_gettime");
            let values: Vec<_> = asked
                .iter()
                .filter_map(|call| call.returned.as_ref())
                .collect();
            assert_eq!(
                values
                    .iter()
                    .map(|returned| returned.value)
                    .collect::<Vec<_>>(),
                [0]
            );
        },
    ));
    // Where a clock that wakes the machine can be read, it goes by the others; where it cannot, it cannot in the box.
    tests.push(own("clocks_that_wake_the_machine", |level| {
        let bare = Command::new(programs().join("clock"))
            .arg("waking-clocks")
            .output();
        let bare = String::from_utf8_lossy(&bare.expect("it runs").stdout).into_owned();
        let seen = run(level, &plan([student("one", "clock waking-clocks")]));
        let can = |out: &str| -> Vec<bool> {
            let lines = out.lines();
            lines.map(|line| !line.ends_with(" -1")).collect()
        };
        assert_eq!(can(&seen.out("one")), can(&bare), "{bare}");
        assert!(
            seen.out("one")
                .lines()
                .all(|line| line.ends_with(" 300") || line.ends_with(" -1"))
        );
    }));
    tests.push(both("a_reference_is_in_the_same_time", |level| {
        let server = trusted("server", "clock paced-server").ready(endpoint(Protocol::Tcp));
        let client = student("client", "clock paced-client").after(ready("server"));
        let seen = run(level, &plan([server, client]));
        seen.all_well();
        let passed: u64 = seen.passed.iter().map(|passed| passed.us).sum();
        assert_eq!(passed, 20_000_000);
    }));
    tests.push(both(
        "what_is_due_at_one_moment_comes_in_the_order_in_which_it_was_set",
        |level| {
            let seen = run(level, &plan([student("one", "clock ties")]));
            seen.all_well();
            assert_eq!(seen.out("one"), "second\nthird\nfirst\n");
        },
    ));
    tests.push(both("the_same_plan_gives_the_same_times", |level| {
        let times = || {
            let plan = pair(Protocol::Tcp, "clock paced-server", "clock paced-client");
            let seen = run(level, &plan);
            let calls = seen.trace.iter();
            let calls: Vec<_> = calls
                .map(|call| (call.actor, call.name.clone(), call.at_us))
                .collect();
            (calls, seen.passed.clone())
        };
        let first = times();
        assert!(first.0.iter().any(|(_, _, at_us)| *at_us == 20_000_000));
        for _ in 0..3 {
            assert_eq!(times(), first);
        }
    }));
    tests.push(both("two_timers_fire_in_one_order", |level| {
        let mut outputs = BTreeMap::new();
        for _ in 0..8 {
            let seen = run(level, &plan([student("one", "clock two-timers")]));
            seen.all_well();
            *outputs.entry(seen.out("one")).or_insert(0) += 1;
        }
        let one = "one\ntwo\none\ntwo\none\ntwo\n".to_owned();
        assert_eq!(outputs.keys().collect::<Vec<_>>(), [&one]);
    }));
    tests
}

/// Servers that may go on for ever.
fn serving(mut plan: Plan) -> Plan {
    for actor in &mut plan.actors {
        actor.serves = actor.ready.is_some() || actor.name == "one";
    }
    plan
}

/// The acts, and what each of them prints.
fn recorded() -> BTreeMap<&'static str, &'static str> {
    RECORDED
        .split("== ")
        .filter(|part| !part.is_empty())
        .filter_map(|part| part.split_once('\n'))
        .collect()
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// A line without when it was, and how much of a time was left.
fn without_times(line: &str) -> String {
    let words = line
        .split(' ')
        .filter(|word| !word.starts_with("at=") && !word.starts_with("left="));
    words.collect::<Vec<_>>().join(" ")
}

/// When it was, in ms.
fn time_of(line: &str) -> u64 {
    let word = line.split(' ').find_map(|word| word.strip_prefix("at="));
    word.and_then(|ms| ms.parse().ok()).unwrap_or(0)
}
