//! Handlers of signals, where turns are steered: each runs before the call, or after it, as the schedule says.
//!
//! A thread that waits for its step at the entry of a call has not made it yet, as far as schedules go. A signal that comes
//! meanwhile came before the call: its handler runs first, and then the thread comes to the call. Left to itself the kernel
//! would have the call interrupted, and a wake-up that comes between a look and a `pause(2)` would never be lost.

use std::io;

use ipclab_evidence::{Thing, Touch, Way};
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::ptrace::{self, Resume};
use ipclab_kernel::{Pid, procfs};

use super::skipped::{send_back, skip};
use super::state::{Tracer, gone};

impl Tracer {
    /// A thread takes its next step: that it may be interrupted there depends on which signals were sent to it.
    pub(super) fn note_handlers(&mut self, tid: Pid) {
        if !self.schedule.is_steered() {
            return;
        }
        // One that is blocked during the whole step comes after it in any order.
        let catches =
            procfs::signal_masks(tid).is_some_and(|masks| masks.caught & !masks.blocked != 0);
        if catches {
            let own = self.own_number(tid);
            self.schedule
                .touches([Touch::whole(Thing::Signals(own), Way::Read)]);
        }
    }

    /// Whether a thread, at the entry of the call that it waited to make, has a handler to run first; if so, it does.
    ///
    /// # Errors
    /// As [`Tracer::dispatch`].
    pub(super) fn handles_first(&mut self, tid: Pid) -> io::Result<bool> {
        if !self.schedule.is_steered() {
            return Ok(false);
        }
        let masks = procfs::signal_masks(tid).unwrap_or_default();
        if masks.pending & masks.caught & !masks.blocked == 0 {
            return Ok(false);
        }
        let own = self.own_number(tid);
        self.schedule
            .touches([Touch::whole(Thing::Signals(own), Way::Write)]);
        gone(self.skip_for_handler(tid))?;
        Ok(true)
    }

    /// Skips the call. The rest is done at its exit, by [`come_again`].
    fn skip_for_handler(&mut self, tid: Pid) -> io::Result<()> {
        let entered = skip(tid)?;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.handled_first = Some(entered);
        }
        Ok(())
    }
}

/// At the exit of the skipped call: the thread comes to its entry again, after the handler.
pub(super) fn come_again(tid: Pid, entered: &Registers) -> io::Result<()> {
    send_back(tid, entered)?;
    ptrace::resume(tid, Resume::Run, 0)
}
