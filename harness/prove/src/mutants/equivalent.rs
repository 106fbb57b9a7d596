//! Changes that nothing can notice, each with the reason why: `submissions/equivalent.toml` of a lab.
//!
//! ```toml
//! [[equivalent]]
//! program = "comclient"
//! change  = "close() of a connection not done"     # as the list of survivors says it; `*` stands for anything
//! of      = "accepted/careful"                     # left out: of every program set
//! reason  = "the process ends right after it, and the kernel closes what it had open"
//! ```

use std::path::Path;

use serde::Deserialize;

use crate::optional;
use ipclab_intake::failure::Failure;
use ipclab_intake::show;

/// What a lab's list is called, in the folder of its submissions.
pub(super) const FILE: &str = "submissions/equivalent.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    equivalent: Vec<Equivalent>,
}

/// One entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalent {
    /// The program that makes the call.
    pub(super) program: String,
    /// The change, as it is told.
    pub(super) change: String,
    /// The program set; `None`: every one.
    #[serde(default)]
    pub(super) of: Option<String>,
    /// Why nothing can notice it.
    pub(super) reason: String,
}

impl Equivalent {
    /// Whether it is about this change.
    pub fn matches(&self, set: &str, program: &str, words: &str) -> bool {
        self.program == program
            && self.of.as_deref().is_none_or(|of| of == set)
            && is_like(&self.change, words)
    }
}

/// Whether a text is as a pattern says, in which `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts.into_iter().any(|at| is_like(after, &rest[at..]))
        }),
    }
}

/// Reads a lab's list; a lab without one has none.
///
/// # Errors
/// It cannot be read, or says something that is not understood, or gives no reason.
pub(super) fn read(lab: &Path) -> Result<Vec<Equivalent>, Failure> {
    let file = lab.join(FILE);
    let display = show::path(&file);
    let Some(text) = optional::read(&file)? else {
        return Ok(Vec::new());
    };
    parse(&display, &text)
}

/// Reads its text. `display` is what messages call the file.
///
/// # Errors
/// It says something that is not understood, or gives no reason.
pub fn parse(display: &str, text: &str) -> Result<Vec<Equivalent>, Failure> {
    let raw: Raw = toml::from_str(text)
        .map_err(|error| Failure::usage(format!("{display}: {}", error.to_string().trim_end())))?;
    if let Some(bare) = raw
        .equivalent
        .iter()
        .find(|entry| entry.reason.trim().is_empty())
    {
        return Err(
            Failure::usage(format!("{display}: {:?} has no reason", bare.change))
                .remedy("say why nobody can notice it"),
        );
    }
    Ok(raw.equivalent)
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is) in [
            ("close() not done", "close() not done", true),
            ("close()", "close() not done", false),
            ("close()*", "close() not done", true),
            ("*not done", "close() not done", true),
            ("c*o*done", "close() not done", true),
            ("*", "", true),
            ("stdout \"…*\" lost", "stdout \"… ää\" lost", true),
            ("x*", "close()", false),
        ] {
            assert_eq!(is_like(pattern, text), is, "{pattern} {text}");
        }
    }
}
