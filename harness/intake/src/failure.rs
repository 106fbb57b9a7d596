//! Failures: what stops the tool itself, as opposed to what a student did wrong, which is never an error here.

use std::fmt;

/// Why the tool stops, what can be done about it, and the status it stops with.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// 2: the command line or the spec is wrong. 3: this machine cannot do it now.
    pub code: u8,
    /// Lowercase, without a full stop: `reading specs/echo.toml: permission denied`.
    pub message: String,
    /// What to do, as a sentence of the same kind.
    pub remedy: Option<String>,
}

/// What to do about a full disk.
pub const FULL_DISK_REMEDY: &str =
    "free some space, or let XDG_CACHE_HOME name a folder on a disk that has some";

impl Failure {
    /// The command line, a folder or a spec is not as it must be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            code: 2,
            message: message.into(),
            remedy: None,
        }
    }

    /// The machine cannot do it: a full disk, no compiler, no sandbox.
    pub fn unable(message: impl Into<String>) -> Self {
        Self {
            code: 3,
            message: message.into(),
            remedy: None,
        }
    }

    /// With what the reader can do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Our own disk work failed: a full disk gets the remedy that it needs.
    pub fn disk(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        let failure = Self::unable(format!("{doing}: {}", reason(error)));
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                failure.remedy(FULL_DISK_REMEDY)
            }
            _ => failure,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  {remedy}"),
            None => Ok(()),
        }
    }
}

/// An error as `strerror(3)` words it, lowercase and without Rust's error number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => text.to_owned(),
    }
}
