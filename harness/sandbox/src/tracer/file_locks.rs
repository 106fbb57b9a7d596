//! Locks on files: under which ones a file was read and written, and which one a process waits for in vain.
//!
//! The kernel's own table says it, as it is when a call has just been made: what a close took away, or a child did not inherit,
//! needs no second bookkeeping here.

use std::fs;
use std::os::unix::fs::MetadataExt;

use ipclab_evidence::{AwaitedLock, FileAccess, HeldLock, LockKind, LockRange};
use ipclab_kernel::procfs::FileLock;
use ipclab_kernel::{Pid, procfs};

use super::locked_files::LockedFile;
use super::locks::WAITING;
use super::state::{InCall, Tracer};
use crate::decode;

/// So many locks in the way are named; a reader of more learns nothing from them.
const MAX_HELD: usize = 16;

/// Which bytes of which descriptor a call read or wrote.
struct Touched {
    fd: i32,
    writes: bool,
    from: u64,
    bytes: u64,
}

impl Tracer {
    /// A call has succeeded: whether it read or wrote a file whose locks are asked about, and under which of them.
    pub(super) fn note_file_access(&mut self, tid: Pid, process: Pid, call: &InCall, result: i64) {
        if self.file_locks.files.is_empty() || self.winding_down {
            return;
        }
        let Some(touched) = touched(tid, call, result) else {
            return;
        };
        let Some(file) = identity(tid, touched.fd) else {
            return;
        };
        let is_it = |asked: &&LockedFile| {
            fs::metadata(&asked.here).is_ok_and(|found| (found.dev(), found.ino()) == file)
        };
        let Some(asked) = self.file_locks.files.iter().find(is_it) else {
            return;
        };
        let held = held_on(process, file);
        let to = touched.from.saturating_add(touched.bytes - 1);
        let covering = [LockKind::Exclusive, LockKind::Shared]
            .into_iter()
            .find(|kind| covers(&held, *kind, touched.from, to));
        use std::os::unix::ffi::OsStrExt;
        let new = FileAccess {
            actor: self.processes[&process].actor,
            pid: self.processes[&process].own_pid,
            path: asked.named.as_os_str().as_bytes().into(),
            writes: touched.writes,
            lock: covering,
            count: 1,
            call: call.n,
            from: touched.from,
            bytes: touched.bytes,
        };
        let like = |one: &FileAccess| (one.actor, one.pid, one.path.clone(), one.writes, one.lock);
        let mut known = self.file_locks.seen.iter_mut();
        match known.find(|known| like(known) == like(&new)) {
            Some(known) => known.count += 1,
            None => self.file_locks.seen.push(new),
        }
    }

    /// The lock that a thread waits for in this call, and those of the case's processes that are in its way; `None`: it is in
    /// another call.
    pub(super) fn awaited_lock(
        &self,
        tid: Pid,
        process: Pid,
        name: &str,
        args: &[u64; 6],
    ) -> Option<AwaitedLock> {
        let fd = args[0] as i32;
        let (wanted, own_counts) = match name {
            "flock" => (whole(args[1] as i32), true),
            "fcntl" if WAITING.contains(&(args[1] as u32)) => {
                let of_process = args[1] as i32 == libc::F_SETLKW;
                (asked_for(tid, fd, args[2])?, !of_process)
            }
            _ => return None,
        };
        let file = identity(tid, fd)?;
        let mut held = Vec::new();
        for (pid, actor, _) in self.processes() {
            // What a process locked for itself is never in its own way.
            if pid == process && !own_counts {
                continue;
            }
            for lock in held_on(pid, file) {
                let excludes = lock.exclusive || wanted.kind == LockKind::Exclusive;
                let meets = lock.from <= wanted.to.unwrap_or(u64::MAX) && wanted.from <= lock.to;
                if excludes && meets && held.len() < MAX_HELD {
                    held.push(HeldLock {
                        actor,
                        pid: self.processes[&pid].own_pid,
                        lock: range(&lock),
                    });
                }
            }
        }
        held.dedup();
        Some(AwaitedLock { wanted, held })
    }
}

/// Device and inode of the regular file that a descriptor is open on.
fn identity(tid: Pid, fd: i32) -> Option<(u64, u64)> {
    let about = fs::metadata(format!("/proc/{tid}/fd/{fd}")).ok()?;
    about.is_file().then(|| (about.dev(), about.ino()))
}

/// Every lock that a process holds on a file, through whichever descriptor.
fn held_on(pid: Pid, file: (u64, u64)) -> Vec<FileLock> {
    let mut held = Vec::new();
    for (fd, link) in procfs::descriptors(pid) {
        if link.starts_with('/') && identity(pid, fd) == Some(file) {
            held.extend(procfs::locks(pid, fd));
        }
    }
    held
}

/// Whether locks that are at least of this kind are on every one of these bytes.
fn covers(held: &[FileLock], kind: LockKind, from: u64, to: u64) -> bool {
    let mut fit: Vec<&FileLock> = held
        .iter()
        .filter(|lock| lock.exclusive || kind == LockKind::Shared)
        .collect();
    fit.sort_by_key(|lock| lock.from);
    let mut next = from;
    for lock in fit {
        if lock.from > next {
            return false;
        }
        if lock.to >= to {
            return true;
        }
        next = next.max(lock.to.saturating_add(1));
    }
    false
}

fn range(lock: &FileLock) -> LockRange {
    LockRange {
        kind: match lock.exclusive {
            true => LockKind::Exclusive,
            false => LockKind::Shared,
        },
        from: lock.from,
        to: (lock.to != u64::MAX).then_some(lock.to),
    }
}

/// What `flock(2)` asks for.
fn whole(operation: i32) -> LockRange {
    LockRange {
        kind: match operation & libc::LOCK_SH != 0 {
            true => LockKind::Shared,
            false => LockKind::Exclusive,
        },
        from: 0,
        to: None,
    }
}

/// What a `struct flock` in a process's memory asks for.
fn asked_for(tid: Pid, fd: i32, at: u64) -> Option<LockRange> {
    let bytes = decode::memory(tid, at, 24, 24);
    let short = |at: usize| Some(i16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| Some(i64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let (kind, whence, start, length) = (short(0)?, short(2)?, long(8)?, long(16)?);
    let base = match i32::from(whence) {
        libc::SEEK_CUR => procfs::position(tid, fd)?,
        libc::SEEK_END => fs::metadata(format!("/proc/{tid}/fd/{fd}")).ok()?.len(),
        _ => 0,
    };
    let start = i64::try_from(base).ok()?.checked_add(start)?;
    // A length below 0 means the bytes before.
    let (from, to) = match length {
        0 => (start, None),
        1.. => (start, Some(start.checked_add(length - 1)?)),
        _ => (start.checked_add(length)?, Some(start - 1)),
    };
    Some(LockRange {
        kind: match i32::from(kind) == libc::F_RDLCK {
            true => LockKind::Shared,
            false => LockKind::Exclusive,
        },
        from: u64::try_from(from).ok()?,
        to: to.map(u64::try_from).transpose().ok()?,
    })
}

/// `None`: a call that reads and writes nothing, or did not.
fn touched(tid: Pid, call: &InCall, result: i64) -> Option<Touched> {
    let args = &call.args;
    let moved = u64::try_from(result).ok()?;
    let behind = |fd: i32| Some(procfs::position(tid, fd)?.saturating_sub(moved));
    let (fd, writes, from, bytes) = match call.spec.name {
        "read" | "readv" => (args[0], false, behind(args[0] as i32)?, moved),
        "write" | "writev" => (args[0], true, behind(args[0] as i32)?, moved),
        "pread64" | "preadv" => (args[0], false, args[3], moved),
        "pwrite64" | "pwritev" => (args[0], true, args[3], moved),
        "sendfile" => (args[0], true, behind(args[0] as i32)?, moved),
        "copy_file_range" => {
            let from = match args[3] {
                0 => behind(args[2] as i32)?,
                // The kernel has moved it behind what was written.
                at => {
                    let after = decode::memory(tid, at, 8, 8);
                    u64::from_ne_bytes(after.try_into().ok()?).saturating_sub(moved)
                }
            };
            (args[2], true, from, moved)
        }
        // All that lies behind the new end.
        "ftruncate" => (args[0], true, args[1], u64::MAX - args[1]),
        _ => return None,
    };
    (bytes > 0).then_some(Touched {
        fd: fd as i32,
        writes,
        from,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_that_touch_cover_together_and_a_gap_does_not() {
        let lock = |exclusive, from, to| FileLock {
            exclusive,
            from,
            to,
        };
        let check = |held: &[FileLock], kind, (from, to), expect| {
            assert_eq!(covers(held, kind, from, to), expect, "{held:?} {from} {to}");
        };
        let both = [lock(true, 10, 19), lock(true, 0, 9)];
        check(&both, LockKind::Exclusive, (0, 19), true);
        check(&both, LockKind::Exclusive, (5, 12), true);
        check(&both, LockKind::Exclusive, (5, 20), false);
        let gap = [lock(true, 0, 4), lock(true, 6, u64::MAX)];
        check(&gap, LockKind::Exclusive, (0, 7), false);
        check(&gap, LockKind::Exclusive, (6, u64::MAX), true);
        let mixed = [lock(false, 0, 4), lock(true, 5, 9)];
        check(&mixed, LockKind::Exclusive, (0, 9), false);
        check(&mixed, LockKind::Shared, (0, 9), true);
        check(&[], LockKind::Shared, (0, 0), false);
    }
}
