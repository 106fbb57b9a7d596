//! The report as JSON, `ipclab/report/v1`.

use std::fmt;

use crate::Report;

/// Why a text is no report.
#[derive(Debug)]
pub struct ParseError(serde_json::Error);

/// Writes a report, indented, with a newline at its end.
#[must_use]
pub fn render(report: &Report) -> String {
    // A report is made of strings, numbers and lists, and its only map has string keys: there is nothing that JSON
    // cannot say, so the error arm says so in JSON instead of ending the tool.
    let mut text = serde_json::to_string_pretty(report)
        .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
    text.push('\n');
    text
}

/// Reads a report.
///
/// # Errors
/// Where the text is no JSON, no report, or a report of another schema.
pub fn parse(text: &str) -> Result<Report, ParseError> {
    serde_json::from_str(text).map_err(ParseError)
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a report: {}", self.0)
    }
}

impl std::error::Error for ParseError {}
