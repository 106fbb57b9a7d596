//! What is known of memory that threads of one process share: where it lies, of which kind it is, and which parts are closed.

use std::ops::Range;

use ipclab_evidence::Thing;
use ipclab_kernel::procfs::OwnMapping;

use super::segments::Attachment;

/// Kinds of memory of one process.
pub(super) const KINDS: i32 = 4;
/// What is added to places, which may lie on either side of where their kind begins: further than two addresses can be apart.
const MIDDLE: u64 = 1 << 48;

/// What is known of the memory that a process's threads share.
#[derive(Debug, Default)]
pub(super) struct ThreadMemory {
    /// The first of the numbers that its kinds of memory have; `None`: it has had one thread.
    pub(super) first_number: Option<i32>,
    /// It is no longer watched.
    pub(super) given_up: bool,
    /// A stack for handlers of signals has been named.
    pub(super) has_alternate_stack: bool,
    /// All that was closed here and is still mapped, whether it is guarded or not.
    pub(super) closed: Vec<Range<u64>>,
    /// An instruction by which remote calls are made.
    pub(super) syscall_instruction: u64,
    pub(super) accesses: u64,
    /// Code of the program itself, and not of a library.
    pub(super) own_code: Vec<Range<u64>>,
    /// Where the program's addresses of functions in libraries are, which the loader may fill in while it runs: `.got.plt`.
    pub(super) bound: Option<Range<u64>>,
    /// What was mapped for stacks.
    pub(super) stacks: Vec<Range<u64>>,
    /// Where its kinds of memory begin.
    pub(super) bases: [Option<u64>; KINDS as usize],
    /// The first thread's stack, while it is closed.
    pub(super) closed_stack: Option<Attachment>,
}

/// Windows on what threads of a process share.
#[derive(Debug, Default)]
pub(super) struct Windows {
    /// All of it.
    pub(super) all: Vec<Attachment>,
    /// What of that is open.
    pub(super) open: Vec<Attachment>,
    /// What was closed, and belongs to a single thread.
    pub(super) left_alone: Vec<Attachment>,
}

/// In which call of a library a thread made its last access.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InLibrary {
    /// The addresses of the program's own code that the call came from.
    pub(super) callers: Vec<u64>,
    /// The reads since the last stop: by which instruction, and where.
    pub(super) round: Vec<(u64, u64)>,
}

/// Kinds of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Heap,
    Mapped,
    Stack,
    /// A library's, or what is not to be touched.
    Alone,
}

impl ThreadMemory {
    /// A window on memory of a kind. Places in it are told from where that kind begins, so that they are the same in each run.
    pub(super) fn window(
        &mut self,
        kind: Kind,
        range: Range<u64>,
        syscall_instruction: u64,
    ) -> Option<Attachment> {
        let base = *self.bases[kind as usize].get_or_insert(range.start);
        Some(Attachment {
            start: range.start,
            length: range.end - range.start,
            offset: MIDDLE.wrapping_add(range.start).wrapping_sub(base),
            shmid: self.first_number? + kind as i32,
            writable: true,
            syscall_instruction,
        })
    }
}

impl Attachment {
    /// Whether it is memory that only threads of one process share.
    pub(super) fn is_private(&self) -> bool {
        Thing::Memory(self.shmid.into()).is_of_threads()
    }

    pub(super) fn range(&self) -> Range<u64> {
        self.start..self.start + self.length
    }

    /// The part of it that lies in a range.
    pub(super) fn within(&self, range: &Range<u64>) -> Option<Self> {
        let start = self.start.max(range.start);
        let end = (self.start + self.length).min(range.end);
        (start < end).then(|| Self {
            start,
            length: end - start,
            offset: self.offset.wrapping_add(start - self.start),
            ..*self
        })
    }
}

/// What each mapping of a process is; `is_known`: of which memory it is known already that it is no library's.
pub(super) fn kinds(
    mappings: &[OwnMapping],
    program: &[u8],
    is_known: impl Fn(&Range<u64>) -> bool,
) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut before: Option<(&OwnMapping, Kind)> = None;
    for mapping in mappings {
        let follows = before.filter(|(other, _)| other.range.end == mapping.range.start);
        let kind = match &mapping.path[..] {
            path if path == program => Kind::Data,
            b"[heap]" => Kind::Heap,
            b"[stack]" => Kind::Stack,
            // What is not in a file comes right behind what is: variables that begin with 0.
            b"" => match follows {
                Some((_, Kind::Data)) => Kind::Data,
                // A library may have been loaded right before what was there: that does not become its own.
                Some((other, Kind::Alone))
                    if !other.path.is_empty() && !is_known(&mapping.range) =>
                {
                    Kind::Alone
                }
                _ => Kind::Mapped,
            },
            _ => Kind::Alone,
        };
        kinds.push(kind);
        before = Some((mapping, kind));
    }
    // Where a part of the first thread's stack is closed, only its end has the name.
    for at in (1..kinds.len()).rev() {
        let meets = mappings[at - 1].range.end == mappings[at].range.start;
        if kinds[at] == Kind::Stack && meets && mappings[at - 1].path.is_empty() {
            kinds[at - 1] = Kind::Stack;
        }
    }
    kinds
}

/// Whether two ranges have something in common.
pub(super) fn meet(one: &Range<u64>, other: &Range<u64>) -> bool {
    one.start < other.end && other.start < one.end
}

/// What is left of several ranges.
pub(super) fn without_all(ranges: &[Range<u64>], taken: &Range<u64>) -> Vec<Range<u64>> {
    let taken = std::slice::from_ref(taken);
    let left = ranges.iter().cloned();
    left.flat_map(|range| without(range, taken)).collect()
}

/// What is left of a range.
pub(super) fn without(range: Range<u64>, taken: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut left = vec![range];
    for other in taken {
        left = left
            .into_iter()
            .flat_map(|part| {
                let before = part.start..part.end.min(other.start);
                let after = part.start.max(other.end)..part.end;
                match other.start < part.end && part.start < other.end {
                    true => vec![before, after],
                    false => vec![part],
                }
            })
            .filter(|part| part.start < part.end)
            .collect();
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_out() {
        let check = |taken: &[(u64, u64)], expected: &[(u64, u64)]| {
            let ranges = |all: &[(u64, u64)]| -> Vec<Range<u64>> {
                all.iter().map(|(start, end)| *start..*end).collect()
            };
            let (taken, expected) = (ranges(taken), ranges(expected));
            assert_eq!(without(10..20, &taken), expected, "{taken:?}");
        };
        check(&[], &[(10, 20)]);
        check(&[(0, 10), (20, 30)], &[(10, 20)]);
        check(&[(12, 14)], &[(10, 12), (14, 20)]);
        check(&[(0, 12), (18, 30)], &[(12, 18)]);
        check(&[(0, 30)], &[]);
    }

    #[test]
    fn what_follows_a_programs_data_is_its_own_and_a_librarys_is_left_alone() {
        let mapping = |start: u64, end: u64, path: &str| OwnMapping {
            range: start..end,
            readable: true,
            writable: true,
            executable: false,
            path: path.as_bytes().to_vec(),
        };
        let all = [
            mapping(1, 2, "/lab/counter"),
            mapping(2, 3, ""),
            mapping(5, 6, "[heap]"),
            mapping(8, 9, ""),
            mapping(10, 11, "/lib/libc.so.6"),
            mapping(11, 12, ""),
            mapping(14, 15, ""),
            mapping(19, 20, ""),
            mapping(20, 21, "[stack]"),
            mapping(21, 22, "[vdso]"),
        ];
        let expected = [
            Kind::Data,
            Kind::Data,
            Kind::Heap,
            Kind::Mapped,
            Kind::Alone,
            Kind::Alone,
            Kind::Mapped,
            Kind::Stack,
            Kind::Stack,
            Kind::Alone,
        ];
        assert_eq!(kinds(&all, b"/lab/counter", |_| false), expected);
        // As where a library is loaded right before what was mapped.
        let before = [
            mapping(6, 7, "/lib/libgcc_s.so.1"),
            mapping(7, 8, ""),
            mapping(8, 9, ""),
        ];
        let alone = [Kind::Alone, Kind::Mapped, Kind::Mapped];
        assert_eq!(kinds(&before, b"/lab/counter", |_| true), alone);
        let alone = [Kind::Alone, Kind::Alone, Kind::Mapped];
        assert_eq!(kinds(&before, b"/lab/counter", |_| false), alone);
    }
}
