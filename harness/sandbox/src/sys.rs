//! The kernel calls that no safe wrapper covers: the only file of the harness with `unsafe`.
//!
//! Every function is a thin, safe face of one call (or of one idiom that must not be split). Nothing here decides
//! anything; what the calls are for is said where they are used.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr, c_int, c_long, c_void};
use std::io::{self, Result};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Process id in the caller's pid namespace.
pub(crate) type Pid = i32;

fn check(result: c_long) -> Result<c_long> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn check_int(result: c_int) -> Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Says in an error what was being done.
pub(crate) fn doing<T>(what: impl std::fmt::Display, result: Result<T>) -> Result<T> {
    result.map_err(|error| io::Error::new(error.kind(), format!("{what}: {error}")))
}

/// A path or name for the kernel.
///
/// # Errors
/// `InvalidInput` when it holds a NUL.
pub(crate) fn c_string(text: impl AsRef<OsStr>) -> Result<CString> {
    CString::new(text.as_ref().as_bytes()).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "a path or argument holds a NUL byte",
        )
    })
}

/// `clone(2)` as a fork into new namespaces: returns 0 in the child.
///
/// Only for a process with one thread: the child goes on with a copy of all memory, locks included.
pub(crate) fn clone_process(namespaces: c_int) -> Result<Pid> {
    // SAFETY: no stack and no pointers are given, so the child continues on a copy of this stack exactly as after
    // fork(2). The callers (keeper and supervisor) are single-threaded, so no lock can be held by a thread that the
    // child lacks.
    let pid = check(unsafe {
        libc::syscall(
            libc::SYS_clone,
            c_long::from(namespaces | libc::SIGCHLD),
            0usize,
            0usize,
            0usize,
            0usize,
        )
    })?;
    Ok(pid as Pid)
}

/// Ends this process at once, without destructors: for children that never exec'd.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: _exit(2) only ends the process.
    unsafe { libc::_exit(status) }
}

/// `unshare(2)`.
pub(crate) fn unshare(namespaces: c_int) -> Result<()> {
    // SAFETY: takes flags only.
    check_int(unsafe { libc::unshare(namespaces) }).map(drop)
}

/// `setns(2)`.
pub(crate) fn join_namespace(fd: BorrowedFd<'_>, kind: c_int) -> Result<()> {
    // SAFETY: the descriptor is borrowed for the call.
    check_int(unsafe { libc::setns(fd.as_raw_fd(), kind) }).map(drop)
}

/// Becomes one user and group, real, effective and saved, with no supplementary groups where that may be set.
pub(crate) fn become_user(uid: u32, gid: u32, drop_groups: bool) -> Result<()> {
    // SAFETY: plain numbers; the null list of setgroups has length 0. The raw calls concern this thread only, and the
    // callers have one thread.
    unsafe {
        if drop_groups {
            check(libc::syscall(
                libc::SYS_setgroups,
                0usize,
                std::ptr::null::<libc::gid_t>(),
            ))?;
        }
        check(libc::syscall(libc::SYS_setresgid, gid, gid, gid))?;
        check(libc::syscall(libc::SYS_setresuid, uid, uid, uid))?;
    }
    Ok(())
}

/// Gives up every capability, the bounding and ambient sets aside: those go with `no_new_privs` and exec.
pub(crate) fn drop_capabilities() -> Result<()> {
    let header: [u32; 2] = [0x2008_0522, 0]; // _LINUX_CAPABILITY_VERSION_3, this thread
    let none = [0u32; 6];
    // SAFETY: both arrays have the layout of capset(2)'s version 3 and outlive the call.
    check(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) }).map(drop)
}

/// `prctl(2)` with one number.
pub(crate) fn prctl(option: c_int, value: usize) -> Result<()> {
    // SAFETY: every option used by this crate takes numbers, no pointers.
    check_int(unsafe { libc::prctl(option, value, 0usize, 0usize, 0usize) }).map(drop)
}

/// `setrlimit(2)`, soft and hard alike; where the hard limit is lower already, it stays.
pub(crate) fn lower_limit(resource: libc::__rlimit_resource_t, value: u64) -> Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the struct outlives both calls.
    unsafe {
        check_int(libc::getrlimit(resource, &mut limit))?;
        let value = value.min(limit.rlim_max);
        limit = libc::rlimit {
            rlim_cur: value,
            rlim_max: value,
        };
        check_int(libc::setrlimit(resource, &limit)).map(drop)
    }
}

/// `mount(2)`.
pub(crate) fn mount(
    source: &Path,
    target: &Path,
    kind: &str,
    flags: libc::c_ulong,
    data: &str,
) -> Result<()> {
    let (source, target, kind, data) = (
        c_string(source)?,
        c_string(target)?,
        c_string(kind)?,
        c_string(data)?,
    );
    // SAFETY: four NUL-terminated strings that outlive the call.
    check_int(unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags,
            data.as_ptr().cast::<c_void>(),
        )
    })
    .map(drop)
}

/// `umount2(2)`, lazily.
fn detach(target: &Path) -> Result<()> {
    let target = c_string(target)?;
    // SAFETY: a NUL-terminated string that outlives the call.
    check_int(unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) }).map(drop)
}

/// Sets mount attributes (`MOUNT_ATTR_*`) on a mount and, if asked, on all below it: `mount_setattr(2)`.
pub(crate) fn restrict_mount(target: &Path, attributes: u64, recursive: bool) -> Result<()> {
    #[repr(C)]
    struct MountAttr {
        set: u64,
        clear: u64,
        propagation: u64,
        user_namespace: u64,
    }
    let attributes = MountAttr {
        set: attributes,
        clear: 0,
        propagation: 0,
        user_namespace: 0,
    };
    let target = c_string(target)?;
    let flags = if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the struct has the layout of `struct mount_attr` and its size is passed; both pointers outlive the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            target.as_ptr(),
            flags,
            &raw const attributes,
            size_of::<MountAttr>(),
        )
    })
    .map(drop)
}

/// `pivot_root(".", ".")` and the old root detached: the working directory becomes the root.
pub(crate) fn pivot_here() -> Result<()> {
    // SAFETY: constant NUL-terminated strings.
    check(unsafe { libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()) })?;
    detach(Path::new("."))
}

/// Brings the loopback interface of this network namespace up, `netdevice(7)`.
pub(crate) fn loopback_up() -> Result<()> {
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM, 0)?;
    // SAFETY: an all-zero ifreq is valid; the union field written is the one that SIOCSIFFLAGS reads.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as _;
        request.ifr_name[1] = b'o' as _;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as _;
        check_int(libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as _,
            &request,
        ))
        .map(drop)
    }
}

/// `socket(2)`, close-on-exec.
pub(crate) fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<OwnedFd> {
    // SAFETY: numbers only; the new descriptor is owned by nobody else.
    let fd = check_int(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) })?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Closes every descriptor from a number up, now or (`at_exec`) when a program starts: `close_range(2)`.
pub(crate) fn close_from(first: u32, at_exec: bool) -> Result<()> {
    let flags = if at_exec {
        libc::CLOSE_RANGE_CLOEXEC as c_int
    } else {
        0
    };
    // SAFETY: used only in forked children, where no Rust owner of a higher descriptor will run again.
    check_int(unsafe { libc::close_range(first, u32::MAX, flags) }).map(drop)
}

/// Installs a seccomp filter for this thread, `seccomp(2)`.
pub(crate) fn install_filter(program: &[libc::sock_filter]) -> Result<()> {
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the program outlives the call, which copies it and writes nothing back.
    check(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const program,
        )
    })
    .map(drop)
}

/// `execve(2)`: returns only when it failed.
pub(crate) fn exec(path: &CStr, argv: &[CString], env: &[CString]) -> io::Error {
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

/// A wait status with its process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waited {
    /// Who.
    pub(crate) pid: Pid,
    /// As `wait(2)` encodes it.
    pub(crate) status: c_int,
    /// CPU time that it used, user and system, in microseconds; only meaningful once it ended.
    pub(crate) cpu_us: u64,
    /// Largest resident set in KiB; likewise.
    pub(crate) rss_max_kib: u64,
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
pub(crate) fn wait_any(block: bool) -> Result<Option<Waited>> {
    match wait(-1, if block { 0 } else { libc::WNOHANG }) {
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        other => other,
    }
}

/// Whatever one child has to tell next.
pub(crate) fn wait_next(pid: Pid) -> Result<Waited> {
    // Without WNOHANG the kernel never says "nothing now".
    wait(pid, 0)?.ok_or_else(|| io::Error::from_raw_os_error(libc::ECHILD))
}

/// Whether a child has something to tell that was not yet taken, without taking it.
pub(crate) fn anything_to_reap() -> bool {
    // SAFETY: an all-zero siginfo_t is valid, and si_pid stays 0 when nobody has anything to tell; WNOWAIT leaves every
    // child as it is.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
        libc::waitid(libc::P_ALL, 0, &mut info, flags) == 0 && info.si_pid() != 0
    }
}

/// Whether a child has ended, and reaps it if so.
pub(crate) fn has_ended(pid: Pid) -> bool {
    let ended = |waited: Waited| libc::WIFEXITED(waited.status) || libc::WIFSIGNALED(waited.status);
    wait(pid, libc::WNOHANG).is_ok_and(|waited| waited.is_some_and(ended))
}

/// `waitpid(2)` for one child, until it ended.
pub(crate) fn wait_for(pid: Pid) -> Result<c_int> {
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

/// `kill(2)`.
pub(crate) fn kill(pid: Pid, signal: c_int) -> Result<()> {
    // SAFETY: numbers only.
    check_int(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// A ptrace request without an address.
fn ptrace(request: libc::c_uint, pid: Pid, data: usize) -> Result<()> {
    // SAFETY: only called below with requests whose `data` is a number, never a pointer.
    check(unsafe { libc::ptrace(request, pid, 0usize, data) }).map(drop)
}

/// Attaches without stopping: `PTRACE_SEIZE`.
pub(crate) fn seize(pid: Pid) -> Result<()> {
    let options = libc::PTRACE_O_EXITKILL
        | libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACESECCOMP
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_TRACEEXIT;
    ptrace(libc::PTRACE_SEIZE, pid, options as usize)
}

/// How a stopped tracee goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// To the next event of the filter.
    Run,
    /// To the exit of the call that it is in.
    ToSyscallExit,
    /// For one instruction.
    Step,
    /// Not at all: it stays in its group stop and events are still told.
    Listen,
}

/// Lets a tracee go on, with a signal or 0.
pub(crate) fn resume(pid: Pid, how: Resume, signal: c_int) -> Result<()> {
    let request = match how {
        Resume::Run => libc::PTRACE_CONT,
        Resume::ToSyscallExit => libc::PTRACE_SYSCALL,
        Resume::Step => libc::PTRACE_SINGLESTEP,
        Resume::Listen => libc::PTRACE_LISTEN,
    };
    ptrace(request, pid, signal as usize)
}

/// What a stopped tracee is at, `PTRACE_GET_SYSCALL_INFO`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// Entry of a call.
    Entry {
        /// Its number.
        number: u64,
        /// Its arguments.
        args: [u64; 6],
        /// The user stack pointer.
        stack: u64,
    },
    /// Exit of a call, with its value as the kernel returned it (`-errno` on failure).
    Exit(i64),
    /// Something else.
    Other,
}

/// Reads what call a stopped tracee is at.
pub(crate) fn stop_info(pid: Pid) -> Result<Stop> {
    // SAFETY: an all-zero ptrace_syscall_info is valid; its size is passed; `op` tells which union field was written.
    unsafe {
        let mut info: libc::ptrace_syscall_info = std::mem::zeroed();
        let size = size_of::<libc::ptrace_syscall_info>();
        check(libc::ptrace(
            libc::PTRACE_GET_SYSCALL_INFO,
            pid,
            size,
            &raw mut info,
        ))?;
        Ok(match info.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => Stop::Entry {
                number: info.u.entry.nr,
                args: info.u.entry.args,
                stack: info.stack_pointer,
            },
            libc::PTRACE_SYSCALL_INFO_SECCOMP => Stop::Entry {
                number: info.u.seccomp.nr,
                args: info.u.seccomp.args,
                stack: info.stack_pointer,
            },
            libc::PTRACE_SYSCALL_INFO_EXIT => Stop::Exit(info.u.exit.sval),
            _ => Stop::Other,
        })
    }
}

/// The number that an event stop carries: a new process's id, an exit status. `PTRACE_GETEVENTMSG`.
pub(crate) fn event_message(pid: Pid) -> Result<u64> {
    let mut message: libc::c_ulong = 0;
    // SAFETY: the request writes one unsigned long to the pointer, which outlives the call.
    check(unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, pid, 0usize, &raw mut message) })?;
    Ok(message)
}

/// The registers of a stopped tracee.
pub(crate) fn registers(pid: Pid) -> Result<libc::user_regs_struct> {
    // SAFETY: an all-zero register set is valid, and the request fills exactly this struct.
    unsafe {
        let mut registers: libc::user_regs_struct = std::mem::zeroed();
        check(libc::ptrace(
            libc::PTRACE_GETREGS,
            pid,
            0usize,
            &raw mut registers,
        ))?;
        Ok(registers)
    }
}

/// Writes the registers of a stopped tracee.
pub(crate) fn set_registers(pid: Pid, registers: &libc::user_regs_struct) -> Result<()> {
    // SAFETY: the request only reads this struct.
    check(unsafe {
        libc::ptrace(
            libc::PTRACE_SETREGS,
            pid,
            0usize,
            std::ptr::from_ref(registers),
        )
    })
    .map(drop)
}

/// Where the fault was that the `SIGSEGV` tells of with which a tracee is stopped: an access that its page does not
/// allow, `SEGV_ACCERR` of `sigaction(2)`. `None`: another signal, or another reason for it.
pub(crate) fn forbidden_access(pid: Pid) -> Result<Option<u64>> {
    const SEGV_ACCERR: c_int = 2;
    // SAFETY: an all-zero siginfo_t is valid, the request fills exactly this struct, and a SIGSEGV of the kernel's has
    // an address.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        check(libc::ptrace(
            libc::PTRACE_GETSIGINFO,
            pid,
            0usize,
            &raw mut info,
        ))?;
        let told = info.si_signo == libc::SIGSEGV && info.si_code == SEGV_ACCERR;
        Ok(told.then(|| info.si_addr() as u64))
    }
}

/// Signals that an instruction itself may cause: to hold them back would change what they do.
const SYNCHRONOUS: [c_int; 6] = [
    libc::SIGSEGV,
    libc::SIGTRAP,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGSYS,
];

/// A mask with every signal that does not come of an instruction.
pub(crate) fn asynchronous_signals() -> u64 {
    SYNCHRONOUS
        .iter()
        .fold(u64::MAX, |mask, signal| mask & !(1 << (signal - 1)))
}

/// The signals that a stopped tracee holds back, as bits from signal 1 up, `PTRACE_GETSIGMASK`.
pub(crate) fn held_signals(pid: Pid) -> Result<u64> {
    const PTRACE_GETSIGMASK: libc::c_uint = 0x420a;
    let mut mask = 0u64;
    // SAFETY: the address is the mask's size, as the request wants it, and the mask outlives the call.
    check(unsafe { libc::ptrace(PTRACE_GETSIGMASK, pid, size_of::<u64>(), &raw mut mask) })?;
    Ok(mask)
}

/// Changes the signals that a stopped tracee holds back, `PTRACE_SETSIGMASK`.
pub(crate) fn hold_signals(pid: Pid, mask: u64) -> Result<()> {
    const PTRACE_SETSIGMASK: libc::c_uint = 0x420b;
    // SAFETY: as above; the request only reads the mask.
    check(unsafe { libc::ptrace(PTRACE_SETSIGMASK, pid, size_of::<u64>(), &raw const mask) })
        .map(drop)
}

/// A word of a stopped tracee's memory, even where the tracee itself may not read it now, `PTRACE_PEEKDATA`.
pub(crate) fn peek(pid: Pid, address: u64) -> Result<u64> {
    let mut word = 0u64;
    // SAFETY: the raw request writes the word to the pointer, which outlives the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_ptrace,
            c_long::from(libc::PTRACE_PEEKDATA),
            c_long::from(pid),
            address,
            &raw mut word,
        )
    })?;
    Ok(word)
}

/// Reads a tracee's memory: as many bytes as can be read, which may be fewer than asked for or none.
pub(crate) fn read_memory(pid: Pid, address: u64, buffer: &mut [u8]) -> usize {
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: address as *mut c_void,
        iov_len: buffer.len(),
    };
    // SAFETY: the local vector is this buffer; the remote address is only ever used in the other process.
    let read = unsafe { libc::process_vm_readv(pid, &local, 1, &remote, 1, 0) };
    usize::try_from(read).unwrap_or(0)
}

/// Writes a tracee's memory, all or nothing.
pub(crate) fn write_memory(pid: Pid, address: u64, bytes: &[u8]) -> Result<()> {
    let local = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let remote = libc::iovec {
        iov_base: address as *mut c_void,
        iov_len: bytes.len(),
    };
    // SAFETY: the kernel only reads the local vector; the remote address is only ever used in the other process.
    let wrote = unsafe { libc::process_vm_writev(pid, &local, 1, &remote, 1, 0) };
    if wrote == bytes.len() as isize {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Writes into memory that the process itself may only read, as debuggers do.
///
/// # Errors
/// The kernel's.
pub(crate) fn poke(pid: Pid, address: u64, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::FileExt;
    let memory = std::fs::File::options()
        .write(true)
        .open(format!("/proc/{pid}/mem"))?;
    memory.write_all_at(bytes, address)
}

/// CPU time of a whole process so far in microseconds, `clock_getcpuclockid(3)`.
pub(crate) fn cpu_time_us(pid: Pid) -> Option<u64> {
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

/// `pidfd_open(2)`.
pub(crate) fn pidfd_open(pid: Pid) -> Result<OwnedFd> {
    // SAFETY: numbers only; the new descriptor is owned by nobody else.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// A copy of another process's descriptor, `pidfd_getfd(2)`.
pub(crate) fn copy_descriptor(process: BorrowedFd<'_>, fd: RawFd) -> Result<OwnedFd> {
    // SAFETY: numbers only; the new descriptor is owned by nobody else.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) })?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// One integer socket option, `getsockopt(2)`.
pub(crate) fn socket_option(fd: BorrowedFd<'_>, level: c_int, option: c_int) -> Result<c_int> {
    let mut value: c_int = 0;
    let mut length = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the buffer is an int and its length is passed.
    check_int(unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            level,
            option,
            (&raw mut value).cast(),
            &mut length,
        )
    })?;
    Ok(value)
}

/// Whether a TCP socket waits for its connection to be answered, or holds bytes that it has not sent, `tcp(7)`.
pub(crate) fn tcp_has_to_send(fd: BorrowedFd<'_>) -> bool {
    const SYN_SENT: u8 = 2;
    const SIOCOUTQNSD: libc::Ioctl = 0x894B;
    // SAFETY: an all-zero tcp_info is valid and its size is passed; the ioctl writes one int.
    unsafe {
        let mut info: libc::tcp_info = std::mem::zeroed();
        let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
        let told = libc::getsockopt(
            fd.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &mut length,
        );
        let mut unsent: c_int = 0;
        let asked = libc::ioctl(fd.as_raw_fd(), SIOCOUTQNSD, &mut unsent);
        (told == 0 && info.tcpi_state == SYN_SENT) || (asked == 0 && unsent > 0)
    }
}

/// Lets a socket be bound to a port that an old connection still holds, `socket(7)`. A refusal changes nothing.
pub(crate) fn allow_reuse(fd: BorrowedFd<'_>) {
    let yes: c_int = 1;
    // SAFETY: the buffer is an int and its length is passed.
    unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_REUSEADDR,
            (&raw const yes).cast(),
            size_of::<c_int>() as libc::socklen_t,
        );
    }
}

/// The raw address of a socket's own or other end, `getsockname(2)` and `getpeername(2)`.
pub(crate) fn socket_address(fd: BorrowedFd<'_>, other_end: bool) -> Result<Vec<u8>> {
    let mut buffer = [0u8; 128];
    let mut length = buffer.len() as libc::socklen_t;
    let call = if other_end {
        libc::getpeername
    } else {
        libc::getsockname
    };
    // SAFETY: the buffer has the size of sockaddr_storage and its length is passed; any alignment will do for bytes
    // that the kernel writes with copy_to_user.
    check_int(unsafe { call(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), &mut length) })?;
    Ok(buffer[..(length as usize).min(buffer.len())].to_vec())
}

/// A pseudo-terminal in raw mode without echo: (our end, the program's end), both close-on-exec, ours non-blocking.
pub(crate) fn raw_terminal() -> Result<(OwnedFd, OwnedFd)> {
    // SAFETY: the string is constant; new descriptors are owned by nobody else; the termios struct is filled by
    // tcgetattr before it is read; TIOCGPTPEER takes open flags as its number.
    unsafe {
        let master = check_int(libc::posix_openpt(
            libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC | libc::O_NONBLOCK,
        ))?;
        let master = OwnedFd::from_raw_fd(master);
        let unlock: c_int = 0;
        check_int(libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &unlock))?;
        let slave = check_int(libc::ioctl(
            master.as_raw_fd(),
            libc::TIOCGPTPEER,
            libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC,
        ))?;
        let slave = OwnedFd::from_raw_fd(slave);
        let mut mode: libc::termios = std::mem::zeroed();
        check_int(libc::tcgetattr(slave.as_raw_fd(), &mut mode))?;
        libc::cfmakeraw(&mut mode);
        check_int(libc::tcsetattr(slave.as_raw_fd(), libc::TCSANOW, &mode))?;
        Ok((master, slave))
    }
}

/// `pipe2(2)` with close-on-exec: (read end, write end).
pub(crate) fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for both; the new descriptors are owned by nobody else.
    unsafe {
        check_int(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC))?;
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// A connected pair of sockets with record boundaries, close-on-exec.
pub(crate) fn socket_pair() -> Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: as for pipe.
    unsafe {
        check_int(libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC,
            0,
            ends.as_mut_ptr(),
        ))?;
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// Sends a word and descriptors, `SCM_RIGHTS` of `unix(7)`.
pub(crate) fn send_descriptors(socket: BorrowedFd<'_>, word: &[u8], fds: &[RawFd]) -> Result<()> {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    let word = [io::IoSlice::new(word)];
    let rights = [ControlMessage::ScmRights(fds)];
    sendmsg::<()>(socket.as_raw_fd(), &word, &rights, MsgFlags::empty(), None)
        .map(drop)
        .map_err(io::Error::from)
}

/// As many descriptors as the kernel takes along with one message, `SCM_MAX_FD` of `unix(7)`.
pub(crate) const DESCRIPTORS_MAX: usize = 253;

/// Receives a word, its length, and descriptors, which are then close-on-exec.
pub(crate) fn receive_descriptors(
    socket: BorrowedFd<'_>,
    word: &mut [u8],
) -> Result<(usize, Vec<OwnedFd>)> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    let mut word = [io::IoSliceMut::new(word)];
    let mut room = nix::cmsg_space!([RawFd; DESCRIPTORS_MAX]);
    let message = recvmsg::<()>(
        socket.as_raw_fd(),
        &mut word,
        Some(&mut room),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )?;
    let fds = message
        .cmsgs()?
        .filter_map(|part| match part {
            ControlMessageOwned::ScmRights(fds) => Some(fds),
            _ => None,
        })
        .flatten()
        // SAFETY: the kernel has just made these for us, and nobody else knows of them.
        .map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
        .collect();
    Ok((message.bytes, fds))
}

/// Closes every descriptor but the standard three and these.
pub(crate) fn close_all_but(kept: &[BorrowedFd<'_>]) -> Result<()> {
    let mut kept: Vec<u32> = kept.iter().map(|fd| fd.as_raw_fd() as u32).collect();
    kept.sort_unstable();
    let mut first = 3;
    for fd in kept {
        if fd > first {
            // SAFETY: used only in forked children, where no Rust owner of the others will run again.
            check_int(unsafe { libc::close_range(first, fd - 1, 0) })?;
        }
        first = fd + 1;
    }
    close_from(first, false)
}

/// Makes a descriptor non-blocking.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: numbers only.
    unsafe {
        let flags = check_int(libc::fcntl(fd.as_raw_fd(), libc::F_GETFL))?;
        check_int(libc::fcntl(
            fd.as_raw_fd(),
            libc::F_SETFL,
            flags | libc::O_NONBLOCK,
        ))
        .map(drop)
    }
}

/// Puts a descriptor at a number, without close-on-exec: `dup2(2)` between fork and exec.
pub(crate) fn place(fd: RawFd, at: RawFd) -> Result<()> {
    // SAFETY: numbers only; called between fork and exec, where the number at which it lands has no Rust owner that
    // will run again.
    check_int(unsafe { libc::dup2(fd, at) }).map(drop)
}

/// A copy of a descriptor at the first free number from `lowest` up, close-on-exec.
pub(crate) fn duplicate_above(fd: BorrowedFd<'_>, lowest: c_int) -> Result<OwnedFd> {
    // SAFETY: numbers only; the new descriptor is owned by nobody else.
    unsafe {
        let copy = check_int(libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest))?;
        Ok(OwnedFd::from_raw_fd(copy))
    }
}

/// Opens `/dev/null` again and again, for whatever program comes next, until every number below this is taken.
pub(crate) fn hold_descriptors(below: u32) -> Result<()> {
    let below = c_int::try_from(below).unwrap_or(c_int::MAX);
    if below == 0 {
        return Ok(());
    }
    let null = std::fs::File::open("/dev/null")?;
    loop {
        // SAFETY: numbers only; the copies are the next program's and nobody's here.
        let copy = check_int(unsafe { libc::fcntl(null.as_raw_fd(), libc::F_DUPFD, 3) })?;
        if copy + 1 >= below {
            return Ok(());
        }
    }
}

/// Reads, `None` when a non-blocking descriptor has nothing now.
pub(crate) fn read_some(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Option<usize>> {
    loop {
        // SAFETY: the buffer and its length belong together.
        let got = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
        if got >= 0 {
            return Ok(Some(got as usize));
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => {}
            error if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            error => return Err(error),
        }
    }
}

/// Writes, `None` when a non-blocking descriptor takes nothing now. `SIGPIPE` is ignored in this process.
pub(crate) fn write_some(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<Option<usize>> {
    loop {
        // SAFETY: the buffer and its length belong together.
        let put = unsafe { libc::write(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
        if put >= 0 {
            return Ok(Some(put as usize));
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => {}
            error if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            error => return Err(error),
        }
    }
}

/// `ppoll(2)` that a `SIGCHLD`, blocked at all other times, interrupts. Readiness is left in `revents`.
pub(crate) fn poll_with_children(
    fds: &mut [libc::pollfd],
    timeout: std::time::Duration,
) -> Result<()> {
    let timeout = libc::timespec {
        tv_sec: timeout.as_secs() as libc::time_t,
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

/// Blocks `SIGCHLD` and gives it a handler that does nothing, so that only [`poll_with_children`] is woken by it;
/// ignores `SIGPIPE`, `SIGTTOU` and `SIGTTIN`.
pub(crate) fn prepare_signals() -> Result<()> {
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
        // Handlers of ours go with exec; what is ignored stays, also what whoever started the tool ignored.
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

/// Takes a `SIGCHLD` that is pending: [`poll_with_children`] is then woken only by what happens from now on. Whoever calls
/// this asks for what had happened before afterwards.
pub(crate) fn forget_children() {
    // SAFETY: the set is initialised by sigemptyset; the timeout outlives the call.
    unsafe {
        let mut children: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut children);
        libc::sigaddset(&mut children, libc::SIGCHLD);
        let at_once: libc::timespec = std::mem::zeroed();
        libc::sigtimedwait(&children, std::ptr::null_mut(), &at_once);
    }
}

/// Set when somebody wants this process to end.
static ASKED_TO_END: AtomicBool = AtomicBool::new(false);

/// From here on a `SIGTERM`, `SIGINT` or `SIGHUP` is noted, and wakes [`poll_with_children`].
pub(crate) fn heed_termination() -> Result<()> {
    extern "C" fn note(_signal: c_int) {
        ASKED_TO_END.store(true, Ordering::Relaxed);
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

/// Whether somebody wants this process to end.
pub(crate) fn asked_to_end() -> bool {
    ASKED_TO_END.load(Ordering::Relaxed)
}

/// Undoes [`prepare_signals`] and everything inherited: what a program that is about to start expects.
pub(crate) fn default_signals() {
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
pub(crate) fn reap_for_ever() -> ! {
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

/// `setsid(2)`.
pub(crate) fn new_session() -> Result<()> {
    // SAFETY: no arguments.
    check_int(unsafe { libc::setsid() }).map(drop)
}

/// Lets what this process executes find its memory at the same addresses in every run, `personality(2)`: a program that
/// uses what it never set does the same each time, and addresses that are printed are the same.
pub(crate) fn fix_addresses() -> Result<()> {
    // SAFETY: a plain number.
    check_int(unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) }).map(drop)
}

/// Keeps a process, and what it forks from now on, on these processors; 0 is this process.
pub(crate) fn keep_on(pid: Pid, cpus: &[usize]) -> Result<()> {
    // SAFETY: an all-zero set is valid, and every index is checked against its size before it is set.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        for cpu in cpus {
            if *cpu >= 8 * size_of::<libc::cpu_set_t>() {
                return Err(io::Error::from_raw_os_error(libc::EINVAL));
            }
            libc::CPU_SET(*cpu, &mut set);
        }
        check_int(libc::sched_setaffinity(
            pid,
            size_of::<libc::cpu_set_t>(),
            &set,
        ))
        .map(drop)
    }
}

/// The processors that this process may use.
pub(crate) fn usable_cpus() -> Vec<usize> {
    // SAFETY: an all-zero set is valid and the call fills at most its size.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) != 0 {
            return Vec::new();
        }
        (0..8 * size_of::<libc::cpu_set_t>())
            .filter(|cpu| libc::CPU_ISSET(*cpu, &set))
            .collect()
    }
}

/// `shmget(2)`.
pub(crate) fn shm_get(key: i32, size: usize, flags: c_int) -> Result<i32> {
    // SAFETY: numbers only.
    check_int(unsafe { libc::shmget(key, size, flags) })
}

/// Copies up to `limit` bytes out of a segment of `size` bytes.
pub(crate) fn shm_read(shmid: i32, size: usize, limit: usize) -> Result<Vec<u8>> {
    // SAFETY: the segment is at least `size` bytes long (the kernel's own figure), so `size.min(limit)` bytes from its
    // start are mapped and readable until shmdt; concurrent writers can only make the copy a mixture of old and new,
    // for which the bytes are read as volatile.
    unsafe {
        let address = libc::shmat(shmid, std::ptr::null(), libc::SHM_RDONLY);
        if address as isize == -1 {
            return Err(io::Error::last_os_error());
        }
        let bytes = (0..size.min(limit))
            .map(|at| address.cast::<u8>().add(at).read_volatile())
            .collect();
        libc::shmdt(address);
        Ok(bytes)
    }
}

/// Stores bytes at the start of a segment of `size` bytes; what does not fit is left out.
pub(crate) fn shm_write(shmid: i32, size: usize, bytes: &[u8]) -> Result<()> {
    // SAFETY: as for shm_read: at most `size` bytes are written into a mapping of at least that size.
    unsafe {
        let address = libc::shmat(shmid, std::ptr::null(), 0);
        if address as isize == -1 {
            return Err(io::Error::last_os_error());
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), address.cast::<u8>(), bytes.len().min(size));
        libc::shmdt(address);
    }
    Ok(())
}

/// Changes owner and mode of a segment, `IPC_SET`.
pub(crate) fn shm_set(shmid: i32, uid: u32, gid: u32, mode: u32) -> Result<()> {
    // SAFETY: the struct is filled by IPC_STAT before it is changed and handed back.
    unsafe {
        let mut status: libc::shmid_ds = std::mem::zeroed();
        check_int(libc::shmctl(shmid, libc::IPC_STAT, &mut status))?;
        status.shm_perm.uid = uid;
        status.shm_perm.gid = gid;
        status.shm_perm.mode = mode as _;
        check_int(libc::shmctl(shmid, libc::IPC_SET, &mut status)).map(drop)
    }
}

/// `IPC_RMID` of a segment.
pub(crate) fn remove_segment(shmid: i32) -> Result<()> {
    // SAFETY: IPC_RMID ignores the pointer.
    check_int(unsafe { libc::shmctl(shmid, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}

/// `semget(2)` and all values set.
pub(crate) fn sem_create(key: i32, values: &[u16], mode: u32) -> Result<i32> {
    // SAFETY: SETALL reads exactly as many values as the set has, which is the slice's length.
    unsafe {
        let semid = check_int(libc::semget(
            key,
            values.len() as c_int,
            libc::IPC_CREAT | libc::IPC_EXCL | mode as c_int,
        ))?;
        check_int(libc::semctl(semid, 0, libc::SETALL, values.as_ptr()))?;
        Ok(semid)
    }
}

/// All values of a semaphore set of `count`.
pub(crate) fn sem_values(semid: i32, count: usize) -> Result<Vec<u16>> {
    let mut values = vec![0u16; count];
    // SAFETY: GETALL writes as many values as the set has, which the kernel said is `count` and cannot change.
    check_int(unsafe { libc::semctl(semid, 0, libc::GETALL, values.as_mut_ptr()) })?;
    Ok(values)
}

/// `IPC_RMID` of a semaphore set.
pub(crate) fn sem_remove(semid: i32) -> Result<()> {
    // SAFETY: IPC_RMID takes no further argument.
    check_int(unsafe { libc::semctl(semid, 0, libc::IPC_RMID) }).map(drop)
}

/// `IPC_RMID` of a message queue.
pub(crate) fn msg_remove(msqid: i32) -> Result<()> {
    // SAFETY: IPC_RMID ignores the pointer.
    check_int(unsafe { libc::msgctl(msqid, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}
