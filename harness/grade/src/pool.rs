//! The sandboxes: worker threads, each with a sandbox of its own.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ipclab_evidence::Level;
use ipclab_sandbox::{LevelChoice, Sandbox, SandboxError};

use ipclab_intake::failure::Failure;

/// Sandboxes, one for each task that may run at a time.
pub struct SandboxPool {
    boxes: Vec<Sandbox>,
    level: Level,
}

impl SandboxPool {
    /// Starts `jobs` sandboxes; as many as there are processors when it is not said.
    ///
    /// # Errors
    /// No sandbox can be had here, or not at the chosen level.
    pub fn start(choice: LevelChoice, jobs: Option<usize>) -> Result<Self, Failure> {
        Self::start_by(|| Sandbox::start(choice), jobs, usize::MAX)
    }

    /// The same for this many tasks as far as is known: what is not needed for them starts when there is more to do.
    ///
    /// # Errors
    /// As [`SandboxPool::start`].
    pub fn start_for(
        tasks: usize,
        choice: LevelChoice,
        jobs: Option<usize>,
    ) -> Result<Self, Failure> {
        Self::start_by(|| Sandbox::start(choice), jobs, tasks)
    }

    /// The same with all of them on one processor.
    ///
    /// # Errors
    /// As [`SandboxPool::start`].
    pub fn start_on_one_processor(
        choice: LevelChoice,
        jobs: Option<usize>,
    ) -> Result<Self, Failure> {
        Self::start_by(|| Sandbox::start_on(choice, 0), jobs, usize::MAX)
    }

    fn start_by(
        start: impl Fn() -> Result<Sandbox, SandboxError>,
        jobs: Option<usize>,
        tasks: usize,
    ) -> Result<Self, Failure> {
        let start = || start().map_err(unable);
        let first = start()?;
        let level = first.level();
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let jobs = match level {
            Level::Namespaces => jobs.unwrap_or(processors).max(1),
            // One world for all: one case after another.
            Level::Shared => 1,
        };
        let mut boxes = vec![first];
        for started in 1..jobs {
            boxes.push(match started < tasks {
                true => start()?,
                false => boxes[0].beside(),
            });
        }
        Ok(Self { boxes, level })
    }

    /// All of it.
    pub fn all(&mut self) -> PoolSlice<'_> {
        PoolSlice {
            boxes: &mut self.boxes,
            level: self.level,
        }
    }
}

impl Drop for SandboxPool {
    fn drop(&mut self) {
        // All of them end at a time.
        self.boxes.iter_mut().for_each(Sandbox::release);
    }
}

fn unable(error: SandboxError) -> Failure {
    Failure::unable(error.to_string())
        .remedy("see what works here, and what to do about it: ipclab doctor")
}

/// Sandboxes that work on one thing together: a whole sandboxes, or one of it.
pub struct PoolSlice<'a> {
    boxes: &'a mut [Sandbox],
    level: Level,
}

impl PoolSlice<'_> {
    /// How the sandboxes keep programs apart.
    pub fn level(&self) -> Level {
        self.level
    }

    /// How many tasks it does at a time.
    pub fn size(&self) -> usize {
        self.boxes.len()
    }

    /// Replaces sandboxes whose keeper has died, or all of them: after a panic a sandbox may be in the middle of anything.
    ///
    /// # Errors
    /// No other can be had.
    pub fn renew(&mut self, all: bool) -> Result<(), Failure> {
        let choice = match self.level {
            Level::Namespaces => LevelChoice::Namespaces,
            Level::Shared => LevelChoice::Shared,
        };
        for sandbox in self.boxes.iter_mut() {
            if all || !sandbox.is_alive() {
                *sandbox = Sandbox::start(choice).map_err(unable)?;
            }
        }
        Ok(())
    }

    /// Does every task, as many at a time as there are sandboxes. Results come in the order of the tasks, whichever
    /// sandbox was faster.
    pub fn each<T: Sync, R: Send>(
        &mut self,
        tasks: &[T],
        work: impl Fn(&mut Sandbox, &T) -> R + Sync,
    ) -> Vec<R> {
        each(self.boxes.iter_mut(), tasks, work)
    }

    /// Does one thing with all sandboxes, the first one and those beside it.
    pub fn together<R>(&mut self, work: impl FnOnce(&mut Sandbox, &mut [Sandbox]) -> R) -> R {
        // A pool is started with one sandbox at least, and its parts have one each.
        let (first, others) = self.boxes.split_at_mut(1);
        work(&mut first[0], others)
    }

    /// Does every task with a pool of one, as many at a time as there are sandboxes.
    pub fn each_alone<T: Sync, R: Send>(
        &mut self,
        tasks: &[T],
        work: impl Fn(&mut PoolSlice<'_>, &T) -> R + Sync,
    ) -> Vec<R> {
        let level = self.level;
        self.each(tasks, |sandbox, task| {
            let boxes = std::slice::from_mut(sandbox);
            work(&mut PoolSlice { boxes, level }, task)
        })
    }
}

/// Does every task with these sandboxes, as [`PoolSlice::each`].
pub(crate) fn each<'a, T: Sync, R: Send>(
    boxes: impl Iterator<Item = &'a mut Sandbox>,
    tasks: &[T],
    work: impl Fn(&mut Sandbox, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(tasks.len()));
    let toil = |sandbox: &mut Sandbox| {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(n) else { break };
            let result = work(sandbox, task);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((n, result));
        }
    };
    let mut boxes = boxes.take(tasks.len());
    if let Some(first) = boxes.next() {
        // This thread works, too: a single task is done without another one.
        std::thread::scope(|scope| {
            for sandbox in boxes {
                scope.spawn(|| toil(sandbox));
            }
            toil(first);
        });
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, result)| result).collect()
}
