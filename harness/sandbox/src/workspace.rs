//! Workspaces: folders of the host that actors may write to, shown as copies.
//!
//! What is shown by binding would be written straight to the host's disk, and a build could fill that. So the folder is
//! copied into a tmpfs of a bounded size before the first actor starts, and what is in it after the last one ended is
//! copied back. Only the supervisor touches either side meanwhile.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, UtimensatFlags, fstatat, mkdirat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, symlinkat, unlinkat};

/// Deeper folders of the host are not shown: no submission has them.
const MAX_DEPTH_COPIED: usize = 64;
/// Deeper folders are not copied back: no build needs them.
const MAX_DEPTH_COPIED_BACK: usize = 32;

/// A folder of the host and where it is shown.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The host's.
    host: File,
    /// Inside the box.
    inside: PathBuf,
    /// Bytes that are copied back at most.
    most: u64,
}

impl Workspace {
    /// Copies the folder `host`, which can be read at `from`, to the empty folder `at`, which will be `inside` when it is
    /// copied back. All of the copy is `owner`'s.
    ///
    /// # Errors
    /// What could not be copied.
    pub(crate) fn open(
        host: File,
        from: &Path,
        (at, inside): (&Path, &Path),
        owner: Option<(u32, u32)>,
        most: u64,
    ) -> io::Result<Self> {
        let into = File::open(at)?;
        // What the host has is bounded already, by what was taken in.
        let mut left = u64::MAX;
        mirror(from, into.as_fd(), owner, &mut left, Way::In)?;
        Ok(Self {
            host,
            inside: inside.to_owned(),
            most,
        })
    }

    /// Copies everything back that the host has not, or not like this. Links are made again and never followed; sockets
    /// and devices stay behind.
    ///
    /// # Errors
    /// The host's disk refused something.
    pub(crate) fn copy_back(&self) -> io::Result<()> {
        let mut left = self.most;
        mirror(&self.inside, self.host.as_fd(), None, &mut left, Way::Back).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("copying {} back: {error}", self.inside.display()),
            )
        })
    }
}

/// Copies what is below `from` to `into`, an empty folder, as far as it is not more than `most` bytes. All of the copy is
/// `owner`'s.
///
/// # Errors
/// What could not be copied.
pub(crate) fn copy_in(
    from: &Path,
    into: BorrowedFd<'_>,
    owner: Option<(u32, u32)>,
    most: u64,
) -> io::Result<()> {
    let mut left = most;
    mirror(from, into, owner, &mut left, Way::In)
}

/// Whose names the files have that are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// They were taken in, within bounds.
    In,
    /// Actors made them: nothing that they are called, and nothing that they are in the place of, is trouble of ours.
    Back,
}

/// Lets the supervisor read what an actor has taken its own rights to from, where both are the same user. What is another's stays.
fn give_rights_back(path: &Path, about: &fs::Metadata) {
    let wanted = match about.file_type() {
        kind if kind.is_dir() => 0o700,
        kind if kind.is_file() => 0o400,
        _ => return,
    };
    let mode = about.mode() & 0o7777;
    if mode & wanted != wanted {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode | wanted));
    }
}

/// Copies what is below `from` to `into`, where it is not there already with the same size and time; all of it is then
/// `owner`'s. Files that would exceed `left` bytes together are left out. On the way back so is what no path leads to, since it is too
/// long, what may not be read, and what is in the place of a folder.
///
/// # Errors
/// What could not be written; and what could not be read, which is the supervisor's own.
fn mirror(
    from: &Path,
    into: BorrowedFd<'_>,
    owner: Option<(u32, u32)>,
    left: &mut u64,
    way: Way,
) -> io::Result<()> {
    let depth = match way {
        Way::In => MAX_DEPTH_COPIED,
        Way::Back => MAX_DEPTH_COPIED_BACK,
    };
    mirror_to_depth(from, into, owner, left, (way, depth))
}

fn mirror_to_depth(
    from: &Path,
    into: BorrowedFd<'_>,
    owner: Option<(u32, u32)>,
    left: &mut u64,
    (way, depth): (Way, usize),
) -> io::Result<()> {
    let is_left = |error: &io::Error| {
        let left = [libc::ENAMETOOLONG, libc::EACCES];
        way == Way::Back
            && error
                .raw_os_error()
                .is_some_and(|error| left.contains(&error))
    };
    let entries = match fs::read_dir(from) {
        Err(error) if is_left(&error) => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.as_os_str();
        let about = match fs::symlink_metadata(&path) {
            Err(error) if is_left(&error) => continue,
            about => about?,
        };
        let kind = about.file_type();
        if way == Way::Back {
            give_rights_back(&path, &about);
        }
        if kind.is_dir() && depth > 0 {
            match mkdirat(into, name, Mode::from_bits_truncate(about.mode() | 0o700)) {
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
            let folder = openat(
                into,
                name,
                OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC,
                Mode::empty(),
            );
            // What is a folder here and something else there is left as it is.
            let Ok(folder) = folder else { continue };
            give(folder.as_fd(), owner)?;
            mirror_to_depth(&path, folder.as_fd(), owner, left, (way, depth - 1))?;
        } else if way == Way::Back && is_folder(into, name) {
            // What is something else here and a folder there is left as it is, too.
        } else if kind.is_file() && !is_there(into, name, &about) {
            if about.len() > *left {
                continue;
            }
            *left -= about.len();
            let from = File::options()
                .read(true)
                .custom_flags(libc::O_NOFOLLOW)
                .open(&path);
            let from = match from {
                Err(error) if is_left(&error) => continue,
                from => from?,
            };
            copy(&from, &about, into, name, owner)?;
        } else if kind.is_symlink() {
            remove(into, name)?;
            let target = fs::read_link(&path)?;
            symlinkat(target.as_path(), into, name).map_err(io::Error::from)?;
        }
    }
    Ok(())
}

fn is_folder(into: BorrowedFd<'_>, name: &std::ffi::OsStr) -> bool {
    fstatat(into, name, AtFlags::AT_SYMLINK_NOFOLLOW)
        .is_ok_and(|there| there.st_mode & libc::S_IFMT == libc::S_IFDIR)
}

/// Whether a regular file of that size and time is there.
fn is_there(into: BorrowedFd<'_>, name: &std::ffi::OsStr, about: &fs::Metadata) -> bool {
    fstatat(into, name, AtFlags::AT_SYMLINK_NOFOLLOW).is_ok_and(|there| {
        there.st_mode & libc::S_IFMT == libc::S_IFREG
            && there.st_size == about.size() as i64
            && (there.st_mtime, there.st_mtime_nsec) == (about.mtime(), about.mtime_nsec())
    })
}

fn copy(
    mut from: &File,
    about: &fs::Metadata,
    into: BorrowedFd<'_>,
    name: &std::ffi::OsStr,
    owner: Option<(u32, u32)>,
) -> io::Result<()> {
    remove(into, name)?;
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
    // The permissions are the file's own; the set-user-id bits are not kept.
    let mode = Mode::from_bits_truncate(about.mode() & 0o777);
    let mut to = File::from(openat(into, name, flags, mode)?);
    io::copy(&mut from, &mut to)?;
    nix::sys::stat::fchmod(&to, mode)?;
    give(to.as_fd(), owner)?;
    let time = TimeSpec::new(about.mtime(), about.mtime_nsec());
    utimensat(into, name, &time, &time, UtimensatFlags::NoFollowSymlink)?;
    Ok(())
}

fn remove(into: BorrowedFd<'_>, name: &std::ffi::OsStr) -> io::Result<()> {
    match unlinkat(into, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(io::Error::new(
            io::Error::from(errno).kind(),
            format!("replacing {}: {errno}", name.as_bytes().escape_ascii()),
        )),
    }
}

fn give(fd: BorrowedFd<'_>, owner: Option<(u32, u32)>) -> io::Result<()> {
    match owner {
        Some((user, group)) => Ok(fchown(
            fd,
            Some(Uid::from_raw(user)),
            Some(Gid::from_raw(group)),
        )?),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_tree_is_copied_and_copied_back_with_what_became_of_it() {
        let (host, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(host.path().join("src")).unwrap();
        fs::write(host.path().join("src/a.c"), "int main;").unwrap();
        let to = |path: &Path| File::open(path).unwrap();
        let (here, there) = (inside.path(), inside.path());
        let workspace =
            Workspace::open(to(host.path()), host.path(), (here, there), None, 100).unwrap();
        let copied = inside.path().join("src/a.c");
        assert_eq!(fs::read_to_string(&copied).unwrap(), "int main;");

        fs::write(inside.path().join("src/a"), "\x7fELF").unwrap();
        let runs = fs::Permissions::from_mode(0o4755);
        fs::set_permissions(inside.path().join("src/a"), runs).unwrap();
        symlink("/etc/passwd", inside.path().join("link")).unwrap();
        workspace.copy_back().unwrap();
        let program = fs::metadata(host.path().join("src/a")).unwrap();
        assert_eq!((program.len(), program.mode() & 0o7777), (4, 0o755));
        let link = fs::read_link(host.path().join("link")).unwrap();
        assert_eq!(link, Path::new("/etc/passwd"));
    }

    #[test]
    fn no_link_is_followed_on_the_way_back() {
        let (host, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("file"), "theirs").unwrap();
        symlink(elsewhere.path(), host.path().join("folder")).unwrap();
        symlink(elsewhere.path().join("file"), host.path().join("file")).unwrap();
        fs::create_dir(inside.path().join("folder")).unwrap();
        fs::write(inside.path().join("folder/file"), "ours").unwrap();
        fs::write(inside.path().join("file"), "ours").unwrap();
        let into = File::open(host.path()).unwrap();
        mirror(inside.path(), into.as_fd(), None, &mut 100, Way::Back).unwrap();
        let theirs = fs::read_to_string(elsewhere.path().join("file")).unwrap();
        assert_eq!(theirs, "theirs");
    }

    /// A build that made a file of a folder, or folders without end, was our trouble, and its submission not graded.
    #[test]
    fn nothing_that_actors_made_is_trouble_of_ours() {
        let (host, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(host.path().join("folder")).unwrap();
        fs::create_dir(host.path().join("linked")).unwrap();
        fs::write(inside.path().join("folder"), "a file").unwrap();
        symlink("/etc", inside.path().join("linked")).unwrap();
        fs::write(inside.path().join("program"), "built").unwrap();
        let mut deepest = File::open(inside.path()).unwrap();
        let name = "n".repeat(250);
        for _ in 0..30 {
            mkdirat(&deepest, name.as_str(), Mode::S_IRWXU).unwrap();
            let folder = openat(&deepest, name.as_str(), OFlag::O_DIRECTORY, Mode::empty());
            deepest = File::from(folder.unwrap());
        }
        let into = File::open(host.path()).unwrap();
        mirror(inside.path(), into.as_fd(), None, &mut 100, Way::Back).unwrap();
        let built = fs::read_to_string(host.path().join("program")).unwrap();
        assert_eq!(built, "built");
        assert!(host.path().join("folder").is_dir() && host.path().join("linked").is_dir());
    }

    #[test]
    fn holes_fill_no_disk() {
        let (host, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let hole = File::create(inside.path().join("hole")).unwrap();
        hole.set_len(1 << 40).unwrap();
        fs::write(inside.path().join("small"), "1").unwrap();
        let into = File::open(host.path()).unwrap();
        mirror(inside.path(), into.as_fd(), None, &mut (1 << 20), Way::Back).unwrap();
        assert!(!host.path().join("hole").exists());
        assert!(host.path().join("small").exists());
    }
}
