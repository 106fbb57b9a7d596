//! Patterns: a template with its facts filled in, and where it stands in a text.
//!
//! A pattern has a handful of pieces and a text has as many bytes as we kept, so one table of (piece, position) finds the
//! best match in one pass, whatever a hostile text looks like: no backtracking.

use std::cmp::Reverse;

use ipclab_evidence::{ERRNO_WORDS, ErrnoWords};
use ipclab_spec::escaped_for_regex;

use crate::quote::escaped_line;

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As it stands; never empty.
    Text(String),
    /// Any text of one line.
    Any,
    /// A whole integer.
    Int,
    /// What a program says of an error, in the words of the C library that it is linked with.
    Said(&'static ErrnoWords),
}

/// A template whose facts are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
}

/// Where a pattern may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is the line, blanks at both ends aside.
    Whole,
    /// It is the line, or the end of one after a prompt that has no newline, or its beginning when its own last character
    /// leaves no doubt that it is complete.
    Line,
    /// Anywhere in the text; a number at its edge is a whole number there.
    Anywhere,
}

/// Where a pattern was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// First byte.
    pub(crate) start: usize,
    /// Byte after the last.
    pub(crate) end: usize,
    /// What stood for each [`Piece::Int`].
    pub(crate) ints: Vec<String>,
}

const NOWHERE: usize = usize::MAX;

impl Pattern {
    /// Joins neighbouring texts and drops empty ones.
    pub(crate) fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut joined: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(&more),
                (_, Piece::Text(text)) if text.is_empty() => {}
                (_, piece) => joined.push(piece),
            }
        }
        Self { pieces: joined }
    }

    /// The same where the words of each error that the text speaks of may be any C library's.
    pub(crate) fn in_any_library(self) -> Self {
        Self::new(self.pieces.into_iter().flat_map(|piece| match piece {
            Piece::Text(text) => with_said(&text),
            Piece::Any | Piece::Int | Piece::Said(_) => vec![piece],
        }))
    }

    /// Without the blanks at its ends, which no line has to keep.
    pub(crate) fn trimmed(mut self) -> Self {
        if let Some(Piece::Text(text)) = self.pieces.first_mut() {
            *text = text.trim_start().to_owned();
        }
        if let Some(Piece::Text(text)) = self.pieces.last_mut() {
            text.truncate(text.trim_end().len());
        }
        Self::new(self.pieces)
    }

    /// Its text when it has nothing to match.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// As a report shows it, escaped: for people who have never seen a spec.
    pub(crate) fn escaped_text(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            out.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Any => "...",
                Piece::Int => "<number>",
                Piece::Said(words) => words.glibc,
            });
        }
        escaped_line(&out)
    }

    /// The texts alone, to compare with lines that are not matches.
    pub(crate) fn letters(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Said(words) => out.push_str(words.glibc),
                Piece::Any | Piece::Int => {}
            }
        }
        out
    }

    /// The same in lower case.
    pub(crate) fn lowercase(&self) -> Self {
        Self {
            pieces: self
                .pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => Piece::Text(text.to_lowercase()),
                    Piece::Said(words) => Piece::Text(words.glibc.to_lowercase()),
                    Piece::Any | Piece::Int => piece.clone(),
                })
                .collect(),
        }
    }

    /// The match at or after `from` that ends first. For `Whole` and `Line`, `text` is one line.
    pub(crate) fn find(&self, text: &str, from: usize, place: Place) -> Option<Span> {
        if self.pieces.is_empty() {
            let blank = text.get(from..)?.trim().is_empty();
            return (blank || place == Place::Anywhere).then_some(Span {
                start: from,
                end: from,
                ints: Vec::new(),
            });
        }
        let tables = self.tables(text, place);
        let first = tables.first()?;
        let (start, end) = (from..=text.len())
            .filter(|at| first[*at] != NOWHERE && self.may_start(text, *at, place))
            .map(|at| (at, first[at]))
            .min_by_key(|(at, end)| (*end, *at))?;
        Some(Span {
            start,
            end,
            ints: self.ints(text, start, &tables),
        })
    }

    /// `tables[k][p]`: where the pieces from `k` on end at the earliest when they begin at `p`.
    fn tables(&self, text: &str, place: Place) -> Vec<Vec<usize>> {
        let bytes = text.as_bytes();
        let n = bytes.len();
        let mut tables = vec![Vec::new(); self.pieces.len() + 1];
        tables[self.pieces.len()] = (0..=n)
            .map(|at| {
                if self.may_end(text, at, place) {
                    at
                } else {
                    NOWHERE
                }
            })
            .collect();
        for k in (0..self.pieces.len()).rev() {
            let after = &tables[k + 1];
            let mut table = vec![NOWHERE; n + 1];
            for at in (0..=n).rev() {
                table[at] = match &self.pieces[k] {
                    Piece::Text(wanted) if bytes[at..].starts_with(wanted.as_bytes()) => {
                        after[at + wanted.len()]
                    }
                    Piece::Text(_) => NOWHERE,
                    Piece::Said(words) => wordings_at(words, bytes, at)
                        .map(|wording| after[at + wording.len()])
                        .min()
                        .unwrap_or(NOWHERE),
                    Piece::Any if at == n || bytes[at] == b'\n' => after[at],
                    Piece::Any => after[at].min(table[at + 1]),
                    Piece::Int => match integer(bytes, at) {
                        Some(end) => after[end],
                        None => NOWHERE,
                    },
                };
            }
            tables[k] = table;
        }
        tables
    }

    fn may_start(&self, text: &str, at: usize, place: Place) -> bool {
        let Some(before) = text.get(..at) else {
            return false;
        };
        let number = match self.pieces.first() {
            Some(Piece::Any) | None => return place != Place::Whole || before.trim().is_empty(),
            Some(Piece::Int) => true,
            Some(Piece::Text(text)) => text.starts_with(|c: char| c.is_ascii_digit()),
            Some(Piece::Said(_)) => false,
        };
        let mut back = before.chars().rev();
        match place {
            Place::Whole => before.trim().is_empty(),
            Place::Line => match back.next() {
                _ if before.trim().is_empty() => true,
                None => true,
                Some('-' | '+') if number => false,
                Some('.' | ',') if number => !back.next().is_some_and(|c| c.is_ascii_digit()),
                Some(c) => !c.is_alphanumeric() && c != '_',
            },
            Place::Anywhere => !number || !back.next().is_some_and(|c| c.is_ascii_digit()),
        }
    }

    fn may_end(&self, text: &str, at: usize, place: Place) -> bool {
        let Some(after) = text.get(at..) else {
            return false;
        };
        let last = match self.pieces.last() {
            // `{{any}}` at the end takes the rest of the line.
            Some(Piece::Any) => {
                return match place {
                    Place::Whole | Place::Line => after.is_empty(),
                    Place::Anywhere => true,
                };
            }
            Some(Piece::Int) | None => None,
            Some(Piece::Text(text)) => text.chars().next_back(),
            Some(Piece::Said(words)) => words.glibc.chars().next_back(),
        };
        match place {
            Place::Whole => after.trim().is_empty(),
            Place::Line => {
                after.trim().is_empty() || last.is_some_and(|c| !c.is_alphanumeric() && c != '_')
            }
            Place::Anywhere => {
                let digit = last.is_none_or(|c| c.is_ascii_digit());
                !digit || !after.starts_with(|c: char| c.is_ascii_digit())
            }
        }
    }

    /// Walks the way that the tables chose and notes the integers on it.
    fn ints(&self, text: &str, start: usize, tables: &[Vec<usize>]) -> Vec<String> {
        let bytes = text.as_bytes();
        let mut ints = Vec::new();
        let mut at = start;
        for (k, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => at += text.len(),
                Piece::Said(words) => {
                    let way = wordings_at(words, bytes, at)
                        .find(|wording| tables[k + 1][at + wording.len()] == tables[k][at]);
                    at += way.map_or(0, str::len);
                }
                Piece::Any => {
                    while at < bytes.len() && tables[k + 1][at] != tables[k][at] {
                        at += 1;
                    }
                }
                Piece::Int => {
                    let end = integer(bytes, at).unwrap_or(at);
                    ints.push(text.get(at..end).unwrap_or_default().to_owned());
                    at = end;
                }
            }
        }
        ints
    }
}

/// A text, taken apart where it has the usual words of an error that another C library says otherwise.
fn with_said(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((at, words)) = first_said(rest) {
        pieces.push(Piece::Text(rest[..at].to_owned()));
        pieces.push(Piece::Said(words));
        rest = &rest[at + words.glibc.len()..];
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}

/// A regular expression in which the words of each error that it has may be any C library's.
pub(crate) fn regex_in_any_library(regex: &str) -> String {
    let pieces = with_said(regex).into_iter().map(|piece| match piece {
        Piece::Said(words) => {
            let wordings: Vec<String> = words.all().map(escaped_for_regex).collect();
            format!("(?:{})", wordings.join("|"))
        }
        Piece::Text(text) => text,
        Piece::Any | Piece::Int => String::new(),
    });
    pieces.collect()
}

/// The first error that a text speaks of, and where; of two that begin there, the one that is told at more length.
fn first_said(text: &str) -> Option<(usize, &'static ErrnoWords)> {
    let several = ERRNO_WORDS.iter().filter(|words| words.musl.is_some());
    several
        .filter_map(|words| Some((text.find(words.glibc)?, words)))
        .min_by_key(|(at, words)| (*at, Reverse(words.glibc.len())))
}

/// The wordings of an error that stand at this place.
fn wordings_at(
    words: &'static ErrnoWords,
    bytes: &[u8],
    at: usize,
) -> impl Iterator<Item = &'static str> {
    let stands = move |wording: &&str| bytes[at..].starts_with(wording.as_bytes());
    words.all().filter(stands)
}

/// Where the whole integer ends that begins here.
fn integer(bytes: &[u8], at: usize) -> Option<usize> {
    let digits_from = match bytes.get(at)? {
        b'-' | b'+' => at + 1,
        b'0'..=b'9' if at > 0 && bytes[at - 1].is_ascii_digit() => return None,
        _ => at,
    };
    let digits = bytes[digits_from..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (digits > 0).then_some(digits_from + digits)
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Piece, Place, regex_in_any_library};

    fn pattern(text: &str) -> Pattern {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, hole)) = rest.split_once("{{") {
            let (hole, after) = hole.split_once("}}").expect("a closed hole");
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(if hole == "int" {
                Piece::Int
            } else {
                Piece::Any
            });
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Pattern::new(pieces)
    }

    #[test]
    fn a_line_counts_where_a_correct_program_could_have_put_it() {
        let check = |wanted: &str, line: &str, expect: bool| {
            let found = pattern(wanted).trimmed().find(line, 0, Place::Line);
            assert_eq!(found.is_some(), expect, "{wanted:?} in {line:?}: {found:?}");
        };
        check("Iteration: #1", "Iteration: #1", true);
        check("Iteration: #1", "  Iteration: #1 \r", true);
        check("Iteration: #1", "Iteration: #10", false);
        check(" waiting on accept()", "waiting on accept()", true);
        check("49 bytes sent.", "149 bytes sent.", false);
        check("49 bytes sent.", "-49 bytes sent.", false);
        check("49 bytes sent.", "1.49 bytes sent.", false);
        check("49 bytes sent.", "Done.49 bytes sent.", true);
        check("49 bytes sent.", "msg: 49 bytes sent.", true);
        check(
            "client - send() is OK.",
            "Enter message to be sent:client - send() is OK.",
            true,
        );
        check(
            "Enter message to be sent:",
            "Enter message to be sent:client - send() is OK.",
            true,
        );
        check("send() is OK.", "resend() is OK.", false);
        check("HELLO WORL", "HELLO WORLD", false);
        check("HELLO", "> HELLO", true);
        check("{{any}}HELLO", "Reply: HELLO", true);
        check("{{any}}HELLO", "Reply: HELLO WORL", false);
        check("fd: {{int}}", "fd: 3", true);
        check("fd: {{int}}", "fd: 3x", false);
        check("fd: {{int}}", "fd: x", false);
        check("{{int}} bytes", "149 bytes", true);
        check("", "", true);
        check("", "x", false);
    }

    #[test]
    fn an_error_is_told_in_the_words_of_any_c_library() {
        let check = |wanted: &str, text: &str, expect: bool| {
            let pattern = pattern(wanted).in_any_library();
            let found = pattern.find(text, 0, Place::Anywhere);
            assert_eq!(found.is_some(), expect, "{wanted:?} in {text:?}: {found:?}");
            let line = pattern.trimmed().find(text, 0, Place::Line);
            assert_eq!(line.is_some(), expect, "{wanted:?} in {text:?}: {line:?}");
        };
        let failed = "bind failed [Address already in use] {{int}}";
        check(failed, "bind failed [Address already in use] 3", true);
        check(failed, "bind failed [Address in use] 3", true);
        check(failed, "bind failed [Not a socket] 3", false);
        check(
            "shmat: Cannot allocate memory",
            "shmat: Out of memory",
            true,
        );
        check(
            "Network is unreachable",
            "connect: Network unreachable",
            true,
        );
        let found = pattern("{{int}}: Address already in use, {{int}}")
            .in_any_library()
            .find("12: Address in use, 130", 0, Place::Line)
            .expect("a match");
        assert_eq!(found.ints, ["12", "130"]);
    }

    #[test]
    fn a_regular_expression_knows_the_words_of_any_c_library() {
        assert_eq!(
            regex_in_any_library("^bind: Address already in use$"),
            "^bind: (?:Address already in use|Address in use)$"
        );
        assert_eq!(regex_in_any_library("a|b+"), "a|b+");
    }

    #[test]
    fn numbers_are_whole_anywhere() {
        let check = |wanted: &str, text: &str, expect: bool| {
            let found = pattern(wanted).find(text, 0, Place::Anywhere);
            assert_eq!(found.is_some(), expect, "{wanted:?} in {text:?}: {found:?}");
        };
        check("49", "sent 49 bytes", true);
        check("49", "sent 149 bytes", false);
        check("49", "sent 490 bytes", false);
        check("a{{any}}b", "a\nb", false);
        check("a\nb", "xa\nby", true);
    }

    #[test]
    fn integers_on_the_way_are_found() {
        let found = pattern("{{any}}got {{int}} of {{int}}{{any}}")
            .find("well, got got 12 of 130 bytes", 0, Place::Line)
            .expect("a match");
        assert_eq!(found.ints, ["12", "130"]);
    }
}
