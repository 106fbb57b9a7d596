//! The folder of results: one run at a time writes to it, and every file in it appears whole.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show::path as display;

/// What a file is called before it is whole.
const TEMPORARY_PREFIX: &str = ".new-";

/// A folder that this run alone writes to.
#[derive(Debug)]
pub(crate) struct ResultsFolder {
    folder: PathBuf,
    /// `None`: the folder that it is in is locked.
    _lock: Option<File>,
}

/// A path with links followed as far as it is there, and the rest as it is written.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for there in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (there.canonicalize(), path.strip_prefix(there)) {
            return real.join(rest);
        }
    }
    path
}

impl ResultsFolder {
    /// Makes the folder where it is not there, and takes hold of it.
    ///
    /// # Errors
    /// Another run writes to it, it lies among the submissions, or the disk's.
    pub(crate) fn open(folder: &Path, submissions: &Path) -> Result<Self, Failure> {
        let failed = |error: &std::io::Error| {
            Failure::usage(format!(
                "writing results to {}: {}",
                display(folder),
                reason(error)
            ))
            .remedy("name a folder that can be written to with -o")
        };
        // Asked before it is made: an empty folder among the submissions would be one of a student.
        let among = || {
            Failure::usage(format!(
                "{} lies among the submissions, where it would be taken for one",
                display(folder)
            ))
            .remedy("name a folder beside them with -o")
        };
        let submissions = real(submissions);
        if real(folder).starts_with(&submissions) {
            return Err(among());
        }
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        if real(folder).starts_with(&submissions) {
            return Err(among());
        }
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(".lock"))
            .map_err(|error| failed(&error))?;
        match lock.try_lock() {
            Ok(()) => {
                let out = Self {
                    folder: folder.to_owned(),
                    _lock: Some(lock),
                };
                out.sweep();
                Ok(out)
            }
            Err(TryLockError::WouldBlock) => Err(Failure::usage(format!(
                "another run writes to {}",
                display(folder)
            ))
            .remedy("wait for it to end, or name another folder with -o")),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }

    /// A folder in it.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn part(&self, name: &str) -> Result<Self, Failure> {
        let folder = self.path(name);
        fs::create_dir_all(&folder).map_err(|error| {
            Failure::unable(format!("making {}: {}", display(&folder), reason(&error)))
        })?;
        let part = Self {
            folder,
            _lock: None,
        };
        part.sweep();
        Ok(part)
    }

    /// Removes a folder in it. One that cannot be removed does no harm.
    pub(crate) fn remove(&self, name: &str) {
        let _ = fs::remove_dir_all(self.path(name));
    }

    /// Removes what a run that was killed was about to write. What cannot be removed does no harm.
    fn sweep(&self) {
        let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let folders = entries(&self.folder).map(|entry| entry.path());
        for folder in folders
            .filter(|path| path.is_dir())
            .chain([self.folder.clone()])
        {
            for entry in entries(&folder) {
                if entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with(TEMPORARY_PREFIX)
                {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    /// A file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The same in a message.
    pub(crate) fn display(&self, name: &str) -> String {
        display(&self.folder.join(name))
    }

    /// The folder in a message.
    pub(crate) fn name(&self) -> String {
        display(&self.folder)
    }

    /// Writes a file whole or not at all.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.write_by(name, |file| file.write_all(text.as_bytes()))
    }

    /// The same of something that is made anew by every run, and need not outlast the machine's crash.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn write_page(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.whole(name, false, |file| file.write_all(text.as_bytes()))
    }

    /// The same with a writer that need not have all of it at once.
    ///
    /// # Errors
    /// The disk's, or the writer's.
    pub(crate) fn write_by(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        self.whole(name, true, write)
    }

    fn whole(
        &self,
        name: &str,
        sync: bool,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        let path = self.path(name);
        let written = (|| {
            let folder = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(folder)?;
            let file = tempfile::Builder::new()
                .prefix(TEMPORARY_PREFIX)
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
                .tempfile_in(folder)?;
            let mut buffered = std::io::BufWriter::new(file);
            write(&mut buffered)?;
            let file = buffered
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)?;
            if sync {
                file.as_file().sync_data()?;
            }
            file.persist(&path)?;
            Ok(())
        })();
        written.map_err(|error: std::io::Error| {
            let failure =
                Failure::unable(format!("writing {}: {}", display(&path), reason(&error)));
            failure.remedy("make space, and run the same command again: what was graded is kept")
        })
    }
}
