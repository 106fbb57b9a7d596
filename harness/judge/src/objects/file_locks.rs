//! Locks: under which ones the student's programs read and wrote a file.

use ipclab_evidence::{FileAccess, LockKind};
use ipclab_spec::{Aspect, FileExpectation, LockedAccess};

use super::seen::{names, only_student_and_why};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::quote::{count, escaped_line};

/// What became of `locked`, where a file has it.
pub(super) fn judge(facts: Facts<'_>, wanted: &FileExpectation) -> Option<Finding> {
    let locked = wanted.locked?;
    let path = escaped_line(&wanted.path);
    let of_students: Vec<&FileAccess> = facts
        .evidence
        .objects
        .accesses
        .iter()
        .filter(|one| names(&wanted.path, &one.path.to_text()))
        .filter(|one| facts.is_student(one.actor))
        .collect();
    let is_bare = |one: &&&FileAccess| match (one.writes, locked) {
        (true, _) => one.lock != Some(LockKind::Exclusive),
        (false, LockedAccess::All) => one.lock.is_none(),
        (false, LockedAccess::Writes) => false,
    };
    if let Some(bare) = of_students.iter().find(is_bare) {
        return Some(without(facts, bare, &path));
    }
    // A program that does nothing has kept every rule.
    if !of_students.iter().any(|one| one.writes) {
        let (name, why) = only_student_and_why(facts);
        let text = format!("{path} was never written, so nothing shows that it is locked{why}");
        return Some(Finding::fail(Aspect::Calls, name, text));
    }
    let text = match locked {
        LockedAccess::Writes => format!("{path} was written under an exclusive lock each time"),
        LockedAccess::All => format!("{path} was read and written under a lock each time"),
    };
    Some(Finding::pass(Aspect::Calls, None, text))
}

/// `worker wrote 4 bytes to /tmp/db, from byte 0 on, at #12 without a lock on them`
fn without(facts: Facts<'_>, bare: &FileAccess, path: &str) -> Finding {
    let did = match bare.writes {
        true => "wrote",
        false => "read",
    };
    let which = match bare.bytes > u64::MAX / 2 {
        true => format!("cut off {path} at byte {}", bare.from),
        false => {
            let to = if bare.writes { "to" } else { "of" };
            let bytes = count(bare.bytes, "byte");
            format!("{did} {bytes} {to} {path}, from byte {} on,", bare.from)
        }
    };
    let at = bare.call.map(|n| format!(" at #{n}")).unwrap_or_default();
    let lock = match bare.lock {
        Some(_) => "under a shared lock, which keeps no other out",
        None => "without a lock on all of them",
    };
    let more = match bare.count {
        1 => String::new(),
        count => format!(" ({count} times)"),
    };
    let name = facts.actor(bare.actor).map(|actor| actor.name.as_str());
    let who = facts.who(bare.actor);
    let wanted = match bare.writes {
        true => "an exclusive lock",
        false => "a lock",
    };
    let seen = match bare.lock {
        Some(_) => "a shared lock",
        None => "no lock",
    };
    Finding::fail(
        Aspect::Calls,
        name,
        format!("{who} {which}{at} {lock}{more}"),
    )
    .expecting(wanted, seen)
    .citing(bare.call)
}
