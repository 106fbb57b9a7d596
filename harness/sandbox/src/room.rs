//! Room: where housekeeping goes that nobody waits for.
//!
//! A plan runs on one processor, since tracer and tracee on one cost less than on two. What is done beside it, making the
//! next box and taking the last one apart, costs as much as a program's start: it steps aside where a processor is idle.
//! The kernel leaves a thread where it was woken, and finds the idle processor only after a while.
//!
//! Idle is one when this tool runs fewer plans than there are processors. Where all are busy, stepping aside would only
//! stand in the way of another plan.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use ipclab_kernel::{Pid, affinity};

/// How many plans this tool runs now.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A plan that runs, as the tool counts them.
#[derive(Debug)]
pub(crate) struct Busy {
    /// Whether a processor is idle beside it.
    pub(crate) room: bool,
}

impl Busy {
    pub(crate) fn begin() -> Self {
        static PROCESSORS: OnceLock<usize> = OnceLock::new();
        let processors = *PROCESSORS.get_or_init(|| affinity::usable_cpus().len());
        let others = RUNNING.fetch_add(1, Ordering::Relaxed);
        Self {
            room: others + 1 < processors,
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A letter from the tool: whether there is room, and a plan as JSON.
pub(crate) fn letter(busy: &Busy, plan: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut letter = vec![u8::from(busy.room)];
    serde_json::to_writer(&mut letter, plan)?;
    Ok(letter)
}

/// What is in a letter; `None`: nothing.
pub(crate) fn open(letter: &[u8]) -> Option<(bool, &[u8])> {
    let (room, plan) = letter.split_first()?;
    Some((*room == 1, plan))
}

/// The processors that a process was given, and the one that it stays away from.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    all: Vec<usize>,
    others: Vec<usize>,
}

impl Room {
    /// Beside `cpu`, if plans run on one of their own.
    pub(crate) fn beside(cpu: Option<usize>) -> Self {
        let all = affinity::usable_cpus();
        let others = all
            .iter()
            .copied()
            .filter(|other| cpu.is_some_and(|cpu| cpu != *other))
            .collect();
        Self { all, others }
    }

    /// Does something on another processor.
    pub(crate) fn aside<T>(&self, what: impl FnOnce() -> T) -> T {
        let went = self.step_aside();
        let done = what();
        if went {
            let _ = affinity::set_affinity(0, &self.all);
        }
        done
    }

    /// Sends another process to another processor.
    pub(crate) fn send_aside(&self, pid: Pid) {
        if !self.others.is_empty() {
            // One that is gone needs no room.
            let _ = affinity::set_affinity(pid, &self.others);
        }
    }

    /// Goes to another processor, and tells whether it went.
    pub(crate) fn step_aside(&self) -> bool {
        !self.others.is_empty() && affinity::set_affinity(0, &self.others).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_beside_fewer_plans_than_processors() {
        let processors = affinity::usable_cpus().len();
        let plans: Vec<Busy> = (0..=processors).map(|_| Busy::begin()).collect();
        for (before, plan) in plans.iter().enumerate() {
            assert_eq!(plan.room, before + 1 < processors);
        }
        drop(plans);
        assert_eq!(Busy::begin().room, processors > 1);
    }

    #[test]
    fn what_is_done_aside_is_done_and_nobody_stays_there() {
        let before = affinity::usable_cpus();
        for cpu in [None, before.first().copied()] {
            assert_eq!(Room::beside(cpu).aside(|| 7), 7);
            assert_eq!(affinity::usable_cpus(), before);
        }
    }
}
