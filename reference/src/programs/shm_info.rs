//! `shm_info SHMID [mode MODE | lock | unlock | attach ADDRESS]` (Q2, Q8, Q9): what the kernel keeps of a segment.
//!
//! How the contract is kept:
//! - All lines come from one `IPC_STAT`, in the order of the structure, times in seconds since 1970, then the pages that the kernel
//!   gives for the size and the flags that share the field of the mode.
//! - `mode` changes the permission bits by `IPC_SET` and nothing else: owner and group, which the call sets too, are those that
//!   `IPC_STAT` told. `lock` and `unlock` are `SHM_LOCK` and `SHM_UNLOCK`.
//! - `attach` attaches read-only at ADDRESS, rounded down by `SHM_RND`, and detaches when the lines are printed.
//! - Identifier, mode and address are numbers and nothing else: `shm_info x` does not mean segment 0.

use std::ffi::{OsStr, OsString};

use nix::unistd::{SysconfVar, sysconf};

use super::shm_create::number;
use super::usage::usage;
use crate::failure::Failure;
use crate::stdio::say;
use crate::sysv::{Segment, Status};

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let wrong = || {
        usage(
            argv,
            "shm_info",
            "SHMID [mode MODE | lock | unlock | attach ADDRESS]",
        )
    };
    let shmctl = |e| Failure::perror("shmctl", e);
    let id = argv.get(1).and_then(|id| number(id)).ok_or_else(wrong)?;
    let segment = Segment::with_id(id);
    let words: Vec<&str> = argv[2..].iter().filter_map(|word| word.to_str()).collect();
    let mut attached = None;
    match words.as_slice() {
        [] if argv.len() == 2 => {}
        ["mode", mode] => {
            let mode = octal(mode).ok_or_else(wrong)?;
            segment.set_mode(mode).map_err(shmctl)?;
        }
        ["lock"] => segment.lock(true).map_err(shmctl)?,
        ["unlock"] => segment.lock(false).map_err(shmctl)?,
        ["attach", address] => {
            let address = hexadecimal(address).ok_or_else(wrong)?;
            let memory = segment
                .attach_read_only_at(address)
                .map_err(|e| Failure::perror(e.call, e))?;
            say(format!("attached: {:#x}", memory.address()));
            attached = Some(memory);
        }
        _ => return Err(wrong()),
    }
    show(id, &segment.status().map_err(shmctl)?);
    match attached {
        Some(memory) => memory.detach().map_err(|e| Failure::perror("shmdt", e)),
        None => Ok(()),
    }
}

fn show(id: libc::c_int, status: &Status) {
    say(format!("shmid: {id}"));
    say(format!("shm_perm.key: {:#010x}", status.key));
    say(format!("shm_perm.uid: {}", status.owner.0));
    say(format!("shm_perm.gid: {}", status.owner.1));
    say(format!("shm_perm.cuid: {}", status.creator.0));
    say(format!("shm_perm.cgid: {}", status.creator.1));
    say(format!("shm_perm.mode: {:04o}", status.mode));
    say(format!("shm_segsz: {}", status.size));
    say(format!("shm_atime: {}", status.attached_at));
    say(format!("shm_dtime: {}", status.detached_at));
    say(format!("shm_ctime: {}", status.changed_at));
    say(format!("shm_cpid: {}", status.made_by));
    say(format!("shm_lpid: {}", status.used_by));
    say(format!("shm_nattch: {}", status.attached));
    say(format!("pages: {}", status.size.div_ceil(page())));
    say(format!("flags: {}", flags(status)));
}

fn page() -> usize {
    let asked = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    asked
        .and_then(|bytes| usize::try_from(bytes).ok())
        .unwrap_or(4096)
}

fn flags(status: &Status) -> &'static str {
    match (status.doomed, status.locked) {
        (false, false) => "none",
        (true, false) => "dest",
        (false, true) => "locked",
        (true, true) => "dest locked",
    }
}

/// Permission bits as `chmod` takes them: `0640`, `640`.
fn octal(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mode = digits
        .then(|| u32::from_str_radix(text, 8).ok())
        .flatten()?;
    (mode <= 0o777).then_some(mode)
}

/// `0x600000001234`
fn hexadecimal(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("0x")?;
    let plain = OsStr::new(digits).as_encoded_bytes();
    plain
        .iter()
        .all(u8::is_ascii_hexdigit)
        .then(|| usize::from_str_radix(digits, 16).ok())
        .flatten()
}
