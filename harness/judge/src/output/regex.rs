//! Regular expressions: what they look for is said in words where it can be.

use ipclab_spec::Aspect;
use predicates::Predicate as _;

use super::Printed;
use crate::finding::Finding;
use crate::page::Page;
use crate::quote::{escaped_line, quoted};

impl Printed<'_> {
    pub(super) fn regex(&self, pattern: &str) -> Finding {
        match predicates::str::is_match(pattern) {
            Err(_) => Finding::unknown(
                Aspect::Output,
                Some(&self.actor.name),
                format!(
                    "not judged: the spec's pattern {} is no regular expression",
                    quoted(pattern)
                ),
            ),
            Ok(predicate) if predicate.eval(&self.page.text) => {
                let what = match Sought::by(pattern) {
                    Sought::Anything => "something".to_owned(),
                    Sought::Words(words) => one_of(&words, "or"),
                    Sought::Form => "a line in the form of the handout".to_owned(),
                };
                self.pass(format!("{} printed {what} on {}", self.who(), self.name))
            }
            Ok(predicate) if self.page.is_blank() => {
                let other = Page::of(self.other());
                // Where any word will do and a call failed, a greeting on the other stream is no word about that.
                let is_greeting = matches!(Sought::by(pattern), Sought::Anything)
                    && self.facts.first_failure(self.index).is_some();
                self.missed(self.silence(!is_greeting && predicate.eval(&other.text)))
            }
            Ok(_) => {
                let (who, name) = (self.who(), self.name);
                let because = self.because();
                let (message, expected) = match Sought::by(pattern) {
                    Sought::Words(words) => match words.as_slice() {
                        [only] => (
                            format!("{who} did not print {} on {name}{because}", quoted(only)),
                            escaped_line(only),
                        ),
                        words => (
                            format!(
                                "{who} printed neither {} on {name}{because}",
                                one_of(words, "nor")
                            ),
                            escaped_line(&words.join(" or ")),
                        ),
                    },
                    Sought::Anything | Sought::Form => (
                        format!(
                            "{who} printed nothing on {name} in the form that the handout shows{because}"
                        ),
                        "a line in the form of the handout".to_owned(),
                    ),
                };
                self.missed(message).expecting(expected, self.seen())
            }
        }
    }
}

/// What a regular expression looks for, as a teacher would say it.
enum Sought<'p> {
    /// Whatever it is.
    Anything,
    /// One of these, mostly whether in capitals or not.
    Words(Vec<&'p str>),
    /// Something that only the pattern itself can tell.
    Form,
}

impl<'p> Sought<'p> {
    fn by(pattern: &'p str) -> Self {
        if matches!(pattern, "." | r"\S" | r"\S+" | ".+") {
            return Self::Anything;
        }
        let words = pattern.strip_prefix("(?i)").unwrap_or(pattern);
        let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | ':' | ',');
        let words: Vec<&str> = words.split('|').collect();
        if words
            .iter()
            .all(|word| !word.is_empty() && word.chars().all(plain))
        {
            Self::Words(words)
        } else {
            Self::Form
        }
    }
}

/// Quoted, with a conjunction before the last: send, connect or write.
fn one_of(words: &[&str], conjunction: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    match words.split_last() {
        Some((last, before @ [_, ..])) => {
            format!("{} {conjunction} {last}", before.join(", "))
        }
        _ => words.concat(),
    }
}
