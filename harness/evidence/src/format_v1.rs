//! Arguments as the first version of the format wrote them: `{"text": "IPC_CREAT|0644", "value": 932}`.
//!
//! What an argument is follows from its call and place, [`crate::signature`]. What cannot be read stays [`Arg::Text`], and
//! shows the same.

use crate::address::Address;
use crate::arg::{Arg, SemOp};
use crate::arg_kind::ArgKind;
use crate::bytes::Bytes;
use crate::names::{Names, SEM_FLAGS, signal_number};
use crate::signature::signature;

/// The arguments of a call from their texts, and from the registers' values where these were written.
#[must_use]
pub fn arguments(call: &str, written: &[(&str, Option<i64>)]) -> Vec<Arg> {
    let kinds = signature(call).unwrap_or_default();
    let mut level = 0;
    let read = |(at, (text, value)): (usize, &(&str, Option<i64>))| {
        let arg = kinds
            .get(at)
            .and_then(|kind| of_kind(*kind, text, *value, level))
            .or_else(|| by_shape(text))
            .unwrap_or_else(|| Arg::Text((*text).to_owned()));
        if let Arg::Flags(Names::OptionLevel, number) = arg {
            level = number as i32;
        }
        arg
    };
    written.iter().enumerate().map(read).collect()
}

fn of_kind(kind: ArgKind, text: &str, value: Option<i64>, level: i32) -> Option<Arg> {
    let bits = |names| flags(names, text, value);
    match kind {
        ArgKind::Fd
        | ArgKind::Int
        | ArgKind::Size
        | ArgKind::Id
        | ArgKind::PollMillis
        | ArgKind::ClockFlags => text.parse().ok().map(Arg::Number),
        ArgKind::Hex
        | ArgKind::Pointer
        | ArgKind::FdPair
        | ArgKind::OutBuffer
        | ArgKind::NewAddress
        | ArgKind::Messages => pointer(text),
        // Without O_CREAT a mode is the number 0.
        ArgKind::Octal | ArgKind::Mode if text != "0" => {
            u32::from_str_radix(text, 8).ok().map(Arg::Mode)
        }
        ArgKind::Octal | ArgKind::Mode => Some(Arg::Number(0)),
        ArgKind::Key if text == "IPC_PRIVATE" => Some(Arg::Key(0)),
        ArgKind::Key => text.parse().ok().map(Arg::Key),
        ArgKind::Signal => {
            let number = value.and_then(|value| i32::try_from(value).ok());
            number.or_else(|| signal_number(text)).map(Arg::Signal)
        }
        ArgKind::Path => quoted(text).map(Arg::Path).or_else(|| pointer(text)),
        ArgKind::Address => address(text).or_else(|| pointer(text)),
        ArgKind::Buffer | ArgKind::Iovec | ArgKind::Message => {
            buffer(text).or_else(|| pointer(text))
        }
        ArgKind::Timespec | ArgKind::Timeval => micros(text).or_else(|| pointer(text)),
        ArgKind::SemOps => sem_ops(text).or_else(|| pointer(text)),
        ArgKind::Flags(names) => bits(names),
        ArgKind::SocketOption => Names::of_options(level)
            .and_then(bits)
            .or_else(|| text.parse().ok().map(Arg::Number)),
    }
}

/// What an argument looks like, where the table says nothing of it.
fn by_shape(text: &str) -> Option<Arg> {
    let number = text.parse().ok().map(Arg::Number);
    number
        .or_else(|| pointer(text))
        .or_else(|| address(text))
        .or_else(|| sem_ops(text))
        .or_else(|| quoted(text).map(Arg::Path))
}

fn pointer(text: &str) -> Option<Arg> {
    let address = match text {
        "NULL" => 0,
        _ => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()?,
    };
    Some(Arg::Pointer(address))
}

fn flags(names: Names, text: &str, value: Option<i64>) -> Option<Arg> {
    let bits = match value {
        Some(value) => value as u32,
        None => text.split('|').try_fold(0, |bits, word| {
            Some(bits | names.number(word).or_else(|| c_number(word))?)
        })?,
    };
    Some(Arg::Flags(names, bits))
}

/// A number as C writes it: `0644`, `0x64`, `100`.
fn c_number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8),
        None => text.parse(),
    }
    .ok()
}

fn quoted(text: &str) -> Option<Bytes> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    Bytes::from_escaped(inner).ok()
}

fn buffer(text: &str) -> Option<Arg> {
    let (text, whole) = match text.strip_suffix("\"...") {
        Some(_) => (text.strip_suffix("...")?, false),
        None => (text, true),
    };
    quoted(text).map(|head| Arg::Bytes { head, whole })
}

fn address(text: &str) -> Option<Arg> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let address = match inner.split_once(", ") {
        None if inner == "AF_UNIX" => Address::Unnamed,
        None => Address::Other(inner.strip_prefix("family ")?.parse().ok()?),
        Some(("AF_INET" | "AF_INET6", rest)) => Address::Inet(rest.parse().ok()?),
        Some(("AF_UNIX", rest)) => match rest.strip_prefix('@') {
            Some(name) => Address::Abstract(quoted(name)?),
            None => Address::Path(quoted(rest)?),
        },
        Some(_) => return None,
    };
    Some(Arg::Address(address))
}

fn micros(text: &str) -> Option<Arg> {
    let (seconds, rest) = text.strip_suffix('s')?.split_once('.')?;
    let seconds: u64 = seconds.parse().ok()?;
    let rest: u64 = rest.parse().ok()?;
    Some(Arg::Micros(
        seconds.checked_mul(1_000_000)?.checked_add(rest)?,
    ))
}

fn sem_ops(text: &str) -> Option<Arg> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let (inner, whole) = match inner.strip_suffix(", ...") {
        Some(inner) => (inner, false),
        None => (inner, true),
    };
    let inner = inner.strip_prefix('{')?.strip_suffix('}')?;
    let op = |text: &str| {
        let mut words = text.split(", ");
        let (number, by, flags) = (words.next()?, words.next()?, words.next()?);
        let bit = |name: &str| {
            let known = SEM_FLAGS.iter().find(|(_, known)| *known == name);
            known.map_or(0, |(bit, _)| *bit as i16)
        };
        Some(SemOp {
            number: number.parse().ok()?,
            by: by.parse().ok()?,
            flags: flags.split('|').map(bit).fold(0, |all, bit| all | bit),
        })
    };
    let ops = inner.split("}, {").map(op).collect::<Option<_>>()?;
    Some(Arg::SemOps { ops, whole })
}

#[cfg(test)]
mod tests {
    use super::arguments;
    use crate::Arg;

    #[test]
    fn what_was_written_reads_back_and_shows_the_same() {
        for (call, args) in [
            ("shmget", &["100", "1024", "IPC_CREAT|0644"][..]),
            ("shmget", &["IPC_PRIVATE", "10", "0000"]),
            ("shmat", &["3", "NULL", "SHM_RDONLY"]),
            ("shmctl", &["3", "IPC_RMID", "0x7ffe1000"]),
            ("semop", &["3", "[{0, -1, SEM_UNDO}, {1, 1, 0}]", "2"]),
            ("semop", &["3", "[{0, -1, 0}, ...]", "9"]),
            ("semtimedop", &["3", "0x7ffe1000", "1", "1.500000s"]),
            ("bind", &["3", "{AF_UNIX, \"/tmp/a\\\\b\"}", "110"]),
            ("bind", &["3", "{AF_UNIX, @\"name\"}", "7"]),
            ("connect", &["3", "{AF_INET6, [::1]:7000}", "28"]),
            ("connect", &["3", "{family 40}", "28"]),
            (
                "sendto",
                &[
                    "3",
                    "\"hello\\x00\"...",
                    "1000",
                    "MSG_OOB|0x800000",
                    "NULL",
                    "0",
                ],
            ),
            (
                "recvfrom",
                &["3", "0x7ffe1000", "100", "MSG_PEEK", "NULL", "NULL"],
            ),
            (
                "setsockopt",
                &["3", "SOL_SOCKET", "SO_LINGER", "0x7ffe1000", "8"],
            ),
            (
                "setsockopt",
                &["3", "IPPROTO_TCP", "TCP_NODELAY", "0x7ffe1000", "4"],
            ),
            (
                "setsockopt",
                &["3", "IPPROTO_IPV6", "26", "0x7ffe1000", "4"],
            ),
            (
                "openat",
                &["-100", "\"/tmp/f\"", "O_WRONLY|O_CREAT", "0600"],
            ),
            ("kill", &["0", "SIGTERM"]),
            ("unlink", &["\"/tmp/s\""]),
        ] {
            let written: Vec<_> = args.iter().map(|text| (*text, None)).collect();
            let read = arguments(call, &written);
            let rendered: Vec<_> = read.iter().map(Arg::to_string).collect();
            assert_eq!(rendered, args, "{call}");
            let typed = read.iter().all(|arg| !matches!(arg, Arg::Text(_)));
            assert!(typed, "{call}: {read:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_stays_as_it_was() {
        for text in [
            "{",
            "[{",
            "\"",
            "\"\\q\"",
            "0x",
            "{AF_INET, }",
            "",
            "...",
            "\"/long...",
        ] {
            for call in ["sendto", "semop", "unlink", "shmget", "nonsense"] {
                let written = [(text, None), (text, None)];
                for arg in arguments(call, &written) {
                    assert_eq!(arg.to_string(), text, "{call}");
                }
            }
        }
    }
}
