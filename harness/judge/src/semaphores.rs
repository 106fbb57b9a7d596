//! Semaphores: which operations of a process succeeded, and what it holds by them.

use std::collections::BTreeMap;

use ipclab_evidence::{Arg, ArgKind, Call, belongs};

use crate::facts::Facts;

/// A process's operations on semaphores that succeeded.
pub(crate) fn sem_ops<'a>(
    facts: Facts<'a>,
    actor: usize,
    pid: u32,
) -> impl Iterator<Item = &'a Call> {
    facts.evidence.trace.iter().filter(move |call| {
        let done = call
            .returned
            .as_ref()
            .is_some_and(|returned| returned.value >= 0);
        call.actor == actor && call.pid == pid && done && belongs(&call.name, false, "semop")
    })
}

/// Which semaphores a process held before a call, and by which call it had taken each.
pub(crate) fn held(
    facts: Facts<'_>,
    actor: usize,
    pid: u32,
    before_call: u32,
) -> BTreeMap<(i64, u16), u32> {
    let mut held = BTreeMap::new();
    let calls = sem_ops(facts, actor, pid);
    for call in calls.take_while(|call| call.n < before_call) {
        let Some(set) = call.argument(ArgKind::Id).and_then(Arg::number) else {
            continue;
        };
        let ops = call.argument(ArgKind::SemOps).map_or(&[][..], Arg::sem_ops);
        for op in ops {
            if op.by < 0 {
                held.insert((set, op.number), call.n);
            } else if op.by > 0 {
                held.remove(&(set, op.number));
            }
        }
    }
    held
}
