//! Scanning the small languages: words, numbers, signs and quoted texts, with their places.

use std::ops::Range;

use super::flaw::Flaw;

/// A place in a text that is being read.
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
    last: Range<usize>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut scan = Self {
            text,
            at: 0,
            last: 0..0,
        };
        scan.blanks();
        scan
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// What is still to be read.
    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Where the last thing read stands.
    pub(crate) fn last(&self) -> Range<usize> {
        self.last.clone()
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        self.last = self.at..self.at + bytes;
        self.at += bytes;
        self.blanks();
        &self.text[self.last.clone()]
    }

    /// Takes this word, if it is next and ends there.
    pub(crate) fn word(&mut self, word: &str) -> bool {
        let found = self
            .rest()
            .strip_prefix(word)
            .is_some_and(|after| !after.starts_with(is_name));
        if found {
            self.take(word.len());
        }
        found
    }

    /// Takes this sign, if it is next.
    pub(crate) fn sign(&mut self, sign: &str) -> bool {
        let found = self.peek_sign(sign);
        if found {
            self.take(sign.len());
        }
        found
    }

    pub(crate) fn peek_sign(&self, sign: &str) -> bool {
        self.rest().starts_with(sign)
    }

    /// Takes a name as C has them.
    pub(crate) fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if !rest.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic()) {
            return None;
        }
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        Some(self.take(end))
    }

    /// Takes an errno's name, if one is next.
    pub(crate) fn errno_name(&mut self) -> Option<&'a str> {
        if self.rest().starts_with('E') {
            self.name()
        } else {
            None
        }
    }

    /// Takes whatever stands up to the next blank.
    pub(crate) fn chunk(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        Some(self.take(end))
    }

    /// Takes a number as C writes them: `10`, `-1`, `0644`, `0x64`.
    pub(crate) fn number(&mut self) -> Result<Option<i64>, Flaw> {
        let rest = self.rest();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        if !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return Ok(None);
        }
        let end = digits.find(|c| !is_name(c)).unwrap_or(digits.len());
        let sign = rest.len() - digits.len();
        let written = self.take(sign + end);
        match c_number(written) {
            Some(number) => Ok(Some(number)),
            None => Err(Flaw::new(self.last(), format!("`{written}` is no number"))),
        }
    }

    /// Takes a quoted text: `'...'` as it stands, or `"..."` with the escapes `\n \r \t \0 \\ \" \xHH`.
    pub(crate) fn quoted(&mut self) -> Result<Option<String>, Flaw> {
        let rest = self.rest();
        let all = self.at..self.text.len();
        let unclosed = move || Flaw::new(all.clone(), "this quote is never closed");
        if let Some(inner) = rest.strip_prefix('\'') {
            let close = inner.find('\'').ok_or_else(&unclosed)?;
            self.take(close + 2);
            return Ok(Some(inner[..close].to_owned()));
        }
        let Some(inner) = rest.strip_prefix('"') else {
            return Ok(None);
        };
        let mut text = String::new();
        let mut chars = inner.char_indices();
        while let Some((at, next)) = chars.next() {
            match next {
                '"' => {
                    self.take(at + 2);
                    return Ok(Some(text));
                }
                '\\' => {
                    let (_, escape) = chars.next().ok_or_else(&unclosed)?;
                    text.push(match escape {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        '0' => '\0',
                        '\\' | '"' => escape,
                        'x' => {
                            let hex = inner
                                .get(at + 2..at + 4)
                                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                            chars.nth(1);
                            match hex {
                                Some(byte) if byte.is_ascii() => char::from(byte),
                                _ => {
                                    return Err(self
                                        .escape(at)
                                        .help("bytes above 7f are sent with `hex`"));
                                }
                            }
                        }
                        _ => {
                            return Err(self
                                .escape(at)
                                .help(r#"there are \n \r \t \0 \\ \" and \xHH"#));
                        }
                    });
                }
                _ => text.push(next),
            }
        }
        Err(unclosed())
    }

    fn escape(&self, at: usize) -> Flaw {
        // Past the opening quote: the backslash and what follows it.
        let start = self.at + 1 + at;
        let end = self.text[start..]
            .chars()
            .take(2)
            .map(char::len_utf8)
            .sum::<usize>();
        Flaw::new(start..start + end, "there is no such escape")
    }

    /// What was expected where the reading stands.
    pub(crate) fn expected(&self, what: &str) -> Flaw {
        if self.rest().is_empty() {
            // The last character, since there is nothing to point at behind it.
            let start = self.text.char_indices().next_back().map_or(0, |(at, _)| at);
            Flaw::new(
                start..self.text.len(),
                format!("expected {what} after this"),
            )
        } else {
            Flaw::new(self.at..self.text.len(), format!("expected {what} here"))
        }
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Flaw> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(Flaw::new(
                self.at..self.text.len(),
                "nothing more is expected here",
            ))
        }
    }
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// A number as C writes it.
fn c_number(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let number = if let Some(hex) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        i64::from_str_radix(hex, 16).ok()?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(&digits[1..], 8).ok()?
    } else {
        digits.parse().ok()?
    };
    Some(sign * number)
}

/// Bytes in hexadecimal digits, two for each.
pub(crate) fn hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || digits.len() % 2 == 1 {
        return None;
    }
    let digits = digits.as_bytes();
    digits
        .chunks(2)
        .map(|pair| {
            let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
            u8::try_from(high? * 16 + low?).ok()
        })
        .collect()
}
