//! Winding down: what is still there is noted, asked to end, and ended.

use std::io;
use std::time::{Duration, Instant};

use ipclab_evidence::{Ended, Exit, LeftProcess, Wait};
use ipclab_kernel::{Pid, process};

use super::life::State;
use super::state::Watch;
use super::time::most_real_time;
use crate::platform::Platform;
use crate::quiet::{self, Activity, Backoff, Idle};
use crate::tracer::{Notice, Passage};

/// How long a program may take to end after it was asked to, while it does nothing, and what it started after it.
const GRACE: Duration = Duration::from_millis(300);

impl<P: Platform> Watch<'_, P> {
    /// Who waits in what.
    pub(super) fn waits(&self) -> Vec<Wait> {
        self.tracer
            .processes()
            .into_iter()
            .filter_map(|(pid, _, _)| self.tracer.wait_of(pid))
            .collect()
    }

    pub(super) fn survivors(&self) -> Vec<LeftProcess> {
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

    /// Asks the programs that are still there to end, gives them a moment, then ends everything.
    pub(super) fn wind_down(&mut self, ended: &Ended) -> io::Result<()> {
        self.tracer.look_into_all_queues();
        self.tracer.winding_down = true;
        for life in &mut self.lives {
            if life.state == State::Awaited {
                life.not_started();
            }
        }
        self.tracer.end_turns()?;
        self.tracer.end_yielding()?;
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
        let (mut backoff, mut idle) = (Backoff::new(self.plan.traced), Idle::new());
        let (asked, events_before) = (Instant::now(), self.tracer.event_count);
        let until = self.tracer.case_time() + GRACE;
        while self.is_ending() {
            let before = self.tracer.event_count;
            self.wait_for_events(backoff.step())?;
            if self.dispatch_all()?.is_some() || self.check_limits().is_some() {
                break;
            }
            if self.tracer.event_count != before {
                backoff.reset();
                continue;
            }
            let activity = quiet::look(&self.tracer, &self.tracer.threads(None), &self.barrier);
            let done = match activity {
                Activity::Stuck => !self.tracer.pass_time(until, Passage::Jump)?,
                Activity::Running | Activity::Waiting => {
                    idle.look(activity != Activity::Running) > GRACE
                }
            };
            let events = self.tracer.event_count - events_before;
            if done || asked.elapsed() > most_real_time(GRACE, events) {
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

    /// Whether a program that was asked to end has not ended yet, or left processes that may act upon its end: its pipes have no
    /// writer now, and whether they come to say so must not hang on who gets the processor first.
    fn is_ending(&self) -> bool {
        let mut asked = (0..self.lives.len()).filter(|index| self.lives[*index].asked_to_end);
        asked.any(|index| self.lives[index].state == State::Alive || self.tracer.living(index) > 0)
    }

    /// Ends every process, and waits until none is left at all: a namespace is gone only when its last process is
    /// reaped.
    pub(super) fn end_all(&mut self, left: &[(Pid, usize, bool)]) -> io::Result<()> {
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
