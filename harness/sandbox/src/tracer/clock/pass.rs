//! Letting time pass: to the next deadline, when nothing else can happen.

use std::io;
use std::time::Duration;

use ipclab_evidence::TimePassed;
use ipclab_kernel::{Pid, process, procfs, time};

use crate::clock::time::Due;
use crate::clock::timers::{Kind, SignalNotice, Timer};
use crate::tracer::state::Tracer;

/// How it is known how much time passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// The clock jumps to what is due next: it is so much in every run.
    Jump,
    /// The machine's time was measured.
    Measured,
}

/// So often is it kept that time passed; of what comes after that, only how much.
const MAX_PASSED: usize = 1_000;

impl Tracer {
    /// What is due next: a wait that has its time, or a timer.
    pub(crate) fn next_due(&self) -> Option<Due> {
        self.next_wait()
            .map(|(due, _)| due)
            .into_iter()
            .chain(self.timers.next())
            .min()
    }

    fn next_wait(&self) -> Option<(Due, Pid)> {
        self.threads
            .iter()
            .filter(|(_, thread)| !thread.expiring)
            .filter_map(|(tid, thread)| Some((thread.call.as_ref()?.wait.as_ref()?.due, *tid)))
            .min()
    }

    /// Whether a wait is being ended: its thread has still to come to the exit of its call.
    pub(crate) fn is_wait_ending(&self) -> bool {
        self.threads.values().any(|thread| thread.expiring)
    }

    /// How often in a row time has passed and nothing came of it.
    pub(crate) fn barren_jumps(&self) -> u32 {
        self.barren_jumps
    }

    /// What the case's clock shows: the time since the case began.
    pub(crate) fn case_time(&self) -> Duration {
        self.clock.now()
    }

    /// Time passes until a moment; nothing is done about what is due by then.
    pub(crate) fn pass_until(&mut self, moment: Duration, passage: Passage) {
        let passed = self.clock.go_to(moment);
        if passed.is_zero() {
            return;
        }
        let before = self.trace.next();
        let us = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
        let is_full = self.passed.len() >= MAX_PASSED;
        let by_machine = passage == Passage::Measured;
        match self.passed.last_mut() {
            Some(last) if last.before == before || is_full => {
                last.us = last.us.saturating_add(us);
                last.by_machine |= by_machine;
            }
            _ => self.passed.push(TimePassed {
                before,
                us,
                by_machine,
            }),
        }
    }

    /// Lets time pass until the next deadline, and ends the wait or fires the timer that is due then. What else is due at the
    /// same moment comes when all that follows has happened; but where threads take turns it comes at once, and the order of
    /// the turns says what happens first. `false`: nothing is due before `limit`.
    ///
    /// # Errors
    /// As [`Tracer::dispatch`].
    pub(crate) fn pass_time(&mut self, limit: Duration, passage: Passage) -> io::Result<bool> {
        let Some(next) = self.next_due().filter(|due| due.at <= limit) else {
            return Ok(false);
        };
        self.pass_until(next.at, passage);
        self.event_count += 1;
        self.schedule.time_passed();
        self.barren_jumps += 1;
        self.come_due(next)?;
        while self.schedule.is_on()
            && let Some(other) = self.next_due().filter(|due| due.at == next.at)
        {
            self.come_due(other)?;
        }
        Ok(true)
    }

    /// Ends the wait, or fires the timer, that is due.
    fn come_due(&mut self, due: Due) -> io::Result<()> {
        match self.next_wait() {
            Some((of_wait, tid)) if of_wait == due => self.end_wait_of(tid),
            _ => {
                self.fire(due);
                Ok(())
            }
        }
    }

    /// Something came of the time that passed.
    pub(in crate::tracer) fn time_bore_fruit(&mut self, tid: Pid) {
        self.barren_jumps = 0;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.barren_sleeps = 0;
        }
    }

    /// An actor has printed something.
    pub(crate) fn has_printed(&mut self) {
        self.barren_jumps = 0;
    }

    /// Whether an actor, or any, sleeps and may do something new after it: one that has slept before, and did nothing since but
    /// sleep again, will not.
    pub(crate) fn sleeps_afresh(&self, actor: Option<usize>) -> bool {
        self.threads
            .values()
            .filter(|thread| {
                actor.is_none_or(|actor| self.processes[&thread.process].actor == actor)
            })
            .filter(|thread| !thread.in_background)
            .any(|thread| {
                let wait = thread.call.as_ref().and_then(|call| call.wait.as_ref());
                thread.barren_sleeps == 0 && wait.is_some_and(|wait| wait.sleeps)
            })
    }

    /// Fires the timer that is due.
    fn fire(&mut self, due: Due) {
        let Some(timer) = self.timers.due(due) else {
            return;
        };
        let process = timer.process;
        timer.fired(&mut self.clock);
        match &timer.kind {
            Kind::Alarm => {
                if let Some(process) = self.processes.get_mut(&process) {
                    process.alarm_fired = true;
                }
                let _ = process::kill(process, libc::SIGALRM);
            }
            Kind::Posix { id, notice } => send(process, *id, *notice),
            Kind::Descriptor(copy) => {
                use std::os::fd::AsFd;
                let copy = copy.as_fd();
                let holders = self.processes.iter().filter(|(_, process)| process.alive);
                let is_open = holders.map(|(pid, _)| *pid).any(|pid| {
                    let open = procfs::descriptors(pid).into_iter();
                    open.filter(|(_, link)| link == TIMER_LINK)
                        .any(|(fd, _)| time::is_same_file(copy, pid, fd))
                });
                if is_open {
                    let so_far = time::unread_expiries(copy).unwrap_or(0);
                    let _ = time::set_expiries(copy, so_far + 1);
                } else {
                    // Closed by every process: nobody can hear of it any more.
                    let own = |other: &Timer| other.process == process && other.due.is_some();
                    let next = timer.due;
                    self.timers.forget(|other| {
                        own(other) && other.due == next && matches!(other.kind, Kind::Descriptor(_))
                    });
                }
            }
        }
    }
}

/// What a descriptor of a timer is a link to.
pub(super) const TIMER_LINK: &str = "anon_inode:[timerfd]";

/// Sends the signal of a POSIX timer, unless the last one is still to be delivered.
fn send(process: Pid, id: i32, notice: SignalNotice) {
    if notice.signal == 0 {
        return;
    }
    let thread = notice.thread.and_then(|own| {
        let threads = procfs::threads(process);
        threads.into_iter().find(|(_, number)| *number == own)
    });
    let receiver = thread.map_or(process, |(tid, _)| tid);
    if procfs::is_pending(receiver, notice.signal) != Some(true) {
        let thread = thread.map(|(tid, _)| tid);
        let _ = time::send_timer_signal(process, thread, notice.signal, id, notice.value);
    }
}
