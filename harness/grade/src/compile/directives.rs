//! C sources as far as their directives are concerned, read as text: a stranger wrote it, so each takes a time in
//! proportion to its length, whatever stands in it.

use std::collections::HashMap;

/// A source whose continued lines are one.
pub(super) fn without_splices(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.replace("??/", "\\").lines() {
        match line.trim_end().strip_suffix('\\') {
            Some(continued) => joined.push_str(continued),
            None => {
                joined.push_str(line);
                joined.push('\n');
            }
        }
    }
    joined
}

/// The end of a text, of so many bytes at most.
pub(super) fn last(text: &str, most: usize) -> &str {
    let mut from = text.len().saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

/// The beginning of a text, of so many bytes at most.
pub(super) fn first(text: &str, most: usize) -> &str {
    let mut to = text.len().min(most);
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    &text[..to]
}

/// The identifier that a text begins with; empty: it begins with none.
pub(super) fn first_name(text: &str) -> &str {
    let ends = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    &text[..ends.unwrap_or(text.len())]
}

/// Where blanks and comments of a text end.
pub(super) struct Blanks<'a> {
    text: &'a str,
    /// Where comments may end, in order.
    closes: Vec<usize>,
    /// What is known: behind the blanks at the one, what comes next begins at the other.
    known: HashMap<usize, usize>,
}

impl<'a> Blanks<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let closes = text.match_indices("*/").map(|(at, _)| at).collect();
        Self {
            text,
            closes,
            known: HashMap::new(),
        }
    }

    /// Where what comes behind the blanks and comments begins that stand at `from`.
    pub(super) fn end(&mut self, from: usize) -> usize {
        let mut at = from;
        let mut passed = Vec::new();
        loop {
            at = self.text.len() - self.text[at..].trim_start().len();
            if let Some(end) = self.known.get(&at) {
                at = *end;
                break;
            }
            passed.push(at);
            if !self.text[at..].starts_with("/*") {
                break;
            }
            let close = self.closes.partition_point(|close| *close < at + 2);
            at = self
                .closes
                .get(close)
                .map_or(self.text.len(), |close| close + 2);
        }
        self.known
            .extend(passed.into_iter().map(|begin| (begin, at)));
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_comments_are_passed() {
        let check = |text: &str, expect: &str| {
            let mut blanks = Blanks::of(text);
            for _ in 0..2 {
                assert_eq!(&text[blanks.end(0)..], expect, "{text:?}");
            }
        };
        check("", "");
        check("x", "x");
        check(" \t/* a */ /* b *//**/x /* c */", "x /* c */");
        check("/*/ a */x", "x");
        check("/* a", "");
        check("/x", "/x");
    }

    /// Each of them is in a comment of another one.
    #[test]
    fn a_million_directives_take_no_time() {
        for piece in ["#/*", "#/**/", "#/*#*/", "# ", "#"] {
            let text = piece.repeat(300_000);
            let mut blanks = Blanks::of(&text);
            let ends: usize = text
                .match_indices('#')
                .map(|(at, _)| blanks.end(at + 1))
                .max()
                .unwrap();
            assert_eq!(ends, text.len());
        }
    }

    #[test]
    fn characters_are_not_cut() {
        assert_eq!(last("aé", 1), "");
        assert_eq!(last("aéb", 3), "éb");
        assert_eq!(first("aé", 2), "a");
        assert_eq!(first("aé", 9), "aé");
    }
}
