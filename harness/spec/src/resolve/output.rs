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
    list(table.any_of.as_ref(), OutputExpectation::AnyOf, context);
    if let Some(many) = table.any_of.as_ref().filter(|many| many.items.len() == 1) {
        context
            .diagnostics
            .warning(&many.span, "one text leaves no choice")
            .help("write contains = ..., or name what else will do");
    }
    list(table.lacks.as_ref(), OutputExpectation::Lacks, context);
    if let Some(many) = &table.regex {
        not_empty(many, context);
        expectations.push(OutputExpectation::Regex(regexes(many, context)));
    }
    if expectations.is_empty() && table.unread.is_empty() {
        context
            .diagnostics
            .error(&table.span, "nothing is expected here")
            .help("say one of lines, any_order, contains, any_of, lacks, regex")
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

fn regexes(many: &Many, context: &mut Context<'_>) -> Vec<Template> {
    let each = many.items.iter();
    each.map(|item| regex(item, context)).collect()
}

/// A regular expression; what is none as it stands may have placeholders.
fn regex(item: &At<String>, context: &mut Context<'_>) -> Template {
    let plain = Template::text(&item.value);
    let as_it_stands = regex::Regex::new(&item.value);
    let template = match item.value.contains("{{") && as_it_stands.is_err() {
        true => context.template(item, Use::Expected),
        false => plain,
    };
    let has_holes = template.as_text().is_none();
    let read = match has_holes {
        true => regex::Regex::new(&with_letters(&template)),
        false => as_it_stands,
    };
    if read.as_ref().is_ok_and(|regex| regex.is_match("")) {
        context
            .diagnostics
            .warning(&item.span, "every output has something that matches this")
            .help("it matches the empty text: say what must be there");
    }
    // A placeholder that could not be read has been complained about.
    let complained = item.value.contains("{{") && !has_holes;
    if let Err(error) = read.as_ref()
        && !complained
    {
        let reason = match error {
            regex::Error::Syntax(text) => text.lines().last().unwrap_or_default(),
            _ => "it is too large",
        };
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        context.diagnostics.error(
            &item.span,
            format!("this is no regular expression: {reason}"),
        );
    }
    template
}

/// A template with a letter in the place of each hole, which is what any text there is to a regular expression.
fn with_letters(template: &Template) -> String {
    let parts = template.parts.iter().map(|part| match part {
        Part::Text(text) => text.as_str(),
        Part::Hole(_) => "x",
    });
    parts.collect()
}
