//! Accesses to guarded segments: each faults, is noted, and is stepped over with the pages open.
//!
//! A read is made at once. A write may have to wait for its turn first. What an instruction does is read off its bytes; what
//! that does not tell is found out by trying it with pages that may only be read.

use std::io;

use ipclab_evidence::{LimitKind, Thing, Touch, Way};
use ipclab_kernel::arch::instruction::{self, Access, Instruction};
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory, ptrace};

use super::exclusive::{Reserved, Store, make_store};
use super::origin::CodePlace;
use super::remote::{Remote, Step};
use super::segments::{Attachment, PROTECTED, PendingWrite, READABLE};
use super::state::Tracer;
use crate::accesses::{Place, RawAccess};
use crate::decode;
use crate::schedule::Waiting;

/// How an access ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It is made.
    Done,
    /// It would write to this address, and was not let.
    Writes(u64),
    /// It caused this signal.
    Signal(i32),
    /// The thread is gone.
    Gone,
}

/// Bytes of the widest number that is no vector.
const NUMBER_MAX: u8 = 8;

/// Steps over one instruction at most: a string instruction stops after each of its rounds.
const MAX_STEPS: u32 = 65_536;

impl Tracer {
    /// A `SIGSEGV`: whether it is an access to a guarded segment, which is then dealt with.
    pub(super) fn handle_page_fault(&mut self, tid: Pid) -> io::Result<bool> {
        let Ok(Some(address)) = ptrace::protection_fault(tid) else {
            return Ok(false);
        };
        let Some(attachment) = self.attachment(tid, address) else {
            return match self.opens_forgotten(tid, address)? {
                true => self.go_on(tid, 0).map(|()| true),
                false => Ok(false),
            };
        };
        if self.actor_of(tid).is_none() {
            return Ok(false);
        }
        let is_private = attachment.is_private();
        if is_private && !self.counts_private(tid)? {
            return self.go_on(tid, 0).map(|()| true);
        }
        if self.is_overrun(tid)
            && !is_private
            && let Some(actor) = self.actor_of(tid)
        {
            self.forbid(actor, LimitKind::UnseenMemory);
        }
        // If it has to wait, it comes here again when it is its turn.
        if self.has_to_wait(tid, 0) {
            return Ok(true);
        }
        let Some((at, instruction)) = instruction_at(tid) else {
            return Ok(true);
        };
        if is_private && self.is_bound_late(tid, address) {
            let outcome = self.step_over(tid, address, true)?;
            return match outcome {
                Outcome::Signal(signal) => self.go_on(tid, signal),
                Outcome::Gone => Ok(()),
                Outcome::Done | Outcome::Writes(_) => self.go_on(tid, 0),
            }
            .map(|()| true);
        }
        let goes_on = is_private && self.goes_on_in_library(tid, (at, address), instruction.access);
        if goes_on {
            self.schedule.take_grant(tid);
        } else if self.stops_at_point(tid) {
            return Ok(true);
        }
        self.note_shared_stack(tid, &attachment, (at, instruction.access));
        self.access(tid, &attachment, address, (instruction, goes_on))?;
        Ok(true)
    }

    /// An instruction accesses a guarded segment, now as far as it reads; `goes_on`, and writes.
    fn access(
        &mut self,
        tid: Pid,
        attachment: &Attachment,
        address: u64,
        (instruction, goes_on): (Instruction, bool),
    ) -> io::Result<()> {
        let place = attachment.place(address);
        let mut write = PendingWrite {
            address,
            instruction,
            found: None,
        };
        match instruction.access {
            Access::Store | Access::AtomicUpdate => {}
            Access::Update => {
                write.found = peek(tid, address, instruction.width);
                let value = write.found.as_deref().map(number);
                let code = self.place_of(tid, false);
                self.note_access(tid, (place, code), instruction.width, value, Way::Read);
            }
            Access::Load | Access::Unknown => match self.step_over(tid, address, false)? {
                Outcome::Done => {
                    let value = peek(tid, address, instruction.width);
                    let value = value.as_deref().map(number);
                    let code = self.place_of(tid, true);
                    // A library that looks for the end of a string reads more than the program asked it to.
                    let width = match code.is_own || instruction.width <= NUMBER_MAX {
                        true => instruction.width,
                        false => 1,
                    };
                    self.note_access(tid, (place, code), width, value, Way::Read);
                    return self.after_access(tid, false);
                }
                Outcome::Writes(at) => write.address = at,
                Outcome::Signal(signal) => return self.go_on(tid, signal),
                Outcome::Gone => return Ok(()),
            },
        }
        self.write_in_turn(tid, place, write, goes_on)
    }

    /// Makes a write, or has it wait for its turn.
    fn write_in_turn(
        &mut self,
        tid: Pid,
        place: Place,
        write: PendingWrite,
        goes_on: bool,
    ) -> io::Result<()> {
        let scheduled = self
            .actor_of(tid)
            .is_some_and(|actor| self.is_scheduled(actor));
        // An update that is not atomic is two steps.
        let is_second =
            self.schedule.is_steered() && write.found.is_some() && scheduled && !goes_on;
        if !scheduled || (self.schedule.may_access() && !is_second) {
            return self.write(tid, &write);
        }
        let place = match self.attachment(tid, write.address) {
            Some(attachment) => attachment.place(write.address),
            None => place,
        };
        let late =
            self.accesses.has_read(tid, place) && write.instruction.access != Access::AtomicUpdate;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.pending_write = Some(write);
        }
        let waiting = Waiting {
            signal: 0,
            writes: true,
            late,
            at_point: true,
        };
        self.schedule.wait(tid, waiting);
        Ok(())
    }

    /// A thread writes, now.
    pub(super) fn write(&mut self, tid: Pid, write: &PendingWrite) -> io::Result<()> {
        let Some(attachment) = self.attachment(tid, write.address) else {
            return self.go_on(tid, 0);
        };
        if let Some(signal) = self.signal_for_write(tid) {
            return self.go_on(tid, signal);
        }
        let before = peek(tid, write.address, write.instruction.width);
        let outcome = match &write.found {
            Some(found) => self.update(tid, &attachment, write.address, found)?,
            None => self.step_over(tid, write.address, true)?,
        };
        match outcome {
            Outcome::Done => {
                let after = peek(tid, write.address, write.instruction.width);
                let value = after.as_deref().map(number);
                let how = if write.instruction.access == Access::AtomicUpdate {
                    Way::Update
                } else {
                    Way::Write
                };
                let place = attachment.place(write.address);
                let code = self.place_of(tid, true);
                self.note_access(tid, (place, code), write.instruction.width, value, how);
                self.after_access(tid, after.is_none() || after != before)
            }
            Outcome::Writes(_) => self.go_on(tid, 0),
            Outcome::Signal(signal) => self.go_on(tid, signal),
            Outcome::Gone => Ok(()),
        }
    }

    /// The signal that the plan has for a thread that is about to write.
    fn signal_for_write(&mut self, tid: Pid) -> Option<i32> {
        let process = self.process_of(tid)?;
        self.faults
            .store(&self.actors[process.actor].name, process.first)
    }

    /// An update that is not atomic goes on from what it has read, whatever is there now: so it is on a machine with
    /// several processors.
    fn update(
        &mut self,
        tid: Pid,
        attachment: &Attachment,
        address: u64,
        found: &[u8],
    ) -> io::Result<Outcome> {
        let now = peek(tid, address, found.len() as u8);
        if attachment.writable && now.as_deref() != Some(found) {
            let written = self.with_remote_call(tid, |remote| {
                if !remote.mprotect(attachment, attachment.full_access())? {
                    return Ok(false);
                }
                remote.write_memory(address, found)?;
                Ok(true)
            })?;
            if written != Some(true) {
                return Ok(Outcome::Gone);
            }
        }
        self.step_over(tid, address, true)
    }

    /// An instruction has made an access, this wide, in these lines.
    fn note_access(
        &mut self,
        tid: Pid,
        at: (Place, CodePlace),
        width: u8,
        value: Option<i64>,
        how: Way,
    ) {
        self.accesses.by_instruction();
        self.note(tid, at, width.into(), value, how);
    }

    pub(super) fn note(
        &mut self,
        tid: Pid,
        (place, code): (Place, CodePlace),
        width: u32,
        value: Option<i64>,
        how: Way,
    ) {
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return;
        };
        let has_threads = self.watches_threads(process);
        let process = &self.processes[&process];
        let raw = RawAccess {
            tid,
            actor: process.actor,
            pid: process.own_pid,
            thread: self.schedule.nth(tid).filter(|_| has_threads),
            place,
            // Where the width is not known, at least the first byte.
            width: width.max(1),
            before_call: self.trace.next(),
            value,
            lines: code.lines,
        };
        let memory = Thing::Memory(place.0.into());
        let is_private = memory.is_of_threads();
        self.actors[raw.actor].accesses += u64::from(!is_private);
        self.schedule.touches([Touch {
            thing: memory,
            from: place.1,
            to: place.1 + u64::from(raw.width),
            way: how,
        }]);
        let own = match code.is_own {
            true => &raw.lines[..],
            false => &[],
        };
        self.schedule.saw(value, own);
        if is_private && !code.is_own {
            return;
        }
        match how {
            Way::Read => self.accesses.reads(&raw),
            Way::Write => self.accesses.writes(&raw),
            Way::Update => self.accesses.updates(&raw),
        }
    }

    /// An access has been made: the thread goes on, or others get a turn first.
    fn after_access(&mut self, tid: Pid, changed: bool) -> io::Result<()> {
        self.schedule.accessed(changed);
        let scheduled = self
            .actor_of(tid)
            .is_some_and(|actor| self.is_scheduled(actor));
        if scheduled && self.schedule.is_turn_of(tid) && !self.schedule.may_access() {
            self.pause(tid, 0);
            return Ok(());
        }
        self.go_on(tid, 0)
    }

    /// Lets a thread step over the instruction that it is at, with what that accesses open, and protects it again.
    fn step_over(&mut self, tid: Pid, address: u64, may_write: bool) -> io::Result<Outcome> {
        let first = self.attachment(tid, address);
        self.with_remote_call(tid, |remote| {
            let mut open: Vec<(Attachment, u64)> = Vec::new();
            if let Some(first) = first {
                let protection = if may_write {
                    first.full_access()
                } else {
                    READABLE
                };
                if !remote.mprotect(&first, protection)? {
                    return Ok(Outcome::Gone);
                }
                open.push((first, protection));
            }
            let reserved = match may_write {
                true => reserved_by(tid)?,
                false => None,
            };
            let outcome = match reserved {
                Some(reserved) => step_over_sequence(remote, tid, &reserved, &mut open)?,
                None => step_to_end(remote, tid, may_write, &mut open)?,
            };
            if outcome == Outcome::Gone {
                return Ok(outcome);
            }
            for (attachment, _) in open {
                if !remote.mprotect(&attachment, PROTECTED)? {
                    return Ok(Outcome::Gone);
                }
            }
            Ok(outcome)
        })
        .map(|outcome| outcome.unwrap_or(Outcome::Gone))
    }
}

/// Steps until the instruction is done, and opens what it turns out to need.
fn step_to_end(
    remote: &mut Remote<'_>,
    tid: Pid,
    may_write: bool,
    open: &mut Vec<(Attachment, u64)>,
) -> io::Result<Outcome> {
    let at = remote.instruction_pointer()?;
    for _ in 0..MAX_STEPS {
        let fault = match remote.step()? {
            Step::Done if remote.instruction_pointer()? == at => continue,
            Step::Done => return Ok(Outcome::Done),
            Step::Signal(signal) => return Ok(Outcome::Signal(signal)),
            Step::Gone => return Ok(Outcome::Gone),
            Step::Fault(address) => address,
        };
        let Some(attachment) = remote.tracer.attachment(tid, fault) else {
            return Ok(Outcome::Signal(libc::SIGSEGV));
        };
        let known = open.iter_mut().find(|(other, _)| *other == attachment);
        let protection = match &known {
            None if may_write => attachment.full_access(),
            None => READABLE,
            // It is open for reading, and it does not read: a write to what is attached for reading only is the
            // program's own fault.
            Some((_, protection)) if *protection == attachment.full_access() => {
                return Ok(Outcome::Signal(libc::SIGSEGV));
            }
            Some(_) if !may_write => return Ok(Outcome::Writes(fault)),
            Some(_) => attachment.full_access(),
        };
        match known {
            Some((_, open)) => *open = protection,
            None => open.push((attachment, protection)),
        }
        if !remote.mprotect(&attachment, protection)? {
            return Ok(Outcome::Gone);
        }
    }
    Ok(Outcome::Done)
}

/// Longest sequence of a load and a store that are one update, in instructions: those of compilers have five.
const SEQUENCE_MAX: u32 = 32;

/// Steps over such a sequence, what it accesses being open.
fn step_over_sequence(
    remote: &mut Remote<'_>,
    tid: Pid,
    reserved: &Reserved,
    open: &mut Vec<(Attachment, u64)>,
) -> io::Result<Outcome> {
    let outcome = step_to_end(remote, tid, true, open)?;
    if outcome != Outcome::Done {
        return Ok(outcome);
    }
    for _ in 0..SEQUENCE_MAX {
        let registers = Registers::read(tid)?;
        let code = code_at(tid, &registers);
        match make_store(tid, &code, &registers, Some(reserved))? {
            Store::None => {}
            Store::Over => return Ok(Outcome::Done),
            Store::Forbidden => return Ok(Outcome::Signal(libc::SIGSEGV)),
        }
        if !instruction::continues_sequence(&code) {
            break;
        }
        match remote.step()? {
            Step::Done => {}
            Step::Gone => return Ok(Outcome::Gone),
            Step::Signal(signal) => return Ok(Outcome::Signal(signal)),
            Step::Fault(_) => return Ok(Outcome::Signal(libc::SIGSEGV)),
        }
    }
    // It has left the sequence without a store, as where a comparison fails.
    Ok(Outcome::Done)
}

/// The bytes of the instruction that a thread is at.
fn code_at(tid: Pid, registers: &Registers) -> Vec<u8> {
    let at = registers.instruction_pointer();
    decode::memory(
        tid,
        at,
        instruction::MAX_LENGTH as u64,
        instruction::MAX_LENGTH,
    )
}

/// What the instruction that a thread is at reserves, if it begins a sequence; the memory that it names is open.
fn reserved_by(tid: Pid) -> io::Result<Option<Reserved>> {
    let registers = Registers::read(tid)?;
    Ok(Reserved::by(tid, &code_at(tid, &registers), &registers))
}

/// The instruction that a thread is at, and where that is; `None`: it is gone.
fn instruction_at(tid: Pid) -> Option<(u64, Instruction)> {
    let registers = Registers::read(tid).ok()?;
    let instruction = instruction::decode(&code_at(tid, &registers));
    Some((registers.instruction_pointer(), instruction))
}

/// The bytes at an address, protected or not, for widths that a number can have.
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
