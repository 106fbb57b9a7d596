//! Objects of the kernel behind the calls: processes, descriptors, files.

mod descriptors;
mod file_locks;
mod files;
mod mappings;
pub(crate) mod posix;
mod processes;
mod seen;
mod signals;
mod state;
mod system_v;
mod walked;

use crate::facts::Facts;
use crate::finding::Finding;

/// An expectation as its spec calls it, the actor that it is about, and what became of it.
pub(crate) struct Judged {
    pub(crate) actor: String,
    pub(crate) name: String,
    pub(crate) finding: Finding,
}

/// One finding for each expectation.
pub(crate) fn judge(facts: Facts<'_>) -> Vec<Finding> {
    let judged = each(facts).into_iter();
    judged.map(|judged| judged.finding).collect()
}

/// The same with the names of the expectations.
pub(crate) fn each(facts: Facts<'_>) -> Vec<Judged> {
    let objects = &facts.case.objects;
    let mut all = Vec::new();
    for wanted in &objects.processes {
        for index in facts.copies(&wanted.actor) {
            let judged = processes::judge(facts, index, wanted).into_iter();
            all.extend(judged.map(|(name, finding)| Judged {
                actor: wanted.actor.clone(),
                name: format!("processes.{name}"),
                finding,
            }));
        }
    }
    for wanted in &objects.descriptors {
        for index in facts.copies(&wanted.actor) {
            let judged = descriptors::judge(facts, index, wanted).into_iter();
            all.extend(judged.map(|(name, finding)| Judged {
                actor: wanted.actor.clone(),
                name: format!("descriptors.{name}, {}", wanted.of.name()),
                finding,
            }));
        }
    }
    for wanted in &objects.mappings {
        for index in facts.copies(&wanted.actor) {
            let judged = mappings::judge(facts, index, wanted).into_iter();
            all.extend(judged.map(|(name, finding)| Judged {
                actor: wanted.actor.clone(),
                name: format!("mappings.{name}, {}", wanted.of.name()),
                finding,
            }));
        }
    }
    for wanted in &objects.signals {
        for index in facts.copies(&wanted.actor) {
            let judged = signals::judge(facts, index, wanted).into_iter();
            all.extend(judged.map(|(name, finding)| Judged {
                actor: wanted.actor.clone(),
                name: format!("signals.{name}"),
                finding,
            }));
        }
    }
    for wanted in &objects.files {
        all.extend(
            files::judge(facts, wanted)
                .into_iter()
                .map(|finding| Judged {
                    actor: "the case".to_owned(),
                    name: format!("files.\"{}\"", wanted.path),
                    finding,
                }),
        );
    }
    all.extend(
        system_v::judge(facts)
            .into_iter()
            .chain(posix::judge(facts))
            .map(|(name, finding)| Judged {
                actor: "the case".to_owned(),
                name,
                finding,
            }),
    );
    all
}
