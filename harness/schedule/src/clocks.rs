//! Vector clocks: which steps of a run come before which, whatever else is put in another order.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_evidence::{Step, ThreadId};

/// How many steps of each thread come before.
type Clock = BTreeMap<ThreadId, u32>;

/// The order of a run's steps.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    /// Of each step: what comes before it, itself included.
    after: Vec<Clock>,
    /// Of each step: what comes before it for other reasons than that it touches what they did.
    before: Vec<Clock>,
    /// Which step of its thread each is, from 1.
    nth: Vec<u32>,
}

impl Clocks {
    /// Orders steps: those of one thread, those that `ordered` says are, and a step after the one that woke or made its thread.
    pub(crate) fn of(steps: &[Step], ordered: impl Fn(&Step, &Step) -> bool) -> Self {
        let mut clocks = Self::default();
        let mut last: BTreeMap<ThreadId, usize> = BTreeMap::new();
        let woken = woken_by(steps);
        for (at, step) in steps.iter().enumerate() {
            let mut clock = match last.get(&step.thread) {
                Some(before) => clocks.after[*before].clone(),
                None => Clock::new(),
            };
            if let Some(waker) = woken.get(&at) {
                join(&mut clock, &clocks.after[*waker]);
            }
            let before = clock.clone();
            for (other, earlier) in steps[..at].iter().enumerate().rev() {
                let is_known = clocks.is_within(other, steps, &clock);
                if !is_known && earlier.thread != step.thread && ordered(earlier, step) {
                    join(&mut clock, &clocks.after[other]);
                }
            }
            let nth = clock.get(&step.thread).copied().unwrap_or(0) + 1;
            clock.insert(step.thread, nth);
            clocks.after.push(clock);
            clocks.before.push(before);
            clocks.nth.push(nth);
            last.insert(step.thread, at);
        }
        clocks
    }

    fn is_within(&self, step: usize, steps: &[Step], clock: &Clock) -> bool {
        let known = clock.get(&steps[step].thread).copied().unwrap_or(0);
        self.nth[step] <= known
    }

    /// Whether an earlier step comes before a later one for other reasons than what the later one itself touches.
    pub(crate) fn is_before_already(&self, earlier: usize, later: usize, steps: &[Step]) -> bool {
        self.is_within(earlier, steps, &self.before[later])
    }

    /// Whether an earlier step comes before a later one.
    pub(crate) fn is_before(&self, earlier: usize, later: usize, steps: &[Step]) -> bool {
        self.is_within(earlier, steps, &self.after[later])
    }
}

fn join(into: &mut Clock, other: &Clock) {
    for (thread, count) in other {
        let known = into.entry(*thread).or_default();
        *known = (*known).max(*count);
    }
}

/// Of each step whose thread was woken or made by another one's: by which step.
fn woken_by(steps: &[Step]) -> BTreeMap<usize, usize> {
    let mut woken = BTreeMap::new();
    let mut waiting: BTreeMap<ThreadId, Option<usize>> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        let now: BTreeSet<ThreadId> = step.ready.iter().chain(&step.polling).copied().collect();
        let before = at
            .checked_sub(1)
            .map(|before| (before, steps[before].thread));
        waiting.retain(|thread, _| now.contains(thread));
        for thread in now {
            // After its own step a thread goes on to its next one by itself.
            let waker = before
                .filter(|(_, ran)| *ran != thread)
                .map(|(step, _)| step);
            waiting.entry(thread).or_insert(waker);
        }
        if let Some(Some(waker)) = waiting.remove(&step.thread) {
            woken.insert(at, waker);
        }
    }
    woken
}
