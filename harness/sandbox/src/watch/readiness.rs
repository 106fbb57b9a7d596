//! Readiness: whose start is due, what is awaited, and the looks that the plan asks for.

use std::io;
use std::time::Duration;

use ipclab_evidence::{Actor, Await, Exit, IpcKind, Run, RuntimeValue};

use super::life::State;
use super::state::Watch;
use crate::filter::TraceScope;
use crate::outputs::{self, Value};
use crate::platform::Platform;
use crate::quiet::{self, Activity};
use crate::script::{PeerRequest, Script};

/// Whether an actor can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Now,
    NotYet,
    Never,
}

impl<P: Platform> Watch<'_, P> {
    pub(super) fn due(&self, awaited: &Await) -> Due {
        let (name, happened): (&str, &dyn Fn(usize) -> bool) = match awaited {
            Await::Clock(ms) => {
                let is_due = self.tracer.case_time() >= Duration::from_millis(*ms);
                return if is_due { Due::Now } else { Due::NotYet };
            }
            Await::Ready(name) => (name, &|actor| self.tracer.actors[actor].ready),
            Await::Exits(name) => (name, &|actor| self.lives[actor].state == State::Over),
            // Only a look that finds it asleep can tell: see release_waiters.
            Await::Waits(name) => (name, &|_| false),
        };
        let Some(actor) = self.index(name) else {
            return Due::Never;
        };
        let life = &self.lives[actor];
        if happened(actor) && life.exit != Some(Exit::NotStarted) {
            Due::Now
        } else if self.is_gone(actor) {
            Due::Never
        } else {
            Due::NotYet
        }
    }

    /// Starts every actor whose start is due, and gives up those whose start can no longer come.
    pub(super) fn start_due(&mut self) -> io::Result<()> {
        for index in 0..self.lives.len() {
            if self.lives[index].state != State::Awaited {
                continue;
            }
            let due = self.plan.actors[index]
                .start
                .iter()
                .map(|awaited| self.due(awaited));
            match due.max_by_key(|due| *due as u8).unwrap_or(Due::Now) {
                Due::Now => self.start(index)?,
                Due::NotYet => {}
                Due::Never => self.lives[index].not_started(),
            }
        }
        Ok(())
    }

    pub(super) fn start(&mut self, index: usize) -> io::Result<()> {
        let Some(actor) = &self.filled(index) else {
            self.lives[index].not_started();
            self.tracer.event_count += 1;
            return Ok(());
        };
        let at = self.tracer.at_us();
        let trace_scope = match (&actor.run, &self.plan.turns) {
            _ if !self.plan.traced => TraceScope::Nothing,
            (Run::Program { .. }, Some(_)) => TraceScope::Everything {
                pass: self.tracer.filter_pass,
            },
            _ => TraceScope::usual(self.tracer.left_out),
        };
        let started = self
            .platform
            .start(index, actor, &self.plan.limits, trace_scope)?;
        self.tracer.adopt(index, started.pid);
        self.tracer.event_count += 1;
        let own_pid = self.tracer.own_pid(started.pid);
        let script = started
            .control
            .map(|control| Script::begin(control, &actor.run))
            .transpose()?;
        let life = &mut self.lives[index];
        life.state = State::Alive;
        life.pid = Some(started.pid);
        life.own_pid = own_pid;
        life.started_us = Some(at);
        life.stdin = started.stdin;
        life.stdout = started.stdout;
        life.stderr = started.stderr;
        life.refusal = Some(started.refusal);
        life.script = script;
        Ok(())
    }

    /// An actor with everything filled in that is known only now; `None`: something is not.
    pub(super) fn filled(&self, index: usize) -> Option<Actor> {
        let mut actor = self.plan.actors[index].clone();
        for fill in &self.plan.actors[index].fills {
            let value = match &fill.with {
                RuntimeValue::Answer { actor, name, nth } => {
                    let value = self.tracer.output(self.index(actor)?, name, *nth)?;
                    Value::plain(value)
                }
                RuntimeValue::Segment(key) => {
                    let segment = self.platform.segment(*key, &self.tracer)?;
                    Value::plain(segment.shmid.to_string())
                }
                RuntimeValue::Served { actor, part } => {
                    let served = self.tracer.served(self.index(actor)?)?;
                    Value {
                        text: served.text(*part)?,
                        in_step: served.text_in_step(*part)?,
                    }
                }
            };
            outputs::fill(&mut actor, &fill.text, &value);
        }
        Some(actor)
    }

    /// Whether an actor waits for what only another actor can do. `activity` is that of all actors.
    pub(super) fn waits_now(&self, name: &str, activity: Activity) -> bool {
        let Some(actor) = self
            .index(name)
            .filter(|actor| self.lives[*actor].state != State::Awaited && !self.is_gone(*actor))
        else {
            return false;
        };
        // A peer that waits for the others in the middle of a step is not done with it.
        let script = self.lives[actor].script.as_ref();
        if script.and_then(Script::asked) == Some(&PeerRequest::Quiet) {
            return false;
        }
        let own = || {
            quiet::look(
                &self.tracer,
                &self.tracer.threads(Some(actor)),
                &self.barrier,
            )
        };
        (activity == Activity::Stuck || own() == Activity::Stuck)
            && !self.tracer.sleeps_afresh(Some(actor))
    }

    /// Lets an actor or a peer go on that waited for another one to wait. Says whether there was one: then something moves
    /// again.
    pub(super) fn release_waiters(&mut self, activity: Activity) -> io::Result<bool> {
        self.take_looks(Some(activity));
        for index in 0..self.lives.len() {
            let asked = self.lives[index].script.as_ref().and_then(Script::asked);
            let so = match asked {
                Some(PeerRequest::Await(Await::Waits(name))) => self.waits_now(name, activity),
                Some(PeerRequest::Quiet) => {
                    activity == Activity::Stuck && !self.tracer.sleeps_afresh(None)
                }
                Some(PeerRequest::Await(_)) | None => false,
            };
            if so && let Some(script) = &mut self.lives[index].script {
                script.answer(true)?;
                return Ok(true);
            }
            let starts = &self.plan.actors[index].start;
            let met = |awaited: &Await| match awaited {
                Await::Waits(name) => self.waits_now(name, activity),
                other => self.due(other) == Due::Now,
            };
            if self.lives[index].state == State::Awaited
                && starts
                    .iter()
                    .any(|awaited| matches!(awaited, Await::Waits(_)))
                && starts.iter().all(met)
            {
                self.start(index)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the looks whose moment is now. Whether an actor waits is only known after a look at what moves.
    pub(super) fn take_looks(&mut self, activity: Option<Activity>) {
        for at in 0..self.looks.len() {
            let watch = &self.plan.watches[at];
            let now = match (&watch.when, activity) {
                (Await::Waits(name), Some(activity)) => self.waits_now(name, activity),
                (when, _) => self.due(when) == Due::Now,
            };
            if now && !self.looks[at].taken {
                let look = &mut self.looks[at];
                look.taken = true;
                match watch.of {
                    IpcKind::Segment => {
                        look.segment = self.platform.segment(watch.key, &self.tracer);
                    }
                    IpcKind::Semaphores => {
                        look.semaphores = self.platform.semaphores(watch.key);
                    }
                    IpcKind::Queue => look.queue = self.platform.queue(watch.key),
                }
            }
        }
    }
}
