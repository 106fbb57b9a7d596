//! Where a conversation leaves that of the reference, which played the same case in the student's place.
//!
//! What goes from one actor to another is compared, for each two of them apart: in which order two servers are asked is no
//! difference, what they are sent is.

use std::collections::BTreeMap;

use crate::conversation::{Act, Conversation, Parting, Row};
use crate::{Line, words};

/// Who sends to whom.
type Way = (usize, usize);

/// What crosses on a way: its row, and what it is.
type Crossing = (usize, String);

/// Where a conversation leaves the reference's. `None`: both say the same to each other, or have other actors.
pub(crate) fn parting(own: &Conversation, reference: &Conversation) -> Option<Parting> {
    let names = |it: &Conversation| -> Vec<Line> {
        it.actors.iter().map(|actor| actor.name.clone()).collect()
    };
    if names(own) != names(reference) {
        return None;
    }
    let (own_ways, its_ways) = (ways(own), ways(reference));
    let mut all: Vec<Way> = own_ways.keys().chain(its_ways.keys()).copied().collect();
    all.sort_unstable();
    all.dedup();
    let nothing = Vec::new();
    let partings = all.into_iter().filter_map(|way| {
        let own = own_ways.get(&way).unwrap_or(&nothing);
        let its = its_ways.get(&way).unwrap_or(&nothing);
        let same = own.iter().zip(its).take_while(|(one, two)| one.1 == two.1);
        let at = same.count();
        match (own.get(at), its.get(at)) {
            (None, None) => None,
            (Some((row, _)), other) => Some((*row, other)),
            (None, other) => Some((usize::MAX, other)),
        }
    });
    let (row, other) = partings.min_by_key(|(row, other)| (*row, other.map(|other| other.0)))?;
    let reference = other.and_then(|(at, _)| {
        let row = reference.rows.get(*at)?;
        let plain = Row {
            n: None,
            line: None,
            ..row.clone()
        };
        Some(Line::new(&words::sentence(reference, &plain)))
    });
    Some(Parting {
        row: row.min(own.rows.len()),
        reference,
    })
}

fn ways(conversation: &Conversation) -> BTreeMap<Way, Vec<Crossing>> {
    let mut ways: BTreeMap<Way, Vec<Crossing>> = BTreeMap::new();
    for (at, row) in conversation.rows.iter().enumerate() {
        let (way, what) = match &row.act {
            Act::Connect { from, to, .. } => ((*from, *to), "connects".to_owned()),
            Act::Message {
                from,
                to,
                bytes,
                text,
                ..
            } => ((*from, *to), format!("{bytes} {text} {}", row.times)),
            // Behind what was left out nothing can be compared.
            Act::Elided { .. } | Act::Dropped { .. } => break,
            Act::Step { .. } | Act::Passed { .. } => continue,
        };
        ways.entry(way).or_default().push((at, what));
    }
    ways
}
