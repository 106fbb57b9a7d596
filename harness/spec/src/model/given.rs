//! What a case sets up: what is there before, calls that fail, values that are drawn.

use std::fmt;
use std::net::IpAddr;

use ipclab_evidence::{CHILD_STORE, Occurrence, OpenOn, STORE, TamperAction};

use super::Template;

/// What is there before the first actor starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// Files, in file order.
    pub files: Vec<GivenFile>,
    /// Segments.
    pub shm: Vec<GivenSegment>,
    /// Semaphore sets.
    pub sem: Vec<GivenSemaphores>,
    /// Message queues.
    pub msg: Vec<GivenQueue>,
    /// POSIX named semaphores.
    pub posix_sem: Vec<GivenPosixSem>,
    /// POSIX message queues.
    pub posix_mq: Vec<GivenPosixQueue>,
    /// Students' programs find so many descriptors open when they start: numbers below this are taken. 0: the usual three.
    pub descriptors: u32,
    /// Lines of the hosts file: a name, or a host's own and its others with a blank between them, and an address.
    pub hosts: Vec<(String, IpAddr)>,
}

/// A file that is there before.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenFile {
    /// Absolute.
    pub path: String,
    /// What it is.
    pub kind: GivenKind,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Bytes of a regular file: behind its text is a hole.
    pub size: Option<u64>,
}

/// What a given file is.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenKind {
    /// A regular file with this text.
    Text(Template),
    /// A socket file that no process serves.
    StaleSocket,
    /// A folder.
    Directory,
    /// A FIFO.
    Fifo,
    /// A symbolic link to this path.
    Symlink(String),
    /// Another name of the file at this path, which was given before.
    HardLink(String),
}

/// A segment that is there before.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenSegment {
    /// Its key.
    pub key: i32,
    /// Bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// At offset 0.
    pub holds: Template,
    /// Belongs to another user.
    pub foreign: bool,
}

/// A semaphore set that is there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenSemaphores {
    /// Its key.
    pub key: i32,
    /// The semaphores' values.
    pub values: Vec<u16>,
    /// Permission bits.
    pub mode: u32,
}

/// A message queue that is there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenQueue {
    /// Its key.
    pub key: i32,
    /// What waits in it.
    pub messages: Vec<GivenMessage>,
    /// Permission bits.
    pub mode: u32,
}

/// A POSIX named semaphore that is there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenPosixSem {
    /// `/name`
    pub name: String,
    /// Its value.
    pub value: u32,
    /// Permission bits.
    pub mode: u32,
}

/// A POSIX message queue that is there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenPosixQueue {
    /// `/name`
    pub name: String,
    /// The most messages that it holds.
    pub maxmsg: u64,
    /// The most bytes of a message.
    pub msgsize: u64,
    /// What is put into it, in this order.
    pub messages: Vec<GivenUrgentMessage>,
    /// Permission bits.
    pub mode: u32,
}

/// A message that waits in a POSIX queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUrgentMessage {
    /// The more, the sooner it is received.
    pub priority: u32,
    /// What it says.
    pub text: Template,
}

/// A message that waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenMessage {
    /// Its type.
    pub mtype: i64,
    /// What it says.
    pub text: Template,
}

/// A change at the kernel boundary: `server recv #2: EINTR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The actor that makes the call.
    pub actor: String,
    /// Calls or families: one, or several of which each is meant, and which are counted together.
    pub calls: Vec<String>,
    /// Only on such descriptors; `None`: on any.
    pub on: Option<OpenOn>,
    /// It means each such call, on whatever descriptor; else those only that are seen without being asked for.
    pub everywhere: bool,
    /// Which of them.
    pub occurrence: Occurrence,
    /// What happens.
    pub kind: FaultKind,
}

impl fmt::Display for Fault {
    /// As specs write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.actor, self.calls.join(" or "))?;
        if let Some(on) = &self.on {
            write!(f, " on {on}")?;
        }
        write!(f, "{}", self.occurrence)?;
        match &self.kind {
            FaultKind::Errno(name) | FaultKind::Signal(name) => write!(f, ": {name}"),
            FaultKind::AtMost(bytes) => write!(f, ": at most {bytes} bytes"),
        }
    }
}

impl FaultKind {
    /// What the tracer does for it.
    #[must_use]
    pub fn action(&self) -> TamperAction {
        match self {
            Self::Errno(errno) => TamperAction::Fail(errno.clone()),
            Self::AtMost(bytes) => TamperAction::AtMost(*bytes),
            Self::Signal(signal) => TamperAction::Signal(signal.clone()),
        }
    }
}

impl Fault {
    /// Words that stand in place of a call for a write to shared memory: by any process of the actor (in format 1 by those that its
    /// first one made), and by those only.
    pub const STORES: [&str; 2] = [STORE, CHILD_STORE];

    /// Whether it is about such writes.
    #[must_use]
    pub fn is_about_stores(&self) -> bool {
        let mut words = Self::STORES.iter();
        words.any(|word| self.calls == [*word])
    }
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The call fails with this errno: `ENOSPC`.
    Errno(String),
    /// It moves at most so many bytes.
    AtMost(u64),
    /// This signal arrives: `SIGINT`.
    Signal(String),
}

/// A variable and how its values are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vary {
    /// `text`
    pub name: String,
    /// How.
    pub draw: Draw,
}

/// How a variable's values are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draw {
    /// A text of so many characters.
    Text {
        /// Shortest.
        min: u32,
        /// Longest.
        max: u32,
        /// Of which characters.
        of: Alphabet,
    },
    /// A whole number.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// One of these, each in its turn.
    OneOf(Vec<String>),
}

/// Which characters a text is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// Printable ASCII.
    Printable,
    /// `a` to `z`, `A` to `Z`.
    Letters,
    /// Digits.
    Digits,
    /// Printable ASCII and the other characters of Latin-1 and beyond, as UTF-8.
    Utf8,
    /// Every character but NUL and newline, control characters included.
    Any,
}
