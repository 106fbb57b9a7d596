//! Mapped: which parts of a process's memory its own calls have made windows on files and shared memory.
//!
//! What is there says the kernel, each time that it is looked. By which call it came it does not say, and it puts neighbours together
//! and takes them apart as it likes: so what each call has mapped is kept beside it, and what the kernel no longer has is
//! taken from that.

use std::collections::BTreeMap;
use std::ops::Range;

use ipclab_evidence::Moment;

/// A part of a process's memory that is a window on an object, as the kernel has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) range: Range<u64>,
    /// Which object.
    pub(crate) object: usize,
    pub(crate) shared: bool,
    pub(crate) writable: bool,
}

/// What a call has mapped, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) range: Range<u64>,
    pub(crate) object: usize,
    pub(crate) shared: bool,
    pub(crate) writable: bool,
    /// The process itself made that call, and not the one that it was forked from.
    pub(crate) own: bool,
    /// The call, by number, and how many bytes it mapped.
    pub(crate) by: u32,
    pub(crate) whole: u64,
}

/// All that a process has, in the order of addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces(Vec<Piece>);

impl Pieces {
    /// What lies in these addresses.
    pub(crate) fn within(&self, range: &Range<u64>) -> Option<&Piece> {
        let first = self
            .0
            .partition_point(|piece| piece.range.end <= range.start);
        self.0
            .get(first)
            .filter(|piece| piece.range.start < range.end)
    }

    /// A call has mapped this: it takes the place of what was there. Which object it is says the kernel, in [`Pieces::keep`].
    pub(crate) fn put(&mut self, range: Range<u64>, own: bool, by: u32) {
        let mut kept = Vec::with_capacity(self.0.len() + 2);
        for piece in self.0.drain(..) {
            let before = piece.range.start..piece.range.end.min(range.start);
            let behind = piece.range.start.max(range.end)..piece.range.end;
            for rest in [before, behind] {
                if !rest.is_empty() {
                    kept.push(Piece {
                        range: rest,
                        ..piece.clone()
                    });
                }
            }
        }
        let at = kept.partition_point(|piece| piece.range.start < range.start);
        let whole = range.end - range.start;
        let new = Piece {
            range,
            object: usize::MAX,
            shared: false,
            writable: false,
            own,
            by,
            whole,
        };
        kept.insert(at, new);
        self.0 = kept;
    }

    /// Leaves of it what the kernel still has, which is in the order of addresses: windows on the same objects.
    pub(crate) fn keep(&mut self, areas: &[Area]) {
        let mut kept = Vec::with_capacity(self.0.len());
        let mut first = 0;
        for piece in self.0.drain(..) {
            while areas
                .get(first)
                .is_some_and(|area| area.range.end <= piece.range.start)
            {
                first += 1;
            }
            let there = areas[first..].iter();
            for area in there.take_while(|area| area.range.start < piece.range.end) {
                if piece.object != usize::MAX && piece.object != area.object {
                    continue;
                }
                kept.push(Piece {
                    range: piece.range.start.max(area.range.start)
                        ..piece.range.end.min(area.range.end),
                    object: area.object,
                    shared: area.shared,
                    writable: area.writable,
                    ..piece.clone()
                });
            }
        }
        self.0 = kept;
    }

    /// What a child that is forked has of it: the same, and nothing of its own.
    pub(crate) fn inherited(&self) -> Self {
        let inherited = self.0.iter().cloned();
        Self(
            inherited
                .map(|piece| Piece {
                    own: false,
                    ..piece
                })
                .collect(),
        )
    }

    /// What the process itself has mapped.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Piece> {
        self.0.iter().filter(|piece| piece.own)
    }
}

/// What is known of an object that a process has mapped at some time: the first call by which it was so, and the most at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    pub(crate) shared: Option<u32>,
    pub(crate) private: Option<u32>,
    pub(crate) writable: Option<u32>,
    pub(crate) most: u64,
    pub(crate) most_by: u32,
}

/// What a process still had mapped at a moment: of which object, by which call, how many bytes, and how many that call mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldThen {
    pub(crate) moment: Moment,
    pub(crate) call: Option<u32>,
    pub(crate) mapped: Vec<(usize, u32, u64, u64)>,
}

/// All that is known of what a process maps.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfProcess {
    pub(crate) pieces: Pieces,
    pub(crate) uses: BTreeMap<usize, Uses>,
    pub(crate) held: Vec<HeldThen>,
    /// The most mappings that it had, and how often it was not looked.
    pub(crate) most: u64,
    pub(crate) unseen: u64,
}

impl OfProcess {
    /// Takes in what its own calls have mapped now, after this one; `None`: at a moment of interest.
    pub(crate) fn note_uses(&mut self, after: Option<u32>) {
        let mut bytes: BTreeMap<usize, (u64, u32)> = BTreeMap::new();
        for piece in self.pieces.own() {
            let by = after.unwrap_or(piece.by);
            let uses = self.uses.entry(piece.object).or_default();
            let way = match piece.shared {
                true => &mut uses.shared,
                false => &mut uses.private,
            };
            way.get_or_insert(by);
            if piece.writable {
                uses.writable.get_or_insert(by);
            }
            let bytes = bytes.entry(piece.object).or_insert((0, by));
            bytes.0 += piece.range.end - piece.range.start;
        }
        for (object, (bytes, by)) in bytes {
            let uses = self.uses.entry(object).or_default();
            if bytes > uses.most {
                (uses.most, uses.most_by) = (bytes, by);
            }
        }
    }

    /// What its own calls have left mapped, in the order in which they were made.
    pub(crate) fn left(&self) -> Vec<(usize, u32, u64, u64)> {
        let mut left: BTreeMap<(u32, usize), (u64, u64)> = BTreeMap::new();
        for piece in self.pieces.own() {
            let entry = left.entry((piece.by, piece.object));
            entry.or_insert((0, piece.whole)).0 += piece.range.end - piece.range.start;
        }
        let each = left.into_iter();
        each.map(|((by, object), (bytes, whole))| (object, by, bytes, whole))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, OfProcess, Pieces};

    fn area(range: std::ops::Range<u64>, object: usize) -> Area {
        Area {
            range,
            object,
            shared: true,
            writable: false,
        }
    }

    #[track_caller]
    fn check(pieces: &Pieces, expect: &[(u64, u64, usize, u32)]) {
        let said: Vec<_> = pieces
            .0
            .iter()
            .map(|piece| (piece.range.start, piece.range.end, piece.object, piece.by))
            .collect();
        assert_eq!(said, expect);
    }

    #[test]
    fn what_calls_have_mapped_is_what_the_kernel_still_has_of_it() {
        let mut pieces = Pieces::default();
        pieces.put(10..20, true, 1);
        pieces.keep(&[area(10..20, 0)]);
        check(&pieces, &[(10, 20, 0, 1)]);
        // The kernel puts two calls' windows together; they stay two.
        pieces.put(20..30, true, 2);
        pieces.keep(&[area(10..30, 0)]);
        check(&pieces, &[(10, 20, 0, 1), (20, 30, 0, 2)]);
        // What lies over another one takes its place, and what was taken out of the middle is gone.
        pieces.put(15..18, true, 3);
        pieces.keep(&[
            area(10..15, 0),
            area(15..18, 1),
            area(18..24, 0),
            area(26..30, 0),
        ]);
        check(
            &pieces,
            &[
                (10, 15, 0, 1),
                (15, 18, 1, 3),
                (18, 20, 0, 1),
                (20, 24, 0, 2),
                (26, 30, 0, 2),
            ],
        );
        // What came to the same addresses without a call of this kind is another's.
        pieces.keep(&[area(10..15, 7), area(15..18, 1)]);
        check(&pieces, &[(15, 18, 1, 3)]);
        assert!(pieces.within(&(17..40)).is_some() && pieces.within(&(18..40)).is_none());
        assert_eq!(pieces.inherited().own().count(), 0);
        pieces.keep(&[]);
        check(&pieces, &[]);
    }

    #[test]
    fn what_is_left_is_told_by_the_call_that_mapped_it() {
        let mut process = OfProcess::default();
        process.pieces.put(0..8, true, 1);
        process.pieces.put(8..12, true, 2);
        process.pieces.keep(&[area(0..12, 0)]);
        process.note_uses(Some(2));
        process.pieces.keep(&[area(4..12, 0)]);
        process.note_uses(None);
        assert_eq!(process.left(), [(0, 1, 4, 8), (0, 2, 4, 4)]);
        let uses = process.uses[&0];
        assert_eq!((uses.most, uses.most_by), (12, 2));
        assert_eq!(
            (uses.shared, uses.private, uses.writable),
            (Some(2), None, None)
        );
    }
}
