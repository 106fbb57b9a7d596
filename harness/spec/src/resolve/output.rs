//! What must be printed: a transcript, or lists of lines and pieces.

use super::context::Context;
use super::template::{Parts, Use};
use crate::raw::{At, Many, OutputForm};
use crate::{Hole, OutputExpectation, Part, Template, TranscriptLine};

/// Resolves the expectations about one stream.
pub(crate) fn output(
    form: Option<&OutputForm>,
    context: &mut Context<'_>,
) -> Vec<OutputExpectation> {
    let table = match form {
        None => return Vec::new(),
        Some(OutputForm::Transcript(text)) => return vec![transcript(text, context)],
        Some(OutputForm::Table(table)) => table,
    };
    let mut expectations = Vec::new();
    let mut list = |many: Option<&Many>,
                    kind: fn(Vec<Template>) -> OutputExpectation,
                    context: &mut Context<'_>| {
        if let Some(many) = many {
            not_empty(many, context);
            expectations.push(kind(context.templates(&many.items, Use::Matched)));
        }
    };
    list(table.lines.as_ref(), OutputExpectation::Lines, context);
    list(
        table.any_order.as_ref(),
        OutputExpectation::AnyOrder,
        context,
    );
    list(
        table.contains.as_ref(),
        OutputExpectation::Contains,
        context,
    );
    list(table.lacks.as_ref(), OutputExpectation::Lacks, context);
    if let Some(many) = &table.regex {
        not_empty(many, context);
        expectations.push(OutputExpectation::Regex(regexes(many, context)));
    }
    if expectations.is_empty() && table.unread.is_empty() {
        context
            .diagnostics
            .error(&table.span, "nothing is expected here")
            .help("say one of lines, any_order, contains, lacks, regex")
            .consequence();
    }
    expectations
}

fn not_empty(many: &Many, context: &mut Context<'_>) {
    if many.items.is_empty() {
        context
            .diagnostics
            .error(&many.span, "an empty list expects nothing")
            .consequence();
    }
    for item in &many.items {
        if item.value.is_empty() {
            context
                .diagnostics
                .error(&item.span, "an empty text is found in every output");
        }
    }
}

/// A line of `...` elides lines, a `...` in a line elides a part of it.
fn transcript(text: &At<String>, context: &mut Context<'_>) -> OutputExpectation {
    let whole = context.template(text, Use::Matched);
    let mut lines: Vec<Parts> = vec![Parts::default()];
    for part in whole.parts {
        match part {
            Part::Hole(hole) => last(&mut lines).0.push(Part::Hole(hole)),
            Part::Text(text) => {
                for (nth, piece) in text.split('\n').enumerate() {
                    if nth > 0 {
                        lines.push(Parts::default());
                    }
                    let piece = piece.strip_suffix('\r').unwrap_or(piece);
                    last(&mut lines).text(piece);
                }
            }
        }
    }
    // The text's own last newline ends a line and starts none.
    if lines.len() > 1 && last(&mut lines).0.is_empty() {
        lines.pop();
    }
    OutputExpectation::Transcript(lines.into_iter().map(line).collect())
}

fn last(lines: &mut Vec<Parts>) -> &mut Parts {
    if lines.is_empty() {
        lines.push(Parts::default());
    }
    let at = lines.len() - 1;
    &mut lines[at]
}

fn line(parts: Parts) -> TranscriptLine {
    if let [Part::Text(text)] = parts.0.as_slice()
        && text.trim() == "..."
    {
        return TranscriptLine::Elided;
    }
    let mut elided = Parts::default();
    for part in parts.0 {
        match part {
            Part::Text(text) => {
                for (nth, piece) in text.split("...").enumerate() {
                    if nth > 0 {
                        elided.0.push(Part::Hole(Hole::Any));
                    }
                    elided.text(piece);
                }
            }
            hole @ Part::Hole(_) => elided.0.push(hole),
        }
    }
    TranscriptLine::Line(Template { parts: elided.0 })
}

fn regexes(many: &Many, context: &mut Context<'_>) -> Vec<String> {
    for item in &many.items {
        let read = regex::Regex::new(&item.value);
        if read.as_ref().is_ok_and(|regex| regex.is_match("")) {
            context
                .diagnostics
                .warning(&item.span, "every output has something that matches this")
                .help("it matches the empty text: say what must be there");
        }
        if let Err(error) = read {
            let reason = match &error {
                regex::Error::Syntax(text) => text.lines().last().unwrap_or_default(),
                _ => "it is too large",
            };
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            let diagnostic = context.diagnostics.error(
                &item.span,
                format!("this is no regular expression: {reason}"),
            );
            if item.value.contains("{{") {
                diagnostic.help(
                    "a regular expression has no placeholders; use contains or lines for them",
                );
            }
        }
    }
    many.items.iter().map(|item| item.value.clone()).collect()
}
