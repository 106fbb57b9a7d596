//! Races: accesses to the same memory, one of them a write, that nothing puts in an order: no call by which the one's process
//! waits for the other's, and no atomic instruction. They are there in a run in which nothing went wrong.
//!
//! An atomic load or store of C is an instruction like any other on this machine, so a program that agrees by atomic variables, or
//! by flags that a process looks at until they change, seems to race where it does not. Of those nothing is said.

use std::collections::BTreeMap;

use ipclab_evidence::{SourceLine, Step, Thing, ThreadId, Touch, Way};

use crate::clocks::Clocks;
use crate::dependence::conflict;

/// Two accesses that are in no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race {
    /// The step of the one that came first in this run.
    pub first: usize,
    /// The step of the other.
    pub second: usize,
    /// What the first one touched.
    pub touch: Touch,
}

fn is_memory(touch: &Touch) -> bool {
    matches!(touch.thing, Thing::Memory(_))
}

/// Whether two touches order their steps: whatever the kernel does for one process and another, and atomic instructions.
fn orders(one: &Touch, other: &Touch) -> bool {
    let is_plain = |touch: &Touch| is_memory(touch) && touch.way != Way::Update;
    conflict(one, other) && !is_plain(one) && !is_plain(other)
}

/// Whether threads agree by hand in a run: the program itself makes atomic instructions, or looks at the same place in the same
/// line until something else is there.
#[must_use]
pub fn agree_by_hand(steps: &[Step]) -> bool {
    let mut looked: BTreeMap<(ThreadId, &Touch, &[SourceLine]), Option<i64>> = BTreeMap::new();
    for step in steps.iter().filter(|step| !step.lines.is_empty()) {
        for touch in step.touches.iter().filter(|touch| is_memory(touch)) {
            match touch.way {
                Way::Update => return true,
                Way::Write => looked.retain(|(thread, other, _), _| {
                    *thread != step.thread || !conflict(touch, other)
                }),
                Way::Read => {
                    let before = looked.insert((step.thread, touch, &step.lines), step.value);
                    if before.is_some_and(|before| before != step.value) {
                        return true;
                    }
                }
            }
        }
    }
    false
}

/// All races of a run between accesses of the program itself, the first of each pair of threads and place. What a library accesses
/// for it puts others in an order, and is no race: it has ways of its own to agree.
#[must_use]
pub fn races_in_lines(steps: &[Step]) -> Vec<Race> {
    races_of(steps, |step| !step.lines.is_empty())
}

/// All races of a run, the first of each pair of threads and place.
#[must_use]
pub fn races(steps: &[Step]) -> Vec<Race> {
    races_of(steps, |_| true)
}

/// Whether two threads both read and write a place, so that one can lose what the other wrote. Of memory of threads nothing less
/// is told: an atomic load or store looks like any other.
fn both_update(steps: &[Step], touch: &Touch, threads: [ThreadId; 2]) -> bool {
    let does = |thread: ThreadId, way: Way| {
        let mut own = steps
            .iter()
            .filter(|step| step.thread == thread && !step.lines.is_empty());
        let is_same = |other: &Touch| {
            let place = |touch: &Touch| (touch.thing.clone(), touch.from, touch.to);
            other.way == way && place(other) == place(touch)
        };
        own.any(|step| step.touches.iter().any(is_same))
    };
    threads
        .into_iter()
        .all(|thread| does(thread, Way::Read) && does(thread, Way::Write))
}

fn races_of(steps: &[Step], counts: impl Fn(&Step) -> bool) -> Vec<Race> {
    let ordered = |one: &Step, other: &Step| {
        // What libraries do with memory of threads is how these agree.
        let by_libraries = one.lines.is_empty() && other.lines.is_empty();
        let agrees = |touch: &Touch, with: &Touch| {
            by_libraries && touch.thing.is_of_threads() && conflict(touch, with)
        };
        let mut touches = one.touches.iter();
        let is_end = |touch: &Touch| matches!(touch.thing, Thing::Ends(_));
        // A thread that has ended may have been joined without a call.
        let ended = one.thread.actor == other.thread.actor && one.touches.iter().any(is_end);
        ended
            || touches.any(|touch| {
                let mut with = other.touches.iter();
                with.any(|with| orders(touch, with) || agrees(touch, with))
            })
    };
    let clocks = Clocks::of(steps, ordered);
    let mut races = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for (second, step) in steps.iter().enumerate() {
        for (first, earlier) in steps[..second].iter().enumerate() {
            if earlier.thread == step.thread
                || !counts(earlier)
                || !counts(step)
                || clocks.is_before(first, second, steps)
            {
                continue;
            }
            let mut touches = earlier.touches.iter().filter(|touch| is_memory(touch));
            let with = |touch: &&Touch| step.touches.iter().any(|other| conflict(touch, other));
            if let Some(touch) = touches.find(with)
                && (!touch.thing.is_of_threads()
                    || both_update(steps, touch, [earlier.thread, step.thread]))
                && known.insert((earlier.thread, step.thread, touch.clone()))
            {
                let touch = touch.clone();
                races.push(Race {
                    first,
                    second,
                    touch,
                });
            }
        }
    }
    races
}
