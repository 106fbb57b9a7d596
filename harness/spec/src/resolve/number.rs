//! Numbers: as they stand, variables, and ranges.

use super::context::Context;
use super::template::Use;
use crate::raw::{At, CopiesForm, CountForm, RawRange};
use crate::{Count, Template};

/// A number that is not negative.
pub(crate) fn natural(number: &At<i64>, context: &mut Context<'_>) -> Option<u64> {
    let natural = u64::try_from(number.value).ok();
    if natural.is_none() {
        context
            .diagnostics
            .error(&number.span, "this number cannot be negative");
    }
    natural
}

/// A number of things: exactly so many, or a range.
pub(crate) fn count(form: &CountForm, context: &mut Context<'_>) -> Option<Count> {
    match form {
        CountForm::Exactly(number) => {
            let number = self::number(number, context)?;
            Some(Count {
                least: Some(number.clone()),
                most: Some(number),
            })
        }
        CountForm::Range(raw) => range(raw, context),
    }
}

/// `{ at_least = 1, at_most = 3 }`
pub(crate) fn range(range: &RawRange, context: &mut Context<'_>) -> Option<Count> {
    if range.at_least.is_none() && range.at_most.is_none() && range.unread.is_empty() {
        context
            .diagnostics
            .error(&range.span, "this range has no end")
            .help("write { at_least = 1 }, { at_most = 3 } or both")
            .consequence();
        return None;
    }
    let mut side =
        |form: &Option<CopiesForm>| form.as_ref().and_then(|form| self::number(form, context));
    let (least, most) = (side(&range.at_least), side(&range.at_most));
    let known = |side: &Option<Template>| side.as_ref()?.as_text()?.parse::<u64>().ok();
    if let (Some(least), Some(most)) = (known(&least), known(&most))
        && least > most
    {
        context.diagnostics.error(
            &range.span,
            format!("no number is at least {least} and at most {most}"),
        );
    }
    if known(&least) == Some(0) && range.at_most.is_none() {
        context
            .diagnostics
            .error(&range.span, "every number is at least 0")
            .help("say what would be wrong: { at_least = 1 }");
    }
    Some(Count { least, most })
}

fn number(form: &CopiesForm, context: &mut Context<'_>) -> Option<Template> {
    match form {
        CopiesForm::Number(number) => {
            let natural = natural(number, context)?;
            Some(Template::text(natural.to_string()))
        }
        CopiesForm::Template(text) => {
            let template = context.template(text, Use::Input);
            if template
                .as_text()
                .is_some_and(|text| text.parse::<u64>().is_err())
            {
                context
                    .diagnostics
                    .error(&text.span, "this is no number")
                    .help("write a number, or a variable of `vary`: \"{{n}}\"");
            }
            Some(template)
        }
    }
}
