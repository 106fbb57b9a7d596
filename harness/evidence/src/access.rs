//! Accesses of instructions to memory that processes share.

use serde::{Deserialize, Serialize};

use crate::SourceLine;

/// A process read a place, another wrote there, and the first one then wrote without having read again: what the other
/// had written is gone, and was never looked at. One in which the other was made after the read and had ended before the
/// write is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collision {
    /// Index into [`crate::Evidence::actors`].
    pub actor: usize,
    /// The segment, by its identifier.
    pub segment: i32,
    /// The place in bytes from the segment's start.
    pub offset: u64,
    /// The read of the one.
    pub read: Access,
    /// The write of the other, after that.
    pub other: Access,
    /// The write of the one, after both.
    pub write: Access,
}

/// One access to shared memory by one instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// From 1, over all actors, in the order in which they happened.
    pub n: u64,
    /// The process as it sees itself.
    pub pid: u32,
    /// Which of its actor's threads, from 0, where its process has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<u16>,
    /// Calls of the trace with smaller numbers had begun before it.
    pub before_call: u32,
    /// The number that was read or written, where its width is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
    /// Where it was made, as [`crate::Call::lines`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SourceLine>,
}
