//! Races: accesses to the same shared memory that nothing puts in an order, in a run in which all came out well.

use ipclab_evidence::{Access, Thing, Unordered};
use ipclab_spec::Aspect;

use crate::accesses::{around, in_words, process, thread};
use crate::facts::Facts;
use crate::finding::Finding;

/// What is expected of processes that share memory.
const EXPECTED: &str = "accesses to the same bytes, one of them a write, wait for each other";

/// One finding for a race.
pub(crate) fn unordered(facts: Facts<'_>, race: &Unordered) -> Finding {
    let deed = |writes: bool| if writes { "wrote" } else { "read" };
    let sides = [
        (race.actor, &race.first, deed(race.first_writes)),
        (race.second_actor, &race.second, deed(race.second_writes)),
    ];
    let of_threads = Thing::Memory(race.memory).is_of_threads();
    let [one, other] = sides.map(|(actor, access, deed)| {
        let who = match access.thread.filter(|_| of_threads) {
            Some(nth) => thread(nth),
            None => process(facts, actor, access.pid),
        };
        format!("{who} {deed} it{}", at(access))
    });
    let message = match of_threads {
        true => format!(
            "accesses to a variable that threads share are not synchronised: {one}, and {other}; neither waited for the other, \
             so the order was luck. Hold the same mutex for both"
        ),
        false => between_processes(race.offset, &one, &other),
    };
    let seen = sides.map(|(actor, access, deed)| in_words(facts, actor, access, deed));
    let near = sides.map(|(actor, access, _)| around(facts, actor, access).0);
    // The write is what the other one does not expect.
    let lines = match race.first_writes {
        true => &race.first.lines,
        false => &race.second.lines,
    };
    let name = facts.actor(race.actor).map(|actor| actor.name.as_str());
    Finding::fail(Aspect::Memory, name, message)
        .expecting(EXPECTED, seen.join("\n"))
        .at(Some(lines.clone()).filter(|lines| !lines.is_empty()))
        .citing(near.into_iter().flatten().map(|call| call.n))
}

fn between_processes(offset: u64, one: &str, other: &str) -> String {
    format!(
        "accesses to shared memory are not synchronised: of the bytes at offset {offset}, {one}, and {other}; neither waited for \
         the other, so the order was luck. Guard both with the same semaphore"
    )
}

/// ` (counter.c:42)`
fn at(access: &Access) -> String {
    let line = access.lines.first();
    line.map_or_else(String::new, |line| format!(" ({line})"))
}
