//! The real conversation as a picture: the same data that a terminal draws, as SVG within the page.
//!
//! It has no colours of its own: the page's style sheet paints it, so that it follows light, dark and print.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::escape::escape;
use crate::conversation::{Act, Conversation, Delivery, Row, Tone};
use crate::terminal::glyphs::Glyphs;
use crate::terminal::label::label;
use crate::terminal::page::{cut, wrap};
use crate::width;
use crate::words::{at, counted, fate, left_out, number, role};

/// Pixels that a character of the picture's font takes: 12.5 px of a monospaced font.
const CHAR: usize = 8;
/// Pixels of a line of text.
const LINE: usize = 17;
/// Between two rows.
const GAP: usize = 7;
/// Between a lane and the text beside it.
const BESIDE: usize = 9;
/// What the last column may use beyond its own.
const MARGIN: usize = 24;

struct Picture<'a> {
    conversation: &'a Conversation,
    cited: &'a BTreeSet<u32>,
    /// Pixels of the gutter with the calls' numbers.
    gutter: usize,
    /// Pixels from lane to lane.
    column: usize,
    width: usize,
    /// What is drawn above the lanes, so far.
    drawn: String,
    /// Bands behind rows that findings cite: drawn first.
    bands: String,
    /// Where the next row begins.
    y: usize,
    /// Where each actor's lane ends, once it does.
    ends: Vec<Option<usize>>,
}

/// Draws a conversation; nothing for one without actors.
pub(super) fn sequence(
    conversation: &Conversation,
    cited: &BTreeSet<u32>,
    title: &str,
) -> Option<String> {
    let count = conversation.actors.len();
    if count == 0 || conversation.rows.is_empty() {
        return None;
    }
    let digits = conversation
        .rows
        .iter()
        .filter_map(|row| row.n.max(row.taken))
        .max()
        .map_or(0, |n| n.to_string().len());
    let gutter = (digits + 3) * CHAR;
    let column = match count {
        1 => 400,
        2 => 240,
        3 => 224,
        _ => 208,
    };
    let mut picture = Picture {
        conversation,
        cited,
        gutter,
        column,
        width: gutter + count * column + MARGIN,
        drawn: String::new(),
        bands: String::new(),
        y: 0,
        ends: vec![None; count],
    };
    heads(&mut picture);
    for row in &conversation.rows {
        picture_row(&mut picture, row);
    }
    Some(finish(&picture, title))
}

fn finish(picture: &Picture<'_>, title: &str) -> String {
    let (width, height) = (picture.width, picture.y + GAP);
    let mut out = format!(
        "<svg class=\"seq\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" style=\"min-width:{}px\">",
        escape(title),
        width * 3 / 4,
    );
    out.push_str(&picture.bands);
    for (actor, end) in picture.ends.iter().enumerate() {
        let x = lane(picture, actor);
        let end = end.unwrap_or(height);
        let _ = write!(
            out,
            "<line class=\"lane\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{end}\"/>",
            2 * LINE + 4
        );
    }
    out.push_str(&picture.drawn);
    out.push_str("</svg>");
    out
}

fn heads(picture: &mut Picture<'_>) {
    let room = picture.column / CHAR - 1;
    for (actor, column) in picture.conversation.actors.iter().enumerate() {
        let x = lane(picture, actor) - 4;
        text(picture, x, LINE - 4, "who", &cut(&column.name, room, "…"));
        text(
            picture,
            x,
            2 * LINE - 4,
            "role",
            &cut(&role(column), room, "…"),
        );
    }
    picture.y = 2 * LINE + GAP;
}

/// The place of an actor's lane. Nothing that the tracer makes names an actor that is not there; a report that was read
/// from a file may.
fn lane(picture: &Picture<'_>, actor: usize) -> usize {
    let last = picture.conversation.actors.len() - 1;
    picture.gutter + 6 + actor.min(last) * picture.column
}

fn picture_row(picture: &mut Picture<'_>, row: &Row) {
    let begin = picture.y;
    let times = if row.times > 1 {
        format!(" × {}", row.times)
    } else {
        String::new()
    };
    let actor = match &row.act {
        Act::Step { actor, text } => {
            let text = format!("{text}{times}{}", at(row));
            beside(picture, *actor, class(row.tone), &text);
            match row.tone {
                Tone::Ended | Tone::Broken => stop(picture, *actor, row.tone),
                Tone::Plain | Tone::Failed | Tone::Waits => {}
            }
            *actor
        }
        Act::Connect { from, to, text } => {
            let room = span(picture, *from, *to) / CHAR - 4;
            let label = cut(&format!("{text}{times}"), room, "…");
            arrow(picture, (*from, *to), &label, class(row.tone), true);
            *from
        }
        Act::Message {
            from,
            to,
            bytes,
            text,
            whole,
            delivery,
        } => {
            let arrives = match delivery {
                Delivery::Never => false,
                Delivery::Received
                | Delivery::Portions
                | Delivery::Partly(_)
                | Delivery::Cut(_)
                | Delivery::Unseen => true,
            };
            let room = span(picture, *from, *to) / CHAR - 4;
            let count = format!("{}{times}", counted(*bytes));
            let label = label(&count, text, *whole, room, Glyphs::of(true));
            arrow(picture, (*from, *to), &label, class(row.tone), arrives);
            if let Some(fate) = fate(*delivery) {
                beside(picture, *from, "bad", &fate);
            }
            *from
        }
        Act::Passed { .. } | Act::Dropped { .. } | Act::Elided { .. } => {
            let (x, y) = (picture.gutter, begin + LINE - 4);
            text(picture, x, y, "faint", &format!("⋮ {}", left_out(&row.act)));
            picture.y += LINE;
            return;
        }
    };
    if let Some(fault) = &row.fault {
        beside(picture, actor, "warn", &format!("we injected: {fault}"));
    }
    gutter(picture, row, begin);
    picture.y += GAP;
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Failed | Tone::Broken => "bad",
        Tone::Ended => "faint",
        Tone::Waits => "warn",
    }
}

/// The number of the call, marked and with a band behind its row when a finding speaks of it.
fn gutter(picture: &mut Picture<'_>, row: &Row, begin: usize) {
    let Some(n) = number(row, picture.cited) else {
        return;
    };
    let cited = picture.cited.contains(&n);
    let mark = if cited { "▸" } else { "" };
    let label = format!("{mark}#{n}");
    let x = picture.gutter.saturating_sub((width(&label) + 1) * CHAR);
    let class = if cited { "cite" } else { "n" };
    text(picture, x, begin + LINE - 4, class, &label);
    if cited {
        let (width, height) = (picture.width, picture.y - begin + 4);
        let _ = write!(
            picture.bands,
            "<rect class=\"band\" x=\"0\" y=\"{}\" width=\"{width}\" height=\"{height}\" rx=\"3\"/>",
            begin.saturating_sub(2)
        );
    }
}

/// Text beside an actor's lane, in as many lines as it needs.
fn beside(picture: &mut Picture<'_>, actor: usize, class: &str, what: &str) {
    let last = actor + 1 >= picture.conversation.actors.len();
    let room = picture.column - BESIDE + if last { MARGIN - 6 } else { 0 };
    let x = lane(picture, actor) + BESIDE;
    for line in wrap(what, room / CHAR) {
        let y = picture.y + LINE - 4;
        text(picture, x, y, class, &line);
        picture.y += LINE;
    }
}

/// The end of an actor's lane.
fn stop(picture: &mut Picture<'_>, actor: usize, tone: Tone) {
    let (x, y) = (lane(picture, actor), picture.y);
    let class = if tone == Tone::Broken {
        "end bad"
    } else {
        "end"
    };
    let _ = write!(
        picture.drawn,
        "<line class=\"{class}\" x1=\"{}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\"/>",
        x - 5,
        x + 5
    );
    if let Some(end) = picture.ends.get_mut(actor) {
        end.get_or_insert(y);
    }
}

fn span(picture: &Picture<'_>, from: usize, to: usize) -> usize {
    lane(picture, from)
        .abs_diff(lane(picture, to))
        .max(picture.column)
}

/// An arrow from lane to lane, its label above it.
fn arrow(
    picture: &mut Picture<'_>,
    (from, to): (usize, usize),
    label: &str,
    class: &str,
    arrives: bool,
) {
    let (start, end) = (lane(picture, from), lane(picture, to));
    if start == end {
        return beside(picture, from, class, label);
    }
    let middle = start.midpoint(end);
    let y = picture.y + LINE - 4;
    let _ = write!(
        picture.drawn,
        "<text class=\"on {class}\" x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
        escape(label)
    );
    let y = picture.y + LINE + 3;
    // The head points to the right or to the left; what never arrives ends in a cross before it gets there.
    let right = start < end;
    let (tip, back) = match (right, arrives) {
        (true, true) => (end, end - 8),
        (false, true) => (end, end + 8),
        (true, false) => (end - 40, end - 40),
        (false, false) => (end + 40, end + 40),
    };
    let line = if arrives { "arrow" } else { "arrow lost" };
    let _ = write!(
        picture.drawn,
        "<line class=\"{line}\" x1=\"{start}\" y1=\"{y}\" x2=\"{back}\" y2=\"{y}\"/>"
    );
    if arrives {
        let _ = write!(
            picture.drawn,
            "<path class=\"head\" d=\"M{tip} {y}L{back} {}L{back} {}z\"/>",
            y - 4,
            y + 4
        );
    } else {
        let _ = write!(
            picture.drawn,
            "<path class=\"end bad\" d=\"M{} {}l8 8m0 -8l-8 8\"/>",
            tip - 4,
            y - 4
        );
    }
    picture.y = y + 5;
}

fn text(picture: &mut Picture<'_>, x: usize, y: usize, class: &str, what: &str) {
    let class = if class.is_empty() {
        String::new()
    } else {
        format!(" class=\"{class}\"")
    };
    let _ = write!(
        picture.drawn,
        "<text{class} x=\"{x}\" y=\"{y}\">{}</text>",
        escape(what)
    );
}
