//! Lost updates in shared memory: which thread read and wrote which place of which segment, and where two collided.

use std::collections::HashMap;

use ipclab_evidence::{Access, Collision, Sharing};

use ipclab_kernel::Pid;

/// Collisions that are kept; the others are counted.
const MAX_COLLISIONS: usize = 8;

/// A place: the segment's identifier, and where in it an access begins.
pub(crate) type Place = (i32, u64);

/// An access as the tracer saw it, not yet numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawAccess {
    /// The thread.
    pub(crate) tid: Pid,
    /// The index of its actor.
    pub(crate) actor: usize,
    /// Its process, as it sees itself.
    pub(crate) pid: u32,
    /// Where.
    pub(crate) place: Place,
    /// The next call of the trace.
    pub(crate) before_call: u32,
    /// What was read or written.
    pub(crate) value: Option<i64>,
}

/// All accesses of a case, as far as they can still matter.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    count: u64,
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

    /// Whether a thread has read a place where it has not written since.
    pub(crate) fn has_read(&self, tid: Pid, place: Place) -> bool {
        self.read.contains_key(&(tid, place))
    }

    fn access(&mut self, raw: &RawAccess) -> Access {
        self.count += 1;
        Access {
            n: self.count,
            pid: raw.pid,
            before_call: raw.before_call,
            value: raw.value,
        }
    }

    /// A thread has read.
    pub(crate) fn reads(&mut self, raw: &RawAccess) {
        let access = self.access(raw);
        self.read.insert((raw.tid, raw.place), access);
    }

    /// A thread has written, and what it wrote may come of what it had read there.
    pub(crate) fn writes(&mut self, raw: &RawAccess) {
        let write = self.access(raw);
        if !self.writers.contains(&raw.pid) {
            self.writers.push(raw.pid);
        }
        let read = self.read.remove(&(raw.tid, raw.place));
        let written = self.written.entry(raw.place).or_default();
        let between = read.as_ref().and_then(|read| {
            let strange = |(other, access): &&(Pid, Access)| {
                let before = self.born.get(other).is_none_or(|born| *born < read.n);
                let after = !self.died.contains_key(other);
                *other != raw.tid && access.n > read.n && (before || after)
            };
            written
                .iter()
                .filter(strange)
                .min_by_key(|(_, access)| access.n)
                .map(|(_, access)| access.clone())
        });
        written.retain(|(other, _)| *other != raw.tid);
        written.push((raw.tid, write.clone()));
        if let (Some(read), Some(other)) = (read, between) {
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

    /// A thread has read and written as one: no other access came between.
    pub(crate) fn updates(&mut self, raw: &RawAccess) {
        self.read.remove(&(raw.tid, raw.place));
        self.writes(raw);
    }

    /// The summary for the evidence.
    pub(crate) fn finish(self) -> Sharing {
        Sharing {
            accesses: self.count,
            writers: self.writers,
            lost: self.lost,
            collisions: self.collisions,
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
            place: (1, offset),
            before_call: 1,
            value: None,
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
    fn places_are_apart_and_what_is_kept_is_bounded() {
        let mut all = Accesses::default();
        all.reads(&raw(1, 0));
        all.writes(&raw(2, 4));
        all.writes(&raw(1, 0));
        assert_eq!(all.lost, 0);
        for _ in 0..100 {
            all.reads(&raw(1, 0));
            all.writes(&raw(2, 0));
            all.writes(&raw(1, 0));
        }
        let sharing = all.finish();
        assert_eq!(
            (sharing.accesses, sharing.lost, sharing.collisions.len()),
            (303, 100, MAX_COLLISIONS)
        );
    }
}
