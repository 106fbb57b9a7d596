//! How often programs wait for the disk: what tells a program that does so without end from one that the machine keeps from
//! going on.
//!
//! A wait for the disk takes neither processor time nor a call that is watched, and it is no sleep that counts as quiet: others may
//! have the disk. So a program that does nothing but that (`fsync(2)` in a loop, reads past the cache) meets no other limit, and how
//! long it takes says little. How often it waits does: a program of a case hardly ever has to.

use std::time::Duration;

/// So many waits at least are a program's own doing: far more than an interpreter takes to start that nothing has read before.
const MAX_WAITS: u64 = 2_000;

/// A program may have so much of a longer limit for each.
const WAIT: Duration = Duration::from_millis(5);

/// Longest time that a wait for the disk may take on the average, before the disk is too busy.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// Bytes from or to the disk that count as one wait: a single call may move very many.
const BYTES_OF_A_WAIT: u64 = 1 << 20;

/// So many page faults that wait for the disk count as one wait. A machine without memory makes any program have them.
const FAULTS_OF_A_WAIT: u64 = 10;

/// What a case that has lasted for too long owes that to, as far as the disk is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiskUse {
    /// Its programs wait for the disk again and again.
    Theirs,
    /// They may: that is known when they have gone on for a while.
    Perhaps,
    /// Something else.
    Little,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskWaits {
    /// Sleeps that were no stops of the tracer's.
    pub(crate) sleeps: u64,
    /// Page faults that waited for the disk, which are sleeps, too.
    pub(crate) faults: u64,
    /// Bytes from and to the disk.
    pub(crate) bytes: u64,
}

impl DiskWaits {
    pub(crate) fn add(&mut self, other: Self) {
        self.sleeps += other.sleeps;
        self.faults += other.faults;
        self.bytes += other.bytes;
    }

    fn count(self) -> u64 {
        let faults = self.faults.min(self.sleeps);
        self.sleeps - faults + faults / FAULTS_OF_A_WAIT + self.bytes / BYTES_OF_A_WAIT
    }

    /// What so many waits in so long a time say of a case with this limit.
    pub(crate) fn says(self, elapsed: Duration, limit: Duration) -> DiskUse {
        let most = MAX_WAITS.max((limit.as_millis() / WAIT.as_millis()) as u64);
        let count = self.count();
        if count > most {
            return DiskUse::Theirs;
        }
        // With so few of them it would take for ever.
        let would_take = MAX_WAIT.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
        match would_take > elapsed {
            true => DiskUse::Perhaps,
            false => DiskUse::Little,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_the_disk_again_and_again_does_so_by_itself() {
        let second = Duration::from_secs(1);
        let check = |(sleeps, faults, bytes): (u64, u64, u64), elapsed: u32, expect: DiskUse| {
            let waits = DiskWaits {
                sleeps,
                faults,
                bytes,
            };
            assert_eq!(
                waits.says(elapsed * second, 10 * second),
                expect,
                "{waits:?}"
            );
        };
        check((0, 0, 0), 200, DiskUse::Little);
        check((2_001, 0, 0), 200, DiskUse::Theirs);
        check((1_900, 0, 0), 180, DiskUse::Perhaps);
        check((1_900, 0, 0), 200, DiskUse::Little);
        // A program that the machine has no memory for.
        check((5_000, 5_000, 0), 200, DiskUse::Little);
        check((30_000, 30_000, 0), 200, DiskUse::Theirs);
        // One call may move as much as thousands do.
        check((10, 0, 3_000 << 20), 200, DiskUse::Theirs);
        // A longer limit has room for more.
        let waits = DiskWaits {
            sleeps: 3_000,
            ..DiskWaits::default()
        };
        assert_eq!(waits.says(2_000 * second, 100 * second), DiskUse::Little);
    }
}
