//! The case's clock as the watch sees it: when time passes, and when there is none left.

use std::io;
use std::time::{Duration, Instant};

use ipclab_evidence::{Await, Ended};

use super::life::State;
use super::state::Watch;
use crate::platform::Platform;
use crate::script::{PeerRequest, Script};
use crate::speed;
use crate::tracer::Passage;

/// So often in a row time passes and nothing comes of it, before nothing will: far more than any countdown has steps.
const MAX_BARREN_JUMPS: u32 = 400;

/// The kernel has something to do by itself (TCP sends once more), or calls that are not watched have: after so long the machine's
/// time counts as the case's.
const PATIENCE: Duration = Duration::from_millis(200);

/// Where programs have used so much processor time since time passed last, one of them may wait for a timer in a loop, or work until
/// another one that sleeps ends it: from then on processor time counts as the case's.
const MAX_COMPUTING: Duration = Duration::from_millis(250);

/// How often it is looked at.
const COMPUTING_PERIOD: Duration = Duration::from_millis(20);

/// So much longer than its limit may a case last in real time before this machine counts as too busy.
const REAL_TIME_FACTOR: u32 = 20;

/// How long each call that stopped may have waited for a processor, or for the disk, on top of that: two changes of who runs, on
/// a processor that several others want.
const MAX_LATENCY: Duration = Duration::from_millis(20);

/// How long something may last in real time that has this limit in quiet time, after so many events. Where others take the
/// machine, a program with many calls waits at each of them, and goes on all the same: its calls, its processor time and ours
/// have limits of their own, which are its own fault.
pub(super) fn most_real_time(limit: Duration, events: u64) -> Duration {
    let events = u32::try_from(events).unwrap_or(u32::MAX);
    limit * REAL_TIME_FACTOR + MAX_LATENCY.saturating_mul(events)
}

/// What became of letting time pass.
pub(super) enum Passing {
    /// Something is due now.
    Passed,
    /// Nothing waits for a time.
    Nothing,
    /// The case's clock came to its limit.
    RanOut(Ended),
}

impl<P: Platform> Watch<'_, P> {
    /// The next moment of the case's clock that the plan itself waits for: a start, a look, a step of a peer.
    fn next_moment(&self) -> Option<Duration> {
        let moment = |awaited: &Await| match awaited {
            Await::Clock(ms) => Some(Duration::from_millis(*ms)),
            Await::Ready(_) | Await::Exits(_) | Await::Waits(_) => None,
        };
        let starts = self.lives.iter().zip(&self.plan.actors);
        let starts = starts
            .filter(|(life, _)| life.state == State::Awaited)
            .flat_map(|(_, actor)| &actor.start);
        let looks = self.looks.iter().zip(&self.plan.watches);
        let looks = looks
            .filter(|(look, _)| !look.taken)
            .map(|(_, watch)| &watch.when);
        let asked = self.lives.iter().filter_map(|life| {
            match life.script.as_ref().and_then(Script::asked)? {
                PeerRequest::Await(awaited) => Some(awaited),
                PeerRequest::Quiet => None,
            }
        });
        starts
            .chain(looks)
            .chain(asked)
            .filter_map(moment)
            .filter(|moment| *moment > self.tracer.case_time())
            .min()
    }

    /// Nothing can happen but that time passes: it does, until something is due.
    pub(super) fn pass_time(&mut self) -> io::Result<Passing> {
        let limit = Duration::from_millis(self.plan.limits.clock_ms);
        let moment = self.next_moment();
        let due = self.tracer.next_due().map(|due| due.at);
        let barren = self.tracer.barren_jumps() >= MAX_BARREN_JUMPS;
        let Some(next) = moment.into_iter().chain(due).min() else {
            return Ok(Passing::Nothing);
        };
        if next > limit || (barren && moment.is_none()) {
            self.tracer.pass_until(limit.min(next), Passage::Jump);
            let at_ms = u64::try_from(self.tracer.case_time().as_millis()).unwrap_or(u64::MAX);
            return Ok(Passing::RanOut(Ended::ClockRanOut {
                at_ms,
                barren,
                waits: self.waits(),
            }));
        }
        self.machine_time.computing = None;
        match moment {
            Some(moment) if barren || moment <= next => {
                self.tracer.pass_until(moment, Passage::Jump);
                self.tracer.event_count += 1;
            }
            _ => {
                self.tracer.pass_time(limit, Passage::Jump)?;
            }
        }
        Ok(Passing::Passed)
    }

    /// Whether nothing more can come of the case: only actors are left that serve for ever, and only time could make one of them
    /// go on. One that sleeps may still do something new after it.
    pub(super) fn only_serves(&self) -> bool {
        let mut alive = self
            .lives
            .iter()
            .zip(&self.plan.actors)
            .filter(|(life, _)| life.state != State::Over);
        alive.all(|(life, actor)| life.state == State::Alive && actor.serves)
            && self.next_moment().is_none()
            && !self.tracer.sleeps_afresh(None)
    }

    /// All sleep, not all of them in calls that are watched: whether the machine's time counts as the case's. `since`: how long it
    /// is since the last look.
    pub(super) fn count_waiting(&mut self, since: Duration) -> io::Result<()> {
        self.machine_time.waiting += since;
        match self.machine_time.waiting > PATIENCE {
            true => self.add_time(since),
            false => Ok(()),
        }
    }

    /// Something happened: waiting is counted anew.
    pub(super) fn count_waiting_anew(&mut self) {
        self.machine_time.waiting = Duration::ZERO;
    }

    /// Counts processor time as the case's, where programs have used much of it while one waits for a time.
    pub(super) fn count_computing(&mut self) -> io::Result<()> {
        let looked = self.machine_time.looked;
        if looked.is_some_and(|looked| looked.elapsed() < COMPUTING_PERIOD)
            || self.tracer.next_due().is_none()
        {
            return Ok(());
        }
        let used = (0..self.lives.len()).map(|actor| self.tracer.cpu_us(actor));
        let used = Duration::from_micros(used.sum());
        let machine = &mut self.machine_time;
        machine.looked = Some(Instant::now());
        let (began, counted) = machine.computing.get_or_insert((used, Duration::ZERO));
        let counts = used.saturating_sub(*began + speed::scaled(MAX_COMPUTING));
        let more = counts.saturating_sub(*counted);
        *counted = counts;
        self.add_time(more)
    }

    fn add_time(&mut self, passed: Duration) -> io::Result<()> {
        if passed.is_zero() || self.tracer.next_due().is_none() || self.tracer.is_wait_ending() {
            return Ok(());
        }
        let now = self.tracer.case_time() + passed;
        if !self.tracer.pass_time(now, Passage::Measured)? {
            self.tracer.pass_until(now, Passage::Measured);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_go_on_are_no_busy_machine() {
        let check = |limit_ms, events, expect_s| {
            let most = most_real_time(Duration::from_millis(limit_ms), events);
            assert_eq!(most, Duration::from_secs(expect_s), "{limit_ms} {events}");
        };
        check(2_000, 0, 40);
        // Two thousand folders, three stops each, beside programs that take both processors.
        check(2_000, 6_000, 160);
        assert!(
            most_real_time(Duration::from_secs(3_600), u64::MAX) > Duration::from_secs(1 << 26)
        );
    }
}
