//! Pipes: how many a box has at once.
//!
//! The kernel gives a user room for 1,024 pipes of the usual size. From then on it makes small ones, in which programs wait that
//! would not wait otherwise, and it says so to none of them. Boxes of an ordinary user's share that user, so that
//! each has a bound far below.

use std::collections::BTreeSet;

use ipclab_kernel::{Pid, procfs};

use super::state::{PipeCount, Tracer};
use crate::calls::PIPES;

/// So many a box has at once, or as many as it may have processes.
const PIPES_MAX: u64 = 128;
/// So many are made before they are counted again.
const COUNTED_EVERY: u64 = 32;

impl Tracer {
    /// Whether a call would make one pipe too many. Those that were made since they were counted may be closed by now, so that they are
    /// counted anew before any is refused.
    pub(super) fn has_too_many_pipes(&mut self, tid: Pid, number: u64) -> bool {
        if !PIPES.contains(&(number as i64)) || self.actor_of(tid).is_none() {
            return false;
        }
        let most = PIPES_MAX.max(self.most_threads);
        let pipes = &self.pipes;
        if pipes.since >= COUNTED_EVERY || pipes.counted + pipes.since >= most {
            let counted = self.open_pipes();
            self.pipes = PipeCount { counted, since: 0 };
        }
        self.pipes.since += 1;
        self.pipes.counted >= most
    }

    /// How many pipes the box's programs have open. Those of our own streams are among them.
    fn open_pipes(&self) -> u64 {
        let open = self
            .processes
            .keys()
            .flat_map(|pid| procfs::descriptors(*pid));
        let pipes: BTreeSet<String> = open
            .map(|(_, link)| link)
            .filter(|link| link.starts_with("pipe:"))
            .collect();
        pipes.len() as u64
    }
}
