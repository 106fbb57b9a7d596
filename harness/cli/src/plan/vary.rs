//! Drawing the values of a varied case.
//!
//! Pure: the same seed, lab, case, variable and run give the same value on every machine. Programs break at the ends of
//! ranges, so the first runs go there: shortest, longest, and one short of each; then the dice.

use ipclab_spec::{Alphabet, Draw, Vary};

/// The values of one run, numbered from 0.
pub(crate) fn draw(
    vary: &[Vary],
    lab: &str,
    case: &str,
    seed: u64,
    run: u32,
) -> Vec<(String, String)> {
    vary.iter()
        .enumerate()
        .map(|(n, variable)| {
            let mut dice = Dice::new(seed, lab, case, &variable.name, run);
            // The variables of a case reach their ends in different runs.
            let corner = u64::from(run) + n as u64;
            (
                variable.name.clone(),
                value(&variable.draw, corner, &mut dice),
            )
        })
        .collect()
}

fn value(draw: &Draw, corner: u64, dice: &mut Dice) -> String {
    match draw {
        Draw::Int { min, max } => number(*min, *max, corner, dice).to_string(),
        Draw::OneOf(choices) => match choices.len() as u64 {
            0 => String::new(),
            count => choices[((corner + dice.below(count)) % count) as usize].clone(),
        },
        Draw::Text { min, max, of } => {
            let length = number(i64::from(*min), i64::from(*max), corner, dice);
            (0..length).map(|_| letter(*of, dice)).collect()
        }
    }
}

fn number(min: i64, max: i64, corner: u64, dice: &mut Dice) -> i64 {
    let span = max.saturating_sub(min).max(0);
    let at = match corner {
        0 => 0,
        1 => span,
        2 => span - span.min(1),
        3 => span.min(1),
        // Near the upper end is where buffers end.
        n if n % 4 == 0 => span - dice.below(span.min(3) as u64 + 1) as i64,
        _ => dice.below((span as u64).saturating_add(1)) as i64,
    };
    min.saturating_add(at)
}

fn letter(of: Alphabet, dice: &mut Dice) -> char {
    let printable = |dice: &mut Dice| char::from(b' ' + dice.below(95) as u8);
    match of {
        Alphabet::Printable => printable(dice),
        Alphabet::Letters => {
            let n = dice.below(52) as u8;
            char::from(if n < 26 { b'a' + n } else { b'A' + n - 26 })
        }
        Alphabet::Digits => char::from(b'0' + dice.below(10) as u8),
        Alphabet::Utf8 => match dice.below(3) {
            0 => pick(dice, '\u{a1}', '\u{17f}'),
            1 => pick(dice, '\u{4e00}', '\u{4fff}'),
            _ => printable(dice),
        },
        Alphabet::Any => match dice.below(4) {
            // Control characters but NUL and the newline.
            0 => match dice.below(31) as u8 + 1 {
                b'\n' => '\u{7f}',
                control => char::from(control),
            },
            1 => pick(dice, '\u{80}', '\u{ff}'),
            _ => printable(dice),
        },
    }
}

fn pick(dice: &mut Dice, from: char, to: char) -> char {
    let span = u64::from(to as u32 - from as u32) + 1;
    char::from_u32(from as u32 + dice.below(span) as u32).unwrap_or(from)
}

/// A small generator of good numbers (SplitMix64), seeded by everything that may decide.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, lab: &str, case: &str, variable: &str, run: u32) -> Self {
        let mut hash = blake3::Hasher::new();
        for part in [
            &seed.to_le_bytes()[..],
            lab.as_bytes(),
            b"\0",
            case.as_bytes(),
            b"\0",
            variable.as_bytes(),
            b"\0",
            &run.to_le_bytes(),
        ] {
            hash.update(part);
        }
        let digest = hash.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest.as_bytes()[..8]);
        Self(u64::from_le_bytes(first))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `bound`; the bias of the remainder is below anything that a case could notice.
    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(min: u32, max: u32, runs: u32) -> Vec<usize> {
        let vary = [Vary {
            name: "text".to_owned(),
            draw: Draw::Text {
                min,
                max,
                of: Alphabet::Any,
            },
        }];
        (0..runs)
            .map(|run| draw(&vary, "lab", "any-text", 7, run)[0].1.chars().count())
            .collect()
    }

    #[test]
    fn the_ends_of_a_range_come_first() {
        assert_eq!(lengths(0, 99, 4), [0, 99, 98, 1]);
        assert_eq!(lengths(5, 5, 4), [5; 4]);
        assert!(
            lengths(3, 9, 200)
                .iter()
                .all(|length| (3..=9).contains(length))
        );
    }

    #[test]
    fn a_seed_repeats_exactly_and_another_one_does_not() {
        let vary = [Vary {
            name: "n".to_owned(),
            draw: Draw::Int {
                min: i64::MIN,
                max: i64::MAX,
            },
        }];
        let values = |seed| {
            (4..30)
                .map(|run| draw(&vary, "lab", "case", seed, run))
                .collect::<Vec<_>>()
        };
        assert_eq!(values(1), values(1));
        assert_ne!(values(1), values(2));
    }

    #[test]
    fn no_text_holds_what_would_end_it() {
        for of in [
            Alphabet::Printable,
            Alphabet::Letters,
            Alphabet::Digits,
            Alphabet::Utf8,
            Alphabet::Any,
        ] {
            let mut dice = Dice::new(1, "l", "c", "v", 1);
            let text: String = (0..5000).map(|_| letter(of, &mut dice)).collect();
            assert!(!text.contains(['\0', '\n']), "{of:?}");
        }
    }
}
