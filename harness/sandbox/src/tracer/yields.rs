//! Which calls a thread yields after, and when it goes on: [`crate::yielding`].

use std::io;

use ipclab_evidence::Object;
use ipclab_kernel::Pid;

use super::state::{InCall, Tracer};
use crate::calls::Role;

impl Tracer {
    /// Whether a call that is done may have woken others.
    pub(super) fn may_wake_others(&self, call: &InCall, result: i64) -> bool {
        let heard = matches!(call.object, Some(Object::Socket(_) | Object::Queue(_)));
        self.yielding.is_on()
            && heard
            && match call.spec.role {
                Role::Send => result > 0,
                Role::Connect => result == 0 || result == -i64::from(libc::EINPROGRESS),
                _ => matches!(call.spec.name, "close" | "shutdown" | "msgsnd") && result == 0,
            }
    }

    /// Holds a thread. Tells whether it did.
    pub(super) fn yield_to_others(&mut self, actor: usize, tid: Pid, signal: i32) -> bool {
        let cpu_us = self.cpu_us_of_all();
        self.yielding.hold(actor, tid, signal, cpu_us)
    }

    fn cpu_us_of_all(&self) -> u64 {
        (0..self.actors.len()).map(|actor| self.cpu_us(actor)).sum()
    }

    /// Where others do not come to rest, none yields in this case any more: one that spins would make the rest wait each time.
    ///
    /// # Errors
    /// What the kernel refused.
    pub(crate) fn give_up_yielding(&mut self) -> io::Result<()> {
        match self.yielding.is_futile(|| self.cpu_us_of_all()) {
            true => self.end_yielding(),
            false => Ok(()),
        }
    }

    /// Whether a thread waits for the others to have done what they do.
    pub(crate) fn has_yielded(&self, tid: Pid) -> bool {
        self.yielding.holds(tid)
    }

    /// Whether one has waited for longer than others of which the kernel will wake one may take.
    pub(crate) fn yields_for_too_long(&self) -> bool {
        self.yielding.is_overdue()
    }

    /// Lets the first thread go on that has yielded. Tells whether there was one.
    ///
    /// # Errors
    /// What the kernel refused.
    pub(crate) fn end_first_yield(&mut self) -> io::Result<bool> {
        let Some((tid, signal)) = self.yielding.next() else {
            return Ok(false);
        };
        self.event_count += 1;
        self.go_on(tid, signal).map(|()| true)
    }

    /// Lets all of them go on, and none wait any more.
    ///
    /// # Errors
    /// What the kernel refused.
    pub(crate) fn end_yielding(&mut self) -> io::Result<()> {
        self.yielding.end();
        while self.end_first_yield()? {}
        Ok(())
    }
}
