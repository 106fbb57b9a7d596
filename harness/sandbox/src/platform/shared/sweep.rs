//! What the actors left in the host's world, and how it is taken away: the machine goes on.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use ipclab_evidence::{
    Bytes, FileKind, FileState, LeftFile, LeftQueue, LeftSemaphores, Leftovers, PosixQueue,
    PosixSemaphore, Segment,
};
use ipclab_kernel::{mq, sysv};

use super::before::{OPEN_FOLDERS, entries};
use super::folders::{PUT_MODE, take_away};
use super::state::Shared;
use super::user::{all_may_write, files_of};
use crate::created::Created;
use crate::evidence::missing;
use crate::found;
use crate::leftovers::{self, Listed};
use crate::posix;
use crate::tracer::Tracer;

/// Files of others that are looked at after each case. What lies beyond is found by the calls, and at the end of the run.
const MAX_LOOKED_AT: usize = 5_000;

impl Shared {
    /// What the actors left. It is taken away.
    pub(super) fn sweep(&self, tracer: &Tracer) -> io::Result<Leftovers> {
        let created = tracer.created();
        // Only the user who made them may take them away, or a root that may do more than a container's.
        let (segments, semaphores, queues) = self.identity.lowered(|| {
            Ok((
                self.sweep_segments(tracer, &created)?,
                self.sweep_semaphores(&created)?,
                self.sweep_queues(&created)?,
            ))
        })?;
        let (mut files, posix_shm, posix_semaphores) = self.sweep_folders(&created);
        let (posix_queues, posix_queue_states) = self.sweep_posix_queues(&created);
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
            posix_queues,
            posix_queue_states,
            posix_semaphores,
            missing: missing(&self.given),
            processes: Vec::new(),
            ports: Vec::new(),
        })
    }

    /// Paths as the plan names them, and where they are here.
    pub(super) fn places(&self, paths: &[PathBuf]) -> Vec<(PathBuf, PathBuf)> {
        let place = |path: &PathBuf| {
            let here = self.there(path).unwrap_or_else(|| path.clone());
            (path.clone(), here)
        };
        paths.iter().map(place).collect()
    }

    /// What is at the paths that the plan asks about, read with the actors' own rights.
    pub(super) fn files(&self, paths: &[PathBuf]) -> io::Result<Vec<FileState>> {
        let asked = self.places(paths);
        self.identity
            .lowered(|| Ok(found::look(asked, self.ids.actor)))
    }

    fn sweep_segments(&self, tracer: &Tracer, created: &Created) -> io::Result<Vec<Segment>> {
        let mut segments = self.segments(&tracer.makers())?;
        segments.retain(|segment| {
            segment.given
                || (!self.before.objects.segments.contains(&segment.shmid)
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
                || (!self.before.objects.semaphores.contains(&set.semid)
                    && created.semaphores.contains(&set.semid))
        });
        for set in semaphores.iter().filter(|set| !set.given) {
            let _ = sysv::sem_remove(set.semid);
        }
        Ok(semaphores)
    }

    fn sweep_queues(&self, created: &Created) -> io::Result<Vec<LeftQueue>> {
        let mut queues = leftovers::queues(&self.given)?;
        queues.retain(|queue| {
            queue.given
                || (!self.before.objects.queues.contains(&queue.msqid)
                    && created.queues.contains(&queue.msqid))
        });
        leftovers::take_messages(&mut queues);
        for queue in queues.iter().filter(|queue| !queue.given) {
            let _ = sysv::msg_remove(queue.msqid);
        }
        Ok(queues)
    }

    /// Files in the folders that all may write to, and named objects among them.
    fn sweep_folders(&self, created: &Created) -> (Listed, Listed, Vec<PosixSemaphore>) {
        let mut semaphores = Vec::new();
        let (mut files, mut posix_shm) = (Listed::default(), Listed::default());
        for (name, inode) in OPEN_FOLDERS.into_iter().flat_map(entries) {
            let path = Path::new(std::ffi::OsStr::from_bytes(&name));
            let old = self.before.files.get(&name) == Some(&inode);
            let given = self.given.file_change(path).is_some();
            let theirs = || {
                created.files.contains(&name)
                    || created.resolved.contains(path)
                    || self.is_actors(path)
            };
            if !given && (old || !theirs()) {
                continue;
            }
            let known = posix_shm.files.len();
            self.list(path, given, &mut files, &mut posix_shm);
            // A semaphore's value goes with its file.
            let listed = posix_shm.files[known..].iter();
            semaphores.extend(listed.filter_map(posix::semaphore));
            if !given {
                take_away(path);
            }
        }
        for path in self.made_within(created) {
            self.list(&path, false, &mut files, &mut posix_shm);
            take_away(&path);
        }
        (files, posix_shm, semaphores)
    }

    /// Lists a file, and what is in it.
    fn list(&self, path: &Path, given: bool, files: &mut Listed, posix_shm: &mut Listed) {
        let Some(file) = leftovers::one(path, &self.given) else {
            return;
        };
        if let Ok(name) = path.strip_prefix("/dev/shm") {
            let name = [b"/", name.as_os_str().as_bytes()].concat();
            posix_shm.push(LeftFile {
                path: Bytes(name),
                ..file
            });
            return;
        }
        let folder = file.kind == FileKind::Directory;
        files.push(file);
        if folder && !given {
            files.extend(leftovers::files(path, &self.given, &|_| false));
        }
    }

    /// Files that the actors made in folders of others, those before what is in them. What they did not make is left alone,
    /// whatever they opened.
    fn made_within(&self, created: &Created) -> Vec<PathBuf> {
        let mut paths: BTreeSet<PathBuf> = created.resolved.iter().cloned().collect();
        if let Some(user) = self.identity.0 {
            // Nothing else belongs to this user, so that it does not matter what the calls said.
            let looked_at = Cell::new(0);
            let may_enter = |about: &fs::Metadata| {
                looked_at.set(looked_at.get() + 1);
                all_may_write(about) && looked_at.get() < MAX_LOOKED_AT
            };
            for folder in OPEN_FOLDERS {
                paths.extend(files_of(
                    Path::new(folder),
                    &|owner| owner == user,
                    &may_enter,
                ));
            }
        }
        let own = self.cwd.parent().unwrap_or(&self.cwd);
        let is_open = |path: &Path| {
            let below = |folder: &str| {
                path.strip_prefix(folder)
                    .is_ok_and(|rest| rest.components().count() > 1)
            };
            OPEN_FOLDERS.into_iter().any(below) && !path.starts_with(own)
        };
        paths.retain(|path| {
            is_open(path) && self.given.file_change(path).is_none() && self.was_made(path)
        });
        paths.into_iter().collect()
    }

    /// Whether a file is of the actors' user and of this case.
    fn was_made(&self, path: &Path) -> bool {
        let Ok(about) = fs::symlink_metadata(path) else {
            return false;
        };
        let changed =
            UNIX_EPOCH + Duration::new(about.ctime().unsigned_abs(), about.ctime_nsec() as u32);
        about.uid() == self.ids.actor && about.created().unwrap_or(changed) >= self.before.at
    }

    /// POSIX message queues. They are taken away.
    fn sweep_posix_queues(&self, created: &Created) -> (Vec<LeftFile>, Vec<PosixQueue>) {
        let given = self.given.posix_queues();
        let made = created.posix_queues.iter();
        let made = made.map(|name| [b"/", name.as_slice()].concat());
        let names: BTreeSet<Vec<u8>> = made.chain(given.iter().cloned()).collect();
        let states = posix::take_queues(names.iter().map(Vec::as_slice));
        let mut left = Vec::new();
        for name in names {
            let mode = posix::queue_mode(&name).unwrap_or(0);
            if mq::remove(posix::bare(&name)).is_ok() {
                left.push(LeftFile {
                    given: given.contains(&name),
                    path: Bytes(name),
                    kind: FileKind::Regular,
                    size: 0,
                    mode,
                    changed: false,
                });
            }
        }
        (left, states)
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
        let owner = |about: fs::Metadata| Some(about.uid()) == self.identity.0;
        fs::symlink_metadata(path).is_ok_and(owner)
    }

    /// A file in the working directory that we put there: not writable, and owned by us.
    fn is_ours(&self, path: &Path) -> bool {
        fs::symlink_metadata(path)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o7777 == PUT_MODE)
    }
}
