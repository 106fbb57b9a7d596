//! What is there before the first actor starts: files, segments, semaphore sets.

use std::fs;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use ipclab_evidence::{GivenFile, GivenKind, GivenQueue, GivenSegment, GivenSemaphores, World};

use crate::handed_in::HandedIn;
use crate::posix;
use crate::tracer::Objects;
use crate::world::{self, Ids};
use ipclab_kernel::{descriptor, mq, sysv};

/// What was put there, so that it can be recognised (and, in the host's world, taken away) afterwards.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// What of the working directory was handed in.
    pub(crate) handed_in: HandedIn,
    files: Vec<PlacedFile>,
    segments: Vec<PlacedSegment>,
    semaphores: Vec<i32>,
    queues: Vec<i32>,
    posix_queues: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct PlacedFile {
    path: PathBuf,
    kind: GivenKind,
    size: Option<u64>,
    /// Held open, so that no file that is made later gets its number.
    held: OwnedFd,
}

#[derive(Debug)]
struct PlacedSegment {
    shmid: i32,
    /// As the plan wants it.
    mode: u32,
    /// As it was set here, where another user's had to be played by our own.
    set: u32,
}

/// Makes everything that a world gives.
///
/// # Errors
/// What could not be made, by name.
pub(crate) fn make(world: &World, ids: Ids, handed_in: HandedIn) -> io::Result<Given> {
    let mut given = Given {
        handed_in,
        ..Given::default()
    };
    for file in &world.files {
        let held = make_file(file, ids).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("giving {}: {error}", file.path.display()),
            )
        })?;
        given.files.push(PlacedFile {
            path: file.path.clone(),
            kind: file.kind.clone(),
            size: file.size,
            held,
        });
    }
    for segment in &world.segments {
        let put = make_segment(segment, ids).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("giving segment {}: {error}", segment.key),
            )
        })?;
        given.segments.push(put);
    }
    for set in &world.semaphores {
        let semid = make_semaphores(set, ids).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("giving semaphores {}: {error}", set.key),
            )
        })?;
        given.semaphores.push(semid);
    }
    for queue in &world.queues {
        let msqid = make_queue(queue, ids).map_err(|error| {
            let what = format!("giving message queue {}: {error}", queue.key);
            io::Error::new(error.kind(), what)
        })?;
        given.queues.push(msqid);
    }
    for queue in &world.posix_queues {
        posix::make_queue(queue, ids).map_err(|error| {
            let what = format!("giving message queue {}: {error}", queue.name.to_text());
            io::Error::new(error.kind(), what)
        })?;
        given.posix_queues.push(queue.name.0.clone());
    }
    Ok(given)
}

fn make_file(file: &GivenFile, ids: Ids) -> io::Result<OwnedFd> {
    if let Some(parent) = file.path.parent() {
        fs::create_dir_all(parent)?;
    }
    match &file.kind {
        GivenKind::Text(text) => {
            let mut options = fs::File::options();
            let mut made = options.write(true).create_new(true).open(&file.path)?;
            io::Write::write_all(&mut made, &text.0)?;
            if let Some(size) = file.size {
                made.set_len(size)?;
            }
        }
        GivenKind::Semaphore(value) => posix::make_semaphore(&file.path, *value)?,
        // Closing a socket leaves its file: that is what makes it stale.
        GivenKind::StaleSocket => drop(UnixDatagram::bind(&file.path)?),
        GivenKind::Directory => fs::create_dir(&file.path)?,
        GivenKind::Fifo => {
            let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
            nix::unistd::mkfifo(&file.path, mode)?;
        }
        GivenKind::Symlink(target) => {
            std::os::unix::fs::symlink(target, &file.path)?;
            std::os::unix::fs::lchown(&file.path, Some(ids.actor), Some(ids.group))?;
        }
        GivenKind::HardLink(of) => fs::hard_link(of, &file.path)?,
    }
    // A link has nothing of its own, and what it leads to may be no file of the case's.
    if !matches!(file.kind, GivenKind::Symlink(_) | GivenKind::HardLink(_)) {
        world::give(&file.path, file.mode, ids)?;
    }
    descriptor::open_path(&file.path, libc::O_NOFOLLOW)
}

/// Whether a regular file holds this text and nothing but zeros behind it, up to the size that it was given.
fn holds(path: &Path, text: &[u8], size: Option<u64>) -> bool {
    let wanted = size.unwrap_or(0).max(text.len() as u64);
    let Ok(mut file) = fs::File::open(path) else {
        return false;
    };
    // A file that a program made large is not read.
    if !file.metadata().is_ok_and(|about| about.len() == wanted) {
        return false;
    }
    let mut buffer = [0; 64 << 10];
    let mut rest = text;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return rest.is_empty(),
            Ok(read) => {
                let (written, behind) = buffer[..read].split_at(read.min(rest.len()));
                if !rest.starts_with(written) || behind.iter().any(|byte| *byte != 0) {
                    return false;
                }
                rest = &rest[written.len()..];
            }
            Err(_) => return false,
        }
    }
}

fn make_segment(segment: &GivenSegment, ids: Ids) -> io::Result<PlacedSegment> {
    let shmid = sysv::shm_get(
        segment.key,
        segment.size,
        libc::IPC_CREAT | libc::IPC_EXCL | 0o600,
    )?;
    sysv::shm_write(shmid, segment.size, &segment.holds.0)?;
    let other = ids.other;
    // Without a second user, the part of the permissions that is for others is given to the owner, which refuses the
    // same things to the same people.
    let set = if segment.foreign && other.is_none() {
        0o111 * (segment.mode & 0o7)
    } else {
        segment.mode
    };
    let (owner, group) = match other {
        Some(other) if segment.foreign => (other, other),
        _ => (ids.actor, ids.group),
    };
    sysv::shm_set(shmid, owner, group, set)?;
    Ok(PlacedSegment {
        shmid,
        mode: segment.mode,
        set,
    })
}

/// What a plan gives that cannot be had where the box has one user only. That others may look, and only the owner may
/// change and remove, is so for another user's segment; a segment of one's own cannot be made like that.
pub(crate) fn beyond_us(world: &World, ids: Ids) -> Option<String> {
    let foreign = world
        .segments
        .iter()
        .find(|segment| segment.foreign && segment.mode & 0o7 != 0);
    match (foreign, ids.other) {
        (Some(segment), None) => Some(format!(
            "the segment with key {} must be another user's, and only a tool that root runs has a second user",
            segment.key
        )),
        _ => None,
    }
}

fn make_queue(queue: &GivenQueue, ids: Ids) -> io::Result<i32> {
    let msqid = sysv::msg_create(queue.key, queue.mode, (ids.actor, ids.group))?;
    for message in &queue.messages {
        sysv::msg_send(msqid, message.mtype, &message.text.0)?;
    }
    Ok(msqid)
}

fn make_semaphores(set: &GivenSemaphores, ids: Ids) -> io::Result<i32> {
    sysv::sem_create(set.key, &set.values, set.mode, (ids.actor, ids.group))
}

/// What became of a given file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileChange {
    /// Nothing.
    Same,
    /// Another file is there, or it holds something else.
    Changed,
}

impl Given {
    /// What became of the file at a path, if one was given there.
    pub(crate) fn file_change(&self, path: &Path) -> Option<FileChange> {
        let put = self.files.iter().find(|put| put.path == path)?;
        let was = nix::sys::stat::fstat(&put.held).ok()?;
        let same_file = fs::symlink_metadata(path)
            .is_ok_and(|now| (now.dev(), now.ino()) == (was.st_dev, was.st_ino));
        let same_text = match &put.kind {
            GivenKind::Text(text) => holds(path, &text.0, put.size),
            GivenKind::Symlink(target) => fs::read_link(path).is_ok_and(|now| now == *target),
            GivenKind::StaleSocket
            | GivenKind::Directory
            | GivenKind::Fifo
            | GivenKind::Semaphore(_)
            | GivenKind::HardLink(_) => true,
        };
        Some(if same_file && same_text {
            FileChange::Same
        } else {
            FileChange::Changed
        })
    }

    /// Given files that are gone.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &Path> {
        self.files
            .iter()
            .map(|put| put.path.as_path())
            .filter(|path| fs::symlink_metadata(path).is_err())
    }

    /// For a given segment: its mode as the plan wants it told, from the mode that it has now.
    pub(crate) fn segment_mode(&self, shmid: i32, now: u32) -> Option<u32> {
        let put = self.segments.iter().find(|put| put.shmid == shmid)?;
        Some(if now == put.set { put.mode } else { now })
    }

    /// The System V objects among it.
    pub(crate) fn objects(&self) -> Objects {
        Objects {
            segments: self.segments.iter().map(|segment| segment.shmid).collect(),
            semaphores: self.semaphores.iter().copied().collect(),
            queues: self.queues.iter().copied().collect(),
        }
    }

    /// Whether a semaphore set was given.
    pub(crate) fn has_semaphores(&self, semid: i32) -> bool {
        self.semaphores.contains(&semid)
    }

    /// Whether a message queue was given.
    pub(crate) fn has_queue(&self, msqid: i32) -> bool {
        self.queues.contains(&msqid)
    }

    /// The names of POSIX message queues that were given.
    pub(crate) fn posix_queues(&self) -> &[Vec<u8>] {
        &self.posix_queues
    }

    /// Takes away what is still there: for the host's world, which goes on.
    pub(crate) fn take_away(&self) {
        for put in &self.files {
            let _ = match put.kind {
                GivenKind::Directory => fs::remove_dir_all(&put.path),
                GivenKind::Text(_)
                | GivenKind::StaleSocket
                | GivenKind::Fifo
                | GivenKind::Semaphore(_)
                | GivenKind::Symlink(_)
                | GivenKind::HardLink(_) => fs::remove_file(&put.path),
            };
        }
        for put in &self.segments {
            let _ = sysv::remove_segment(put.shmid);
        }
        for semid in &self.semaphores {
            let _ = sysv::sem_remove(*semid);
        }
        for msqid in &self.queues {
            let _ = sysv::msg_remove(*msqid);
        }
        for name in &self.posix_queues {
            let _ = mq::remove(posix::bare(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use ipclab_evidence::{GivenSegment, World};

    use super::{Ids, beyond_us};

    #[test]
    fn without_mapped_ids_a_segment_for_others_cannot_be_given() {
        let segment = |mode, foreign| GivenSegment {
            key: 100,
            size: 1,
            mode,
            holds: Default::default(),
            foreign,
        };
        let said = |segment, other| {
            let world = World {
                segments: vec![segment],
                ..World::default()
            };
            let ids = Ids {
                actor: 0,
                group: 0,
                other,
            };
            beyond_us(&world, ids).is_some()
        };
        assert!(said(segment(0o644, true), None));
        // Who may do nothing at all is refused the same things by permissions alone.
        assert!(!said(segment(0o600, true), None));
        assert!(!said(segment(0o644, false), None));
        assert!(!said(segment(0o644, true), Some(1001)));
    }
}
