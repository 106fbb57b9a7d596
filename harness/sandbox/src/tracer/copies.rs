//! Copies of a tracee's descriptors: its sockets are asked, and calls are made on them in its stead.
//!
//! `pidfd_getfd(2)` copies them. The filter that Docker puts on a container refuses that call without `CAP_SYS_PTRACE`; there a
//! stopped thread is made to send the descriptor itself, over a socket that it has for so long. Nothing of that stays: the
//! socket is closed, what stood below its stack is put back, and a call that it had entered it enters again.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use ipclab_kernel::arch::layout::RED_ZONE;
use ipclab_kernel::arch::registers::{Registers, SYSCALL};
use ipclab_kernel::lent::{self, LentMessage};
use ipclab_kernel::ptrace::{self, Stop};
use ipclab_kernel::{Pid, memory, process};

use super::remote::{Remote, Step};
use super::skipped::send_back;
use super::state::Tracer;

impl Tracer {
    /// A copy of a descriptor of a stopped thread; `None`: there is no such descriptor, or the thread cannot give it now.
    pub(super) fn copy_of(&mut self, tid: Pid, fd: i32) -> Option<OwnedFd> {
        // The first thread of a process has its number, also where it is gone.
        let process = self.threads.get(&tid).map_or(tid, |thread| thread.process);
        if self.lending.is_some() {
            return self.lend(tid, process, fd);
        }
        Self::handle_of(&mut self.processes, process);
        let handle = self.processes.get(&process)?.handle.as_ref();
        let copied = handle.and_then(|handle| process::copy_descriptor(handle.as_fd(), fd).ok());
        // The first thread of a process may be gone before the others.
        copied.or_else(|| {
            let thread = process::pidfd_open_thread(tid).ok()?;
            process::copy_descriptor(thread.as_fd(), fd).ok()
        })
    }

    fn lend(&mut self, tid: Pid, process: Pid, fd: i32) -> Option<OwnedFd> {
        let entered = matches!(ptrace::syscall_stop(tid), Ok(Stop::Entry { .. }));
        let address = self.lending.as_ref()?.address.clone();
        let sent = self.with_remote_call(tid, |remote| remote.send_away(fd, &address, entered));
        match sent {
            Ok(Some(true)) => {
                let lending = self.lending.as_ref()?;
                lent::arrived(lending.arrivals.as_fd(), process)
            }
            Ok(Some(false) | None) | Err(_) => None,
        }
    }
}

impl Remote<'_> {
    /// Makes the thread send a descriptor to an address. `entered`: it stands at the entry of a call, to which it comes back.
    fn send_away(&mut self, fd: i32, address: &[u8], entered: bool) -> io::Result<bool> {
        let before = Registers::read(self.tid)?;
        let instruction = before.syscall_instruction();
        let mut bytes = [0; SYSCALL.len()];
        memory::read_memory(self.tid, instruction, &mut bytes);
        if bytes != SYSCALL {
            return Ok(false);
        }
        let message = LentMessage::new(address, fd);
        let place = message.place_below(before.stack_pointer().saturating_sub(RED_ZONE));
        let mut stood_there = vec![0; message.length()];
        if memory::read_memory(self.tid, place, &mut stood_there) != stood_there.len()
            || memory::write_memory(self.tid, place, &message.laid_out_at(place)).is_err()
        {
            return Ok(false);
        }
        if entered {
            let mut nothing = before;
            nothing.skip_call();
            nothing.write(self.tid)?;
            if self.step()? != Step::Done {
                return Ok(false);
            }
        }
        let mut sent = false;
        let kind = (libc::SOCK_DGRAM | libc::SOCK_CLOEXEC) as u64;
        let opened = self.call(&before, libc::SYS_socket, &[libc::AF_UNIX as u64, kind, 0])?;
        if let Some(own @ 0..) = opened {
            let own = own as u64;
            let flags = libc::MSG_DONTWAIT as u64;
            sent = self.call(&before, libc::SYS_sendmsg, &[own, place, flags])? == Some(1);
            self.call(&before, libc::SYS_close, &[own])?;
        }
        memory::write_memory(self.tid, place, &stood_there)?;
        if !entered {
            return Ok(sent & self.put_back(&before)?);
        }
        send_back(self.tid, &before)?;
        Ok(sent & self.step_to_entry()?)
    }

    /// Makes a call where the thread has made its last one. `None`: the thread is on its way out.
    fn call(
        &mut self,
        before: &Registers,
        number: i64,
        arguments: &[u64],
    ) -> io::Result<Option<i64>> {
        before
            .at_call(before.syscall_instruction(), number as u64, arguments)
            .write(self.tid)?;
        match self.step()? {
            Step::Done => Ok(Some(Registers::read(self.tid)?.result())),
            Step::Gone => Ok(None),
            Step::Fault(_) | Step::Signal(_) => {
                // Another thread has changed the instruction: a program that does this to itself is not graded.
                process::kill(self.tid, libc::SIGKILL)?;
                Ok(None)
            }
        }
    }
}
