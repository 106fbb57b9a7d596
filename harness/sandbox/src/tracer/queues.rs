//! Messages of queues, System V's and POSIX: what crossed from one program to another, as over a socket of messages.
//!
//! A queue as one actor uses it counts as a socket of that actor. Which message came from which is found out in the end: a
//! receiver may be back before the sender whose message it has.

use ipclab_evidence::{Direction, Object, SocketKind, Transfer};
use ipclab_kernel::Pid;

use super::state::{InCall, Tracer};
use crate::decode;
use crate::queued::Message;

/// The type of a System V message, before its text, `msgop(2)`.
const TYPE_BYTES: usize = 8;

/// Where the text of a message is in its program's memory, and how long; `None`: it is no call that hands one over.
pub(super) fn text_of(name: &str, args: &[u64; 6]) -> Option<(u64, u64)> {
    match name {
        "msgsnd" => Some((args[1].wrapping_add(TYPE_BYTES as u64), args[2])),
        "mq_timedsend" => Some((args[1], args[2])),
        _ => None,
    }
}

impl Tracer {
    /// A call has moved a message.
    pub(super) fn queue_moved(&mut self, tid: Pid, call: &InCall, result: i64) -> Option<Transfer> {
        let (direction, is_typed) = match call.spec.name {
            "msgsnd" => (Direction::Sent, true),
            "msgrcv" => (Direction::Received, true),
            "mq_timedsend" => (Direction::Sent, false),
            "mq_timedreceive" => (Direction::Received, false),
            _ => return None,
        };
        let queue = match (is_typed, &call.object) {
            (true, _) => format!("message queue {}", call.args[0] as i32),
            (false, Some(Object::File(path))) => format!("message queue {}", path.to_text()),
            (false, _) => return None,
        };
        let actor = self.actor_of(tid)?;
        let socket =
            self.sockets
                .queue(SocketKind::Queue, &queue, actor, call.n.unwrap_or_default());
        let (start, bytes) = match direction {
            Direction::Sent => text_of(call.spec.name, &call.args)?,
            Direction::Received => {
                let skipped = if is_typed { TYPE_BYTES as u64 } else { 0 };
                (call.args[1].wrapping_add(skipped), result as u64)
            }
        };
        let kind = match is_typed {
            true => number(tid, call.args[1]).unwrap_or_default(),
            // Its priority has no part in which message is which.
            false => 0,
        };
        // What is sent was read before the call, where the program is ours; what has come is where it landed.
        let seen = decode::memory(tid, start, bytes, decode::MAX_TRANSFER_BYTES);
        let head = match direction {
            Direction::Sent if self.actors[actor].trusted => call.outgoing.clone(),
            Direction::Sent => Vec::new(),
            Direction::Received => seen.clone(),
        };
        if let Some(n) = call.n {
            self.sockets.queue_moved(
                actor,
                Message {
                    call: n,
                    queue,
                    direction,
                    kind,
                    text: seen,
                },
            );
        }
        let head = self.trace.kept(actor, head);
        Some(Transfer {
            socket,
            peer: None,
            direction,
            bytes,
            head,
            cut: false,
        })
    }
}

fn number(tid: Pid, at: u64) -> Option<i64> {
    let bytes = decode::memory(tid, at, TYPE_BYTES as u64, TYPE_BYTES);
    Some(i64::from_ne_bytes(bytes.try_into().ok()?))
}
