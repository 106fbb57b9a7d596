//! Lost updates in shared memory: which thread read and wrote which place of which segment, and where two collided.

use std::collections::HashMap;

use ipclab_evidence::{Access, Collision, Sharing, SourceLine};

use ipclab_kernel::Pid;

/// Collisions that are kept; the others are counted.
const MAX_COLLISIONS: usize = 8;

/// A place: the segment's identifier, and a byte of it.
pub(crate) type Place = (i32, u64);

/// An access as the tracer saw it, not yet numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawAccess {
    /// The thread.
    pub(crate) tid: Pid,
    /// The index of its actor.
    pub(crate) actor: usize,
    /// Its process, as it sees itself.
    pub(crate) pid: u32,
    /// Which of its actor's threads, where its process has several.
    pub(crate) thread: Option<u16>,
    /// Where it begins, and how many bytes it is about.
    pub(crate) place: Place,
    pub(crate) width: u32,
    /// The next call of the trace.
    pub(crate) before_call: u32,
    /// What was read or written.
    pub(crate) value: Option<i64>,
    /// In which line.
    pub(crate) lines: Vec<SourceLine>,
}

impl RawAccess {
    fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let (segment, first) = self.place;
        (0..u64::from(self.width)).map(move |byte| (segment, first + byte))
    }
}

/// All accesses of a case, as far as they can still matter.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    count: u64,
    /// Those that instructions have made; the kernel makes the others, for calls.
    by_instruction: u64,
    /// What each thread has read and where it has not written since.
    read: HashMap<(Pid, Place), Access>,
    /// What each thread last wrote in a place.
    written: HashMap<Place, Vec<(Pid, Access)>>,
    /// The number of accesses when each thread began and ended.
    born: HashMap<Pid, u64>,
    died: HashMap<Pid, u64>,
    writers: Vec<u32>,
    lost: u64,
    collisions: Vec<Collision>,
}

impl Accesses {
    /// A new thread.
    pub(crate) fn born(&mut self, tid: Pid) {
        self.born.insert(tid, self.count);
        self.died.remove(&tid);
    }

    /// A thread has ended.
    pub(crate) fn died(&mut self, tid: Pid) {
        self.died.insert(tid, self.count);
        self.read.retain(|(reader, _), _| *reader != tid);
    }

    /// An instruction makes the next access.
    pub(crate) fn by_instruction(&mut self) {
        self.by_instruction += 1;
    }

    /// Whether a thread has read a place where it has not written since.
    pub(crate) fn has_read(&self, tid: Pid, place: Place) -> bool {
        self.read.contains_key(&(tid, place))
    }

    fn access(&mut self, raw: &RawAccess) -> Access {
        self.count += 1;
        Access {
            n: self.count,
            pid: raw.pid,
            thread: raw.thread,
            before_call: raw.before_call,
            value: raw.value,
            lines: raw.lines.clone(),
        }
    }

    /// A thread has read.
    pub(crate) fn reads(&mut self, raw: &RawAccess) {
        let access = self.access(raw);
        for place in raw.places() {
            self.read.insert((raw.tid, place), access.clone());
        }
    }

    /// A thread has written, and what it wrote may come of what it had read there.
    pub(crate) fn writes(&mut self, raw: &RawAccess) {
        let write = self.access(raw);
        if !self.writers.contains(&raw.pid) {
            self.writers.push(raw.pid);
        }
        let mut between: Option<(Access, Access)> = None;
        for place in raw.places() {
            let found = self.written_between(raw, place);
            between = match (between, found) {
                (Some(one), Some(other)) if other.1.n < one.1.n => Some(other),
                (one, other) => one.or(other),
            };
            let written = self.written.entry(place).or_default();
            written.retain(|(other, _)| *other != raw.tid);
            written.push((raw.tid, write.clone()));
        }
        if let Some((read, other)) = between {
            self.lost += 1;
            if self.collisions.len() < MAX_COLLISIONS {
                self.collisions.push(Collision {
                    actor: raw.actor,
                    segment: raw.place.0,
                    offset: raw.place.1,
                    read,
                    other,
                    write,
                });
            }
        }
    }

    /// What a thread had read in a place that it writes to now, and what another has written there since.
    fn written_between(&mut self, raw: &RawAccess, place: Place) -> Option<(Access, Access)> {
        let read = self.read.remove(&(raw.tid, place))?;
        let strange = |(other, access): &&(Pid, Access)| {
            let before = self.born.get(other).is_none_or(|born| *born < read.n);
            let after = !self.died.contains_key(other);
            *other != raw.tid && access.n > read.n && (before || after)
        };
        let written = self.written.get(&place)?.iter().filter(strange);
        let (_, first) = written.min_by_key(|(_, access)| access.n)?;
        Some((read, first.clone()))
    }

    /// A thread has read and written as one: no other access came between.
    pub(crate) fn updates(&mut self, raw: &RawAccess) {
        for place in raw.places() {
            self.read.remove(&(raw.tid, place));
        }
        self.writes(raw);
    }

    /// The summary for the evidence.
    pub(crate) fn finish(self) -> Sharing {
        Sharing {
            accesses: self.by_instruction,
            writers: self.writers,
            lost: self.lost,
            collisions: self.collisions,
            tampered: Vec::new(),
            steps: None,
            searched: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(tid: Pid, offset: u64) -> RawAccess {
        RawAccess {
            tid,
            actor: 0,
            pid: tid as u32,
            thread: None,
            place: (1, offset),
            width: 1,
            before_call: 1,
            value: None,
            lines: Vec::new(),
        }
    }

    /// Plays a story: `r1` thread 1 reads, `w2` thread 2 writes, `u` as one, `+` begins, `-` ends. How many were lost?
    fn lost(story: &str) -> u64 {
        let mut all = Accesses::default();
        for word in story.split(' ') {
            let (deed, tid) = word.split_at(1);
            let tid = tid.parse().unwrap();
            match deed {
                "r" => all.reads(&raw(tid, 0)),
                "w" => all.writes(&raw(tid, 0)),
                "u" => all.updates(&raw(tid, 0)),
                "+" => all.born(tid),
                _ => all.died(tid),
            }
        }
        all.finish().lost
    }

    #[test]
    fn an_update_is_lost_when_another_thread_wrote_in_between() {
        for (story, expected) in [
            ("+1 +2 r1 r2 w1 w2", 1),
            ("+1 +2 r1 w2 w1", 1),
            ("+1 +2 r1 w1 r2 w2", 0),
            ("+1 +2 r1 w2 r1 w1", 0),
            ("+1 +2 r1 u2 w1", 1),
            ("+1 +2 r1 w2 u1", 0),
            ("+1 +2 u1 u2 u1", 0),
            ("+1 +2 +3 r1 r2 r3 w1 w2 w3", 2),
            // A parent looks before there are children, and clears when all of them are gone.
            ("+1 r1 +2 w2 -2 w1", 0),
            // It writes while they are there.
            ("+1 r1 +2 w2 w1 -2", 1),
            // They were there when it looked.
            ("+1 +2 r1 w2 -2 w1", 1),
            ("+1 +2 w1 w2 w1 w2", 0),
        ] {
            assert_eq!(lost(story), expected, "{story}");
        }
    }

    #[test]
    fn what_overlaps_is_the_same_place() {
        let check = |read: (u64, u32), other: (u64, u32), write: (u64, u32), expected: u64| {
            let mut all = Accesses::default();
            let access = |tid, (offset, width)| RawAccess {
                width,
                ..raw(tid, offset)
            };
            all.reads(&access(1, read));
            all.writes(&access(2, other));
            all.writes(&access(1, write));
            assert_eq!(all.lost, expected, "{read:?} {other:?} {write:?}");
        };
        check((0, 4), (0, 4), (0, 4), 1);
        // Read with its neighbour and written alone; or the other way round; or in parts.
        check((0, 8), (4, 4), (4, 4), 1);
        check((4, 4), (0, 8), (4, 4), 1);
        check((4, 4), (4, 4), (0, 8), 1);
        check((0, 8), (0, 4), (4, 4), 0);
        check((0, 4), (4, 4), (0, 4), 0);
        check((0, 16), (15, 1), (8, 8), 1);
    }

    #[test]
    fn places_are_apart_and_what_is_kept_is_bounded() {
        let mut all = Accesses::default();
        all.by_instruction();
        all.reads(&raw(1, 0));
        all.by_instruction();
        all.writes(&raw(2, 4));
        all.by_instruction();
        all.writes(&raw(1, 0));
        assert_eq!(all.lost, 0);
        for _ in 0..100 {
            all.by_instruction();
            all.reads(&raw(1, 0));
            all.by_instruction();
            all.writes(&raw(2, 0));
            all.by_instruction();
            all.writes(&raw(1, 0));
        }
        let sharing = all.finish();
        assert_eq!(
            (sharing.accesses, sharing.lost, sharing.collisions.len()),
            (303, 100, MAX_COLLISIONS)
        );
    }
}
