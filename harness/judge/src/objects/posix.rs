//! POSIX semaphores and message queues: what is in them after the last actor ended.

use ipclab_evidence::{LeftFile, PosixQueue};
use ipclab_spec::{Aspect, PosixQueueState, PosixSemState};

use super::state::{Waiting, fail, held, number_held, of_mode, pass, there};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::quote::count;

/// One finding for each thing that is expected of an object, with the name of the object.
pub(super) fn judge(facts: Facts<'_>) -> Vec<(String, Finding)> {
    let wanted = &facts.case.objects;
    let mut findings = Vec::new();
    for one in &wanted.posix_sem {
        let judged = of_semaphore(facts, one).into_iter();
        findings.extend(judged.map(|finding| (format!("posix_sem.{}", one.name), finding)));
    }
    for one in &wanted.posix_mq {
        let judged = of_queue(facts, one).into_iter();
        findings.extend(judged.map(|finding| (format!("posix_mq.{}", one.name), finding)));
    }
    findings
}

/// The name in `/dev/shm` of a semaphore, `sem_overview(7)`.
pub(crate) fn file_of_semaphore(name: &str) -> String {
    format!("/sem.{}", name.trim_start_matches('/'))
}

fn of_semaphore(facts: Facts<'_>, wanted: &PosixSemState) -> Vec<Finding> {
    let left = &facts.evidence.leftovers;
    let file = named(&left.posix_shm, &file_of_semaphore(&wanted.name));
    let what = format!("POSIX semaphore {}", wanted.name);
    let given = file.map(|file| file.given);
    let mut findings = there(&what, given, wanted.exists, "sem_unlink()");
    let Some(file) = file.filter(|_| wanted.exists != Some(false)) else {
        return findings;
    };
    let what = format!("the {what}");
    if let Some(value) = wanted.value {
        let mut semaphores = left.posix_semaphores.iter();
        let seen = semaphores.find(|one| one.name.to_text() == wanted.name);
        findings.push(match seen {
            Some(seen) if seen.value == value => {
                pass(Aspect::Memory, format!("{what} has the value {value}"))
            }
            Some(seen) => fail(
                Aspect::Memory,
                format!("{what} has the value {} instead of {value}", seen.value),
            )
            .expecting(value.to_string(), seen.value.to_string()),
            None => fail(
                Aspect::Memory,
                format!("{what} is no semaphore: sem_open() did not make it"),
            ),
        });
    }
    findings.extend(wanted.mode.map(|mode| of_mode(&what, mode, file.mode)));
    findings
}

fn of_queue(facts: Facts<'_>, wanted: &PosixQueueState) -> Vec<Finding> {
    let left = &facts.evidence.leftovers;
    let file = named(&left.posix_queues, &wanted.name);
    let what = format!("POSIX message queue {}", wanted.name);
    let given = file.map(|file| file.given);
    let mut findings = there(&what, given, wanted.exists, "mq_unlink()");
    let Some(file) = file.filter(|_| wanted.exists != Some(false)) else {
        return findings;
    };
    let what = format!("the {what}");
    let mut states = left.posix_queue_states.iter();
    match states.find(|state| state.name.to_text() == wanted.name) {
        Some(state) => findings.extend(of_state(facts, &what, state, wanted)),
        // What was not seen is not right.
        None => findings.push(fail(
            Aspect::Memory,
            format!(
                "{what} cannot be looked into: its mode forbids it, or there are too many queues"
            ),
        )),
    }
    findings.extend(wanted.mode.map(|mode| of_mode(&what, mode, file.mode)));
    findings
}

fn of_state(
    facts: Facts<'_>,
    what: &str,
    state: &PosixQueue,
    wanted: &PosixQueueState,
) -> Vec<Finding> {
    let waiting = Waiting {
        messages: state.messages,
        texts: state.held.iter().map(|one| one.text.0.as_slice()).collect(),
    };
    let mut findings = Vec::new();
    let messages = wanted.messages.as_ref();
    findings.extend(messages.map(|n| number_held(what, &waiting, n)));
    let holds = wanted.holds.as_ref();
    findings.extend(holds.map(|texts| held(facts, what, &waiting, texts)));
    let maxmsg = wanted.maxmsg;
    findings.extend(maxmsg.map(|most| sized(what, "room for", "message", most, state.maxmsg)));
    let msgsize = wanted.msgsize;
    findings.extend(msgsize.map(|most| sized(what, "messages of", "byte", most, state.msgsize)));
    findings
}

/// `room for 8 messages instead of 10`
fn sized(what: &str, of: &str, unit: &str, wanted: u64, seen: u64) -> Finding {
    let has = format!("{what} has {of} {}", count(seen, unit));
    match wanted == seen {
        true => pass(Aspect::Memory, has),
        false => fail(
            Aspect::Memory,
            format!("{has} instead of {}", count(wanted, unit)),
        )
        .expecting(wanted.to_string(), seen.to_string()),
    }
}

fn named<'a>(files: &'a [LeftFile], name: &str) -> Option<&'a LeftFile> {
    files.iter().find(|file| file.path.to_text() == name)
}
