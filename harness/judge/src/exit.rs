//! Exit: how programs ended.

use ipclab_evidence::{Call, Ended, Exit, Wait, canonical, name_in_c};
use ipclab_spec::{Aspect, ExitExpectation};

use crate::facts::{Facts, root_of, with_reason};
use crate::finding::Finding;
use crate::page::Page;
use crate::quote::quoted;

/// How a message begins to say who waits for whom.
const STANDSTILL: &str = "no program can go on";

/// What a message says of a status that `main` did not give.
pub(crate) const LEAKED: &str = "the exit status looks like the return value of the last printf()";

/// What a leaked `printf` gives as a status: the length of a line of text.
const LINE_LENGTHS: std::ops::RangeInclusive<u8> = 20..=60;

/// One finding for each copy of an actor whose end is expected.
pub(crate) fn judge(facts: Facts<'_>, otherwise_right: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for role in &facts.case.actors {
        let Some(wanted) = &role.exit else { continue };
        let copies = facts.copies(&role.name);
        if copies.is_empty() {
            findings.push(Finding::unknown(
                Aspect::Exit,
                Some(&role.name),
                format!("the evidence has no actor called {}", quoted(&role.name)),
            ));
        }
        for index in copies {
            let Some(actor) = facts.actor(index) else {
                continue;
            };
            let mut finding = if met(wanted, &actor.exit) {
                Finding::pass(Aspect::Exit, Some(&actor.name), passed(facts, index))
            } else {
                missed(facts, index, wanted, otherwise_right)
            };
            // What the box refused it explains how it went on; what it was stopped for is said already.
            for hit in &actor.limits {
                if !matches!(&actor.exit, Exit::Stopped(stopped) if stopped == hit) {
                    finding.message += &format!("; it hit a limit: it {}", Facts::hit(actor, hit));
                }
            }
            findings.push(finding.expecting(show_wanted(wanted), show_exit(&actor.exit)));
        }
    }
    findings
}

/// Whether this end explains what went wrong elsewhere: a crash, a hang, a limit.
pub(crate) fn is_cause(facts: Facts<'_>, index: usize) -> bool {
    let Some(actor) = facts.actor(index) else {
        return false;
    };
    let bad = match &actor.exit {
        Exit::Signal { .. } | Exit::Stopped(_) | Exit::NotExecuted(_) | Exit::Running { .. } => {
            true
        }
        Exit::Code(_) | Exit::NotStarted => false,
    };
    bad && facts.is_student(index) && facts.ended_badly(index)
}

fn met(wanted: &ExitExpectation, exit: &Exit) -> bool {
    match (wanted, exit) {
        (ExitExpectation::Code(wanted), Exit::Code(seen)) => wanted == seen,
        (ExitExpectation::Failure, Exit::Code(seen)) => *seen != 0,
        (ExitExpectation::Running, Exit::Running { .. }) => true,
        (ExitExpectation::Signal(wanted), Exit::Signal { name, .. }) => wanted == name,
        (ExitExpectation::Ended, Exit::Code(_)) => true,
        (ExitExpectation::Any, Exit::Code(_) | Exit::Signal { .. } | Exit::Running { .. }) => true,
        (
            ExitExpectation::Code(_)
            | ExitExpectation::Failure
            | ExitExpectation::Running
            | ExitExpectation::Signal(_)
            | ExitExpectation::Ended
            | ExitExpectation::Any,
            Exit::NotStarted
            | Exit::NotExecuted(_)
            | Exit::Code(_)
            | Exit::Signal { .. }
            | Exit::Running { .. }
            | Exit::Stopped(_),
        ) => false,
    }
}

fn passed(facts: Facts<'_>, index: usize) -> String {
    let who = facts.who(index);
    match facts.actor(index).map(|actor| &actor.exit) {
        Some(Exit::Code(status)) => format!("{who} ended with status {status}"),
        Some(Exit::Signal { name, .. }) => format!("{who} was killed by {name}"),
        Some(Exit::Running { .. }) => format!("{who} was still running at the end"),
        Some(Exit::NotStarted | Exit::NotExecuted(_) | Exit::Stopped(_)) | None => {
            format!("{who} ended")
        }
    }
}

fn missed(
    facts: Facts<'_>,
    index: usize,
    wanted: &ExitExpectation,
    otherwise_right: bool,
) -> Finding {
    let who = facts.who(index);
    let Some(actor) = facts.actor(index) else {
        return Finding::unknown(Aspect::Exit, None, "the evidence lost an actor");
    };
    let culprit = || match facts.is_student(index) {
        true => None,
        false => facts.culprit(index),
    };
    let mut cites = Vec::new();
    let message = match &actor.exit {
        Exit::NotStarted => match facts.why_not_started(index) {
            Some(why) => format!("{who} never started, because {}", root_of(&why)),
            None => format!("{who} never started"),
        },
        Exit::NotExecuted(errno) => format!("{who} could not be started: {}", quoted(errno)),
        Exit::Code(status) => {
            let failure = facts.last_failure(index);
            cites.extend(failure.map(|call| call.n));
            let text = wrong_status(facts, index, *status, wanted, failure, otherwise_right);
            match culprit() {
                Some(culprit) => with_reason(&text, &culprit),
                None => text,
            }
        }
        Exit::Signal { signal, name, call } => {
            let last = facts.calls(index).next_back();
            cites.extend(last.map(|call| call.n));
            crashed(&who, *signal, name, call.as_deref())
        }
        Exit::Running { wait, .. } => {
            cites.extend(wait.as_ref().map(|wait| wait.n));
            let text = never_ended(facts, index, wait.as_ref(), wanted);
            match culprit() {
                // Who waits for whom says it already.
                Some(culprit) if !text.contains(STANDSTILL) => with_reason(&text, &culprit),
                Some(_) | None => text,
            }
        }
        Exit::Stopped(limit) => format!("{who} was stopped: it {}", Facts::hit(actor, limit)),
    };
    Finding::fail(Aspect::Exit, Some(&actor.name), message)
        .citing(cites.into_iter().filter(|n| *n > 0))
}

fn wrong_status(
    facts: Facts<'_>,
    index: usize,
    status: u8,
    wanted: &ExitExpectation,
    failure: Option<&Call>,
    otherwise_right: bool,
) -> String {
    let who = facts.who(index);
    let after = failure.map(|call| facts.failure(call));
    match (wanted, status, after) {
        (ExitExpectation::Failure, 0, Some(failure)) => format!(
            "{who} ended with status 0 although {failure}: a program that fails must end with another status, as exit(1) does"
        ),
        (ExitExpectation::Failure, 0, None) => format!(
            "{who} ended with status 0: a program that cannot do its work must end with another status, as exit(1) does"
        ),
        (ExitExpectation::Code(0), status, _)
            if leaked_printf(facts, index, status, otherwise_right) =>
        {
            format!(
                "{who} ended with status {status} instead of 0: {LEAKED}: main must be int and return 0"
            )
        }
        (ExitExpectation::Code(wanted), status, Some(failure)) => {
            format!("{who} ended with status {status} instead of {wanted}: {failure}")
        }
        (ExitExpectation::Code(wanted), status, None) => {
            format!(
                "{who} ended with status {status} instead of {wanted}{}",
                its_words(facts, index)
            )
        }
        (ExitExpectation::Running, status, Some(failure)) => {
            format!("{who} ended with status {status} instead of serving on: {failure}")
        }
        (ExitExpectation::Running, status, None) => {
            format!("{who} ended with status {status} instead of serving on until it is stopped")
        }
        (ExitExpectation::Signal(signal), status, _) => {
            format!("{who} ended with status {status} instead of being killed by {signal}")
        }
        (ExitExpectation::Failure | ExitExpectation::Ended | ExitExpectation::Any, status, _) => {
            format!("{who} ended with status {status}")
        }
    }
}

/// Whether a status is what `void main` leaves in the register: how many characters its last `printf` wrote.
fn leaked_printf(facts: Facts<'_>, index: usize, status: u8, otherwise_right: bool) -> bool {
    let Some(actor) = facts.actor(index) else {
        return false;
    };
    // Where all else is right, a call that failed was meant to.
    let failed = facts.last_failure(index).is_some();
    if (failed && !otherwise_right) || !facts.is_student(index) {
        return false;
    }
    let page = Page::of(&actor.stdout);
    let text = page.text.as_str();
    // The last printf may have written the last line, several lines, or a line without its newline.
    let body = text.strip_suffix('\n').unwrap_or(text);
    let starts = body
        .rmatch_indices('\n')
        .map(|(at, _)| at + 1)
        .chain([0])
        .take(3);
    let mut lengths = starts.map(|start| text.len() - start);
    let printed = lengths.any(|length| length > 1 && length == usize::from(status));
    printed || (otherwise_right && !failed && LINE_LENGTHS.contains(&status))
}

/// The last line on stderr, which often says why.
fn its_words(facts: Facts<'_>, index: usize) -> String {
    let Some(actor) = facts.actor(index) else {
        return String::new();
    };
    let page = Page::of(&actor.stderr);
    match page.lines.iter().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!(", and its last words are {}", quoted(line.trim())),
        None => String::new(),
    }
}

fn crashed(who: &str, signal: i32, name: &str, call: Option<&str>) -> String {
    let place = call
        .map(|call| format!(" in {}()", name_in_c(call)))
        .unwrap_or_default();
    let why = match name {
        "SIGSEGV" | "SIGBUS" => ": it touched memory that is not its own",
        "SIGABRT" => ": it aborted itself, as the C library does when it finds memory overwritten",
        "SIGPIPE" => ": it wrote to a connection whose other end had closed",
        "SIGFPE" => ": it divided by zero",
        "SIGILL" | "SIGTRAP" => ": it ran into an instruction that stops it",
        _ => "",
    };
    format!("{who} was killed by {name} (signal {signal}){place}{why}")
}

fn never_ended(
    facts: Facts<'_>,
    index: usize,
    wait: Option<&Wait>,
    wanted: &ExitExpectation,
) -> String {
    let who = facts.who(index);
    let failed = match wanted {
        ExitExpectation::Failure => facts
            .first_failure(index)
            // What failed while it was ended from outside is no reason of its own.
            .filter(|call| wait.is_none_or(|wait| call.n < wait.n))
            .map(|call| format!(" although {}", facts.failure(call))),
        ExitExpectation::Code(_)
        | ExitExpectation::Running
        | ExitExpectation::Signal(_)
        | ExitExpectation::Ended
        | ExitExpectation::Any => None,
    }
    .unwrap_or_default();
    if let (None, Some(stopped)) = (wait, facts.stopped_before(index)) {
        return facts.cut_short(index, stopped);
    }
    let doing = match wait {
        Some(wait) => match &facts.evidence.ended {
            Ended::ClockRanOut { barren: true, .. } if wait.timed => {
                format!("{}, and nothing changes", again_and_again(facts, wait))
            }
            Ended::ClockRanOut { at_ms, .. } if wait.timed => format!(
                "{}, and was still at it after {} s of its clock",
                again_and_again(facts, wait),
                at_ms / 1000
            ),
            _ => match facts.lost_signal(wait) {
                Some(sent) => format!(
                    "it waits in {}. {} had come before (#{}), and a signal that comes before {}() does not end it",
                    facts.waits_in(wait),
                    sent.args
                        .get(1)
                        .map_or_else(|| "A signal".to_owned(), ToString::to_string),
                    sent.n,
                    facts.evidence.name_of_wait(wait)
                ),
                None => format!("it waits in {}", facts.waits_in(wait)),
            },
        },
        None => match &facts.evidence.ended {
            Ended::DeadlineExceeded { limit_ms, .. } => {
                format!("it was still busy when the {limit_ms} ms were up")
            }
            Ended::AllExited
            | Ended::Stuck { .. }
            | Ended::ClockRanOut { .. }
            | Ended::LimitHit { .. } => "it computes for ever".to_owned(),
        },
    };
    match facts.standstill() {
        Some(all) if wait.is_some() => {
            format!("{who} never ended{failed}: {doing}; {STANDSTILL}: {all}")
        }
        Some(_) | None => format!("{who} never ended{failed}: {doing}"),
    }
}

/// `it sleeps again and again`, `it waits in poll() (#12) with a timeout again and again`.
fn again_and_again(facts: Facts<'_>, wait: &Wait) -> String {
    match canonical(&wait.call, false) {
        "sleep" => "it sleeps again and again".to_owned(),
        _ => format!(
            "it waits in {} with a timeout again and again",
            facts.waits_in(wait)
        ),
    }
}

fn show_wanted(wanted: &ExitExpectation) -> String {
    match wanted {
        ExitExpectation::Code(status) => format!("status {status}"),
        ExitExpectation::Failure => "a status other than 0".to_owned(),
        ExitExpectation::Running => "still running".to_owned(),
        ExitExpectation::Signal(name) => format!("killed by {name}"),
        ExitExpectation::Ended => "an end of its own".to_owned(),
        ExitExpectation::Any => "any end".to_owned(),
    }
}

fn show_exit(exit: &Exit) -> String {
    match exit {
        Exit::NotStarted => "never started".to_owned(),
        Exit::NotExecuted(errno) => format!("could not be started: {errno}"),
        Exit::Code(status) => format!("status {status}"),
        Exit::Signal { name, .. } => format!("killed by {name}"),
        Exit::Running { .. } => "still running".to_owned(),
        Exit::Stopped(_) => "stopped at a limit".to_owned(),
    }
}
