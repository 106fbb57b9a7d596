//! Deadlock: processes that wait for ever for semaphores, who holds them, and the cycle that they wait in.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_evidence::{Arg, ArgKind, Call, Ended, Wait, belongs};
use ipclab_spec::Aspect;

use crate::accesses::process;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::semaphores::held;

/// What is expected where processes take semaphores.
const EXPECTED: &str =
    "a process that waits for a semaphore is given it by one that does not wait for it";

/// A process that waits for a semaphore which another one, or it itself, has taken.
struct Blocked {
    actor: usize,
    semaphore: u16,
    /// The call in which it waits.
    waits: u32,
    holder: u32,
    /// The call by which the holder took it.
    taken: u32,
}

/// A finding where nothing can go on any more, and a process waits for a semaphore that another one has taken.
pub(crate) fn deadlock(facts: Facts<'_>) -> Option<Finding> {
    let Ended::Stuck { waits } = &facts.evidence.ended else {
        return None;
    };
    let pids: BTreeSet<(usize, u32)> = facts
        .evidence
        .trace
        .iter()
        .map(|call| (call.actor, call.pid))
        .collect();
    let blocked: BTreeMap<u32, Blocked> = waits
        .iter()
        .filter(|wait| facts.is_student(wait.actor) && belongs(&wait.call, false, "semop"))
        .filter_map(|wait| Some((wait.pid, blocked(facts, wait, &pids)?)))
        .collect();
    let (first, is_cycle) = match cycle(&blocked) {
        Some(in_cycle) => (in_cycle, true),
        None => (*blocked.keys().next()?, false),
    };
    let mut sentences = Vec::new();
    let mut cites = Vec::new();
    let mut pid = first;
    while let Some(one) = blocked.get(&pid) {
        let who = |pid| process(facts, one.actor, pid);
        let (waits, has) = (who(pid), who(one.holder));
        let has = match one.holder == pid {
            true => "it has taken itself".to_owned(),
            false => format!("{has} has taken"),
        };
        sentences.push(format!(
            "{waits} waits for semaphore {} (#{}), which {has} (#{})",
            one.semaphore, one.waits, one.taken
        ));
        cites.extend([one.taken, one.waits]);
        pid = one.holder;
        if pid == first || sentences.len() == blocked.len() {
            break;
        }
    }
    let actor = blocked[&first].actor;
    let name = facts.actor(actor).map(|actor| actor.name.as_str());
    let message = match is_cycle {
        true => format!(
            "a deadlock: {}. Take several semaphores in the same order everywhere, and none twice",
            sentences.join("; ")
        ),
        false => format!(
            "{} and does not give back. Give a semaphore back on every way out, or take it with SEM_UNDO",
            sentences.join("; ")
        ),
    };
    let waiting = blocked[&first].waits;
    let lines = facts.calls(actor).find(|call| call.n == waiting);
    let finding = Finding::fail(Aspect::Memory, name, message)
        .expecting(EXPECTED, sentences.join("\n"))
        .at(lines.map(|call| call.lines.clone()))
        .citing(cites);
    Some(finding)
}

/// Which semaphore a process waits for, and who has it.
fn blocked(facts: Facts<'_>, wait: &Wait, pids: &BTreeSet<(usize, u32)>) -> Option<Blocked> {
    let call: &Call = facts.calls(wait.actor).find(|call| call.n == wait.n)?;
    let set = call.argument(ArgKind::Id).and_then(Arg::number)?;
    let ops = call.argument(ArgKind::SemOps)?.sem_ops();
    let wanted = ops.iter().filter(|op| op.by < 0).map(|op| op.number);
    for semaphore in wanted {
        for (actor, pid) in pids {
            let held = held(facts, *actor, *pid, u32::MAX);
            if let Some(taken) = held.get(&(set, semaphore)) {
                return Some(Blocked {
                    actor: wait.actor,
                    semaphore,
                    waits: wait.n,
                    holder: *pid,
                    taken: *taken,
                });
            }
        }
    }
    None
}

/// A process from which one comes back to it, going from each to the one that holds what it waits for.
fn cycle(blocked: &BTreeMap<u32, Blocked>) -> Option<u32> {
    let comes_back = |start: &u32| {
        let mut at = *start;
        for _ in 0..blocked.len() {
            match blocked.get(&at) {
                Some(one) if one.holder == *start => return true,
                Some(one) => at = one.holder,
                None => return false,
            }
        }
        false
    };
    blocked.keys().copied().find(comes_back)
}
