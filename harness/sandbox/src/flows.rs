//! Flows: the bytes of each direction of a stream, as they were seen where no untrusted program can write.
//!
//! What a program hands to the kernel can be changed by another of its threads between our look and the kernel's, and what
//! it has received can be changed before we look. So an untrusted program's memory is no witness. Its calls say how many
//! bytes moved, by the kernel's own return values; which bytes these were is read off the other end of the connection: the
//! memory of a trusted program, or our own when we received in a program's stead.

use std::collections::HashMap;

use ipclab_evidence::Direction;

/// Bytes of one direction of one connection that are kept, from its beginning.
const FLOW_BYTES: usize = 512 << 10;

/// Bytes of all of them together.
const ALL_BYTES: usize = 16 << 20;

/// Urgent bytes of one direction that are kept.
const URGENT_BYTES: usize = 4096;

/// One direction of one socket.
#[derive(Debug, Default)]
struct Flow {
    /// Bytes that moved so far, urgent ones aside.
    total: u64,
    /// The first of them, as far as each was seen.
    seen: Vec<u8>,
    /// Urgent bytes, which travel beside the others: how many, and the first of them.
    urgent_total: u64,
    urgent: Vec<u8>,
    /// What lay in the queue behind so many bytes at our last look, which may never be received.
    unread: (u64, Vec<u8>),
}

/// Which part of a flow one call has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    flow: (usize, Direction),
    start: u64,
    length: u64,
    /// Which urgent byte came with it, or after the others.
    urgent: Option<u64>,
}

/// What a call has moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved<'a> {
    pub(crate) bytes: u64,
    /// The call had `MSG_OOB`: the last byte of those is urgent.
    pub(crate) urgent: bool,
    /// The bytes, where they were seen.
    pub(crate) seen: Option<&'a [u8]>,
}

/// All flows of a case.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    of: HashMap<(usize, Direction), Flow>,
    parts: HashMap<u32, Part>,
    kept: usize,
}

impl Flows {
    /// A call has moved bytes over a stream.
    pub(crate) fn moved(
        &mut self,
        socket: usize,
        direction: Direction,
        call: Option<u32>,
        moved: Moved<'_>,
    ) {
        let flow = self.of.entry((socket, direction)).or_default();
        let urgent = u64::from(moved.urgent).min(moved.bytes);
        let part = Part {
            flow: (socket, direction),
            start: flow.total,
            length: moved.bytes - urgent,
            urgent: (urgent > 0).then_some(flow.urgent_total),
        };
        flow.total += part.length;
        flow.urgent_total += urgent;
        if let Some(seen) = moved.seen {
            let (plain, last) = match part.urgent {
                Some(_) if seen.len() as u64 == moved.bytes => seen.split_at(seen.len() - 1),
                Some(_) | None => (seen, &[][..]),
            };
            // What stands behind a gap has no known place.
            if flow.seen.len() as u64 == part.start {
                let room = FLOW_BYTES - flow.seen.len().min(FLOW_BYTES);
                let room = room.min(ALL_BYTES - self.kept.min(ALL_BYTES));
                let plain = &plain[..plain.len().min(room)];
                flow.seen.extend_from_slice(plain);
                self.kept += plain.len();
            }
            if Some(flow.urgent.len() as u64) == part.urgent && flow.urgent.len() < URGENT_BYTES {
                flow.urgent.extend_from_slice(last);
            }
        }
        if let Some(call) = call {
            self.parts.insert(call, part);
        }
    }

    /// Whether a call moved bytes over a stream.
    pub(crate) fn has(&self, call: u32) -> bool {
        self.parts.contains_key(&call)
    }

    /// Whether what the second call moved stands right behind what the first one did, in the same flow.
    pub(crate) fn follows(&self, first: u32, second: u32) -> bool {
        match (self.parts.get(&first), self.parts.get(&second)) {
            (Some(first), Some(second)) => {
                first.flow == second.flow
                    && first.start + first.length == second.start
                    && first.urgent.is_none()
                    && second.urgent.is_none()
            }
            _ => false,
        }
    }

    /// The first call stands for the second one, too, which follows it.
    pub(crate) fn join(&mut self, first: u32, second: u32) {
        if let Some(more) = self.parts.remove(&second)
            && let Some(part) = self.parts.get_mut(&first)
        {
            part.length += more.length;
        }
    }

    /// This lies in the queue of a stream, not received yet.
    pub(crate) fn queued(&mut self, socket: usize, bytes: Vec<u8>) {
        let flow = self.of.entry((socket, Direction::Received)).or_default();
        flow.unread = (flow.total, bytes);
    }

    /// The first bytes of what a call has moved, as far as one of these flows has seen them: its own, or what the other
    /// end did in the other direction.
    pub(crate) fn bytes_of(&self, call: u32, flows: [Option<(usize, Direction)>; 2]) -> Vec<u8> {
        let Some(part) = self.parts.get(&call) else {
            return Vec::new();
        };
        let longest = flows
            .into_iter()
            .flatten()
            .filter_map(|flow| self.of.get(&flow))
            .map(|flow| flow.part(part))
            .max_by_key(Vec::len);
        longest.unwrap_or_default()
    }
}

impl Flow {
    fn part(&self, part: &Part) -> Vec<u8> {
        let piece = |bytes: &[u8], from: u64, to: u64| {
            let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            bytes[index(from)..index(to)].to_vec()
        };
        let end = part.start + part.length;
        let mut bytes = piece(&self.seen, part.start, end);
        let (behind, unread) = &self.unread;
        let known = part.start + bytes.len() as u64;
        if known < end && known >= *behind {
            bytes.extend(piece(unread, known - behind, end - behind));
        }
        if bytes.len() as u64 == part.length
            && let Some(urgent) = part.urgent
        {
            let at = usize::try_from(urgent).unwrap_or(usize::MAX);
            bytes.extend(self.urgent.get(at));
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use ipclab_evidence::Direction::{Received, Sent};

    use super::{Flows, Moved};

    fn moved(bytes: u64, urgent: bool, seen: Option<&[u8]>) -> Moved<'_> {
        Moved {
            bytes,
            urgent,
            seen,
        }
    }

    #[test]
    fn a_call_is_read_off_the_other_end_at_its_place_in_the_stream() {
        let mut flows = Flows::default();
        for (call, bytes) in [(1, 4), (2, 3), (3, 5)] {
            flows.moved(0, Sent, Some(call), moved(bytes, false, None));
        }
        for part in [&b"HELLO"[..], b" there"] {
            flows.moved(
                1,
                Received,
                None,
                moved(part.len() as u64, false, Some(part)),
            );
        }
        let seen = |call| flows.bytes_of(call, [None, Some((1, Received))]);
        assert_eq!([seen(1), seen(2), seen(3)], [&b"HELL"[..], b"O t", b"here"]);
        assert_eq!(seen(4), b"");
    }

    #[test]
    fn what_stands_behind_a_gap_is_unknown() {
        let mut flows = Flows::default();
        flows.moved(1, Received, None, moved(2, false, Some(b"ab")));
        flows.moved(1, Received, None, moved(2, false, None));
        flows.moved(1, Received, None, moved(2, false, Some(b"ef")));
        flows.moved(0, Sent, Some(1), moved(6, false, None));
        assert_eq!(flows.bytes_of(1, [None, Some((1, Received))]), b"ab");
    }

    #[test]
    fn what_lies_in_the_queue_at_the_end_is_known() {
        let mut flows = Flows::default();
        flows.moved(0, Sent, Some(1), moved(2, false, None));
        flows.moved(0, Sent, Some(2), moved(3, false, None));
        flows.moved(1, Received, None, moved(3, false, Some(b"abc")));
        flows.queued(1, b"de".to_vec());
        let seen = |call| flows.bytes_of(call, [None, Some((1, Received))]);
        assert_eq!([seen(1), seen(2)], [&b"ab"[..], b"cde"]);
    }

    #[test]
    fn urgent_bytes_travel_beside_the_others() {
        let mut flows = Flows::default();
        flows.moved(0, Sent, Some(1), moved(3, true, Some(b"ab!")));
        flows.moved(0, Sent, Some(2), moved(1, false, Some(b"c")));
        flows.moved(1, Received, Some(3), moved(1, true, None));
        flows.moved(1, Received, Some(4), moved(3, false, None));
        let seen = |call| flows.bytes_of(call, [None, Some((0, Sent))]);
        assert_eq!([seen(3), seen(4)], [&b"!"[..], b"abc"]);
    }
}
