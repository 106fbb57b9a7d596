//! The oracle: what the student's programs did, beside what the reference programs did in the same places of the same case
//! with the same values.
//!
//! Only what a program of other words cannot do otherwise is compared, so that no program loses a point for being different:
//!
//! - **Bytes.** What each of the student's actors sent to each other actor: on a stream all of it in order, whatever the
//!   pieces; datagrams one by one. And what it received, where the other side sent it the same: a buffer may be larger than
//!   the reference's, not smaller. What a program sends to itself or to no actor is its own affair.
//! - **Exit**, where the case itself expects nothing of it: with status 0, with another one, by a signal, or not at all. Which
//!   status a failure has, and how a server takes the end of the case, is free.
//! - **Output**, of actors of whose stdout the case expects something. Wording is free and so is saying less: what must appear
//!   is a random text that the reference prints as it was drawn, if it is too long to be in a program's own words by chance.
//!   Numbers are not compared: a spec asks for a count with `{{client.sent}}`, which knows the student's own.
//! - **What is left behind**: a value that the reference stored in a segment must be in the student's, too. That nothing
//!   else may be left is what the case says anyway, and what it allows to be left is allowed.

use std::collections::BTreeMap;

use ipclab_evidence::{Direction, Evidence, Exit, SocketKind};
use ipclab_spec::{Aspect, Case, Draw, ExitExpectation};

use crate::difference::byte;
use crate::facts::Facts;
use crate::finding::{Difference, Finding};
use crate::page::Page;
use crate::quote::{count, quoted, quoted_bytes};

/// One finding for each thing that the student's programs and the references can be compared in.
///
/// The case is concrete, and `values` are those that were filled in. Both runs must be of the same plan but for who plays;
/// whether the reference itself does what the case expects is for the caller to judge.
#[must_use]
pub fn compare(
    case: &Case,
    values: &BTreeMap<String, String>,
    seen: &Evidence,
    reference: &Evidence,
) -> Vec<Finding> {
    let both = RunPair {
        seen: Facts {
            case,
            evidence: seen,
        },
        reference: Facts {
            case,
            evidence: reference,
        },
    };
    let mut findings = Vec::new();
    for (index, actor) in seen.actors.iter().enumerate() {
        if !both.seen.is_student(index) {
            continue;
        }
        let Some(there) = reference.actors.iter().position(|a| a.name == actor.name) else {
            continue;
        };
        let wire = both.wire(index, there);
        let exit = both.exit(index, there);
        let output = both.output(index, there, values);
        findings.extend(wire);
        findings.extend(exit);
        findings.extend(output);
    }
    findings.extend(both.segments(values));
    crate::finish(&mut findings, both.seen);
    findings
}

/// The student's run and the reference's.
struct RunPair<'a> {
    seen: Facts<'a>,
    reference: Facts<'a>,
}

impl RunPair<'_> {
    /// What an actor exchanged with each other actor.
    fn wire(&self, index: usize, there: usize) -> Vec<Finding> {
        let name = &self.seen.evidence.actors[index].name;
        let holes = self.seen.holes_in_transfers(&[index]);
        if let Some(why) = holes {
            let why = format!("what crossed is not proved: {why}");
            return vec![Finding::fail(Aspect::Bytes, Some(name), why)];
        }
        let mut findings = Vec::new();
        for (other, partner) in self.seen.evidence.actors.iter().enumerate() {
            let elsewhere = self.reference.evidence.actors.iter();
            let Some(other_there) = elsewhere.clone().position(|a| a.name == partner.name) else {
                continue;
            };
            if other == index {
                continue;
            }
            let moved =
                |from: usize, to: usize, direction| Moved::between(self.seen, from, to, direction);
            let wanted = |from: usize, to: usize, direction| {
                Moved::between(self.reference, from, to, direction)
            };
            let sent = moved(index, other, Direction::Sent);
            let sent_there = wanted(there, other_there, Direction::Sent);
            findings.extend(self.sent(index, other, &sent, &sent_there));
            // What comes in depends on what the other side sent: only the same can be expected to arrive the same.
            let came = moved(other, index, Direction::Sent);
            if came
                .differs(&wanted(other_there, there, Direction::Sent))
                .is_none()
            {
                let received = moved(index, other, Direction::Received);
                let received_there = wanted(there, other_there, Direction::Received);
                findings.extend(self.received(index, other, &received, &received_there));
            }
        }
        findings
    }

    fn sent(&self, index: usize, other: usize, seen: &Moved, wanted: &Moved) -> Option<Finding> {
        let (who, whom) = (self.seen.who(index), self.seen.who(other));
        let name = Some(self.seen.evidence.actors[index].name.as_str());
        if seen.is_nothing() && wanted.is_nothing() {
            return None;
        }
        Some(match seen.differs(wanted) {
            None => Finding::pass(
                Aspect::Bytes,
                name,
                format!("{who} sent {whom} what the reference program sends"),
            ),
            Some(difference) => Finding::fail(
                Aspect::Bytes,
                name,
                format!(
                    "{who} sent {whom} {}, and the reference program sends {}",
                    seen.summary(),
                    wanted.summary()
                ),
            )
            .expecting(wanted.summary(), seen.summary())
            .with(difference)
            .citing(seen.cites()),
        })
    }

    fn received(
        &self,
        index: usize,
        other: usize,
        seen: &Moved,
        wanted: &Moved,
    ) -> Option<Finding> {
        let (who, whom) = (self.seen.who(index), self.seen.who(other));
        let name = Some(self.seen.evidence.actors[index].name.as_str());
        if wanted.is_nothing() && seen.is_nothing() {
            return None;
        }
        if seen.takes_in(wanted) {
            return Some(Finding::pass(
                Aspect::Bytes,
                name,
                format!("{who} received from {whom} what the reference program receives"),
            ));
        }
        Some(
            Finding::fail(
                Aspect::Bytes,
                name,
                format!(
                    "{who} received {} from {whom}, and the reference program receives {}",
                    seen.summary(),
                    wanted.summary()
                ),
            )
            .expecting(wanted.summary(), seen.summary())
            .citing(seen.cites()),
        )
    }

    fn exit(&self, index: usize, there: usize) -> Option<Finding> {
        let expected = &self.seen.role(index)?.exit;
        match expected {
            // The case says itself how it must end, or that it may end in any way.
            Some(
                ExitExpectation::Code(_)
                | ExitExpectation::Failure
                | ExitExpectation::Running
                | ExitExpectation::Signal(_)
                | ExitExpectation::Ended
                | ExitExpectation::Any,
            ) => return None,
            None => {}
        }
        let (seen, wanted) = (
            Ending::of(&self.seen.actor(index)?.exit),
            Ending::of(&self.reference.actor(there)?.exit),
        );
        let who = self.seen.who(index);
        let name = Some(self.seen.actor(index)?.name.as_str());
        Some(if seen == wanted {
            Finding::pass(
                Aspect::Exit,
                name,
                format!("{who} ended as the reference program does"),
            )
        } else {
            Finding::fail(
                Aspect::Exit,
                name,
                format!(
                    "{who} {}, and the reference program {}",
                    seen.words(),
                    wanted.words()
                ),
            )
            .expecting(wanted.words(), seen.words())
        })
    }

    fn output(
        &self,
        index: usize,
        there: usize,
        values: &BTreeMap<String, String>,
    ) -> Vec<Finding> {
        let asked = self
            .seen
            .role(index)
            .is_some_and(|role| !role.stdout.is_empty());
        let (Some(actor), Some(reference)) = (self.seen.actor(index), self.reference.actor(there))
        else {
            return Vec::new();
        };
        let (seen, wanted) = (Page::of(&actor.stdout), Page::of(&reference.stdout));
        if !asked || seen.has_hole || wanted.has_hole {
            return Vec::new();
        }
        let who = self.seen.who(index);
        let drawn = self.seen.case.vary.iter();
        let mut texts: Vec<&str> = drawn
            .filter(|variable| matches!(variable.draw, Draw::Text { .. }))
            .filter_map(|variable| values.get(&variable.name))
            .map(|value| value.trim_end())
            .collect();
        texts.retain(|text| is_telling(text) && wanted.text.contains(text));
        texts.sort_unstable();
        texts.dedup();
        texts
            .iter()
            .map(|text| {
                if seen.text.contains(text) {
                    return Finding::pass(
                        Aspect::Output,
                        Some(&actor.name),
                        format!(
                            "{who} printed {}, as the reference program does",
                            quoted(text)
                        ),
                    );
                }
                Finding::fail(
                    Aspect::Output,
                    Some(&actor.name),
                    format!(
                        "{who} did not print {}, which the reference program prints",
                        quoted(text)
                    ),
                )
                .expecting(*text, seen.text.trim_end())
            })
            .collect()
    }

    /// Values that the reference left in shared memory.
    fn segments(&self, values: &BTreeMap<String, String>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for wanted in &self.reference.evidence.leftovers.segments {
            let left = &self.seen.evidence.leftovers.segments;
            let Some(seen) = left
                .iter()
                .find(|seen| wanted.key != 0 && seen.key == wanted.key)
            else {
                continue;
            };
            let holds = |holds: &[u8], value: &str| {
                !value.is_empty()
                    && holds
                        .windows(value.len())
                        .any(|part| part == value.as_bytes())
            };
            for value in values.values() {
                if holds(&wanted.holds.0, value) && seen.whole && !holds(&seen.holds.0, value) {
                    findings.push(
                        Finding::fail(
                            Aspect::Memory,
                            None,
                            format!(
                                "the segment with key {} does not hold {}, which the reference program stores in it",
                                wanted.key,
                                quoted(value)
                            ),
                        )
                        .expecting(value.as_str(), quoted_bytes(&seen.holds.0)),
                    );
                }
            }
        }
        findings
    }
}

/// Whether a text is in an output only because it was printed: a shorter one may stand in a program's own words by chance, and
/// a number may be written in other ways.
fn is_telling(text: &str) -> bool {
    text.chars().count() >= DISTINCTIVE_CHARS_MIN && !text.chars().all(|c| c.is_ascii_digit())
}

/// The shortest text that no program prints by chance.
const DISTINCTIVE_CHARS_MIN: usize = 8;

/// What an actor moved to or from another one, in order.
#[derive(Clone, Debug, Default)]
struct Moved {
    /// A stream's bytes are one; datagrams are several.
    stream: bool,
    /// Call, bytes, the first of them, whether it was cut.
    parts: Vec<Piece>,
}

#[derive(Clone, Debug)]
struct Piece {
    call: u32,
    bytes: u64,
    head: Vec<u8>,
    cut: bool,
}

impl Piece {
    /// Whether it is the same message, as far as the other one was seen.
    fn is(&self, wanted: &Self) -> bool {
        self.bytes == wanted.bytes && self.head.starts_with(&wanted.head)
    }
}

impl Moved {
    fn between(facts: Facts<'_>, from: usize, to: usize, direction: Direction) -> Self {
        let mut moved = Self::default();
        for (call, transfer) in facts.transfers(&[from], direction) {
            if !facts.is_between(call, transfer, &[to]) {
                continue;
            }
            moved.stream |= facts
                .socket(transfer.socket)
                .is_some_and(|socket| matches!(socket.kind, SocketKind::Stream | SocketKind::Fifo));
            moved.parts.push(Piece {
                call: call.n,
                bytes: transfer.bytes,
                head: transfer.head.0.clone(),
                cut: transfer.cut,
            });
        }
        moved
    }

    /// Nothing crossed. An empty datagram is something; an end of file is not.
    fn is_nothing(&self) -> bool {
        self.parts.is_empty() || self.stream && self.total() == 0
    }

    fn total(&self) -> u64 {
        let bytes = self.parts.iter().map(|part| part.bytes);
        bytes.fold(0, u64::saturating_add)
    }

    fn cites(&self) -> impl Iterator<Item = u32> {
        self.parts.iter().take(8).map(|part| part.call)
    }

    /// The bytes of a stream; `None`: not seen.
    fn bytes(&self) -> impl Iterator<Item = Option<u8>> {
        self.parts.iter().flat_map(|part| {
            let length = usize::try_from(part.bytes).unwrap_or(usize::MAX);
            (0..length).map(|at| part.head.get(at).copied())
        })
    }

    /// Whether the two are not the same, and at which byte they part where that can be told. What was not seen is not the
    /// same; but no program is asked for what was not seen of the reference either.
    fn differs(&self, wanted: &Self) -> Option<Option<Difference>> {
        if self.is_nothing() || wanted.is_nothing() {
            return (self.is_nothing() != wanted.is_nothing()).then_some(None);
        }
        if self.stream || wanted.stream {
            let other = self
                .bytes()
                .zip(wanted.bytes())
                .any(|(seen, wanted)| wanted.is_some() && seen != wanted);
            let whole =
                |moved: &Self| -> Vec<u8> { moved.bytes().map_while(|byte| byte).collect() };
            return (other || self.total() != wanted.total())
                .then(|| byte(&whole(wanted), &whole(self)));
        }
        let odd = self
            .parts
            .iter()
            .zip(&wanted.parts)
            .find(|(seen, wanted)| !seen.is(wanted));
        match odd {
            Some((seen, wanted)) => Some(byte(&wanted.head, &seen.head)),
            None => (self.parts.len() != wanted.parts.len()).then_some(None),
        }
    }

    /// Whether at least what the reference took in was taken in: where its own buffer cut a datagram, a larger one is fine.
    fn takes_in(&self, wanted: &Self) -> bool {
        if self.stream || wanted.stream || self.is_nothing() || wanted.is_nothing() {
            return self.differs(wanted).is_none();
        }
        let fits = |(seen, wanted): (&Piece, &Piece)| {
            seen.head.starts_with(&wanted.head)
                && (seen.bytes == wanted.bytes || wanted.cut && seen.bytes > wanted.bytes)
        };
        self.parts.len() == wanted.parts.len() && self.parts.iter().zip(&wanted.parts).all(fits)
    }

    fn summary(&self) -> String {
        if self.is_nothing() {
            return "nothing".to_owned();
        }
        if self.stream {
            let head: Vec<u8> = self.bytes().map_while(|byte| byte).take(400).collect();
            return format!("{} {}", count(self.total(), "byte"), quoted_bytes(&head));
        }
        let mut parts: Vec<String> = self
            .parts
            .iter()
            .take(8)
            .map(|part| format!("{} {}", count(part.bytes, "byte"), quoted_bytes(&part.head)))
            .collect();
        if self.parts.len() > parts.len() {
            parts.push(format!("{} more", self.parts.len() - parts.len()));
        }
        parts.join(", ")
    }
}

/// Ways to end that are the same to the process that started the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Success,
    Failure,
    Killed,
    Running,
    Stopped,
    Never,
}

impl Ending {
    fn of(exit: &Exit) -> Self {
        match exit {
            Exit::Code(0) => Self::Success,
            Exit::Code(_) => Self::Failure,
            Exit::Signal { .. } => Self::Killed,
            Exit::Running { .. } => Self::Running,
            Exit::Stopped(_) => Self::Stopped,
            Exit::NotStarted | Exit::NotExecuted(_) => Self::Never,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Success => "ends with status 0",
            Self::Failure => "ends with another status than 0",
            Self::Killed => "is killed by a signal",
            Self::Running => "does not end",
            Self::Stopped => "has to be stopped",
            Self::Never => "never starts",
        }
    }
}
