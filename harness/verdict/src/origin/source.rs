//! A C file as far as values are looked for in it: functions, calls, statements and what guards them.

use std::collections::BTreeMap;
use std::ops::Range;

use ipclab_evidence::SourceLine;

use super::lexer::{self, Kind, Macro, Token};

/// Words that look like a call or a function and are none.
const KEYWORDS: [&str; 8] = [
    "if", "for", "while", "switch", "return", "sizeof", "else", "do",
];
/// Words that begin a statement which decides whether or how often another one runs.
const CONTROLS: [&str; 4] = ["if", "for", "while", "switch"];
/// Nesting of statements that is followed.
const DEPTH_MAX: u32 = 64;
/// Functions that fill by others which are followed.
const FILLS_DEPTH: u32 = 2;
/// Tokens that are passed on the way back to where something begins.
const STEPS_MAX: usize = 400;

/// A file that was handed in.
#[derive(Clone, Debug)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) macros: Vec<Macro<'a>>,
    pub(super) functions: Vec<Function<'a>>,
    /// Of each function of the file which parameters are addresses that it writes to.
    pub(super) fills: BTreeMap<&'a str, Vec<bool>>,
    /// For each bracket that opens, the token that closes it; for other tokens themselves.
    closes: Vec<usize>,
    /// For each bracket that closes, the token that opens it; for other tokens themselves.
    opens: Vec<usize>,
}

/// A function with its body.
#[derive(Clone, Debug)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    /// The token that is its name.
    pub(super) at: usize,
    /// The line that its name is in.
    pub(super) line: u32,
    pub(super) parameters: Vec<&'a str>,
    /// Its tokens between the braces.
    pub(super) body: Range<usize>,
}

/// A call as it is written: `name(args)`.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// The token that is its name.
    pub(super) at: usize,
    /// The tokens of each argument.
    pub(super) args: Vec<Range<usize>>,
    /// The token that closes it.
    pub(super) end: usize,
}

/// A statement that decides about others.
#[derive(Clone, Debug)]
pub(super) struct Control {
    /// The token that begins it.
    pub(super) at: usize,
    /// The tokens in its brackets.
    pub(super) header: Range<usize>,
    /// The tokens that it decides about.
    pub(super) body: Range<usize>,
}

impl<'a> Source<'a> {
    /// Reads a file; `None`: it is no C, or too long.
    pub(super) fn read(name: &'a str, text: &'a str) -> Option<Self> {
        let is_c = [".c", ".h", ".cc", ".cpp", ".cxx", ".hpp"];
        if !is_c.iter().any(|ending| name.ends_with(ending)) {
            return None;
        }
        let read = lexer::read(text)?;
        let closes = closes(&read.tokens);
        let mut opens: Vec<usize> = (0..closes.len()).collect();
        for (open, close) in closes.iter().enumerate() {
            if open != *close {
                opens[*close] = open;
            }
        }
        let mut source = Self {
            name,
            closes,
            opens,
            tokens: read.tokens,
            macros: read.macros,
            functions: Vec::new(),
            fills: BTreeMap::new(),
        };
        source.functions = source.find_functions();
        // One function may fill by another.
        for _ in 0..FILLS_DEPTH {
            let fills = source.functions.iter();
            let fills = fills.map(|function| (function.name, source.fills(function)));
            source.fills = fills.collect();
        }
        Some(source)
    }

    /// Where a token stands, as findings name it.
    pub(super) fn place(&self, at: usize) -> Option<SourceLine> {
        Some(SourceLine {
            file: self.name.to_owned(),
            line: self.line(at)?,
        })
    }

    pub(super) fn line(&self, at: usize) -> Option<u32> {
        self.tokens.get(at).map(|token| token.line)
    }

    pub(super) fn is(&self, at: usize, mark: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(mark))
    }

    /// Whether this token is the `argv` of `main`, and no member of that name.
    pub(super) fn is_argv(&self, at: usize) -> bool {
        let is_member = at > 0 && (self.is(at - 1, ".") || self.is(at - 1, "->"));
        self.is(at, "argv") && !is_member
    }

    pub(super) fn word(&self, at: usize) -> Option<&'a str> {
        let token = self.tokens.get(at)?;
        (token.kind == Kind::Word).then_some(token.text)
    }

    fn find_functions(&self) -> Vec<Function<'a>> {
        let mut functions = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let head = self.word(at).filter(|name| !KEYWORDS.contains(name));
            let close = self.closes.get(at + 1).copied().unwrap_or(at);
            match head {
                Some(name) if self.is(at + 1, "(") && self.is(close + 1, "{") && close > at + 1 => {
                    let end = self.closes[close + 1];
                    functions.push(Function {
                        name,
                        at,
                        line: self.tokens[at].line,
                        parameters: self
                            .split(at + 2..close)
                            .into_iter()
                            .filter_map(|range| range.rev().find_map(|at| self.word(at)))
                            .collect(),
                        body: close + 2..end,
                    });
                    at = end;
                }
                // What else has braces at this level holds no statements.
                _ if self.is(at, "{") || self.is(at, "(") => at = self.closes[at].max(at),
                _ => {}
            }
            at += 1;
        }
        functions
    }

    /// The function that a line is in.
    pub(super) fn function_at(&self, line: u32) -> Option<&Function<'a>> {
        self.functions.iter().find(|function| {
            let end = self.line(function.body.end).unwrap_or(u32::MAX);
            (function.line..=end).contains(&line)
        })
    }

    pub(super) fn function_of(&self, at: usize) -> Option<&Function<'a>> {
        self.functions
            .iter()
            .find(|function| function.body.contains(&at))
    }

    /// Tokens between commas.
    fn split(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let (mut from, mut at) = (range.start, range.start);
        while at < range.end {
            if self.is(at, ",") {
                parts.push(from..at);
                from = at + 1;
            }
            at = self.closes.get(at).copied().unwrap_or(at).max(at) + 1;
        }
        if from < range.end {
            parts.push(from..range.end);
        }
        parts
    }

    /// The call that begins at this token.
    pub(super) fn call_at(&self, at: usize) -> Option<Written> {
        self.word(at).filter(|name| !KEYWORDS.contains(name))?;
        let open = at + 1;
        let end = self.closes.get(open).copied()?;
        (self.is(open, "(") && end > open).then(|| Written {
            at,
            args: self.split(open + 1..end),
            end,
        })
    }

    /// The calls that stand on a line, at least with a part, outer ones first.
    pub(super) fn calls_on(&self, line: u32) -> Vec<Written> {
        let Some(function) = self.function_at(line) else {
            return Vec::new();
        };
        let calls = function.body.clone().filter_map(|at| self.call_at(at));
        calls
            .filter(|call| {
                let lines = (self.line(call.at), self.line(call.end));
                matches!(lines, (Some(first), Some(last)) if (first..=last).contains(&line))
            })
            .collect()
    }

    /// The call of which this token is in an argument, and which argument that is.
    pub(super) fn call_around(&self, at: usize) -> Option<(Written, usize)> {
        let mut before = at;
        for _ in 0..STEPS_MAX {
            before = self.opens.get(before.checked_sub(1)?).copied()?;
            if self.is(before, ";") || self.is(before, "{") {
                return None;
            }
            let call = before.checked_sub(1).and_then(|name| self.call_at(name));
            if let (true, Some(call)) = (self.is(before, "("), call)
                && before < at
            {
                let arg = call.args.iter().position(|arg| arg.contains(&at))?;
                return Some((call, arg));
            }
        }
        None
    }

    /// The name on the left of an operator: `a` of `a[2] =`.
    pub(super) fn name_before(&self, at: usize) -> Option<&'a str> {
        let mut before = at.checked_sub(1)?;
        if self.is(before, "]") {
            before = self.opens.get(before)?.checked_sub(1)?;
        }
        self.word(before)
    }

    /// The token behind the one that closes this bracket, or behind this token.
    pub(super) fn behind(&self, at: usize) -> usize {
        self.closes.get(at).copied().unwrap_or(at).max(at) + 1
    }

    /// The token that begins the statement of this one.
    pub(super) fn statement_start(&self, at: usize) -> usize {
        let mut first = at;
        for _ in 0..STEPS_MAX {
            let Some(before) = first.checked_sub(1) else {
                break;
            };
            // What stands in braces before a statement is another one.
            if [";", "{", "}", ":"]
                .iter()
                .any(|mark| self.is(before, mark))
            {
                break;
            }
            first = self.opens[before];
        }
        first
    }

    /// The last token of the statement that begins here.
    fn statement_end(&self, at: usize, depth: u32) -> usize {
        let last = self.tokens.len().saturating_sub(1);
        if depth > DEPTH_MAX || at >= last {
            return last;
        }
        if self.is(at, "{") {
            return self.closes[at].max(at);
        }
        match self.word(at) {
            Some(word) if CONTROLS.contains(&word) && self.is(at + 1, "(") => {
                let end = self.statement_end(self.closes[at + 1] + 1, depth + 1);
                match word == "if" && self.is(end + 1, "else") {
                    true => self.statement_end(end + 2, depth + 1),
                    false => end,
                }
            }
            Some("do") => self.simple_end(self.statement_end(at + 1, depth + 1) + 1),
            Some(_) | None => self.simple_end(at),
        }
    }

    /// The semicolon behind this token.
    fn simple_end(&self, at: usize) -> usize {
        let mut at = at;
        while at < self.tokens.len() && !self.is(at, ";") && !self.is(at, "}") {
            at = self.closes[at].max(at) + 1;
        }
        at.min(self.tokens.len().saturating_sub(1))
    }

    /// The statements of a function that decide about others, in their order.
    pub(super) fn controls(&self, function: &Function<'a>) -> Vec<Control> {
        let mut controls = Vec::new();
        for at in function.body.clone() {
            match self.word(at) {
                Some(word) if CONTROLS.contains(&word) && self.is(at + 1, "(") => {
                    let close = self.closes[at + 1];
                    // The condition behind `do { .. }` has no body of its own.
                    let body = match self.is(close + 1, ";") && word == "while" {
                        true => close + 1..close + 1,
                        false => close + 1..self.statement_end(at, 0) + 1,
                    };
                    controls.push(Control {
                        at,
                        header: at + 2..close,
                        body,
                    });
                }
                Some("do") => {
                    let end = self.statement_end(at + 1, 0);
                    let close = self.closes.get(end + 2).copied().unwrap_or(end + 2);
                    controls.push(Control {
                        at: end + 1,
                        header: end + 3..close.max(end + 3),
                        body: at + 1..end + 1,
                    });
                }
                Some(_) | None => {}
            }
        }
        controls
    }
}

/// For each bracket that opens, the token that closes it.
fn closes(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut closes: Vec<usize> = (0..tokens.len()).collect();
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Mark {
            continue;
        }
        let wanted = match token.text {
            "(" | "[" | "{" => {
                open.push((at, token.text));
                continue;
            }
            ")" => "(",
            "]" => "[",
            "}" => "{",
            _ => continue,
        };
        // A bracket that nothing closes is passed over.
        if let Some(depth) = open.iter().rposition(|(_, mark)| *mark == wanted) {
            closes[open[depth].0] = at;
            open.truncate(depth);
        }
    }
    closes
}

#[cfg(test)]
mod tests {
    use super::Source;

    const TEXT: &str = "\
#define N 3
static int help(const char *text, int n)
{
    return n;
}

int main(void)
{
    int i;
    for (i = 0; i < N; i++) {
        if (help(\"a\",
                 i) == 2)
            puts(\"two\");
        else
            puts(\"other\");
    }
    do
        i--;
    while (i > 0);
    return 0;
}
";

    #[test]
    fn functions_calls_and_what_guards_them_are_found() {
        let source = Source::read("a.c", TEXT).expect("it is C");
        let functions: Vec<_> = source
            .functions
            .iter()
            .map(|function| (function.name, function.line, function.parameters.clone()))
            .collect();
        assert_eq!(
            functions,
            [("help", 2, vec!["text", "n"]), ("main", 7, vec!["void"])]
        );
        let names = |line| {
            let calls = source.calls_on(line).into_iter();
            calls
                .filter_map(|call| source.word(call.at))
                .collect::<Vec<_>>()
        };
        assert_eq!(names(12), ["help"]);
        assert_eq!(names(13), ["puts"]);
        let main = source.function_at(9).expect("main");
        let controls: Vec<_> = source
            .controls(main)
            .into_iter()
            .map(|control| {
                let lines = (control.body.start, control.body.end.saturating_sub(1));
                (
                    source.line(control.at),
                    source.line(lines.0),
                    source.line(lines.1),
                )
            })
            .collect();
        assert_eq!(
            controls,
            [
                (Some(10), Some(10), Some(16)),
                (Some(11), Some(13), Some(15)),
                (Some(19), Some(18), Some(18)),
                (Some(19), Some(19), Some(19)),
            ]
        );
    }

    #[test]
    fn what_is_no_c_gives_nothing_and_no_error() {
        assert!(Source::read("a.py", "x = (").is_none());
        for text in [
            "(((((",
            "}}}",
            "if (",
            "do",
            "main() {",
            "else else",
            "f(",
            "a) b] {c",
            "for(;;",
        ] {
            let source = Source::read("a.c", text).expect("any text is read");
            for line in 0..3 {
                source.calls_on(line);
                if let Some(function) = source.function_at(line) {
                    source.controls(function);
                }
            }
        }
    }
}
