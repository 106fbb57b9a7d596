//! Locks on files that processes wait for, in the words of findings.

use ipclab_evidence::{Arg, Call, HeldLock, LockKind, LockRange, Wait};

use super::lookup::Facts;

/// So many locks in the way are named.
const NAMED_MAX: usize = 3;

impl Facts<'_> {
    /// ` for a shared lock on bytes 0 to 9; process 8 of writer has locked bytes 0 to 99`
    pub(super) fn waits_for_lock(&self, wait: &Wait) -> Option<String> {
        let lock = wait.lock.as_ref()?;
        let wanted = bytes(lock.wanted);
        let shared = match lock.wanted.kind {
            LockKind::Shared => "a shared",
            LockKind::Exclusive => "an exclusive",
        };
        let named = lock.held.iter().take(NAMED_MAX);
        let holders: String = named.map(|held| self.holder(wait, held)).collect();
        let more = match lock.held.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!("; and {more} more have"),
        };
        Some(format!(" for {shared} lock on {wanted}{holders}{more}"))
    }

    /// `; process 8 of writer has locked all of the file`
    fn holder(&self, wait: &Wait, held: &HeldLock) -> String {
        let who = match held.pid == wait.pid && held.actor == wait.actor {
            true => "it".to_owned(),
            false => self.process(held.actor, held.pid),
        };
        let at = self.locked_at(wait, held);
        format!("; {who} has locked {}{at}", bytes(held.lock))
    }

    /// ` (#31, writer.c:31)`: the call by which it took that lock, where it made no other one about locks.
    fn locked_at(&self, wait: &Wait, held: &HeldLock) -> String {
        let mut calls = self.evidence.trace.iter().filter(|call| {
            let by_it = (call.actor, call.pid) == (held.actor, held.pid);
            let done = call.returned.as_ref();
            let done = done.is_some_and(|returned| returned.value >= 0);
            by_it && done && call.n != wait.n && is_about_locks(call)
        });
        // What a call asks for, a lock or an end of one, lies in memory that the trace does not have.
        let (Some(call), None) = (calls.next(), calls.next()) else {
            return String::new();
        };
        match call.lines.first() {
            Some(line) => format!(" (#{}, {line})", call.n),
            None => format!(" (#{})", call.n),
        }
    }
}

/// Whether a call takes a lock or gives one back.
fn is_about_locks(call: &Call) -> bool {
    /// `F_SETLK`, `F_SETLKW` and the same of open file descriptions.
    const COMMANDS: [i64; 4] = [6, 7, 37, 38];
    let command = call.args.get(1).and_then(Arg::number);
    match call.name.as_str() {
        "flock" => true,
        "fcntl" => command.is_some_and(|command| COMMANDS.contains(&command)),
        _ => false,
    }
}

/// `bytes 0 to 9`
fn bytes(range: LockRange) -> String {
    match (range.from, range.to) {
        (0, None) => "all of the file".to_owned(),
        (from, None) => format!("all bytes from {from} on"),
        (from, Some(to)) if from == to => format!("byte {from}"),
        (from, Some(to)) => format!("bytes {from} to {to}"),
    }
}
