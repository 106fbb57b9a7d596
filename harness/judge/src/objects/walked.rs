//! Directories: whether the student's programs read all of their entries, or none.

use ipclab_evidence::{Call, Object};
use ipclab_spec::{Aspect, FileExpectation};

use super::seen::{names, only_student, only_student_and_why};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::quote::{count, escaped_line};

/// What became of `walked`, where a file has it.
pub(super) fn judge(facts: Facts<'_>, wanted: &FileExpectation) -> Option<Finding> {
    let walked = wanted.walked?;
    let path = escaped_line(&wanted.path);
    let is_of = |call: &&Call| match &call.object {
        Some(Object::File(seen)) => names(&wanted.path, &seen.to_text()),
        _ => false,
    };
    let mut reads = facts
        .evidence
        .trace
        .iter()
        .filter(|call| call.name == "getdents64" && call.errno().is_none())
        .filter(|call| facts.is_student(call.actor))
        .filter(is_of);
    let first = reads.clone().next();
    let is_end = |call: &&Call| call.returned.is_some_and(|returned| returned.value == 0);
    let end = reads.find(is_end);
    let decided = match walked {
        true => end.is_some(),
        false => first.is_some(),
    };
    let mut students = (0..facts.evidence.actors.len()).filter(|index| facts.is_student(*index));
    let dropped = students.find_map(|index| {
        let dropped = facts.actor(index)?.calls_dropped;
        (dropped > 0).then_some(dropped)
    });
    if let (false, Some(dropped)) = (decided, dropped) {
        let text = format!(
            "who read the entries of {path} is not proved: the trace lacks {}",
            count(dropped, "call")
        );
        return Some(Finding::fail(Aspect::Calls, only_student(facts), text));
    }
    let read_wrongly = |first: &Call, text: String, wanted: &str| {
        let name = facts.actor(first.actor).map(|actor| actor.name.as_str());
        Finding::fail(Aspect::Calls, name, text)
            .expecting(wanted, "some of them")
            .citing(Some(first.n))
    };
    Some(match (walked, first, end) {
        (true, Some(_), Some(_)) => Finding::pass(
            Aspect::Calls,
            None,
            format!("{path} was read to its last entry"),
        ),
        (true, Some(first), None) => {
            let text = format!(
                "{} began to read the entries of {path} at #{} and not to their end: call readdir() until it returns NULL",
                facts.who(first.actor),
                first.n
            );
            read_wrongly(first, text, "all entries")
        }
        (true, None, _) => {
            let (name, why) = only_student_and_why(facts);
            let text = format!("the entries of {path} were never read{why}");
            Finding::fail(Aspect::Calls, name, text).expecting("all entries", "none")
        }
        (false, Some(first), _) => {
            let text = format!(
                "{} read the entries of {path} at #{}, where it has nothing to look for",
                facts.who(first.actor),
                first.n
            );
            read_wrongly(first, text, "no entries")
        }
        (false, None, _) => Finding::pass(
            Aspect::Calls,
            None,
            format!("the entries of {path} were not read"),
        ),
    })
}
