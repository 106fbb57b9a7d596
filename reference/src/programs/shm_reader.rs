//! `shm_reader` (Q1, Q8): the half of the example that the unit leaves out. Prints what `shm_writer` left, and clears up.
//!
//! How the contract is kept:
//! - Prints the string on a line, detaches, and only then removes the segment (`IPC_RMID`); no segment of that key is left.
//! - Without `IPC_CREAT` a missing segment stays missing: shmget(2) says `ENOENT`.
//! - Attached `SHM_RDONLY`: the reader cannot spoil what it reads.
//! - The segment's own size bounds the reading, so that content without a NUL is printed to its end and no further.
//! - Removal is by the identifier that key 100 gave: no other segment is concerned.

use std::ffi::OsString;

use super::shm_writer::KEY;
use crate::failure::Failure;
use crate::stdio::say;
use crate::sysv::Segment;

pub(super) fn main(_argv: &[OsString]) -> Result<(), Failure> {
    // Size 0 takes it as large as it is; 0444 asks for no more than reading.
    let segment = Segment::get(KEY, 0, 0o444).map_err(|e| Failure::perror("shmget", e))?;
    let memory = segment
        .attach_read_only()
        .map_err(|e| Failure::perror(e.call, e))?;
    say(memory.c_string());
    memory.detach().map_err(|e| Failure::perror("shmdt", e))?;
    segment.remove().map_err(|e| Failure::perror("shmctl", e))
}
