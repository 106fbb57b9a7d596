//! Moments at which it is looked what a process has.

use serde::{Deserialize, Serialize};

/// Moments at which it is of interest what a process has open, and what it has mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// It has started a program: this is what the program was left with.
    Exec,
    /// It is about to wait for a child.
    Wait,
    /// It is about to end by itself.
    End,
}
