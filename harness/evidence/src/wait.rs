//! What a process waited in when it was looked at.

use serde::{Deserialize, Serialize};

use crate::Object;

/// A process blocked in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// Index into [`crate::Evidence::actors`].
    pub actor: usize,
    /// As it sees itself.
    pub pid: u32,
    /// The call's name: `accept`.
    pub call: String,
    /// Its number in the trace.
    pub n: u32,
    /// What its descriptor is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// Ends by itself after a time: a sleep, a timeout.
    #[serde(default)]
    pub timed: bool,
}
