//! Whether threads are at rest, as far as the kernel itself says.

use ipclab_kernel::{Pid, procfs};

use super::state::Tracer;

impl Tracer {
    /// Whether all of these threads sleep.
    pub(crate) fn all_asleep(&self, threads: &[Pid]) -> bool {
        threads.iter().all(|tid| match procfs::state(*tid) {
            Some(b'S' | b'T') => true,
            // A vfork sleeps undisturbed until its child is done; `t` may be a group stop that we listen on, but is
            // mostly an event that we have not heard of yet.
            Some(b'D') => self.waits_for_child(*tid),
            Some(b't') => self.is_stopped(*tid),
            _ => false,
        })
    }
}

/// Whether all of these threads were off their processors at one and the same moment: none of them ran between two looks
/// at all of them.
pub(crate) fn at_rest(threads: &[Pid]) -> bool {
    let look = || -> Option<Vec<u64>> {
        threads
            .iter()
            .map(|tid| procfs::context_switches_at_rest(*tid))
            .collect()
    };
    let first = look();
    first.is_some() && first == look()
}
