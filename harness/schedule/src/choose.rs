//! Choosing: which of the threads that can go on takes the next step.
//!
//! A function of the steering and of the steps so far, so that the same steering gives the same run of the same program.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_evidence::{Steering, Then, ThreadId, Touch, Way};

use crate::pct::Priorities;

/// So often in a row a thread finds the same thing unchanged before others go first: it waits for one of them.
pub const LOOKS_MAX: u32 = 8;

/// What was chosen, and from what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The thread that takes the step.
    pub thread: ThreadId,
    /// Those that could have taken it.
    pub ready: Vec<ThreadId>,
    /// Those that could have, too, but poll.
    pub polling: Vec<ThreadId>,
}

/// Chooses the steps of one run.
#[derive(Clone, Debug)]
pub struct Chooser {
    schedule: Vec<ThreadId>,
    priorities: Option<Priorities>,
    taken: usize,
    last: Option<ThreadId>,
    diverged: Option<usize>,
    /// What each thread has looked at since it last changed something, and how often.
    looked: BTreeMap<ThreadId, BTreeMap<Touch, (Option<i64>, u32)>>,
    polling: BTreeSet<ThreadId>,
}

impl Chooser {
    /// Nothing is chosen yet.
    #[must_use]
    pub fn new(steering: &Steering) -> Self {
        let priorities = match steering.then {
            Then::GoOn => None,
            Then::Priorities { seed, depth, steps } => Some(Priorities::draw(seed, depth, steps)),
        };
        Self {
            schedule: steering.schedule.clone(),
            priorities,
            taken: 0,
            last: None,
            diverged: None,
            looked: BTreeMap::new(),
            polling: BTreeSet::new(),
        }
    }

    /// The first step whose thread, by the schedule, could not go on.
    #[must_use]
    pub fn diverged(&self) -> Option<usize> {
        self.diverged
    }

    /// Chooses the next step among those that wait for a turn; `None`: none does.
    pub fn choose(&mut self, waiting: &BTreeSet<ThreadId>) -> Option<Choice> {
        let mut ready: Vec<ThreadId> = waiting.difference(&self.polling).copied().collect();
        if ready.is_empty() {
            // All of them wait for each other, or for time.
            self.polling.clear();
            ready = waiting.iter().copied().collect();
        }
        let polling = waiting.intersection(&self.polling).copied().collect();
        let scheduled = self.schedule.get(self.taken).copied();
        let followed = scheduled.filter(|thread| ready.contains(thread));
        if scheduled.is_some() && followed.is_none() {
            self.diverged.get_or_insert(self.taken);
        }
        let thread = match (followed, &mut self.priorities) {
            (Some(thread), _) => thread,
            (None, Some(priorities)) => priorities.choose(&ready, self.taken)?,
            (None, None) => goes_on(&ready, self.last)?,
        };
        self.taken += 1;
        self.last = Some(thread);
        Some(Choice {
            thread,
            ready,
            polling,
        })
    }

    /// The step that was chosen last is over: what it touched, what it saw there, and whether it asked in vain for something that
    /// it did not want to wait for. Another thread than the one that polls has gone on: what that one looks for may have
    /// happened.
    pub fn stepped(&mut self, touches: &[Touch], seen: Option<i64>, in_vain: bool) {
        let Some(thread) = self.last else {
            return;
        };
        self.polling.retain(|other| *other == thread);
        let looked = self.looked.entry(thread).or_default();
        if !in_vain && touches.iter().any(|touch| touch.way != Way::Read) {
            looked.clear();
            return;
        }
        for touch in touches {
            let (value, times) = looked.entry(touch.clone()).or_default();
            *times = if *value == seen { *times + 1 } else { 1 };
            *value = seen;
            if *times >= LOOKS_MAX {
                self.polling.insert(thread);
            }
        }
        if self.polling.contains(&thread) {
            self.looked.remove(&thread);
        }
    }

    /// A thread lets others go first, `sched_yield(2)`, or asked in vain for what it did not want to wait for.
    pub fn yields(&mut self, thread: ThreadId) {
        self.polling.insert(thread);
    }
}

/// The last thread where it can go on, else the next one by number.
fn goes_on(ready: &[ThreadId], last: Option<ThreadId>) -> Option<ThreadId> {
    let Some(last) = last else {
        return ready.first().copied();
    };
    let next = ready.iter().find(|thread| **thread >= last);
    next.or(ready.first()).copied()
}
