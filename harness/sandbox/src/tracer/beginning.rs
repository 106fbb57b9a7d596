//! Where a program begins. What its loader does before that is not the program's: it is neither recorded nor changed.
//!
//! A breakpoint stands there from exec on, where the plan asks for calls that a loader makes, too (it opens and reads the
//! libraries). A program that is linked with its libraries begins at its entry point, to which the loader jumps when its
//! own work is done; a static one sets itself up after that point, and begins with `main`.

use std::io;

use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::arch::start::{BREAKPOINT, START_LENGTH, main_of};
use ipclab_kernel::{Pid, memory, procfs};

use super::in_progress::Beginning;
use super::state::Tracer;
use crate::decode;

impl Beginning {
    /// Sets the breakpoint in a process that has just exec'd. `None`: its memory cannot be reached.
    fn await_in(pid: Pid) -> Option<Self> {
        let entry = procfs::auxiliary(pid, libc::AT_ENTRY)?;
        let is_static = procfs::auxiliary(pid, libc::AT_BASE).unwrap_or(0) == 0;
        let code = decode::memory(pid, entry, START_LENGTH as u64, START_LENGTH);
        let main = main_of(&code, entry).filter(|_| is_static);
        let at = main.unwrap_or(entry);
        let instruction = decode::memory(pid, at, BREAKPOINT.len() as u64, BREAKPOINT.len());
        if instruction.len() < BREAKPOINT.len() {
            return None;
        }
        memory::poke(pid, at, &BREAKPOINT).ok()?;
        Some(Self { at, instruction })
    }
}

impl Tracer {
    /// After an exec: awaits the program's beginning, where the plan asks for calls that a loader makes, too.
    pub(super) fn await_beginning(&mut self, pid: Pid) {
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        let actor = &self.actors[process.actor];
        let asks = !actor.watched.is_empty() || actor.maps;
        process.beginning = asks.then(|| Beginning::await_in(pid)).flatten();
    }

    /// A thread stopped with `SIGTRAP`: whether its program begins here. Then the breakpoint is gone.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn begins(&mut self, tid: Pid) -> io::Result<bool> {
        let Some(thread) = self.threads.get(&tid) else {
            return Ok(false);
        };
        let Some(process) = self.processes.get_mut(&thread.process) else {
            return Ok(false);
        };
        let Some(beginning) = &process.beginning else {
            return Ok(false);
        };
        let mut registers = Registers::read(tid)?;
        if registers.breakpoint() != beginning.at {
            return Ok(false);
        }
        memory::poke(tid, beginning.at, &beginning.instruction)?;
        registers.go_to(beginning.at);
        registers.write(tid)?;
        process.beginning = None;
        Ok(true)
    }
}
