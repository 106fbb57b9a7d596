//! Lines made of coloured spans: laid out first, turned into bytes once.

use anstyle::{AnsiColor, Style as Ansi};

use super::style::Style;
use crate::text::{columns, width};

/// What a span means; the palette says how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Strong,
    Faint,
    Good,
    Bad,
    Warn,
    Link,
}

impl Ink {
    fn ansi(self) -> Ansi {
        match self {
            Self::Plain => Ansi::new(),
            Self::Strong => Ansi::new().bold(),
            Self::Faint => Ansi::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Link => AnsiColor::Cyan.on_default(),
        }
    }
}

/// One line of the terminal.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    spans: Vec<(Ink, String)>,
    width: usize,
}

impl Row {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds text at its end.
    pub(super) fn put(mut self, ink: Ink, text: impl Into<String>) -> Self {
        self.push(ink, text);
        self
    }

    pub(super) fn push(&mut self, ink: Ink, text: impl Into<String>) {
        let text = text.into();
        self.width += width(&text);
        match self.spans.last_mut() {
            Some((last, tail)) if *last == ink => tail.push_str(&text),
            Some(_) | None => self.spans.push((ink, text)),
        }
    }

    /// Fills with blanks up to a column.
    pub(super) fn to(mut self, column: usize) -> Self {
        self.pad_to(column);
        self
    }

    pub(super) fn pad_to(&mut self, column: usize) {
        if self.width < column {
            let blanks = " ".repeat(column - self.width);
            self.push(Ink::Plain, blanks);
        }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Cuts it to so many columns.
    fn shorten(&mut self, columns_max: usize) {
        while self.width > columns_max {
            let Some((_, last)) = self.spans.last_mut() else {
                return;
            };
            match last.pop() {
                Some(c) => self.width -= columns(c),
                None => drop(self.spans.pop()),
            }
        }
    }
}

/// All lines, and what they may look like.
pub(super) struct Page {
    pub(super) style: Style,
    rows: Vec<Row>,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self {
            style,
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn line(&mut self, ink: Ink, text: impl Into<String>) {
        self.row(Row::new().put(ink, text));
    }

    /// An empty line, but never two of them in a row.
    pub(super) fn gap(&mut self) {
        if self.rows.last().is_some_and(|row| row.width > 0) {
            self.row(Row::new());
        }
    }

    /// Text behind a label, wrapped, its further lines under the first one.
    pub(super) fn labelled(&mut self, label: Row, ink: Ink, text: &str) {
        let indent = label.width();
        let mut row = label;
        for line in wrap(text, self.style.width.saturating_sub(indent)) {
            row.push(ink, line);
            self.rows
                .push(std::mem::replace(&mut row, Row::new().to(indent)));
        }
    }

    /// Adds at most so many rows of another page; where there are more, the last one ends with a mark.
    pub(super) fn append(&mut self, other: Page, rows_max: usize, mark: &str) {
        let cut = other.rows.len() > rows_max;
        self.rows.extend(other.rows.into_iter().take(rows_max));
        let columns_max = self.style.width.saturating_sub(width(mark) + 1);
        if let Some(last) = self.rows.last_mut().filter(|_| cut) {
            last.shorten(columns_max);
            last.push(Ink::Faint, format!(" {mark}"));
        }
    }

    /// How many columns the page has.
    pub(super) fn width(&self) -> usize {
        self.style.width
    }

    pub(super) fn finish(self) -> String {
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (ink, text) in &row.spans {
                let ansi = ink.ansi();
                // Colour on blanks is only weight, and shows in a terminal that underlines.
                if self.style.color && !ansi.is_plain() && !text.trim().is_empty() {
                    line.push_str(&format!("{ansi}{text}{ansi:#}"));
                } else {
                    line.push_str(text);
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        if self.style.unicode { out } else { ascii(&out) }
    }
}

/// Spells out what the terminal has no characters for; our own drawing is ASCII by then.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.push_str(&format!("\\u{{{:x}}}", c as u32));
        }
    }
    out
}

/// Breaks text at blanks into lines of at most so many columns; a word that is longer than a line is broken anywhere.
/// Blanks at the beginning are kept. Never empty: no text is one empty line.
pub(crate) fn wrap(text: &str, columns_max: usize) -> Vec<String> {
    let room = columns_max.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text
        .split_inclusive(' ')
        .flat_map(|word| pieces(word, room))
    {
        if width(&line) + width(word.trim_end()) > room && !line.trim().is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        for c in word.chars() {
            if width(&line) + columns(c) > room && c != ' ' {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if lines.is_empty() || !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// A word that is longer than a line may also be broken behind what calls and paths are made of.
fn pieces(word: &str, room: usize) -> Vec<&str> {
    if width(word.trim_end()) > room {
        word.split_inclusive(['(', ',', '/']).collect()
    } else {
        vec![word]
    }
}

/// A text cut to so many columns, with a mark where it was cut.
pub(crate) fn cut(text: &str, columns_max: usize, mark: &str) -> String {
    if width(text) <= columns_max {
        return text.to_owned();
    }
    let room = columns_max.saturating_sub(width(mark));
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += columns(c);
        if used > room {
            break;
        }
        out.push(c);
    }
    out + mark
}

#[cfg(test)]
mod tests {
    use super::{cut, wrap};

    #[test]
    fn text_is_broken_at_blanks() {
        let check =
            |text: &str, expected: &[&str]| assert_eq!(wrap(text, 10), expected, "{text:?}");
        check("", &[""]);
        check("one line", &["one line"]);
        check("two lines of text", &["two lines", "of text"]);
        check("abcdefghijklmno", &["abcdefghij", "klmno"]);
        check("  kept in", &["  kept in"]);
        check("bind(127.0.0.1)", &["bind(", "127.0.0.1)"]);
        check("waits in f(a)", &["waits in", "f(a)"]);
        check("世界世界世界", &["世界世界世", "界"]);
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(cut("abcdef", 6, "..."), "abcdef");
        assert_eq!(cut("abcdefg", 6, "..."), "abc...");
    }
}
