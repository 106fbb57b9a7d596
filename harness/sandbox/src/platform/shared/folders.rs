//! Folders and files of the host that a case has to itself.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A folder of the case's own, gone with it.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn make() -> io::Result<Self> {
        let unique = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
        let path = Path::new("/tmp").join(format!(".ipclab-{}", unique.trim()));
        fs::create_dir(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        Ok(Self(path))
    }

    pub(super) fn remove(&mut self) {
        remove_folder(&self.0);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Mode of the files that are put into the working directory: no umask makes it, so it tells them apart.
pub(super) const PUT_MODE: u32 = 0o1555;

/// Removes a file or folder.
pub(super) fn take_away(path: &Path) {
    let folder = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    if folder {
        remove_folder(path);
    } else {
        let _ = fs::remove_file(path);
    }
}

/// Removes a folder, also one that its maker had closed. What cannot be removed is seen as left.
pub(super) fn remove_folder(path: &Path) {
    if fs::remove_dir_all(path).is_err() {
        open_up(path);
        let _ = fs::remove_dir_all(path);
    }
}

fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// Copies a file or a folder of the plan's, readable and not writable for all users.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            if !entry.file_type()?.is_symlink() {
                copy(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
        return Ok(());
    }
    fs::copy(from, to)?;
    fs::set_permissions(to, Permissions::from_mode(PUT_MODE))
}
