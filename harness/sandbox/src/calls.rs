//! The calls that stop at the tracer, and what their arguments are.
//!
//! One row a call: the filter is built from it, the decoder reads arguments by it. A call that is not here runs at
//! full speed and leaves no trace.

use ArgKind::{
    Address, Buffer, ClockFlags, Fd, FdPair, Flags, Hex, Id, Int, Iovec, Key, Message, Messages,
    Mode, NewAddress, Octal, OutBuffer, Path, Pointer, PollMillis, SemOps, Signal, Size, Timespec,
    Timeval,
};

/// How an argument is shown and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArgKind {
    /// A descriptor.
    Fd,
    /// A pair of new descriptors, written at exit.
    FdPair,
    /// A signed number.
    Int,
    /// A count of bytes.
    Size,
    /// An address or a set of bits.
    Hex,
    /// Permission bits.
    Octal,
    /// Permission bits of a call that makes a file, when its flags say so.
    Mode,
    /// A System V key.
    Key,
    /// A System V identifier.
    Id,
    /// A signal.
    Signal,
    /// A pointer of no interest.
    Pointer,
    /// A path.
    Path,
    /// A socket address; its length is the next argument.
    Address,
    /// A socket address that the kernel fills in; the next argument points at its length.
    NewAddress,
    /// Bytes that the program hands over; the next argument is their count.
    Buffer,
    /// Bytes that the program gets; the next argument is the room.
    OutBuffer,
    /// A vector of buffers; the next argument is their count.
    Iovec,
    /// A `struct msghdr`.
    Message,
    /// An array of `struct mmsghdr`; the next argument is their count.
    Messages,
    /// A `struct timespec`, NULL: no end.
    Timespec,
    /// A `struct timeval`, NULL: no end.
    Timeval,
    /// An array of `struct sembuf`; the next argument is their count.
    SemOps,
    /// Milliseconds, negative: no end.
    PollMillis,
    /// Flags of `clock_nanosleep`.
    ClockFlags,
    /// Named bits or a named number.
    Flags(Names),
}

/// Which names a number has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Address families.
    Family,
    /// Socket types with their flags.
    SocketType,
    /// `MSG_*`
    Message,
    /// `shutdown(2)` directions.
    Shutdown,
    /// Option levels.
    OptionLevel,
    /// Socket options (level `SOL_SOCKET`).
    Option,
    /// `IPC_CREAT|0644`
    IpcGet,
    /// `SHM_RDONLY` ...
    Attach,
    /// `IPC_RMID` ...
    Control,
    /// `O_CREAT` ...
    Open,
}

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
    /// The kernel's number on this architecture.
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

const fn row(number: i64, name: &'static str, args: &'static [ArgKind], role: Role) -> Spec {
    Spec {
        number,
        name,
        args,
        role,
        when: When::Always,
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

/// `fcntl(2)` commands that wait for a lock.
const LOCK_WAITS: When = When::OneOf {
    arg: 1,
    mask: u32::MAX,
    values: &[libc::F_SETLKW as u32, libc::F_OFD_SETLKW as u32],
};

/// Every call that stops at the tracer.
#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    row(libc::SYS_read, "read", &[Fd, OutBuffer, Size], Role::Receive),
    row(libc::SYS_write, "write", &[Fd, Buffer, Size], Role::Send),
    row(libc::SYS_readv, "readv", &[Fd, Iovec, Int], Role::Receive),
    row(libc::SYS_writev, "writev", &[Fd, Iovec, Int], Role::Send),
    row(libc::SYS_recvfrom, "recvfrom", &[Fd, OutBuffer, Size, Flags(Names::Message), NewAddress, Pointer], Role::Receive),
    row(libc::SYS_sendto, "sendto", &[Fd, Buffer, Size, Flags(Names::Message), Address, Int], Role::Send),
    row(libc::SYS_recvmsg, "recvmsg", &[Fd, Message, Flags(Names::Message)], Role::Receive),
    row(libc::SYS_sendmsg, "sendmsg", &[Fd, Message, Flags(Names::Message)], Role::Send),
    row(libc::SYS_recvmmsg, "recvmmsg", &[Fd, Messages, Int, Flags(Names::Message), Timespec], Role::Receive),
    row(libc::SYS_sendmmsg, "sendmmsg", &[Fd, Messages, Int, Flags(Names::Message)], Role::Send),
    row(libc::SYS_sendfile, "sendfile", &[Fd, Fd, Pointer, Size], Role::Send),
    row(libc::SYS_close, "close", &[Fd], Role::Plain),
    row(libc::SYS_socket, "socket", &[Flags(Names::Family), Flags(Names::SocketType), Int], Role::Socket),
    row(libc::SYS_socketpair, "socketpair", &[Flags(Names::Family), Flags(Names::SocketType), Int, FdPair], Role::SocketPair),
    row(libc::SYS_bind, "bind", &[Fd, Address, Int], Role::Bind),
    row(libc::SYS_listen, "listen", &[Fd, Int], Role::Listen),
    row(libc::SYS_accept, "accept", &[Fd, NewAddress, Pointer], Role::Accept),
    row(libc::SYS_accept4, "accept4", &[Fd, NewAddress, Pointer, Flags(Names::SocketType)], Role::Accept),
    row(libc::SYS_connect, "connect", &[Fd, Address, Int], Role::Connect),
    row(libc::SYS_shutdown, "shutdown", &[Fd, Flags(Names::Shutdown)], Role::Plain),
    row(libc::SYS_getsockopt, "getsockopt", &[Fd, Flags(Names::OptionLevel), Flags(Names::Option), Pointer, Pointer], Role::Plain),
    row(libc::SYS_setsockopt, "setsockopt", &[Fd, Flags(Names::OptionLevel), Flags(Names::Option), Pointer, Int], Role::SetOption),
    row(libc::SYS_shmget, "shmget", &[Key, Size, Flags(Names::IpcGet)], Role::ShmGet),
    row(libc::SYS_shmat, "shmat", &[Id, Hex, Flags(Names::Attach)], Role::ShmAttach),
    row(libc::SYS_shmdt, "shmdt", &[Hex], Role::ShmDetach),
    row(libc::SYS_shmctl, "shmctl", &[Id, Flags(Names::Control), Pointer], Role::ShmControl),
    row(libc::SYS_semget, "semget", &[Key, Int, Flags(Names::IpcGet)], Role::SemGet),
    row(libc::SYS_semop, "semop", &[Id, SemOps, Int], Role::SemControl),
    row(libc::SYS_semtimedop, "semtimedop", &[Id, SemOps, Int, Timespec], Role::SemControl),
    row(libc::SYS_semctl, "semctl", &[Id, Int, Flags(Names::Control), Pointer], Role::SemControl),
    row(libc::SYS_msgget, "msgget", &[Key, Flags(Names::IpcGet)], Role::MsgGet),
    row(libc::SYS_msgsnd, "msgsnd", &[Id, Pointer, Size, Int], Role::MsgControl),
    row(libc::SYS_msgrcv, "msgrcv", &[Id, Pointer, Size, Int, Int], Role::MsgControl),
    row(libc::SYS_msgctl, "msgctl", &[Id, Flags(Names::Control), Pointer], Role::MsgControl),
    row(libc::SYS_unlink, "unlink", &[Path], Role::File),
    row(libc::SYS_unlinkat, "unlinkat", &[Fd, Path, Int], Role::File),
    row(libc::SYS_rename, "rename", &[Path, Path], Role::File),
    row(libc::SYS_renameat, "renameat", &[Fd, Path, Fd, Path], Role::File),
    row(libc::SYS_renameat2, "renameat2", &[Fd, Path, Fd, Path, Int], Role::File),
    row(libc::SYS_mknod, "mknod", &[Path, Mode], Role::File),
    row(libc::SYS_mknodat, "mknodat", &[Fd, Path, Mode], Role::File),
    row(libc::SYS_link, "link", &[Path, Path], Role::File),
    row(libc::SYS_linkat, "linkat", &[Fd, Path, Fd, Path, Int], Role::File),
    row(libc::SYS_symlink, "symlink", &[Path, Path], Role::File),
    row(libc::SYS_symlinkat, "symlinkat", &[Path, Fd, Path], Role::File),
    row(libc::SYS_mkdir, "mkdir", &[Path, Mode], Role::File),
    row(libc::SYS_mkdirat, "mkdirat", &[Fd, Path, Mode], Role::File),
    row(libc::SYS_creat, "creat", &[Path, Octal], Role::File),
    when(row(libc::SYS_open, "open", &[Path, Flags(Names::Open), Mode], Role::File), When::Bits { arg: 1, bits: CREATES }),
    when(row(libc::SYS_openat, "openat", &[Fd, Path, Flags(Names::Open), Mode], Role::File), When::Bits { arg: 2, bits: CREATES }),
    row(libc::SYS_mq_open, "mq_open", &[Path, Flags(Names::Open), Mode], Role::File),
    row(libc::SYS_mq_unlink, "mq_unlink", &[Path], Role::File),
    row(libc::SYS_mq_timedsend, "mq_timedsend", &[Fd, Buffer, Size, Int, Timespec], Role::Wait),
    row(libc::SYS_mq_timedreceive, "mq_timedreceive", &[Fd, OutBuffer, Size, Pointer, Timespec], Role::Wait),
    row(libc::SYS_poll, "poll", &[Pointer, Int, PollMillis], Role::Wait),
    row(libc::SYS_ppoll, "ppoll", &[Pointer, Int, Timespec], Role::Wait),
    row(libc::SYS_select, "select", &[Int, Pointer, Pointer, Pointer, Timeval], Role::Wait),
    row(libc::SYS_pselect6, "pselect6", &[Int, Pointer, Pointer, Pointer, Timespec], Role::Wait),
    row(libc::SYS_epoll_wait, "epoll_wait", &[Fd, Pointer, Int, PollMillis], Role::Wait),
    row(libc::SYS_epoll_pwait, "epoll_pwait", &[Fd, Pointer, Int, PollMillis], Role::Wait),
    row(libc::SYS_epoll_pwait2, "epoll_pwait2", &[Fd, Pointer, Int, Timespec], Role::Wait),
    row(libc::SYS_nanosleep, "nanosleep", &[Timespec, Pointer], Role::Sleep),
    row(libc::SYS_clock_nanosleep, "clock_nanosleep", &[Int, ClockFlags, Timespec, Pointer], Role::Sleep),
    row(libc::SYS_pause, "pause", &[], Role::Wait),
    row(libc::SYS_rt_sigsuspend, "rt_sigsuspend", &[Pointer], Role::Wait),
    row(libc::SYS_rt_sigtimedwait, "rt_sigtimedwait", &[Pointer, Pointer, Timespec], Role::Wait),
    row(libc::SYS_wait4, "wait4", &[Int, Pointer, Int], Role::Wait),
    row(libc::SYS_waitid, "waitid", &[Int, Int, Pointer, Int], Role::Wait),
    row(libc::SYS_flock, "flock", &[Fd, Int], Role::Wait),
    when(row(libc::SYS_fcntl, "fcntl", &[Fd, Int, Pointer], Role::Wait), LOCK_WAITS),
    when(row(libc::SYS_futex, "futex", &[Pointer, Int, Int, Timespec], Role::Wait), FUTEX_WAITS),
    row(libc::SYS_futex_waitv, "futex_waitv", &[Pointer, Int, Int, Timespec], Role::Wait),
    row(libc::SYS_alarm, "alarm", &[Int], Role::Timer),
    row(libc::SYS_setitimer, "setitimer", &[Int, Pointer, Pointer], Role::Timer),
    row(libc::SYS_timer_settime, "timer_settime", &[Int, Int, Pointer, Pointer], Role::Timer),
    row(libc::SYS_timerfd_settime, "timerfd_settime", &[Fd, Int, Pointer, Pointer], Role::Timer),
    row(libc::SYS_kill, "kill", &[Int, Signal], Role::Plain),
    row(libc::SYS_fork, "fork", &[], Role::Fork),
    row(libc::SYS_vfork, "vfork", &[], Role::Fork),
    row(libc::SYS_clone, "clone", &[Hex], Role::Fork),
    row(libc::SYS_execve, "execve", &[Path], Role::Exec),
    row(libc::SYS_execveat, "execveat", &[Fd, Path], Role::Exec),
    row(libc::SYS_exit_group, "exit_group", &[Int], Role::Exit),
    row(libc::SYS_restart_syscall, "restart_syscall", &[], Role::Plain),
];

/// The row of a call, by its number.
pub(crate) fn spec(number: u64) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.number == number as i64)
}

#[cfg(test)]
mod tests {
    use super::{TABLE, spec};

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
