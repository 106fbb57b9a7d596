//! What an instruction does to the memory that it names: reads it, writes it, or both, and how wide.
//!
//! Only as much of x86-64 as compilers use for plain variables. What is not known here is found out by trying: with the
//! page readable, an instruction that faults again is one that writes. What cannot be found out by trying, and is why
//! this table exists, is that `add %eax,(mem)` without a lock reads first and writes later: on one processor no other
//! access can come between, on two one can.

pub use crate::arch::access::{Access, ConditionalStore, Instruction, Reservation};

use super::registers::Registers;

const UNKNOWN: Instruction = Instruction::UNKNOWN;

/// Longest instruction in bytes.
pub const MAX_LENGTH: usize = 15;

/// What the instruction with these bytes does.
#[must_use]
pub fn decode(bytes: &[u8]) -> Instruction {
    let mut rest = bytes;
    let (mut narrow, mut locked, mut wide, mut repeat) = (false, false, false, 0);
    while let [prefix, more @ ..] = rest {
        match prefix {
            0x66 => narrow = true,
            0xf0 => locked = true,
            0xf2 | 0xf3 => repeat = *prefix,
            0x2e | 0x36 | 0x3e | 0x26 | 0x64 | 0x65 | 0x67 => {}
            _ => break,
        }
        rest = more;
    }
    if let [rex @ 0x40..=0x4f, more @ ..] = rest {
        wide = rex & 8 != 0;
        rest = more;
    }
    let word = match (wide, narrow) {
        (true, _) => 8,
        (false, true) => 2,
        (false, false) => 4,
    };
    // In the one-byte table the lowest bit tells bytes from words.
    let sized = |opcode: u8| if opcode & 1 == 0 { 1 } else { word };
    let field = |modrm: Option<&u8>| modrm.map(|modrm| modrm >> 3 & 7);
    let (access, width) = match rest {
        [0x0f, opcode, more @ ..] => match opcode {
            0xb6 | 0xbe => (Access::Load, 1),
            0xb7 | 0xbf => (Access::Load, 2),
            0x90..=0x9f => (Access::Store, 1),
            // Bit tests, shifts of two words.
            0xab | 0xb3 | 0xbb | 0xa4 | 0xa5 | 0xac | 0xad => (Access::Update, word),
            0xba => match field(more.first()) {
                Some(5..=7) => (Access::Update, word),
                _ => (Access::Load, word),
            },
            // cmpxchg and xadd.
            0xb0 | 0xb1 | 0xc0 | 0xc1 => (Access::Update, sized(*opcode)),
            0xc7 if field(more.first()) == Some(1) => (Access::Update, 8),
            0xc3 => (Access::Store, word),
            // The processor's state: of it only the control word is narrow.
            0xae => match field(more.first()) {
                Some(2 | 3) => (Access::Unknown, 4),
                _ => (Access::Unknown, u8::MAX),
            },
            // Vector registers, stored.
            0x11 | 0x13 | 0x17 | 0x29 | 0x2b | 0x7f | 0xd6 | 0xe7 => {
                (Access::Store, vector(1, *opcode, repeat, 16))
            }
            0x38 => (Access::Unknown, by_opcode(2, more, repeat, 16)),
            0x3a => (Access::Unknown, by_opcode(3, more, repeat, 16)),
            _ => (Access::Unknown, vector(1, *opcode, repeat, 16)),
        },
        // The same with three operands: what it does is found out by trying.
        [0xc5, second, opcode, ..] => {
            let length = 16 << (second >> 2 & 1);
            let width = vector(1, *opcode, prefix(*second), length);
            (Access::Unknown, width)
        }
        [0xc4, first, second, opcode, ..] => {
            let length = 16 << (second >> 2 & 1);
            let width = vector(first & 0x1f, *opcode, prefix(*second), length);
            (Access::Unknown, width)
        }
        [0x62, first, second, third, opcode, ..] => {
            let length = 16 << (third >> 5 & 3).min(2);
            let width = vector(first & 7, *opcode, prefix(*second), length);
            (Access::Unknown, width)
        }
        [opcode @ 0xd8..=0xdf, more @ ..] => {
            (Access::Unknown, floating(*opcode, field(more.first())))
        }
        // One element at a time: between two of them the program can be stopped.
        [opcode @ (0xa4..=0xa7 | 0xac..=0xaf), ..] => (Access::Unknown, sized(*opcode)),
        [opcode, more @ ..] => match opcode {
            // Arithmetic and logic: the last of the eight compares and keeps nothing.
            0x00..=0x3f => match (opcode & 7, opcode >> 3) {
                (0 | 1, 0..=6) => (Access::Update, sized(*opcode)),
                (0..=3, _) => (Access::Load, sized(*opcode)),
                _ => return UNKNOWN,
            },
            0x80 | 0x81 | 0x83 => match field(more.first()) {
                Some(0..=6) => (Access::Update, sized(*opcode)),
                _ => (Access::Load, sized(*opcode)),
            },
            0x84 | 0x85 | 0x8a | 0x8b => (Access::Load, sized(*opcode)),
            0x63 => (Access::Load, 4),
            // xchg locks by itself.
            0x86 | 0x87 => (Access::AtomicUpdate, sized(*opcode)),
            0x88 | 0x89 | 0xc6 | 0xc7 => (Access::Store, sized(*opcode)),
            0xaa | 0xab => (Access::Store, sized(*opcode)),
            0xc0 | 0xc1 | 0xd0..=0xd3 => (Access::Update, sized(*opcode)),
            0xf6 | 0xf7 => match field(more.first()) {
                Some(2 | 3) => (Access::Update, sized(*opcode)),
                _ => (Access::Load, sized(*opcode)),
            },
            0xfe | 0xff => match field(more.first()) {
                Some(0 | 1) => (Access::Update, sized(*opcode)),
                _ => (Access::Load, 8),
            },
            _ => return UNKNOWN,
        },
        [] => return UNKNOWN,
    };
    let access = match access {
        Access::Update if locked => Access::AtomicUpdate,
        access => access,
    };
    Instruction { access, width }
}

/// The prefix that an instruction of three operands has in its last two bits.
fn prefix(bits: u8) -> u8 {
    [0, 0x66, 0xf3, 0xf2][usize::from(bits & 3)]
}

/// As [`vector`] for an opcode that is still to come.
fn by_opcode(map: u8, rest: &[u8], prefix: u8, length: u8) -> u8 {
    rest.first()
        .map_or(length, |opcode| vector(map, *opcode, prefix, length))
}

/// How many bytes a vector instruction of one of the three tables reads or writes in memory, at most; all of a register of this
/// length where it is not known to be less.
fn vector(map: u8, opcode: u8, prefix: u8, length: u8) -> u8 {
    match (map, opcode) {
        // A single number of its register.
        (1, 0x10 | 0x11 | 0x2a | 0x2c | 0x2d | 0x51..=0x53 | 0x58..=0x5f | 0xc2)
            if prefix == 0xf3 =>
        {
            4
        }
        (1, 0x10 | 0x11 | 0x2a | 0x2c | 0x2d | 0x51 | 0x58..=0x5f | 0xc2) if prefix == 0xf2 => 8,
        (1, 0x7e) if prefix == 0xf3 => 8,
        (1, 0x2e | 0x2f | 0x6e | 0x7e | 0x12 | 0x13 | 0x16 | 0x17 | 0xd6) => 8,
        (2, 0x18 | 0x58) => 4,
        (2, 0x19 | 0x59) => 8,
        (2, 0x1a | 0x5a) => 16,
        (2, 0x78) => 1,
        (2, 0x79) => 2,
        (3, 0x14) => 1,
        (3, 0x15) => 2,
        (3, 0x16) => 8,
        (3, 0x17) => 4,
        (3, 0x19 | 0x39) => 16,
        _ => length,
    }
}

/// How many bytes an instruction of the older floating-point unit reads or writes in memory. `field`: which of the eight of its
/// opcode it is.
fn floating(opcode: u8, field: Option<u8>) -> u8 {
    match (opcode, field.unwrap_or(0)) {
        (0xd9 | 0xdd, 7) | (0xd9, 5) => 2,
        (0xd9, 4 | 6) => 28,
        (0xdd, 4 | 6) => 108,
        (0xdb, 5 | 7) | (0xdf, 4 | 6) => 10,
        (0xdf, 5 | 7) | (0xdd | 0xdc, _) => 8,
        (0xde | 0xdf, _) => 2,
        _ => 4,
    }
}

/// What the instruction with these bytes reserves, where it begins a sequence of a load and a store that are one update. Here
/// one instruction does both.
#[must_use]
pub fn reservation(_bytes: &[u8], _registers: &Registers) -> Option<Reservation> {
    None
}

/// Whether the instruction with these bytes may be in the middle of such a sequence.
#[must_use]
pub fn continues_sequence(_bytes: &[u8]) -> bool {
    false
}

/// The store at the end of such a sequence, where the instruction with these bytes is one.
#[must_use]
pub fn conditional_store(_bytes: &[u8], _registers: &Registers) -> Option<ConditionalStore> {
    None
}

/// Where the instruction before this address has gone, if it is a call to a place that it names itself: `call disp`.
pub fn call_target(returns_to: u64, word: impl Fn(u64) -> Option<u64>) -> Option<u64> {
    let before = word(returns_to.wrapping_sub(8))?.to_le_bytes();
    let [_, _, _, 0xe8, distance @ ..] = before else {
        return None;
    };
    Some(returns_to.wrapping_add_signed(i64::from(i32::from_le_bytes(distance))))
}

/// The function of a library that the instruction before this address has called: through the program's linkage table, or
/// through the address that the loader has put there. `word`: eight bytes of the program's memory.
///
/// It is known also where the function itself has gone on to another one, and its own return address is all that is left of it.
pub fn callee(returns_to: u64, word: impl Fn(u64) -> Option<u64>) -> Option<u64> {
    /// `endbr64`, which a table begins with that only whole jumps may reach.
    const LANDING: u32 = 0xfa1e_0ff3;
    let relative = |at: u64| Some(word(at)? as u32 as i32);
    let through =
        |from: u64| word(from.wrapping_add_signed(i64::from(relative(from.wrapping_sub(4))?)));
    let before = word(returns_to.wrapping_sub(8))?.to_le_bytes();
    // call *disp(%rip)
    if before[2..4] == [0xff, 0x15] {
        return through(returns_to);
    }
    // To an entry of the table: jmp *disp(%rip), with bnd before it where the compiler was told so.
    let entry = call_target(returns_to, &word)?;
    let entry = match word(entry)? as u32 {
        LANDING => entry.wrapping_add(4),
        _ => entry,
    };
    match word(entry)?.to_le_bytes() {
        [0xff, 0x25, ..] => through(entry.wrapping_add(6)),
        [0xf2, 0xff, 0x25, ..] => through(entry.wrapping_add(7)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Instruction, decode};

    #[test]
    fn what_compilers_make_of_a_counter() {
        // As gcc and clang write them, with what objdump calls them.
        for (bytes, name, access, width) in [
            (&[0x8b, 0x00][..], "mov (%rax),%eax", Access::Load, 4),
            (&[0x48, 0x8b, 0x00], "mov (%rax),%rax", Access::Load, 8),
            (&[0x89, 0x10], "mov %edx,(%rax)", Access::Store, 4),
            (&[0x66, 0x89, 0x10], "mov %dx,(%rax)", Access::Store, 2),
            (&[0x88, 0x10], "mov %dl,(%rax)", Access::Store, 1),
            (
                &[0x41, 0x89, 0x14, 0x24],
                "mov %edx,(%r12)",
                Access::Store,
                4,
            ),
            (
                &[0xc7, 0x00, 0, 0, 0, 0],
                "movl $0,(%rax)",
                Access::Store,
                4,
            ),
            (&[0x83, 0x00, 0x01], "addl $1,(%rax)", Access::Update, 4),
            (
                &[0x48, 0x83, 0x03, 0x01],
                "addq $1,(%rbx)",
                Access::Update,
                8,
            ),
            (&[0x01, 0x10], "add %edx,(%rax)", Access::Update, 4),
            (&[0x03, 0x10], "add (%rax),%edx", Access::Load, 4),
            (&[0x83, 0x38, 0x05], "cmpl $5,(%rax)", Access::Load, 4),
            (&[0x39, 0x10], "cmp %edx,(%rax)", Access::Load, 4),
            (&[0xff, 0x00], "incl (%rax)", Access::Update, 4),
            (&[0xfe, 0x08], "decb (%rax)", Access::Update, 1),
            (
                &[0xf0, 0x83, 0x00, 0x01],
                "lock addl $1,(%rax)",
                Access::AtomicUpdate,
                4,
            ),
            (
                &[0xf0, 0x0f, 0xc1, 0x02],
                "lock xadd %eax,(%rdx)",
                Access::AtomicUpdate,
                4,
            ),
            (&[0x0f, 0xc1, 0x02], "xadd %eax,(%rdx)", Access::Update, 4),
            (&[0x87, 0x10], "xchg %edx,(%rax)", Access::AtomicUpdate, 4),
            (&[0x85, 0x10], "test %edx,(%rax)", Access::Load, 4),
            (&[0xf7, 0x18], "negl (%rax)", Access::Update, 4),
            (&[0xd1, 0x20], "shll (%rax)", Access::Update, 4),
            (&[0x0f, 0xb6, 0x00], "movzbl (%rax),%eax", Access::Load, 1),
            (
                &[0x0f, 0x11, 0x00],
                "movups %xmm0,(%rax)",
                Access::Store,
                16,
            ),
            (
                &[0xf3, 0x0f, 0x11, 0x00],
                "movss %xmm0,(%rax)",
                Access::Store,
                4,
            ),
            (
                &[0xf2, 0x0f, 0x11, 0x00],
                "movsd %xmm0,(%rax)",
                Access::Store,
                8,
            ),
            (
                &[0x66, 0x0f, 0xd6, 0x00],
                "movq %xmm0,(%rax)",
                Access::Store,
                8,
            ),
            (
                &[0xf3, 0x0f, 0x6f, 0x00],
                "movdqu (%rax),%xmm0",
                Access::Unknown,
                16,
            ),
            (
                &[0xf2, 0x0f, 0x58, 0x00],
                "addsd (%rax),%xmm0",
                Access::Unknown,
                8,
            ),
            (
                &[0xc5, 0xfa, 0x10, 0x00],
                "vmovss (%rax),%xmm0",
                Access::Unknown,
                4,
            ),
            (
                &[0xc5, 0xf8, 0x11, 0x00],
                "vmovups %xmm0,(%rax)",
                Access::Unknown,
                16,
            ),
            (
                &[0xc4, 0xe2, 0x7d, 0x58, 0x00],
                "vpbroadcastd (%rax),%ymm0",
                Access::Unknown,
                4,
            ),
            (
                &[0x62, 0xf1, 0xfe, 0x48, 0x7f, 0x00],
                "vmovdqu64 %zmm0,(%rax)",
                Access::Unknown,
                64,
            ),
            (&[0xdb, 0x38], "fstpt (%rax)", Access::Unknown, 10),
            (&[0xd9, 0x18], "fstps (%rax)", Access::Unknown, 4),
            (&[0x0f, 0xae, 0x00], "fxsave (%rax)", Access::Unknown, 255),
            (&[0x0f, 0xae, 0x18], "stmxcsr (%rax)", Access::Unknown, 4),
            (
                &[0xf3, 0x48, 0xab],
                "rep stos %rax,(%rdi)",
                Access::Store,
                8,
            ),
            (&[0xc5, 0xfe, 0x7f, 0x07], "vmovdqu", Access::Unknown, 32),
            (&[0xf3, 0xa4], "rep movsb", Access::Unknown, 1),
        ] {
            assert_eq!(decode(bytes), Instruction { access, width }, "{name}");
        }
    }

    /// A program at 0x1000 with a table of what it calls behind it.
    #[test]
    fn what_was_called_is_found_through_the_table() {
        const FUNCTION: u64 = 0x7fff_1234_5678;
        let check = |call: &[u8], entry: &[u8], expect: Option<u64>| {
            let mut bytes = vec![0; 64];
            bytes[16 - call.len()..16].copy_from_slice(call);
            bytes[32..32 + entry.len()].copy_from_slice(entry);
            bytes[56..64].copy_from_slice(&FUNCTION.to_le_bytes());
            bytes.extend([0; 16]);
            let word = |at: u64| {
                let at = usize::try_from(at.checked_sub(0x1000)?).ok()?;
                Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
            };
            assert_eq!(super::callee(0x1010, word), expect, "{call:x?} {entry:x?}");
            let distance = call.get(1..5).and_then(|bytes| bytes.try_into().ok());
            let direct = distance.filter(|_| call[0] == 0xe8).map(i32::from_le_bytes);
            let direct = direct.map(|by| 0x1010u64.wrapping_add_signed(by.into()));
            assert_eq!(super::call_target(0x1010, word), direct, "{call:x?}");
        };
        let call = [0xe8, 16, 0, 0, 0];
        let some = Some(FUNCTION);
        check(&call, &[0xff, 0x25, 18, 0, 0, 0], some);
        check(
            &call,
            &[0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 14, 0, 0, 0],
            some,
        );
        check(
            &call,
            &[0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 13, 0, 0, 0],
            some,
        );
        check(&[0xff, 0x15, 40, 0, 0, 0], &[], some);
        // A function of the program itself, a call of what stands in a register, and one that leads out of what is mapped.
        check(&call, &[0x55, 0x48, 0x89, 0xe5], None);
        check(&[0xff, 0xd0], &[], None);
        check(&[0xe8, 0xff, 0xff, 0xff, 0x7f], &[], None);
        check(&[0xff, 0x15, 0xff, 0xff, 0xff, 0x7f], &[], None);
    }

    #[test]
    fn rubbish_and_cut_instructions_are_no_trouble() {
        for bytes in [
            &[][..],
            &[0x66],
            &[0xf0, 0x66, 0x48],
            &[0x0f],
            &[0x83],
            &[0xff],
            &[0xf3; 15],
        ] {
            let _ = decode(bytes);
        }
        for first in 0..=255 {
            for second in 0..=255 {
                let _ = decode(&[first, second, 0]);
            }
        }
    }
}
