//! What is armed to fire later. The kernel's own timers are never armed: the tracer keeps these, and fires them when they are due.

use std::os::fd::OwnedFd;
use std::time::Duration;

use ipclab_kernel::Pid;

use super::time::{CaseClock, Due};

/// A timer of a program.
#[derive(Debug)]
pub(crate) struct Timer {
    /// The process that has it; of a descriptor's the one that armed it first.
    pub(crate) process: Pid,
    pub(crate) kind: Kind,
    /// Which clock its moments are read on.
    pub(crate) clock: i32,
    /// When it fires next; `None`: it is not armed.
    pub(crate) due: Option<Due>,
    /// How long after that again; zero: not again.
    pub(crate) interval: Duration,
}

/// What a timer is, and so what happens when it fires.
#[derive(Debug)]
pub(crate) enum Kind {
    /// `alarm(2)` and `setitimer(2)`, of which a process has one together.
    Alarm,
    /// `timer_create(2)`: its number, and what tells that it has fired.
    Posix { id: i32, notice: SignalNotice },
    /// `timerfd_create(2)`: a copy of the descriptor.
    Descriptor(OwnedFd),
}

/// How a POSIX timer tells that it has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SignalNotice {
    /// The signal; 0: none.
    pub(crate) signal: i32,
    /// The value that comes with it.
    pub(crate) value: u64,
    /// The thread that it goes to, by its own number; `None`: the process.
    pub(crate) thread: Option<u32>,
}

/// All timers of a case.
#[derive(Debug, Default)]
pub(crate) struct Timers(Vec<Timer>);

impl Timers {
    /// The timer that this holds for.
    pub(crate) fn find(&mut self, is_it: impl Fn(&Timer) -> bool) -> Option<&mut Timer> {
        self.0.iter_mut().find(|timer| is_it(timer))
    }

    /// The alarm of a process.
    pub(crate) fn alarm(&mut self, process: Pid) -> &mut Timer {
        let is_it = |timer: &Timer| timer.process == process && matches!(timer.kind, Kind::Alarm);
        let at = self.0.iter().position(is_it).unwrap_or_else(|| {
            self.add(process, Kind::Alarm, libc::CLOCK_MONOTONIC);
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// The POSIX timer of a process with this number.
    pub(crate) fn posix(&mut self, process: Pid, id: i32) -> Option<&mut Timer> {
        self.find(|timer| {
            timer.process == process
                && matches!(timer.kind, Kind::Posix { id: own, .. } if own == id)
        })
    }

    /// A new timer, which is not armed.
    pub(crate) fn add(&mut self, process: Pid, kind: Kind, clock: i32) {
        self.0.push(Timer {
            process,
            kind,
            clock,
            due: None,
            interval: Duration::ZERO,
        });
    }

    /// Forgets those for which this holds.
    pub(crate) fn forget(&mut self, is_it: impl Fn(&Timer) -> bool) {
        self.0.retain(|timer| !is_it(timer));
    }

    /// What fires next.
    pub(crate) fn next(&self) -> Option<Due> {
        self.0.iter().filter_map(|timer| timer.due).min()
    }

    /// The timer that is due then.
    pub(crate) fn due(&mut self, due: Due) -> Option<&mut Timer> {
        self.find(|timer| timer.due == Some(due))
    }
}

impl Timer {
    /// Arms it to fire after a time, and then each time that an interval has passed; a time of nothing disarms it.
    pub(crate) fn arm(&mut self, clock: &mut CaseClock, first: Option<Due>, interval: Duration) {
        self.due = first.map(|due| clock.due_at(due.at));
        self.interval = interval;
    }

    /// It has fired: when it does again.
    pub(crate) fn fired(&mut self, clock: &mut CaseClock) {
        let due = self.due.take().filter(|_| !self.interval.is_zero());
        self.due = due.map(|due| clock.due_at(due.at.saturating_add(self.interval)));
    }

    /// How long it is until it fires; zero: it is not armed. One that is due already will fire at once.
    pub(crate) fn left(&self, clock: &CaseClock) -> Duration {
        let soon = Duration::from_nanos(1);
        self.due
            .map_or(Duration::ZERO, |due| clock.left(due).max(soon))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_interval_timer_fires_again_and_again_and_a_single_one_once() {
        let mut clock = CaseClock::start();
        let mut timers = Timers::default();
        let first = clock.due_in(SECOND);
        timers.alarm(7).arm(&mut clock, Some(first), 2 * SECOND);
        for at in [1, 3, 5] {
            let due = timers.next().unwrap();
            assert_eq!(due.at, at * SECOND);
            clock.go_to(due.at);
            timers.due(due).unwrap().fired(&mut clock);
        }
        assert_eq!(timers.alarm(7).left(&clock).as_secs(), 1);
        let first = clock.due_in(SECOND);
        timers.alarm(7).arm(&mut clock, Some(first), Duration::ZERO);
        let due = timers.next().unwrap();
        timers.due(due).unwrap().fired(&mut clock);
        assert_eq!(timers.next(), None);
        assert_eq!(timers.alarm(7).left(&clock), Duration::ZERO);
    }

    #[test]
    fn a_process_has_one_alarm_and_timers_by_number() {
        let mut timers = Timers::default();
        let notice = SignalNotice {
            signal: libc::SIGALRM,
            value: 0,
            thread: None,
        };
        timers.alarm(7);
        timers.alarm(7);
        timers.alarm(8);
        timers.add(7, Kind::Posix { id: 0, notice }, libc::CLOCK_REALTIME);
        assert_eq!(timers.0.len(), 3);
        assert!(timers.posix(7, 0).is_some());
        assert!(timers.posix(8, 0).is_none());
        timers.forget(|timer| timer.process == 7);
        assert_eq!(timers.0.len(), 1);
    }
}
