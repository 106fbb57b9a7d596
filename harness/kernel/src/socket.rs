//! Sockets: making them, asking about them, and descriptors that are sent over them.

use std::ffi::c_int;
use std::io::{self, Result};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use crate::error::check_int;
use crate::process::Pid;

/// `socket(2)`, close-on-exec.
pub fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<OwnedFd> {
    // SAFETY: numbers only; the new descriptor has no other owner.
    let fd = check_int(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) })?;
    // SAFETY: as above.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A connected pair of sockets with record boundaries, close-on-exec.
pub fn socket_pair() -> Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: as for pipe.
    unsafe {
        check_int(libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC,
            0,
            ends.as_mut_ptr(),
        ))?;
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// Sends a word and descriptors, `SCM_RIGHTS` of `unix(7)`.
pub fn send_descriptors(socket: BorrowedFd<'_>, word: &[u8], fds: &[RawFd]) -> Result<()> {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    let word = [io::IoSlice::new(word)];
    let rights = [ControlMessage::ScmRights(fds)];
    sendmsg::<()>(socket.as_raw_fd(), &word, &rights, MsgFlags::empty(), None)
        .map(drop)
        .map_err(io::Error::from)
}

/// As many descriptors as the kernel takes along with one message, `SCM_MAX_FD` of `unix(7)`.
pub const DESCRIPTORS_MAX: usize = 253;

/// Receives a word, its length, and descriptors, which are then close-on-exec.
pub fn receive_descriptors(
    socket: BorrowedFd<'_>,
    word: &mut [u8],
) -> Result<(usize, Vec<OwnedFd>)> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    let mut word = [io::IoSliceMut::new(word)];
    let mut room = nix::cmsg_space!([RawFd; DESCRIPTORS_MAX]);
    let message = recvmsg::<()>(
        socket.as_raw_fd(),
        &mut word,
        Some(&mut room),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )?;
    let fds = message
        .cmsgs()?
        .filter_map(|part| match part {
            ControlMessageOwned::ScmRights(fds) => Some(fds),
            _ => None,
        })
        .flatten()
        // SAFETY: the kernel has just made these for us, and they have no other owner.
        .map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
        .collect();
    Ok((message.bytes, fds))
}

/// One integer socket option, `getsockopt(2)`.
pub fn socket_option(fd: BorrowedFd<'_>, level: c_int, option: c_int) -> Result<c_int> {
    let mut value: c_int = 0;
    let mut length = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the buffer is an int and its length is passed.
    check_int(unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            level,
            option,
            (&raw mut value).cast(),
            &mut length,
        )
    })?;
    Ok(value)
}

/// Whether a TCP socket waits for its connection to be answered, or holds bytes that it has not sent, `tcp(7)`.
pub fn tcp_has_to_send(fd: BorrowedFd<'_>) -> bool {
    const SYN_SENT: u8 = 2;
    const SIOCOUTQNSD: libc::Ioctl = 0x894B;
    // SAFETY: an all-zero tcp_info is valid and its size is passed; the ioctl writes one int.
    unsafe {
        let mut info: libc::tcp_info = std::mem::zeroed();
        let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
        let got_info = libc::getsockopt(
            fd.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &mut length,
        );
        let mut unsent: c_int = 0;
        let got_unsent = libc::ioctl(fd.as_raw_fd(), SIOCOUTQNSD, &mut unsent);
        (got_info == 0 && info.tcpi_state == SYN_SENT) || (got_unsent == 0 && unsent > 0)
    }
}

/// Takes a timeout away from a socket, `SO_RCVTIMEO` or `SO_SNDTIMEO` of `socket(7)`.
pub fn clear_timeout(fd: BorrowedFd<'_>, option: c_int) -> Result<()> {
    // SAFETY: an all-zero timeval is valid and its size is passed.
    unsafe {
        let none: libc::timeval = std::mem::zeroed();
        check_int(libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const none).cast(),
            size_of::<libc::timeval>() as libc::socklen_t,
        ))
        .map(drop)
    }
}

/// Lets a socket be bound to a port that an old connection still holds, `socket(7)`. A refusal changes nothing.
pub fn allow_reuse(fd: BorrowedFd<'_>) {
    let yes: c_int = 1;
    // SAFETY: the buffer is an int and its length is passed.
    unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_REUSEADDR,
            (&raw const yes).cast(),
            size_of::<c_int>() as libc::socklen_t,
        );
    }
}

/// Keeps a socket's packets on this machine's loopback, in both directions, `SO_BINDTODEVICE` of `socket(7)`. Kernels before
/// 5.7 refuse it to users who are not root.
pub fn bind_to_loopback(fd: BorrowedFd<'_>) {
    const LOOPBACK: &[u8] = b"lo\0";
    // SAFETY: the buffer and its length belong together.
    unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_BINDTODEVICE,
            LOOPBACK.as_ptr().cast(),
            LOOPBACK.len() as libc::socklen_t,
        );
    }
}

/// `bind(2)` to a raw address.
pub fn bind(fd: BorrowedFd<'_>, address: &[u8]) -> Result<()> {
    // SAFETY: the buffer and its length belong together; the kernel copies it, so any alignment will do.
    check_int(unsafe {
        libc::bind(
            fd.as_raw_fd(),
            address.as_ptr().cast(),
            address.len() as libc::socklen_t,
        )
    })
    .map(drop)
}

/// `connect(2)` to a raw address, without waiting: `EINPROGRESS` where it is not connected yet.
pub fn connect(fd: BorrowedFd<'_>, address: &[u8]) -> Result<()> {
    // SAFETY: the buffer and its length belong together; the kernel copies it, so any alignment will do.
    without_waiting(fd, || {
        check_int(unsafe {
            libc::connect(
                fd.as_raw_fd(),
                address.as_ptr().cast(),
                address.len() as libc::socklen_t,
            )
        })
        .map(drop)
    })
}

/// Does something while a descriptor does not wait. The flag is that of all its copies, so it is set for this moment only.
fn without_waiting<T>(fd: BorrowedFd<'_>, work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: numbers only.
    let flags = check_int(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    let set = |flags: c_int| {
        // SAFETY: numbers only.
        check_int(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags) })
    };
    set(flags | libc::O_NONBLOCK)?;
    let done = work();
    set(flags)?;
    done
}

/// Sends without waiting and without `SIGPIPE`, to a raw address where there is one.
pub fn send(
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    flags: c_int,
    address: Option<&[u8]>,
) -> Result<usize> {
    let flags = flags | libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    let (name, length) = address.map_or((std::ptr::null(), 0), |address| {
        (address.as_ptr(), address.len())
    });
    // SAFETY: both buffers and their lengths belong together; the kernel copies the address, so any alignment will do.
    let sent = unsafe {
        libc::sendto(
            fd.as_raw_fd(),
            bytes.as_ptr().cast(),
            bytes.len(),
            flags,
            name.cast(),
            length as libc::socklen_t,
        )
    };
    match sent {
        0.. => Ok(sent as usize),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What one call has received, `recvmsg(2)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What the call returned: more than there was room for where `MSG_TRUNC` asks for a datagram's length.
    pub returned: usize,
    /// The raw address of its sender; empty: it has none.
    pub address: Vec<u8>,
    /// `MSG_TRUNC` and the like.
    pub flags: c_int,
}

/// Receives without waiting. Descriptors and credentials that came along are dropped, as `recv(2)` does.
pub fn receive(fd: BorrowedFd<'_>, buffer: &mut [u8], flags: c_int) -> Result<Message> {
    let mut address = [0u8; 128];
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: an all-zero msghdr is valid; its pointers and lengths are those of buffers that outlive the call.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_name = address.as_mut_ptr().cast();
        message.msg_namelen = address.len() as libc::socklen_t;
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        let got = libc::recvmsg(fd.as_raw_fd(), &raw mut message, flags | libc::MSG_DONTWAIT);
        if got < 0 {
            return Err(io::Error::last_os_error());
        }
        let length = (message.msg_namelen as usize).min(address.len());
        Ok(Message {
            returned: got as usize,
            address: address[..length].to_vec(),
            flags: message.msg_flags,
        })
    }
}

/// Whether a socket has anything that was sent to it and not received yet, `FIONREAD` of `tcp(7)`.
pub fn has_queued(fd: BorrowedFd<'_>) -> bool {
    let mut queued: c_int = 0;
    // SAFETY: the ioctl writes one int.
    unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &mut queued) == 0 && queued > 0 }
}

/// What lies in a socket's queue, and stays there: the messages in their order, or one piece of a stream, `room` bytes of each
/// at the most. Datagrams behind the first are looked at through `SO_PEEK_OFF`, `socket(7)`.
pub fn peek_queue(fd: BorrowedFd<'_>, stream: bool, room: usize, most: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut buffer = vec![0; room];
    let most = if stream || !set_peek_offset(fd, 0) {
        1
    } else {
        most
    };
    while all.len() < most
        && let Ok(got) = receive(fd, &mut buffer, libc::MSG_PEEK)
    {
        all.push(buffer[..got.returned.min(room)].to_vec());
        // A message without bytes does not move the offset.
        if got.returned == 0 {
            break;
        }
    }
    if most > 1 {
        set_peek_offset(fd, -1);
    }
    all
}

fn set_peek_offset(fd: BorrowedFd<'_>, offset: c_int) -> bool {
    // SAFETY: the buffer is an int and its length is passed.
    unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEEK_OFF,
            (&raw const offset).cast(),
            size_of::<c_int>() as libc::socklen_t,
        ) == 0
    }
}

/// Whether a descriptor never waits, `O_NONBLOCK`.
pub fn is_nonblocking(fd: BorrowedFd<'_>) -> bool {
    // SAFETY: numbers only.
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
    flags >= 0 && flags & libc::O_NONBLOCK != 0
}

/// Whether the next byte of a stream stands behind an urgent one, `sockatmark(3)`.
pub fn is_at_mark(fd: BorrowedFd<'_>) -> bool {
    const SIOCATMARK: libc::Ioctl = 0x8905;
    let mut at: c_int = 0;
    // SAFETY: the ioctl writes one int.
    unsafe { libc::ioctl(fd.as_raw_fd(), SIOCATMARK, &mut at) == 0 && at != 0 }
}

/// The process at the other end of a connected Unix socket when it was connected, `SO_PEERCRED` of `unix(7)`.
pub fn peer_process(fd: BorrowedFd<'_>) -> Option<Pid> {
    // SAFETY: an all-zero ucred is valid and its size is passed.
    unsafe {
        let mut peer: libc::ucred = std::mem::zeroed();
        let mut length = size_of::<libc::ucred>() as libc::socklen_t;
        let got = libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &mut length,
        );
        (got == 0 && peer.pid > 0).then_some(peer.pid)
    }
}

/// The raw address of a socket's own or other end, `getsockname(2)` and `getpeername(2)`.
pub fn socket_address(fd: BorrowedFd<'_>, other_end: bool) -> Result<Vec<u8>> {
    let mut buffer = [0u8; 128];
    let mut length = buffer.len() as libc::socklen_t;
    let call = if other_end {
        libc::getpeername
    } else {
        libc::getsockname
    };
    // SAFETY: the buffer has the size of sockaddr_storage and its length is passed; any alignment will do for bytes
    // that the kernel writes with copy_to_user.
    check_int(unsafe { call(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), &mut length) })?;
    Ok(buffer[..(length as usize).min(buffer.len())].to_vec())
}
