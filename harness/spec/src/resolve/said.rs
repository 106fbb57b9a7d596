//! Whether something is expected of an object that a case names.

use super::context::Context;
use crate::raw::At;
use crate::tree::Span;

/// Complains about an object of which nothing is expected, or more than that it is not there.
pub(crate) fn is_said(
    exists: &Option<At<bool>>,
    says_more: bool,
    table: &Span,
    keys: &str,
    context: &mut Context<'_>,
) {
    match exists {
        Some(exists) if !exists.value && says_more => {
            context.diagnostics.error(
                &exists.span,
                "nothing else can be expected of what must not exist",
            );
        }
        None if !says_more => {
            context
                .diagnostics
                .error(table, "nothing is expected of this object")
                .help(format!("say {keys}"))
                .consequence();
        }
        _ => {}
    }
}
