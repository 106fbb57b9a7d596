//! Memory: what shared memory looks like. Memory errors of programs are the sanitizers' affair.

use ipclab_evidence::{Arg, ArgKind, Call, Errno, IpcKind, IpcSnapshot, Segment};
use ipclab_spec::{After, Aspect, ShmState};

use crate::difference::byte;
use crate::facts::{Facts, Unfilled};
use crate::finding::Finding;
use crate::listening::wrong_key;
use crate::quote::{count, quoted_bytes};
use crate::range::{Range, no_number};

/// One finding for each field of each state of a segment.
pub(crate) fn judge(facts: Facts<'_>) -> Vec<Finding> {
    let states = facts.case.shm.iter();
    let judged = states.flat_map(|state| {
        let mut findings = segment(facts, state);
        if state.exists == Some(false) {
            for finding in &mut findings {
                finding.aspect = state.gone_is;
            }
        }
        findings
    });
    judged.collect()
}

/// The segment that a state is about; a finding when that moment never came or the key is unknown to the evidence.
pub(crate) fn segment_of<'a>(
    facts: Facts<'a>,
    state: &ShmState,
) -> Result<Option<&'a Segment>, Box<Finding>> {
    let left = &facts.evidence.leftovers.segments;
    let Some(after) = &state.after else {
        return Ok(left
            .iter()
            .find(|segment| segment.key == state.key && !segment.doomed));
    };
    let what = format!("segment {}", state.key);
    let look = look_of(facts, IpcKind::Segment, state.key, after, &what)?;
    Ok(look.segment.as_ref().filter(|segment| !segment.doomed))
}

/// The look at an object at a moment of the case; a finding when that moment never came.
pub(crate) fn look_of<'a>(
    facts: Facts<'a>,
    of: IpcKind,
    key: i32,
    after: &After,
    what: &str,
) -> Result<&'a IpcSnapshot, Box<Finding>> {
    // A case speaks of each object once.
    let mut looks = facts.evidence.looks.iter();
    match looks.find(|look| (look.of, look.key) == (of, key)) {
        None => Err(Box::new(Finding::unknown(
            Aspect::Memory,
            None,
            format!("not judged: {what} was not looked at"),
        ))),
        Some(look) if !look.taken => {
            let moment = match after {
                After::Exits(name) => format!("{name} ended"),
                After::Waits(name) => format!("{name} waited"),
                After::Listens(name) => format!("{name} was ready"),
                After::Clock(_) => format!("{after} had passed"),
            };
            let name = after.actor();
            let index = name.and_then(|name| facts.copies(name).first().copied());
            let why = index
                .and_then(|index| facts.fate(index))
                .map(|fate| format!(": {fate}"))
                .unwrap_or_default();
            Err(Box::new(Finding::fail(
                Aspect::Memory,
                name,
                format!("the moment to look at {what} never came, that {moment}{why}"),
            )))
        }
        Some(look) => Ok(look),
    }
}

fn segment(facts: Facts<'_>, state: &ShmState) -> Vec<Finding> {
    let key = state.key;
    let fields = [
        state.size.is_some(),
        state.mode.is_some(),
        state.holds.is_some(),
    ];
    let described = fields.into_iter().filter(|field| *field).count();
    let seen = match segment_of(facts, state) {
        Ok(seen) => seen,
        Err(finding) if described > 0 || state.exists.is_some() => return vec![*finding],
        Err(_) => return Vec::new(),
    };
    let mut findings = Vec::new();
    match (state.exists, seen) {
        (Some(false), None) => findings.push(pass(format!("there is no segment with key {key}"))),
        (Some(false), Some(segment)) => {
            let user = user_of(facts, segment);
            let why = match &user {
                Some((_, who, n)) => {
                    format!(": {who} got it at #{n} and never called shmctl(IPC_RMID)")
                }
                None => String::new(),
            };
            let name = user
                .as_ref()
                .and_then(|(index, _, _)| facts.actor(*index))
                .map(|actor| actor.name.as_str());
            let finding = Finding::fail(
                Aspect::Memory,
                name,
                format!("the segment with key {key} is still there{why}"),
            );
            return vec![finding.citing(user.map(|(_, _, n)| n))];
        }
        (Some(true), Some(_)) => findings.push(pass(format!("there is a segment with key {key}"))),
        (_, None) => {
            let (actor, why, cite) = match removed(facts, key)
                .or_else(|| other_key(facts, key))
                .or_else(|| no_segment(facts))
            {
                Some((actor, why, n)) => {
                    (Some(actor), format!(": {why}"), Some(n).filter(|n| *n > 0))
                }
                None => (None, String::new(), None),
            };
            let name = actor
                .and_then(|actor| facts.actor(actor))
                .map(|actor| actor.name.as_str());
            let finding = Finding::fail(
                Aspect::Memory,
                name,
                format!("there is no segment with key {key}{why}"),
            )
            .citing(cite);
            return vec![finding];
        }
        (None, Some(_)) => {}
    }
    let Some(segment) = seen else { return findings };
    let maker = facts.evidence.trace.iter().find(|call| {
        call.name == "shmget"
            && call
                .returned
                .as_ref()
                .is_some_and(|returned| returned.value == i64::from(segment.shmid))
    });
    let cite = maker.map(|call| call.n);
    if let Some(wanted) = &state.size {
        let seen = count(segment.size, "byte");
        findings.push(match Range::of(wanted) {
            Some(wanted) if wanted.has(segment.size) => {
                pass(format!("the segment with key {key} has {seen}"))
            }
            Some(wanted) => fail(format!(
                "the segment with key {key} has {seen} instead of {}",
                wanted.text()
            ))
            .expecting(wanted.counted("byte"), seen)
            .citing(cite),
            None => no_number(Aspect::Memory),
        });
    }
    if let Some(wanted) = state.mode {
        findings.push(if segment.mode == wanted {
            pass(format!("the segment with key {key} has mode {wanted:04o}"))
        } else {
            fail(format!(
                "the segment with key {key} has mode {:04o} instead of {wanted:04o}{}",
                segment.mode,
                misread_mode(segment.mode, wanted)
            ))
            .expecting(format!("{wanted:04o}"), format!("{:04o}", segment.mode))
            .citing(cite)
        });
    }
    if let Some(wanted) = &state.holds {
        findings.push(match facts.text(wanted, None) {
            Ok(text) => holds(segment, text.as_bytes()),
            Err(Unfilled::Trouble(why) | Unfilled::Never(why)) => {
                Finding::unknown(Aspect::Memory, None, format!("not judged: {why}"))
            }
        });
    }
    findings
}

fn holds(segment: &Segment, wanted: &[u8]) -> Finding {
    let key = segment.key;
    let seen = segment
        .holds
        .0
        .get(..wanted.len())
        .unwrap_or(&segment.holds.0);
    if seen == wanted {
        return pass(format!(
            "the segment with key {key} holds {}",
            quoted_bytes(wanted)
        ));
    }
    if seen.len() < wanted.len() && !segment.whole && wanted.starts_with(seen) {
        let why = format!(
            "what the segment with key {key} holds is not proved: only its first {} were kept",
            count(seen.len() as u64, "byte")
        );
        return fail(why);
    }
    let offset = wanted.iter().zip(seen).take_while(|(a, b)| a == b).count();
    let at = |bytes: &[u8]| {
        bytes
            .get(offset)
            .map_or_else(|| "nothing".to_owned(), |byte| format!("0x{byte:02x}"))
    };
    let why = if seen.iter().all(|byte| *byte == 0) {
        ": nothing was stored in it".to_owned()
    } else if wanted
        .strip_suffix(b"\0")
        .is_some_and(|text| seen.starts_with(text))
    {
        ": the string has no NUL at its end".to_owned()
    } else {
        format!(": byte {offset} is {} instead of {}", at(seen), at(wanted))
    };
    fail(format!(
        "the segment with key {key} does not hold {}{why}",
        quoted_bytes(wanted)
    ))
    .expecting(quoted_bytes(wanted), quoted_bytes(seen))
    .with(byte(wanted, seen))
}

/// `: 644 without a 0 before it is decimal`
fn misread_mode(seen: u32, wanted: u32) -> String {
    let digits = format!("{wanted:o}");
    match digits.parse::<u32>() {
        Ok(decimal) if decimal & 0o777 == seen => {
            format!(": {digits} without a 0 in front is decimal, a mode is octal (0{digits})")
        }
        Ok(_) | Err(_) => String::new(),
    }
}

/// The student's program that removed a segment which was there before, and which it had not got by its key.
fn removed(facts: Facts<'_>, key: i32) -> Option<(usize, String, u32)> {
    let mut given = facts.case.given.shm.iter();
    if !given.any(|given| given.key == key) {
        return None;
    }
    facts.evidence.trace.iter().find_map(|call| {
        let is_it = call.name == "shmctl"
            && call.errno().is_none()
            && call.args.iter().any(|arg| arg.has("IPC_RMID"))
            && facts.is_student(call.actor);
        let id = call.args.first().and_then(Arg::number).filter(|_| is_it)?;
        // What it got for another key is another segment.
        let is_other = facts.calls(call.actor).any(|get| {
            let got = get.returned.as_ref().map(|returned| returned.value);
            let asked = get.argument(ArgKind::Key).and_then(Arg::number);
            get.name == "shmget" && got == Some(id) && asked != Some(i64::from(key))
        });
        let message = || {
            let who = facts.who(call.actor);
            format!("{who} removed it by shmctl(IPC_RMID) at #{}", call.n)
        };
        (!is_other).then(|| (call.actor, message(), call.n))
    })
}

/// The student's program that worked with another key: its index, what it did, in which call.
pub(crate) fn other_key(facts: Facts<'_>, key: i32) -> Option<(usize, String, u32)> {
    facts.evidence.trace.iter().find_map(|call| {
        let seen = call
            .argument(ArgKind::Key)
            .and_then(Arg::number)
            .filter(|seen| *seen != i64::from(key))?;
        let done = call
            .returned
            .as_ref()
            .is_some_and(|returned| returned.value >= 0);
        (call.name == "shmget" && done && facts.is_student(call.actor)).then(|| {
            (
                call.actor,
                format!("{} used {}", facts.who(call.actor), wrong_key(seen, key)),
                call.n,
            )
        })
    })
}

/// The student's program that got no segment at all.
fn no_segment(facts: Facts<'_>) -> Option<(usize, String, u32)> {
    let students = (0..facts.evidence.actors.len()).filter(|index| facts.is_student(*index));
    students.into_iter().find_map(|index| {
        let who = facts.who(index);
        let mut calls = facts
            .calls(index)
            .filter(|call| call.name == "shmget")
            .peekable();
        if calls.peek().is_none() {
            let fate = facts
                .fate(index)
                .map(|fate| format!(", {fate}"))
                .unwrap_or_default();
            return Some((index, format!("{who} never called shmget(){fate}"), 0));
        }
        let failed = calls.find(|call| {
            call.returned
                .as_ref()
                .is_some_and(|returned| returned.value < 0)
        })?;
        Some((
            index,
            format!(
                "{who} got none, {}{}",
                facts.failure(failed),
                unmade(failed)
            ),
            failed.n,
        ))
    })
}

/// What to say of a call that looked for a segment and should have made it.
fn unmade(call: &Call) -> &'static str {
    let makes = call.args.iter().any(|arg| arg.has("IPC_CREAT"));
    match !makes && call.errno() == Some(Errno::ENOENT) {
        true => ": shmget() makes one only with IPC_CREAT",
        false => "",
    }
}

/// The student's program that worked with this segment last.
fn user_of(facts: Facts<'_>, segment: &Segment) -> Option<(usize, String, u32)> {
    let got = facts.evidence.trace.iter().rev().find(|call| {
        call.name == "shmget"
            && call
                .returned
                .as_ref()
                .is_some_and(|returned| returned.value == i64::from(segment.shmid))
            && facts.is_student(call.actor)
    })?;
    Some((got.actor, facts.who(got.actor), got.n))
}

fn pass(text: String) -> Finding {
    Finding::pass(Aspect::Memory, None, text)
}

fn fail(text: String) -> Finding {
    Finding::fail(Aspect::Memory, None, text)
}
