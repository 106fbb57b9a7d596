//! Messages of queues, and which receiver has had which.

use std::collections::HashMap;

use ipclab_evidence::{Call, Direction, Transfer};

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
    let mut taken = vec![false; messages.len()];
    let mut pairs = Vec::new();
    for (at, received) in messages.iter().enumerate() {
        if received.direction != Direction::Received {
            continue;
        }
        let of_queue = |(sent, message): &(usize, &Message)| {
            message.direction == Direction::Sent
                && message.queue == received.queue
                && message.kind == received.kind
                && !taken[*sent]
        };
        let all = || messages.iter().enumerate().filter(of_queue);
        let same = all().find(|(_, message)| message.text == received.text);
        // MSG_NOERROR cuts what is too long; and a program may have changed its memory meanwhile.
        let begins = |message: &Message| message.text.starts_with(&received.text);
        let found = same.or_else(|| all().find(|(_, message)| begins(message)));
        if let Some((sent, _)) = found {
            taken[sent] = true;
            pairs.push((sent, at));
        }
    }
    pairs
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
    }
}
