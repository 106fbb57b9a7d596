//! Opens the host's folders for a box whose supervisor has become another user.
//!
//! A box is made before anybody knows what it will show, and afterwards a path below a 0700 folder is out of its reach.
//! So one process of it stays who the tool is, asks nothing of its own, and goes once it has opened what a plan names.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::sys::{self, Pid};

/// What the kernel takes along with one message, `SCM_MAX_FD` of `unix(7)`.
const MOST: usize = 253;
/// Room for the paths of a message.
const LETTER: usize = 128 << 10;
/// The answer when everything is open.
const OPEN: &[u8] = b"open";

/// The process and the way to it.
#[derive(Debug)]
pub(crate) struct Opener {
    pid: Pid,
    asks: OwnedFd,
}

impl Opener {
    /// Forks it, as whoever calls this.
    ///
    /// # Errors
    /// The machine refuses another process.
    pub(crate) fn start() -> io::Result<Self> {
        let (asks, asked) = sys::socket_pair()?;
        let pid = sys::clone_process(0)?;
        if pid == 0 {
            drop(asks);
            sys::exit_now(i32::from(serve(&asked).is_err()));
        }
        Ok(Self { pid, asks })
    }

    /// Sees it off. It ends by itself when it has answered, or when nobody asks any more.
    ///
    /// # Errors
    /// It is gone already.
    pub(crate) fn end(self) -> io::Result<()> {
        drop(self.asks);
        sys::wait_for(self.pid).map(drop)
    }

    /// Opens these, to be bound and not to be read. It answers once.
    ///
    /// # Errors
    /// Which path cannot be opened, and why.
    pub(crate) fn open(&self, paths: &[&Path]) -> io::Result<Vec<File>> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let letter = paths
            .iter()
            .map(|path| path.as_os_str().as_bytes())
            .collect::<Vec<_>>()
            .join(&0);
        if paths.len() > MOST || letter.len() > LETTER {
            return Err(io::Error::other(format!(
                "{} folders are more than a box can show",
                paths.len()
            )));
        }
        sys::write_some(self.asks.as_fd(), &letter)?;
        let mut word = [0; 4096 + 512];
        let (said, files) = sys::receive_descriptors(self.asks.as_fd(), &mut word)?;
        match &word[..said] {
            OPEN if files.len() == paths.len() => Ok(files.into_iter().map(File::from).collect()),
            [] => Err(io::Error::other("the process that opens folders died")),
            refusal => Err(io::Error::other(
                String::from_utf8_lossy(refusal).into_owned(),
            )),
        }
    }
}

/// Answers one letter.
fn serve(asked: &OwnedFd) -> io::Result<()> {
    let mut letter = vec![0; LETTER];
    let length = sys::read_some(asked.as_fd(), &mut letter)?.unwrap_or(0);
    if length == 0 {
        return Ok(());
    }
    let opened = letter[..length]
        .split(|byte| *byte == 0)
        .map(|path| open_path(Path::new(std::ffi::OsStr::from_bytes(path))))
        .collect::<io::Result<Vec<_>>>();
    match opened {
        Ok(files) => {
            let fds: Vec<_> = files.iter().map(|file| file.as_raw_fd()).collect();
            sys::send_descriptors(asked.as_fd(), OPEN, &fds)
        }
        Err(error) => sys::write_some(asked.as_fd(), error.to_string().as_bytes()).map(drop),
    }
}

/// Opens a path of the host so that it can be bound, whatever may be read of it.
///
/// # Errors
/// The path and why not.
pub(crate) fn open_path(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_CLOEXEC)
        .open(path)
        .map_err(|error| {
            io::Error::new(error.kind(), format!("opening {}: {error}", path.display()))
        })
}
