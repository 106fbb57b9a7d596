//! Why a program ended without success: one line for stderr that names the call.

use std::fmt;
use std::io;

/// The line that `main` prints on stderr before it exits with status 1.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure in the form of `perror`: what was tried, a colon, and what the system says about it.
    pub(crate) fn perror(tried: &str, why: impl Into<io::Error>) -> Self {
        Self(format!("{tried}: {}", strerror(&why.into())))
    }

    /// A failure in the form of the unit's UDP programs: `bind failed [Address already in use]`.
    pub(crate) fn bracketed(tried: &str, why: impl Into<io::Error>) -> Self {
        Self(format!("{tried} [{}]", strerror(&why.into())))
    }

    /// A failure that no system call reported.
    pub(crate) fn because(tried: &str, why: impl fmt::Display) -> Self {
        Self(format!("{tried}: {why}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of `strerror(3)`. Rust's own is the same with ` (os error 98)` behind it.
pub(crate) fn strerror(error: &io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(number) => text
            .strip_suffix(&format!(" (os error {number})"))
            .map_or(text.clone(), str::to_owned),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use nix::errno::Errno;

    #[test]
    fn errors_read_as_perror_writes_them() {
        assert_eq!(
            Failure::perror("Iserver - bind() error", Errno::EADDRINUSE).to_string(),
            "Iserver - bind() error: Address already in use"
        );
        assert_eq!(
            Failure::bracketed("bind failed", Errno::EACCES).to_string(),
            "bind failed [Permission denied]"
        );
        assert_eq!(
            Failure::because("recv() error", "the peer left").to_string(),
            "recv() error: the peer left"
        );
    }
}
