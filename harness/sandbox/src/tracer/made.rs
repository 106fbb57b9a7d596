//! Files that programs make in the host's own world, by the names that the kernel gives them: what a call says may lead
//! there by `..`, by links, from another folder or from a descriptor.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ipclab_kernel::arch::{Call, older};
use ipclab_kernel::{Pid, descriptor, mq, procfs};

use super::state::Tracer;
use crate::decode;

/// Calls that make a name, and where they have it: the argument with its folder's descriptor, if there is one, and the one
/// with the name.
const MAKING: [(i64, Option<usize>, usize); 11] = [
    (older::SYS_mkdir, None, 0),
    (libc::SYS_mkdirat, Some(0), 1),
    (older::SYS_mknod, None, 0),
    (libc::SYS_mknodat, Some(0), 1),
    (older::SYS_symlink, None, 1),
    (libc::SYS_symlinkat, Some(1), 2),
    (older::SYS_link, None, 1),
    (libc::SYS_linkat, Some(2), 3),
    (older::SYS_rename, None, 1),
    (older::SYS_renameat, Some(2), 3),
    (libc::SYS_renameat2, Some(2), 3),
];

impl Tracer {
    /// Whether a call may make a file, so that its exit is awaited.
    pub(super) fn may_make(&self, tid: Pid, number: u64, args: &[u64; 6]) -> bool {
        let creates = |flags: u64| flags & libc::O_CREAT as u64 != 0;
        self.host.is_some()
            && match number as i64 {
                // The flags of openat2(2) are in memory.
                older::SYS_creat | libc::SYS_openat2 => true,
                older::SYS_open => creates(args[1]),
                libc::SYS_openat => creates(args[2]),
                // One that is there already is another's, or was noted before.
                libc::SYS_mq_open => {
                    let name = decode::path(tid, args[0]);
                    creates(args[1]) && name.is_some_and(|name| !mq::exists(&name.0))
                }
                number => MAKING.iter().any(|(making, ..)| *making == number),
            }
    }

    /// Its exit.
    pub(super) fn note_made(&mut self, tid: Pid, call: &Call, result: i64) {
        let number = call.number as i64;
        // Where Landlock lets nobody open a queue, it has been made by then all the same.
        if result < 0 && number != libc::SYS_mq_open {
            return;
        }
        let made = match number {
            older::SYS_open | libc::SYS_openat | libc::SYS_openat2 | older::SYS_creat => {
                if let (libc::SYS_openat2, Some(actor)) = (number, self.actor_of(tid)) {
                    self.actors[actor].files += 1;
                }
                procfs::descriptor(tid, result as i32).map(PathBuf::from)
            }
            _ => self.named_by(tid, number, &call.arguments),
        };
        self.made.extend(made);
    }

    fn named_by(&mut self, tid: Pid, number: i64, args: &[u64; 6]) -> Option<PathBuf> {
        if number == libc::SYS_mq_open {
            self.made_queues
                .extend(decode::path(tid, args[0]).map(|name| name.0));
            return None;
        }
        let (_, folder, name) = MAKING.iter().find(|(making, ..)| *making == number)?;
        let name = decode::path(tid, args[*name])?;
        resolved(tid, folder.map(|folder| args[folder] as i32), &name.0)
    }

    /// A Unix socket was bound to this path.
    pub(super) fn note_bound(&mut self, tid: Pid, path: &[u8]) {
        self.made.extend(resolved(tid, None, path));
    }
}

/// A name as the kernel understood it: the folder that it leads to, and the last part of it.
fn resolved(tid: Pid, folder: Option<i32>, name: &[u8]) -> Option<PathBuf> {
    let base = match folder {
        None | Some(libc::AT_FDCWD) => format!("/proc/{tid}/cwd"),
        Some(fd) => format!("/proc/{tid}/fd/{fd}"),
    };
    let path = Path::new(&base).join(OsStr::from_bytes(name));
    // Not by asking for each part of the name: in folders a thousand deep that is a million questions a call.
    let folder = descriptor::open_path(path.parent()?, libc::O_DIRECTORY).ok()?;
    let folder = fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd())).ok()?;
    Some(folder.join(path.file_name()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved_as_the_kernel_does() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        std::fs::create_dir_all(place.join("a/b")).unwrap();
        std::os::unix::fs::symlink("a/b", place.join("link")).unwrap();
        let me = std::process::id() as Pid;
        let folder = std::fs::File::open(place.join("a")).unwrap();
        let check = |folder: Option<i32>, name: &str, expected: &str| {
            let found = resolved(me, folder, name.as_bytes());
            assert_eq!(found, Some(place.join(expected)), "{name}");
        };
        let text = |name: &str| place.join(name).display().to_string();
        check(None, &text("a/../a//x"), "a/x");
        check(None, &text("link/x"), "a/b/x");
        check(None, &text("link/../x"), "a/x");
        check(Some(folder.as_raw_fd()), "b/../../x", "x");
        check(Some(folder.as_raw_fd()), "b/dir/", "a/b/dir");
        check(Some(libc::AT_FDCWD), &text("x"), "x");
        assert_eq!(resolved(me, None, b"/no/such/folder/x"), None);
    }
}
