//! Values: where in a function a name gets the value that it has later on, by the order of the text.

use std::ops::Range;

use super::lexer::Kind;
use super::source::{Function, Source};

/// Functions that write into their first argument.
const FILL_FIRST: [&str; 18] = [
    "strcpy",
    "strncpy",
    "strcat",
    "strncat",
    "stpcpy",
    "sprintf",
    "snprintf",
    "vsnprintf",
    "memcpy",
    "memmove",
    "mempcpy",
    "memset",
    "bzero",
    "fgets",
    "gets",
    "explicit_bzero",
    "pipe",
    "pipe2",
];
/// Functions that write into their second argument.
const FILL_SECOND: [&str; 4] = ["read", "recv", "recvfrom", "readlink"];
/// Functions that write into their third argument.
const FILL_THIRD: [&str; 3] = ["getnameinfo", "inet_ntop", "inet_pton"];
/// Functions that only read what they get the address of.
const READ_ONLY: [&str; 9] = [
    "bind",
    "connect",
    "sendto",
    "sendmsg",
    "send",
    "write",
    "setsockopt",
    "semop",
    "inet_ntop",
];
/// Parameters of one function that are looked at.
const PARAMETERS_MAX: usize = 16;
/// Operators that give what is left of them a value.
const ASSIGNMENTS: [&str; 11] = [
    "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=",
];
/// Words of declarations that are no names of values.
const TYPES: [&str; 22] = [
    "int",
    "char",
    "long",
    "short",
    "unsigned",
    "signed",
    "void",
    "const",
    "struct",
    "union",
    "enum",
    "static",
    "float",
    "double",
    "size_t",
    "ssize_t",
    "socklen_t",
    "key_t",
    "pid_t",
    "volatile",
    "NULL",
    "sizeof",
];
/// Words that no declaration begins with.
const NO_TYPES: [&str; 7] = ["return", "goto", "else", "case", "break", "continue", "do"];

/// A place where a name gets a value.
#[derive(Clone, Debug)]
pub(super) struct Write {
    /// The token that is the name.
    pub(super) at: usize,
    /// The tokens that the value is made of.
    pub(super) value: Range<usize>,
}

impl<'a> Source<'a> {
    /// The names in an expression that may have a value: no members, calls and types. Each once.
    pub(super) fn names(&self, range: Range<usize>) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for at in range {
            let Some(name) = self.word(at).filter(|name| !TYPES.contains(name)) else {
                continue;
            };
            let is_member = at > 0 && (self.is(at - 1, ".") || self.is(at - 1, "->"));
            let of_struct = at > 0 && self.is(at - 1, "struct");
            if !is_member && !of_struct && !self.is(at + 1, "(") && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The last place before a token of its function where a name gets a value; else where the file gives it one.
    pub(super) fn last_write(
        &self,
        name: &str,
        function: &Function<'a>,
        before: usize,
    ) -> Option<Write> {
        let body = function.body.start..before.min(function.body.end);
        let own = body.rev().find_map(|at| self.write_of(name, at));
        own.or_else(|| {
            let outside = (0..self.tokens.len()).filter(|at| self.function_of(*at).is_none());
            let mut writes = outside.filter_map(|at| self.write_of(name, at));
            let declared = writes.next()?;
            // Of a name that is only declared there another function knows more.
            let is_given = self.is(declared.at + 1, "=");
            let given = || {
                let others = self
                    .functions
                    .iter()
                    .filter(|other| other.at != function.at);
                let mut all = others.flat_map(|other| other.body.clone());
                all.find_map(|at| {
                    self.write_of(name, at)
                        .filter(|write| !self.declares(write.at))
                })
            };
            match is_given {
                true => Some(declared),
                false => given().or(Some(declared)),
            }
        })
    }

    /// The places in all functions that give a name a value which is more than a number.
    pub(super) fn computed(&self, name: &str) -> Vec<Write> {
        let bodies = self.functions.iter();
        let tokens = bodies.flat_map(|function| function.body.clone());
        let writes = tokens.filter_map(|at| self.write_of(name, at));
        writes
            .filter(|write| {
                let number = |at: usize| self.tokens.get(at).is_some_and(|it| it.value().is_some());
                let is_number = write.value.len() == 1 && number(write.value.start);
                !is_number && !write.value.is_empty()
            })
            .collect()
    }

    /// The last place before a token where this member of any structure gets a value.
    pub(super) fn last_member_write(
        &self,
        member: &str,
        function: &Function<'a>,
        before: usize,
    ) -> Option<Write> {
        let is_member = |at: usize| at > 0 && (self.is(at - 1, ".") || self.is(at - 1, "->"));
        let written = |at: usize| {
            (self.word(at) == Some(member) && is_member(at))
                .then(|| self.value_given(at))
                .flatten()
        };
        let own = function.body.start..before.min(function.body.end);
        let own = own.rev().find_map(written);
        own.or_else(|| (0..self.tokens.len()).find_map(written))
    }

    /// The functions that a value comes through: those called in it, and the one that it is written by.
    pub(super) fn callees(&self, write: &Write) -> Vec<&'a str> {
        let before = write.value.start.checked_sub(2);
        let writes = before.filter(|at| self.is(at + 1, "("));
        let within = write.value.clone();
        let called = writes.into_iter().chain(within);
        called
            .filter(|at| self.is(at + 1, "("))
            .filter_map(|at| self.word(at))
            .collect()
    }

    /// Which parameters of a function are addresses that it writes to.
    pub(super) fn fills(&self, function: &Function<'a>) -> Vec<bool> {
        let parameters: Vec<&str> = function
            .parameters
            .iter()
            .copied()
            .take(PARAMETERS_MAX)
            .collect();
        let mut fills = vec![false; parameters.len()];
        for at in function.body.clone() {
            let Some(name) = self.word(at) else { continue };
            let nth = parameters.iter().position(|known| *known == name);
            let Some(fill) = nth
                .and_then(|nth| fills.get_mut(nth))
                .filter(|fill| !**fill)
            else {
                continue;
            };
            let by_address = self.is_part(at) || (at > 0 && self.is(at - 1, "*"));
            // `&size` is the address of the function's own copy.
            let is_argument =
                || !self.is(at.saturating_sub(1), "&") && self.call_around(at).is_some();
            let writes = || self.write_of(name, at).is_some();
            *fill = (by_address || is_argument()) && writes();
        }
        fills
    }

    fn write_of(&self, name: &str, at: usize) -> Option<Write> {
        let is_member = at > 0 && (self.is(at - 1, ".") || self.is(at - 1, "->"));
        if self.word(at) != Some(name) || is_member {
            return None;
        }
        self.value_given(at)
    }

    /// Whether a name gets a value at this token.
    pub(super) fn gives(&self, name: &str, at: usize) -> bool {
        self.write_of(name, at).is_some()
    }

    /// What the name at this token is given there; `None`: it is only used.
    fn value_given(&self, at: usize) -> Option<Write> {
        let mut next = at + 1;
        let mut size = next..next;
        loop {
            if self.is(next, "[") {
                size = next + 1..self.behind(next) - 1;
                next = self.behind(next);
            } else if self.is(next, ".") || self.is(next, "->") {
                next += 2;
            } else {
                break;
            }
        }
        if ASSIGNMENTS.iter().any(|mark| self.is(next, mark)) {
            let value = next + 1..self.expression_end(next + 1);
            return Some(Write { at, value });
        }
        let steps = |at: usize| self.is(at, "++") || self.is(at, "--");
        if steps(next) || (at > 0 && steps(at - 1)) {
            return Some(Write { at, value: at..at });
        }
        if [";", ","].iter().any(|mark| self.is(next, mark)) && self.is_declared(at) {
            return Some(Write { at, value: size });
        }
        let (call, arg) = self.call_around(at)?;
        let callee = self.word(call.at)?;
        let by_address = at > 0
            && self.is(at - 1, "&")
            && !self.is_operand(at - 1)
            && !READ_ONLY.contains(&callee);
        let own = self.fills.get(callee).and_then(|fills| fills.get(arg));
        let filled = (arg == 0 && FILL_FIRST.contains(&callee))
            || (arg == 1 && FILL_SECOND.contains(&callee))
            || (arg == 2 && FILL_THIRD.contains(&callee))
            || own == Some(&true);
        // An address is handed over in whole arguments; the name of an array only where it begins one.
        let begins = call.args.get(arg).is_some_and(|range| {
            let first = range.clone().find(|at| self.word(*at).is_some());
            first == Some(at)
                || self.is(at.saturating_sub(1), ".")
                || self.is(at.saturating_sub(1), "->")
        });
        (by_address || (filled && begins)).then(|| Write {
            at,
            value: call.at + 2..call.end,
        })
    }

    /// Whether the name at this token stands for a member or an element there.
    pub(super) fn is_part(&self, at: usize) -> bool {
        [".", "->", "["].iter().any(|mark| self.is(at + 1, mark))
    }

    /// Whether an operator has something on its left.
    fn is_operand(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).and_then(|at| self.tokens.get(at)) else {
            return false;
        };
        match before.kind {
            Kind::Number | Kind::Text | Kind::Character => true,
            Kind::Word => before.text != "return",
            // `(struct sockaddr *)&here` is a cast.
            Kind::Mark => before.text == "]",
        }
    }

    /// Whether the name at this token is declared there, with a value or without.
    pub(super) fn declares(&self, at: usize) -> bool {
        let follows = ["=", ";", ",", "["]
            .iter()
            .any(|mark| self.is(at + 1, mark));
        let first = self.statement_start(at);
        let equals = (first..at).any(|before| self.is(before, "=") || self.is(before, "("));
        follows && !equals && self.is_declared(at)
    }

    fn is_declared(&self, at: usize) -> bool {
        let first = self.statement_start(at);
        let starts = self
            .word(first)
            .is_some_and(|word| !NO_TYPES.contains(&word));
        let goes_on = self.word(first + 1).is_some() || self.is(first + 1, "*");
        first < at && starts && goes_on && self.call_around(at).is_none()
    }

    /// The token behind an expression: a comma, a semicolon, a bracket that closes what is around it.
    fn expression_end(&self, at: usize) -> usize {
        let mut end = at;
        while end < self.tokens.len() {
            if [",", ";", ")", "]", "}"]
                .iter()
                .any(|mark| self.is(end, mark))
            {
                break;
            }
            end = self.behind(end);
        }
        end.min(self.tokens.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;

    #[test]
    fn the_last_place_that_gives_a_value_is_found() {
        let check = |body: &str, name: &str, line: Option<u32>, value: &str| {
            let text = format!("int all = 7;\nint main(void)\n{{\n{body}\nuse(0);\n}}\n");
            let source = Source::read("a.c", &text).expect("it is C");
            let main = source.functions.first().expect("main");
            let found = source.last_write(name, main, main.body.end);
            let tokens = found.iter().flat_map(|write| write.value.clone());
            let said: Vec<&str> = tokens.map(|at| source.tokens[at].text).collect();
            let at = found.and_then(|write| source.line(write.at));
            assert_eq!((at, said.join(" ").as_str()), (line, value), "{body}");
        };
        check("int a = 1;\na = b + 2;", "a", Some(5), "b + 2");
        check("a.port = htons(P);\nb = a;", "a", Some(4), "htons ( P )");
        check("char a[SIZE];", "a", Some(4), "SIZE");
        check("socklen_t a;", "a", Some(4), "");
        check("int b, a;", "a", Some(4), "");
        check("a++;\nf(a);", "a", Some(4), "");
        check("f(&a, 2);", "a", Some(4), "& a , 2");
        check("f(x & a);", "a", None, "");
        check(
            "memset(a, 0, 9);\nsend(1, a, 9);",
            "a",
            Some(4),
            "a , 0 , 9",
        );
        check("memcpy(b, a, 9);", "a", None, "");
        check("recv(fd, a, 9, 0);", "a", Some(4), "fd , a , 9 , 0");
        check("x.a = 1;", "a", None, "");
        check("if (a == 1) return a;", "a", None, "");
        check("f(all);", "all", Some(1), "7");
        check(
            "accept(fd, (struct sockaddr *)&a, &n);",
            "a",
            Some(4),
            "fd , ( struct sockaddr * ) & a , & n",
        );
        check("bind(fd, (struct sockaddr *)&a, 9);", "a", None, "");
    }

    #[test]
    fn members_are_found_in_assignments_copies_and_initialisers() {
        let check = |body: &str, line: Option<u32>| {
            let text = format!("int main(void)\n{{\n{body}\n}}\n");
            let source = Source::read("a.c", &text).expect("it is C");
            let main = source.functions.first().expect("main");
            let found = source.last_member_write("sun_path", main, main.body.end);
            assert_eq!(
                found.and_then(|write| source.line(write.at)),
                line,
                "{body}"
            );
        };
        check(
            "struct sockaddr_un a = { .sun_family = AF_UNIX,\n.sun_path = P };",
            Some(4),
        );
        check("strcpy(a.sun_path, P);", Some(3));
        check("snprintf(to->sun_path, 9, P);", Some(3));
        check("strlen(a.sun_path);", None);
        check("unlink(a.sun_path);", None);
    }
}
