//! How fast this machine computes: limits of time are longer on one that is slower by far, such as an emulated one.
//!
//! A loop that is the same everywhere is measured in processor time, so that neighbours do not matter, and the best of a few
//! rounds counts. The factor is a whole number, 1 on every usual machine, and each report says when it is another.

use std::sync::OnceLock;
use std::time::Duration;

use ipclab_evidence::Limits;
use ipclab_kernel::arch::pace;
use ipclab_kernel::time;

/// How often the loop goes round, and how often it is measured.
const TIMES: u64 = 50_000;
const ROUNDS: u32 = 5;

/// What one time round takes on a usual machine, in picoseconds. Measured: 1.5 ns on a server of today, 11 ns where QEMU emulates
/// another processor on it.
const USUAL_PS: u64 = 2_000;

static FACTOR: OnceLock<u32> = OnceLock::new();

/// How many times slower than usual ones this machine is, in whole numbers from 1.
///
/// Measured once; processes that are forked afterwards know it.
pub(crate) fn factor() -> u32 {
    *FACTOR.get_or_init(|| factor_of(best_round()))
}

fn best_round() -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let before = time::own_processor_time();
        pace::call(TIMES);
        time::own_processor_time().saturating_sub(before)
    });
    rounds.min().unwrap_or_default()
}

fn factor_of(round: Duration) -> u32 {
    let picoseconds = round.as_nanos() * 1_000 / u128::from(TIMES);
    let times = picoseconds / u128::from(USUAL_PS);
    u32::try_from(times.clamp(1, 1_000)).unwrap_or(1)
}

/// A time in which a usual machine has computed so much.
pub(crate) fn scaled(time: Duration) -> Duration {
    time * factor()
}

/// The same in microseconds.
pub(crate) fn scaled_us(time: Duration) -> u64 {
    u64::try_from(scaled(time).as_micros()).unwrap_or(u64::MAX)
}

/// Limits of a usual machine, as they are here.
pub(crate) fn scale(limits: &mut Limits) {
    let factor = u64::from(factor());
    limits.cpu_ms *= factor;
    limits.wall_ms *= factor;
}

/// What a report has to say of it. `None`: this is a usual machine.
pub(crate) fn note() -> Option<String> {
    note_of(factor())
}

fn note_of(factor: u32) -> Option<String> {
    (factor > 1).then(|| {
        format!("this machine computes {factor} times slower than usual ones: limits of time are {factor} times longer")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_machine_that_is_slower_by_far_gets_longer_limits() {
        let check = |ns_a_time: u64, expect: u32| {
            let round = Duration::from_nanos(ns_a_time * TIMES);
            assert_eq!(factor_of(round), expect, "{ns_a_time} ns");
        };
        check(0, 1);
        check(2, 1);
        check(3, 1);
        check(4, 2);
        check(25, 12);
        check(1_000_000, 1_000);
        assert_eq!(note_of(1), None);
        let note = note_of(12).unwrap();
        assert!(note.contains("12 times slower") && note.contains("12 times longer"));
    }

    /// The machine that develops this is a usual one.
    #[test]
    fn a_measurement_takes_a_moment() {
        let before = time::own_processor_time();
        assert!(best_round() > Duration::ZERO);
        assert!(time::own_processor_time() - before < Duration::from_secs(1));
    }
}
