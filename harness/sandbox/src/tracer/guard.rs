//! Guard: keeps the pages of attached segments protected, so that every access to them faults and is seen.
//!
//! As soon as a segment is attached, its pages are protected by `mprotect(2)`, a remote call by the `syscall` instruction
//! that attached it. Children inherit that. The kernel's own accesses, on behalf of a call whose arguments point there,
//! would fail: such a call gets the pages opened until it is done.
//!
//! Not seen: memory that is shared in other ways, `mmap(2)` and threads.

use std::io;

use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::ptrace::{self, Resume};
use ipclab_kernel::{Pid, procfs};

use super::segments::{Attachment, PROTECTED};
use super::state::{Tracer, gone};
use crate::calls::{ArgKind, Role, Spec};

impl Tracer {
    /// A process, stopped at the exit of `shmat`, has attached a segment: its pages are protected.
    pub(super) fn attached(&mut self, tid: Pid, shmid: i32, start: u64) -> io::Result<()> {
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return Ok(());
        };
        let Some((length, writable)) = procfs::mapping(tid, start) else {
            return Ok(());
        };
        let attachment = Attachment {
            start,
            length,
            shmid,
            writable,
            syscall_instruction: Registers::read(tid)?.syscall_instruction(),
        };
        if let Some(process) = self.processes.get_mut(&process) {
            process.guarded.retain(|other| other.start != start);
            process.guarded.push(attachment);
        }
        self.with_remote_call(tid, |remote| remote.mprotect(&attachment, PROTECTED))
            .map(drop)
    }

    /// A process has detached what it had attached there.
    pub(super) fn detached(&mut self, process: Pid, start: u64) {
        if let Some(process) = self.processes.get_mut(&process) {
            process.guarded.retain(|other| other.start != start);
        }
    }

    fn guarded(&self, tid: Pid) -> &[Attachment] {
        self.threads
            .get(&tid)
            .and_then(|thread| self.processes.get(&thread.process))
            .map_or(&[], |process| process.guarded.as_slice())
    }

    /// The guarded segment that an address is in.
    pub(super) fn attachment(&self, tid: Pid, address: u64) -> Option<Attachment> {
        let guarded = self.guarded(tid).iter();
        guarded
            .copied()
            .find(|attachment| attachment.contains(address))
    }

    /// Whether the kernel may have to reach into a guarded segment on behalf of a call.
    pub(super) fn points_inside(&self, tid: Pid, spec: Option<&Spec>, args: &[u64; 6]) -> bool {
        let guarded = self.guarded(tid);
        if guarded.is_empty() {
            return false;
        }
        let role = spec.map(|spec| spec.role);
        if matches!(role, Some(Role::ShmAttach | Role::ShmDetach)) {
            return false;
        }
        let indirect =
            |kind: &ArgKind| matches!(kind, ArgKind::Iovec | ArgKind::Message | ArgKind::Messages);
        let within = |arg: &u64| guarded.iter().any(|attachment| attachment.contains(*arg));
        role == Some(Role::Exec)
            || spec.is_some_and(|spec| spec.args.iter().any(indirect))
            || args.iter().any(within)
    }

    /// At the entry of such a call: skips it, since only at its exit the thread can be made to do other things. The rest
    /// is done when it comes there, by [`Tracer::open_and_repeat`].
    pub(super) fn skip_until_open(&mut self, tid: Pid) -> io::Result<()> {
        let entered = Registers::read(tid)?;
        let mut skipped = entered;
        skipped.set_no_call();
        skipped.write(tid)?;
        ptrace::resume(tid, Resume::ToSyscallExit, 0)?;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.skipped_call = Some(Box::new(entered));
        }
        Ok(())
    }

    /// At the exit of the skipped call: opens what the process has attached, and lets it come to the entry again.
    pub(super) fn open_and_repeat(&mut self, tid: Pid, entered: &Registers) -> io::Result<()> {
        for attachment in self.guarded(tid).to_vec() {
            self.with_remote_call(tid, |remote| {
                remote.mprotect(&attachment, attachment.full_access())
            })?;
        }
        let mut again = *entered;
        again.repeat_call(entered.call_number());
        again.set_no_call();
        again.write(tid)?;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.opened = true;
        }
        gone(ptrace::resume(tid, Resume::Run, 0))
    }

    /// At the exit of the call itself: protects it all again.
    pub(super) fn protect_after_call(&mut self, tid: Pid) -> io::Result<()> {
        let Some(thread) = self.threads.get_mut(&tid).filter(|thread| thread.opened) else {
            return Ok(());
        };
        thread.opened = false;
        for attachment in self.guarded(tid).to_vec() {
            self.with_remote_call(tid, |remote| remote.mprotect(&attachment, PROTECTED))?;
        }
        Ok(())
    }
}
