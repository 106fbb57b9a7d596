//! Dependence: which steps may not change places, since the one touches what the other does.

use ipclab_evidence::{Step, Thing, Touch, Way};

/// Whether two touches of different threads do not commute.
///
/// All calls on one semaphore do not. Whether one that takes it finds it, or waits and is given it, comes to the same; but to
/// wait is no preemption, so that under a bound the one order does not stand for the other.
#[must_use]
pub fn conflict(one: &Touch, other: &Touch) -> bool {
    if one.thing == Thing::Anything || other.thing == Thing::Anything {
        return true;
    }
    let changes = one.way != Way::Read || other.way != Way::Read;
    changes && one.thing == other.thing && one.from < other.to && other.from < one.to
}

/// Whether two steps are dependent: steps of one thread always are.
#[must_use]
pub fn dependent(one: &Step, other: &Step) -> bool {
    one.thread == other.thread || conflicts(one, other)
}

/// Whether two steps touch something in ways that do not commute.
pub(crate) fn conflicts(one: &Step, other: &Step) -> bool {
    let mut touches = one.touches.iter();
    touches.any(|touch| other.touches.iter().any(|with| conflict(touch, with)))
}

/// Whether choosing `step.thread` here, after a step of `last`, takes the turn away from a thread that could have kept it.
#[must_use]
pub(crate) fn preempts(last: Option<ipclab_evidence::ThreadId>, step: &Step) -> bool {
    last.is_some_and(|last| last != step.thread && step.ready.contains(&last))
}

/// How many preemptions a run had.
#[must_use]
pub fn preemptions(steps: &[Step]) -> u32 {
    let after = steps.iter().skip(1);
    let pairs = steps.iter().zip(after);
    pairs
        .filter(|(before, step)| preempts(Some(before.thread), step))
        .count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_conflicts_when_one_of_them_changes_it() {
        let touch = |thing: Thing, from: u64, to: u64, way: Way| Touch {
            thing,
            from,
            to,
            way,
        };
        let check = |one: Touch, other: Touch, expect: bool| {
            assert_eq!(conflict(&one, &other), expect, "{one:?} {other:?}");
            assert_eq!(conflict(&other, &one), expect, "{other:?} {one:?}");
        };
        let memory = |from, to, way| touch(Thing::Memory(1), from, to, way);
        check(memory(0, 4, Way::Read), memory(0, 4, Way::Read), false);
        check(memory(0, 4, Way::Read), memory(0, 4, Way::Write), true);
        check(memory(0, 4, Way::Update), memory(0, 4, Way::Update), true);
        check(memory(0, 4, Way::Write), memory(4, 8, Way::Write), false);
        check(memory(0, 8, Way::Read), memory(7, 8, Way::Write), true);
        let other = touch(Thing::Memory(2), 0, 4, Way::Write);
        check(memory(0, 4, Way::Write), other, false);
        let anything = Touch::whole(Thing::Anything, Way::Read);
        check(anything, memory(0, 4, Way::Read), true);
    }
}
