//! A crowd: one process, one listening socket, many clients, each of whom gets back what it sends.
//!
//! What `select_server` and `poll_server` (Q11) share. Those two wait; which descriptors they wait
//! for, and what is done when one is ready, is here. Nothing here waits:
//! - What a client sends is sent back at once, as much as fits. The rest is kept, at most one piece of it, and until it has gone
//!   that client is not read any more: a client that never reads its echo stalls itself, and takes no memory.
//! - A client that has shut down its side gets the rest of its echo, then its connection is closed.
//! - A client that resets is complained about on stderr, and it alone is dropped.
//! - A connection that was aborted in the queue (`ECONNABORTED`) is no client. One for which there is no descriptor left
//!   is taken by a spare one and closed: left in the queue it would make every wait return at once.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, listen, setsockopt, socket, sockopt,
};

use crate::failure::Failure;
use crate::net;
use crate::stdio::{complain, say};

/// How many connections may wait to be taken.
const BACKLOG: i32 = 128;
/// Most of one recv, and so of what is kept for one client.
const PIECE: usize = 16 << 10;

/// The listening socket and all connected clients.
pub(crate) struct Crowd {
    listener: TcpListener,
    clients: Vec<Client>,
    /// A descriptor in reserve.
    spare: Option<File>,
    /// Descriptors from this number on cannot be waited for.
    below: Option<RawFd>,
}

struct Client {
    stream: TcpStream,
    /// What is still to be sent back.
    rest: Vec<u8>,
    /// It sends no more.
    done: bool,
}

/// What is to be waited for on a descriptor.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Crowd {
    /// Serves PORT, which is the one argument, on every IPv4 address. `below`: see [`Crowd`].
    pub(crate) fn open(port: u16, below: Option<RawFd>) -> Result<Self, Failure> {
        let socket = net::retry(|| {
            socket(
                AddressFamily::Inet,
                SockType::Stream,
                SockFlag::empty(),
                None,
            )
        })
        .map_err(|e| Failure::perror("socket", e))?;
        setsockopt(&socket, sockopt::ReuseAddr, &true)
            .map_err(|e| Failure::perror("setsockopt", e))?;
        let everywhere = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port));
        net::bind(&socket, &everywhere).map_err(|e| Failure::perror("bind", e))?;
        let backlog = Backlog::new(BACKLOG).map_err(|e| Failure::perror("listen", e))?;
        net::retry(|| listen(&socket, backlog)).map_err(|e| Failure::perror("listen", e))?;
        let listener = TcpListener::from(socket);
        listener
            .set_nonblocking(true)
            .map_err(|e| Failure::perror("fcntl", e))?;
        say(format!("listening on port {port}"));
        Ok(Self {
            listener,
            clients: Vec::new(),
            spare: File::open("/dev/null").ok(),
            below,
        })
    }

    /// The listening socket first, then each client.
    pub(crate) fn wishes(&self) -> impl Iterator<Item = Wish<'_>> {
        let listener = Wish {
            fd: self.listener.as_fd(),
            read: true,
            write: false,
        };
        let clients = self.clients.iter().map(|client| Wish {
            fd: client.stream.as_fd(),
            read: client.rest.is_empty(),
            write: !client.rest.is_empty(),
        });
        std::iter::once(listener).chain(clients)
    }

    /// Does what has become possible: whether each wish has come true, in the order of [`Crowd::wishes`].
    pub(crate) fn serve(&mut self, ready: &[bool]) -> Result<(), Failure> {
        let mut of_clients = ready.iter().skip(1);
        // Clients that connected since the last wait have not been waited for yet.
        self.clients.retain_mut(|client| match of_clients.next() {
            Some(true) => client.serve().unwrap_or_else(|failure| {
                complain(failure);
                false
            }),
            Some(false) | None => true,
        });
        if ready.first() == Some(&true) {
            self.accept()?;
        }
        Ok(())
    }

    fn accept(&mut self) -> Result<(), Failure> {
        let stream = match net::retry_io(|| self.listener.accept()) {
            Ok((stream, _)) => stream,
            Err(error) => {
                return match error.raw_os_error() {
                    Some(libc::EAGAIN | libc::ECONNABORTED) => Ok(()),
                    Some(libc::EMFILE | libc::ENFILE) => {
                        complain(Failure::perror("accept", error));
                        self.spare = None;
                        drop(net::retry_io(|| self.listener.accept()));
                        self.spare = File::open("/dev/null").ok();
                        Ok(())
                    }
                    _ => Err(Failure::perror("accept", error)),
                };
            }
        };
        if self.below.is_some_and(|below| stream.as_raw_fd() >= below) {
            complain(Failure::because("accept", "no more clients fit"));
            return Ok(());
        }
        match stream.set_nonblocking(true) {
            Ok(()) => self.clients.push(Client {
                stream,
                rest: Vec::new(),
                done: false,
            }),
            Err(error) => complain(Failure::perror("fcntl", error)),
        }
        Ok(())
    }
}

impl Client {
    /// Sends what is left, or receives and sends back; tells whether the client stays.
    fn serve(&mut self) -> Result<bool, Failure> {
        if self.rest.is_empty() && !self.done {
            let mut piece = vec![0; PIECE];
            match net::receive(&self.stream, &mut piece) {
                Ok(0) => self.done = true,
                Ok(length) => {
                    piece.truncate(length);
                    self.rest = piece;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Failure::perror("recv", error)),
            }
        }
        while !self.rest.is_empty() {
            match net::send_now(&self.stream, &self.rest) {
                Ok(0) => break,
                Ok(sent) => drop(self.rest.drain(..sent)),
                Err(error) => return Err(Failure::perror("send", error)),
            }
        }
        Ok(!(self.done && self.rest.is_empty()))
    }
}
