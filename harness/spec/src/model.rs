//! The resolved spec: every name bound, every default filled in, nothing left that could be wrong.
//!
//! `raw.rs` mirrors the file, `resolve.rs` turns it into these types. An `Option` here means that the author left
//! something out on purpose, never that it is not known yet.

mod actors;
mod expect;
mod given;
mod moment;
mod objects;
mod peer;
mod signals;
mod text;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

pub use actors::*;
pub use expect::*;
pub use given::*;
pub use moment::*;
pub use objects::*;
pub use peer::*;
pub use signals::*;
pub use text::*;

/// A lab: what one TOML file describes.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The lab's name, which is also its file's.
    pub lab: String,
    /// For people.
    pub title: String,
    /// Questions of the unit: `Q4`.
    pub unit: Vec<String>,
    /// Lines of the hosts file in every case: names with blanks between them, and an address.
    pub hosts: Vec<(String, IpAddr)>,
    /// What students hand in, in file order.
    pub programs: Vec<Program>,
    /// Scenarios, in file order.
    pub cases: Vec<Case>,
}

impl Case {
    /// The hint for a cause of this kind that shows in this aspect, in steps; empty: none is nearer than the case's own.
    #[must_use]
    pub fn hint_for(&self, cause: Option<&str>, aspect: Aspect) -> &[String] {
        let by_cause = cause.and_then(|cause| self.hints.get(cause));
        let found = by_cause.or_else(|| self.hints.get(aspect.name()));
        found.map_or(&[], Vec::as_slice)
    }
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

/// Kinds of causes, as reports name them and hints are written for them; those first that others follow from.
pub const CAUSES: [&str; 11] = [
    "build",
    "place",
    "memory",
    "crash",
    "limit",
    "nul",
    "unchecked",
    "status",
    "silent",
    "waits",
    "behaviour",
];

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
    /// What a teacher would say to a student who failed it.
    pub hint: Option<String>,
    /// What the teacher would say next, step by step, if that does not help.
    pub next_hints: Vec<String>,
    /// Steps of hints for one kind of cause ([`CAUSES`]) or one aspect, the lab's with them. They are nearer than `hint`.
    pub hints: BTreeMap<String, Vec<String>>,
    /// Safety net for one run, wall time.
    pub limit: Duration,
    /// Cases that must have passed, else this one is skipped.
    pub requires: Vec<String>,
    /// The readers of its result, and when they see it.
    pub visibility: Visibility,
    /// Run a second build with these sanitizers.
    pub sanitize: Option<Sanitizers>,
    /// How many descriptors a process may have open at once; `None`: the box's own limit.
    pub open_files: Option<u32>,
    /// How many lines a program may print on one stream; `None`: the box's own limit.
    pub output_lines: Option<u32>,
    /// What else an actor may use.
    pub limits: CaseLimits,
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
    /// Expectations about processes, descriptors and files.
    pub objects: Objects,
    /// What is there before.
    pub given: Given,
    /// Changes at the kernel boundary.
    pub faults: Vec<Fault>,
    /// One run for each of these call families and each errno that its man page lists as likely, that call failing.
    pub fail_each: Vec<String>,
    /// Names of calls mean each such call, on whatever descriptor: format 2.
    pub everywhere: bool,
    /// Variables and how their values are drawn.
    pub vary: Vec<Vary>,
    /// How often the case runs with values drawn anew, unless there are no more values than that; 1 without `vary`.
    pub runs: u32,
    /// Judge what students print and send against reference programs in the same case, too.
    pub oracle: bool,
    /// Line of the case's header in its file, from 1.
    pub line: usize,
    /// The case's own text in the file, so that it can be shown and pasted.
    pub text: String,
}

/// What an actor of a case may use; `None`: the box's own limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseLimits {
    /// Processes and threads alive at once.
    pub processes: Option<u32>,
    /// MiB of memory in use.
    pub memory_mib: Option<u32>,
    /// Watched system calls.
    pub calls: Option<u32>,
    /// CPU time in ms.
    pub cpu_ms: Option<u32>,
    /// What the case's own clock may show, in ms.
    pub clock_ms: Option<u32>,
    /// Files, folders and links that it makes.
    pub files: Option<u32>,
}

impl CaseLimits {
    /// By the names that a spec gives them.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Option<u32>); 6] {
        [
            ("processes", self.processes),
            ("memory", self.memory_mib),
            ("calls", self.calls),
            ("cpu_ms", self.cpu_ms),
            ("clock_ms", self.clock_ms),
            ("files", self.files),
        ]
    }
}

impl Case {
    /// Whether many schedules are tried.
    #[must_use]
    pub fn searches(&self) -> bool {
        self.interleave.iter().any(|turns| turns.search().is_some())
    }

    /// Whether what its processes share in a search are signals, which it asks about, and not memory.
    #[must_use]
    pub fn shares_signals(&self) -> bool {
        self.searches() && !self.objects.signals.is_empty()
    }

    /// Whether what takes turns in a search are threads of one process: it asks for some.
    #[must_use]
    pub fn shares_among_threads(&self) -> bool {
        let mut processes = self.objects.processes.iter();
        let asks_for_some = |one: &Processes| {
            let least = one.threads.as_ref().and_then(|count| count.least.as_ref());
            least.is_some_and(|least| least.as_text() != Some("0"))
        };
        self.searches() && processes.any(asks_for_some)
    }

    /// What takes turns in it, in words: `thread` or `process`.
    #[must_use]
    pub fn takes_turns(&self) -> &'static str {
        match self.shares_among_threads() {
            true => "thread",
            false => "process",
        }
    }

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

    /// The actor that one of a run is: the one of that name, or the one whose copy it is, as `client.2` is one of
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

/// Which process has its turn, where processes take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turns {
    /// A process that is about to write where it has read before waits until no other can go on.
    LateWriters,
    /// A process that is about to write at all waits until no other can go on.
    ReadersFirst,
    /// Each goes on for as long as it can; then the one that was made first.
    OldestFirst,
    /// Each goes on for as long as it can; then the one that was made last.
    NewestFirst,
    /// Drawn anew at each access.
    Drawn,
    /// Every schedule with at most so many preemptions, up to the order of steps that do not touch the same thing.
    Preemptions {
        /// So many.
        most: u32,
        /// How many schedules are tried at most.
        runs: u32,
    },
    /// Runs with priorities that are drawn, for faults of this depth.
    Pct {
        /// The depth.
        depth: u32,
        /// How many runs.
        runs: u32,
    },
}

impl Turns {
    /// How many schedules a search with a bound tries at most, where the spec says nothing.
    pub const SEARCH_RUNS: u32 = 2_000;
    /// How many runs are drawn, likewise.
    pub const PCT_RUNS: u32 = 200;

    /// All that have a name.
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
            Self::Preemptions { .. } => "preemptions",
            Self::Pct { .. } => "pct",
        }
    }

    /// How a search is written; `None`: it is an order with a name.
    #[must_use]
    pub fn search(self) -> Option<String> {
        let more = |runs: u32, default: u32| match runs == default {
            true => String::new(),
            false => format!(", runs = {runs}"),
        };
        match self {
            Self::Preemptions { most, runs } => {
                let runs = more(runs, Self::SEARCH_RUNS);
                Some(format!("{{ preemptions = {most}{runs} }}"))
            }
            Self::Pct { depth, runs } => {
                let runs = more(runs, Self::PCT_RUNS);
                Some(format!("{{ pct = {depth}{runs} }}"))
            }
            Self::LateWriters
            | Self::ReadersFirst
            | Self::OldestFirst
            | Self::NewestFirst
            | Self::Drawn => None,
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

/// The sanitizers that a case is played with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sanitizers {
    /// AddressSanitizer and UBSan: memory errors.
    Memory,
    /// ThreadSanitizer: data races, and mutexes that are misused.
    Threads,
}

impl Sanitizers {
    /// What they find in a program, as reports have it.
    #[must_use]
    pub fn error(self) -> &'static str {
        match self {
            Self::Memory => "memory error",
            Self::Threads => "data race",
        }
    }
}

/// The readers of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// All.
    Visible,
    /// Staff only.
    Hidden,
    /// Students, once the deadline has passed.
    AfterDeadline,
}
