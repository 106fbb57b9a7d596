//! Races: accesses to the same memory, one of them a write, that nothing puts in an order: no call by which the one's process
//! waits for the other's, and no atomic instruction. They are there in a run in which nothing went wrong.

use ipclab_evidence::{Step, Thing, Touch, Way};

use crate::clocks::Clocks;
use crate::dependence::conflict;

/// Two accesses that are in no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Race {
    /// The step of the one that came first in this run.
    pub first: usize,
    /// The step of the other.
    pub second: usize,
}

fn is_memory(touch: &Touch) -> bool {
    matches!(touch.thing, Thing::Memory(_))
}

/// Whether two touches order their steps: whatever the kernel does for one process and another, and atomic instructions.
fn orders(one: &Touch, other: &Touch) -> bool {
    let is_plain = |touch: &Touch| is_memory(touch) && touch.way != Way::Update;
    conflict(one, other) && !is_plain(one) && !is_plain(other)
}

/// All races of a run, the first of each pair of threads and place.
#[must_use]
pub fn races(steps: &[Step]) -> Vec<Race> {
    let ordered = |one: &Step, other: &Step| {
        let mut touches = one.touches.iter();
        touches.any(|touch| other.touches.iter().any(|with| orders(touch, with)))
    };
    let clocks = Clocks::of(steps, ordered);
    let mut races = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for (second, step) in steps.iter().enumerate() {
        for (first, earlier) in steps[..second].iter().enumerate() {
            if earlier.thread == step.thread || clocks.is_before(first, second, steps) {
                continue;
            }
            let mut touches = earlier.touches.iter().filter(|touch| is_memory(touch));
            let with = |touch: &&Touch| step.touches.iter().any(|other| conflict(touch, other));
            if let Some(touch) = touches.find(with)
                && known.insert((earlier.thread, step.thread, touch.clone()))
            {
                races.push(Race { first, second });
            }
        }
    }
    races
}
