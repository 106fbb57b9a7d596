//! Tables that people save in a spreadsheet: in which encoding they are, and what stands between their columns.

use std::borrow::Cow;

/// The text of a file as spreadsheets write it: with a byte order mark, UTF-8, or the encoding of Windows in the west.
#[must_use]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    // A mark decides whatever the second choice is; and in UTF-16 without one every other byte of a header is 0.
    let encoding = match bytes {
        [0, _, 0, _, ..] => encoding_rs::UTF_16BE,
        [_, 0, _, 0, ..] => encoding_rs::UTF_16LE,
        _ if std::str::from_utf8(bytes).is_ok() => encoding_rs::UTF_8,
        _ => encoding_rs::WINDOWS_1252,
    };
    encoding.decode(bytes).0
}

/// What stands between the columns of a table, and the table from its header on.
#[must_use]
pub fn delimited(text: &str) -> (u8, &str) {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    // Excel writes it above the header where it is not the country's own.
    if let Some(&[delimiter]) = first.strip_prefix("sep=").map(str::as_bytes) {
        return (
            delimiter,
            text[first.len()..].trim_start_matches(['\r', '\n']),
        );
    }
    // Else it is what there is most of in the header.
    let count = |c: char| first.matches(c).count();
    let delimiter = [',', ';', '\t']
        .into_iter()
        .max_by_key(|c| (count(*c), *c == ','))
        .unwrap_or(',');
    (delimiter as u8, text)
}

#[cfg(test)]
mod tests {
    use super::{delimited, text};

    #[test]
    fn the_header_says_what_stands_between_columns() {
        let check = |text: &str, expected: (u8, &str)| assert_eq!(delimited(text), expected);
        check("a,b\n1,2", (b',', "a,b\n1,2"));
        check("\u{feff}a;b;\"c,d\"\n", (b';', "a;b;\"c,d\"\n"));
        check("a\tb", (b'\t', "a\tb"));
        check("name\n", (b',', "name\n"));
        check("sep=;\r\na,b;c\r\n", (b';', "a,b;c\r\n"));
        check("sep=\t\na b\n", (b'\t', "a b\n"));
        check("", (b',', ""));
    }

    #[test]
    fn a_roster_is_read_as_spreadsheets_write_it() {
        const ROSTER: &str = "name,number\nZo\u{eb} M\u{fc}ller \u{2013} x,17\n";
        let little: Vec<u8> = ROSTER.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = ROSTER.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let windows = b"name,number\nZo\xeb M\xfcller \x96 x,17\n".to_vec();
        let marked = |mark: &[u8], text: &[u8]| [mark, text].concat();
        for bytes in [
            ROSTER.as_bytes().to_vec(),
            marked(b"\xef\xbb\xbf", ROSTER.as_bytes()),
            marked(b"\xff\xfe", &little),
            marked(b"\xfe\xff", &big),
            little,
            big,
            windows,
        ] {
            assert_eq!(text(&bytes), ROSTER, "{bytes:?}");
        }
    }
}
