//! Differences: where expected and seen part, by line or by byte.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::finding::{DiffLine, Difference};
use crate::quote::escaped_line;

/// Lines around a difference that are shown with it.
const CONTEXT: usize = 2;
/// Lines of either side that a diff looks at; no reader goes on beyond them.
const COMPARED_MAX: usize = 300;
/// Lines of a diff that are shown.
const SHOWN_MAX: usize = 40;
/// Bytes shown on either side of the first that differs.
const BYTES_AROUND: usize = 8;

/// A diff of whole texts, line by line.
pub(crate) fn lines(expected: &[String], seen: &[String]) -> Difference {
    let cut = |lines: &[String]| -> Vec<String> {
        lines
            .iter()
            .take(COMPARED_MAX)
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    let (expected, seen) = (cut(expected), cut(seen));
    let old: Vec<&str> = expected.iter().map(String::as_str).collect();
    let new: Vec<&str> = seen.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&old, &new);
    let mut all = Vec::new();
    for change in diff.iter_all_changes() {
        let text = escaped_line(change.value());
        all.push(match change.tag() {
            ChangeTag::Equal => DiffLine::Same(text),
            ChangeTag::Delete => DiffLine::Missing(text),
            ChangeTag::Insert => DiffLine::Extra(text),
        });
    }
    Difference::Lines(framed(all, |line| {
        matches!(line, DiffLine::Missing(_) | DiffLine::Extra(_))
    }))
}

/// Keeps what is of interest with two lines around it and says how many lines it leaves out.
pub(crate) fn framed(all: Vec<DiffLine>, interesting: impl Fn(&DiffLine) -> bool) -> Vec<DiffLine> {
    let marks: Vec<usize> = (0..all.len()).filter(|at| interesting(&all[*at])).collect();
    let near = |at: usize| {
        let next = marks.partition_point(|mark| *mark < at);
        let before = next.checked_sub(1).and_then(|i| marks.get(i));
        marks.get(next).is_some_and(|mark| mark - at <= CONTEXT)
            || before.is_some_and(|mark| at - mark <= CONTEXT)
    };
    let mut out = Vec::new();
    let mut elided = 0;
    for (at, line) in all.into_iter().enumerate() {
        if near(at) && out.len() < SHOWN_MAX {
            if elided > 0 {
                out.push(DiffLine::Elided(elided));
                elided = 0;
            }
            out.push(line);
        } else {
            elided += 1;
        }
    }
    if elided > 0 {
        out.push(DiffLine::Elided(elided));
    }
    out
}

/// The first byte that differs, when one does: where, and what stands around it.
pub(crate) fn byte(expected: &[u8], seen: &[u8]) -> Option<Difference> {
    if expected == seen {
        return None;
    }
    let offset = expected
        .iter()
        .zip(seen)
        .take_while(|(a, b)| a == b)
        .count();
    Some(Difference::Byte {
        offset,
        expected: hex(expected, offset),
        seen: hex(seen, offset),
    })
}

/// One line like `xxd`: the bytes around an offset and their characters.
fn hex(bytes: &[u8], around: usize) -> String {
    let from = around.saturating_sub(BYTES_AROUND).min(bytes.len());
    let to = (around + BYTES_AROUND).min(bytes.len());
    let window = &bytes[from..to];
    let mut out = format!("{from:08x}:");
    for pair in window.chunks(2) {
        out.push(' ');
        for byte in pair {
            let _ = write!(out, "{byte:02x}");
        }
    }
    out.push_str("  ");
    out.extend(window.iter().map(|byte| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    }));
    if window.is_empty() {
        out.push_str("(end)");
    }
    out
}

/// How alike two lines are, from 0 to 1.
pub(crate) fn likeness(a: &str, b: &str) -> f32 {
    let cut = |text: &str| text.chars().take(200).collect::<String>();
    let (a, b) = (cut(a), cut(b));
    TextDiff::from_chars(&a, &b).ratio()
}

#[cfg(test)]
mod tests {
    use super::{Difference, byte, lines};
    use crate::finding::DiffLine::{Elided, Extra, Missing, Same};

    #[test]
    fn a_line_diff_shows_two_lines_around() {
        let text = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let found = lines(
            &text("1\n2\n3\n4\n5\n6\n7"),
            &text("1\n2\n3\n4\nfive\n6\n7"),
        );
        let own = str::to_owned;
        let expect = vec![
            Elided(2),
            Same(own("3")),
            Same(own("4")),
            Missing(own("5")),
            Extra(own("five")),
            Same(own("6")),
            Same(own("7")),
        ];
        assert_eq!(found, Difference::Lines(expect));
    }

    #[test]
    fn a_byte_diff_shows_where_and_what() {
        let expect = Difference::Byte {
            offset: 3,
            expected: "00000000: 4865 6c6c 6f00  Hello.".to_owned(),
            seen: "00000000: 4865 6c4c 6f00  HelLo.".to_owned(),
        };
        assert_eq!(byte(b"Hello\0", b"HelLo\0"), Some(expect));
        assert_eq!(byte(b"Hello", b"Hello"), None);
    }
}
