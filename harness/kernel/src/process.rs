//! Processes: making and ending them, what they may do, and handles on them.

use std::ffi::{CStr, CString, c_int};
use std::io::{self, Result};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use crate::error::{check, check_int};

/// Process id in the caller's pid namespace.
pub type Pid = i32;

/// Ends this process at once, without destructors: for children that never exec'd.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: _exit(2) only ends the process.
    unsafe { libc::_exit(status) }
}

/// `execve(2)`: returns only when it failed.
pub fn exec(path: &CStr, argv: &[CString], env: &[CString]) -> io::Error {
    let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
        list.iter()
            .map(|text| text.as_ptr())
            .chain([std::ptr::null()])
            .collect()
    };
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: both lists end with a null pointer and point at strings that outlive the call.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

/// `kill(2)`.
pub fn kill(pid: Pid, signal: c_int) -> Result<()> {
    // SAFETY: numbers only.
    check_int(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// Where a thread keeps the list of its robust mutexes, `get_robust_list(2)`: within what the C library has for it alone.
/// `None`: nowhere, or it may not be asked.
#[must_use]
pub fn robust_list(tid: Pid) -> Option<u64> {
    let (mut head, mut length) = (0_u64, 0_usize);
    // SAFETY: the call writes one address and one length, and both are ours.
    let done = unsafe {
        libc::syscall(
            libc::SYS_get_robust_list,
            tid,
            &raw mut head,
            &raw mut length,
        )
    };
    (done == 0 && head != 0).then_some(head)
}

/// `setsid(2)`.
pub fn new_session() -> Result<()> {
    // SAFETY: no arguments.
    check_int(unsafe { libc::setsid() }).map(drop)
}

/// Becomes one user and group, real, effective and saved, with no supplementary groups where that may be set.
pub fn become_user(uid: u32, gid: u32, drop_groups: bool) -> Result<()> {
    if drop_groups {
        self::drop_groups()?;
    }
    // SAFETY: plain numbers. The raw calls concern this thread only, and the callers have one thread.
    unsafe {
        check(libc::syscall(libc::SYS_setresgid, gid, gid, gid))?;
        check(libc::syscall(libc::SYS_setresuid, uid, uid, uid))?;
    }
    Ok(())
}

/// Takes a user's number as real and effective id, for the user and the group, and keeps root's as the saved one: then the
/// kernel takes this process for that user's, and [`become_root_again`] goes back.
pub fn lower_to_user(id: u32) -> Result<()> {
    // SAFETY: as above.
    unsafe {
        check(libc::syscall(libc::SYS_setresgid, id, id, 0))?;
        check(libc::syscall(libc::SYS_setresuid, id, id, 0)).map(drop)
    }
}

/// Undoes [`lower_to_user`].
pub fn become_root_again() -> Result<()> {
    // SAFETY: as above.
    unsafe {
        check(libc::syscall(libc::SYS_setresuid, 0, 0, 0))?;
        check(libc::syscall(libc::SYS_setresgid, 0, 0, 0)).map(drop)
    }
}

/// Drops all supplementary groups, `setgroups(2)`.
pub fn drop_groups() -> Result<()> {
    // SAFETY: the null list has length 0.
    check(unsafe { libc::syscall(libc::SYS_setgroups, 0usize, std::ptr::null::<libc::gid_t>()) })
        .map(drop)
}

/// Gives up every capability, the bounding and ambient sets aside: those go with `no_new_privs` and exec.
pub fn drop_capabilities() -> Result<()> {
    let header: [u32; 2] = [0x2008_0522, 0]; // _LINUX_CAPABILITY_VERSION_3, this thread
    let none = [0u32; 6];
    // SAFETY: both arrays have the layout of capset(2)'s version 3 and outlive the call.
    check(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) }).map(drop)
}

/// `prctl(2)` with one number.
pub fn prctl(option: c_int, value: usize) -> Result<()> {
    // SAFETY: every option used by this crate takes numbers, no pointers.
    check_int(unsafe { libc::prctl(option, value, 0usize, 0usize, 0usize) }).map(drop)
}

/// Resources, as the C library types them.
#[cfg(target_env = "musl")]
pub type Resource = c_int;
/// Resources, as the C library types them.
#[cfg(not(target_env = "musl"))]
pub type Resource = libc::__rlimit_resource_t;

fn limit(resource: Resource) -> Result<libc::rlimit> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the struct outlives the call.
    check_int(unsafe { libc::getrlimit(resource, &mut limit) })?;
    Ok(limit)
}

fn set_limit(resource: Resource, soft: u64, hard: u64) -> Result<()> {
    let limit = libc::rlimit {
        rlim_cur: soft,
        rlim_max: hard,
    };
    // SAFETY: the struct outlives the call.
    check_int(unsafe { libc::setrlimit(resource, &limit) }).map(drop)
}

/// `setrlimit(2)`: allows as much as can be had.
pub fn raise_limit(resource: Resource) -> Result<()> {
    if set_limit(resource, libc::RLIM_INFINITY, libc::RLIM_INFINITY).is_ok() {
        return Ok(());
    }
    let hard = limit(resource)?.rlim_max;
    set_limit(resource, hard, hard)
}

/// The hard limit of a resource, `getrlimit(2)`; `None`: there is none.
///
/// # Errors
/// No such resource.
pub fn hard_limit(resource: Resource) -> Result<Option<u64>> {
    let hard = limit(resource)?.rlim_max;
    Ok((hard != libc::RLIM_INFINITY).then_some(hard))
}

/// `setrlimit(2)`: the soft limit, as far as the hard one allows it, which stays.
///
/// # Errors
/// No such resource.
pub fn set_soft_limit(resource: Resource, value: u64) -> Result<()> {
    let hard = limit(resource)?.rlim_max;
    set_limit(resource, value.min(hard), hard)
}

/// `setrlimit(2)`, soft and hard alike; where the hard limit is lower already, it stays.
pub fn lower_limit(resource: Resource, value: u64) -> Result<()> {
    let value = value.min(limit(resource)?.rlim_max);
    set_limit(resource, value, value)
}

/// Lets what this process executes find its memory at the same addresses in every run, `personality(2)`: a program that
/// uses what it never set does the same each time, and addresses that are printed are the same.
pub fn disable_address_randomization() -> Result<()> {
    // SAFETY: a plain number.
    check_int(unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) }).map(drop)
}

/// `pidfd_open(2)`.
pub fn pidfd_open(pid: Pid) -> Result<OwnedFd> {
    // SAFETY: numbers only; the new descriptor has no other owner.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// The same for a single thread, where the kernel knows that (6.9): the first thread of a process may be gone before the others.
pub fn pidfd_open_thread(tid: Pid) -> Result<OwnedFd> {
    // SAFETY: numbers only; the new descriptor has no other owner. PIDFD_THREAD has the value of O_EXCL.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, tid, libc::O_EXCL) })?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// A copy of another process's descriptor, `pidfd_getfd(2)`.
pub fn copy_descriptor(process: BorrowedFd<'_>, fd: RawFd) -> Result<OwnedFd> {
    // SAFETY: numbers only; the new descriptor has no other owner.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) })?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Whether the kernel copies descriptors of other processes here, tried on this one: a container's filter may refuse it.
#[must_use]
pub fn can_copy_descriptors() -> bool {
    let Ok((_reader, writer)) = crate::descriptor::pipe() else {
        return true;
    };
    let own = pidfd_open(std::process::id() as Pid);
    own.and_then(|own| copy_descriptor(own.as_fd(), writer.as_raw_fd()))
        .is_ok()
}

/// CPU time of a whole process so far in microseconds, `clock_getcpuclockid(3)`.
pub fn cpu_time_us(pid: Pid) -> Option<u64> {
    // SAFETY: an all-zero timespec is valid; both pointers outlive their calls.
    unsafe {
        let mut clock = 0;
        if libc::clock_getcpuclockid(pid, &mut clock) != 0 {
            return None;
        }
        let mut time: libc::timespec = std::mem::zeroed();
        (libc::clock_gettime(clock, &mut time) == 0)
            .then(|| time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000)
    }
}
