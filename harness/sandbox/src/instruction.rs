//! What an instruction does to the memory that it names: reads it, writes it, or both, and how wide.
//!
//! Only as much of x86-64 as compilers use for plain variables. What is not known here is found out by trying: with the
//! page readable, an instruction that faults again is one that writes. What cannot be found out by trying, and is why
//! this table exists, is that `add %eax,(mem)` without a lock reads first and writes later: on one processor nobody can
//! come between, on two somebody can.

/// What an instruction does with the memory that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Reads it.
    Load,
    /// Writes it, whatever was there.
    Store,
    /// Reads it and writes something made of that, with nothing to keep others out in between.
    Update,
    /// Reads and writes it as one, `lock`.
    AtomicUpdate,
    /// Not in the table.
    Unknown,
}

/// An instruction's deed and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// What it does.
    pub(crate) deed: Deed,
    /// How many bytes; 0: not known.
    pub(crate) width: u8,
}

const UNKNOWN: Instruction = Instruction {
    deed: Deed::Unknown,
    width: 0,
};

/// Longest instruction in bytes.
pub(crate) const LONGEST: usize = 15;

/// Looks at an instruction's bytes.
pub(crate) fn read(bytes: &[u8]) -> Instruction {
    let mut rest = bytes;
    let (mut narrow, mut locked, mut wide) = (false, false, false);
    while let [prefix, more @ ..] = rest {
        match prefix {
            0x66 => narrow = true,
            0xf0 => locked = true,
            0xf2 | 0xf3 | 0x2e | 0x36 | 0x3e | 0x26 | 0x64 | 0x65 | 0x67 => {}
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
    let (deed, width) = match rest {
        [0x0f, opcode, more @ ..] => match opcode {
            0xb6 | 0xbe => (Deed::Load, 1),
            0xb7 | 0xbf => (Deed::Load, 2),
            0x90..=0x9f => (Deed::Store, 1),
            // Bit tests, shifts of two words.
            0xab | 0xb3 | 0xbb | 0xa4 | 0xa5 | 0xac | 0xad => (Deed::Update, word),
            0xba => match field(more.first()) {
                Some(5..=7) => (Deed::Update, word),
                _ => (Deed::Load, word),
            },
            // cmpxchg and xadd.
            0xb0 | 0xb1 | 0xc0 | 0xc1 => (Deed::Update, sized(*opcode)),
            0xc7 if field(more.first()) == Some(1) => (Deed::Update, 8),
            0xc3 => (Deed::Store, word),
            // Vector registers, stored.
            0x11 | 0x13 | 0x17 | 0x29 | 0x2b | 0x7f | 0xd6 | 0xe7 => (Deed::Store, 0),
            _ => return UNKNOWN,
        },
        [opcode, more @ ..] => match opcode {
            // Arithmetic and logic: the last of the eight compares and keeps nothing.
            0x00..=0x3f => match (opcode & 7, opcode >> 3) {
                (0 | 1, 0..=6) => (Deed::Update, sized(*opcode)),
                (0..=3, _) => (Deed::Load, sized(*opcode)),
                _ => return UNKNOWN,
            },
            0x80 | 0x81 | 0x83 => match field(more.first()) {
                Some(0..=6) => (Deed::Update, sized(*opcode)),
                _ => (Deed::Load, sized(*opcode)),
            },
            0x84 | 0x85 | 0x8a | 0x8b => (Deed::Load, sized(*opcode)),
            0x63 => (Deed::Load, 4),
            // xchg locks by itself.
            0x86 | 0x87 => (Deed::AtomicUpdate, sized(*opcode)),
            0x88 | 0x89 | 0xc6 | 0xc7 => (Deed::Store, sized(*opcode)),
            0xaa | 0xab => (Deed::Store, sized(*opcode)),
            0xc0 | 0xc1 | 0xd0..=0xd3 => (Deed::Update, sized(*opcode)),
            0xf6 | 0xf7 => match field(more.first()) {
                Some(2 | 3) => (Deed::Update, sized(*opcode)),
                _ => (Deed::Load, sized(*opcode)),
            },
            0xfe | 0xff => match field(more.first()) {
                Some(0 | 1) => (Deed::Update, sized(*opcode)),
                _ => (Deed::Load, 8),
            },
            _ => return UNKNOWN,
        },
        [] => return UNKNOWN,
    };
    let deed = match deed {
        Deed::Update if locked => Deed::AtomicUpdate,
        deed => deed,
    };
    Instruction { deed, width }
}

#[cfg(test)]
mod tests {
    use super::{Deed, Instruction, read};

    #[test]
    fn what_compilers_make_of_a_counter() {
        // As gcc and clang write them, with what objdump calls them.
        for (bytes, name, deed, width) in [
            (&[0x8b, 0x00][..], "mov (%rax),%eax", Deed::Load, 4),
            (&[0x48, 0x8b, 0x00], "mov (%rax),%rax", Deed::Load, 8),
            (&[0x89, 0x10], "mov %edx,(%rax)", Deed::Store, 4),
            (&[0x66, 0x89, 0x10], "mov %dx,(%rax)", Deed::Store, 2),
            (&[0x88, 0x10], "mov %dl,(%rax)", Deed::Store, 1),
            (&[0x41, 0x89, 0x14, 0x24], "mov %edx,(%r12)", Deed::Store, 4),
            (&[0xc7, 0x00, 0, 0, 0, 0], "movl $0,(%rax)", Deed::Store, 4),
            (&[0x83, 0x00, 0x01], "addl $1,(%rax)", Deed::Update, 4),
            (&[0x48, 0x83, 0x03, 0x01], "addq $1,(%rbx)", Deed::Update, 8),
            (&[0x01, 0x10], "add %edx,(%rax)", Deed::Update, 4),
            (&[0x03, 0x10], "add (%rax),%edx", Deed::Load, 4),
            (&[0x83, 0x38, 0x05], "cmpl $5,(%rax)", Deed::Load, 4),
            (&[0x39, 0x10], "cmp %edx,(%rax)", Deed::Load, 4),
            (&[0xff, 0x00], "incl (%rax)", Deed::Update, 4),
            (&[0xfe, 0x08], "decb (%rax)", Deed::Update, 1),
            (
                &[0xf0, 0x83, 0x00, 0x01],
                "lock addl $1,(%rax)",
                Deed::AtomicUpdate,
                4,
            ),
            (
                &[0xf0, 0x0f, 0xc1, 0x02],
                "lock xadd %eax,(%rdx)",
                Deed::AtomicUpdate,
                4,
            ),
            (&[0x0f, 0xc1, 0x02], "xadd %eax,(%rdx)", Deed::Update, 4),
            (&[0x87, 0x10], "xchg %edx,(%rax)", Deed::AtomicUpdate, 4),
            (&[0x85, 0x10], "test %edx,(%rax)", Deed::Load, 4),
            (&[0xf7, 0x18], "negl (%rax)", Deed::Update, 4),
            (&[0xd1, 0x20], "shll (%rax)", Deed::Update, 4),
            (&[0x0f, 0xb6, 0x00], "movzbl (%rax),%eax", Deed::Load, 1),
            (&[0x0f, 0x11, 0x00], "movups %xmm0,(%rax)", Deed::Store, 0),
            (&[0xf3, 0x48, 0xab], "rep stos %rax,(%rdi)", Deed::Store, 8),
            (&[0xc5, 0xfe, 0x7f, 0x07], "vmovdqu", Deed::Unknown, 0),
            (&[0xf3, 0xa4], "rep movsb", Deed::Unknown, 0),
        ] {
            assert_eq!(read(bytes), Instruction { deed, width }, "{name}");
        }
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
            let _ = read(bytes);
        }
        for first in 0..=255 {
            for second in 0..=255 {
                let _ = read(&[first, second, 0]);
            }
        }
    }
}
