//! Times, as a limit or a moment has them.

use std::time::Duration;

use super::flaw::Flaw;

/// Reads a time: `10s`, `500ms`, `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, Flaw> {
    let whole = 0..text.len();
    let trimmed = text.trim();
    let end = trimmed
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(trimmed.len());
    let (number, unit) = (&trimmed[..end], trimmed[end..].trim());
    let bad = || {
        Flaw::new(whole.clone(), format!("`{text}` is no time"))
            .help("write a number and ms, s or m: \"10s\"")
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1000),
        "m" | "min" => number.checked_mul(60_000),
        _ => return Err(bad()),
    };
    match millis {
        Some(millis) if (1..=3_600_000).contains(&millis) => Ok(Duration::from_millis(millis)),
        _ => Err(Flaw::new(
            whole,
            "a time is more than nothing and at most an hour",
        )),
    }
}
