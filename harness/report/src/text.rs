//! Text that is safe to show: the one place where student bytes lose their teeth.
//!
//! A program can print anything: colour codes, cursor movements, an OSC that renames the window, characters that turn
//! the reading direction round, a forged `\nscore 50/50`. [`Line`] and [`Block`] escape all of it when they are made,
//! also when they are read back from a file, so no renderer has to remember to.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text of one line: no control character, nothing invisible, nothing that changes the reading direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Line(String);

/// Text of any number of lines, each as safe as a [`Line`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Block(Vec<Line>);

impl Line {
    /// Escapes what would do something else than be read. Doing it twice changes nothing more.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(escape(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Block {
    /// Splits at line ends, `\r\n` included, and makes each line safe.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.lines().map(Line::new).collect())
    }

    /// All of these, one below the other.
    pub(crate) fn joined(blocks: &[Self]) -> Self {
        Self(blocks.iter().flat_map(|block| block.0.clone()).collect())
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.0
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut previous = None;
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if is_unseen(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            // One accent on a letter is writing; a pile of them runs over the lines above and below.
            c if is_accent(c) && previous.is_none_or(is_accent) => {
                out.push_str(&format!("\\u{{{:x}}}", c as u32));
            }
            c => out.push(c),
        }
        previous = Some(c);
    }
    out
}

/// Controls beyond ASCII, and characters that are invisible or turn the text round (Unicode TR 36, section 3).
fn is_unseen(c: char) -> bool {
    // Noncharacters, which XML and HTML forbid, are the last two of each plane and a few more.
    let noncharacter = u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}');
    c.is_control()
        || noncharacter
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// How many columns of a terminal a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Columns of one character: East Asian wide and emoji take two, accents none.
pub(crate) fn columns(c: char) -> usize {
    match c {
        c if is_accent(c) => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

impl Deref for Line {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<&str> for Block {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Block {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}

impl Serialize for Block {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lines: Vec<&str> = self.0.iter().map(Line::as_str).collect();
        serializer.serialize_str(&lines.join("\n"))
    }
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, width};

    fn check(text: &str, expected: &str) {
        let line = Line::new(text);
        assert_eq!(line.as_str(), expected);
        assert_eq!(
            Line::new(&line),
            line,
            "escaping twice must change nothing more"
        );
    }

    #[test]
    fn what_would_act_is_spelt_out() {
        check("49 bytes sent.", "49 bytes sent.");
        check("Grüße, 世界", "Grüße, 世界");
        check("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m");
        check("\x1b]0;owned\x07", "\\x1b]0;owned\\x07");
        check("pass\nscore 50/50\r\t", "pass\\nscore 50/50\\r\\t");
        check("\u{9b}31m", "\\u{9b}31m");
        check("ab\u{202e}dc\u{2066}", "ab\\u{202e}dc\\u{2066}");
        check("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}");
        check("\u{fffe}\u{fdd0}\u{1ffff}", "\\u{fffe}\\u{fdd0}\\u{1ffff}");
        check("a\u{301}", "a\u{301}");
        check("a\u{301}\u{302}\u{303}", "a\u{301}\\u{302}\\u{303}");
        check("\u{301}b", "\\u{301}b");
    }

    #[test]
    fn width_is_counted_in_columns() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("世界"), 4);
        assert_eq!(width("a\u{301}"), 1);
    }
}
