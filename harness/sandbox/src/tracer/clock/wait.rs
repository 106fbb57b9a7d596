//! Waits for a time: begun without it, ended when the case's clock says so.

use std::io;

use ipclab_evidence::{Direction, SocketKind};
use ipclab_kernel::arch::calls::PAUSE;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory, procfs, ptrace};

use crate::calls::Role;
use crate::clock::calls::{self, Expired, Left, TimedCall, Unit};
use crate::clock::time::Due;
use crate::fault::Pending;
use crate::tracer::in_progress::{InStead, Restart, State, TimedWait};
use crate::tracer::state::{InCall, Tracer, gone};

/// The kernel makes the call again, unless a handler runs first: then the program gets `EINTR`.
const ERESTARTNOHAND: i64 = -514;

/// Whether a signal, or the tracer, has ended a call before it was done.
fn is_interrupted(result: i64) -> bool {
    matches!(-result, 4 | 512..=514 | 516)
}

impl Tracer {
    /// At the entry of a call: if it waits for a time at the most, the case's clock keeps that time, and the kernel none.
    pub(in crate::tracer) fn begin_wait(&mut self, tid: Pid, call: &mut InCall) -> io::Result<()> {
        let restart = self
            .threads
            .get_mut(&tid)
            .and_then(|thread| thread.restart.take());
        let made = call.tampered.as_ref().is_none_or(Pending::leaves_call);
        let done = |instead: &InStead| matches!(instead.state, State::Done(_));
        if !made || call.instead.as_ref().is_some_and(done) {
            return Ok(());
        }
        let row = calls::timed(call.spec.number as u64);
        let by_socket = self.timeout_of_socket(call);
        if row.is_none() && by_socket.is_none() {
            return Ok(());
        }
        let entered = Registers::read(tid)?;
        let args = entered.arguments();
        let is_restart = |restart: &Restart| {
            restart.number == call.spec.number
                && restart.instruction == entered.instruction_pointer()
                && restart.stack == entered.stack_pointer()
        };
        let kept = restart.filter(is_restart).map(|restart| restart.due);
        let (due, row) = match (row, by_socket) {
            (Some(row), _) => match self.deadline(tid, row, &args) {
                Some(due) => (due, Some(row)),
                None => return Ok(()),
            },
            (None, Some(timeout)) => (self.clock.due_in(timeout), None),
            (None, None) => return Ok(()),
        };
        if let Some(row) = row {
            without_time(row, &entered).write(tid)?;
        }
        call.wait = Some(TimedWait {
            due: kept.unwrap_or(due),
            entered: Box::new(entered),
            call: row,
            sleeps: row.is_some_and(|row| row.sleeps(&args)),
        });
        Ok(())
    }

    /// When a call that is being entered has waited for long enough. `None`: it waits for no time, or for one that is no
    /// affair of the case's clock.
    fn deadline(&mut self, tid: Pid, row: &TimedCall, args: &[u64; 6]) -> Option<Due> {
        if row.counts_processor_time(args) {
            return None;
        }
        let time = row.time(tid, args)?;
        match row.absolute(args) {
            None => Some(self.clock.due_in(time)),
            Some(clock) => {
                let moment = self.clock.moment(clock, time)?;
                Some(self.clock.due_at(moment))
            }
        }
    }

    /// How long a call on a socket waits at the most, `SO_RCVTIMEO` and `SO_SNDTIMEO` of `socket(7)`.
    fn timeout_of_socket(&self, call: &InCall) -> Option<std::time::Duration> {
        let way = match call.spec.role {
            Role::Receive | Role::Accept => Direction::Received,
            Role::Send | Role::Connect => Direction::Sent,
            _ => return None,
        };
        self.sockets.timeout(call.socket?, way)
    }

    /// At the exit of a call: what it returned, or what it returns since its time is up.
    pub(in crate::tracer) fn end_wait_for_time(
        &mut self,
        tid: Pid,
        call: &mut InCall,
        result: i64,
    ) -> io::Result<i64> {
        let thread = self.threads.get_mut(&tid);
        let is_up = thread.is_some_and(|thread| std::mem::take(&mut thread.expiring));
        let interrupted = is_interrupted(result);
        let Some(wait) = call.wait.take() else {
            let ignored =
                result == -i64::from(libc::EINTR) && calls::is_woken_by_ignored(call.spec.number);
            if !ignored || call.tampered.is_some() {
                return Ok(result);
            }
            let mut registers = Registers::read(tid)?;
            registers.set_result(ERESTARTNOHAND);
            registers.write(tid)?;
            return Ok(ERESTARTNOHAND);
        };
        let mut registers = Registers::read(tid)?;
        if wait.call.is_some() {
            registers.set_arguments(&wait.entered.arguments());
            registers.set_call_number(wait.entered.call_number());
        }
        let result = match (interrupted, is_up) {
            (true, true) => {
                let result = self.result_of_expired(tid, call, &wait);
                registers.set_no_call();
                registers.set_result(result);
                self.expired(tid, &wait);
                result
            }
            (true, false) => {
                registers.set_result(ERESTARTNOHAND);
                if let Some(thread) = self.threads.get_mut(&tid) {
                    thread.restart = Some(Restart {
                        number: call.spec.number,
                        instruction: wait.entered.instruction_pointer(),
                        stack: wait.entered.stack_pointer(),
                        due: wait.due,
                    });
                }
                ERESTARTNOHAND
            }
            (false, _) => {
                registers.set_result(result);
                result
            }
        };
        registers.write(tid)?;
        self.write_left(tid, &wait, result);
        Ok(result)
    }

    /// What a call returns when its time is up, and what it leaves in memory then.
    fn result_of_expired(&self, tid: Pid, call: &InCall, wait: &TimedWait) -> i64 {
        let args = wait.entered.arguments();
        let Some(row) = wait.call else {
            let connects = call.spec.role == Role::Connect;
            let stream = call
                .socket
                .map(|socket| self.sockets.get(socket))
                .is_some_and(|socket| {
                    socket.kind == SocketKind::Stream && socket.family != "AF_UNIX"
                });
            return -i64::from(match connects && stream {
                true => libc::EINPROGRESS,
                false => libc::EAGAIN,
            });
        };
        match row.expired {
            Expired::Slept | Expired::Nothing => 0,
            Expired::Fails(errno) => -i64::from(errno),
            Expired::NoneSelected => {
                /// Bits of a word of a set.
                const WORD: u64 = 64;
                let bytes = (args[0] & 0xffff_ffff).div_ceil(WORD) * 8;
                let empty = vec![0; usize::try_from(bytes).unwrap_or(0).min(8192)];
                for set in args[1..4].iter().filter(|set| **set != 0) {
                    let _ = memory::write_memory(tid, *set, &empty);
                }
                0
            }
            Expired::NonePolled => {
                /// Bytes of a `struct pollfd`, and where in it the events stand that happened.
                const SIZE: u64 = 8;
                const HAPPENED: u64 = 6;
                for index in 0..args[1] {
                    let at = args[0].wrapping_add(index * SIZE + HAPPENED);
                    if memory::write_memory(tid, at, &[0; 2]).is_err() {
                        break;
                    }
                }
                0
            }
        }
    }

    /// Writes how much of its time is left to a call, where it gives that back. Memory that cannot be written gets nothing,
    /// as from the kernel.
    fn write_left(&self, tid: Pid, wait: &TimedWait, result: i64) {
        let Some(row) = wait.call else { return };
        let args = wait.entered.arguments();
        let (at, unit) = match row.left {
            Left::Nowhere => return,
            Left::InPlace if result == -i64::from(libc::EFAULT) => return,
            Left::InPlace => (args[row.at], row.unit),
            Left::WhenInterrupted(at) => (args[at], Unit::Timespec),
        };
        let when_interrupted = matches!(row.left, Left::WhenInterrupted(_));
        if at == 0
            || (when_interrupted && (!is_interrupted(result) || row.absolute(&args).is_some()))
        {
            return;
        }
        let left = self.clock.left(wait.due);
        let _ = memory::write_memory(tid, at, &calls::written(left, unit));
    }

    /// A signal is about to be delivered to a thread: a call that a handler interrupts is not made again, and an alarm comes
    /// from the kernel.
    pub(in crate::tracer) fn time_and_signal(&mut self, tid: Pid, signal: i32) -> io::Result<()> {
        let Some(thread) = self.threads.get_mut(&tid) else {
            return Ok(());
        };
        if thread.restart.is_some() && procfs::handles(tid, signal) != Some(false) {
            thread.restart = None;
        }
        let process = self.processes.get_mut(&thread.process);
        let is_alarm = signal == libc::SIGALRM
            && process.is_some_and(|process| std::mem::take(&mut process.alarm_fired));
        match is_alarm {
            true => ptrace::make_signal_the_kernels(tid),
            false => Ok(()),
        }
    }

    /// Ends the wait of a thread: it comes to the exit of its call.
    pub(super) fn end_wait_of(&mut self, tid: Pid) -> io::Result<()> {
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.expiring = true;
        }
        gone(ptrace::interrupt(tid))
    }

    /// A wait has ended since its time was up.
    fn expired(&mut self, tid: Pid, wait: &TimedWait) {
        let Some(thread) = self.threads.get_mut(&tid) else {
            return;
        };
        if wait.sleeps {
            thread.barren_sleeps += 1;
        }
    }
}

/// The registers with which a call waits for as long as it takes.
fn without_time(row: &TimedCall, entered: &Registers) -> Registers {
    let mut registers = *entered;
    match (row.expired, row.unit) {
        // Only the time could end it. A signal does, as it ends a pause.
        (Expired::Slept, _) => {
            registers.set_call_number(PAUSE.number);
            registers.set_arguments(&PAUSE.arguments);
        }
        (_, Unit::Millis) => {
            registers.replace_argument(row.at, u64::MAX);
        }
        (_, Unit::Timespec | Unit::Timeval) => {
            registers.replace_argument(row.at, 0);
        }
    }
    registers
}
