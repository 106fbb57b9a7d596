//! What every expectation about objects asks: whether enough was seen, and how many there must be.

use ipclab_evidence::Exit;
use ipclab_spec::{Aspect, Count};

use crate::facts::Facts;
use crate::finding::Finding;

/// How many there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) least: Option<u64>,
    pub(super) most: Option<u64>,
}

impl Range {
    /// A count of the spec, its variables filled in. `None`: it is no number.
    pub(super) fn of(count: &Count) -> Option<Self> {
        let number = |side: &Option<ipclab_spec::Template>| match side {
            None => Some(None),
            Some(side) => side.as_text()?.trim().parse::<u64>().ok().map(Some),
        };
        Some(Self {
            least: number(&count.least)?,
            most: number(&count.most)?,
        })
    }

    pub(super) fn has(self, seen: u64) -> bool {
        self.least.is_none_or(|least| least <= seen) && self.most.is_none_or(|most| seen <= most)
    }

    /// `4`, `at least 1`, `1 to 3`
    pub(super) fn text(self) -> String {
        match (self.least, self.most) {
            (Some(least), Some(most)) if least == most => least.to_string(),
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => "any number".to_owned(),
        }
    }
}

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

/// The finding for a count that the spec has not filled in.
pub(super) fn no_number(aspect: Aspect) -> Finding {
    Finding::unknown(aspect, None, "the spec's number has no value")
}
