//! The user that the programs of a run have where the tool is root: one that owns nothing, and that no other run has.
//!
//! Supervisor and programs are the same user, since a container's root often lacks the capability to trace another one's.
//! The supervisor keeps root as its saved id, with which it goes back when the programs are gone.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ipclab_kernel::{Pid, process, procfs, sysv};
use nix::unistd::{Gid, Group, Uid, User};

use super::before::OPEN_FOLDERS;
use super::folders::take_away;
use crate::id_map::is_mapped_here;
use crate::leftovers;

/// Ids that are looked at, below those that systems give out by themselves; each run takes two in a row.
const FIRST: u32 = 64_100;
const LAST: u32 = 64_900;

/// Folders that every user can write to, and the one of message queues.
const WRITABLE: [&str; 4] = ["/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"];

/// The capabilities that it takes to become another user, and to prepare and take away what that one has: their bits and
/// their names. A container's root has them.
pub(crate) const NEEDED: [(u64, &str); 6] = [
    (0, "CHOWN"),
    (1, "DAC_OVERRIDE"),
    (3, "FOWNER"),
    (5, "KILL"),
    (6, "SETGID"),
    (7, "SETUID"),
];

/// How long processes that were killed may take to be gone.
const DYING: Duration = Duration::from_secs(2);

/// Whether programs get a user of their own here. If not, they run with the rights of the tool's user.
pub(crate) fn is_separate() -> bool {
    let own = procfs::effective_capabilities(std::process::id() as Pid);
    nix::unistd::geteuid().is_root()
        && NEEDED.iter().all(|(bit, _)| own & (1 << bit) != 0)
        && is_mapped_here(FIRST, LAST - FIRST + 2)
}

/// A user of the run's own; its group has the same number, and the user after it is another one's in a lab.
#[derive(Debug)]
pub(crate) struct RunUser {
    id: u32,
    /// A name that only one process at a time can have. It goes with the last process that holds it.
    lock: UnixListener,
}

impl RunUser {
    /// Takes one that is free; `None`: this process cannot become another user.
    ///
    /// # Errors
    /// All of them are in use.
    pub(crate) fn take() -> io::Result<Option<Self>> {
        if !is_separate() {
            return Ok(None);
        }
        let used = used();
        let is_free = |id: u32| {
            !used.contains(&id)
                && !matches!(User::from_uid(Uid::from_raw(id)), Ok(Some(_)))
                && !matches!(Group::from_gid(Gid::from_raw(id)), Ok(Some(_)))
        };
        (FIRST..LAST)
            .step_by(2)
            .filter(|id| is_free(*id) && is_free(*id + 1))
            .find_map(|id| lock(id).map(|lock| Some(Self { id, lock })))
            .ok_or_else(|| {
                io::Error::other(format!(
                    "every user id from {FIRST} to {LAST} is in use: of a process, of a file in /tmp, or of a running ipclab"
                ))
            })
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn lock(&self) -> BorrowedFd<'_> {
        self.lock.as_fd()
    }

    /// Takes away what the user still has, so that the next run finds it free. Most cases leave nothing.
    pub(crate) fn clear(self) {
        let users = [self.id, self.id + 1];
        let begun = Instant::now();
        while begun.elapsed() < DYING {
            let all = procfs::all().unwrap_or_default();
            let mut left = all.into_iter().filter(|pid| is_alive_as(*pid, self.id));
            let Some(pid) = left.next() else { break };
            let _ = process::kill(pid, libc::SIGKILL);
            std::thread::yield_now();
        }
        let lowered = process::lower_to_user(self.id);
        let [segments, sets, queues] = leftovers::owned_by(self.id);
        segments
            .into_iter()
            .for_each(|id| drop(sysv::remove_segment(id)));
        sets.into_iter().for_each(|id| drop(sysv::sem_remove(id)));
        queues.into_iter().for_each(|id| drop(sysv::msg_remove(id)));
        if lowered.is_ok() && process::become_root_again().is_err() {
            return;
        }
        for folder in OPEN_FOLDERS.iter().chain(&["/dev/mqueue"]) {
            let theirs = |owner| users.contains(&owner);
            for path in files_of(Path::new(folder), &theirs, &all_may_write) {
                take_away(&path);
            }
        }
    }
}

/// Those of a container, which may have taken the same id without being seen from here, are left alone: no program of a run
/// can make a pid namespace.
fn is_alive_as(pid: Pid, user: u32) -> bool {
    procfs::owners(pid).first() == Some(&user)
        && procfs::namespace_depth(pid) == 1
        && !matches!(procfs::state(pid), Some(b'Z' | b'X'))
}

/// Takes the name that stands for an id; `None`: another run has it.
fn lock(id: u32) -> Option<UnixListener> {
    let name = SocketAddr::from_abstract_name(format!("ipclab-user-{id}")).ok()?;
    UnixListener::bind_addr(&name).ok()
}

/// Every id that a process, a file in the folders that all can write to, a System V object or a range for containers has.
fn used() -> HashSet<u32> {
    let mut used: HashSet<u32> = leftovers::owners().collect();
    for pid in procfs::all().unwrap_or_default() {
        used.extend(procfs::owners(pid));
    }
    for folder in WRITABLE {
        walk(Path::new(folder), &mut |_, about| {
            used.extend([about.uid(), about.gid()]);
            all_may_write(about)
        });
    }
    for file in ["/etc/subuid", "/etc/subgid"] {
        let text = fs::read_to_string(file).unwrap_or_default();
        for line in text.lines() {
            let mut numbers = line.split(':').skip(1).map(str::parse::<u32>);
            if let (Some(Ok(first)), Some(Ok(count))) = (numbers.next(), numbers.next()) {
                used.extend(
                    (first..first.saturating_add(count)).filter(|id| (FIRST..=LAST).contains(id)),
                );
            }
        }
    }
    used
}

/// Whether an id that owns nothing can have made something in a folder. Others are not looked through: there may be a hundred
/// thousand files in them.
pub(super) fn all_may_write(about: &fs::Metadata) -> bool {
    about.mode() & 0o002 != 0
}

/// Files and folders below a folder that belong to such users, where `may_enter` lets them have any; what lies in a folder
/// of theirs is not named apart.
pub(super) fn files_of(
    folder: &Path,
    is_theirs: &dyn Fn(u32) -> bool,
    may_enter: &dyn Fn(&fs::Metadata) -> bool,
) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(folder, &mut |path, about| {
        let theirs = is_theirs(about.uid());
        if theirs {
            found.push(path.to_owned());
        }
        !theirs && may_enter(about)
    });
    found
}

/// Visits everything below a folder that is entered, each folder before what is in it; links are not followed.
fn walk(folder: &Path, visit: &mut dyn FnMut(&Path, &fs::Metadata) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(about) = fs::symlink_metadata(&path) else {
            continue;
        };
        if visit(&path, &about) && about.is_dir() {
            walk(&path, visit);
        }
    }
}

/// The supervisor, which is its programs' user while they live and root before and after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity(pub(super) Option<u32>);

impl Identity {
    /// Does something as the programs' user.
    ///
    /// # Errors
    /// What the work says; the machine refuses to change the user.
    pub(super) fn lowered<T>(self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let Some(user) = self.0 else {
            return work();
        };
        process::lower_to_user(user)?;
        tie()?;
        let done = work();
        process::become_root_again()?;
        tie()?;
        done
    }

    /// Does something as root in the middle of that.
    ///
    /// # Errors
    /// As [`Identity::lowered`].
    pub(super) fn raised<T>(self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let Some(user) = self.0 else {
            return work();
        };
        process::become_root_again()?;
        let done = work();
        process::lower_to_user(user)?;
        tie()?;
        done
    }
}

/// Nothing goes away with the supervisor here: when its keeper dies it is asked to sweep up, and not killed. A change of
/// the user clears that.
pub(super) fn tie() -> io::Result<()> {
    process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM as usize)
}
