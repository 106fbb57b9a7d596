//! File descriptors: pipes, pseudo-terminals, numbers, partial reads and writes.

use std::ffi::c_int;
use std::io::{self, Result};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;

use crate::error::{c_string, check, check_int};

/// `pipe2(2)` with close-on-exec: (read end, write end).
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for both; the new descriptors have no other owner.
    unsafe {
        check_int(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC))?;
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// Closes every descriptor from a number up, now or (`at_exec`) when a program starts: `close_range(2)`.
pub fn close_from(first: u32, at_exec: bool) -> Result<()> {
    let flags = if at_exec {
        libc::CLOSE_RANGE_CLOEXEC as c_int
    } else {
        0
    };
    close_range(first, u32::MAX, flags)
}

/// `close_range(2)`, which not every C library has.
fn close_range(first: u32, last: u32, flags: c_int) -> Result<()> {
    // SAFETY: used only in forked children, where no Rust owner of these descriptors will run again.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) }).map(drop)
}

/// Closes every descriptor but the standard three and these.
pub fn close_all_but(kept: &[BorrowedFd<'_>]) -> Result<()> {
    let mut kept: Vec<u32> = kept.iter().map(|fd| fd.as_raw_fd() as u32).collect();
    kept.sort_unstable();
    let mut first = 3;
    for fd in kept {
        if fd > first {
            close_range(first, fd - 1, 0)?;
        }
        first = fd + 1;
    }
    close_from(first, false)
}

/// Opens a path without opening what is there, `O_PATH` of `open(2)`: a socket and a FIFO, too.
///
/// The options of `std` do not do it everywhere: they leave out the flags that name a way of access, and musl counts `O_PATH`
/// among those.
///
/// # Errors
/// The kernel's.
pub fn open_path(path: &Path, flags: c_int) -> Result<OwnedFd> {
    let path = c_string(path)?;
    // SAFETY: the string outlives the call, and the new descriptor has no other owner.
    unsafe {
        let fd = check_int(libc::open(
            path.as_ptr(),
            libc::O_PATH | libc::O_CLOEXEC | flags,
        ))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Makes a descriptor non-blocking.
pub fn set_nonblocking(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: numbers only.
    unsafe {
        let flags = check_int(libc::fcntl(fd.as_raw_fd(), libc::F_GETFL))?;
        check_int(libc::fcntl(
            fd.as_raw_fd(),
            libc::F_SETFL,
            flags | libc::O_NONBLOCK,
        ))
        .map(drop)
    }
}

/// Puts a descriptor at a number, without close-on-exec: `dup2(2)` between fork and exec.
pub fn duplicate_to(fd: RawFd, at: RawFd) -> Result<()> {
    // SAFETY: numbers only; called between fork and exec, where the number at which it lands has no Rust owner that
    // will run again.
    check_int(unsafe { libc::dup2(fd, at) }).map(drop)
}

/// A copy of a descriptor at the first free number from `lowest` up, close-on-exec.
pub fn duplicate_above(fd: BorrowedFd<'_>, lowest: c_int) -> Result<OwnedFd> {
    // SAFETY: numbers only; the new descriptor has no other owner.
    unsafe {
        let copy = check_int(libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest))?;
        Ok(OwnedFd::from_raw_fd(copy))
    }
}

/// Opens `/dev/null` again and again, for whatever program comes next, until every number below this is taken.
pub fn occupy_descriptors(below: u32) -> Result<()> {
    let below = c_int::try_from(below).unwrap_or(c_int::MAX);
    if below == 0 {
        return Ok(());
    }
    let null = std::fs::File::open("/dev/null")?;
    loop {
        // SAFETY: numbers only; the copies are the next program's and have no owner here.
        let copy = check_int(unsafe { libc::fcntl(null.as_raw_fd(), libc::F_DUPFD, 3) })?;
        if copy + 1 >= below {
            return Ok(());
        }
    }
}

/// Reads, `None` when a non-blocking descriptor has nothing now.
pub fn read_some(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Option<usize>> {
    loop {
        // SAFETY: the buffer and its length belong together.
        let got = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
        if got >= 0 {
            return Ok(Some(got as usize));
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => {}
            error if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            error => return Err(error),
        }
    }
}

/// Writes, `None` when a non-blocking descriptor takes nothing now. `SIGPIPE` is ignored in this process.
pub fn write_some(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<Option<usize>> {
    loop {
        // SAFETY: the buffer and its length belong together.
        let put = unsafe { libc::write(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
        if put >= 0 {
            return Ok(Some(put as usize));
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => {}
            error if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            error => return Err(error),
        }
    }
}

/// A pseudo-terminal in raw mode without echo: (our end, the program's end), both close-on-exec, ours non-blocking.
pub fn raw_terminal() -> Result<(OwnedFd, OwnedFd)> {
    // SAFETY: the string is constant; new descriptors have no other owner; the termios struct is filled by
    // tcgetattr before it is read; TIOCGPTPEER takes open flags as its number.
    unsafe {
        let master = check_int(libc::posix_openpt(
            libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC | libc::O_NONBLOCK,
        ))?;
        let master = OwnedFd::from_raw_fd(master);
        let unlock: c_int = 0;
        check_int(libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &unlock))?;
        let slave = check_int(libc::ioctl(
            master.as_raw_fd(),
            libc::TIOCGPTPEER,
            libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC,
        ))?;
        let slave = OwnedFd::from_raw_fd(slave);
        let mut mode: libc::termios = std::mem::zeroed();
        check_int(libc::tcgetattr(slave.as_raw_fd(), &mut mode))?;
        libc::cfmakeraw(&mut mode);
        check_int(libc::tcsetattr(slave.as_raw_fd(), libc::TCSANOW, &mode))?;
        Ok((master, slave))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    /// Opened otherwise, a socket is refused, and a FIFO waits for a writer.
    #[test]
    fn a_socket_and_a_fifo_are_held_without_being_opened() {
        let folder = std::env::temp_dir().join(format!("open-path-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let (socket, fifo) = (folder.join("socket"), folder.join("fifo"));
        drop(UnixDatagram::bind(&socket).unwrap());
        let name = c_string(&fifo).unwrap();
        // SAFETY: the string outlives the call.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o700) }, 0);
        for path in [&socket, &fifo] {
            assert!(
                open_path(path, libc::O_NOFOLLOW).is_ok(),
                "{}",
                path.display()
            );
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
