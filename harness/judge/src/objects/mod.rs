//! Objects of the kernel behind the calls: processes, descriptors, files.

mod descriptors;
mod files;
mod processes;

use ipclab_evidence::Exit;
use ipclab_spec::{Aspect, Count};

use crate::facts::Facts;
use crate::finding::Finding;

/// One finding for each expectation.
pub(crate) fn judge(facts: Facts<'_>) -> Vec<Finding> {
    let objects = &facts.case.objects;
    let mut findings = Vec::new();
    for wanted in &objects.processes {
        for index in facts.copies(&wanted.actor) {
            findings.extend(processes::judge(facts, index, wanted));
        }
    }
    for wanted in &objects.descriptors {
        for index in facts.copies(&wanted.actor) {
            findings.extend(descriptors::judge(facts, index, wanted));
        }
    }
    for wanted in &objects.files {
        findings.extend(files::judge(facts, wanted));
    }
    findings
}

/// How many there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    least: Option<u64>,
    most: Option<u64>,
}

impl Range {
    /// A count of the spec, its variables filled in. `None`: it is no number.
    fn of(count: &Count) -> Option<Self> {
        let number = |side: &Option<ipclab_spec::Template>| match side {
            None => Some(None),
            Some(side) => side.as_text()?.trim().parse::<u64>().ok().map(Some),
        };
        Some(Self {
            least: number(&count.least)?,
            most: number(&count.most)?,
        })
    }

    fn has(self, seen: u64) -> bool {
        self.least.is_none_or(|least| least <= seen) && self.most.is_none_or(|most| seen <= most)
    }

    /// `4`, `at least 1`, `1 to 3`
    fn text(self) -> String {
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
fn not_seen(facts: Facts<'_>, index: usize, aspect: Aspect) -> Option<Finding> {
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
fn no_number(aspect: Aspect) -> Finding {
    Finding::unknown(aspect, None, "the spec's number has no value")
}
