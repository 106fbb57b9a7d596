//! What the tool's caller hands on and the tool cannot work with: it is put right before the first process is started.

use nix::libc;
use nix::sys::stat::{Mode, umask};

use ipclab_kernel::signal;

use crate::machine_limits;

/// Makes the tool's own process one that works whatever called it. Students' programs have surroundings of their own.
///
/// - A caller that ignores `SIGCHLD` (`trap '' CHLD`, some supervisors) has the kernel reap our children, and no wait tells how they
///   ended, `wait(2)`.
/// - Soft limits (`ulimit -S -f 10`) end the tool itself, or what it starts.
/// - A mask that takes rights from the owner (`umask 0777`) makes files that the tool itself cannot open again.
pub fn make_usable() {
    signal::reset(libc::SIGCHLD);
    machine_limits::take_away();
    let mask = umask(Mode::empty());
    umask(mask - Mode::S_IRWXU);
}
