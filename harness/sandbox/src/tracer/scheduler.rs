//! Scheduler: one thread of the case runs at a time, where the plan asks for an order.
//!
//! The next turn is given when every thread that has none is at rest: stopped by us, asleep in a call, or ended. Only then
//! does the choice depend on what the programs did, and not on how fast.

use std::io;
use std::time::Duration;

use ipclab_kernel::{Pid, process, procfs, wait};

use super::rest;
use super::state::{Thread, Tracer, gone};
use crate::schedule::Waiting;
use crate::speed;

/// How much processor time a turn may take before another thread gets one, too: one that waits for a signal in a loop
/// waits for a thread that waits for a turn.
const QUANTUM: Duration = Duration::from_millis(60);
/// The same of a step that is steered, which has to end by itself for a claim to be made: an interpreter begins within it.
const STEP: Duration = Duration::from_millis(500);
/// How often we let others have the processor before we go to sleep ourselves.
const MAX_YIELDS: u32 = 24;

impl Tracer {
    /// Whether an actor's threads take turns.
    pub(super) fn is_scheduled(&self, actor: usize) -> bool {
        let actor = &self.actors[actor];
        self.schedule.is_on() && actor.started && !actor.scripted
    }

    /// Whether an actor will take turns, and is not yet at the beginning of its program.
    fn has_yet_to_begin(&self, actor: usize) -> bool {
        let actor = &self.actors[actor];
        !actor.started && !actor.scripted
    }

    pub(super) fn actor_of(&self, tid: Pid) -> Option<usize> {
        Some(self.process_of(tid)?.actor)
    }

    /// Whether a thread has to wait for its turn before it goes on; if so, it does from now on.
    pub(super) fn has_to_wait(&mut self, tid: Pid, signal: i32) -> bool {
        let Some(actor) = self.actor_of(tid) else {
            return false;
        };
        if !self.is_scheduled(actor) || self.schedule.is_turn_of(tid) {
            return false;
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.stopped = false;
        }
        self.pause(tid, signal);
        true
    }

    /// A thread waits for its turn from now on.
    pub(super) fn pause(&mut self, tid: Pid, signal: i32) {
        let waiting = Waiting {
            signal,
            writes: false,
            late: false,
            at_point: false,
        };
        self.schedule.wait(tid, waiting);
    }

    /// Whether a thread, about to make an access or a call that others could notice, has to wait for a step of its own; if so,
    /// it does from now on. One that is alone need not: nothing can come between.
    pub(super) fn stops_at_point(&mut self, tid: Pid) -> bool {
        let scheduled = self
            .actor_of(tid)
            .is_some_and(|actor| self.is_scheduled(actor));
        if !scheduled || !self.schedule.is_steered() || self.schedule.take_grant(tid) {
            return false;
        }
        if self.schedule.is_turn_of(tid) && self.is_alone(tid) {
            return false;
        }
        let waiting = Waiting {
            signal: 0,
            writes: false,
            late: false,
            at_point: true,
        };
        self.schedule.wait(tid, waiting);
        true
    }

    /// Whether no other thread takes turns, or will before this one has made one.
    fn is_alone(&self, tid: Pid) -> bool {
        let others = self.threads.keys().all(|other| *other == tid);
        others && !(0..self.actors.len()).any(|actor| self.has_yet_to_begin(actor))
    }

    /// Gives the next turn, if it can be given: no thread has it, and every thread is at rest. Tells whether it was.
    ///
    /// # Errors
    /// As [`Tracer::dispatch`].
    pub(crate) fn next_turn(&mut self) -> io::Result<bool> {
        if !self.schedule.is_on() || !self.schedule.is_awaited() || !self.deferred.is_empty() {
            return Ok(!self.deferred.is_empty());
        }
        for _ in 0..MAX_YIELDS {
            if wait::is_any_pending() {
                return Ok(false);
            }
            if self.is_at_rest() {
                return self.give_turn().map(|()| true);
            }
            let runs = |tid| procfs::state(tid) == Some(b'R');
            if self.schedule.runner().is_some_and(runs) && self.is_quantum_used() {
                // It goes on beside the others until it stops by itself.
                self.schedule
                    .unwatched("a process computed for a long time in one step");
                self.overrunning.extend(self.schedule.runner());
                return self.give_turn().map(|()| true);
            }
            std::thread::yield_now();
        }
        Ok(false)
    }

    /// Whether this turn has lasted too long.
    fn is_quantum_used(&self) -> bool {
        let runner = self.schedule.runner();
        let process = runner.and_then(|tid| self.threads.get(&tid));
        let used = process.and_then(|thread| process::cpu_time_us(thread.process));
        let quantum = match self.schedule.is_steered() {
            true => STEP,
            false => QUANTUM,
        };
        used.is_some_and(|used| used > self.turn_began_us + speed::scaled_us(quantum))
    }

    /// Whether every thread that takes turns and does not wait for one is asleep in a call, or stopped.
    fn is_at_rest(&self) -> bool {
        let mut others = Vec::new();
        for (tid, thread) in &self.threads {
            let actor = self.processes[&thread.process].actor;
            // Whose turn is next must not hang on how soon the machine gets it there.
            if self.has_yet_to_begin(actor) {
                return false;
            }
            if self.schedule.waits(*tid)
                || self.overrunning.contains(tid)
                || !self.is_scheduled(actor)
            {
                continue;
            }
            // A first thread that ended before the others stays a zombie until they do.
            if thread.exiting
                && procfs::state(*tid) == Some(b'Z')
                && self.has_other_threads(thread, *tid)
            {
                continue;
            }
            if thread.exiting {
                return false;
            }
            others.push(*tid);
        }
        others.is_empty()
            || (self.all_asleep(&others) && rest::at_rest(&others) && !wait::is_any_pending())
    }

    fn has_other_threads(&self, of: &Thread, tid: Pid) -> bool {
        self.threads
            .iter()
            .any(|(other, thread)| *other != tid && thread.process == of.process)
    }

    fn give_turn(&mut self) -> io::Result<()> {
        self.schedule.free();
        let Some((tid, waiting)) = self.schedule.next(self.trace.next()) else {
            return Ok(());
        };
        let process = self.threads.get(&tid).map(|thread| thread.process);
        self.turn_began_us = process.and_then(process::cpu_time_us).unwrap_or(0);
        self.note_handlers(tid);
        self.end_wait(tid, waiting)
    }

    /// Ends the taking of turns: threads that wait go on, and so does every thread that comes to an access.
    ///
    /// # Errors
    /// As [`Tracer::dispatch`].
    pub(crate) fn end_turns(&mut self) -> io::Result<()> {
        for (tid, waiting) in self.schedule.end() {
            self.end_wait(tid, waiting)?;
        }
        Ok(())
    }

    /// A thread goes on with what it waited to do.
    fn end_wait(&mut self, tid: Pid, waiting: Waiting) -> io::Result<()> {
        self.event_count += 1;
        gone(self.close_to_others(tid))?;
        gone(self.close_first_stack(tid))?;
        let Some(thread) = self.threads.get_mut(&tid) else {
            return Ok(());
        };
        if std::mem::take(&mut thread.at_point) {
            if self.handles_first(tid)? {
                return Ok(());
            }
            return self.call_entered(tid).map(drop);
        }
        if thread.pending_write.is_some() {
            // The write is what it waited to make.
            self.schedule.take_grant(tid);
        }
        match (thread.pending_write.take(), thread.skipped_call.take()) {
            (Some(write), _) => self.write(tid, &write),
            (None, Some(entered)) => gone(self.open_and_repeat(tid, &entered)),
            (None, None) => self.go_on(tid, waiting.signal),
        }
    }

    /// A call of a thread is over: whether others get a turn first.
    pub(super) fn pauses_after_call(&mut self, tid: Pid, signal: i32) -> bool {
        let pauses = self.schedule.is_turn_of(tid) && !self.schedule.may_call();
        if pauses {
            self.pause(tid, signal);
        }
        pauses
    }

    /// A thread lets others go first by itself, `sched_yield(2)`.
    pub(super) fn yield_turn(&mut self, tid: Pid) {
        if self.schedule.is_turn_of(tid) && self.schedule.is_awaited() {
            self.schedule.yielded();
            self.pause(tid, 0);
        }
    }
}
