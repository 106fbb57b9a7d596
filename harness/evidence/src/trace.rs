//! The trace: what crossed the kernel boundary, decoded.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::arg::Arg;
use crate::arg_kind::ArgKind;
use crate::bytes::Bytes;
use crate::errno::Errno;
use crate::family::name_in_c;
use crate::signature::{position, signature};
use crate::source::SourceLine;

/// One system call of one process. Calls are numbered in the order in which they began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// From 1, over all actors; findings cite it as `#12`.
    pub n: u32,
    /// Microseconds of the case's clock since the first actor started: computing takes none of them.
    pub at_us: u64,
    /// Index into [`crate::Evidence::actors`].
    pub actor: usize,
    /// The process as it sees itself.
    pub pid: u32,
    /// The name that `strace` would print: `recvfrom`.
    pub name: String,
    /// The arguments, as far as they were decoded.
    pub args: Vec<Arg>,
    /// `None`: it never returned (the process was blocked in it, exec'd or died).
    pub returned: Option<Returned>,
    /// What the call's descriptor, identifier or path stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// What was moved, where the call moves bytes over a socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
    /// What a tamper changed: `at most 3 bytes`, `EINTR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tampered: Option<String>,
    /// What the kernel answered beyond the value returned, in the order of its structure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// It stands for several calls of its like, itself the first; what they moved over a stream is in its transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
    /// It is here only because the case speaks of such calls, [`crate::Actor::watched`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_request: bool,
    /// Where in the student's files it was made: the line itself, then the lines that called the functions around it. Empty:
    /// not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SourceLine>,
}

/// Calls that were counted with another one of their like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeated {
    /// How many, the one that is listed included.
    pub times: u64,
    /// The number of the last of them.
    pub last: u32,
    /// The least and the most that one of them returned.
    pub least: i64,
    /// See `least`.
    pub most: i64,
    /// Not all of them had the arguments of the first.
    pub varies: bool,
}

impl Repeated {
    /// A single call with this number, which returned this.
    #[must_use]
    pub fn once(n: u32, value: i64) -> Self {
        Self {
            times: 1,
            last: n,
            least: value,
            most: value,
            varies: false,
        }
    }
}

impl Call {
    /// Its first argument of this kind.
    #[must_use]
    pub fn argument(&self, kind: ArgKind) -> Option<&Arg> {
        self.args.get(position(&self.name, kind)?)
    }

    /// What it returned, as the calls of its family return it: `waitid()` tells the child beside its result, `waitid(2)`, and
    /// `recvmmsg()` and `sendmmsg()` count messages instead of bytes.
    #[must_use]
    pub fn result_in_family(&self) -> Option<i64> {
        let value = self.returned.as_ref()?.value;
        let other = match self.name.as_str() {
            "waitid" if value == 0 => {
                let mut answers = self.answers.iter();
                let child = answers.find(|answer| answer.name == "wait");
                child.and_then(|child| child.value.parse().ok())
            }
            "recvmmsg" | "sendmmsg" if value > 0 => self
                .transfer
                .as_ref()
                .and_then(|transfer| i64::try_from(transfer.bytes).ok()),
            _ => None,
        };
        Some(other.unwrap_or(value))
    }

    /// Its name as the student's C has it. The C library makes a `sendto` without an address of each `send()`, a `recvfrom` of
    /// each `recv()`, and a `mknod` of each `mkfifo()`; a call that names an address, asks for one, or names a folder's descriptor
    /// is none of these.
    #[must_use]
    pub fn name_in_c(&self) -> &str {
        if self.makes_thread() {
            return "pthread_create";
        }
        match (self.name.as_str(), self.args.get(4)) {
            ("sendto" | "recvfrom", Some(address)) if *address != Arg::Pointer(0) => &self.name,
            ("mknod" | "mknodat", _) if self.args.iter().any(is_fifo) => "mkfifo",
            (name, _) if self.names_folder() => name,
            (name, _) => name_in_c(name),
        }
    }

    /// Its arguments as the student's C has them: `send()` and `recv()` have none for the address, and what the C library adds
    /// where it makes a `mkdirat` of a `mkdir()` is left out.
    #[must_use]
    pub fn args_in_c(&self) -> Vec<Arg> {
        let name = self.name_in_c();
        let mut args = self.args.clone();
        if name == self.name {
            return args;
        }
        if ["send", "recv"].contains(&name) && ["sendto", "recvfrom"].contains(&self.name.as_str())
        {
            args.truncate(4);
        }
        if args.contains(&WORKING_FOLDER) && args.iter().any(is_path) {
            args.retain(|arg| *arg != WORKING_FOLDER);
            // `unlink()` has no flags.
            args.truncate(signature(name).map_or(args.len(), <[_]>::len));
        }
        for arg in args.iter_mut().filter(|arg| is_fifo(arg)) {
            if let Arg::Mode(bits) = arg {
                *bits &= !S_IFMT;
            }
        }
        args
    }

    /// Whether it names a file beside an open folder, `mkdirat(fd, "a", ...)`, and not from where the program is.
    fn names_folder(&self) -> bool {
        let at = self.name.ends_with("at") || self.name == "openat2" || self.name == "renameat2";
        let mut folders = self.args.windows(2).filter(|two| is_path(&two[1]));
        at && folders.any(|two| matches!(two[0], Arg::Number(_)) && two[0] != WORKING_FOLDER)
    }

    /// Whether it makes a thread, which is part of its process and no child of it, `clone(2)`.
    #[must_use]
    pub fn makes_thread(&self) -> bool {
        const CLONE_THREAD: u64 = 0x0001_0000;
        match (self.name.as_str(), self.args.first()) {
            ("clone" | "clone3", Some(Arg::Pointer(flags))) => flags & CLONE_THREAD != 0,
            _ => false,
        }
    }

    /// Why it failed; `None`: it did not, or never returned.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        self.returned.as_ref()?.errno
    }
}

/// A fact that a call brought to its program: an identifier, a field of a structure, a socket's option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// As C calls it: `shmid`, `shm_perm.mode`, `SO_RCVBUF`.
    pub name: String,
    /// As programs print it, which is all that is ever asked of it: numbers in decimals, a key as `0x00000064`, permission
    /// bits as `0644`.
    pub value: String,
}

/// What a call gave back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    /// The value; -1 when it failed.
    pub value: i64,
    /// Why it failed: `EADDRINUSE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Errno>,
}

/// What a call was about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// Index into [`crate::Evidence::sockets`].
    Socket(usize),
    /// A System V segment by its identifier.
    Segment(i32),
    /// A System V semaphore set by its identifier.
    Semaphores(i32),
    /// A System V message queue by its identifier.
    Queue(i32),
    /// A file by its path inside the box.
    File(Bytes),
    /// The actor's own stdin, stdout or stderr, by number.
    Standard(u8),
    /// A pipe, terminal, event or other descriptor, as `/proc` names it.
    Other(String),
}

/// Bytes that one call moved over a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Index into [`crate::Evidence::sockets`]: the end that made the call.
    pub socket: usize,
    /// The other end, where it is known and belongs to an actor.
    pub peer: Option<usize>,
    /// Which way.
    pub direction: Direction,
    /// How many bytes the kernel said it moved. A peek moves none: it is not a transfer.
    pub bytes: u64,
    /// The first of them.
    pub head: Bytes,
    /// A datagram that was longer than the buffer: `bytes` is what arrived in it (`MSG_TRUNC`).
    #[serde(default)]
    pub cut: bool,
}

/// Which way bytes went, seen from the actor that made the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Out of the program.
    Sent,
    /// Into the program.
    Received,
}

/// A socket that an actor made, accepted or was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Socket {
    /// Index into [`crate::Evidence::actors`]: the actor that made it.
    pub actor: usize,
    /// What it is.
    pub kind: SocketKind,
    /// Address family as `strace` names it: `AF_INET`.
    pub family: String,
    /// The call that made it, by number.
    pub born: u32,
    /// The address that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Address>,
    /// The address that it is connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Address>,
    /// The other end of the connection, where it belongs to an actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<usize>,
    /// The listening socket that it was accepted from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_from: Option<usize>,
    /// Whether `listen` succeeded on it.
    #[serde(default)]
    pub listening: bool,
}

/// Socket types, `socket(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SocketKind {
    /// `SOCK_STREAM`
    Stream,
    /// `SOCK_DGRAM`
    Datagram,
    /// `SOCK_SEQPACKET`
    Seqpacket,
    /// No socket but a message queue, System V or POSIX, as one actor uses it; its name stands for the family.
    Queue,
    /// No socket but a FIFO, as one actor uses it; its path stands for the family.
    Fifo,
    /// Any other.
    Other,
}

/// Time of the case's clock that passed at once, since nothing else could happen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimePassed {
    /// The number of the call that began next, in the trace.
    pub before: u32,
    /// How much, in microseconds.
    pub us: u64,
    /// The machine's time counted, so that another run may have another number: programs computed for long while one waited for
    /// a time, or all waited, and one of them in a call that is not followed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_machine: bool,
}

/// `AT_FDCWD` of openat(2): what stands in place of a folder's descriptor where the path is seen from where the program is.
const WORKING_FOLDER: Arg = Arg::Number(-100);

/// The bits of a mode that say what kind of file it is, and those of a FIFO, inode(7).
const S_IFMT: u32 = 0o170_000;
const S_IFIFO: u32 = 0o010_000;

fn is_fifo(arg: &Arg) -> bool {
    matches!(arg, Arg::Mode(bits) if bits & S_IFMT == S_IFIFO)
}

fn is_path(arg: &Arg) -> bool {
    matches!(arg, Arg::Path(_))
}

#[cfg(test)]
mod tests {
    use super::Call;
    use crate::arg::Arg;

    /// glibc makes `sendto(fd, text, size, 0, NULL, 0)` of `send(fd, text, size, 0)`, whatever kind of socket it is.
    #[test]
    fn a_send_is_a_sendto_without_an_address() {
        let check = |name: &str, address: Option<u64>, expect: (&str, usize)| {
            let mut args: Vec<Arg> = (0..4).map(Arg::Number).collect();
            let rest = address.map(|address| [Arg::Pointer(address), Arg::Pointer(address)]);
            args.extend(rest.into_iter().flatten());
            let call = call(name, args);
            assert_eq!((call.name_in_c(), call.args_in_c().len()), expect);
        };
        check("sendto", Some(0), ("send", 4));
        check("sendto", Some(0x7ffe_0000), ("sendto", 6));
        check("recvfrom", Some(0), ("recv", 4));
        check("recvfrom", Some(0x7ffe_0000), ("recvfrom", 6));
        check("sendto", None, ("send", 4));
        check("read", None, ("read", 4));
        check("epoll_pwait", Some(0), ("epoll_wait", 6));
    }

    /// glibc makes `mknodat(AT_FDCWD, "f", S_IFIFO|0600, 0)` of `mkfifo("f", 0600)`, some C libraries `unlinkat` of `unlink()`.
    #[test]
    fn a_path_is_seen_from_where_the_program_is() {
        let path = || Arg::Path("f".into());
        let check = |name: &str, args: Vec<Arg>, expect: &str| {
            let call = call(name, args);
            let args: Vec<String> = call.args_in_c().iter().map(Arg::to_string).collect();
            assert_eq!(format!("{}({})", call.name_in_c(), args.join(", ")), expect);
        };
        let here = || Arg::Number(-100);
        let fifo = Arg::Mode(0o010_600);
        check(
            "mknodat",
            vec![here(), path(), fifo.clone()],
            "mkfifo(\"f\", 0600)",
        );
        check("mknod", vec![path(), fifo.clone()], "mkfifo(\"f\", 0600)");
        check(
            "mknod",
            vec![path(), Arg::Mode(0o100_600)],
            "mknod(\"f\", 0100600)",
        );
        check(
            "mkdirat",
            vec![here(), path(), Arg::Mode(0o700)],
            "mkdir(\"f\", 0700)",
        );
        check(
            "unlinkat",
            vec![here(), path(), Arg::Number(0)],
            "unlink(\"f\")",
        );
        check(
            "renameat2",
            vec![here(), path(), here(), path(), Arg::Number(0)],
            "rename(\"f\", \"f\")",
        );
        check(
            "mkdirat",
            vec![Arg::Number(3), path(), Arg::Mode(0o700)],
            "mkdirat(3, \"f\", 0700)",
        );
    }

    fn call(name: &str, args: Vec<Arg>) -> Call {
        Call {
            n: 1,
            at_us: 0,
            actor: 0,
            pid: 2,
            name: name.to_owned(),
            args,
            returned: None,
            object: None,
            transfer: None,
            tampered: None,
            answers: Vec::new(),
            repeated: None,
            on_request: false,
            lines: Vec::new(),
        }
    }
}
