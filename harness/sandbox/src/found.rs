//! Files that the plan asks about, as they are after the last actor ended.
//!
//! A student's program may have put anything there: a link is not followed, and nothing is opened that is no regular file, since
//! a FIFO would wait for its other end.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ipclab_evidence::{Bytes, FileKind, FileState, FoundFile};
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2};

/// How much of a file is kept.
const MAX_FILE_BYTES: usize = 64 << 10;

/// How much of all of them together.
const MAX_TOTAL_BYTES: usize = 1 << 20;

/// What is at each of these paths: as the plan names it, and where it is here. `owner`: the user who runs the actors.
pub(crate) fn look(
    paths: impl IntoIterator<Item = (PathBuf, PathBuf)>,
    owner: u32,
) -> Vec<FileState> {
    let mut left = MAX_TOTAL_BYTES;
    paths
        .into_iter()
        .map(|(named, here)| {
            let found = at(&here, owner, left.min(MAX_FILE_BYTES));
            left -= found.as_ref().map_or(0, |found| found.holds.0.len());
            FileState {
                path: named.as_os_str().as_bytes().into(),
                found,
            }
        })
        .collect()
}

fn at(path: &Path, owner: u32, most: usize) -> Option<FoundFile> {
    // A folder in whose place a program has put a link is not the one that is meant.
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_NO_SYMLINKS);
    let folder = openat2(AT_FDCWD, path.parent()?, how).ok()?;
    let path = Path::new("/proc/self/fd")
        .join(folder.as_raw_fd().to_string())
        .join(path.file_name()?);
    let about = fs::symlink_metadata(&path).ok()?;
    let kind = kind(&about);
    let (holds, digest) = match kind {
        // What may not be read is listed all the same.
        FileKind::Regular => contents(&path, &about, most).unwrap_or_default(),
        FileKind::Directory
        | FileKind::Symlink
        | FileKind::Socket
        | FileKind::Fifo
        | FileKind::Other => Default::default(),
    };
    Some(FoundFile {
        kind,
        size: about.len(),
        mode: about.mode() & 0o7777,
        links: about.nlink(),
        blocks: about.blocks(),
        is_own: about.uid() == owner,
        target: fs::read_link(&path)
            .ok()
            .map(|target| target.as_os_str().as_bytes().into()),
        whole: holds.len() as u64 == about.len(),
        holds: Bytes(holds),
        digest,
    })
}

/// What a file is.
pub(crate) fn kind(about: &Metadata) -> FileKind {
    let kind = about.file_type();
    if kind.is_file() {
        FileKind::Regular
    } else if kind.is_dir() {
        FileKind::Directory
    } else if kind.is_symlink() {
        FileKind::Symlink
    } else if kind.is_socket() {
        FileKind::Socket
    } else if kind.is_fifo() {
        FileKind::Fifo
    } else {
        FileKind::Other
    }
}

/// The first bytes of a file, and the digest of all of it.
fn contents(path: &Path, about: &Metadata, most: usize) -> io::Result<(Vec<u8>, String)> {
    let mut file = File::options()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    // Every process of the case has ended: it is the file that was looked at, or the machine's own user changes it.
    let now = file.metadata()?;
    if (now.dev(), now.ino()) != (about.dev(), about.ino()) {
        return Err(io::Error::other("it is another file now"));
    }
    let mut holds = Vec::new();
    let mut digest = blake3::Hasher::new();
    let mut buffer = vec![0; 64 << 10];
    // What grows while it is read has no end.
    let mut rest = about.len();
    while rest > 0 {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            break;
        }
        rest = rest.saturating_sub(got as u64);
        digest.update(&buffer[..got]);
        let room = most.saturating_sub(holds.len());
        holds.extend_from_slice(&buffer[..got.min(room)]);
    }
    Ok((holds, digest.finalize().to_hex().to_string()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_look_follows_nothing_and_waits_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "hello").unwrap();
        fs::copy(path("a"), path("copy")).unwrap();
        symlink("a", path("link")).unwrap();
        nix::unistd::mkfifo(&path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::create_dir(path("folder")).unwrap();
        fs::write(path("folder/a"), "hello").unwrap();
        symlink("folder", path("way")).unwrap();
        let names = ["a", "copy", "link", "fifo", "none", "way/a"];
        let all = names.map(|name| (path(name), path(name)));
        let seen = look(all, nix::unistd::getuid().as_raw());
        let kinds: Vec<_> = seen
            .iter()
            .map(|file| file.found.as_ref().map(|found| found.kind))
            .collect();
        let expect = [
            Some(FileKind::Regular),
            Some(FileKind::Regular),
            Some(FileKind::Symlink),
            Some(FileKind::Fifo),
            None,
            None,
        ];
        assert_eq!(kinds, expect);
        let found = |at: usize| seen[at].found.as_ref().unwrap();
        assert_eq!(found(0).holds, Bytes::from("hello"));
        assert!(found(0).whole && found(0).is_own);
        assert_eq!(found(0).digest, found(1).digest);
        assert_eq!(found(2).target, Some(Bytes::from("a")));
        assert_eq!(found(3).holds, Bytes::default());
    }

    #[test]
    fn of_a_long_file_the_beginning_is_kept_and_all_of_it_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let mut bytes = vec![b'x'; 2 * MAX_FILE_BYTES];
        fs::write(&one, &bytes).unwrap();
        *bytes.last_mut().unwrap() = b'y';
        fs::write(&two, &bytes).unwrap();
        let seen = look([(one.clone(), one), (two.clone(), two)], 0);
        let found = |at: usize| seen[at].found.as_ref().unwrap();
        assert_eq!(found(0).holds, found(1).holds);
        assert!(!found(0).whole);
        assert_ne!(found(0).digest, found(1).digest);
    }
}
