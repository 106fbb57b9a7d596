//! FIFOs: which bytes that were read are which that were written.
//!
//! A FIFO is a stream that several programs may write and several may read. The order in which we see two writers come back is
//! not always the order in which the kernel took what they wrote; and what lies in a FIFO that every process closes is lost. So
//! each write is looked for where it fits into what was read: the first one, in the order in which they came back, that begins
//! like what is read next.

use std::collections::{BTreeMap, HashMap, HashSet};

use ipclab_evidence::{Bytes, Call, Direction};

/// What a call has moved through a FIFO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The call, by number.
    pub(crate) call: u32,
    /// Device and inode.
    pub(crate) fifo: (u64, u64),
    pub(crate) direction: Direction,
    pub(crate) bytes: u64,
    /// As its program's memory had it: enough to tell one write from another, and no evidence where it was written.
    pub(crate) text: Vec<u8>,
}

/// Writes that are looked at for the one that was read next.
const MAX_LOOKED_AT: usize = 256;

/// Says of each transfer where its other end is, and of each write which bytes were read of it.
pub(crate) fn settle(pieces: &[Piece], calls: &mut [Call]) {
    let places: HashMap<u32, usize> = calls
        .iter()
        .enumerate()
        .map(|(at, call)| (call.n, at))
        .collect();
    let socket = |calls: &[Call], call: u32| {
        let at = places.get(&call)?;
        Some(calls[*at].transfer.as_ref()?.socket)
    };
    for met in meetings(pieces) {
        let (writer, reader) = (socket(calls, met.written), socket(calls, met.read));
        let (Some(writer), Some(reader)) = (writer, reader) else {
            continue;
        };
        if let Some(sent) = &mut calls[places[&met.written]].transfer {
            sent.peer.get_or_insert(reader);
            if sent.head.0.is_empty() {
                sent.head = Bytes(met.text);
            }
        }
        if let Some(received) = &mut calls[places[&met.read]].transfer {
            received.peer.get_or_insert(writer);
        }
    }
}

/// A write, and the first read that has something of it.
#[derive(Debug, PartialEq, Eq)]
struct Meeting {
    written: u32,
    read: u32,
    /// What was read of it, by whichever reads.
    text: Vec<u8>,
}

fn meetings(pieces: &[Piece]) -> Vec<Meeting> {
    let mut of_fifo: BTreeMap<(u64, u64), Vec<&Piece>> = BTreeMap::new();
    for piece in pieces {
        of_fifo.entry(piece.fifo).or_default().push(piece);
    }
    let is_written = |piece: &&Piece| piece.direction == Direction::Sent;
    let all = of_fifo.into_values();
    all.flat_map(|pieces| {
        let (written, read): (Vec<_>, Vec<_>) = pieces.into_iter().partition(is_written);
        of_one(&written, &read)
    })
    .collect()
}

/// What was read of one FIFO, from its first byte on.
fn of_one(written: &[&Piece], read: &[&Piece]) -> Vec<Meeting> {
    let mut stream: Vec<Option<u8>> = Vec::new();
    let mut ends: Vec<(usize, u32)> = Vec::new();
    for piece in read {
        let length = usize::try_from(piece.bytes).unwrap_or(usize::MAX);
        stream.extend((0..length).map(|at| piece.text.get(at).copied()));
        ends.push((stream.len(), piece.call));
    }
    let mut left: Vec<&Piece> = written.to_vec();
    let mut taken: HashSet<u32> = HashSet::new();
    let mut meetings = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let mut first = left.iter().take(MAX_LOOKED_AT);
        let Some(found) = first.position(|piece| begins(&stream[at..], piece)) else {
            // Of a write that did not come back, or that was not kept.
            break;
        };
        let piece = left.remove(found);
        let length = usize::try_from(piece.bytes).unwrap_or(usize::MAX);
        let end = stream.len().min(at.saturating_add(length));
        let reader = ends.partition_point(|(end, _)| *end <= at);
        if taken.insert(piece.call)
            && let Some((_, call)) = ends.get(reader)
        {
            meetings.push(Meeting {
                written: piece.call,
                read: *call,
                text: stream[at..end].iter().map_while(|byte| *byte).collect(),
            });
            // Reads that have only a later part of it have their other end from it, too.
            for (_, call) in ends[reader + 1..]
                .iter()
                .take_while(|(later, _)| start_of(&ends, *later) < end)
            {
                meetings.push(Meeting {
                    written: piece.call,
                    read: *call,
                    text: Vec::new(),
                });
            }
        }
        at = end.max(at + 1);
    }
    meetings
}

/// Where the read begins that ends here.
fn start_of(ends: &[(usize, u32)], end: usize) -> usize {
    let nth = ends.partition_point(|(other, _)| *other < end);
    nth.checked_sub(1).map_or(0, |before| ends[before].0)
}

/// Whether what is read next can be this write: as far as both are known, they are the same.
fn begins(stream: &[Option<u8>], piece: &Piece) -> bool {
    piece.bytes > 0
        && piece
            .text
            .iter()
            .zip(stream)
            .all(|(written, read)| read.is_none_or(|read| read == *written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_read_finds_what_was_written() {
        use Direction::{Received, Sent};
        let check = |pieces: &[(u32, Direction, &str)], expect: &[(u32, u32, &str)]| {
            let pieces: Vec<Piece> = pieces
                .iter()
                .map(|(call, direction, text)| Piece {
                    call: *call,
                    fifo: (1, 1),
                    direction: *direction,
                    bytes: text.len() as u64,
                    text: text.as_bytes().to_vec(),
                })
                .collect();
            let seen = meetings(&pieces);
            let seen: Vec<(u32, u32, &str)> = seen
                .iter()
                .map(|met| {
                    let text = std::str::from_utf8(&met.text).unwrap();
                    (met.written, met.read, text)
                })
                .collect();
            assert_eq!(seen, expect, "{pieces:?}");
        };
        check(&[(1, Sent, "ab"), (2, Received, "ab")], &[(1, 2, "ab")]);
        // Two writes in one read, one write in two reads.
        check(
            &[(1, Sent, "ab"), (2, Sent, "cd"), (3, Received, "abcd")],
            &[(1, 3, "ab"), (2, 3, "cd")],
        );
        check(
            &[(1, Sent, "abcd"), (2, Received, "ab"), (3, Received, "cd")],
            &[(1, 2, "abcd"), (1, 3, "")],
        );
        // Writers that came back in another order than the kernel took what they wrote; a reader that was back first.
        check(
            &[
                (9, Received, "bb"),
                (1, Sent, "a"),
                (2, Sent, "bb"),
                (3, Received, "a"),
            ],
            &[(2, 9, "bb"), (1, 3, "a")],
        );
        // What was lost with the last process that had it open is no later write's.
        check(
            &[(1, Sent, "lost"), (2, Sent, "new"), (3, Received, "new")],
            &[(2, 3, "new")],
        );
        check(&[(1, Sent, "x"), (2, Received, "y")], &[]);
    }
}
