//! Guard: keeps the pages of attached segments protected, so that every access to them faults and is seen.
//!
//! As soon as a segment is attached, its pages are protected by `mprotect(2)`, a remote call by the `syscall` instruction
//! that attached it. Children inherit that. After each call that maps, moves or opens memory, the kernel's own list of what is
//! mapped says which windows there are on segments, so that none is overlooked. The kernel's own accesses, on behalf of a
//! call whose arguments point there, would fail: such a call gets the pages opened until it is done, and what it reaches
//! there is noted. Ways to memory past the page tables are closed: see `observed`.
//!
//! Not seen: memory that is shared in other ways, `mmap(2)` and threads.

use std::io;

use ipclab_evidence::LimitKind;
use ipclab_kernel::Pid;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::procfs::{self, SharedMapping};
use ipclab_kernel::ptrace::{self, Resume};

use super::observed::remaps;
use super::segments::{Attachment, PROTECTED};
use super::state::{Tracer, gone};
use crate::calls::{ArgKind, Role, Spec};

impl Tracer {
    /// Guards every window that a process, stopped at the exit of a call, has on a segment: those that it has made in whatever
    /// way, and with whatever access.
    pub(super) fn guard_all(&mut self, tid: Pid) -> io::Result<()> {
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return Ok(());
        };
        let Some(mapped) = procfs::shared_mappings(tid) else {
            return Ok(());
        };
        let syscall_instruction = Registers::read(tid)?.syscall_instruction();
        let known = self.guarded(tid).to_vec();
        let mut open = Vec::new();
        let mut all = Vec::new();
        for window in mapped {
            let Some(shmid) = window.segment() else {
                continue;
            };
            let is_open = window.readable || window.writable;
            // What is closed was closed by us, before it was moved or split; how it may be accessed was noted then.
            let writable = match is_open {
                true => window.writable,
                false => known
                    .iter()
                    .any(|other| other.shmid == shmid && other.writable),
            };
            let attachment = Attachment {
                start: window.start,
                length: window.length,
                offset: window.offset,
                shmid,
                writable,
                syscall_instruction,
            };
            all.push(attachment);
            if is_open {
                open.push(attachment);
            }
        }
        if let Some(process) = self.processes.get_mut(&process) {
            process.guarded = all;
        }
        for attachment in open {
            self.with_remote_call(tid, |remote| remote.mprotect(&attachment, PROTECTED))?;
        }
        Ok(())
    }

    /// The protection of a window could not be changed. What is still there of it cannot be guarded.
    pub(super) fn lost(&mut self, tid: Pid, process: Pid, attachment: &Attachment) {
        let overlaps = |other: &SharedMapping| {
            other.segment() == Some(attachment.shmid)
                && other.start < attachment.start + attachment.length
                && attachment.start < other.start + other.length
        };
        let mapped = procfs::shared_mappings(tid).unwrap_or_default();
        let Some(process) = self.processes.get_mut(&process) else {
            return;
        };
        process
            .guarded
            .retain(|other| other.start != attachment.start);
        let actor = process.actor;
        if mapped.iter().any(overlaps) {
            self.forbid(actor, LimitKind::UnseenMemory);
        }
    }

    pub(super) fn is_guarded(&self, tid: Pid) -> bool {
        !self.guarded(tid).is_empty()
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
    pub(super) fn points_inside(
        &self,
        tid: Pid,
        number: u64,
        spec: Option<&Spec>,
        args: &[u64; 6],
    ) -> bool {
        let guarded = self.guarded(tid);
        if guarded.is_empty() || remaps(number) {
            return false;
        }
        let role = spec.map(|spec| spec.role);
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
        skipped.skip_call();
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
        self.reaches(tid, entered);
        let mut again = *entered;
        again.repeat_call(entered.call_number(), entered.arguments()[0]);
        again.set_no_call();
        again.write(tid)?;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.opened = true;
        }
        gone(ptrace::resume(tid, Resume::Run, 0))
    }

    /// At the exit of the call itself: protects it all again.
    pub(super) fn protect_after_call(&mut self, tid: Pid, result: i64) -> io::Result<()> {
        let Some(thread) = self.threads.get_mut(&tid).filter(|thread| thread.opened) else {
            return Ok(());
        };
        thread.opened = false;
        self.has_reached(tid, result);
        self.protect_all(tid)
    }

    pub(super) fn protect_all(&mut self, tid: Pid) -> io::Result<()> {
        for attachment in self.guarded(tid).to_vec() {
            self.with_remote_call(tid, |remote| remote.mprotect(&attachment, PROTECTED))?;
        }
        Ok(())
    }
}
