//! Values that a sentence names: the numbers and paths that are wrong in it.

use std::ops::Range;

use super::source::Source;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(i64),
    Text(String),
}

pub(super) fn value_of(token: &super::lexer::Token<'_>) -> Option<Value> {
    let number = token.value().map(Value::Number);
    number.or_else(|| {
        let text = token.content()?;
        // A port in a text is a number as well.
        Some(match text.parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Text(text),
        })
    })
}

pub(super) fn values_in(source: &Source<'_>, range: Range<usize>) -> Vec<Value> {
    // The base of `strtol(text, &end, 10)` is no value that goes on.
    let is_base = |at: usize| {
        let call = source.call_around(at).filter(|(_, nth)| *nth == 2);
        call.and_then(|(call, _)| source.word(call.at))
            .is_some_and(|name| name.starts_with("strto"))
    };
    let tokens = range.filter_map(|at| Some((at, value_of(source.tokens.get(at)?)?)));
    tokens
        .filter(|(at, _)| !is_base(*at))
        .map(|(_, value)| value)
        .collect()
}

/// The values that a sentence names as wrong: what stands before `instead of`.
pub(super) fn wrong_values(words: &str) -> Vec<Value> {
    let Some((wrong, expected)) = words.split_once(" instead of ") else {
        return Vec::new();
    };
    let expected = named_values(expected);
    let mut wrong = named_values(wrong);
    wrong.retain(|value| !expected.contains(value));
    wrong
}

/// The numbers and paths that a text names.
pub(super) fn named_values(text: &str) -> Vec<Value> {
    let mut values = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || "`\",;()|".contains(c)) {
        let word = word.trim_end_matches([':', '.']);
        let octal = word.strip_prefix('0').filter(|rest| !rest.is_empty());
        let number = match octal {
            Some(hex) if hex.starts_with('x') => i64::from_str_radix(&hex[1..], 16).ok(),
            Some(digits) => i64::from_str_radix(digits, 8).ok(),
            None => word.parse().ok(),
        };
        if let Some(number) = number.filter(|number| *number > 1) {
            values.push(Value::Number(number));
        } else if word.starts_with('/') {
            values.push(Value::Text(word.to_owned()));
        }
    }
    values
}
