//! Variables: how their values are drawn.

use super::context::Context;
use super::flaw::Flaw;
use crate::names::nearest;
use crate::raw::{At, Keyed, RawVary};
use crate::{Alphabet, Draw, Vary};

/// Longest text that is drawn.
const LENGTH_MAX: i64 = 1 << 20;

/// Resolves the variables of a case.
pub(crate) fn vary(table: Option<&Keyed<RawVary>>, context: &mut Context<'_>) -> Vec<Vary> {
    let mut variables = Vec::new();
    for (name, raw) in table.into_iter().flat_map(Keyed::iter) {
        if matches!(name.value.as_str(), "any" | "int" | "fault") {
            context
                .diagnostics
                .error(
                    &name.span,
                    format!("`{}` means something else in a placeholder", name.value),
                )
                .help("give the variable another name");
        } else if !is_name(&name.value) {
            context
                .diagnostics
                .error(
                    &name.span,
                    format!("`{}` is no name of a variable", name.value),
                )
                .help("a name has letters, digits and _");
        }
        if let Some(draw) = draw(raw, context) {
            variables.push(Vary {
                name: name.value.clone(),
                draw,
            });
        }
    }
    variables
}

/// Whether a variable or an actor may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

fn draw(raw: &RawVary, context: &mut Context<'_>) -> Option<Draw> {
    let ways = [
        raw.length.is_some(),
        raw.int.is_some(),
        raw.one_of.is_some(),
    ];
    if !raw.unread.is_empty() && ways == [false; 3] {
        return None;
    }
    if ways.iter().filter(|way| **way).count() != 1 {
        context
            .diagnostics
            .error(&raw.span, "a variable is drawn in exactly one way")
            .help("say one of length = \"0..99\", int = \"1..4\" or one_of = [\"a\", \"b\"]")
            .consequence();
        return None;
    }
    if let (Some(of), None) = (&raw.of, &raw.length) {
        context.diagnostics.error(
            &of.span,
            "`of` says of which characters a text is, and this is no text",
        );
    }
    if let Some(one_of) = &raw.one_of {
        if one_of.items.is_empty() {
            context
                .diagnostics
                .error(&one_of.span, "there is nothing to draw from");
        }
        return Some(Draw::OneOf(
            one_of.items.iter().map(|item| item.value.clone()).collect(),
        ));
    }
    if let Some(int) = &raw.int {
        let (min, max) = context.read(int, range)?;
        return Some(Draw::Int { min, max });
    }
    let length = raw.length.as_ref()?;
    let (min, max) = context.read(length, |text| {
        let (min, max) = range(text)?;
        if min < 0 || max > LENGTH_MAX {
            return Err(Flaw::new(
                0..text.len(),
                format!("a text has 0 to {LENGTH_MAX} characters"),
            ));
        }
        Ok((min, max))
    })?;
    Some(Draw::Text {
        min: u32::try_from(min).ok()?,
        max: u32::try_from(max).ok()?,
        of: alphabet(raw.of.as_ref(), context),
    })
}

fn range(text: &str) -> Result<(i64, i64), Flaw> {
    let whole = 0..text.len();
    let bad = || {
        Flaw::new(whole.clone(), format!("`{text}` is no range"))
            .help("write the smallest and the largest: \"1..4\"")
    };
    let (min, max) = match text.split_once("..") {
        Some((min, max)) => (min.trim(), max.trim().trim_start_matches('=')),
        None => (text.trim(), text.trim()),
    };
    let min: i64 = min.parse().map_err(|_| bad())?;
    let max: i64 = max.parse().map_err(|_| bad())?;
    if min > max {
        return Err(Flaw::new(whole, "this range is empty").help(format!("write \"{max}..{min}\"")));
    }
    Ok((min, max))
}

fn alphabet(of: Option<&At<String>>, context: &mut Context<'_>) -> Alphabet {
    let Some(of) = of else {
        return Alphabet::Printable;
    };
    match of.value.as_str() {
        "printable" => Alphabet::Printable,
        "letters" => Alphabet::Letters,
        "digits" => Alphabet::Digits,
        "utf8" => Alphabet::Utf8,
        "any" => Alphabet::Any,
        other => {
            let known = ["printable", "letters", "digits", "utf8", "any"];
            context
                .diagnostics
                .error(&of.span, format!("there are no `{other}` characters"))
                .help(format!("known here: {}", known.join(", ")))
                .suggest(nearest(other, known));
            Alphabet::Printable
        }
    }
}
