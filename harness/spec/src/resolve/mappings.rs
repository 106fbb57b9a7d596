//! Mappings: what is expected of files and shared memory that an actor's processes map.

use super::context::Context;
use super::number::count;
use super::path::is_path;
use super::subject::subject;
use crate::names::nearest;
use crate::raw::{At, CountForm, RawMappings};
use crate::{MappingsExpectation, MappingsOf};

pub(super) fn mappings(
    raw: &RawMappings,
    students: &[String],
    context: &mut Context<'_>,
) -> Option<MappingsExpectation> {
    let nothing = raw.shared.is_none()
        && raw.private.is_none()
        && raw.writable.is_none()
        && raw.at_once.is_none()
        && raw.at_wait.is_none()
        && raw.at_end.is_none();
    if nothing && raw.unread.is_empty() {
        context
            .diagnostics
            .error(&raw.span, "nothing is expected of these mappings")
            .help("say shared, private, writable, at_once, at_wait or at_end: at_end = 0")
            .consequence();
    }
    let of = raw.of.as_ref().and_then(|word| of(word, context));
    let of = of.unwrap_or(MappingsOf::Any);
    if let (MappingsOf::Anonymous, Some(private)) = (&of, &raw.private) {
        context
            .diagnostics
            .error(
                private.span(),
                "memory that is neither a file's nor shared is not counted",
            )
            .help("nothing tells it from what malloc() takes: say what must be shared instead, shared = 1");
    }
    let actor = subject(raw.actor.as_ref(), &raw.span, students, context)?;
    let mut count =
        |form: &Option<CountForm>| form.as_ref().and_then(|form| self::count(form, context));
    Some(MappingsExpectation {
        actor,
        of,
        shared: count(&raw.shared),
        private: count(&raw.private),
        writable: count(&raw.writable),
        at_once: count(&raw.at_once),
        at_wait: count(&raw.at_wait),
        at_end: count(&raw.at_end),
    })
}

/// A kind of mappings, or a path, which has a slash in it.
fn of(word: &At<String>, context: &mut Context<'_>) -> Option<MappingsOf> {
    if word.value.contains('/') {
        let path = word.value.strip_prefix("./").unwrap_or(&word.value);
        return is_path(word, context).then(|| MappingsOf::File(path.to_owned()));
    }
    let mut kinds = MappingsOf::KINDS.into_iter();
    let known = kinds.find(|kind| kind.name() == word.value);
    if known.is_none() {
        let names = MappingsOf::KINDS.map(|kind| kind.name());
        let names = names.each_ref().map(String::as_str);
        context
            .diagnostics
            .error(
                &word.span,
                format!("there are no mappings of `{}`", word.value),
            )
            .help(format!(
                "known here: {}, or a path with a slash in it: \"/tmp/data\", \"./data\"",
                names.join(", ")
            ))
            .suggest(nearest(&word.value, names));
    }
    known
}
