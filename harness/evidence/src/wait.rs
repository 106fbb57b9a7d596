//! What a process waited in when it was looked at.

use serde::{Deserialize, Serialize};

use crate::{AwaitedLock, Object, SourceLine, ThreadStart};

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
    /// long as none of them reads. The same of a pair of sockets, where the process that waits has the other one open itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_ends: Vec<OpenEnd>,
    /// It reads from a pipe whose write end no process has open, and which lies in a socket all the same: the calls that passed
    /// it, by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_flight: Vec<u32>,
    /// It waits for a lock on a file: which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Box<AwaitedLock>>,
    /// Threads of the process that wait for other threads, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<ThreadWait>,
    /// What is known of the threads of such a process beside their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_threads: Vec<KnownThread>,
    /// Where in the student's files it waits, as [`crate::Call::lines`], if the call has no line in the trace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SourceLine>,
}

impl Wait {
    /// What the first of these threads waits for, where it is what the process waits in.
    #[must_use]
    pub fn awaits(&self) -> Option<&ThreadWait> {
        let in_futex = self.call.starts_with("futex");
        self.threads.first().filter(|_| in_futex)
    }

    /// What is known of a thread of the process.
    #[must_use]
    pub fn known_thread(&self, thread: u32) -> Option<&KnownThread> {
        self.known_threads.iter().find(|one| one.thread == thread)
    }
}

/// A thread that waits for another one, `futex(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThreadWait {
    /// The thread as it sees itself; that of the process is its first one.
    pub thread: u32,
    /// The call that made it, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<u32>,
    /// Where it waits, as [`crate::Call::lines`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SourceLine>,
    /// What for.
    pub awaits: Awaited,
    /// The function of the C library that it waits in, where that is seen: `pthread_cond_wait`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Awaited {
    /// A mutex, which this thread holds.
    Mutex(u32),
    /// The end of this thread, `pthread_join(3)`.
    End(u32),
    /// To be woken: a condition, a semaphore, a barrier, or a mutex of another kind.
    Wake,
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
    /// The call that brought it from another process, by number, `SCM_RIGHTS` of `unix(7)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_by: Option<u32>,
}

/// A thread of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownThread {
    /// The thread as it sees itself.
    pub thread: u32,
    /// The name that its program has given it, `pthread_setname_np(3)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<ThreadStart>,
}
