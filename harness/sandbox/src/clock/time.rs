//! What the case's clock shows, and when something is due.
//!
//! A moment is the time since the case began. All clocks that a program can read go by it, each from where the machine's own
//! stood at that moment.

use std::ffi::c_int;
use std::time::Duration;

use ipclab_kernel::time;

/// So much time passes each time that a program asks what time it is: one that waits by asking comes to an end.
const STEP: Duration = Duration::from_micros(100);

/// After so many questions in a row and nothing else a program waits by asking, and more time passes: each question is a stop.
const PATIENT_QUESTIONS: u32 = 1_000;
const LONG_STEP: Duration = Duration::from_millis(1);

/// Clocks that have a number of their own, `CLOCK_REALTIME` to `CLOCK_TAI`.
const CLOCKS: usize = 12;

/// When something is due. What is due at the same moment comes in the order in which it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    /// The moment.
    pub(crate) at: Duration,
    /// The order.
    pub(crate) order: u64,
}

/// The clock of one case.
#[derive(Debug)]
pub(crate) struct CaseClock {
    now: Duration,
    /// What each of the machine's clocks showed when the case began.
    began: [Option<Duration>; CLOCKS],
    /// How many deadlines were set.
    set: u64,
    /// How often it was asked what time it is, with nothing else in between.
    questions: u32,
}

impl CaseClock {
    /// A clock that begins to count now.
    pub(crate) fn start() -> Self {
        let mut began = [None; CLOCKS];
        for (id, began) in began.iter_mut().enumerate() {
            // What this machine cannot read (a clock that wakes it, where it has none) no program can.
            let readable = time::clock(id as c_int);
            *began = readable.and_then(|_| time::clock(own_clock(id as c_int)?));
        }
        Self {
            now: Duration::ZERO,
            began,
            set: 0,
            questions: 0,
        }
    }

    /// The moment that it is.
    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    /// Goes on to a moment, if that is not past; gives how much time passed.
    pub(crate) fn go_to(&mut self, moment: Duration) -> Duration {
        let passed = moment.saturating_sub(self.now);
        self.now += passed;
        passed
    }

    /// A deadline this far away, set now.
    pub(crate) fn due_in(&mut self, length: Duration) -> Due {
        self.due_at(self.now.saturating_add(length))
    }

    /// A deadline at a moment, set now.
    pub(crate) fn due_at(&mut self, at: Duration) -> Due {
        self.set += 1;
        Due {
            at,
            order: self.set,
        }
    }

    /// How long it is until a deadline, as calls give it back: what is left is never all of it, since calls take time, too.
    pub(crate) fn left(&self, due: Due) -> Duration {
        const CALL: Duration = Duration::from_micros(1);
        due.at.saturating_sub(self.now).saturating_sub(CALL)
    }

    /// The moment at which a clock will show this. `None`: it does not go by the case's clock.
    pub(crate) fn moment(&self, clock: c_int, shows: Duration) -> Option<Duration> {
        Some(shows.saturating_sub(self.start_of(clock)?))
    }

    /// What a clock shows now. `None`: it does not go by the case's clock, as those of used processor time do not.
    pub(crate) fn shows(&self, clock: c_int) -> Option<Duration> {
        Some(self.start_of(clock)?.saturating_add(self.now))
    }

    /// A program asks for the time: some of it passes.
    pub(crate) fn asked(&mut self) {
        self.questions = self.questions.saturating_add(1);
        let step = match self.questions > PATIENT_QUESTIONS {
            true => LONG_STEP,
            false => STEP,
        };
        self.now = self.now.saturating_add(step);
    }

    /// A program does something else than to ask for the time.
    pub(crate) fn worked(&mut self) {
        self.questions = 0;
    }

    fn start_of(&self, clock: c_int) -> Option<Duration> {
        *self.began.get(usize::try_from(clock).ok()?)?
    }
}

/// The machine's clock that a clock is read from when the case begins: those that are coarse, or wake the machine, show what the
/// others do.
fn own_clock(clock: c_int) -> Option<c_int> {
    Some(match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_REALTIME_ALARM => {
            libc::CLOCK_REALTIME
        }
        libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_COARSE => libc::CLOCK_MONOTONIC,
        libc::CLOCK_BOOTTIME | libc::CLOCK_BOOTTIME_ALARM => libc::CLOCK_BOOTTIME,
        libc::CLOCK_MONOTONIC_RAW | libc::CLOCK_TAI => clock,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn every_clock_of_real_time_goes_by_it_and_none_of_processor_time() {
        let mut clock = CaseClock::start();
        let before: Vec<_> = (0..CLOCKS as c_int).map(|id| clock.shows(id)).collect();
        assert_eq!(clock.go_to(5 * SECOND), 5 * SECOND);
        for (id, before) in before.into_iter().enumerate() {
            let cpu = matches!(id, 2 | 3 | 10) || time::clock(id as c_int).is_none();
            let after = clock.shows(id as c_int);
            assert_eq!(after, before.map(|before| before + 5 * SECOND), "{id}");
            assert_eq!(after.is_none(), cpu, "{id}");
        }
        assert_eq!(clock.shows(-2), None);
        assert_eq!(clock.shows(99), None);
    }

    #[test]
    fn what_is_left_is_never_all() {
        let mut clock = CaseClock::start();
        let due = clock.due_in(5 * SECOND);
        assert_eq!(clock.left(due).as_secs(), 4);
        clock.go_to(6 * SECOND);
        assert_eq!(clock.left(due), Duration::ZERO);
    }

    #[test]
    fn it_never_goes_back() {
        let mut clock = CaseClock::start();
        clock.go_to(2 * SECOND);
        assert_eq!(clock.go_to(SECOND), Duration::ZERO);
        assert_eq!(clock.now(), 2 * SECOND);
    }

    #[test]
    fn what_is_due_at_one_moment_comes_in_the_order_in_which_it_was_set() {
        let mut clock = CaseClock::start();
        let late = clock.due_in(2 * SECOND);
        let first = clock.due_in(SECOND);
        let second = clock.due_at(SECOND);
        let mut all = [late, second, first];
        all.sort();
        assert_eq!(all, [first, second, late]);
    }

    #[test]
    fn one_that_waits_by_asking_comes_to_an_end() {
        let mut clock = CaseClock::start();
        // The first thousand take a tenth of a second, and then each takes a thousandth.
        for (seconds, expect) in [(1, 1_000 + 900), (10, 1_000 + 9_900)] {
            clock.worked();
            let end = clock.now() + seconds * SECOND;
            let asked = (0..)
                .take_while(|_| {
                    clock.asked();
                    clock.now() < end
                })
                .count();
            assert_eq!(asked + 1, expect);
        }
    }
}
