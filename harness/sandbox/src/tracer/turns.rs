//! Turns: one process of the case goes on at a time, and every access to a System V segment is seen.
//!
//! As soon as a segment is attached, its pages are closed to the process (`mprotect(2)`, made by the process itself on
//! our behalf with the `syscall` instruction that attached it). Each access then faults, which nobody but us hears of:
//! we note it, let others go first where the order says so, open the pages, let the process step over that one
//! instruction, and close them again. Children inherit closed pages. The kernel's own accesses, on behalf of a call
//! whose arguments point there, would fail: such a call gets the pages opened until it is done.
//!
//! The next turn is given when everybody who has none is at rest: stopped by us, asleep in a call, or ended. Only then
//! does the choice depend on what the programs did, and not on how fast.
//!
//! What is not seen: memory that is shared in other ways, `mmap(2)` and threads.

use std::io;

use super::rest;
use super::segments::{Attachment, Write};
use super::state::{Thread, Tracer, gone};
use crate::accesses::{Accesses, Place, Touch};
use crate::calls::{ArgKind, Role, Spec};
use crate::order::Waiting;
use ipclab_kernel::arch::instruction::{self, Access};
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::ptrace::{self, Resume};
use ipclab_kernel::wait::{self, Waited};
use ipclab_kernel::{Pid, memory, process, procfs};

/// How a step over an instruction ended.
#[derive(Debug, PartialEq, Eq)]
enum Stepped {
    /// It is done.
    Over,
    /// It may not touch this address.
    Fault(u64),
    /// It caused this signal.
    Signal(i32),
    /// The thread is on its way out, or gone.
    Gone,
}

/// How an access ended.
#[derive(Debug, PartialEq, Eq)]
enum Reached {
    Over,
    /// It would write, and was not let.
    Writes(u64),
    Signal(i32),
    Gone,
}

const READ: u64 = libc::PROT_READ as u64;
const CLOSED: u64 = libc::PROT_NONE as u64;

/// Steps over one instruction: a string instruction stops after each of its rounds.
const ROUNDS: u32 = 65_536;
/// How much processor time a turn may take before somebody else gets one, too, in microseconds: who waits for a signal
/// in a loop waits for somebody who waits for a turn.
const LONGEST_TURN_US: u64 = 60_000;
/// How often we let others have the processor before we go to sleep ourselves.
const YIELDS: u32 = 24;

impl Tracer {
    /// Whether an actor's threads take turns.
    pub(super) fn takes_turns(&self, actor: usize) -> bool {
        let actor = &self.actors[actor];
        self.turns.on() && actor.started && !actor.scripted
    }

    fn actor_of(&self, tid: Pid) -> Option<usize> {
        let process = self.threads.get(&tid)?.process;
        Some(self.processes.get(&process)?.actor)
    }

    /// Whether a thread has to wait for its turn before it goes on; if so, it does from now on.
    pub(super) fn has_to_wait(&mut self, tid: Pid, signal: i32) -> bool {
        let Some(actor) = self.actor_of(tid) else {
            return false;
        };
        if !self.takes_turns(actor) || self.turns.is_turn_of(tid) {
            return false;
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.stopped = false;
        }
        self.pause(tid, signal);
        true
    }

    fn pause(&mut self, tid: Pid, signal: i32) {
        let waiting = Waiting {
            signal,
            writes: false,
            late: false,
        };
        self.turns.wait(tid, waiting);
    }

    /// A wait status that was heard while somebody stepped.
    pub(crate) fn unheard(&mut self) -> Option<Waited> {
        self.unheard.pop_front()
    }

    /// Gives the next turn, if it can be given: nobody has it, and everybody is at rest. Tells whether it was.
    ///
    /// # Errors
    /// As [`Tracer::handle`].
    pub(crate) fn next_turn(&mut self) -> io::Result<bool> {
        if !self.turns.on() || !self.turns.anybody_waits() || !self.unheard.is_empty() {
            return Ok(!self.unheard.is_empty());
        }
        for _ in 0..YIELDS {
            if wait::is_any_pending() {
                return Ok(false);
            }
            if self.at_rest() {
                return self.give_turn().map(|()| true);
            }
            let runs = |tid| procfs::state(tid) == Some(b'R');
            if self.turns.runner().is_some_and(runs) && self.is_long() {
                // It goes on beside the others until it stops by itself.
                self.loose.extend(self.turns.runner());
                return self.give_turn().map(|()| true);
            }
            std::thread::yield_now();
        }
        Ok(false)
    }

    /// Whether this turn has lasted too long.
    fn is_long(&self) -> bool {
        let process = self.turns.runner().and_then(|tid| self.threads.get(&tid));
        let used = process.and_then(|thread| process::cpu_time_us(thread.process));
        used.is_some_and(|used| used > self.turn_began_us + LONGEST_TURN_US)
    }

    /// Whether everybody who takes turns and does not wait for one is asleep in a call, or stopped.
    fn at_rest(&self) -> bool {
        let mut others = Vec::new();
        for (tid, thread) in &self.threads {
            let actor = self.processes[&thread.process].actor;
            if self.turns.waits(*tid) || self.loose.contains(tid) || !self.takes_turns(actor) {
                continue;
            }
            // A first thread that ended before the others stays a zombie until they do.
            if thread.exiting && procfs::state(*tid) == Some(b'Z') && self.goes_on(thread, *tid) {
                continue;
            }
            if thread.exiting {
                return false;
            }
            others.push(*tid);
        }
        others.is_empty()
            || (self.all_asleep(&others) && rest::at_rest(&others) && !wait::is_any_pending())
    }

    fn goes_on(&self, of: &Thread, tid: Pid) -> bool {
        self.threads
            .iter()
            .any(|(other, thread)| *other != tid && thread.process == of.process)
    }

    fn give_turn(&mut self) -> io::Result<()> {
        self.turns.free();
        let Some((tid, waiting)) = self.turns.next() else {
            return Ok(());
        };
        self.events += 1;
        let process = self.threads.get(&tid).map(|thread| thread.process);
        self.turn_began_us = process.and_then(process::cpu_time_us).unwrap_or(0);
        let write = self
            .threads
            .get_mut(&tid)
            .and_then(|thread| thread.write.take());
        match write {
            Some(write) => self.write(tid, &write),
            None => self.go_on(tid, waiting.signal),
        }
    }

    /// Ends the taking of turns: who waits goes on, and so does everybody who comes to an access.
    ///
    /// # Errors
    /// As [`Tracer::handle`].
    pub(crate) fn end_turns(&mut self) -> io::Result<()> {
        for (tid, waiting) in self.turns.end() {
            self.events += 1;
            let write = self
                .threads
                .get_mut(&tid)
                .and_then(|thread| thread.write.take());
            match write {
                Some(write) => self.write(tid, &write)?,
                None => self.go_on(tid, waiting.signal)?,
            }
        }
        Ok(())
    }

    /// A call of a thread is over: whether others get a turn first.
    pub(super) fn after_call(&mut self, tid: Pid, signal: i32) -> bool {
        let full = self.turns.is_turn_of(tid) && !self.turns.may_call();
        if full {
            self.pause(tid, signal);
        }
        full
    }

    /// A thread lets others go first by itself.
    pub(super) fn gives_up_turn(&mut self, tid: Pid) {
        if self.turns.is_turn_of(tid) && self.turns.anybody_waits() {
            self.turns.gives_up();
            self.pause(tid, 0);
        }
    }

    // -- attachments ------------------------------------------------------------------------------------------------

    /// A process, stopped at the exit of `shmat`, has attached a segment: its pages are closed.
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
            gate: Registers::read(tid)?.syscall_instruction(),
        };
        if let Some(process) = self.processes.get_mut(&process) {
            process.closed.retain(|other| other.start != start);
            process.closed.push(attachment);
        }
        self.quietly(tid, |tracer| tracer.protect(tid, &attachment, CLOSED))
            .map(drop)
    }

    /// A process has detached what it had attached there.
    pub(super) fn detached(&mut self, process: Pid, start: u64) {
        if let Some(process) = self.processes.get_mut(&process) {
            process.closed.retain(|other| other.start != start);
        }
    }

    fn closed(&self, tid: Pid) -> Vec<Attachment> {
        self.threads
            .get(&tid)
            .and_then(|thread| self.processes.get(&thread.process))
            .map_or_else(Vec::new, |process| process.closed.clone())
    }

    fn attachment(&self, tid: Pid, address: u64) -> Option<Attachment> {
        self.closed(tid)
            .into_iter()
            .find(|attachment| attachment.holds(address))
    }

    /// Whether the kernel may have to reach into a segment on behalf of a call.
    pub(super) fn points_inside(&self, tid: Pid, spec: Option<&Spec>, args: &[u64; 6]) -> bool {
        let closed = self.closed(tid);
        if closed.is_empty() {
            return false;
        }
        let role = spec.map(|spec| spec.role);
        if matches!(role, Some(Role::ShmAttach | Role::ShmDetach)) {
            return false;
        }
        let indirect =
            |kind: &ArgKind| matches!(kind, ArgKind::Iovec | ArgKind::Message | ArgKind::Messages);
        let within = |arg: &u64| closed.iter().any(|attachment| attachment.holds(*arg));
        role == Some(Role::Exec)
            || spec.is_some_and(|spec| spec.args.iter().any(indirect))
            || args.iter().any(within)
    }

    /// At the entry of a call: opens what the process has attached, and lets it come to the entry again.
    pub(super) fn open_for_call(&mut self, tid: Pid) -> io::Result<()> {
        let entered = Registers::read(tid)?;
        // The call is not made now: at its exit the thread is where it can be made to do other things.
        let mut skipped = entered;
        skipped.set_no_call();
        skipped.write(tid)?;
        ptrace::resume(tid, Resume::ToSyscallExit, 0)?;
        let waited = wait::wait_one(tid)?;
        let at_exit = libc::WIFSTOPPED(waited.status)
            && libc::WSTOPSIG(waited.status) == libc::SIGTRAP | 0x80;
        if !at_exit {
            self.unheard.push_back(waited);
            return Ok(());
        }
        for attachment in self.closed(tid) {
            self.quietly(tid, |tracer| {
                tracer.protect(tid, &attachment, attachment.all())
            })?;
        }
        let mut again = entered;
        again.repeat_call(entered.call_number());
        again.set_no_call();
        again.write(tid)?;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.opened = true;
        }
        gone(ptrace::resume(tid, Resume::Run, 0))
    }

    /// At the exit of such a call: closes it all again.
    pub(super) fn close_after_call(&mut self, tid: Pid) -> io::Result<()> {
        let Some(thread) = self.threads.get_mut(&tid).filter(|thread| thread.opened) else {
            return Ok(());
        };
        thread.opened = false;
        for attachment in self.closed(tid) {
            self.quietly(tid, |tracer| tracer.protect(tid, &attachment, CLOSED))?;
        }
        Ok(())
    }

    // -- accesses ---------------------------------------------------------------------------------------------------

    /// A `SIGSEGV`: whether it is an access to a segment, which is then dealt with.
    pub(super) fn touched(&mut self, tid: Pid) -> io::Result<bool> {
        let Ok(Some(address)) = ptrace::protection_fault(tid) else {
            return Ok(false);
        };
        let Some(attachment) = self.attachment(tid, address) else {
            return Ok(false);
        };
        let Some(actor) = self.actor_of(tid) else {
            return Ok(false);
        };
        if self.has_to_wait(tid, 0) {
            // It comes here again when it is its turn.
            return Ok(true);
        }
        let Ok(registers) = Registers::read(tid) else {
            return Ok(true);
        };
        let mut bytes = [0; instruction::MAX_LENGTH];
        let read = memory::read_memory(tid, registers.instruction_pointer(), &mut bytes);
        let instruction = instruction::decode(&bytes[..read]);
        let place = self.place(&attachment, address);
        let (turns, mut write) = (
            self.takes_turns(actor),
            Write {
                address,
                instruction,
                found: None,
            },
        );
        match instruction.access {
            Access::Store | Access::AtomicUpdate => {}
            Access::Update => {
                write.found = peek(tid, address, instruction.width);
                let value = write.found.as_deref().map(number);
                self.note(tid, place, value, Accesses::reads);
            }
            Access::Load | Access::Unknown => match self.reach(tid, address, false)? {
                Reached::Over => {
                    let value = peek(tid, address, instruction.width);
                    let value = value.as_deref().map(number);
                    self.note(tid, place, value, Accesses::reads);
                    self.after_access(tid, false)?;
                    return Ok(true);
                }
                Reached::Writes(at) => write.address = at,
                Reached::Signal(signal) => {
                    self.go_on(tid, signal)?;
                    return Ok(true);
                }
                Reached::Gone => return Ok(true),
            },
        }
        if !turns || self.turns.may_touch() {
            self.write(tid, &write)?;
            return Ok(true);
        }
        let place = match self.attachment(tid, write.address) {
            Some(attachment) => self.place(&attachment, write.address),
            None => place,
        };
        let late = self.accesses.has_read(tid, place) && instruction.access != Access::AtomicUpdate;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.write = Some(write);
        }
        let waiting = Waiting {
            signal: 0,
            writes: true,
            late,
        };
        self.turns.wait(tid, waiting);
        Ok(true)
    }

    fn place(&self, attachment: &Attachment, address: u64) -> Place {
        (attachment.shmid, address.wrapping_sub(attachment.start))
    }

    /// A thread writes, now.
    fn write(&mut self, tid: Pid, write: &Write) -> io::Result<()> {
        let Some(attachment) = self.attachment(tid, write.address) else {
            return self.go_on(tid, 0);
        };
        if let Some(signal) = self.struck(tid) {
            return self.go_on(tid, signal);
        }
        let before = peek(tid, write.address, write.instruction.width);
        let reached = match &write.found {
            Some(found) => self.update(tid, &attachment, write.address, found)?,
            None => self.reach(tid, write.address, true)?,
        };
        match reached {
            Reached::Over => {
                let after = peek(tid, write.address, write.instruction.width);
                let value = after.as_deref().map(number);
                let place = self.place(&attachment, write.address);
                let how = if write.instruction.access == Access::AtomicUpdate {
                    Accesses::updates
                } else {
                    Accesses::writes
                };
                self.note(tid, place, value, how);
                self.after_access(tid, after.is_none() || after != before)
            }
            Reached::Writes(_) => self.go_on(tid, 0),
            Reached::Signal(signal) => self.go_on(tid, signal),
            Reached::Gone => Ok(()),
        }
    }

    /// Whether the plan has a signal for a thread that is about to write.
    fn struck(&mut self, tid: Pid) -> Option<i32> {
        let process = self.processes.get(&self.threads.get(&tid)?.process)?;
        if process.first {
            return None;
        }
        self.tampers.store(&self.actors[process.actor].name)
    }

    /// An update that is not atomic goes on from what it has read, whatever is there now: so it is on a machine with
    /// several processors.
    fn update(
        &mut self,
        tid: Pid,
        attachment: &Attachment,
        address: u64,
        found: &[u8],
    ) -> io::Result<Reached> {
        let now = peek(tid, address, found.len() as u8);
        if attachment.writable && now.as_deref() != Some(found) {
            let written = self.quietly(tid, |tracer| {
                if !tracer.protect(tid, attachment, attachment.all())? {
                    return Ok(false);
                }
                memory::write_memory(tid, address, found)?;
                Ok(true)
            })?;
            if written != Some(true) {
                return Ok(Reached::Gone);
            }
        }
        self.reach(tid, address, true)
    }

    fn note(&mut self, tid: Pid, place: Place, value: Option<i64>, how: fn(&mut Accesses, &Touch)) {
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return;
        };
        let process = &self.processes[&process];
        let touch = Touch {
            tid,
            actor: process.actor,
            pid: process.own_pid,
            place,
            before_call: self.trace.next(),
            value,
        };
        self.actors[touch.actor].accesses += 1;
        how(&mut self.accesses, &touch);
    }

    /// An access has been made: the thread goes on, or others get a turn first.
    fn after_access(&mut self, tid: Pid, changed: bool) -> io::Result<()> {
        self.turns.touches(changed);
        let turns = self
            .actor_of(tid)
            .is_some_and(|actor| self.takes_turns(actor));
        if turns && self.turns.is_turn_of(tid) && !self.turns.may_touch() {
            self.pause(tid, 0);
            return Ok(());
        }
        self.go_on(tid, 0)
    }

    /// Lets a thread step over the instruction that it is at, with what that touches open, and closes it again.
    fn reach(&mut self, tid: Pid, address: u64, may_write: bool) -> io::Result<Reached> {
        let first = self.attachment(tid, address);
        self.quietly(tid, |tracer| {
            let mut open: Vec<(Attachment, u64)> = Vec::new();
            if let Some(first) = first {
                let how = if may_write { first.all() } else { READ };
                if !tracer.protect(tid, &first, how)? {
                    return Ok(Reached::Gone);
                }
                open.push((first, how));
            }
            let reached = tracer.step_to_end(tid, may_write, &mut open)?;
            if reached == Reached::Gone {
                return Ok(reached);
            }
            for (attachment, _) in open {
                if !tracer.protect(tid, &attachment, CLOSED)? {
                    return Ok(Reached::Gone);
                }
            }
            Ok(reached)
        })
        .map(|reached| reached.unwrap_or(Reached::Gone))
    }

    fn step_to_end(
        &mut self,
        tid: Pid,
        may_write: bool,
        open: &mut Vec<(Attachment, u64)>,
    ) -> io::Result<Reached> {
        let at = Registers::read(tid)?.instruction_pointer();
        for _ in 0..ROUNDS {
            let fault = match self.step(tid)? {
                Stepped::Over if Registers::read(tid)?.instruction_pointer() == at => continue,
                Stepped::Over => return Ok(Reached::Over),
                Stepped::Signal(signal) => return Ok(Reached::Signal(signal)),
                Stepped::Gone => return Ok(Reached::Gone),
                Stepped::Fault(address) => address,
            };
            let Some(attachment) = self.attachment(tid, fault) else {
                return Ok(Reached::Signal(libc::SIGSEGV));
            };
            let known = open.iter_mut().find(|(other, _)| *other == attachment);
            let how = match &known {
                None if may_write => attachment.all(),
                None => READ,
                // It is open for reading, and it does not read: a write to what is attached for reading only is the
                // program's own fault.
                Some((_, how)) if *how == attachment.all() => {
                    return Ok(Reached::Signal(libc::SIGSEGV));
                }
                Some(_) if !may_write => return Ok(Reached::Writes(fault)),
                Some(_) => attachment.all(),
            };
            match known {
                Some((_, open)) => *open = how,
                None => open.push((attachment, how)),
            }
            if !self.protect(tid, &attachment, how)? {
                return Ok(Reached::Gone);
            }
        }
        Ok(Reached::Over)
    }

    // -- making a thread do things ------------------------------------------------------------------------------------

    /// Does something with a stopped thread while it holds back every signal that could come in between. `None`: it is
    /// gone.
    fn quietly<T>(
        &mut self,
        tid: Pid,
        what: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let run = || {
            let held = ptrace::blocked_signals(tid)?;
            ptrace::set_blocked_signals(tid, held | ptrace::asynchronous_signals())?;
            let done = what(self)?;
            // Whoever is gone by now needs no signals.
            let _ = ptrace::set_blocked_signals(tid, held);
            for stopped in std::mem::take(&mut self.late_stops) {
                let _ = process::kill(stopped, libc::SIGSTOP);
            }
            Ok(done)
        };
        match run() {
            Ok(done) => Ok(Some(done)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Changes who may touch a segment's pages, by a call that the process makes itself. `false`: it is on its way out.
    fn protect(&mut self, tid: Pid, attachment: &Attachment, how: u64) -> io::Result<bool> {
        let before = Registers::read(tid)?;
        let call = [attachment.start, attachment.length, how, self.pass.into()];
        before
            .at_call(attachment.gate, libc::SYS_mprotect as u64, &call)
            .write(tid)?;
        match self.step(tid)? {
            Stepped::Over => {}
            Stepped::Gone => return Ok(false),
            Stepped::Fault(_) | Stepped::Signal(_) => {
                // Where the call was there is something else now: a program that does this to itself is not graded.
                process::kill(tid, libc::SIGKILL)?;
                return Ok(false);
            }
        }
        let done = Registers::read(tid)?.result();
        before.write(tid)?;
        if done != 0
            && let Some(process) = self.threads.get(&tid).map(|thread| thread.process)
        {
            // It has taken the segment away without a word.
            self.detached(process, attachment.start);
        }
        Ok(true)
    }

    /// One instruction. What else happens to the thread meanwhile is heard later.
    fn step(&mut self, tid: Pid) -> io::Result<Stepped> {
        loop {
            ptrace::resume(tid, Resume::Step, 0)?;
            let waited = wait::wait_one(tid)?;
            if !libc::WIFSTOPPED(waited.status) {
                self.unheard.push_back(waited);
                return Ok(Stepped::Gone);
            }
            let (signal, event) = (libc::WSTOPSIG(waited.status), waited.status >> 16);
            match event {
                0 if signal == libc::SIGTRAP => return Ok(Stepped::Over),
                0 if signal == libc::SIGSEGV => {
                    return Ok(match ptrace::protection_fault(tid)? {
                        Some(address) => Stepped::Fault(address),
                        None => Stepped::Signal(signal),
                    });
                }
                // Nobody can hold this one back: it comes again when we are done.
                0 if signal == libc::SIGSTOP => self.late_stops.push(tid),
                0 => return Ok(Stepped::Signal(signal)),
                libc::PTRACE_EVENT_EXIT => {
                    self.unheard.push_back(waited);
                    return Ok(Stepped::Gone);
                }
                // Our own call on its way into the kernel, or a group stop, which comes again.
                _ => {}
            }
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ESRCH) || error.raw_os_error() == Some(libc::ECHILD)
}

/// The bytes at an address, closed or not, for widths that a number can have.
fn peek(tid: Pid, address: u64, width: u8) -> Option<Vec<u8>> {
    if !matches!(width, 1 | 2 | 4 | 8) {
        return None;
    }
    // A word that ends where the last byte is: it never reaches beyond the page.
    let aligned = address & !7;
    let at = (address - aligned) as usize;
    let mut bytes = memory::peek(tid, aligned).ok()?.to_ne_bytes().to_vec();
    if at + usize::from(width) > bytes.len() {
        bytes.extend(memory::peek(tid, aligned + 8).ok()?.to_ne_bytes());
    }
    Some(bytes[at..at + usize::from(width)].to_vec())
}

/// Bytes as the number that C reads in them, with its sign.
fn number(bytes: &[u8]) -> i64 {
    let sign = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut word = [if sign { 0xff } else { 0 }; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    i64::from_le_bytes(word)
}
