//! The calls that stop at the tracer, always or where the plan asks for them.
//!
//! One row a call: the filter is built from it, and the decoder reads arguments by the signature that stands in
//! [`ipclab_evidence::signature`] under its name. A call that is not here runs at full speed and leaves no trace.

pub(crate) use ipclab_evidence::{ArgKind, Names};
use ipclab_kernel::arch::older;

/// What the tracer has to know of a call beyond its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing.
    Plain,
    /// Makes a socket.
    Socket,
    /// Makes a pair.
    SocketPair,
    /// Names a socket.
    Bind,
    /// Offers a service.
    Listen,
    /// Takes a connection.
    Accept,
    /// Makes one.
    Connect,
    /// Moves bytes out, when its descriptor is a socket.
    Send,
    /// Moves bytes in, when its descriptor is a socket.
    Receive,
    /// Sets a socket option.
    SetOption,
    /// Gives a segment.
    ShmGet,
    /// Attaches one.
    ShmAttach,
    /// Detaches one by its address.
    ShmDetach,
    /// Acts on a segment.
    ShmControl,
    /// Gives a semaphore set.
    SemGet,
    /// Acts on one.
    SemControl,
    /// Gives a queue.
    MsgGet,
    /// Acts on one.
    MsgControl,
    /// Acts on a file by its path.
    File,
    /// Waits for a time that argument `0` gives, at the most.
    Sleep,
    /// Waits until something happens, or for a time that one of the arguments gives.
    Wait,
    /// Arms a timer that will interrupt or wake.
    Timer,
    /// Makes a process.
    Fork,
    /// Starts a program.
    Exec,
    /// Ends the process.
    Exit,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    /// The kernel's number on this processor; below 0: there is no such call.
    pub(crate) number: i64,
    /// The kernel's name.
    pub(crate) name: &'static str,
    /// Its arguments in order, as far as they are of interest.
    pub(crate) args: &'static [ArgKind],
    /// What the tracer does about it.
    pub(crate) role: Role,
    /// When it stops at the tracer.
    pub(crate) when: When,
}

/// Under which condition on its arguments a call stops at the tracer; checked in the kernel by the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Always.
    Always,
    /// Only where the plan asks for it.
    OnRequest,
    /// When all these bits of an argument's low half are set.
    Bits {
        /// Which argument.
        arg: u8,
        /// Which bits.
        bits: u32,
    },
    /// When an argument's low half is one of these after masking.
    OneOf {
        /// Which argument.
        arg: u8,
        /// What is looked at.
        mask: u32,
        /// What it may be.
        values: &'static [u32],
    },
}

const fn row(number: i64, name: &'static str, role: Role) -> Spec {
    Spec {
        number,
        name,
        args: match ipclab_evidence::signature(name) {
            Some(args) => args,
            None => panic!("every watched call has a signature in ipclab-evidence"),
        },
        role,
        when: match ipclab_evidence::is_on_request(name) {
            true => When::OnRequest,
            false => When::Always,
        },
    }
}

const fn when(spec: Spec, when: When) -> Spec {
    Spec { when, ..spec }
}

const CREATES: u32 = libc::O_CREAT as u32;

/// `futex(2)` operations that wait.
const FUTEX_WAITS: When = When::OneOf {
    arg: 1,
    mask: 0x7f,
    values: &[0, 6, 9, 11, 13],
};

/// Calls that make a pipe.
pub(crate) const PIPES: [i64; 2] = [older::SYS_pipe, libc::SYS_pipe2];

/// `fcntl(2)` commands that ask for a lock or a lease.
pub(crate) const LOCK_COMMANDS: [u32; 5] = [
    libc::F_SETLK as u32,
    libc::F_SETLKW as u32,
    libc::F_OFD_SETLK as u32,
    libc::F_OFD_SETLKW as u32,
    libc::F_SETLEASE as u32,
];

const LOCKS: When = When::OneOf {
    arg: 1,
    mask: u32::MAX,
    values: &LOCK_COMMANDS,
};

/// Every call that stops at the tracer, or can.
#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    row(libc::SYS_read, "read", Role::Receive),
    row(libc::SYS_write, "write", Role::Send),
    row(libc::SYS_readv, "readv", Role::Receive),
    row(libc::SYS_writev, "writev", Role::Send),
    row(libc::SYS_recvfrom, "recvfrom", Role::Receive),
    row(libc::SYS_sendto, "sendto", Role::Send),
    row(libc::SYS_recvmsg, "recvmsg", Role::Receive),
    row(libc::SYS_sendmsg, "sendmsg", Role::Send),
    row(libc::SYS_recvmmsg, "recvmmsg", Role::Receive),
    row(libc::SYS_sendmmsg, "sendmmsg", Role::Send),
    row(libc::SYS_sendfile, "sendfile", Role::Send),
    row(libc::SYS_close, "close", Role::Plain),
    row(libc::SYS_socket, "socket", Role::Socket),
    row(libc::SYS_socketpair, "socketpair", Role::SocketPair),
    row(libc::SYS_bind, "bind", Role::Bind),
    row(libc::SYS_listen, "listen", Role::Listen),
    row(libc::SYS_accept, "accept", Role::Accept),
    row(libc::SYS_accept4, "accept4", Role::Accept),
    row(libc::SYS_connect, "connect", Role::Connect),
    row(libc::SYS_shutdown, "shutdown", Role::Plain),
    row(libc::SYS_getsockopt, "getsockopt", Role::Plain),
    row(libc::SYS_setsockopt, "setsockopt", Role::SetOption),
    row(libc::SYS_shmget, "shmget", Role::ShmGet),
    row(libc::SYS_shmat, "shmat", Role::ShmAttach),
    row(libc::SYS_shmdt, "shmdt", Role::ShmDetach),
    row(libc::SYS_shmctl, "shmctl", Role::ShmControl),
    row(libc::SYS_semget, "semget", Role::SemGet),
    row(libc::SYS_semop, "semop", Role::SemControl),
    row(libc::SYS_semtimedop, "semtimedop", Role::SemControl),
    row(libc::SYS_semctl, "semctl", Role::SemControl),
    row(libc::SYS_msgget, "msgget", Role::MsgGet),
    row(libc::SYS_msgsnd, "msgsnd", Role::MsgControl),
    row(libc::SYS_msgrcv, "msgrcv", Role::MsgControl),
    row(libc::SYS_msgctl, "msgctl", Role::MsgControl),
    row(older::SYS_unlink, "unlink", Role::File),
    row(libc::SYS_unlinkat, "unlinkat", Role::File),
    row(older::SYS_rename, "rename", Role::File),
    row(older::SYS_renameat, "renameat", Role::File),
    row(libc::SYS_renameat2, "renameat2", Role::File),
    row(older::SYS_mknod, "mknod", Role::File),
    row(libc::SYS_mknodat, "mknodat", Role::File),
    row(older::SYS_link, "link", Role::File),
    row(libc::SYS_linkat, "linkat", Role::File),
    row(older::SYS_symlink, "symlink", Role::File),
    row(libc::SYS_symlinkat, "symlinkat", Role::File),
    row(older::SYS_mkdir, "mkdir", Role::File),
    row(libc::SYS_mkdirat, "mkdirat", Role::File),
    row(older::SYS_creat, "creat", Role::File),
    when(row(older::SYS_open, "open", Role::File), When::Bits { arg: 1, bits: CREATES }),
    when(row(libc::SYS_openat, "openat", Role::File), When::Bits { arg: 2, bits: CREATES }),
    row(libc::SYS_mq_open, "mq_open", Role::File),
    row(libc::SYS_mq_unlink, "mq_unlink", Role::File),
    row(libc::SYS_mq_timedsend, "mq_timedsend", Role::Wait),
    row(libc::SYS_mq_timedreceive, "mq_timedreceive", Role::Wait),
    row(older::SYS_poll, "poll", Role::Wait),
    row(libc::SYS_ppoll, "ppoll", Role::Wait),
    row(older::SYS_select, "select", Role::Wait),
    row(libc::SYS_pselect6, "pselect6", Role::Wait),
    row(older::SYS_epoll_wait, "epoll_wait", Role::Wait),
    row(libc::SYS_epoll_pwait, "epoll_pwait", Role::Wait),
    row(libc::SYS_epoll_pwait2, "epoll_pwait2", Role::Wait),
    row(libc::SYS_nanosleep, "nanosleep", Role::Sleep),
    row(libc::SYS_clock_nanosleep, "clock_nanosleep", Role::Sleep),
    row(older::SYS_pause, "pause", Role::Wait),
    row(libc::SYS_rt_sigsuspend, "rt_sigsuspend", Role::Wait),
    row(libc::SYS_rt_sigtimedwait, "rt_sigtimedwait", Role::Wait),
    row(libc::SYS_wait4, "wait4", Role::Wait),
    row(libc::SYS_waitid, "waitid", Role::Wait),
    row(libc::SYS_flock, "flock", Role::Wait),
    when(row(libc::SYS_fcntl, "fcntl", Role::Wait), LOCKS),
    when(row(libc::SYS_futex, "futex", Role::Wait), FUTEX_WAITS),
    row(libc::SYS_futex_waitv, "futex_waitv", Role::Wait),
    row(older::SYS_alarm, "alarm", Role::Timer),
    row(libc::SYS_setitimer, "setitimer", Role::Timer),
    row(libc::SYS_timer_settime, "timer_settime", Role::Timer),
    row(libc::SYS_timerfd_settime, "timerfd_settime", Role::Timer),
    row(libc::SYS_kill, "kill", Role::Plain),
    row(older::SYS_fork, "fork", Role::Fork),
    row(older::SYS_vfork, "vfork", Role::Fork),
    row(libc::SYS_clone, "clone", Role::Fork),
    row(libc::SYS_execve, "execve", Role::Exec),
    row(libc::SYS_execveat, "execveat", Role::Exec),
    row(libc::SYS_exit_group, "exit_group", Role::Exit),
    row(libc::SYS_restart_syscall, "restart_syscall", Role::Plain),
    // Those on request.
    row(libc::SYS_pread64, "pread64", Role::Plain),
    row(libc::SYS_pwrite64, "pwrite64", Role::Plain),
    row(libc::SYS_preadv, "preadv", Role::Plain),
    row(libc::SYS_pwritev, "pwritev", Role::Plain),
    row(libc::SYS_lseek, "lseek", Role::Plain),
    row(libc::SYS_copy_file_range, "copy_file_range", Role::Plain),
    row(libc::SYS_dup, "dup", Role::Plain),
    row(older::SYS_dup2, "dup2", Role::Plain),
    row(libc::SYS_dup3, "dup3", Role::Plain),
    row(libc::SYS_close_range, "close_range", Role::Plain),
    row(older::SYS_pipe, "pipe", Role::Plain),
    row(libc::SYS_pipe2, "pipe2", Role::Plain),
    row(libc::SYS_openat2, "openat2", Role::Plain),
    row(older::SYS_stat, "stat", Role::Plain),
    row(older::SYS_lstat, "lstat", Role::Plain),
    row(libc::SYS_fstat, "fstat", Role::Plain),
    row(libc::SYS_newfstatat, "newfstatat", Role::Plain),
    row(libc::SYS_statx, "statx", Role::Plain),
    row(libc::SYS_statfs, "statfs", Role::Plain),
    row(libc::SYS_fstatfs, "fstatfs", Role::Plain),
    row(older::SYS_access, "access", Role::Plain),
    row(libc::SYS_faccessat, "faccessat", Role::Plain),
    row(libc::SYS_faccessat2, "faccessat2", Role::Plain),
    row(libc::SYS_getcwd, "getcwd", Role::Plain),
    row(libc::SYS_chdir, "chdir", Role::Plain),
    row(libc::SYS_fchdir, "fchdir", Role::Plain),
    row(older::SYS_chmod, "chmod", Role::Plain),
    row(libc::SYS_fchmod, "fchmod", Role::Plain),
    row(libc::SYS_fchmodat, "fchmodat", Role::Plain),
    row(older::SYS_chown, "chown", Role::Plain),
    row(libc::SYS_fchown, "fchown", Role::Plain),
    row(older::SYS_lchown, "lchown", Role::Plain),
    row(libc::SYS_fchownat, "fchownat", Role::Plain),
    row(libc::SYS_umask, "umask", Role::Plain),
    row(libc::SYS_truncate, "truncate", Role::Plain),
    row(libc::SYS_ftruncate, "ftruncate", Role::Plain),
    row(libc::SYS_fallocate, "fallocate", Role::Plain),
    row(libc::SYS_fsync, "fsync", Role::Plain),
    row(libc::SYS_fdatasync, "fdatasync", Role::Plain),
    row(libc::SYS_sync, "sync", Role::Plain),
    row(older::SYS_rmdir, "rmdir", Role::Plain),
    row(older::SYS_readlink, "readlink", Role::Plain),
    row(libc::SYS_readlinkat, "readlinkat", Role::Plain),
    row(libc::SYS_getdents64, "getdents64", Role::Plain),
    row(libc::SYS_utimensat, "utimensat", Role::Plain),
    row(libc::SYS_inotify_init1, "inotify_init1", Role::Plain),
    row(libc::SYS_inotify_add_watch, "inotify_add_watch", Role::Plain),
    row(libc::SYS_inotify_rm_watch, "inotify_rm_watch", Role::Plain),
    row(libc::SYS_mmap, "mmap", Role::Plain),
    row(libc::SYS_munmap, "munmap", Role::Plain),
    row(libc::SYS_mprotect, "mprotect", Role::Plain),
    row(libc::SYS_mremap, "mremap", Role::Plain),
    row(libc::SYS_msync, "msync", Role::Plain),
    row(libc::SYS_madvise, "madvise", Role::Plain),
    row(libc::SYS_mlock, "mlock", Role::Plain),
    row(libc::SYS_munlock, "munlock", Role::Plain),
    row(libc::SYS_brk, "brk", Role::Plain),
    row(libc::SYS_rt_sigaction, "rt_sigaction", Role::Plain),
    row(libc::SYS_rt_sigprocmask, "rt_sigprocmask", Role::Plain),
    row(libc::SYS_rt_sigpending, "rt_sigpending", Role::Plain),
    row(libc::SYS_rt_sigqueueinfo, "rt_sigqueueinfo", Role::Plain),
    row(libc::SYS_sigaltstack, "sigaltstack", Role::Plain),
    row(libc::SYS_tkill, "tkill", Role::Plain),
    row(libc::SYS_tgkill, "tgkill", Role::Plain),
    row(libc::SYS_signalfd4, "signalfd4", Role::Plain),
    row(libc::SYS_eventfd2, "eventfd2", Role::Plain),
    row(libc::SYS_timerfd_create, "timerfd_create", Role::Plain),
    row(libc::SYS_timerfd_gettime, "timerfd_gettime", Role::Plain),
    row(libc::SYS_timer_create, "timer_create", Role::Plain),
    row(libc::SYS_timer_gettime, "timer_gettime", Role::Plain),
    row(libc::SYS_timer_delete, "timer_delete", Role::Plain),
    row(libc::SYS_getitimer, "getitimer", Role::Plain),
    row(older::SYS_epoll_create, "epoll_create", Role::Plain),
    row(libc::SYS_epoll_create1, "epoll_create1", Role::Plain),
    row(libc::SYS_epoll_ctl, "epoll_ctl", Role::Plain),
    row(libc::SYS_getsockname, "getsockname", Role::Plain),
    row(libc::SYS_getpeername, "getpeername", Role::Plain),
    row(libc::SYS_ioctl, "ioctl", Role::Plain),
    row(libc::SYS_mq_notify, "mq_notify", Role::Plain),
    row(libc::SYS_mq_getsetattr, "mq_getsetattr", Role::Plain),
    row(libc::SYS_exit, "exit", Role::Exit),
    row(libc::SYS_getpid, "getpid", Role::Plain),
    row(libc::SYS_getppid, "getppid", Role::Plain),
    row(libc::SYS_gettid, "gettid", Role::Plain),
    row(libc::SYS_getuid, "getuid", Role::Plain),
    row(libc::SYS_geteuid, "geteuid", Role::Plain),
    row(libc::SYS_getgid, "getgid", Role::Plain),
    row(libc::SYS_getegid, "getegid", Role::Plain),
    row(libc::SYS_getgroups, "getgroups", Role::Plain),
    row(libc::SYS_setuid, "setuid", Role::Plain),
    row(libc::SYS_setgid, "setgid", Role::Plain),
    row(libc::SYS_setreuid, "setreuid", Role::Plain),
    row(libc::SYS_setregid, "setregid", Role::Plain),
    row(libc::SYS_setresuid, "setresuid", Role::Plain),
    row(libc::SYS_setresgid, "setresgid", Role::Plain),
    row(libc::SYS_setsid, "setsid", Role::Plain),
    row(libc::SYS_getsid, "getsid", Role::Plain),
    row(libc::SYS_setpgid, "setpgid", Role::Plain),
    row(libc::SYS_getpgid, "getpgid", Role::Plain),
    row(older::SYS_getpgrp, "getpgrp", Role::Plain),
    row(libc::SYS_getpriority, "getpriority", Role::Plain),
    row(libc::SYS_setpriority, "setpriority", Role::Plain),
    row(libc::SYS_sched_yield, "sched_yield", Role::Plain),
    row(libc::SYS_prctl, "prctl", Role::Plain),
    row(libc::SYS_prlimit64, "prlimit64", Role::Plain),
    row(libc::SYS_getrusage, "getrusage", Role::Plain),
    row(libc::SYS_times, "times", Role::Plain),
    row(libc::SYS_uname, "uname", Role::Plain),
    row(libc::SYS_sysinfo, "sysinfo", Role::Plain),
    row(libc::SYS_getrandom, "getrandom", Role::Plain),
];

/// Those of them that stop even where nothing is traced, since some have to be refused.
pub(crate) const RULED: [i64; 2] = [libc::SYS_flock, libc::SYS_fcntl];

/// Calls that stop for the sake of the case's clock alone, and leave no trace: they ask for the time, or about timers.
pub(crate) const CLOCK_CALLS: &[(i64, When)] = &[
    (
        libc::SYS_clock_gettime,
        When::OneOf {
            arg: 0,
            mask: u32::MAX,
            values: &CLOCKS,
        },
    ),
    (libc::SYS_gettimeofday, When::Always),
    (older::SYS_time, When::Always),
    (libc::SYS_times, When::Always),
    (
        libc::SYS_getitimer,
        When::OneOf {
            arg: 0,
            mask: u32::MAX,
            values: &[libc::ITIMER_REAL as u32],
        },
    ),
    (
        libc::SYS_timer_create,
        When::OneOf {
            arg: 0,
            mask: u32::MAX,
            values: &CLOCKS,
        },
    ),
    (libc::SYS_timer_gettime, When::Always),
    (libc::SYS_timer_delete, When::Always),
    (libc::SYS_timerfd_gettime, When::Always),
];

/// The clocks that go by the case's: all but those of processor time.
const CLOCKS: [u32; 9] = [0, 1, 4, 5, 6, 7, 8, 9, 11];

/// The row of a call, by its number.
pub(crate) fn spec(number: u64) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.number == number as i64)
}

/// The numbers of calls by their names; a name that is not in the table has none.
pub(crate) fn numbers(names: &[String]) -> Vec<i64> {
    let named = |spec: &&Spec| names.iter().any(|name| name == spec.name);
    TABLE.iter().filter(named).map(|spec| spec.number).collect()
}

#[cfg(test)]
mod tests {
    use ipclab_evidence::{kernel_calls, watched_names};

    use super::{TABLE, spec};

    #[test]
    fn every_name_that_specs_can_speak_of_can_be_watched() {
        for name in watched_names() {
            for call in kernel_calls(name) {
                assert!(TABLE.iter().any(|row| row.name == call), "{call}");
            }
        }
    }

    #[test]
    fn every_call_has_one_row() {
        for row in TABLE {
            assert_eq!(
                spec(row.number as u64).map(|found| found.name),
                Some(row.name)
            );
        }
    }
}
