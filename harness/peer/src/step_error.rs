//! Errors of a peer's steps, in a teacher's words.

use std::fmt;

use nix::errno::Errno;

/// Why a step was not done as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StepError {
    /// The other side, or the kernel, did something else: said behind the step's own text.
    Step(String),
    /// What it waits for can no longer happen.
    Never(String),
    /// The line to the supervisor is broken: there is no reader for a complaint.
    Line(String),
}

impl StepError {
    /// The same, said of one of many.
    pub(super) fn at(self, which: fmt::Arguments<'_>) -> Self {
        self.reworded(|why| format!("{which}: {why}"))
    }

    /// The same, with something added.
    pub(super) fn and(self, more: fmt::Arguments<'_>) -> Self {
        self.reworded(|why| format!("{why}, {more}"))
    }

    fn reworded(self, reword: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Step(why) => Self::Step(reword(why)),
            Self::Never(why) => Self::Never(reword(why)),
            Self::Line(why) => Self::Line(why),
        }
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(why) | Self::Never(why) | Self::Line(why) => f.write_str(why),
        }
    }
}

/// A call that failed on behalf of the script.
pub(super) fn failed(call: &str, errno: Errno) -> StepError {
    StepError::Step(said(call, errno))
}

/// `connect() failed: connection refused (nobody listens there)`
pub(super) fn said(call: &str, errno: Errno) -> String {
    let meaning = match (call, errno) {
        ("connect" | "send" | "sendto" | "recv", Errno::ECONNREFUSED) => " (nobody listens there)",
        ("connect" | "sendto", Errno::ENOENT) => " (there is no socket of that name)",
        ("connect" | "sendto", Errno::EPROTOTYPE) => " (the socket there is of another type)",
        ("bind" | "listen", Errno::EADDRINUSE) => " (somebody else has it)",
        ("send" | "sendto", Errno::EPIPE) => " (nobody can receive it any more)",
        ("send" | "sendto", Errno::EMSGSIZE) => " (too long for one message)",
        ("msgget", Errno::ENOENT) => " (there is no message queue with that key)",
        ("msgget", Errno::EEXIST) => " (there is one with that key already)",
        ("open", Errno::ENOENT) => " (there is no FIFO of that name)",
        ("write", Errno::EPIPE) => " (nobody reads it any more)",
        ("shmget", Errno::ENOENT) => " (there is no segment with that key)",
        ("shmget", Errno::EEXIST) => " (there is one with that key already)",
        _ => "",
    };
    format!("{call}() failed: {}{meaning}", errno_text(errno))
}

/// `connection refused`
pub(super) fn errno_text(errno: Errno) -> String {
    let known = ipclab_spec::Errno::from_number(errno as i32);
    // Not by the C library that the tool is linked with: a peer says the same everywhere.
    let text = known
        .words()
        .map_or_else(|| errno.desc(), |words| words.glibc);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => text.to_owned(),
    }
}

/// Calls again for as long as a signal interrupts.
pub(super) fn uninterrupted<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}
