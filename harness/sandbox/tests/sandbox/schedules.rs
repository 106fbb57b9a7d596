//! Turns that are steered: a schedule is followed, the same one gives the same steps, and a search finds what is not guarded.

use std::time::Instant;

use ipclab_evidence::{Steering, Step, Then, Thing};
use ipclab_schedule::search::{Reduction, Search};

use crate::bench::{Test, both};
use crate::steering::{along, last_line, steered, threads, until_it_is_wrong};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for act in [
        "guarded",
        "whole",
        "atomic",
        "compared",
        "at-end",
        "structure",
        "own-attach",
        "spinning",
        "yielding",
        "in-turn",
        "posix",
        "tokens",
        "inside",
        "through-calls",
        "look-then-clear",
        "polling",
        "flagged",
        "napping",
        "suspended",
        "suspended-inside",
        "polled-inside",
        "selected-inside",
        "events-inside",
        "mapped",
        "named",
        "grandchildren",
    ] {
        tests.push(both(
            format!("{act}_is_right_when_none_is_preempted"),
            move |level| {
                let (seen, steps) = along(level, &line(act), &[]);
                seen.all_well();
                assert_eq!(last_line(&seen), "12");
                assert_eq!(steps.diverged, None);
                // What is watched allows a claim.
                if ["guarded", "suspended", "mapped", "named"].contains(&act) {
                    assert_eq!(steps.unwatched, None);
                }
                let (_, again) = along(level, &line(act), &[]);
                assert_eq!(threads(&steps), threads(&again));
            },
        ));
    }
    // A wake-up is lost where a handler may run between a look and the wait.
    for act in [
        "plain",
        "early",
        "late",
        "two",
        "at-once",
        "mapped-plain",
        "paused",
        "installed-late",
        "blocked-late",
    ] {
        tests.push(both(
            format!("{act}_is_found_in_few_schedules"),
            move |level| {
                let mut search = Search::new(1, Reduction::PartialOrder);
                let failing = until_it_is_wrong(level, &line(act), (&mut search, 60), last_line);
                let (steps, came) = failing.unwrap_or_else(|| panic!("none of {}", search.tried()));
                assert_ne!(came, "12");
                // What was found is found again, by the same schedule.
                for _ in 0..3 {
                    let (seen, again) = along(level, &line(act), &threads(&steps));
                    assert_eq!((last_line(&seen), &again.diverged), (came.clone(), &None));
                }
            },
        ));
    }
    for act in [
        "guarded",
        "mapped",
        "suspended",
        "suspended-inside",
        "polled-inside",
        "selected-inside",
        "events-inside",
        "installed-first",
        "blocked-first",
    ] {
        tests.push(both(
            format!("{act}_is_right_in_the_first_schedules"),
            move |level| {
                let mut search = Search::new(2, Reduction::PartialOrder);
                let began = Instant::now();
                assert_eq!(
                    until_it_is_wrong(level, &line(act), (&mut search, 30), last_line),
                    None
                );
                println!("{} schedules in {:?}", search.tried(), began.elapsed());
            },
        ));
    }
    tests.push(both(
        "what_no_program_can_change_is_no_point_of_decision",
        |level| {
            let (seen, steps) = along(level, &line("looking"), &[]);
            seen.all_well();
            let on_files = |step: &&Step| step.touches.iter().any(|one| one.thing == Thing::Files);
            let children = steps.steps.iter().filter(|step| step.thread.nth > 0);
            // The way up leads out of the system's folders.
            assert_eq!(children.filter(on_files).count(), 3);
        },
    ));
    tests.push(both("priorities_are_the_same_again", |level| {
        for seed in 0..3 {
            let then = Then::Priorities {
                seed,
                depth: 3,
                steps: 100,
            };
            let once = || {
                let schedule = Vec::new();
                let steering = Steering { schedule, then };
                let (seen, steps) = steered(level, &line("guarded"), steering);
                seen.all_well();
                assert_eq!(last_line(&seen), "12");
                steps
            };
            assert_eq!(threads(&once()), threads(&once()));
        }
    }));
    tests
}

/// A line that has `turns.c` do this.
fn line(act: &str) -> String {
    format!("turns {act}")
}
