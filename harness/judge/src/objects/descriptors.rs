//! Descriptors: what processes had open at moments at which they should have closed it, and what they sent to each other.

use ipclab_evidence::{
    Call, DescriptorPlace, HeldDescriptor, Moment, PassedDescriptor, Process, SourceLine,
};
use ipclab_spec::{Aspect, Count, Descriptors, DescriptorsOf};

use super::seen::not_seen;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::quote::{escaped_line, quoted};
use crate::range::{Range, no_number};

/// Of so many the line is said where they have different ones.
const LINES_MAX: usize = 2;
/// Calls that return a new descriptor.
const MAKERS: [&str; 11] = [
    "open",
    "openat",
    "openat2",
    "creat",
    "socket",
    "accept",
    "accept4",
    "dup",
    "dup2",
    "dup3",
    "memfd_create",
];
/// So many descriptors are listed in a message.
const LISTED_MAX: usize = 6;

/// One finding for each moment that the spec names, with that name.
pub(super) fn judge(
    facts: Facts<'_>,
    index: usize,
    wanted: &Descriptors,
) -> Vec<(String, Finding)> {
    let counts = wanted.counts().into_iter();
    let counts = counts.filter_map(|(name, count)| Some((name, count.as_ref()?)));
    counts
        .map(|(name, count)| {
            let of = wanted.of;
            let (aspect, one): (_, &dyn Fn() -> Finding) = match name {
                "at_exec" => (Aspect::Cleanup, &|| {
                    at(facts, index, of, Moment::Exec, count)
                }),
                "at_wait" => (Aspect::Cleanup, &|| {
                    at(facts, index, of, Moment::Wait, count)
                }),
                "at_end" => (Aspect::Cleanup, &|| {
                    at(facts, index, of, Moment::End, count)
                }),
                "passes" => (Aspect::Calls, &|| passes(facts, index, of, count)),
                _ => (Aspect::Calls, &|| receives(facts, index, of, count)),
            };
            let finding = not_seen(facts, index, aspect).unwrap_or_else(one);
            (name.to_owned(), finding)
        })
        .collect()
}

/// What an actor's processes have sent to others.
fn passes(facts: Facts<'_>, index: usize, of: DescriptorsOf, wanted: &Count) -> Finding {
    let all = passed(facts, of).filter(|one| one.from.actor == index);
    let sent: Vec<(&PassedDescriptor, u32)> = all.map(|one| (one, one.from.call)).collect();
    let received = sent.iter().filter(|(one, _)| one.to.is_some()).count();
    let lost = match sent.len() - received {
        0 => "",
        _ => "; a descriptor that no process receives with recvmsg() is lost",
    };
    let remedy = match sent.is_empty() {
        true => {
            "; a number means nothing to another process: send the descriptor by sendmsg() with SCM_RIGHTS"
        }
        false => lost,
    };
    moved(facts, index, of, wanted, "passed", &sent, remedy)
}

/// What they have received from others.
fn receives(facts: Facts<'_>, index: usize, of: DescriptorsOf, wanted: &Count) -> Finding {
    let all = passed(facts, of).filter_map(|one| Some((one, one.to.as_ref()?)));
    let all = all.filter(|(_, to)| to.actor == index);
    let received: Vec<(&PassedDescriptor, u32)> = all.map(|(one, to)| (one, to.call)).collect();
    // What was sent to it, or is still on its way.
    let unreceived = passed(facts, of).filter(|one| one.to.is_none()).count();
    let remedy = match (received.is_empty(), unreceived) {
        (true, 1..) => {
            "; one was sent and never received: recvmsg() needs room for it in msg_control"
        }
        _ => "",
    };
    moved(facts, index, of, wanted, "received", &received, remedy)
}

/// Descriptors of this kind that were sent.
fn passed(facts: Facts<'_>, of: DescriptorsOf) -> impl Iterator<Item = &PassedDescriptor> {
    let all = facts.evidence.objects.passed.iter();
    all.filter(move |one| is_of(of, (&one.on, one.reads, one.writes, true)))
}

fn moved(
    facts: Facts<'_>,
    index: usize,
    of: DescriptorsOf,
    wanted: &Count,
    did: &str,
    all: &[(&PassedDescriptor, u32)],
    remedy: &str,
) -> Finding {
    let Some(range) = Range::of(wanted) else {
        return no_number(Aspect::Calls);
    };
    let name = facts.actor(index).map(|actor| actor.name.as_str());
    let (who, seen) = (facts.who(index), all.len() as u64);
    // What is counted of those that were passed is all of them.
    let of = match of {
        DescriptorsOf::Passed => DescriptorsOf::Any,
        of => of,
    };
    let noun = noun_of(of, seen);
    let listed = all.iter().take(LISTED_MAX);
    let listed: Vec<String> = listed.map(|(one, _)| show_passed(facts, one)).collect();
    let listed = match listed.is_empty() {
        true => String::new(),
        false => format!(": {}", listed.join(", ")),
    };
    let calls = all.iter().map(|(_, call)| *call).take(8);
    if range.has(seen) {
        let text = format!("{who} {did} {seen} {noun} over Unix sockets{listed}");
        return Finding::pass(Aspect::Calls, name, text).citing(calls);
    }
    let why = match seen {
        0 => facts.because(index),
        _ => String::new(),
    };
    let text = format!(
        "{who} {did} {seen} {noun} over Unix sockets instead of {}{listed}{remedy}{why}",
        range.text()
    );
    Finding::fail(Aspect::Calls, name, text)
        .expecting(range.text(), seen.to_string())
        .citing(calls)
}

/// `/tmp/a from client at #7 to process 9 of client at #9`
fn show_passed(facts: Facts<'_>, one: &PassedDescriptor) -> String {
    let place = |place: &DescriptorPlace| {
        format!(
            "{} at #{}",
            facts.process(place.actor, place.pid),
            place.call
        )
    };
    let end = end_of(&one.on, one.reads, one.writes);
    let to = match &one.to {
        Some(to) => format!(" to {}", place(to)),
        None => ", received by no process".to_owned(),
    };
    format!(
        "{end}{} from {}{to}",
        escaped_line(&one.on),
        place(&one.from)
    )
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
    let listed = match wrong.open.is_empty() {
        true => String::new(),
        false => format!(": {}", list(facts, wrong)),
    };
    let remedy = match (moment, of) {
        _ if range.most.is_none_or(|most| seen <= most) => "",
        (Moment::Exec, _) => {
            "; close() what the program has no use for before exec, or open it with O_CLOEXEC"
        }
        (_, DescriptorsOf::Passed) => {
            "; what was passed stays open in its sender, too: close() it after sendmsg()"
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
                    .filter(|open| {
                        open.fd > 2 && is_of(of, (&open.on, open.reads, open.writes, open.passed))
                    })
                    .filter(|open| !is_given(open))
                    .filter(|open| moment != Moment::Wait || !is_of_its_own(facts, process, open))
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

/// Whether it is an end of a pipe that no other process and no program has had: by which a handler of signals wakes its own loop, for
/// instance. Nobody waits for its end of file.
fn is_of_its_own(facts: Facts<'_>, process: &Process, open: &HeldDescriptor) -> bool {
    let others = |other: &Process| {
        let moments = other.held.iter();
        let mut counted =
            moments.filter(|held| other.pid != process.pid || held.moment == Moment::Exec);
        // One that has started no program has what its parent had.
        (other.pid != process.pid && other.programs.is_empty())
            || counted.any(|held| held.open.iter().any(|one| one.on == open.on))
    };
    open.on.starts_with("pipe ") && !facts.evidence.objects.processes.iter().any(others)
}

/// Whether a descriptor is of a kind: what it is open on, what can be done with it, and whether it was sent to another process.
fn is_of(of: DescriptorsOf, (on, reads, writes, passed): (&str, bool, bool, bool)) -> bool {
    let is_pipe = on.starts_with("pipe ");
    match of {
        DescriptorsOf::Any => true,
        DescriptorsOf::Pipes => is_pipe,
        DescriptorsOf::ReadEnds => is_pipe && reads,
        DescriptorsOf::WriteEnds => is_pipe && writes,
        DescriptorsOf::Files => on.starts_with('/'),
        DescriptorsOf::Sockets => on.starts_with("socket "),
        DescriptorsOf::Passed => passed,
    }
}

/// `parent`, or `process 4004 of parent`
fn process_of(who: &str, process: &Process) -> String {
    match process.parent {
        None => who.to_owned(),
        Some(_) => format!("process {} of {who}", process.pid),
    }
}

/// `5 (write end of pipe 1, made at pipex.c:41)`; one line for all of them is said once, and of many none is.
fn list(facts: Facts<'_>, held: &Held<'_>) -> String {
    let open = held.open.iter().take(LISTED_MAX);
    let listed: Vec<(&HeldDescriptor, Option<&SourceLine>)> =
        open.map(|open| (*open, maker(facts, held, open))).collect();
    let first = listed.first().and_then(|(_, line)| *line);
    let is_common = listed.len() > 1 && listed.iter().all(|(_, line)| *line == first);
    let own = |line: Option<&SourceLine>| match line {
        Some(line) if !is_common && listed.len() <= LINES_MAX => format!(", made at {line}"),
        Some(_) | None => String::new(),
    };
    let each = listed.iter().map(|(open, line)| {
        let end = end_of(&open.on, open.reads, open.writes);
        format!(
            "{} ({end}{}{})",
            open.fd,
            escaped_line(&open.on),
            own(*line)
        )
    });
    let all = each.collect::<Vec<_>>().join(", ");
    match first {
        Some(line) if is_common => format!("{all}; all were made at {line}"),
        Some(_) | None => all,
    }
}

/// The line that made a descriptor, by what is seen of the process and of those that it comes from: the last call that returned its
/// number, or the only line where they make pipes. `None`: it is not known for certain.
fn maker<'a>(facts: Facts<'a>, held: &Held<'_>, open: &HeldDescriptor) -> Option<&'a SourceLine> {
    let until = held.call.unwrap_or(u32::MAX);
    let calls = own_calls(facts, held.process, until);
    let returns = |call: &&&Call| {
        let value = call.returned.as_ref().map(|returned| returned.value);
        MAKERS.contains(&call.name.as_str()) && value == Some(i64::from(open.fd))
    };
    let last = calls.iter().rev().find(returns);
    if !open.on.starts_with("pipe ") {
        return last?.lines.first();
    }
    let made = |call: &&&Call| {
        let value = call.returned.as_ref().map(|returned| returned.value);
        ["pipe", "pipe2"].contains(&call.name.as_str()) && value == Some(0)
    };
    // A number that was another file's before may be an end of a pipe that was made later.
    let newest = calls.iter().rev().find(made);
    if let Some(copied) = last.filter(|copy| newest.is_none_or(|pipe| pipe.n < copy.n)) {
        return copied.lines.first();
    }
    let mut lines = calls.iter().filter(made).map(|call| call.lines.first());
    let first = lines.next()??;
    lines.all(|line| line == Some(first)).then_some(first)
}

/// The calls of a process before one, and before its birth those of the process that it comes from, in order.
fn own_calls<'a>(facts: Facts<'a>, process: &Process, until: u32) -> Vec<&'a Call> {
    let (mut process, mut until) = (Some(process), until);
    let mut found: Vec<&Call> = Vec::new();
    while let Some(one) = process {
        let calls = facts.evidence.trace.iter();
        found.extend(
            calls.filter(|call| call.actor == one.actor && call.pid == one.pid && call.n < until),
        );
        until = until.min(one.made_by.unwrap_or(0));
        let parent = one.parent.filter(|_| one.made_by.is_some());
        process = parent.and_then(|parent| facts.evidence.objects.processes.get(parent));
    }
    found.sort_unstable_by_key(|call| call.n);
    found
}

/// Which end of a pipe it is, with a blank behind it.
fn end_of(on: &str, reads: bool, writes: bool) -> &'static str {
    match (on.starts_with("pipe "), reads, writes) {
        (true, true, false) => "read end of ",
        (true, false, true) => "write end of ",
        _ => "",
    }
}

fn noun(of: DescriptorsOf) -> &'static str {
    match of {
        DescriptorsOf::Any => "descriptors",
        DescriptorsOf::Pipes => "pipe ends",
        DescriptorsOf::ReadEnds => "read ends of pipes",
        DescriptorsOf::WriteEnds => "write ends of pipes",
        DescriptorsOf::Files => "files",
        DescriptorsOf::Sockets => "sockets",
        DescriptorsOf::Passed => "passed descriptors",
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
        (DescriptorsOf::Passed, 1) => "passed descriptor",
        (of, _) => noun(of),
    }
}
