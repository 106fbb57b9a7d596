//! What is expected of an actor's signals.

use super::context::Context;
use super::subject::subject;
use crate::names::{is_signal, nearest, signals as known_signals};
use crate::raw::{Many, RawCase, RawSignals};
use crate::{SIGNAL_MOMENTS, SignalsExpectation};
use ipclab_evidence::{SignalMoment, signal_number};

/// Signals with which no program can do anything.
const NEVER: [&str; 2] = ["SIGKILL", "SIGSTOP"];

/// Resolves all tables of a case.
pub(super) fn signals(
    raw: &RawCase,
    students: &[String],
    context: &mut Context<'_>,
) -> Vec<SignalsExpectation> {
    let tables = raw.signals.iter().flat_map(|tables| &tables.0);
    let tables: Vec<_> = tables
        .filter_map(|table| one(table, students, context))
        .collect();
    let handlers = raw.signals.iter().flat_map(|tables| &tables.0);
    let mut handlers = handlers.filter_map(|table| table.handlers.as_ref());
    if let (Some(handlers), true) = (handlers.next(), raw.interleave.is_some()) {
        context
            .diagnostics
            .error(
                &handlers.span,
                "handlers cannot be followed where processes go on one at a time",
            )
            .help("ask for it in a case without `interleave`");
    }
    tables
}

fn one(
    raw: &RawSignals,
    students: &[String],
    context: &mut Context<'_>,
) -> Option<SignalsExpectation> {
    let states = [&raw.catches, &raw.ignores, &raw.blocks, &raw.defaults];
    let looks = states.iter().any(|many| many.is_some());
    let nothing = !looks && raw.receives.is_none() && raw.handlers.is_none();
    if nothing && raw.unread.is_empty() {
        context
            .diagnostics
            .error(&raw.span, "nothing is expected of these signals")
            .help("say catches, ignores, blocks, defaults, receives or handlers")
            .consequence();
    }
    let at = raw.at.as_ref().and_then(|word| {
        let names = || SIGNAL_MOMENTS.into_iter().map(|(name, _)| name);
        let known = SIGNAL_MOMENTS
            .into_iter()
            .find(|(name, _)| *name == word.value);
        if known.is_none() {
            context
                .diagnostics
                .error(&word.span, format!("there is no moment `{}`", word.value))
                .help("known here: exec, wait, end; left out: at some time")
                .suggest(nearest(&word.value, names()));
        } else if !looks && !nothing {
            context
                .diagnostics
                .error(&word.span, "nothing is looked at then")
                .help("`at` is for catches, ignores, blocks and defaults");
        }
        known.map(|(_, moment)| moment)
    });
    if let (Some(defaults), None) = (&raw.defaults, &raw.at) {
        context
            .diagnostics
            .error(
                &defaults.span,
                "every program leaves every signal to the kernel at some time: when it begins",
            )
            .help("say when it must: at = \"end\", \"exec\" or \"wait\"");
    }
    if let (Some(catches), Some(SignalMoment::Exec)) = (&raw.catches, at) {
        context.diagnostics.error(
            &catches.span,
            "a program that has just been started has no handlers yet",
        );
    }
    let mut set = |many: &Option<Many>| signal_list(many, context);
    let (catches, ignores) = (set(&raw.catches), set(&raw.ignores));
    let (blocks, defaults, receives) = (set(&raw.blocks), set(&raw.defaults), set(&raw.receives));
    let safe_handlers = raw.handlers.as_ref().is_some_and(|word| {
        let is_known = word.value == "safe";
        if !is_known {
            context
                .diagnostics
                .error(
                    &word.span,
                    format!("handlers cannot be required to be `{}`", word.value),
                )
                .help("write \"safe\": they call nothing that is not async-signal-safe");
        }
        is_known
    });
    Some(SignalsExpectation {
        actor: subject(raw.actor.as_ref(), &raw.span, students, context)?,
        at,
        catches,
        ignores,
        blocks,
        defaults,
        receives,
        safe_handlers,
    })
}

fn signal_list(many: &Option<Many>, context: &mut Context<'_>) -> Vec<i32> {
    let mut all = Vec::new();
    let Some(many) = many else {
        return all;
    };
    if many.items.is_empty() {
        context
            .diagnostics
            .error(&many.span, "this names no signal");
    }
    for word in &many.items {
        let name = word.value.as_str();
        match signal_number(name).filter(|_| is_signal(name)) {
            None => {
                context
                    .diagnostics
                    .error(&word.span, format!("there is no signal `{name}`"))
                    .suggest(nearest(name, known_signals()));
            }
            Some(_) if NEVER.contains(&name) => {
                context.diagnostics.error(
                    &word.span,
                    format!("no program can do anything with {name}"),
                );
            }
            Some(number) => all.push(number),
        }
    }
    all
}
