//! Waits for the disk of a case's threads, as the kernel counts them.

use std::time::Duration;

use ipclab_kernel::{Pid, procfs};

use super::state::Tracer;
use crate::disk_waits::{DiskUse, DiskWaits};

impl Tracer {
    /// Whether a program has lowered the share of the processor that its session has: `/proc/PID/autogroup` is nothing that a filter can
    /// refuse. Who does that is not kept waiting by the machine.
    pub(crate) fn has_low_priority(&self) -> bool {
        let nice = |pid: &Pid| procfs::autogroup_nice(*pid).is_some_and(|nice| nice > 0);
        self.processes.keys().any(nice)
    }

    /// What a case owes it to that it has lasted for so long, as far as the disk is concerned.
    pub(crate) fn disk_use(&self, limit: Duration) -> DiskUse {
        let mut all = self.ended_disk_waits;
        for (tid, thread) in &self.threads {
            all.add(self.disk_waits(*tid, thread.process, thread.stops));
        }
        all.says(self.elapsed(), limit)
    }

    /// A thread ends. Those that end early in a case cannot have waited for long.
    pub(super) fn note_disk_waits(&mut self, tid: Pid) {
        if self.elapsed() < self.long_case {
            return;
        }
        let Some(thread) = self.threads.get(&tid) else {
            return;
        };
        let waits = self.disk_waits(tid, thread.process, thread.stops);
        self.ended_disk_waits.add(waits);
    }

    /// Of a thread; what is known of its process as a whole counts with its first one.
    fn disk_waits(&self, tid: Pid, process: Pid, stops: u64) -> DiskWaits {
        let switches = procfs::voluntary_switches(tid).unwrap_or(0);
        let of_process = |count: fn(Pid) -> Option<u64>| match tid == process {
            true => count(process).unwrap_or(0),
            false => 0,
        };
        DiskWaits {
            // Each stop is a switch, and the call that stopped may have slept.
            sleeps: switches.saturating_sub(2 * stops),
            faults: of_process(procfs::major_faults),
            bytes: of_process(procfs::disk_bytes),
        }
    }
}
