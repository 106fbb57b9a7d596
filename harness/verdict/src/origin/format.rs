//! Formats: which `printf()` of a file prints a line that was seen, and with which arguments.

use super::lexer::Kind;
use super::source::{Source, Written};

/// Functions that print, and the argument that is their format or text.
const PRINTERS: [(&str, usize); 12] = [
    ("printf", 0),
    ("fprintf", 1),
    ("dprintf", 1),
    ("puts", 0),
    ("fputs", 0),
    ("perror", 0),
    ("err", 1),
    ("errx", 1),
    ("warn", 0),
    ("warnx", 0),
    ("vprintf", 0),
    ("vfprintf", 1),
];
/// Characters of a format beside its conversions that tell it from others.
const LETTERS_MIN: usize = 3;

/// A call that prints a line.
#[derive(Clone, Debug)]
pub(super) struct Prints {
    pub(super) call: Written,
    /// How many characters of its format are in the line.
    pub(super) letters: usize,
    /// The arguments, and what each became in the line.
    pub(super) values: Vec<(usize, String)>,
}

/// A part of a format.
enum Piece {
    Text(String),
    /// Takes this argument behind the format.
    Value(usize),
}

impl Source<'_> {
    /// The format of a call that prints: which argument it is, and what it says.
    pub(super) fn format_of(&self, call: &Written) -> Option<(usize, String)> {
        let callee = self.word(call.at)?;
        let (_, which) = PRINTERS.iter().find(|(name, _)| *name == callee)?;
        let mut said = String::new();
        for at in call.args.get(*which)?.clone() {
            let token = self.tokens.get(at)?;
            match token.kind {
                Kind::Text => said.push_str(&token.content()?),
                Kind::Word => {
                    let found = self.macros.iter().find(|found| found.name == token.text);
                    let texts = found.map(|found| found.body.iter());
                    for text in texts.into_iter().flatten() {
                        said.push_str(&text.content().unwrap_or_default());
                    }
                }
                Kind::Number | Kind::Character | Kind::Mark => {}
            }
        }
        if callee == "perror" {
            said.push_str(": %s");
        }
        Some((*which, said))
    }

    /// The calls whose format gives this line, those first of which it holds most.
    pub(super) fn printing(&self, line: &str) -> Vec<Prints> {
        let line = line.trim_end();
        let bodies = self
            .functions
            .iter()
            .flat_map(|function| function.body.clone());
        let mut found: Vec<Prints> = bodies
            .filter_map(|at| self.call_at(at))
            .filter_map(|call| self.prints(call, line))
            .collect();
        found.sort_by_key(|prints| std::cmp::Reverse(prints.letters));
        found
    }

    /// What a call made of its arguments when it printed this line; `None`: it did not.
    pub(super) fn prints(&self, call: Written, line: &str) -> Option<Prints> {
        let (which, format) = self.format_of(&call)?;
        let pieces = pieces(&format);
        let mut best: Option<(usize, Vec<(usize, String)>)> = None;
        for part in lines_of(pieces) {
            if let Some((letters, values)) = fit(&part, line)
                && letters >= LETTERS_MIN
                && best.as_ref().is_none_or(|(known, _)| letters > *known)
            {
                best = Some((letters, values));
            }
        }
        let (letters, values) = best?;
        let values = values
            .into_iter()
            .map(|(nth, text)| (which + 1 + nth, text));
        Some(Prints {
            letters,
            values: values.collect(),
            call,
        })
    }
}

/// A format in parts.
fn pieces(format: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut taken = 0;
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic() && !"hlLqjzt".contains(c));
        let Some(end) = end else {
            break;
        };
        // `%.*s` takes its length before.
        taken += rest[..end].matches('*').count();
        pieces.push(Piece::Text(std::mem::take(&mut text)));
        pieces.push(Piece::Value(taken));
        // What errno says is no argument.
        taken += usize::from(!rest[end..].starts_with('m'));
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    pieces
}

/// The lines that a format prints.
fn lines_of(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut lines = vec![Vec::new()];
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                for (nth, part) in text.split('\n').enumerate() {
                    if nth > 0 {
                        lines.push(Vec::new());
                    }
                    if let Some(last) = lines.last_mut() {
                        last.push(Piece::Text(part.to_owned()));
                    }
                }
            }
            Piece::Value(nth) => {
                if let Some(last) = lines.last_mut() {
                    last.push(Piece::Value(nth));
                }
            }
        }
    }
    lines
}

/// How many characters of the format a line has, and what the values became; `None`: it is not made of it.
fn fit(part: &[Piece], line: &str) -> Option<(usize, Vec<(usize, String)>)> {
    let mut letters = 0;
    let mut values = Vec::new();
    let mut open: Option<usize> = None;
    let mut rest = line;
    for piece in part {
        match piece {
            Piece::Value(nth) => {
                if let Some(before) = open.replace(*nth) {
                    values.push((before, String::new()));
                }
            }
            Piece::Text(text) => {
                let text = text.trim_end_matches(['\r', '\0']);
                if text.is_empty() {
                    continue;
                }
                // Blanks at the end of a line are not seen.
                let cut = text.trim_end();
                let at_end = || {
                    let is_last = !cut.is_empty() && rest.ends_with(cut);
                    is_last.then(|| rest.len() - cut.len())
                };
                let at = match (open.take(), rest.find(text).or_else(at_end)?) {
                    (Some(nth), at) => {
                        values.push((nth, rest[..at].to_owned()));
                        at
                    }
                    // Before it may stand what another call printed on the line.
                    (None, at) if letters == 0 || at == 0 => at,
                    (None, _) => return None,
                };
                letters += text.trim().chars().count();
                rest = rest.get(at + text.len()..).unwrap_or("");
            }
        }
    }
    if let Some(nth) = open {
        values.push((nth, rest.to_owned()));
    }
    Some((letters, values))
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;

    #[test]
    fn a_printed_line_leads_to_the_call_that_prints_it() {
        const TEXT: &str = "\
#define NAME \"Iserver\"
int main(void)
{
    printf(\"Received data (len %zd bytes): %.*s\\n\", got, (int)got, buffer);
    printf(\"key: 0x%08x\\nshmid: %d\\n\", key, id);
    perror(\"shmget\");
    printf(NAME \" - bind() is OK\\n\");
    printf(\"%d\\n\", 1);
    fprintf(stderr, \"100%% of %s\\n\", argv[1]);
}
";
        let source = Source::read("a.c", TEXT).expect("it is C");
        let check = |line: &str, at: Option<u32>, values: &[(usize, &str)]| {
            let found = source.printing(line).into_iter().next();
            let values: Vec<(usize, String)> = values
                .iter()
                .map(|(nth, text)| (*nth, (*text).to_owned()))
                .collect();
            assert_eq!(
                found
                    .as_ref()
                    .and_then(|prints| source.line(prints.call.at)),
                at,
                "{line}"
            );
            assert_eq!(
                found.map_or(Vec::new(), |prints| prints.values),
                values,
                "{line}"
            );
        };
        check(
            "Received data (len 5 bytes): abc",
            Some(4),
            &[(1, "5"), (3, "abc")],
        );
        check("shmid: 17", Some(5), &[(2, "17")]);
        check("shmget: File exists", Some(6), &[(1, "File exists")]);
        check("Iserver - bind() is OK", Some(7), &[]);
        check("100% of x", Some(9), &[(2, "x")]);
        check("17", None, &[]);
        check("", None, &[]);
    }
}
