//! Paths of files in expectations.

use super::context::Context;
use crate::raw::At;

/// Whether a text can be a file's path: absolute, or relative to the folder that programs run in.
pub(super) fn is_path(path: &At<String>, context: &mut Context<'_>) -> bool {
    let text = path.value.as_str();
    let odd = text.is_empty()
        || text.ends_with('/')
        || text.contains('\0')
        || text.split('/').any(|part| part == "..");
    if odd {
        context.diagnostics.error(
            &path.span,
            format!("`{}` is no path of a file", text.escape_debug()),
        );
    }
    !odd
}
