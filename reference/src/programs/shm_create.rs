//! `shm_create PATH ID SIZE` (Q2, Q8): makes one new segment and says how others find it.
//!
//! How the contract is kept:
//! - The key is ftok(3)'s for the file PATH and the number ID, from 1 to 255: the same for every process that asks. With `-` for
//!   PATH it is `IPC_PRIVATE`: a new segment every time, which only its identifier leads to.
//! - `IPC_CREAT` with `IPC_EXCL`: a segment that exists is refused (`File exists`) and left as it is.
//! - Key and identifier are printed, the key as `ipcs` shows it. Nothing is attached; the segment stays.
//! - ID and SIZE are looked at before anything is made: a number is nothing but digits.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::usage::usage;
use crate::failure::Failure;
use crate::stdio::say;
use crate::sysv::{Segment, ftok};

/// The owner reads and writes, the group reads.
const MODE: libc::c_int = 0o640;
/// `PATH` when no file is to give the key.
const PRIVATE: &str = "-";

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let wrong = || usage(argv, "shm_create", "PATH ID SIZE");
    let [_, path, id, size] = argv else {
        return Err(wrong());
    };
    let id: u8 = number(id).filter(|id| *id > 0).ok_or_else(wrong)?;
    let size: usize = number(size).filter(|size| *size > 0).ok_or_else(wrong)?;
    let key = if path == PRIVATE {
        libc::IPC_PRIVATE
    } else {
        let path = CString::new(path.as_bytes()).map_err(|_| wrong())?;
        ftok(&path, id).map_err(|e| Failure::perror("ftok", e))?
    };
    let segment = Segment::get(key, size, libc::IPC_CREAT | libc::IPC_EXCL | MODE)
        .map_err(|e| Failure::perror("shmget", e))?;
    say(format!("key: {key:#010x}"));
    say(format!("shmid: {}", segment.id()));
    Ok(())
}

/// A number in decimals and nothing else; `None` for whatever else stands there, a sign included.
pub(super) fn number<N: std::str::FromStr>(argument: &OsStr) -> Option<N> {
    let text = argument.to_str()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
