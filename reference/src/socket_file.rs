//! The file that a Unix-domain socket's name is: bind(2) makes it, and the process that bound it removes it.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use crate::failure::Failure;
use crate::net;

/// A socket's name in the file system. Dropping it removes the file, if it is still the one that was bound: another
/// process may have put its own in the place since.
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: Option<(u64, u64)>,
}

impl SocketFile {
    /// Gives `socket` the name `path`, in place of a stale socket file that may be there.
    ///
    /// # Errors
    /// `unlink` and `bind`, in the form of `perror`. Above all `Address already in use` when a living socket or something
    /// that is no socket is at the path: neither is touched.
    pub(crate) fn bind(socket: &OwnedFd, path: impl Into<PathBuf>) -> Result<Self, Failure> {
        let path = path.into();
        let name = address(&path).map_err(|e| Failure::perror("bind error", e))?;
        if is_stale(&path) {
            fs::remove_file(&path).map_err(|e| Failure::perror("unlink error", e))?;
        }
        net::bind(socket, &name).map_err(|e| Failure::perror("bind error", e))?;
        let identity = identity(&path);
        Ok(Self { path, identity })
    }
}

/// A path as a Unix socket's address.
///
/// # Errors
/// `ENAMETOOLONG` for more than the 107 bytes that `sun_path` has room for beside its NUL, unix(7): a path is never cut.
/// `ENOENT` for none at all, which would be the wish for a name of the kernel's choice.
pub(crate) fn address(path: &Path) -> io::Result<UnixAddr> {
    if path.as_os_str().is_empty() {
        return Err(nix::errno::Errno::ENOENT.into());
    }
    Ok(UnixAddr::new(path)?)
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // Nothing is to be done about a failure here: the program is on its way out.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let file = fs::symlink_metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

/// Whether a socket file is at `path` that no socket is bound to any more: only then does connect(2) say `ECONNREFUSED`.
fn is_stale(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    is_socket && refuses(path).unwrap_or(false)
}

fn refuses(path: &Path) -> nix::Result<bool> {
    let probe = socket(
        AddressFamily::Unix,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    let answer = connect(probe.as_raw_fd(), &UnixAddr::new(path)?);
    Ok(answer == Err(nix::errno::Errno::ECONNREFUSED))
}
