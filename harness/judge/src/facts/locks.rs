//! Locks on files that processes wait for, in the words of findings.

use ipclab_evidence::{HeldLock, LockKind, LockRange, Wait};

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
        format!("; {who} has locked {}", bytes(held.lock))
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
