//! The real conversation: what the actors did to each other, as the kernel saw it.
//!
//! Plain data, so that a terminal draws it with lines and a page with vectors. Reads of files, writes to the terminal
//! and the loader's work are left out: what stays is what a teacher would draw on the board.

mod delivery;
mod ends;
mod model;
mod passings;
mod steps;

use ipclab_evidence::Evidence;
use ipclab_spec::{Case, Player};

use crate::Line;
pub use model::{Act, Column, Conversation, Delivery, Parting, Role, Row, Strayed, Tone, Turn};
use model::{Placed, Position, gap};

/// Rows that a conversation has at most; the middle of a longer one is left out.
const ROWS_MAX: usize = 40;
/// How many of them come from its beginning. The end says how it went wrong, so it gets nearly as many.
const ROWS_HEAD: usize = 22;

impl Conversation {
    /// Draws up what happened in one run of a case.
    #[must_use]
    pub fn new(case: &Case, evidence: &Evidence) -> Self {
        let mut placed = steps::of(evidence);
        placed.extend(ends::of(evidence, &placed));
        placed.extend(passings::of(evidence));
        placed.extend(passed(evidence));
        if let Some(n) = gap(evidence) {
            placed.push(Placed {
                position: Position(n, u8::MAX),
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
        placed.sort_by_key(|row| row.position);
        let rows = shorten(fold_repeats(placed.into_iter().map(|row| row.row)));
        let actors = evidence
            .actors
            .iter()
            .map(|actor| column(case, &actor.name))
            .collect();
        Self {
            actors,
            rows,
            parting: None,
        }
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

/// The time that passed between calls, as far as a person would feel it.
fn passed(evidence: &Evidence) -> impl Iterator<Item = Placed> {
    const FELT_US: u64 = 1_000;
    let felt = evidence.passed.iter().filter(|passed| passed.us >= FELT_US);
    felt.map(|passed| Placed {
        position: Position(passed.before.saturating_sub(1), u8::MAX),
        actor: 0,
        row: Row::new(
            None,
            Act::Passed {
                us: passed.us,
                by_machine: passed.by_machine,
            },
            Tone::Plain,
        ),
    })
}

fn fold_repeats(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut folded: Vec<Row> = Vec::new();
    for row in rows {
        let last = folded.last_mut().map(|last| &mut last.act);
        if let (
            Some(Act::Passed { us, by_machine }),
            Act::Passed {
                us: more,
                by_machine: measured,
            },
        ) = (last, &row.act)
        {
            *us = us.saturating_add(*more);
            *by_machine |= measured;
            continue;
        }
        match folded.last_mut() {
            Some(last)
                if last.act == row.act && last.tone == row.tone && last.fault == row.fault =>
            {
                last.times = last.times.saturating_add(1);
                // The same was done in several places.
                last.line = last
                    .line
                    .take()
                    .filter(|line| row.line.as_ref() == Some(line));
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
