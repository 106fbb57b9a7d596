//! Functions of a library by their names: where they begin in a process's memory.
//!
//! Read from what the loader itself uses, the table of dynamic symbols and its hash (`DT_GNU_HASH`), out of the process's memory.
//! The process can write there: everything is bounded, and nothing is believed but where a function begins.

use object::Endianness;
use object::elf::{
    DT_GNU_HASH, DT_STRTAB, DT_SYMTAB, Dyn64, DynamicTag, PT_DYNAMIC, STT_FUNC, Sym64,
};
use object::pod;
use object::read::elf::{Dyn, Sym};

use crate::unwind::{Headers, Memory};

const DYNAMIC_MAX: u64 = 64 << 10;
/// Symbols of one bucket that are looked at: the C library has a handful in each.
const CHAIN_MAX: u32 = 64;
const NAME_MAX: usize = 64;

/// The dynamic symbols of a library that is mapped.
pub(crate) struct Symbols<'a> {
    memory: &'a dyn Memory,
    bias: u64,
    names: u64,
    symbols: u64,
    /// Where the buckets begin and how many there are, where the chains begin, and the first symbol that is in one.
    buckets: (u64, u32),
    chains: u64,
    first: u32,
}

impl<'a> Symbols<'a> {
    /// Of the file whose first page is mapped at `head`; `None`: it has none.
    pub(crate) fn of(head: u64, memory: &'a dyn Memory) -> Option<Self> {
        let headers = Headers::of(head, memory)?;
        let (endian, bias) = (headers.endian, headers.bias);
        let (at, length) = headers.segment(PT_DYNAMIC)?;
        let length = length.min(DYNAMIC_MAX) as usize;
        let entry = size_of::<Dyn64<Endianness>>();
        let bytes = memory.bytes(at, length / entry * entry)?;
        let (entries, _) =
            pod::slice_from_bytes::<Dyn64<Endianness>>(&bytes, length / entry).ok()?;
        let address = |tag: DynamicTag| {
            let entry = entries.iter().find(|it| it.d_tag(endian) == tag)?;
            let value = entry.d_val(endian);
            // Some loaders have put addresses in the place of what the file says, others have not.
            Some(if value < head {
                bias.wrapping_add(value)
            } else {
                value
            })
        };
        let hash = address(DT_GNU_HASH)?;
        let word = |at: u64| number(memory, hash.wrapping_add(4 * at));
        let (buckets, first, bloom) = (word(0)?, word(1)?, word(2)?);
        let buckets_at = hash
            .wrapping_add(16)
            .wrapping_add(8 * u64::from(bloom.min(1 << 24)));
        Some(Self {
            memory,
            bias,
            names: address(DT_STRTAB)?,
            symbols: address(DT_SYMTAB)?,
            buckets: (buckets_at, buckets),
            chains: buckets_at.wrapping_add(4 * u64::from(buckets)),
            first,
        })
    }

    /// Where the functions of this name begin: of each of its versions.
    pub(crate) fn functions(&self, name: &str) -> Vec<u64> {
        self.find(name).unwrap_or_default()
    }

    fn find(&self, name: &str) -> Option<Vec<u64>> {
        let hash = name.bytes().fold(5381u32, |hash, byte| {
            hash.wrapping_mul(33).wrapping_add(u32::from(byte))
        });
        let bucket = u64::from(hash.checked_rem(self.buckets.1)?);
        let mut at = number(self.memory, self.buckets.0.wrapping_add(4 * bucket))?;
        let mut found = Vec::new();
        if at == 0 {
            return Some(found);
        }
        for _ in 0..CHAIN_MAX {
            let place = 4 * u64::from(at.checked_sub(self.first)?);
            let of_symbol = number(self.memory, self.chains.wrapping_add(place))?;
            if (of_symbol ^ hash) >> 1 == 0 {
                found.extend(self.named(at, name));
            }
            if of_symbol & 1 == 1 {
                break;
            }
            at = at.wrapping_add(1);
        }
        Some(found)
    }

    /// Where a symbol is, if it is a function of this name.
    fn named(&self, index: u32, name: &str) -> Option<u64> {
        let size = size_of::<Sym64<Endianness>>();
        let at = self
            .symbols
            .wrapping_add(u64::from(index).wrapping_mul(size as u64));
        let bytes = self.memory.bytes(at, size)?;
        let (symbol, _) = pod::from_bytes::<Sym64<Endianness>>(&bytes).ok()?;
        let endian = Endianness::Little;
        if symbol.st_type() != STT_FUNC || symbol.st_value(endian) == 0 {
            return None;
        }
        let length = name.len().min(NAME_MAX);
        let text = self.memory.bytes(
            self.names.wrapping_add(u64::from(symbol.st_name(endian))),
            length + 1,
        )?;
        let same = text[..length] == name.as_bytes()[..length] && text[length] == 0;
        same.then(|| self.bias.wrapping_add(symbol.st_value(endian)))
    }
}

fn number(memory: &dyn Memory, at: u64) -> Option<u32> {
    let bytes = memory.bytes(at, 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use ipclab_kernel::{Pid, procfs};

    use super::*;
    use crate::unwind::OfThread;

    #[test]
    fn functions_of_the_c_library_are_found_by_their_names() {
        let own = std::process::id() as Pid;
        let memory = OfThread(own);
        let all = procfs::file_mappings(own).unwrap();
        let heads = all.iter().filter(|mapping| mapping.offset == 0);
        let libraries: Vec<_> = heads
            .filter_map(|mapping| Symbols::of(mapping.start, &memory))
            .collect();
        let found = |name: &str| -> Vec<u64> {
            let each = libraries.iter().map(|library| library.functions(name));
            each.flatten().collect()
        };
        for (name, address) in [
            ("malloc", libc::malloc as *const () as u64),
            ("printf", libc::printf as *const () as u64),
            ("kill", libc::kill as *const () as u64),
        ] {
            assert!(found(name).contains(&address), "{name}");
        }
        assert!(found("no_such_function").is_empty());
    }
}
