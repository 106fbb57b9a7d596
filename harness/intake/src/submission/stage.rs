//! Staging: the one time that a student's files are opened.
//!
//! Regular files are copied with modes of ours, so that the box's user can read them; a link is followed by the kernel,
//! which is told not to leave the folder (`openat2(2)`, `RESOLVE_BENEATH`), so that no student can hand in `/etc/shadow`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

use super::walk::{self, Listing, Skipped};
use crate::failure::{Failure, reason};
use crate::show;
use crate::store;

/// What staging made of a listing.
#[derive(Debug, Default)]
pub struct Staged {
    /// Copied, in order.
    pub files: Vec<PathBuf>,
    /// Not copied after all.
    pub refused: Vec<(PathBuf, Skipped)>,
}

/// Copies what is listed into `to`, which must be there.
///
/// # Errors
/// Our own disk's: the student's files that cannot be read are in the result.
pub fn stage(root: &Path, listing: &Listing, to: &Path) -> Result<Staged, Failure> {
    let mut staged = Staged::default();
    let folder = File::open(root).map_err(|error| {
        Failure::usage(format!("opening {}: {}", show::path(root), reason(&error)))
    })?;
    // Boxes copy it as another user.
    make_folder(to, Path::new(""))?;
    for path in &listing.folders {
        make_folder(to, path)?;
    }
    let mut budget = walk::TOTAL_MAX;
    for path in &listing.files {
        match open(&folder, path) {
            Ok(source) => {
                budget = budget.saturating_sub(copy(source, to, path, budget)?);
                if budget == 0 {
                    return Err(Failure::usage(format!(
                        "{} grows while it is read",
                        show::path(root)
                    )));
                }
                staged.files.push(path.clone());
            }
            Err(why) => staged.refused.push((path.clone(), why)),
        }
    }
    Ok(staged)
}

/// Opens a regular file of the folder, or says why not.
fn open(folder: &File, path: &Path) -> Result<File, Skipped> {
    let how = OpenHow::new()
        // O_NONBLOCK: a pipe that took a file's place since must not stop us.
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let file = match openat2(folder, path, how) {
        Ok(file) => File::from(file),
        // EXDEV: it leads out of the folder; ELOOP and ENOENT: it leads nowhere.
        Err(Errno::EXDEV | Errno::ELOOP | Errno::ENOENT) => return Err(Skipped::Link),
        // Kernels and container profiles without openat2: a link is then not followed at all.
        Err(Errno::ENOSYS) => open_without_links(folder, path)?,
        Err(errno) => return Err(Skipped::Unreadable(reason(&errno.into()))),
    };
    match file.metadata() {
        Ok(about) if about.is_file() && about.len() <= walk::FILE_MAX => Ok(file),
        Ok(about) if about.is_file() => Err(Skipped::Large),
        Ok(about) if about.is_dir() => Err(Skipped::Link),
        Ok(_) => Err(Skipped::Special),
        Err(error) => Err(Skipped::Unreadable(reason(&error))),
    }
}

fn open_without_links(folder: &File, path: &Path) -> Result<File, Skipped> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW;
    let none = nix::sys::stat::Mode::empty();
    let mut at: Option<File> = None;
    let parts: Vec<_> = path.iter().collect();
    for (n, part) in parts.iter().enumerate() {
        let last = n + 1 == parts.len();
        let flags = if last {
            flags
        } else {
            flags | OFlag::O_DIRECTORY
        };
        match nix::fcntl::openat(at.as_ref().unwrap_or(folder), *part, flags, none) {
            Ok(next) => at = Some(File::from(next)),
            Err(Errno::ELOOP | Errno::ENOTDIR) => return Err(Skipped::Link),
            Err(errno) => return Err(Skipped::Unreadable(reason(&errno.into()))),
        }
    }
    at.ok_or(Skipped::Link)
}

fn copy(source: File, root: &Path, path: &Path, at_most: u64) -> Result<u64, Failure> {
    let to = root.join(path);
    let writing =
        |error: &io::Error| Failure::disk(format_args!("copying to {}", show::path(&to)), error);
    let executable = source
        .metadata()
        .is_ok_and(|about| about.permissions().mode() & 0o111 != 0);
    if let Some(folder) = path.parent() {
        make_folder(root, folder)?;
    }
    let mut target = File::options()
        .write(true)
        .create_new(true)
        .open(&to)
        .map_err(|error| writing(&error))?;
    let copied =
        io::copy(&mut source.take(at_most), &mut target).map_err(|error| writing(&error))?;
    let mode = if executable { 0o755 } else { 0o644 };
    target
        .set_permissions(fs::Permissions::from_mode(mode))
        .map_err(|error| writing(&error))?;
    Ok(copied)
}

fn make_folder(root: &Path, path: &Path) -> Result<(), Failure> {
    let folder = root.join(path);
    let result = store::make_folders(root, path)
        .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)));
    result.map_err(|error| Failure::disk(format_args!("making {}", show::path(&folder)), &error))
}

/// Copies a staged tree again, into a folder that is there: every build writes in a copy of its own.
///
/// # Errors
/// Our own disk's.
pub fn again(staged: &Path, to: &Path) -> Result<(), Failure> {
    let listing = everything(staged)?;
    stage(staged, &listing, to).map(|_| ())
}

/// Every folder and file of a tree of ours.
fn everything(root: &Path) -> Result<Listing, Failure> {
    fn look(root: &Path, at: &Path, listing: &mut Listing) -> io::Result<()> {
        for entry in fs::read_dir(root.join(at))? {
            let entry = entry?;
            let path = at.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                listing.folders.push(path.clone());
                look(root, &path, listing)?;
            } else if kind.is_file() {
                listing.files.push(path);
            }
        }
        Ok(())
    }
    let mut listing = Listing::default();
    look(root, Path::new(""), &mut listing)
        .map_err(|error| Failure::disk(format_args!("reading {}", show::path(root)), &error))?;
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_within_is_copied_and_a_link_out_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::create_dir(root.path().join("src")).unwrap();
        fs::write(root.path().join("src/real.c"), "int x;").unwrap();
        symlink("src/real.c", root.path().join("within.c")).unwrap();
        symlink(outside.path(), root.path().join("out.c")).unwrap();
        symlink("../../../../../../etc/passwd", root.path().join("up.c")).unwrap();
        symlink("nowhere", root.path().join("broken.c")).unwrap();
        symlink("/dev/zero", root.path().join("zero.c")).unwrap();

        let to = tempfile::tempdir().unwrap();
        let staged = stage(root.path(), &walk::walk(root.path()).unwrap(), to.path()).unwrap();
        let refused: Vec<_> = staged
            .refused
            .iter()
            .map(|(path, why)| (path.to_str().unwrap(), why))
            .collect();
        assert_eq!(
            refused,
            [
                ("broken.c", &Skipped::Link),
                ("out.c", &Skipped::Link),
                ("up.c", &Skipped::Link),
                ("zero.c", &Skipped::Link)
            ]
        );
        assert_eq!(
            fs::read_to_string(to.path().join("within.c")).unwrap(),
            "int x;"
        );
        assert!(
            fs::symlink_metadata(to.path().join("within.c"))
                .unwrap()
                .is_file()
        );
    }

    #[test]
    fn copies_can_be_read_by_the_boxs_user() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("d")).unwrap();
        fs::write(root.path().join("d/run.py"), "#!").unwrap();
        fs::set_permissions(
            root.path().join("d/run.py"),
            fs::Permissions::from_mode(0o700),
        )
        .unwrap();
        let to = tempfile::tempdir().unwrap();
        stage(root.path(), &walk::walk(root.path()).unwrap(), to.path()).unwrap();
        let mode = |path: &str| {
            fs::metadata(to.path().join(path))
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!((mode("d"), mode("d/run.py")), (0o755, 0o755));
    }
}
