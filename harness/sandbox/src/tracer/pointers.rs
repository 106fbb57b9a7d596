//! Pointers of a call: what the kernel may reach into on behalf of it, and when. Where memory is closed, a call must find open
//! what it reaches, or it fails with `EFAULT`, which a program would never see without us.
//!
//! What an argument points to is seen when the call is entered. A pointer that lies in memory, as in `struct msghdr`, is not:
//! a call that may have one gets all of its process's memory opened, whatever its arguments are. So [`FLAT`] is a list of what is
//! known to have none, and a call that is missing there only costs time.

use ipclab_evidence::name_in_c;
use ipclab_kernel::Pid;
use ipclab_kernel::arch::older;
use ipclab_kernel::procfs;

use crate::calls;

/// Calls whose arguments point to bytes at the most, and to no further pointers.
const FLAT: &[i64] = &[
    // Bytes of descriptors.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_sendfile,
    libc::SYS_copy_file_range,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    older::SYS_dup2,
    libc::SYS_dup3,
    older::SYS_pipe,
    libc::SYS_pipe2,
    libc::SYS_fcntl,
    libc::SYS_flock,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_eventfd2,
    libc::SYS_signalfd4,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime,
    older::SYS_epoll_create,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    older::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    older::SYS_poll,
    libc::SYS_ppoll,
    older::SYS_select,
    // Sockets, but for messages and options, which may be filters.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_connect,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    // Files.
    older::SYS_open,
    libc::SYS_openat,
    older::SYS_creat,
    older::SYS_access,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    older::SYS_stat,
    older::SYS_lstat,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    older::SYS_readlink,
    libc::SYS_readlinkat,
    older::SYS_unlink,
    libc::SYS_unlinkat,
    older::SYS_mkdir,
    libc::SYS_mkdirat,
    older::SYS_rmdir,
    older::SYS_rename,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_getcwd,
    libc::SYS_umask,
    // System V objects and POSIX queues.
    libc::SYS_shmget,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    libc::SYS_mq_timedsend,
    libc::SYS_mq_timedreceive,
    libc::SYS_mq_getsetattr,
    // Processes, threads and signals.
    libc::SYS_futex,
    libc::SYS_clone,
    older::SYS_fork,
    older::SYS_vfork,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    older::SYS_pause,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getpgid,
    older::SYS_getpgrp,
    libc::SYS_getsid,
    libc::SYS_setpgid,
    libc::SYS_setsid,
    libc::SYS_prlimit64,
    libc::SYS_getrusage,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getcpu,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_getrandom,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    older::SYS_arch_prctl,
    // Time.
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    older::SYS_time,
    libc::SYS_times,
    older::SYS_alarm,
    libc::SYS_setitimer,
    libc::SYS_getitimer,
    libc::SYS_timer_settime,
    libc::SYS_timer_gettime,
    libc::SYS_timer_delete,
];

/// Whether a call may reach memory by pointers that lie in memory.
pub(super) fn may_nest(number: u64) -> bool {
    !FLAT.contains(&(number as i64))
}

/// What a call that has slept does to memory when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtItsEnd {
    /// Nothing: what it needs it has read before.
    Nothing,
    /// It puts what it brings there. Where it cannot, it fails, and nothing is lost by making it again.
    PutsOrKeeps,
    /// It puts there what would be lost otherwise: a datagram, a child's status, how much of its time was left.
    Puts,
}

/// What a call does to memory at its end, by what it is about.
pub(super) fn at_its_end(tid: Pid, number: u64, args: &[u64; 6]) -> AtItsEnd {
    match number as i64 {
        libc::SYS_futex => match args[1] as i32 & !FUTEX_OPTIONS {
            libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET | libc::FUTEX_WAKE => AtItsEnd::Nothing,
            _ => AtItsEnd::Puts,
        },
        libc::SYS_semop
        | libc::SYS_semtimedop
        | libc::SYS_msgsnd
        | libc::SYS_mq_timedsend
        | libc::SYS_connect
        | libc::SYS_flock
        | libc::SYS_rt_sigsuspend
        | older::SYS_pause
        | libc::SYS_rt_sigprocmask
        | older::SYS_open
        | libc::SYS_openat => AtItsEnd::Nothing,
        // They say how much was left where they are asked to.
        libc::SYS_nanosleep if args[1] == 0 => AtItsEnd::Nothing,
        libc::SYS_clock_nanosleep if args[3] == 0 => AtItsEnd::Nothing,
        libc::SYS_read | libc::SYS_readv => {
            let link = procfs::descriptor(tid, args[0] as i32).unwrap_or_default();
            match link.starts_with("pipe:") {
                true => AtItsEnd::PutsOrKeeps,
                false => AtItsEnd::Puts,
            }
        }
        _ => AtItsEnd::Puts,
    }
}

/// What is added to an operation of `futex(2)`.
const FUTEX_OPTIONS: i32 = libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME;

/// A call as C programs write it.
pub(super) fn name_of(number: u64) -> String {
    calls::spec(number).map_or_else(
        || format!("call {number}"),
        |spec| format!("{}()", name_in_c(spec.name)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{ArgKind, TABLE};

    #[test]
    fn what_is_known_to_nest_is_not_flat() {
        let nests =
            |kind: &ArgKind| matches!(kind, ArgKind::Iovec | ArgKind::Message | ArgKind::Messages);
        for row in TABLE.iter().filter(|row| row.args.iter().any(nests)) {
            assert!(may_nest(row.number as u64), "{}", row.name);
        }
        for number in [
            libc::SYS_execve,
            libc::SYS_preadv,
            libc::SYS_pselect6,
            libc::SYS_ioctl,
            libc::SYS_setsockopt,
            libc::SYS_restart_syscall,
            libc::SYS_timer_create,
            libc::SYS_mq_notify,
            libc::SYS_futex_waitv,
        ] {
            assert!(may_nest(number as u64), "{number}");
        }
        assert!(!may_nest(libc::SYS_futex as u64));
    }
}
