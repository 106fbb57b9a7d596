//! Masks that calls bring for as long as they wait: `sigsuspend(2)`, `ppoll(2)`, `pselect(2)`, `epoll_pwait(2)`.
//!
//! One that a signal interrupts leaves its mask in force until the handler begins, and only then the thread's own one is back. The
//! kernel keeps that in a flag, which a tracer cannot see, and which `PTRACE_SETSIGMASK` clears. So a remote call at the exit
//! would block the signal again, and the call would be made again, for ever. What brings the flag back is such a call: a
//! `ppoll(2)` of nothing, which a pending signal interrupts, and which does not wait where there is none.

use std::io;

use ipclab_evidence::LimitKind;
use ipclab_kernel::arch::layout::RED_ZONE;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::ptrace::{self, Resume, Stop};
use ipclab_kernel::{Pid, memory, procfs};

use super::event::Event;
use super::in_progress::Masks;
use super::remote::Remote;
use super::state::Tracer;

/// No time, then a mask, as `ppoll(2)` reads them.
const NO_TIME_BYTES: usize = 16;
const BYTES: usize = NO_TIME_BYTES + size_of::<u64>();

impl Tracer {
    /// The exit of a call: notes the masks of its thread, if its own one is to come back with a handler.
    pub(super) fn note_masks(&mut self, tid: Pid, result: i64) {
        let interrupted = i64::from(-libc::EINTR);
        let may_be = result == interrupted || (-516..=-512).contains(&result);
        if !may_be || !self.is_guarded(tid) {
            return;
        }
        let of_call = procfs::signal_masks(tid).map(|masks| masks.blocked);
        let own = ptrace::blocked_signals(tid).ok();
        if let (Some(of_call), Some(own)) = (of_call, own)
            && of_call != own
            && let Some(thread) = self.threads.get_mut(&tid)
        {
            thread.masks = Some(Masks { of_call, own });
        }
    }

    /// At that exit, after a remote call: puts the call's mask in force again, and has the thread's own come back.
    pub(super) fn bring_masks_back(&mut self, tid: Pid) -> io::Result<()> {
        match self.threads.get(&tid).and_then(|thread| thread.masks) {
            Some(masks) => self.bring_back(tid, masks),
            None => Ok(()),
        }
    }

    fn bring_back(&mut self, tid: Pid, masks: Masks) -> io::Result<()> {
        let stack = Registers::read(tid)?.stack_pointer();
        let place = (stack.saturating_sub(RED_ZONE + BYTES as u64)) & !15;
        let last = place + BYTES as u64 - 1;
        let inside = self
            .attachment(tid, place)
            .or_else(|| self.attachment(tid, last));
        match inside {
            None => {}
            Some(window) if window.is_private() => {
                self.give_up(tid, "a thread waits for signals on a stack of its own")?;
            }
            Some(_) => {
                if let Some(actor) = self.actor_of(tid) {
                    self.forbid(actor, LimitKind::UnseenMemory);
                }
                return Ok(());
            }
        }
        let mut remote = Remote::new(self, tid);
        let done = remote.wait_for_nothing(place, masks);
        remote.end();
        done.map(drop)
    }
}

impl Remote<'_> {
    /// Makes the thread wait for nothing, with a call's mask; `false`: it is on its way out.
    fn wait_for_nothing(&mut self, place: u64, masks: Masks) -> io::Result<bool> {
        let before = Registers::read(self.tid)?;
        let mut stood_there = [0; BYTES];
        let mut bytes = [0; BYTES];
        bytes[NO_TIME_BYTES..].copy_from_slice(&masks.of_call.to_ne_bytes());
        if memory::read_memory(self.tid, place, &mut stood_there) != BYTES {
            return Ok(true);
        }
        memory::write_memory(self.tid, place, &bytes)?;
        // No signal may come before the call has begun.
        ptrace::set_blocked_signals(self.tid, ptrace::asynchronous_signals())?;
        // Where the kernel makes a call again, it takes the first argument from when that was entered.
        let first = before.reentry().unwrap_or(before).arguments()[0];
        let mask = place + NO_TIME_BYTES as u64;
        let arguments = [first, 0, place, mask, size_of::<u64>() as u64];
        before
            .at_call(
                before.syscall_instruction(),
                libc::SYS_ppoll as u64,
                &arguments,
            )
            .write(self.tid)?;
        let is_entry = |tid: Pid, event: &Event| {
            let at_call = matches!(event, Event::CallEntry | Event::CallExit);
            Ok(at_call && matches!(ptrace::syscall_stop(tid)?, Stop::Entry { .. }))
        };
        if !self.go_to(Resume::ToSyscallExit, is_entry)? {
            return Ok(false);
        }
        // This one the call remembers as the thread's own.
        ptrace::set_blocked_signals(self.tid, masks.own)?;
        if !self.come_to_exit()? {
            return Ok(false);
        }
        memory::write_memory(self.tid, place, &stood_there)?;
        before.write(self.tid)?;
        Ok(true)
    }
}
