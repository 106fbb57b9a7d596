//! Arguments as a reader writes them.
//!
//! A tracee's memory is read at most once for each argument, never trusted, and bounded: a pointer to nowhere is shown
//! as its number.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipclab_evidence::{Address, Arg, Bytes};

use crate::calls::{ArgKind, Names, Spec};
use ipclab_kernel::{Pid, memory};

/// How much of a buffer the trace shows in an argument.
const SHOWN: usize = 64;

/// How much of a transfer is kept. More than any message of a lab, less than a flood.
pub(crate) const KEPT: usize = 8192;

/// Longest path, `PATH_MAX` of `limits.h`.
const PATH_MAX: usize = 4096;

/// Longest vector that is looked at.
const VECTORS: usize = 16;

/// Everything the arguments of a call say, before it is made.
pub(crate) fn arguments(pid: Pid, spec: &Spec, args: &[u64; 6]) -> Vec<Arg> {
    spec.args
        .iter()
        .enumerate()
        .map(|(at, kind)| argument(pid, *kind, args, at, spec))
        .collect()
}

fn number(value: i64) -> Arg {
    Arg {
        text: value.to_string(),
        value: Some(value),
    }
}

fn text(text: impl Into<String>) -> Arg {
    Arg {
        text: text.into(),
        value: None,
    }
}

fn pointer(address: u64) -> Arg {
    if address == 0 {
        Arg {
            text: "NULL".into(),
            value: Some(0),
        }
    } else {
        text(format!("{address:#x}"))
    }
}

fn argument(pid: Pid, kind: ArgKind, args: &[u64; 6], at: usize, spec: &Spec) -> Arg {
    let raw = args[at];
    let next = args.get(at + 1).copied().unwrap_or(0);
    let small = i64::from(raw as i32);
    match kind {
        ArgKind::Fd | ArgKind::Int | ArgKind::Id | ArgKind::PollMillis | ArgKind::ClockFlags => {
            number(small)
        }
        ArgKind::Size => number(raw as i64),
        ArgKind::Hex => pointer(raw),
        ArgKind::Octal => Arg {
            text: octal(raw as u32),
            value: Some(small),
        },
        ArgKind::Mode => {
            let wanted = at == 0
                || !matches!(spec.args[at - 1], ArgKind::Flags(Names::Open))
                || creates(args[at - 1]);
            if wanted {
                Arg {
                    text: octal(raw as u32),
                    value: Some(small),
                }
            } else {
                number(0)
            }
        }
        ArgKind::Key => match raw as i32 {
            libc::IPC_PRIVATE => Arg {
                text: "IPC_PRIVATE".into(),
                value: Some(0),
            },
            key => number(key.into()),
        },
        ArgKind::Signal => Arg {
            text: signal_name(raw as i32),
            value: Some(small),
        },
        ArgKind::Pointer
        | ArgKind::FdPair
        | ArgKind::OutBuffer
        | ArgKind::NewAddress
        | ArgKind::Messages => pointer(raw),
        ArgKind::Path => path(pid, raw).map_or_else(
            || pointer(raw),
            |path| text(format!("\"{}\"", path.escaped())),
        ),
        ArgKind::Address => address(pid, raw, next)
            .map_or_else(|| pointer(raw), |address| text(show_address(&address))),
        ArgKind::Buffer => text(show_bytes(&memory(pid, raw, next, SHOWN), next)),
        ArgKind::Iovec => {
            let vectors = vectors(pid, raw, next);
            let total = total(&vectors);
            text(show_bytes(&gather(pid, &vectors, SHOWN as u64), total))
        }
        ArgKind::Message => match Message::read(pid, raw) {
            Some(message) => text(show_bytes(
                &gather(pid, &message.vectors, SHOWN as u64),
                total(&message.vectors),
            )),
            None => pointer(raw),
        },
        ArgKind::SemOps => sem_ops(pid, raw, next).map_or_else(|| pointer(raw), text),
        ArgKind::Timespec | ArgKind::Timeval => match duration_us(pid, kind, raw) {
            Some(us) => text(format!("{}.{:06}s", us / 1_000_000, us % 1_000_000)),
            None => pointer(raw),
        },
        ArgKind::Flags(names) => Arg {
            text: named(names, raw as u32, args),
            value: Some(small),
        },
    }
}

/// `[{0, -1, SEM_UNDO}]`: number, operation and flags of each, `semop(2)`.
fn sem_ops(pid: Pid, at: u64, count: u64) -> Option<String> {
    /// Bytes of a `struct sembuf`, and how many of them are shown.
    const SIZE: u64 = 6;
    const MOST: u64 = 8;
    let bytes = memory(pid, at, count.min(MOST) * SIZE, (MOST * SIZE) as usize);
    let half = |op: &[u8], at: usize| i16::from_ne_bytes([op[at], op[at + 1]]);
    let ops: Vec<String> = bytes
        .chunks_exact(SIZE as usize)
        .map(|op| {
            let flags = half(op, 4);
            let mut names = Vec::new();
            for (bit, name) in [(0x1000, "SEM_UNDO"), (0o4000, "IPC_NOWAIT")] {
                if flags & bit != 0 {
                    names.push(name);
                }
            }
            let flags = if names.is_empty() {
                "0".to_owned()
            } else {
                names.join("|")
            };
            format!("{{{}, {}, {flags}}}", half(op, 0) as u16, half(op, 2))
        })
        .collect();
    let more = if count > MOST { ", ..." } else { "" };
    (!ops.is_empty()).then(|| format!("[{}{more}]", ops.join(", ")))
}

fn creates(flags: u64) -> bool {
    flags & libc::O_CREAT as u64 != 0
}

fn octal(mode: u32) -> String {
    format!("{mode:#05o}").replacen("0o", "0", 1)
}

/// A pointer's worth of memory: what could be read of `length` bytes, `most` at the most.
pub(crate) fn memory(pid: Pid, address: u64, length: u64, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(most).min(most)];
    let got = memory::read_memory(pid, address, &mut bytes);
    bytes.truncate(got);
    bytes
}

fn words<const N: usize>(pid: Pid, address: u64) -> Option<[u64; N]> {
    let bytes = memory(pid, address, 8 * N as u64, 8 * N);
    let mut words = [0; N];
    for (at, word) in words.iter_mut().enumerate() {
        *word = u64::from_ne_bytes(bytes.get(8 * at..8 * at + 8)?.try_into().ok()?);
    }
    Some(words)
}

/// A NUL-terminated string; `None` when there is none to read.
pub(crate) fn path(pid: Pid, address: u64) -> Option<Bytes> {
    let mut bytes = Vec::new();
    // To the end of the page at first: a string may end right before memory that is not there.
    while bytes.len() < PATH_MAX {
        let from = address.checked_add(bytes.len() as u64)?;
        let piece = memory(pid, from, 4096 - from % 4096, 4096);
        if piece.is_empty() {
            return None;
        }
        if let Some(end) = piece.iter().position(|byte| *byte == 0) {
            bytes.extend_from_slice(&piece[..end]);
            break;
        }
        bytes.extend_from_slice(&piece);
    }
    bytes.truncate(PATH_MAX);
    Some(Bytes(bytes))
}

/// A socket address in a tracee's memory.
pub(crate) fn address(pid: Pid, at: u64, length: u64) -> Option<Address> {
    parse_address(&memory(pid, at, length, 128))
}

/// A socket address as the kernel lays it out: `ip(7)`, `ipv6(7)`, `unix(7)`.
pub(crate) fn parse_address(bytes: &[u8]) -> Option<Address> {
    let family = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
    let port = || Some(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?));
    Some(match i32::from(family) {
        libc::AF_INET => {
            let ip: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Address::Inet(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(ip)), port()?))
        }
        libc::AF_INET6 => {
            let ip: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Address::Inet(SocketAddr::new(IpAddr::V6(Ipv6Addr::from(ip)), port()?))
        }
        libc::AF_UNIX => match &bytes[2..] {
            [] => Address::Unnamed,
            [0, name @ ..] => Address::Abstract(name.into()),
            path => Address::Path(
                path.split(|byte| *byte == 0)
                    .next()
                    .unwrap_or_default()
                    .into(),
            ),
        },
        _ => Address::Other(family),
    })
}

fn show_address(address: &Address) -> String {
    match address {
        Address::Inet(SocketAddr::V4(address)) => format!("{{AF_INET, {address}}}"),
        Address::Inet(SocketAddr::V6(address)) => format!("{{AF_INET6, {address}}}"),
        Address::Path(path) => format!("{{AF_UNIX, \"{}\"}}", path.escaped()),
        Address::Abstract(name) => format!("{{AF_UNIX, @\"{}\"}}", name.escaped()),
        Address::Unnamed => "{AF_UNIX}".to_owned(),
        Address::Other(family) => format!("{{family {family}}}"),
    }
}

fn show_bytes(bytes: &[u8], length: u64) -> String {
    let more = if length > bytes.len() as u64 {
        "..."
    } else {
        ""
    };
    format!("\"{}\"{more}", Bytes::from(bytes).escaped())
}

/// Buffers of a vector: (address, length).
pub(crate) type Vectors = Vec<(u64, u64)>;

/// Reads a `struct iovec` array.
pub(crate) fn vectors(pid: Pid, at: u64, count: u64) -> Vectors {
    (0..count.min(VECTORS as u64))
        .map_while(|index| {
            words::<2>(pid, at.wrapping_add(16 * index)).map(|[base, length]| (base, length))
        })
        .collect()
}

pub(crate) fn total(vectors: &Vectors) -> u64 {
    vectors
        .iter()
        .fold(0, |sum, (_, length)| sum.saturating_add(*length))
}

/// The first bytes of a vector's buffers, `most` at the most.
pub(crate) fn gather(pid: Pid, vectors: &Vectors, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (base, length) in vectors {
        let room = most.saturating_sub(bytes.len() as u64).min(KEPT as u64) as usize;
        bytes.extend(memory(pid, *base, *length, room));
    }
    bytes
}

/// The parts of a `struct msghdr` that matter, `recvmsg(2)`.
pub(crate) struct Message {
    /// Where its address is, and how long.
    pub(crate) name: (u64, u64),
    /// Its buffers.
    pub(crate) vectors: Vectors,
    /// Where its first `iovec` is.
    pub(crate) iov: u64,
    /// `msg_flags`, as the kernel sets them on return.
    pub(crate) flags: i32,
}

impl Message {
    /// Reads one.
    pub(crate) fn read(pid: Pid, at: u64) -> Option<Self> {
        let [
            name,
            name_length,
            iov,
            count,
            _control,
            _control_length,
            flags,
        ] = words::<7>(pid, at)?;
        Some(Self {
            name: (name, name_length & 0xffff_ffff),
            vectors: vectors(pid, iov, count),
            iov,
            flags: flags as i32,
        })
    }
}

/// A time in memory in microseconds; `None` for NULL or what cannot be read.
pub(crate) fn duration_us(pid: Pid, kind: ArgKind, at: u64) -> Option<u64> {
    let [seconds, rest] = words::<2>(pid, at)?;
    let rest = if kind == ArgKind::Timeval {
        rest
    } else {
        rest / 1_000
    };
    Some(seconds.saturating_mul(1_000_000).saturating_add(rest))
}

/// The name of a signal: `SIGTERM`.
pub(crate) fn signal_name(signal: i32) -> String {
    match nix::sys::signal::Signal::try_from(signal) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) if signal == 0 => "0".to_owned(),
        Err(_) => format!("SIG{signal}"),
    }
}

/// The number of a signal by its name.
pub(crate) fn signal_number(name: &str) -> Option<i32> {
    name.parse::<nix::sys::signal::Signal>()
        .ok()
        .map(|signal| signal as i32)
}

/// The name of an errno: `EADDRINUSE`.
pub(crate) fn errno_name(errno: i32) -> String {
    match errno {
        // Never seen by the program: the kernel makes the call again, or turns it into EINTR.
        512..=516 => "ERESTART".to_owned(),
        _ => match nix::errno::Errno::from_raw(errno) {
            nix::errno::Errno::UnknownErrno => format!("errno {errno}"),
            known => format!("{known:?}"),
        },
    }
}

/// The number of an errno by its name.
pub(crate) fn errno_number(name: &str) -> Option<i32> {
    (1..134).find(|errno| errno_name(*errno) == name)
}

macro_rules! names {
    ($($name:ident),* $(,)?) => { &[$((libc::$name as u32, stringify!($name))),*] };
}

type Table = &'static [(u32, &'static str)];

const FAMILIES: Table = names![AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET];
const SOCKET_TYPES: Table = names![SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET];
const SOCKET_FLAGS: Table = names![SOCK_NONBLOCK, SOCK_CLOEXEC];
const MESSAGE_FLAGS: Table = names![
    MSG_OOB,
    MSG_PEEK,
    MSG_DONTROUTE,
    MSG_CTRUNC,
    MSG_TRUNC,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_WAITALL,
    MSG_NOSIGNAL,
    MSG_MORE,
    MSG_CMSG_CLOEXEC,
    MSG_ERRQUEUE
];
const DIRECTIONS: Table = names![SHUT_RD, SHUT_WR, SHUT_RDWR];
const LEVELS: Table = &[
    (1, "SOL_SOCKET"),
    (0, "IPPROTO_IP"),
    (6, "IPPROTO_TCP"),
    (41, "IPPROTO_IPV6"),
];
const OPTIONS: Table = names![
    SO_REUSEADDR,
    SO_TYPE,
    SO_ERROR,
    SO_BROADCAST,
    SO_SNDBUF,
    SO_RCVBUF,
    SO_KEEPALIVE,
    SO_OOBINLINE,
    SO_LINGER,
    SO_REUSEPORT,
    SO_PASSCRED,
    SO_PEERCRED,
    SO_RCVLOWAT,
    SO_SNDLOWAT,
    SO_RCVTIMEO,
    SO_SNDTIMEO,
    SO_ACCEPTCONN,
    SO_DOMAIN,
    SO_PROTOCOL
];
const TCP_OPTIONS: Table = names![
    TCP_NODELAY,
    TCP_MAXSEG,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    TCP_KEEPCNT
];
const IPC_FLAGS: Table = names![IPC_CREAT, IPC_EXCL, IPC_NOWAIT];
const ATTACH_FLAGS: Table = names![SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC];
const COMMANDS: Table = names![
    IPC_RMID, IPC_SET, IPC_STAT, SHM_LOCK, SHM_UNLOCK, GETPID, GETVAL, GETALL, GETNCNT, GETZCNT,
    SETVAL, SETALL
];
const OPEN_FLAGS: Table = names![
    O_CREAT,
    O_EXCL,
    O_NOCTTY,
    O_TRUNC,
    O_APPEND,
    O_NONBLOCK,
    O_CLOEXEC,
    O_DIRECTORY,
    O_NOFOLLOW
];
const ACCESS: Table = names![O_RDONLY, O_WRONLY, O_RDWR];

fn one(table: Table, value: u32) -> String {
    table
        .iter()
        .find(|(number, _)| *number == value)
        .map_or_else(|| value.to_string(), |(_, name)| (*name).to_owned())
}

fn set(table: Table, mut value: u32) -> Vec<String> {
    let mut parts = Vec::new();
    for (bits, name) in table {
        if *bits != 0 && value & bits == *bits {
            parts.push((*name).to_owned());
            value &= !bits;
        }
    }
    if value != 0 {
        parts.push(format!("{value:#x}"));
    }
    parts
}

/// The name of a socket's option: `SO_RCVBUF`, `TCP_NODELAY`.
pub(crate) fn option_name(level: i32, option: i32) -> Option<&'static str> {
    let table = match level {
        libc::SOL_SOCKET => OPTIONS,
        libc::IPPROTO_TCP => TCP_OPTIONS,
        _ => return None,
    };
    let known = table.iter().find(|(number, _)| *number == option as u32);
    known.map(|(_, name)| *name)
}

fn joined(parts: Vec<String>) -> String {
    if parts.is_empty() {
        "0".to_owned()
    } else {
        parts.join("|")
    }
}

fn named(names: Names, value: u32, args: &[u64; 6]) -> String {
    match names {
        Names::Family => one(FAMILIES, value),
        Names::SocketType => {
            let flags = set(SOCKET_FLAGS, value & !0xf);
            match value & 0xf {
                // accept4 has flags and no type.
                0 => joined(flags),
                kind => joined([vec![one(SOCKET_TYPES, kind)], flags].concat()),
            }
        }
        Names::Message => joined(set(MESSAGE_FLAGS, value)),
        Names::Shutdown => one(DIRECTIONS, value),
        Names::OptionLevel => one(LEVELS, value),
        Names::Option if args[1] == libc::SOL_SOCKET as u64 => one(OPTIONS, value),
        Names::Option if args[1] == libc::IPPROTO_TCP as u64 => one(TCP_OPTIONS, value),
        Names::Option => value.to_string(),
        Names::IpcGet => {
            let mut parts = set(IPC_FLAGS, value & !0o777);
            if value & 0o777 != 0 || parts.is_empty() {
                parts.push(octal(value & 0o777));
            }
            joined(parts)
        }
        Names::Attach => joined(set(ATTACH_FLAGS, value)),
        // semctl and msgctl add IPC_64 on some architectures.
        Names::Control => one(COMMANDS, value & !0x100),
        Names::Open => joined([vec![one(ACCESS, value & 3)], set(OPEN_FLAGS, value & !3)].concat()),
    }
}

#[cfg(test)]
mod any;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_read_as_in_c() {
        let check = |names, value: i32, expect: &str| {
            assert_eq!(named(names, value as u32, &[0, 1, 0, 0, 0, 0]), expect)
        };
        check(Names::IpcGet, libc::IPC_CREAT | 0o644, "IPC_CREAT|0644");
        check(Names::IpcGet, 0, "0000");
        check(
            Names::SocketType,
            libc::SOCK_STREAM | libc::SOCK_CLOEXEC,
            "SOCK_STREAM|SOCK_CLOEXEC",
        );
        check(Names::SocketType, 0, "0");
        check(Names::Control, libc::IPC_RMID, "IPC_RMID");
        check(Names::Option, libc::SO_REUSEADDR, "SO_REUSEADDR");
        check(
            Names::Open,
            libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC,
            "O_WRONLY|O_CREAT|O_TRUNC",
        );
        check(Names::Message, 0, "0");
    }

    #[test]
    fn errnos_and_signals_have_names_both_ways() {
        for name in ["EADDRINUSE", "EINTR", "ECONNREFUSED", "EAGAIN"] {
            assert_eq!(errno_number(name).map(errno_name).as_deref(), Some(name));
        }
        assert_eq!(errno_number("ENONSENSE"), None);
        assert_eq!(signal_number("SIGPIPE"), Some(libc::SIGPIPE));
        assert_eq!(signal_name(libc::SIGSEGV), "SIGSEGV");
        assert_eq!(signal_name(40), "SIG40");
    }

    #[test]
    fn addresses_are_read_as_the_kernel_lays_them_out() {
        let inet = [2, 0, 0x30, 0x39, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(parse_address(&inet).unwrap().to_string(), "0.0.0.0:12345");
        assert_eq!(
            parse_address(b"\x01\0/tmp/s\0rest").unwrap(),
            Address::Path("/tmp/s".into())
        );
        assert_eq!(
            parse_address(b"\x01\0\0name").unwrap(),
            Address::Abstract("name".into())
        );
        assert_eq!(parse_address(b"\x01\0").unwrap(), Address::Unnamed);
        assert_eq!(parse_address(b"\x02\0\x30"), None);
        assert_eq!(parse_address(b""), None);
    }

    #[test]
    fn a_pointer_to_nowhere_is_a_number() {
        let me = std::process::id() as Pid;
        assert_eq!(path(me, 8), None);
        assert_eq!(address(me, 8, 16), None);
        assert!(vectors(me, 8, 1 << 40).is_empty());
        assert!(Message::read(me, u64::MAX - 3).is_none());
    }
}
