//! The values of a varied case.
//!
//! Where there are no more of them than runs, each is tried once. Otherwise they are drawn. Pure: the same seed, lab, case,
//! variable and run give the same value on every machine. Programs break at the ends of ranges, so the first runs go there:
//! shortest, longest, and one short of each; then random draws.

use ipclab_spec::{Alphabet, Case, Draw, Vary};

/// A value for each variable of a case, by the variable's name.
pub(crate) type Input = Vec<(String, String)>;

/// The inputs of a case.
#[derive(Debug, PartialEq)]
pub(crate) enum Inputs {
    /// All that there are, each once.
    Every(Vec<Input>),
    /// As drawn, one for each run.
    Drawn(Vec<Input>),
}

/// What a case is run with.
pub(crate) fn inputs(lab: &str, case: &Case, seed: u64) -> Inputs {
    every(&case.vary, case.runs).map_or_else(
        || {
            let runs = 0..case.runs.max(1);
            Inputs::Drawn(
                runs.map(|run| draw(&case.vary, lab, &case.id, seed, run))
                    .collect(),
            )
        },
        Inputs::Every,
    )
}

/// How many inputs a case has, where each is tried.
pub fn every_input(case: &Case) -> Option<usize> {
    every(&case.vary, case.runs).map(|inputs| inputs.len())
}

/// Every input that these variables have, if there are no more than `runs`, in the order in which the case names them.
fn every(vary: &[Vary], runs: u32) -> Option<Vec<Input>> {
    let mut all = vec![Input::new()];
    for variable in vary {
        let values = few(&variable.draw, runs).filter(|values| !values.is_empty())?;
        if all.len().saturating_mul(values.len()) > runs as usize {
            return None;
        }
        let with_each = |input: &Input| {
            let with = |value: &String| {
                let mut input = input.clone();
                input.push((variable.name.clone(), value.clone()));
                input
            };
            values.iter().map(with).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with_each).collect();
    }
    Some(all)
}

/// The values of a variable that has no more than so many.
fn few(draw: &Draw, most: u32) -> Option<Vec<String>> {
    match draw {
        Draw::OneOf(choices) => {
            let mut values: Vec<String> = Vec::new();
            for choice in choices {
                if !values.contains(choice) {
                    values.push(choice.clone());
                }
            }
            Some(values)
        }
        Draw::Int { min, max } => (max.checked_sub(*min)? < i64::from(most))
            .then(|| (*min..=*max).map(|n| n.to_string()).collect()),
        Draw::Text { .. } => None,
    }
}

/// The values of one run, numbered from 0.
fn draw(vary: &[Vary], lab: &str, case: &str, seed: u64, run: u32) -> Input {
    vary.iter()
        .enumerate()
        .map(|(n, variable)| {
            let rng = |run| SplitMix64::new(seed, lab, case, &variable.name, run);
            // The variables of a case reach their ends in different runs.
            let corner = u64::from(run) + n as u64;
            let value = match &variable.draw {
                Draw::Int { min, max } => number(*min, *max, corner, &mut rng(run)).to_string(),
                Draw::OneOf(choices) => choice(choices, run, rng),
                Draw::Text { min, max, of } => {
                    let mut rng = rng(run);
                    let length = number(i64::from(*min), i64::from(*max), corner, &mut rng);
                    (0..length).map(|_| letter(*of, &mut rng)).collect()
                }
            };
            (variable.name.clone(), value)
        })
        .collect()
}

/// Each of the choices has its turn before one has its second. With which the turns begin is drawn anew each time round,
/// so that the variables of a case meet in other ways.
fn choice(choices: &[String], run: u32, rng: impl FnOnce(u32) -> SplitMix64) -> String {
    let count = choices.len() as u32;
    if count == 0 {
        return String::new();
    }
    let first = rng(run / count).below(u64::from(count));
    let at = (u64::from(run) + first) % u64::from(count);
    choices[at as usize].clone()
}

fn number(min: i64, max: i64, corner: u64, rng: &mut SplitMix64) -> i64 {
    let span = max.saturating_sub(min).max(0);
    let at = match corner {
        0 => 0,
        1 => span,
        2 => span - span.min(1),
        3 => span.min(1),
        // Near the upper end is where buffers end.
        n if n % 4 == 0 => span - rng.below(span.min(3) as u64 + 1) as i64,
        _ => rng.below((span as u64).saturating_add(1)) as i64,
    };
    min.saturating_add(at)
}

fn letter(of: Alphabet, rng: &mut SplitMix64) -> char {
    let printable = |rng: &mut SplitMix64| char::from(b' ' + rng.below(95) as u8);
    match of {
        Alphabet::Printable => printable(rng),
        Alphabet::Letters => {
            let n = rng.below(52) as u8;
            char::from(if n < 26 { b'a' + n } else { b'A' + n - 26 })
        }
        Alphabet::Digits => char::from(b'0' + rng.below(10) as u8),
        Alphabet::Utf8 => match rng.below(3) {
            0 => pick(rng, '\u{a1}', '\u{17f}'),
            1 => pick(rng, '\u{4e00}', '\u{4fff}'),
            _ => printable(rng),
        },
        Alphabet::Any => match rng.below(4) {
            // Control characters but NUL and the newline.
            0 => match rng.below(31) as u8 + 1 {
                b'\n' => '\u{7f}',
                control => char::from(control),
            },
            1 => pick(rng, '\u{80}', '\u{ff}'),
            _ => printable(rng),
        },
    }
}

fn pick(rng: &mut SplitMix64, from: char, to: char) -> char {
    let span = u64::from(to as u32 - from as u32) + 1;
    char::from_u32(from as u32 + rng.below(span) as u32).unwrap_or(from)
}

/// A small generator of good numbers (SplitMix64), seeded by everything that may decide.
struct SplitMix64(u64);

impl SplitMix64 {
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

    fn one_of(name: &str, choices: &[&str]) -> Vary {
        Vary {
            name: name.to_owned(),
            draw: Draw::OneOf(choices.iter().map(|choice| (*choice).to_owned()).collect()),
        }
    }

    /// With random draws alone, ten runs left about one of six values out, and tried others three times.
    #[test]
    fn where_there_are_few_values_each_is_tried_and_none_twice() {
        let port = one_of("port", &["0", "x", "x", "-1"]);
        let n = Vary {
            name: "n".to_owned(),
            draw: Draw::Int { min: 3, max: 4 },
        };
        let inputs = |vary: &[Vary], runs| -> Option<Vec<String>> {
            let text = |input: Input| {
                let values: Vec<String> = input.into_iter().map(|(_, value)| value).collect();
                values.join(" ")
            };
            Some(every(vary, runs)?.into_iter().map(text).collect())
        };
        let of = |all: &[&str]| Some(all.iter().map(|one| (*one).to_owned()).collect());
        assert_eq!(
            inputs(std::slice::from_ref(&port), 3),
            of(&["0", "x", "-1"])
        );
        assert_eq!(inputs(std::slice::from_ref(&port), 2), None);
        let both = ["0 3", "0 4", "x 3", "x 4", "-1 3", "-1 4"];
        assert_eq!(inputs(&[port, n], 6), of(&both));
        assert_eq!(inputs(&[], 20), of(&[""]));
        let wide = Draw::Int {
            min: i64::MIN,
            max: i64::MAX,
        };
        assert_eq!(few(&wide, u32::MAX), None);
    }

    #[test]
    fn each_choice_has_its_turn_before_one_has_its_second() {
        let vary = [one_of("a", &["p", "q", "r"]), one_of("b", &["s", "t", "u"])];
        let drawn = |run| draw(&vary, "lab", "case", 7, run);
        for round in 0..20 {
            for variable in 0..2 {
                let mut values: Vec<String> = (0..3)
                    .map(|n| drawn(3 * round + n)[variable].1.clone())
                    .collect();
                values.sort();
                values.dedup();
                assert_eq!(values.len(), 3);
            }
        }
        let mut pairs: Vec<Input> = (0..60).map(drawn).collect();
        pairs.sort();
        pairs.dedup();
        assert_eq!(pairs.len(), 9);
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
            let mut rng = SplitMix64::new(1, "l", "c", "v", 1);
            let text: String = (0..5000).map(|_| letter(of, &mut rng)).collect();
            assert!(!text.contains(['\0', '\n']), "{of:?}");
        }
    }
}
