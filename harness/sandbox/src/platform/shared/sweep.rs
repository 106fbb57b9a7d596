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
use crate::leftovers::{self, Listed};
use crate::tracer::Tracer;

impl Shared {
    /// What the actors left. It is taken away.
    pub(super) fn sweep(&self, tracer: &Tracer) -> io::Result<Leftovers> {
        let created = tracer.created();
        let segments = self.sweep_segments(tracer, &created)?;
        let semaphores = self.sweep_semaphores(&created)?;
        let queues = self.sweep_queues(&created)?;
        let (mut files, posix_shm) = self.sweep_folders(&created);
        match &self.workspace {
            Some(workspace) => workspace.copy_back()?,
            None => files.extend(self.left_in_cwd()),
        }
        let files_beyond = files.beyond + posix_shm.beyond;
        let (mut files, mut posix_shm) = (files.files, posix_shm.files);
        files.sort_by(|one, other| one.path.cmp(&other.path));
        posix_shm.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Leftovers {
            files_beyond,
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
    fn sweep_folders(&self, created: &Created) -> (Listed, Listed) {
        let (mut files, mut posix_shm) = (Listed::default(), Listed::default());
        for (name, inode) in OPEN_FOLDERS.into_iter().flat_map(entries) {
            let path = Path::new(std::ffi::OsStr::from_bytes(&name));
            let old = self.before.files.get(&name) == Some(&inode);
            let given = self.given.file_change(path).is_some();
            let theirs = || created.files.contains(&name) || self.is_actors(path);
            if !given && (old || !theirs()) {
                continue;
            }
            let found = leftovers::one(path, &self.given);
            if name.starts_with(b"/dev/shm/") {
                if let Some(file) = found {
                    posix_shm.push(LeftFile {
                        path: Bytes(name[8..].to_vec()),
                        ..file
                    });
                }
            } else {
                let folder = found
                    .as_ref()
                    .is_some_and(|found| found.kind == FileKind::Directory);
                if let Some(file) = found {
                    files.push(file);
                }
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
    fn left_in_cwd(&self) -> Listed {
        let here = self.cwd.as_os_str().as_bytes();
        let mut found = leftovers::files(&self.cwd, &self.given, &|path| self.is_ours(path));
        for file in &mut found.files {
            let rest = file.path.0.strip_prefix(here).unwrap_or(&file.path.0);
            file.path = Bytes([self.plan_cwd.as_os_str().as_bytes(), rest].concat());
        }
        found
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
