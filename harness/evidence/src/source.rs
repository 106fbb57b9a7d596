//! Lines of the files that were handed in, and which address of a program comes from which of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A line of a file that was handed in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceLine {
    /// The file, relative to the submission.
    pub file: String,
    /// From 1.
    pub line: u32,
}

impl std::fmt::Display for SourceLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Where a thread began: the function that was handed to `pthread_create(3)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThreadStart {
    /// Its name, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Its first line.
    pub line: SourceLine,
}

impl std::fmt::Display for ThreadStart {
    /// `reader() at client.c:12`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.function {
            Some(function) => write!(f, "{function}() at {}", self.line),
            None => write!(f, "{}", self.line),
        }
    }
}

/// Which line each address of a program comes from, by addresses as its file has them.
///
/// Only lines of files that were handed in are in it: for every other address there is no line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineTable {
    /// Files of the submission, by their place here.
    files: Vec<String>,
    /// In the order of their addresses.
    rows: Rows,
    /// Where the program's rules for going from a frame to its caller's are, `.eh_frame`: its first address and its length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<(u64, u64)>,
    /// Functions by the addresses at which they begin, of programs that make threads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    functions: BTreeMap<u64, String>,
}

/// From here on up to the next row, the program comes from this line; line 0: from no known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineRow {
    /// The first address.
    pub address: u64,
    /// Index into the table's files.
    pub file: u32,
    /// From 1; 0: not known.
    pub line: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rows(Vec<LineRow>);

/// Functions whose names are kept: a program of a lab has some tens.
const FUNCTIONS_MAX: usize = 1_000;
const NAME_MAX: usize = 64;

/// Whether a text can be the name of a function in C.
fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| !byte.is_ascii_digit());
    begins && text.len() <= NAME_MAX && text.bytes().all(is_part)
}

impl LineTable {
    /// A table of these rows, in whatever order they are. Where two begin at one address, nothing is known there.
    #[must_use]
    pub fn new(files: Vec<String>, mut rows: Vec<LineRow>) -> Self {
        for row in &mut rows {
            if files.get(row.file as usize).is_none() || row.line == 0 {
                (row.file, row.line) = (0, 0);
            }
        }
        rows.sort_by_key(|row| row.address);
        let mut merged: Vec<LineRow> = Vec::new();
        for row in rows {
            match merged.last_mut() {
                Some(last) if last.address == row.address => {
                    // The end of one sequence is often where the next one begins.
                    if last.line == 0 {
                        *last = row;
                    } else if row.line != 0 && (last.file, last.line) != (row.file, row.line) {
                        (last.file, last.line) = (0, 0);
                    }
                }
                Some(last) if (last.file, last.line) == (row.file, row.line) => {}
                Some(_) | None => merged.push(row),
            }
        }
        Self {
            files,
            rows: Rows(merged),
            rules: None,
            functions: BTreeMap::new(),
        }
    }

    /// The same with the place of the program's rules for frames.
    #[must_use]
    pub fn with_rules(self, rules: Option<(u64, u64)>) -> Self {
        Self { rules, ..self }
    }

    /// The same with the names of functions by the addresses at which they begin. One that begins in no known line is left out, and
    /// so is what is no name of C.
    #[must_use]
    pub fn with_functions(self, functions: impl IntoIterator<Item = (u64, String)>) -> Self {
        let known = functions
            .into_iter()
            .filter(|(address, name)| is_name(name) && self.at(*address).is_some());
        let functions = known.take(FUNCTIONS_MAX).collect();
        Self { functions, ..self }
    }

    /// The names of functions by the addresses at which they begin.
    #[must_use]
    pub fn functions(&self) -> &BTreeMap<u64, String> {
        &self.functions
    }

    /// The function that begins at an address, as one that a thread began with.
    #[must_use]
    pub fn start_at(&self, address: u64) -> Option<ThreadStart> {
        Some(ThreadStart {
            function: self.functions.get(&address).cloned(),
            line: self.at(address)?,
        })
    }

    /// Where the program's rules for frames are: its first address and its length.
    #[must_use]
    pub fn rules(&self) -> Option<(u64, u64)> {
        self.rules
    }

    /// Whether it knows no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.0.iter().all(|row| row.line == 0)
    }

    /// The files, as rows number them.
    #[must_use]
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The rows, in the order of their addresses.
    #[must_use]
    pub fn rows(&self) -> &[LineRow] {
        &self.rows.0
    }

    /// The line that an address comes from.
    #[must_use]
    pub fn at(&self, address: u64) -> Option<SourceLine> {
        let rows = &self.rows.0;
        let next = rows.partition_point(|row| row.address <= address);
        let row = rows.get(next.checked_sub(1)?)?;
        let file = self.files.get(row.file as usize)?;
        (row.line > 0).then(|| SourceLine {
            file: file.clone(),
            line: row.line,
        })
    }
}

/// As one text, `1139 0 12;113d 0 13`: a plan in JSON would else be mostly braces.
impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.0.iter();
        let rows: Vec<String> = rows
            .map(|row| format!("{:x} {} {}", row.address, row.file, row.line))
            .collect();
        serializer.serialize_str(&rows.join(";"))
    }
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let row = |text: &str| {
            let mut words = text.split(' ');
            let row = LineRow {
                address: u64::from_str_radix(words.next()?, 16).ok()?,
                file: words.next()?.parse().ok()?,
                line: words.next()?.parse().ok()?,
            };
            words.next().is_none().then_some(row)
        };
        let rows = text.split(';').filter(|text| !text.is_empty()).map(|text| {
            row(text).ok_or_else(|| de::Error::custom(format!("{text:?} is no row of lines")))
        });
        rows.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::{LineRow, LineTable};

    fn table(rows: &[(u64, u32, u32)]) -> LineTable {
        let rows = rows.iter().map(|(address, file, line)| LineRow {
            address: *address,
            file: *file,
            line: *line,
        });
        LineTable::new(vec!["a.c".to_owned(), "b.h".to_owned()], rows.collect())
    }

    #[test]
    fn an_address_has_the_line_of_the_row_before_it() {
        let known = table(&[(0x10, 0, 3), (0x20, 1, 7), (0x30, 0, 0), (0x40, 0, 4)]);
        for (address, expect) in [
            (0x0f, ""),
            (0x10, "a.c:3"),
            (0x1f, "a.c:3"),
            (0x20, "b.h:7"),
            (0x30, ""),
            (0x3f, ""),
            (u64::MAX, "a.c:4"),
        ] {
            let line = known.at(address).map(|line| line.to_string());
            assert_eq!(line.unwrap_or_default(), expect, "{address:#x}");
        }
    }

    #[test]
    fn what_contradicts_itself_says_nothing() {
        let check = |rows: &[(u64, u32, u32)], address: u64, expect: &str| {
            let line = table(rows).at(address).map(|line| line.to_string());
            assert_eq!(line.unwrap_or_default(), expect, "{rows:?}");
        };
        check(&[(0x10, 0, 3), (0x10, 0, 4)], 0x10, "");
        check(&[(0x10, 0, 3), (0x10, 0, 3)], 0x10, "a.c:3");
        // One sequence ends where the next begins, in whatever order they stand.
        check(&[(0x20, 0, 0), (0x20, 0, 5)], 0x21, "a.c:5");
        check(&[(0x20, 0, 5), (0x20, 0, 0)], 0x21, "a.c:5");
        check(&[(0x10, 9, 3)], 0x10, "");
        check(&[], 0x10, "");
    }

    #[test]
    fn a_function_has_a_name_of_c_and_a_known_line() {
        let named = [
            (0x10, "reader"),
            (0x20, "9lives"),
            (0x30, "gone"),
            (0x40, "a\u{1b}[31m"),
        ];
        let known = table(&[(0x10, 0, 3), (0x20, 1, 7), (0x30, 0, 0), (0x40, 0, 4)])
            .with_functions(named.map(|(address, name)| (address, name.to_owned())));
        for (address, expect) in [
            (0x10, "reader() at a.c:3"),
            (0x20, "b.h:7"),
            (0x30, ""),
            (0x40, "a.c:4"),
        ] {
            let start = known.start_at(address).map(|start| start.to_string());
            assert_eq!(start.unwrap_or_default(), expect, "{address:#x}");
        }
        let written = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<LineTable>(&written).unwrap(), known);
    }

    #[test]
    fn a_table_reads_back_and_rubbish_is_refused() {
        let known = table(&[(0x1139, 0, 12), (0x113d, 1, 13), (0x1200, 0, 0)]);
        let written = serde_json::to_string(&known).unwrap();
        assert_eq!(
            written,
            r#"{"files":["a.c","b.h"],"rows":"1139 0 12;113d 1 13;1200 0 0"}"#
        );
        assert_eq!(serde_json::from_str::<LineTable>(&written).unwrap(), known);
        for rows in ["x 0 1", "1 0", "1 0 1 1", "1 -1 1", "1 0 99999999999"] {
            let text = format!(r#"{{"files":["a.c"],"rows":"{rows}"}}"#);
            assert!(serde_json::from_str::<LineTable>(&text).is_err(), "{rows}");
        }
    }
}
