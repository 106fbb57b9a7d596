//! System V semaphores and message queues: what is in them after the last actor ended.

use ipclab_evidence::{LeftQueue, LeftSemaphores};
use ipclab_spec::{Aspect, MsgState, SemState};

use crate::facts::{Facts, Unfilled};
use crate::finding::Finding;
use crate::quote::{count, quoted, quoted_bytes};
use crate::range::{Range, no_number};

/// One finding for each thing that is expected of an object, with the name of the object.
pub(super) fn judge(facts: Facts<'_>) -> Vec<(String, Finding)> {
    let left = &facts.evidence.leftovers;
    let mut findings = Vec::new();
    for wanted in &facts.case.objects.sem {
        let seen = left.semaphores.iter().find(|set| set.key == wanted.key);
        let what = format!("semaphore set with key {}", wanted.key);
        let mut judged = there(&what, seen.map(|set| set.given), wanted.exists);
        if let Some(set) = seen.filter(|_| wanted.exists != Some(false)) {
            judged.extend(of_set(&format!("the {what}"), set, wanted));
        }
        let named = judged.into_iter();
        findings.extend(named.map(|finding| (format!("sem.{}", wanted.key), finding)));
    }
    for wanted in &facts.case.objects.msg {
        let seen = left.queues.iter().find(|queue| queue.key == wanted.key);
        let what = format!("message queue with key {}", wanted.key);
        let mut judged = there(&what, seen.map(|queue| queue.given), wanted.exists);
        if let Some(queue) = seen.filter(|_| wanted.exists != Some(false)) {
            judged.extend(of_queue(facts, &format!("the {what}"), queue, wanted));
        }
        let named = judged.into_iter();
        findings.extend(named.map(|finding| (format!("msg.{}", wanted.key), finding)));
    }
    findings
}

/// Whether an object is there as it must be. `seen`: it is there, and was given.
fn there(what: &str, seen: Option<bool>, wanted: Option<bool>) -> Vec<Finding> {
    let finding = match (seen, wanted) {
        (None, Some(false)) => pass(Aspect::Cleanup, format!("the {what} is gone")),
        (Some(given), Some(false)) => {
            let from = if given {
                ", which was there before,"
            } else {
                ""
            };
            let text = format!("the {what}{from} is still there: no IPC_RMID");
            fail(Aspect::Cleanup, text)
        }
        (None, Some(true) | None) => fail(Aspect::Memory, format!("there is no {what} any more")),
        (Some(_), Some(true)) => pass(Aspect::Memory, format!("the {what} is there")),
        (Some(_), None) => return Vec::new(),
    };
    vec![finding]
}

fn of_set(what: &str, set: &LeftSemaphores, wanted: &SemState) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(values) = &wanted.values {
        let show = |values: &[u16]| {
            let values: Vec<String> = values.iter().map(u16::to_string).collect();
            values.join(", ")
        };
        findings.push(match *values == set.values {
            true => pass(
                Aspect::Memory,
                format!("{what} has the values {}", show(values)),
            ),
            false => fail(
                Aspect::Memory,
                format!(
                    "{what} has the values {} instead of {}",
                    show(&set.values),
                    show(values)
                ),
            )
            .expecting(show(values), show(&set.values)),
        });
    }
    findings.extend(wanted.mode.map(|mode| of_mode(what, mode, set.mode)));
    findings
}

fn of_queue(facts: Facts<'_>, what: &str, queue: &LeftQueue, wanted: &MsgState) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(messages) = &wanted.messages {
        findings.push(match Range::of(messages) {
            None => no_number(Aspect::Memory),
            Some(range) if range.has(queue.messages) => pass(
                Aspect::Memory,
                format!("{} waited in {what}", count(queue.messages, "message")),
            ),
            Some(range) => fail(
                Aspect::Memory,
                format!(
                    "{} waited in {what} instead of {}",
                    count(queue.messages, "message"),
                    range.text()
                ),
            )
            .expecting(range.text(), queue.messages.to_string()),
        });
    }
    if let Some(holds) = &wanted.holds {
        let texts = holds.iter().map(|text| facts.text(text, None));
        findings.push(match texts.collect::<Result<Vec<_>, _>>() {
            Err(Unfilled::Trouble(why) | Unfilled::Never(why)) => {
                Finding::unknown(Aspect::Memory, None, format!("not judged: {why}"))
            }
            Ok(texts) => held(what, queue, &texts),
        });
    }
    findings.extend(wanted.mode.map(|mode| of_mode(what, mode, queue.mode)));
    findings
}

/// Whether these messages wait in a queue, and no others.
fn held(what: &str, queue: &LeftQueue, wanted: &[String]) -> Finding {
    let list = |texts: Vec<String>| match texts.is_empty() {
        true => "nothing".to_owned(),
        false => texts.join(", "),
    };
    let expected = list(wanted.iter().map(|text| quoted(text)).collect());
    let seen = list(
        queue
            .held
            .iter()
            .map(|message| quoted_bytes(&message.text.0))
            .collect(),
    );
    let same = queue.held.len() as u64 == queue.messages
        && queue.held.len() == wanted.len()
        && queue
            .held
            .iter()
            .zip(wanted)
            .all(|(seen, wanted)| seen.text.0 == wanted.as_bytes());
    match same {
        true => pass(Aspect::Memory, format!("{what} held {expected}")),
        false => fail(
            Aspect::Memory,
            format!("{what} held {seen} instead of {expected}"),
        )
        .expecting(expected, seen),
    }
}

fn of_mode(what: &str, wanted: u32, seen: u32) -> Finding {
    match wanted == seen {
        true => pass(Aspect::Memory, format!("{what} has mode {wanted:04o}")),
        false => fail(
            Aspect::Memory,
            format!("{what} has mode {seen:04o} instead of {wanted:04o}"),
        )
        .expecting(format!("{wanted:04o}"), format!("{seen:04o}")),
    }
}

fn pass(aspect: Aspect, text: String) -> Finding {
    Finding::pass(aspect, None, text)
}

fn fail(aspect: Aspect, text: String) -> Finding {
    Finding::fail(aspect, None, text)
}
