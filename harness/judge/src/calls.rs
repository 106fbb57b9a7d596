//! Calls: which system calls were made, and where an actor served.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ipclab_evidence::{Arg, Call, Evidence, Exit, Object, Word, belongs};
use ipclab_spec::{
    ArgPattern, Aspect, CallMatch, CallPattern, Case, ExitExpectation, ResultPattern,
};

use crate::errno::described;
use crate::facts::Facts;
use crate::finding::{Finding, Verdict};
use crate::listening::show_endpoint;
use crate::objects;
use crate::quote::{escaped_line, quoted};

/// One finding for each copy of an actor that must serve somewhere.
pub(crate) fn listens(facts: Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for role in &facts.case.actors {
        let Some(endpoint) = &role.listens else {
            continue;
        };
        for index in facts.copies(&role.name) {
            let Some(service) = facts.service(index) else {
                continue;
            };
            let name = facts.actor(index).map(|actor| actor.name.as_str());
            let finding = if service.exact {
                Finding::pass(Aspect::Calls, name, service.message)
            } else if let Some(why) = facts.holes(&[index]) {
                Finding::fail(Aspect::Calls, name, format!("{}: {why}", service.message))
            } else {
                Finding {
                    expected: Some(show_endpoint(endpoint)),
                    ..Finding::fail(Aspect::Calls, name, service.message)
                }
            };
            findings.push(finding.citing(service.cite));
        }
    }
    findings
}

/// One finding for each pattern and each copy of its actor.
pub(crate) fn judge(facts: Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for expected in &facts.case.calls {
        for pattern in &expected.patterns {
            let copies = facts.copies(&expected.actor);
            if copies.is_empty() {
                let message = format!(
                    "the evidence has no actor called {}",
                    quoted(&expected.actor)
                );
                findings.push(Finding::unknown(
                    Aspect::Calls,
                    Some(&expected.actor),
                    message,
                ));
            }
            for index in copies {
                findings.push(one(facts, index, pattern, &expected.patterns));
            }
        }
    }
    findings
}

fn one(facts: Facts<'_>, index: usize, pattern: &CallPattern, together: &[CallPattern]) -> Finding {
    let Some(actor) = facts.actor(index) else {
        return Finding::unknown(Aspect::Calls, None, "the evidence lost an actor");
    };
    let who = facts.who(index);
    let fail = |text: String| Finding::fail(Aspect::Calls, Some(&actor.name), text);
    let pass = |text: String| Finding::pass(Aspect::Calls, Some(&actor.name), text);
    // What may stand among the calls that were not kept: the number of those decides.
    let holes = facts.holes(&[index]);
    let unproved = |what: String, why: &str| {
        let text = format!("that {who} {what} is not proved: {why}");
        Finding::fail(Aspect::Calls, Some(&actor.name), text)
    };
    if matches!(actor.exit, Exit::NotStarted | Exit::NotExecuted(_)) {
        return fail(format!("{who} made no calls{}", facts.because(index)));
    }
    match pattern {
        CallPattern::Has(wanted) => match facts.all_calls(index).find(|call| matches(wanted, call))
        {
            Some(call) => pass(format!(
                "{who} called {} (#{})",
                escaped_line(&wanted.text),
                call.n
            ))
            .citing([call.n]),
            None => match &holes {
                Some(why) => unproved(format!("called {}", escaped_line(&wanted.text)), why),
                None => missing(facts, index, wanted, together),
            },
        },
        CallPattern::AnyOf(calls) => {
            let found = calls
                .iter()
                .find_map(|wanted| facts.all_calls(index).find(|call| matches(wanted, call)));
            let text = calls.first().map_or("", |first| first.text.as_str());
            match (found, &holes) {
                (Some(call), _) => {
                    let call = (Facts::name(call), call.n);
                    pass(format!("{who} called {} (#{})", call.0, call.1)).citing([call.1])
                }
                (None, Some(why)) => unproved(format!("called {}", escaped_line(text)), why),
                (None, None) => none_of(facts, index, calls, together),
            }
        }
        CallPattern::No(unwanted) => {
            match facts.all_calls(index).find(|call| matches(unwanted, call)) {
                Some(call) => {
                    let failed = facts
                        .all_calls(index)
                        .take_while(|earlier| earlier.n < call.n)
                        .find(|earlier| {
                            earlier.tampered.is_some()
                                && earlier
                                    .returned
                                    .as_ref()
                                    .is_some_and(|returned| returned.value < 0)
                        });
                    let although = failed
                        .map(|call| format!(" although {}", facts.failure(call)))
                        .unwrap_or_default();
                    fail(format!(
                        "{who} called {} at #{}{although}",
                        Facts::name(call),
                        call.n
                    ))
                    .expecting(escaped_line(&unwanted.text), show(call))
                    .citing([call.n])
                    .citing(failed.map(|call| call.n))
                }
                None => not_called(facts, index, unwanted, holes.as_deref()),
            }
        }
        CallPattern::Every { opener, closer } => {
            let unclosed: Vec<&Call> = unclosed(facts, index, opener, closer);
            if let Some(why) = &holes {
                let (opener, closer) = (escaped_line(&opener.name), escaped_line(&closer.name));
                return unproved(format!("called {closer}() for every {opener}()"), why);
            }
            if let Some(finding) = cut_off(facts, index, opener, closer)
                && !unclosed.is_empty()
            {
                return finding;
            }
            match unclosed.as_slice() {
                [] => pass(format!(
                    "{who} called {}() for every {}()",
                    escaped_line(&closer.name),
                    escaped_line(&opener.name)
                )),
                [first, rest @ ..] => {
                    let more = if rest.is_empty() {
                        String::new()
                    } else {
                        format!(" (and {} more)", rest.len())
                    };
                    fail(format!(
                        "{who} called {} at #{}{more}, and no {}() for it{}",
                        Facts::name(first),
                        first.n,
                        escaped_line(&closer.name),
                        facts.because(index)
                    ))
                    .citing(unclosed.iter().take(8).map(|call| call.n))
                }
            }
        }
    }
}

/// A program that should go on and does not comes to no `close()` any more: how it ended, or what it waits in, is the mistake.
fn cut_off(
    facts: Facts<'_>,
    index: usize,
    opener: &CallMatch,
    closer: &CallMatch,
) -> Option<Finding> {
    let actor = facts.actor(index)?;
    let wanted = facts.role(index)?.exit.as_ref();
    if wanted != Some(&ExitExpectation::Running) {
        return None;
    }
    let missing = format!(
        "it had not called {}() for every {}()",
        escaped_line(&closer.name),
        escaped_line(&opener.name)
    );
    let who = facts.who(index);
    let fail = |text: String| Finding::fail(Aspect::Calls, Some(&actor.name), text);
    match &actor.exit {
        Exit::Code(status) => Some(fail(format!(
            "{who} ended with status {status}, and {missing}"
        ))),
        Exit::Running {
            wait: Some(wait), ..
        } if belongs(&wait.call, true, "recv") || belongs(&wait.call, true, "send") => Some(
            fail(format!(
                "{who} waits in {}, and {missing}",
                facts.waits_in(wait)
            ))
            .citing([wait.n]),
        ),
        Exit::Running { .. }
        | Exit::NotStarted
        | Exit::NotExecuted(_)
        | Exit::Signal { .. }
        | Exit::Stopped(_) => None,
    }
}

/// A pattern of a case, or what it expects of processes, descriptors and files, beside what one run shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternSeen {
    /// The actor whose calls it is about.
    pub actor: String,
    /// As its author wrote it.
    pub text: String,
    /// A call was found that it speaks of: the one that must be there, the one that must not, or the one that has to be
    /// followed by another.
    pub matched: bool,
    /// It is met.
    pub met: bool,
}

/// What a run shows of each pattern about a student's calls.
#[must_use]
pub fn patterns_seen(case: &Case, evidence: &Evidence) -> Vec<PatternSeen> {
    let facts = Facts { case, evidence };
    let mut seen = Vec::new();
    for expected in &case.calls {
        let copies = facts.copies(&expected.actor);
        if !copies.iter().all(|index| facts.is_student(*index)) {
            continue;
        }
        for pattern in &expected.patterns {
            let meant = match pattern {
                CallPattern::Has(wanted)
                | CallPattern::No(wanted)
                | CallPattern::Every { opener: wanted, .. } => std::slice::from_ref(wanted),
                CallPattern::AnyOf(calls) => calls,
            };
            let Some(wanted) = meant.first() else {
                continue;
            };
            let matched = |index: &usize| {
                let mut calls = facts.all_calls(*index);
                calls.any(|call| meant.iter().any(|wanted| matches(wanted, call)))
            };
            let met = |index: &usize| {
                one(facts, *index, pattern, &expected.patterns).verdict == Verdict::Pass
            };
            seen.push(PatternSeen {
                actor: expected.actor.clone(),
                text: wanted.text.clone(),
                matched: copies.iter().any(matched),
                met: copies.iter().all(met),
            });
        }
    }
    seen.extend(objects_seen(facts));
    seen
}

/// The same of each expectation about processes, descriptors and files.
fn objects_seen(facts: Facts<'_>) -> Vec<PatternSeen> {
    let mut seen: Vec<PatternSeen> = Vec::new();
    for judged in objects::each(facts) {
        let met = judged.finding.verdict == Verdict::Pass;
        match seen
            .iter_mut()
            .find(|known| known.actor == judged.actor && known.text == judged.name)
        {
            Some(known) => known.met &= met,
            None => seen.push(PatternSeen {
                actor: judged.actor,
                text: judged.name,
                matched: true,
                met,
            }),
        }
    }
    seen
}

/// A call that must not be there and was not found.
fn not_called(
    facts: Facts<'_>,
    index: usize,
    unwanted: &CallMatch,
    holes: Option<&str>,
) -> Finding {
    let who = facts.who(index);
    let name = facts.actor(index).map(|actor| actor.name.as_str());
    let unproved = |why: &str| {
        let call = escaped_line(unwanted.text.trim_start_matches("no "));
        let text = format!("that {who} did not call {call} is not proved: {why}");
        Finding::fail(Aspect::Calls, name, text)
    };
    if let Some(why) = holes {
        return unproved(why);
    }
    // Of calls that were counted together only the first one's arguments are known.
    let may_be = |call: &&Call| {
        let varies = call.repeated.as_ref().is_some_and(|calls| calls.varies);
        varies && is_named(unwanted, call)
    };
    match facts.all_calls(index).find(may_be) {
        Some(call) => {
            let times = call.repeated.as_ref().map_or(1, |calls| calls.times);
            unproved(&format!(
                "from #{} on it called {} {times} times, and not always with the same arguments",
                call.n,
                Facts::name(call)
            ))
            .citing([call.n])
        }
        None => Finding::pass(
            Aspect::Calls,
            name,
            format!("{who} did not call {}()", escaped_line(&unwanted.name)),
        ),
    }
}

/// Why none of several calls is there: the one that was made, and not as it must be, says most.
fn none_of(
    facts: Facts<'_>,
    index: usize,
    calls: &[CallMatch],
    together: &[CallPattern],
) -> Finding {
    let made = calls.iter().find(|wanted| {
        let mut all = facts.all_calls(index);
        all.any(|call| is_named(wanted, call))
    });
    if let Some(wanted) = made {
        return missing(facts, index, wanted, together);
    }
    let names: Vec<String> = calls
        .iter()
        .map(|wanted| format!("{}()", escaped_line(&wanted.name)))
        .collect();
    let text = format!(
        "{} never called {}{}",
        facts.who(index),
        names.join(" or "),
        facts.because(index)
    );
    let name = facts.actor(index).map(|actor| actor.name.as_str());
    Finding::fail(Aspect::Calls, name, text).expecting(names.join(" or "), "no such call")
}

/// Why a call that had to be there is not.
fn missing(
    facts: Facts<'_>,
    index: usize,
    wanted: &CallMatch,
    together: &[CallPattern],
) -> Finding {
    let who = facts.who(index);
    let name = facts.actor(index).map(|actor| actor.name.as_str());
    let fail = |text: String| Finding::fail(Aspect::Calls, name, text);
    let named: Vec<&Call> = facts
        .all_calls(index)
        .filter(|call| is_named(wanted, call))
        .collect();
    let Some(&first) = named.first() else {
        return fail(format!(
            "{who} never called {}(){}",
            escaped_line(&wanted.name),
            facts.because(index)
        ))
        .expecting(escaped_line(&wanted.text), "no such call");
    };
    // What is right in another place was not made instead of this one.
    let is_right = |call: &Call| {
        together.iter().any(|other| match other {
            CallPattern::Has(other) => matches(other, call),
            CallPattern::AnyOf(others) => others.iter().any(|other| matches(other, call)),
            CallPattern::No(_) | CallPattern::Every { .. } => false,
        })
    };
    if named.iter().all(|call| is_right(call)) {
        return fail(format!(
            "{who} never called {}{}",
            escaped_line(&wanted.text),
            facts.because(index)
        ))
        .expecting(escaped_line(&wanted.text), "no such call");
    }
    let named: Vec<&Call> = named.into_iter().filter(|call| !is_right(call)).collect();
    let first = named.first().copied().unwrap_or(first);
    if let Some(flags) = never_with(wanted, &named) {
        return fail(format!(
            "{who} called {}() without {}: {} at #{}",
            escaped_line(&wanted.name),
            escaped_line(flags),
            show(first),
            first.n
        ))
        .expecting(escaped_line(&wanted.text), show(first))
        .citing(named.iter().take(8).map(|call| call.n));
    }
    // The right call with another result says more than a wrong call.
    let near = named
        .iter()
        .copied()
        .find(|call| args_match(wanted, call))
        .or_else(|| nearest(wanted, &named))
        .unwrap_or(first);
    let text = if args_match(wanted, near) {
        let seen = match &near.returned {
            None => "did not return".to_owned(),
            Some(returned) => match &returned.errno {
                Some(errno) => format!("failed with {}", described(*errno)),
                None => format!("returned {}", returned.value),
            },
        };
        format!(
            "{who} called {} at #{}, and it {seen}: expected {}",
            Facts::name(near),
            near.n,
            escaped_line(&wanted.text)
        )
    } else {
        format!(
            "{who} called {} at #{} instead of {}",
            show(near),
            near.n,
            escaped_line(&wanted.text)
        )
    };
    fail(text)
        .expecting(escaped_line(&wanted.text), show(near))
        .citing([near.n])
}

/// The call of which most arguments are as they must be, the first of several.
fn nearest<'a>(wanted: &CallMatch, calls: &[&'a Call]) -> Option<&'a Call> {
    let fitting = |call: &&Call| {
        let seen = usual_args(wanted, call);
        let pairs = wanted.args.iter().zip(seen.iter());
        pairs
            .filter(|(pattern, arg)| arg_matches(pattern, arg))
            .count()
    };
    calls.iter().copied().rev().max_by_key(fitting)
}

/// The flags that were asked for and that none of these calls had.
fn never_with<'a>(wanted: &'a CallMatch, calls: &[&Call]) -> Option<&'a str> {
    wanted.args.iter().enumerate().find_map(|(at, pattern)| {
        let ArgPattern::FlagsAmong(flags) = pattern else {
            return None;
        };
        flags
            .iter()
            .find(|flag| {
                let alone = ArgPattern::FlagsAmong(vec![(*flag).clone()]);
                !calls.iter().any(|call| {
                    usual_args(wanted, call)
                        .get(at)
                        .is_some_and(|arg| arg_matches(&alone, arg))
                })
            })
            .map(String::as_str)
    })
}

fn is_named(wanted: &CallMatch, call: &Call) -> bool {
    let is_seen = wanted.everywhere || !call.on_request;
    // Who names the kernel's own call means it, whatever it makes.
    let means_threads = wanted.everywhere && wanted.name.starts_with("clone");
    is_seen
        && belongs(&call.name, Facts::on_socket(call), &wanted.name)
        && (means_threads || !call.makes_thread())
}

fn matches(wanted: &CallMatch, call: &Call) -> bool {
    is_named(wanted, call) && args_match(wanted, call) && result_matches(wanted, call)
}

fn args_match(wanted: &CallMatch, call: &Call) -> bool {
    let args = usual_args(wanted, call);
    let (given, rest) = match args.split_at_checked(wanted.args.len()) {
        Some(parts) => parts,
        None => return false,
    };
    // What the C library fills in with NULL or 0 was not written by the student.
    let complete = wanted.open || rest.iter().all(|arg| arg.number() == Some(0));
    complete
        && wanted
            .args
            .iter()
            .zip(given)
            .all(|(pattern, arg)| arg_matches(pattern, arg))
}

/// The arguments as the C function of the pattern's name has them: `openat` has a folder before those of `open`, and
/// `recvmsg` has its flags where `recv` has the size of the buffer.
fn usual_args<'c>(wanted: &CallMatch, call: &'c Call) -> Cow<'c, [Arg]> {
    let args = call.args.as_slice();
    if wanted.name == call.name {
        return args.into();
    }
    match (call.name.as_str(), args) {
        (
            "openat" | "openat2" | "unlinkat" | "newfstatat" | "statx" | "faccessat" | "faccessat2"
            | "fchmodat" | "fchownat" | "readlinkat",
            [_, rest @ ..],
        ) => rest.into(),
        ("recvmsg" | "sendmsg", [socket, message, flags]) => {
            let size = Arg::Text(String::new());
            vec![socket.clone(), message.clone(), size, flags.clone()].into()
        }
        _ => args.into(),
    }
}

/// The flags of a pattern in one form, each once; 0 is none.
fn wanted_flags(flags: &[String]) -> BTreeSet<Word<'_>> {
    let words = flags
        .iter()
        .map(|flag| flag.trim())
        .map(|flag| c_number(flag).map_or(Word::Name(flag), Word::Number));
    words.filter(is_flag).collect()
}

/// The flags that an argument has, in the same form.
fn flags_of(arg: &Arg) -> BTreeSet<Word<'static>> {
    let words = arg.words().unwrap_or_default();
    words.into_iter().filter(is_flag).collect()
}

fn is_flag(word: &Word<'_>) -> bool {
    !matches!(word, Word::Name("") | Word::Number(0))
}

fn arg_matches(pattern: &ArgPattern, arg: &Arg) -> bool {
    match pattern {
        ArgPattern::Any => true,
        ArgPattern::Number(number) => {
            arg.number() == Some(*number) || arg.words() == Some(vec![Word::Number(*number)])
        }
        ArgPattern::Flags(flags) => arg.words().is_some() && wanted_flags(flags) == flags_of(arg),
        ArgPattern::FlagsAmong(flags) => wanted_flags(flags).is_subset(&flags_of(arg)),
        ArgPattern::Text(text) => arg.string().is_some_and(|bytes| bytes.0 == text.as_bytes()),
    }
}

/// A number as C writes it: `0644`, `0x64`, `100`, `-1`.
fn c_number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let number = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(hex) => i64::from_str_radix(hex, 16),
        None if digits.len() > 1 && digits.starts_with('0') => i64::from_str_radix(digits, 8),
        None => digits.parse(),
    };
    number
        .ok()
        .filter(|_| !digits.starts_with(['-', '+']))
        .map(|number| if negative { -number } else { number })
}

fn result_matches(wanted: &CallMatch, call: &Call) -> bool {
    let Some(result) = &wanted.result else {
        return true;
    };
    let Some(returned) = &call.returned else {
        return false;
    };
    // Who names the kernel's own call means what that one returns.
    let seen = match call.name == wanted.name {
        true => returned.value,
        false => call.result_in_family().unwrap_or(returned.value),
    };
    match result {
        ResultPattern::Is(value) => seen == *value,
        ResultPattern::AtLeast(value) => seen >= *value,
        ResultPattern::Below(value) => seen < *value,
        ResultPattern::Errno(name) => returned
            .errno
            .is_some_and(|errno| errno.to_string() == *name),
    }
}

/// What a call made or used, as far as it is known.
fn object_of(facts: Facts<'_>, call: &Call) -> Option<Object> {
    let own_socket = facts
        .evidence
        .sockets
        .iter()
        .position(|socket| socket.born == call.n && socket.actor == call.actor);
    let value = call.returned.as_ref().map(|returned| returned.value);
    let id = value
        .and_then(|value| i32::try_from(value).ok())
        .filter(|id| *id >= 0);
    match call.name.as_str() {
        "shmget" => id.map(Object::Segment),
        "semget" => id.map(Object::Semaphores),
        "msgget" => id.map(Object::Queue),
        _ => own_socket
            .map(Object::Socket)
            .or_else(|| call.object.clone()),
    }
}

/// Calls of the opener that succeeded and that no call of the closer on the same object followed. Each closer closes one.
fn unclosed<'a>(
    facts: Facts<'a>,
    index: usize,
    opener: &CallMatch,
    closer: &CallMatch,
) -> Vec<&'a Call> {
    let succeeded = |call: &&Call| {
        call.returned
            .as_ref()
            .is_some_and(|returned| returned.value != -1 && returned.errno.is_none())
    };
    let openers = facts
        .all_calls(index)
        .filter(|call| matches(opener, call))
        .filter(succeeded);
    let closers: Vec<&Call> = facts
        .all_calls(index)
        .filter(|call| matches(closer, call))
        .filter(succeeded)
        .collect();
    let times = |call: &Call| call.repeated.as_ref().map_or(1, |calls| calls.times);
    let last = |call: &Call| call.repeated.as_ref().map_or(call.n, |calls| calls.last);
    let mut unused: Vec<u64> = closers.iter().map(|close| times(close)).collect();
    let mut unclosed = Vec::new();
    for open in openers {
        let object = object_of(facts, open);
        let fits = |close: &Call| {
            let same = if belongs(&open.name, false, "fork") {
                // A child is waited for by its pid.
                let pid = |call: &Call| call.returned.as_ref().map(|returned| returned.value);
                pid(open) == waited_for(close)
            } else {
                match (&object, object_of(facts, close)) {
                    (Some(open), Some(close)) => *open == close,
                    // Where the trace does not say what a call is about, its order has to do.
                    (None, _) | (_, None) => true,
                }
            };
            last(close) > open.n && same
        };
        let mut left = times(open);
        for (close, unused) in closers.iter().zip(&mut unused) {
            if left > 0 && *unused > 0 && fits(close) {
                let now = left.min(*unused);
                left -= now;
                *unused -= now;
            }
        }
        if left > 0 {
            unclosed.push(open);
        }
    }
    unclosed
}

/// The child that a call has waited for: waitid() returns 0, and says it elsewhere.
fn waited_for(call: &Call) -> Option<i64> {
    let answer = call.answers.iter().find(|answer| answer.name == "wait");
    match answer {
        Some(answer) => answer.value.parse().ok(),
        None => call.returned.as_ref().map(|returned| returned.value),
    }
}

/// A call as a reader writes it: `shmget(256, 1024, IPC_CREAT|0644) = 0`.
fn show(call: &Call) -> String {
    let args = call
        .args_in_c()
        .iter()
        .take(8)
        .map(Arg::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let returned = match &call.returned {
        None => String::new(),
        Some(returned) => match &returned.errno {
            Some(errno) => format!(" = -1 {errno}"),
            // An address.
            None if returned.value > i64::from(u32::MAX) => format!(" = {:#x}", returned.value),
            None => format!(" = {}", returned.value),
        },
    };
    escaped_line(&format!("{}({args}){returned}", call.name_in_c()))
}
