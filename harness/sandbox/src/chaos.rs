//! Chaos: seeded delays at calls, so that interleavings come about that the machine alone would hardly show.
//!
//! A thread is held in its stop, before the call or after it, while all others go on. What is held depends on the
//! seed, the actor and the number of its call, and not on which thread was faster; for how long it really is, is the machine's.
//! All delays of a case together are bounded, so that a program with many calls does not last for ever.

use std::time::{Duration, Instant};

use ipclab_kernel::Pid;

/// One call in so many is held.
const DELAYED_ONE_IN: u64 = 3;
/// The longest delay.
const MAX_DELAY_US: u64 = 3_000;
/// All delays of a case together.
const MAX_TOTAL_DELAY: Duration = Duration::from_millis(120);

/// Where in a call a thread is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Before it is made.
    Entry,
    /// When it has been made, and the program does not know it yet.
    Exit,
}

/// A thread that is held.
#[derive(Clone, Copy, Debug)]
struct Held {
    until: Instant,
    tid: Pid,
    /// What is delivered when it goes on.
    signal: i32,
}

/// The delays of one case.
#[derive(Debug, Default)]
pub(crate) struct Chaos {
    seed: Option<u64>,
    spent: Duration,
    held: Vec<Held>,
}

impl Chaos {
    /// `None`: no thread is ever held.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// Holds a thread, if it is its turn; `call` is the number of its actor's call. Tells whether it was.
    pub(crate) fn hold(
        &mut self,
        (actor, call): (usize, u64),
        side: Side,
        tid: Pid,
        signal: i32,
    ) -> bool {
        let Some(seed) = self.seed else { return false };
        let Some(delay) = delay(seed, actor, call, side) else {
            return false;
        };
        if self.spent + delay > MAX_TOTAL_DELAY {
            return false;
        }
        self.spent += delay;
        self.held.push(Held {
            until: Instant::now() + delay,
            tid,
            signal,
        });
        true
    }

    /// Something else happened to a thread: it is no longer where it was held.
    pub(crate) fn forget(&mut self, tid: Pid) {
        self.held.retain(|held| held.tid != tid);
    }

    /// Every thread whose time is up, with the signal to deliver.
    pub(crate) fn due(&mut self) -> Vec<(Pid, i32)> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let now = Instant::now();
        let due = self.held.iter().filter(|held| held.until <= now);
        let due = due.map(|held| (held.tid, held.signal)).collect();
        self.held.retain(|held| held.until > now);
        due
    }

    /// How long it is until the next is due.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let next = self.held.iter().map(|held| held.until).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }
}

/// How long this call is held; `None`: not at all.
fn delay(seed: u64, actor: usize, call: u64, side: Side) -> Option<Duration> {
    let words = [actor as u64, call, side as u64];
    let drawn = words.into_iter().fold(mixed(seed), |state, word| {
        mixed(state ^ word.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    });
    let is_held = drawn % DELAYED_ONE_IN == 0;
    is_held.then(|| Duration::from_micros((drawn / DELAYED_ONE_IN) % MAX_DELAY_US + 1))
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of `state`.
fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Chaos, MAX_DELAY_US, MAX_TOTAL_DELAY, Side, delay};

    #[test]
    fn a_seed_draws_the_same_again_and_another_one_something_else() {
        let drawn = |seed| -> Vec<_> {
            let calls = (0..2).flat_map(|actor| (0..300).map(move |call| (actor, call)));
            calls
                .map(|(actor, call)| delay(seed, actor, call, Side::Entry))
                .collect()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let held: Vec<_> = drawn(7).into_iter().flatten().collect();
        assert!((150..250).contains(&held.len()), "{}", held.len());
        assert!(
            held.iter()
                .all(|delay| delay.as_micros() <= u128::from(MAX_DELAY_US))
        );
        assert_ne!(
            delay(1, 0, 5, Side::Entry),
            delay(1, 0, 5, Side::Exit),
            "both sides of a call are drawn for"
        );
    }

    #[test]
    fn all_delays_together_are_bounded() {
        let mut chaos = Chaos::new(Some(3));
        for call in 0..10_000 {
            chaos.hold((0, call), Side::Exit, call as i32, 0);
        }
        assert!(chaos.spent <= MAX_TOTAL_DELAY);
        assert!(chaos.held.len() > 30);
        chaos.forget(chaos.held[0].tid);
        assert!(chaos.wait().is_some());
        assert!(!Chaos::new(None).hold((0, 1), Side::Entry, 1, 0));
    }
}
