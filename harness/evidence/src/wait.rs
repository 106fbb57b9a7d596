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
    /// It waits on a pipe or FIFO: which processes have its other end open. A reader waits as long as there is one, a writer as
    /// long as none of them reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_ends: Vec<OpenEnd>,
}

/// An end of a pipe that a process has open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenEnd {
    /// Index into [`crate::Evidence::actors`].
    pub actor: usize,
    /// The process as it sees itself.
    pub pid: u32,
    /// Its descriptor.
    pub fd: i32,
}
