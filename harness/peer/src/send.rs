//! Sending: one call for each piece, and a short send is continued.

use std::os::fd::RawFd;

use ipclab_spec::{Data, PeerEndpoint, PeerSocket};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, send, sendto};

use super::bytes;
use super::place::{Place, message_name};
use super::step_error::{StepError, said, uninterrupted};
use super::{Peer, sockets::Socket};

/// What one call of a flood sends on a stream.
const FLOOD_PIECE: u64 = 64 << 10;

/// What one call of a flood sends where a call is a message: any network takes it whole.
const FLOOD_MESSAGE: u64 = 1024;

/// Where to, and how.
struct How {
    /// `None`: to where the socket is connected.
    to: Option<Place>,
    flags: MsgFlags,
}

impl Peer {
    /// `send 'hal'`, `send 100 bytes to udp:7000`, `send 'abc' byte by byte`, `send '!' oob`: send(2) or sendto(2).
    ///
    /// After each piece the peer waits until all other actors wait: then the other side has taken it, and the next piece
    /// cannot join it in one `recv`.
    pub(super) fn send(
        &mut self,
        data: &Data,
        to: Option<&PeerEndpoint>,
        pieces: Option<u32>,
        oob: bool,
    ) -> Result<(), StepError> {
        let data = bytes::of(data)?;
        let Self {
            control, sockets, ..
        } = self;
        let Some(socket) = sockets.current()? else {
            return Ok(());
        };
        if oob && socket.kind != PeerSocket::Tcp {
            return Err(StepError::Step(format!(
                "only TCP has urgent data, and the open socket is {}",
                socket.kind
            )));
        }
        let how = How {
            to: to.map(|to| destination(socket, to)).transpose()?,
            flags: if oob {
                MsgFlags::MSG_OOB | MsgFlags::MSG_NOSIGNAL
            } else {
                MsgFlags::MSG_NOSIGNAL
            },
        };
        let Some(size) = pieces else {
            return send_whole(socket, &data, &how, 0, data.len());
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        for (nth, piece) in data.chunks(size).enumerate() {
            send_whole(socket, piece, &how, nth * size, data.len())?;
            control.quiet()?;
        }
        Ok(())
    }

    /// `flood 1000000 bytes`: so much, without ever reading. How much of it the other side takes before it closes is the
    /// other side's business: its closing is no complaint, and ends the flood.
    pub(super) fn flood(&mut self, count: u64) -> Result<(), StepError> {
        let Some(socket) = self.sockets.current()? else {
            return Ok(());
        };
        if !socket.is_connected() {
            return Err(StepError::Step(
                "the open socket is not connected".to_owned(),
            ));
        }
        let size = match message_name(socket.kind) {
            None => FLOOD_PIECE,
            Some(_) => FLOOD_MESSAGE,
        };
        let piece = bytes::letters(size)?;
        let mut left = count;
        while left > 0 {
            let now = &piece[..left.min(size) as usize];
            match uninterrupted(|| send(socket.number(), now, MsgFlags::MSG_NOSIGNAL)) {
                Ok(sent) => left -= sent as u64,
                Err(Errno::EPIPE | Errno::ECONNRESET) => {
                    socket.spend();
                    return Ok(());
                }
                Err(errno) => {
                    socket.spend();
                    return Err(StepError::Step(after(count - left, count, "send", errno)));
                }
            }
        }
        Ok(())
    }
}

impl Peer {
    /// `fill 64000000 bytes`: without ever waiting, until nothing fits any more although all actors have come to rest, or so
    /// much has gone. How much room there is, is the kernel's and the other side's business.
    pub(super) fn fill(&mut self, count: u64) -> Result<(), StepError> {
        let Self {
            control, sockets, ..
        } = self;
        let Some(socket) = sockets.current()? else {
            return Ok(());
        };
        if !socket.is_connected() {
            return Err(StepError::Step(
                "the open socket is not connected".to_owned(),
            ));
        }
        let piece = bytes::letters(FLOOD_PIECE)?;
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        let mut left = count;
        let mut rested = false;
        while left > 0 {
            let now = &piece[..left.min(FLOOD_PIECE) as usize];
            match uninterrupted(|| send(socket.number(), now, flags)) {
                Ok(sent) => {
                    left -= sent as u64;
                    rested = false;
                }
                Err(Errno::EAGAIN) if rested => return Ok(()),
                Err(Errno::EAGAIN) => {
                    control.quiet()?;
                    rested = true;
                }
                Err(Errno::EPIPE | Errno::ECONNRESET) => {
                    socket.spend();
                    return Ok(());
                }
                Err(errno) => {
                    socket.spend();
                    return Err(StepError::Step(after(count - left, count, "send", errno)));
                }
            }
        }
        Ok(())
    }
}

/// Where a step sends to, when the open socket can send there.
fn destination(socket: &mut Socket, to: &PeerEndpoint) -> Result<Place, StepError> {
    if socket.kind != to.socket {
        return Err(StepError::Step(format!(
            "the open socket is {}, not {}",
            socket.kind, to.socket
        )));
    }
    if message_name(socket.kind) != Some("datagram") {
        return Err(StepError::Step(format!(
            "a {} socket sends to where it is connected",
            socket.kind
        )));
    }
    let place = Place::of(to)?;
    socket.suit(place.family())?;
    Ok(place)
}

/// Sends a piece, which stands behind `before` bytes of `all`.
fn send_whole(
    socket: &mut Socket,
    piece: &[u8],
    how: &How,
    before: usize,
    all: usize,
) -> Result<(), StepError> {
    let mut sent = 0;
    loop {
        let rest = &piece[sent..];
        let (name, done) = match &how.to {
            None => ("send", send_now(socket.number(), rest, how.flags)),
            Some(to) => ("sendto", send_there(socket.number(), rest, to, how.flags)),
        };
        match done {
            Ok(more) => sent += more,
            Err(errno) => {
                socket.spend();
                let gone = (before + sent) as u64;
                return Err(StepError::Step(after(gone, all as u64, name, errno)));
            }
        }
        // Asked after the call: an empty message is sent too.
        if sent >= piece.len() {
            return Ok(());
        }
    }
}

fn send_now(fd: RawFd, bytes: &[u8], flags: MsgFlags) -> nix::Result<usize> {
    uninterrupted(|| send(fd, bytes, flags))
}

fn send_there(fd: RawFd, bytes: &[u8], to: &Place, flags: MsgFlags) -> nix::Result<usize> {
    uninterrupted(|| sendto(fd, bytes, to.address(), flags))
}

/// `after 5 of 100 bytes send() failed: broken pipe (nobody can receive it any more)`
fn after(sent: u64, all: u64, name: &str, errno: Errno) -> String {
    let why = said(name, errno);
    match sent {
        0 => why,
        sent => format!("after {sent} of {} {why}", bytes::count(all)),
    }
}
