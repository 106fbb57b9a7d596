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
