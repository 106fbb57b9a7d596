//! Signatures: which argument of a system call is what.
//!
//! This table and that of the calls on request, beside the families, are the only places where positions of arguments stand.
//! To add a system call, add its row here, where every case needs it, or there, and in the sandbox's table of calls the row
//! that says how the tracer treats it: that one looks its arguments up here while it is compiled, so a call without a
//! signature does not build.

use crate::arg_kind::ArgKind;
use crate::names::Names;
use crate::on_request::ON_REQUEST;
use ArgKind::{
    Address, Buffer, ClockFlags, Fd, FdPair, Flags, Hex, Id, Int, Iovec, Key, Message, Messages,
    Mode, NewAddress, Octal, OutBuffer, Path, Pointer, PollMillis, SemOps, Signal, Size,
    SocketOption, Timespec, Timeval,
};

/// Of each call that is always watched the arguments in their order, as far as they are of interest, by the kernel's name.
#[rustfmt::skip]
pub(crate) const SIGNATURES: &[(&str, &[ArgKind])] = &[
    ("read", &[Fd, OutBuffer, Size]),
    ("write", &[Fd, Buffer, Size]),
    ("readv", &[Fd, Iovec, Int]),
    ("writev", &[Fd, Iovec, Int]),
    ("recvfrom", &[Fd, OutBuffer, Size, Flags(Names::Message), NewAddress, Pointer]),
    ("sendto", &[Fd, Buffer, Size, Flags(Names::Message), Address, Int]),
    ("recvmsg", &[Fd, Message, Flags(Names::Message)]),
    ("sendmsg", &[Fd, Message, Flags(Names::Message)]),
    ("recvmmsg", &[Fd, Messages, Int, Flags(Names::Message), Timespec]),
    ("sendmmsg", &[Fd, Messages, Int, Flags(Names::Message)]),
    ("sendfile", &[Fd, Fd, Pointer, Size]),
    ("close", &[Fd]),
    ("socket", &[Flags(Names::Family), Flags(Names::SocketType), Int]),
    ("socketpair", &[Flags(Names::Family), Flags(Names::SocketType), Int, FdPair]),
    ("bind", &[Fd, Address, Int]),
    ("listen", &[Fd, Int]),
    ("accept", &[Fd, NewAddress, Pointer]),
    ("accept4", &[Fd, NewAddress, Pointer, Flags(Names::SocketType)]),
    ("connect", &[Fd, Address, Int]),
    ("shutdown", &[Fd, Flags(Names::Shutdown)]),
    ("getsockopt", &[Fd, Flags(Names::OptionLevel), SocketOption, Pointer, Pointer]),
    ("setsockopt", &[Fd, Flags(Names::OptionLevel), SocketOption, Pointer, Int]),
    ("shmget", &[Key, Size, Flags(Names::IpcGet)]),
    ("shmat", &[Id, Hex, Flags(Names::Attach)]),
    ("shmdt", &[Hex]),
    ("shmctl", &[Id, Flags(Names::Control), Pointer]),
    ("semget", &[Key, Int, Flags(Names::IpcGet)]),
    ("semop", &[Id, SemOps, Int]),
    ("semtimedop", &[Id, SemOps, Int, Timespec]),
    ("semctl", &[Id, Int, Flags(Names::Control), Pointer]),
    ("msgget", &[Key, Flags(Names::IpcGet)]),
    ("msgsnd", &[Id, Pointer, Size, Int]),
    ("msgrcv", &[Id, Pointer, Size, Int, Int]),
    ("msgctl", &[Id, Flags(Names::Control), Pointer]),
    ("unlink", &[Path]),
    ("unlinkat", &[Fd, Path, Int]),
    ("rename", &[Path, Path]),
    ("renameat", &[Fd, Path, Fd, Path]),
    ("renameat2", &[Fd, Path, Fd, Path, Int]),
    ("mknod", &[Path, Mode]),
    ("mknodat", &[Fd, Path, Mode]),
    ("link", &[Path, Path]),
    ("linkat", &[Fd, Path, Fd, Path, Int]),
    ("symlink", &[Path, Path]),
    ("symlinkat", &[Path, Fd, Path]),
    ("mkdir", &[Path, Mode]),
    ("mkdirat", &[Fd, Path, Mode]),
    ("creat", &[Path, Octal]),
    ("open", &[Path, Flags(Names::Open), Mode]),
    ("openat", &[Fd, Path, Flags(Names::Open), Mode]),
    ("mq_open", &[Path, Flags(Names::Open), Mode]),
    ("mq_unlink", &[Path]),
    ("mq_timedsend", &[Fd, Buffer, Size, Int, Timespec]),
    ("mq_timedreceive", &[Fd, OutBuffer, Size, Pointer, Timespec]),
    ("poll", &[Pointer, Int, PollMillis]),
    ("ppoll", &[Pointer, Int, Timespec]),
    ("select", &[Int, Pointer, Pointer, Pointer, Timeval]),
    ("pselect6", &[Int, Pointer, Pointer, Pointer, Timespec]),
    ("epoll_wait", &[Fd, Pointer, Int, PollMillis]),
    ("epoll_pwait", &[Fd, Pointer, Int, PollMillis]),
    ("epoll_pwait2", &[Fd, Pointer, Int, Timespec]),
    ("nanosleep", &[Timespec, Pointer]),
    ("clock_nanosleep", &[Int, ClockFlags, Timespec, Pointer]),
    ("pause", &[]),
    ("rt_sigsuspend", &[Pointer]),
    ("rt_sigtimedwait", &[Pointer, Pointer, Timespec]),
    ("wait4", &[Int, Pointer, Int]),
    ("waitid", &[Int, Int, Pointer, Int]),
    ("flock", &[Fd, Int]),
    ("fcntl", &[Fd, Int, Pointer]),
    ("futex", &[Pointer, Int, Int, Timespec]),
    ("futex_waitv", &[Pointer, Int, Int, Timespec]),
    ("alarm", &[Int]),
    ("setitimer", &[Int, Pointer, Pointer]),
    ("timer_settime", &[Int, Int, Pointer, Pointer]),
    ("timerfd_settime", &[Fd, Int, Pointer, Pointer]),
    ("kill", &[Int, Signal]),
    ("fork", &[]),
    ("vfork", &[]),
    ("clone", &[Hex]),
    ("execve", &[Path]),
    ("execveat", &[Fd, Path]),
    ("exit_group", &[Int]),
    ("restart_syscall", &[]),
];

/// What the arguments of a call are; `None`: a call that is never watched.
#[must_use]
pub const fn signature(call: &str) -> Option<&'static [ArgKind]> {
    match find(SIGNATURES, call) {
        Some(found) => Some(found),
        None => find(ON_REQUEST, call),
    }
}

/// Whether a call is watched only where a case speaks of it.
#[must_use]
pub const fn is_on_request(call: &str) -> bool {
    find(ON_REQUEST, call).is_some()
}

const fn find(
    table: &'static [(&'static str, &'static [ArgKind])],
    call: &str,
) -> Option<&'static [ArgKind]> {
    let mut at = 0;
    while at < table.len() {
        if equal(table[at].0.as_bytes(), call.as_bytes()) {
            return Some(table[at].1);
        }
        at += 1;
    }
    None
}

/// Comparison of strings that the compiler can make.
const fn equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Where the first argument of this kind stands among those of a call.
#[must_use]
pub fn position(call: &str, kind: ArgKind) -> Option<usize> {
    signature(call)?.iter().position(|one| *one == kind)
}

#[cfg(test)]
mod tests {
    use super::{ArgKind, ON_REQUEST, SIGNATURES, position, signature};
    use crate::names::Names;

    #[test]
    fn every_call_has_one_signature() {
        for (name, kinds) in SIGNATURES.iter().chain(ON_REQUEST) {
            assert_eq!(signature(name), Some(*kinds), "{name}");
        }
        assert_eq!(signature("rt_sigreturn"), None);
    }

    #[test]
    fn positions_are_those_of_the_manual() {
        for (call, kind, at) in [
            ("shmget", ArgKind::Key, Some(0)),
            ("recvfrom", ArgKind::Flags(Names::Message), Some(3)),
            ("recvmsg", ArgKind::Flags(Names::Message), Some(2)),
            ("sendto", ArgKind::Address, Some(4)),
            ("openat", ArgKind::Path, Some(1)),
            ("close", ArgKind::Path, None),
        ] {
            assert_eq!(position(call, kind), at, "{call}");
        }
    }
}
