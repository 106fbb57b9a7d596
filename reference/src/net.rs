//! Sockets, one call at a time.
//!
//! `nix` makes, names and connects a socket, so that each of the unit's calls (Q5) is a step of its own; `std` owns it from
//! then on and closes it. Interrupted calls (`EINTR`) are made again everywhere.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{self, MsgFlags, SockaddrLike, SockaddrStorage};

/// Makes a call again as long as a signal interrupts it.
pub(crate) fn retry<T>(mut call: impl FnMut() -> nix::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

/// [`retry`] for the calls of `std`.
pub(crate) fn retry_io<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// bind(2).
pub(crate) fn bind(socket: &OwnedFd, address: &dyn SockaddrLike) -> io::Result<()> {
    retry(|| socket::bind(socket.as_raw_fd(), address))
}

/// connect(2), waiting until the connection stands or is refused.
///
/// Interrupted, it is called again: Linux then goes on with the attempt already begun (connect(2) itself only promises that
/// the attempt goes on), and says `EISCONN` when the connection was made in between.
pub(crate) fn connect(socket: &OwnedFd, to: SocketAddr) -> io::Result<()> {
    connect_to(socket, &SockaddrStorage::from(to))
}

/// [`connect`] to an address of any family.
pub(crate) fn connect_to(socket: &OwnedFd, to: &dyn SockaddrLike) -> io::Result<()> {
    let mut interrupted = false;
    loop {
        match socket::connect(socket.as_raw_fd(), to) {
            Err(Errno::EINTR) => interrupted = true,
            Err(Errno::EISCONN) if interrupted => return Ok(()),
            other => return other.map_err(io::Error::from),
        }
    }
}

/// recv(2): waits for the next bytes of the stream. 0 means that the peer has shut down its side.
pub(crate) fn receive(stream: &impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    receive_with(stream, buffer, MsgFlags::empty())
}

/// recv(2) with flags.
pub(crate) fn receive_with(
    stream: &impl AsFd,
    buffer: &mut [u8],
    flags: MsgFlags,
) -> io::Result<usize> {
    retry(|| socket::recv(stream.as_fd().as_raw_fd(), buffer, flags))
}

/// send(2) of as much as fits without waiting, perhaps nothing. `SIGPIPE` is never raised.
pub(crate) fn send_now(stream: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    send_with(stream, bytes, MsgFlags::MSG_DONTWAIT).or_else(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Ok(0),
        _ => Err(error),
    })
}

/// send(2) once: waits until some of it fits, and says how much did. `SIGPIPE` is never raised.
pub(crate) fn send_some(stream: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    send_with(stream, bytes, MsgFlags::empty())
}

/// send(2) until all is sent. One call moves as much as it likes.
pub(crate) fn send_all(stream: &impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let sent = send_with(stream, bytes, MsgFlags::empty())?;
        bytes = &bytes[sent..];
    }
    Ok(())
}

fn send_with(stream: &impl AsFd, bytes: &[u8], flags: MsgFlags) -> io::Result<usize> {
    let flags = flags | MsgFlags::MSG_NOSIGNAL;
    retry(|| socket::send(stream.as_fd().as_raw_fd(), bytes, flags))
}

/// poll(2): waits until the stream can be sent on, or received from (an end or an error counts as that); says whether it is
/// the latter.
pub(crate) fn wait_to_send_or_receive(stream: &impl AsFd) -> io::Result<bool> {
    let mut fds = [PollFd::new(
        stream.as_fd(),
        PollFlags::POLLIN | PollFlags::POLLOUT,
    )];
    retry(|| poll(&mut fds, PollTimeout::NONE))?;
    let ready = fds[0].revents().unwrap_or(PollFlags::empty());
    Ok(ready.intersects(PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR))
}
