//! What every expectation about objects asks: whether enough was seen, and how many there must be.

use ipclab_evidence::Exit;
use ipclab_spec::Aspect;

use crate::facts::Facts;
use crate::finding::Finding;

/// Why nothing was seen of an actor that never ran; else whether something of what was seen is missing.
pub(super) fn not_seen(facts: Facts<'_>, index: usize, aspect: Aspect) -> Option<Finding> {
    let actor = facts.actor(index)?;
    let who = facts.who(index);
    if matches!(actor.exit, Exit::NotStarted | Exit::NotExecuted(_)) {
        let text = format!("{who} never ran{}", facts.because(index));
        return Some(Finding::fail(aspect, Some(&actor.name), text));
    }
    let seen = &facts.evidence.objects;
    if seen.dropped > 0 {
        let text = format!(
            "what {who} did with its processes is not proved: they did so much that {} were not kept",
            crate::quote::count(seen.dropped, "moment")
        );
        return Some(Finding::fail(aspect, Some(&actor.name), text));
    }
    let of_actor = seen.processes.iter().any(|process| process.actor == index);
    (!of_actor).then(|| {
        let text = format!("nothing was seen of the processes of {who}");
        Finding::unknown(aspect, Some(&actor.name), text)
    })
}

/// Whether a path of the spec names what the evidence calls so: the plan has put the programs' folder before a relative one.
pub(super) fn names(path: &str, seen: &str) -> bool {
    match path.starts_with('/') {
        true => seen == path,
        false => seen
            .strip_suffix(path)
            .is_some_and(|folder| folder.ends_with('/')),
    }
}

/// The name of the actor that the student plays, where there is one only.
pub(super) fn only_student(facts: Facts<'_>) -> Option<&str> {
    let mut students = (0..facts.evidence.actors.len()).filter(|index| facts.is_student(*index));
    match (students.next(), students.next()) {
        (Some(only), None) => facts.actor(only).map(|actor| actor.name.as_str()),
        _ => None,
    }
}

/// That actor, and what became of it as far as that explains what is missing: `, because client ended with status 1`.
pub(super) fn only_student_and_why(facts: Facts<'_>) -> (Option<&str>, String) {
    let name = only_student(facts);
    let index = name.and_then(|name| facts.copies(name).first().copied());
    (
        name,
        index.map(|index| facts.because(index)).unwrap_or_default(),
    )
}
