//! Where expected and seen part, ready to be shown.

use ipclab_judge::{DiffLine, Difference};
use serde::{Deserialize, Serialize};

use crate::{Block, Line};

/// Where expected and seen part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Diff {
    /// Line by line.
    Lines(Vec<DiffRow>),
    /// At one byte.
    Byte {
        /// Offset of the first byte that differs, from 0.
        offset: usize,
        /// Expected bytes around it in hexadecimal.
        expected: Block,
        /// Seen bytes around it.
        seen: Block,
    },
}

/// A line of a diff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiffRow {
    /// In both.
    Same(Line),
    /// Expected and not there.
    Missing(Line),
    /// There and in the way of what was expected.
    Extra(Line),
    /// So many lines left out of the picture.
    Elided(usize),
}

impl From<&Difference> for Diff {
    fn from(difference: &Difference) -> Self {
        match difference {
            Difference::Lines(lines) => Self::Lines(lines.iter().map(DiffRow::from).collect()),
            Difference::Byte {
                offset,
                expected,
                seen,
            } => Self::Byte {
                offset: *offset,
                expected: Block::new(expected),
                seen: Block::new(seen),
            },
        }
    }
}

impl From<&DiffLine> for DiffRow {
    fn from(line: &DiffLine) -> Self {
        match line {
            DiffLine::Same(text) => Self::Same(Line::new(text)),
            DiffLine::Missing(text) => Self::Missing(Line::new(text)),
            DiffLine::Extra(text) => Self::Extra(Line::new(text)),
            DiffLine::Elided(lines) => Self::Elided(*lines),
        }
    }
}

impl Diff {
    /// The column, from 0, at which the first lines of a byte difference part; `None` where nothing can be pointed at.
    #[must_use]
    pub fn parts_at(&self) -> Option<usize> {
        match self {
            Self::Lines(_) => None,
            Self::Byte { expected, seen, .. } => {
                let (expected, seen) = (expected.lines().first()?, seen.lines().first()?);
                let same = expected
                    .chars()
                    .zip(seen.chars())
                    .take_while(|(expected, seen)| expected == seen)
                    .count();
                (expected != seen).then_some(same)
            }
        }
    }
}

/// A line of a diff as a reader must see it: blanks at its end, which are invisible, become dots.
#[must_use]
pub(crate) fn visible_end(line: &str, dot: char) -> String {
    let kept = line.trim_end_matches(' ');
    let blanks = line.len() - kept.len();
    kept.chars()
        .chain(std::iter::repeat_n(dot, blanks))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Diff, visible_end};

    #[test]
    fn points_at_the_first_difference() {
        let check = |expected: &str, seen: &str, at| {
            let diff = Diff::Byte {
                offset: 0,
                expected: expected.into(),
                seen: seen.into(),
            };
            assert_eq!(diff.parts_at(), at, "{expected} / {seen}");
        };
        check("48 65 6c", "48 45 6c", Some(3));
        check("48 65", "48 65 6c", Some(5));
        check("48", "48", None);
        check("", "48", None);
    }

    #[test]
    fn blanks_at_the_end_are_seen() {
        assert_eq!(visible_end("a b  ", '·'), "a b··");
        assert_eq!(visible_end("ab", '·'), "ab");
    }
}
