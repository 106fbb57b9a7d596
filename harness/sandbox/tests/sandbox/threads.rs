//! Threads of one process take turns at the memory that they share: a schedule is followed, and what is not guarded is found.

use std::collections::BTreeSet;
use std::time::Instant;

use ipclab_evidence::{Ended, Way};
use ipclab_schedule::races::races;
use ipclab_schedule::search::{Reduction, Search};

use crate::bench::{Seen, Test, both, own};
use crate::steering::{along, last_line, threads, until_it_is_wrong};

/// Right programs, and whether all that they share is watched.
const RIGHT: [(&str, bool); 20] = [
    ("mutex", true),
    ("semaphore", true),
    ("atomics", true),
    ("sync", true),
    ("compared", true),
    ("rwlock", true),
    ("spinlock", true),
    ("joined", true),
    ("slots", true),
    ("thread-local", true),
    ("heap", true),
    ("stack", false),
    ("condition", true),
    ("barrier", true),
    ("once", true),
    ("printing", true),
    ("through-pipe", true),
    ("detached", true),
    ("flagged", true),
    ("often", true),
];

/// Right programs that end, load, make and interrupt in ways that the loader, the C library and the kernel have a part in. They
/// may be claimed nothing of, but must never fail.
const ODD: [&str; 20] = [
    "thread-exits",
    "main-exits",
    "all-exit",
    "cancelled",
    "destroyed",
    "looked-up",
    "loaded",
    "printing-out",
    "forked",
    "allocated",
    "handled",
    "own-stacks",
    "heap-stack",
    "executed",
    "exit-beside",
    "thread-ends-all",
    "read-file",
    "alternate",
    "robust",
    "spawned",
];

/// Right programs whose calls reach what threads share where no argument shows it, or long after they began.
const CALLS: [&str; 23] = [
    "selected",
    "messages",
    "vectors",
    "asked",
    "shells",
    "systems",
    "popened",
    "waited",
    "received",
    "accepted",
    "queued",
    "polled",
    "signalled",
    "lines-read",
    "events-read",
    "slept",
    "inherited",
    "context",
    "suspends",
    "polls-masked",
    "selects-masked",
    "events-masked",
    "nowhere",
];

/// Programs of two threads with several outcomes.
const ORDERS: [&str; 10] = [
    "added",
    "looked",
    "crossed",
    "missed",
    "two-words",
    "tried",
    "shifted",
    "masked",
    "both-masked",
    "copied",
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for act in CALLS {
        tests.push(both(format!("{act}_finds_memory_open"), move |level| {
            let mut search = Search::new(1, Reduction::PartialOrder);
            let line = format!("thread_calls {act}");
            let failing = until_it_is_wrong(level, &line, (&mut search, 12), sound);
            let failing = failing.map(|(steps, came)| (came, threads(&steps), steps.unwatched));
            assert_eq!(failing, None, "schedule {}", search.tried());
        }));
    }
    for act in ODD {
        tests.push(both(format!("{act}_never_fails"), move |level| {
            let mut search = Search::new(1, Reduction::PartialOrder);
            let failing = until_it_is_wrong(level, &line(act), (&mut search, 12), sound);
            let failing = failing.map(|(steps, came)| (came, threads(&steps), steps.unwatched));
            assert_eq!(failing, None, "schedule {}", search.tried());
        }));
    }
    for (act, watched) in RIGHT {
        tests.push(both(
            format!("{act}_is_right_and_the_same_again"),
            move |level| {
                let began = Instant::now();
                let (seen, steps) = along(level, &line(act), &[]);
                println!("{} steps in {:?}", steps.steps.len(), began.elapsed());
                seen.all_well();
                assert_eq!(last_line(&seen), "12");
                assert_eq!(steps.diverged, None);
                assert_eq!(steps.unwatched.is_none(), watched, "{:?}", steps.unwatched);
                let (_, again) = along(level, &line(act), &[]);
                assert_eq!(threads(&steps), threads(&again));
            },
        ));
        tests.push(both(
            format!("{act}_is_right_in_the_first_schedules"),
            move |level| {
                let mut search = Search::new(1, Reduction::PartialOrder);
                let most = if act == "often" { 2 } else { 20 };
                assert_eq!(
                    until_it_is_wrong(level, &line(act), (&mut search, most), sound),
                    None
                );
            },
        ));
    }
    for act in [
        "plain",
        "update",
        "heap-plain",
        "stack-plain",
        "mapped-plain",
        "early",
        "two",
        "by-order",
        "lost",
        "if",
        "no-wait",
    ] {
        tests.push(both(
            format!("{act}_is_found_in_few_schedules"),
            move |level| {
                let preemptions = if act == "if" { 2 } else { 1 };
                let mut search = Search::new(preemptions, Reduction::PartialOrder);
                let failing = until_it_is_wrong(level, &line(act), (&mut search, 100), sound);
                let (steps, came) = failing.unwrap_or_else(|| panic!("none of {}", search.tried()));
                println!(
                    "{came} in schedule {}: {:?}",
                    search.tried(),
                    threads(&steps)
                );
                assert_ne!(came, "12");
                for _ in 0..3 {
                    let (seen, again) = along(level, &line(act), &threads(&steps));
                    assert_eq!((outcome(&seen), &again.diverged), (came.clone(), &None));
                }
            },
        ));
    }
    tests.push(both("a_search_of_two_threads_comes_to_its_end", |level| {
        let mut search = Search::new(1, Reduction::PartialOrder);
        assert_eq!(
            until_it_is_wrong(level, &line("detached"), (&mut search, 2_000), sound),
            None
        );
        assert_eq!(search.left(), 0);
        assert!(search.tried() > 1);
    }));
    for act in ORDERS {
        tests.push(own(
            format!("{act}_has_the_same_outcomes_in_fewer_schedules"),
            move |level| {
                let outcomes = |reduction| {
                    let mut search = Search::new(1, reduction);
                    let line = format!("thread_orders {act}");
                    let mut outcomes = BTreeSet::new();
                    while let Some(schedule) = search.next() {
                        let (seen, steps) = along(level, &line, &schedule);
                        assert_eq!(steps.unwatched, None);
                        search.seen(&steps.steps).unwrap();
                        outcomes.insert(outcome(&seen));
                    }
                    (outcomes, search.tried())
                };
                let (all, without) = outcomes(Reduction::None);
                let (reduced, with) = outcomes(Reduction::PartialOrder);
                println!("{with} schedules instead of {without}: {all:?}");
                assert_eq!(reduced, all);
                assert!(all.len() > 1 && with <= without);
            },
        ));
    }
    tests.push(both("a_mutex_orders_what_it_guards", |level| {
        let (_, steps) = along(level, &line("mutex"), &[]);
        let updates = |step: &ipclab_evidence::Step| {
            let mut touches = step.touches.iter();
            touches.any(|touch| touch.thing.is_of_threads() && touch.way == Way::Update)
        };
        assert!(steps.steps.iter().any(updates), "{steps:#?}");
        assert_eq!(races(&steps.steps), []);
    }));
    tests
}

/// A line that has `threads.c` do this.
fn line(act: &str) -> String {
    format!("threads {act}")
}

/// What a run printed last, or that nothing could go on.
fn outcome(seen: &Seen) -> String {
    match &seen.ended {
        Ended::Stuck { .. } => "stuck".to_owned(),
        _ => last_line(seen),
    }
}

/// The same of a run that was sound where it printed nothing.
fn sound(seen: &Seen) -> String {
    let came = outcome(seen);
    if came.is_empty() {
        seen.all_well();
    }
    came
}
