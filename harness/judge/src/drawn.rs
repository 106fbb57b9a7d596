//! Two that collided, and their schedule, drawn: what each process or thread did, step by step, and where it lost its turn.

use ipclab_evidence::{Access, Collision, Sharing, SourceLine, Step, Steps, Thing, Way};

use crate::accesses::{description, one};
use crate::facts::Facts;

/// What a report shows of three accesses of two that collided: each, as `line` tells it, and the schedule where many were tried.
pub(crate) fn collided(
    facts: Facts<'_>,
    collision: &Collision,
    sharing: &Sharing,
    line: impl Fn(&Access, &str) -> String,
) -> String {
    let mut seen = vec![
        line(&collision.read, "read"),
        line(&collision.other, "wrote"),
        line(&collision.write, "wrote"),
    ];
    if let (Some(_), Some(steps)) = (&sharing.searched, &sharing.steps) {
        seen.push("the schedule:".to_owned());
        seen.extend(drawn(facts, collision.actor, steps));
    }
    seen.join("\n")
}

/// Where a collision shows: the write is what destroys; where that is made for the program, the read stands near.
pub(crate) fn place(collision: &Collision) -> Option<Vec<SourceLine>> {
    let lines = [&collision.write, &collision.read].map(|access| access.lines.clone());
    lines.into_iter().find(|lines| !lines.is_empty())
}

/// The schedule of a run that failed, drawn: what each process did in shared memory and with semaphores, and where it lost its
/// turn though it could have gone on.
fn drawn(facts: Facts<'_>, actor: usize, steps: &Steps) -> Vec<String> {
    let mut lines = Vec::new();
    let mut before: Option<&Step> = None;
    for step in &steps.steps {
        let pid = steps.processes.get(&step.thread).copied().unwrap_or(0);
        let who = one(facts, actor, steps, step.thread);
        if let Some(last) = before.filter(|last| last.thread != step.thread)
            && step.ready.contains(&last.thread)
        {
            let other = one(facts, actor, steps, last.thread);
            lines.push(format!("-- {other} loses its turn to {who}"));
        }
        before = Some(step);
        let calls = facts.calls(actor);
        let mut calls = calls.filter(|call| call.pid == pid && call.n == step.before_call);
        for touch in &step.touches {
            let value = step
                .value
                .map_or_else(|| "something".to_owned(), |value| value.to_string());
            let deed = match (&touch.thing, touch.way) {
                // A library's accesses within a call are no deeds of a thread's. The number of a place means nothing to a reader.
                (memory, way) if memory.is_of_threads() => match step.lines.first() {
                    Some(line) => format!("{} {value} at {line}", deed_in_memory(way)),
                    None => continue,
                },
                (Thing::Memory(_), Way::Read) => format!("read {value} at offset {}", touch.from),
                (Thing::Memory(_), Way::Write) => {
                    format!("wrote {value} at offset {}", touch.from)
                }
                (Thing::Memory(_), Way::Update) => {
                    format!("changed offset {} to {value} as one", touch.from)
                }
                // That a signal could have come there is no deed.
                (Thing::Signals(_), Way::Read) => continue,
                _ => match calls.next() {
                    Some(call) => description(call),
                    None => continue,
                },
            };
            lines.push(format!("{who}: {deed}"));
        }
    }
    around_the_loss(lines)
}

fn deed_in_memory(way: Way) -> &'static str {
    match way {
        Way::Read => "read",
        Way::Write => "wrote",
        Way::Update => "changed, as one, to",
    }
}

/// The part of a drawing in which turns are lost, and some of what comes before and after.
fn around_the_loss(lines: Vec<String>) -> Vec<String> {
    const BEFORE: usize = 4;
    const AFTER: usize = 8;
    let is_loss = |line: &String| line.starts_with("--");
    let first = lines.iter().position(is_loss).unwrap_or(0);
    let last = lines.iter().rposition(is_loss).unwrap_or(lines.len());
    let (from, to) = (
        first.saturating_sub(BEFORE),
        (last + AFTER).min(lines.len()),
    );
    let mut part: Vec<String> = Vec::new();
    if from > 0 {
        part.push("...".to_owned());
    }
    part.extend_from_slice(&lines[from..to]);
    if to < lines.len() {
        part.push("...".to_owned());
    }
    part
}
