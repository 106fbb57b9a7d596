//! Bytes of a step, and bytes in a message.

use std::fmt::Write as _;

use ipclab_spec::Data;

use super::step_error::StepError;

/// Most bytes that a message shows.
pub(super) const SHOWN_MAX: usize = 60;

/// Most characters of a step that a message repeats.
const STEP_MAX: usize = 200;

/// What `data` stands for. `100 bytes` are the letters `a` to `z` over and over: the same every time, and no NUL.
pub(super) fn of(data: &Data) -> Result<Vec<u8>, StepError> {
    match data {
        Data::Hex(bytes) => Ok(bytes.clone()),
        Data::Text(template) => match template.as_text() {
            Some(text) => Ok(text.as_bytes().to_owned()),
            None => Err(StepError::Step(
                "the text has not been filled in".to_owned(),
            )),
        },
        Data::Bytes(count) => letters(*count),
    }
}

/// So many letters.
pub(super) fn letters(count: u64) -> Result<Vec<u8>, StepError> {
    let mut bytes = Vec::new();
    let room = usize::try_from(count)
        .ok()
        .filter(|count| bytes.try_reserve_exact(*count).is_ok());
    match room {
        Some(count) => {
            bytes.extend((b'a'..=b'z').cycle().take(count));
            Ok(bytes)
        }
        None => Err(StepError::Step(format!(
            "there is no room for {count} bytes in memory"
        ))),
    }
}

/// `1 byte`, `5 bytes`
pub(super) fn count(count: u64) -> String {
    match count {
        1 => "1 byte".to_owned(),
        count => format!("{count} bytes"),
    }
}

/// Bytes in quotes, written as a step would write them, the first [`SHOWN_MAX`] of them; `all` says how many there were.
pub(super) fn quoted(bytes: &[u8], all: u64) -> String {
    let head = &bytes[..bytes.len().min(SHOWN_MAX)];
    let mut out = String::from("\"");
    for chunk in head.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\0' => out.push_str("\\0"),
                '"' | '\\' => out.extend(['\\', c]),
                c if c.is_ascii_control() => push_hex(&mut out, c as u8),
                c if c.is_ascii() => out.push(c),
                // Invisible characters and direction marks as their numbers, letters as they are.
                c => match c.escape_debug().len() {
                    1 => out.push(c),
                    _ => out.extend(c.escape_unicode()),
                },
            }
        }
        for byte in chunk.invalid() {
            push_hex(&mut out, *byte);
        }
    }
    out.push('"');
    if head.len() as u64 != all {
        out.push_str("...");
    }
    out
}

fn push_hex(out: &mut String, byte: u8) {
    let _ = write!(out, "\\x{byte:02x}");
}

/// A step's text, cut when it would fill a screen.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(STEP_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where two texts part: the first place (from 0) at which both have a byte and the bytes differ, with what was got and
/// what was wanted.
pub(super) fn difference(got: &[u8], wanted: &[u8]) -> Option<(usize, u8, u8)> {
    let pairs = got.iter().zip(wanted).enumerate();
    let mut parted = pairs.filter(|(_, (got, wanted))| got != wanted);
    parted.next().map(|(at, (got, wanted))| (at, *got, *wanted))
}

/// `byte 3 is 0x78, not 0x6c`
pub(super) fn differs(at: u64, got: u8, wanted: u8) -> String {
    format!("byte {} is {got:#04x}, not {wanted:#04x}", at + 1)
}

#[cfg(test)]
mod tests {
    use super::{count, difference, differs, letters, quoted, shortened};

    #[test]
    fn bytes_are_quoted_as_a_step_would_write_them() {
        let check = |bytes: &[u8], expect: &str| {
            assert_eq!(quoted(bytes, bytes.len() as u64), expect);
        };
        check(b"", r#""""#);
        check(b"ha", r#""ha""#);
        check(b"one\0two\r\n\t\"\\", r#""one\0two\r\n\t\"\\""#);
        check(b"\x01\x7f\xff", r#""\x01\x7f\xff""#);
        check("gr\u{fc}n".as_bytes(), "\"gr\u{fc}n\"");
        check("\u{202e}".as_bytes(), r#""\u{202e}""#);
        check(&[b'x'; 61], &format!("\"{}\"...", "x".repeat(60)));
    }

    #[test]
    fn letters_are_the_same_every_time() {
        assert_eq!(letters(0).unwrap(), b"");
        assert_eq!(letters(28).unwrap(), b"abcdefghijklmnopqrstuvwxyzab");
        assert!(letters(u64::MAX).is_err());
    }

    #[test]
    fn the_first_difference_is_named_from_one() {
        let check = |got: &[u8], wanted: &[u8], expect| {
            let found = difference(got, wanted);
            assert_eq!(
                found.map(|(at, got, wanted)| differs(at as u64, got, wanted)),
                expect
            );
        };
        check(b"hax", b"hal", Some("byte 3 is 0x78, not 0x6c".to_owned()));
        check(b"\0", b"h", Some("byte 1 is 0x00, not 0x68".to_owned()));
        check(b"ha", b"hal", None);
        check(b"hallo", b"hal", None);
    }

    #[test]
    fn long_steps_are_cut_and_one_byte_is_no_bytes() {
        assert_eq!(shortened("recv 'a'"), "recv 'a'");
        assert_eq!(shortened(&"\u{fc}".repeat(201)).chars().count(), 203);
        assert_eq!(count(1), "1 byte");
        assert_eq!(count(0), "0 bytes");
    }
}
