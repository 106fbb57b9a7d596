//! The plan: a case with nothing left to decide.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    Bytes, Endpoint, LineTable, QueuedMessage, ServedPart, Steering, UrgentMessage, WantedObjects,
    stand_ins,
};

/// The status with which sanitized programs are told to end after a memory error (`ASAN_OPTIONS=exitcode=...`). No program of
/// a lab has a use for it.
pub const SANITIZER_STATUS: u8 = 86;

/// A program that is built with sanitizers sends signal 0 to this process, which cannot be, when a report begins.
pub const SANITIZER_WITNESS: i32 = -1_975_316_738;

/// Everything the sandbox needs to run one case once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the messages call this plan; nothing is decided by it.
    pub name: String,
    /// What is already there when the first actor starts.
    pub world: World,
    /// The process trees to start, in this order.
    pub actors: Vec<Actor>,
    /// What the tracer changes at the kernel boundary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tampers: Vec<Tamper>,
    /// Segments to look at while the case runs; all that are left at the end are recorded anyway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watches: Vec<Watch>,
    /// What no actor may exceed.
    pub limits: Limits,
    /// Whether system calls are traced. A build asks for `false`: processes are followed and bounded all the same, but
    /// the compiler runs at full speed, and only the wall time ends what waits for ever.
    #[serde(default = "yes")]
    pub traced: bool,
    /// Seed of delays at system calls, to shake out what depends on scheduling; `None` leaves it to the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chaos: Option<u64>,
    /// Actors' processes go on one at a time, in this order, and a process that is about to touch a System V segment may have to
    /// let others go first; `None`: they run as the machine lets them. Scripted peers take no turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<Order>,
    /// What is to be known of the kernel's objects beyond calls and leftovers.
    #[serde(default, skip_serializing_if = "WantedObjects::is_empty")]
    pub objects: WantedObjects,
}

impl Plan {
    /// A traced plan that changes nothing, looks at nothing on the way and leaves the order of things to the machine.
    #[must_use]
    pub fn new(name: impl Into<String>, world: World, actors: Vec<Actor>) -> Self {
        Self {
            name: name.into(),
            world,
            actors,
            tampers: Vec::new(),
            watches: Vec::new(),
            limits: Limits::default(),
            traced: true,
            chaos: None,
            turns: None,
            objects: WantedObjects::default(),
        }
    }
}

/// Which process has its turn, where processes take turns. Each order is the same every time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A process that is about to write where it has read before waits until no other can go on; else all in turn.
    LateWriters,
    /// A process that is about to write at all waits until no other can go on; else all in turn.
    ReadersFirst,
    /// Each goes on for as long as it can; then the one that was made first.
    OldestFirst,
    /// Each goes on for as long as it can; then the one that was made last.
    NewestFirst,
    /// Drawn anew at each access, from this seed.
    Drawn(u64),
    /// A turn is one step, to the next access or call that others could notice; a schedule says whose step is next.
    Steered(Steering),
}

fn yes() -> bool {
    true
}

/// The file system, IPC objects and names that exist before the first actor starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Host files and folders shown inside.
    pub binds: Vec<Bind>,
    /// The actors' working directory: writable, its own for each box, swept for leftovers.
    pub cwd: PathBuf,
    /// A host folder of which the actors find a copy in the working directory, theirs to write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_in: Option<PathBuf>,
    /// Files, stale sockets and folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<GivenFile>,
    /// System V segments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<GivenSegment>,
    /// System V semaphore sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub semaphores: Vec<GivenSemaphores>,
    /// System V message queues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<GivenQueue>,
    /// POSIX message queues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posix_queues: Vec<GivenPosixQueue>,
    /// Lines of `/etc/hosts` beside `localhost`: a host's name, or its own and its aliases with blanks between them.
    pub hosts: Vec<(String, IpAddr)>,
    /// Host files and folders, links followed, that the box withholds although they lie in something that it shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<PathBuf>,
}

/// A host path shown inside the box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bind {
    /// On the host.
    pub host: PathBuf,
    /// In the box, absolute.
    pub inside: PathBuf,
    /// Whether actors may write there. Only builds ask for it.
    #[serde(default)]
    pub writable: bool,
    /// Shown to trusted actors only: the student's mount namespace never has it.
    #[serde(default)]
    pub trusted_only: bool,
    /// Shown to the actors of one party only, [`Actor::party`]; `None`: to all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<u32>,
}

/// A file that exists before the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenFile {
    /// Absolute path inside the box.
    pub path: PathBuf,
    /// What it is.
    pub kind: GivenKind,
    /// Permission bits, `chmod(2)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Bytes of a regular file: behind its text is a hole, `ftruncate(2)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// What a given file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GivenKind {
    /// A regular file with these bytes.
    Text(Bytes),
    /// A socket file that no process serves any more.
    StaleSocket,
    /// An empty folder.
    Directory,
    /// A FIFO, `mkfifo(3)`.
    Fifo,
    /// A POSIX named semaphore with this value: a file that the C library maps, `sem_open(3)`.
    Semaphore(u32),
    /// A symbolic link, `symlink(2)`.
    Symlink(PathBuf),
    /// Another name of a file that was given before, `link(2)`.
    HardLink(PathBuf),
}

/// A System V segment that exists before the case, `shmget(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenSegment {
    /// Its key.
    pub key: i32,
    /// Size in bytes.
    pub size: usize,
    /// Permission bits.
    pub mode: u32,
    /// What it holds at offset 0.
    #[serde(default)]
    pub holds: Bytes,
    /// Belongs to another user than the actors'.
    #[serde(default)]
    pub foreign: bool,
}

/// A System V semaphore set that exists before the case, `semget(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenSemaphores {
    /// Its key.
    pub key: i32,
    /// The value of each semaphore.
    pub values: Vec<u16>,
    /// Permission bits.
    pub mode: u32,
}

/// A System V message queue that exists before the case, `msgget(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenQueue {
    /// Its key.
    pub key: i32,
    /// What waits in it, in this order.
    pub messages: Vec<QueuedMessage>,
    /// Permission bits.
    pub mode: u32,
}

/// A POSIX message queue that exists before the case, `mq_open(3)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenPosixQueue {
    /// `/name`
    pub name: Bytes,
    /// The most messages that it holds.
    pub maxmsg: u64,
    /// The most bytes of a message.
    pub msgsize: u64,
    /// What is put into it, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<UrgentMessage>,
    /// Permission bits.
    pub mode: u32,
}

/// One process tree that a plan starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Its name in messages, awaits and tampers.
    pub name: String,
    /// `false`: nothing it does may be believed, and it sees nothing that it does not need.
    #[serde(default)]
    pub trusted: bool,
    /// Untrusted actors of one party see each other's processes. Those of different parties do not, and have no way to each
    /// other but what the case gives to all: sockets, System V objects, writable folders.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub party: u32,
    /// What it runs.
    pub run: Run,
    /// What it reads on descriptor 0.
    pub stdin: Stdin,
    /// What it finds on descriptor 1.
    #[serde(default, skip_serializing_if = "StdoutKind::is_terminal")]
    pub stdout: StdoutKind,
    /// What must have happened before it starts; all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<Await>,
    /// When it counts as ready: this endpoint served, or, without one, its program started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Endpoint>,
    /// Texts in its arguments, steps and stdin that become what is known when it starts. It does not start when one is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fills: Vec<Placeholder>,
    /// It serves for ever: when nothing but time could make it go on, and no other actor is alive, the case is over.
    #[serde(default, skip_serializing_if = "is_false")]
    pub serves: bool,
    /// How many descriptors it finds open beside the usual three: all numbers below this, but for a few.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub descriptors: u32,
    /// Kernel calls of it that are recorded beyond those that always are, each time and on whatever descriptor. Those that
    /// the loader makes before the program begins are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<String>,
    /// It is looked what files and shared memory its processes have mapped.
    #[serde(default, skip_serializing_if = "is_false")]
    pub maps: bool,
    /// The kernel draws anew where its memory lies, which as a rule is the same in every run.
    #[serde(default, skip_serializing_if = "is_false")]
    pub random_addresses: bool,
    /// Which line of the student's files each address of its program comes from; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineTable>,
}

impl Actor {
    /// An untrusted one that starts at once and reads nothing.
    #[must_use]
    pub fn new(name: impl Into<String>, run: Run) -> Self {
        Self {
            name: name.into(),
            trusted: false,
            party: 0,
            run,
            stdin: Stdin::Text(Bytes::default()),
            stdout: StdoutKind::default(),
            start: Vec::new(),
            ready: None,
            fills: Vec::new(),
            serves: false,
            descriptors: 0,
            watched: Vec::new(),
            maps: false,
            random_addresses: false,
            lines: None,
        }
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A text that is filled in at an actor's start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placeholder {
    /// As it stands in the plan.
    pub text: String,
    /// What it becomes.
    pub with: RuntimeValue,
}

/// Something that is known only while a case runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeValue {
    /// What the kernel answered an actor, [`crate::Answer`].
    #[serde(alias = "told")]
    Answer {
        /// The actor that it answered.
        actor: String,
        /// Under which name.
        name: String,
        /// Which time, from 1; `None`: the last.
        nth: Option<u32>,
    },
    /// The identifier of the segment with this key.
    Segment(i32),
    /// Where an actor serves what it must, once it does.
    Served {
        /// The actor.
        actor: String,
        /// What of it.
        part: ServedPart,
    },
}

/// What an actor runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Run {
    /// A program: path inside the box, `argv` with `argv[0]`, and the whole environment.
    Program {
        /// Absolute, or relative to the working directory.
        path: PathBuf,
        /// `argv[0]` included.
        argv: Vec<Bytes>,
        /// The whole environment: nothing is inherited.
        env: Vec<(String, String)>,
    },
    /// A scripted peer: its steps, one a line, as the peer's own program reads them. `path` is that program.
    Script {
        /// The program that plays scripts, with the arguments that make it do so.
        path: PathBuf,
        /// `argv[0]` included.
        argv: Vec<Bytes>,
        /// One step a line.
        steps: Vec<String>,
    },
}

/// What an actor finds on descriptor 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stdin {
    /// A pipe that gives these bytes, then end of file.
    Text(Bytes),
    /// A pipe that stays open and silent.
    Silent,
}

/// What an actor finds on descriptor 1. The C library writes each line at once to a terminal, and blocks to all else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StdoutKind {
    /// A terminal that changes nothing of what is written.
    #[default]
    Terminal,
    /// A pipe.
    Pipe,
    /// A plain file.
    File,
}

impl StdoutKind {
    /// Whether it is what every actor has as a rule.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        *self == Self::Terminal
    }
}

/// Something another actor does that a start waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Await {
    /// Its `ready` was reached (or it has exec'd, where it has none).
    Ready(String),
    /// Its first process ended.
    Exits(String),
    /// Every process of it is blocked in a call that another actor can end, with a timeout or without; a sleep is none until it has
    /// slept once and nothing came of it.
    Waits(String),
    /// The case's clock shows so many milliseconds: time passes when nothing else can happen.
    Clock(u64),
}

/// What tampers name for a write to shared memory: by any process of the actor where the tamper means calls everywhere, else
/// as [`CHILD_STORE`].
pub const STORE: &str = "store";
/// A write to shared memory by a process that the actor's first one made.
pub const CHILD_STORE: &str = "child_store";

/// A change that the tracer makes to one actor's calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tamper {
    /// The actor that makes the calls.
    pub actor: String,
    /// A call or family: `recv`, `shmget`, `send`; `stdout` or `stderr` for what is written on that stream, `exit` for the
    /// end that a process makes itself, [`STORE`] and [`CHILD_STORE`] for a write to shared memory (where turns are taken; the
    /// one action for it is a signal).
    pub call: String,
    /// Other calls that are meant as well, and counted with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<String>,
    /// Only on such descriptors; `None`: on any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<OpenOn>,
    /// It meets calls, too, that are recorded only because the actor's `watched` names them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub everywhere: bool,
    /// Which of them.
    pub occurrence: Occurrence,
    /// What happens.
    pub action: TamperAction,
}

impl Tamper {
    /// All calls and families that are meant.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        [&self.call].into_iter().chain(&self.or).map(String::as_str)
    }

    /// Those, and where calls are seen on every descriptor also what does the work of one of them: a program that writes by
    /// another call must not miss what is tried on it.
    pub fn met_calls(&self) -> impl Iterator<Item = &str> {
        let seen = self.calls().filter(|_| self.everywhere);
        let others = seen.flat_map(|call| stand_ins(call).iter().copied());
        self.calls().chain(others)
    }
}

/// The descriptors that a change is about: those of a kind, or those on one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OpenOn {
    /// Those of this kind.
    Kind(DescriptorKind),
    /// Those that are open on what has this path, as the kernel resolved it.
    Path(String),
}

impl OpenOn {
    /// Whether the kernel itself can do such a thing to a call there. What lies under a path is known in a run only.
    #[must_use]
    pub fn can_meet(&self, call: &str, action: &TamperAction) -> bool {
        match self {
            Self::Kind(kind) => kind.can_meet(call, action),
            Self::Path(_) => true,
        }
    }
}

impl fmt::Display for OpenOn {
    /// As specs write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => f.write_str(kind.name()),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// What a descriptor is open on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DescriptorKind {
    /// A plain file.
    File,
    /// A pipe, with a name or without.
    Pipe,
    /// A terminal.
    Terminal,
    /// A socket.
    Socket,
}

impl DescriptorKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::File, Self::Pipe, Self::Terminal, Self::Socket];

    /// As specs write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Pipe => "pipe",
            Self::Terminal => "terminal",
            Self::Socket => "socket",
        }
    }

    /// Whether the kernel itself does such a thing to a call on a descriptor of this kind: nothing interrupts or postpones
    /// work on a plain file, and reading there gives all that there is.
    #[must_use]
    pub fn can_meet(self, call: &str, action: &TamperAction) -> bool {
        let Self::File = self else {
            return true;
        };
        let reads = ["read", "readv", "pread", "pread64", "preadv"].contains(&call);
        match action {
            TamperAction::Fail(errno) => {
                !["EINTR", "EAGAIN", "EWOULDBLOCK", "EPIPE"].contains(&errno.as_str())
            }
            TamperAction::AtMost(_) => !reads,
            TamperAction::Signal(_) => false,
            TamperAction::Skip(_)
            | TamperAction::CountBy(_)
            | TamperAction::FlipLastByte
            | TamperAction::ArgumentBy { .. }
            | TamperAction::PortBy(_)
            | TamperAction::Lose
            | TamperAction::Twice
            | TamperAction::AlterLastLetter
            | TamperAction::LeaveChild
            | TamperAction::LeaveFile(_) => true,
        }
    }
}

/// Which of an actor's calls of a family a tamper meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occurrence {
    /// All of them.
    Every,
    /// Only the n-th, from 1.
    Nth(u32),
    /// The n-th, from 1, and all after it.
    From(u32),
}

impl Occurrence {
    /// Whether the call is meant that is the n-th, from 1.
    #[must_use]
    pub fn means(self, n: u32) -> bool {
        match self {
            Self::Every => true,
            Self::Nth(nth) => n == nth,
            Self::From(nth) => n >= nth,
        }
    }
}

impl fmt::Display for Occurrence {
    /// As specs write it, behind a call.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => Ok(()),
            Self::Nth(nth) => write!(f, " #{nth}"),
            Self::From(nth) => write!(f, " from #{nth}"),
        }
    }
}

/// What a tamper does to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TamperAction {
    /// The call is not made and fails with this errno (`ENOSPC`).
    Fail(String),
    /// The count of bytes asked for is lowered to this before the call is made.
    AtMost(u64),
    /// The call is not made; this signal (`SIGINT`) arrives instead, then the call is made again where the kernel would restart it.
    Signal(String),
    /// The call is not made and this value is returned.
    Skip(i64),
    /// The count of bytes is changed by this much before the call is made.
    CountBy(i64),
    /// The last byte that the call delivered is flipped in the program's memory.
    FlipLastByte,
    /// An integer argument (0 the first) is changed by this much before the call is made.
    ArgumentBy {
        /// Which argument, from 0.
        index: u8,
        /// By how much.
        by: i64,
    },
    /// The port of the address argument is changed by this much, in host order.
    PortBy(i32),
    /// The call is not made, and the program is told that all that it handed over was taken.
    Lose,
    /// The call is made a second time with the same arguments.
    Twice,
    /// The last letter or digit of what the call hands over, or its last byte where there is none, is another one on its
    /// way; the program's own memory is put back.
    AlterLastLetter,
    /// Before the call the process makes a child that waits for ever, `pause(2)`.
    LeaveChild,
    /// Before the call the process makes an empty file at this absolute path.
    LeaveFile(String),
}

impl TamperAction {
    /// How the trace marks a call that was changed in this way, [`crate::Call::tampered`].
    #[must_use]
    pub fn note(&self) -> String {
        match self {
            Self::Fail(errno) => errno.clone(),
            Self::AtMost(most) => format!("at most {most} bytes"),
            Self::Signal(signal) => signal.clone(),
            Self::Skip(_) => "not done".to_owned(),
            Self::CountBy(by) => format!("count changed by {by:+}"),
            Self::FlipLastByte => "last byte flipped".to_owned(),
            Self::ArgumentBy { index, by } => format!("argument {index} changed by {by:+}"),
            Self::PortBy(by) => format!("port changed by {by:+}"),
            Self::Lose => "lost".to_owned(),
            Self::Twice => "made twice".to_owned(),
            Self::AlterLastLetter => "a character altered".to_owned(),
            Self::LeaveChild => "a child left".to_owned(),
            Self::LeaveFile(path) => format!("{path} left"),
        }
    }
}

/// A look at a System V object while the case runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// What it is.
    #[serde(default, skip_serializing_if = "IpcKind::is_segment")]
    pub of: IpcKind,
    /// Its key.
    pub key: i32,
    /// When to look.
    pub when: Await,
}

/// A kind of System V objects, `sysvipc(7)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IpcKind {
    /// A shared memory segment.
    #[default]
    Segment,
    /// A semaphore set.
    Semaphores,
    /// A message queue: how many messages wait in it. They stay there, so that their texts are not looked at.
    Queue,
}

impl IpcKind {
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands over references"
    )]
    pub(crate) fn is_segment(&self) -> bool {
        *self == Self::Segment
    }
}

/// What no actor may exceed. Hitting one is evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Wall time for the whole case in milliseconds: a net for what sleeps on a timer, stretched while the machine starves us.
    pub wall_ms: u64,
    /// What the case's own clock may show, in milliseconds: computing takes none of its time, and waiting for a time takes none
    /// of the machine's.
    #[serde(default = "clock_ms")]
    pub clock_ms: u64,
    /// CPU time of all processes of one actor together, in milliseconds.
    pub cpu_ms: u64,
    /// Memory in use of all processes of one actor together, in MiB; 0 is no limit.
    pub memory_mib: u64,
    /// A program reserves terabytes of address space that it never touches, as sanitizers do: only memory is limited.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reserves: bool,
    /// Size of one file, and of each private tmpfs, in MiB.
    pub file_mib: u64,
    /// Processes and threads alive at once in one box.
    pub processes: u64,
    /// Open descriptors of one process.
    pub open_files: u64,
    /// Bytes of stdout, and of stderr, of one actor before it is stopped.
    pub output_bytes: u64,
    /// Lines of stdout, and of stderr, of one actor before it is stopped.
    #[serde(default = "output_lines")]
    pub output_lines: u64,
    /// Bytes of each stream that are kept: half from its head, half from its tail.
    pub output_kept: u64,
    /// Traced calls of one actor before it is stopped.
    pub calls: u64,
    /// Traced calls that are kept: half from the head, half from the tail.
    pub calls_kept: u64,
    /// Files, folders, links and socket files that one actor makes before it is stopped, as the trace counts them.
    #[serde(default = "files")]
    pub files: u64,
}

impl Limits {
    /// How much address space one process may have, in MiB; `None`: as much as it wants. Memory in use is what is limited;
    /// this is only for what asks for more and more and never uses it.
    #[must_use]
    pub fn address_space_mib(&self) -> Option<u64> {
        /// What the C library reserves for a thread: 8 MiB of stack, and up to twice 64 MiB for what it allocates. How
        /// many threads share such a reserve depends on the number of processors.
        const THREAD_MIB: u64 = 8 + 2 * 64;
        let limited = self.memory_mib > 0 && !self.reserves;
        limited.then(|| self.memory_mib + THREAD_MIB * self.processes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall_ms: 10_000,
            clock_ms: clock_ms(),
            cpu_ms: 2_000,
            memory_mib: 1024,
            reserves: false,
            file_mib: 32,
            processes: 64,
            open_files: 256,
            output_bytes: 128 << 10,
            output_lines: output_lines(),
            // More than what is allowed, so that nothing is missing of a program that was not stopped.
            output_kept: 256 << 10,
            calls: 100_000,
            calls_kept: 4_000,
            files: files(),
        }
    }
}

/// An hour.
fn clock_ms() -> u64 {
    3_600_000
}

/// Several times what any program of a lab prints, and so few that a program that prints without end is soon done with: each
/// line is a stop at the tracer.
fn output_lines() -> u64 {
    1_000
}

/// Far more than any program of a lab makes, and so few that taking them away costs no time.
fn files() -> u64 {
    2_000
}
