//! `peek_server` (Q5): one client on port 7100, with the three flags of recv(2) that say how to receive.
//!
//! How the contract is kept:
//! - A message is four digits, then so many bytes. The digits are looked at with `MSG_PEEK` (and `MSG_WAITALL`, so that all four have
//!   come), which leaves them there; then `MSG_WAITALL` takes digits and text together.
//! - `MSG_WAITALL` stops short where the client's side ends, and says so by its count; it also stops short of an urgent byte, recv(2),
//!   and then goes on behind it.
//! - An urgent byte makes poll(2) say `POLLPRI`. It is taken with `MSG_OOB` before anything that follows it, since reading past it
//!   loses it.
//! - Digits that are none, or fewer than four, are an error. A client that does not want its answers costs nothing but them.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, SockaddrIn, listen, setsockopt, socket,
    sockopt,
};

use crate::failure::Failure;
use crate::net;
use crate::stdio::{complain, say};

/// Where it serves.
const PORT: u16 = 7100;
/// How many digits say how long a text is.
const DIGITS: usize = 4;

pub(super) fn main(_argv: &[OsString]) -> Result<(), Failure> {
    let socket = net::retry(|| {
        socket(
            AddressFamily::Inet,
            SockType::Stream,
            SockFlag::empty(),
            None,
        )
    })
    .map_err(|e| Failure::perror("socket error", e))?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)
        .map_err(|e| Failure::perror("setsockopt error", e))?;
    let here = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT));
    net::bind(&socket, &here).map_err(|e| Failure::perror("bind error", e))?;
    let queue = Backlog::new(1).map_err(|e| Failure::perror("listen error", e))?;
    net::retry(|| listen(&socket, queue)).map_err(|e| Failure::perror("listen error", e))?;
    let listener = TcpListener::from(socket);
    let (client, _) =
        net::retry_io(|| listener.accept()).map_err(|e| Failure::perror("accept error", e))?;

    while message(&client)? {}
    say("end");
    Ok(())
}

/// The next message, or urgent bytes before it; `false`: the client's side has ended.
fn message(client: &TcpStream) -> Result<bool, Failure> {
    let mut digits = [0; DIGITS];
    take_urgent(client)?;
    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_WAITALL;
    let seen = receive(client, &mut digits, flags)?;
    if seen == 0 {
        return Ok(false);
    }
    let length: Option<usize> = digits[..seen]
        .iter()
        .try_fold(0, |n, digit| match digit {
            b'0'..=b'9' => Some(n * 10 + usize::from(digit - b'0')),
            _ => None,
        })
        .filter(|_| seen == DIGITS);
    let Some(length) = length else {
        let shown = String::from_utf8_lossy(&digits[..seen])
            .escape_debug()
            .to_string();
        return Err(Failure::because(
            "recv error",
            format!("no length: {shown}"),
        ));
    };
    let shown = String::from_utf8_lossy(&digits).into_owned();
    say(format!("peeked: {shown}"));

    let mut whole = vec![0; DIGITS + length];
    let mut got = 0;
    while got < whole.len() {
        let more = receive(client, &mut whole[got..], MsgFlags::MSG_WAITALL)?;
        if more == 0 {
            break;
        }
        got += more;
        if got < whole.len() && urgent_is_there(client, PollTimeout::ZERO)? {
            take_urgent(client)?;
        }
    }
    let text = &whole[DIGITS.min(got)..got];
    let count = format!("{} of {length}", text.len());
    let head = format!("message: {count} bytes: ");
    say([head.as_bytes(), text].concat());
    answer(client, &format!("{count}\n"));
    Ok(true)
}

/// Waits until there is something to receive, and takes what is urgent.
fn take_urgent(client: &TcpStream) -> Result<(), Failure> {
    while urgent_is_there(client, PollTimeout::NONE)? {
        let mut byte = [0];
        receive(client, &mut byte, MsgFlags::MSG_OOB)?;
        say([b"urgent: ", &byte[..]].concat());
        answer(client, "urgent\n");
    }
    Ok(())
}

/// Whether an urgent byte waits to be taken, among what comes within this time.
fn urgent_is_there(client: &TcpStream, within: PollTimeout) -> Result<bool, Failure> {
    let mut fds = [PollFd::new(
        client.as_fd(),
        PollFlags::POLLIN | PollFlags::POLLPRI,
    )];
    net::retry(|| poll(&mut fds, within)).map_err(|e| Failure::perror("poll error", e))?;
    let events = fds[0].revents().unwrap_or(PollFlags::empty());
    Ok(events.contains(PollFlags::POLLPRI))
}

fn receive(client: &TcpStream, buffer: &mut [u8], flags: MsgFlags) -> Result<usize, Failure> {
    net::receive_with(client, buffer, flags).map_err(|e| Failure::perror("recv error", e))
}

fn answer(client: &TcpStream, text: &str) {
    if let Err(e) = net::send_all(client, text.as_bytes()) {
        complain(Failure::perror("send error", e));
    }
}
