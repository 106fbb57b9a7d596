//! What a case left behind after every actor ended.

use serde::{Deserialize, Serialize};

use crate::{Address, Bytes, Protocol, Wait};

/// Everything that outlived its actor. What the plan itself had put there is listed only if it was changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leftovers {
    /// System V segments, those given by the plan included.
    pub segments: Vec<Segment>,
    /// System V semaphore sets.
    pub semaphores: Vec<LeftSemaphores>,
    /// System V message queues.
    pub queues: Vec<LeftQueue>,
    /// Files, folders and sockets in the writable folders.
    pub files: Vec<LeftFile>,
    /// POSIX shared memory and named semaphores, `shm_overview(7)`: names in `/dev/shm`.
    pub posix_shm: Vec<LeftFile>,
    /// POSIX message queues, `mq_overview(7)`.
    pub posix_queues: Vec<LeftFile>,
    /// What they were like, of those that could be opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posix_queue_states: Vec<PosixQueue>,
    /// The values of POSIX named semaphores, `sem_overview(7)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posix_semaphores: Vec<PosixSemaphore>,
    /// Files that the plan had put there and that are gone.
    pub missing: Vec<Bytes>,
    /// Processes that were still alive when the case was over, before any actor was stopped.
    pub processes: Vec<LeftProcess>,
    /// Ports that were still served when the case was over, before any actor was stopped.
    pub ports: Vec<LeftPort>,
    /// Files, POSIX objects among them, that were found and are not listed: there were too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files_beyond: u64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A System V segment, as `/proc/sysvipc/shm` and a look inside tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// 0 for `IPC_PRIVATE` or one marked for removal.
    pub key: i32,
    /// Its identifier.
    pub shmid: i32,
    /// Permission bits without flags.
    pub mode: u32,
    /// Marked for removal while a process is still attached (`SHM_DEST`).
    pub doomed: bool,
    /// Size in bytes as asked for.
    pub size: u64,
    /// How many attaches (`shm_nattch`).
    pub attached: u64,
    /// Index into [`crate::Evidence::actors`] of the actor that made it; `None`: the plan gave it, or its maker is unknown.
    pub made_by: Option<usize>,
    /// The plan gave it.
    #[serde(default)]
    pub given: bool,
    /// Its first bytes.
    pub holds: Bytes,
    /// Whether `holds` is all of it.
    pub whole: bool,
}

/// A System V semaphore set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftSemaphores {
    /// 0 for `IPC_PRIVATE`.
    pub key: i32,
    /// Its identifier.
    pub semid: i32,
    /// Permission bits.
    pub mode: u32,
    /// The value of each semaphore.
    pub values: Vec<u16>,
    /// The plan gave it.
    #[serde(default)]
    pub given: bool,
}

/// A System V message queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftQueue {
    /// 0 for `IPC_PRIVATE`.
    pub key: i32,
    /// Its identifier.
    pub msqid: i32,
    /// Messages waiting in it.
    pub messages: u64,
    /// Permission bits.
    #[serde(default)]
    pub mode: u32,
    /// The plan gave it.
    #[serde(default)]
    pub given: bool,
    /// The first of its messages, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<QueuedMessage>,
}

/// A message in a System V queue, `msgop(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueuedMessage {
    /// Its type, more than 0.
    pub mtype: i64,
    /// What it says.
    pub text: Bytes,
}

/// What a POSIX message queue was like when the case was over, `mq_getattr(3)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosixQueue {
    /// `/name`
    pub name: Bytes,
    /// The most messages that it holds.
    pub maxmsg: u64,
    /// The most bytes of a message.
    pub msgsize: u64,
    /// Messages waiting in it.
    pub messages: u64,
    /// The first of them, in the order in which they would be received: the most urgent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<UrgentMessage>,
}

/// A message in a POSIX queue, `mq_send(3)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrgentMessage {
    /// Its priority: 0 is the least urgent.
    pub priority: u32,
    /// What it says.
    pub text: Bytes,
}

/// The value of a POSIX named semaphore when the case was over, `sem_getvalue(3)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosixSemaphore {
    /// `/name`
    pub name: Bytes,
    /// Its value; 0 also where processes wait for it.
    pub value: u32,
}

/// A file that was not there before, or not like this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftFile {
    /// Absolute path inside the box (for POSIX objects: `/name`).
    pub path: Bytes,
    /// What it is.
    pub kind: FileKind,
    /// Size in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// The plan had put something there, and it is no longer the same.
    #[serde(default)]
    pub changed: bool,
    /// The plan had put it there, and it is still the same. Listed so that `must` can ask for it.
    #[serde(default)]
    pub given: bool,
}

/// What kind of file, `inode(7)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A socket file.
    Socket,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A FIFO.
    Fifo,
    /// A device or something else.
    Other,
}

/// A process that outlived its case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftProcess {
    /// Index into [`crate::Evidence::actors`].
    pub actor: usize,
    /// As it sees itself.
    pub pid: u32,
    /// `comm` of `/proc`, `proc(5)`.
    pub name: String,
    /// Whether it is the actor's first process.
    pub first: bool,
    /// What it was blocked in.
    pub wait: Option<Wait>,
}

/// A port still served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftPort {
    /// TCP (listening), UDP or Unix (bound).
    pub protocol: Protocol,
    /// Where.
    pub address: Address,
    /// Index into [`crate::Evidence::actors`].
    pub actor: Option<usize>,
}
