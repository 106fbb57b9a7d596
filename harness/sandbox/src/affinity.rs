//! CPU affinity: which processor a plan runs on, and where housekeeping goes beside it.
//!
//! A plan runs on one processor, since tracer and tracee on one cost less than on two. What is done beside it, making the
//! next box and taking the last one apart, costs as much as a program's start: it goes to another processor where one is
//! idle. The kernel leaves a thread where it was woken, and finds the idle processor only after a while.
//!
//! A processor is idle when this tool runs fewer plans than there are processors. Where all are busy, housekeeping would
//! only stand in the way of another plan there.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use ipclab_kernel::Pid;
use ipclab_kernel::affinity::{set_affinity, usable_cpus};

/// How many plans this tool runs now.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A plan that runs, as the tool counts them.
#[derive(Debug)]
pub(crate) struct RunningPlan {
    /// Whether a processor is idle beside it.
    pub(crate) idle_processor: bool,
}

impl RunningPlan {
    pub(crate) fn begin() -> Self {
        static PROCESSORS: OnceLock<usize> = OnceLock::new();
        let processors = *PROCESSORS.get_or_init(|| usable_cpus().len());
        let others = RUNNING.fetch_add(1, Ordering::Relaxed);
        Self {
            idle_processor: others + 1 < processors,
        }
    }
}

impl Drop for RunningPlan {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The processors that a process was given, and the one that it stays away from.
#[derive(Clone, Debug)]
pub(crate) struct SpareProcessors {
    all: Vec<usize>,
    others: Vec<usize>,
}

impl SpareProcessors {
    /// Beside `cpu`, if plans run on one of their own.
    pub(crate) fn beside(cpu: Option<usize>) -> Self {
        let all = usable_cpus();
        let others = all
            .iter()
            .copied()
            .filter(|other| cpu.is_some_and(|cpu| cpu != *other))
            .collect();
        Self { all, others }
    }

    /// Does something on another processor.
    pub(crate) fn run_there<T>(&self, what: impl FnOnce() -> T) -> T {
        let went = self.go_there();
        let done = what();
        if went {
            let _ = set_affinity(0, &self.all);
        }
        done
    }

    /// Sends another process to another processor.
    pub(crate) fn move_there(&self, pid: Pid) {
        if !self.others.is_empty() {
            // One that is gone needs none.
            let _ = set_affinity(pid, &self.others);
        }
    }

    /// Goes to another processor, and says whether it went.
    pub(crate) fn go_there(&self) -> bool {
        !self.others.is_empty() && set_affinity(0, &self.others).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_idle_beside_fewer_plans_than_processors() {
        let processors = usable_cpus().len();
        let plans: Vec<RunningPlan> = (0..=processors).map(|_| RunningPlan::begin()).collect();
        for (before, plan) in plans.iter().enumerate() {
            assert_eq!(plan.idle_processor, before + 1 < processors);
        }
        drop(plans);
        assert_eq!(RunningPlan::begin().idle_processor, processors > 1);
    }

    #[test]
    fn what_is_run_there_is_done_and_this_thread_comes_back() {
        let before = usable_cpus();
        for cpu in [None, before.first().copied()] {
            assert_eq!(SpareProcessors::beside(cpu).run_there(|| 7), 7);
            assert_eq!(usable_cpus(), before);
        }
    }
}
