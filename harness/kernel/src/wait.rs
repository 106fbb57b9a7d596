//! Wait statuses of children, `wait4(2)`.

use std::ffi::c_int;
use std::io::{self, Result};

use crate::process::Pid;

/// A wait status with its process.
#[derive(Clone, Copy, Debug)]
pub struct Waited {
    /// Who.
    pub pid: Pid,
    /// As `wait(2)` encodes it.
    pub status: c_int,
    /// CPU time that it used, user and system, in microseconds; only meaningful once it ended.
    pub cpu_us: u64,
    /// Largest resident set in KiB; likewise.
    pub rss_max_kib: u64,
}

/// `wait4(2)` for one child, or for any (-1). `None`: there is nothing to report now, with `WNOHANG`.
fn wait(who: Pid, flags: c_int) -> Result<Option<Waited>> {
    loop {
        let mut status = 0;
        // SAFETY: an all-zero rusage is valid, and both pointers outlive the call.
        let (pid, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            let pid = libc::wait4(who, &mut status, libc::__WALL | flags, &mut usage);
            (pid, usage)
        };
        if pid > 0 {
            let us = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
            return Ok(Some(Waited {
                pid,
                status,
                cpu_us: us(usage.ru_utime) + us(usage.ru_stime),
                rss_max_kib: usage.ru_maxrss as u64,
            }));
        }
        if pid == 0 {
            return Ok(None);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINTR) {
            return Err(error);
        }
    }
}

/// Whatever any child has to tell. `None`: nothing now, or (when blocking) no children at all.
pub fn wait_any(block: bool) -> Result<Option<Waited>> {
    match wait(-1, if block { 0 } else { libc::WNOHANG }) {
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        other => other,
    }
}

/// Whatever one child has to tell next.
pub fn wait_one(pid: Pid) -> Result<Waited> {
    // Without WNOHANG the kernel never says "nothing now".
    wait(pid, 0)?.ok_or_else(|| io::Error::from_raw_os_error(libc::ECHILD))
}

/// Whether a child has something to tell that was not yet taken, without taking it.
pub fn is_any_pending() -> bool {
    // SAFETY: an all-zero siginfo_t is valid, and si_pid stays 0 when no child has anything to tell; WNOWAIT leaves every
    // child as it is.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
        libc::waitid(libc::P_ALL, 0, &mut info, flags) == 0 && info.si_pid() != 0
    }
}

/// Whether a child has ended, and reaps it if so.
pub fn try_reap(pid: Pid) -> bool {
    let ended = |waited: Waited| libc::WIFEXITED(waited.status) || libc::WIFSIGNALED(waited.status);
    wait(pid, libc::WNOHANG).is_ok_and(|waited| waited.is_some_and(ended))
}

/// `waitpid(2)` for one child, until it ended.
pub fn wait_for_exit(pid: Pid) -> Result<c_int> {
    loop {
        let mut status = 0;
        // SAFETY: the pointer outlives the call.
        let got = unsafe { libc::waitpid(pid, &mut status, libc::__WALL) };
        if got == pid && (libc::WIFEXITED(status) || libc::WIFSIGNALED(status)) {
            return Ok(status);
        }
        if got < 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(libc::EINTR) {
                return Err(error);
            }
        }
    }
}
