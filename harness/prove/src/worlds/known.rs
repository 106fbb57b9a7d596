//! Rejected submissions whose verdicts may hang on their surroundings: `submissions/worlds.toml` of a lab.
//!
//! ```toml
//! [[differs]]
//! submission = "rejected/reader-uninitialised"
//! reason     = "it prints a variable that it never sets"
//! ```

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::optional;
use ipclab_intake::failure::Failure;
use ipclab_intake::show;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    differs: Vec<Known>,
}

/// A rejected submission that may differ.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// `rejected/NAME`
    pub submission: String,
    /// Why what it does is undefined.
    pub reason: String,
}

/// Reads a lab's list; a lab without one has none.
///
/// # Errors
/// It cannot be read, gives no reason, or speaks of a submission that is not rejected.
pub(super) fn read(lab: &Path) -> Result<Vec<Known>, Failure> {
    let file = lab.join("submissions/worlds.toml");
    let display = show::path(&file);
    let Some(text) = optional::read(&file)? else {
        return Ok(Vec::new());
    };
    let raw: Raw = toml::from_str(&text)
        .map_err(|error| Failure::usage(format!("reading {display}: {error}")))?;
    let wrong =
        |one: &&Known| !one.submission.starts_with("rejected/") || one.reason.trim().is_empty();
    if let Some(one) = raw.differs.iter().find(wrong) {
        return Err(Failure::usage(format!(
            "{display}: {} cannot be let differ: only a rejected submission may, and its reason must be given",
            one.submission
        )));
    }
    Ok(raw.differs)
}
