//! What calls move over sockets: how many bytes, the first of them, and where they came from.

use std::os::fd::AsFd;

use ipclab_evidence::{Address, Direction, SocketKind, Transfer};
use ipclab_kernel::{Pid, socket};

use super::state::{InCall, Tracer};
use crate::calls::Spec;
use crate::decode;
use crate::flows::Moved;

/// Datagrams of one queue that are looked at, when nothing receives them any more.
const UNREAD: usize = 16;

impl Tracer {
    /// A call has sent this many bytes.
    pub(super) fn sent(
        &mut self,
        tid: Pid,
        call: &InCall,
        socket: usize,
        bytes: u64,
    ) -> Option<Transfer> {
        let kind = self.sockets.get(socket).kind;
        let used = call.addressed.as_ref();
        let (address, flags) = match call.spec.name {
            "sendto" if used.is_some() => {
                (used.and_then(|used| used.address.clone()), call.args[3])
            }
            "sendmsg" if used.is_some() => {
                (used.and_then(|used| used.address.clone()), call.args[2])
            }
            "sendto" => (
                decode::address(tid, call.args[4], call.args[5]),
                call.args[3],
            ),
            "sendmsg" => {
                let message = decode::Message::read(tid, call.args[1]);
                let address = message
                    .and_then(|message| decode::address(tid, message.name.0, message.name.1));
                (address, call.args[2])
            }
            _ => (None, 0),
        };
        if let (Some(address), Some(n)) = (address.filter(|_| kind == SocketKind::Datagram), call.n)
        {
            self.sockets
                .correspondent(n, socket, address, self.trace.next());
        }
        if self.sockets.get(socket).local.is_none() {
            // The kernel gave it a port on this occasion.
            self.refresh(tid, call.args[0] as i32, socket);
        }
        let mut head = call.outgoing.clone();
        head.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        let actor = self.actor_of(tid)?;
        let trusted = self.actors[actor].trusted;
        let moved = Moved {
            bytes,
            urgent: flags as i32 & libc::MSG_OOB != 0,
            seen: trusted.then_some(head.as_slice()),
        };
        self.note_moved(call, socket, Direction::Sent, moved);
        let head = self.trace.kept(actor, head);
        Some(Transfer {
            socket,
            peer: None,
            direction: Direction::Sent,
            bytes,
            head,
            cut: false,
        })
    }

    /// A call has received this many bytes.
    pub(super) fn received(
        &mut self,
        tid: Pid,
        call: &InCall,
        socket: usize,
        result: u64,
    ) -> Option<Transfer> {
        let kind = self.sockets.get(socket).kind;
        let flags = match call.spec.name {
            "recvfrom" => call.args[3],
            "recvmsg" => call.args[2],
            _ => 0,
        } as i32;
        // A peek leaves the bytes where they are; nothing at all on a stream is its end.
        if flags & libc::MSG_PEEK != 0 || (result == 0 && kind == SocketKind::Stream) {
            return None;
        }
        let Received {
            bytes,
            mut head,
            address,
            cut,
        } = match &call.instead {
            Some(instead) => Received {
                bytes: instead.bytes(result),
                head: instead.received.clone(),
                address: instead.address.clone(),
                cut: instead.whole.is_some(),
            },
            None => Received::read(tid, call, result)?,
        };
        if let (Some(address), Some(n)) = (address, call.n)
            && kind == SocketKind::Datagram
            && address != Address::Unnamed
        {
            self.sockets
                .correspondent(n, socket, address, self.trace.next());
        }
        if kind != SocketKind::Stream {
            self.received_of_queue(call, socket);
        }
        let actor = self.actor_of(tid)?;
        let trusted = self.actors[actor].trusted;
        let is_witness = trusted || call.instead.is_some();
        let moved = Moved {
            bytes,
            urgent: flags & libc::MSG_OOB != 0,
            seen: is_witness.then_some(head.as_slice()),
        };
        self.note_moved(call, socket, Direction::Received, moved);
        if !is_witness {
            head.clear();
        }
        head.truncate(decode::MAX_TRANSFER_BYTES);
        let head = self.trace.kept(actor, head);
        Some(Transfer {
            socket,
            peer: None,
            direction: Direction::Received,
            bytes,
            head,
            cut,
        })
    }

    /// A datagram was received: it lies in the queue no longer.
    fn received_of_queue(&mut self, call: &InCall, socket: usize) {
        if let Some(unread) = self.sockets.unread.get_mut(&socket) {
            unread.pop_front();
        }
        let whole = call
            .instead
            .as_ref()
            .and_then(|instead| instead.whole.clone());
        if let (Some(whole), Some(n)) = (whole, call.n) {
            self.sockets.whole.insert(n, whole);
        }
    }

    /// Looks at what lies in the queue of a socket that its process may be about to give up.
    pub(super) fn look_into_queue(&mut self, tid: Pid, fd: i32, socket: usize) {
        let kind = self.sockets.get(socket).kind;
        let stream = kind == SocketKind::Stream;
        let copy = self.copy_of(tid, fd);
        let queue = copy
            .as_ref()
            .map(AsFd::as_fd)
            .filter(|copy| socket::has_queued(*copy))
            .map(|copy| socket::peek_queue(copy, stream, decode::MAX_TRANSFER_BYTES, UNREAD));
        match (queue, stream) {
            (Some(mut queue), true) => {
                self.sockets
                    .flows
                    .queued(socket, queue.pop().unwrap_or_default());
            }
            (Some(queue), false) => {
                self.sockets.unread.insert(socket, queue.into());
            }
            (None, _) => {}
        }
    }

    fn note_moved(&mut self, call: &InCall, socket: usize, way: Direction, moved: Moved<'_>) {
        if self.sockets.get(socket).kind == SocketKind::Stream {
            self.sockets.flows.moved(socket, way, call.n, moved);
        }
    }
}

/// What has arrived in a program's memory.
#[derive(Default)]
pub(super) struct Received {
    bytes: u64,
    pub(super) head: Vec<u8>,
    address: Option<Address>,
    /// More had come than there was room for.
    cut: bool,
}

impl Received {
    pub(super) fn read(tid: Pid, call: &InCall, result: u64) -> Option<Self> {
        let most = decode::MAX_TRANSFER_BYTES as u64;
        Some(match call.spec.name {
            "recvmsg" => {
                let message = decode::Message::read(tid, call.args[1])?;
                let bytes = result.min(decode::total(&message.vectors));
                Self {
                    bytes,
                    head: decode::gather(tid, &message.vectors, bytes.min(most)),
                    address: decode::address(tid, message.name.0, message.name.1),
                    cut: message.flags & libc::MSG_TRUNC != 0,
                }
            }
            "readv" => {
                let vectors = decode::vectors(tid, call.args[1], call.args[2]);
                Self {
                    bytes: result,
                    head: decode::gather(tid, &vectors, result.min(most)),
                    ..Self::default()
                }
            }
            name => {
                let bytes = result.min(call.args[2]);
                Self {
                    bytes,
                    head: decode::memory(tid, call.args[1], bytes, decode::MAX_TRANSFER_BYTES),
                    address: (name == "recvfrom")
                        .then(|| sender(tid, &call.args))
                        .flatten(),
                    cut: result > bytes,
                }
            }
        })
    }
}

/// The address that `recvfrom(2)` has written, if it was asked to.
fn sender(tid: Pid, args: &[u64; 6]) -> Option<Address> {
    let length = decode::memory(tid, args[5], 4, 4);
    let length = <[u8; 4]>::try_from(length.as_slice()).map_or(0, u32::from_ne_bytes);
    (args[4] != 0)
        .then(|| decode::address(tid, args[4], length.into()))
        .flatten()
}

/// The bytes that a call of a trusted program is about to send, as many as are kept.
pub(super) fn outgoing(tid: Pid, spec: &Spec, args: &[u64; 6]) -> Vec<u8> {
    match spec.name {
        "writev" => decode::gather(
            tid,
            &decode::vectors(tid, args[1], args[2]),
            decode::MAX_TRANSFER_BYTES as u64,
        ),
        "sendmsg" => decode::Message::read(tid, args[1])
            .map(|message| decode::gather(tid, &message.vectors, decode::MAX_TRANSFER_BYTES as u64))
            .unwrap_or_default(),
        "sendfile" => Vec::new(),
        _ => decode::memory(tid, args[1], args[2], decode::MAX_TRANSFER_BYTES),
    }
}
