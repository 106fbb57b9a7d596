//! The loop of a case: starts the actors that are due, waits for what happens, decides when it is over.

use std::io;
use std::time::Duration;

use ipclab_evidence::{CgroupCounters, Ended, LimitKind};
use ipclab_kernel::{signal, wait};

use super::state::{Watch, Watched};
use super::time::{Passing, most_real_time};
use crate::disk_waits::DiskUse;
use crate::platform::Platform;
use crate::quiet::{self, Activity, Backoff, Idle};
use crate::script::Script;
use crate::tracer::Passage;

/// How many wait statuses are taken in a row, the processor offered to the tracees in between, before we go to sleep.
const MAX_STATUSES_WITHOUT_SLEEP: u32 = 32;

/// How much of one stream is taken before all else is looked after.
const MAX_DRAIN_BYTES: usize = 256 << 10;

/// How long processes that outlive every first process may go on by themselves, while they do nothing.
const LINGER: Duration = Duration::from_millis(200);

/// Since when every first process has ended.
#[derive(Default)]
struct Lingering {
    idle: Option<Idle>,
    since: Option<Duration>,
}

/// What a look brought when nothing had happened since the one before.
enum Standstill {
    /// An actor or a peer that had waited for it goes on.
    Released,
    /// The case is over.
    Over(Ended),
    /// Something may still happen.
    Lasts,
}

impl<P: Platform> Watch<'_, P> {
    /// Runs the case to its end.
    ///
    /// # Errors
    /// What the machine refused.
    pub(crate) fn run(mut self) -> io::Result<Watched> {
        let ended = self.until_over()?;
        self.tracer.tree_over();
        let (processes, ports) = (self.survivors(), self.tracer.ports());
        self.wind_down(&ended)?;
        let ended = self.take_last_words(ended);
        self.take_looks(None);
        let counted: Vec<Option<CgroupCounters>> = (0..self.lives.len())
            .map(|index| self.platform.counted(index))
            .collect();
        for (index, counted) in counted.iter().enumerate() {
            if counted.is_some_and(|counted| counted.refused_processes > 0) {
                self.hit(index, LimitKind::Processes, self.plan.limits.processes);
            }
        }
        let actors = self.plan.actors.iter().zip(self.lives).enumerate();
        let actors = actors
            .map(|(index, (actor, life))| life.evidence(actor, index, &self.tracer, counted[index]))
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
        let mut backoff = Backoff::new(self.plan.traced);
        let (mut idle, mut lingering) = (Idle::new(), Lingering::default());
        loop {
            if signal::termination_requested() {
                return Ok(self.interrupted());
            }
            if let Some(ended) = self.dispatch_all()? {
                return Ok(ended);
            }
            self.take_looks(None);
            self.count_computing()?;
            self.tracer.give_up_yielding()?;
            self.hear_scripts()?;
            self.start_due()?;
            if self.tracer.next_turn()? {
                if let Some(ended) = self.check_counts().or_else(|| self.check_limits()) {
                    return Ok(ended);
                }
                self.drain();
                backoff.reset();
                continue;
            }
            if self.all_over()
                && let Some(ended) = self.all_exited(&mut lingering)?
            {
                return Ok(ended);
            }
            let before = self.tracer.event_count;
            self.wait_for_events(backoff.step())?;
            if let Some(ended) = self.check_limits() {
                return Ok(ended);
            }
            if let Some(ended) = self.dispatch_all()? {
                return Ok(ended);
            }
            if self.tracer.event_count != before {
                backoff.reset();
                self.count_waiting_anew();
                continue;
            }
            match self.nothing_happened(&mut idle)? {
                Standstill::Released => backoff.reset(),
                Standstill::Over(ended) => return Ok(ended),
                Standstill::Lasts => {}
            }
        }
    }

    /// The tool was asked to end.
    fn interrupted(&mut self) -> Ended {
        self.tracer
            .trouble
            .push("the case was interrupted".to_owned());
        Ended::DeadlineExceeded {
            limit_ms: 0,
            waits: Vec::new(),
        }
    }

    /// Every first process has ended: whether the case is over, or others of them may still do something.
    fn all_exited(&mut self, lingering: &mut Lingering) -> io::Result<Option<Ended>> {
        if self.tracer.processes().is_empty() {
            return Ok(Some(Ended::AllExited));
        }
        if self.tracer.end_first_yield()? {
            return Ok(None);
        }
        let idle = lingering.idle.get_or_insert_with(Idle::new);
        let since = lingering.since.get_or_insert(self.tracer.case_time());
        let until = *since + LINGER;
        let activity = self.activity();
        let over = match activity {
            Activity::Stuck => !self.tracer.pass_time(until, Passage::Jump)?,
            Activity::Running | Activity::Waiting => {
                idle.look(activity != Activity::Running) > LINGER
            }
        };
        Ok(over.then(|| self.check_use().unwrap_or(Ended::AllExited)))
    }

    /// What moves now, of what does not wait for the others.
    fn activity(&self) -> Activity {
        let mut threads = self.tracer.threads(None);
        let all = threads.len();
        threads.retain(|tid| !self.tracer.has_yielded(*tid));
        match threads.is_empty() && all > 0 {
            true => Activity::Stuck,
            false => quiet::look(&self.tracer, &threads, &self.barrier),
        }
    }

    /// Nothing has happened for a while: whether anything still can.
    fn nothing_happened(&mut self, idle: &mut Idle) -> io::Result<Standstill> {
        let limit = Duration::from_millis(self.plan.limits.wall_ms);
        let activity = self.activity();
        let answered = activity == Activity::Stuck
            || (activity == Activity::Waiting && self.tracer.yields_for_too_long());
        if answered && self.tracer.end_first_yield()? {
            return Ok(Standstill::Released);
        }
        if self.release_waiters(activity)? {
            return Ok(Standstill::Released);
        }
        if activity == Activity::Stuck && !self.feeding() && !self.all_over() {
            return self.stand_still();
        }
        let before = idle.counted();
        let counted = idle.look(activity != Activity::Running);
        if activity == Activity::Waiting {
            self.count_waiting(counted - before)?;
        }
        let out_of_time = counted > limit;
        if !out_of_time && self.tracer.elapsed() <= most_real_time(limit, self.tracer.event_count) {
            return Ok(Standstill::Lasts);
        }
        let disk = match out_of_time {
            true => DiskUse::Theirs,
            false => self.tracer.disk_use(limit),
        };
        if disk == DiskUse::Perhaps {
            return Ok(Standstill::Lasts);
        }
        if disk == DiskUse::Little && !self.tracer.has_low_priority() {
            self.tracer.trouble.push(format!(
                "the machine is too busy: after {} s the case had not had {} s of quiet",
                self.tracer.elapsed().as_secs(),
                limit.as_secs()
            ));
        }
        Ok(Standstill::Over(Ended::DeadlineExceeded {
            limit_ms: self.plan.limits.wall_ms,
            waits: self.waits(),
        }))
    }

    /// Nothing can happen but that time passes.
    fn stand_still(&mut self) -> io::Result<Standstill> {
        let passing = match self.only_serves() {
            true => Passing::Nothing,
            false => self.pass_time()?,
        };
        let ended = match passing {
            Passing::Passed => return Ok(Standstill::Released),
            Passing::RanOut(ended) => ended,
            Passing::Nothing => Ended::Stuck {
                waits: self.waits(),
            },
        };
        Ok(Standstill::Over(self.check_use().unwrap_or(ended)))
    }

    pub(super) fn drain(&mut self) {
        for life in &mut self.lives {
            life.stdout.drain(MAX_DRAIN_BYTES);
            life.stderr.drain(MAX_DRAIN_BYTES);
            life.stdin.push();
        }
    }

    /// Whether an actor has not yet been handed all that it may read.
    pub(super) fn feeding(&self) -> bool {
        // A reader of a full pipe is not stuck: we are about to hand it more. One that waits to write to a full pipe is.
        self.lives
            .iter()
            .any(|life| life.stdin.poll_fd().is_some_and(can_write))
    }

    /// Sleeps until something happens or the time is up, and takes what is to be read.
    pub(super) fn wait_for_events(&mut self, most: Duration) -> io::Result<()> {
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
            self.tracer.has_printed();
            self.drain();
        }
        Ok(())
    }

    /// Takes every wait status that is there. `Some`: an actor has to be stopped for good.
    pub(super) fn dispatch_all(&mut self) -> io::Result<Option<Ended>> {
        signal::drain_sigchld();
        let mut turns = 0;
        while let Some(waited) = self.next_status(&mut turns)? {
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
            if let Some(ended) = self.check_counts() {
                return Ok(Some(ended));
            }
        }
        self.tracer.release_held()?;
        Ok(None)
    }

    /// The next wait status, if there is one. Between two of them the thread that was let go on gets the processor: tracer and
    /// tracee share it, so the next stop is mostly there without our going to sleep for it.
    pub(super) fn next_status(&mut self, turns: &mut u32) -> io::Result<Option<wait::Waited>> {
        let mut heard = self.tracer.next_status(false)?;
        if heard.is_none() && (1..MAX_STATUSES_WITHOUT_SLEEP).contains(turns) {
            std::thread::yield_now();
            heard = self.tracer.next_status(false)?;
        }
        *turns += 1;
        Ok(heard)
    }
}

/// Whether a descriptor takes bytes right now.
fn can_write(mut fd: libc::pollfd) -> bool {
    signal::poll_with_children(std::slice::from_mut(&mut fd), Duration::ZERO).is_ok()
        && fd.revents & libc::POLLOUT != 0
}
