//! Limits: which actor has used up what it may use, and is stopped.

use std::time::{Duration, Instant};

use ipclab_evidence::{Ended, Exit, LimitHit, LimitKind, Limits};
use ipclab_kernel::process;

use super::life::State;
use super::state::Watch;
use crate::platform::Platform;
use crate::tracer::Notice;

/// Accesses to segments of one actor, where each of them is a stop: one that waits in a loop for what is never written
/// makes more and more of them.
const MAX_ACCESSES: u64 = 8_000;

/// FIFOs of one actor. Each that is open takes as much of the user's room for pipes as a pipe does.
const MAX_FIFOS: u64 = 128;

/// So much more processor time than its limit may a case take, its programs' and ours that follow them, before it is over. Calls
/// that are dear to follow (a name of a thousand folders) take up little of a program's own CPU time and meet no other limit for
/// long. Beside load it is the same time, so no program can pass for one that the machine did not let run.
const CPU_FACTOR: u64 = 4;

/// How often CPU time and memory are looked at.
const USE_PERIOD: Duration = Duration::from_millis(20);

impl<P: Platform> Watch<'_, P> {
    pub(super) fn notice(&mut self, notice: Notice) {
        let limits = self.plan.limits;
        match notice {
            Notice::Started(_) => {}
            Notice::Ended(actor, status) => self.ended(actor, status),
            Notice::NoMoreProcesses(actor) => {
                self.hit(actor, LimitKind::Processes, limits.processes)
            }
            Notice::NoMoreObjects(actor) => self.hit(actor, LimitKind::IpcObjects, 64),
            Notice::NoMoreMemory(actor) => self.hit(actor, LimitKind::Memory, limits.memory_mib),
            Notice::FileTooLarge(actor) => self.hit(actor, LimitKind::FileSize, limits.file_mib),
            Notice::NoMoreDescriptors(actor) => {
                self.hit(actor, LimitKind::OpenFiles, limits.open_files)
            }
        }
    }

    pub(super) fn hit(&mut self, actor: usize, kind: LimitKind, limit: u64) {
        let limits = &mut self.lives[actor].limits;
        if !limits.iter().any(|hit| hit.kind == kind) {
            limits.push(LimitHit { kind, limit });
        }
    }

    pub(super) fn check_counts(&mut self) -> Option<Ended> {
        if let Some(actor) = self.starved.take() {
            return Some(self.stop(actor, LimitKind::Memory, self.plan.limits.memory_mib));
        }
        if let Some((actor, what)) = self.tracer.forbidden.take() {
            return Some(self.stop(actor, what, 0));
        }
        if let Some((actor, most)) = self.tracer.over_process_limit.take() {
            return Some(self.stop(actor, LimitKind::Processes, most));
        }
        let Limits { calls, files, .. } = self.plan.limits;
        let actors = &self.tracer.actors;
        if let Some(actor) = actors.iter().position(|actor| actor.files > files) {
            return Some(self.stop(actor, LimitKind::Files, files));
        }
        if let Some(actor) = actors.iter().position(|actor| actor.fifos > MAX_FIFOS) {
            return Some(self.stop(actor, LimitKind::Files, MAX_FIFOS));
        }
        if let Some(actor) = actors.iter().position(|actor| actor.makes_more_than(calls)) {
            // Printing is made of calls, too: output that is beyond its own limit was so first, though it was not read yet.
            self.drain();
            return Some(
                self.stop_flood()
                    .unwrap_or_else(|| self.stop(actor, LimitKind::Calls, calls)),
            );
        }
        let actor = actors
            .iter()
            .position(|actor| actor.accesses > MAX_ACCESSES)?;
        Some(self.stop(actor, LimitKind::Accesses, MAX_ACCESSES))
    }

    /// Whether an actor has used up what it may use.
    pub(super) fn check_limits(&mut self) -> Option<Ended> {
        if let Some(ended) = self.stop_flood() {
            return Some(ended);
        }
        if self.last_tick.elapsed() < USE_PERIOD {
            return None;
        }
        self.check_use()
    }

    /// Whether an actor has used up its CPU time or memory, which are looked at now and then and when all is over: one that
    /// waits for ever, having used too much, is stopped for that and not by chance.
    pub(super) fn check_use(&mut self) -> Option<Ended> {
        let limits = self.plan.limits;
        self.last_tick = Instant::now();
        let mut used_us = self.machine_time.following_us();
        for actor in 0..self.lives.len() {
            let cpu_us = self.tracer.cpu_us(actor);
            used_us += cpu_us;
            if self.tracer.living(actor) == 0 {
                continue;
            }
            if cpu_us > limits.cpu_ms * 1000 {
                return Some(self.stop(actor, LimitKind::Cpu, limits.cpu_ms));
            }
            let resident = self.tracer.resident_kib(actor);
            let held = self.tracer.held_kib(actor, limits.memory_mib << 10);
            let traced = &mut self.tracer.actors[actor];
            traced.rss_max_kib = traced.rss_max_kib.max(resident);
            if limits.memory_mib > 0 && held > limits.memory_mib << 10 {
                return Some(self.stop(actor, LimitKind::Memory, limits.memory_mib));
            }
        }
        let out_of_time = self.plan.traced && used_us > CPU_FACTOR * limits.wall_ms * 1000;
        out_of_time.then(|| Ended::DeadlineExceeded {
            limit_ms: limits.wall_ms,
            waits: self.waits(),
        })
    }

    /// Stops an actor that has printed more than it may.
    fn stop_flood(&mut self) -> Option<Ended> {
        let (actor, hit) = self.floods().next()?;
        Some(self.stop(actor, hit.kind, hit.limit))
    }

    /// The actors that have printed more than they may.
    pub(super) fn floods(&self) -> impl Iterator<Item = (usize, LimitHit)> {
        let lives = self.lives.iter().enumerate();
        lives.filter_map(|(actor, life)| {
            let hit = life.stdout.flooded().or_else(|| life.stderr.flooded());
            Some((actor, hit?))
        })
    }

    /// Actors that ended by themselves and had used more CPU time than they may. The kernel's own limit, which is a little
    /// above ours, may have ended the process that used it while we were not let run.
    fn ended_over_cpu_limit(&self) -> impl Iterator<Item = (usize, LimitHit)> {
        let limit = self.plan.limits.cpu_ms;
        let by_itself =
            |exit: &Option<Exit>| matches!(exit, Some(Exit::Code(_) | Exit::Signal { .. }));
        let lives = self.lives.iter().enumerate();
        lives.filter_map(move |(actor, life)| {
            let kind = LimitKind::Cpu;
            let known = life.limits.iter().any(|hit| hit.kind == kind);
            let over = !known && by_itself(&life.exit) && self.tracer.cpu_us(actor) > limit * 1000;
            over.then_some((actor, LimitHit { kind, limit }))
        })
    }

    /// Takes in what was printed and used last. Too much is too much, whether we looked before its program ended or after.
    pub(super) fn take_last_words(&mut self, ended: Ended) -> Ended {
        for life in &mut self.lives {
            life.stdout.drain(usize::MAX);
            life.stderr.drain(usize::MAX);
        }
        let excesses: Vec<_> = self.floods().chain(self.ended_over_cpu_limit()).collect();
        for (actor, hit) in &excesses {
            self.hit(*actor, hit.kind, hit.limit);
            self.lives[*actor].exit = Some(Exit::Stopped(hit.clone()));
        }
        match (excesses.first(), ended) {
            (_, ended @ Ended::LimitHit { .. }) | (None, ended) => ended,
            (Some((actor, _)), _) => Ended::LimitHit { actor: *actor },
        }
    }

    pub(super) fn stop(&mut self, actor: usize, kind: LimitKind, limit: u64) -> Ended {
        self.hit(actor, kind, limit);
        let life = &mut self.lives[actor];
        if life.state == State::Alive {
            life.exit = Some(Exit::Stopped(LimitHit { kind, limit }));
        }
        for (pid, _, _) in self
            .tracer
            .processes()
            .into_iter()
            .filter(|(_, owner, _)| *owner == actor)
        {
            let _ = process::kill(pid, libc::SIGKILL);
        }
        self.platform.end_at_once(actor);
        Ended::LimitHit { actor }
    }
}
