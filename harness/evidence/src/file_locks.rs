//! Locks on files: under which ones a file was read and written, and which one a process waits for.

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// How a process read or wrote a file by calls: `read(2)`, `write(2)` and their kin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAccess {
    /// Index into [`crate::Evidence::actors`].
    pub actor: usize,
    /// The process as it sees itself.
    pub pid: u32,
    /// As the plan asks for it.
    pub path: Bytes,
    /// It wrote; else it read.
    pub writes: bool,
    /// Which lock of the process was on all of the bytes; `None`: on one of them at least there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<LockKind>,
    /// How many such calls there were.
    pub count: u64,
    /// The first of them, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u32>,
    /// Its first byte.
    pub from: u64,
    /// Its number of bytes.
    pub bytes: u64,
}

/// The two kinds of locks on files, by what other processes may hold beside one, `fcntl(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockKind {
    /// Others may hold one like it, `F_RDLCK`.
    Shared,
    /// Others may hold none, `F_WRLCK`.
    Exclusive,
}

/// A lock on a file that a process waits for, and the locks that are in its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwaitedLock {
    /// The lock that is asked for.
    pub wanted: LockRange,
    /// Which processes have a lock that excludes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldLock>,
}

/// Bytes of a file, and the lock on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockRange {
    /// Which.
    pub kind: LockKind,
    /// The first byte.
    pub from: u64,
    /// The last one; `None`: however long the file becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// A lock that a process has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldLock {
    /// Index into [`crate::Evidence::actors`].
    pub actor: usize,
    /// The process as it sees itself.
    pub pid: u32,
    /// The lock.
    pub lock: LockRange,
}
