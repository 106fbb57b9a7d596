//! Where a conversation leaves that of the reference, which played the same case in the student's place.
//!
//! What goes from one actor to another is compared, for each two of them apart: in which order two servers are asked is no
//! difference, what they are sent is.

use std::collections::BTreeMap;

use crate::conversation::{Act, Conversation, Parting, Row, Strayed, Turn};
use crate::{Line, words};

/// Most messages of one row that are counted one by one.
const TIMES_MAX: u32 = 1000;

/// Who sends to whom.
type Way = (usize, usize);

/// What crosses on the ways of a conversation.
struct Crossings {
    of: BTreeMap<Way, Vec<Crossing>>,
    /// Behind what was left out nothing can be compared.
    is_cut: bool,
}

/// What crosses on a way: its row, and what it is.
struct Crossing {
    row: usize,
    what: String,
    /// For a message.
    message: Option<Message>,
}

struct Message {
    text: Line,
    whole: bool,
    times: u32,
}

/// Where a conversation leaves the reference's. `None`: both say the same to each other, or have other actors.
pub(crate) fn parting(own: &Conversation, reference: &Conversation) -> Option<Parting> {
    let names = |it: &Conversation| -> Vec<Line> {
        it.actors.iter().map(|actor| actor.name.clone()).collect()
    };
    if names(own) != names(reference) {
        return None;
    }
    let (own_ways, its_ways) = (crossings(own), crossings(reference));
    let mut all: Vec<Way> = own_ways
        .of
        .keys()
        .chain(its_ways.of.keys())
        .copied()
        .collect();
    all.sort_unstable();
    all.dedup();
    let nothing = Vec::new();
    let partings = all.into_iter().filter_map(|way| {
        let own = own_ways.of.get(&way).unwrap_or(&nothing);
        let its = its_ways.of.get(&way).unwrap_or(&nothing);
        let same = own.iter().zip(its);
        let at = same.take_while(|(one, two)| one.what == two.what).count();
        let row = match (own.get(at), its.get(at)) {
            (None, None) => return None,
            (None, Some(_)) if own_ways.is_cut => return None,
            (Some(_), None) if its_ways.is_cut => return None,
            (Some(crossing), _) => crossing.row,
            (None, Some(_)) => usize::MAX,
        };
        Some((row, its.get(at).map(|other| other.row), way))
    });
    let (row, other, way) = partings.min_by_key(|(row, other, _)| (*row, *other))?;
    let reference_row = other.and_then(|at| {
        let row = reference.rows.get(at)?;
        let plain = Row {
            n: None,
            line: None,
            ..row.clone()
        };
        Some(Line::new(&words::sentence(reference, &plain)))
    });
    Some(Parting {
        row: row.min(own.rows.len()),
        reference: reference_row,
        turn: turn(&own_ways, &its_ways, way),
    })
}

/// The message on a way with which it leaves the reference's, where those before it are known to be right.
fn turn(own: &Crossings, its: &Crossings, way: Way) -> Option<Turn> {
    let (one, two) = (messages(own, way)?, messages(its, way)?);
    let same = one.iter().zip(&two);
    let at = same.take_while(|(one, two)| is_same(one, two)).count();
    if !one[..at].iter().all(|message| message.whole) {
        return None;
    }
    let strayed = match (one.get(at), two.get(at)) {
        (None, None) => return None,
        (Some(_), None) if its.is_cut => return None,
        (None, Some(_)) if own.is_cut => return None,
        (Some(_), None) => Strayed::TooMany,
        (None, Some(_)) => Strayed::Missing,
        (Some(this), Some(other)) if this.whole && other.whole => {
            // Which bytes stand in which message is free in a stream: what only divides them otherwise is no mistake.
            let rest: String = two[at..].iter().map(|it| it.text.as_str()).collect();
            let is_cut_short =
                one.len() == at + 1 && !own.is_cut && other.text.starts_with(this.text.as_str());
            if rest.starts_with(this.text.as_str()) && !is_cut_short {
                return None;
            }
            Strayed::Other
        }
        (Some(_), Some(_)) => return None,
    };
    Some(Turn {
        from: way.0,
        to: way.1,
        right: u32::try_from(at).ok().filter(|right| *right > 0)?,
        strayed,
    })
}

fn is_same(one: &Message, two: &Message) -> bool {
    one.text == two.text && one.whole == two.whole
}

/// The messages on a way one by one. `None`: too many.
fn messages(crossings: &Crossings, way: Way) -> Option<Vec<&Message>> {
    let mut all = Vec::new();
    let on_way = crossings.of.get(&way).into_iter().flatten();
    for message in on_way.filter_map(|crossing| crossing.message.as_ref()) {
        if message.times > TIMES_MAX {
            return None;
        }
        all.extend((0..message.times).map(|_| message));
    }
    Some(all)
}

fn crossings(conversation: &Conversation) -> Crossings {
    let mut crossings = Crossings {
        of: BTreeMap::new(),
        is_cut: false,
    };
    for (at, row) in conversation.rows.iter().enumerate() {
        let (way, what, message) = match &row.act {
            Act::Connect { from, to, .. } => ((*from, *to), "connects".to_owned(), None),
            Act::Message {
                from,
                to,
                bytes,
                text,
                whole,
                ..
            } => (
                (*from, *to),
                format!("{bytes} {text} {}", row.times),
                Some(Message {
                    text: text.clone(),
                    whole: *whole,
                    times: row.times,
                }),
            ),
            Act::Elided { .. } | Act::Dropped { .. } => {
                crossings.is_cut = true;
                break;
            }
            Act::Step { .. } | Act::Passed { .. } => continue,
        };
        crossings.of.entry(way).or_default().push(Crossing {
            row: at,
            what,
            message,
        });
    }
    crossings
}
