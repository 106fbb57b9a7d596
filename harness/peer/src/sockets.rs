//! The sockets that a peer has open, the last one on top.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;

use ipclab_spec::{PeerEndpoint, PeerSocket, Shutdown};
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::sockopt::{Linger, ReuseAddr};
use nix::sys::socket::{self as call, AddressFamily, Backlog, SockFlag, setsockopt, socket};

use super::place::{Place, sock_type, usual_family};
use super::step_error::{StepError, failed, said};

/// How many connections may wait to be accepted: more than a case has actors.
const BACKLOG: i32 = 128;

/// What has become of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Made, and nothing else.
    Free,
    /// Bound to this.
    Bound(PeerEndpoint),
    /// Takes connections.
    Listening,
    /// Has another end.
    Connected,
    /// A call failed, or it ended too early: nothing more is done with it.
    Spent,
}

/// An open socket.
#[derive(Debug)]
pub(super) struct Socket {
    fd: OwnedFd,
    /// Which type it is of.
    pub(super) kind: PeerSocket,
    family: AddressFamily,
    stage: Stage,
    /// The file that binding it made.
    file: Option<String>,
}

impl Socket {
    fn new(kind: PeerSocket, family: AddressFamily) -> Result<Self, StepError> {
        match socket(family, sock_type(kind), SockFlag::SOCK_CLOEXEC, None) {
            Ok(fd) => Ok(Self {
                fd,
                kind,
                family,
                stage: Stage::Free,
                file: None,
            }),
            // A machine without IPv6, for example: nothing in the script can be done as it was meant.
            Err(errno) => Err(StepError::Never(said("socket", errno))),
        }
    }

    /// The descriptor's number, for nix's calls.
    pub(super) fn number(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Whether nothing more is to be done with it.
    pub(super) fn is_spent(&self) -> bool {
        self.stage == Stage::Spent
    }

    /// Whether it has another end.
    pub(super) fn is_connected(&self) -> bool {
        self.stage == Stage::Connected
    }

    /// Notes that nothing more is to be done with it.
    pub(super) fn spend(&mut self) {
        self.stage = Stage::Spent;
    }

    /// Makes a socket that is not bound or connected yet one of this family: `open udp` does not say which.
    pub(super) fn suit(&mut self, family: AddressFamily) -> Result<(), StepError> {
        if self.stage == Stage::Free && self.family != family {
            *self = Self::new(self.kind, family)?;
        }
        Ok(())
    }

    /// Makes a call of the script's; when it fails, the socket is spent.
    fn call<T>(&mut self, name: &str, call: nix::Result<T>) -> Result<T, StepError> {
        call.map_err(|errno| {
            self.spend();
            failed(name, errno)
        })
    }

    fn bind(&mut self, named: &PeerEndpoint, place: &Place) -> Result<(), StepError> {
        let bound = call::bind(self.number(), place.address());
        self.call("bind", bound)?;
        self.stage = Stage::Bound(named.clone());
        self.file.clone_from(&named.path);
        Ok(())
    }

    /// Closes it and removes its file.
    fn close(self) -> Result<(), StepError> {
        drop(self.fd);
        match self.file.map(fs::remove_file) {
            None | Some(Ok(())) => Ok(()),
            // Another process that removed it before us did what we would have done.
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Some(Err(error)) => Err(failed("unlink", errno_of(&error))),
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Sockets(Vec<Socket>);

impl Sockets {
    /// Whether none is open.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Brings the one that was opened first to the top.
    pub(super) fn turn(&mut self) {
        if !self.0.is_empty() {
            self.0.rotate_left(1);
        }
    }

    /// The one that a step means, `None` when nothing more is to be done with it.
    pub(super) fn current(&mut self) -> Result<Option<&mut Socket>, StepError> {
        match self.0.last_mut() {
            None => Err(StepError::Step("no socket is open".to_owned())),
            Some(socket) if socket.is_spent() => Ok(None),
            Some(socket) if socket.stage == Stage::Listening => Err(StepError::Step(
                "the open socket only listens: no connection has been accepted".to_owned(),
            )),
            Some(socket) => Ok(Some(socket)),
        }
    }

    /// `open udp`
    pub(super) fn open(&mut self, kind: PeerSocket) -> Result<(), StepError> {
        self.0.push(Socket::new(kind, usual_family(kind))?);
        Ok(())
    }

    /// `bind udp:7001`: socket(2) where none is free, bind(2).
    pub(super) fn bind(&mut self, named: &PeerEndpoint) -> Result<(), StepError> {
        let place = Place::of(named)?;
        self.at_hand(named, &place, |stage| *stage == Stage::Free)?
            .bind(named, &place)
    }

    /// `connect tcp:12345`: socket(2) where none is free, connect(2) once.
    pub(super) fn connect(&mut self, named: &PeerEndpoint) -> Result<(), StepError> {
        let place = Place::of(named)?;
        let socket = self.at_hand(named, &place, |stage| {
            matches!(stage, Stage::Free | Stage::Bound(_))
        })?;
        let connected = call::connect(socket.number(), place.address());
        socket.call("connect", connected)?;
        socket.stage = Stage::Connected;
        Ok(())
    }

    /// `listen tcp:12345`: socket(2) and bind(2) where that is not done yet, listen(2).
    pub(super) fn listen(&mut self, named: &PeerEndpoint) -> Result<(), StepError> {
        let place = Place::of(named)?;
        let wanted = Stage::Bound(named.clone());
        let socket = self.at_hand(named, &place, |stage| {
            *stage == Stage::Free || *stage == wanted
        })?;
        if socket.stage == Stage::Free {
            if socket.kind == PeerSocket::Tcp {
                // Connections of an earlier actor in TIME_WAIT are not to be in a listener's way. `bind` leaves the option
                // off, so that a port which is only taken is taken for all processes.
                let set = setsockopt(&socket.fd, ReuseAddr, &true);
                socket.call("setsockopt", set)?;
            }
            socket.bind(named, &place)?;
        }
        let listening = Backlog::new(BACKLOG).and_then(|most| call::listen(&socket.fd, most));
        socket.call("listen", listening)?;
        socket.stage = Stage::Listening;
        Ok(())
    }

    /// `accept`: accept(2) on the last socket that listens.
    pub(super) fn accept(&mut self) -> Result<(), StepError> {
        let listening = |socket: &Socket| socket.stage == Stage::Listening;
        let Some(at) = self.0.iter().rposition(listening) else {
            return match self.0.last() {
                Some(socket) if socket.is_spent() => Ok(()),
                _ => Err(StepError::Step("no socket listens".to_owned())),
            };
        };
        let listener = self.0.remove(at);
        let (fd, accepted) = accept(listener.fd, listener.family);
        let mut listener = Socket { fd, ..listener };
        let accepted = match accepted {
            Ok(fd) => Ok(Socket {
                fd,
                kind: listener.kind,
                family: listener.family,
                stage: Stage::Connected,
                file: None,
            }),
            Err(error) => listener.call("accept", Err(errno_of(&error))),
        };
        self.0.insert(at, listener);
        self.0.push(accepted?);
        Ok(())
    }

    /// `shutdown write`
    pub(super) fn shutdown(&mut self, way: Shutdown) -> Result<(), StepError> {
        let Some(socket) = self.current()? else {
            return Ok(());
        };
        let way = match way {
            Shutdown::Read => call::Shutdown::Read,
            Shutdown::Write => call::Shutdown::Write,
            Shutdown::Both => call::Shutdown::Both,
        };
        let done = call::shutdown(socket.number(), way);
        socket.call("shutdown", done)
    }

    /// `reset`: close(2) with `SO_LINGER` at zero, so that TCP sends a RST in place of a FIN.
    pub(super) fn reset(&mut self) -> Result<(), StepError> {
        let Some(socket) = self.current()? else {
            return self.close();
        };
        if socket.kind != PeerSocket::Tcp || !socket.is_connected() {
            return Err(StepError::Step(format!(
                "only a tcp connection can be reset, and the open {} socket is none",
                socket.kind
            )));
        }
        let at_once = libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        let set = setsockopt(&socket.fd, Linger, &at_once);
        socket.call("setsockopt", set)?;
        self.close()
    }

    /// `close`
    pub(super) fn close(&mut self) -> Result<(), StepError> {
        match self.0.pop() {
            Some(socket) => socket.close(),
            None => Err(StepError::Step("no socket is open".to_owned())),
        }
    }

    /// The socket on top when it is of the right kind and at a stage that will do, else a new one.
    fn at_hand(
        &mut self,
        named: &PeerEndpoint,
        place: &Place,
        will_do: impl Fn(&Stage) -> bool,
    ) -> Result<&mut Socket, StepError> {
        let top = self.0.pop_if(|top| {
            top.kind == named.socket
                && will_do(&top.stage)
                && (top.stage == Stage::Free || top.family == place.family())
        });
        let socket = match top {
            Some(mut socket) => {
                socket.suit(place.family())?;
                socket
            }
            None => Socket::new(named.socket, place.family())?,
        };
        self.0.push(socket);
        let top = self.0.len() - 1;
        Ok(&mut self.0[top])
    }
}

/// accept(2) through the standard library, whose descriptors have an owner; gives the listener back.
fn accept(listener: OwnedFd, family: AddressFamily) -> (OwnedFd, io::Result<OwnedFd>) {
    if family == AddressFamily::Unix {
        let listener = UnixListener::from(listener);
        let accepted = listener.accept().map(|(stream, _)| stream.into());
        (listener.into(), accepted)
    } else {
        let listener = TcpListener::from(listener);
        let accepted = listener.accept().map(|(stream, _)| stream.into());
        (listener.into(), accepted)
    }
}

fn errno_of(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}
