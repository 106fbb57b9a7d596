//! The real conversation: what the actors did to each other, as the kernel saw it.
//!
//! Plain data, so that a terminal draws it with lines and a page with vectors. Reads of files, writes to the terminal
//! and the loader's work are left out: what stays is what a teacher would draw on the board.

mod delivery;
mod ends;
mod steps;

use ipclab_evidence::{Call, Evidence};
use ipclab_spec::{Case, Player};
use serde::{Deserialize, Serialize};

use crate::Line;

/// Rows that a conversation has at most; the middle of a longer one is left out.
const ROWS_MAX: usize = 40;
/// How many of them come from its beginning. The end says how it went wrong, so it gets nearly as many.
const ROWS_HEAD: usize = 22;

/// What each actor did, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// One column each.
    pub actors: Vec<Column>,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// An actor's column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the case.
    pub name: Line,
    /// The author of its program.
    pub role: Role,
    /// The program's name, where one plays it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Line>,
}

/// The author of an actor's program.
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
    /// How often the same happened without anything in between.
    pub times: u32,
}

/// What a row shows. Actors are indexes into [`Conversation::actors`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Something that one actor did.
    Step {
        /// The actor.
        actor: usize,
        /// What: `bind(0.0.0.0:12345) = -1 EADDRINUSE`.
        text: Line,
    },
    /// A connection was made.
    Connect {
        /// The actor that asked for it.
        from: usize,
        /// The actor that was asked.
        to: usize,
        /// `connect(127.0.0.1:12345)`
        text: Line,
    },
    /// Bytes that went from one actor to another.
    Message {
        /// The sender.
        from: usize,
        /// The receiver.
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
    /// No actor ever took them.
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
struct Place(u32, u8);

impl Place {
    fn at(call: &Call) -> Self {
        Self(call.n, 0)
    }

    /// Behind a call: what another actor could only do once that call was made.
    fn behind(n: u32) -> Self {
        Self(n, 1)
    }

    const END: Self = Self(u32::MAX, u8::MAX);
}

/// A row that has not been put in order yet.
struct Placed {
    place: Place,
    actor: usize,
    row: Row,
}

impl Conversation {
    /// Draws up what happened in one run of a case.
    #[must_use]
    pub fn new(case: &Case, evidence: &Evidence) -> Self {
        let mut placed = steps::of(evidence);
        placed.extend(ends::of(evidence, &placed));
        if let Some(n) = gap(evidence) {
            placed.push(Placed {
                place: Place(n, u8::MAX),
                actor: 0,
                row: Row::new(
                    None,
                    Act::Dropped {
                        calls: evidence.calls_dropped,
                    },
                    Tone::Plain,
                ),
            });
        }
        // Stable: rows at the same place keep the order of the trace.
        placed.sort_by_key(|row| row.place);
        let rows = shorten(fold_repeats(placed.into_iter().map(|row| row.row)));
        let actors = evidence
            .actors
            .iter()
            .map(|actor| column(case, &actor.name))
            .collect();
        Self { actors, rows }
    }
}

impl Row {
    fn new(n: Option<u32>, act: Act, tone: Tone) -> Self {
        Self {
            n,
            taken: None,
            act,
            tone,
            fault: None,
            times: 1,
        }
    }
}

/// The number of the last call before the gap in the trace, where it has one.
fn gap(evidence: &Evidence) -> Option<u32> {
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

fn column(case: &Case, name: &str) -> Column {
    // Copies of `client` are called `client.1`, `client.2`; the case knows only `client`.
    let actor = case.actor(name).or_else(|| {
        let (base, copy) = name.rsplit_once('.')?;
        copy.parse::<u32>().ok()?;
        case.actor(base)
    });
    let (role, program) = match actor.map(|actor| &actor.player) {
        Some(Player::Student { program, .. }) => (Role::Student, Some(Line::new(program))),
        Some(Player::Reference { program, .. }) => (Role::Reference, Some(Line::new(program))),
        Some(Player::Peer { .. }) | None => (Role::Peer, None),
    };
    Column {
        name: Line::new(name),
        role,
        program,
    }
}

fn fold_repeats(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut folded: Vec<Row> = Vec::new();
    for row in rows {
        match folded.last_mut() {
            Some(last)
                if last.act == row.act && last.tone == row.tone && last.fault == row.fault =>
            {
                last.times = last.times.saturating_add(1);
            }
            Some(_) | None => folded.push(row),
        }
    }
    folded
}

fn shorten(mut rows: Vec<Row>) -> Vec<Row> {
    if rows.len() <= ROWS_MAX {
        return rows;
    }
    // One row says how many are gone.
    let tail = rows.split_off(rows.len() - (ROWS_MAX - ROWS_HEAD - 1));
    let gone = rows.split_off(ROWS_HEAD).len();
    rows.push(Row::new(None, Act::Elided { rows: gone }, Tone::Plain));
    rows.extend(tail);
    rows
}
