//! `sendmmsg` and `recvmmsg`: made as a series of `sendmsg` and `recvmsg`.
//!
//! How many bytes each message had stands in the program's own memory, where another of its threads can change it. Of a single
//! message the kernel's return value says it. The program gets what it asked for; the trace has a line for each message.

use std::io;
use std::time::Duration;

use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory};

use super::in_progress::Series;
use super::state::Tracer;
use crate::calls::{self, ArgKind, Spec};
use crate::decode;

/// Bytes of a `struct mmsghdr`, and where in it the number of bytes stands.
const SIZE: u64 = 64;
const LENGTH: u64 = 56;

/// Most messages of one call, `UIO_MAXIOV` of the kernel.
const MOST: u64 = 1024;

impl Series {
    fn message(&self) -> u64 {
        self.array.wrapping_add(SIZE * self.done)
    }

    /// The flags of the message that is next.
    fn flags_now(&self) -> u64 {
        let one = libc::MSG_WAITFORONE as u64;
        let waits = self.flags & one == 0 || self.done == 0;
        self.flags & !one | if waits { 0 } else { libc::MSG_DONTWAIT as u64 }
    }

    fn make_next(&self, registers: &mut Registers) {
        registers.set_call_number(self.number as u64);
        registers.replace_argument(1, self.message());
        registers.replace_argument(2, self.flags_now());
    }
}

impl Tracer {
    /// At a call's entry: the call on a single message that is made in the place of one on many, with its arguments; any
    /// other call as it is.
    pub(super) fn one_of_series(
        &mut self,
        tid: Pid,
        spec: &'static Spec,
        args: [u64; 6],
    ) -> io::Result<(&'static Spec, [u64; 6])> {
        let number = match spec.name {
            "sendmmsg" => libc::SYS_sendmsg,
            "recvmmsg" => libc::SYS_recvmsg,
            _ => return Ok((spec, args)),
        };
        let Some(single) = calls::spec(number as u64).filter(|_| args[2] & 0xffff_ffff > 0) else {
            return Ok((spec, args));
        };
        let Ok(entered) = Registers::read(tid) else {
            return Ok((spec, args));
        };
        let timeout = (spec.name == "recvmmsg")
            .then(|| decode::duration_us(tid, ArgKind::Timespec, args[4]))
            .flatten();
        let series = Series {
            entered: Box::new(entered),
            number,
            array: args[1],
            count: (args[2] & 0xffff_ffff).min(MOST),
            flags: args[3],
            done: 0,
            until: timeout.map(|timeout| self.clock.now() + Duration::from_micros(timeout)),
        };
        let mut registers = entered;
        series.make_next(&mut registers);
        if registers.write(tid).is_err() {
            return Ok((spec, args));
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.series = Some(series);
        }
        Ok((single, registers.arguments()))
    }

    /// Whether the call that a thread enters is the next one of its series; a handler of a signal may make others in between.
    pub(super) fn is_of_series(&self, tid: Pid, args: &[u64; 6]) -> bool {
        let series = self
            .threads
            .get(&tid)
            .and_then(|thread| thread.series.as_ref());
        series.is_some_and(|series| args[1] == series.message())
    }

    /// At the exit of a call of a series: makes the next one, or gives the program the result of all of them.
    pub(super) fn next_of_series(&mut self, tid: Pid, result: i64) -> io::Result<()> {
        let now = self.clock.now();
        let Some(thread) = self.threads.get_mut(&tid) else {
            return Ok(());
        };
        let Some(mut series) = thread.series.take() else {
            return Ok(());
        };
        if result >= 0 {
            let length = (result as u32).to_ne_bytes();
            // Where it cannot be written the kernel says nothing either, once a message has gone.
            let _ = memory::write_memory(tid, series.message().wrapping_add(LENGTH), &length);
            series.done += 1;
            let in_time = series.until.is_none_or(|until| now < until);
            if series.done < series.count && in_time {
                let mut registers = *series.entered;
                series.make_next(&mut registers);
                registers.repeat_call(series.number as u64, registers.arguments()[0]);
                registers.write(tid)?;
                thread.series = Some(series);
                return Ok(());
            }
        }
        let mut registers = *series.entered;
        registers.set_result(if series.done > 0 {
            series.done as i64
        } else {
            result
        });
        registers.write(tid)
    }
}
