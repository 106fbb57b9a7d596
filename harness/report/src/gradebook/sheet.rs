//! A spreadsheet's text in which single cells are changed and every other byte stays: byte order mark, delimiter, quotes,
//! line ends, order, and whatever a program wrote that this one does not know.

use std::collections::BTreeMap;
use std::ops::Range;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::csv::{harmless, quoted};

/// Why a file cannot be a table in text, which every encoding of Windows would make letters of.
#[must_use]
pub fn no_table(bytes: &[u8]) -> Option<&'static str> {
    // A zip, which newer formats are, and the format of Excel before 2007.
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Some("it is a spreadsheet's own format or a zip: a CSV file is needed");
    }
    let start = &bytes[..bytes.len().min(256)];
    let start = String::from_utf8_lossy(start).to_lowercase();
    let start = start.trim_start_matches(['\u{feff}', ' ', '\r', '\n']);
    let is_page = start.starts_with("<!doctype html") || start.starts_with("<html");
    is_page.then_some(
        "it is a web page, as a system sends it to a browser that has to log in first: download the file again",
    )
}

/// A sheet and the changes to it.
pub(super) struct Sheet<'a> {
    bytes: &'a [u8],
    /// UTF-8, or the encoding of Windows in the west, in which spreadsheets save.
    encoding: &'static Encoding,
    delimiter: u8,
    rows: Vec<Vec<Cell>>,
    changes: BTreeMap<(usize, usize), String>,
}

struct Cell {
    /// Where it stands, its quotes included.
    at: Range<usize>,
    quoted: bool,
}

impl<'a> Sheet<'a> {
    /// Reads a sheet.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(
                "it is UTF-16, which a spreadsheet wrote: save it as \"CSV UTF-8\", or take the file as it was downloaded"
                    .to_owned(),
            );
        }
        if let Some(why) = no_table(bytes) {
            return Err(why.to_owned());
        }
        let start = if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
            3
        } else {
            0
        };
        let delimiter = delimiter(&bytes[start..]);
        let rows = rows(bytes, start, delimiter)?;
        if rows.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Self {
            bytes,
            encoding: match std::str::from_utf8(bytes) {
                Ok(_) => UTF_8,
                Err(_) => WINDOWS_1252,
            },
            delimiter,
            rows,
            changes: BTreeMap::new(),
        })
    }

    /// How many rows there are, the header included.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The cells of the first row.
    pub(super) fn header(&self) -> Vec<String> {
        (0..self.rows[0].len())
            .map(|column| self.cell(0, column))
            .collect()
    }

    /// What a cell says; a row that ends before it says nothing.
    pub(super) fn cell(&self, row: usize, column: usize) -> String {
        let Some(cell) = self.rows.get(row).and_then(|cells| cells.get(column)) else {
            return String::new();
        };
        let bytes = &self.bytes[cell.at.clone()];
        let (text, _) = self.encoding.decode_without_bom_handling(bytes);
        if cell.quoted {
            // What stands behind the closing quote belongs to no cell.
            let inner = text.strip_prefix('"').unwrap_or(&text);
            let inner = inner.rfind('"').map_or(inner, |end| &inner[..end]);
            inner.replace("\"\"", "\"")
        } else {
            text.into_owned()
        }
    }

    /// Changes a cell. What a spreadsheet would run as a formula is kept from it.
    pub(super) fn set(&mut self, row: usize, column: usize, text: &str) {
        self.changes.insert((row, column), harmless(text));
    }

    /// The sheet with its changes.
    pub(super) fn finish(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 64 * self.changes.len());
        let mut done = 0;
        for ((row, column), text) in &self.changes {
            let cells = &self.rows[*row];
            let (at, was_quoted, lead) = match cells.get(*column) {
                Some(cell) => (cell.at.clone(), cell.quoted, 0),
                // The row ends before that column.
                None => {
                    let end = cells.last().map_or(0, |cell| cell.at.end);
                    (end..end, false, *column + 1 - cells.len())
                }
            };
            out.extend_from_slice(&self.bytes[done.min(at.start)..at.start]);
            out.extend(std::iter::repeat_n(self.delimiter, lead));
            let mut written = quoted(text, char::from(self.delimiter));
            if was_quoted && !written.starts_with('"') {
                written = format!("\"{written}\"");
            }
            out.extend(self.encoded(&written));
            done = at.end;
        }
        out.extend_from_slice(&self.bytes[done..]);
        out
    }

    /// A text in the sheet's own encoding.
    fn encoded(&self, text: &str) -> Vec<u8> {
        let of = |c: char| {
            let mut buffer = [0; 4];
            let (bytes, _, is_missing) = self.encoding.encode(c.encode_utf8(&mut buffer));
            match is_missing {
                true => REPLACEMENT.as_bytes().to_vec(),
                false => bytes.into_owned(),
            }
        };
        text.chars().flat_map(of).collect()
    }
}

/// What stands for a character that an encoding does not have.
const REPLACEMENT: &str = "?";

/// The character that parts most cells of the first line.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut within = false;
    for byte in bytes {
        match byte {
            b'"' => within = !within,
            b'\n' | b'\r' if !within => break,
            byte if !within => {
                for (delimiter, count) in &mut counts {
                    *count += usize::from(byte == delimiter);
                }
            }
            _ => {}
        }
    }
    // The first of equals: a line without any is one cell.
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    counts
        .iter()
        .find(|(_, count)| *count == most)
        .map_or(b',', |(delimiter, _)| *delimiter)
}

fn rows(bytes: &[u8], start: usize, delimiter: u8) -> Result<Vec<Vec<Cell>>, String> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut at = start;
    while at < bytes.len() {
        let from = at;
        let is_quoted = bytes[at] == b'"';
        if is_quoted {
            at += 1;
            loop {
                match (bytes.get(at), bytes.get(at + 1)) {
                    (Some(b'"'), Some(b'"')) => at += 2,
                    (Some(b'"'), _) => break,
                    (Some(_), _) => at += 1,
                    (None, _) => {
                        return Err(format!(
                            "the quoted cell that begins in row {} never ends",
                            rows.len() + 1
                        ));
                    }
                }
            }
        }
        while at < bytes.len() && bytes[at] != delimiter && !matches!(bytes[at], b'\n' | b'\r') {
            at += 1;
        }
        row.push(Cell {
            at: from..at,
            quoted: is_quoted,
        });
        if bytes.get(at) == Some(&delimiter) {
            at += 1;
            // A delimiter at the very end has an empty cell behind it.
            if at == bytes.len() || matches!(bytes[at], b'\n' | b'\r') {
                row.push(Cell {
                    at: at..at,
                    quoted: false,
                });
            } else {
                continue;
            }
        }
        rows.push(std::mem::take(&mut row));
        if bytes.get(at) == Some(&b'\r') {
            at += 1;
        }
        if bytes.get(at) == Some(&b'\n') {
            at += 1;
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::Sheet;

    #[test]
    fn only_the_changed_cell_changes() {
        let check = |before: &str, at: (usize, usize), text: &str, after: &str| {
            let mut sheet = Sheet::parse(before.as_bytes()).unwrap();
            assert_eq!(sheet.finish(), before.as_bytes(), "unchanged: {before:?}");
            sheet.set(at.0, at.1, text);
            assert_eq!(String::from_utf8(sheet.finish()).unwrap(), after);
        };
        check("a,b,c\r\n1,2,3\r\n", (1, 1), "9", "a,b,c\r\n1,9,3\r\n");
        check(
            "a;b\n\"x\"\"y;\n\";\"2\"",
            (1, 1),
            "9",
            "a;b\n\"x\"\"y;\n\";\"9\"",
        );
        check("\u{feff}a\tb\n1\t\n", (1, 1), "9", "\u{feff}a\tb\n1\t9\n");
        check("a,b,c\n1\n2,2,2", (1, 2), "9", "a,b,c\n1,,9\n2,2,2");
        check("a,b\n1,2", (1, 1), "=1+1", "a,b\n1,'=1+1");
        check("a,b\n1,2", (1, 1), "x, \"y\"", "a,b\n1,\"x, \"\"y\"\"\"");
        check("a,b\r1,2\r", (1, 0), "9", "a,b\r9,2\r");
        check("a,b\n\n1,2\n", (2, 0), "9", "a,b\n\n9,2\n");
    }

    #[test]
    fn cells_say_what_stands_in_them() {
        let sheet = Sheet::parse(b"\"a \"\"b\"\"\",\"\"\"c\"\"\",\"\",d \n").unwrap();
        assert_eq!(sheet.header(), ["a \"b\"", "\"c\"", "", "d "]);
    }

    #[test]
    fn what_is_no_sheet_is_refused() {
        let refused = |bytes: &[u8]| Sheet::parse(bytes).err().unwrap();
        assert!(refused(b"\xff\xfea\0").contains("UTF-16"));
        assert!(refused(b"PK\x03\x04..").contains("CSV"));
        assert!(refused(b"\xd0\xcf\x11\xe0..").contains("CSV"));
        assert!(refused(b"\n<!DOCTYPE html>\n<html>").contains("a web page"));
        assert!(refused(b"a,\"b\n").contains("never ends"));
        assert!(refused(b"").contains("empty"));
    }
}
