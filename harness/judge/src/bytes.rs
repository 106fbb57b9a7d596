//! Bytes: what really crossed between two actors, from the kernel's return values.

mod why;

use ipclab_evidence::{Address, Call, Direction, Exit, Object, SocketKind, Transfer, belongs};
use ipclab_spec::{Amount, Aspect, Player, Wire};

use crate::difference::byte;
use crate::facts::{Facts, Unfilled, address_of};
use crate::finding::Finding;
use crate::quote::{count, moved, quoted_bytes};
use crate::range::{NO_NUMBER, Range};

/// One finding for each expectation about a wire, and one for each scripted peer, which knows itself what it wanted.
pub(crate) fn judge(facts: Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wire in &facts.case.wire {
        let both = [
            (Direction::Sent, &wire.sent),
            (Direction::Received, &wire.received),
        ];
        for (direction, amount) in both {
            if let Some(amount) = amount {
                findings.push(Crossing::new(facts, wire, direction).judge(amount));
            }
        }
    }
    for role in &facts.case.actors {
        if matches!(role.player, Player::Peer { .. }) {
            findings.extend(
                facts
                    .copies(&role.name)
                    .into_iter()
                    .filter_map(|index| peer(facts, index)),
            );
        }
    }
    findings
}

/// What the finding of a scripted peer with a complaint says.
pub(crate) const COMPLAINS: &str = "did not get what it expected";

/// What a scripted peer says.
fn peer(facts: Facts<'_>, index: usize) -> Option<Finding> {
    let actor = facts.actor(index)?;
    let who = facts.who(index);
    Some(match actor.complaints.first() {
        Some(complaint) => {
            let complaint = crate::quote::escaped_line(complaint);
            Finding::fail(
                Aspect::Bytes,
                Some(&actor.name),
                format!("{who} {COMPLAINS}: {complaint}{}", facts.because(index)),
            )
        }
        // It could find fault with nothing, and nothing was shown to it.
        None if actor.exit == Exit::NotStarted => Finding::fail(
            Aspect::Bytes,
            Some(&actor.name),
            format!("{who} could not begin{}", facts.because(index)),
        ),
        None => Finding::pass(
            Aspect::Bytes,
            Some(&actor.name),
            format!("{who} got what it expected"),
        ),
    })
}

/// One direction of one wire, seen at one of its ends.
struct Crossing<'a> {
    facts: Facts<'a>,
    wire: &'a Wire,
    direction: Direction,
    /// The actors at the end where we look.
    here: Vec<usize>,
    moved: Vec<(&'a Call, &'a Transfer)>,
}

impl<'a> Crossing<'a> {
    fn new(facts: Facts<'a>, wire: &'a Wire, direction: Direction) -> Self {
        let (from, to) = (facts.copies(&wire.from), facts.copies(&wire.to));
        let (here, there) = match direction {
            Direction::Sent => (from, to),
            Direction::Received => (to, from),
        };
        let moved = facts
            .transfers(&here, direction)
            .filter(|(call, transfer)| facts.is_between(call, transfer, &there))
            .collect();
        Self {
            facts,
            wire,
            direction,
            here,
            moved,
        }
    }

    fn judge(&self, amount: &Amount) -> Finding {
        if let Some(why) = self.facts.holes_in_transfers(&self.here) {
            let message = format!("what {} {} is not proved: {why}", self.who(), self.verb());
            return Finding::fail(Aspect::Bytes, self.actor_name().as_deref(), message);
        }
        let finding = match amount {
            Amount::Bytes(template) => {
                let text = self.facts.text(template, None);
                let number = text.and_then(|text| {
                    text.trim()
                        .parse::<u64>()
                        .map_err(|_| Unfilled::Trouble(format!("{text:?} is no number of bytes")))
                });
                match number {
                    Ok(wanted) => self.bytes(wanted),
                    Err(unfilled) => self.unfilled(unfilled),
                }
            }
            Amount::Range(count) => match Range::of(count) {
                Some(wanted) => self.range(wanted),
                None => self.unknown(NO_NUMBER.to_owned()),
            },
            Amount::Messages(templates) => {
                let texts = templates
                    .iter()
                    .map(|template| self.facts.text(template, None));
                match texts.collect::<Result<Vec<_>, _>>() {
                    Ok(wanted) => self.messages(&wanted),
                    Err(unfilled) => self.unfilled(unfilled),
                }
            }
        };
        finding.citing(self.moved.iter().take(8).map(|(call, _)| call.n))
    }

    fn bytes(&self, wanted: u64) -> Finding {
        let seen = self.total();
        if seen == wanted {
            return self.pass(format!(
                "{} {} {}",
                self.who(),
                self.verb(),
                self.with_whom(&count(seen, "byte"))
            ));
        }
        let message = self.why_other_count(wanted, seen, None);
        self.missed(message)
            .expecting(count(wanted, "byte"), count(seen, "byte"))
    }

    fn range(&self, wanted: Range) -> Finding {
        let seen = self.total();
        let bytes = self.with_whom(&count(seen, "byte"));
        if wanted.has(seen) {
            return self.pass(format!("{} {} {bytes}", self.who(), self.verb()));
        }
        let why = match wanted.least {
            Some(least) if seen < least => self.because(),
            Some(_) | None => String::new(),
        };
        let message = match seen {
            0 => self.nothing(),
            _ => format!(
                "{} {} {bytes} instead of {}{why}",
                self.who(),
                self.verb(),
                wanted.text()
            ),
        };
        self.missed(message)
            .expecting(wanted.counted("byte"), count(seen, "byte"))
    }

    fn messages(&self, wanted: &[String]) -> Finding {
        let stream = self.moved.iter().any(|(_, transfer)| {
            let kind = self.kind(transfer);
            matches!(kind, Some(SocketKind::Stream | SocketKind::Fifo))
        });
        let several = self.here.len() > 1 || self.there().len() > 1;
        if stream {
            // A stream has no messages: what counts is the bytes in their order.
            return self.as_stream(&wanted.concat());
        }
        let matches = |transfer: &Transfer, text: &str| {
            transfer.bytes == text.len() as u64 && text.as_bytes() == transfer.head.0
        };
        let all_met = if several {
            let fits: Vec<Vec<usize>> = wanted
                .iter()
                .map(|text| {
                    (0..self.moved.len())
                        .filter(|at| matches(self.moved[*at].1, text))
                        .collect()
                })
                .collect();
            self.moved.len() == wanted.len() && crate::assign::assign(&fits).len() == wanted.len()
        } else {
            self.moved.len() == wanted.len()
                && self
                    .moved
                    .iter()
                    .zip(wanted)
                    .all(|((_, transfer), text)| matches(transfer, text))
        };
        if all_met {
            let messages = count(wanted.len() as u64, "message");
            return self.pass(format!(
                "{} {} {}",
                self.who(),
                self.verb(),
                self.with_whom(&messages)
            ));
        }
        if self.moved.is_empty() {
            let finding = self.missed(self.nothing());
            return finding.expecting(list(wanted.iter().map(String::as_bytes)), "nothing");
        }
        if self.direction == Direction::Received {
            let sent = Crossing::new(self.facts, self.wire, Direction::Sent);
            let bytes = |crossing: &Self| {
                crossing
                    .moved
                    .iter()
                    .map(|(_, transfer)| transfer.head.clone())
                    .collect::<Vec<_>>()
            };
            if bytes(&sent) == bytes(self) {
                let seen = list(
                    self.moved
                        .iter()
                        .map(|(_, transfer)| transfer.head.0.as_slice()),
                );
                let message = format!(
                    "{} received {seen}, because that is what {} sent",
                    self.who(),
                    self.names(&self.there())
                );
                return self
                    .missed(message)
                    .expecting(list(wanted.iter().map(String::as_bytes)), seen);
            }
        }
        let odd = self
            .moved
            .iter()
            .zip(wanted)
            .enumerate()
            .find(|(_, ((_, transfer), text))| !matches(transfer, text));
        let (message, difference) = match odd {
            Some((at, ((call, transfer), text))) => (
                self.other_message(at, call, transfer, text),
                byte(text.as_bytes(), &transfer.head.0),
            ),
            None => {
                let (seen, wanted) = (self.moved.len() as u64, wanted.len() as u64);
                let what = if seen < wanted {
                    self.because()
                } else {
                    String::new()
                };
                let text = format!(
                    "{} {} {} instead of {wanted}{what}",
                    self.who(),
                    self.verb(),
                    self.with_whom(&count(seen, "message"))
                );
                (text, None)
            }
        };
        let seen = list(
            self.moved
                .iter()
                .map(|(_, transfer)| transfer.head.0.as_slice()),
        );
        self.missed(message)
            .expecting(list(wanted.iter().map(String::as_bytes)), seen)
            .with(difference)
    }

    /// The bytes in their order; `None` where they were not seen.
    fn as_stream(&self, wanted: &str) -> Finding {
        let wanted = wanted.as_bytes();
        let seen = self.total();
        let mut known: Vec<Option<u8>> = Vec::new();
        for (_, transfer) in &self.moved {
            let room = (wanted.len() + 64).saturating_sub(known.len());
            let length = usize::try_from(transfer.bytes)
                .unwrap_or(usize::MAX)
                .min(room);
            known.extend((0..length).map(|at| transfer.head.0.get(at).copied()));
        }
        let differs = wanted
            .iter()
            .zip(&known)
            .any(|(wanted, seen)| seen.is_some_and(|seen| seen != *wanted));
        let unseen = known.iter().filter(|byte| byte.is_none()).count() as u64;
        let length = wanted.len() as u64;
        if seen == length && !differs && unseen > 0 {
            let kept: Vec<u8> = known.iter().map_while(|byte| *byte).collect();
            return self
                .missed(self.unseen(seen, unseen))
                .expecting(quoted_bytes(wanted), quoted_bytes(&kept));
        }
        if seen == length && !differs {
            return self.pass(format!(
                "{} {} {}",
                self.who(),
                self.verb(),
                self.with_whom(&count(seen, "byte"))
            ));
        }
        let bytes: Vec<u8> = known.iter().map_while(|byte| *byte).collect();
        let message = if !differs || bytes.is_empty() {
            self.why_other_count(length, seen, Some(wanted))
        } else {
            let offset = wanted
                .iter()
                .zip(&bytes)
                .take_while(|(a, b)| a == b)
                .count();
            format!(
                "{} {} other bytes than expected: byte {offset} is {} instead of {}",
                self.who(),
                self.verb(),
                hex_at(&bytes, offset),
                hex_at(wanted, offset)
            )
        };
        self.missed(message)
            .expecting(quoted_bytes(wanted), quoted_bytes(&bytes))
            .with(byte(wanted, &bytes))
    }

    fn unfilled(&self, unfilled: Unfilled) -> Finding {
        match unfilled {
            Unfilled::Never(why) => {
                self.missed(format!("{} {} nothing: {why}", self.who(), self.verb()))
            }
            Unfilled::Trouble(why) => self.unknown(why),
        }
    }

    fn missed(&self, message: String) -> Finding {
        if self.here.is_empty() || self.there().is_empty() {
            return self.unknown("the evidence lacks one of the two actors".to_owned());
        }
        Finding::fail(Aspect::Bytes, self.actor_name().as_deref(), message)
    }

    fn unknown(&self, why: String) -> Finding {
        Finding::unknown(
            Aspect::Bytes,
            self.actor_name().as_deref(),
            format!("not judged: {why}"),
        )
    }

    fn pass(&self, message: String) -> Finding {
        Finding::pass(Aspect::Bytes, self.actor_name().as_deref(), message)
    }

    /// The one actor that the finding is about; the name of its role when there are copies.
    fn actor_name(&self) -> Option<String> {
        match self.here.as_slice() {
            [one] => self.facts.actor(*one).map(|actor| actor.name.clone()),
            _ => Some(self.role().to_owned()),
        }
    }

    fn role(&self) -> &str {
        match self.direction {
            Direction::Sent => &self.wire.from,
            Direction::Received => &self.wire.to,
        }
    }

    fn there(&self) -> Vec<usize> {
        self.facts.copies(match self.direction {
            Direction::Sent => &self.wire.to,
            Direction::Received => &self.wire.from,
        })
    }

    fn names(&self, actors: &[usize]) -> String {
        match actors {
            [one] => self.facts.who(*one),
            [] => "nobody".to_owned(),
            [first, ..] => {
                let ours = if self.facts.is_student(*first) {
                    ""
                } else {
                    "our "
                };
                let role = self.facts.role(*first).map_or("actors", |role| &role.name);
                format!("the {} copies of {ours}{role}", actors.len())
            }
        }
    }

    fn who(&self) -> String {
        self.names(&self.here)
    }

    fn verb(&self) -> &'static str {
        moved(self.direction)
    }

    /// `49 bytes to server`
    fn with_whom(&self, what: &str) -> String {
        let word = match self.direction {
            Direction::Sent => "to",
            Direction::Received => "from",
        };
        format!("{what} {word} {}", self.names(&self.there()))
    }

    fn because(&self) -> String {
        self.here
            .iter()
            .map(|index| self.facts.because(*index))
            .find(|why| !why.is_empty())
            .unwrap_or_default()
    }

    fn total(&self) -> u64 {
        self.moved
            .iter()
            .map(|(_, transfer)| transfer.bytes)
            .fold(0, u64::saturating_add)
    }

    fn kind(&self, transfer: &Transfer) -> Option<SocketKind> {
        self.facts.socket(transfer.socket).map(|socket| socket.kind)
    }
}

impl<'a> Facts<'a> {
    /// Whether the other end of a transfer is one of these actors.
    ///
    /// Where the sandbox does not know the other end, addresses decide; a datagram whose sender has no name can only come
    /// from them when there is no other actor.
    pub(crate) fn is_between(&self, call: &Call, transfer: &Transfer, there: &[usize]) -> bool {
        if let Some(peer) = transfer.peer.and_then(|peer| self.socket(peer)) {
            return there.contains(&peer.actor);
        }
        match address_of(self, call) {
            Some(address) => there.iter().any(|index| {
                self.sockets(*index).any(|(_, socket)| {
                    socket
                        .local
                        .as_ref()
                        .is_some_and(|local| meets(&address, local))
                })
            }),
            None => {
                transfer.direction == Direction::Received
                    && (0..self.evidence.actors.len())
                        .all(|index| index == call.actor || there.contains(&index))
            }
        }
    }

    /// Whether messages of this run end with a newline, and none with a NUL: a byte that is missing at the end is likely one.
    fn are_lines_sent(&self) -> bool {
        let transfers = self
            .evidence
            .trace
            .iter()
            .filter_map(|call| call.transfer.as_ref());
        let whole = transfers.filter(|transfer| transfer.head.0.len() as u64 == transfer.bytes);
        let ends: Vec<u8> = whole
            .filter_map(|transfer| transfer.head.0.last().copied())
            .collect();
        ends.contains(&b'\n') && !ends.contains(&0)
    }

    /// Whether one of these actors ever called this family on a socket.
    pub(crate) fn tried(&self, actors: &[usize], family: &str) -> bool {
        actors.iter().any(|index| {
            self.calls(*index).any(|call| match call.object {
                Some(Object::Socket(socket)) => {
                    !self.is_of_resolver(socket) && belongs(&call.name, true, family)
                }
                Some(
                    Object::Segment(_)
                    | Object::Semaphores(_)
                    | Object::Queue(_)
                    | Object::File(_)
                    | Object::Standard(_)
                    | Object::Other(_),
                )
                | None => belongs(&call.name, false, family),
            })
        })
    }
}

/// Whether what is sent to `to` arrives at a socket bound to `local`.
fn meets(to: &Address, local: &Address) -> bool {
    match (to, local) {
        (Address::Inet(to), Address::Inet(local)) => {
            to.port() == local.port()
                && (to.ip() == local.ip()
                    || local.ip().is_unspecified()
                    || to.ip().is_unspecified())
        }
        (Address::Path(_) | Address::Abstract(_), _) => to == local,
        (Address::Inet(_) | Address::Unnamed | Address::Other(_), _) => false,
    }
}

fn list<'t>(texts: impl Iterator<Item = &'t [u8]>) -> String {
    texts
        .take(20)
        .map(quoted_bytes)
        .collect::<Vec<_>>()
        .join(", ")
}

/// `51 bytes too many, all of them NUL: ...`; `text`: what they should have been, where the case says it.
fn padding(bytes: &[u8], wanted: usize, seen: u64, text: Option<&[u8]>) -> String {
    let extra = bytes.get(wanted..).unwrap_or_default();
    let many = count(seen.saturating_sub(wanted as u64), "byte");
    if extra.is_empty() || extra.iter().any(|byte| *byte != 0) {
        return format!("{many} too many");
    }
    let has_no_nul = text.is_some_and(|text| !text.ends_with(b"\0"));
    match (has_no_nul, extra.len()) {
        (true, 1) => "the NUL went as well, send strlen bytes".to_owned(),
        (true, _) => format!(
            "{many} too many, NULs: send what was received or strlen bytes, not the whole buffer"
        ),
        (false, _) => format!(
            "{many} too many, NULs: send what was received or strlen + 1 bytes, not the whole buffer"
        ),
    }
}

fn hex_at(bytes: &[u8], offset: usize) -> String {
    match bytes.get(offset) {
        Some(byte) => format!("0x{byte:02x}"),
        None => "the end".to_owned(),
    }
}
