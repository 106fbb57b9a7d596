//! System V semaphores and message queues: what is in them after the last actor ended.

use ipclab_evidence::{IpcKind, LeftQueue, LeftSemaphores};
use ipclab_spec::{Aspect, MsgState, SemState};

use super::state::{Waiting, fail, held, number_held, of_mode, pass, there};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::memory::look_of;

/// One finding for each thing that is expected of an object, with the name of the object.
pub(super) fn judge(facts: Facts<'_>) -> Vec<(String, Finding)> {
    let objects = &facts.case.objects;
    let mut findings = Vec::new();
    for wanted in &objects.sem {
        let judged = set(facts, wanted).unwrap_or_else(|finding| vec![*finding]);
        let named = judged.into_iter();
        findings.extend(named.map(|finding| (format!("sem.{}", wanted.key), finding)));
    }
    for wanted in &objects.msg {
        let judged = queue(facts, wanted).unwrap_or_else(|finding| vec![*finding]);
        let named = judged.into_iter();
        findings.extend(named.map(|finding| (format!("msg.{}", wanted.key), finding)));
    }
    findings
}

fn set(facts: Facts<'_>, wanted: &SemState) -> Result<Vec<Finding>, Box<Finding>> {
    let what = format!("semaphore set with key {}", wanted.key);
    let mut left = facts.evidence.leftovers.semaphores.iter();
    let seen = match &wanted.after {
        None => left.find(|set| set.key == wanted.key),
        Some(after) => look_of(
            facts,
            IpcKind::Semaphores,
            wanted.key,
            after,
            &format!("the {what}"),
        )?
        .semaphores
        .as_ref(),
    };
    let given = seen.map(|set| set.given);
    let mut judged = there(&what, given, wanted.exists, "IPC_RMID");
    if let Some(set) = seen.filter(|_| wanted.exists != Some(false)) {
        judged.extend(of_set(&format!("the {what}"), set, wanted));
    }
    Ok(judged)
}

fn queue(facts: Facts<'_>, wanted: &MsgState) -> Result<Vec<Finding>, Box<Finding>> {
    let what = format!("message queue with key {}", wanted.key);
    let mut left = facts.evidence.leftovers.queues.iter();
    let seen = match &wanted.after {
        None => left.find(|queue| queue.key == wanted.key),
        Some(after) => look_of(
            facts,
            IpcKind::Queue,
            wanted.key,
            after,
            &format!("the {what}"),
        )?
        .queue
        .as_ref(),
    };
    let given = seen.map(|queue| queue.given);
    let mut judged = there(&what, given, wanted.exists, "IPC_RMID");
    if let Some(queue) = seen.filter(|_| wanted.exists != Some(false)) {
        judged.extend(of_queue(facts, &format!("the {what}"), queue, wanted));
    }
    Ok(judged)
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
    let waiting = Waiting {
        messages: queue.messages,
        texts: queue.held.iter().map(|one| one.text.0.as_slice()).collect(),
    };
    findings.extend(
        wanted
            .messages
            .as_ref()
            .map(|n| number_held(what, &waiting, n)),
    );
    findings.extend(
        wanted
            .holds
            .as_ref()
            .map(|texts| held(facts, what, &waiting, texts)),
    );
    findings.extend(wanted.mode.map(|mode| of_mode(what, mode, queue.mode)));
    findings
}
