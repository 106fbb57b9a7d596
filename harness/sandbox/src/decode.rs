//! Arguments, read from the registers and the memory of a tracee.
//!
//! A tracee's memory is read at most once for each argument, never trusted, and bounded: a pointer to nowhere is shown
//! as its number.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipclab_evidence::{Address, Arg, Bytes, Errno, SemOp};
pub(crate) use ipclab_evidence::{signal_name, signal_number};

use crate::calls::{ArgKind, Names, Spec};
use ipclab_kernel::{Pid, memory};

/// How much of a buffer the trace shows in an argument.
const MAX_ARGUMENT_BYTES: usize = 64;

/// How much of a transfer is kept: any datagram, and of a stream what one call moves as a rule.
pub(crate) const MAX_TRANSFER_BYTES: usize = 64 << 10;

/// Longest path, `PATH_MAX` of `limits.h`.
const PATH_MAX: usize = 4096;

/// Longest vector that the kernel takes, `IOV_MAX` of `limits.h`.
const MAX_VECTORS: usize = 1024;

/// Everything the arguments of a call say, before it is made.
pub(crate) fn arguments(pid: Pid, spec: &Spec, args: &[u64; 6]) -> Vec<Arg> {
    spec.args
        .iter()
        .enumerate()
        .map(|(at, kind)| argument(pid, *kind, args, at, spec))
        .collect()
}

fn argument(pid: Pid, kind: ArgKind, args: &[u64; 6], at: usize, spec: &Spec) -> Arg {
    let raw = args[at];
    let next = args.get(at + 1).copied().unwrap_or(0);
    let before = at.checked_sub(1);
    let pointer = || Arg::Pointer(raw);
    match kind {
        ArgKind::Fd | ArgKind::Int | ArgKind::Id | ArgKind::PollMillis | ArgKind::ClockFlags => {
            Arg::Number((raw as i32).into())
        }
        ArgKind::Size => Arg::Number(raw as i64),
        ArgKind::Octal => Arg::Mode(raw as u32),
        ArgKind::Mode => {
            let opens = before.filter(|at| spec.args[*at] == ArgKind::Flags(Names::Open));
            match opens {
                // The kernel does not look at it.
                Some(flags) if !creates(args[flags]) => Arg::Number(0),
                Some(_) | None => Arg::Mode(raw as u32),
            }
        }
        ArgKind::Key => Arg::Key(raw as i32),
        ArgKind::Signal => Arg::Signal(raw as i32),
        ArgKind::Hex
        | ArgKind::Pointer
        | ArgKind::FdPair
        | ArgKind::OutBuffer
        | ArgKind::NewAddress
        | ArgKind::Messages => pointer(),
        ArgKind::Path => path(pid, raw).map_or_else(pointer, Arg::Path),
        ArgKind::Address => address(pid, raw, next).map_or_else(pointer, Arg::Address),
        ArgKind::Buffer => beginning(memory(pid, raw, next, MAX_ARGUMENT_BYTES), next),
        ArgKind::Iovec => beginning_of_all(pid, &vectors(pid, raw, next)),
        ArgKind::Message => match Message::read(pid, raw) {
            Some(message) => beginning_of_all(pid, &message.vectors),
            None => pointer(),
        },
        ArgKind::SemOps => sem_ops(pid, raw, next).unwrap_or_else(pointer),
        ArgKind::Timespec | ArgKind::Timeval => {
            duration_us(pid, kind, raw).map_or_else(pointer, Arg::Micros)
        }
        ArgKind::Flags(names) => Arg::Flags(names, raw as u32),
        ArgKind::SocketOption => {
            let level = before.map_or(0, |at| args[at] as i32);
            match Names::of_options(level) {
                Some(names) => Arg::Flags(names, raw as u32),
                None => Arg::Number((raw as u32).into()),
            }
        }
    }
}

/// The first bytes of a buffer of this length.
fn beginning(bytes: Vec<u8>, length: u64) -> Arg {
    Arg::Bytes {
        whole: length <= bytes.len() as u64,
        head: Bytes(bytes),
    }
}

fn beginning_of_all(pid: Pid, vectors: &Vectors) -> Arg {
    beginning(
        gather(pid, vectors, MAX_ARGUMENT_BYTES as u64),
        total(vectors),
    )
}

/// An array of `struct sembuf`: number, operation and flags of each, `semop(2)`.
pub(crate) fn sem_ops(pid: Pid, at: u64, count: u64) -> Option<Arg> {
    /// Bytes of one, and how many of them are shown.
    const SEMBUF_BYTES: u64 = 6;
    const MAX_SEMBUFS: u64 = 8;
    let bytes = memory(
        pid,
        at,
        count.min(MAX_SEMBUFS) * SEMBUF_BYTES,
        (MAX_SEMBUFS * SEMBUF_BYTES) as usize,
    );
    let half = |op: &[u8], at: usize| i16::from_ne_bytes([op[at], op[at + 1]]);
    let ops: Vec<SemOp> = bytes
        .chunks_exact(SEMBUF_BYTES as usize)
        .map(|op| SemOp {
            number: half(op, 0) as u16,
            by: half(op, 2),
            flags: half(op, 4),
        })
        .collect();
    let whole = count <= MAX_SEMBUFS;
    (!ops.is_empty()).then_some(Arg::SemOps { ops, whole })
}

fn creates(flags: u64) -> bool {
    flags & libc::O_CREAT as u64 != 0
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

/// Buffers of a vector: (address, length).
pub(crate) type Vectors = Vec<(u64, u64)>;

/// Reads a `struct iovec` array.
pub(crate) fn vectors(pid: Pid, at: u64, count: u64) -> Vectors {
    /// Bytes of one.
    const SIZE: usize = 16;
    let count = usize::try_from(count)
        .unwrap_or(MAX_VECTORS)
        .min(MAX_VECTORS);
    let bytes = memory(pid, at, (count * SIZE) as u64, count * SIZE);
    let word = |part: &[u8]| part.try_into().map_or(0, u64::from_ne_bytes);
    let parts = bytes.chunks_exact(SIZE);
    parts
        .map(|part| (word(&part[..8]), word(&part[8..])))
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
        let room = most
            .min(MAX_TRANSFER_BYTES as u64)
            .saturating_sub(bytes.len() as u64) as usize;
        if room == 0 {
            break;
        }
        let part = memory(pid, *base, *length, room);
        let whole = part.len() as u64 == *length;
        bytes.extend(part);
        // What stands behind a part that cannot be read stands at another place.
        if !whole {
            break;
        }
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
    /// It has room for descriptors or credentials.
    pub(crate) has_control: bool,
}

impl Message {
    /// Reads one.
    pub(crate) fn read(pid: Pid, at: u64) -> Option<Self> {
        let [
            name,
            name_length,
            iov,
            count,
            control,
            control_length,
            flags,
        ] = words::<7>(pid, at)?;
        Some(Self {
            name: (name, name_length & 0xffff_ffff),
            vectors: vectors(pid, iov, count),
            iov,
            flags: flags as i32,
            has_control: control != 0 && control_length != 0,
        })
    }
}

/// The descriptors that a message takes along or has brought, `SCM_RIGHTS` of `unix(7)`, by the `struct msghdr` at this address.
pub(crate) fn passed_descriptors(pid: Pid, message: u64) -> Vec<i32> {
    /// More than the kernel takes along with one message, `SCM_MAX_FD`.
    const CONTROL_MAX: usize = 4096;
    let control = words::<7>(pid, message).map(|words| (words[4], words[5]));
    match control {
        Some((at, length)) if at != 0 && length != 0 => {
            rights(&memory(pid, at, length, CONTROL_MAX))
        }
        _ => Vec::new(),
    }
}

/// The descriptors in control messages as they lie in memory, `cmsg(3)`.
fn rights(mut control: &[u8]) -> Vec<i32> {
    /// Bytes of a `struct cmsghdr`.
    const HEAD: usize = 16;
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, i32::from_ne_bytes);
    let mut found = Vec::new();
    while let Some((head, _)) = control.split_at_checked(HEAD) {
        let length = head[..8].try_into().map_or(0, u64::from_ne_bytes);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(data) = control.get(HEAD..length) else {
            break;
        };
        let kind = (number(&head[8..12]), number(&head[12..]));
        if kind == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            found.extend(data.chunks_exact(4).map(number));
        }
        control = control
            .get(length.next_multiple_of(8)..)
            .unwrap_or_default();
    }
    found
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

/// The name of an errno: `EADDRINUSE`.
pub(crate) fn errno_name(errno: i32) -> String {
    Errno::from_number(errno).to_string()
}

/// The number of an errno by its name.
pub(crate) fn errno_number(name: &str) -> Option<i32> {
    Errno::from_name(name).map(Errno::number)
}

#[cfg(test)]
mod any;

#[cfg(test)]
mod tests {
    use super::*;

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
    fn control_messages_are_read_to_their_end_and_no_further() {
        let head = |length: u64, level: i32, kind: i32| {
            [
                &length.to_ne_bytes()[..],
                &level.to_ne_bytes(),
                &kind.to_ne_bytes(),
            ]
            .concat()
        };
        let fds = |fds: &[i32]| {
            fds.iter()
                .flat_map(|fd| fd.to_ne_bytes())
                .collect::<Vec<u8>>()
        };
        let (socket, of_rights, of_credentials) =
            (libc::SOL_SOCKET, libc::SCM_RIGHTS, libc::SCM_CREDENTIALS);
        let one = [head(20, socket, of_rights), fds(&[7, 0])].concat();
        assert_eq!(rights(&one), [7]);
        let credentials = [head(28, socket, of_credentials), fds(&[1, 2, 3, 0])].concat();
        let two = [credentials, head(24, socket, of_rights), fds(&[8, 9])].concat();
        assert_eq!(rights(&two), [8, 9]);
        assert!(rights(&two[..two.len() - 1]).is_empty());
        // A length of its own choice leads nowhere.
        for length in [0, 15, 1 << 40, u64::MAX] {
            let odd = [head(length, socket, of_rights), fds(&[7])].concat();
            assert!(rights(&odd).is_empty(), "{length}");
        }
        assert!(rights(&head(16, 41, of_rights)).is_empty());
        assert!(rights(&[]).is_empty());
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
