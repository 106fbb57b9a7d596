//! Messages of queues, and which receiver has had which.

use std::collections::{HashMap, VecDeque};

use ipclab_evidence::{Call, Direction, Transfer};

/// Messages that are looked at for the one of which a receiver has had a part. Only one who floods a queue and has messages cut
/// as well finds none, and bytes that were not seen are not the right ones.
const MAX_LOOKED_AT: usize = 256;

/// A message that a call has handed over or has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The call, by number.
    pub(crate) call: u32,
    pub(crate) queue: String,
    pub(crate) direction: Direction,
    /// The type of a System V message.
    pub(crate) kind: i64,
    /// As its program's memory had it: enough to tell one from another, and no evidence where it was sent.
    pub(crate) text: Vec<u8>,
}

/// Says at both ends of each message where the other one is. What a program of a student's has sent is what another one got.
pub(crate) fn settle(messages: &[Message], calls: &mut [Call]) {
    let places: HashMap<u32, usize> = calls
        .iter()
        .enumerate()
        .map(|(at, call)| (call.n, at))
        .collect();
    for (sent, received) in pairs(messages) {
        let (Some(from), Some(to)) = (
            places.get(&messages[sent].call).copied(),
            places.get(&messages[received].call).copied(),
        ) else {
            continue;
        };
        let end = |at: usize| calls[at].transfer.clone();
        if let (Some(mut there), Some(mut here)) = (end(from), end(to)) {
            meet(&mut there, &mut here);
            calls[from].transfer = Some(there);
            calls[to].transfer = Some(here);
        }
    }
}

fn meet(sent: &mut Transfer, received: &mut Transfer) {
    sent.peer = Some(received.socket);
    received.peer = Some(sent.socket);
    received.cut = sent.bytes > received.bytes;
    if sent.head.0.is_empty() {
        sent.head = received.head.clone();
    }
}

/// For each message that was received, the first one that was sent there and can be it.
fn pairs(messages: &[Message]) -> Vec<(usize, usize)> {
    let mut of_queue: HashMap<(&str, i64), VecDeque<usize>> = HashMap::new();
    let mut of_text: HashMap<(&str, i64, &[u8]), VecDeque<usize>> = HashMap::new();
    for (at, sent) in messages.iter().enumerate() {
        if sent.direction == Direction::Sent {
            let (queue, text) = (sent.queue.as_str(), sent.text.as_slice());
            of_queue
                .entry((queue, sent.kind))
                .or_default()
                .push_back(at);
            of_text
                .entry((queue, sent.kind, text))
                .or_default()
                .push_back(at);
        }
    }
    let mut taken = vec![false; messages.len()];
    let mut pairs = Vec::new();
    for (at, received) in messages.iter().enumerate() {
        if received.direction != Direction::Received {
            continue;
        }
        let (queue, text) = (received.queue.as_str(), received.text.as_slice());
        let same = of_text
            .get_mut(&(queue, received.kind, text))
            .and_then(|all| {
                drop_taken(all, &taken);
                all.pop_front()
            });
        // MSG_NOERROR cuts what is too long; and a program may have changed its memory meanwhile.
        let begins = || {
            let all = of_queue.get_mut(&(queue, received.kind))?;
            drop_taken(all, &taken);
            let mut first = all.iter().take(MAX_LOOKED_AT).copied();
            first.find(|sent| !taken[*sent] && messages[*sent].text.starts_with(text))
        };
        if let Some(sent) = same.or_else(begins) {
            taken[sent] = true;
            pairs.push((sent, at));
        }
    }
    pairs
}

/// Drops the first ones, as far as a receiver has had them.
fn drop_taken(all: &mut VecDeque<usize>, taken: &[bool]) {
    while all.front().is_some_and(|sent| taken[*sent]) {
        all.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(call: u32, direction: Direction, kind: i64, text: &str) -> Message {
        Message {
            call,
            queue: "q".to_owned(),
            direction,
            kind,
            text: text.as_bytes().to_vec(),
        }
    }

    #[test]
    fn each_message_finds_the_one_that_was_sent() {
        use Direction::{Received, Sent};
        let check = |messages: &[(u32, Direction, i64, &str)], expect: &[(usize, usize)]| {
            let messages: Vec<Message> = messages
                .iter()
                .map(|(call, direction, kind, text)| message(*call, *direction, *kind, text))
                .collect();
            assert_eq!(pairs(&messages), expect);
        };
        // Types are taken out of order, and equal texts in their order.
        check(
            &[
                (1, Sent, 1, "a"),
                (2, Sent, 2, "a"),
                (3, Sent, 1, "a"),
                (4, Received, 2, "a"),
                (5, Received, 1, "a"),
                (6, Received, 1, "a"),
            ],
            &[(1, 3), (0, 4), (2, 5)],
        );
        // A receiver that is back first; one that has cut it; one that got what no program sent.
        check(&[(2, Received, 1, "a"), (1, Sent, 1, "a")], &[(1, 0)]);
        check(&[(1, Sent, 1, "long"), (2, Received, 1, "lo")], &[(0, 1)]);
        check(&[(1, Sent, 1, "x"), (2, Received, 1, "y")], &[]);
        // What one has cut is no other's, though that one's text is the same.
        check(
            &[
                (1, Sent, 1, "ab"),
                (2, Received, 1, "a"),
                (3, Received, 1, "ab"),
            ],
            &[(0, 1)],
        );
    }
}
