//! Where a program's tables are: its headers, and the search table over its functions, `.eh_frame_hdr`.

use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindSection};
use object::elf::PT_GNU_EH_FRAME;

use super::frame::Memory;
use super::headers::Headers;

/// Functions of one program or library: the C library has 4,000.
const FUNCTIONS_MAX: usize = 400_000;
/// Version, and how the numbers that follow are written: what all linkers of today write.
const USUAL_FORM: [u8; 4] = [
    1,
    PC_RELATIVE | SIGNED_4,
    UNSIGNED_4,
    TABLE_RELATIVE | SIGNED_4,
];
const UNSIGNED_4: u8 = 0x03;
const SIGNED_4: u8 = 0x0b;
const PC_RELATIVE: u8 = 0x10;
const TABLE_RELATIVE: u8 = 0x30;
/// Rules of one program that has no search table.
const RULES_BYTES_MAX: u64 = 4 << 20;
/// Bytes before its rows.
const HEAD: u64 = 12;

/// The search table of a program or library: of each function where it begins and where its rules are, both counted from the
/// table's own address.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    at: u64,
    functions: Vec<(i32, i32)>,
}

impl Tables {
    /// Where the function begins that an address may be in.
    pub(super) fn begin_of(&self, address: u64) -> Option<u64> {
        let (begins, _) = self.functions.get(self.place_of(address)?)?;
        Some(self.at.wrapping_add_signed(i64::from(*begins)))
    }

    /// Where the rules of the function are that an address may be in.
    pub(super) fn rules_at(&self, address: u64) -> Option<u64> {
        let (_, rules) = self.functions.get(self.place_of(address)?)?;
        Some(self.at.wrapping_add_signed(i64::from(*rules)))
    }

    fn place_of(&self, address: u64) -> Option<usize> {
        let wanted = address.wrapping_sub(self.at).cast_signed();
        let next = self
            .functions
            .partition_point(|(begins, _)| i64::from(*begins) <= wanted);
        next.checked_sub(1)
    }
}

/// What is added to the addresses of the file that is mapped at `head`, and its tables; `None`: it is no program.
pub(super) fn of(head: u64, memory: &dyn Memory) -> Option<(u64, Option<Tables>)> {
    let headers = Headers::of(head, memory)?;
    let search = headers.segment(PT_GNU_EH_FRAME);
    let tables = search.and_then(|(at, size)| read(at, size, memory));
    Some((headers.bias, tables))
}

/// A search table for a program that brings none, as static ones: by looking through all its rules.
pub(super) fn of_rules(at: u64, size: u64, memory: &dyn Memory) -> Option<Tables> {
    let size = usize::try_from(size.min(RULES_BYTES_MAX)).ok()?;
    let bytes = memory.bytes(at, size)?;
    let bases = BaseAddresses::default().set_eh_frame(at);
    let mut rules = EhFrame::new(&bytes, LittleEndian);
    rules.set_address_size(8);
    let mut functions: Vec<(i32, i32)> = Vec::new();
    let mut entries = rules.entries(&bases);
    while let Ok(Some(entry)) = entries.next() {
        let CieOrFde::Fde(function) = entry else {
            continue;
        };
        let Ok(function) = function.parse(EhFrame::cie_from_offset) else {
            continue;
        };
        let begins = function.initial_address().wrapping_sub(at).cast_signed();
        let place = i32::try_from(function.offset());
        if let (Ok(begins), Ok(place)) = (i32::try_from(begins), place) {
            functions.push((begins, place));
        }
        if functions.len() > FUNCTIONS_MAX {
            return None;
        }
    }
    functions.sort_unstable();
    Some(Tables { at, functions })
}

fn read(at: u64, size: u64, memory: &dyn Memory) -> Option<Tables> {
    let head = memory.bytes(at, HEAD as usize)?;
    let (form, numbers) = head.split_at_checked(4)?;
    if form != USUAL_FORM {
        return None;
    }
    let count = u32::from_le_bytes(numbers.get(4..)?.try_into().ok()?) as usize;
    if count > FUNCTIONS_MAX || count as u64 * 8 > size {
        return None;
    }
    let rows = memory.bytes(at.wrapping_add(HEAD), count * 8)?;
    let (rows, _) = rows.as_chunks::<8>();
    let functions = rows.iter().map(|row| {
        let number = u64::from_le_bytes(*row);
        (number as i32, (number >> 32) as i32)
    });
    Some(Tables {
        at,
        functions: functions.collect(),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use ipclab_kernel::{Pid, procfs};

    use super::*;

    /// Memory of the test's own program as it was, changed in places.
    #[derive(Clone)]
    pub(in super::super) struct Image {
        mappings: Vec<procfs::FileMapping>,
        parts: Vec<(u64, Vec<u8>)>,
    }

    impl Image {
        pub(in super::super) fn own() -> Self {
            let pid = std::process::id() as Pid;
            let all = procfs::file_mappings(pid).unwrap();
            let own = all.first().unwrap().file;
            let mappings: Vec<_> = all.into_iter().filter(|it| it.file == own).collect();
            let parts = mappings
                .iter()
                .map(|it| {
                    let mut bytes = vec![0; (it.end - it.start) as usize];
                    ipclab_kernel::memory::read_memory(pid, it.start, &mut bytes);
                    (it.start, bytes)
                })
                .collect();
            Self { mappings, parts }
        }

        pub(in super::super) fn mappings(&self) -> Vec<procfs::FileMapping> {
            self.mappings.clone()
        }

        /// Changes a byte of the headers or the tables.
        pub(in super::super) fn damage(&mut self, place: u64, with: u8) {
            let head = self.mappings[0].start;
            let (_, tables) = of(head, self).unwrap_or((0, None));
            let at = match tables {
                Some(tables) if !place.is_multiple_of(50) => {
                    let (first, last) = (tables.at, tables.functions.len() as u64 * 64);
                    first + place % last
                }
                Some(_) | None => head + place % 1024,
            };
            for (start, bytes) in &mut self.parts {
                if let Some(byte) = at
                    .checked_sub(*start)
                    .and_then(|at| bytes.get_mut(at as usize))
                {
                    *byte = with;
                }
            }
        }
    }

    impl Memory for Image {
        fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
            for (start, bytes) in &self.parts {
                let Some(at) = address.checked_sub(*start).map(|at| at as usize) else {
                    continue;
                };
                if at < bytes.len() {
                    let length = buffer.len().min(bytes.len() - at);
                    buffer[..length].copy_from_slice(&bytes[at..at + length]);
                    return length;
                }
            }
            0
        }
    }

    #[test]
    fn a_function_is_found_by_an_address_in_it() {
        let tables = Tables {
            at: 1000,
            functions: vec![(-900, 10), (-800, 20), (500, 30)],
        };
        for (address, expect) in [
            (99, None),
            (100, Some(1010)),
            (250, Some(1020)),
            (u64::MAX / 2, Some(1030)),
        ] {
            assert_eq!(tables.rules_at(address), expect, "{address}");
        }
    }
}
