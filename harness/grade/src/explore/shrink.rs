//! Shrinking: from an input that fails to the smallest one that still fails the same way.
//!
//! Pure: the caller runs an input and decides what failing the same way means. The search is greedy and bounded. It
//! asks in an order that finds what really happens quickly: numbers first, since they decide how much runs; then the length
//! of a text by bisection, for buffers end at a length; then what can be left out of it; then plainer characters.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_spec::{Alphabet, Draw, Vary};

/// The values of a run by name.
pub(super) type Values = BTreeMap<String, String>;

/// How many pieces in a row may turn out to be needed before nothing more is left out of a text.
const NEEDED_MAX: u32 = 8;

/// The end of a search.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shrunk {
    /// The smallest values that were seen to fail.
    pub values: Values,
    /// How many inputs were tried.
    pub tried: u32,
}

/// Looks for smaller values that fail, trying at most `budget` inputs. `start` is known to fail.
pub(super) fn shrink(
    vary: &[Vary],
    start: &Values,
    budget: u32,
    fails: impl FnMut(&Values) -> bool,
) -> Shrunk {
    let mut search = Search {
        best: start.clone(),
        known: BTreeSet::from([start.clone()]),
        tried: 0,
        budget,
        fails,
    };
    // Numbers and choices before texts; and again, as long as that helps, since one may have kept another large.
    let texts = |variable: &&Vary| matches!(variable.draw, Draw::Text { .. });
    let (long, short): (Vec<&Vary>, Vec<&Vary>) = vary.iter().partition(texts);
    loop {
        let before = search.best.clone();
        for variable in short.iter().chain(&long) {
            search.variable(variable);
        }
        if search.best == before || search.tried >= search.budget {
            return Shrunk {
                values: search.best,
                tried: search.tried,
            };
        }
    }
}

struct Search<F> {
    best: Values,
    known: BTreeSet<Values>,
    tried: u32,
    budget: u32,
    fails: F,
}

impl<F: FnMut(&Values) -> bool> Search<F> {
    /// Tries one value; it becomes the best when the input still fails.
    fn fails_with(&mut self, name: &str, value: String) -> bool {
        let mut values = self.best.clone();
        values.insert(name.to_owned(), value);
        if self.tried >= self.budget || !self.known.insert(values.clone()) {
            return false;
        }
        self.tried += 1;
        let fails = (self.fails)(&values);
        if fails {
            self.best = values;
        }
        fails
    }

    fn variable(&mut self, variable: &Vary) {
        let name = &variable.name;
        match &variable.draw {
            Draw::Int { min, max } => self.number(name, *min, *max),
            Draw::OneOf(choices) => {
                let at = choices
                    .iter()
                    .position(|choice| Some(choice) == self.best.get(name))
                    .unwrap_or(0);
                let earlier = choices.iter().take(at);
                let _ = earlier
                    .map(String::as_str)
                    .any(|choice| self.fails_with(name, choice.to_owned()));
            }
            Draw::Text { min, of, .. } => {
                self.shorten(name, *min as usize);
                self.leave_out(name, *min as usize);
                let length = self.text(name).len();
                self.plain(name, plain(*of), 0, length);
            }
        }
    }

    /// Towards the number of the range that is nearest to 0.
    fn number(&mut self, name: &str, min: i64, max: i64) {
        let Some(mut fails) = self.best.get(name).and_then(|n| n.parse::<i64>().ok()) else {
            return;
        };
        let mut passes = 0.clamp(min, max.max(min));
        if fails == passes || self.fails_with(name, passes.to_string()) {
            return;
        }
        while fails.abs_diff(passes) > 1 {
            let middle = i64::midpoint(passes, fails);
            if self.fails_with(name, middle.to_string()) {
                fails = middle;
            } else {
                passes = middle;
            }
        }
    }

    fn text(&self, name: &str) -> Vec<char> {
        self.best
            .get(name)
            .map(|text| text.chars().collect())
            .unwrap_or_default()
    }

    /// The shortest beginning, by bisection.
    fn shorten(&mut self, name: &str, min: usize) {
        let text = self.text(name);
        let beginning = |length: usize| text[..length].iter().collect::<String>();
        let (mut passes, mut fails) = (min, text.len());
        if passes >= fails || self.fails_with(name, beginning(passes)) {
            return;
        }
        while fails - passes > 1 {
            let middle = passes.midpoint(fails);
            if self.fails_with(name, beginning(middle)) {
                fails = middle;
            } else {
                passes = middle;
            }
        }
    }

    /// Leaves pieces out, large ones first.
    fn leave_out(&mut self, name: &str, min: usize) {
        let mut needed = 0;
        let mut size = self.text(name).len() / 2;
        while size > 0 && needed < NEEDED_MAX {
            let mut at = 0;
            loop {
                let text = self.text(name);
                if at >= text.len() || needed >= NEEDED_MAX {
                    break;
                }
                let end = (at + size).min(text.len());
                let rest: String = text[..at].iter().chain(&text[end..]).collect();
                if text.len() - (end - at) >= min && self.fails_with(name, rest) {
                    needed = 0;
                } else {
                    needed += 1;
                    at = end;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }

    /// The same character everywhere, but for those that it must be.
    fn plain(&mut self, name: &str, plain: char, from: usize, to: usize) {
        let mut text = self.text(name);
        let part = &mut text[from..to];
        if part.iter().all(|c| *c == plain) {
            return;
        }
        part.fill(plain);
        if self.fails_with(name, text.into_iter().collect()) || to - from == 1 {
            return;
        }
        let middle = from.midpoint(to);
        self.plain(name, plain, from, middle);
        self.plain(name, plain, middle, to);
    }
}

/// The plainest character of an alphabet.
fn plain(of: Alphabet) -> char {
    match of {
        Alphabet::Printable | Alphabet::Letters | Alphabet::Utf8 | Alphabet::Any => 'a',
        Alphabet::Digits => '0',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vary() -> Vec<Vary> {
        let text = Draw::Text {
            min: 0,
            max: 200,
            of: Alphabet::Printable,
        };
        let variable = |name: &str, draw| Vary {
            name: name.to_owned(),
            draw,
        };
        vec![
            variable("text", text),
            variable("n", Draw::Int { min: 1, max: 9 }),
            variable(
                "way",
                Draw::OneOf(["a", "b", "c"].map(str::to_owned).to_vec()),
            ),
        ]
    }

    fn values(text: &str, n: i64, way: &str) -> Values {
        [("text", text), ("n", &n.to_string()), ("way", way)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// A text in which every character is another one.
    fn colourful(length: usize) -> String {
        (0..length)
            .map(|n| char::from(b'!' + (n * 7 % 90) as u8))
            .collect()
    }

    #[track_caller]
    fn check(start: Values, fails: impl Fn(&Values) -> bool, expect: Values) {
        assert!(fails(&start), "the start fails");
        let shrunk = shrink(&vary(), &start, 60, &fails);
        assert!(fails(&shrunk.values), "what comes out fails");
        assert_eq!(shrunk.values, expect, "after {} inputs", shrunk.tried);
        assert!(shrunk.tried <= 60);
    }

    #[test]
    fn a_buffer_that_ends_at_99_is_found_at_99() {
        for length in 99..=200 {
            check(
                values(&colourful(length), 4, "c"),
                |values| values["text"].chars().count() >= 99,
                values(&"a".repeat(99), 1, "a"),
            );
        }
    }

    #[test]
    fn the_one_character_that_matters_is_left() {
        for at in 0..120 {
            let mut text: Vec<char> = vec!['x'; 120];
            text[at] = '%';
            check(
                values(&text.into_iter().collect::<String>(), 3, "a"),
                |values| values["text"].contains('%'),
                values("%", 1, "a"),
            );
        }
    }

    #[test]
    fn a_text_that_must_be_long_and_hold_a_character() {
        let mut text = colourful(80).replace('%', "x");
        text.insert(30, '%');
        check(
            values(&text, 1, "a"),
            |values| values["text"].len() >= 50 && values["text"].contains('%'),
            values(&format!("{}%{}", "a".repeat(30), "a".repeat(19)), 1, "a"),
        );
    }

    #[test]
    fn numbers_go_to_the_least_that_fails() {
        check(
            values("", 9, "c"),
            |values| values["n"].parse::<i64>().unwrap() >= 6 && values["way"] != "a",
            values("", 6, "b"),
        );
    }

    #[test]
    fn a_search_ends_with_its_budget() {
        for budget in 0..40 {
            let mut asked = 0;
            let start = values(&colourful(200), 9, "c");
            let shrunk = shrink(&vary(), &start, budget, |values| {
                asked += 1;
                values["text"].len() % 7 == 4
            });
            assert_eq!(asked, shrunk.tried);
            assert!(shrunk.tried <= budget);
        }
    }

    #[test]
    fn no_input_is_asked_for_twice() {
        let mut asked = BTreeSet::new();
        shrink(&vary(), &values(&colourful(150), 5, "b"), 60, |values| {
            assert!(asked.insert(values.clone()), "{values:?} again");
            values["text"].len() > 40
        });
    }
}
