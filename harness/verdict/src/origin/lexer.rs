//! Tokens of a C file, and its macros. Any text gives some: what is no C gives tokens of no use, and no error.

/// Tokens that are read of one file; a file with more is not looked into.
const TOKENS_MAX: usize = 60_000;

/// Marks of more than one character, the longer before the shorter.
const MARKS: [&str; 22] = [
    "<<=", ">>=", "...", "->", "++", "--", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=",
    "/=", "%=", "&=", "|=", "^=", "<<", ">>",
];

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number, as it is written.
    Number,
    /// A text with its quotes.
    Text,
    /// A character with its quotes.
    Character,
    /// Anything else.
    Mark,
}

/// A token and the line that it begins in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// From 1.
    pub(super) line: u32,
}

/// `#define NAME body`
#[derive(Clone, Debug)]
pub(super) struct Macro<'a> {
    pub(super) name: &'a str,
    pub(super) line: u32,
    pub(super) body: Vec<Token<'a>>,
}

/// What a file is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) macros: Vec<Macro<'a>>,
}

impl Token<'_> {
    pub(super) fn is(&self, mark: &str) -> bool {
        matches!(self.kind, Kind::Mark | Kind::Word) && self.text == mark
    }

    /// The value of a number as C reads it: `0100` is 64.
    pub(super) fn value(&self) -> Option<i64> {
        if self.kind != Kind::Number {
            return None;
        }
        let digits = self.text.trim_end_matches(['u', 'U', 'l', 'L']);
        let (digits, radix) = match digits.get(..2) {
            Some("0x" | "0X") => (&digits[2..], 16),
            Some("0b" | "0B") => (&digits[2..], 2),
            Some(_) if digits.starts_with('0') => (&digits[1..], 8),
            Some(_) | None => (digits, 10),
        };
        i64::from_str_radix(digits, radix).ok()
    }

    /// What a text says, with its escapes resolved.
    pub(super) fn content(&self) -> Option<String> {
        if self.kind != Kind::Text {
            return None;
        }
        let body = self.text.strip_prefix('"')?;
        let body = body.strip_suffix('"').unwrap_or(body);
        let mut out = String::new();
        let mut chars = body.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('0') => out.push('\0'),
                Some('\n') | None => {}
                Some(other) => out.push(other),
            }
        }
        Some(out)
    }
}

/// Reads a file; `None`: it is too long.
pub(super) fn read(text: &str) -> Option<Tokens<'_>> {
    let mut reader = Reader {
        text,
        at: 0,
        line: 1,
        fresh: true,
    };
    let mut all = Tokens::default();
    let mut count = 0;
    loop {
        reader.skip_blank(false);
        if reader.fresh && reader.rest().starts_with('#') {
            if let Some(found) = reader.directive() {
                count += found.body.len() + 1;
                all.macros.push(found);
            }
        } else {
            let Some(token) = reader.token() else {
                return Some(all);
            };
            all.tokens.push(token);
            count += 1;
        }
        if count > TOKENS_MAX {
            return None;
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// Only blanks have been on this line so far.
    fresh: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Goes on by so many bytes, which end at a character's end.
    fn advance(&mut self, bytes: usize) -> &'a str {
        let passed = self.rest().get(..bytes).unwrap_or("");
        let lines = passed.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at += bytes;
        passed
    }

    /// Blanks and comments. `in_line`: up to the end of the line, which continues behind a backslash.
    fn skip_blank(&mut self, in_line: bool) {
        loop {
            let rest = self.rest();
            let length = if rest.starts_with("\\\n") {
                2
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with('\n') && in_line {
                return;
            } else {
                match rest.chars().next() {
                    Some('\n') => {
                        self.fresh = true;
                        1
                    }
                    Some(c) if c.is_whitespace() => c.len_utf8(),
                    Some(_) | None => return,
                }
            };
            self.advance(length);
        }
    }

    /// A line of the preprocessor: a macro, or nothing of interest.
    fn directive(&mut self) -> Option<Macro<'a>> {
        self.advance(1);
        let mut tokens = Vec::new();
        loop {
            self.skip_blank(true);
            if self.rest().is_empty() || self.rest().starts_with('\n') || tokens.len() > TOKENS_MAX
            {
                break;
            }
            // In `#define F(x)` the bracket touches the name.
            let from = self.at;
            tokens.extend(self.token().map(|token| (token, from)));
        }
        self.fresh = true;
        let ((name, at), _) = match tokens.as_slice() {
            [(define, _), rest @ ..] if define.text == "define" => rest.split_first()?,
            _ => return None,
        };
        let (name, at) = (*name, *at);
        let body = &tokens[2..];
        let takes = body
            .first()
            .is_some_and(|(first, from)| first.is("(") && *from == at + name.text.len());
        let skip = match takes {
            true => body
                .iter()
                .position(|(token, _)| token.is(")"))
                .map_or(0, |end| end + 1),
            false => 0,
        };
        (name.kind == Kind::Word).then(|| Macro {
            name: name.text,
            line: name.line,
            body: body[skip..].iter().map(|(token, _)| *token).collect(),
        })
    }

    fn token(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            (Kind::Word, end.unwrap_or(rest.len()))
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
            (Kind::Number, end.unwrap_or(rest.len()))
        } else if first == '"' {
            (Kind::Text, quoted(rest, '"'))
        } else if first == '\'' {
            (Kind::Character, quoted(rest, '\''))
        } else {
            let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
            (Kind::Mark, mark.map_or(first.len_utf8(), |mark| mark.len()))
        };
        self.fresh = false;
        let line = self.line;
        let text = self.advance(length);
        Some(Token { kind, text, line })
    }
}

/// The length of what stands in quotes, up to the end of the line at most.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return at,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn any_text_becomes_tokens_with_their_lines() {
        let check = |text: &str, expect: &str| {
            let tokens = read(text).map(|read| read.tokens).unwrap_or_default();
            let said: Vec<String> = tokens
                .iter()
                .map(|token| format!("{}:{}", token.line, token.text))
                .collect();
            assert_eq!(said.join(" "), expect, "{text:?}");
        };
        check("a = b->c;", "1:a 1:= 1:b 1:-> 1:c 1:;");
        check("/* a\n b */ x // y\nz", "2:x 3:z");
        check("\"a\\\"b\" '\\''", "1:\"a\\\"b\" 1:'\\''");
        check("\"open\nnext", "1:\"open 2:next");
        check("#include <stdio.h>\nx", "2:x");
        check("#define A 1\\\n+2\ny", "3:y");
        check("é 0x1F", "1:é 1:0x1F");
        check("", "");
        check("'", "1:'");
        check("/*", "");
    }

    #[test]
    fn macros_have_their_line_and_what_they_stand_for() {
        let check = |text: &str, name: &str, line: u32, body: &str| {
            let macros = read(text).map(|read| read.macros).unwrap_or_default();
            let found = macros.first().expect("a macro");
            let said: Vec<&str> = found.body.iter().map(|token| token.text).collect();
            assert_eq!(
                (found.name, found.line, said.join(" ").as_str()),
                (name, line, body)
            );
        };
        check("\n#define PORT 7000\n", "PORT", 2, "7000");
        check("#define KEY (100)", "KEY", 1, "( 100 )");
        check("#  define F(a, b) a + b", "F", 1, "a + b");
        check("#define EMPTY", "EMPTY", 1, "");
        check("#define P \"/tmp/x\" /* where */", "P", 1, "\"/tmp/x\"");
    }

    #[test]
    fn numbers_have_the_value_that_c_reads() {
        let check = |text: &str, expect: Option<i64>| {
            let tokens = read(text).map(|read| read.tokens).unwrap_or_default();
            assert_eq!(
                tokens.first().and_then(super::Token::value),
                expect,
                "{text}"
            );
        };
        check("100", Some(100));
        check("0100", Some(64));
        check("0x10UL", Some(16));
        check("0", Some(0));
        check("09", None);
        check("1.5", None);
        check("x", None);
    }
}
