//! Handlers of signals come between any two accesses of a program to its memory, where the plan asks about signals: a window in which
//! one does harm is found, and what is masked is right.

use ipclab_evidence::{Ended, Level, Order, Plan, Steering, Steps, ThreadId};
use ipclab_schedule::search::{Reduction, Search};

use crate::bench::{Seen, Test, both, plan, run, student};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for act in ["right", "open-work", "add-masked"] {
        tests.push(both(format!("{act}_loses_no_signal"), move |level| {
            let (found, tried) = searched(level, act, true);
            assert_eq!(found, None);
            assert!(tried > 4, "{tried}");
        }));
    }
    for act in ["cleared-late", "add-both"] {
        tests.push(both(
            format!("{act}_is_found_by_windows_alone"),
            move |level| {
                let (found, tried) = searched(level, act, true);
                let (came, schedule) = found.unwrap_or_else(|| panic!("none of {tried}"));
                for _ in 0..3 {
                    assert_eq!(outcome(&along(level, act, &schedule, true).0), came);
                }
                // Between calls alone it is right.
                assert_eq!(searched(level, act, false).0, None);
            },
        ));
    }
    tests
}

/// Searches with one preemption until a run is wrong: what came of it, by which schedule; and how many were tried.
fn searched(level: Level, act: &str, windows: bool) -> (Option<(String, Vec<ThreadId>)>, u64) {
    let mut search = Search::new(1, Reduction::PartialOrder);
    while let Some(schedule) = search.next() {
        let (seen, steps) = along(level, act, &schedule, windows);
        assert!(search.seen(&steps.steps).is_ok(), "{act}: diverged");
        assert_eq!(steps.unwatched, None);
        let came = outcome(&seen);
        if came != "12" {
            let schedule = steps.steps.iter().map(|step| step.thread).collect();
            return (Some((came, schedule)), search.tried());
        }
        assert!(search.tried() < 1_000, "{act}");
    }
    (None, search.tried())
}

fn along(level: Level, act: &str, schedule: &[ThreadId], windows: bool) -> (Seen, Steps) {
    let mut plan: Plan = plan([student("one", &format!("handlers {act}"))]);
    plan.turns = Some(Order::Steered(Steering::along(schedule.to_vec())));
    plan.objects.signals = windows;
    let seen = run(level, &plan);
    let steps = seen.sharing.as_ref().unwrap().steps.clone().unwrap();
    (seen, steps)
}

/// What a run printed last, or that nothing could go on.
fn outcome(seen: &Seen) -> String {
    match &seen.ended {
        Ended::Stuck { .. } => "stuck".to_owned(),
        _ => seen
            .out("one")
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned(),
    }
}
