//! Threads of one process that share its memory, in words: what they lost.

use ipclab_evidence::{Access, Collision, Sharing, Thing};
use ipclab_spec::Aspect;

use crate::accesses::{thread, value};
use crate::drawn::{collided, place};
use crate::facts::Facts;
use crate::finding::Finding;

/// What a finding on threads expects of them.
const EXPECTED: &str = "between a thread's read and its write no other thread writes there";

/// Whether threads of one process collided, and not processes.
pub(crate) fn is_among(collision: &Collision) -> bool {
    Thing::Memory(collision.segment.into()).is_of_threads()
}

/// The thread that made an access, and its line: `thread 2`, ` (counter.c:12)`.
fn by(access: &Access) -> (String, String) {
    let who = access.thread.map_or_else(|| "a thread".to_owned(), thread);
    let line = access.lines.first();
    (
        who,
        line.map_or_else(String::new, |line| format!(" ({line})")),
    )
}

/// A change that one thread made, and another one overwrote.
pub(crate) fn lost(facts: Facts<'_>, collision: &Collision, sharing: &Sharing) -> Finding {
    let Collision {
        actor,
        read,
        other,
        write,
        ..
    } = collision;
    let ((one, at_read), (two, at_other), (_, at_write)) = (by(read), by(other), by(write));
    let message = format!(
        "what {two} wrote was lost: {one} read {}{at_read}, {two} wrote {} to the same variable{at_other}, and {one} then wrote \
         {}{at_write} without having seen it; hold the same mutex from before the read until after the write, in every thread",
        value(read),
        value(other),
        value(write),
    );
    let line = |access: &Access, deed: &str| format!("{} {deed} {}", by(access).0, value(access));
    let name = facts.actor(*actor).map(|actor| actor.name.as_str());
    Finding::fail(Aspect::Memory, name, message)
        .expecting(EXPECTED, collided(facts, collision, sharing, line))
        .at(place(collision))
}
