//! Clocks, and timers that are descriptors: `clock_gettime(2)`, `timerfd_create(2)`.

use std::ffi::{c_int, c_ulong};
use std::io::Result;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use crate::error::{check, check_int};
use crate::process::Pid;

/// What a clock shows. `None`: there is no such clock.
#[must_use]
pub fn clock(id: c_int) -> Option<Duration> {
    // SAFETY: an all-zero timespec is valid, and the pointer outlives the call.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        (libc::clock_gettime(id, &mut time) == 0).then_some(time)?
    };
    let seconds = u64::try_from(time.tv_sec).ok()?;
    Some(Duration::new(seconds, u32::try_from(time.tv_nsec).ok()?))
}

/// Processor time of this thread so far.
#[must_use]
pub fn own_processor_time() -> Duration {
    clock(libc::CLOCK_THREAD_CPUTIME_ID).unwrap_or_default()
}

/// How many ticks a second has for `times(2)`.
#[must_use]
pub fn ticks_per_second() -> u64 {
    // SAFETY: a plain number.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    u64::try_from(ticks).unwrap_or(100).max(1)
}

/// A number that the kernel tells of a timer that is a descriptor, `proc(5)`. `None`: it is no timer.
fn number_of(timer: BorrowedFd<'_>, name: &str) -> Option<u64> {
    let path = format!("/proc/self/fdinfo/{}", timer.as_raw_fd());
    let text = std::fs::read_to_string(path).ok()?;
    let number = text.lines().find_map(|line| line.strip_prefix(name));
    number?.trim().parse().ok()
}

/// Which clock a timer goes by. `None`: it is no timer.
#[must_use]
pub fn clock_of_timer(timer: BorrowedFd<'_>) -> Option<c_int> {
    c_int::try_from(number_of(timer, "clockid:")?).ok()
}

/// How often a timer has expired since it was last read. `None`: it is no timer.
#[must_use]
pub fn unread_expiries(timer: BorrowedFd<'_>) -> Option<u64> {
    number_of(timer, "ticks:")
}

/// Disarms a timer, and makes it one that has not expired since it was last read.
///
/// # Errors
/// The kernel's.
pub fn forget_expiries(timer: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: an all-zero itimerspec is valid, and the pointer outlives the call.
    unsafe {
        let none: libc::itimerspec = std::mem::zeroed();
        check_int(libc::timerfd_settime(
            timer.as_raw_fd(),
            0,
            &none,
            std::ptr::null_mut(),
        ))
        .map(drop)
    }
}

/// Makes a timer one that has expired so often and was not read since: wakes those that wait for it.
///
/// # Errors
/// The kernel's.
pub fn set_expiries(timer: BorrowedFd<'_>, count: u64) -> Result<()> {
    /// `TFD_IOC_SET_TICKS` of `linux/timerfd.h`.
    const SET_TICKS: c_ulong = 0x4008_5400;
    // SAFETY: the request reads one word, which outlives the call.
    let set = unsafe { libc::ioctl(timer.as_raw_fd(), SET_TICKS as _, &raw const count) };
    if set == 0 || count != 1 {
        return check_int(set).map(drop);
    }
    // A kernel without checkpoints does not know the request; but one expiry it makes by itself.
    // SAFETY: an all-zero itimerspec is valid, and the pointer outlives the call.
    unsafe {
        let mut soon: libc::itimerspec = std::mem::zeroed();
        soon.it_value.tv_nsec = 1;
        check_int(libc::timerfd_settime(
            timer.as_raw_fd(),
            0,
            &soon,
            std::ptr::null_mut(),
        ))
        .map(drop)
    }
}

/// Whether a descriptor of this process and one of another stand for the same open file, `kcmp(2)`.
#[must_use]
pub fn is_same_file(own: BorrowedFd<'_>, process: Pid, fd: c_int) -> bool {
    const KCMP_FILE: c_int = 0;
    // SAFETY: numbers only.
    let order = unsafe {
        libc::syscall(
            libc::SYS_kcmp,
            libc::getpid(),
            process,
            KCMP_FILE,
            own.as_raw_fd(),
            fd,
        )
    };
    // A filter of a container's may refuse that call; what fails otherwise fails here as well.
    order == 0 || (order < 0 && shows_the_same_flag(own, process, fd))
}

/// The same without `kcmp(2)`: a flag of the open file that means nothing to a timer is changed on our copy, and is seen on the
/// other one if both are one. The tracee is stopped meanwhile.
fn shows_the_same_flag(own: BorrowedFd<'_>, process: Pid, fd: c_int) -> bool {
    let flags = || -> Option<c_int> {
        let about = std::fs::read_to_string(format!("/proc/{process}/fdinfo/{fd}")).ok()?;
        let line = about.lines().find_map(|line| line.strip_prefix("flags:"))?;
        c_int::from_str_radix(line.trim(), 8).ok()
    };
    // SAFETY: numbers only.
    let set = |flags: c_int| unsafe { libc::fcntl(own.as_raw_fd(), libc::F_SETFL, flags) };
    // SAFETY: numbers only.
    let before = unsafe { libc::fcntl(own.as_raw_fd(), libc::F_GETFL) };
    let shows = |wanted: c_int| flags().is_some_and(|seen| seen & libc::O_APPEND == wanted);
    let flag = before & libc::O_APPEND;
    let other = flag ^ libc::O_APPEND;
    let same = before >= 0 && shows(flag) && set(before ^ libc::O_APPEND) == 0 && shows(other);
    if before >= 0 {
        set(before);
    }
    same
}

/// Sends the signal of a POSIX timer, as `timer_create(2)` describes it, to a process or (`thread`) to one of its threads.
///
/// # Errors
/// The kernel's.
pub fn send_timer_signal(
    process: Pid,
    thread: Option<Pid>,
    signal: c_int,
    timer: c_int,
    value: u64,
) -> Result<()> {
    /// How the kernel lays out the `siginfo_t` of a timer: the union begins at the fourth word of 32 bits.
    #[repr(C)]
    struct TimerInfo {
        signal: c_int,
        errno: c_int,
        code: c_int,
        padding: c_int,
        timer: c_int,
        overrun: c_int,
        value: u64,
        rest: [u64; 12],
    }
    let info = TimerInfo {
        signal,
        errno: 0,
        code: libc::SI_TIMER,
        padding: 0,
        timer,
        overrun: 0,
        value,
        rest: [0; 12],
    };
    // SAFETY: the struct has the size and the layout of siginfo_t, and the kernel only reads it.
    check(unsafe {
        match thread {
            Some(thread) => libc::syscall(
                libc::SYS_rt_tgsigqueueinfo,
                process,
                thread,
                signal,
                &raw const info,
            ),
            None => libc::syscall(libc::SYS_rt_sigqueueinfo, process, signal, &raw const info),
        }
    })
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_there_are_show_a_time() {
        for (id, there) in [
            (libc::CLOCK_REALTIME, true),
            (libc::CLOCK_MONOTONIC, true),
            (99, false),
        ] {
            assert_eq!(clock(id).is_some(), there, "{id}");
        }
    }
}
