//! Mistakes: what each finding of a run comes from, read off the evidence and not off the words of findings.
//!
//! A program that died, serves another port or went on after a failed call has further findings that follow. They all get
//! the program's first mistake, by the order of [`MistakeKind`]. `ipclab_verdict` puts the mistakes of all cases together.

use ipclab_evidence::{Arg, ArgKind, Call, Exit, canonical};
use ipclab_spec::{
    Aspect, Endpoint, ExitExpectation, Leftover, Named, OutputExpectation, Player, Sanitizers,
};

use crate::exit::is_cause;
use crate::facts::Facts;
use crate::finding::{Finding, Mistake, MistakeKind, NUL_MISSING, Verdict};
use crate::listening::wrong_key;
use crate::quote;

/// Says of each finding that did not pass which mistake it comes from.
pub(crate) fn attribute(findings: &mut [Finding], facts: Facts<'_>) {
    let actors = 0..facts.evidence.actors.len();
    let students: Vec<usize> = actors.filter(|index| facts.is_student(*index)).collect();
    let mistakes: Vec<(usize, Mistake)> = students
        .iter()
        .filter_map(|index| Some((*index, of_actor(facts, *index, findings)?)))
        .collect();
    // The mistake that others of the run follow from.
    let first = mistakes.iter().min_by_key(|(_, mistake)| mistake.kind);
    let chosen: Vec<Option<Mistake>> = findings
        .iter()
        .map(|finding| match finding.verdict {
            Verdict::Pass => None,
            Verdict::Fail | Verdict::Unknown | Verdict::Skipped => {
                let copies = finding.actor.as_deref().map(|name| facts.copies(name));
                let own = copies
                    .and_then(|copies| mistakes.iter().find(|(index, _)| copies.contains(index)));
                let own = own.map(|(_, mistake)| mistake);
                match (own, first) {
                    // A program that others keep from its work shows it in how it behaves.
                    (Some(own), Some((_, first)))
                        if is_symptom(own.kind) && is_root(first.kind) =>
                    {
                        Some(first.clone())
                    }
                    (Some(own), _) => Some(own.clone()),
                    (None, Some((_, first))) => Some(first.clone()),
                    (None, None) => Some(behaviour(facts, &students, finding.aspect)),
                }
            }
        })
        .collect();
    for (finding, mistake) in findings.iter_mut().zip(chosen) {
        finding.mistake = mistake.map(|mistake| Mistake {
            says: mistake.says.map(|says| quote::clean(&says, false)),
            ..mistake
        });
    }
}

/// What keeps other programs from their work.
fn is_root(kind: MistakeKind) -> bool {
    kind <= MistakeKind::Limit
}

/// What another program's mistake may bring about.
fn is_symptom(kind: MistakeKind) -> bool {
    matches!(
        kind,
        MistakeKind::Waits | MistakeKind::Behaviour | MistakeKind::Silent | MistakeKind::Unchecked
    )
}

fn behaviour(facts: Facts<'_>, students: &[usize], aspect: Aspect) -> Mistake {
    let programs: Vec<String> = students
        .iter()
        .filter_map(|index| program(facts, *index))
        .collect();
    let one = programs
        .first()
        .filter(|first| programs.iter().all(|program| program == *first));
    Mistake {
        kind: MistakeKind::Behaviour,
        program: one.cloned(),
        detail: aspect.name().to_owned(),
        says: None,
    }
}

fn program(facts: Facts<'_>, index: usize) -> Option<String> {
    match &facts.role(index)?.player {
        Player::Student { program, .. } => Some(program.clone()),
        Player::Reference { .. } | Player::Peer { .. } => None,
    }
}

/// The first mistake of this actor, in the order of the kinds.
fn of_actor(facts: Facts<'_>, index: usize, findings: &[Finding]) -> Option<Mistake> {
    let mistake = |kind, detail: &str| Mistake {
        kind,
        program: program(facts, index),
        detail: detail.to_owned(),
        says: None,
    };
    let name = facts.actor(index).map(|actor| actor.name.as_str())?;
    let failed = || {
        let failed = findings
            .iter()
            .filter(|finding| finding.verdict != Verdict::Pass);
        failed.filter(|finding| finding.actor.as_deref() == Some(name))
    };
    let missed = |aspect: Aspect| failed().any(|finding| finding.aspect == aspect);
    if let Some((detail, says)) = another_place(facts, index) {
        return Some(Mistake {
            says: Some(says),
            ..mistake(MistakeKind::Place, detail)
        });
    }
    if facts.case.sanitize.is_some() && missed(Aspect::Memory) {
        let detail = match facts.case.sanitize {
            Some(Sanitizers::Threads) => "race",
            Some(Sanitizers::Memory) | None => "",
        };
        return Some(mistake(MistakeKind::Memory, detail));
    }
    let exit = &facts.actor(index)?.exit;
    if is_cause(facts, index) {
        match exit {
            Exit::Signal { name, .. } => return Some(mistake(MistakeKind::Crash, name)),
            Exit::Stopped(_) => return Some(mistake(MistakeKind::Limit, "")),
            Exit::NotStarted | Exit::NotExecuted(_) | Exit::Code(_) | Exit::Running { .. } => {}
        }
    }
    if failed().any(|finding| finding.message.contains(NUL_MISSING)) {
        return Some(mistake(MistakeKind::Nul, ""));
    }
    let role = facts.role(index)?;
    let must_fail = role.exit == Some(ExitExpectation::Failure);
    if must_fail && failed().next().is_some() {
        let says = role.stderr.iter().any(|wanted| {
            matches!(
                wanted,
                OutputExpectation::Contains(_)
                    | OutputExpectation::AnyOf(_)
                    | OutputExpectation::Regex(_)
            )
        });
        let silent = says && missed(Aspect::Output);
        // Where nothing failed for it, it has no error to handle: it does something else than it should.
        if facts.first_failure(index).is_none() && silent {
            let aspect = failed().next().map_or("", |finding| finding.aspect.name());
            return Some(mistake(MistakeKind::Behaviour, aspect));
        }
        let call = unchecked(facts, index).unwrap_or("");
        return Some(match (missed(Aspect::Exit), silent) {
            (true, false) if matches!(exit, Exit::Code(0)) => mistake(MistakeKind::Status, call),
            (true, _) => mistake(MistakeKind::Unchecked, call),
            (false, true) => mistake(MistakeKind::Silent, call),
            (false, false) => {
                let aspect = failed().next().map_or("", |finding| finding.aspect.name());
                mistake(MistakeKind::Behaviour, aspect)
            }
        });
    }
    if is_cause(facts, index) {
        return Some(mistake(MistakeKind::Waits, ""));
    }
    let first = failed().next()?;
    Some(mistake(MistakeKind::Behaviour, first.aspect.name()))
}

/// Another port, address, path or key than the case's, and what to say of it.
fn another_place(facts: Facts<'_>, index: usize) -> Option<(&'static str, String)> {
    if let Some((seen, wanted)) = another_key(facts, index) {
        let who = facts.who(index);
        return Some(("key", format!("{who} used {}", wrong_key(seen, wanted))));
    }
    if let Some(service) = facts.service(index).filter(|service| !service.exact) {
        let call = facts
            .calls(index)
            .find(|call| Some(call.n) == service.cite)?;
        return call
            .errno()
            .is_none()
            .then_some(("service", service.message));
    }
    if let Some((why, _)) = confined(facts, index) {
        return Some(("address", why));
    }
    facts.misdirected(index).map(|(why, _)| ("target", why))
}

/// Why a program of ours could not reach this server, which serves its port at another address only; and the call that bound it.
fn confined(facts: Facts<'_>, index: usize) -> Option<(String, u32)> {
    // One that got through after a refusal tried several addresses of a name.
    let got_through = |client: usize| {
        let mut connects = facts.calls(client).filter(|call| call.name == "connect");
        connects.any(|call| call.errno().is_none())
    };
    let others = (0..facts.evidence.actors.len()).filter(|other| !facts.is_student(*other));
    let mut refused = others.filter(|client| !got_through(*client));
    refused.find_map(|client| facts.out_of_reach(client, index))
}

/// The call in which a program names another place than the case's.
pub(crate) fn names_place<'a>(facts: Facts<'a>, index: usize) -> Option<&'a Call> {
    let key = another_key(facts, index).map(|(seen, _)| seen);
    let mut calls = facts.calls(index);
    if let Some(key) = key {
        return calls.find(|call| {
            let is_get = GETS.contains(&call.name.as_str());
            is_get && call.argument(ArgKind::Key).and_then(Arg::number) == Some(key)
        });
    }
    let cite = facts.service(index).filter(|service| !service.exact);
    let n = match cite {
        Some(service) => service.cite?,
        None => {
            confined(facts, index)
                .or_else(|| facts.misdirected(index))?
                .1
        }
    };
    calls.find(|call| call.n == n)
}

/// Calls that get an object by its key.
const GETS: [&str; 3] = ["shmget", "semget", "msgget"];

/// A key that neither the case nor a program of ours uses for objects of one kind, where they use some.
fn another_key(facts: Facts<'_>, index: usize) -> Option<(i64, i32)> {
    GETS.iter()
        .find_map(|get| another_key_of(facts, index, get))
}

fn another_key_of(facts: Facts<'_>, index: usize, get: &str) -> Option<(i64, i32)> {
    let case = facts.case;
    let mut named: Vec<i32> = match get {
        "shmget" => {
            let given = case.given.shm.iter().map(|given| given.key);
            given
                .chain(case.shm.iter().map(|state| state.key))
                .collect()
        }
        "semget" => {
            let given = case.given.sem.iter().map(|given| given.key);
            let states = case.objects.sem.iter().map(|state| state.key);
            given.chain(states).collect()
        }
        _ => {
            let given = case.given.msg.iter().map(|given| given.key);
            let states = case.objects.msg.iter().map(|state| state.key);
            given.chain(states).collect()
        }
    };
    for actor in &case.actors {
        if let (Some(Endpoint::Shm(key)), "shmget") = (&actor.listens, get) {
            named.push(*key);
        }
    }
    for left in case.leaves.must.iter().chain(&case.leaves.may) {
        let left = match (left, get) {
            (Leftover::Shm(left), "shmget")
            | (Leftover::Sem(left), "semget")
            | (Leftover::Msg(left), "msgget") => left,
            _ => continue,
        };
        match left {
            Named::Key(key) => named.push(*key),
            // Any key is right here.
            Named::Private | Named::Any => return None,
        }
    }
    let keys = |actor: usize| {
        let calls = facts.calls(actor).filter(|call| call.name == get);
        calls.filter_map(|call| call.argument(ArgKind::Key)?.number())
    };
    for other in (0..facts.evidence.actors.len()).filter(|other| !facts.is_student(*other)) {
        named.extend(keys(other).filter_map(|key| i32::try_from(key).ok()));
    }
    let wanted = named.first().copied()?;
    // A set or queue of the program's own is nothing that others look for.
    let mut seen = keys(index).filter(|key| *key != 0 || get == "shmget");
    let seen = seen.find(|key| named.iter().all(|named| i64::from(*named) != *key))?;
    Some((seen, wanted))
}

/// The call whose failure went unnoticed, by the name that C has for it.
fn unchecked(facts: Facts<'_>, index: usize) -> Option<&str> {
    let call = facts.first_failure(index)?;
    Some(canonical(&call.name, Facts::on_socket(call)))
}
