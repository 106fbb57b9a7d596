//! Who has spoken lets the others answer: where programs of students meet, a thread that has sent something, connected or closed
//! an end waits until all others have done what they do about it.
//!
//! Whether one `read` finds the bytes of one `write` or of three is otherwise a matter of who gets the processor when. The same
//! programs get the same marks each time only if that is the same each time; and of all orders this is the one that shows who
//! relies on luck.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use ipclab_evidence::{Plan, Run};
use ipclab_kernel::Pid;

use crate::speed;

/// So often threads of a case yield: a count, and no time, so that it is the same each time.
const MAX_YIELDS: u32 = 1_000;

/// How long a thread waits for others that are asleep and will be woken by the kernel, as by a retransmission.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long others may compute meanwhile: one that asks again and again whether something has come goes on for ever.
const COMPUTING_MAX: Duration = Duration::from_millis(20);

/// A thread that has yielded.
#[derive(Debug)]
struct Held {
    /// How often it has, this time included.
    times: u32,
    actor: usize,
    tid: Pid,
    /// What is delivered when it goes on.
    signal: i32,
    since: Instant,
    /// Processor time that all actors had used by then.
    cpu_us: u64,
}

/// The threads of a case that have yielded.
#[derive(Debug, Default)]
pub(crate) struct Yielding {
    is_on: bool,
    count: u32,
    times: HashMap<Pid, u32>,
    held: Vec<Held>,
}

impl Yielding {
    /// On where two programs or more are students' own. References and peers read until they have all.
    pub(crate) fn new(plan: &Plan) -> Self {
        let actors = plan.actors.iter();
        let students =
            actors.filter(|actor| !actor.trusted && !matches!(actor.run, Run::Script { .. }));
        Self {
            is_on: plan.turns.is_none() && plan.chaos.is_none() && students.count() > 1,
            ..Self::default()
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Holds a thread, unless threads have yielded too often. Tells whether it did.
    pub(crate) fn hold(&mut self, actor: usize, tid: Pid, signal: i32, cpu_us: u64) -> bool {
        if !self.is_on || self.count == MAX_YIELDS {
            return false;
        }
        self.count += 1;
        let times = self.times.entry(tid).or_default();
        *times += 1;
        self.held.push(Held {
            times: *times,
            actor,
            tid,
            signal,
            since: Instant::now(),
            cpu_us,
        });
        true
    }

    pub(crate) fn holds(&self, tid: Pid) -> bool {
        self.held.iter().any(|held| held.tid == tid)
    }

    /// The one to go on, with its signal: that which has yielded least often, and of those the actor that started last. Which
    /// of them came first is chance, where one woke the other.
    pub(crate) fn next(&mut self) -> Option<(Pid, i32)> {
        let order = |held: &Held| (held.times, Reverse(held.actor), held.tid);
        let (at, _) = self
            .held
            .iter()
            .enumerate()
            .min_by_key(|(_, held)| order(held))?;
        let held = self.held.swap_remove(at);
        Some((held.tid, held.signal))
    }

    /// Whether one of them has waited for long enough.
    pub(crate) fn is_overdue(&self) -> bool {
        self.held.iter().any(|held| held.since.elapsed() > PATIENCE)
    }

    /// Whether others have computed for so long that they will not come to rest, when all have used so much processor time.
    pub(crate) fn is_futile(&self, cpu_us: impl FnOnce() -> u64) -> bool {
        let first = self.held.iter().map(|held| held.cpu_us).min();
        first.is_some_and(|first| cpu_us() > first + speed::scaled_us(COMPUTING_MAX))
    }

    /// A thread is no longer where it was held.
    pub(crate) fn forget(&mut self, tid: Pid) {
        self.held.retain(|held| held.tid != tid);
    }

    /// None is held any more.
    pub(crate) fn end(&mut self) {
        self.is_on = false;
    }
}

#[cfg(test)]
mod tests {
    use super::Yielding;

    #[test]
    fn who_goes_on_does_not_hang_on_who_came_first() {
        let order = |arrivals: [(usize, i32); 3]| {
            let mut yielding = Yielding {
                is_on: true,
                ..Yielding::default()
            };
            // It has sent once before.
            yielding.hold(0, 10, 0, 0);
            yielding.next();
            for (actor, tid) in arrivals {
                yielding.hold(actor, tid, 0, 0);
            }
            std::iter::from_fn(|| yielding.next())
                .map(|(tid, _)| tid)
                .collect::<Vec<_>>()
        };
        assert_eq!(order([(0, 10), (1, 11), (2, 12)]), [12, 11, 10]);
        assert_eq!(order([(2, 12), (1, 11), (0, 10)]), [12, 11, 10]);
        assert_eq!(order([(1, 11), (0, 10), (2, 12)]), [12, 11, 10]);
    }
}
