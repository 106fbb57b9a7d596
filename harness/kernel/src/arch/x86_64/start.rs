//! The beginning of a program: the instruction that stops there, and what the C library's first code says of `main`.

/// `int3`: the process that comes to it stops with `SIGTRAP`.
pub const BREAKPOINT: [u8; 1] = [0xcc];

/// How much of a program's first code is looked at.
pub const START_LENGTH: usize = 64;

/// Where `main` is, from the code at a program's entry point, which hands that address to the C library as the first
/// argument: `lea main(%rip), %rdi` or `mov $main, %rdi`. `None`: this code is of another kind.
#[must_use]
pub fn main_of(code: &[u8], entry: u64) -> Option<u64> {
    const LEA_RDI: [u8; 3] = [0x48, 0x8d, 0x3d];
    const MOV_RDI: [u8; 3] = [0x48, 0xc7, 0xc7];
    const MOV_EDI: [u8; 1] = [0xbf];
    let number = |at: usize| -> Option<i32> {
        Some(i32::from_le_bytes(code.get(at..at + 4)?.try_into().ok()?))
    };
    (0..code.len()).find_map(|at| {
        let rest = &code[at..];
        if rest.starts_with(&LEA_RDI) {
            let next = entry.wrapping_add(at as u64 + 7);
            return Some(next.wrapping_add_signed(number(at + 3)?.into()));
        }
        if rest.starts_with(&MOV_RDI) {
            return u64::try_from(number(at + 3)?).ok();
        }
        if rest.starts_with(&MOV_EDI) {
            return u64::try_from(number(at + 1)?).ok();
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::main_of;

    #[test]
    fn main_is_what_the_first_code_hands_over() {
        // endbr64; xor %ebp,%ebp; mov %rdx,%r9; pop %rsi; mov %rsp,%rdx; and $-16,%rsp; push; push; xor; xor
        let before = [
            0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xed, 0x49, 0x89, 0xd1, 0x5e, 0x48, 0x89, 0xe2, 0x48,
            0x83, 0xe4, 0xf0, 0x50, 0x54, 0x45, 0x31, 0xc0, 0x31, 0xc9,
        ];
        let check = |load: &[u8], expect: Option<u64>| {
            let code = [&before[..], load, &[0x67, 0xe8, 0, 0, 0, 0]].concat();
            assert_eq!(main_of(&code, 0x40_1000), expect);
        };
        check(&[0x48, 0xc7, 0xc7, 0x45, 0x17, 0x40, 0x00], Some(0x40_1745));
        check(&[0x48, 0x8d, 0x3d, 0xf0, 0xff, 0xff, 0xff], Some(0x40_100f));
        check(&[0x90, 0x90], None);
    }
}
