//! Calls made in a tracee: what a stopped thread is made to do on our behalf, one instruction at a time.
//!
//! A remote call is the one place beside the loop that waits, in [`Remote::step`] and [`Remote::go_to`] alone. Its contract:
//!
//! - it waits for exactly one thread, which is stopped and is let go on by a single instruction;
//! - it is bounded: every signal that is not caused by an instruction is blocked meanwhile, the instruction is one of the
//!   program's own, an `mprotect`, which the filter lets pass, or a call of `copies` that never waits, and the kernel ends each by
//!   itself;
//! - what it does not understand it does not act on: the status goes to the one loop ([`Tracer::next_status`]), first in, first out, and
//!   the caller hears that the thread is gone.

use std::io;

use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::ptrace::{self, Resume, Stop};
use ipclab_kernel::{Pid, memory, process, wait};

use super::event::Event;
use super::segments::Attachment;
use super::state::Tracer;

/// Why a single step ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The instruction is done.
    Done,
    /// It may not access this address.
    Fault(u64),
    /// It caused this signal.
    Signal(i32),
    /// The thread is on its way out, or gone.
    Gone,
}

/// A stopped thread that can be made to do things.
pub(super) struct Remote<'a> {
    pub(super) tracer: &'a mut Tracer,
    pub(super) tid: Pid,
    /// It was sent a `SIGSTOP`, which cannot be blocked: it gets another one when we are done.
    stop_again: bool,
}

impl Tracer {
    /// Makes a stopped thread do something, with every signal blocked that could come in between. `None`: it is gone.
    pub(super) fn with_remote_call<T>(
        &mut self,
        tid: Pid,
        what: impl FnOnce(&mut Remote<'_>) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let mut remote = Remote::new(self, tid);
        let done = remote.with_signals_blocked(what);
        remote.end();
        let done = done.and_then(|done| self.bring_masks_back(tid).map(|()| done));
        match done {
            Ok(done) => Ok(Some(done)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<'a> Remote<'a> {
    pub(super) fn new(tracer: &'a mut Tracer, tid: Pid) -> Self {
        Remote {
            tracer,
            tid,
            stop_again: false,
        }
    }
}

impl Remote<'_> {
    /// What stopped the thread meanwhile stops it again.
    pub(super) fn end(self) {
        if self.stop_again {
            let _ = process::kill(self.tid, libc::SIGSTOP);
        }
    }

    fn with_signals_blocked<T>(
        &mut self,
        what: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<T> {
        let blocked = ptrace::blocked_signals(self.tid)?;
        ptrace::set_blocked_signals(self.tid, blocked | ptrace::asynchronous_signals())?;
        let done = what(self)?;
        // One that is gone by now needs no signals.
        let _ = ptrace::set_blocked_signals(self.tid, blocked);
        Ok(done)
    }

    /// Changes the protection of a segment's pages. `false`: the thread is on its way out.
    pub(super) fn mprotect(
        &mut self,
        attachment: &Attachment,
        protection: u64,
    ) -> io::Result<bool> {
        let before = Registers::read(self.tid)?;
        let arguments = [
            attachment.start,
            attachment.length,
            protection,
            // By this argument, which the call does not have, it passes the filter.
            self.tracer.filter_pass.into(),
        ];
        before
            .at_call(
                attachment.syscall_instruction,
                libc::SYS_mprotect as u64,
                &arguments,
            )
            .write(self.tid)?;
        match self.step()? {
            Step::Done => {}
            Step::Gone => return Ok(false),
            Step::Fault(_) | Step::Signal(_) => {
                // Where the instruction was there is something else now: a program that does this to itself is not graded.
                process::kill(self.tid, libc::SIGKILL)?;
                return Ok(false);
            }
        }
        let result = Registers::read(self.tid)?.result();
        if !self.put_back(&before)? {
            return Ok(false);
        }
        if result != 0
            && let Some(process) = self
                .tracer
                .threads
                .get(&self.tid)
                .map(|thread| thread.process)
        {
            // It is no longer there, as a whole: nothing of it may stay open unseen.
            self.tracer.lost(self.tid, process, attachment);
        }
        Ok(true)
    }

    /// Puts the registers back with which the thread was stopped. Where that was the exit of a call which the kernel is to
    /// make again, the thread comes to such an exit once more, if this processor needs it. `false`: it is on its way out.
    pub(super) fn put_back(&mut self, before: &Registers) -> io::Result<bool> {
        if let Some(entry) = before.reentry() {
            entry.write(self.tid)?;
            if !self.come_to_exit()? {
                return Ok(false);
            }
        }
        before.write(self.tid)?;
        Ok(true)
    }

    /// Makes the call that the thread is about to enter, to its exit. `false`: the thread is on its way out.
    pub(super) fn come_to_exit(&mut self) -> io::Result<bool> {
        self.go_to(Resume::ToSyscallExit, |tid, event| {
            let at_call = matches!(event, Event::CallExit);
            Ok(at_call && matches!(ptrace::syscall_stop(tid)?, Stop::Exit(_)))
        })
    }

    /// Lets the thread go on, again and again, until it is there. `false`: it is on its way out.
    pub(super) fn go_to(
        &mut self,
        how: Resume,
        is_there: impl Fn(Pid, &Event) -> io::Result<bool>,
    ) -> io::Result<bool> {
        loop {
            ptrace::resume(self.tid, how, 0)?;
            let waited = wait::wait_one(self.tid)?;
            let event = Event::from_status(waited.status);
            if is_there(self.tid, &event)? {
                return Ok(true);
            }
            match event {
                Event::Dead | Event::Exiting => {
                    self.tracer.deferred.push_back(waited);
                    return Ok(false);
                }
                Event::Signal(libc::SIGSTOP) => self.stop_again = true,
                Event::Signal(_) => {
                    // There is another instruction now: a program that does this to itself is not graded.
                    process::kill(self.tid, libc::SIGKILL)?;
                    return Ok(false);
                }
                Event::CallEntry
                | Event::CallExit
                | Event::NewTask { .. }
                | Event::Exec
                | Event::GroupStop
                | Event::Stopped => {}
            }
        }
    }

    /// Writes into the thread's memory.
    pub(super) fn write_memory(&mut self, address: u64, bytes: &[u8]) -> io::Result<()> {
        memory::write_memory(self.tid, address, bytes)
    }

    /// Address of the thread's next instruction.
    pub(super) fn instruction_pointer(&self) -> io::Result<u64> {
        Ok(Registers::read(self.tid)?.instruction_pointer())
    }

    /// Executes the instruction that enters the kernel, to the entry of its call. `false`: the thread is on its way out.
    pub(super) fn step_to_entry(&mut self) -> io::Result<bool> {
        self.go_to(Resume::Step, |_, event| {
            Ok(matches!(event, Event::CallEntry))
        })
    }

    /// Executes one instruction: see the contract above.
    pub(super) fn step(&mut self) -> io::Result<Step> {
        loop {
            ptrace::resume(self.tid, Resume::Step, 0)?;
            let waited = wait::wait_one(self.tid)?;
            match Event::from_status(waited.status) {
                Event::Dead | Event::Exiting => {
                    self.tracer.deferred.push_back(waited);
                    return Ok(Step::Gone);
                }
                Event::Signal(libc::SIGTRAP) => return Ok(Step::Done),
                Event::Signal(libc::SIGSEGV) => {
                    return Ok(match ptrace::protection_fault(self.tid)? {
                        Some(address) => Step::Fault(address),
                        None => Step::Signal(libc::SIGSEGV),
                    });
                }
                Event::Signal(libc::SIGSTOP) => self.stop_again = true,
                Event::Signal(signal) => return Ok(Step::Signal(signal)),
                // Our own call on its way into the kernel, or a group stop, which comes again.
                Event::CallEntry
                | Event::CallExit
                | Event::NewTask { .. }
                | Event::Exec
                | Event::GroupStop
                | Event::Stopped => {}
            }
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ECHILD))
}
