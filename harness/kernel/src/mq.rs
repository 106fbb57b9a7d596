//! POSIX message queues, `mq_overview(7)`: by the kernel's calls, which take names without the slash.

use std::ffi::CString;
use std::io::{self, Result};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use crate::error::check;

/// What a queue is like, `mq_getattr(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The most messages that it holds, `mq_maxmsg`.
    pub maxmsg: u64,
    /// The most bytes of one, `mq_msgsize`.
    pub msgsize: u64,
    /// How many wait in it, `mq_curmsgs`.
    pub messages: u64,
}

/// Opens a queue to take messages from it without waiting.
///
/// # Errors
/// As `mq_open(2)`: there is none, or it may not be opened.
pub fn open(name: &[u8]) -> Result<OwnedFd> {
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    open_by(name, flags, 0, ptr::null())
}

/// Makes a queue that is not there yet, and opens it to put messages into it without waiting.
///
/// # Errors
/// As `mq_open(2)`: there is one, or the system allows no such sizes.
pub fn create(name: &[u8], mode: u32, maxmsg: u64, msgsize: u64) -> Result<OwnedFd> {
    let flags = libc::O_WRONLY | libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_CREAT | libc::O_EXCL;
    // SAFETY: all-zero attributes are valid.
    let mut wanted: libc::mq_attr = unsafe { std::mem::zeroed() };
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    wanted.mq_maxmsg = number(maxmsg);
    wanted.mq_msgsize = number(msgsize);
    open_by(name, flags, mode, &raw const wanted)
}

fn open_by(name: &[u8], flags: i32, mode: u32, wanted: *const libc::mq_attr) -> Result<OwnedFd> {
    let name = CString::new(name)?;
    // SAFETY: the name ends with a NUL, and it and the attributes outlive the call.
    let opened = unsafe { libc::syscall(libc::SYS_mq_open, name.as_ptr(), flags, mode, wanted) };
    match RawFd::try_from(opened) {
        // SAFETY: the call has just made this descriptor, and nothing else owns it.
        Ok(fd @ 0..) => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What an open queue is like.
///
/// # Errors
/// The descriptor is none of a queue.
pub fn attributes(queue: BorrowedFd<'_>) -> Result<Attributes> {
    // SAFETY: all-zero attributes are valid.
    let mut seen: libc::mq_attr = unsafe { std::mem::zeroed() };
    // SAFETY: the attributes outlive the call, which writes no more than them.
    check(unsafe {
        libc::syscall(
            libc::SYS_mq_getsetattr,
            queue.as_raw_fd(),
            ptr::null::<libc::mq_attr>(),
            &raw mut seen,
        )
    })?;
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Attributes {
        maxmsg: number(seen.mq_maxmsg),
        msgsize: number(seen.mq_msgsize),
        messages: number(seen.mq_curmsgs),
    })
}

/// Takes the next message, with its priority. `msgsize`: of the queue's attributes.
///
/// # Errors
/// As `mq_receive(3)`: `EAGAIN` when there is none.
pub fn receive(queue: BorrowedFd<'_>, msgsize: u64) -> Result<(u32, Vec<u8>)> {
    let mut text = vec![0u8; usize::try_from(msgsize).unwrap_or(usize::MAX)];
    let mut priority = 0u32;
    // SAFETY: the buffer has as many bytes as the call is told, and both outlive it.
    let got = unsafe {
        libc::syscall(
            libc::SYS_mq_timedreceive,
            queue.as_raw_fd(),
            text.as_mut_ptr(),
            text.len(),
            &raw mut priority,
            ptr::null::<libc::timespec>(),
        )
    };
    let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
    text.truncate(got);
    Ok((priority, text))
}

/// Puts a message into a queue.
///
/// # Errors
/// As `mq_send(3)`: it is full, or the message is too long.
pub fn send(queue: BorrowedFd<'_>, priority: u32, text: &[u8]) -> Result<()> {
    // SAFETY: the text has as many bytes as the call is told, and outlives it.
    check(unsafe {
        libc::syscall(
            libc::SYS_mq_timedsend,
            queue.as_raw_fd(),
            text.as_ptr(),
            text.len(),
            priority,
            ptr::null::<libc::timespec>(),
        )
    })
    .map(drop)
}

/// Whether there is a queue of this name.
#[must_use]
pub fn exists(name: &[u8]) -> bool {
    match open_by(name, libc::O_RDONLY | libc::O_CLOEXEC, 0, ptr::null()) {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Removes a queue.
///
/// # Errors
/// As `mq_unlink(2)`.
pub fn remove(name: &[u8]) -> Result<()> {
    let name = CString::new(name)?;
    // SAFETY: the name ends with a NUL and outlives the call.
    check(unsafe { libc::syscall(libc::SYS_mq_unlink, name.as_ptr()) }).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_queue_gives_the_most_urgent_first() {
        let name = format!("ipclab-test-{}", std::process::id());
        let name = name.as_bytes();
        assert!(!exists(name));
        let queue = create(name, 0o600, 4, 16).unwrap();
        assert!(exists(name) && create(name, 0o600, 4, 16).is_err());
        send(queue.as_fd(), 0, b"later").unwrap();
        send(queue.as_fd(), 7, b"now").unwrap();
        let reader = open(name).unwrap();
        let seen = attributes(reader.as_fd()).unwrap();
        remove(name).unwrap();
        let expected = Attributes {
            maxmsg: 4,
            msgsize: 16,
            messages: 2,
        };
        assert_eq!(seen, expected);
        let take = || receive(reader.as_fd(), seen.msgsize);
        assert_eq!(take().unwrap(), (7, b"now".to_vec()));
        assert_eq!(take().unwrap(), (0, b"later".to_vec()));
        assert_eq!(take().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
