//! Locks: none on a file of the host. A box shows such files read-only, but a lock needs no more than an open file, and its
//! table is the host's, too: other programs of the machine would wait for it.

use std::io;

use ipclab_kernel::Pid;
use nix::sys::statvfs::{FsFlags, statvfs};

use super::state::Tracer;
use crate::calls::{LOCK_COMMANDS, Spec};
use crate::fault::{self, Pending};

/// Commands of `fcntl(2)` that wait for a lock.
pub(crate) const WAITING: [u32; 2] = [libc::F_SETLKW as u32, libc::F_OFD_SETLKW as u32];

impl Tracer {
    /// Refuses a lock on what is shown read-only: nothing there is the case's own. `None`: it may be had, or is no lock.
    pub(super) fn lock_rule(
        &self,
        tid: Pid,
        spec: &Spec,
        args: &[u64; 6],
    ) -> Option<io::Result<Pending>> {
        // Where turns are taken, the other commands of fcntl(2) stop here, too.
        let asks = match spec.name {
            "flock" => true,
            "fcntl" => LOCK_COMMANDS.contains(&(args[1] as u32)),
            _ => false,
        };
        let locks = self.host.is_none() && asks;
        let file = locks.then(|| format!("/proc/{tid}/fd/{}", args[0] as i32))?;
        let mount = statvfs(file.as_str()).ok()?;
        let shown_only = mount.flags().contains(FsFlags::ST_RDONLY);
        shown_only.then(|| fault::refuse(tid, libc::ENOLCK))
    }
}

/// Whether a call asks for a lock and does not wait for it.
pub(super) fn is_try(spec: &Spec, args: &[u64; 6]) -> bool {
    spec.name == "fcntl" && !WAITING.contains(&(args[1] as u32))
}
