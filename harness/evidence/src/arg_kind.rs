//! Kinds of arguments.

use crate::names::Names;

/// How an argument is shown and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
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
    /// A socket's option; its level is the argument before.
    SocketOption,
}
