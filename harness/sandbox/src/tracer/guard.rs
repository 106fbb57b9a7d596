//! Guard: keeps the pages of attached segments protected, so that every access to them faults and is seen.
//!
//! As soon as a segment is attached, its pages are protected by `mprotect(2)`, a remote call by the `syscall` instruction
//! that attached it. Children inherit that. After each call that maps, moves or opens memory, the kernel's own list of what is
//! mapped says which windows there are on segments, so that none is overlooked. The kernel's own accesses, on behalf of a
//! call whose arguments point there, would fail: such a call gets the pages opened until it is done, and what it reaches
//! there is noted. Ways to memory past the page tables are closed: see `observed`.
//!
//! Where turns are steered, memory that `mmap(2)` shares is guarded in the same way, if no file on a disk is behind it: anonymous
//! memory, POSIX shared memory (`shm_open(3)`), `memfd_create(2)`; so is what threads share (`thread_memory`). Not seen: files
//! mapped for sharing.

use std::io;

use ipclab_evidence::LimitKind;
use ipclab_kernel::Pid;
use ipclab_kernel::arch::Call;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::procfs::{self, SharedMapping};
use ipclab_kernel::ptrace::{self, Resume};

use super::observed::remaps;
use super::pointers::may_nest;
use super::segments::{Attachment, PROTECTED};
use super::skipped::{send_back, skip};
use super::state::{Tracer, gone};

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
            let Some(shmid) = self.take_in_memory(&window) else {
                if window.writable && self.schedule.is_steered() {
                    let what = "memory that is shared through a mapped file is not watched";
                    self.schedule.unwatched(what);
                }
                continue;
            };
            let is_open = window.readable || window.writable;
            // What is closed was closed by us, before it was moved or split; how it may be accessed was noted then.
            let same = || known.iter().filter(|other| other.shmid == shmid);
            let end = window.start + window.length;
            let here = same().find(|other| other.start < end && window.start < other.end());
            let writable = match (is_open, here) {
                (true, _) => window.writable,
                (false, Some(here)) => here.writable,
                (false, None) => same().any(|other| other.writable),
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
        let of_threads = self.thread_windows(tid, &known, syscall_instruction);
        all.extend(of_threads.all);
        open.extend(of_threads.open);
        if let Some(process) = self.processes.get_mut(&process) {
            process.guarded = all;
        }
        for window in of_threads.left_alone {
            self.with_remote_call(tid, |remote| remote.mprotect(&window, window.full_access()))?;
        }
        for attachment in open {
            self.with_remote_call(tid, |remote| remote.mprotect(&attachment, PROTECTED))?;
        }
        Ok(())
    }

    /// The number of the memory that a window is on: of a segment its identifier, of other memory one below 0.
    fn memory_of(&self, window: &SharedMapping) -> Option<i32> {
        let mut known = self.mapped_memory.iter();
        let is_same =
            |(inode, path): &(u64, Vec<u8>)| (*inode, path) == (window.inode, &window.path);
        let other = || Some(-1 - known.position(is_same)? as i32);
        window.segment().or_else(other)
    }

    /// The same, for memory that is seen for the first time, too. `None`: it is not guarded.
    fn take_in_memory(&mut self, window: &SharedMapping) -> Option<i32> {
        let is_guarded =
            window.segment().is_some() || (self.schedule.is_steered() && in_memory(&window.path));
        if is_guarded && self.memory_of(window).is_none() {
            self.mapped_memory.push((window.inode, window.path.clone()));
        }
        self.memory_of(window).filter(|_| is_guarded)
    }

    /// The protection of a window could not be changed. What is still there of it cannot be guarded.
    pub(super) fn lost(&mut self, tid: Pid, process: Pid, attachment: &Attachment) {
        let overlaps = |other: &SharedMapping| {
            self.memory_of(other) == Some(attachment.shmid)
                && other.start < attachment.start + attachment.length
                && attachment.start < other.start + other.length
        };
        let mapped = procfs::shared_mappings(tid).unwrap_or_default();
        let is_there = mapped.iter().any(overlaps);
        let Some(process) = self.processes.get_mut(&process) else {
            return;
        };
        process
            .guarded
            .retain(|other| other.start != attachment.start);
        let actor = process.actor;
        if is_there {
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

    /// Whether a process has something closed that its threads alone share.
    pub(super) fn closes_private(&self, tid: Pid) -> bool {
        self.guarded(tid).iter().any(Attachment::is_private)
    }

    /// Whether it has something closed that processes share.
    pub(super) fn has_attached(&self, tid: Pid) -> bool {
        self.guarded(tid).iter().any(|window| !window.is_private())
    }

    /// The guarded segment that an address is in.
    pub(super) fn attachment(&self, tid: Pid, address: u64) -> Option<Attachment> {
        let guarded = self.guarded(tid).iter();
        guarded
            .copied()
            .find(|attachment| attachment.contains(address))
    }

    /// Whether the kernel may have to reach into guarded memory on behalf of a call.
    pub(super) fn points_inside(&self, tid: Pid, number: u64, args: &[u64; 6]) -> bool {
        let guarded = self.guarded(tid);
        if guarded.is_empty() || remaps(number) {
            return false;
        }
        let within = |arg: &u64| guarded.iter().any(|attachment| attachment.contains(*arg));
        may_nest(number) || self.leaves_robust(tid, number) || args.iter().any(within)
    }

    /// At the entry of such a call: skips it. The rest is done when the thread comes to its exit, by
    /// [`Tracer::open_and_repeat`].
    pub(super) fn skip_until_open(&mut self, tid: Pid) -> io::Result<()> {
        let entered = skip(tid)?;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.skipped_call = Some(entered);
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
        if self.leaves_robust(tid, entered.call_number()) {
            self.give_up(tid, "a thread ended that held a robust mutex")?;
        }
        self.reaches(tid, entered);
        // One that is made again touches once more what it is about.
        let number = entered.call_number();
        if self.schedule.is_steered()
            && let Some(touches) = self.touched_by_call(tid, number, &entered.arguments())
        {
            self.schedule.touches(touches);
        }
        send_back(tid, entered)?;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.opened = Some(Call {
                number,
                arguments: entered.arguments(),
            });
            thread.shut = false;
            if let Some(process) = self.processes.get_mut(&thread.process) {
                process.open = true;
            }
        }
        gone(ptrace::resume(tid, Resume::Run, 0))
    }

    /// At the exit of the call itself: protects it all again.
    pub(super) fn protect_after_call(&mut self, tid: Pid, result: i64) -> io::Result<()> {
        let thread = self.threads.get_mut(&tid);
        if thread.and_then(|thread| thread.opened.take()).is_none() {
            return Ok(());
        }
        self.has_reached(tid, result);
        // What is open to another thread of the process is closed when the next one runs.
        let process = self.threads.get(&tid).map(|thread| thread.process);
        let is_needed = self.threads.iter().any(|(other, thread)| {
            *other != tid
                && Some(thread.process) == process
                && thread.opened.is_some()
                && !thread.shut
        });
        match is_needed {
            true => Ok(()),
            false => self.protect_all(tid),
        }
    }

    pub(super) fn protect_all(&mut self, tid: Pid) -> io::Result<()> {
        for attachment in self.guarded(tid).to_vec() {
            self.with_remote_call(tid, |remote| remote.mprotect(&attachment, PROTECTED))?;
        }
        if let Some(process) = self.process_of_mut(tid) {
            process.open = false;
        }
        Ok(())
    }
}

/// Whether what is mapped under this path is memory and no file on a disk.
fn in_memory(path: &[u8]) -> bool {
    const KINDS: [&[u8]; 3] = [b"/dev/zero", b"/dev/shm/", b"/memfd:"];
    KINDS.iter().any(|kind| path.starts_with(kind))
}
