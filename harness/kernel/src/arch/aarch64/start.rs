//! The beginning of a program: the instruction that stops there, and what the C library's first code says of `main`.

use super::instruction::page_named;

/// `brk #0`: the process that comes to it stops with `SIGTRAP`.
pub const BREAKPOINT: [u8; 4] = [0x00, 0x00, 0x20, 0xd4];

/// How much of a program's first code is looked at.
pub const START_LENGTH: usize = 128;

/// Where `main` is, from the code at a program's entry point, which hands that address to the C library as the first
/// argument: by `adrp` and `add`, or by `movz` and `movk`. `None`: this code is of another kind.
#[must_use]
pub fn main_of(code: &[u8], entry: u64) -> Option<u64> {
    let mut known: [Option<u64>; 32] = [None; 32];
    let (instructions, _) = code.as_chunks::<4>();
    for (at, bytes) in instructions.iter().enumerate() {
        let instruction = u32::from_le_bytes(*bytes);
        let here = entry.wrapping_add(4 * at as u64);
        let to = (instruction & 31) as usize;
        let from = known[(instruction >> 5 & 31) as usize];
        let half = u64::from(instruction >> 5 & 0xffff);
        let shift = (instruction >> 21 & 3) * 16;
        known[to] = if instruction & 0x9f00_0000 == 0x9000_0000 {
            Some(page_named(instruction, here))
        } else if instruction & 0xffc0_0000 == 0x9100_0000 {
            from.map(|from| from.wrapping_add(u64::from(instruction >> 10 & 0xfff)))
        } else if instruction & 0xff80_0000 == 0xd280_0000 {
            // movz, and movk, which keeps the rest.
            Some(half << shift)
        } else if instruction & 0xff80_0000 == 0xf280_0000 {
            known[to].map(|rest| rest & !(0xffff << shift) | half << shift)
        } else if instruction & 0xfc00_0000 == 0x9400_0000 {
            // bl
            match known[0] {
                Some(main) => return Some(main),
                None => continue,
            }
        } else if instruction & 0xfc00_0000 == 0x1400_0000 {
            // b changes nothing.
            continue;
        } else {
            None
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::instruction::word;
    use super::*;

    #[test]
    fn main_is_what_the_first_code_hands_over() {
        // mov x29,#0; mov x30,#0; mov x5,x0; ldr x1,[sp]; add x2,sp,#8; mov x6,sp
        let before = [
            0xd280_001d,
            0xd280_001e,
            0xaa00_03e5,
            0xf940_03e1,
            0x9100_23e2,
            0x9100_03e6,
        ];
        let call = 0x9400_0000;
        let check = |load: &[u32], expect: Option<u64>| {
            let code: Vec<u8> = [&before[..], load, &[call]]
                .concat()
                .into_iter()
                .flat_map(u32::to_le_bytes)
                .collect();
            assert_eq!(main_of(&code, 0x40_1018), expect, "{load:x?}");
        };
        // movz x0,#0,lsl #48; movk x0,#0,lsl #32; movk x0,#0x40,lsl #16; movk x0,#0x1745
        check(
            &[0xd2e0_0000, 0xf2c0_0000, 0xf2a0_0800, 0xf282_e8a0],
            Some(0x40_1745),
        );
        // adrp x0,0x401000; add x0,x0,#0x754
        check(&[0x9000_0000, 0x911d_5000], Some(0x40_1754));
        // adrp x0,0x400000; add x0,x0,#0x754
        check(&[0xf0ff_ffe0, 0x911d_5000], Some(0x40_0754));
        // ldr x0,[x0,#8]: from a table that is not known here
        check(&[0x9000_0000, 0xf940_0400], None);
        check(&[], None);
        assert_eq!(word(&BREAKPOINT), Some(0xd420_0000));
    }
}
