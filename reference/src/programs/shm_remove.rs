//! `shm_remove SHMID` (Q1, Q8, Q10): removes a segment, or marks it for removal while a process is attached.
//!
//! How the contract is kept:
//! - `IPC_RMID` first, and then a look at what is left: asked beforehand, the number of attachments could be another one by
//!   then. A segment that is gone answers `EINVAL` or `EIDRM`; one that lives until its last detachment tells how many there are.
//! - SHMID is a number and nothing else: `shm_remove x` does not remove segment 0.

use std::ffi::OsString;

use super::shm_create::number;
use super::usage::usage;
use crate::failure::Failure;
use crate::stdio::say;
use crate::sysv::Segment;

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let id = match argv {
        [_, id] => number(id),
        _ => None,
    };
    let id = id.ok_or_else(|| usage(argv, "shm_remove", "SHMID"))?;
    let segment = Segment::with_id(id);
    segment.remove().map_err(|e| Failure::perror("shmctl", e))?;
    match segment.status() {
        Ok(status) => say(format!(
            "segment {id}: marked for removal, {} attached",
            status.attached
        )),
        Err(gone) if matches!(gone.raw_os_error(), Some(libc::EINVAL | libc::EIDRM)) => {
            say(format!("segment {id}: removed"));
        }
        Err(error) => return Err(Failure::perror("shmctl", error)),
    }
    Ok(())
}
