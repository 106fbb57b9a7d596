//! Descriptors: what processes had open at moments at which they should have closed it.

use ipclab_evidence::{HeldDescriptor, Moment, Process};
use ipclab_spec::{Aspect, Count, Descriptors, DescriptorsOf};

use super::seen::not_seen;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::quote::{escaped_line, quoted};
use crate::range::{Range, no_number};

/// One finding for each moment that the spec names, with that name.
pub(super) fn judge(
    facts: Facts<'_>,
    index: usize,
    wanted: &Descriptors,
) -> Vec<(String, Finding)> {
    let moments = wanted.counts().into_iter().filter_map(|(name, count)| {
        let moment = match name {
            "at_exec" => Moment::Exec,
            "at_wait" => Moment::Wait,
            _ => Moment::End,
        };
        Some((name, moment, count.as_ref()?))
    });
    moments
        .map(|(name, moment, count)| {
            let finding = not_seen(facts, index, Aspect::Cleanup)
                .unwrap_or_else(|| at(facts, index, wanted.of, moment, count));
            (name.to_owned(), finding)
        })
        .collect()
}

/// The process of an actor, what it had open of this, and the call of that moment.
struct Held<'a> {
    process: &'a Process,
    open: Vec<&'a HeldDescriptor>,
    call: Option<u32>,
    /// The program that it had started, where that is the moment.
    program: Option<String>,
}

fn at(
    facts: Facts<'_>,
    index: usize,
    of: DescriptorsOf,
    moment: Moment,
    wanted: &Count,
) -> Finding {
    let Some(range) = Range::of(wanted) else {
        return no_number(Aspect::Cleanup);
    };
    let name = facts.actor(index).map(|actor| actor.name.as_str());
    let who = facts.who(index);
    let all = moments(facts, index, of, moment);
    let when = match moment {
        Moment::Exec => "started a program",
        Moment::Wait => "waited for a child",
        Moment::End => "ended by itself",
    };
    if all.is_empty() {
        let text = format!("no process of {who} {when}{}", facts.because(index));
        return Finding::fail(Aspect::Cleanup, name, text);
    }
    let Some(wrong) = all.iter().find(|held| !range.has(held.open.len() as u64)) else {
        let text = format!(
            "each process of {who} that {when} had {} {} open",
            range.text(),
            noun(of)
        );
        return Finding::pass(Aspect::Cleanup, name, text);
    };
    let subject = match (&wrong.program, moment) {
        (Some(program), _) => format!("the program {program} was started with"),
        (None, Moment::Exec) => "a program was started with".to_owned(),
        (None, Moment::Wait) => format!("{} waited with", process_of(&who, wrong.process)),
        (None, Moment::End) => format!("{} ended with", process_of(&who, wrong.process)),
    };
    let at = wrong.call.map(|n| format!(" at #{n}")).unwrap_or_default();
    let seen = wrong.open.len() as u64;
    let listed: Vec<String> = wrong.open.iter().take(6).map(|open| show(open)).collect();
    let listed = match listed.is_empty() {
        true => String::new(),
        false => format!(": {}", listed.join(", ")),
    };
    let remedy = match (moment, of) {
        _ if range.most.is_none_or(|most| seen <= most) => "",
        (Moment::Exec, _) => {
            "; close() what the program has no use for before exec, or open it with O_CLOEXEC"
        }
        (_, DescriptorsOf::WriteEnds | DescriptorsOf::Pipes) => {
            "; a reader comes to the end of file only when every write end is closed"
        }
        (
            _,
            DescriptorsOf::Any
            | DescriptorsOf::ReadEnds
            | DescriptorsOf::Files
            | DescriptorsOf::Sockets,
        ) => "",
    };
    let text = format!(
        "{subject} {seen} {} open{at} instead of {}{listed}{remedy}",
        noun_of(of, seen),
        range.text()
    );
    Finding::fail(Aspect::Cleanup, name, text)
        .expecting(range.text(), seen.to_string())
        .citing(wrong.call)
}

/// What an actor's first process found open when its program began: that is the box's doing, and stays so while it is the same.
fn given(facts: Facts<'_>, index: usize) -> &[HeldDescriptor] {
    let mut all = facts.evidence.objects.processes.iter();
    let first = all.find(|process| process.actor == index && process.parent.is_none());
    let mut held = first.into_iter().flat_map(|process| &process.held);
    held.find(|held| held.moment == Moment::Exec)
        .map_or(&[], |held| &held.open)
}

/// What the processes of an actor had open beside what they were given, each time that this moment came.
fn moments<'a>(facts: Facts<'a>, index: usize, of: DescriptorsOf, moment: Moment) -> Vec<Held<'a>> {
    let all = facts.evidence.objects.processes.iter();
    let given = given(facts, index);
    let is_given = |open: &HeldDescriptor| {
        let mut same = given.iter();
        same.any(|other| (other.fd, &other.on) == (open.fd, &open.on))
    };
    let mut found = Vec::new();
    for process in all.filter(|process| process.actor == index) {
        let held = process.held.iter().filter(|held| held.moment == moment);
        // The actor's own program was given what the box gave it.
        let own = moment == Moment::Exec && process.parent.is_none();
        for (nth, held) in held.enumerate().skip(usize::from(own)) {
            let open = held.open.iter();
            let program = process
                .programs
                .get(nth)
                .and_then(|program| program.argv.first());
            found.push(Held {
                process,
                open: open
                    .filter(|open| open.fd > 2 && is_of(of, open) && !is_given(open))
                    .collect(),
                call: held.call,
                program: program
                    .filter(|_| moment == Moment::Exec)
                    .map(|name| quoted(&name.to_text())),
            });
        }
    }
    found
}

fn is_of(of: DescriptorsOf, open: &HeldDescriptor) -> bool {
    let is_pipe = open.on.starts_with("pipe ");
    match of {
        DescriptorsOf::Any => true,
        DescriptorsOf::Pipes => is_pipe,
        DescriptorsOf::ReadEnds => is_pipe && open.reads,
        DescriptorsOf::WriteEnds => is_pipe && open.writes,
        DescriptorsOf::Files => open.on.starts_with('/'),
        DescriptorsOf::Sockets => open.on.starts_with("socket "),
    }
}

/// `parent`, or `process 4004 of parent`
fn process_of(who: &str, process: &Process) -> String {
    match process.parent {
        None => who.to_owned(),
        Some(_) => format!("process {} of {who}", process.pid),
    }
}

/// `5 (write end of pipe 1)`
fn show(open: &HeldDescriptor) -> String {
    let on = escaped_line(&open.on);
    let end = match (open.on.starts_with("pipe "), open.reads, open.writes) {
        (true, true, false) => "read end of ",
        (true, false, true) => "write end of ",
        _ => "",
    };
    format!("{} ({end}{on})", open.fd)
}

fn noun(of: DescriptorsOf) -> &'static str {
    match of {
        DescriptorsOf::Any => "descriptors",
        DescriptorsOf::Pipes => "pipe ends",
        DescriptorsOf::ReadEnds => "read ends of pipes",
        DescriptorsOf::WriteEnds => "write ends of pipes",
        DescriptorsOf::Files => "files",
        DescriptorsOf::Sockets => "sockets",
    }
}

fn noun_of(of: DescriptorsOf, number: u64) -> &'static str {
    match (of, number) {
        (DescriptorsOf::Any, 1) => "descriptor",
        (DescriptorsOf::Pipes, 1) => "pipe end",
        (DescriptorsOf::ReadEnds, 1) => "read end of a pipe",
        (DescriptorsOf::WriteEnds, 1) => "write end of a pipe",
        (DescriptorsOf::Files, 1) => "file",
        (DescriptorsOf::Sockets, 1) => "socket",
        (of, _) => noun(of),
    }
}
