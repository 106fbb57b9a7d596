//! What the actors left in the host's world, and how it is taken away: the machine goes on.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use ipclab_evidence::{Bytes, FileKind, LeftFile, LeftQueue, LeftSemaphores, Leftovers, Segment};
use ipclab_kernel::sysv;

use super::before::{OPEN_FOLDERS, entries};
use super::folders::{PUT_MODE, take_away};
use super::state::{NOBODY, Shared};
use crate::created::Created;
use crate::evidence::missing;
use crate::leftovers;
use crate::tracer::Tracer;

impl Shared {
    /// What the actors left. It is taken away.
    pub(super) fn sweep(&self, tracer: &Tracer) -> io::Result<Leftovers> {
        let created = tracer.created();
        let segments = self.sweep_segments(tracer, &created)?;
        let semaphores = self.sweep_semaphores(&created)?;
        let queues = self.sweep_queues(&created)?;
        let (mut files, mut posix_shm) = self.sweep_folders(&created);
        match &self.workspace {
            Some(workspace) => workspace.copy_back()?,
            None => files.extend(self.left_in_cwd()),
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        posix_shm.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Leftovers {
            segments,
            semaphores,
            queues,
            files,
            posix_shm,
            posix_queues: Vec::new(),
            missing: missing(&self.given),
            processes: Vec::new(),
            ports: Vec::new(),
        })
    }

    fn sweep_segments(&self, tracer: &Tracer, created: &Created) -> io::Result<Vec<Segment>> {
        let mut segments = leftovers::segments(&self.given, &tracer.makers())?;
        segments.retain(|segment| {
            segment.given
                || (!self.before.segments.contains(&segment.shmid)
                    && created.segments.contains(&segment.shmid))
        });
        for segment in segments.iter().filter(|segment| !segment.given) {
            let _ = sysv::remove_segment(segment.shmid);
        }
        Ok(segments)
    }

    fn sweep_semaphores(&self, created: &Created) -> io::Result<Vec<LeftSemaphores>> {
        let mut semaphores = leftovers::semaphores(&self.given)?;
        semaphores.retain(|set| {
            set.given
                || (!self.before.semaphores.contains(&set.semid)
                    && created.semaphores.contains(&set.semid))
        });
        for set in semaphores.iter().filter(|set| !set.given) {
            let _ = sysv::sem_remove(set.semid);
        }
        Ok(semaphores)
    }

    fn sweep_queues(&self, created: &Created) -> io::Result<Vec<LeftQueue>> {
        let mut queues = leftovers::queues()?;
        queues.retain(|queue| {
            !self.before.queues.contains(&queue.msqid) && created.queues.contains(&queue.msqid)
        });
        for queue in &queues {
            let _ = sysv::msg_remove(queue.msqid);
        }
        Ok(queues)
    }

    /// Files in the folders that all may write to, and named objects among them.
    fn sweep_folders(&self, created: &Created) -> (Vec<LeftFile>, Vec<LeftFile>) {
        let (mut files, mut posix_shm) = (Vec::new(), Vec::new());
        for (name, inode) in OPEN_FOLDERS.into_iter().flat_map(entries) {
            let path = Path::new(std::ffi::OsStr::from_bytes(&name));
            let old = self.before.files.get(&name) == Some(&inode);
            let given = self.given.file_change(path).is_some();
            let theirs = || created.files.contains(&name) || self.is_actors(path);
            if !given && (old || !theirs()) {
                continue;
            }
            // What is not told any more is taken away all the same.
            if !given && files.len() + posix_shm.len() >= leftovers::MAX_FILES {
                take_away(path);
                continue;
            }
            let found = leftovers::one(path, &self.given);
            if name.starts_with(b"/dev/shm/") {
                posix_shm.extend(found.map(|file| LeftFile {
                    path: Bytes(name[8..].to_vec()),
                    ..file
                }));
            } else {
                let folder = found
                    .as_ref()
                    .is_some_and(|found| found.kind == FileKind::Directory);
                files.extend(found);
                if folder && !given {
                    files.extend(leftovers::files(path, &self.given, &|_| false));
                }
            }
            if !given {
                take_away(path);
            }
        }
        (files, posix_shm)
    }

    /// Files in the working directory, by the names that the plan gives them.
    fn left_in_cwd(&self) -> impl Iterator<Item = LeftFile> {
        let here = self.cwd.as_os_str().as_bytes();
        let found = leftovers::files(&self.cwd, &self.given, &|path| self.is_ours(path));
        found.into_iter().map(move |file| {
            let rest = file.path.0.strip_prefix(here).unwrap_or(&file.path.0);
            LeftFile {
                path: Bytes([self.plan_cwd.as_os_str().as_bytes(), rest].concat()),
                ..file
            }
        })
    }

    /// A file that can only be an actor's, by its owner: where calls are not traced, nothing else says so.
    fn is_actors(&self, path: &Path) -> bool {
        self.as_root && fs::symlink_metadata(path).is_ok_and(|about| about.uid() == NOBODY)
    }

    /// A file in the working directory that we put there: not writable, and owned by us.
    fn is_ours(&self, path: &Path) -> bool {
        fs::symlink_metadata(path)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o7777 == PUT_MODE)
    }
}
