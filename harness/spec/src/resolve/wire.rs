//! What must cross from one actor to another.

use super::context::Context;
use super::number::range;
use super::template::Use;
use crate::raw::{AmountForm, At, Keyed, WireForm};
use crate::{Amount, Template, Wire};

/// Resolves the table.
pub(crate) fn wire(table: Option<&Keyed<WireForm>>, context: &mut Context<'_>) -> Vec<Wire> {
    let mut wires: Vec<Wire> = Vec::new();
    for (key, form) in table.into_iter().flat_map(Keyed::iter) {
        let Some((from, to)) = ends(key, context) else {
            continue;
        };
        if wires.iter().any(|wire| wire.from == from && wire.to == to) {
            context
                .diagnostics
                .error(&key.span, format!("\"{from} -> {to}\" is here twice"));
            continue;
        }
        let (sent, received) = amounts(form, context);
        wires.push(Wire {
            from,
            to,
            sent,
            received,
        });
    }
    wires
}

fn ends(key: &At<String>, context: &mut Context<'_>) -> Option<(String, String)> {
    let text = key.value.as_str();
    let Some(arrow) = text.find("->") else {
        context
            .diagnostics
            .error(
                &key.span,
                format!("`{text}` does not say from whom to whom"),
            )
            .help("write \"client -> server\"");
        return None;
    };
    let mut end = |start: usize, end: usize| {
        let part = &text[start..end];
        let start = start + (part.len() - part.trim_start().len());
        context.actor(key, start..start + part.trim().len())
    };
    let from = end(0, arrow);
    let to = end(arrow + 2, text.len());
    if from == to {
        context
            .diagnostics
            .error(&key.span, "nothing crosses from an actor to itself");
        return None;
    }
    Some((from, to))
}

fn amounts(form: &WireForm, context: &mut Context<'_>) -> (Option<Amount>, Option<Amount>) {
    let table = match form {
        // Messages as they were sent; a short buffer may cut them on the other side.
        WireForm::Messages(many) => {
            return (
                Some(Amount::Messages(
                    context.templates(&many.items, Use::Expected),
                )),
                None,
            );
        }
        WireForm::Table(table) => table,
    };
    if let Some(bytes) = &table.bytes {
        for other in [&table.sent, &table.received].into_iter().flatten() {
            context.diagnostics.error(
                other.span(),
                "`bytes` says what was sent and what was received already",
            );
        }
        let amount = match bytes {
            AmountForm::Text(text) => Some(Amount::Bytes(context.template(text, Use::Expected))),
            AmountForm::Messages(many) => {
                context
                    .diagnostics
                    .error(&many.span, "`bytes` is a number")
                    .help("messages are written \"a -> b\" = [\"one\", \"two\"], or sent = [...]");
                None
            }
            AmountForm::Bytes(_) | AmountForm::Range(_) => amount(bytes, context),
        };
        return (amount.clone(), amount);
    }
    if table.sent.is_none() && table.received.is_none() && table.unread.is_empty() {
        context
            .diagnostics
            .error(&table.span, "nothing is expected here")
            .help("say bytes, sent or received")
            .consequence();
    }
    let mut side = |form: &Option<AmountForm>| form.as_ref().and_then(|form| amount(form, context));
    (side(&table.sent), side(&table.received))
}

fn amount(form: &AmountForm, context: &mut Context<'_>) -> Option<Amount> {
    match form {
        AmountForm::Bytes(number) if number.value < 0 => {
            context
                .diagnostics
                .error(&number.span, "this number cannot be negative");
            None
        }
        AmountForm::Bytes(number) => Some(Amount::Bytes(Template::text(number.value.to_string()))),
        AmountForm::Text(text) => Some(Amount::Messages(vec![
            context.template(text, Use::Expected),
        ])),
        AmountForm::Messages(many) => Some(Amount::Messages(
            context.templates(&many.items, Use::Expected),
        )),
        AmountForm::Range(raw) => range(raw, context).map(Amount::Range),
    }
}
