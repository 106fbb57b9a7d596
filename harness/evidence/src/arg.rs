//! Arguments of system calls: what each one is, and how C writes it.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::bytes::Bytes;
use crate::names::{Names, Part, SEM_FLAGS, set, signal_constant, signal_name};

/// One argument. Its text, [`fmt::Display`], is what reports and findings show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arg {
    /// A signed number: a descriptor, a count, an identifier.
    Number(i64),
    /// A pointer of no interest or to nowhere, or a set of bits without names: `NULL`, `0x7ffe1000`.
    Pointer(u64),
    /// Permission bits: `0644`.
    Mode(u32),
    /// A System V key: `100`, `IPC_PRIVATE`.
    Key(i32),
    /// A signal: `SIGTERM`.
    Signal(i32),
    /// A number made of named constants: `IPC_CREAT|0644`, `SHUT_WR`.
    Flags(Names, u32),
    /// A path: `"/tmp/uc_srv_socket"`.
    Path(Bytes),
    /// The address of a socket: `{AF_INET, 0.0.0.0:12345}`.
    Address(Address),
    /// The beginning of a buffer: `"hello"...`.
    Bytes {
        /// The first bytes.
        head: Bytes,
        /// Whether these are all of them.
        whole: bool,
    },
    /// Operations on semaphores: `[{0, -1, SEM_UNDO}]`.
    SemOps {
        /// The first of them.
        ops: Vec<SemOp>,
        /// Whether these are all of them.
        whole: bool,
    },
    /// A length of time in microseconds: `1.500000s`.
    Micros(u64),
    /// As text alone: too long to be kept whole, or of an earlier version that wrote no more down.
    Text(String),
}

/// One operation of `semop(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SemOp {
    /// Which semaphore of the set.
    pub number: u16,
    /// What is added to it; less than 0 waits and takes, 0 waits until it is 0.
    pub by: i16,
    /// `SEM_UNDO`, `IPC_NOWAIT`.
    pub flags: i16,
}

/// A word that stands in an argument for itself: a constant's name or a number, [`Arg::words`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word<'a> {
    /// `IPC_CREAT`, `NULL`, `SIGTERM`
    Name(&'a str),
    /// `0644`, `5`
    Number(i64),
}

impl Arg {
    /// The register's value, where it is a number and no pointer but `NULL`.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Pointer(address) => (*address == 0).then_some(0),
            Self::Mode(bits) | Self::Flags(_, bits) => Some((*bits as i32).into()),
            Self::Key(number) | Self::Signal(number) => Some((*number).into()),
            Self::Path(_)
            | Self::Address(_)
            | Self::Bytes { .. }
            | Self::SemOps { .. }
            | Self::Micros(_)
            | Self::Text(_) => None,
        }
    }

    /// The constants and numbers that it is made of, in their order; `None`: it is no number.
    #[must_use]
    pub fn words(&self) -> Option<Vec<Word<'static>>> {
        Some(match self {
            Self::Number(number) => vec![Word::Number(*number)],
            Self::Pointer(0) => vec![Word::Name("NULL")],
            Self::Pointer(address) => vec![Word::Number(i64::try_from(*address).ok()?)],
            Self::Mode(bits) => vec![Word::Number((*bits).into())],
            Self::Key(0) => vec![Word::Name("IPC_PRIVATE")],
            Self::Key(key) => vec![Word::Number((*key).into())],
            Self::Signal(signal) => match signal_constant(*signal) {
                Some(name) => vec![Word::Name(name)],
                None => vec![Word::Number((*signal).into())],
            },
            Self::Flags(names, bits) => {
                let parts = names.parts(*bits).into_iter();
                parts.map(Word::from).collect()
            }
            Self::Path(_)
            | Self::Address(_)
            | Self::Bytes { .. }
            | Self::SemOps { .. }
            | Self::Micros(_)
            | Self::Text(_) => return None,
        })
    }

    /// Whether this constant is among those that it is made of: `IPC_RMID`, `MSG_PEEK`.
    #[must_use]
    pub fn has(&self, constant: &str) -> bool {
        match self {
            Self::Flags(names, bits) => {
                let mut parts = names.parts(*bits).into_iter();
                parts.any(|part| matches!(part, Part::Name(name) if name == constant))
            }
            _ => false,
        }
    }

    /// The path, where it is one or the address of a socket that has one.
    #[must_use]
    pub fn path(&self) -> Option<&Bytes> {
        match self {
            Self::Path(path) | Self::Address(Address::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// The address of a socket.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Address(address) => Some(address),
            _ => None,
        }
    }

    /// The bytes of a string or buffer that is there from its beginning to its end.
    #[must_use]
    pub fn string(&self) -> Option<&Bytes> {
        match self {
            Self::Path(bytes)
            | Self::Bytes {
                head: bytes,
                whole: true,
            } => Some(bytes),
            _ => None,
        }
    }

    /// The operations on semaphores.
    #[must_use]
    pub fn sem_ops(&self) -> &[SemOp] {
        match self {
            Self::SemOps { ops, .. } => ops,
            _ => &[],
        }
    }

    /// How many bytes it keeps beside itself.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Path(bytes)
            | Self::Address(Address::Path(bytes) | Address::Abstract(bytes))
            | Self::Bytes { head: bytes, .. } => bytes.0.len(),
            Self::SemOps { ops, .. } => size_of_val(ops.as_slice()),
            Self::Text(text) => text.len(),
            Self::Number(_)
            | Self::Pointer(_)
            | Self::Mode(_)
            | Self::Key(_)
            | Self::Signal(_)
            | Self::Flags(..)
            | Self::Address(Address::Inet(_) | Address::Unnamed | Address::Other(_))
            | Self::Micros(_) => 0,
        }
    }
}

impl From<Part> for Word<'static> {
    fn from(part: Part) -> Self {
        match part {
            Part::Name(name) => Self::Name(name),
            Part::Decimal(number) | Part::Hex(number) | Part::Octal(number) => {
                Self::Number(number.into())
            }
        }
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Pointer(0) => f.write_str("NULL"),
            Self::Pointer(address) => write!(f, "{address:#x}"),
            Self::Mode(bits) => write!(f, "{}", Part::Octal(*bits)),
            Self::Key(0) => f.write_str("IPC_PRIVATE"),
            Self::Key(key) => write!(f, "{key}"),
            Self::Signal(signal) => f.write_str(&signal_name(*signal)),
            Self::Flags(names, bits) => joined(f, &names.parts(*bits)),
            Self::Path(path) => write!(f, "\"{}\"", path.escaped()),
            Self::Address(address) => socket_address(f, address),
            Self::Bytes { head, whole } => {
                let more = if *whole { "" } else { "..." };
                write!(f, "\"{}\"{more}", head.escaped())
            }
            Self::SemOps { ops, whole } => {
                f.write_str("[")?;
                for (at, op) in ops.iter().enumerate() {
                    let between = if at > 0 { ", " } else { "" };
                    write!(f, "{between}{op}")?;
                }
                f.write_str(if *whole { "]" } else { ", ...]" })
            }
            Self::Micros(us) => write!(f, "{}.{:06}s", us / 1_000_000, us % 1_000_000),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for SemOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}, {}, ", self.number, self.by)?;
        let known = set(SEM_FLAGS, u32::from(self.flags as u16)).into_iter();
        let named: Vec<Part> = known.filter(|part| part.number().is_none()).collect();
        joined(f, &named)?;
        f.write_str("}")
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Part]) -> fmt::Result {
    let Some((first, rest)) = parts.split_first() else {
        return f.write_str("0");
    };
    write!(f, "{first}")?;
    rest.iter().try_for_each(|part| write!(f, "|{part}"))
}

fn socket_address(f: &mut fmt::Formatter<'_>, address: &Address) -> fmt::Result {
    match address {
        Address::Inet(SocketAddr::V4(address)) => write!(f, "{{AF_INET, {address}}}"),
        Address::Inet(SocketAddr::V6(address)) => write!(f, "{{AF_INET6, {address}}}"),
        Address::Path(path) => write!(f, "{{AF_UNIX, \"{}\"}}", path.escaped()),
        Address::Abstract(name) => write!(f, "{{AF_UNIX, @\"{}\"}}", name.escaped()),
        Address::Unnamed => f.write_str("{AF_UNIX}"),
        Address::Other(family) => write!(f, "{{family {family}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Arg, SemOp, Word};
    use crate::address::Address;
    use crate::names::Names;

    #[test]
    fn arguments_read_as_in_c() {
        let op = |number, by, flags| SemOp { number, by, flags };
        for (arg, text) in [
            (Arg::Number(-1), "-1"),
            (Arg::Pointer(0), "NULL"),
            (Arg::Pointer(0x7ffe_1000), "0x7ffe1000"),
            (Arg::Mode(0o644), "0644"),
            (Arg::Mode(0), "0000"),
            (Arg::Key(100), "100"),
            (Arg::Key(0), "IPC_PRIVATE"),
            (Arg::Signal(15), "SIGTERM"),
            (Arg::Signal(40), "SIG40"),
            (Arg::Signal(0), "0"),
            (Arg::Flags(Names::IpcGet, 0o1644), "IPC_CREAT|0644"),
            (Arg::Flags(Names::IpcGet, 0), "0000"),
            (
                Arg::Flags(Names::SocketType, 0o2000001),
                "SOCK_STREAM|SOCK_CLOEXEC",
            ),
            (Arg::Flags(Names::SocketType, 0), "0"),
            (Arg::Flags(Names::Control, 0), "IPC_RMID"),
            (Arg::Flags(Names::Control, 0x102), "IPC_STAT"),
            (Arg::Flags(Names::SocketOption, 2), "SO_REUSEADDR"),
            (Arg::Flags(Names::Shutdown, 7), "7"),
            (Arg::Flags(Names::Open, 0o1101), "O_WRONLY|O_CREAT|O_TRUNC"),
            (Arg::Flags(Names::Message, 0), "0"),
            (Arg::Flags(Names::Message, 0x0080_0002), "MSG_PEEK|0x800000"),
            (Arg::Path("/tmp/a\"b\n".into()), "\"/tmp/a\"b\\n\""),
            (
                Arg::Address(Address::Inet(([127, 0, 0, 1], 7000).into())),
                "{AF_INET, 127.0.0.1:7000}",
            ),
            (
                Arg::Address(Address::Abstract("x".into())),
                "{AF_UNIX, @\"x\"}",
            ),
            (Arg::Address(Address::Unnamed), "{AF_UNIX}"),
            (
                Arg::Bytes {
                    head: "hi".into(),
                    whole: false,
                },
                "\"hi\"...",
            ),
            (
                Arg::SemOps {
                    ops: vec![op(0, -1, 0x1000), op(1, 1, 0)],
                    whole: true,
                },
                "[{0, -1, SEM_UNDO}, {1, 1, 0}]",
            ),
            (
                Arg::SemOps {
                    ops: vec![op(0, 1, 0o14000)],
                    whole: false,
                },
                "[{0, 1, SEM_UNDO|IPC_NOWAIT}, ...]",
            ),
            (Arg::Micros(1_500_000), "1.500000s"),
        ] {
            assert_eq!(arg.to_string(), text);
        }
    }

    #[test]
    fn flags_are_names_and_numbers() {
        let flags = Arg::Flags(Names::IpcGet, 0o1644);
        assert_eq!(
            flags.words(),
            Some(vec![Word::Name("IPC_CREAT"), Word::Number(0o644)])
        );
        assert!(flags.has("IPC_CREAT") && !flags.has("IPC_EXCL"));
        assert_eq!(flags.number(), Some(0o1644));
        assert_eq!(Arg::Path("IPC_CREAT".into()).words(), None);
    }
}
