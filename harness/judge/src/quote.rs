//! Quoting: bytes of a program on their way into a message, escaped and capped, so that they cannot forge its structure.

use std::fmt::Write as _;

use ipclab_evidence::Direction;

/// The most characters of foreign text that one message quotes.
const QUOTED_MAX: usize = 200;

/// Text of a program between backticks; nothing in it can end the quotation.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", escaped(text.as_bytes(), true))
}

/// Bytes of a program between backticks.
pub(crate) fn quoted_bytes(bytes: &[u8]) -> String {
    format!("`{}`", escaped(bytes, true))
}

/// Text of a program on a line of its own, as in a diff.
pub(crate) fn escaped_line(text: &str) -> String {
    escaped(text.as_bytes(), false)
}

/// A whole message, in case that something got into it unquoted: nothing in it may move the cursor or start a line. A
/// text of several lines keeps them.
pub(crate) fn clean(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' if lines => out.push(c),
            c if is_treacherous(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn escaped(bytes: &[u8], backticks: bool) -> String {
    let mut out = String::new();
    let mut count = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if count == QUOTED_MAX {
                out.push('…');
                return out;
            }
            count += 1;
            match c {
                '`' if backticks => out.push_str("\\x60"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if c.is_ascii_control() => push_hex(&mut out, c as u8),
                c if is_treacherous(c) => {
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            if count == QUOTED_MAX {
                out.push('…');
                return out;
            }
            count += 1;
            push_hex(&mut out, *byte);
        }
    }
    out
}

/// Characters that change how the text around them looks: C1 controls, direction marks, line separators, invisible ones.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn push_hex(out: &mut String, byte: u8) {
    let _ = write!(out, "\\x{byte:02x}");
}

/// `1 byte`, `49 bytes`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// What a program did with bytes that went this way.
pub(crate) fn moved(direction: Direction) -> &'static str {
    match direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    }
}

#[cfg(test)]
mod tests {
    use super::{quoted, quoted_bytes};

    #[test]
    fn hostile_text_cannot_leave_its_quotation() {
        assert_eq!(quoted("a`b"), "`a\\x60b`");
        assert_eq!(
            quoted("\u{1b}[31mred\u{7}\u{202e}x"),
            "`\\x1b[31mred\\x07\\u{202e}x`"
        );
        assert_eq!(quoted_bytes(b"\xff\0\n"), "`\\xff\\x00\\n`");
    }

    #[test]
    fn a_quotation_is_capped() {
        let long = quoted(&"x".repeat(100_000));
        assert_eq!(long.chars().count(), 203);
        assert!(long.ends_with("…`"));
    }
}
