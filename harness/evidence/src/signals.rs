//! Signals: what a process does with each of them, and those that came to it.

use serde::{Deserialize, Serialize};

use crate::SourceLine;

/// A set of signals, as the kernel writes it: bit 0 is signal 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// A set of these.
    #[must_use]
    pub fn of(signals: &[i32]) -> Self {
        Self(signals.iter().fold(0, |set, signal| set | bit(*signal)))
    }

    /// Whether a signal is in it.
    #[must_use]
    pub fn has(self, signal: i32) -> bool {
        self.0 & bit(signal) != 0
    }
}

fn bit(signal: i32) -> u64 {
    u32::try_from(signal - 1)
        .ok()
        .and_then(|place| 1u64.checked_shl(place))
        .unwrap_or(0)
}

/// What a process did with signals, and which came to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signals {
    /// What it does with each of them, when that changes and at moments of interest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<SignalState>,
    /// Those that came, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub came: Vec<Delivery>,
}

impl Signals {
    /// Whether nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty() && self.came.is_empty()
    }
}

/// What a process does with signals at one moment, by the thread that this moment is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalState {
    /// When.
    pub moment: SignalMoment,
    /// The call of that moment, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u32>,
    /// It has a handler for them.
    pub caught: SignalSet,
    /// It ignores them.
    pub ignored: SignalSet,
    /// It does not take them now.
    pub blocked: SignalSet,
    /// They have been sent, and wait until it takes them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub pending: SignalSet,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_none(set: &SignalSet) -> bool {
    set.0 == 0
}

impl SignalState {
    /// Whether a signal does to the process what the kernel does by default, and does so at once.
    #[must_use]
    pub fn leaves(&self, signal: i32) -> bool {
        !(self.caught.has(signal) || self.ignored.has(signal) || self.blocked.has(signal))
    }
}

/// Moments at which it is of interest what a process does with signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalMoment {
    /// It has just changed that.
    Change,
    /// It has started a program: this is what the program begins with.
    Exec,
    /// It is about to wait for a child.
    Wait,
    /// It is about to end by itself.
    End,
}

/// A signal that came to a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Its number.
    pub signal: i32,
    /// The process that sent it: index into [`crate::SeenObjects::processes`]; `None`: the kernel, a timer, or another actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<usize>,
    /// What came of it.
    pub how: Taken,
    /// The call that it interrupted, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<String>,
    /// What its handler did, where the plan asks for that and one ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<HandlerRun>,
}

/// What came of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// Its handler ran.
    Handler,
    /// The process had waited for it, `sigwait(3)`.
    Wait,
    /// The process read it, `signalfd(2)`.
    Descriptor,
    /// The process ignores it.
    Ignored,
    /// What the kernel does by default.
    Default,
}

/// One run of a handler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HandlerRun {
    /// Where it begins, as [`crate::Call::lines`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<SourceLine>,
    /// The first function of the C library that it called and that is not async-signal-safe, by its symbol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsafe_call: Option<String>,
    /// Where it called it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub called_at: Vec<SourceLine>,
    /// Why it is not known what it called after that place, or at all; `None`: it was followed to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<Unseen>,
}

/// Why a handler was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unseen {
    /// The program was linked so that its C library has no names.
    NoNames,
    /// It did more than is followed.
    TooLong,
}
