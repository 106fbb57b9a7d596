//! What must come of a case besides output: bytes, leftovers, segments, calls.

use super::{After, Aspect, Count, Endpoint, Template};

/// What crossed from one actor to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// Actor's name; it stands for all its copies.
    pub from: String,
    /// Actor's name; it stands for all its copies.
    pub to: String,
    /// What the kernel must say was sent.
    pub sent: Option<Amount>,
    /// What the kernel must say was received.
    pub received: Option<Amount>,
}

/// So much, or exactly this.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// This many bytes in all.
    Bytes(Template),
    /// So many bytes in all that they are in this range.
    Range(Count),
    /// These messages, each in one call, in this order.
    Messages(Vec<Template>),
}

/// What may and must be left behind. What is named nowhere may not be left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    /// Allowed.
    pub may: Vec<Leftover>,
    /// Required.
    pub must: Vec<Leftover>,
}

/// One kind of thing that can be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// A file or socket file; `*` stands for any part of one path component.
    Path(String),
    /// `shm:100`, `shm:private`, `shm:any`
    Shm(Named),
    /// `sem:100`
    Sem(Named),
    /// `msg:100`
    Msg(Named),
    /// `posix-shm:/name`
    PosixShm(String),
    /// `posix-mq:/name`
    PosixQueue(String),
    /// `tcp:12345`, still served.
    Port(Endpoint),
    /// `process`: a child that goes on.
    Process,
    /// `{{server.listens.path}}`: the file of the socket at which this actor serves.
    Served(String),
}

/// Which System V object of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The one with this key.
    Key(i32),
    /// One that `IPC_PRIVATE` made.
    Private,
    /// Whatever its key: `ftok` chose it, for example.
    Any,
}

impl Named {
    /// Whether an object with this key is meant; 0 is `IPC_PRIVATE`.
    #[must_use]
    pub fn is(self, key: i32) -> bool {
        match self {
            Self::Key(wanted) => key == wanted,
            Self::Private => key == 0,
            Self::Any => true,
        }
    }
}

/// State of a segment at some moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ShmState {
    /// Its key.
    pub key: i32,
    /// When; `None`: after the last actor ended.
    pub after: Option<After>,
    /// `Some(false)`: there must be none. `Some(true)`, or any other field given: there must be one.
    pub exists: Option<bool>,
    /// What there being none earns, where there must be none: `cleanup`, and in format 1 `memory`.
    pub gone_is: Aspect,
    /// Bytes.
    pub size: Option<Count>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Attaches.
    pub attached: Option<Count>,
    /// What it must hold at offset 0.
    pub holds: Option<Template>,
}

/// What an actor's calls must look like.
#[derive(Clone, Debug, PartialEq)]
pub struct ActorCalls {
    /// The actor that makes them.
    pub actor: String,
    /// All of them.
    pub patterns: Vec<CallPattern>,
}

/// A strace-like pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallPattern {
    /// Such a call was made.
    Has(CallMatch),
    /// One of these calls was made: `dup2() or dup3()`.
    AnyOf(Vec<CallMatch>),
    /// No such call was made.
    No(CallMatch),
    /// Each call of `opener` that succeeded was followed by one of `closer` on the same object.
    Every {
        /// `socket`
        opener: CallMatch,
        /// `close`
        closer: CallMatch,
    },
}

/// A call to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMatch {
    /// A call or a family.
    pub name: String,
    /// Patterns of the first arguments.
    pub args: Vec<ArgPattern>,
    /// `...` or nothing between the parentheses: more arguments may follow.
    pub open: bool,
    /// What it must have returned.
    pub result: Option<ResultPattern>,
    /// It means each such call, on whatever descriptor; else those only that are seen without being asked for.
    pub everywhere: bool,
    /// As the author wrote the whole pattern.
    pub text: String,
}

/// Pattern of one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgPattern {
    /// `_`
    Any,
    /// A number; octal (`0644`) and hexadecimal (`0x64`) as in C.
    Number(i64),
    /// Flags in any order: `IPC_CREAT|0644`; numbers among them as in C.
    Flags(Vec<String>),
    /// These flags, and others may be set too: `MSG_PEEK|...`
    FlagsAmong(Vec<String>),
    /// `"text"`
    Text(String),
}

/// Pattern of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultPattern {
    /// `= 0`
    Is(i64),
    /// `>= 0`
    AtLeast(i64),
    /// `< 0`
    Below(i64),
    /// `= EINVAL`
    Errno(String),
}
