//! Handlers of signals are followed, where the plan asks what they call: instruction by instruction, from their first one to
//! the place that they return to.
//!
//! So it is known, and not guessed, that a handler runs. A call of a function that is not async-signal-safe counts where the
//! program itself makes it: what the C library calls within a function that a handler may call is the library's business.
//! Instructions that enter the kernel are left to the loop of all events, since they may wait.

use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use ipclab_evidence::Unseen;
use ipclab_kernel::arch::registers::{Registers, SYSCALL};
use ipclab_kernel::ptrace::{self, Resume, StepEnd};
use ipclab_kernel::{Pid, wait};

use super::event::Event;
use super::exclusive::{Reserved, Store, make_store};
use super::followed::{Followed, Functions, Place, returns_to};
use super::state::Tracer;
use crate::unwind::{Memory, OfThread};

/// Instructions of one run, and of all runs of a case, that are followed: a `printf(3)` that has to be looked up first takes
/// some four thousand.
const RUN_STEPS_MAX: u32 = 50_000;
const CASE_STEPS_MAX: u32 = 400_000;
/// Code is read in pieces of this size: a page, or a part of a larger one, so that each is there as a whole or not at all.
const PIECE: u64 = 4096;

impl Tracer {
    /// A handler is about to run for this signal of the process of a thread.
    pub(super) fn follow_handler(&mut self, tid: Pid, delivery: usize) {
        // Where turns are taken, threads are stepped for other reasons.
        if !self.tree.wanted.handlers || self.schedule.is_on() {
            return;
        }
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return;
        };
        let known = self
            .processes
            .get(&process)
            .and_then(|it| it.functions.clone());
        let functions = known.or_else(|| Functions::unsafe_in_handlers(tid).map(Rc::new));
        let functions = functions.unwrap_or_default();
        let unseen = if !functions.has_library() {
            Some(Unseen::NoNames)
        } else if self.tree.steps >= CASE_STEPS_MAX {
            Some(Unseen::TooLong)
        } else {
            None
        };
        self.note_handler(process, delivery, |run| run.unseen = unseen);
        if let Some(known) = self.processes.get_mut(&process) {
            known.functions = Some(Rc::clone(&functions));
        }
        if unseen.is_some() {
            return;
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.followed.push(Followed {
                process,
                delivery,
                frame: None,
                steps: 0,
                functions,
            });
        }
    }

    /// Whether a thread that stopped with `SIGTRAP` did so since it is followed.
    pub(super) fn is_followed(&self, tid: Pid) -> bool {
        let thread = self.threads.get(&tid);
        thread.is_some_and(|thread| !thread.followed.is_empty())
            && matches!(ptrace::step_end(tid), Ok(Some(_)))
    }

    /// A thread that is followed has made a step: goes on with it up to where it has to be left to the kernel. `false`: it has come
    /// to another event, which is dealt with next.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn follow(&mut self, tid: Pid) -> io::Result<bool> {
        let mut code = Code::default();
        let mut reserved = None;
        let mut at_beginning = matches!(ptrace::step_end(tid), Ok(Some(StepEnd::HandlerBegins)));
        loop {
            let Ok(registers) = Registers::read(tid) else {
                return Ok(true);
            };
            let goes_on = self.look(tid, &registers, at_beginning);
            let next = code.next(tid, &registers);
            let Some(next) = next.filter(|next| goes_on && *next != SYSCALL) else {
                return Ok(true);
            };
            at_beginning = false;
            // The rest of an update that has begun here is made at once: after a stop in between it would begin again for ever.
            match make_store(tid, &next, &registers, reserved.as_ref()) {
                Ok(Store::None | Store::Forbidden) => {}
                Ok(Store::Over) => {
                    reserved = None;
                    continue;
                }
                // Killed: its death is an event of its own.
                Err(_) => return Ok(false),
            }
            reserved = Reserved::by(tid, &next, &registers).or(reserved);
            // A step of plain code does not wait: nothing else has to happen before it is made.
            if ptrace::resume(tid, Resume::Step, 0).is_err() {
                // Killed: its death is an event of its own.
                return Ok(false);
            }
            let waited = wait::wait_one(tid)?;
            let trapped = Event::from_status(waited.status) == Event::Signal(libc::SIGTRAP);
            if !(trapped && matches!(ptrace::step_end(tid), Ok(Some(StepEnd::Made)))) {
                self.deferred.push_back(waited);
                return Ok(false);
            }
        }
    }

    /// Looks at where a thread is. `false`: it is followed no longer.
    fn look(&mut self, tid: Pid, registers: &Registers, begins: bool) -> bool {
        let Some(thread) = self.threads.get_mut(&tid) else {
            return false;
        };
        let Some(followed) = thread.followed.last_mut() else {
            return false;
        };
        self.tree.steps += 1;
        followed.steps += 1;
        let (process, delivery) = (followed.process, followed.delivery);
        let too_long = followed.steps > RUN_STEPS_MAX || self.tree.steps > CASE_STEPS_MAX;
        if too_long {
            // Those that it interrupted are not known to their ends either.
            for followed in std::mem::take(&mut thread.followed) {
                self.note_handler(followed.process, followed.delivery, |run| {
                    run.unseen = Some(Unseen::TooLong);
                });
            }
            return false;
        }
        if followed.frame.is_none() && !begins {
            // Another signal took its place, or it could not begin.
            thread.followed.pop();
            return !thread.followed.is_empty();
        }
        if followed.frame.is_none() {
            followed.frame = returns_to(tid, registers).map(|to| (registers.stack_pointer(), to));
            let at = self.origin(tid, false);
            self.note_handler(process, delivery, |run| run.at = at);
            return true;
        }
        match followed.place(tid, registers) {
            Place::Inside => true,
            Place::Left => {
                thread.followed.pop();
                !thread.followed.is_empty()
            }
            Place::Unsafe(name) => {
                thread.followed.clear();
                let called_at = self.origin(tid, false);
                self.note_handler(process, delivery, |run| {
                    run.unsafe_call = Some(name.to_owned());
                    run.called_at = called_at;
                });
                false
            }
        }
    }
}

/// Pieces of code that have been read.
#[derive(Default)]
struct Code(HashMap<u64, Vec<u8>>);

impl Code {
    /// The first bytes of the next instruction of a thread, so many as that has which enters the kernel. `None`: they are not
    /// known.
    fn next(&mut self, tid: Pid, registers: &Registers) -> Option<[u8; SYSCALL.len()]> {
        let at = registers.instruction_pointer();
        let mut next = [0; SYSCALL.len()];
        for (place, byte) in next.iter_mut().enumerate() {
            let at = at.wrapping_add(place as u64);
            let piece = self.0.entry(at / PIECE).or_insert_with(|| {
                OfThread(tid)
                    .bytes(at / PIECE * PIECE, PIECE as usize)
                    .unwrap_or_default()
            });
            *byte = *piece.get((at % PIECE) as usize)?;
        }
        Some(next)
    }
}
