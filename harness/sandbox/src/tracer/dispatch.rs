//! One event in, one state change out.

use std::io;
use std::time::Duration;

use ipclab_kernel::ptrace::{self, Resume};
use ipclab_kernel::wait::{self, Waited};
use ipclab_kernel::{Pid, process};

use super::event::Event;
use super::state::{Notice, Tracer, gone};
use crate::chaos::Side;
use crate::fault;

impl Tracer {
    /// The next wait status, if there is one, or (`block`) as soon as there is one: first what a remote call came across.
    ///
    /// # Errors
    /// What the kernel refused.
    pub(crate) fn next_status(&mut self, block: bool) -> io::Result<Option<Waited>> {
        match self.deferred.pop_front() {
            Some(waited) => Ok(Some(waited)),
            None => wait::wait_any(block),
        }
    }

    /// Deals with one wait status.
    ///
    /// # Errors
    /// When the kernel refuses something that it should not: our trouble, not the tracee's.
    pub(crate) fn dispatch(&mut self, waited: Waited) -> io::Result<Option<Notice>> {
        self.event_count += 1;
        let tid = waited.pid;
        let event = Event::from_status(waited.status);
        self.chaos.forget(tid);
        self.yielding.forget(tid);
        self.schedule.forget(tid);
        self.overrunning.remove(&tid);
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.at_point = false;
            thread.masks = None;
            thread.stops += 1;
        }
        if !self.threads.contains_key(&tid) && !self.take_in_early(tid, event) {
            return Ok(None);
        }
        match event {
            Event::Dead => Ok(self.dead(waited)),
            Event::CallEntry => self.call_entered(tid),
            Event::CallExit => self.call_exited(tid),
            Event::NewTask { vfork } => {
                self.new_task(tid, vfork);
                self.go_on(tid, 0).map(|()| None)
            }
            Event::Exec => {
                let notice = self.executed(tid)?;
                self.go_on(tid, 0).map(|()| notice)
            }
            Event::Exiting => {
                self.note_disk_waits(tid);
                let notice = self.exiting(tid);
                gone(ptrace::resume(tid, Resume::Run, 0)).map(|()| notice)
            }
            Event::GroupStop => {
                self.group_stopped(tid);
                gone(ptrace::resume(tid, Resume::Listen, 0)).map(|()| None)
            }
            Event::Stopped => {
                if self.parked_children.remove(&tid) {
                    gone(fault::wait_for_ever(tid))?;
                }
                self.go_on(tid, 0).map(|()| None)
            }
            Event::Signal(libc::SIGSEGV) if self.handle_page_fault(tid)? => Ok(None),
            Event::Signal(libc::SIGTRAP) if self.begins(tid)? => self.go_on(tid, 0).map(|()| None),
            Event::Signal(libc::SIGTRAP) if self.is_followed(tid) => match self.follow(tid)? {
                true => self.go_on(tid, 0).map(|()| None),
                false => Ok(None),
            },
            Event::Signal(signal) => {
                // Its handler comes before the call for which all was opened.
                self.comes_again(tid);
                gone(self.protect_after_call(tid, -1))?;
                gone(self.keeps_frame(tid, signal))?;
                gone(self.time_and_signal(tid, signal))?;
                let notice = self.signalled(tid, signal);
                self.note_delivery(tid, signal);
                self.go_on(tid, signal).map(|()| notice)
            }
        }
    }

    /// Takes in a thread of which nothing is known yet; tells whether its event is to be dealt with.
    fn take_in_early(&mut self, tid: Pid, event: Event) -> bool {
        if event == Event::Dead {
            return false;
        }
        let Some(parent) = self.parent_of(tid) else {
            // Killed while it waited to be let go, or no process of this case: in neither case may it stay as it is.
            let _ = process::kill(tid, libc::SIGKILL);
            return false;
        };
        self.early_children.insert(tid);
        self.take_child(tid, parent);
        true
    }

    /// A thread stays stopped; SIGCONT or SIGKILL is still an event.
    fn group_stopped(&mut self, tid: Pid) {
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.stopped = true;
        }
        if self.schedule.is_turn_of(tid) {
            self.schedule.free();
        }
    }

    /// Lets the threads go on that have been held long enough.
    ///
    /// # Errors
    /// As [`Tracer::dispatch`].
    pub(crate) fn release_held(&mut self) -> io::Result<()> {
        for (tid, signal) in self.chaos.due() {
            self.event_count += 1;
            self.go_on(tid, signal)?;
        }
        Ok(())
    }

    /// How long it is until a thread that is held may go on; `None`: none is.
    pub(crate) fn until_release(&self) -> Option<Duration> {
        self.chaos.wait()
    }

    /// Lets a thread go on, or holds it for a while first.
    pub(super) fn go_on_or_hold(
        &mut self,
        tid: Pid,
        (actor, call): (usize, u64),
        side: Side,
        signal: i32,
    ) -> io::Result<()> {
        if self.chaos.hold((actor, call), side, tid, signal) {
            Ok(())
        } else {
            self.go_on(tid, signal)
        }
    }

    /// Lets a thread go on to where its next event is.
    pub(super) fn go_on(&mut self, tid: Pid, signal: i32) -> io::Result<()> {
        if self.has_to_wait(tid, signal) {
            return Ok(());
        }
        self.open_first_stack(tid)?;
        let Some(thread) = self.threads.get_mut(&tid) else {
            return Ok(());
        };
        thread.stopped = false;
        let looked_at = thread.observed.is_some() || thread.closes;
        let awaited = thread.call.is_some() || thread.opened.is_some() || looked_at;
        let how = if awaited {
            Resume::ToSyscallExit
        } else if !thread.followed.is_empty() {
            Resume::Step
        } else {
            Resume::Run
        };
        gone(ptrace::resume(tid, how, signal))
    }
}
