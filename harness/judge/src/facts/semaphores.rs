//! Semaphores that processes wait for, in the words of findings: which process took one last.

use std::collections::BTreeSet;

use ipclab_evidence::{Arg, ArgKind, Call, SemOp, Wait, belongs};

use super::lookup::Facts;

/// `SEM_UNDO`: what a process took comes back when it ends.
const UNDO: i16 = 0x1000;

impl<'a> Facts<'a> {
    /// ` for semaphore 0; process 8 of writer took it last (#31, writer.c:31), and no process has given it back`
    pub(super) fn waits_for_semaphore(&self, wait: &Wait) -> Option<String> {
        if !belongs(&wait.call, false, "semop") {
            return None;
        }
        let mut calls = self.evidence.trace.iter();
        let call = calls.find(|call| call.n == wait.n)?;
        let set = set_of(call)?;
        let mut wanted = ops_of(call).iter().filter(|op| op.by < 0).peekable();
        let first = wanted.peek()?.number;
        // Of several it waits for one that is taken.
        let taken = wanted.find_map(|op| Some((op.number, self.taken_last(set, op.number, wait)?)));
        let which = |number: u16| match self.sets().len() {
            0 | 1 => format!(" for semaphore {number}"),
            _ => format!(" for semaphore {number} of set {set}"),
        };
        let Some((number, last)) = taken else {
            let raised = self.done(set, first).any(|(_, op)| op.by > 0);
            let why = match raised {
                true => "",
                false => "; no process has raised it",
            };
            return Some(format!("{}{why}", which(first)));
        };
        let who = match (last.actor, last.pid) == (wait.actor, wait.pid) {
            true => "it took it last itself".to_owned(),
            false => format!("{} took it last", self.process(last.actor, last.pid)),
        };
        let at = last.lines.first().map(|line| format!(", {line}"));
        Some(format!(
            "{}; {who} (#{}{}), and no process has given it back",
            which(number),
            last.n,
            at.unwrap_or_default()
        ))
    }

    /// The last call that took a semaphore, if what it took has not been given back.
    fn taken_last(&self, set: i64, number: u16, wait: &Wait) -> Option<&'a Call> {
        let mut takers: Vec<&Call> = Vec::new();
        for (call, op) in self.done(set, number) {
            if op.by < 0 {
                takers.push(call);
            } else if op.by > 0 {
                // Who took it gives it back; a semaphore may be given by another process, too.
                let own = takers.iter().rposition(|taker| same_process(taker, call));
                match own {
                    Some(at) => drop(takers.remove(at)),
                    None => drop(takers.pop()),
                }
            }
        }
        let living = |call: &&&Call| {
            let undoes = ops_of(call).iter().any(|op| op.flags & UNDO != 0);
            !undoes || self.waits_too(call) || (call.actor, call.pid) == (wait.actor, wait.pid)
        };
        takers.iter().rev().find(living).copied()
    }

    /// Whether the process that made a call is one of those that wait in the end.
    fn waits_too(&self, call: &Call) -> bool {
        let mut waits = self.waits_at_end().iter();
        waits.any(|wait| (wait.actor, wait.pid) == (call.actor, call.pid))
    }

    /// What was done to a semaphore.
    fn done(&self, set: i64, number: u16) -> impl Iterator<Item = (&'a Call, &'a SemOp)> {
        let calls = self.evidence.trace.iter().filter(move |call| {
            let returned = call.returned.as_ref();
            let done = returned.is_some_and(|returned| returned.value >= 0);
            done && belongs(&call.name, false, "semop") && set_of(call) == Some(set)
        });
        calls.flat_map(move |call| {
            let ops = ops_of(call).iter();
            ops.filter(move |op| op.number == number)
                .map(move |op| (call, op))
        })
    }

    /// The sets that this case's programs used.
    fn sets(&self) -> BTreeSet<i64> {
        let calls = self.evidence.trace.iter();
        let semops = calls.filter(|call| belongs(&call.name, false, "semop"));
        semops.filter_map(set_of).collect()
    }
}

fn set_of(call: &Call) -> Option<i64> {
    call.argument(ArgKind::Id).and_then(Arg::number)
}

fn ops_of(call: &Call) -> &[SemOp] {
    call.argument(ArgKind::SemOps).map_or(&[][..], Arg::sem_ops)
}

fn same_process(one: &Call, other: &Call) -> bool {
    (one.actor, one.pid) == (other.actor, other.pid)
}
