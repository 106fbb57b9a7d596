//! Signals of this process, and waiting for one or for a descriptor.

use std::ffi::c_int;
use std::io::{self, Result};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::check_int;

/// Blocks `SIGCHLD` and gives it a handler that does nothing, so that only [`poll_with_children`] is woken by it;
/// ignores `SIGPIPE`, `SIGTTOU` and `SIGTTIN`.
pub fn prepare_signals() -> Result<()> {
    extern "C" fn nothing(_signal: c_int) {}
    // SAFETY: the handler does nothing, so it is async-signal-safe; structs are zeroed before their fields are set.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        check_int(libc::sigaction(
            libc::SIGCHLD,
            &action,
            std::ptr::null_mut(),
        ))?;
        let mut blocked: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut blocked);
        libc::sigaddset(&mut blocked, libc::SIGCHLD);
        check_int(libc::sigprocmask(
            libc::SIG_SETMASK,
            &blocked,
            std::ptr::null_mut(),
        ))?;
        for signal in [libc::SIGPIPE, libc::SIGTTOU, libc::SIGTTIN] {
            libc::signal(signal, libc::SIG_IGN);
        }
        // Handlers of ours go with exec; what is ignored stays, also what the process that started the tool ignored.
        let mut ignored = 0;
        for signal in 1..=64 {
            let mut action: libc::sigaction = std::mem::zeroed();
            let known = libc::sigaction(signal, std::ptr::null(), &mut action) == 0;
            if known && action.sa_sigaction == libc::SIG_IGN {
                ignored |= 1 << (signal - 1);
            }
        }
        IGNORED.store(ignored, Ordering::Relaxed);
    }
    Ok(())
}

/// What this process ignores since [`prepare_signals`]: bit 0 is signal 1.
static IGNORED: AtomicU64 = AtomicU64::new(0);

/// Takes a `SIGCHLD` that is pending: [`poll_with_children`] is then woken only by what happens from now on. What had
/// happened before is asked for afterwards.
pub fn drain_sigchld() {
    // SAFETY: the set is initialised by sigemptyset; the timeout outlives the call.
    unsafe {
        let mut children: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut children);
        libc::sigaddset(&mut children, libc::SIGCHLD);
        let at_once: libc::timespec = std::mem::zeroed();
        libc::sigtimedwait(&children, std::ptr::null_mut(), &at_once);
    }
}

/// Set when this process is asked to end.
static TERMINATION_REQUESTED: AtomicBool = AtomicBool::new(false);

/// From here on a `SIGTERM`, `SIGINT` or `SIGHUP` is noted, and wakes [`poll_with_children`].
pub fn catch_termination() -> Result<()> {
    extern "C" fn note(_signal: c_int) {
        TERMINATION_REQUESTED.store(true, Ordering::Relaxed);
    }
    // SAFETY: the handler only stores to an atomic; structs are zeroed before their fields are set.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = note as *const () as usize;
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            check_int(libc::sigaction(signal, &action, std::ptr::null_mut()))?;
        }
    }
    Ok(())
}

/// Whether this process is asked to end.
pub fn termination_requested() -> bool {
    TERMINATION_REQUESTED.load(Ordering::Relaxed)
}

/// Gives a signal its default disposition.
pub fn reset(signal: c_int) {
    // SAFETY: a default disposition needs no handler.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
    }
}

/// Undoes [`prepare_signals`] and everything inherited: what a program that is about to start expects.
pub fn restore_default_signals() {
    // SAFETY: setting default dispositions and an empty mask.
    unsafe {
        let ignored = IGNORED.load(Ordering::Relaxed);
        for signal in (1..=64).filter(|signal| ignored >> (signal - 1) & 1 == 1) {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
    }
}

/// Ignores `SIGCHLD` (children vanish by themselves) and sleeps for ever: the first process of a pid namespace.
pub fn reap_for_ever() -> ! {
    // SAFETY: as above.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
        loop {
            libc::pause();
        }
    }
}

/// `ppoll(2)` that a `SIGCHLD`, blocked at all other times, interrupts. Readiness is left in `revents`.
pub fn poll_with_children(fds: &mut [libc::pollfd], timeout: std::time::Duration) -> Result<()> {
    let timeout = libc::timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: libc::c_long::from(timeout.subsec_nanos() as i32),
    };
    // SAFETY: the set is initialised by sigemptyset; all pointers outlive the call.
    let result = unsafe {
        let mut open: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut open);
        libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, &timeout, &open)
    };
    if result < 0 {
        for fd in fds.iter_mut() {
            fd.revents = 0;
        }
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::Interrupted {
            Ok(())
        } else {
            Err(error)
        };
    }
    Ok(())
}
