//! What the watch of a case knows.

use std::time::{Duration, Instant};

use ipclab_evidence::{ActorEvidence, Ended, IpcSnapshot, LeftPort, LeftProcess, Plan};

use ipclab_kernel::{Pid, process};

use super::life::{Life, State};
use crate::measures::LeftOut;
use crate::platform::Platform;
use crate::quiet::Barrier;
use crate::tracer::{HostRules, Tracer};

/// Everything that was observed of the actors.
pub(crate) struct Watched {
    /// Why it was over.
    pub(crate) ended: Ended,
    /// One for each actor.
    pub(crate) actors: Vec<ActorEvidence>,
    /// In the plan's order.
    pub(crate) looks: Vec<IpcSnapshot>,
    /// Alive when it was over.
    pub(crate) processes: Vec<LeftProcess>,
    /// Served when it was over.
    pub(crate) ports: Vec<LeftPort>,
    /// The trace.
    pub(crate) tracer: Tracer,
}

/// Time of the machine's that may have to count as the case's.
#[derive(Debug, Default)]
pub(super) struct MachineTime {
    pub(super) looked: Option<Instant>,
    /// The processor time that had been used when time passed last, and how much of what came since was counted.
    pub(super) computing: Option<(Duration, Duration)>,
    /// For how long all have waited for what is not watched.
    pub(super) waiting: Duration,
    /// The processor time that this process had used when the case began.
    pub(super) own_before_us: u64,
}

impl MachineTime {
    fn new() -> Self {
        Self {
            own_before_us: own_cpu_us(),
            ..Self::default()
        }
    }

    /// The processor time that following the programs has taken so far.
    pub(super) fn following_us(&self) -> u64 {
        own_cpu_us().saturating_sub(self.own_before_us)
    }
}

fn own_cpu_us() -> u64 {
    process::cpu_time_us(std::process::id() as Pid).unwrap_or(0)
}

/// The watch of one case.
pub(crate) struct Watch<'a, P: Platform> {
    pub(super) plan: &'a Plan,
    pub(super) platform: &'a mut P,
    pub(super) tracer: Tracer,
    pub(super) lives: Vec<Life>,
    pub(super) looks: Vec<IpcSnapshot>,
    pub(super) barrier: Barrier,
    pub(super) last_tick: Instant,
    /// The actor that the kernel ended, since no memory was left to it.
    pub(super) starved: Option<usize>,
    pub(super) machine_time: MachineTime,
}

impl<'a, P: Platform> Watch<'a, P> {
    pub(crate) fn new(plan: &'a Plan, left_out: LeftOut, platform: &'a mut P) -> Self {
        Self {
            barrier: Barrier::new(platform.own_network()),
            tracer: Tracer::new(plan, &plan.limits, left_out),
            lives: plan.actors.iter().map(|_| Life::awaited()).collect(),
            looks: plan
                .watches
                .iter()
                .map(|watch| IpcSnapshot {
                    of: watch.of,
                    key: watch.key,
                    taken: false,
                    segment: None,
                    semaphores: None,
                    queue: None,
                })
                .collect(),
            last_tick: Instant::now(),
            starved: None,
            machine_time: MachineTime::new(),
            plan,
            platform,
        }
    }

    /// What the tracer does beyond tracing in the host's own world.
    pub(crate) fn with_host_rules(mut self, rules: HostRules) -> Self {
        self.tracer.with_host_rules(rules);
        self
    }

    /// The actor of that name.
    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.plan.actors.iter().position(|actor| actor.name == name)
    }

    /// Whether every first process has ended and no start is awaited any more.
    pub(super) fn all_over(&self) -> bool {
        self.lives.iter().all(|life| life.state == State::Over)
    }

    /// Whether nothing more can come of an actor. One whose first process ended may go on as a daemon.
    pub(super) fn is_gone(&self, actor: usize) -> bool {
        self.lives[actor].state == State::Over && self.tracer.living(actor) == 0
    }
}
