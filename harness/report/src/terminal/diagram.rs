//! The real conversation, drawn: actors as columns, calls beside their lanes, bytes as arrows between them.

use std::collections::BTreeSet;

use super::glyphs::Glyphs;
use super::label::label;
use super::page::{Ink, Page, Row, wrap};
use crate::conversation::{Act, Column, Conversation, Delivery, Tone};
use crate::width;
use crate::words::{at, counted, fate, left_out, number, role};

/// Narrower than this a column holds no sentence; the conversation then becomes a list.
const COLUMN_MIN: usize = 23;
/// Wider than this an arrow is only long.
const COLUMN_MAX: usize = 46;
const INDENT: usize = 2;

/// What stays the same from row to row.
struct Picture<'a> {
    glyphs: &'a Glyphs,
    actors: &'a [Column],
    /// Columns of the gutter with the calls' numbers.
    gutter: usize,
    /// Columns of an actor, its lane included.
    column: usize,
    cited: &'a BTreeSet<u32>,
}

pub(super) fn draw(
    page: &mut Page,
    conversation: &Conversation,
    cited: &BTreeSet<u32>,
    glyphs: &Glyphs,
) {
    let digits = conversation
        .rows
        .iter()
        .filter_map(|row| row.n)
        .max()
        .map_or(0, |n| n.to_string().len());
    if conversation.actors.is_empty() {
        return;
    }
    // Mark, hash, digits, blank.
    let gutter = INDENT + digits + 3;
    let column = page.width().saturating_sub(gutter) / conversation.actors.len().max(1);
    let picture = Picture {
        glyphs,
        actors: &conversation.actors,
        gutter,
        column: column.min(COLUMN_MAX),
        cited,
    };
    if column < COLUMN_MIN {
        for (at, row) in conversation.rows.iter().enumerate() {
            parts(page, &picture, conversation, at);
            list_row(page, &picture, row);
        }
    } else {
        heads(page, &picture);
        let mut alive = vec![true; conversation.actors.len()];
        for (at, row) in conversation.rows.iter().enumerate() {
            parts(page, &picture, conversation, at);
            picture_row(page, &picture, row, &alive);
            if let (Act::Step { actor, .. }, Tone::Ended | Tone::Broken) = (&row.act, row.tone)
                && let Some(alive) = alive.get_mut(*actor)
            {
                *alive = false;
            }
        }
    }
    parts(page, &picture, conversation, conversation.rows.len());
}

/// Where it leaves the reference's conversation: a line before the row with which it does.
fn parts(page: &mut Page, picture: &Picture<'_>, conversation: &Conversation, row: usize) {
    if let Some(parting) = conversation.parting.as_ref().filter(|it| it.row == row) {
        let label = Row::new().to(picture.gutter);
        page.labelled(label, Ink::Warn, &crate::words::parting(parting));
    }
}

fn heads(page: &mut Page, picture: &Picture<'_>) {
    let mut names = Row::new();
    let mut roles = Row::new();
    for (index, column) in picture.actors.iter().enumerate() {
        let at = picture.gutter + index * picture.column;
        names = names.to(at).put(
            Ink::Strong,
            fit(&column.name, picture.column - 1, picture.glyphs),
        );
        roles = roles.to(at).put(
            Ink::Faint,
            fit(&role(column), picture.column - 1, picture.glyphs),
        );
    }
    page.row(names);
    page.row(roles);
}

fn fit(text: &str, room: usize, glyphs: &Glyphs) -> String {
    super::page::cut(text, room, glyphs.more)
}

fn ink(tone: Tone) -> Ink {
    match tone {
        Tone::Plain => Ink::Plain,
        Tone::Failed | Tone::Broken => Ink::Bad,
        Tone::Ended => Ink::Faint,
        Tone::Waits => Ink::Warn,
    }
}

fn gutter(picture: &Picture<'_>, n: Option<u32>) -> Row {
    let Some(n) = n else {
        return Row::new().to(picture.gutter);
    };
    let (mark, ink) = if picture.cited.contains(&n) {
        (picture.glyphs.cited, Ink::Warn)
    } else {
        (" ", Ink::Faint)
    };
    let number = format!("{mark}#{n} ");
    Row::new()
        .to(picture.gutter.saturating_sub(width(&number)))
        .put(ink, number)
}

/// The lanes from one actor up to another, each with its blanks.
fn lanes(
    mut row: Row,
    picture: &Picture<'_>,
    actors: std::ops::Range<usize>,
    alive: &[bool],
) -> Row {
    for actor in actors {
        row.pad_to(picture.gutter + actor * picture.column);
        let lane = if alive[actor] {
            picture.glyphs.lane
        } else {
            " "
        };
        row.push(Ink::Faint, lane);
    }
    row
}

fn picture_row(page: &mut Page, picture: &Picture<'_>, row: &crate::Row, alive: &[bool]) {
    let times = repeated(row.times, picture.glyphs);
    match &row.act {
        Act::Step { actor, text } => {
            beside(
                page,
                picture,
                alive,
                *actor,
                number(row, picture.cited),
                ink(row.tone),
                &format!("{text}{times}{}", at(row)),
            );
            injected(page, picture, alive, *actor, row);
        }
        Act::Connect { from, to, text } => {
            let room = span(picture, *from, *to).saturating_sub(6);
            let full = format!("{text}{times}");
            // Where the address does not fit, the name alone says enough: the arrow shows where to.
            let short = text.split('(').next().unwrap_or_default();
            let label = if width(&full) <= room {
                full.as_str()
            } else {
                short
            };
            arrow(
                page,
                picture,
                alive,
                (*from, *to),
                number(row, picture.cited),
                label,
                true,
            );
            cited_at(page, picture, alive, *from, row);
            injected(page, picture, alive, *from, row);
        }
        Act::Message {
            from,
            to,
            bytes,
            text,
            whole,
            delivery,
        } => {
            let room = span(picture, *from, *to).saturating_sub(6);
            let fate = fate(*delivery);
            let count = format!("{}{times}", counted(*bytes));
            let arrives = !matches!(delivery, Delivery::Never);
            arrow(
                page,
                picture,
                alive,
                (*from, *to),
                number(row, picture.cited),
                &label(&count, text, *whole, room, picture.glyphs),
                arrives,
            );
            if let Some(fate) = fate {
                beside(page, picture, alive, *from, None, Ink::Bad, &fate);
            }
            cited_at(page, picture, alive, *from, row);
            injected(page, picture, alive, *from, row);
        }
        Act::Passed { .. } | Act::Dropped { .. } | Act::Elided { .. } => {
            let mut line = Row::new().to(picture.gutter);
            line.push(
                Ink::Faint,
                format!("{} {}", picture.glyphs.lane_left_out, left_out(&row.act)),
            );
            page.row(line);
        }
    }
}

/// Text beside an actor's lane, in as many lines as it needs.
fn beside(
    page: &mut Page,
    picture: &Picture<'_>,
    alive: &[bool],
    actor: usize,
    n: Option<u32>,
    ink: Ink,
    text: &str,
) {
    let count = picture.actors.len();
    let actor = actor.min(count - 1);
    // The last column may use what is left of the line.
    let end = if actor + 1 == count {
        page.width()
    } else {
        picture.gutter + (actor + 1) * picture.column - 1
    };
    let room = end.saturating_sub(picture.gutter + actor * picture.column + 2);
    let mut n = n;
    for line in wrap(text, room) {
        let row =
            lanes(gutter(picture, n), picture, 0..actor + 1, alive).put(ink, format!(" {line}"));
        page.row(lanes(row, picture, actor + 1..count, alive));
        n = None;
    }
}

/// Where an arrow that a finding cites comes from.
fn cited_at(
    page: &mut Page,
    picture: &Picture<'_>,
    alive: &[bool],
    actor: usize,
    row: &crate::Row,
) {
    let cited = row.n.is_some_and(|n| picture.cited.contains(&n));
    if let Some(line) = row.line.as_ref().filter(|_| cited) {
        let text = line.to_string();
        beside(page, picture, alive, actor, None, Ink::Faint, &text);
    }
}

fn injected(
    page: &mut Page,
    picture: &Picture<'_>,
    alive: &[bool],
    actor: usize,
    row: &crate::Row,
) {
    if let Some(fault) = &row.fault {
        beside(
            page,
            picture,
            alive,
            actor,
            None,
            Ink::Warn,
            &format!("we injected: {fault}"),
        );
    }
}

/// Columns between two lanes.
fn span(picture: &Picture<'_>, from: usize, to: usize) -> usize {
    (from.abs_diff(to) * picture.column).saturating_sub(1)
}

fn arrow(
    page: &mut Page,
    picture: &Picture<'_>,
    alive: &[bool],
    (from, to): (usize, usize),
    n: Option<u32>,
    label: &str,
    arrives: bool,
) {
    let (glyphs, count) = (picture.glyphs, picture.actors.len());
    let (left, right) = (from.min(to).min(count - 1), from.max(to).min(count - 1));
    if left == right {
        // Nothing that the tracer makes; a report that was read from a file may say so.
        return beside(page, picture, alive, left, n, Ink::Plain, label);
    }
    let room = span(picture, left, right);
    let dash = if arrives {
        glyphs.dash
    } else {
        glyphs.lost_dash
    };
    let text = if label.is_empty() {
        String::new()
    } else {
        format!(" {label} ")
    };
    let rest = room.saturating_sub(width(&text) + 1);
    let before = rest / 2;
    // Cells of the line between the two lanes, the head aside.
    let mut cells: Vec<(Ink, String)> = Vec::new();
    cells.extend(std::iter::repeat_n((Ink::Faint, dash.to_owned()), before));
    if !text.is_empty() {
        cells.push((Ink::Plain, text.clone()));
    }
    cells.extend(std::iter::repeat_n(
        (Ink::Faint, dash.to_owned()),
        rest - before,
    ));
    let head_ink = if arrives { Ink::Plain } else { Ink::Bad };
    if from < to {
        let head = if arrives {
            glyphs.head_right
        } else {
            glyphs.lost_end
        };
        cells.push((head_ink, head.to_owned()));
    } else {
        let head = if arrives {
            glyphs.head_left
        } else {
            glyphs.lost_end
        };
        cells.insert(0, (head_ink, head.to_owned()));
    }
    let mut row = lanes(gutter(picture, n), picture, 0..left, alive);
    row.pad_to(picture.gutter + left * picture.column);
    row.push(
        Ink::Faint,
        if from < to {
            glyphs.leave_right
        } else {
            glyphs.lane
        },
    );
    for (ink, cell) in cells {
        let at = row.width().saturating_sub(picture.gutter);
        let over_lane = at.is_multiple_of(picture.column) && cell == dash;
        row.push(
            ink,
            if over_lane {
                glyphs.cross.to_owned()
            } else {
                cell
            },
        );
    }
    row.push(
        Ink::Faint,
        if from < to {
            glyphs.lane
        } else {
            glyphs.leave_left
        },
    );
    page.row(lanes(row, picture, right + 1..count, alive));
}

fn repeated(times: u32, glyphs: &Glyphs) -> String {
    if times > 1 {
        format!(" {} {times}", glyphs.times)
    } else {
        String::new()
    }
}

/// The same without columns, for more actors than a line has room for.
fn list_row(page: &mut Page, picture: &Picture<'_>, row: &crate::Row) {
    let times = repeated(row.times, picture.glyphs);
    let name = |actor: usize| {
        picture
            .actors
            .get(actor)
            .map_or("", |column| column.name.as_str())
    };
    let (who, what) = match &row.act {
        Act::Step { actor, text } => (name(*actor).to_owned(), format!("{text}{times}")),
        Act::Connect { from, to, text } => (
            format!("{} {} {}", name(*from), picture.glyphs.to, name(*to)),
            format!("{text}{times}"),
        ),
        Act::Message {
            from,
            to,
            bytes,
            text,
            whole,
            delivery,
        } => {
            let fate = fate(*delivery).map_or(String::new(), |fate| format!(", {fate}"));
            let what = label(
                &format!("{}{times}", counted(*bytes)),
                text,
                *whole,
                40,
                picture.glyphs,
            );
            (
                format!("{} {} {}", name(*from), picture.glyphs.to, name(*to)),
                what + &fate,
            )
        }
        Act::Passed { .. } | Act::Dropped { .. } | Act::Elided { .. } => {
            (picture.glyphs.lane_left_out.to_owned(), left_out(&row.act))
        }
    };
    let label = gutter(picture, number(row, picture.cited))
        .put(Ink::Strong, who)
        .put(Ink::Plain, "  ");
    page.labelled(label, ink(row.tone), &format!("{what}{}", at(row)));
    if let Some(fault) = &row.fault {
        page.labelled(
            Row::new().to(picture.gutter + 2),
            Ink::Warn,
            &format!("we injected: {fault}"),
        );
    }
}
