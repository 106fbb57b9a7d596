//! What objects of both kinds, System V and POSIX, have in common: they are there, have a mode, hold messages.

use ipclab_spec::{Aspect, Count, Template};

use crate::facts::{Facts, Unfilled};
use crate::finding::Finding;
use crate::quote::{count, quoted, quoted_bytes};
use crate::range::{Range, no_number};

/// Whether an object is there as it must be. `seen`: it is there, and was given. `remover`: what takes it away.
pub(super) fn there(
    what: &str,
    seen: Option<bool>,
    wanted: Option<bool>,
    remover: &str,
) -> Vec<Finding> {
    let finding = match (seen, wanted) {
        (None, Some(false)) => pass(Aspect::Cleanup, format!("the {what} is gone")),
        (Some(given), Some(false)) => {
            let from = if given {
                ", which was there before,"
            } else {
                ""
            };
            let text = format!("the {what}{from} is still there: no {remover}");
            fail(Aspect::Cleanup, text)
        }
        (None, Some(true) | None) => fail(Aspect::Memory, format!("there is no {what} any more")),
        (Some(_), Some(true)) => pass(Aspect::Memory, format!("the {what} is there")),
        (Some(_), None) => return Vec::new(),
    };
    vec![finding]
}

/// What waits in a queue.
pub(super) struct Waiting<'a> {
    /// How many messages.
    pub(super) messages: u64,
    /// The texts of the first of them, in the order in which they would be received.
    pub(super) texts: Vec<&'a [u8]>,
}

/// Whether as many messages wait in a queue as must.
pub(super) fn number_held(what: &str, waiting: &Waiting<'_>, wanted: &Count) -> Finding {
    let seen = count(waiting.messages, "message");
    match Range::of(wanted) {
        None => no_number(Aspect::Memory),
        Some(range) if range.has(waiting.messages) => {
            pass(Aspect::Memory, format!("{seen} waited in {what}"))
        }
        Some(range) => fail(
            Aspect::Memory,
            format!("{seen} waited in {what} instead of {}", range.text()),
        )
        .expecting(range.text(), waiting.messages.to_string()),
    }
}

/// Whether these messages wait in a queue, and no others.
pub(super) fn held(
    facts: Facts<'_>,
    what: &str,
    waiting: &Waiting<'_>,
    wanted: &[Template],
) -> Finding {
    let texts = wanted.iter().map(|text| facts.text(text, None));
    let wanted = match texts.collect::<Result<Vec<_>, _>>() {
        Err(Unfilled::Trouble(why) | Unfilled::Never(why)) => {
            return Finding::unknown(Aspect::Memory, None, format!("not judged: {why}"));
        }
        Ok(texts) => texts,
    };
    let list = |texts: Vec<String>| match texts.is_empty() {
        true => "nothing".to_owned(),
        false => texts.join(", "),
    };
    let expected = list(wanted.iter().map(|text| quoted(text)).collect());
    let seen = list(
        waiting
            .texts
            .iter()
            .map(|text| quoted_bytes(text))
            .collect(),
    );
    // A list that was cut is right for nothing.
    let same = waiting.texts.len() as u64 == waiting.messages
        && waiting.texts.len() == wanted.len()
        && waiting
            .texts
            .iter()
            .zip(&wanted)
            .all(|(seen, wanted)| *seen == wanted.as_bytes());
    match same {
        true => pass(Aspect::Memory, format!("{what} held {expected}")),
        false => fail(
            Aspect::Memory,
            format!("{what} held {seen} instead of {expected}"),
        )
        .expecting(expected, seen),
    }
}

pub(super) fn of_mode(what: &str, wanted: u32, seen: u32) -> Finding {
    match wanted == seen {
        true => pass(Aspect::Memory, format!("{what} has mode {wanted:04o}")),
        false => fail(
            Aspect::Memory,
            format!("{what} has mode {seen:04o} instead of {wanted:04o}"),
        )
        .expecting(format!("{wanted:04o}"), format!("{seen:04o}")),
    }
}

pub(super) fn pass(aspect: Aspect, text: String) -> Finding {
    Finding::pass(aspect, None, text)
}

pub(super) fn fail(aspect: Aspect, text: String) -> Finding {
    Finding::fail(aspect, None, text)
}
