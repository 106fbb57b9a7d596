//! How fast a class is graded, and how long it takes still.
//!
//! What was kept from before and what another submission's run stood for take no time, so a plain mean of all is far too
//! fast or too slow. The pace is that of the last submissions that were done; before there are enough of them, nothing is
//! said, and what is said is rounded to what one can know.

use std::collections::VecDeque;
use std::time::Duration;

/// How many of the last submissions say how fast it goes.
const LAST: usize = 120;
/// Before so many are done, or so much time has passed, nothing is said.
const FIRST: usize = 5;
const FIRST_TIME: Duration = Duration::from_secs(2);

/// The pace of a class.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// When the last ones were done, since the start.
    done_at: VecDeque<Duration>,
    done: usize,
}

impl Pace {
    /// One was graded, at this time since the start.
    pub fn done(&mut self, at: Duration) {
        self.done += 1;
        self.done_at.push_back(at);
        if self.done_at.len() > LAST {
            self.done_at.pop_front();
        }
    }

    /// Submissions in a second, as of now; `None`: too few are done.
    #[must_use]
    pub fn per_second(&self, now: Duration) -> Option<f64> {
        if self.done < FIRST || now < FIRST_TIME {
            return None;
        }
        // All that are known count from the start; later ones from the first that is known. What is under way now counts as
        // time: a submission that hangs makes the pace slower while it does.
        let (from, count) = match self.done > self.done_at.len() {
            true => (*self.done_at.front()?, self.done_at.len() - 1),
            false => (Duration::ZERO, self.done_at.len()),
        };
        let span = now.saturating_sub(from).as_secs_f64();
        (span > 0.0).then(|| count as f64 / span)
    }

    /// How long so many more take: `about 4 min left`.
    #[must_use]
    pub fn left(&self, now: Duration, more: usize) -> Option<String> {
        let seconds = more as f64 / self.per_second(now)?;
        Some(format!("about {} left", rounded(seconds)))
    }
}

fn rounded(seconds: f64) -> String {
    // Whole numbers that one can believe: 5 s, 40 s, 4 min, 1 h 20 min.
    let seconds = seconds.clamp(0.0, 30.0 * 24.0 * 3600.0) as u64;
    match seconds {
        0..10 => format!("{} s", seconds.max(1)),
        10..90 => format!("{} s", seconds.div_ceil(10) * 10),
        90..5400 => format!("{} min", seconds.div_ceil(60)),
        _ => {
            let minutes = seconds.div_ceil(600) * 10;
            match minutes % 60 {
                0 => format!("{} h", minutes / 60),
                rest => format!("{} h {rest} min", minutes / 60),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, rounded};

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn the_pace_is_that_of_the_last_ones() {
        let mut pace = Pace::default();
        assert_eq!(pace.left(at(10.0), 5), None);
        for n in 1..=4 {
            pace.done(at(f64::from(n)));
        }
        assert_eq!(pace.left(at(4.5), 5), None);
        pace.done(at(5.0));
        assert_eq!(pace.left(at(5.0), 10).as_deref(), Some("about 10 s left"));
        // One that hangs: the time goes on while nothing ends.
        assert_eq!(pace.left(at(50.0), 10).as_deref(), Some("about 2 min left"));
        // A thousand that took no time, then slow ones: the slow ones say how long the rest takes.
        let mut pace = Pace::default();
        for n in 0..1000 {
            pace.done(at(f64::from(n) * 0.01));
        }
        for n in 1..=140 {
            pace.done(at(10.0 + f64::from(n)));
        }
        assert_eq!(
            pace.left(at(150.0), 100).as_deref(),
            Some("about 2 min left")
        );
    }

    #[test]
    fn a_time_is_said_as_one_can_know_it() {
        let check = |seconds: f64, expected: &str| assert_eq!(rounded(seconds), expected);
        check(0.0, "1 s");
        check(9.4, "9 s");
        check(33.0, "40 s");
        check(89.0, "90 s");
        check(91.0, "2 min");
        check(3000.0, "50 min");
        check(5400.0, "1 h 30 min");
        check(7200.0, "2 h");
        check(f64::INFINITY, "720 h");
    }
}
