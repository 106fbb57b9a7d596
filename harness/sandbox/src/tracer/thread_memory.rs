//! Memory that threads of one process share, guarded as attached segments are where turns are steered.
//!
//! From the call on that makes the second thread, what the threads of a process can share is closed: data of its program, its
//! heap, and what else it has mapped for itself. Left alone is what only libraries use: their own data, and each thread's control
//! block and stack. The first thread's stack is closed while that thread waits in `futex(2)`, as it does in `pthread_join(3)`.
//!
//! Code of libraries makes many accesses for one that the program asks for, as to a mutex and to what `malloc(3)` keeps. A
//! library goes on from its first access in a call to its next atomic instruction or system call without another stop. What it
//! touches is noted as part of that step, so that no conflict is overlooked.

use std::io;
use std::ops::Range;

use ipclab_kernel::arch::instruction::Access;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::memory::read_memory;
use ipclab_kernel::procfs::{self, OwnMapping};
use ipclab_kernel::ptrace::{self, Stop};
use ipclab_kernel::{Pid, process};

use super::segments::{Attachment, PROTECTED};
use super::shared_by_threads::{
    InLibrary, KINDS, Kind, ThreadMemory, Windows, kinds, meet, without, without_all,
};
use super::state::{Tracer, gone};

/// Accesses that are seen in one process, each of which costs two stops or more. A program with more of them, such as an
/// interpreter, goes on unseen, and nothing is claimed of it.
const ACCESSES_MAX: u64 = 60_000;
/// Reads of one call of a library that are remembered, to notice that it goes round and waits.
const ROUND_MAX: usize = 512;
/// How far a control block and the variables of its thread reach at the most.
const BLOCK: u64 = 0x8000;
/// More than a frame of a signal takes, with all that a vector unit holds.
const FRAME: u64 = 16_384;

/// Why nothing is claimed where the kernel itself writes frames of signals.
const ALTERNATE: &str = "a signal handler has a stack of its own";

impl Tracer {
    /// A process has got one more thread: from now on what its threads share is watched.
    pub(super) fn watch_threads(&mut self, tid: Pid) -> io::Result<()> {
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return Ok(());
        };
        let next = self.private_numbers;
        if let Some(process) = self.processes.get_mut(&process)
            && process.thread_memory.first_number.is_none()
        {
            process.thread_memory.first_number = Some(next);
            self.private_numbers += KINDS;
        }
        self.guard_all(tid)
    }

    /// Whether the memory that a process's threads share is watched.
    pub(super) fn watches_threads(&self, process: Pid) -> bool {
        self.processes.get(&process).is_some_and(|process| {
            let memory = &process.thread_memory;
            memory.first_number.is_some() && !memory.given_up
        })
    }

    /// What a process has that its threads share.
    pub(super) fn thread_windows(
        &mut self,
        tid: Pid,
        known: &[Attachment],
        syscall_instruction: u64,
    ) -> Windows {
        let known = || known.iter().filter(|other| other.is_private());
        let nothing = Windows::default();
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return nothing;
        };
        if !self.watches_threads(process) {
            return nothing;
        }
        // By this thread: the first one may be gone.
        let (Some(mappings), Some(program)) =
            (procfs::own_mappings(tid), procfs::executable_path(tid))
        else {
            return Windows {
                left_alone: known().copied().collect(),
                ..nothing
            };
        };
        let anchors = self.anchors(process);
        let bound = bound_late(tid);
        let Some(state) = self.processes.get_mut(&process) else {
            return nothing;
        };
        let memory = &mut state.thread_memory;
        memory.bound = bound;
        memory.syscall_instruction = syscall_instruction;
        let is_known = |range: &Range<u64>| {
            known().any(|other| other.within(range).is_some())
                || memory.stacks.iter().any(|stack| meet(stack, range))
        };
        let kinds = kinds(&mappings, &program, is_known);
        memory.own_code = mappings
            .iter()
            .filter(|mapping| mapping.executable && mapping.path == program)
            .map(|mapping| mapping.range.clone())
            .collect();
        let mut windows = nothing;
        let mut beside = false;
        for (mapping, kind) in mappings.iter().zip(&kinds) {
            let holds = |(anchor, _): &&(u64, bool)| mapping.range.contains(anchor);
            for (anchor, is_block) in anchors.iter().filter(holds) {
                // The kernel itself writes there when the thread ends.
                let page = anchor & !0xfff;
                let alone = match kind {
                    // What the program maps next to it becomes one mapping with it.
                    Kind::Mapped if *is_block => {
                        page.saturating_sub(BLOCK).max(mapping.range.start)
                            ..(page + BLOCK).min(mapping.range.end)
                    }
                    Kind::Mapped => mapping.range.clone(),
                    // As that of a program without shared libraries: what the kernel keeps there may go on in the next page.
                    Kind::Data | Kind::Heap => {
                        beside = true;
                        page..(page + 0x2000).min(mapping.range.end)
                    }
                    Kind::Stack | Kind::Alone => continue,
                };
                windows
                    .left_alone
                    .extend(known().filter_map(|other| other.within(&alone)));
                if !memory.stacks.contains(&alone) {
                    memory.stacks.push(alone);
                }
            }
        }
        let Windows { all, open, .. } = &mut windows;
        for (mapping, kind) in mappings.iter().zip(kinds) {
            if matches!(kind, Kind::Alone | Kind::Stack) || mapping.executable {
                continue;
            }
            for part in without(mapping.range.clone(), &memory.stacks) {
                if mapping.writable {
                    if let Some(window) = memory.window(kind, part, syscall_instruction) {
                        all.push(window);
                        open.push(window);
                    }
                    continue;
                }
                // What may not be read was closed by us, where it is known, or by the program.
                let closed = known().filter(|_| !mapping.readable);
                for window in closed.filter_map(|other| other.within(&part)) {
                    let range = window.start..window.start + window.length;
                    all.extend(memory.window(kind, range, syscall_instruction));
                }
            }
        }
        all.extend(memory.closed_stack);
        // What was closed and is not to be any more is opened.
        let guarded: Vec<_> = all.iter().map(Attachment::range).collect();
        for mapping in mappings.iter().filter(|mapping| !mapping.readable) {
            for window in known().filter_map(|other| other.within(&mapping.range)) {
                let parts = without(window.range(), &guarded);
                windows
                    .left_alone
                    .extend(parts.iter().filter_map(|part| window.within(part)));
            }
        }
        for window in &windows.open {
            memory.closed = without_all(&memory.closed, &window.range());
            memory.closed.push(window.range());
        }
        if beside {
            self.schedule.unwatched(
                "the C library keeps what it has of a thread beside the program's own variables",
            );
        }
        windows
    }

    /// Addresses within the control blocks and stacks of a process's threads, and whether one is in the first thread's control
    /// block, which has a stack somewhere else.
    fn anchors(&self, process: Pid) -> Vec<(u64, bool)> {
        let mut anchors = Vec::new();
        for (tid, thread) in &self.threads {
            if thread.process == process {
                let is_block = *tid == process;
                anchors.extend(process::robust_list(*tid).map(|at| (at, is_block)));
                anchors.extend((thread.ends_at != 0).then_some((thread.ends_at, is_block)));
                anchors.extend(procfs::sleeps_at(*tid).map(|(stack, _)| (stack, false)));
            }
        }
        anchors
    }

    /// A call has mapped memory for a stack, or taken or moved memory: what is known of the places is no longer so.
    pub(super) fn note_mapped(&mut self, tid: Pid, number: u64, args: &[u64; 6], result: i64) {
        let Some(state) = self.process_of_mut(tid) else {
            return;
        };
        if (-4095..0).contains(&result) {
            return;
        }
        let at =
            |start: u64, length: u64| start..start.saturating_add(length.div_ceil(4096) * 4096);
        match number as i64 {
            libc::SYS_mmap => {
                let range = at(result as u64, args[1]);
                state.forget_private(&range);
                if args[3] & libc::MAP_STACK as u64 != 0 {
                    state.thread_memory.stacks.push(range);
                }
            }
            // The program itself has closed it.
            libc::SYS_mprotect if args[2] == libc::PROT_NONE as u64 => {
                state.forget_private(&at(args[0], args[1]));
            }
            libc::SYS_munmap => state.forget_private(&at(args[0], args[1])),
            libc::SYS_mremap => {
                let (from, to) = (at(args[0], args[1]), at(result as u64, args[2]));
                let moved = state
                    .guarded
                    .iter()
                    .find(|window| window.is_private() && window.contains(from.start));
                let moved = moved.copied();
                state.forget_private(&from);
                // It was closed when it was moved, and so it is where it is now.
                if let Some(moved) = moved {
                    state.thread_memory.closed.push(to.clone());
                    let base = moved.start.wrapping_sub(moved.offset);
                    state.guarded.push(Attachment {
                        start: to.start,
                        length: to.end - to.start,
                        offset: to.start.wrapping_sub(base),
                        ..moved
                    });
                }
            }
            _ => {}
        }
    }

    /// A child has a copy of its parent's memory, closed as it is there: nothing of it is shared with the parent.
    pub(super) fn copy_thread_memory(&mut self, parent: Pid, child: Pid) {
        let Some(parent) = self.processes.get(&parent) else {
            return;
        };
        let memory = &parent.thread_memory;
        let Some(first) = memory.first_number else {
            let has_alternate_stack = memory.has_alternate_stack;
            if let Some(child) = self.processes.get_mut(&child) {
                child.thread_memory.has_alternate_stack = has_alternate_stack;
            }
            return;
        };
        let copy = ThreadMemory {
            first_number: Some(self.private_numbers),
            given_up: memory.given_up,
            has_alternate_stack: memory.has_alternate_stack,
            closed: memory.closed.clone(),
            syscall_instruction: memory.syscall_instruction,
            accesses: 0,
            own_code: memory.own_code.clone(),
            bound: memory.bound.clone(),
            stacks: memory.stacks.clone(),
            bases: memory.bases,
            closed_stack: None,
        };
        let shift = self.private_numbers - first;
        self.private_numbers += KINDS;
        if let Some(child) = self.processes.get_mut(&child) {
            child.thread_memory = copy;
            for window in child
                .guarded
                .iter_mut()
                .filter(|window| window.is_private())
            {
                window.shmid += shift;
            }
        }
    }

    /// Whether this is the address of a function in a library, which is the loader's and nothing that threads share.
    pub(super) fn is_bound_late(&self, tid: Pid, address: u64) -> bool {
        let state = self.process_of(tid);
        let bound = state.and_then(|state| state.thread_memory.bound.as_ref());
        bound.is_some_and(|bound| bound.contains(&address))
    }

    /// Whether a thread goes on at an access without a stop of its own: code of a library that has stopped since it was called.
    ///
    /// One that reads the same place again by the same instruction may wait for others to write there, and stops. One that
    /// writes goes forward.
    pub(super) fn goes_on_in_library(
        &mut self,
        tid: Pid,
        (at, address): (u64, u64),
        access: Access,
    ) -> bool {
        let own = |tracer: &Self| -> Option<bool> {
            let process = tracer.threads.get(&tid)?.process;
            let code = &tracer.processes.get(&process)?.thread_memory.own_code;
            Some(code.iter().any(|range| range.contains(&at)))
        };
        let callers = match own(self) {
            Some(false) => self.own_callers(tid),
            _ => Vec::new(),
        };
        let Some(thread) = self.threads.get_mut(&tid) else {
            return false;
        };
        let former = std::mem::take(&mut thread.in_library);
        if callers.is_empty() {
            return false;
        }
        let is_same = former.callers == callers;
        let read = (access != Access::Store).then_some((at, address));
        let goes_round = read.is_some_and(|read| former.round.contains(&read))
            || former.round.len() >= ROUND_MAX;
        let goes_on = is_same && !goes_round && access != Access::AtomicUpdate;
        let mut round = match goes_on {
            true => former.round,
            false => Vec::new(),
        };
        round.extend(read.filter(|_| goes_on));
        thread.in_library = InLibrary { callers, round };
        goes_on
    }

    /// The addresses of the program's own code from which a thread has called what it is in.
    fn own_callers(&self, tid: Pid) -> Vec<u64> {
        let Some(state) = self.process_of(tid) else {
            return Vec::new();
        };
        let own = &state.thread_memory.own_code;
        let is_own = |at: &u64| own.iter().any(|range| range.contains(at));
        self.frames(tid).into_iter().filter(is_own).collect()
    }

    /// One more access to what threads share. `false`: it was one too many, and all is open now.
    pub(super) fn counts_private(&mut self, tid: Pid) -> io::Result<bool> {
        let Some(state) = self.process_of_mut(tid) else {
            return Ok(true);
        };
        state.thread_memory.accesses += 1;
        if state.thread_memory.accesses <= ACCESSES_MAX {
            return Ok(true);
        }
        self.give_up(
            tid,
            "threads of one process made too many accesses to the memory that they share",
        )?;
        Ok(false)
    }

    /// A fault at what was closed, and is not guarded any more: nothing of that may reach the program. Tells whether it was one.
    pub(super) fn opens_forgotten(&mut self, tid: Pid, address: u64) -> io::Result<bool> {
        let memory = self.process_of(tid);
        let was_closed = memory.is_some_and(|process| {
            let mut closed = process.thread_memory.closed.iter();
            closed.any(|range| range.contains(&address))
        });
        let is_closed = |mapping: &OwnMapping| {
            mapping.range.contains(&address) && !mapping.readable && !mapping.writable
        };
        if !was_closed || !procfs::own_mappings(tid).is_some_and(|all| all.iter().any(is_closed)) {
            return Ok(false);
        }
        self.give_up(tid, "memory that threads of one process share has changed")?;
        Ok(true)
    }

    /// A process has named a stack for handlers of signals. The kernel writes there by itself when one comes, which fails where it
    /// is closed.
    pub(super) fn has_alternate_stack(&mut self, tid: Pid) {
        if let Some(process) = self.process_of_mut(tid) {
            process.thread_memory.has_alternate_stack = true;
        }
    }

    /// A signal comes to a thread. The kernel writes a handler's frame onto its stack by itself, so that one that the program made
    /// in its own memory must be open.
    pub(super) fn keeps_frame(&mut self, tid: Pid, signal: i32) -> io::Result<()> {
        if !self.closes_private(tid) {
            return Ok(());
        }
        let bit = 1_u64.checked_shl((signal - 1) as u32).unwrap_or(0);
        let caught = procfs::signal_masks(tid).is_some_and(|masks| masks.caught & bit != 0);
        let state = self.process_of(tid);
        let has_alternate = state.is_some_and(|state| state.thread_memory.has_alternate_stack);
        let stack = Registers::read(tid)?.stack_pointer();
        // Below the part that a function may use without asking.
        let is_inside = |at: u64| {
            self.attachment(tid, at)
                .is_some_and(|window| window.is_private())
        };
        if caught && (has_alternate || is_inside(stack) || is_inside(stack.saturating_sub(FRAME))) {
            return self.give_up(tid, ALTERNATE);
        }
        Ok(())
    }

    /// Whether a thread that ends leaves robust mutexes, which the kernel marks by itself where it can reach them.
    pub(super) fn leaves_robust(&self, tid: Pid, number: u64) -> bool {
        let is_end = number == libc::SYS_exit as u64;
        let process = self.threads.get(&tid).map(|thread| thread.process);
        if !is_end || !process.is_some_and(|process| self.watches_threads(process)) {
            return false;
        }
        // The list is a ring, whose head alone names itself.
        process::robust_list(tid).is_some_and(|head| {
            let mut next = [0; 8];
            read_memory(tid, head, &mut next) != 8 || u64::from_ne_bytes(next) != head
        })
    }

    /// What a process's threads share is open from now on, and nothing is claimed of it.
    pub(super) fn give_up(&mut self, tid: Pid, why: &str) -> io::Result<()> {
        self.schedule.unwatched(why);
        let process = self.threads.get(&tid).map(|thread| thread.process);
        // An interpreter does what no program that it runs has asked for.
        let is_own = process
            .and_then(procfs::executable_path)
            .is_none_or(|path| !procfs::is_systems(&path));
        if is_own {
            self.schedule.given_up(why);
        }
        let Some(state) = process.and_then(|process| self.processes.get_mut(&process)) else {
            return Ok(());
        };
        let memory = &mut state.thread_memory;
        memory.given_up = true;
        memory.closed_stack = None;
        let syscall_instruction = memory.syscall_instruction;
        let closed = std::mem::take(&mut memory.closed);
        state.guarded.retain(|one| !one.is_private());
        let mappings = procfs::own_mappings(tid).unwrap_or_default();
        let mappings = mappings
            .iter()
            .filter(|mapping| !mapping.readable && !mapping.writable && !mapping.executable);
        let windows: Vec<Attachment> = mappings
            .flat_map(|mapping| {
                let parts = closed.iter().map(|range| {
                    range.start.max(mapping.range.start)..range.end.min(mapping.range.end)
                });
                parts.filter(|part| part.start < part.end)
            })
            .map(|part| Attachment {
                start: part.start,
                length: part.end - part.start,
                offset: 0,
                shmid: i32::MIN,
                writable: true,
                syscall_instruction,
            })
            .collect();
        for window in windows {
            self.with_remote_call(tid, |remote| remote.mprotect(&window, window.full_access()))?;
        }
        Ok(())
    }

    /// A thread is about to run: the first thread's stack is closed to it while that thread waits for others.
    pub(super) fn close_first_stack(&mut self, tid: Pid) -> io::Result<()> {
        let Some(first) = self.threads.get(&tid).map(|thread| thread.process) else {
            return Ok(());
        };
        let waits = self.threads.get(&first).is_some_and(|thread| {
            let call = thread.observed.as_ref().map(|call| call.number as i64);
            call == Some(libc::SYS_futex) && !thread.exiting
        });
        let is_closed = self
            .processes
            .get(&first)
            .is_none_or(|process| process.thread_memory.closed_stack.is_some());
        if first == tid || !waits || is_closed || !self.watches_threads(first) {
            return Ok(());
        }
        // In the middle of a call a thread can be made to do nothing: it does it at the exit.
        let at_entry = matches!(ptrace::syscall_stop(tid), Ok(Stop::Entry { .. }));
        if let Some(thread) = self.threads.get_mut(&tid)
            && (at_entry || thread.call.is_some() || thread.observed.is_some())
        {
            thread.closes = true;
            return Ok(());
        }
        let Some((pointer, _)) = procfs::sleeps_at(first) else {
            return Ok(());
        };
        let (Some(mappings), Some(syscall_instruction)) = (
            procfs::own_mappings(tid),
            self.any_syscall_instruction(first),
        ) else {
            return Ok(());
        };
        let Some(state) = self.processes.get_mut(&first) else {
            return Ok(());
        };
        let memory = &mut state.thread_memory;
        let holds = |mapping: &&OwnMapping| mapping.range.contains(&pointer);
        let Some(stack) = mappings.iter().find(holds).filter(|stack| stack.writable) else {
            return Ok(());
        };
        // What lies below its end no frame has; leaf functions use a little of it.
        let from = (pointer.saturating_sub(256) & !0xfff).max(stack.range.start);
        memory.bases[Kind::Stack as usize] = Some(stack.range.end);
        let Some(window) = memory.window(Kind::Stack, from..stack.range.end, syscall_instruction)
        else {
            return Ok(());
        };
        memory.closed_stack = Some(window);
        memory.closed = without_all(&memory.closed, &window.range());
        memory.closed.push(window.range());
        state.guarded.push(window);
        self.with_remote_call(tid, |remote| remote.mprotect(&window, PROTECTED))
            .map(drop)
    }

    fn any_syscall_instruction(&self, process: Pid) -> Option<u64> {
        let guarded = &self.processes.get(&process)?.guarded;
        guarded.first().map(|window| window.syscall_instruction)
    }

    /// The first thread goes on: it gets its stack back, if it is over the call that it waited in. That it has been woken is not
    /// enough: others may run before it.
    pub(super) fn open_first_stack(&mut self, tid: Pid) -> io::Result<()> {
        let Some(state) = self.processes.get_mut(&tid) else {
            return Ok(());
        };
        let memory = &mut state.thread_memory;
        if memory.closed_stack.is_none()
            || matches!(ptrace::syscall_stop(tid), Ok(Stop::Entry { .. }))
        {
            return Ok(());
        }
        let Some(window) = memory.closed_stack.take() else {
            return Ok(());
        };
        state.guarded.retain(|other| *other != window);
        gone(
            self.with_remote_call(tid, |remote| remote.mprotect(&window, window.full_access()))
                .map(drop),
        )
    }

    /// Whether it is the first thread's stack, closed to others.
    pub(super) fn is_first_stack(&self, tid: Pid, window: &Attachment) -> bool {
        let state = self.process_of(tid);
        state.is_some_and(|state| state.thread_memory.closed_stack.as_ref() == Some(window))
    }

    /// An access to a variable on the first thread's stack is seen, but that thread's own are not.
    pub(super) fn note_shared_stack(
        &mut self,
        tid: Pid,
        window: &Attachment,
        (at, access): (u64, Access),
    ) {
        let memory = self.process_of(tid);
        let Some(memory) = memory.map(|process| &process.thread_memory) else {
            return;
        };
        let by_program = memory.own_code.iter().any(|range| range.contains(&at));
        // As the word of a mutex there is.
        let agrees = access == Access::AtomicUpdate;
        if (by_program || agrees) && memory.closed_stack.as_ref() == Some(window) {
            self.schedule.unwatched(
                "threads share a variable on the stack of the first thread, whose own accesses to it are not watched",
            );
        }
    }
}

impl super::state::Process {
    /// What is in this range now is other memory than was known there.
    fn forget_private(&mut self, range: &Range<u64>) {
        let cut = |window: &Attachment| {
            let own = window.start..window.start + window.length;
            let parts = without(own, std::slice::from_ref(range));
            let part = |part: Range<u64>| Attachment {
                start: part.start,
                length: part.end - part.start,
                offset: window.offset.wrapping_add(part.start - window.start),
                ..*window
            };
            parts.into_iter().map(part).collect::<Vec<_>>()
        };
        self.guarded = self
            .guarded
            .iter()
            .flat_map(|window| match window.is_private() {
                true => cut(window),
                false => vec![*window],
            })
            .collect();
        let memory = &mut self.thread_memory;
        memory.stacks = without_all(&memory.stacks, range);
        memory.closed = without_all(&memory.closed, range);
    }
}

/// Where a program has the addresses of functions that are looked up when they are first called, as its dynamic section says.
fn bound_late(process: Pid) -> Option<Range<u64>> {
    const ENTRY: u64 = 56;
    const DYNAMIC_MAX: u64 = 128;
    let word = |at: u64| {
        let mut bytes = [0; 8];
        (read_memory(process, at, &mut bytes) == 8).then(|| u64::from_ne_bytes(bytes))
    };
    let headers = procfs::auxiliary(process, libc::AT_PHDR)?;
    let count = procfs::auxiliary(process, libc::AT_PHNUM)?.min(64);
    // Each header begins with its type, and has its address at 16.
    let header = |kind: u32| {
        let mut all = (0..count).map(|nth| headers + nth * ENTRY);
        all.find(|at| word(*at).is_some_and(|word| word as u32 == kind))
    };
    let bias = headers.wrapping_sub(word(header(libc::PT_PHDR)? + 16)?);
    let dynamic = bias.wrapping_add(word(header(libc::PT_DYNAMIC)? + 16)?);
    let entry = |tag: u64| {
        let all = (0..DYNAMIC_MAX).map(|nth| dynamic + nth * 16);
        let mut all = all.map_while(|at| {
            word(at)
                .filter(|found| *found != 0)
                .map(|found| (at, found))
        });
        word(all.find(|(_, found)| *found == tag)?.0 + 8)
    };
    const PLTRELSZ: u64 = 2;
    const PLTGOT: u64 = 3;
    const RELOCATION: u64 = 24;
    // The loader has put the true address there, where it may write; else it is as in the file.
    let table = entry(PLTGOT)?;
    let start = if table < bias {
        bias.wrapping_add(table)
    } else {
        table
    };
    let functions = entry(PLTRELSZ)? / RELOCATION;
    // Before them stand three words for the loader itself.
    Some(start..start.saturating_add((functions + 3) * 8))
}
