//! Calls that wait for a time at the most: where that time stands, and what they return when it is up.

use std::ffi::c_int;
use std::time::Duration;

use ipclab_kernel::arch::older;
use ipclab_kernel::{Pid, memory};

/// A call that waits for a time at the most.
#[derive(Debug)]
pub(crate) struct TimedCall {
    number: i64,
    /// Which argument holds the time.
    pub(crate) at: usize,
    /// As what.
    pub(crate) unit: Unit,
    /// What it returns when the time is up.
    pub(crate) expired: Expired,
    /// Where it says how much of the time is left.
    pub(crate) left: Left,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// At an address: seconds and nanoseconds.
    Timespec,
    /// At an address: seconds and microseconds.
    Timeval,
    /// In the argument itself: milliseconds.
    Millis,
}

/// What a call returns when its time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    /// It has slept: 0.
    Slept,
    /// Nothing has happened: 0.
    Nothing,
    /// The same, and its sets of descriptors are empty.
    NoneSelected,
    /// The same, and no descriptor of its list has any event.
    NonePolled,
    /// It fails with this.
    Fails(i32),
}

/// Where a call says how much of its time is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nowhere.
    Nowhere,
    /// Where the time stood, whatever ended it.
    InPlace,
    /// In this argument, when a signal ended it.
    WhenInterrupted(usize),
}

const fn call(number: i64, at: usize, unit: Unit, expired: Expired, left: Left) -> TimedCall {
    TimedCall {
        number,
        at,
        unit,
        expired,
        left,
    }
}

const AGAIN: Expired = Expired::Fails(libc::EAGAIN);
const TIMED_OUT: Expired = Expired::Fails(libc::ETIMEDOUT);

#[rustfmt::skip]
const CALLS: &[TimedCall] = &[
    call(libc::SYS_nanosleep, 0, Unit::Timespec, Expired::Slept, Left::WhenInterrupted(1)),
    call(libc::SYS_clock_nanosleep, 2, Unit::Timespec, Expired::Slept, Left::WhenInterrupted(3)),
    call(older::SYS_select, 4, Unit::Timeval, Expired::NoneSelected, Left::InPlace),
    call(libc::SYS_pselect6, 4, Unit::Timespec, Expired::NoneSelected, Left::InPlace),
    call(older::SYS_poll, 2, Unit::Millis, Expired::NonePolled, Left::Nowhere),
    call(libc::SYS_ppoll, 2, Unit::Timespec, Expired::NonePolled, Left::InPlace),
    call(older::SYS_epoll_wait, 3, Unit::Millis, Expired::Nothing, Left::Nowhere),
    call(libc::SYS_epoll_pwait, 3, Unit::Millis, Expired::Nothing, Left::Nowhere),
    call(libc::SYS_epoll_pwait2, 3, Unit::Timespec, Expired::Nothing, Left::Nowhere),
    call(libc::SYS_futex, 3, Unit::Timespec, TIMED_OUT, Left::Nowhere),
    call(libc::SYS_futex_waitv, 3, Unit::Timespec, TIMED_OUT, Left::Nowhere),
    call(libc::SYS_semtimedop, 3, Unit::Timespec, AGAIN, Left::Nowhere),
    call(libc::SYS_rt_sigtimedwait, 2, Unit::Timespec, AGAIN, Left::Nowhere),
    call(libc::SYS_mq_timedsend, 4, Unit::Timespec, TIMED_OUT, Left::Nowhere),
    call(libc::SYS_mq_timedreceive, 4, Unit::Timespec, TIMED_OUT, Left::Nowhere),
];

/// Calls that say `EINTR` to a thread that is traced, and that a signal has waken which it ignores: without a tracer no such
/// signal wakes it.
const WAKEN_BY_IGNORED: [i64; 6] = [
    older::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_rt_sigtimedwait,
];

/// Whether a call may say `EINTR` although no handler ran.
pub(crate) fn is_woken_by_ignored(number: i64) -> bool {
    WAKEN_BY_IGNORED.contains(&number)
}

/// The row of a call that may wait for a time.
pub(crate) fn timed(number: u64) -> Option<&'static TimedCall> {
    CALLS.iter().find(|call| call.number == number as i64)
}

impl TimedCall {
    /// The clock that the time is read on, where it is a moment and not a length.
    pub(crate) fn absolute(&self, args: &[u64; 6]) -> Option<c_int> {
        const WAIT: u64 = libc::FUTEX_WAIT as u64;
        const LOCK_PI: u64 = libc::FUTEX_LOCK_PI as u64;
        let by_flag = |flag: bool| match flag {
            true => libc::CLOCK_REALTIME,
            false => libc::CLOCK_MONOTONIC,
        };
        match self.number {
            libc::SYS_clock_nanosleep => {
                (args[1] & libc::TIMER_ABSTIME as u64 != 0).then_some(args[0] as c_int)
            }
            libc::SYS_mq_timedsend | libc::SYS_mq_timedreceive => Some(libc::CLOCK_REALTIME),
            libc::SYS_futex_waitv => Some(args[4] as c_int),
            libc::SYS_futex => match args[1] & 0x7f {
                WAIT => None,
                LOCK_PI => Some(libc::CLOCK_REALTIME),
                _ => Some(by_flag(args[1] & libc::FUTEX_CLOCK_REALTIME as u64 != 0)),
            },
            _ => None,
        }
    }

    /// Whether a clock of processor time says how long: that is no affair of the case's clock.
    pub(crate) fn counts_processor_time(&self, args: &[u64; 6]) -> bool {
        self.number == libc::SYS_clock_nanosleep
            && !matches!(
                args[0] as c_int,
                libc::CLOCK_REALTIME
                    | libc::CLOCK_MONOTONIC
                    | libc::CLOCK_BOOTTIME
                    | libc::CLOCK_TAI
            )
    }

    /// Whether it waits for nothing but the time.
    pub(crate) fn sleeps(&self, args: &[u64; 6]) -> bool {
        match self.number {
            libc::SYS_nanosleep | libc::SYS_clock_nanosleep => true,
            older::SYS_select | libc::SYS_pselect6 => args[1..4] == [0; 3] || args[0] as i32 == 0,
            older::SYS_poll | libc::SYS_ppoll => args[1] == 0,
            _ => false,
        }
    }

    /// The time that a call asks for. `None`: none at all, one that has passed already, or one that the kernel refuses.
    pub(crate) fn time(&self, tid: Pid, args: &[u64; 6]) -> Option<Duration> {
        let time = match self.unit {
            Unit::Millis => {
                let millis = u64::try_from(args[self.at] as i32).ok()?;
                Duration::from_millis(millis)
            }
            unit => read(tid, args[self.at], unit)?,
        };
        let is_moment = self.absolute(args).is_some();
        (is_moment || !time.is_zero()).then_some(time)
    }
}

/// Reads a time of a program. `None`: there is none, or the kernel would refuse it.
pub(crate) fn read(tid: Pid, at: u64, unit: Unit) -> Option<Duration> {
    let mut bytes = [0; 16];
    if at == 0 || memory::read_memory(tid, at, &mut bytes) != bytes.len() {
        return None;
    }
    let word = |at: usize| i64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap_or_default());
    let (seconds, rest) = (u64::try_from(word(0)).ok()?, u64::try_from(word(8)).ok()?);
    match unit {
        Unit::Timeval => {
            Some(Duration::from_secs(seconds).saturating_add(Duration::from_micros(rest)))
        }
        _ if rest < 1_000_000_000 => Some(Duration::new(seconds, rest as u32)),
        _ => None,
    }
}

/// The micro- or nanoseconds of a time of a program, beside its seconds.
pub(crate) fn rest(tid: Pid, at: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    let read = memory::read_memory(tid, at.wrapping_add(8), &mut bytes);
    (read == bytes.len()).then(|| u64::from_ne_bytes(bytes))
}

/// How a time is written into a program's memory.
pub(crate) fn written(time: Duration, unit: Unit) -> [u8; 16] {
    let rest = match unit {
        Unit::Timeval => time.subsec_micros(),
        _ => time.subsec_nanos(),
    };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&time.as_secs().to_ne_bytes());
    bytes[8..].copy_from_slice(&u64::from(rest).to_ne_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: i64) -> &'static TimedCall {
        timed(number as u64).unwrap()
    }

    #[test]
    fn each_call_has_its_time_as_a_length_or_on_a_clock() {
        let absolute = libc::TIMER_ABSTIME as u64;
        let real = Some(libc::CLOCK_REALTIME);
        let monotonic = Some(libc::CLOCK_MONOTONIC);
        for (number, args, expect) in [
            (libc::SYS_nanosleep, [0; 6], None),
            (libc::SYS_clock_nanosleep, [1, 0, 0, 0, 0, 0], None),
            (
                libc::SYS_clock_nanosleep,
                [1, absolute, 0, 0, 0, 0],
                monotonic,
            ),
            (libc::SYS_clock_nanosleep, [0, absolute, 0, 0, 0, 0], real),
            (libc::SYS_futex, [0, 128, 0, 0, 0, 0], None),
            (libc::SYS_futex, [0, 9, 0, 0, 0, 0], monotonic),
            (libc::SYS_futex, [0, 9 | 256, 0, 0, 0, 0], real),
            (libc::SYS_futex, [0, 6, 0, 0, 0, 0], real),
            (libc::SYS_futex, [0, 13, 0, 0, 0, 0], monotonic),
            (libc::SYS_futex_waitv, [0, 0, 0, 0, 1, 0], monotonic),
            (libc::SYS_mq_timedsend, [0; 6], real),
            (older::SYS_poll, [0; 6], None),
        ] {
            assert_eq!(row(number).absolute(&args), expect, "{number} {args:?}");
        }
    }

    #[test]
    fn a_wait_for_no_descriptor_is_a_sleep() {
        for (number, args, expect) in [
            (libc::SYS_nanosleep, [0; 6], true),
            (older::SYS_select, [0, 0, 0, 0, 8, 0], true),
            (older::SYS_select, [4, 8, 0, 0, 8, 0], false),
            (older::SYS_poll, [0, 0, 8, 0, 0, 0], true),
            (older::SYS_poll, [8, 1, 8, 0, 0, 0], false),
            (older::SYS_epoll_wait, [3, 8, 1, 5, 0, 0], false),
        ] {
            assert_eq!(row(number).sleeps(&args), expect, "{number} {args:?}");
        }
    }

    #[test]
    fn milliseconds_stand_in_the_argument() {
        let check = |millis: i32, expect: Option<u64>| {
            let args = [0, 0, millis as u64, 0, 0, 0];
            let time = row(older::SYS_poll).time(0, &args);
            assert_eq!(time, expect.map(Duration::from_millis), "{millis}");
        };
        check(250, Some(250));
        check(0, None);
        check(-1, None);
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        let own = std::process::id() as Pid;
        let time = Duration::new(3, 7_000);
        for unit in [Unit::Timespec, Unit::Timeval] {
            let bytes = written(time, unit);
            assert_eq!(
                read(own, bytes.as_ptr() as u64, unit),
                Some(time),
                "{unit:?}"
            );
        }
        let refused = [[-1i64, 0], [0, -1], [0, 1_000_000_000]];
        for time in refused {
            assert_eq!(
                read(own, time.as_ptr() as u64, Unit::Timespec),
                None,
                "{time:?}"
            );
        }
        assert_eq!(read(own, 0, Unit::Timespec), None);
    }
}
