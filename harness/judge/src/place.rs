//! Places: in which line of the student's files a finding shows.
//!
//! The line of what a finding is about: of the write that printed the wrong line, of the crash, of the call that it cites.
//! Where nothing of that is known there is no line: a guess would send the reader away from the mistake.

use ipclab_evidence::{
    ActorEvidence, Call, Direction, Ended, Exit, Object, SourceLine, Stream, Transfer, Wait,
};
use ipclab_spec::{Aspect, Player};

use crate::bytes::COMPLAINS;
use crate::exit::LEAKED;
use crate::facts::Facts;
use crate::finding::{DiffLine, Difference, Finding, MistakeKind, Verdict};
use crate::mistake::names_place;
use crate::quote::{escaped_line, quoted};

/// Gives each finding that did not pass its lines.
pub(crate) fn locate(findings: &mut [Finding], facts: Facts<'_>) {
    for finding in findings {
        if finding.verdict != Verdict::Pass && finding.lines.is_empty() {
            finding.lines = lines(finding, facts).unwrap_or_default();
        }
    }
}

fn lines(finding: &Finding, facts: Facts<'_>) -> Option<Vec<SourceLine>> {
    let own = finding.actor.as_deref().map(|name| facts.copies(name));
    let own: Vec<usize> = own.unwrap_or_default();
    let own: Vec<usize> = own.into_iter().filter(|it| facts.is_student(*it)).collect();
    let kind = finding.mistake.as_ref().map(|mistake| mistake.kind);
    let crash = own
        .iter()
        .find_map(|index| crashed_at(facts.actor(*index)?));
    if let (Aspect::Exit, Some(lines)) = (finding.aspect, &crash) {
        return Some(lines.clone());
    }
    let first = own.first().and_then(|index| facts.actor(*index));
    let printed = || {
        let actor = first.filter(|_| finding.aspect == Aspect::Output)?;
        printed_at(finding, actor)
    };
    let ended = || {
        let says = finding.message.contains("ended with status");
        let actor = first.filter(|_| finding.aspect == Aspect::Exit || says)?;
        ended_at(actor)
    };
    let status = || {
        let is_it = kind == Some(MistakeKind::Status) && finding.aspect == Aspect::Exit;
        ended_at(first.filter(|_| is_it)?)
    };
    let silent = || {
        let is_it = kind == Some(MistakeKind::Silent) && finding.aspect == Aspect::Output;
        said_elsewhere(first.filter(|_| is_it)?)
    };
    let waits = || match &first.filter(|_| finding.aspect == Aspect::Exit)?.exit {
        Exit::Running {
            wait: Some(wait), ..
        } => waits_at(wait, facts),
        _ => None,
    };
    // What goes wrong after an error begins at the call that failed.
    let unchecked = || {
        let is_it = matches!(
            kind,
            Some(MistakeKind::Unchecked | MistakeKind::Status | MistakeKind::Silent)
        );
        is_it.then(|| of_mistake(finding, facts))?
    };
    let place = || {
        let is_it = kind == Some(MistakeKind::Place);
        is_it.then(|| of_mistake(finding, facts))?
    };
    let follows_crash = kind == Some(MistakeKind::Crash);
    // A number that is no answer of the kernel's stands in the last line that speaks of what was asked for.
    let untold = || {
        let (_, asked) = finding.message.split_once("it asked for ")?;
        let asked = asked.split(' ').next()?;
        let actor = first?;
        let lines = lines_of(&actor.stdout);
        let (at, _) = lines.iter().rev().find(|(_, text)| text.contains(asked))?;
        written_at(actor, 1, *at)
    };
    place()
        .or_else(untold)
        .or_else(status)
        .or_else(silent)
        .or_else(unchecked)
        .or_else(printed)
        .or_else(|| cited(finding, facts, &own))
        .or_else(waits)
        .or_else(ended)
        .or_else(|| leaked(finding, first?))
        .or_else(|| crash.filter(|_| follows_crash))
        .or_else(|| of_mistake(finding, facts))
        .or_else(|| of_complaint(finding, facts))
}

/// What the student's program did to a program of ours that did not get what it expected: the call that sent it something else,
/// that closed the connection on which nothing had come, or in which it waits itself.
fn of_complaint(finding: &Finding, facts: Facts<'_>) -> Option<Vec<SourceLine>> {
    let ours = facts.copies(finding.actor.as_deref()?);
    if !finding.message.contains(COMPLAINS) || ours.iter().any(|it| facts.is_student(*it)) {
        return None;
    }
    let is_ours = |socket: usize| {
        let peer = facts.socket(socket).and_then(|socket| socket.peer);
        let peer = peer.and_then(|peer| facts.socket(peer));
        peer.is_some_and(|peer| ours.contains(&peer.actor))
    };
    let trace = facts.evidence.trace.iter();
    let mut calls = trace.filter(|call| facts.is_student(call.actor) && !call.lines.is_empty());
    let sent = |call: &Call| -> Option<Transfer> {
        let moved = call.transfer.as_ref()?;
        let is_it = moved.direction == Direction::Sent && is_ours(moved.socket);
        is_it.then(|| moved.clone())
    };
    if let Some((_, got)) = finding.message.split_once(" bytes \"") {
        let got = got.split_once("\": byte ").map(|(got, _)| got)?;
        let call = calls.find(|call| {
            sent(call).is_some_and(|moved| {
                let text = String::from_utf8_lossy(&moved.head.0);
                let text = text.trim_end_matches(char::is_control);
                !text.is_empty() && got.contains(text)
            })
        });
        return call.map(|call| call.lines.clone());
    }
    if finding
        .message
        .contains("got nothing: the connection was closed")
    {
        let mut used = Vec::new();
        let call = calls.find(|call| {
            used.extend(sent(call).map(|moved| moved.socket));
            match call.object {
                Some(Object::Socket(socket)) => {
                    call.name == "close" && is_ours(socket) && !used.contains(&socket)
                }
                Some(_) | None => false,
            }
        });
        return call.map(|call| call.lines.clone());
    }
    let Ended::Stuck { waits } = &facts.evidence.ended else {
        return None;
    };
    let mut waits = waits.iter().filter(|wait| facts.is_student(wait.actor));
    // Of several it is not known which one should go on.
    let (Some(wait), None) = (waits.next(), waits.next()) else {
        return None;
    };
    waits_at(wait, facts)
}

/// Where a process waits, be the call in the trace or not.
fn waits_at(wait: &Wait, facts: Facts<'_>) -> Option<Vec<SourceLine>> {
    let call = facts.all_calls(wait.actor).find(|call| call.n == wait.n);
    let lines = call.map_or(&wait.lines, |call| &call.lines);
    (!lines.is_empty()).then(|| lines.clone())
}

/// Where it says on stdout what belongs on stderr: what an error is.
fn said_elsewhere(actor: &ActorEvidence) -> Option<Vec<SourceLine>> {
    let lines = lines_of(&actor.stdout);
    let (at, _) = lines
        .iter()
        .rev()
        .find(|(_, text)| crate::errno::is_described_in(text))?;
    written_at(actor, 1, *at)
}

/// The last `printf()`, where its value became the status.
fn leaked(finding: &Finding, actor: &ActorEvidence) -> Option<Vec<SourceLine>> {
    let mut writes = actor.printed.iter().filter(|write| write.stream == 1);
    let last = writes.next_back().map(|write| write.lines.clone());
    last.filter(|_| finding.message.contains(LEAKED))
}

fn crashed_at(actor: &ActorEvidence) -> Option<Vec<SourceLine>> {
    let crashed = matches!(actor.exit, Exit::Signal { .. }) && !actor.ended_at.is_empty();
    crashed.then(|| actor.ended_at.clone())
}

fn ended_at(actor: &ActorEvidence) -> Option<Vec<SourceLine>> {
    let by_itself = matches!(actor.exit, Exit::Code(_)) && !actor.ended_at.is_empty();
    by_itself.then(|| actor.ended_at.clone())
}

/// Of the calls that it cites or names the first that the student's own program made: the finding's, or any of the student's.
fn cited(finding: &Finding, facts: Facts<'_>, own: &[usize]) -> Option<Vec<SourceLine>> {
    let named = named_calls(&finding.message);
    let calls = || {
        let cites = finding.cites.iter().chain(&named);
        let calls = cites.filter_map(|n| facts.evidence.trace.iter().find(|call| call.n == *n));
        calls.filter(|call| !call.lines.is_empty())
    };
    let of_own = calls().find(|call| own.contains(&call.actor));
    let of_any = || calls().find(|call| facts.is_student(call.actor) && own.is_empty());
    of_own.or_else(of_any).map(|call| call.lines.clone())
}

/// Calls that a message names: `it waits in recv() (#30)`.
fn named_calls(message: &str) -> Vec<u32> {
    // What a program printed names no call: `Iteration: #2`.
    let own = message.split('`').step_by(2);
    let numbers = own.flat_map(|part| part.split('#').skip(1)).map(|part| {
        let end = part.find(|c: char| !c.is_ascii_digit());
        part[..end.unwrap_or(part.len())].parse().ok()
    });
    numbers.flatten().collect()
}

/// The first failure of the program whose mistake it is.
fn of_mistake(finding: &Finding, facts: Facts<'_>) -> Option<Vec<SourceLine>> {
    let mistake = finding.mistake.as_ref()?;
    let program = mistake.program.as_deref()?;
    let plays = |index: &usize| match facts.role(*index).map(|role| &role.player) {
        Some(Player::Student {
            program: played, ..
        }) => played == program,
        Some(Player::Reference { .. } | Player::Peer { .. }) | None => false,
    };
    let mut actors = (0..facts.evidence.actors.len()).filter(plays);
    actors.find_map(|index| {
        let actor = facts.actor(index)?;
        let lines = match mistake.kind {
            MistakeKind::Crash => crashed_at(actor)?,
            MistakeKind::Unchecked | MistakeKind::Status | MistakeKind::Silent => {
                facts.first_failure(index)?.lines.clone()
            }
            MistakeKind::Place => names_place(facts, index)?.lines.clone(),
            MistakeKind::Waits => match &actor.exit {
                Exit::Running {
                    wait: Some(wait), ..
                } => waits_at(wait, facts)?,
                _ => return None,
            },
            MistakeKind::Build
            | MistakeKind::Memory
            | MistakeKind::Limit
            | MistakeKind::Nul
            | MistakeKind::Behaviour
            | MistakeKind::Requires => return None,
        };
        (!lines.is_empty()).then_some(lines)
    })
}

/// Where the line was printed that is in the way of an expected one, or that the message quotes.
fn printed_at(finding: &Finding, actor: &ActorEvidence) -> Option<Vec<SourceLine>> {
    let in_the_way = finding.difference.as_ref().and_then(in_the_way);
    let streams = [(1, &actor.stdout), (2, &actor.stderr)];
    let candidates: Vec<(u8, u64, String)> = streams
        .into_iter()
        .flat_map(|(number, stream)| {
            let lines = lines_of(stream);
            lines.into_iter().map(move |(at, text)| (number, at, text))
        })
        .filter(|(_, _, text)| !text.trim().is_empty())
        .collect();
    let quoted_one = candidates.iter().find(|(_, _, text)| {
        let said = quoted(text.trim());
        finding.message.contains(&said) && !is_expected(finding, &said)
    });
    let differing = || {
        // A line that only stands where another one is missing may be right itself.
        let instead =
            finding.message.contains("instead of") || finding.message.contains("count printed");
        let wanted = in_the_way.as_deref().filter(|_| instead)?;
        let is_it = |(_, _, text): &&(u8, u64, String)| escaped_line(text) == wanted;
        candidates.iter().find(is_it)
    };
    let (stream, at, _) = quoted_one.or_else(differing)?;
    written_at(actor, *stream, *at)
}

/// Where a byte of a stream was written.
fn written_at(actor: &ActorEvidence, stream: u8, at: u64) -> Option<Vec<SourceLine>> {
    let mut writes = actor.printed.iter();
    let written = writes.find(|write| {
        write.stream == stream && (write.from..write.from + write.bytes).contains(&at)
    })?;
    Some(written.lines.clone())
}

/// Whether a quoted text stands in the message as what was expected, and not as what was printed.
fn is_expected(finding: &Finding, said: &str) -> bool {
    match &finding.difference {
        Some(Difference::Lines(lines)) => lines
            .iter()
            .any(|line| matches!(line, DiffLine::Missing(text) if quoted(text) == said)),
        Some(Difference::Byte { .. }) | None => finding
            .expected
            .as_deref()
            .is_some_and(|expected| expected.lines().any(|line| quoted(line.trim()) == said)),
    }
}

/// The printed line beside the first one that is missing.
fn in_the_way(difference: &Difference) -> Option<String> {
    let Difference::Lines(lines) = difference else {
        return None;
    };
    let missing = lines
        .iter()
        .position(|line| matches!(line, DiffLine::Missing(_)))?;
    let extra = |line: &DiffLine| match line {
        DiffLine::Extra(text) => Some(text.clone()),
        DiffLine::Same(_) | DiffLine::Missing(_) | DiffLine::Elided(_) => None,
    };
    let after = lines[missing..]
        .iter()
        .skip_while(|line| matches!(line, DiffLine::Missing(_)));
    let before = lines[..missing].iter().rev();
    after
        .take(1)
        .find_map(extra)
        .or_else(|| before.take(1).find_map(extra))
}

/// The lines of what was kept of a stream from its begin, each with the place of its first byte.
fn lines_of(stream: &Stream) -> Vec<(u64, String)> {
    let mut at = 0;
    let mut lines = Vec::new();
    for line in stream.head.0.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        lines.push((at, String::from_utf8_lossy(text).into_owned()));
        at += line.len() as u64;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::named_calls;

    #[test]
    fn what_a_program_printed_names_no_call() {
        let check = |message: &str, expect: &[u32]| assert_eq!(named_calls(message), expect);
        check("it waits in recv() (#30), after bind() at #9", &[30, 9]);
        check("server did not print `Iteration: #2` on stdout", &[]);
        check("server printed `#1` instead of `#2` at #7", &[7]);
    }
}
