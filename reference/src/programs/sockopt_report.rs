//! `sockopt_report [BYTES]` (Q11): what getsockopt(2) tells of sockets, before and after setsockopt(2).
//!
//! How the contract is kept:
//! - Each option is asked once before it is set and once after, in the order of the lines, so that what is printed is what
//!   the kernel said then: it doubles the buffers that it is asked for, and has bounds of its own for them.
//! - The pending error of a connection that is refused while no call waits for it is asked twice: the first time tells it and
//!   takes it away.
//! - BYTES is a number from 1 up; 10000 where it is left out.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, GetSockOpt, SetSockOpt, SockFlag, SockType, SockaddrIn, connect, getsockopt,
    setsockopt, socket, sockopt,
};

use super::shm_create::number;
use super::usage::usage;
use crate::failure::{Failure, strerror};
use crate::net;
use crate::stdio::say;

/// How large the buffers are asked to be.
const BYTES: usize = 10_000;
/// A port on which no process listens.
const PORT: u16 = 9009;
/// How long a closing socket lingers, in seconds.
const LINGER_S: libc::c_int = 5;

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let bytes = match argv {
        [_] => Some(BYTES),
        // What does not fit into an int would be another number to the kernel.
        [_, bytes] => number(bytes).filter(|bytes| (1..=i32::MAX as usize).contains(bytes)),
        _ => None,
    };
    let bytes = bytes.ok_or_else(|| usage(argv, "sockopt_report", "[BYTES]"))?;
    let stream = open(SockType::Stream, SockFlag::empty())?;
    let datagram = open(SockType::Datagram, SockFlag::empty())?;
    say(format!(
        "stream SO_TYPE: {}",
        get(&stream, sockopt::SockType)? as i32
    ));
    say(format!(
        "datagram SO_TYPE: {}",
        get(&datagram, sockopt::SockType)? as i32
    ));
    switch(&stream, "SO_REUSEADDR", sockopt::ReuseAddr)?;
    switch(&stream, "SO_KEEPALIVE", sockopt::KeepAlive)?;
    switch(&datagram, "SO_BROADCAST", sockopt::Broadcast)?;
    linger(&stream)?;
    buffer(&stream, "SO_RCVBUF", sockopt::RcvBuf, bytes)?;
    buffer(&stream, "SO_SNDBUF", sockopt::SndBuf, bytes)?;
    pending_error()
}

fn open(kind: SockType, flags: SockFlag) -> Result<OwnedFd, Failure> {
    net::retry(|| socket(AddressFamily::Inet, kind, flags, None))
        .map_err(|e| Failure::perror("socket", e))
}

fn get<O: GetSockOpt>(socket: &OwnedFd, option: O) -> Result<O::Val, Failure> {
    getsockopt(socket, option).map_err(|e| Failure::perror("getsockopt", e))
}

fn set<O: SetSockOpt>(socket: &OwnedFd, option: O, value: &O::Val) -> Result<(), Failure> {
    setsockopt(socket, option, value).map_err(|e| Failure::perror("setsockopt", e))
}

/// An option that is on or off.
fn switch<O>(socket: &OwnedFd, name: &str, option: O) -> Result<(), Failure>
where
    O: GetSockOpt<Val = bool> + SetSockOpt<Val = bool> + Copy,
{
    say(format!(
        "{name} before: {}",
        i32::from(get(socket, option)?)
    ));
    set(socket, option, &true)?;
    say(format!("{name} after: {}", i32::from(get(socket, option)?)));
    Ok(())
}

/// The size of a buffer, in bytes.
fn buffer<O>(socket: &OwnedFd, name: &str, option: O, bytes: usize) -> Result<(), Failure>
where
    O: GetSockOpt<Val = usize> + SetSockOpt<Val = usize> + Copy,
{
    say(format!("{name} before: {}", get(socket, option)?));
    say(format!("{name} asked: {bytes}"));
    set(socket, option, &bytes)?;
    say(format!("{name} after: {}", get(socket, option)?));
    Ok(())
}

fn linger(socket: &OwnedFd) -> Result<(), Failure> {
    let shown = |linger: libc::linger| format!("{} {}", linger.l_onoff, linger.l_linger);
    say(format!(
        "SO_LINGER before: {}",
        shown(get(socket, sockopt::Linger)?)
    ));
    let on = libc::linger {
        l_onoff: 1,
        l_linger: LINGER_S,
    };
    set(socket, sockopt::Linger, &on)?;
    say(format!(
        "SO_LINGER after: {}",
        shown(get(socket, sockopt::Linger)?)
    ));
    Ok(())
}

/// Connects without waiting, waits until that has come to an end, and asks twice how.
fn pending_error() -> Result<(), Failure> {
    let socket = open(SockType::Stream, SockFlag::SOCK_NONBLOCK)?;
    let nobody = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, PORT));
    match net::retry(|| connect(socket.as_raw_fd(), &nobody)) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => {}
        Err(error) => return Err(Failure::perror("connect", error)),
    }
    let mut wait = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
    net::retry(|| poll(&mut wait, PollTimeout::NONE)).map_err(|e| Failure::perror("poll", e))?;
    let error = get(&socket, sockopt::SocketError)?;
    let why = match error {
        0 => "no error".to_owned(),
        number => strerror(&io::Error::from_raw_os_error(number)),
    };
    say(format!("SO_ERROR: {error} ({why})"));
    say(format!(
        "SO_ERROR again: {}",
        get(&socket, sockopt::SocketError)?
    ));
    Ok(())
}
