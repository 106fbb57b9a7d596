//! `shm_writer` (Q3): leaves the string `Hello` in a shared memory segment for another process to find.
//!
//! How the contract is kept:
//! - segment 100, 1024 bytes, `IPC_CREAT|0644`; attach, six bytes with the NUL at offset 0, detach. It stays, attached to no process.
//! - A segment 100 that is too small (`EINVAL`) or not permitted (`EACCES`) fails in shmget(2), before anything is touched.
//! - Only those six bytes are written, so that what else an existing segment holds survives, and a second run finds the
//!   first one's segment and makes no other.
//! - shmat(2) fails with -1, not with a null pointer: see `sysv`.

use std::ffi::OsString;

use crate::failure::Failure;
use crate::sysv::Segment;

/// The segment's key, which the unit writes as a number instead of deriving it with ftok(3).
pub(super) const KEY: libc::key_t = 100;
const SIZE: usize = 1024;
const MESSAGE: &[u8] = b"Hello\0";

pub(super) fn main(_argv: &[OsString]) -> Result<(), Failure> {
    let segment = Segment::get(KEY, SIZE, libc::IPC_CREAT | 0o644)
        .map_err(|e| Failure::perror("shmget", e))?;
    let memory = segment
        .attach_read_write()
        .map_err(|e| Failure::perror(e.call, e))?;
    memory
        .store(MESSAGE)
        .map_err(|e| Failure::perror("shm_writer", e))?;
    memory.detach().map_err(|e| Failure::perror("shmdt", e))
}
