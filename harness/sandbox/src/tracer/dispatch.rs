//! One wait status in, one state change out.

use std::io;
use std::time::Duration;

use ipclab_kernel::{Pid, process, ptrace, ptrace::Resume, wait::Waited};

use super::state::{Notice, Tracer, gone};
use crate::chaos::Side;
use crate::tamper;

impl Tracer {
    /// One wait status.
    ///
    /// # Errors
    /// When the kernel refuses something that it should not: our trouble, not the tracee's.
    pub(crate) fn handle(&mut self, waited: Waited) -> io::Result<Option<Notice>> {
        self.events += 1;
        let Waited { pid, status, .. } = waited;
        self.chaos.forget(pid);
        self.turns.forget(pid);
        self.loose.remove(&pid);
        if !self.threads.contains_key(&pid) {
            if !libc::WIFSTOPPED(status) {
                return Ok(None);
            }
            let Some(parent) = self.parent_of(pid) else {
                // Killed while it waited to be let go, or nobody's: in neither case may it stay as it is.
                let _ = process::kill(pid, libc::SIGKILL);
                return Ok(None);
            };
            self.early.insert(pid);
            self.take_child(pid, parent);
        }
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            return Ok(self.dead(waited));
        }
        let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
        match event {
            libc::PTRACE_EVENT_SECCOMP => self.entered(pid),
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                self.forked(pid);
                if event == libc::PTRACE_EVENT_VFORK
                    && let Some(thread) = self.threads.get_mut(&pid)
                    && let Some(call) = &mut thread.call
                {
                    call.lent = true;
                }
                self.go_on(pid, 0).map(|()| None)
            }
            libc::PTRACE_EVENT_EXEC => {
                let notice = self.executed(pid)?;
                self.go_on(pid, 0).map(|()| notice)
            }
            libc::PTRACE_EVENT_EXIT => {
                let notice = self.exiting(pid);
                gone(ptrace::resume(pid, Resume::Run, 0)).map(|()| notice)
            }
            libc::PTRACE_EVENT_STOP if signal != libc::SIGTRAP => {
                // A group stop: it stays stopped, and SIGCONT or SIGKILL is still told.
                if let Some(thread) = self.threads.get_mut(&pid) {
                    thread.stopped = true;
                }
                if self.turns.is_turn_of(pid) {
                    self.turns.free();
                }
                gone(ptrace::resume(pid, Resume::Listen, 0)).map(|()| None)
            }
            0 if signal == libc::SIGTRAP | 0x80 => self.returned(pid),
            0 => {
                if signal == libc::SIGSEGV && self.touched(pid)? {
                    return Ok(None);
                }
                let notice = self.signalled(pid, signal);
                self.go_on(pid, signal).map(|()| notice)
            }
            _ => {
                if self.left.remove(&pid) {
                    gone(tamper::wait_for_ever(pid))?;
                }
                self.go_on(pid, 0).map(|()| None)
            }
        }
    }

    /// Lets those go on who have been held long enough.
    ///
    /// # Errors
    /// As [`Tracer::handle`].
    pub(crate) fn release_held(&mut self) -> io::Result<()> {
        for (tid, signal) in self.chaos.due() {
            self.events += 1;
            self.go_on(tid, signal)?;
        }
        Ok(())
    }

    /// How long it is until somebody who is held may go on; `None`: nobody is.
    pub(crate) fn until_release(&self) -> Option<Duration> {
        self.chaos.wait()
    }

    /// Lets a thread go on, or holds it for a while first.
    pub(super) fn go_on_some_time(
        &mut self,
        tid: Pid,
        actor: usize,
        call: u64,
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
        let Some(thread) = self.threads.get_mut(&tid) else {
            return Ok(());
        };
        thread.stopped = false;
        let how = if thread.call.is_some() || thread.opened {
            Resume::ToSyscallExit
        } else {
            Resume::Run
        };
        gone(ptrace::resume(tid, how, signal))
    }
}
