//! Objects of the kernel behind the calls: what a plan asks to know of them, and what was seen.
//!
//! Nothing of it is looked at where the plan does not ask.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    Bytes, FileAccess, FileKind, Mappings, Moment, PassedDescriptor, Signals, ThreadStart,
};

/// What a plan asks to know of the kernel's objects, beyond calls and leftovers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WantedObjects {
    /// Every process: what made it, which programs it ran, how it ended, which process waited for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub processes: bool,
    /// What each process has open when it starts a program, waits for a child, or ends.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub descriptors: bool,
    /// Variables of the environment that programs are started with, by their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// What each process does with signals, and which come to it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub signals: bool,
    /// Which threads a process has neither joined nor detached when it ends.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub threads: bool,
    /// What handlers of signals call. Each is followed instruction by instruction.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub handlers: bool,
    /// What crosses FIFOs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fifos: bool,
    /// Files to look at after the last actor ended: absolute paths inside the box.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
    /// Files of which it is to be known under which locks they are read and written: absolute paths inside the box.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locked: Vec<PathBuf>,
    /// Files of which it is to be known whether they are mapped, by whatever name: absolute paths inside the box. Those of actors
    /// whose mappings are looked at, [`crate::Actor::maps`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mapped: Vec<PathBuf>,
}

impl WantedObjects {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What was seen of the kernel's objects that the plan asks about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeenObjects {
    /// Every process of every actor, in the order in which they were made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Process>,
    /// One for each file that the plan asks about, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileState>,
    /// How the files were read and written whose locks the plan asks about: one entry for all that one process did alike.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accesses: Vec<FileAccess>,
    /// Descriptors that processes sent to others, in the order in which they did, asked for or not: it costs only those that do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<PassedDescriptor>,
    /// Programs and moments of processes that were counted and not kept: there were too many.
    #[serde(skip_serializing_if = "is_none")]
    pub dropped: u64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_none(number: &u64) -> bool {
    *number == 0
}

impl SeenObjects {
    /// Whether nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A process of an actor. Its threads are part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Index into [`crate::Evidence::actors`].
    pub actor: usize,
    /// As it sees itself.
    pub pid: u32,
    /// The process that made it: index into [`SeenObjects::processes`]; `None`: it is its actor's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// The call that made it, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<u32>,
    /// Threads that it made beside its first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub threads: u32,
    /// Threads that it had neither joined nor detached when it ended by itself, by the calls that made them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unjoined: Vec<u32>,
    /// Where those of them began of which that is known, by the same calls.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unjoined_starts: BTreeMap<u32, ThreadStart>,
    /// It cannot be seen here which threads it has joined.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joins_unseen: bool,
    /// Programs that it started, in their order; of an actor's first process the actor's own program is the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<StartedProgram>,
    /// How it ended; `None`: it was alive when the case was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<ProcessEnd>,
    /// What became of it after that, and of it when its parent ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
    /// What it had open at moments of interest, where the plan asks for descriptors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldDescriptors>,
    /// Signals, where the plan asks for them.
    #[serde(default, skip_serializing_if = "Signals::is_empty")]
    pub signals: Signals,
    /// What it has mapped, where the plan asks for that.
    #[serde(default, skip_serializing_if = "Mappings::is_empty")]
    pub mappings: Mappings,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A program that a process started, `execve(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartedProgram {
    /// Its arguments as it found them, `argv[0]` included; the first of them where they are many.
    pub argv: Vec<Bytes>,
    /// The call that started it, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u32>,
    /// What it found of the environment that the plan asks about: `NAME=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<Bytes>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessEnd {
    /// It exited with this status.
    Code(u8),
    /// A signal ended it.
    Signal(i32),
}

/// What became of a child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// A process waited for it.
    WaitedFor {
        /// Index into [`SeenObjects::processes`].
        by: usize,
        /// The call, by number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<u32>,
    },
    /// It had ended, and its status was never asked for: it was a zombie when its parent ended, or when the case was over.
    Zombie,
    /// It was alive when its parent ended.
    Orphan,
    /// It had ended, and the kernel threw its status away: its parent ignores `SIGCHLD`.
    Discarded,
}

/// What a process had open at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldDescriptors {
    /// When.
    pub moment: Moment,
    /// The call of that moment, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u32>,
    /// What it had open, by number.
    pub open: Vec<HeldDescriptor>,
}

/// An open descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldDescriptor {
    /// Its number.
    pub fd: i32,
    /// What it is open on: a path, or `pipe 1`, `socket 2`, in the order in which the case showed them.
    pub on: String,
    /// It can be read from.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads: bool,
    /// It can be written to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub writes: bool,
    /// It is closed when a program is started, `FD_CLOEXEC`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closes_on_exec: bool,
    /// The process has sent it to another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passed: bool,
}

/// A file as it was after the last actor had ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileState {
    /// As the plan asks for it.
    pub path: Bytes,
    /// What was there; `None`: nothing.
    pub found: Option<FoundFile>,
}

/// What was found at a path; a symbolic link is not followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundFile {
    /// What it is.
    pub kind: FileKind,
    /// Size in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Names that lead to it.
    pub links: u64,
    /// Blocks of 512 bytes that it takes: fewer bytes than its size where it has holes.
    pub blocks: u64,
    /// It belongs to the user who runs the actors.
    pub is_own: bool,
    /// Where a symbolic link leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Bytes>,
    /// The first bytes of a regular file.
    pub holds: Bytes,
    /// Whether `holds` is all of it.
    pub whole: bool,
    /// Digest of all of a regular file: two files hold the same where it is the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
}
