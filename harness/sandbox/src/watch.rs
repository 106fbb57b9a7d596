//! One case from its first actor to its last: starts who is due, waits for what happens, decides when it is over.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use ipclab_evidence::{
    Actor, ActorEvidence, Await, Counted, Ended, Exit, Known, LeftPort, LeftProcess, LimitHit,
    LimitKind, Limits, Look, Plan, Run, Wait,
};

use crate::decode;
use crate::filter::Sight;
use crate::outputs;
use crate::platform::Platform;
use crate::quiet::{self, Barrier, Idle, Motion, Pace};
use crate::script::{Asked, Script};
use crate::spawn::{self, Refusal};
use crate::streams::{Capture, Feed};
use crate::tracer::{HostRules, Notice, Tracer};
use ipclab_kernel::{Pid, process, signal, wait};

/// How many wait statuses are waited for in turn before we look after what is written and read.
const TURNS: u32 = 32;

/// An actor's life.
#[derive(Debug)]
struct Life {
    state: State,
    pid: Option<Pid>,
    own_pid: Option<u32>,
    started_us: Option<u64>,
    stdin: Feed,
    stdout: Capture,
    stderr: Capture,
    refusal: Option<OwnedFd>,
    script: Option<Script>,
    exit: Option<Exit>,
    limits: Vec<LimitHit>,
    /// The box asked it to end.
    asked_to_end: bool,
}

/// Where an actor is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its start is awaited.
    Awaited,
    /// Its first process lives.
    Alive,
    /// Its first process ended, or it never started.
    Over,
}

/// Whether an actor can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Now,
    NotYet,
    Never,
}

/// Everything that was observed of the actors.
pub(crate) struct Watched {
    /// Why it was over.
    pub(crate) ended: Ended,
    /// One for each actor.
    pub(crate) actors: Vec<ActorEvidence>,
    /// In the plan's order.
    pub(crate) looks: Vec<Look>,
    /// Alive when it was over.
    pub(crate) processes: Vec<LeftProcess>,
    /// Served when it was over.
    pub(crate) ports: Vec<LeftPort>,
    /// The trace.
    pub(crate) tracer: Tracer,
}

/// How much of one stream is taken before everything else gets its turn.
const GULP: usize = 256 << 10;

/// How long processes that outlive every first process may go on by themselves, while they do nothing.
const LINGER: Duration = Duration::from_millis(200);

/// How long a program may take to end after it was asked to, while it does nothing.
const GRACE: Duration = Duration::from_millis(300);

/// Accesses to segments of one actor, where each of them is a stop: who waits in a loop for what nobody will ever write
/// makes more and more of them.
const ACCESSES: u64 = 8_000;

/// How often CPU time and memory are looked at.
const TICK: Duration = Duration::from_millis(20);

/// So much longer than its limit may a case last in real time before we stop believing in this machine.
const DESPAIR: u32 = 20;

pub(crate) struct Watch<'a, P: Platform> {
    plan: &'a Plan,
    platform: &'a mut P,
    tracer: Tracer,
    lives: Vec<Life>,
    looks: Vec<Look>,
    barrier: Barrier,
    last_tick: Instant,
    /// Somebody was ended by the kernel, since no memory was left to it.
    starved: Option<usize>,
}

impl<'a, P: Platform> Watch<'a, P> {
    pub(crate) fn new(plan: &'a Plan, platform: &'a mut P) -> Self {
        let life = |_: &Actor| Life {
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
        };
        Self {
            barrier: Barrier::new(platform.own_network()),
            tracer: Tracer::new(plan, &plan.limits),
            lives: plan.actors.iter().map(life).collect(),
            looks: plan
                .watches
                .iter()
                .map(|watch| Look {
                    key: watch.key,
                    taken: false,
                    segment: None,
                })
                .collect(),
            last_tick: Instant::now(),
            starved: None,
            plan,
            platform,
        }
    }

    /// What the tracer does beyond tracing in the host's own world.
    pub(crate) fn with_host_rules(mut self, rules: HostRules) -> Self {
        self.tracer.with_host_rules(rules);
        self
    }

    /// Runs the case to its end.
    ///
    /// # Errors
    /// What the machine refused.
    pub(crate) fn run(mut self) -> io::Result<Watched> {
        let ended = self.until_over()?;
        let (processes, ports) = (self.survivors(), self.tracer.ports());
        self.wind_down(&ended)?;
        let ended = self.take_last_words(ended);
        self.take_looks(None);
        let counted: Vec<Option<Counted>> = (0..self.lives.len())
            .map(|index| self.platform.counted(index))
            .collect();
        for (index, counted) in counted.iter().enumerate() {
            if counted.is_some_and(|counted| counted.refused_processes > 0) {
                self.hit(index, LimitKind::Processes, self.plan.limits.processes);
            }
        }
        let actors = self.plan.actors.iter().zip(self.lives).enumerate();
        let actors = actors
            .map(|(index, (actor, life))| told(actor, life, index, &self.tracer, counted[index]))
            .collect();
        let looks = self.looks;
        Ok(Watched {
            ended,
            actors,
            looks,
            processes,
            ports,
            tracer: self.tracer,
        })
    }

    /// The case proper: until nothing more can come of it.
    fn until_over(&mut self) -> io::Result<Ended> {
        let (mut pace, mut idle, mut lingering) = (Pace::new(self.plan.traced), Idle::new(), None);
        let limit = Duration::from_millis(self.plan.limits.wall_ms);
        loop {
            if signal::termination_requested() {
                self.tracer
                    .trouble
                    .push("the case was interrupted".to_owned());
                return Ok(Ended::DeadlineExceeded {
                    limit_ms: 0,
                    waits: Vec::new(),
                });
            }
            if let Some(ended) = self.reap()? {
                return Ok(ended);
            }
            self.take_looks(None);
            self.hear_scripts()?;
            self.start_due()?;
            if self.tracer.next_turn()? {
                if let Some(ended) = self.check_calls().or_else(|| self.check_limits()) {
                    return Ok(ended);
                }
                self.drain();
                pace.reset();
                continue;
            }
            if self.all_over() {
                if self.tracer.processes().is_empty() {
                    return Ok(Ended::AllExited);
                }
                let lingering = lingering.get_or_insert_with(Idle::new);
                let threads = self.tracer.threads(None);
                let motion = quiet::look(&self.tracer, &threads, &self.barrier);
                if motion == Motion::Stuck || lingering.look(motion != Motion::Running) > LINGER {
                    return Ok(self.check_use().unwrap_or(Ended::AllExited));
                }
            }
            let before = self.tracer.event_count;
            self.wait_for_events(pace.step())?;
            if let Some(ended) = self.check_limits() {
                return Ok(ended);
            }
            if let Some(ended) = self.reap()? {
                return Ok(ended);
            }
            if self.tracer.event_count != before {
                pace.reset();
                continue;
            }
            let threads = self.tracer.threads(None);
            let motion = quiet::look(&self.tracer, &threads, &self.barrier);
            if self.release_waiters(motion)? {
                pace.reset();
                continue;
            }
            if motion == Motion::Stuck && !self.feeding() && !self.all_over() {
                let stuck = Ended::Stuck {
                    waits: self.waits(),
                };
                return Ok(self.check_use().unwrap_or(stuck));
            }
            if idle.look(motion != Motion::Running) > limit {
                return Ok(Ended::DeadlineExceeded {
                    limit_ms: self.plan.limits.wall_ms,
                    waits: self.waits(),
                });
            }
            if self.tracer.elapsed() > limit * DESPAIR {
                self.tracer.trouble.push(format!(
                    "the machine is too busy: after {} s the case had not had {} s of quiet",
                    self.tracer.elapsed().as_secs(),
                    limit.as_secs()
                ));
                return Ok(Ended::DeadlineExceeded {
                    limit_ms: self.plan.limits.wall_ms,
                    waits: self.waits(),
                });
            }
        }
    }

    /// Takes every wait status that is there. `Some`: an actor has to be stopped for good.
    fn reap(&mut self) -> io::Result<Option<Ended>> {
        signal::drain_sigchld();
        let mut turns = 0;
        while let Some(waited) = self.heard_in_turn(&mut turns)? {
            if self.platform.is_own(waited.pid) {
                self.tracer
                    .trouble
                    .push("the reaper of the box died".to_owned());
                continue;
            }
            let notice = self.tracer.dispatch(waited)?;
            if let Some(notice) = notice {
                self.notice(notice);
            }
            if let Some(ended) = self.check_calls() {
                return Ok(Some(ended));
            }
        }
        self.tracer.release_held()?;
        Ok(None)
    }

    /// The next wait status, if there is one. Between two of them whoever was let go on gets the processor: tracer and
    /// tracee share it, so the next stop is mostly there without our going to sleep for it.
    fn heard_in_turn(&mut self, turns: &mut u32) -> io::Result<Option<wait::Waited>> {
        let mut heard = self.tracer.next_status(false)?;
        if heard.is_none() && (1..TURNS).contains(turns) {
            std::thread::yield_now();
            heard = self.tracer.next_status(false)?;
        }
        *turns += 1;
        Ok(heard)
    }

    fn notice(&mut self, notice: Notice) {
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

    fn hit(&mut self, actor: usize, kind: LimitKind, limit: u64) {
        let limits = &mut self.lives[actor].limits;
        if !limits.iter().any(|hit| hit.kind == kind) {
            limits.push(LimitHit { kind, limit });
        }
    }

    /// Whether the kernel had no memory left to give to an actor.
    fn has_starved(&self, actor: usize) -> bool {
        let counted = self.platform.counted(actor);
        counted.is_some_and(|counted| counted.out_of_memory > 0)
    }

    /// An actor's first process ended.
    fn ended(&mut self, actor: usize, status: i32) {
        let life = &mut self.lives[actor];
        life.state = State::Over;
        life.stdin.close();
        let started = self.tracer.actors[actor].started;
        let refusal = life
            .refusal
            .take()
            .filter(|_| !started)
            .and_then(|refusal| spawn::refusal(&refusal));
        let exit = match refusal {
            Some(Refusal::Exec(errno)) => Exit::NotExecuted(errno),
            Some(Refusal::Machine(why)) => {
                self.tracer
                    .trouble
                    .push(format!("starting {}: {why}", self.plan.actors[actor].name));
                Exit::NotStarted
            }
            None if libc::WIFSIGNALED(status)
                && libc::WTERMSIG(status) == libc::SIGKILL
                && !self.tracer.winding_down
                && self.has_starved(actor) =>
            {
                self.starved = Some(actor);
                Exit::Stopped(LimitHit {
                    kind: LimitKind::Memory,
                    limit: self.plan.limits.memory_mib,
                })
            }
            None if libc::WIFSIGNALED(status) => {
                let signal = libc::WTERMSIG(status);
                let call = self.tracer.actors[actor].died_in.map(str::to_owned);
                Exit::Signal {
                    signal,
                    name: decode::signal_name(signal),
                    call,
                }
            }
            None => Exit::Code(libc::WEXITSTATUS(status) as u8),
        };
        let life = &mut self.lives[actor];
        life.exit = Some(match (life.exit.take(), exit) {
            // Asked to end: what it did about it.
            (Some(Exit::Running { wait, .. }), Exit::Code(code)) => Exit::Running {
                wait,
                on_sigterm: Some(code),
            },
            (Some(earlier @ (Exit::Running { .. } | Exit::Stopped(_))), _) => earlier,
            (_, exit) => exit,
        });
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.plan.actors.iter().position(|actor| actor.name == name)
    }

    fn due(&self, awaited: &Await) -> Due {
        let (name, happened): (&str, &dyn Fn(usize) -> bool) = match awaited {
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

    /// Whether nothing more can come of an actor. One whose first process ended may go on as a daemon.
    fn is_gone(&self, actor: usize) -> bool {
        self.lives[actor].state == State::Over && self.tracer.living(actor) == 0
    }

    /// Starts every actor whose start is due, and gives up those whose start can no longer come.
    fn start_due(&mut self) -> io::Result<()> {
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
                Due::Never => {
                    self.lives[index].state = State::Over;
                    self.lives[index].exit = Some(Exit::NotStarted);
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, index: usize) -> io::Result<()> {
        let Some(actor) = &self.filled(index) else {
            let life = &mut self.lives[index];
            life.state = State::Over;
            life.exit = Some(Exit::NotStarted);
            self.tracer.event_count += 1;
            return Ok(());
        };
        let at = self.tracer.elapsed().as_micros() as u64;
        let sight = match (&actor.run, self.plan.turns) {
            _ if !self.plan.traced => Sight::Nothing,
            (Run::Program { .. }, Some(_)) => Sight::Everything {
                pass: self.tracer.filter_pass,
            },
            _ => Sight::Table,
        };
        let started = self
            .platform
            .start(index, actor, &self.plan.limits, sight)?;
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
    fn filled(&self, index: usize) -> Option<Actor> {
        let mut actor = self.plan.actors[index].clone();
        for fill in &self.plan.actors[index].fills {
            let value = match &fill.with {
                Known::Answer { actor, name, nth } => {
                    self.tracer.output(self.index(actor)?, name, *nth)?
                }
                Known::Segment(key) => self.platform.segment(*key, &self.tracer)?.shmid.to_string(),
            };
            outputs::fill(&mut actor, &fill.text, &value);
        }
        Some(actor)
    }

    /// Takes what scripted peers say, and answers what has happened meanwhile.
    fn hear_scripts(&mut self) -> io::Result<()> {
        for index in 0..self.lives.len() {
            let Some(script) = &mut self.lives[index].script else {
                continue;
            };
            for wanted in script.hear() {
                let sent = self.signal(&wanted.actor, &wanted.signal);
                if let Some(script) = &mut self.lives[index].script {
                    script.answer(sent)?;
                }
            }
            let asked = self.lives[index].script.as_ref().and_then(Script::asked);
            let due = match asked {
                Some(Asked::Await(awaited)) => self.due(awaited),
                // Only a look that finds everybody asleep can tell: see release_waiters.
                Some(Asked::Quiet) | None => Due::NotYet,
            };
            if due != Due::NotYet
                && let Some(script) = &mut self.lives[index].script
            {
                script.answer(due == Due::Now)?;
            }
        }
        Ok(())
    }

    /// Sends a signal to an actor's first process; tells whether there was one.
    fn signal(&self, actor: &str, signal: &str) -> bool {
        let life = self.index(actor).map(|index| &self.lives[index]);
        let pid = life
            .filter(|life| life.state == State::Alive)
            .and_then(|life| life.pid);
        match (pid, decode::signal_number(signal)) {
            (Some(pid), Some(signal)) => process::kill(pid, signal).is_ok(),
            _ => false,
        }
    }

    /// Whether an actor waits for what only another actor can do. `motion` is everybody's.
    fn waits_now(&self, name: &str, motion: Motion) -> bool {
        let Some(actor) = self
            .index(name)
            .filter(|actor| self.lives[*actor].state != State::Awaited && !self.is_gone(*actor))
        else {
            return false;
        };
        // A peer that waits for the others in the middle of a step is not done with it.
        let script = self.lives[actor].script.as_ref();
        if script.and_then(Script::asked) == Some(&Asked::Quiet) {
            return false;
        }
        let own = || {
            quiet::look(
                &self.tracer,
                &self.tracer.threads(Some(actor)),
                &self.barrier,
            )
        };
        motion == Motion::Stuck || own() == Motion::Stuck
    }

    /// Lets go on whoever waited for somebody to wait. Tells whether there was one: then something moves again.
    fn release_waiters(&mut self, motion: Motion) -> io::Result<bool> {
        self.take_looks(Some(motion));
        for index in 0..self.lives.len() {
            let asked = self.lives[index].script.as_ref().and_then(Script::asked);
            let so = match asked {
                Some(Asked::Await(Await::Waits(name))) => self.waits_now(name, motion),
                Some(Asked::Quiet) => motion == Motion::Stuck,
                Some(Asked::Await(_)) | None => false,
            };
            if so && let Some(script) = &mut self.lives[index].script {
                script.answer(true)?;
                return Ok(true);
            }
            let starts = &self.plan.actors[index].start;
            let met = |awaited: &Await| match awaited {
                Await::Waits(name) => self.waits_now(name, motion),
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

    /// Whether every first process has ended and no start is awaited any more.
    fn all_over(&self) -> bool {
        self.lives.iter().all(|life| life.state == State::Over)
    }

    /// Whether an actor has not yet been handed all that it may read.
    fn feeding(&self) -> bool {
        // A reader of a full pipe is not stuck: we are about to hand it more. A full pipe that nobody reads is.
        self.lives
            .iter()
            .any(|life| life.stdin.poll_fd().is_some_and(can_write))
    }

    /// Takes the looks whose moment is now. Whether somebody waits is only known after a look at what moves.
    fn take_looks(&mut self, motion: Option<Motion>) {
        for at in 0..self.looks.len() {
            let watch = &self.plan.watches[at];
            let now = match (&watch.when, motion) {
                (Await::Waits(name), Some(motion)) => self.waits_now(name, motion),
                (when, _) => self.due(when) == Due::Now,
            };
            if now && !self.looks[at].taken {
                self.looks[at].taken = true;
                self.looks[at].segment = self.platform.segment(watch.key, &self.tracer);
            }
        }
    }

    /// Sleeps until something happens or the time is up, and takes what is to be read.
    fn wait_for_events(&mut self, most: Duration) -> io::Result<()> {
        let mut fds: Vec<libc::pollfd> = Vec::with_capacity(3 * self.lives.len());
        for life in &self.lives {
            fds.extend(
                [
                    life.stdout.poll_fd(),
                    life.stderr.poll_fd(),
                    life.stdin.poll_fd(),
                    life.script.as_ref().and_then(Script::poll_fd),
                ]
                .into_iter()
                .flatten(),
            );
        }
        let most = self
            .tracer
            .until_release()
            .map_or(most, |release| most.min(release));
        signal::poll_with_children(&mut fds, most)?;
        if fds.iter().any(|fd| fd.revents != 0) {
            self.drain();
        }
        Ok(())
    }

    fn drain(&mut self) {
        for life in &mut self.lives {
            life.stdout.drain(GULP);
            life.stderr.drain(GULP);
            life.stdin.push();
        }
    }

    fn check_calls(&mut self) -> Option<Ended> {
        if let Some(actor) = self.starved.take() {
            return Some(self.stop(actor, LimitKind::Memory, self.plan.limits.memory_mib));
        }
        if let Some(actor) = self.tracer.over_process_limit.take() {
            return Some(self.stop(actor, LimitKind::Processes, self.plan.limits.processes));
        }
        let Limits { calls, files, .. } = self.plan.limits;
        let actors = &self.tracer.actors;
        if let Some(actor) = actors.iter().position(|actor| actor.files > files) {
            return Some(self.stop(actor, LimitKind::Files, files));
        }
        if let Some(actor) = actors.iter().position(|actor| actor.calls > calls) {
            return Some(self.stop(actor, LimitKind::Calls, calls));
        }
        let actor = actors.iter().position(|actor| actor.accesses > ACCESSES)?;
        Some(self.stop(actor, LimitKind::Accesses, ACCESSES))
    }

    /// Whether somebody has used up what it may use.
    fn check_limits(&mut self) -> Option<Ended> {
        let flood = self.floods().next();
        if let Some((actor, hit)) = flood {
            return Some(self.stop(actor, hit.kind, hit.limit));
        }
        if self.last_tick.elapsed() < TICK {
            return None;
        }
        self.check_use()
    }

    /// Whether somebody has used up its CPU time or memory, which are looked at now and then and when all is over: whoever
    /// waits for ever, having used too much, is stopped for that and not by chance.
    fn check_use(&mut self) -> Option<Ended> {
        let limits = self.plan.limits;
        self.last_tick = Instant::now();
        for actor in 0..self.lives.len() {
            if self.tracer.living(actor) == 0 {
                continue;
            }
            if self.tracer.cpu_us(actor) > limits.cpu_ms * 1000 {
                return Some(self.stop(actor, LimitKind::Cpu, limits.cpu_ms));
            }
            let resident = self.tracer.resident_kib(actor);
            let traced = &mut self.tracer.actors[actor];
            traced.rss_max_kib = traced.rss_max_kib.max(resident);
            if limits.memory_mib > 0 && resident > limits.memory_mib << 10 {
                return Some(self.stop(actor, LimitKind::Memory, limits.memory_mib));
            }
        }
        None
    }

    /// Who has printed more than anybody may.
    fn floods(&self) -> impl Iterator<Item = (usize, LimitHit)> {
        let lives = self.lives.iter().enumerate();
        lives.filter_map(|(actor, life)| {
            let hit = life.stdout.flooded().or_else(|| life.stderr.flooded());
            Some((actor, hit?))
        })
    }

    /// Takes in what was printed last. Too much is too much, whether we read it before its program ended or after.
    fn take_last_words(&mut self, ended: Ended) -> Ended {
        for life in &mut self.lives {
            life.stdout.drain(usize::MAX);
            life.stderr.drain(usize::MAX);
        }
        let floods: Vec<_> = self.floods().collect();
        for (actor, hit) in &floods {
            self.hit(*actor, hit.kind, hit.limit);
            self.lives[*actor].exit = Some(Exit::Stopped(hit.clone()));
        }
        match (floods.first(), ended) {
            (_, ended @ Ended::LimitHit { .. }) | (None, ended) => ended,
            (Some((actor, _)), _) => Ended::LimitHit { actor: *actor },
        }
    }

    fn stop(&mut self, actor: usize, kind: LimitKind, limit: u64) -> Ended {
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

    /// Who waits in what.
    fn waits(&self) -> Vec<Wait> {
        self.tracer
            .processes()
            .into_iter()
            .filter_map(|(pid, _, _)| self.tracer.wait_of(pid))
            .collect()
    }

    fn survivors(&self) -> Vec<LeftProcess> {
        let survivor = |(pid, actor, first)| {
            let (name, own_pid) = self.tracer.identity(pid);
            LeftProcess {
                actor,
                pid: own_pid,
                name,
                first,
                wait: self.tracer.wait_of(pid),
            }
        };
        self.tracer.processes().into_iter().map(survivor).collect()
    }

    /// Asks everybody who is still there to end, gives them a moment, then ends everything.
    fn wind_down(&mut self, ended: &Ended) -> io::Result<()> {
        self.tracer.winding_down = true;
        for life in &mut self.lives {
            if life.state == State::Awaited {
                life.state = State::Over;
                life.exit = Some(Exit::NotStarted);
            }
        }
        self.tracer.end_turns()?;
        let limited = matches!(ended, Ended::LimitHit { .. });
        for index in 0..self.lives.len() {
            let (State::Alive, Some(pid)) = (self.lives[index].state, self.lives[index].pid) else {
                continue;
            };
            if self.lives[index].exit.is_none() {
                let wait = self.tracer.wait_of(pid);
                self.lives[index].exit = Some(Exit::Running {
                    wait,
                    on_sigterm: None,
                });
            }
            if !limited {
                self.lives[index].asked_to_end = true;
                let _ = process::kill(pid, libc::SIGTERM);
            }
        }
        let (mut pace, mut idle) = (Pace::new(self.plan.traced), Idle::new());
        let asked = Instant::now();
        while self
            .lives
            .iter()
            .any(|life| life.asked_to_end && life.state == State::Alive)
        {
            let before = self.tracer.event_count;
            self.wait_for_events(pace.step())?;
            if self.reap()?.is_some() || self.check_limits().is_some() {
                break;
            }
            if self.tracer.event_count != before {
                pace.reset();
                continue;
            }
            let motion = quiet::look(&self.tracer, &self.tracer.threads(None), &self.barrier);
            let done = motion == Motion::Stuck || idle.look(motion != Motion::Running) > GRACE;
            if done || asked.elapsed() > GRACE * DESPAIR {
                break;
            }
        }
        self.drain();
        let left = self.tracer.processes();
        if !left.is_empty() || !self.platform.is_deserted() {
            self.end_all(&left)?;
        }
        Ok(())
    }

    /// Ends everybody, and waits until there is nobody left at all: a namespace is gone only when its last process is
    /// reaped.
    fn end_all(&mut self, left: &[(Pid, usize, bool)]) -> io::Result<()> {
        self.platform.end_all();
        for (pid, _, _) in left {
            let _ = process::kill(*pid, libc::SIGKILL);
        }
        while let Some(waited) = self.tracer.next_status(true)? {
            if !self.platform.is_own(waited.pid) {
                if libc::WIFSTOPPED(waited.status) {
                    // One that was being made while the others were killed.
                    let _ = process::kill(waited.pid, libc::SIGKILL);
                }
                let notice = self.tracer.dispatch(waited)?;
                if let Some(Notice::Ended(actor, status)) = notice {
                    self.ended(actor, status);
                }
            }
        }
        Ok(())
    }
}

/// Whether a descriptor takes bytes right now.
fn can_write(mut fd: libc::pollfd) -> bool {
    signal::poll_with_children(std::slice::from_mut(&mut fd), Duration::ZERO).is_ok()
        && fd.revents & libc::POLLOUT != 0
}

fn told(
    actor: &Actor,
    life: Life,
    index: usize,
    tracer: &Tracer,
    counted: Option<Counted>,
) -> ActorEvidence {
    let traced = &tracer.actors[index];
    ActorEvidence {
        name: actor.name.clone(),
        pid: life.own_pid,
        exit: life.exit.unwrap_or(Exit::NotStarted),
        started_us: life.started_us,
        ready: traced.ready,
        stdout: life.stdout.finish(),
        stderr: life.stderr.finish(),
        open_at_exit: traced.open_at_exit.clone(),
        limits: life.limits,
        processes: traced.processes_made,
        cpu_ms: tracer.cpu_us(index) / 1000,
        rss_max_kib: traced.rss_max_kib,
        calls: traced.calls,
        counted,
        complaints: life.script.map(Script::finish).unwrap_or_default(),
    }
}
