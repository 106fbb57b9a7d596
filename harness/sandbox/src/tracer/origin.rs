//! Where in the student's files a thread is: in which line it makes a call, touches a segment, crashes or ends.
//!
//! The plan brings a table of lines for a program that has one. Of all other programs, and of everything that a student's program
//! starts, nothing is said.

use ipclab_evidence::{LineTable, Printed, SourceLine, ThreadStart};
use ipclab_kernel::arch::instruction::callee;
use ipclab_kernel::arch::registers::{Registers, dwarf};
use ipclab_kernel::memory::read_memory;
use ipclab_kernel::{Pid, procfs};

use super::code_map::{CodeMap, Known};
use super::followed::Functions;
use super::state::Tracer;
use crate::calls::Spec;
use crate::decode;
use crate::unwind::{Frame, Memory, OfThread, Unwinder};

/// Lines of one place: the line itself, and those that called the functions around it.
const LINES_MAX: usize = 6;
/// Calls of one actor whose lines are looked for, and writes whose lines are kept.
const CALLS_MAX: u64 = 20_000;
const WRITES_MAX: usize = 512;
/// How often it is looked what a process has mapped: libraries come while it runs.
const LOOKS_MAX: u32 = 16;
/// What the C library keeps of a thread behind its number.
pub(super) const THREAD_BYTES: usize = 0x500;
/// So much of a stack is read at once.
const STACK_BYTES: usize = 4096;
/// Functions of the C library in which a thread waits for others, by their symbols.
pub(super) const WAITING: [&str; 13] = [
    "pthread_cond_wait",
    "pthread_cond_timedwait",
    "pthread_cond_clockwait",
    "pthread_barrier_wait",
    "pthread_mutex_lock",
    "pthread_mutex_timedlock",
    "pthread_rwlock_rdlock",
    "pthread_rwlock_wrlock",
    "pthread_join",
    "sem_wait",
    "sem_timedwait",
    "sem_clockwait",
    "cnd_wait",
];
/// Signals that a program's own mistake brings.
const CRASHES: [i32; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGABRT,
    libc::SIGTRAP,
    libc::SIGPIPE,
];

/// A place in a program's code.
#[derive(Debug, Default)]
pub(super) struct CodePlace {
    /// Lines of the files that were handed in.
    pub(super) lines: Vec<SourceLine>,
    /// The instruction itself comes from the first of them, and from no library that was called there.
    pub(super) is_own: bool,
}

/// A stopped thread's memory, the top of its stack at hand.
struct Tracee {
    tid: Pid,
    stack: u64,
    top: Vec<u8>,
}

impl Tracee {
    fn new(tid: Pid, stack: u64) -> Self {
        let mut top = vec![0; STACK_BYTES];
        let length = read_memory(tid, stack, &mut top);
        top.truncate(length);
        Self { tid, stack, top }
    }
}

impl Memory for Tracee {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let at = address.checked_sub(self.stack);
        let known = at
            .and_then(|at| self.top.get(usize::try_from(at).ok()?..))
            .and_then(|rest| rest.get(..buffer.len()));
        match known {
            Some(known) => {
                buffer.copy_from_slice(known);
                buffer.len()
            }
            None => read_memory(self.tid, address, buffer),
        }
    }
}

/// What is known of a thread's registers, its stack pointer, and the address of its next instruction. One that sleeps in a call
/// shows no more than the last two; functions mostly find their callers by them.
fn innermost(tid: Pid) -> Option<(Frame, u64, u64)> {
    if let Ok(registers) = Registers::read(tid) {
        let (stack, at) = (registers.stack_pointer(), registers.instruction_pointer());
        return Some((registers.in_dwarf_order().map(Some), stack, at));
    }
    let (stack, at) = procfs::sleeps_at(tid)?;
    let mut frame = [None; dwarf::COUNT];
    frame[dwarf::STACK_POINTER] = Some(stack);
    frame[dwarf::INSTRUCTION] = Some(at);
    Some((frame, stack, at))
}

impl Known {
    /// Looks once more what a process has mapped, where nothing is known of the code at this address.
    fn learn_code(
        &mut self,
        at: u64,
        tid: Pid,
        table: Option<&LineTable>,
        memory: &dyn Memory,
    ) -> Option<()> {
        if self.unwinder.knows(at) || self.looks >= LOOKS_MAX {
            return Some(());
        }
        self.looks += 1;
        self.unwinder = Unwinder::new(&procfs::file_mappings(tid)?, memory);
        if let (Some(entry), Some(rules)) = (self.entry, table.and_then(LineTable::rules)) {
            self.unwinder.search_rules(entry, rules, memory);
        }
        Some(())
    }
}

impl Tracer {
    /// A process has started a program: `begins`, its actor's own.
    pub(super) fn learn_program(&mut self, pid: Pid, actor: usize, begins: bool) {
        let origins = &mut self.actors[actor].origins;
        if origins.table.is_none() {
            return;
        }
        let program = procfs::executable(pid);
        if begins {
            origins.program = program;
        }
        let is_own = program.is_some() && program == origins.program;
        let entry = procfs::auxiliary(pid, libc::AT_ENTRY).filter(|_| is_own);
        if let Some(process) = self.processes.get_mut(&pid) {
            process.code = CodeMap::of_program(entry);
        }
    }

    /// Where a thread is that is stopped or sleeps: `calls`, in a call.
    pub(super) fn origin(&self, tid: Pid, calls: bool) -> Vec<SourceLine> {
        self.place_of(tid, calls).lines
    }

    /// The same of an access, with whether an instruction of the program itself makes it: `done`, it has been made.
    pub(super) fn place_of(&self, tid: Pid, done: bool) -> CodePlace {
        self.try_origin(tid, done).unwrap_or_default()
    }

    fn try_origin(&self, tid: Pid, calls: bool) -> Option<CodePlace> {
        let process = self.process_of(tid)?;
        let actor = self.actors.get(process.actor)?;
        let table = actor.origins.table.as_ref()?;
        let mut known = process.code.0.try_borrow_mut().ok()?;
        let entry = known.entry?;
        if actor.calls > CALLS_MAX {
            return None;
        }
        let (frame, stack, at) = innermost(tid)?;
        let tracee = Tracee::new(tid, stack);
        known.learn_code(at, tid, Some(table), &tracee)?;
        let bias = known.unwinder.bias(entry)?;
        let mut lines: Vec<SourceLine> = Vec::new();
        let mut is_own = false;
        for (depth, at) in known
            .unwinder
            .frames(frame, calls, &tracee)
            .into_iter()
            .enumerate()
        {
            if known.unwinder.bias(at) != Some(bias) {
                continue;
            }
            let line = table.at(at.wrapping_sub(bias));
            is_own |= depth == 0 && line.is_some();
            if let Some(line) = line
                && lines.last() != Some(&line)
            {
                lines.push(line);
            }
            if lines.len() == LINES_MAX {
                break;
            }
        }
        Some(CodePlace { lines, is_own })
    }

    /// Addresses of the instructions that a stopped thread is at, innermost first, as far as its stack shows them.
    pub(super) fn frames(&self, tid: Pid) -> Vec<u64> {
        let frames = self.unwound(tid, false, |_, frames, _| Some(frames));
        frames.unwrap_or_default()
    }

    /// What is made of the addresses that a thread is at, innermost first: `calls`, in a call.
    fn unwound<R>(
        &self,
        tid: Pid,
        calls: bool,
        make: impl FnOnce(&Unwinder, Vec<u64>, &Tracee) -> Option<R>,
    ) -> Option<R> {
        let process = self.process_of(tid)?;
        let mut known = process.code.0.try_borrow_mut().ok()?;
        let (frame, stack, at) = innermost(tid)?;
        let tracee = Tracee::new(tid, stack);
        let table = self.actors.get(process.actor)?.origins.table.as_ref();
        known.learn_code(at, tid, table, &tracee)?;
        let frames = known.unwinder.frames(frame, calls, &tracee);
        make(&known.unwinder, frames, &tracee)
    }

    /// The function of the C library in which a thread waits for others; `None`: it waits in none of these, or that is not seen.
    pub(super) fn waiting_function(&self, tid: Pid, functions: &Functions) -> Option<&'static str> {
        // A function that ends with a call of another one leaves no frame: what the program has called is asked, too.
        self.unwound(tid, true, |unwinder, frames, tracee| {
            frames.iter().find_map(|at| {
                let begin = unwinder.begin_of(*at);
                let called = || callee(at.wrapping_add(1), |address| tracee.word(address));
                begin
                    .and_then(|begin| functions.at(begin))
                    .or_else(|| functions.at(called()?))
            })
        })
    }

    /// Where a thread of a process began, by what the C library (glibc) keeps of it behind its number: the function that it was given,
    /// and behind that the function's argument. `tid`: any thread of the process. It is said only where nothing else there can be it.
    pub(super) fn thread_start(&self, tid: Pid, number_at: u64) -> Option<ThreadStart> {
        let process = self.process_of(tid)?;
        let table = self.actors.get(process.actor)?.origins.table.as_ref()?;
        let mut known = process.code.0.try_borrow_mut().ok()?;
        let entry = known.entry?;
        known.learn_code(entry, tid, Some(table), &OfThread(tid))?;
        let bias = known.unwinder.bias(entry)?;
        let kept = decode::memory(tid, number_at, THREAD_BYTES as u64, THREAD_BYTES);
        let begins = |word: &[u8; 8]| {
            let at = u64::from_ne_bytes(*word);
            let is_own = known.unwinder.bias(at) == Some(bias);
            let begins = is_own && known.unwinder.begin_of(at) == Some(at);
            begins.then(|| table.start_at(at.wrapping_sub(bias)))?
        };
        let (words, _) = kept.as_chunks::<8>();
        let mut found = words.iter().enumerate();
        let mut found =
            std::iter::from_fn(|| found.find_map(|(at, word)| Some((at, begins(word)?))));
        let (at, start) = found.next()?;
        // The argument may be a function, too.
        let is_alone = match found.next() {
            None => true,
            Some((next, _)) => next == at + 1 && found.next().is_none(),
        };
        is_alone.then_some(start)
    }

    /// A thread is about to write on a standard stream.
    pub(super) fn note_printed(&mut self, tid: Pid, spec: &Spec, args: &[u64; 6], stream: u8) {
        let Some(actor) = self.actor_of(tid) else {
            return;
        };
        let origins = &self.actors[actor].origins;
        let place = usize::from(stream).wrapping_sub(1);
        if origins.table.is_none() || place >= 2 {
            return;
        }
        // A vector is seldom what prints: what follows it has no place that is known.
        let bytes = if spec.name == "write" { args[2] } else { 0 };
        // What is written in the middle of a line is often written later than it was printed.
        let ends_line = || {
            let mut last = [0];
            read_memory(tid, args[1].wrapping_add(bytes.wrapping_sub(1)), &mut last) == 1
                && last == *b"\n"
        };
        let wanted = bytes > 0 && origins.printed.len() < WRITES_MAX;
        let lines = match wanted && (stream == 2 || ends_line()) {
            true => self.origin(tid, true),
            false => Vec::new(),
        };
        let origins = &mut self.actors[actor].origins;
        let from = origins.written[place];
        origins.written[place] = from.saturating_add(bytes);
        if !lines.is_empty() {
            origins.printed.push(Printed {
                stream,
                from,
                bytes,
                lines,
            });
        }
    }

    /// A signal is about to be delivered: where, if the program's own mistake brings it.
    pub(super) fn note_crash(&mut self, tid: Pid, signal: i32) {
        if !CRASHES.contains(&signal) {
            return;
        }
        let calls = matches!(signal, libc::SIGABRT | libc::SIGPIPE);
        let lines = self.origin(tid, calls);
        if let Some(process) = self.process_of_mut(tid) {
            process.crashed_at = Some((signal, lines));
        }
    }

    /// An actor's first process ends, of this signal or (0) by itself.
    pub(super) fn note_end(&mut self, pid: Pid, actor: usize, signal: i32) {
        let crashed = self
            .processes
            .get_mut(&pid)
            .and_then(|process| process.crashed_at.take());
        let lines = match crashed {
            Some((delivered, lines)) if signal != 0 && delivered == signal => lines,
            _ if signal != 0 => return,
            // Another thread may end them all while this one is somewhere else.
            _ => {
                let ends = Registers::read(pid).is_ok_and(|registers| {
                    let number = registers.call_number() as i64;
                    [libc::SYS_exit_group, libc::SYS_exit].contains(&number)
                });
                if !ends {
                    return;
                }
                self.origin(pid, true)
            }
        };
        self.actors[actor].origins.ended_at = lines;
    }
}
