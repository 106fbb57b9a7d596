//! What must be true of the kernel's objects behind the calls: processes, descriptors, files.

use ipclab_evidence::FileKind;

use super::{After, ExitExpectation, SignalsExpectation, Template};

/// Everything that a case expects of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects {
    /// Of processes.
    pub processes: Vec<Processes>,
    /// Of what processes have open.
    pub descriptors: Vec<Descriptors>,
    /// Of what processes have mapped.
    pub mappings: Vec<MappingsExpectation>,
    /// Of signals.
    pub signals: Vec<SignalsExpectation>,
    /// Of files.
    pub files: Vec<FileExpectation>,
    /// Of semaphore sets.
    pub sem: Vec<SemState>,
    /// Of message queues.
    pub msg: Vec<MsgState>,
    /// Of POSIX semaphores.
    pub posix_sem: Vec<PosixSemState>,
    /// Of POSIX message queues.
    pub posix_mq: Vec<PosixQueueState>,
}

impl Objects {
    /// Whether nothing is expected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How many there must be. At least one side is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Not fewer.
    pub least: Option<Template>,
    /// Not more.
    pub most: Option<Template>,
}

impl Count {
    /// Its ends.
    pub(crate) fn sides(&self) -> impl Iterator<Item = &Template> {
        self.least.iter().chain(&self.most)
    }
}

/// What must be true of an actor's processes.
#[derive(Clone, Debug, PartialEq)]
pub struct Processes {
    /// Whose.
    pub actor: String,
    /// In all, the first included.
    pub total: Option<Count>,
    /// Made by the first.
    pub children: Option<Count>,
    /// Made beside the first of each process.
    pub threads: Option<Count>,
    /// Threads that were neither joined nor detached.
    pub unjoined: Option<Count>,
    /// Had ended and were never waited for.
    pub zombies: Option<Count>,
    /// Were alive when their parent ended.
    pub orphans: Option<Count>,
    /// How the first one's children end, in any order; `None`: in whatever way.
    pub ends: Option<Vec<ExitExpectation>>,
    /// Programs that are started, each with its arguments.
    pub runs: Vec<CommandLine>,
    /// What must be true of the environment of each of them; where there are none, of every program that is started.
    pub environment: Vec<EnvironmentRule>,
}

impl Processes {
    /// Its counts by the names that a spec gives them.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, &Option<Count>); 6] {
        [
            ("total", &self.total),
            ("children", &self.children),
            ("threads", &self.threads),
            ("unjoined", &self.unjoined),
            ("zombies", &self.zombies),
            ("orphans", &self.orphans),
        ]
    }
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// One for each argument, the program's name first.
    pub words: Vec<Template>,
}

/// What must be true of a program's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentRule {
    /// The variable's name.
    pub name: String,
    /// All of it, `NAME=value`; `None`: there must be no such variable.
    pub whole: Option<Template>,
}

/// What an actor's processes may have open beside stdin, stdout and stderr.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptors {
    /// Whose.
    pub actor: String,
    /// What is counted.
    pub of: DescriptorsOf,
    /// In a program that was started.
    pub at_exec: Option<Count>,
    /// When a process waits for a child.
    pub at_wait: Option<Count>,
    /// When a process ends by itself.
    pub at_end: Option<Count>,
    /// Sent to other processes.
    pub passes: Option<Count>,
    /// Received from other processes.
    pub receives: Option<Count>,
}

impl Descriptors {
    /// Its counts by the names that a spec gives them.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, &Option<Count>); 5] {
        [
            ("at_exec", &self.at_exec),
            ("at_wait", &self.at_wait),
            ("at_end", &self.at_end),
            ("passes", &self.passes),
            ("receives", &self.receives),
        ]
    }
}

/// Which descriptors are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescriptorsOf {
    /// All.
    Any,
    /// Both ends of pipes, FIFOs not among them.
    Pipes,
    /// Ends of pipes that can be read.
    ReadEnds,
    /// Ends of pipes that can be written.
    WriteEnds,
    /// What has a path: files, folders, FIFOs, devices.
    Files,
    /// Sockets.
    Sockets,
    /// What the process has sent to another one.
    Passed,
}

impl DescriptorsOf {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Any,
        Self::Pipes,
        Self::ReadEnds,
        Self::WriteEnds,
        Self::Files,
        Self::Sockets,
        Self::Passed,
    ];

    /// As specs write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Pipes => "pipes",
            Self::ReadEnds => "read ends",
            Self::WriteEnds => "write ends",
            Self::Files => "files",
            Self::Sockets => "sockets",
            Self::Passed => "passed",
        }
    }
}

/// What an actor's processes may map of files and of memory that is shared.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingsExpectation {
    /// Whose.
    pub actor: String,
    /// What is counted.
    pub of: MappingsOf,
    /// Mapped at some time so that others see what is written there.
    pub shared: Option<Count>,
    /// Mapped at some time so that no other process sees it.
    pub private: Option<Count>,
    /// Mapped at some time so that it could be written.
    pub writable: Option<Count>,
    /// Bytes of one of them that a process has mapped at once.
    pub at_once: Option<Count>,
    /// When a process waits for a child.
    pub at_wait: Option<Count>,
    /// When a process ends by itself.
    pub at_end: Option<Count>,
}

impl MappingsExpectation {
    /// Its counts by the names that a spec gives them.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, &Option<Count>); 6] {
        [
            ("shared", &self.shared),
            ("private", &self.private),
            ("writable", &self.writable),
            ("at_once", &self.at_once),
            ("at_wait", &self.at_wait),
            ("at_end", &self.at_end),
        ]
    }
}

/// Which mappings are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingsOf {
    /// All.
    Any,
    /// Of files, POSIX shared memory among them.
    Files,
    /// Memory that is shared and has no name.
    Anonymous,
    /// Of this file: absolute, or relative to the folder that programs run in.
    File(String),
}

impl MappingsOf {
    /// Those that no file is named of.
    pub const KINDS: [Self; 3] = [Self::Any, Self::Files, Self::Anonymous];

    /// As specs write it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Any => "any".to_owned(),
            Self::Files => "files".to_owned(),
            Self::Anonymous => "anonymous".to_owned(),
            Self::File(path) if path.contains('/') => path.clone(),
            Self::File(path) => format!("./{path}"),
        }
    }
}

/// What must be true of a file after the last actor ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileExpectation {
    /// Absolute, or relative to the folder that programs run in.
    pub path: String,
    /// `Some(false)`: there must be none. `Some(true)`, or any other field given: there must be one.
    pub exists: Option<bool>,
    /// What it is.
    pub kind: Option<FileKind>,
    /// All that it holds.
    pub holds: Option<Template>,
    /// The file that holds the same.
    pub same_as: Option<String>,
    /// Bytes.
    pub size: Option<Count>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Names that lead to it.
    pub links: Option<Count>,
    /// Blocks of 512 bytes.
    pub blocks: Option<Count>,
    /// Whether it takes fewer bytes than its size.
    pub holes: Option<bool>,
    /// Where a symbolic link leads.
    pub target: Option<Template>,
    /// Whether it belongs to the user who runs the programs.
    pub is_own: Option<bool>,
    /// What the students' programs may do to it under a lock only.
    pub locked: Option<LockedAccess>,
    /// Whether the students' programs read all entries of this directory; `Some(false)`: they must read none.
    pub walked: Option<bool>,
}

/// What a program may do to a file under a lock of it only, `fcntl(2)`, `lockf(3)`, `flock(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockedAccess {
    /// Write, under an exclusive one.
    Writes,
    /// Write, and read under either kind.
    All,
}

/// What specs call them.
pub const LOCKED_ACCESSES: [(&str, LockedAccess); 2] =
    [("writes", LockedAccess::Writes), ("all", LockedAccess::All)];

/// What specs call the kinds of files.
pub const FILE_KINDS: [(&str, FileKind); 5] = [
    ("file", FileKind::Regular),
    ("directory", FileKind::Directory),
    ("link", FileKind::Symlink),
    ("fifo", FileKind::Fifo),
    ("socket", FileKind::Socket),
];

/// What must be true of a semaphore set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SemState {
    /// Its key.
    pub key: i32,
    /// When; `None`: after the last actor ended.
    pub after: Option<After>,
    /// `Some(false)`: there must be none. `Some(true)`, or any other field given: there must be one.
    pub exists: Option<bool>,
    /// The value of each of its semaphores.
    pub values: Option<Vec<u16>>,
    /// Permission bits.
    pub mode: Option<u32>,
}

/// What must be true of a message queue.
#[derive(Clone, Debug, PartialEq)]
pub struct MsgState {
    /// Its key.
    pub key: i32,
    /// When; `None`: after the last actor ended. Before that what it holds is not looked at.
    pub after: Option<After>,
    /// `Some(false)`: there must be none. `Some(true)`, or any other field given: there must be one.
    pub exists: Option<bool>,
    /// How many wait in it.
    pub messages: Option<Count>,
    /// What they say.
    pub holds: Option<Vec<Template>>,
    /// Permission bits.
    pub mode: Option<u32>,
}

/// What must be true of a POSIX named semaphore after the last actor ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosixSemState {
    /// `/name`
    pub name: String,
    /// `Some(false)`: there must be none. `Some(true)`, or any other field given: there must be one.
    pub exists: Option<bool>,
    /// Its value.
    pub value: Option<u32>,
    /// Permission bits.
    pub mode: Option<u32>,
}

/// What must be true of a POSIX message queue after the last actor ended.
#[derive(Clone, Debug, PartialEq)]
pub struct PosixQueueState {
    /// `/name`
    pub name: String,
    /// `Some(false)`: there must be none. `Some(true)`, or any other field given: there must be one.
    pub exists: Option<bool>,
    /// How many wait in it.
    pub messages: Option<Count>,
    /// What they say, the most urgent first.
    pub holds: Option<Vec<Template>>,
    /// The most messages that it holds.
    pub maxmsg: Option<u64>,
    /// The most bytes of a message.
    pub msgsize: Option<u64>,
    /// Permission bits.
    pub mode: Option<u32>,
}
