//! A submission's print: by what it is compared with others. What its code says without names, numbers, texts and layout, as
//! digests of runs of tokens; and the order in which its programs make their calls.
//!
//! Of the digests those are kept that are the least of each few in a row (Schleimer, Wilkerson and Aiken, "Winnowing",
//! 2003): any run of the same code that is long enough leaves one in both.

use std::collections::BTreeSet;

use ipclab_grade::labs::{self, Lab};
use ipclab_report::SourceFile;
use ipclab_spec::Player;
use ipclab_verdict::record::{CaseRecord, Record};
use serde::{Deserialize, Serialize};

/// Tokens in a run.
const RUN: usize = 14;
/// Runs in a row of which one is kept.
const WINDOW: usize = 8;

/// By what a submission is compared with others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Print {
    /// Digests of its code, in order, each once.
    code: Vec<u32>,
    /// Digest of all its tokens, in the order of the files.
    whole: u64,
    /// A digest for each case: the calls of the student's programs, by their first use. 0: the case did not run.
    trace: Vec<u32>,
}

/// What every submission may have.
#[derive(Debug)]
pub(super) struct Starter(BTreeSet<u32>);

impl Starter {
    /// The starter of a lab.
    pub(super) fn of(lab: &Lab) -> Self {
        let files = labs::starter(lab);
        let digests = files.into_iter().filter(|(name, _)| {
            let ending = name.extension().unwrap_or_default();
            ending == "c" || ending == "h"
        });
        Self(
            digests
                .flat_map(|(_, text)| winnow(&tokens(&String::from_utf8_lossy(&text))))
                .collect(),
        )
    }
}

impl Print {
    /// Of what was handed in, and what it did.
    pub(super) fn of(code: &[SourceFile], record: &Record, lab: &Lab, starter: &Starter) -> Self {
        let mut all: Vec<u32> = Vec::new();
        let mut digests: BTreeSet<u32> = BTreeSet::new();
        for file in code {
            let lines: Vec<&str> = file.text.lines().iter().map(|line| line.as_str()).collect();
            let tokens = tokens(&lines.join("\n").replace("\\t", " "));
            digests.extend(winnow(&tokens));
            all.extend(tokens);
        }
        Self {
            code: digests.difference(&starter.0).copied().collect(),
            whole: fold(all.iter().copied()),
            trace: record.cases.iter().map(|case| shape(case, lab)).collect(),
        }
    }

    /// Whether there is nothing to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.code.is_empty() && self.trace.is_empty()
    }

    /// Digests of its code beside the starter, in order.
    pub(super) fn code(&self) -> &[u32] {
        &self.code
    }

    /// What is the same for the same code.
    pub(super) fn whole(&self) -> u64 {
        self.whole
    }

    /// Percent of the smaller one's code that both have.
    pub(super) fn shared(&self, other: &Self) -> u32 {
        let (mut a, mut b) = (self.code.iter().peekable(), other.code.iter().peekable());
        let mut both = 0;
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => _ = a.next(),
                std::cmp::Ordering::Greater => _ = b.next(),
                std::cmp::Ordering::Equal => {
                    both += 1;
                    a.next();
                    b.next();
                }
            }
        }
        let smaller = self.code.len().min(other.code.len()).max(1);
        u32::try_from(both * 100 / smaller).unwrap_or(100)
    }

    /// In how many cases both make the same calls, and of how many that ran in both.
    pub(super) fn same_trace(&self, other: &Self) -> (u32, u32) {
        let both = self.trace.iter().zip(&other.trace);
        let ran = both.filter(|(a, b)| **a != 0 && **b != 0);
        ran.fold((0, 0), |(same, of), (a, b)| {
            (same + u32::from(a == b), of + 1)
        })
    }
}

/// The calls of the student's programs in a run: for each process their names by first use. Which process is which, and how
/// often a call was made, hangs on the machine.
fn shape(record: &CaseRecord, lab: &Lab) -> u32 {
    let run = record.runs.first();
    let Some(evidence) = run.and_then(|run| run.run().observed.as_ref().ok()) else {
        return 0;
    };
    let student = |actor: usize| {
        let name = evidence.actors.get(actor).map(|actor| actor.name.as_str());
        let role = name.and_then(|name| lab.spec.case(&record.id)?.role(name));
        role.is_some_and(|role| matches!(role.player, Player::Student { .. }))
    };
    let mut processes: Vec<((usize, u32), Vec<&str>)> = Vec::new();
    for call in evidence.trace.iter().filter(|call| student(call.actor)) {
        let key = (call.actor, call.pid);
        let at = processes.iter().position(|(known, _)| *known == key);
        let at = at.unwrap_or_else(|| {
            processes.push((key, Vec::new()));
            processes.len() - 1
        });
        let names = &mut processes[at].1;
        if !names.contains(&call.name.as_str()) {
            names.push(&call.name);
        }
    }
    let mut shapes: Vec<(usize, String)> = processes
        .into_iter()
        .map(|((actor, _), names)| (actor, names.join(" ")))
        .collect();
    shapes.sort();
    shapes.dedup();
    let text = format!("{shapes:?}");
    let digest = fold(text.bytes().map(u32::from));
    // 0 is what did not run.
    u32::try_from(digest & 0x7fff_ffff).unwrap_or(0) | 1
}

/// The tokens of C code as digests: every name is one of its own kind, and so are numbers and texts. Words of the language
/// and signs are themselves; comments, layout and included files are none.
fn tokens(code: &str) -> Vec<u32> {
    let bytes = code.as_bytes();
    let (mut tokens, mut at) = (Vec::new(), 0);
    let until = |from: usize, end: &dyn Fn(usize) -> bool| {
        (from..bytes.len())
            .find(|at| end(*at))
            .unwrap_or(bytes.len())
    };
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            byte if byte.is_ascii_whitespace() => at += 1,
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = until(at, &|at| bytes[at] == b'\n'),
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = until(at + 2, &|at| bytes[at..].starts_with(b"*/")) + 2;
            }
            // What is included and defined, the language's own way of layout.
            b'#' => at = until(at, &|at| bytes[at] == b'\n'),
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote && bytes[at] != b'\n' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
                tokens.push(fold([2, u32::from(quote)]) as u32);
            }
            byte if byte.is_ascii_digit() => {
                at = until(at, &|at| {
                    !(bytes[at].is_ascii_alphanumeric() || bytes[at] == b'.')
                });
                tokens.push(3);
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                at = until(at, &|at| {
                    !(bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_' || bytes[at] >= 0x80)
                });
                let word = &bytes[start..at];
                tokens.push(
                    match KEYWORDS.iter().any(|keyword| keyword.as_bytes() == word) {
                        true => fold(word.iter().copied().map(u32::from)) as u32,
                        false => 1,
                    },
                );
            }
            sign => {
                at += 1;
                tokens.push(fold([4, u32::from(sign)]) as u32);
            }
        }
        at = at.max(start + 1);
    }
    tokens
}

const KEYWORDS: [&str; 24] = [
    "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "for",
    "goto", "if", "int", "long", "return", "short", "sizeof", "static", "struct", "switch",
    "unsigned", "void", "while",
];

/// The digests that are kept of a row of tokens.
fn winnow(tokens: &[u32]) -> BTreeSet<u32> {
    let runs: Vec<u32> = tokens
        .windows(RUN)
        .map(|run| fold(run.iter().copied()) as u32)
        .collect();
    let windows = runs.windows(WINDOW.min(runs.len()).max(1));
    windows
        .filter_map(|window| window.iter().min().copied())
        .collect()
}

fn fold(of: impl IntoIterator<Item = u32>) -> u64 {
    let hash = of
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, part| {
            (hash ^ u64::from(part)).wrapping_mul(0x0100_0000_01b3)
        });
    // The lowest bits of this hash depend on the fewest of the parts: those of SplitMix64's end depend on all.
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Print, tokens, winnow};

    /// A print of code that nothing was run of.
    pub(in crate::batch) fn print(code: &str) -> Print {
        let tokens = tokens(code);
        Print {
            code: winnow(&tokens).into_iter().collect(),
            whole: super::fold(tokens.iter().copied()),
            trace: Vec::new(),
        }
    }

    /// A program of so many functions, each another one.
    pub(in crate::batch) fn program(seed: usize, functions: usize) -> String {
        let function = |n: usize| {
            let mut body = String::new();
            for step in 0..12 {
                let kind = super::fold([seed as u32, n as u32, step]) % 8;
                body += match kind {
                    0 => "for (int i = 0; i < n; i++) { total += a[i]; }\n",
                    1 => "if (a[0] > 7) return total - 1;\n",
                    2 => "while (total--) { a[1] = a[2] * 3; break; }\n",
                    3 => "switch (n) { case 1: total = 2; default: total <<= 1; }\n",
                    4 => "do { a[n] -= total; } while (n-- > 0);\n",
                    5 => "char *text = \"x\"; puts(text ? text : \"y\");\n",
                    6 => "struct point { int x, y; } p = { n, -n }; total += p.x * p.y;\n",
                    _ => "if (!total || n == 3) { continue_here(&a[n]); } else total++;\n",
                };
            }
            format!("int f{n}(int *a, int n) {{ int total = 0;\n{body}return total; }}\n")
        };
        (0..functions).map(function).collect()
    }

    #[test]
    fn names_numbers_texts_comments_and_layout_do_not_count() {
        let check = |a: &str, b: &str, same: bool| {
            assert_eq!(tokens(a) == tokens(b), same, "{a}\n{b}");
        };
        check("int x = 5;", "int  count=\n77 ; // hi", true);
        check(
            "#include <stdio.h>\nputs(\"a\");",
            "write('b'); /* x */".replace('\'', "\"").as_str(),
            true,
        );
        check("if (a) b();", "while (a) b();", false);
        check("a + b", "a - b", false);
        check("\"never closed", "\"\\", true);
        check("größe", "x", true);
        check("", "/* only this", true);
    }

    #[test]
    fn what_is_copied_in_part_is_shared_in_part() {
        let one = program(1, 6);
        let two = program(2, 6);
        let both = format!("{one}{two}");
        let shared = |a: &str, b: &str| print(a).shared(&print(b));
        assert_eq!(shared(&one, &one), 100);
        assert_eq!(
            shared(&one, &one.replace("total", "sum").replace("f1", "helper")),
            100
        );
        assert!(shared(&one, &both) >= 90, "{}", shared(&one, &both));
        assert!(shared(&one, &two) < 80, "{}", shared(&one, &two));
        assert_eq!(shared("", &one), 0);
    }
}
