//! Accesses to shared memory in words: whose, what was read or written, between which calls.

use ipclab_evidence::{Access, Arg, Call, Steps, ThreadId};

use crate::facts::Facts;

/// `the parent (process 2)`, `process 3`
pub(crate) fn process(facts: Facts<'_>, actor: usize, pid: u32) -> String {
    let first = facts.actor(actor).and_then(|actor| actor.pid);
    if first == Some(pid) {
        format!("the parent (process {pid})")
    } else {
        format!("process {pid}")
    }
}

/// `the first thread`, `thread 2`
pub(crate) fn thread(nth: u16) -> String {
    match nth {
        0 => "the first thread".to_owned(),
        nth => format!("thread {}", nth + 1),
    }
}

/// The name of the thread that took a step, where its process has several, else the process's.
pub(crate) fn one(facts: Facts<'_>, actor: usize, steps: &Steps, id: ThreadId) -> String {
    let pid = steps.processes.get(&id).copied().unwrap_or(0);
    let same = steps.processes.values().filter(|other| **other == pid);
    match same.count() {
        0 | 1 => process(facts, actor, pid),
        _ => thread(id.nth),
    }
}

/// `3`, or `something` where it is unknown.
pub(crate) fn value(access: &Access) -> String {
    access
        .value
        .map_or_else(|| "something".to_owned(), |value| value.to_string())
}

/// `process 3 read 0, after semop(0, [{0, -1, SEM_UNDO}]) (#12)`
pub(crate) fn in_words(facts: Facts<'_>, actor: usize, access: &Access, deed: &str) -> String {
    let who = process(facts, actor, access.pid);
    let near = match around(facts, actor, access) {
        (Some(before), Some(after)) => {
            format!(
                "after {}, before {}",
                description(before),
                description(after)
            )
        }
        (Some(before), None) => format!("after {}", description(before)),
        (None, Some(after)) => format!("before {}", description(after)),
        (None, None) => "with no call around it".to_owned(),
    };
    format!("{who} {deed} {}, {near}", value(access))
}

/// The calls that a process made right before and after an access.
pub(crate) fn around<'a>(
    facts: Facts<'a>,
    actor: usize,
    access: &Access,
) -> (Option<&'a Call>, Option<&'a Call>) {
    let own = |call: &&Call| call.pid == access.pid;
    let before = facts
        .calls(actor)
        .filter(own)
        .take_while(|call| call.n < access.before_call)
        .last();
    let after = facts
        .calls(actor)
        .filter(own)
        .find(|call| call.n >= access.before_call);
    (before, after)
}

/// `semop(0, [{0, -1, SEM_UNDO}]) (#12)`
pub(crate) fn description(call: &Call) -> String {
    let name = call.name_in_c();
    let args: Vec<String> = if name == "semop" || name == "semctl" {
        let args = call.args.iter().take(if name == "semop" { 2 } else { 3 });
        args.map(Arg::to_string).collect()
    } else {
        Vec::new()
    };
    format!("{name}({}) (#{})", args.join(", "), call.n)
}
