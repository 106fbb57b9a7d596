//! Runs with priorities: how many, from what the bound is computed, and when the count begins anew.

use ipclab_evidence::{Reach, Step, Steps, Then, ThreadId};
use ipclab_schedule::pct::{Pct, bound};

fn of(threads: u16, steps: usize) -> Steps {
    let step = |n: usize| Step {
        thread: ThreadId {
            actor: 0,
            nth: n as u16 % threads,
        },
        ready: Vec::new(),
        polling: Vec::new(),
        touches: Vec::new(),
        by_time: false,
        before_call: 0,
        value: None,
        lines: Vec::new(),
    };
    Steps {
        steps: (0..steps).map(step).collect(),
        ..Steps::default()
    }
}

#[test]
fn the_bound_is_the_papers() {
    let check = |threads, steps, depth, expect: f64| {
        let found = bound(threads, steps, depth);
        assert!((found - expect).abs() < 1e-12, "{found} {expect}");
    };
    check(2, 100, 1, 0.5);
    check(4, 100, 2, 0.0025);
    check(2, 10, 3, 0.005);
}

#[test]
fn all_runs_count_that_were_drawn_among_enough_steps() {
    let mut pct = Pct::new(2, 100, 7);
    assert_eq!(pct.next().unwrap().then, Then::GoOn);
    let mut seeds = std::collections::BTreeSet::new();
    while let Some(steering) = pct.next() {
        if let Then::Priorities { seed, depth, steps } = steering.then {
            assert_eq!((depth, steps), (2, 25));
            seeds.insert(seed);
        }
        pct.seen(&of(2, 20));
    }
    assert_eq!((pct.tried(), seeds.len()), (101, 100));
    let expect = 1.0 - (1.0 - 1.0 / 50.0f64).powi(100);
    match pct.reach() {
        Reach::Met {
            probability,
            threads: 2,
            steps: 25,
        } => assert!((probability - expect).abs() < 1e-12),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_that_was_longer_than_thought_begins_the_count_anew() {
    let mut pct = Pct::new(2, 100, 7);
    pct.seen(&of(2, 20));
    pct.seen(&of(2, 26));
    match pct.reach() {
        Reach::Met {
            probability, steps, ..
        } => assert_eq!((probability, steps), (0.0, 32)),
        other => panic!("{other:?}"),
    }
    pct.seen(&of(3, 20));
    pct.seen(&of(3, 30));
    match pct.reach() {
        Reach::Met { probability, .. } => {
            assert!((probability - bound(3, 32, 2)).abs() < 1e-12);
        }
        other => panic!("{other:?}"),
    }
}
