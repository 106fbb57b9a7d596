//! Changes at the kernel boundary: `client recv: at most 5 bytes`, `server accept #1: EINTR`, `copy write or
//! copy_file_range from #2: ENOSPC`.

use std::ops::Range;
use std::path::{Component, Path};

use ipclab_evidence::{DescriptorKind, Occurrence, OpenOn, injectable, is_all_on_request};

use super::calls::known_call;
use super::context::known_actor;
use super::flaw::Flaw;
use super::scan::Scan;
use crate::names::{errnos, is_errno, is_signal, nearest, signals};
use crate::{Fault, FaultKind};

/// Reads one fault of a case: whose calls there are, whether its processes take turns, and whether names of calls mean
/// each such call, on whatever descriptor.
pub(crate) fn fault(
    text: &str,
    actors: &[String],
    turns: bool,
    everywhere: bool,
) -> Result<Fault, Flaw> {
    let form = "write \"ACTOR CALL: ERRNO\", \"ACTOR CALL #2: at most 5 bytes\", \"ACTOR CALL: SIGINT\", \
                \"ACTOR CALL on pipe: ERRNO\", \"ACTOR CALL on /tmp/a: ERRNO\", \"ACTOR CALL from #2: ERRNO\" or \"ACTOR CALL or CALL: ERRNO\"";
    let Some(colon) = text.find(':') else {
        return Err(Flaw::new(0..text.len(), "this does not say what shall happen").help(form));
    };
    let mut scan = Scan::new(&text[..colon]);
    let Some(actor) = scan.chunk() else {
        return Err(Flaw::new(0..text.len(), "this does not say whose call it is").help(form));
    };
    known_actor(actor, actors).map_err(|flaw| flaw.shifted(scan.last().start))?;
    let mut calls: Vec<(&str, Range<usize>)> = Vec::new();
    loop {
        let Some(call) = scan.name() else {
            return Err(scan.expected("the name of a call").help(form));
        };
        calls.push((call, scan.last()));
        if !scan.word("or") {
            break;
        }
    }
    for (call, at) in &calls {
        is_call_or_store(call, at, turns, calls.len() > 1)?;
    }
    let on = if scan.word("on") {
        Some(descriptor(&mut scan, &calls)?)
    } else {
        None
    };
    let onto = scan.last();
    let occurrence = occurrence(&mut scan)?;
    scan.end()?;
    let kind = kind(&text[colon + 1..]).map_err(|flaw| flaw.shifted(colon + 1))?;
    for (call, at) in &calls {
        can_happen(call, at, &kind)?;
        if let Some(OpenOn::Kind(on)) = &on
            && !on.can_meet(call, &kind.action())
        {
            return Err(never_happens(call, *on, &kind, onto));
        }
    }
    let is_store = calls.iter().any(|(call, _)| Fault::STORES.contains(call));
    let asked_for = calls.iter().any(|(call, _)| is_all_on_request(call));
    Ok(Fault {
        actor: actor.to_owned(),
        calls: calls.into_iter().map(|(call, _)| call.to_owned()).collect(),
        everywhere: everywhere || (!is_store && (on.is_some() || asked_for)),
        on,
        occurrence,
        kind,
    })
}

/// Complains about what is no call, and about `store` where nothing is seen of it.
fn is_call_or_store(
    call: &str,
    at: &Range<usize>,
    turns: bool,
    among_others: bool,
) -> Result<(), Flaw> {
    if !Fault::STORES.contains(&call) {
        return known_call(call, at.clone());
    }
    if among_others {
        return Err(Flaw::new(
            at.clone(),
            "a write to shared memory is no call: it stands alone",
        )
        .help("write \"ACTOR store #2: SIGKILL\", and a fault of its own for the calls"));
    }
    if !turns {
        return Err(Flaw::new(
            at.clone(),
            "writes to shared memory are only seen where processes take turns",
        )
        .help("write interleave = \"all\""));
    }
    Ok(())
}

/// Reads which of the calls are meant: `#2`, `from #2`, or nothing for all of them.
fn occurrence(scan: &mut Scan<'_>) -> Result<Occurrence, Flaw> {
    let from = scan.word("from");
    if !scan.sign("#") {
        return match from {
            true => Err(scan.expected("`#` and a number").help("write \"from #2\"")),
            false => Ok(Occurrence::Every),
        };
    }
    let nth = match scan.number()? {
        Some(nth) if (1..=i64::from(u32::MAX)).contains(&nth) => nth as u32,
        _ => return Err(Flaw::new(scan.last(), "occurrences count from 1")),
    };
    Ok(match from {
        true => Occurrence::From(nth),
        false => Occurrence::Nth(nth),
    })
}

/// Complains about what happens to no such call, whatever it works on.
fn can_happen(call: &str, at: &Range<usize>, kind: &FaultKind) -> Result<(), Flaw> {
    let complain = |message: String| Flaw::new(at.clone(), message);
    if Fault::STORES.contains(&call) {
        return match kind {
            FaultKind::Signal(_) => Ok(()),
            FaultKind::Errno(_) | FaultKind::AtMost(_) => Err(complain(
                "a write to shared memory is no call: it cannot fail, only be prevented by a signal"
                    .to_owned(),
            )
            .help("write \"ACTOR store #2: SIGKILL\"")),
        };
    }
    let possible = injectable(call);
    if !possible.fails {
        return Err(complain(format!(
            "{call}() never fails: the kernel does nothing of the kind to it"
        )));
    }
    if matches!(kind, FaultKind::AtMost(_)) && !possible.moves_fewer {
        return Err(complain(format!(
            "{call}() moves no bytes that could be fewer"
        )));
    }
    Ok(())
}

/// The complaint about what the kernel never does on such a descriptor.
fn never_happens(call: &str, on: DescriptorKind, kind: &FaultKind, at: Range<usize>) -> Flaw {
    let message = match kind {
        FaultKind::Errno(errno) => {
            format!(
                "the kernel never fails {call}() on a {} with {errno}",
                on.name()
            )
        }
        FaultKind::Signal(_) => {
            format!("no signal interrupts {call}() on a {}", on.name())
        }
        FaultKind::AtMost(_) => {
            format!("{call}() on a {} gives all that there is", on.name())
        }
    };
    Flaw::new(at, message).help("it happens on a pipe, a terminal or a socket; on a file, EIO can")
}

/// Reads the kind of descriptor that a fault is about, or the path of a file.
fn descriptor(scan: &mut Scan<'_>, calls: &[(&str, Range<usize>)]) -> Result<OpenOn, Flaw> {
    if scan.peek_sign("/") {
        let path = scan.chunk().unwrap_or_default().to_owned();
        let at = scan.last();
        has_descriptor(calls, &at)?;
        if Path::new(&path)
            .components()
            .any(|part| part == Component::ParentDir)
        {
            return Err(Flaw::new(at, "the path of a file has no `..` here")
                .help("write it as the kernel names it: /tmp/a"));
        }
        return Ok(OpenOn::Path(path));
    }
    let names = DescriptorKind::ALL.map(DescriptorKind::name);
    let Some(name) = scan.name() else {
        return Err(scan.expected(&format!("{} or a path", names.join(", "))));
    };
    let at = scan.last();
    let mut all = DescriptorKind::ALL.into_iter();
    let Some(kind) = all.find(|kind| kind.name() == name) else {
        return Err(
            Flaw::new(at, format!("a descriptor is open on no `{name}`"))
                .suggest(nearest(name, names))
                .help_if_none(&format!("known here: {}", names.join(", "))),
        );
    };
    has_descriptor(calls, &at)?;
    for (call, _) in calls {
        let possible = injectable(call).on;
        if !possible.contains(&kind) {
            let possible: Vec<&str> = possible.iter().map(|kind| kind.name()).collect();
            return Err(Flaw::new(at, format!("{call}() does nothing on a {name}"))
                .help(format!("it works on: {}", possible.join(", "))));
        }
    }
    Ok(OpenOn::Kind(kind))
}

/// Complains about a call that works on no descriptor.
fn has_descriptor(calls: &[(&str, Range<usize>)], at: &Range<usize>) -> Result<(), Flaw> {
    let without = |(call, _): &&(&str, Range<usize>)| injectable(call).on.is_empty();
    let Some((call, _)) = calls.iter().find(without) else {
        return Ok(());
    };
    let message = format!("a fault cannot say on what {call}() works");
    Err(Flaw::new(at.clone(), message).help(format!("write \"ACTOR {call}: ...\"")))
}

fn kind(text: &str) -> Result<FaultKind, Flaw> {
    let mut scan = Scan::new(text);
    if scan.word("at") {
        if !scan.word("most") {
            return Err(scan.expected("`most`"));
        }
        let bytes = match scan.number()? {
            Some(bytes) if bytes > 0 => bytes.unsigned_abs(),
            Some(_) => {
                return Err(Flaw::new(scan.last(), "at least 1 byte is moved")
                    .help("a call that moves nothing says that the other side has closed"));
            }
            None => return Err(scan.expected("a number of bytes")),
        };
        if !(scan.word("bytes") || scan.word("byte")) {
            return Err(scan.expected("`bytes`"));
        }
        scan.end()?;
        return Ok(FaultKind::AtMost(bytes));
    }
    let Some(name) = scan.name() else {
        return Err(scan.expected("an errno, a signal or `at most N bytes`"));
    };
    let named = scan.last();
    scan.end()?;
    if is_errno(name) {
        Ok(FaultKind::Errno(name.to_owned()))
    } else if is_signal(name) {
        Ok(FaultKind::Signal(name.to_owned()))
    } else {
        Err(Flaw::new(
            named,
            format!("there is neither an errno nor a signal `{name}`"),
        )
        .suggest(nearest(name, errnos().chain(signals()))))
    }
}
