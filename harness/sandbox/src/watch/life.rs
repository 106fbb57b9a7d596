//! An actor's life, from its awaited start to its exit.

use std::os::fd::OwnedFd;

use ipclab_evidence::{Actor, ActorEvidence, CgroupCounters, Exit, LimitHit};
use ipclab_kernel::Pid;

use crate::script::Script;
use crate::streams::{Capture, Feed};
use crate::tracer::Tracer;

/// An actor's life.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) state: State,
    pub(super) pid: Option<Pid>,
    pub(super) own_pid: Option<u32>,
    pub(super) started_us: Option<u64>,
    pub(super) stdin: Feed,
    pub(super) stdout: Capture,
    pub(super) stderr: Capture,
    pub(super) refusal: Option<OwnedFd>,
    pub(super) script: Option<Script>,
    pub(super) exit: Option<Exit>,
    pub(super) limits: Vec<LimitHit>,
    /// The box asked it to end.
    pub(super) asked_to_end: bool,
}

/// Where an actor is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its start is awaited.
    Awaited,
    /// Its first process lives.
    Alive,
    /// Its first process ended, or it never started.
    Over,
}

impl Life {
    pub(super) fn awaited() -> Self {
        Self {
            state: State::Awaited,
            pid: None,
            own_pid: None,
            started_us: None,
            stdin: Feed::nothing(),
            stdout: Capture::nothing(),
            stderr: Capture::nothing(),
            refusal: None,
            script: None,
            exit: None,
            limits: Vec::new(),
            asked_to_end: false,
        }
    }

    /// It never starts, or never has.
    pub(super) fn not_started(&mut self) {
        self.state = State::Over;
        self.exit = Some(Exit::NotStarted);
    }

    /// What was seen of the actor.
    pub(super) fn evidence(
        self,
        actor: &Actor,
        index: usize,
        tracer: &Tracer,
        counted: Option<CgroupCounters>,
    ) -> ActorEvidence {
        let traced = &tracer.actors[index];
        let (stdout, stderr) = (self.stdout.finish(), self.stderr.finish());
        // Where not all bytes came as they were handed over, a place in the stream is no place of a write.
        let written = traced.origins.written;
        let kept = [written[0] == stdout.total(), written[1] == stderr.total()];
        let printed = traced.origins.printed.iter();
        let printed = printed.filter(|write| kept[usize::from(write.stream == 2)]);
        ActorEvidence {
            name: actor.name.clone(),
            pid: self.own_pid,
            exit: self.exit.unwrap_or(Exit::NotStarted),
            started_us: self.started_us,
            ready: traced.ready,
            served: tracer.served(index).cloned(),
            ended_at: traced.origins.ended_at.clone(),
            printed: printed.cloned().collect(),
            stdout,
            stderr,
            open_at_exit: traced.open_at_exit.clone(),
            limits: self.limits,
            processes: traced.process_count,
            cpu_ms: tracer.cpu_us(index) / 1000,
            rss_max_kib: traced.rss_max_kib,
            calls_dropped: 0,
            report_begun: traced.report_begun,
            made_code: traced.made_code.clone(),
            other_options: traced.other_options,
            refused: traced.refused.clone(),
            calls: traced.calls,
            counted,
            complaints: self.script.map(Script::finish).unwrap_or_default(),
        }
    }
}
