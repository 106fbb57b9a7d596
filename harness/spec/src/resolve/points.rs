//! Points: what a case is worth, and whether everything that earns or costs something is there.

use super::context::Context;
use crate::names::nearest;
use crate::raw::{AmountForm, CountForm, ExitForm, PointsForm, RawCase, RawShm, SanitizeForm};
use crate::tree::Span;
use crate::{Aspect, Case, Points};

/// More than this is a slip of the finger.
const POINTS_MAX: i64 = 10_000;

/// Resolves what a case is worth.
pub(crate) fn points(raw: &RawCase, context: &mut Context<'_>) -> Points {
    let mut checked = |value: i64, span: &Span| {
        if !(1..=POINTS_MAX).contains(&value) {
            context
                .diagnostics
                .error(span, format!("points are a number from 1 to {POINTS_MAX}"));
        }
        u32::try_from(value.clamp(0, POINTS_MAX)).unwrap_or(0)
    };
    match &raw.points {
        None if !raw.lacks("points") => Points::Whole(0),
        None => {
            context
                .diagnostics
                .error(&raw.span, "this case has no `points`")
                .help("write points = 2, or points = { output = 1, exit = 1 }")
                .consequence();
            Points::Whole(0)
        }
        Some(PointsForm::Whole(number)) => Points::Whole(checked(number.value, &number.span)),
        Some(PointsForm::Split(table)) => {
            let mut parts = Vec::new();
            for (name, number) in table.iter() {
                let points = checked(number.value, &number.span);
                if let Some(aspect) = Aspect::ALL
                    .into_iter()
                    .find(|aspect| aspect.name() == name.value)
                {
                    parts.push((aspect, points));
                }
            }
            for (name, _) in table.iter() {
                let known = Aspect::ALL.map(Aspect::name);
                if known.contains(&name.value.as_str()) {
                    continue;
                }
                let diagnostic = context
                    .diagnostics
                    .error(&name.span, format!("there is no aspect `{}`", name.value));
                if name.value == "total" {
                    diagnostic.help("the total is the sum of the parts");
                } else {
                    diagnostic
                        .help(format!("known here: {}", known.join(", ")))
                        .suggest(nearest(&name.value, known));
                }
            }
            if table.entries.is_empty() {
                context
                    .diagnostics
                    .error(&table.span, "no aspect has any points")
                    .consequence();
            }
            Points::Split(parts)
        }
    }
}

/// Complains about points for an aspect that nothing is expected of, and warns of expectations that cost nothing.
pub(crate) fn add_up(raw: &RawCase, case: &Case, context: &mut Context<'_>) {
    let (Some(PointsForm::Split(table)), Points::Split(parts)) = (&raw.points, &case.points) else {
        return;
    };
    let expected = expected(raw, case.everywhere);
    for (name, number) in table.iter() {
        let unexpected = parts
            .iter()
            .any(|(aspect, _)| aspect.name() == name.value && !expected.contains(aspect));
        if unexpected {
            context
                .diagnostics
                .error(
                    &name.span,
                    format!(
                        "{} for `{}`, of which this case expects nothing",
                        count(number.value),
                        name.value
                    ),
                )
                .help(what_earns(&name.value))
                .consequence();
        }
    }
    // A misspelt aspect is not one that the author forgot.
    let all_known = table.entries.len() == parts.len();
    for (aspect, span, what) in written(raw, case).into_iter().filter(|_| all_known) {
        if !case.points.grades(aspect) {
            context
                .diagnostics
                .warning(
                    &span,
                    format!(
                        "`{what}` earns nothing here: `points` has no `{}`",
                        aspect.name()
                    ),
                )
                .also(table.span.clone(), "the points");
        }
    }
}

/// What an author writes, or takes away, where points are for nothing.
fn what_earns(aspect: &str) -> String {
    let what = match aspect {
        "output" => "what is printed is not looked at: expect `stdout`, `stderr` or `files`",
        "bytes" => "what crosses is not looked at: expect a `wire`",
        "exit" => "how programs end is not looked at: write exit = 0 in the actor",
        "calls" => "expect `calls`, `listens`, `processes`, `mappings` or `signals`",
        "memory" => {
            "expect `shm`, `sem`, `msg`, `posix_sem`, `posix_mq` or `interleave`, or write sanitize = true"
        }
        _ => "nothing of the kind is expected",
    };
    format!("{what}; or take these points away")
}

fn count(points: i64) -> String {
    if points == 1 {
        "1 point".to_owned()
    } else {
        format!("{points} points")
    }
}

/// The aspects that some finding of this case can be about. What could not be read counts: it has been complained about.
fn expected(raw: &RawCase, everywhere: bool) -> Vec<Aspect> {
    // Silence means that nothing may be left behind, and every program must build.
    let mut aspects = vec![Aspect::Build, Aspect::Cleanup];
    let mut add = |when: bool, aspect: Aspect| {
        if when {
            aspects.push(aspect);
        }
    };
    for aspect in [Aspect::Output, Aspect::Bytes, Aspect::Exit] {
        add(raw.oracle.is_some(), aspect);
    }
    for (_, actor) in raw.actor.iter().flat_map(|actors| actors.iter()) {
        let any = matches!(&actor.exit, Some(ExitForm::Word(word)) if word.value == "any");
        let printed = actor.stdout.is_some() || actor.stderr.is_some();
        add(
            (actor.exit.is_some() && !any) || !actor.lacks("exit"),
            Aspect::Exit,
        );
        add(
            printed || !actor.lacks("stdout") || !actor.lacks("stderr"),
            Aspect::Output,
        );
        let student = actor.student.is_some() || !actor.lacks("student");
        let listens = actor.listens.is_some() || !actor.lacks("listens");
        add(student && listens, Aspect::Calls);
        for step in actor.peer.iter().flat_map(|steps| &steps.items) {
            let mut words = step.value.split_whitespace();
            match (words.next(), words.next()) {
                (Some("recv"), _) | (Some("msg" | "fifo" | "each"), Some("recv")) => {
                    add(true, Aspect::Bytes);
                }
                (Some("shm"), Some("read")) => add(true, Aspect::Memory),
                _ => {}
            }
        }
    }
    add(raw.wire.is_some() || !raw.lacks("wire"), Aspect::Bytes);
    add(raw.calls.is_some() || !raw.lacks("calls"), Aspect::Calls);
    for (aspect, ..) in of_objects(raw) {
        add(true, aspect);
    }
    let in_memory = |shm: &RawShm| {
        let exists = shm.exists.is_some() && gone_is(shm, everywhere) == Aspect::Memory;
        let said = exists || shm.size.is_some() || shm.mode.is_some() || shm.holds.is_some();
        said || !shm.unread.is_empty()
    };
    let some_in_memory = raw
        .shm
        .iter()
        .flat_map(|shm| shm.iter())
        .any(|(_, shm)| in_memory(shm));
    let sanitizers = raw.sanitize.as_ref().and_then(SanitizeForm::sanitizers);
    add(
        some_in_memory
            || sanitizers.is_some()
            || raw.interleave.is_some()
            || ["shm", "sanitize", "interleave"]
                .iter()
                .any(|key| !raw.lacks(key)),
        Aspect::Memory,
    );
    aspects
}

/// Expectations as they are written in the file: their aspect, where, and what they are called there. `listens` is not
/// among them: it is the starting gun of the next actor, too.
fn written(raw: &RawCase, case: &Case) -> Vec<(Aspect, Span, String)> {
    let mut found = Vec::new();
    for (name, actor) in raw.actor.iter().flat_map(|actors| actors.iter()) {
        let mut add = |aspect, span: &Span, key: &str| {
            found.push((aspect, span.clone(), format!("{}.{key}", name.value)));
        };
        if let Some(form) = &actor.stdout {
            add(Aspect::Output, form.span(), "stdout");
        }
        if let Some(form) = &actor.stderr {
            add(Aspect::Output, form.span(), "stderr");
        }
        match &actor.exit {
            Some(ExitForm::Word(word)) if word.value == "any" => {}
            // What must still serve at the end is the others' ground to stand on, as `listens` is.
            Some(ExitForm::Word(word)) if word.value == "running" => {}
            Some(form) => add(Aspect::Exit, form.span(), "exit"),
            None => {}
        }
    }
    for (name, form) in raw.wire.iter().flat_map(|wire| wire.iter()) {
        let span = match form {
            crate::raw::WireForm::Messages(many) => &many.span,
            crate::raw::WireForm::Table(table) => {
                let side = [&table.bytes, &table.sent, &table.received]
                    .into_iter()
                    .flatten()
                    .next();
                side.map_or(&table.span, AmountForm::span)
            }
        };
        found.push((
            Aspect::Bytes,
            span.clone(),
            format!("wire.\"{}\"", name.value),
        ));
    }
    for (name, many) in raw.calls.iter().flat_map(|calls| calls.iter()) {
        found.push((
            Aspect::Calls,
            many.span.clone(),
            format!("calls.{}", name.value),
        ));
    }
    for (name, shm) in raw.shm.iter().flat_map(|shm| shm.iter()) {
        if let Some(attached) = &shm.attached {
            found.push((
                Aspect::Cleanup,
                attached.span().clone(),
                format!("shm.{}.attached", name.value),
            ));
        }
        let memory = [
            shm.exists.as_ref().map(|at| (&at.span, "exists")),
            shm.size.as_ref().map(|size| (size.span(), "size")),
            shm.mode.as_ref().map(|mode| (&mode.0.span, "mode")),
            shm.holds.as_ref().map(|at| (&at.span, "holds")),
        ];
        if let Some((span, key)) = memory.into_iter().flatten().next() {
            found.push((
                gone_is(shm, case.everywhere),
                span.clone(),
                format!("shm.{}.{key}", name.value),
            ));
        }
    }
    found.extend(of_objects(raw));
    if let Some(must) = raw.leaves.as_ref().and_then(|leaves| leaves.must.as_ref()) {
        found.push((Aspect::Cleanup, must.span.clone(), "leaves.must".to_owned()));
    }
    if let (Some(sanitize), Some(_)) = (&raw.sanitize, case.sanitize) {
        let place = sanitize.span().clone();
        found.push((Aspect::Memory, place, "sanitize".to_owned()));
    }
    if let (Some(interleave), false) = (&raw.interleave, case.shares_signals()) {
        found.push((
            Aspect::Memory,
            interleave.span().clone(),
            "interleave".to_owned(),
        ));
    }
    found
}

/// The counts of a table that are there, each with what it is called.
fn counted<const N: usize>(
    table: &'static str,
    counts: [(Aspect, &Option<CountForm>, &'static str); N],
) -> impl Iterator<Item = (Aspect, Span, String)> {
    counts.into_iter().filter_map(move |(aspect, form, key)| {
        let span = form.as_ref()?.span().clone();
        Some((aspect, span, format!("{table}.{key}")))
    })
}

/// Expectations about processes, descriptors, mappings and files.
fn of_objects(raw: &RawCase) -> Vec<(Aspect, Span, String)> {
    let mut found = Vec::new();
    for table in raw.processes.iter().flat_map(|tables| &tables.0) {
        let counts = [
            (Aspect::Calls, &table.total, "total"),
            (Aspect::Calls, &table.children, "children"),
            (Aspect::Calls, &table.threads, "threads"),
            (Aspect::Cleanup, &table.unjoined, "unjoined"),
            (Aspect::Cleanup, &table.zombies, "zombies"),
            (Aspect::Cleanup, &table.orphans, "orphans"),
        ];
        found.extend(counted("processes", counts));
        if let Some(runs) = &table.runs {
            found.push((
                Aspect::Calls,
                runs.span.clone(),
                "processes.runs".to_owned(),
            ));
        }
        if let Some(environment) = &table.environment {
            found.push((
                Aspect::Calls,
                environment.span.clone(),
                "processes.environment".to_owned(),
            ));
        }
        if table.ends.is_some() {
            found.push((
                Aspect::Exit,
                table.span.clone(),
                "processes.ends".to_owned(),
            ));
        }
    }
    for table in raw.descriptors.iter().flat_map(|tables| &tables.0) {
        let counts = [
            (Aspect::Cleanup, &table.at_exec, "at_exec"),
            (Aspect::Cleanup, &table.at_wait, "at_wait"),
            (Aspect::Cleanup, &table.at_end, "at_end"),
            (Aspect::Calls, &table.passes, "passes"),
            (Aspect::Calls, &table.receives, "receives"),
        ];
        found.extend(counted("descriptors", counts));
    }
    for table in raw.mappings.iter().flat_map(|tables| &tables.0) {
        let counts = [
            (Aspect::Calls, &table.shared, "shared"),
            (Aspect::Calls, &table.private, "private"),
            (Aspect::Calls, &table.writable, "writable"),
            (Aspect::Calls, &table.at_once, "at_once"),
            (Aspect::Cleanup, &table.at_wait, "at_wait"),
            (Aspect::Cleanup, &table.at_end, "at_end"),
        ];
        found.extend(counted("mappings", counts));
    }
    for table in raw.signals.iter().flat_map(|tables| &tables.0) {
        found.push((Aspect::Calls, table.span.clone(), "signals".to_owned()));
    }
    for (path, file) in raw.files.iter().flat_map(|files| files.iter()) {
        let gone = file.exists.as_ref().is_some_and(|exists| !exists.value);
        let aspect = match gone {
            true => Aspect::Cleanup,
            false => Aspect::Output,
        };
        let name = format!("files.\"{}\"", path.value);
        let calls = [
            file.locked.as_ref().map(|locked| (&locked.span, "locked")),
            file.walked.as_ref().map(|walked| (&walked.span, "walked")),
        ];
        let calls = calls.into_iter().flatten();
        found.extend(
            calls
                .clone()
                .map(|(span, key)| (Aspect::Calls, span.clone(), format!("{name}.{key}"))),
        );
        // That there must be such a file is said by each of them, and need not earn anything.
        let says_more = file.says_more_than_calls();
        if says_more || calls.count() == 0 {
            found.push((aspect, path.span.clone(), name));
        }
    }
    for (key, sem) in raw.sem.iter().flat_map(|sem| sem.iter()) {
        found.push((
            of_state(&sem.exists),
            key.span.clone(),
            format!("sem.{}", key.value),
        ));
    }
    for (key, msg) in raw.msg.iter().flat_map(|msg| msg.iter()) {
        found.push((
            of_state(&msg.exists),
            key.span.clone(),
            format!("msg.{}", key.value),
        ));
    }
    for (name, sem) in raw.posix_sem.iter().flat_map(|sem| sem.iter()) {
        found.push((
            of_state(&sem.exists),
            name.span.clone(),
            format!("posix_sem.\"{}\"", name.value),
        ));
    }
    for (name, queue) in raw.posix_mq.iter().flat_map(|queue| queue.iter()) {
        found.push((
            of_state(&queue.exists),
            name.span.clone(),
            format!("posix_mq.\"{}\"", name.value),
        ));
    }
    found
}

/// What the state of a segment earns. In format 1, that there is none is memory, too.
fn gone_is(shm: &RawShm, everywhere: bool) -> Aspect {
    match everywhere {
        true => of_state(&shm.exists),
        false => Aspect::Memory,
    }
}

/// What must be gone is cleaning up; what an object holds is memory.
fn of_state(exists: &Option<crate::raw::At<bool>>) -> Aspect {
    match exists.as_ref().is_some_and(|exists| !exists.value) {
        true => Aspect::Cleanup,
        false => Aspect::Memory,
    }
}

impl crate::raw::RawFile {
    /// Whether something is expected of the file beside what is done to it by calls.
    fn says_more_than_calls(&self) -> bool {
        self.exists.is_some()
            || self.kind.is_some()
            || self.holds.is_some()
            || self.same_as.is_some()
            || self.size.is_some()
            || self.mode.is_some()
            || self.links.is_some()
            || self.blocks.is_some()
            || self.holes.is_some()
            || self.target.is_some()
            || self.owner.is_some()
    }
}

impl crate::raw::OutputForm {
    fn span(&self) -> &Span {
        match self {
            Self::Transcript(text) => &text.span,
            Self::Table(table) => &table.span,
        }
    }
}
