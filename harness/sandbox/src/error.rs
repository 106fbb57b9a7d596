//! What can go wrong on our side or the machine's.

use std::fmt;
use std::io;

/// Something went wrong on our side or the machine's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxError(String);

impl SandboxError {
    pub(crate) fn new(doing: &str, error: &io::Error) -> Self {
        Self(format!("{doing}: {error}"))
    }

    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SandboxError {}
