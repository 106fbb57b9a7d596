//! Command lines: split into words as a shell would, without its other powers.

use std::ops::Range;

use super::flaw::Flaw;

/// One word of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Without its quotes.
    pub(crate) text: String,
    /// Where it stands in the line, with them.
    pub(crate) at: Range<usize>,
    /// The text is the line's own, byte for byte, so that places in it are places in the line.
    pub(crate) verbatim: bool,
}

/// Splits at blanks. `'...'` is one word as it stands and may be empty; in `"..."` and outside of quotes a backslash
/// takes the next character as it is. What stands in `{{...}}` is never split.
pub(crate) fn words(line: &str) -> Result<Vec<Word>, Flaw> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let at = line.len() - rest.len();
        if next.is_whitespace() {
            words.extend(word.take());
            rest = &rest[next.len_utf8()..];
            continue;
        }
        let current = word.get_or_insert_with(|| Word {
            text: String::new(),
            at: at..at,
            verbatim: true,
        });
        let taken = match next {
            _ if rest.starts_with("{{") => {
                let end = rest.find("}}").map_or(rest.len(), |close| close + 2);
                current.text.push_str(&rest[..end]);
                end
            }
            '\'' => {
                current.verbatim = false;
                let Some(close) = rest[1..].find('\'') else {
                    return Err(Flaw::new(at..line.len(), "this quote is never closed"));
                };
                current.text.push_str(&rest[1..1 + close]);
                close + 2
            }
            '"' => {
                current.verbatim = false;
                quoted(rest, &mut current.text)
                    .ok_or_else(|| Flaw::new(at..line.len(), "this quote is never closed"))?
            }
            '\\' => {
                current.verbatim = false;
                let Some(escaped) = rest[1..].chars().next() else {
                    return Err(Flaw::new(at..line.len(), "nothing follows this backslash"));
                };
                current.text.push(escaped);
                1 + escaped.len_utf8()
            }
            _ => {
                current.text.push(next);
                next.len_utf8()
            }
        };
        current.at.end = at + taken;
        rest = &rest[taken..];
    }
    words.extend(word);
    Ok(words)
}

/// Reads `"..."` at the start of `rest`; gives its length with the quotes.
fn quoted(rest: &str, text: &mut String) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, next)) = chars.next() {
        match next {
            '"' => return Some(at + 1),
            '\\' => text.push(chars.next()?.1),
            _ => text.push(next),
        }
    }
    None
}
