//! Results as JSON, for programs.

use serde::Serialize;

/// A result as indented JSON with a line end.
pub(crate) fn text(result: &impl Serialize) -> String {
    match serde_json::to_string_pretty(result) {
        Ok(text) => format!("{text}\n"),
        // Texts, numbers, lists and maps with texts as keys always can be written.
        Err(error) => format!("{{\"error\": {:?}}}\n", error.to_string()),
    }
}
