//! Evidence of a case, put together from what was watched, what was left, and how long which part took.

use std::time::Instant;

use ipclab_evidence::{CaseTimes, Evidence, FileState, Isolation, Leftovers, Plan, SeenObjects};

use crate::given::{self, Given};
use crate::machine_limits;
use crate::tracer::TracerEvidence;
use crate::watch::Watched;
use crate::world::Ids;

/// When which part of a case began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    born: Instant,
    ready: Instant,
    began: Instant,
    world_ready: Instant,
    over: Instant,
}

impl Stopwatch {
    /// The world is about to be made.
    pub(crate) fn start() -> Self {
        let born = Instant::now();
        Self {
            born,
            ready: born,
            began: born,
            world_ready: born,
            over: born,
        }
    }

    /// All of it is made that needs no plan.
    pub(crate) fn ready(self) -> Self {
        let ready = Instant::now();
        Self { ready, ..self }
    }

    /// The plan is there.
    pub(crate) fn go(self) -> Self {
        let began = Instant::now();
        Self { began, ..self }
    }

    /// The world is made, and the first actor is about to start.
    pub(crate) fn world_ready(self) -> Self {
        let world_ready = Instant::now();
        Self {
            world_ready,
            ..self
        }
    }

    /// No process is left.
    pub(crate) fn over(self) -> Self {
        let over = Instant::now();
        Self { over, ..self }
    }

    fn spent(&self) -> CaseTimes {
        let us = |from: Instant, to: Instant| to.duration_since(from).as_micros() as u64;
        CaseTimes {
            ahead_us: us(self.born, self.ready),
            world_us: us(self.began, self.world_ready),
            actors_us: us(self.world_ready, self.over),
            sweep_us: us(self.over, Instant::now()),
        }
    }
}

/// Given files that are gone.
pub(crate) fn missing(given: &Given) -> Vec<ipclab_evidence::Bytes> {
    use std::os::unix::ffi::OsStrExt;
    given
        .missing()
        .map(|path| path.as_os_str().as_bytes().into())
        .collect()
}

/// Puts the document together.
pub(crate) fn assemble(
    plan: &Plan,
    watched: Watched,
    leftovers: Leftovers,
    files: Vec<FileState>,
    isolation: Isolation,
    ids: Ids,
    stopwatch: &Stopwatch,
) -> Evidence {
    let Watched {
        ended,
        mut actors,
        looks,
        processes,
        ports,
        mut tracer,
    } = watched;
    let mut trouble = std::mem::take(&mut tracer.trouble);
    trouble.extend(given::beyond_us(&plan.world, ids));
    trouble.extend(machine_limits::short_of(plan));
    let passed = std::mem::take(&mut tracer.passed);
    let TracerEvidence {
        calls: trace,
        dropped,
        sockets,
        sharing,
        objects,
    } = tracer.finish();
    for (actor, dropped) in actors.iter_mut().zip(&dropped) {
        actor.calls_dropped = *dropped;
    }
    Evidence {
        name: plan.name.clone(),
        isolation,
        ended,
        actors,
        sockets,
        trace,
        calls_dropped: dropped.iter().sum(),
        looks,
        leftovers: Leftovers {
            processes,
            ports,
            ..leftovers
        },
        sharing,
        objects: SeenObjects { files, ..objects },
        passed,
        trouble,
        spent: stopwatch.spent(),
    }
}
