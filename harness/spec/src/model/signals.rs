//! What must be true of an actor's signals.

use ipclab_evidence::SignalMoment;

/// What is expected of what an actor does with signals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalsExpectation {
    /// Whose.
    pub actor: String,
    /// When it is looked at what it catches, ignores, blocks and leaves to the kernel; `None`: it is enough at some time.
    pub at: Option<SignalMoment>,
    /// It has a handler for each of them.
    pub catches: Vec<i32>,
    /// It ignores each of them.
    pub ignores: Vec<i32>,
    /// It blocks each of them.
    pub blocks: Vec<i32>,
    /// It neither catches, ignores nor blocks any of them.
    pub defaults: Vec<i32>,
    /// Each of them comes to it, and it takes it: by a handler, by waiting for it, or from a descriptor.
    pub receives: Vec<i32>,
    /// Its handlers call nothing of the C library that is not async-signal-safe.
    pub safe_handlers: bool,
}

impl SignalsExpectation {
    /// What it does with which signals, by the names that a spec gives to it.
    #[must_use]
    pub fn states(&self) -> [(&'static str, &Vec<i32>); 4] {
        [
            ("catches", &self.catches),
            ("ignores", &self.ignores),
            ("blocks", &self.blocks),
            ("defaults", &self.defaults),
        ]
    }
}

/// What specs call the moments at which it is looked at.
pub const SIGNAL_MOMENTS: [(&str, SignalMoment); 3] = [
    ("exec", SignalMoment::Exec),
    ("wait", SignalMoment::Wait),
    ("end", SignalMoment::End),
];
