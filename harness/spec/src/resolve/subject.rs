//! The actor that a table is about, where it may be left out.

use super::context::Context;
use crate::raw::At;
use crate::tree::Span;

/// The actor that a table is about: the one that it names, or the only one that a student plays.
pub(super) fn subject(
    named: Option<&At<String>>,
    table: &Span,
    students: &[String],
    context: &mut Context<'_>,
) -> Option<String> {
    if let Some(named) = named {
        return Some(context.actor(named, 0..named.value.len()));
    }
    match students {
        [only] => Some(only.clone()),
        [] => {
            context
                .diagnostics
                .error(table, "no actor is named, and the student plays none")
                .help("write actor = \"...\"")
                .consequence();
            None
        }
        several => {
            context
                .diagnostics
                .error(
                    table,
                    format!(
                        "no actor is named, and the student plays {}",
                        several.join(" and ")
                    ),
                )
                .help(format!("write actor = \"{}\"", several[0]));
            None
        }
    }
}
