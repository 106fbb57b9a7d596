//! Head and tail of the trace, and bounds of what is kept of it.

use std::collections::VecDeque;

use ipclab_evidence::{Arg, Bytes, Call, Object};

use crate::created::Created;

/// Head and tail of the trace.
#[derive(Debug)]
pub(super) struct Trace {
    head: Vec<Call>,
    tail: VecDeque<Call>,
    keep: usize,
    next: u32,
    /// Bytes of transfers that are kept; beyond the bound only their counts are.
    bytes: usize,
    /// Bytes of long texts that are kept: paths, mostly.
    text: usize,
    /// What the calls made that are kept no longer, where that has to be known.
    created: Option<Created>,
}

/// Bytes of all transfers together that are kept.
const MAX_TOTAL_TRANSFER_BYTES: usize = 2 << 20;

/// Bytes of all long texts together that are kept, and what is long.
const MAX_TOTAL_TEXT_BYTES: usize = 2 << 20;
const LONG_TEXT_BYTES: usize = 256;

/// Length of an argument's text where it may count as long, else 0. What a byte is written as has up to four characters,
/// and it is that text which makes evidence large.
fn text_length(arg: &Arg) -> usize {
    if arg.size() > LONG_TEXT_BYTES / 8 {
        arg.to_string().len()
    } else {
        0
    }
}

/// Whether an object has a path that counts as long.
pub(super) fn is_long(object: Option<&Object>) -> bool {
    matches!(object, Some(Object::File(path)) if path.0.len() > LONG_TEXT_BYTES)
}

impl Trace {
    /// `kept` calls are for head and tail together.
    pub(super) fn new(kept: u64) -> Self {
        Self {
            head: Vec::new(),
            tail: VecDeque::new(),
            keep: (kept / 2) as usize,
            next: 1,
            bytes: 0,
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
        let size: usize = long.filter(|length| *length > LONG_TEXT_BYTES).sum();
        if size == 0 || self.text + size <= MAX_TOTAL_TEXT_BYTES {
            self.text += size;
            return;
        }
        for arg in call
            .args
            .iter_mut()
            .filter(|arg| text_length(arg) > LONG_TEXT_BYTES)
        {
            let text = arg.to_string();
            let end = (0..=LONG_TEXT_BYTES)
                .rev()
                .find(|at| text.is_char_boundary(*at));
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
        if self.head.len() < self.keep {
            self.head.push(call);
        } else {
            if self.tail.len() == self.keep
                && let (Some(dropped), Some(created)) = (self.tail.pop_front(), &mut self.created)
            {
                created.note(&dropped);
            }
            self.tail.push_back(call);
        }
        n
    }

    /// What a transfer carried, or nothing where so much is kept already.
    pub(super) fn kept(&mut self, bytes: Vec<u8>) -> Bytes {
        if self.bytes + bytes.len() > MAX_TOTAL_TRANSFER_BYTES {
            return Bytes::default();
        }
        self.bytes += bytes.len();
        Bytes(bytes)
    }

    /// What is kept.
    pub(super) fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.head.iter().chain(&self.tail)
    }

    /// The call of that number, if it is kept.
    pub(super) fn get(&mut self, n: u32) -> Option<&mut Call> {
        if n as usize <= self.head.len() {
            return self.head.get_mut((n as usize).checked_sub(1)?);
        }
        let first = self.tail.front()?.n;
        self.tail.get_mut(n.checked_sub(first)? as usize)
    }

    /// The calls, and how many were dropped between head and tail.
    pub(super) fn finish(self) -> (Vec<Call>, u64) {
        let mut calls = self.head;
        let kept = calls.len() + self.tail.len();
        calls.extend(self.tail);
        (calls, u64::from(self.next - 1) - kept as u64)
    }
}
