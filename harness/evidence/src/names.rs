//! Names of numbers: the constants of the system's headers, by the kind of argument that takes them.

use std::fmt;

/// Which constants an argument is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Names {
    /// Address families, `socket(2)`.
    Family,
    /// Socket types with their flags.
    SocketType,
    /// `MSG_*`
    Message,
    /// `shutdown(2)` directions.
    Shutdown,
    /// Option levels, `getsockopt(2)`.
    OptionLevel,
    /// Options of the level `SOL_SOCKET`, `socket(7)`.
    SocketOption,
    /// Options of the level `IPPROTO_TCP`, `tcp(7)`.
    TcpOption,
    /// `IPC_CREAT|0644`
    IpcGet,
    /// `SHM_RDONLY` ...
    Attach,
    /// `IPC_RMID` ...
    Control,
    /// `O_CREAT` ...
    Open,
}

/// One part of a number as C spells it, [`Names::parts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A constant by its name.
    Name(&'static str),
    /// A number without a name, where one name of a list was expected.
    Decimal(u32),
    /// Bits without a name.
    Hex(u32),
    /// Permission bits.
    Octal(u32),
}

impl Part {
    /// The number, where it has no name.
    #[must_use]
    pub fn number(self) -> Option<i64> {
        match self {
            Self::Name(_) => None,
            Self::Decimal(number) | Self::Hex(number) | Self::Octal(number) => Some(number.into()),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Decimal(number) => write!(f, "{number}"),
            Self::Hex(bits) => write!(f, "{bits:#x}"),
            Self::Octal(mode) => write!(f, "0{mode:03o}"),
        }
    }
}

/// A number and its name.
type Table = &'static [(u32, &'static str)];

macro_rules! names {
    ($($name:ident),* $(,)?) => { &[$((libc::$name as u32, stringify!($name))),*] };
}

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
const LEVELS: Table = names![SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_IPV6];
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
const SIGNALS: Table = names![
    SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV,
    SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN,
    SIGTTOU, SIGURG, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS
];

/// Operations of `semop(2)`.
pub(crate) const SEM_FLAGS: Table = names![SEM_UNDO, IPC_NOWAIT];

/// What libraries of some machines add to the command of `semctl` and `msgctl`, `ipc(2)`.
const IPC_64: u32 = 0x100;

impl Names {
    /// The parts of a number, in the order in which they are written: `IPC_CREAT`, `0644`. Nothing of 0 without a name.
    #[must_use]
    pub fn parts(self, value: u32) -> Vec<Part> {
        match self {
            Self::Family => vec![one(FAMILIES, value)],
            Self::SocketType => {
                // accept4 has flags and no type.
                let kind = (value & 0xf != 0).then(|| one(SOCKET_TYPES, value & 0xf));
                kind.into_iter()
                    .chain(set(SOCKET_FLAGS, value & !0xf))
                    .collect()
            }
            Self::Message => set(MESSAGE_FLAGS, value),
            Self::Shutdown => vec![one(DIRECTIONS, value)],
            Self::OptionLevel => vec![one(LEVELS, value)],
            Self::SocketOption => vec![one(OPTIONS, value)],
            Self::TcpOption => vec![one(TCP_OPTIONS, value)],
            Self::IpcGet => {
                let mut parts = set(IPC_FLAGS, value & !0o777);
                if value & 0o777 != 0 || parts.is_empty() {
                    parts.push(Part::Octal(value & 0o777));
                }
                parts
            }
            Self::Attach => set(ATTACH_FLAGS, value),
            Self::Control => vec![one(COMMANDS, value & !IPC_64)],
            Self::Open => {
                let mut parts = vec![one(ACCESS, value & 3)];
                parts.extend(set(OPEN_FLAGS, value & !3));
                parts
            }
        }
    }

    /// The number of a constant: of `MSG_PEEK` among [`Names::Message`].
    #[must_use]
    pub fn number(self, name: &str) -> Option<u32> {
        let tables: &[Table] = match self {
            Self::Family => &[FAMILIES],
            Self::SocketType => &[SOCKET_TYPES, SOCKET_FLAGS],
            Self::Message => &[MESSAGE_FLAGS],
            Self::Shutdown => &[DIRECTIONS],
            Self::OptionLevel => &[LEVELS],
            Self::SocketOption => &[OPTIONS],
            Self::TcpOption => &[TCP_OPTIONS],
            Self::IpcGet => &[IPC_FLAGS],
            Self::Attach => &[ATTACH_FLAGS],
            Self::Control => &[COMMANDS],
            Self::Open => &[ACCESS, OPEN_FLAGS],
        };
        let mut all = tables.iter().copied().flatten();
        all.find(|(_, known)| *known == name)
            .map(|(number, _)| *number)
    }

    /// Which constants the options of this level are, `getsockopt(2)`.
    #[must_use]
    pub fn of_options(level: i32) -> Option<Self> {
        match level {
            libc::SOL_SOCKET => Some(Self::SocketOption),
            libc::IPPROTO_TCP => Some(Self::TcpOption),
            _ => None,
        }
    }
}

/// One name of a list.
fn one(table: Table, value: u32) -> Part {
    table
        .iter()
        .find(|(number, _)| *number == value)
        .map_or(Part::Decimal(value), |(_, name)| Part::Name(name))
}

/// Every bit by its name; what is left of them is a number.
pub(crate) fn set(table: Table, mut value: u32) -> Vec<Part> {
    let mut parts = Vec::new();
    for (bits, name) in table {
        if *bits != 0 && value & bits == *bits {
            parts.push(Part::Name(name));
            value &= !bits;
        }
    }
    if value != 0 {
        parts.push(Part::Hex(value));
    }
    parts
}

/// The name of a signal's constant.
pub(crate) fn signal_constant(signal: i32) -> Option<&'static str> {
    let known = SIGNALS.iter().find(|(number, _)| *number == signal as u32);
    known.map(|(_, name)| *name)
}

/// The name of a signal: `SIGTERM`; `SIG40` of one without.
#[must_use]
pub fn signal_name(signal: i32) -> String {
    match signal_constant(signal) {
        Some(name) => name.to_owned(),
        None if signal == 0 => "0".to_owned(),
        None => format!("SIG{signal}"),
    }
}

/// The number of a signal by its name.
#[must_use]
pub fn signal_number(name: &str) -> Option<i32> {
    let known = SIGNALS.iter().find(|(_, known)| *known == name);
    known.map(|(number, _)| *number as i32)
}
