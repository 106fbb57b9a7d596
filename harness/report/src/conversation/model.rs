//! A conversation as plain data, and where its rows stand.

use ipclab_evidence::{Call, Evidence};
use serde::{Deserialize, Serialize};

use crate::{Line, Place};

/// Who did what, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// One column each.
    pub actors: Vec<Column>,
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Where it leaves that of the reference, which played the same case in the student's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parting: Option<Parting>,
}

/// The first row that the reference's conversation does not have, and what it has instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parting {
    /// Index into the rows; as many as there are: something is missing at the end.
    pub row: usize,
    /// What happens there with the reference: `client sends 49 bytes to server: "hello"`. `None`: nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Line>,
    /// The message that it is. `None`: it is no message, none before it was right, or not all of them are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
}

/// A message that is not the reference's, behind some that were. Actors are indexes into [`Conversation::actors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who sends it.
    pub from: usize,
    /// To whom.
    pub to: usize,
    /// How many before it went the same way and were the reference's.
    pub right: u32,
    /// What is not right about it.
    pub strayed: Strayed,
}

/// What is not right about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strayed {
    /// The reference sends something else there.
    Other,
    /// The reference sends one there, and it never came.
    Missing,
    /// The reference sends nothing more.
    TooMany,
}

/// An actor's column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the case.
    pub name: Line,
    /// Whose program plays it.
    pub role: Role,
    /// The program's name, where one plays it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Line>,
}

/// Whose program plays an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The submission's.
    Student,
    /// Our own.
    Reference,
    /// A script's.
    Peer,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Number of the call that it shows, as findings cite it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// For a message: the number of the call at the other end that took it as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<u32>,
    /// What happened.
    pub act: Act,
    /// How it is to be taken.
    pub tone: Tone,
    /// What the tracer changed about it: `at most 3 bytes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Line>,
    /// Where in the student's files it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Place>,
    /// How often the same happened without anything in between.
    pub times: u32,
}

/// What a row shows. Actors are indexes into [`Conversation::actors`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Something that one actor did.
    Step {
        /// Who.
        actor: usize,
        /// What: `bind(0.0.0.0:12345) = -1 EADDRINUSE`.
        text: Line,
    },
    /// A connection was made.
    Connect {
        /// Who asked for it.
        from: usize,
        /// Who was asked.
        to: usize,
        /// `connect(127.0.0.1:12345)`
        text: Line,
    },
    /// Bytes that went from one actor to another.
    Message {
        /// Who sent them.
        from: usize,
        /// To whom.
        to: usize,
        /// How many were sent.
        bytes: u64,
        /// The first of them, escaped.
        text: Line,
        /// Whether `text` is all of them.
        whole: bool,
        /// What became of them.
        delivery: Delivery,
    },
    /// So much of the case's time passed at once: nothing else could happen before.
    Passed {
        /// How much, in microseconds.
        us: u64,
        /// The machine's time counted: another run may have another number.
        by_machine: bool,
    },
    /// So many calls of the trace were counted and not kept.
    Dropped {
        /// How many.
        calls: u64,
    },
    /// So many rows were left out to keep the picture small.
    Elided {
        /// How many.
        rows: usize,
    },
}

/// What became of bytes that were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// One call at the other end took exactly these.
    Received,
    /// They were all taken, in other portions than they were sent in; rows of the receiver show which.
    Portions,
    /// So many were taken, the others never.
    Partly(u64),
    /// The datagram was cut to so many bytes by a buffer that was too short.
    Cut(u64),
    /// No process ever took them.
    Never,
    /// Not known: the trace was too long to be kept.
    Unseen,
}

/// How a row is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// It worked.
    Plain,
    /// The call failed.
    Failed,
    /// The actor ended by itself.
    Ended,
    /// The actor was killed, stopped or never ran.
    Broken,
    /// The actor was still waiting, or computing, when the case was over.
    Waits,
}

/// When a row stands: at the begin of a call of the trace, or so much behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(pub(super) u32, pub(super) u8);

impl Position {
    pub(super) fn at(call: &Call) -> Self {
        Self(call.n, 0)
    }

    /// Behind a call: what another actor could only do once that call was made.
    pub(super) fn behind(n: u32) -> Self {
        Self(n, 1)
    }

    pub(super) const END: Self = Self(u32::MAX, u8::MAX);
}

/// A row that has not been put in order yet.
pub(super) struct Placed {
    pub(super) position: Position,
    pub(super) actor: usize,
    pub(super) row: Row,
}

impl Row {
    pub(super) fn new(n: Option<u32>, act: Act, tone: Tone) -> Self {
        Self {
            n,
            taken: None,
            act,
            tone,
            fault: None,
            line: None,
            times: 1,
        }
    }
}

/// The number of the last call before the gap in the trace, where it has one.
pub(super) fn gap(evidence: &Evidence) -> Option<u32> {
    if evidence.calls_dropped == 0 {
        return None;
    }
    let widest = evidence
        .trace
        .windows(2)
        .max_by_key(|pair| pair[1].n.saturating_sub(pair[0].n));
    match widest {
        Some(pair) => Some(pair[0].n),
        None => Some(0),
    }
}
