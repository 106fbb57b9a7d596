//! The resolved spec: every name bound, every default filled in, nothing left that could be wrong.
//!
//! `raw.rs` mirrors the file, `resolve.rs` turns it into these types. An `Option` here means that the author left
//! something out on purpose, never that it is not known yet.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// A lab: what one TOML file describes.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The lab's name, which is also its file's.
    pub lab: String,
    /// For people.
    pub title: String,
    /// Questions of the unit: `Q4`.
    pub unit: Vec<String>,
    /// What students hand in, in file order.
    pub programs: Vec<Program>,
    /// Scenarios, in file order.
    pub cases: Vec<Case>,
}

impl Spec {
    /// The program of that name.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<&Program> {
        self.programs.iter().find(|program| program.name == name)
    }

    /// The case of that id.
    #[must_use]
    pub fn case(&self, id: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.id == id)
    }
}

/// Something the student hands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// `iserver`
    pub name: String,
    /// File names to look for, best first.
    pub sources: Vec<String>,
    /// The spec's own build line, a command without a shell; `None`: Makefile or compiler.
    pub build: Option<String>,
    /// Extra arguments for the compiler and linker, after the sources: `-pthread`.
    pub flags: Vec<String>,
    /// What takes its place as a peer or oracle.
    pub reference: Reference,
}

/// Where a program's reference comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A program of the reference crate.
    BuiltIn(String),
    /// Sources beside the spec, built like a submission's.
    Sources(Vec<String>),
    /// The spec has none: the program can only be the student's.
    None,
}

/// One scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// `echo-one`
    pub id: String,
    /// For people: `your server echoes one message to our client`.
    pub title: String,
    /// Graded apart.
    pub tier: Tier,
    /// What it is worth.
    pub points: Points,
    /// What it tests of the unit: `Q6`, or an id of the unit's list.
    pub covers: Vec<String>,
    /// What a teacher would say to somebody who failed it.
    pub hint: Option<String>,
    /// Safety net for one run, wall time.
    pub limit: Duration,
    /// Cases that must have passed, else this one is skipped.
    pub requires: Vec<String>,
    /// Who may see its result, and when.
    pub visibility: Visibility,
    /// Run a second build with AddressSanitizer and UBSan.
    pub sanitize: bool,
    /// How many descriptors a process may have open at once; `None`: the box's own limit.
    pub open_files: Option<u32>,
    /// In which orders processes take turns at shared memory, one run for each; empty: as the machine lets them.
    pub interleave: Vec<Turns>,
    /// Process trees, in the order in which they start.
    pub actors: Vec<Actor>,
    /// Expectations about what crossed.
    pub wire: Vec<Wire>,
    /// Expectations about what is left.
    pub leaves: Leaves,
    /// Expectations about segments.
    pub shm: Vec<ShmState>,
    /// Expectations about system calls.
    pub calls: Vec<ActorCalls>,
    /// What is there before.
    pub given: Given,
    /// Changes at the kernel boundary.
    pub faults: Vec<Fault>,
    /// One run for each of these call families and each errno that its man page lists as likely, that call failing.
    pub fail_each: Vec<String>,
    /// Variables and how their values are drawn.
    pub vary: Vec<Vary>,
    /// How often the case runs with values drawn anew; 1 without `vary`.
    pub runs: u32,
    /// Judge what students print and send against reference programs in the same case, too.
    pub oracle: bool,
    /// Line of the case's header in its file, from 1.
    pub line: usize,
    /// The case's own text in the file, so that it can be shown and pasted.
    pub text: String,
}

impl Case {
    /// The questions of the unit that it tests, each once: `Q6` for `Q6.restart`.
    #[must_use]
    pub fn questions(&self) -> Vec<&str> {
        let mut questions: Vec<&str> = Vec::new();
        for covered in &self.covers {
            let question = covered
                .split_once('.')
                .map_or(covered.as_str(), |(question, _)| question);
            if !questions.contains(&question) {
                questions.push(question);
            }
        }
        questions
    }

    /// How often peers do what they do many times, all together.
    #[must_use]
    pub fn crowd(&self) -> u64 {
        let steps = self.actors.iter().flat_map(|actor| match &actor.player {
            Player::Peer { steps } => steps.as_slice(),
            Player::Student { .. } | Player::Reference { .. } => &[],
        });
        steps
            .map(|step| match step.action {
                Action::Times { times, .. } => u64::from(times),
                _ => 0,
            })
            .sum()
    }

    /// The actor of that name.
    #[must_use]
    pub fn actor(&self, name: &str) -> Option<&Actor> {
        self.actors.iter().find(|actor| actor.name == name)
    }

    /// The actor that somebody in a run is: the one of that name, or the one whose copy it is, as `client.2` is one of
    /// `client`.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Actor> {
        self.actor(name).or_else(|| {
            let (role, number) = name.rsplit_once('.')?;
            number.parse::<u32>().ok()?;
            self.actor(role)
        })
    }

    /// Names of the student's programs that it needs, each once.
    #[must_use]
    pub fn needs(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for actor in &self.actors {
            if let Player::Student { program, .. } = &actor.player
                && !names.contains(&program.as_str())
            {
                names.push(program);
            }
        }
        names
    }
}

/// Whose turn it is, where processes take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turns {
    /// Who is about to write where it has read before waits until nobody else can go on.
    LateWriters,
    /// Who is about to write at all waits until nobody else can go on.
    ReadersFirst,
    /// Each goes on for as long as it can; then the one that was made first.
    OldestFirst,
    /// Each goes on for as long as it can; then the one that was made last.
    NewestFirst,
    /// Drawn anew at each access.
    Drawn,
}

impl Turns {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::LateWriters,
        Self::ReadersFirst,
        Self::OldestFirst,
        Self::NewestFirst,
        Self::Drawn,
    ];

    /// As specs write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LateWriters => "late-writers",
            Self::ReadersFirst => "readers-first",
            Self::OldestFirst => "oldest-first",
            Self::NewestFirst => "newest-first",
            Self::Drawn => "drawn",
        }
    }
}

/// Tiers, graded apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// What the unit's own listings do.
    Core,
    /// What a careful engineer adds.
    Robust,
    /// What the unit's prose promises beyond its listings.
    Stretch,
}

impl Tier {
    /// All tiers, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Core, Self::Robust, Self::Stretch];

    /// As specs and reports write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Robust => "robust",
            Self::Stretch => "stretch",
        }
    }
}

/// What an expectation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// The program could be built.
    Build,
    /// What was printed.
    Output,
    /// What crossed the wire.
    Bytes,
    /// How the program ended.
    Exit,
    /// What was left behind.
    Cleanup,
    /// Which system calls were made.
    Calls,
    /// What is in shared memory; memory errors.
    Memory,
}

impl Aspect {
    /// All aspects, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Build,
        Self::Output,
        Self::Bytes,
        Self::Exit,
        Self::Cleanup,
        Self::Calls,
        Self::Memory,
    ];

    /// As specs and reports write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Output => "output",
            Self::Bytes => "bytes",
            Self::Exit => "exit",
            Self::Cleanup => "cleanup",
            Self::Calls => "calls",
            Self::Memory => "memory",
        }
    }
}

/// What a case is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Points {
    /// All or nothing: every expectation counts.
    Whole(u32),
    /// So many for each of these aspects; expectations of other aspects are shown as remarks and cost nothing.
    Split(Vec<(Aspect, u32)>),
}

impl Points {
    /// The most that the case can earn.
    #[must_use]
    pub fn max(&self) -> u32 {
        match self {
            Self::Whole(points) => *points,
            Self::Split(parts) => parts.iter().map(|(_, points)| points).sum(),
        }
    }

    /// Whether a failed expectation of this aspect costs anything.
    #[must_use]
    pub fn grades(&self, aspect: Aspect) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Split(parts) => parts.iter().any(|(part, _)| *part == aspect),
        }
    }
}

/// Who may see a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Everybody.
    Visible,
    /// Staff only.
    Hidden,
    /// Students, once the deadline has passed.
    AfterDeadline,
}

/// A process tree of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// Its key in the file: `server`.
    pub name: String,
    /// Who plays.
    pub player: Player,
    /// How many of it; a template, since `vary` may decide. `1` when the file does not say. Copies of `client` are called `client.1`, `client.2`.
    pub copies: Template,
    /// What it reads; `None`: nothing, at once end of file.
    pub stdin: Option<Template>,
    /// Where it must serve, and the starting gun of the next actor.
    pub listens: Option<Endpoint>,
    /// What must have happened before it starts; `None`: the actor before it is ready.
    pub after: Option<After>,
    /// How it must end.
    pub exit: Option<ExitExpectation>,
    /// What it must print.
    pub stdout: Vec<OutputExpectation>,
    /// What it must print on descriptor 2.
    pub stderr: Vec<OutputExpectation>,
}

impl Actor {
    /// The templates that are filled in when it starts: its arguments, its steps' and what it reads.
    #[must_use]
    pub fn given_at_start(&self) -> Vec<&Template> {
        let mut found: Vec<&Template> = self.stdin.iter().collect();
        match &self.player {
            Player::Student { args, .. } | Player::Reference { args, .. } => found.extend(args),
            Player::Peer { steps } => found.extend(steps.iter().filter_map(crate::fill::sent)),
        }
        found
    }

    /// Whether the student's own program plays it.
    #[must_use]
    pub fn is_student(&self) -> bool {
        matches!(self.player, Player::Student { .. })
    }
}

/// Who plays an actor.
#[derive(Clone, Debug, PartialEq)]
pub enum Player {
    /// The submission's program.
    Student {
        /// Name of a [`Program`].
        program: String,
        /// Arguments after the program's name.
        args: Vec<Template>,
    },
    /// Our own.
    Reference {
        /// Name of a [`Program`].
        program: String,
        /// Arguments after the program's name.
        args: Vec<Template>,
    },
    /// A script: its steps, each parsed.
    Peer {
        /// In order.
        steps: Vec<Step>,
    },
}

/// What an actor's start waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// `"rude exits"`
    Exits(String),
    /// `"server waits"`
    Waits(String),
    /// `"server listens"`
    Listens(String),
}

/// A place where a service is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `tcp:12345`, `tcp:0.0.0.0:12345`
    Tcp {
        /// `None`: any address will do.
        ip: Option<IpAddr>,
        /// Port.
        port: u16,
    },
    /// `udp:7000`
    Udp {
        /// `None`: any address will do.
        ip: Option<IpAddr>,
        /// Port.
        port: u16,
    },
    /// `unix:/tmp/uc_srv_socket`
    Unix(String),
    /// `shm:100`
    Shm(i32),
}

/// How an actor must end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitExpectation {
    /// With this status.
    Code(u8),
    /// With any status but 0, by itself: not by a signal.
    Failure,
    /// Not before the others; the box then ends it.
    Running,
    /// Killed by this signal: `SIGPIPE`.
    Signal(String),
    /// In whatever way.
    Any,
}

/// One expectation about a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputExpectation {
    /// The whole transcript, line by line; `...` elides.
    Transcript(Vec<TranscriptLine>),
    /// These lines in this order, others may stand between.
    Lines(Vec<Template>),
    /// These lines in any order, others may stand between.
    AnyOrder(Vec<Template>),
    /// Each of these somewhere.
    Contains(Vec<Template>),
    /// None of these anywhere.
    Lacks(Vec<Template>),
    /// Each of these matches somewhere; in the syntax of the `regex` crate, checked when the spec is read.
    Regex(Vec<String>),
}

/// A line of a transcript.
#[derive(Clone, Debug, PartialEq)]
pub enum TranscriptLine {
    /// `...` on a line of its own: any number of lines.
    Elided,
    /// A line; [`Hole::Any`] stands for a `...` in it.
    Line(Template),
}

/// Text with holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// In order; no text is empty, no two stand side by side.
    pub parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// To be matched or filled in.
    Hole(Hole),
}

/// What stands between `{{` and `}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hole {
    /// Matches any text of one line.
    Any,
    /// Matches an integer.
    Int,
    /// A variable of `vary`.
    Variable(String),
    /// `{{client.sent}}`: all bytes that the actor sent; `{{client.sent.2}}`: in its second transfer.
    Sent {
        /// Whose.
        actor: String,
        /// From 1.
        nth: Option<u32>,
    },
    /// `{{server.received.2}}`
    Received {
        /// Whose.
        actor: String,
        /// From 1.
        nth: Option<u32>,
    },
    /// `{{client.pid}}`
    Pid {
        /// Whose.
        actor: String,
    },
    /// `{{creator.told.shmid}}`: what the kernel told the actor under this name, the last time; `{{report.told.SO_TYPE.2}}`:
    /// the second time.
    Told {
        /// Whom.
        actor: String,
        /// `shmid`, `shm_perm.mode`, `SO_RCVBUF`.
        name: String,
        /// From 1.
        nth: Option<u32>,
    },
    /// `{{shm.100.shmid}}`: the identifier of the segment with this key, when the actor starts.
    Segment(i32),
    /// `{{fault.call}}`: the call that was made to fail.
    FaultCall,
    /// `{{fault.message}}`: what `strerror` says for it.
    FaultMessage,
}

impl Template {
    /// A template without holes.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            parts: if text.is_empty() {
                Vec::new()
            } else {
                vec![Part::Text(text)]
            },
        }
    }

    /// Its text, when it has no holes.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The same with values filled in: variables by their names, `fault.call` and `fault.message` by these; the other
    /// holes stay.
    #[must_use]
    pub fn with(&self, values: &BTreeMap<String, String>) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for part in &self.parts {
            let name = match part {
                Part::Hole(Hole::Variable(name)) => Some(name.as_str()),
                Part::Hole(Hole::FaultCall) => Some("fault.call"),
                Part::Hole(Hole::FaultMessage) => Some("fault.message"),
                Part::Text(_) | Part::Hole(_) => None,
            };
            let part = match name.and_then(|name| values.get(name)) {
                Some(value) => Part::Text(value.clone()),
                None => part.clone(),
            };
            match (parts.last_mut(), part) {
                (_, Part::Text(more)) if more.is_empty() => {}
                (Some(Part::Text(text)), Part::Text(more)) => text.push_str(&more),
                (_, part) => parts.push(part),
            }
        }
        Self { parts }
    }
}

/// What crossed from one actor to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// Actor's name; it stands for all its copies.
    pub from: String,
    /// Actor's name; it stands for all its copies.
    pub to: String,
    /// What the kernel must say was sent.
    pub sent: Option<Amount>,
    /// What the kernel must say was received.
    pub received: Option<Amount>,
}

/// So much, or exactly this.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// This many bytes in all.
    Bytes(Template),
    /// These messages, each in one call, in this order.
    Messages(Vec<Template>),
}

/// What may and must be left behind. What is named nowhere may not be left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    /// Allowed.
    pub may: Vec<Leftover>,
    /// Required.
    pub must: Vec<Leftover>,
}

/// One kind of thing that can be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// A file or socket file; `*` stands for any part of one path component.
    Path(String),
    /// `shm:100`, `shm:private`, `shm:any`
    Shm(Named),
    /// `sem:100`
    Sem(Named),
    /// `msg:100`
    Msg(Named),
    /// `posix-shm:/name`
    PosixShm(String),
    /// `tcp:12345`, still served.
    Port(Endpoint),
    /// `process`: a child that goes on.
    Process,
}

/// Which System V object of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The one with this key.
    Key(i32),
    /// One that `IPC_PRIVATE` made.
    Private,
    /// Whatever its key: `ftok` chose it, for example.
    Any,
}

impl Named {
    /// Whether an object with this key is meant; 0 is `IPC_PRIVATE`.
    #[must_use]
    pub fn is(self, key: i32) -> bool {
        match self {
            Self::Key(wanted) => key == wanted,
            Self::Private => key == 0,
            Self::Any => true,
        }
    }
}

/// State of a segment at some moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ShmState {
    /// Its key.
    pub key: i32,
    /// When; `None`: after the last actor ended.
    pub after: Option<After>,
    /// `Some(false)`: there must be none. `Some(true)`, or any other field given: there must be one.
    pub exists: Option<bool>,
    /// Bytes.
    pub size: Option<u64>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// Attaches.
    pub attached: Option<u64>,
    /// What it must hold at offset 0.
    pub holds: Option<Template>,
}

/// What an actor's calls must look like.
#[derive(Clone, Debug, PartialEq)]
pub struct ActorCalls {
    /// Whose.
    pub actor: String,
    /// All of them.
    pub patterns: Vec<CallPattern>,
}

/// A strace-like pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallPattern {
    /// Such a call was made.
    Has(CallMatch),
    /// No such call was made.
    No(CallMatch),
    /// Each call of `opener` that succeeded was followed by one of `closer` on the same object.
    Every {
        /// `socket`
        opener: CallMatch,
        /// `close`
        closer: CallMatch,
    },
}

/// A call to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMatch {
    /// A call or a family.
    pub name: String,
    /// Patterns of the first arguments.
    pub args: Vec<ArgPattern>,
    /// `...` or nothing between the parentheses: more arguments may follow.
    pub open: bool,
    /// What it must have returned.
    pub result: Option<ResultPattern>,
    /// As the author wrote the whole pattern.
    pub text: String,
}

/// Pattern of one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgPattern {
    /// `_`
    Any,
    /// A number; octal (`0644`) and hexadecimal (`0x64`) as in C.
    Number(i64),
    /// Flags in any order: `IPC_CREAT|0644`; numbers among them as in C.
    Flags(Vec<String>),
    /// These flags, and others may be set too: `MSG_PEEK|...`
    FlagsAmong(Vec<String>),
    /// `"text"`
    Text(String),
}

/// Pattern of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultPattern {
    /// `= 0`
    Is(i64),
    /// `>= 0`
    AtLeast(i64),
    /// `< 0`
    Below(i64),
    /// `= EINVAL`
    Errno(String),
}

/// What is there before the first actor starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// Files, in file order.
    pub files: Vec<GivenFile>,
    /// Segments.
    pub shm: Vec<GivenSegment>,
    /// Semaphore sets.
    pub sem: Vec<GivenSemaphores>,
    /// Students' programs find so many descriptors open when they start: numbers below this are taken. 0: the usual three.
    pub descriptors: u32,
    /// Lines of the hosts file: a name, or a host's own and its others with a blank between them, and an address.
    pub hosts: Vec<(String, IpAddr)>,
}

/// A file that is there before.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenFile {
    /// Absolute.
    pub path: String,
    /// What it is.
    pub kind: GivenKind,
    /// Permission bits.
    pub mode: Option<u32>,
}

/// What a given file is.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenKind {
    /// A regular file with this text.
    Text(Template),
    /// A socket file that nobody serves.
    StaleSocket,
    /// A folder.
    Directory,
}

/// A segment that is there before.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenSegment {
    /// Its key.
    pub key: i32,
    /// Bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// At offset 0.
    pub holds: Template,
    /// Belongs to another user.
    pub foreign: bool,
}

/// A semaphore set that is there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenSemaphores {
    /// Its key.
    pub key: i32,
    /// The semaphores' values.
    pub values: Vec<u16>,
    /// Permission bits.
    pub mode: u32,
}

/// A change at the kernel boundary: `server recv #2: EINTR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose call.
    pub actor: String,
    /// A call or a family.
    pub call: String,
    /// Only the n-th, from 1.
    pub nth: Option<u32>,
    /// What happens.
    pub kind: FaultKind,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The call fails with this errno: `ENOSPC`.
    Errno(String),
    /// It moves at most so many bytes.
    AtMost(u64),
    /// This signal arrives: `SIGINT`.
    Signal(String),
}

/// A variable and how its values are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vary {
    /// `text`
    pub name: String,
    /// How.
    pub draw: Draw,
}

/// How a variable's values are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draw {
    /// A text of so many characters.
    Text {
        /// Shortest.
        min: u32,
        /// Longest.
        max: u32,
        /// Of which characters.
        of: Alphabet,
    },
    /// A whole number.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// One of these.
    OneOf(Vec<String>),
}

/// Which characters a text is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// Printable ASCII.
    Printable,
    /// `a` to `z`, `A` to `Z`.
    Letters,
    /// Digits.
    Digits,
    /// Printable ASCII and the other characters of Latin-1 and beyond, as UTF-8.
    Utf8,
    /// Every character but NUL and newline, control characters included.
    Any,
}

/// One step of a scripted peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// As the author wrote it.
    pub text: String,
    /// What it does.
    pub action: Action,
}

/// What a step does. Sockets and segments are the peer's current one, the last that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `connect tcp:12345`, `connect unix:/tmp/s`, `connect unix-stream:/tmp/s`
    Connect(PeerEndpoint),
    /// `open udp`, `open unix-dgram`: an unbound socket.
    Open(PeerSocket),
    /// `bind udp:7001`
    Bind(PeerEndpoint),
    /// `listen tcp:12345`
    Listen(PeerEndpoint),
    /// `accept`
    Accept,
    /// `send 'hal'`, `send hex 00ff`, `send 100 bytes`, `send 'abc' to udp:7000`, `send '!' oob`
    Send {
        /// What.
        data: Data,
        /// Where to, on an unconnected datagram socket.
        to: Option<PeerEndpoint>,
        /// In pieces of so many bytes each, one call each, waiting for the other side to take each.
        pieces: Option<u32>,
        /// With `MSG_OOB`: the last byte of each call is TCP's urgent one.
        oob: bool,
    },
    /// `recv 'hal'`, `recv 49 bytes`, `recv until EOF`, `recv any`
    Recv(Wanted),
    /// `until server waits`, `until server exits`
    Until(After),
    /// `shutdown read|write|both`
    Shutdown(Shutdown),
    /// `reset`: close so that the other side gets a RST.
    Reset,
    /// `close`
    Close,
    /// `abandon`: exit at once, everything open.
    Abandon,
    /// `flood 1000000 bytes`: send so much without ever reading.
    Flood(u64),
    /// `fill 64000000 bytes`: the same, but done when the other side takes no more for now.
    Fill(u64),
    /// `signal server SIGTERM`
    Signal {
        /// To whom.
        actor: String,
        /// Which.
        signal: String,
    },
    /// `shm create 100 1024 0644`
    ShmCreate {
        /// Key.
        key: i32,
        /// Bytes.
        size: u64,
        /// Permission bits.
        mode: u32,
    },
    /// `shm attach 100`, `shm attach id {{creator.told.shmid}}`: and hold it until the peer ends or `shm detach`.
    ShmAttach(SegmentName),
    /// `shm write 'text'`, at offset 0 of the attached one.
    ShmWrite(Data),
    /// `shm read 'text'`
    ShmRead(Data),
    /// `shm detach`
    ShmDetach,
    /// `shm remove 100`
    ShmRemove(SegmentName),
    /// `200 times connect tcp:9000`: a step again and again; now and then the peer waits until everybody else waits.
    Times {
        /// How often.
        times: u32,
        /// What.
        action: Box<Action>,
    },
    /// `each recv 'hal'`: a step once with each of the sockets that are open, in the order in which they were opened.
    Each(Box<Action>),
}

/// How a peer names a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentName {
    /// By its key.
    Key(i32),
    /// `id 5`: by its identifier, which a template may fill in when the peer starts.
    Id(Template),
}

/// What a peer sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `'text'`, with a NUL only where it is written.
    Text(Template),
    /// `hex 00ff`
    Hex(Vec<u8>),
    /// `100 bytes`: of letters, without a NUL.
    Bytes(u64),
}

/// What a peer wants to receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Exactly this.
    Data(Data),
    /// So many bytes of whatever.
    Bytes(u64),
    /// Everything until the other side closes.
    UntilEof,
    /// One call, whatever it gives.
    Any,
    /// End of file and nothing before it.
    Eof,
}

/// Which direction a peer shuts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// `SHUT_RD`
    Read,
    /// `SHUT_WR`
    Write,
    /// `SHUT_RDWR`
    Both,
}

/// A socket type that a peer can open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerSocket {
    /// `tcp`
    Tcp,
    /// `udp`
    Udp,
    /// `unix-stream`
    UnixStream,
    /// `unix-dgram`
    UnixDatagram,
    /// `unix-seqpacket`
    UnixSeqpacket,
}

/// A socket type and its address, as a peer names it: `tcp:127.0.0.1:12345`, `unix-dgram:/tmp/s`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerEndpoint {
    /// Which type.
    pub socket: PeerSocket,
    /// For TCP and UDP; `None`: 127.0.0.1.
    pub ip: Option<IpAddr>,
    /// For TCP and UDP.
    pub port: Option<u16>,
    /// For Unix sockets.
    pub path: Option<String>,
}
