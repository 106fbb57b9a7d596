//! Sharing: whether processes that took turns lost each other's changes to shared memory, and why.

use std::collections::BTreeMap;

use ipclab_evidence::{
    Access, ActorEvidence, ArgKind, Call, Collision, LimitKind, Names, Reach, Searched, Sharing,
    Strategy,
};
use ipclab_spec::{Aspect, Case, FaultKind};

use crate::accesses::{around, description, in_words, process, value};
use crate::deadlock::deadlock;
use crate::drawn::{collided, place};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::semaphores::{held, sem_ops};
use crate::threads;
use crate::unordered::unordered;

/// What is expected of processes that take turns.
const EXPECTED: &str = "between a process's read and its write nobody else writes there";

/// One finding for a case whose processes take turns, two where they did not share anything either.
///
/// A change that threads of one process lost is told where something else is wrong, too: right programs may read and write in two
/// steps.
pub(crate) fn judge(facts: Facts<'_>, otherwise_right: bool) -> Vec<Finding> {
    if facts.case.interleave.is_empty() {
        return Vec::new();
    }
    let Some(sharing) = &facts.evidence.sharing else {
        let why = "not judged: the processes did not take turns";
        return vec![Finding::unknown(Aspect::Memory, None, why)];
    };
    let student = (0..facts.evidence.actors.len()).find(|index| facts.is_student(*index));
    let name = student
        .and_then(|index| facts.actor(index))
        .map(|actor| actor.name.as_str());
    let mut findings = Vec::new();
    let writers = sharing.writers.len();
    let about_threads = facts.case.shares_among_threads();
    if writers > 1 {
        let text = format!("{writers} processes wrote to shared memory");
        findings.push(Finding::pass(Aspect::Memory, name, text));
    } else if let Some(threads) = most_threads(sharing).filter(|_| about_threads) {
        let text = format!("{threads} threads of one process took turns");
        findings.push(Finding::pass(Aspect::Memory, name, text));
    } else if !ends_by_signal(facts.case) && !facts.case.shares_signals() {
        let who = match (sharing.writers.first(), student) {
            (Some(pid), Some(index)) => format!("only {} wrote", process(facts, index, *pid)),
            _ => "no process wrote".to_owned(),
        };
        let fate = student
            .and_then(|index| facts.fate(index))
            .map(|fate| format!(": {fate}"))
            .unwrap_or_default();
        let memory = match sharing.steps {
            Some(_) => "shared memory",
            None => "a System V segment",
        };
        let text = format!("{who} to {memory}, so nothing was shared{fate}");
        findings.push(Finding::fail(Aspect::Memory, name, text));
    }
    let unseen = student
        .and_then(|index| facts.actor(index))
        .and_then(unseen_access)
        .or_else(|| given_up(sharing).filter(|_| about_threads));
    let searched = sharing.searched.as_ref();
    let race = searched.and_then(|searched| searched.races.first());
    let counts = |collision: &&Collision| !threads::is_among(collision) || !otherwise_right;
    let collision = sharing.collisions.iter().find(counts);
    findings.push(match (collision, unseen, race) {
        (None, Some(text), _) => Finding::fail(Aspect::Memory, name, text),
        (None, None, Some(race)) => unordered(facts, race),
        (None, None, None) => Finding::pass(
            Aspect::Memory,
            name,
            format!(
                "no change to shared memory was lost{} (accesses: {})",
                searched.map_or_else(String::new, among),
                sharing.accesses
            ),
        ),
        (Some(collision), _, _) if threads::is_among(collision) => {
            threads::lost(facts, collision, sharing)
        }
        (Some(collision), _, _) => lost(facts, collision, sharing),
    });
    if searched.is_some() {
        findings.extend(deadlock(facts));
    }
    findings
}

/// The most threads that a process had; `None`: none had more than one.
fn most_threads(sharing: &Sharing) -> Option<usize> {
    let mut threads: BTreeMap<u32, usize> = BTreeMap::new();
    for pid in sharing.steps.as_ref()?.processes.values() {
        *threads.entry(*pid).or_default() += 1;
    }
    threads.into_values().max().filter(|most| *most > 1)
}

/// By what the program itself did, accesses of its threads could be hidden.
fn given_up(sharing: &Sharing) -> Option<String> {
    let why = sharing.steps.as_ref()?.given_up.as_ref()?;
    Some(format!(
        "whether a change to the memory that threads share was lost cannot be known, since {why}"
    ))
}

/// That it cannot be known, if an actor was stopped for what could have hidden accesses to memory.
fn unseen_access(actor: &ActorEvidence) -> Option<String> {
    let hidden = [LimitKind::UnseenMemory, LimitKind::UnreadablePrograms];
    let mut hits = actor.limits.iter();
    let hit = hits.find(|hit| hidden.contains(&hit.kind))?;
    let what = Facts::hit(actor, hit);
    Some(format!(
        "whether a change to shared memory was lost cannot be known: it {what}"
    ))
}

/// Whether a signal comes with one of the calls: a process that it ends may not have written yet.
fn ends_by_signal(case: &Case) -> bool {
    case.faults
        .iter()
        .any(|fault| matches!(fault.kind, FaultKind::Signal(_)) && !fault.is_about_stores())
}

/// Among how many schedules.
fn among(searched: &Searched) -> String {
    match searched.reach {
        Reach::Failed { .. } => " in this schedule".to_owned(),
        Reach::All | Reach::Met { .. } | Reach::Cut { .. } | Reach::None(_) => {
            format!(" in {} schedules", searched.tried)
        }
    }
}

/// What is claimed of all schedules after a search in which none failed; `None`: one did.
#[must_use]
pub fn claim(searched: &Searched) -> Option<String> {
    let Searched {
        tried,
        strategy,
        reach,
        races: _,
    } = searched;
    let within = match strategy {
        Strategy::Preemptions { most: 0, .. } => "without preemption".to_owned(),
        Strategy::Preemptions { most: 1, .. } => "with at most 1 preemption".to_owned(),
        Strategy::Preemptions { most, .. } => format!("with at most {most} preemptions"),
        Strategy::Pct { depth, .. } => format!("for faults of depth {depth}"),
    };
    Some(match reach {
        Reach::All => format!(
            "no schedule {within} fails: {tried} were tried, and each other one differs from one of them only in the order of \
             steps that do not touch the same thing"
        ),
        Reach::Met {
            probability,
            threads,
            steps,
        } => format!(
            "none of {tried} schedules {within} fails: one such fault would have been met with a probability of at least \
             {probability:.3} (threads: {threads}, steps: {steps})"
        ),
        Reach::Cut { left } => format!(
            "the first {tried} schedules {within} do not fail; at least {left} more were not tried"
        ),
        Reach::None(why) => {
            format!("{tried} schedules do not fail; nothing is claimed of the others, since {why}")
        }
        Reach::Failed { .. } => return None,
    })
}

fn lost(facts: Facts<'_>, collision: &Collision, sharing: &Sharing) -> Finding {
    let Collision {
        actor,
        offset,
        read,
        other,
        write,
        ..
    } = collision;
    let (one, two) = (
        process(facts, *actor, read.pid),
        process(facts, *actor, other.pid),
    );
    let more = match sharing.lost {
        0 | 1 => String::new(),
        times => format!(", the first of {times} such collisions"),
    };
    let why = diagnosis(facts, collision);
    // Its number has been said.
    let again = one.split(" (").next().unwrap_or(&one);
    let message = format!(
        "what {two} wrote to shared memory was lost{more}: {one} read {} at offset {offset}, {two} wrote {} there, and \
         {again} then wrote {} without having seen it; {}",
        value(read),
        value(other),
        value(write),
        why.text
    );
    let line = |access: &Access, deed: &str| in_words(facts, *actor, access, deed);
    let seen = collided(facts, collision, sharing, line);
    let name = facts.actor(*actor).map(|actor| actor.name.as_str());
    let near = [read, other, write].map(|access| around(facts, *actor, access).0);
    Finding::fail(Aspect::Memory, name, message)
        .expecting(EXPECTED, seen)
        .at(place(collision))
        .citing(near.into_iter().flatten().map(|call| call.n))
        .citing(why.cites)
}

/// Why two collided, in a teacher's words.
struct Diagnosis {
    text: String,
    cites: Vec<u32>,
}

fn because(text: impl Into<String>, cites: impl IntoIterator<Item = u32>) -> Diagnosis {
    Diagnosis {
        text: text.into(),
        cites: cites.into_iter().collect(),
    }
}

fn diagnosis(facts: Facts<'_>, collision: &Collision) -> Diagnosis {
    let Collision {
        actor,
        read,
        other,
        write,
        ..
    } = collision;
    let held = |access: &Access| held(facts, *actor, access.pid, access.before_call);
    let (at_read, at_write, of_other) = (held(read), held(write), held(other));
    let used = |pid: u32| sem_ops(facts, *actor, pid).next().is_some();
    if !used(read.pid) && !used(other.pid) {
        return because("nothing guards it: neither of them called semop()", []);
    }
    for (pid, whose) in [(read.pid, "the first"), (other.pid, "the other")] {
        if !used(pid) {
            let who = process(facts, *actor, pid);
            return because(
                format!("nothing guards it: {who}, {whose} of them, never called semop()"),
                [],
            );
        }
    }
    let common = at_read.keys().any(|sem| at_write.contains_key(sem));
    if !common && !at_write.is_empty() && at_read.is_empty() {
        return because(
            format!(
                "it took the semaphore only after it had read ({}): take it before the read",
                numbers(&at_write)
            ),
            at_write.into_values(),
        );
    }
    if !common && !at_read.is_empty() {
        let given = sem_ops(facts, *actor, read.pid)
            .filter(|call| call.n >= read.before_call && call.n < write.before_call)
            .map(|call| call.n)
            .next();
        let at = given.map(|n| format!(" (#{n})")).unwrap_or_default();
        return because(
            format!(
                "it gave the semaphore back{at} before it wrote: keep it until the write is done"
            ),
            at_read.into_values().chain(given),
        );
    }
    if at_read.is_empty() {
        return because(
            "neither read nor write was made while it held a semaphore: take it before the read, give it back after the \
             write",
            [],
        );
    }
    if of_other.is_empty() {
        let who = process(facts, *actor, other.pid);
        return because(format!("{who} wrote without holding the semaphore"), []);
    }
    if !at_write.keys().any(|sem| of_other.contains_key(sem)) {
        return because(
            format!(
                "they held two different semaphores ({} and {}), which keeps nobody out",
                numbers(&at_write),
                numbers(&of_other)
            ),
            at_write.into_values().chain(of_other.into_values()),
        );
    }
    // Both hold the same one: a process gave it back without having taken it, or set it anew.
    let set = facts
        .calls(*actor)
        .filter(|call| call.name == "semctl" && call.n < other.before_call)
        .rfind(|call| sets(call));
    let how = set.map(|call| format!(", last by {},", description(call)));
    because(
        format!(
            "both held the semaphore at once: it was set{} to more than 1, or when it was taken already; set it to 1 once, \
             before anybody can take it",
            how.unwrap_or_default()
        ),
        set.map(|call| call.n),
    )
}

fn sets(call: &Call) -> bool {
    call.argument(ArgKind::Flags(Names::Control))
        .is_some_and(|command| command.has("SETVAL") || command.has("SETALL"))
}

/// `#12`, `#12 and #14`
fn numbers(held: &BTreeMap<(i64, u16), u32>) -> String {
    let all: Vec<String> = held.values().map(|n| format!("#{n}")).collect();
    all.join(" and ")
}
