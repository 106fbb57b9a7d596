//! What calls move over sockets: how many bytes, the first of them, and where they came from.

use ipclab_evidence::{Address, Direction, SocketKind, Transfer};
use ipclab_kernel::Pid;

use super::state::{InCall, Tracer};
use crate::calls::Spec;
use crate::decode;

impl Tracer {
    /// A call has sent this many bytes or messages.
    pub(super) fn sent(
        &mut self,
        tid: Pid,
        process: Pid,
        call: &InCall,
        socket: usize,
        result: u64,
    ) -> Option<Transfer> {
        let kind = self.sockets.get(socket).kind;
        let (bytes, address) = match call.spec.name {
            "sendto" => (result, decode::address(tid, call.args[4], call.args[5])),
            "sendmsg" => {
                let message = decode::Message::read(tid, call.args[1]);
                (
                    result,
                    message
                        .and_then(|message| decode::address(tid, message.name.0, message.name.1)),
                )
            }
            "sendmmsg" => (sum_of_messages(tid, call.args[1], result), None),
            _ => (result, None),
        };
        if let (Some(address), Some(n)) = (address.filter(|_| kind == SocketKind::Datagram), call.n)
        {
            self.sockets
                .correspondent(n, socket, address, self.trace.next());
        }
        if self.sockets.get(socket).local.is_none() {
            // The kernel gave it a port on this occasion.
            self.refresh(process, call.args[0] as i32, socket);
        }
        let mut head = call.outgoing.clone();
        head.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        let head = self.trace.kept(head);
        Some(Transfer {
            socket,
            peer: None,
            direction: Direction::Sent,
            bytes,
            head,
            cut: false,
        })
    }

    /// A call has received this many bytes or messages.
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
            "recvmmsg" => call.args[3],
            _ => 0,
        } as i32;
        // A peek leaves the bytes where they are; nothing at all on a stream is its end.
        if flags & libc::MSG_PEEK != 0 || (result == 0 && kind == SocketKind::Stream) {
            return None;
        }
        let Received {
            bytes,
            head,
            address,
            cut,
        } = Received::read(tid, call, result)?;
        if let (Some(address), Some(n)) = (address, call.n)
            && kind == SocketKind::Datagram
            && address != Address::Unnamed
        {
            self.sockets
                .correspondent(n, socket, address, self.trace.next());
        }
        let head = self.trace.kept(head);
        Some(Transfer {
            socket,
            peer: None,
            direction: Direction::Received,
            bytes,
            head,
            cut,
        })
    }
}

/// What has arrived in a program's memory.
#[derive(Default)]
struct Received {
    bytes: u64,
    head: Vec<u8>,
    address: Option<Address>,
    /// More had come than there was room for.
    cut: bool,
}

impl Received {
    fn read(tid: Pid, call: &InCall, result: u64) -> Option<Self> {
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
            "recvmmsg" => Self {
                bytes: sum_of_messages(tid, call.args[1], result),
                ..Self::default()
            },
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

/// The bytes that a call is about to send, as many as are kept.
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
        "sendmmsg" | "sendfile" => Vec::new(),
        _ => decode::memory(tid, args[1], args[2], decode::MAX_TRANSFER_BYTES),
    }
}

/// `msg_len` of the first `count` entries of an array of `struct mmsghdr`.
fn sum_of_messages(tid: Pid, at: u64, count: u64) -> u64 {
    const MMSGHDR_BYTES: u64 = 64;
    (0..count.min(1024))
        .map(|index| {
            let length = decode::memory(tid, at.wrapping_add(MMSGHDR_BYTES * index + 56), 4, 4);
            <[u8; 4]>::try_from(length.as_slice())
                .map_or(0, |bytes| u64::from(u32::from_ne_bytes(bytes)))
        })
        .sum()
}
