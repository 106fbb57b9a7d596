//! The trace: what is kept of it, for each actor apart, and how a long one is kept short.
//!
//! An actor's first calls are kept one by one. After that a call that is like one of its actor's last few is counted there: a
//! program that works byte by byte, or loops for long, has done what it did all the same. Where calls still become too many,
//! the middle is dropped, of this actor only, and its number is kept; what it moved over streams is added to what is kept.

use std::collections::{BTreeMap, HashMap, VecDeque};

use ipclab_evidence::{Arg, ArgKind, Bytes, Call, Direction, Object, Repeated, signature};

use crate::created::Created;
use crate::flows::Flows;

/// All that is kept, by number.
#[derive(Debug)]
pub(super) struct Trace {
    calls: BTreeMap<u32, Call>,
    actors: Vec<OfActor>,
    /// Calls of one actor that are kept.
    keep: usize,
    next: u32,
    /// Bytes of long texts that are kept: paths, mostly.
    text: usize,
    /// What the calls made that are kept no longer, where that has to be known.
    created: Option<Created>,
}

/// What is kept of one actor.
#[derive(Debug, Default)]
struct OfActor {
    /// Calls that stay.
    first: usize,
    /// The last ones, which may have to go: their numbers.
    last: VecDeque<u32>,
    /// How many were dropped in between.
    dropped: u64,
    /// The call to which what others moved is added when they are dropped.
    anchors: HashMap<(usize, Direction), u32>,
    /// Bytes of transfers that are kept; beyond the bound only their counts are.
    bytes: usize,
}

/// Bytes of all transfers of one actor that are kept.
const MAX_TRANSFER_BYTES: usize = 2 << 20;

/// Bytes of all long texts together that are kept, and what is long.
const MAX_TEXT_BYTES: usize = 2 << 20;
const LONG: usize = 256;

/// Among so many of its actor's last calls a call of its like is looked for: more than a loop's round has.
const MAX_LOOK_BACK: usize = 32;

/// Length of an argument's text where it may count as long, else 0. What a byte is written as has up to four characters,
/// and it is that text which makes evidence large.
fn text_length(arg: &Arg) -> usize {
    if arg.size() > LONG / 8 {
        arg.to_string().len()
    } else {
        0
    }
}

/// Whether an object has a path that counts as long.
pub(super) fn is_long(object: Option<&Object>) -> bool {
    matches!(object, Some(Object::File(path)) if path.0.len() > LONG)
}

impl Trace {
    /// `keep` calls of each actor are for head and tail together.
    pub(super) fn new(keep: u64, actors: usize) -> Self {
        Self {
            calls: BTreeMap::new(),
            actors: (0..actors).map(|_| OfActor::default()).collect(),
            keep: keep as usize,
            next: 1,
            text: 0,
            created: None,
        }
    }

    /// From here on what calls make is known, of those that are not kept, too.
    pub(super) fn record_created(&mut self) {
        self.created = Some(Created::default());
    }

    /// What all calls made.
    pub(super) fn created(&self) -> Created {
        let mut created = self.created.clone().unwrap_or_default();
        for call in self.calls() {
            created.note(call);
        }
        created
    }

    /// The number of the next call.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// Keeps the beginnings of long texts only, once there is much of them: a loop over names of 4,000 bytes would make
    /// evidence of hundreds of megabytes.
    fn shorten(&mut self, call: &mut Call) {
        let long = call.args.iter().map(text_length);
        let size: usize = long.filter(|length| *length > LONG).sum();
        if size == 0 || self.text + size <= MAX_TEXT_BYTES {
            self.text += size;
            return;
        }
        for arg in call.args.iter_mut().filter(|arg| text_length(arg) > LONG) {
            let text = arg.to_string();
            let end = (0..=LONG).rev().find(|at| text.is_char_boundary(*at));
            *arg = Arg::Text(format!("{}...", &text[..end.unwrap_or(0)]));
        }
        if is_long(call.object.as_ref()) {
            call.object = None;
        }
    }

    /// Gives a call its number, and that back.
    pub(super) fn push(&mut self, mut call: Call) -> u32 {
        self.shorten(&mut call);
        let n = self.next;
        self.next += 1;
        call.n = n;
        let actor = &mut self.actors[call.actor];
        if actor.first < self.keep / 2 {
            actor.first += 1;
        } else {
            actor.last.push_back(n);
        }
        self.calls.insert(n, call);
        n
    }

    /// A call is over: it is counted with one of its like, or stays and may push out another.
    pub(super) fn settle(&mut self, n: u32, flows: &mut Flows) {
        let Some(actor) = self.calls.get(&n).map(|call| call.actor) else {
            return;
        };
        if self.actors[actor].last.back().is_none() {
            return;
        }
        if let Some(like) = self.find_like(actor, n, flows) {
            self.fold(n, like, flows);
            let last = &mut self.actors[actor].last;
            if let Some(at) = last.iter().rposition(|other| *other == n) {
                last.remove(at);
            }
        } else if self.actors[actor].last.len() > self.keep / 2 {
            self.drop_one(actor, flows);
        }
    }

    /// One of the actor's last calls that this one is like.
    fn find_like(&self, actor: usize, n: u32, flows: &Flows) -> Option<u32> {
        let call = &self.calls[&n];
        let last = self.actors[actor].last.iter().rev();
        let mut before = last.filter(|other| **other < n).take(MAX_LOOK_BACK);
        before
            .find(|other| {
                is_like(&self.calls[*other], call) && moves_on(&self.calls[*other], call, flows)
            })
            .copied()
    }

    /// Counts a call with another one, and takes it away.
    fn fold(&mut self, n: u32, into: u32, flows: &mut Flows) {
        let (Some(call), Some(kept)) = (self.calls.remove(&n), self.calls.get_mut(&into)) else {
            return;
        };
        if let Some(created) = &mut self.created {
            created.note(&call);
        }
        let value = |call: &Call| call.returned.map_or(0, |returned| returned.value);
        let varies = kept.args != call.args;
        let before = kept
            .repeated
            .take()
            .unwrap_or_else(|| Repeated::once(into, value(kept)));
        kept.repeated = Some(Repeated {
            last: call.repeated.as_ref().map_or(n, |more| more.last),
            times: before.times + call.repeated.as_ref().map_or(1, |more| more.times),
            least: before.least.min(value(&call)),
            most: before.most.max(value(&call)),
            varies: before.varies || varies,
        });
        if let (Some(all), Some(more)) = (&mut kept.transfer, call.transfer) {
            if all.head.0.len() as u64 == all.bytes {
                all.head.0.extend(more.head.0);
            }
            all.bytes += more.bytes;
            flows.join(into, n);
        }
    }

    /// Drops the oldest of an actor's last calls that is over. Bytes of a stream stay known.
    fn drop_one(&mut self, actor: usize, flows: &mut Flows) {
        let Some(n) = self.actors[actor].last.pop_front() else {
            return;
        };
        let Some(call) = self.calls.get(&n) else {
            return;
        };
        if let Some(transfer) = &call.transfer
            && flows.has(n)
        {
            let flow = (transfer.socket, transfer.direction);
            match self.actors[actor].anchors.get(&flow) {
                Some(anchor) if flows.follows(*anchor, n) => {
                    let anchor = *anchor;
                    self.actors[actor].dropped += 1;
                    self.fold(n, anchor, flows);
                }
                _ => {
                    self.actors[actor].anchors.insert(flow, n);
                }
            }
            return;
        }
        let times = call.repeated.as_ref().map_or(1, |repeated| repeated.times);
        self.actors[actor].dropped += times;
        if let (Some(call), Some(created)) = (self.calls.remove(&n), &mut self.created) {
            created.note(&call);
        }
    }

    /// What a transfer carried, or nothing where so much is kept of this actor already.
    pub(super) fn kept(&mut self, actor: usize, bytes: Vec<u8>) -> Bytes {
        let kept = &mut self.actors[actor].bytes;
        if *kept + bytes.len() > MAX_TRANSFER_BYTES {
            return Bytes::default();
        }
        *kept += bytes.len();
        Bytes(bytes)
    }

    /// What is kept.
    pub(super) fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.values()
    }

    /// The call of that number, if it is kept.
    pub(super) fn get(&mut self, n: u32) -> Option<&mut Call> {
        self.calls.get_mut(&n)
    }

    /// The calls, and how many of each actor were dropped.
    pub(super) fn finish(self) -> (Vec<Call>, Vec<u64>) {
        let dropped = self.actors.iter().map(|actor| actor.dropped).collect();
        (self.calls.into_values().collect(), dropped)
    }
}

/// Whether a call says nothing that another one does not say: its number apart, and which bytes it moved, how many and where.
fn is_like(one: &Call, other: &Call) -> bool {
    let moves = one.transfer.is_some();
    let same_end = match (&one.returned, &other.returned) {
        (Some(one), Some(other)) => one.errno == other.errno && (moves || one.value == other.value),
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    same_end
        && one.name == other.name
        && one.pid == other.pid
        && one.object == other.object
        && one.tampered == other.tampered
        && one.answers == other.answers
        && one.args.len() == other.args.len()
        && (0..one.args.len()).all(|at| is_like_argument(one, other, at, moves))
        && one.transfer.is_some() == other.transfer.is_some()
}

fn is_like_argument(one: &Call, other: &Call, at: usize, moves: bool) -> bool {
    let kind = signature(&one.name).and_then(|kinds| kinds.get(at));
    match (&one.args[at], &other.args[at]) {
        (Arg::Bytes { .. }, Arg::Bytes { .. }) => moves,
        (Arg::Pointer(one), Arg::Pointer(other)) => (*one == 0) == (*other == 0),
        (Arg::Number(_), Arg::Number(_)) if moves && kind == Some(&ArgKind::Size) => true,
        (one, other) => one == other,
    }
}

/// Whether what the second call moved stands right behind what the first one did, on a stream; or neither moved anything.
fn moves_on(first: &Call, second: &Call, flows: &Flows) -> bool {
    match (&first.transfer, &second.transfer) {
        (None, None) => true,
        (Some(_), Some(_)) => flows.follows(first.n, second.n),
        (Some(_), None) | (None, Some(_)) => false,
    }
}
