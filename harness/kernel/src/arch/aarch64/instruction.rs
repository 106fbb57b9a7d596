//! What an instruction does to the memory that it names: reads it, writes it, or both, and how wide.
//!
//! Loads and stores are apart here, so that most of what is an update elsewhere is two instructions, each with its own fault.
//! Those that are one are the atomic instructions of newer processors (`ldadd`, `swp`, `cas`), and on older ones a sequence:
//! an exclusive load, a few instructions that make something of what was read, and an exclusive store, which goes through only
//! if nothing was stored there meanwhile. A tracer that stops in the middle of a sequence makes every such store fail.

pub use crate::arch::access::{Access, ConditionalStore, Instruction, Reservation};

use super::registers::Registers;

/// Length of an instruction in bytes.
pub const MAX_LENGTH: usize = 4;

/// The instruction as a number.
pub(super) fn word(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?))
}

/// A field of an instruction: so many bits from this one on.
fn field(instruction: u32, at: u32, bits: u32) -> u32 {
    instruction >> at & ((1 << bits) - 1)
}

/// Whether a bit is set.
fn bit(instruction: u32, at: u32) -> bool {
    instruction >> at & 1 == 1
}

fn load_or_store(is_load: bool) -> Access {
    match is_load {
        true => Access::Load,
        false => Access::Store,
    }
}

/// What the instruction with these bytes does.
#[must_use]
pub fn decode(bytes: &[u8]) -> Instruction {
    let known = word(bytes).and_then(memory_access);
    known.map_or(Instruction::UNKNOWN, |(access, width)| Instruction {
        access,
        width,
    })
}

/// Arm Architecture Reference Manual, C4.1, "Loads and Stores".
fn memory_access(instruction: u32) -> Option<(Access, u8)> {
    let size = field(instruction, 30, 2);
    let is_vector = bit(instruction, 26);
    // `dc zva` fills a block with zeros.
    if instruction & !31 == 0xd50b_7420 {
        return Some((Access::Store, 0));
    }
    if !bit(instruction, 27) || bit(instruction, 25) {
        return None;
    }
    match field(instruction, 28, 2) {
        0 if is_vector => {
            // Structures of vectors, `ld1` to `st4`.
            let is_structure = !bit(instruction, 31);
            is_structure.then(|| (load_or_store(bit(instruction, 22)), 0))
        }
        0 => exclusive_or_ordered(instruction),
        1 if !bit(instruction, 24) => {
            // A constant beside the code.
            let width = match (is_vector, size) {
                (true, size) => 4 << size,
                (false, 1) => 8,
                (false, 3) => return None,
                (false, _) => 4,
            };
            Some((Access::Load, width))
        }
        // With an order and an offset that is not scaled, `ldapur`.
        1 if !is_vector && !bit(instruction, 21) && field(instruction, 10, 2) == 0 => {
            Some(single(instruction, false))
        }
        2 => {
            // A pair.
            let width = match (is_vector, size) {
                (true, size) => 8 << size,
                (false, 2) => 16,
                (false, _) => 8,
            };
            Some((load_or_store(bit(instruction, 22)), width as u8))
        }
        3 => {
            let by_register_or_atomic = !bit(instruction, 24) && bit(instruction, 21);
            match (by_register_or_atomic, field(instruction, 10, 2)) {
                (true, 0) if !is_vector => Some(atomic(instruction)),
                // With a signature in its address, `ldraa`.
                (true, 1 | 3) if !is_vector && size == 3 => Some((Access::Load, 8)),
                (true, 0 | 1 | 3) => None,
                _ if is_prefetch(instruction) => None,
                _ => Some(single(instruction, is_vector)),
            }
        }
        _ => None,
    }
}

/// `prfm` and `prfum` have the form of a load, and access nothing.
fn is_prefetch(instruction: u32) -> bool {
    field(instruction, 30, 2) == 3 && field(instruction, 22, 2) == 2 && !bit(instruction, 26)
}

/// One register.
fn single(instruction: u32, is_vector: bool) -> (Access, u8) {
    let (size, operation) = (field(instruction, 30, 2), field(instruction, 22, 2));
    match (is_vector, operation) {
        // The whole of a vector.
        (true, 2 | 3) => (load_or_store(operation == 3), 16),
        _ => (load_or_store(operation != 0), 1 << size),
    }
}

/// `ldadd`, `swp` and their like; `ldapr`, which only loads, has the form of one.
fn atomic(instruction: u32) -> (Access, u8) {
    let only_loads = field(instruction, 12, 4) == 0b1100;
    let access = match only_loads {
        true => Access::Load,
        false => Access::AtomicUpdate,
    };
    (access, 1 << field(instruction, 30, 2))
}

/// `ldxr`, `stxr`, `ldar`, `stlr`, `cas` and their like.
fn exclusive_or_ordered(instruction: u32) -> Option<(Access, u8)> {
    let size = field(instruction, 30, 2);
    let (ordered, loads, pair) = (
        bit(instruction, 23),
        bit(instruction, 22),
        bit(instruction, 21),
    );
    if bit(instruction, 24) {
        return None;
    }
    Some(match (ordered, pair) {
        (true, true) => (Access::AtomicUpdate, 1 << size),
        (true, false) => (load_or_store(loads), 1 << size),
        // `casp`.
        (false, true) if size < 2 => (Access::AtomicUpdate, 8 << size),
        // The load stands for all of its sequence; a store without one fails.
        (false, _) => {
            let width = exclusive_width(size, pair);
            let access = match loads {
                true => Access::AtomicUpdate,
                false => Access::Store,
            };
            (access, width)
        }
    })
}

fn exclusive_width(size: u32, pair: bool) -> u8 {
    1 << (size + u32::from(pair))
}

/// What an exclusive load or store is: size, whether it loads, whether it is of a pair.
fn exclusive(bytes: &[u8]) -> Option<(u32, bool, bool)> {
    let instruction = word(bytes)?;
    let size = field(instruction, 30, 2);
    let pair = bit(instruction, 21);
    let is_exclusive = field(instruction, 23, 7) == 0b001_0000 && (!pair || size >= 2);
    is_exclusive.then(|| (size, bit(instruction, 22), pair))
}

/// Whether the instruction with these bytes begins a sequence of a load and a store that are one update: an exclusive load.
fn begins_sequence(bytes: &[u8]) -> bool {
    exclusive(bytes).is_some_and(|(_, loads, _)| loads)
}

/// What the instruction with these bytes reserves, where it begins such a sequence.
#[must_use]
pub fn reservation(bytes: &[u8], registers: &Registers) -> Option<Reservation> {
    let (size, _, pair) = exclusive(bytes).filter(|_| begins_sequence(bytes))?;
    Some(Reservation {
        address: registers.address(field(word(bytes)?, 5, 5) as u8),
        width: exclusive_width(size, pair),
    })
}

/// Whether the instruction with these bytes may be in the middle of such a sequence: it makes something of numbers, or
/// branches a few instructions on or back.
#[must_use]
pub fn continues_sequence(bytes: &[u8]) -> bool {
    word(bytes).is_some_and(|instruction| match field(instruction, 25, 4) {
        // Of numbers, immediate or in registers, vectors among them.
        0b1000 | 0b1001 | 0b0101 | 0b1101 | 0b0111 | 0b1111 => true,
        // Conditional branches; `b`.
        0b1010 | 0b1011 => matches!(
            field(instruction, 26, 6),
            0b01_0101 | 0b00_0101 | 0b00_1101 | 0b10_1101
        ),
        _ => false,
    })
}

/// The store at the end of such a sequence, where the instruction with these bytes is one.
#[must_use]
pub fn conditional_store(bytes: &[u8], registers: &Registers) -> Option<ConditionalStore> {
    let (size, loads, pair) = exclusive(bytes)?;
    if loads {
        return None;
    }
    let instruction = word(bytes)?;
    let register = |at: u32| field(instruction, at, 5) as u8;
    let width = 1 << size;
    let mut stored = registers.value(register(0)).to_le_bytes()[..width].to_vec();
    if pair {
        stored.extend(&registers.value(register(10)).to_le_bytes()[..width]);
    }
    let status = register(16);
    Some(ConditionalStore {
        address: registers.address(register(5)),
        bytes: stored,
        stored: registers.after(status, 0),
        failed: registers.after(status, 1),
    })
}

/// Where the instruction before this address has gone, if it is a call to a place that it names itself: `bl`. `word`: eight
/// bytes of the program's memory.
pub fn call_target(returns_to: u64, word: impl Fn(u64) -> Option<u64>) -> Option<u64> {
    let call = (word(returns_to.wrapping_sub(8))? >> 32) as u32;
    // So many instructions on or back.
    let bytes = (call << 6) as i32 >> 4;
    let here = returns_to.wrapping_sub(4);
    (call & 0xfc00_0000 == 0x9400_0000).then(|| here.wrapping_add_signed(bytes.into()))
}

/// The function of a library that the instruction before this address has called, through the program's linkage table: `adrp
/// x16` and `ldr x17` of the address that the loader has put there.
///
/// It is known also where the function itself has gone on to another one, and its own return address is all that is left of it.
pub fn callee(returns_to: u64, word: impl Fn(u64) -> Option<u64>) -> Option<u64> {
    /// `bti c`, which a table begins with that only whole jumps may reach.
    const LANDING: u32 = 0xd503_245f;
    let entry = call_target(returns_to, &word)?;
    let entry = match word(entry)? as u32 {
        LANDING => entry.wrapping_add(4),
        _ => entry,
    };
    let two = word(entry)?;
    let (page, load) = (two as u32, (two >> 32) as u32);
    let is_entry = page & 0x9f00_001f == 0x9000_0010 && load & 0xffc0_03ff == 0xf940_0211;
    let place = is_entry
        .then(|| page_named(page, entry).wrapping_add(8 * u64::from(field(load, 10, 12))))?;
    word(place)
}

/// The address that an `adrp` at this place makes: pieces of 4 KiB from here, in two parts, whatever the size of a page.
pub(super) fn page_named(instruction: u32, here: u64) -> u64 {
    let pieces = field(instruction, 5, 19) << 2 | field(instruction, 29, 2);
    let bytes = i64::from((pieces << 11) as i32) << 1;
    (here & !0xfff).wrapping_add_signed(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compilers_make_of_a_counter() {
        // As gcc and clang write them, with what objdump calls them.
        for (instruction, name, access, width) in [
            (0xb940_0000, "ldr w0, [x0]", Access::Load, 4),
            (0xf940_0001, "ldr x1, [x0]", Access::Load, 8),
            (0xb900_0001, "str w1, [x0]", Access::Store, 4),
            (0xf900_0001, "str x1, [x0]", Access::Store, 8),
            (0x3900_0001, "strb w1, [x0]", Access::Store, 1),
            (0x7900_0001, "strh w1, [x0]", Access::Store, 2),
            (0x3940_0000, "ldrb w0, [x0]", Access::Load, 1),
            (0x7980_0000, "ldrsh x0, [x0]", Access::Load, 2),
            (0xb980_0000, "ldrsw x0, [x0]", Access::Load, 4),
            (0xb840_4401, "ldr w1, [x0], #4", Access::Load, 4),
            (0xb800_4c01, "str w1, [x0, #4]!", Access::Store, 4),
            (0xb81f_c001, "stur w1, [x0, #-4]", Access::Store, 4),
            (0xb862_7801, "ldr w1, [x0, x2, lsl #2]", Access::Load, 4),
            (0xb822_7801, "str w1, [x0, x2, lsl #2]", Access::Store, 4),
            (0xa940_0801, "ldp x1, x2, [x0]", Access::Load, 16),
            (0x2900_0801, "stp w1, w2, [x0]", Access::Store, 8),
            (0xad00_0400, "stp q0, q1, [x0]", Access::Store, 32),
            (0x3d80_0000, "str q0, [x0]", Access::Store, 16),
            (0x3dc0_0000, "ldr q0, [x0]", Access::Load, 16),
            (0xbd40_0000, "ldr s0, [x0]", Access::Load, 4),
            (0x4c40_7000, "ld1 {v0.16b}, [x0]", Access::Load, 0),
            (0x5800_0000, "ldr x0, .", Access::Load, 8),
            (0x885f_7c01, "ldxr w1, [x0]", Access::AtomicUpdate, 4),
            (0xc85f_fc01, "ldaxr x1, [x0]", Access::AtomicUpdate, 8),
            (0xc87f_0801, "ldxp x1, x2, [x0]", Access::AtomicUpdate, 16),
            (0x8803_7c01, "stxr w3, w1, [x0]", Access::Store, 4),
            (0x88df_fc01, "ldar w1, [x0]", Access::Load, 4),
            (0x889f_fc01, "stlr w1, [x0]", Access::Store, 4),
            (0xb821_0002, "ldadd w1, w2, [x0]", Access::AtomicUpdate, 4),
            (0xb8e1_8002, "swpal w1, w2, [x0]", Access::AtomicUpdate, 4),
            (0xb8bf_c002, "ldapr w2, [x0]", Access::Load, 4),
            (0x88e1_fc02, "casal w1, w2, [x0]", Access::AtomicUpdate, 4),
            (
                0x4820_7c02,
                "casp x0, x1, x2, x3, [x0]",
                Access::AtomicUpdate,
                16,
            ),
            (0xd50b_7420, "dc zva, x0", Access::Store, 0),
            (0xf980_0000, "prfm pldl1keep, [x0]", Access::Unknown, 0),
            (0x8b01_0000, "add x0, x0, x1", Access::Unknown, 0),
            (0xd400_0001, "svc #0", Access::Unknown, 0),
        ] {
            let bytes = u32::to_le_bytes(instruction);
            assert_eq!(decode(&bytes), Instruction { access, width }, "{name}");
        }
    }

    /// A program at 0x1000 with a table of what it calls behind it.
    #[test]
    fn what_was_called_is_found_through_the_table() {
        const FUNCTION: u64 = 0x7fff_1234_5678;
        let check = |call: u32, entry: &[u32], target: Option<u64>, expect: Option<u64>| {
            let mut bytes = vec![0; 0x1050];
            bytes[12..16].copy_from_slice(&call.to_le_bytes());
            let code: Vec<u8> = entry.iter().flat_map(|it| it.to_le_bytes()).collect();
            bytes[32..32 + code.len()].copy_from_slice(&code);
            bytes[0x1048..].copy_from_slice(&FUNCTION.to_le_bytes());
            let word = |at: u64| {
                let at = usize::try_from(at.checked_sub(0x1000)?).ok()?;
                Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
            };
            assert_eq!(callee(0x1010, word), expect, "{call:x} {entry:x?}");
            assert_eq!(call_target(0x1010, word), target, "{call:x}");
        };
        let (call, table) = (0x9400_0005, Some(0x1020));
        // adrp x16, 0x2000; ldr x17, [x16, #0x48]
        let entry = [0xb000_0010, 0xf940_2611];
        check(call, &entry, table, Some(FUNCTION));
        check(
            call,
            &[0xd503_245f, entry[0], entry[1]],
            table,
            Some(FUNCTION),
        );
        // A function of the program itself, calls back, of what stands in a register, and of what is not mapped.
        check(call, &[0xa9be_7bfd, 0x9100_03fd], table, None);
        check(0x97ff_ffff, &entry, Some(0x1008), None);
        check(0xd63f_0000, &entry, None, None);
        check(0x95ff_ffff, &entry, Some(0x0800_1008), None);
        check(call, &[0xf0ff_ffd0, entry[1]], table, None);
    }

    #[test]
    fn a_sequence_has_a_beginning_a_middle_and_an_end() {
        for (instruction, name, begins, continues) in [
            (0x885f_7c01, "ldxr w1, [x0]", true, false),
            (0x885f_fc01, "ldaxr w1, [x0]", true, false),
            (0x4820_7c02, "casp x0, x1, x2, x3, [x0]", false, false),
            (0x88e1_fc02, "casal w1, w2, [x0]", false, false),
            (0x8803_7c01, "stxr w3, w1, [x0]", false, false),
            (0x1100_0421, "add w1, w1, #1", false, true),
            (0x0b02_0021, "add w1, w1, w2", false, true),
            (0x6b02_003f, "cmp w1, w2", false, true),
            (0x5400_0041, "b.ne . + 8", false, true),
            (0x35ff_ffa3, "cbnz w3, . - 12", false, true),
            (0x1400_0002, "b . + 8", false, true),
            (0xb940_0000, "ldr w0, [x0]", false, false),
            (0xd400_0001, "svc #0", false, false),
            (0xd503_3f5f, "clrex", false, false),
            (0x9400_0002, "bl . + 8", false, false),
            (0xd65f_03c0, "ret", false, false),
        ] {
            let bytes = u32::to_le_bytes(instruction);
            assert_eq!(begins_sequence(&bytes), begins, "{name}");
            assert_eq!(continues_sequence(&bytes), continues, "{name}");
        }
    }

    #[test]
    fn rubbish_and_cut_instructions_are_no_trouble() {
        for length in 0..4 {
            assert_eq!(decode(&vec![0xff; length]), Instruction::UNKNOWN);
            assert!(!begins_sequence(&vec![0x7c; length]));
        }
        for upper in 0..=u16::MAX {
            for lower in [0, 0x7c01, 0xfc00, 0xffff] {
                let bytes = (u32::from(upper) << 16 | lower).to_le_bytes();
                let _ = (decode(&bytes), continues_sequence(&bytes));
            }
        }
    }
}
