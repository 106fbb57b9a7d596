//! The evidence: what was observed while a plan ran.

use serde::{Deserialize, Serialize};

use crate::{
    Bytes, Call, Collision, Errno, IpcKind, LeftQueue, LeftSemaphores, Leftovers, Object, Searched,
    SeenObjects, Segment, Served, Socket, SourceLine, Steps, TimePassed, Wait, name_in_c,
};

/// Everything that was observed. Facts only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The plan's name.
    pub name: String,
    /// How the box kept the actors apart.
    pub isolation: Isolation,
    /// Why it was over.
    pub ended: Ended,
    /// One for each actor of the plan, in its order.
    pub actors: Vec<ActorEvidence>,
    /// Sockets, in the order in which they were made.
    pub sockets: Vec<Socket>,
    /// Calls, in the order in which they began.
    pub trace: Vec<Call>,
    /// Calls that were counted and not kept, of all actors together.
    pub calls_dropped: u64,
    /// The looks that the plan asked for, in its order; `None`: no such segment then, or the moment never came.
    pub looks: Vec<IpcSnapshot>,
    /// What was left behind.
    pub leftovers: Leftovers,
    /// What processes did to System V segments, where they took turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Sharing>,
    /// The kernel's objects that the plan asks about.
    #[serde(default, skip_serializing_if = "SeenObjects::is_empty")]
    pub objects: SeenObjects,
    /// When the case's clock went on, and by how much: computing takes none of its time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<TimePassed>,
    /// What went wrong on our side or the machine's. Not empty: no actor may fail because of this run.
    pub trouble: Vec<String>,
    /// How long each part of it took.
    pub spent: CaseTimes,
}

impl Evidence {
    /// The name of the call that a process waits in, as the student's C has it.
    #[must_use]
    pub fn name_of_wait<'a>(&'a self, wait: &'a Wait) -> &'a str {
        let mut trace = self.trace.iter();
        let made = trace.find(|call| call.n == wait.n && call.name == wait.call);
        made.map_or_else(|| name_in_c(&wait.call), Call::name_in_c)
    }
}

/// Wall times of a case, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseTimes {
    /// Making what is the same for every plan, while the plan before this one ran: namespaces aside, no run waited for it.
    #[serde(default)]
    pub ahead_us: u64,
    /// Making the rest of the world: what the plan shows, and what is given.
    pub world_us: u64,
    /// From the first actor's start until the last process ended.
    pub actors_us: u64,
    /// Looking for what was left behind, and sweeping it up.
    pub sweep_us: u64,
}

/// How actors were kept apart, and what was used for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Isolation {
    /// Which of the two.
    pub level: Level,
    /// What counts memory and processes: `rlimits` or `cgroup v2`.
    pub counted_by: String,
    /// What this level could not give here, and whether limits of time are longer, for the report's first lines.
    pub notes: Vec<String>,
}

/// The two levels of isolation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A world of its own for each case.
    Namespaces,
    /// The host's world, one case after another, differences attributed by the tracer.
    Shared,
}

impl Level {
    /// The name that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Shared => "shared",
        }
    }
}

/// Why a case was over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// Every actor's first process ended.
    AllExited,
    /// Every live process was blocked in a call that only another actor could end.
    Stuck {
        /// Every process that waits, and in what.
        waits: Vec<Wait>,
    },
    /// The wall time was up.
    DeadlineExceeded {
        /// The limit in milliseconds.
        limit_ms: u64,
        /// Every process that waits, and in what; a process that computes is not listed.
        waits: Vec<Wait>,
    },
    /// The case's clock came to its limit: what waited for a time waited for one again and again.
    ClockRanOut {
        /// What it showed, in milliseconds.
        at_ms: u64,
        /// Nothing had come of the time that had passed, for so long that nothing would.
        barren: bool,
        /// Every process that waits, and in what.
        waits: Vec<Wait>,
    },
    /// An actor hit a limit and was stopped for it; see its evidence.
    LimitHit {
        /// Index into [`Evidence::actors`].
        actor: usize,
    },
}

/// What one actor did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActorEvidence {
    /// The plan's name for it.
    pub name: String,
    /// Pid of its first process as it saw itself; `None`: it never started.
    pub pid: Option<u32>,
    /// How its first process ended.
    pub exit: Exit,
    /// Microseconds of the case's clock from its start to this actor's; `None`: it never started.
    pub started_us: Option<u64>,
    /// Whether its `ready` was reached.
    pub ready: bool,
    /// Where, when that was a socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<Served>,
    /// What it wrote on its terminal.
    pub stdout: Stream,
    /// What it wrote on descriptor 2.
    pub stderr: Stream,
    /// What its first process still had open when it exited by itself, standard streams aside.
    pub open_at_exit: Vec<OpenDescriptor>,
    /// Limits that it hit.
    pub limits: Vec<LimitHit>,
    /// Processes and threads that it made, the first included.
    pub processes: u32,
    /// CPU time of all its processes in milliseconds.
    pub cpu_ms: u64,
    /// Largest resident set of one of its processes in KiB.
    pub rss_max_kib: u64,
    /// Calls that were traced.
    pub calls: u64,
    /// Of its calls so many were counted and not kept, between the first and the last of them. Bytes of streams are complete
    /// all the same.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub calls_dropped: u64,
    /// A sanitizer's runtime in it began a report, whatever became of the report.
    #[serde(default, skip_serializing_if = "is_false")]
    pub report_begun: bool,
    /// Files whose code it ran and that were made during the case, some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_code: Vec<Bytes>,
    /// It started a program with other options for a sanitizer than the plan gave it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub other_options: bool,
    /// What the kernel counted of all its processes together, where the box had cgroups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CgroupCounters>,
    /// What a scripted peer has to complain about: expected and got.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<String>,
    /// Calls that no program of a box may make, or not in that way, each kind once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// Where its first process crashed or called `exit()`, as [`Call::lines`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended_at: Vec<SourceLine>,
    /// Where it wrote on its standard streams, in the order of the writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub printed: Vec<Printed>,
}

/// Calls of one kind that the sandbox refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The call's name in section 2 of the manual.
    pub call: String,
    /// What the program got for it.
    pub errno: Errno,
    /// How often.
    pub count: u64,
}

/// One write on a standard stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printed {
    /// The descriptor: 1 or 2.
    pub stream: u8,
    /// Which byte of the stream is its first, from 0.
    pub from: u64,
    /// How many bytes it handed over.
    pub bytes: u64,
    /// Where it was made, as [`Call::lines`].
    pub lines: Vec<SourceLine>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a cgroup of version 2 counted, `cgroups(7)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CgroupCounters {
    /// The most memory that was in use at once in KiB: that of processes, of files in memory, of System V segments, of the
    /// kernel for them. `None`: this kernel does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_peak_kib: Option<u64>,
    /// The most processes and threads that there were at once. `None`: this kernel does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes_peak: Option<u64>,
    /// Processes that were killed since no memory was left.
    pub out_of_memory: u64,
    /// How often another process was refused.
    pub refused_processes: u64,
}

/// How an actor's first process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// It never started: what its start waited for could no longer happen.
    NotStarted,
    /// It could not be exec'd, for this errno.
    NotExecuted(String),
    /// It exited with this status.
    Code(u8),
    /// It was killed by a signal that was not ours.
    Signal {
        /// The number.
        signal: i32,
        /// Its name: `SIGSEGV`.
        name: String,
        /// The call that it died in, where it was in one, by name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
    },
    /// It was still alive when the case was over; the box then ended it.
    Running {
        /// What it was blocked in; `None`: it was computing.
        wait: Option<Wait>,
        /// How it took the `SIGTERM`: exited with this status by itself, or died of it (`None`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on_sigterm: Option<u8>,
    },
    /// The box stopped it because it hit a limit.
    Stopped(LimitHit),
}

/// Head and tail of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// The first bytes; all of them when `dropped` is 0 (then `tail` is empty).
    pub head: Bytes,
    /// The last bytes.
    pub tail: Bytes,
    /// How many bytes between head and tail were counted and not kept.
    pub dropped: u64,
}

impl Stream {
    /// All bytes that were kept, in order.
    #[must_use]
    pub fn kept(&self) -> Bytes {
        let mut bytes = self.head.0.clone();
        bytes.extend_from_slice(&self.tail.0);
        Bytes(bytes)
    }

    /// How many bytes were written.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.head.0.len() as u64 + self.dropped + self.tail.0.len() as u64
    }
}

/// A descriptor that was still open at exit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenDescriptor {
    /// Its number.
    pub fd: i32,
    /// What it is.
    pub object: Object,
}

/// A limit and what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitHit {
    /// Which.
    pub kind: LimitKind,
    /// Its value, in the unit that [`LimitKind`] names.
    pub limit: u64,
}

/// Limits, each with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// Milliseconds of CPU time.
    Cpu,
    /// Bytes of output on one stream.
    Output,
    /// Lines of output on one stream.
    Lines,
    /// Processes and threads.
    Processes,
    /// MiB of memory.
    Memory,
    /// MiB of one file or of the private disk.
    FileSize,
    /// Open descriptors.
    OpenFiles,
    /// Traced calls.
    Calls,
    /// System V objects.
    IpcObjects,
    /// Files made.
    Files,
    /// Accesses to System V segments, where processes take turns.
    Accesses,
    /// Ways to memory that cannot be seen, such as `/proc/PID/mem`, where accesses are watched. None is allowed.
    UnseenMemory,
    /// Programs that may be executed and not read, so that nothing of them can be seen. None is allowed.
    UnreadablePrograms,
    /// Terminals that are not its own. None is allowed.
    Terminals,
    /// Processes and services of this machine that are not the case's. None is allowed.
    Neighbours,
}

/// A look at a System V object at a moment that the plan named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IpcSnapshot {
    /// What was asked for.
    #[serde(default, skip_serializing_if = "IpcKind::is_segment")]
    pub of: IpcKind,
    /// The key that was asked for.
    pub key: i32,
    /// The moment came.
    pub taken: bool,
    /// The segment, where one was asked for and was there.
    pub segment: Option<Segment>,
    /// The semaphore set, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semaphores: Option<LeftSemaphores>,
    /// The message queue, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<LeftQueue>,
}

/// What processes that took turns did to the System V segments that they had attached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sharing {
    /// Accesses by instructions, all of them.
    pub accesses: u64,
    /// Processes that wrote, as they see themselves, in the order of their first writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writers: Vec<u32>,
    /// How often a process wrote where another had written since it had read there.
    pub lost: u64,
    /// The first of those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collisions: Vec<Collision>,
    /// Which of the plan's tampers, by their places in it, have met a write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tampered: Vec<usize>,
    /// The steps that were taken, where turns were steered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// What came of all the schedules that were tried; this run is one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched: Option<Searched>,
}
