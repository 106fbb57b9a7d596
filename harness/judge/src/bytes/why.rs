//! Why other bytes crossed than a spec wants: the likely mistake, from what was sent, received and called.

use ipclab_evidence::{Call, Direction, Exit, Object, SocketKind, Transfer, belongs};

use super::{Crossing, hex_at, padding};
use crate::facts::{address_of, show_address};
use crate::finding::{NEWLINE_MISSING, NUL_MISSING};
use crate::quote::{count, quoted_bytes};

/// Why bytes that arrived are not known.
const TOO_MANY: &str = "more bytes crossed than are kept";

impl Crossing<'_> {
    pub(super) fn other_message(
        &self,
        at: usize,
        call: &Call,
        transfer: &Transfer,
        text: &str,
    ) -> String {
        let nth = if self.moved.len() > 1 {
            format!(" in message {}", at + 1)
        } else {
            String::new()
        };
        let (who, verb, seen) = (self.who(), self.verb(), transfer.bytes);
        let wanted = text.as_bytes();
        let bytes = transfer.head.0.as_slice();
        let whole = bytes.len() as u64 == seen;
        let length = wanted.len() as u64;
        if !whole && seen == length && wanted.starts_with(bytes) {
            let unseen = seen - bytes.len() as u64;
            return format!("{}{nth} (#{})", self.unseen(seen, unseen), call.n);
        }
        if whole && wanted.strip_suffix(b"\0") == Some(bytes) {
            return format!(
                "{who} {verb} {seen} bytes instead of {length}{nth} (#{}): {NUL_MISSING}, send strlen + 1 bytes",
                call.n
            );
        }
        if whole && wanted.strip_suffix(b"\n") == Some(bytes) {
            return format!(
                "{who} {verb} {seen} bytes instead of {length}{nth} (#{}): {NEWLINE_MISSING}",
                call.n
            );
        }
        if seen > length && bytes.starts_with(wanted) {
            return format!(
                "{who} {verb} {seen} bytes instead of {length}{nth} (#{}): {}",
                call.n,
                padding(bytes, wanted.len(), seen, Some(wanted))
            );
        }
        if transfer.cut {
            return format!(
                "{who} {verb} only {seen} of {length} bytes{nth} (#{}): its buffer was too short for the datagram",
                call.n
            );
        }
        if whole && wanted.starts_with(bytes) {
            return format!(
                "{who} {verb} {seen} bytes instead of {length}{nth} (#{}): the message is cut",
                call.n
            );
        }
        let offset = wanted.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        format!(
            "{who} {verb} {} instead of {}{nth} (#{}): byte {offset} is {} instead of {}",
            quoted_bytes(bytes),
            quoted_bytes(wanted),
            call.n,
            hex_at(bytes, offset),
            hex_at(wanted, offset)
        )
    }

    /// Of these bytes it is not known which they were: that they were the right ones cannot be said.
    pub(super) fn unseen(&self, total: u64, unseen: u64) -> String {
        let (who, verb) = (self.who(), self.verb());
        let which = if unseen == total {
            "which they were was not seen".to_owned()
        } else {
            format!("which the last {unseen} were was not seen")
        };
        let why = match self.direction {
            Direction::Sent => {
                let taken = Crossing::new(self.facts, self.wire, Direction::Received).total();
                let others = self.names(&self.there());
                if taken == 0 {
                    format!("{others} received none of them")
                } else if taken < total {
                    format!("{others} received only {taken} of them")
                } else {
                    TOO_MANY.to_owned()
                }
            }
            Direction::Received => TOO_MANY.to_owned(),
        };
        format!(
            "{who} {verb} {}, and {which}: {why}",
            self.with_whom(&count(total, "byte"))
        )
    }

    /// Why the number of bytes is another one; `text`: what they should have been, where the case says it.
    pub(super) fn why_other_count(&self, wanted: u64, seen: u64, text: Option<&[u8]>) -> String {
        if seen == 0 {
            return self.nothing();
        }
        let (who, verb) = (self.who(), self.verb());
        let amount = format!(
            "{who} {verb} {} instead of {wanted}",
            self.with_whom(&count(seen, "byte"))
        );
        let all: Vec<u8> = self
            .moved
            .iter()
            .flat_map(|(_, transfer)| transfer.head.0.iter().copied())
            .collect();
        let whole = all.len() as u64 == seen;
        if self.direction == Direction::Received {
            if let Some((call, _)) = self.moved.iter().find(|(_, transfer)| transfer.cut) {
                return format!(
                    "{amount}: its buffer was too short for the datagram at #{}",
                    call.n
                );
            }
            let sent = Crossing::new(self.facts, self.wire, Direction::Sent).total();
            if sent == seen {
                return match seen < wanted {
                    true => format!("{amount}: no more was sent"),
                    false => format!("{amount}: so many were sent"),
                };
            }
            if sent > seen {
                return format!(
                    "{amount}, though {} were sent: it stopped reading too early{}",
                    count(sent, "byte"),
                    self.because()
                );
            }
        }
        if whole && seen.checked_add(1) == Some(wanted) && !all.contains(&0) {
            match self.last_byte(&all, text) {
                Some(0) => return format!("{amount}: {NUL_MISSING}, send strlen + 1 bytes"),
                Some(b'\n') => return format!("{amount}: {NEWLINE_MISSING}"),
                Some(_) => return format!("{amount}: the last byte is missing"),
                None => {}
            }
        }
        if seen > wanted {
            let at = usize::try_from(wanted).unwrap_or(usize::MAX);
            return format!("{amount}: {}", padding(&all, at, seen, text));
        }
        format!("{amount}{}", self.because())
    }

    /// The byte that should have stood behind these: by what the case wants, by what the program itself had received and should
    /// have sent on, else by how messages of this run end. `None`: more is different than the end.
    fn last_byte(&self, sent: &[u8], text: Option<&[u8]>) -> Option<u8> {
        let behind = |whole: &[u8]| match whole.split_last() {
            Some((last, before)) if before == sent => Some(*last),
            Some(_) | None => None,
        };
        if let Some(text) = text {
            return behind(text);
        }
        let received = self.facts.transfers(&self.here, Direction::Received);
        let received: Vec<u8> = received
            .flat_map(|(_, transfer)| transfer.head.0.iter().copied())
            .collect();
        // Where the last byte is a newline, it is not the end that is missing.
        let is_cut = sent.last() != Some(&b'\n');
        let by_run = match self.facts.are_lines_sent() {
            true => is_cut.then_some(b'\n'),
            false => is_cut.then_some(0),
        };
        behind(&received).or(by_run)
    }

    /// Where a program of the student's waits in the end, though that is what the case lets it do.
    fn waits_at_the_end(&self) -> Option<String> {
        let index = self.here.first().filter(|_| self.because().is_empty())?;
        let actor = self.facts.actor(*index)?;
        match &actor.exit {
            Exit::Running {
                wait: Some(wait), ..
            } if self.facts.is_student(*index) => {
                Some(format!("it waits in {}", self.facts.waits_in(wait)))
            }
            Exit::Running { .. }
            | Exit::NotStarted
            | Exit::NotExecuted(_)
            | Exit::Code(_)
            | Exit::Signal { .. }
            | Exit::Stopped(_) => None,
        }
    }

    /// The call that moves bytes this way over what these programs use: a message queue has calls of its own.
    fn call_for(&self, direction: Direction) -> &'static str {
        let there = self.there();
        let all = self.here.iter().chain(&there);
        let mut sockets = all.flat_map(|index| self.facts.sockets(*index));
        let queue = sockets.find(|(_, socket)| socket.kind == SocketKind::Queue);
        // The name of a POSIX queue is a path.
        let is_posix = queue.is_some_and(|(_, socket)| socket.family.contains('/'));
        match (queue.is_some(), is_posix, direction) {
            (true, false, Direction::Sent) => "msgsnd",
            (true, false, Direction::Received) => "msgrcv",
            (true, true, Direction::Sent) => "mq_send",
            (true, true, Direction::Received) => "mq_receive",
            (false, _, Direction::Sent) => "send",
            (false, _, Direction::Received) => "recv",
        }
    }

    /// Why nothing crossed at all.
    pub(super) fn nothing(&self) -> String {
        let others = self.names(&self.there());
        let who = self.who();
        let first = self.here.first().copied();
        match self.direction {
            Direction::Sent => {
                let elsewhere = self.facts.transfers(&self.here, Direction::Sent).next();
                let misdirected = self
                    .here
                    .iter()
                    .find_map(|index| self.facts.misdirected(*index));
                if let Some((why, _)) = misdirected {
                    return format!("{who} sent nothing to {others}: {why}");
                }
                if let Some((call, transfer)) = elsewhere {
                    let peer = transfer.peer.and_then(|peer| self.facts.socket(peer));
                    let to = match (peer, address_of(&self.facts, call)) {
                        (Some(peer), _) => format!("to {}", self.facts.who(peer.actor)),
                        (None, Some(address)) => format!("elsewhere to {}", show_address(&address)),
                        (None, None) => "elsewhere".to_owned(),
                    };
                    return format!(
                        "{who} sent nothing to {others}: its {} went {to} (#{})",
                        count(transfer.bytes, "byte"),
                        call.n
                    );
                }
                let failed = self.here.iter().find_map(|index| {
                    let sends = |call: &&Call| {
                        belongs(
                            &call.name,
                            matches!(call.object, Some(Object::Socket(_))),
                            "send",
                        )
                    };
                    let mut sends = self.facts.calls(*index).filter(sends);
                    sends.find(|call| call.errno().is_some())
                });
                if let Some(call) = failed.filter(|_| self.because().is_empty()) {
                    return format!(
                        "{who} sent nothing to {others}: {}",
                        self.facts.failure(call)
                    );
                }
                let call = self.call_for(Direction::Sent);
                let tried = self.facts.tried(&self.here, call);
                let never = match (self.waits_at_the_end(), tried) {
                    (Some(waits), true) => format!(": {waits}"),
                    (Some(waits), false) => format!(": {waits}, and never called {call}()"),
                    (None, false) if self.because().is_empty() => {
                        format!(": it never called {call}()")
                    }
                    (None, _) => String::new(),
                };
                format!("{who} sent nothing to {others}{never}{}", self.because())
            }
            Direction::Received => {
                let sent = Crossing::new(self.facts, self.wire, Direction::Sent).total();
                if sent == 0 {
                    let culprit = self
                        .there()
                        .iter()
                        .find_map(|index| self.facts.misdirected(*index))
                        .map(|(why, _)| why);
                    return match culprit {
                        Some(why) => format!("{who} received nothing: {why}"),
                        None => format!("{who} received nothing, because {others} sent nothing"),
                    };
                }
                let call = self.call_for(Direction::Received);
                if first.is_some() && !self.facts.tried(&self.here, call) {
                    let never = match self.waits_at_the_end() {
                        Some(waits) => format!("{waits}, and never called {call}()"),
                        None => format!("it never called {call}(){}", self.because()),
                    };
                    return format!(
                        "{who} received nothing of the {} that were sent: {never}",
                        count(sent, "byte")
                    );
                }
                format!(
                    "{who} received nothing of the {} that were sent{}",
                    count(sent, "byte"),
                    self.because()
                )
            }
        }
    }
}
