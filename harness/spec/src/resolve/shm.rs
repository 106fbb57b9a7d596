//! State of segments: what must be true of them at the end, or when an actor has ended.

use super::context::Context;
use super::endpoint::key;
use super::number::count;
use super::template::Use;
use crate::raw::{At, Keyed, RawShm};
use crate::tree::Span;
use crate::{Aspect, ShmState, Template};

/// Resolves the expectations about segments.
///
/// `everywhere`: in the language's second version.
pub(crate) fn shm(
    table: Option<&Keyed<RawShm>>,
    everywhere: bool,
    context: &mut Context<'_>,
) -> Vec<ShmState> {
    let mut states = Vec::new();
    let mut seen = Vec::new();
    for (name, raw) in table.into_iter().flat_map(Keyed::iter) {
        let Some(key) = unique_key(name, "segment", &mut seen, context) else {
            continue;
        };
        let size = raw.size.as_ref().and_then(|size| count(size, context));
        let holds = raw.holds.as_ref().map(|holds| {
            let template = context.template(holds, Use::Expected);
            let most = size.as_ref().and_then(|size| size.most.as_ref()?.as_text());
            let most = most.and_then(|most| most.parse().ok());
            fits("segment", holds, &template, most, context);
            template
        });
        let says_more = raw.size.is_some()
            || raw.mode.is_some()
            || raw.attached.is_some()
            || raw.holds.is_some();
        match &raw.exists {
            Some(exists) if !exists.value && says_more => {
                context.diagnostics.error(
                    &exists.span,
                    "a segment that must not exist has no size, mode, attaches or contents",
                );
            }
            None if !says_more && raw.unread.is_empty() => {
                context
                    .diagnostics
                    .error(
                        &raw.span,
                        format!("nothing is expected of segment {}", name.value),
                    )
                    .help("say exists, size, mode, attached or holds")
                    .consequence();
            }
            _ => {}
        }
        states.push(ShmState {
            key,
            after: raw.after.as_ref().and_then(|after| context.after(after)),
            exists: raw.exists.as_ref().map(|exists| exists.value),
            gone_is: match everywhere {
                true => Aspect::Cleanup,
                false => Aspect::Memory,
            },
            size,
            mode: raw.mode.as_ref().map(|mode| mode.0.value),
            attached: raw
                .attached
                .as_ref()
                .and_then(|attached| count(attached, context)),
            holds,
        });
    }
    states
}

/// Reads a key that is a table's name, each once in whatever notation.
pub(crate) fn unique_key(
    name: &At<String>,
    what: &str,
    seen: &mut Vec<(i32, Span)>,
    context: &mut Context<'_>,
) -> Option<i32> {
    let key = context.read(name, key)?;
    if let Some((_, first)) = seen.iter().find(|(other, _)| *other == key) {
        let first = first.clone();
        context
            .diagnostics
            .error(&name.span, format!("{what} {key} is here twice"))
            .also(first, "first here");
        return None;
    }
    seen.push((key, name.span.clone()));
    Some(key)
}

/// Complains about contents that are longer than what is to hold them.
pub(crate) fn fits(
    what: &str,
    holds: &At<String>,
    template: &Template,
    size: Option<u64>,
    context: &mut Context<'_>,
) {
    if let (Some(text), Some(size)) = (template.as_text(), size)
        && text.len() as u64 > size
    {
        context.diagnostics.error(
            &holds.span,
            format!("a {what} of {size} bytes cannot hold these {}", text.len()),
        );
    }
}
