//! The lab spec language: TOML text in, a resolved [`Spec`] out, or every diagnostic of the file at once.
//!
//! No I/O here: callers hand in the text and the name that messages should call it by.
//!
//! The way of a file: `tree` (values with their places) → `inherit` (`like`) → `raw` (shapes and keys) → `resolve`
//! (meaning) → [`Spec`].

mod calls_table;
mod diagnostic;
mod examples;
mod expected;
mod fill;
mod glob;
mod inherit;
mod language;
mod model;
mod names;
mod patch;
mod plain;
mod raw;
mod resolve;
mod schema;
mod submission;
mod tree;
mod written;

pub use calls_table::calls_table;
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use expected::{Cause, Expected, Failing, Skipping, expected};
pub use glob::{globs, is_glob};
pub use ipclab_evidence::Errno;
pub use language::{keys_table, patterns_table, placeholders_table, steps_table};
pub use model::*;
pub use patch::{Files, Patch, patch, patch_expecting};
pub use resolve::{parse_step, split_command};
pub use schema::{schema, submission_schema};
pub use submission::{Mapped, Mapping, submission};

use raw::{RawSpec, Read};
use tree::{Node, Value};

/// A spec that can be used, and what is odd about it.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The spec.
    pub spec: Spec,
    /// What its author probably did not mean.
    pub warnings: Diagnostics,
}

/// Reads a spec. `name` is what messages call the file.
///
/// # Errors
///
/// Every mistake of the file, warnings among them.
pub fn parse(name: &str, text: &str) -> Result<Parsed, Diagnostics> {
    parse_covering(name, text, None)
}

/// Reads a spec whose cases may cover these requirements (`Q6.restart`) and nothing else; `None`: any of the lab's
/// questions.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_covering(
    name: &str,
    text: &str,
    requirements: Option<&[String]>,
) -> Result<Parsed, Diagnostics> {
    let mut diagnostics = Diagnostics::new(name, text);
    let mut root = tree::read(text, &mut diagnostics);
    let syntax_errors = diagnostics.len();
    let ends = case_ends(&root);
    let orphans = inherit::inherit(&mut root, &mut diagnostics);
    let before_reading = diagnostics.len();
    let root = Node {
        span: 0..0,
        value: Value::Table(root),
    };
    let mut spec = None;
    if let Some(raw) = RawSpec::read(&root, &mut diagnostics) {
        let mut resolved = resolve::resolve(&raw, requirements, &mut diagnostics);
        let starts = raw
            .case
            .iter()
            .flat_map(|cases| &cases.0)
            .map(|case| case.span.start);
        for (case, start) in resolved.cases.iter_mut().zip(starts) {
            case.text = own_text(text, start, &ends);
        }
        spec = Some(resolved);
    }
    for orphan in &orphans {
        diagnostics.forget_in(orphan, before_reading);
    }
    if syntax_errors > 0 {
        diagnostics.forget_consequences(syntax_errors);
    }
    let diagnostics = diagnostics.finish();
    match spec {
        Some(spec) if !diagnostics.has_errors() => Ok(Parsed {
            spec,
            warnings: diagnostics,
        }),
        _ => Err(diagnostics),
    }
}

/// Where each case starts and where its last value ends, before anything is inherited.
fn case_ends(root: &tree::Table) -> Vec<(usize, usize)> {
    match root.get("case").map(|node| &node.value) {
        Some(Value::List(cases)) => cases
            .iter()
            .map(|case| (case.span.start, case.end()))
            .collect(),
        _ => Vec::new(),
    }
}

/// A case as its author wrote it, whole lines.
fn own_text(text: &str, start: usize, ends: &[(usize, usize)]) -> String {
    let end = ends
        .iter()
        .find(|(other, _)| *other == start)
        .map_or(start, |(_, end)| (*end).min(text.len()));
    let end = text
        .get(end..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |newline| end + newline);
    text.get(start..end)
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}
