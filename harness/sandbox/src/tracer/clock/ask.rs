//! Asking for the time: what the case's clock shows is the answer, and a little time passes.
//!
//! Programs ask without entering the kernel, through the code that it maps into each of them (the vDSO, `vdso(7)`). So that they
//! do enter it, they are not told where that code is; libraries then make the calls, which stop here.

use std::io;
use std::time::Duration;

use ipclab_kernel::arch::older;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory, time};

use super::Passage;
use crate::clock::calls::{Unit, written};
use crate::tracer::state::Tracer;

/// What a program is told at its start, `getauxval(3)`: where the vDSO is; nothing; that there is no more.
const AT_SYSINFO_EHDR: u64 = 33;
const AT_IGNORE: u64 = 1;
const AT_NULL: u64 = 0;

impl Tracer {
    /// At the entry of a call: answers it, if it asks for a time that the case's clock gives. Then it is not made.
    pub(super) fn answer_time(
        &mut self,
        tid: Pid,
        number: i64,
        args: &[u64; 6],
    ) -> io::Result<bool> {
        let clock = match number {
            libc::SYS_clock_gettime => args[0] as i32,
            libc::SYS_gettimeofday | older::SYS_time => libc::CLOCK_REALTIME,
            _ => return Ok(false),
        };
        if self.clock.shows(clock).is_none() {
            return Ok(false);
        }
        self.clock.asked();
        let shown = self.clock.shows(clock).unwrap_or_default();
        let (result, written) = match number {
            libc::SYS_clock_gettime => (
                0,
                memory::write_memory(tid, args[1], &written(shown, Unit::Timespec)),
            ),
            libc::SYS_gettimeofday => {
                let time = write_if_wanted(tid, args[0], &written(shown, Unit::Timeval));
                // The time zone of the kernel: none.
                (
                    0,
                    time.and_then(|()| write_if_wanted(tid, args[1], &[0; 8])),
                )
            }
            _ => {
                let seconds = shown.as_secs();
                let written = write_if_wanted(tid, args[0], &seconds.to_ne_bytes());
                (seconds as i64, written)
            }
        };
        let result = match written {
            Ok(()) => result,
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(true),
            Err(_) => -i64::from(libc::EFAULT),
        };
        answer(tid, result)?;
        // What is due by now does not wait until nothing else can happen: this program may ask for ever.
        if !self.is_wait_ending() {
            self.pass_time(self.clock.now(), Passage::Jump)?;
        }
        Ok(true)
    }

    /// At the exit of `times(2)`: its result is a time, too.
    pub(super) fn answer_times(&mut self, tid: Pid) -> io::Result<()> {
        self.clock.asked();
        let Some(shown) = self.clock.shows(libc::CLOCK_BOOTTIME) else {
            return Ok(());
        };
        let ticks = shown.as_nanos() * u128::from(time::ticks_per_second())
            / Duration::from_secs(1).as_nanos();
        let mut registers = Registers::read(tid)?;
        registers.set_result(ticks as i64);
        registers.write(tid)
    }

    /// A program has started: it is not told where the vDSO is.
    pub(in crate::tracer) fn hide_vdso(&mut self, tid: Pid) -> io::Result<()> {
        if !self.owns_clock {
            return Ok(());
        }
        let stack = Registers::read(tid)?.stack_pointer();
        let Some(at) = entry_of_vdso(|index| word(tid, stack, index)) else {
            return Ok(());
        };
        memory::write_memory(tid, stack + 8 * at, &AT_IGNORE.to_ne_bytes())
    }
}

/// Gives a call that is being entered a result; it is not made.
pub(super) fn answer(tid: Pid, result: i64) -> io::Result<()> {
    let mut registers = Registers::read(tid)?;
    registers.skip_call();
    registers.set_result(result);
    registers.write(tid)
}

fn write_if_wanted(tid: Pid, at: u64, bytes: &[u8]) -> io::Result<()> {
    match at {
        0 => Ok(()),
        at => memory::write_memory(tid, at, bytes),
    }
}

/// A word of the stack with which a program begins. They are read in pieces.
fn word(tid: Pid, stack: u64, index: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    let read = memory::read_memory(tid, stack + 8 * index, &mut bytes);
    (read == bytes.len()).then(|| u64::from_ne_bytes(bytes))
}

/// Which word of a new program's stack says that what follows is the address of the vDSO. Before these words are the arguments, by
/// number, and the environment, each with a NULL at its end.
fn entry_of_vdso(word: impl Fn(u64) -> Option<u64>) -> Option<u64> {
    let mut at = word(0)? + 2;
    while word(at)? != 0 {
        at += 1;
    }
    at += 1;
    loop {
        match word(at)? {
            AT_NULL => return None,
            AT_SYSINFO_EHDR => return Some(at),
            _ => at += 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vdso_is_found_behind_arguments_and_environment() {
        let check = |words: &[u64], expect: Option<u64>| {
            let found = entry_of_vdso(|index| words.get(index as usize).copied());
            assert_eq!(found, expect, "{words:?}");
        };
        check(&[1, 77, 0, 88, 89, 0, 6, 4096, 33, 7777, 0, 0], Some(8));
        check(&[0, 0, 0, 33, 7777, 0, 0], Some(3));
        check(&[1, 33, 0, 33, 0, 6, 33, 0, 0], None);
        check(&[1, 77, 0, 88], None);
    }
}
