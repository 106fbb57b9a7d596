//! The sockets of a case: which descriptor is which, and which two are the ends of one conversation.
//!
//! A socket is known by its inode, so copies made by `dup`, `fork` or a message count as one. What it is bound and
//! connected to is asked of the kernel, through a copy of the descriptor that lives for one question.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use ipclab_evidence::{
    Address, Arg, Bytes, Call, Direction, Endpoint, Protocol, Socket, SocketKind, Transfer,
};

use crate::decode;
use crate::fifos::{self, Piece};
use crate::flows::Flows;
use crate::queued::{self, Message};
use ipclab_kernel::socket;

/// The address at the other end of one datagram call.
#[derive(Debug)]
struct Correspondent {
    socket: usize,
    address: Address,
    /// How many calls had begun when it was known: a receiver may have entered long before its sender existed.
    known_at: u32,
}

/// How long waits on a socket last at the most: `SO_RCVTIMEO` and `SO_SNDTIMEO` of `socket(7)`.
#[derive(Clone, Copy, Debug, Default)]
struct Timeouts {
    received: Option<Duration>,
    sent: Option<Duration>,
}

/// So many bytes of one actor's messages are kept until the end, to find out which receiver has had which.
const MAX_QUEUED_BYTES: usize = 16 << 20;

/// Bytes of all calls of one untrusted actor together that are told.
const MAX_SEEN_BYTES: usize = 2 << 20;

/// Every socket that was seen, in the order in which they were.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    all: Vec<Socket>,
    by_inode: HashMap<u64, usize>,
    /// Timeouts: a wait on such a socket ends by itself.
    timed: Vec<Timeouts>,
    /// For each datagram call, by its number: the address that it went to or came from.
    correspondents: HashMap<u32, Correspondent>,
    /// Whether the other end of each is a trusted program's, where that is known.
    other_trusted: Vec<Option<bool>>,
    /// What moved over streams.
    pub(crate) flows: Flows,
    /// Datagrams that came longer than the room for them, whole, by the calls that received them.
    pub(crate) whole: HashMap<u32, Vec<u8>>,
    /// Datagrams that lie in a socket's queue, not received yet.
    pub(crate) unread: HashMap<usize, VecDeque<Vec<u8>>>,
    /// Message queues and FIFOs, each as one actor uses it.
    queues: HashMap<(String, usize), usize>,
    /// What crossed them, and how many bytes of it are each actor's.
    queued: Vec<Message>,
    queued_bytes: HashMap<usize, usize>,
    /// What crossed FIFOs.
    pieces: Vec<Piece>,
}

impl Sockets {
    /// The socket of that inode.
    pub(crate) fn find(&self, inode: u64) -> Option<usize> {
        self.by_inode.get(&inode).copied()
    }

    /// The socket of that index.
    pub(crate) fn get(&self, index: usize) -> &Socket {
        &self.all[index]
    }

    /// Takes note of a socket by asking the kernel what it is.
    pub(crate) fn add(
        &mut self,
        inode: u64,
        actor: usize,
        born: u32,
        fd: Option<BorrowedFd<'_>>,
    ) -> usize {
        let option =
            |option| fd.and_then(|fd| socket::socket_option(fd, libc::SOL_SOCKET, option).ok());
        let kind = match option(libc::SO_TYPE) {
            Some(libc::SOCK_STREAM) => SocketKind::Stream,
            Some(libc::SOCK_DGRAM) => SocketKind::Datagram,
            Some(libc::SOCK_SEQPACKET) => SocketKind::Seqpacket,
            _ => SocketKind::Other,
        };
        let family = match option(libc::SO_DOMAIN) {
            Some(libc::AF_UNIX) => "AF_UNIX".to_owned(),
            Some(libc::AF_INET) => "AF_INET".to_owned(),
            Some(libc::AF_INET6) => "AF_INET6".to_owned(),
            Some(other) => format!("family {other}"),
            None => "unknown".to_owned(),
        };
        let index = self.push(actor, kind, family, born);
        self.by_inode.insert(inode, index);
        if let Some(fd) = fd {
            self.refresh(index, fd);
        }
        index
    }

    /// One that is neither bound nor connected.
    fn push(&mut self, actor: usize, kind: SocketKind, family: String, born: u32) -> usize {
        self.all.push(Socket {
            actor,
            kind,
            family,
            born,
            local: None,
            remote: None,
            peer: None,
            accepted_from: None,
            listening: false,
        });
        self.timed.push(Timeouts::default());
        self.other_trusted.push(None);
        self.all.len() - 1
    }

    /// A message queue or a FIFO as an actor uses it, since call `born`.
    pub(crate) fn queue(&mut self, kind: SocketKind, name: &str, actor: usize, born: u32) -> usize {
        if let Some(known) = self.queues.get(&(name.to_owned(), actor)) {
            return *known;
        }
        let index = self.push(actor, kind, name.to_owned(), born);
        self.queues.insert((name.to_owned(), actor), index);
        index
    }

    /// Keeps what has crossed a FIFO, as [`Self::queue_moved`] has it.
    pub(crate) fn fifo_moved(&mut self, actor: usize, piece: Piece) {
        let kept = self.queued_bytes.entry(actor).or_default();
        if *kept < MAX_QUEUED_BYTES {
            *kept += piece.text.len();
            self.pieces.push(piece);
        }
    }

    /// Keeps what has crossed a queue. Of more than the most neither end is known, so that its bytes are right for nothing.
    pub(crate) fn queue_moved(&mut self, actor: usize, message: Message) {
        let kept = self.queued_bytes.entry(actor).or_default();
        if *kept < MAX_QUEUED_BYTES {
            *kept += message.text.len();
            self.queued.push(message);
        }
    }

    /// Asks the kernel what a socket is bound and connected to now.
    pub(crate) fn refresh(&mut self, index: usize, fd: BorrowedFd<'_>) {
        let ask = |other_end| {
            let address = socket::socket_address(fd, other_end)
                .ok()
                .and_then(|raw| decode::parse_address(&raw))?;
            // An unbound socket answers with port 0 or without a name: that is no address.
            match &address {
                Address::Inet(at) if at.port() == 0 => None,
                Address::Unnamed if !other_end => None,
                _ => Some(address),
            }
        };
        let socket = &mut self.all[index];
        socket.local = ask(false).or(socket.local.take());
        socket.remote = ask(true).or(socket.remote.take());
    }

    /// A connection was taken from a listening socket.
    pub(crate) fn accepted(&mut self, index: usize, from: Option<usize>) {
        self.all[index].accepted_from = from;
        self.timed[index] = from.map_or_else(Timeouts::default, |from| self.timed[from]);
    }

    /// `listen` succeeded.
    pub(crate) fn listening(&mut self, index: usize) {
        self.all[index].listening = true;
    }

    /// Two ends made together.
    pub(crate) fn paired(&mut self, one: usize, other: usize) {
        self.all[one].peer = Some(other);
        self.all[other].peer = Some(one);
    }

    /// How long waits on it last at the most.
    pub(crate) fn set_timeout(&mut self, index: usize, way: Direction, timeout: Option<Duration>) {
        match way {
            Direction::Received => self.timed[index].received = timeout,
            Direction::Sent => self.timed[index].sent = timeout,
        }
    }

    /// How long waits on it last at the most; `None`: for ever.
    pub(crate) fn timeout(&self, index: usize, way: Direction) -> Option<Duration> {
        match way {
            Direction::Received => self.timed[index].received,
            Direction::Sent => self.timed[index].sent,
        }
    }

    /// A datagram call went to, or came from, this address; `known_at` calls had begun by then.
    pub(crate) fn correspondent(
        &mut self,
        call: u32,
        socket: usize,
        address: Address,
        known_at: u32,
    ) {
        self.correspondents.insert(
            call,
            Correspondent {
                socket,
                address,
                known_at,
            },
        );
    }

    /// Whether a socket serves an endpoint, as a starting gun asks: the address does not matter.
    pub(crate) fn serves(&self, index: usize, endpoint: &Endpoint) -> bool {
        let socket = &self.all[index];
        let ready = match socket.kind {
            SocketKind::Stream | SocketKind::Seqpacket => socket.listening,
            SocketKind::Datagram | SocketKind::Other | SocketKind::Queue | SocketKind::Fifo => {
                socket.local.is_some()
            }
        };
        let same_port = |at: &SocketAddr| endpoint.port.is_none_or(|port| port == at.port());
        ready
            && match (endpoint.protocol, &socket.local) {
                (Protocol::Tcp, Some(Address::Inet(at))) => {
                    socket.kind == SocketKind::Stream && same_port(at)
                }
                (Protocol::Udp, Some(Address::Inet(at))) => {
                    socket.kind == SocketKind::Datagram && same_port(at)
                }
                (Protocol::Unix, Some(Address::Path(path))) => endpoint
                    .path
                    .as_ref()
                    .is_none_or(|wanted| wanted.as_bytes() == path.0),
                _ => false,
            }
    }

    /// Whether a socket was bound to this name.
    pub(crate) fn any_bound_to(&self, name: Option<&Address>) -> bool {
        self.all.iter().any(|socket| socket.local.as_ref() == name)
    }

    /// The socket at the other end of a connected one, as far as addresses tell it already.
    pub(crate) fn other_end(&self, index: usize) -> Option<usize> {
        let socket = &self.all[index];
        socket
            .peer
            .or_else(|| self.bound_to(index, socket.remote.as_ref()?, u32::MAX))
    }

    /// Whether the answer to the next question is known.
    pub(crate) fn knows_whether_other_is_trusted(&self, index: usize) -> bool {
        self.other_trusted[index].is_some()
    }

    /// Whether the other end is a trusted program's; asked once where the answer is known.
    pub(crate) fn other_is_trusted(
        &mut self,
        index: usize,
        ask: impl FnOnce(&Self) -> Option<bool>,
    ) -> bool {
        if self.other_trusted[index].is_none() {
            self.other_trusted[index] = ask(self);
        }
        self.other_trusted[index].unwrap_or(false)
    }

    /// Matches the ends of all conversations, writes them and the bytes that were seen into the transfers, and hands the
    /// sockets over. `trusted` tells of each actor whether its memory is a witness.
    pub(crate) fn settle(mut self, calls: &mut [Call], trusted: &[bool]) -> Vec<Socket> {
        self.match_connections();
        for call in calls.iter_mut() {
            let Some(transfer) = &mut call.transfer else {
                continue;
            };
            transfer.peer = match self.correspondents.get(&call.n) {
                Some(other) => self.bound_to(other.socket, &other.address, other.known_at),
                None => {
                    let socket = &self.all[transfer.socket];
                    socket.peer.or_else(|| {
                        self.bound_to(transfer.socket, socket.remote.as_ref()?, u32::MAX)
                    })
                }
            };
        }
        self.match_nameless(calls);
        queued::settle(&self.queued, calls);
        fifos::settle(&self.pieces, calls);
        let mut room = vec![MAX_SEEN_BYTES; trusted.len()];
        for call in calls.iter_mut().filter(|call| !trusted[call.actor]) {
            let room = &mut room[call.actor];
            self.attest(call, *room);
            let head = call
                .transfer
                .as_ref()
                .map_or(0, |transfer| transfer.head.0.len());
            *room = room.saturating_sub(head);
        }
        self.all
    }

    /// Gives an untrusted program's call the bytes that were seen elsewhere.
    fn attest(&self, call: &mut Call, room: usize) {
        let Some(transfer) = &mut call.transfer else {
            return;
        };
        if self.all[transfer.socket].kind == SocketKind::Stream {
            let other = match transfer.direction {
                Direction::Sent => Direction::Received,
                Direction::Received => Direction::Sent,
            };
            let flows = [
                Some((transfer.socket, transfer.direction)),
                transfer.peer.map(|peer| (peer, other)),
            ];
            let mut head = self.flows.bytes_of(call.n, flows);
            head.truncate(room);
            transfer.head = Bytes(head);
        }
        if transfer.direction == Direction::Sent {
            // What the call handed over was read in its program's memory.
            for arg in &mut call.args {
                if let Arg::Bytes { head, whole } = arg {
                    let shown = &transfer.head.0[..transfer.head.0.len().min(head.0.len())];
                    *whole &= shown.len() == head.0.len();
                    *head = shown.into();
                }
            }
        }
    }

    /// Datagrams whose receiver did not ask where they came from: queues are first in, first out, so the n-th that a
    /// socket received is the n-th that was sent to it. The same tells which were cut, where the kernel does not:
    /// `recv` of a datagram that is longer than the buffer returns the buffer's length and no flag.
    ///
    /// And which `recv` of a seqpacket socket brought no record but the connection's end: both return 0, and the kernel
    /// has nothing else to say. What was sent can tell them apart.
    fn match_nameless(&mut self, calls: &mut [Call]) {
        let mut sent: HashMap<usize, VecDeque<usize>> = HashMap::new();
        for (at, call) in calls.iter().enumerate() {
            if let Some(transfer) = &call.transfer
                && transfer.direction == Direction::Sent
                && let Some(receiver) = transfer.peer
            {
                sent.entry(receiver).or_default().push_back(at);
            }
        }
        for at in 0..calls.len() {
            let Some(mut received) = calls[at].transfer.take() else {
                continue;
            };
            let kind = self.all[received.socket].kind;
            let is_first_out = matches!(
                kind,
                SocketKind::Datagram | SocketKind::Seqpacket | SocketKind::Other
            );
            if received.direction == Direction::Received && is_first_out {
                let first = sent.get_mut(&received.socket).and_then(VecDeque::pop_front);
                let whole = self.whole.remove(&calls[at].n);
                match first.and_then(|at| calls[at].transfer.as_mut()) {
                    Some(sent) => same_message(sent, &mut received, whole),
                    None if kind == SocketKind::Seqpacket && received.bytes == 0 => continue,
                    None => {}
                }
            }
            calls[at].transfer = Some(received);
        }
        for (socket, unread) in std::mem::take(&mut self.unread) {
            let sent = sent.remove(&socket).unwrap_or_default();
            for (at, bytes) in sent.into_iter().zip(unread) {
                if let Some(sent) = calls[at].transfer.as_mut()
                    && sent.head.0.is_empty()
                    && sent.bytes >= bytes.len() as u64
                {
                    sent.head = Bytes(bytes);
                }
            }
        }
    }

    fn match_connections(&mut self) {
        for accepted in 0..self.all.len() {
            if self.all[accepted].peer.is_some() || self.all[accepted].accepted_from.is_none() {
                continue;
            }
            if let Some(client) =
                (0..self.all.len()).find(|client| self.are_ends(accepted, *client))
            {
                self.paired(accepted, client);
            }
        }
    }

    /// Whether two sockets are the ends of one connection. Unix clients have no name: the first unmatched one that is
    /// connected to the path is taken, since listening queues are first in, first out.
    fn are_ends(&self, accepted: usize, client: usize) -> bool {
        let (server, client) = (&self.all[accepted], &self.all[client]);
        if client.peer.is_some() || client.accepted_from.is_some() || client.kind != server.kind {
            return false;
        }
        match (&server.local, &server.remote, &client.local, &client.remote) {
            (
                Some(Address::Inet(near)),
                Some(Address::Inet(far)),
                Some(Address::Inet(own)),
                Some(Address::Inet(other)),
            ) => same_host(far, own) && same_host(near, other),
            (Some(near @ (Address::Path(_) | Address::Abstract(_))), _, _, Some(other)) => {
                near == other
            }
            _ => false,
        }
    }

    /// The newest socket, made before call `n`, that a datagram to (or from) this address belongs to.
    fn bound_to(&self, from: usize, address: &Address, n: u32) -> Option<usize> {
        let kind = self.all[from].kind;
        let is_it = |socket: &Socket| {
            socket.kind == kind
                && socket.born <= n
                && match (&socket.local, address) {
                    (Some(Address::Inet(own)), Address::Inet(wanted)) => {
                        own.port() == wanted.port()
                            && (own.ip().is_unspecified() || same_host(own, wanted))
                    }
                    (Some(own), wanted) => own == wanted,
                    (None, _) => false,
                }
        };
        self.all.iter().rposition(is_it)
    }
}

/// A message at both of its ends: what is known at one is known at the other.
fn same_message(sent: &mut Transfer, received: &mut Transfer, whole: Option<Vec<u8>>) {
    let from = *received.peer.get_or_insert(sent.socket);
    if from != sent.socket {
        return;
    }
    received.cut |= sent.bytes > received.bytes;
    if received.head.0.is_empty() {
        let length = usize::try_from(received.bytes).unwrap_or(usize::MAX);
        let known = &sent.head.0[..sent.head.0.len().min(length)];
        received.head = known.into();
    } else if sent.head.0.is_empty() {
        sent.head = whole.map_or_else(|| received.head.clone(), Bytes);
    }
}

/// The same address, an IPv4 one written as IPv6 included.
fn same_host(one: &SocketAddr, other: &SocketAddr) -> bool {
    one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
}
