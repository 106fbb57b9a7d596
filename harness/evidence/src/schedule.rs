//! Schedules: which thread goes on at each step of a run, what each step touched, and what came of trying many of them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Access, SourceLine};

/// A thread that takes turns. Its number does not depend on the schedule before it was made: it counts the threads of its
/// actor in the order in which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ThreadId {
    /// Index into [`crate::Evidence::actors`].
    pub actor: u16,
    /// Which of the actor's threads, from 0.
    pub nth: u16,
}

impl fmt::Display for ThreadId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.actor, self.nth)
    }
}

impl From<ThreadId> for String {
    fn from(thread: ThreadId) -> Self {
        thread.to_string()
    }
}

impl FromStr for ThreadId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('.');
        let parsed = parts.and_then(|(actor, nth)| Some((actor.parse().ok()?, nth.parse().ok()?)));
        let (actor, nth) = parsed
            .ok_or_else(|| format!("{text:?} is no thread: write ACTOR.NUMBER, as in 0.2"))?;
        Ok(Self { actor, nth })
    }
}

impl TryFrom<String> for ThreadId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// How the turns of a run are steered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steering {
    /// The threads of the first steps, one a step.
    pub schedule: Vec<ThreadId>,
    /// Which threads take the steps after those.
    pub then: Then,
}

impl Steering {
    /// A schedule that is followed to its end, and after which no thread is preempted.
    #[must_use]
    pub fn along(schedule: Vec<ThreadId>) -> Self {
        Self {
            schedule,
            then: Then::GoOn,
        }
    }
}

/// Which threads take the steps that no schedule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// A thread goes on until it waits or ends; then the next one by number.
    GoOn,
    /// By priorities drawn from a seed, as PCT draws them.
    Priorities {
        /// What they are drawn from.
        seed: u64,
        /// The depth of the faults that are looked for: one change of priority less.
        depth: u32,
        /// Among so many steps the changes are drawn.
        steps: u32,
    },
}

/// Something that threads share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thing {
    /// Bytes of memory that several threads see: of a System V segment, by its identifier.
    Memory(i64),
    /// A System V segment as an object: that it is there.
    Segment(i32),
    /// A System V semaphore set.
    Semaphores(i32),
    /// A System V message queue.
    Queue(i32),
    /// The keys under which System V objects are found.
    Keys,
    /// The children of a process: who has ended, and was waited for.
    Children(u32),
    /// Signals to a process, sent and delivered.
    Signals(u32),
    /// What a descriptor is open on, as `/proc` names it: a pipe, a terminal, an event counter.
    Descriptor(String),
    /// Sockets, all of them as one.
    Sockets,
    /// The file system, all of it as one.
    Files,
    /// A word on which threads wait, `futex(2)`.
    Word(u64),
    /// That threads of a process have ended.
    Ends(u32),
    /// What is not known: it is anything.
    Anything,
}

/// Memory with numbers below this one is shared by threads of one process alone.
const MEMORY_OF_THREADS_BELOW: i64 = -(1 << 30);

impl Thing {
    /// Whether it is memory that threads of one process share, and no other process.
    #[must_use]
    pub fn is_of_threads(&self) -> bool {
        matches!(self, Self::Memory(number) if *number < MEMORY_OF_THREADS_BELOW)
    }
}

/// How a thing is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// It stays as it is.
    Read,
    /// It changes.
    Write,
    /// It is read and changed as one, by an atomic instruction.
    Update,
}

/// A touch of a part of a thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Touch {
    /// What.
    pub thing: Thing,
    /// The first byte, or semaphore, or whatever its parts are.
    pub from: u64,
    /// The one after the last.
    pub to: u64,
    /// How.
    pub way: Way,
}

impl Touch {
    /// A touch of all of a thing.
    #[must_use]
    pub fn whole(thing: Thing, way: Way) -> Self {
        Self {
            thing,
            from: 0,
            to: u64::MAX,
            way,
        }
    }
}

/// One step of a run: a thread goes on until it is about to touch something that others share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which thread.
    pub thread: ThreadId,
    /// Which threads could have gone on, in order, that one included.
    pub ready: Vec<ThreadId>,
    /// Which others could have, too, but only look again and again at what has not changed: another one goes first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub polling: Vec<ThreadId>,
    /// What it touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<Touch>,
    /// Its thread went on since time had passed, and not since another one woke it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_time: bool,
    /// The next call of the trace.
    #[serde(default)]
    pub before_call: u32,
    /// What it read or wrote in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
    /// Where in the files that were handed in the instruction is that made its one access to memory, as [`crate::Call::lines`];
    /// empty where it is in a library.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SourceLine>,
}

/// The steps of a run that was steered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// In their order.
    pub steps: Vec<Step>,
    /// The number of the first step whose thread, by the schedule, could not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverged: Option<usize>,
    /// What made the run depend on more than its steps: threads share memory that is not watched, or a turn did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwatched: Option<String>,
    /// Since what a process with threads did itself, the memory that they share was not watched to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<String>,
    /// The process of each thread, as it sees itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub processes: BTreeMap<ThreadId, u32>,
    /// There were more steps than are kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// What came of trying many schedules of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Searched {
    /// How many were tried.
    pub tried: u64,
    /// By which strategy.
    pub strategy: Strategy,
    /// How far it came.
    pub reach: Reach,
    /// Accesses of this run that nothing puts in an order. Empty where processes of some run agree by hand, with atomic
    /// instructions or by looking until something changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub races: Vec<Unordered>,
}

/// Two accesses to the same bytes, one of them a write, that nothing puts in an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unordered {
    /// Index into [`crate::Evidence::actors`]: the first one's.
    pub actor: usize,
    /// The memory, as [`Thing::Memory`].
    pub memory: i64,
    /// The place in bytes from its start.
    pub offset: u64,
    /// The one that came first in this run.
    pub first: Access,
    /// Whether it writes.
    pub first_writes: bool,
    /// The other, and the actor whose it is.
    pub second: Access,
    /// As above.
    pub second_actor: usize,
    /// Whether it writes.
    pub second_writes: bool,
}

/// How schedules are chosen, and how many of them at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Every one with at most so many preemptions.
    Preemptions {
        /// So many.
        most: u32,
        /// How many are tried at most.
        runs: u32,
    },
    /// So many runs, each with priorities of its own and changes of them for faults of this depth.
    Pct {
        /// The depth.
        depth: u32,
        /// How many.
        runs: u32,
    },
}

/// How far trying came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// All schedules within the bound, up to the order of steps that do not touch the same thing.
    All,
    /// A fault of the strategy's depth would have been met with this probability at least.
    Met {
        /// The probability.
        probability: f64,
        /// The most threads that a run had.
        threads: u32,
        /// The most steps.
        steps: u32,
    },
    /// Until one failed.
    Failed {
        /// Its preemptions.
        preemptions: u32,
    },
    /// Not to the end; this many are known to be left.
    Cut {
        /// How many.
        left: u64,
    },
    /// No claim can be made, since of this.
    None(String),
}
