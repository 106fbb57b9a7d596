//! The headers of a program or library that is mapped: where its segments are.

use object::elf::{FileHeader64, PT_LOAD, ProgramHeader64, ProgramType};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, pod};

use super::frame::Memory;

/// Segments of one.
const SEGMENTS_MAX: usize = 64;

/// What is mapped at one place, as its own headers describe it.
pub(crate) struct Headers {
    pub(crate) endian: Endianness,
    /// What is added to the addresses of the file.
    pub(crate) bias: u64,
    segments: Vec<ProgramHeader64<Endianness>>,
}

impl Headers {
    /// Of the file whose first page is mapped at `head`; `None`: it is no program.
    pub(crate) fn of(head: u64, memory: &dyn Memory) -> Option<Self> {
        let bytes = memory.bytes(head, size_of::<FileHeader64<Endianness>>())?;
        let header = FileHeader64::<Endianness>::parse(bytes.as_slice()).ok()?;
        let endian = header.endian().ok()?;
        let count = usize::from(header.e_phnum(endian)).min(SEGMENTS_MAX);
        let size = size_of::<ProgramHeader64<Endianness>>();
        let bytes = memory.bytes(head.wrapping_add(header.e_phoff(endian)), count * size)?;
        let (segments, _) =
            pod::slice_from_bytes::<ProgramHeader64<Endianness>>(&bytes, count).ok()?;
        let first = segments
            .iter()
            .find(|it| it.p_type(endian) == PT_LOAD && it.p_offset(endian) == 0)?;
        Some(Self {
            endian,
            bias: head.wrapping_sub(first.p_vaddr(endian)),
            segments: segments.to_vec(),
        })
    }

    /// Where the first segment of a kind is, and how many bytes it has.
    pub(crate) fn segment(&self, kind: ProgramType) -> Option<(u64, u64)> {
        let mut segments = self.segments.iter();
        let segment = segments.find(|it| it.p_type(self.endian) == kind)?;
        let at = self.bias.wrapping_add(segment.p_vaddr(self.endian));
        Some((at, segment.p_memsz(self.endian)))
    }
}
