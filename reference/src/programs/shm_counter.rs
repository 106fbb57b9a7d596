//! `shm_counter` (Q1): processes that add to one counter in shared memory, guarded by a semaphore.
//!
//! How the contract is kept:
//! - Segment and semaphore set are `IPC_PRIVATE`: children inherit the one and are told the other, and two runs at once
//!   have nothing to do with each other. Both are removed however the program ends, the set first.
//! - The semaphore is 1 before there is a worker that could take it. A worker takes it, reads, writes, gives it back.
//! - `SEM_UNDO`: what a worker holds when it dies the kernel gives back, so that no worker waits for a dead one.
//! - All workers are waited for, and how each ended is looked at: a total with a share missing is no total.
//! - semop(2) is never made again by the kernel after a signal handler, whatever `SA_RESTART` says: see `sysv`.
//! - `SIGTERM` and `SIGINT` are blocked and waited for beside `SIGCHLD`, so that neither can come between a look and a
//!   sleep. Workers are then ended, and cleared up after.

use std::ffi::OsString;
use std::sync::atomic::Ordering;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::failure::Failure;
use crate::stdio::{complain, say};
use crate::sysv::{Attachment, ReadWrite, Segment, Semaphore, fork};

/// How many workers there may be, and how often each may add.
const MOST_WORKERS: u32 = 16;
const MOST_TIMES: u32 = 100_000;

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let usage = || {
        Failure::because(
            "usage",
            format!("shm_counter NPROC NITER (1 to {MOST_WORKERS}, 1 to {MOST_TIMES})"),
        )
    };
    let [_, workers, times] = argv else {
        return Err(usage());
    };
    let workers = number(workers, MOST_WORKERS).ok_or_else(usage)?;
    let times = number(times, MOST_TIMES).ok_or_else(usage)?;
    let total = count(workers, times)?;
    say(format!("counter: {total}"));
    Ok(())
}

/// A decimal number from 1 to `most`, digits and nothing else.
fn number(word: &OsString, most: u32) -> Option<u32> {
    let word = word.to_str()?;
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let number = word.parse().ok().filter(|_| digits)?;
    (1..=most).contains(&number).then_some(number)
}

/// The segment and the set, removed at the end whatever happened.
struct Shared {
    segment: Segment,
    semaphore: Option<Semaphore>,
}

impl Shared {
    fn remove(mut self) -> Result<(), Failure> {
        let semaphore = self.semaphore.take().map_or(Ok(()), Semaphore::remove);
        let segment = self.segment;
        std::mem::forget(self);
        let segment = segment.remove();
        semaphore.map_err(|e| Failure::perror("semctl", e))?;
        segment.map_err(|e| Failure::perror("shmctl", e))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // A failure is on its way already, and is what is told.
        if let Some(semaphore) = self.semaphore {
            let _ = semaphore.remove();
        }
        let _ = self.segment.remove();
    }
}

fn count(workers: u32, times: u32) -> Result<i32, Failure> {
    let before = block_signals().map_err(|e| Failure::perror("sigprocmask", e))?;
    let segment = Segment::get(libc::IPC_PRIVATE, size_of::<i32>(), libc::IPC_CREAT | 0o600)
        .map_err(|e| Failure::perror("shmget", e))?;
    let mut shared = Shared {
        segment,
        semaphore: None,
    };
    let memory = segment
        .attach_read_write()
        .map_err(|e| Failure::perror(e.call, e))?;
    let semaphore = Semaphore::private().map_err(|e| Failure::perror("semget", e))?;
    shared.semaphore = Some(semaphore);
    semaphore.set(1).map_err(|e| Failure::perror("semctl", e))?;

    let mut alive = Vec::new();
    let mut failure = None;
    for _ in 0..workers {
        let work = || {
            let added = before
                .thread_set_mask()
                .map_err(|e| Failure::perror("sigprocmask", e))
                .and_then(|()| add(&memory, semaphore, times));
            match added {
                Ok(()) => 0,
                Err(failure) => {
                    complain(failure);
                    1
                }
            }
        };
        match fork(work) {
            Ok(worker) => alive.push(worker),
            Err(error) => {
                failure = Some(Failure::perror("fork", error));
                break;
            }
        }
    }
    let ended = wait_for(alive);
    let total = memory
        .number()
        .map(|number| number.load(Ordering::Relaxed))
        .map_err(|e| Failure::perror("shm_counter", e));
    let detached = memory.detach().map_err(|e| Failure::perror("shmdt", e));
    let removed = shared.remove();
    if let Some(failure) = failure {
        return Err(failure);
    }
    ended?;
    detached?;
    removed?;
    total
}

/// A worker's part.
fn add(memory: &Attachment<ReadWrite>, semaphore: Semaphore, times: u32) -> Result<(), Failure> {
    let told = |e| Failure::perror("semop", e);
    let number = memory
        .number()
        .map_err(|e| Failure::perror("shm_counter", e))?;
    for _ in 0..times {
        semaphore.change(-1).map_err(told)?;
        let read = number.load(Ordering::Relaxed);
        number.store(read + 1, Ordering::Relaxed);
        semaphore.change(1).map_err(told)?;
    }
    Ok(())
}

/// Keeps the signals that matter here for [`wait_for`]. Gives what was blocked before.
fn block_signals() -> Result<SigSet, Errno> {
    let before = SigSet::thread_get_mask()?;
    watched().thread_block()?;
    Ok(before)
}

fn watched() -> SigSet {
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGCHLD]
        .into_iter()
        .collect()
}

/// Waits for all workers; the first thing that went wrong is told when all of them are gone.
fn wait_for(mut alive: Vec<libc::pid_t>) -> Result<(), Failure> {
    let mut result = Ok(());
    let mut note = |failure| {
        if result.is_ok() {
            result = Err(failure);
        }
    };
    while !alive.is_empty() {
        let status = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Err(Errno::EINTR) => continue,
            Err(errno) => {
                note(Failure::perror("waitpid", errno));
                break;
            }
            Ok(status) => status,
        };
        match status {
            WaitStatus::Exited(worker, status) => {
                alive.retain(|other| *other != worker.as_raw());
                if status != 0 {
                    note(Failure::because(
                        "worker",
                        format!("process {worker} failed with status {status}"),
                    ));
                }
            }
            WaitStatus::Signaled(worker, signal, _) => {
                alive.retain(|other| *other != worker.as_raw());
                note(Failure::because(
                    "worker",
                    format!("process {worker} was killed by {signal}"),
                ));
            }
            // A worker is still running.
            _ => match watched().wait() {
                Ok(Signal::SIGCHLD) | Err(_) => {}
                Ok(signal) => {
                    note(Failure::because(
                        "shm_counter",
                        format!("ended by {signal}"),
                    ));
                    for worker in &alive {
                        // One that is gone already needs no signal.
                        let _ = kill(Pid::from_raw(*worker), Signal::SIGTERM);
                    }
                }
            },
        }
    }
    result
}
