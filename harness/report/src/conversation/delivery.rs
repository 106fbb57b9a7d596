//! Which bytes that one actor sent another one received.
//!
//! A stream has no messages: what went in by three calls may come out by one. So both ends of a connection count, and a
//! send belongs to a receive when they cover the same bytes. Datagrams are matched one to one, in order.

use std::collections::{BTreeMap, VecDeque};

use ipclab_evidence::{Direction, Evidence, SocketKind, Transfer};

use super::model::{Delivery, gap};

/// What is known about every transfer of a trace, by index into [`Evidence::trace`].
#[derive(Default)]
pub(super) struct Deliveries {
    /// For each send with a known other end: which socket that is, and what became of it.
    pub(super) sends: BTreeMap<usize, (usize, Delivery)>,
    /// For each receive that is not one whole send: the number of the send whose bytes it ends with.
    pub(super) portions: BTreeMap<usize, u32>,
    /// For each send that one receive took as it was: that receive.
    pub(super) joined: BTreeMap<usize, usize>,
}

/// A stretch of a stream that one call moved.
struct Stretch {
    call: usize,
    from: u64,
    to: u64,
}

/// One direction of a connection.
#[derive(Default)]
struct Stream {
    sent: Vec<Stretch>,
    received: Vec<Stretch>,
}

/// Matches every send of a trace with what the other end received.
pub(super) fn of(evidence: &Evidence) -> Deliveries {
    let gap = gap(evidence);
    let mut deliveries = Deliveries::default();
    let mut streams: BTreeMap<(usize, usize), Stream> = BTreeMap::new();
    // Datagrams on their way, by the socket that they go to.
    let mut datagrams: BTreeMap<usize, VecDeque<usize>> = BTreeMap::new();
    // A receive may have begun, and so been numbered, before the send that it waited for: sends first, then receives.
    for (index, _, transfer) in transfers(evidence, Direction::Sent) {
        let Some(to) = other_end(evidence, transfer) else {
            continue;
        };
        match kind(evidence, transfer.socket) {
            SocketKind::Stream | SocketKind::Fifo => {
                let after_gap = gap.is_some_and(|n| evidence.trace[index].n > n);
                if !after_gap {
                    push(
                        &mut streams.entry((transfer.socket, to)).or_default().sent,
                        index,
                        transfer.bytes,
                    );
                }
            }
            SocketKind::Datagram
            | SocketKind::Seqpacket
            | SocketKind::Queue
            | SocketKind::Other => {
                datagrams.entry(to).or_default().push_back(index);
            }
        }
        let unmatched = if gap.is_some() {
            Delivery::Unseen
        } else {
            Delivery::Never
        };
        deliveries.sends.insert(index, (to, unmatched));
    }
    for (index, _, transfer) in transfers(evidence, Direction::Received) {
        match kind(evidence, transfer.socket) {
            SocketKind::Stream | SocketKind::Fifo => {
                let after_gap = gap.is_some_and(|n| evidence.trace[index].n > n);
                if let (Some(from), false) = (other_end(evidence, transfer), after_gap) {
                    let stream = streams.entry((from, transfer.socket)).or_default();
                    push(&mut stream.received, index, transfer.bytes);
                }
            }
            SocketKind::Datagram
            | SocketKind::Seqpacket
            | SocketKind::Queue
            | SocketKind::Other => {
                take_datagram(evidence, &mut datagrams, &mut deliveries, index, transfer);
            }
        }
    }
    for stream in streams.values() {
        match_stream(evidence, stream, gap.is_some(), &mut deliveries);
    }
    deliveries
}

fn transfers(
    evidence: &Evidence,
    direction: Direction,
) -> impl Iterator<Item = (usize, u32, &Transfer)> {
    evidence
        .trace
        .iter()
        .enumerate()
        .filter_map(move |(index, call)| {
            let transfer = call.transfer.as_ref()?;
            (transfer.direction == direction).then_some((index, call.n, transfer))
        })
}

fn other_end(evidence: &Evidence, transfer: &Transfer) -> Option<usize> {
    let known = transfer.peer.or_else(|| {
        evidence
            .sockets
            .get(transfer.socket)
            .and_then(|socket| socket.peer)
    })?;
    (known < evidence.sockets.len()).then_some(known)
}

fn kind(evidence: &Evidence, socket: usize) -> SocketKind {
    match evidence.sockets.get(socket) {
        Some(socket) => socket.kind,
        None => SocketKind::Other,
    }
}

fn push(stretches: &mut Vec<Stretch>, call: usize, bytes: u64) {
    let from = stretches.last().map_or(0, |last| last.to);
    let to = from.saturating_add(bytes);
    stretches.push(Stretch { call, from, to });
}

fn take_datagram(
    evidence: &Evidence,
    datagrams: &mut BTreeMap<usize, VecDeque<usize>>,
    deliveries: &mut Deliveries,
    index: usize,
    transfer: &Transfer,
) {
    let Some(waiting) = datagrams.get_mut(&transfer.socket) else {
        return;
    };
    // Of those to this socket, the first from the sender that the kernel named. Where it named none, the first that the
    // bytes can have come from.
    let fits = |send: &usize| {
        evidence.trace[*send]
            .transfer
            .as_ref()
            .is_some_and(|sent| match transfer.peer {
                Some(peer) => peer == sent.socket,
                None => {
                    transfer.bytes <= sent.bytes && same_beginning(&transfer.head.0, &sent.head.0)
                }
            })
    };
    let Some(send) = waiting
        .iter()
        .position(fits)
        .and_then(|at| waiting.remove(at))
    else {
        return;
    };
    let sent = evidence.trace[send]
        .transfer
        .as_ref()
        .map_or(0, |sent| sent.bytes);
    let delivery = if transfer.bytes < sent {
        Delivery::Cut(transfer.bytes)
    } else {
        Delivery::Received
    };
    deliveries.sends.insert(send, (transfer.socket, delivery));
    deliveries.joined.insert(send, index);
}

fn same_beginning(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b)
}

fn match_stream(evidence: &Evidence, stream: &Stream, open_end: bool, deliveries: &mut Deliveries) {
    let taken = stream.received.last().map_or(0, |last| last.to);
    for sent in &stream.sent {
        let exact = stream.received.iter().find(|received| {
            received.from == sent.from && received.to == sent.to && sent.from < sent.to
        });
        let delivery = if let Some(received) = exact {
            deliveries.joined.insert(sent.call, received.call);
            Delivery::Received
        } else if taken >= sent.to {
            Delivery::Portions
        } else if open_end {
            Delivery::Unseen
        } else if taken > sent.from {
            Delivery::Partly(taken - sent.from)
        } else {
            Delivery::Never
        };
        if let Some((_, known)) = deliveries.sends.get_mut(&sent.call) {
            *known = delivery;
        }
    }
    for received in &stream.received {
        let last = stream
            .sent
            .iter()
            .find(|sent| sent.from < received.to && received.to <= sent.to);
        if let Some(sent) = last
            && deliveries.joined.get(&sent.call) != Some(&received.call)
        {
            deliveries
                .portions
                .insert(received.call, evidence.trace[sent.call].n);
        }
    }
}
