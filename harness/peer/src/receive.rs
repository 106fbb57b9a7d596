//! Receiving, and what is said when something else came.
//!
//! On a stream no more is taken than the step wants, so that the rest is there for the next step. On datagram and
//! seqpacket sockets a step takes one message.

use std::os::fd::RawFd;

use ipclab_spec::Wanted;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use super::Peer;
use super::bytes::{self, SHOWN_MAX, count, difference, differs, quoted};
use super::control::Control;
use super::place::message_name;
use super::sockets::Socket;
use super::step_error::{StepError, failed, said, uninterrupted};

/// Room for one call: more than a message of UDP, or of a Unix socket with the kernel's own settings, can be.
const RECEIVE_BUFFER_BYTES: usize = 256 << 10;

/// How receiving came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The other side may still send.
    Open,
    /// End of file.
    Closed,
    /// A call failed.
    Failed(Errno),
}

/// What came in.
#[derive(Debug)]
struct Received {
    /// The beginning of it, as much as a message shows.
    head: Vec<u8>,
    /// How many bytes.
    all: u64,
    /// Where it is not what was wanted: at this byte (from 0) this came, and that was wanted.
    parted: Option<(u64, u8, u8)>,
    end: End,
}

impl Peer {
    /// `recv 'hal'`, `recv 49 bytes`, `recv until EOF`, `recv EOF`, `recv any`: recv(2).
    pub(super) fn recv(&mut self, wanted: &Wanted) -> Result<(), StepError> {
        let data = match wanted {
            Wanted::Data(data) => Some(bytes::of(data)?),
            Wanted::Bytes(_) | Wanted::UntilEof | Wanted::Any | Wanted::Eof => None,
        };
        let data = data.as_deref();
        let Self {
            control, sockets, ..
        } = self;
        let Some(socket) = sockets.current()? else {
            return Ok(());
        };
        let size = match wanted {
            Wanted::UntilEof | Wanted::Eof if message_name(socket.kind) == Some("datagram") => {
                return Err(StepError::Step(format!(
                    "a {} socket has no end of file",
                    socket.kind
                )));
            }
            Wanted::UntilEof => return until_eof(socket),
            Wanted::Eof => return eof(control, socket),
            Wanted::Any => return any(socket),
            Wanted::Data(_) => data.map_or(0, <[u8]>::len) as u64,
            Wanted::Bytes(size) => *size,
        };
        match message_name(socket.kind) {
            Some(name) => message(socket, name, size, data),
            None => stream(control, socket, size, data),
        }
    }
}

/// So many bytes of a stream, and these when `data` is given.
fn stream(
    control: &Control,
    socket: &mut Socket,
    size: u64,
    data: Option<&[u8]>,
) -> Result<(), StepError> {
    let mut taken = Received::nothing();
    taken.fill(socket.number(), size, data, MsgFlags::empty());
    if taken.parted.is_some() {
        // How much of a wrong answer one recv gives is chance. What is there once all actors rest is not.
        at_rest(control)?;
        taken.fill(socket.number(), size, None, MsgFlags::MSG_DONTWAIT);
    }
    let got = taken.said();
    if taken.end != End::Open {
        socket.spend();
    }
    let ended = taken.ended();
    Err(StepError::Step(match (taken.parted, ended) {
        (None, None) => return Ok(()),
        (None, Some(ended)) if taken.all == 0 => match taken.end {
            End::Closed | End::Failed(Errno::ECONNRESET) => format!("got nothing: {ended}"),
            End::Open | End::Failed(_) => ended,
        },
        (None, Some(ended)) => format!("got {got}, then {ended}"),
        (Some((at, got_byte, wanted)), None) => {
            format!("got {got}: {}", differs(at, got_byte, wanted))
        }
        (Some((at, got_byte, wanted)), Some(ended)) => {
            format!("got {got}, then {ended}: {}", differs(at, got_byte, wanted))
        }
    }))
}

/// One message of so many bytes, and these when `data` is given.
fn message(
    socket: &mut Socket,
    name: &str,
    size: u64,
    data: Option<&[u8]>,
) -> Result<(), StepError> {
    let mut room = vec![0; RECEIVE_BUFFER_BYTES];
    // MSG_TRUNC: the message's own length, even where it is longer than the room.
    let got = match receive(socket.number(), &mut room, MsgFlags::MSG_TRUNC) {
        Ok(got) => got,
        Err(errno) => {
            socket.spend();
            return Err(failed("recv", errno));
        }
    };
    if got == 0 && size > 0 && name == "record" {
        socket.spend();
        return Err(StepError::Step(
            "got nothing: the connection was closed".to_owned(),
        ));
    }
    let head = &room[..got.min(RECEIVE_BUFFER_BYTES)];
    let parted = data.and_then(|data| difference(head, data));
    let got = got as u64;
    let why = match parted {
        Some((at, byte, wanted)) => format!(": {}", differs(at as u64, byte, wanted)),
        None if got < size => format!(", {} too few", count(size - got)),
        None if got > size => format!(", {} too many", count(got - size)),
        None => return Ok(()),
    };
    let message = quoted(head, got);
    Err(StepError::Step(format!(
        "got a {name} of {} {message}{why}",
        count(got)
    )))
}

/// Everything up to the other side's closing.
fn until_eof(socket: &mut Socket) -> Result<(), StepError> {
    let mut taken = Received::nothing();
    while taken.end == End::Open {
        taken.once(socket.number(), RECEIVE_BUFFER_BYTES, MsgFlags::empty());
    }
    if taken.end == End::Closed {
        return Ok(());
    }
    socket.spend();
    let ended = taken.ended().unwrap_or_default();
    Err(StepError::Step(match taken.all {
        0 => ended,
        _ => format!("got {}, then {ended}", taken.said()),
    }))
}

/// End of file, and nothing before it.
fn eof(control: &Control, socket: &mut Socket) -> Result<(), StepError> {
    let mut taken = Received::nothing();
    taken.once(socket.number(), RECEIVE_BUFFER_BYTES, MsgFlags::empty());
    if taken.end == End::Open {
        at_rest(control)?;
        while taken.end == End::Open {
            taken.once(
                socket.number(),
                RECEIVE_BUFFER_BYTES,
                MsgFlags::MSG_DONTWAIT,
            );
        }
    }
    let got = taken.said();
    Err(StepError::Step(match taken.end {
        End::Closed if taken.all == 0 => return Ok(()),
        End::Closed => format!("got {got} before it"),
        End::Failed(Errno::EAGAIN) => format!("got {got}, and no end of file"),
        End::Failed(_) | End::Open => {
            socket.spend();
            let ended = taken.ended().unwrap_or_default();
            match taken.all {
                0 => ended,
                _ => format!("got {got}, then {ended}"),
            }
        }
    }))
}

/// One call, whatever it gives: bytes or end of file.
fn any(socket: &mut Socket) -> Result<(), StepError> {
    match receive(
        socket.number(),
        &mut vec![0; RECEIVE_BUFFER_BYTES],
        MsgFlags::empty(),
    ) {
        Ok(_) => Ok(()),
        Err(errno) => {
            socket.spend();
            Err(failed("recv", errno))
        }
    }
}

/// Waits until all other actors wait, or never will.
fn at_rest(control: &Control) -> Result<(), StepError> {
    match control.quiet() {
        Ok(()) | Err(StepError::Step(_) | StepError::Never(_)) => Ok(()),
        Err(step_error @ StepError::Line(_)) => Err(step_error),
    }
}

fn receive(fd: RawFd, room: &mut [u8], flags: MsgFlags) -> nix::Result<usize> {
    uninterrupted(|| recv(fd, room, flags))
}

impl Received {
    fn nothing() -> Self {
        Self {
            head: Vec::new(),
            all: 0,
            parted: None,
            end: End::Open,
        }
    }

    /// One call for at most so many bytes; gives what it brought.
    fn once(&mut self, fd: RawFd, most: usize, flags: MsgFlags) -> Vec<u8> {
        let mut room = vec![0; most.min(RECEIVE_BUFFER_BYTES)];
        let got = match receive(fd, &mut room, flags) {
            Ok(0) => {
                self.end = End::Closed;
                0
            }
            Ok(got) => got,
            Err(errno) => {
                self.end = End::Failed(errno);
                0
            }
        };
        room.truncate(got);
        // One byte more than is shown, so that it is seen that there is more.
        let free = SHOWN_MAX + 1 - self.head.len();
        self.head.extend(room.iter().take(free));
        self.all += got as u64;
        room
    }

    /// Up to `size` bytes in all; stops where they part from `data`.
    fn fill(&mut self, fd: RawFd, size: u64, data: Option<&[u8]>, flags: MsgFlags) {
        while self.all < size && self.end == End::Open {
            let before = self.all;
            let most = usize::try_from(size - before).unwrap_or(RECEIVE_BUFFER_BYTES);
            let came = self.once(fd, most, flags);
            let wanted = data.and_then(|data| data.get(usize::try_from(before).ok()?..));
            if let Some((at, got, wanted)) = wanted.and_then(|wanted| difference(&came, wanted)) {
                self.parted = Some((before + at as u64, got, wanted));
                return;
            }
        }
        if self.end == End::Failed(Errno::EAGAIN) {
            // There is no more at the moment, which was the question.
            self.end = End::Open;
        }
    }

    /// `2 bytes "ha"`
    fn said(&self) -> String {
        format!("{} {}", count(self.all), quoted(&self.head, self.all))
    }

    /// `the connection was closed`, when it is over.
    fn ended(&self) -> Option<String> {
        match self.end {
            End::Open => None,
            End::Closed => Some("the connection was closed".to_owned()),
            End::Failed(Errno::ECONNRESET) => Some("the connection was reset".to_owned()),
            End::Failed(errno) => Some(said("recv", errno)),
        }
    }
}
