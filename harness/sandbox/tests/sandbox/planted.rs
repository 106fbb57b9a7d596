//! Planted faults of depth 1, 2 and 3, in real processes and in threads: a search finds each with the fewest preemptions that show
//! it, and runs with priorities meet it at least as often as their bound says.
//!
//! `IPCLAB_SEEDS=10000` draws so many runs; a few are drawn otherwise, which tells less.

use ipclab_evidence::{Level, Steering, Steps, Then};
use ipclab_schedule::dependence::preemptions;
use ipclab_schedule::pct::bound;
use ipclab_schedule::search::{Reduction, Search};

use crate::bench::{Test, both, own};
use crate::steering;

const KINDS: [&str; 2] = ["processes", "threads"];
/// Seeds that are drawn where no number is given.
const SEEDS: u64 = 60;

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for kind in KINDS {
        for depth in 1..=3 {
            tests.push(both(
                format!("of_depth_{depth}_in_{kind}_is_found_with_the_fewest_preemptions"),
                move |level| fewest(level, kind, depth),
            ));
            tests.push(own(
                format!("of_depth_{depth}_in_{kind}_is_met_as_often_as_the_bound_says"),
                move |level| as_often_as_the_bound(level, kind, depth),
            ));
        }
    }
    tests
}

fn fewest(level: Level, kind: &str, depth: u32) {
    let mut search = Search::new(3, Reduction::PartialOrder);
    while let Some(schedule) = search.next() {
        let (met, steps) = steered(level, kind, depth, Steering::along(schedule));
        assert_eq!(steps.unwatched, None);
        search.seen(&steps.steps).unwrap();
        if met {
            let tried = search.tried();
            println!("{kind}, depth {depth}: schedule {tried}");
            assert_eq!(preemptions(&steps.steps), depth - 1);
            assert!(tried < 200, "{tried}");
            return;
        }
    }
    panic!("none of {}", search.tried());
}

fn as_often_as_the_bound(level: Level, kind: &str, depth: u32) {
    let given = std::env::var("IPCLAB_SEEDS").ok();
    let seeds = given.map_or(SEEDS, |text| text.parse().expect("a number"));
    let (_, first) = steered(level, kind, depth, Steering::along(Vec::new()));
    let threads = first.processes.len() as u32;
    // Fixed before the first draw. Waits for children make steps, too, and other orders have more of them.
    let most = 2 * first.steps.len() as u32;
    let mut met = 0;
    for seed in 0..seeds {
        let then = Then::Priorities {
            seed,
            depth,
            steps: most,
        };
        let schedule = Vec::new();
        let (found, steps) = steered(level, kind, depth, Steering { schedule, then });
        assert!(steps.steps.len() as u32 <= most, "{}", steps.steps.len());
        met += u64::from(found);
    }
    let share = met as f64 / seeds as f64;
    let least = bound(threads, most, depth);
    println!(
        "{kind}, depth {depth}: {threads} threads, {most} steps, met {met} of {seeds}: {share:.4}, at least {least:.5}"
    );
    // Three standard deviations: where the bound is reached exactly, half of all draws lie below it.
    let chance = 3.0 * (least * (1.0 - least) / seeds as f64).sqrt();
    assert!(share >= least - chance, "{share} of at least {least}");
}

/// A run: whether the fault was met, and its steps.
fn steered(level: Level, kind: &str, depth: u32, steering: Steering) -> (bool, Steps) {
    let (seen, steps) = steering::steered(level, &format!("planted {kind} {depth}"), steering);
    seen.all_well();
    match seen.out("one").trim() {
        "12" => (false, steps),
        "0" => (true, steps),
        other => panic!("{other}"),
    }
}
