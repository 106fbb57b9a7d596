//! A roster: a CSV file with the names, numbers and logins of the students of a class.
//!
//! Columns are known by their headers, as course systems, spreadsheets and people write them. A row belongs to a
//! submission when one of its numbers or logins is the submission's, else when its name is.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ipclab_report::{Line, Student};

use super::found::Found;
use crate::failure::{Failure, reason};
use crate::show;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    First,
    Last,
    /// An id, by its constant of [`Student`].
    Id(&'static str),
    Late,
}

/// The students of a class, as the roster names them.
#[derive(Debug)]
pub struct Roster {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    student: Student,
    late: Option<bool>,
}

/// The text of a file as spreadsheets write it: with a byte order mark, UTF-8, or the encoding of Windows in the west.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    // A mark decides whatever the second choice is; and in UTF-16 without one every other byte of a header is 0.
    let encoding = match bytes {
        [0, _, 0, _, ..] => encoding_rs::UTF_16BE,
        [_, 0, _, 0, ..] => encoding_rs::UTF_16LE,
        _ if std::str::from_utf8(bytes).is_ok() => encoding_rs::UTF_8,
        _ => encoding_rs::WINDOWS_1252,
    };
    encoding.decode(bytes).0
}

impl Roster {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no CSV, or has no column that identifies a student.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let display = show::path(path);
        let failed = |why: &str| Failure::usage(format!("reading the roster {display}: {why}"));
        let bytes = std::fs::read(path).map_err(|error| failed(&reason(&error)))?;
        let text = text(&bytes);
        Self::parse(&text).map_err(|why| {
            failed(&why).remedy(
                "its first line names the columns, for example: name,number,login,email,section",
            )
        })
    }

    /// Reads its text.
    ///
    /// # Errors
    /// Why it says nothing, as a sentence without its subject.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().next().unwrap_or_default();
        // What there is most of in the first line stands between the columns.
        let count = |c: char| first.matches(c).count();
        let delimiter = [',', ';', '\t']
            .into_iter()
            .max_by_key(|c| (count(*c), *c == ','))
            .unwrap_or(',');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter as u8)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|error| error.to_string())?.clone();
        let columns: Vec<Option<Column>> = headers.iter().map(column).collect();
        let says_who = columns
            .iter()
            .flatten()
            .any(|column| !matches!(column, Column::Late | Column::Id(Student::SECTION)));
        if !says_who {
            return Err(format!(
                "no column says who somebody is; there are: {}",
                Line::new(&headers.iter().collect::<Vec<_>>().join(", "))
            ));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            rows.extend(row(&columns, &record));
        }
        Ok(Self { rows })
    }

    /// Joins the rows to the submissions; gives the students who handed in nothing.
    pub fn join(&self, found: &mut [Found], notes: &mut Vec<String>) -> Vec<Student> {
        let mut by: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (n, row) in self.rows.iter().enumerate() {
            for key in row.keys() {
                by.entry(key).or_default().insert(n);
            }
        }
        let mut present: BTreeSet<usize> = BTreeSet::new();
        for one in found.iter_mut() {
            let mut students = std::mem::take(&mut one.who.students);
            if students.is_empty() {
                students.push(Student::default());
            }
            for (n, student) in students.iter_mut().enumerate() {
                let names: &[String] = if n == 0 { &one.names } else { &[] };
                match matching(&by, student, names) {
                    Match::One(row) => {
                        present.insert(row);
                        let row = &self.rows[row];
                        student.name = row.student.name.clone().or(student.name.take());
                        student.ids.extend(row.student.ids.clone());
                        one.who.late = row.late.or(one.who.late);
                    }
                    Match::None => {}
                    Match::Several => notes.push(format!(
                        "the roster has several rows that could be {}",
                        one.who.id
                    )),
                }
            }
            students.retain(|student| *student != Student::default());
            one.who.students = students;
        }
        let absent = self.rows.iter().enumerate();
        absent
            .filter(|(n, _)| !present.contains(n))
            .map(|(_, row)| row.student.clone())
            .collect()
    }
}

enum Match {
    None,
    One(usize),
    Several,
}

/// The row of a student: numbers and logins count before names.
fn matching(by: &BTreeMap<String, BTreeSet<usize>>, student: &Student, names: &[String]) -> Match {
    let section = |key: &Line| key.as_str() == Student::SECTION;
    let ids = student.ids.iter().filter(|(key, _)| !section(key));
    let exact = ids.map(|(key, id)| format!("{key}:{}", simple(id)));
    let own_name = student.name.iter().map(Line::to_string);
    let written: Vec<String> = own_name.chain(names.iter().cloned()).collect();
    // A folder may be called by a number, a login or the part of an address before the @.
    let loose = written.iter().flat_map(|name| {
        ["any", "name"].map(|key| {
            format!(
                "{key}:{}",
                if key == "name" {
                    letters(name)
                } else {
                    simple(name)
                }
            )
        })
    });
    for key in exact.chain(loose) {
        match by.get(&key).map(|rows| (rows.len(), rows.first())) {
            Some((1, Some(row))) => return Match::One(*row),
            Some((2.., _)) => return Match::Several,
            _ => {}
        }
    }
    Match::None
}

impl Row {
    /// Everything that this row may be asked for by.
    fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for (key, id) in &self.student.ids {
            if key.as_str() == Student::SECTION {
                continue;
            }
            keys.push(format!("{key}:{}", simple(id)));
            keys.push(format!("any:{}", simple(id)));
            if key.as_str() == Student::EMAIL
                && let Some((login, _)) = id.split_once('@')
            {
                keys.push(format!("any:{}", simple(login)));
            }
        }
        if let Some(name) = &self.student.name {
            keys.push(format!("name:{}", letters(name)));
            // Canvas has the family name first, without anything in between; `Doe, Jane` is written so, too.
            let words: Vec<&str> = name.split_whitespace().collect();
            for at in 1..words.len() {
                let (first, last) = words.split_at(at);
                keys.push(format!(
                    "name:{}",
                    letters(&[last, first].concat().join(" "))
                ));
            }
        }
        keys
    }
}

fn row(columns: &[Option<Column>], record: &csv::StringRecord) -> Option<Row> {
    let mut student = Student::default();
    let mut late = None;
    let (mut first, mut last) = (String::new(), String::new());
    for (column, cell) in columns.iter().zip(record) {
        match column {
            _ if cell.is_empty() => {}
            None => {}
            Some(Column::Name) => student.name = Some(Line::new(&in_order(cell))),
            Some(Column::First) => first = cell.to_owned(),
            Some(Column::Last) => last = cell.to_owned(),
            Some(Column::Id(key)) => {
                student.ids.insert(Line::new(key), Line::new(cell));
            }
            Some(Column::Late) => late = truth(cell),
        }
    }
    let both = format!("{first} {last}");
    if student.name.is_none() && !both.trim().is_empty() {
        student.name = Some(Line::new(both.trim()));
    }
    // The second line of a Canvas gradebook is about points.
    let is_nobody = student.ids.is_empty()
        && student
            .name
            .as_ref()
            .is_none_or(|name| name.trim() == "Points Possible");
    (!is_nobody).then_some(Row { student, late })
}

/// `Doe, Jane` is Jane Doe.
fn in_order(name: &str) -> String {
    match name.split_once(',') {
        Some((last, first)) => format!("{} {}", first.trim(), last.trim()),
        None => name.to_owned(),
    }
}

fn truth(cell: &str) -> Option<bool> {
    match cell.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "late" | "x" => Some(true),
        "no" | "n" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn column(header: &str) -> Option<Column> {
    let header: String = header
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    Some(match header.as_str() {
        "name" | "fullname" | "student" | "studentname" | "displayname" => Column::Name,
        "firstname" | "first" | "givenname" | "forename" => Column::First,
        "lastname" | "last" | "surname" | "familyname" => Column::Last,
        "id" | "canvasid" | "canvasuserid" => Column::Id(Student::CANVAS),
        "number"
        | "studentid"
        | "studentnumber"
        | "sid"
        | "sisuserid"
        | "sisid"
        | "idnumber"
        | "matriculation"
        | "matriculationnumber" => Column::Id(Student::NUMBER),
        "login" | "sisloginid" | "loginid" | "user" | "userid" | "netid" | "account" => {
            Column::Id(Student::LOGIN)
        }
        "github" | "githubusername" | "githublogin" | "username" => Column::Id(Student::GITHUB),
        "email" | "emailaddress" | "mail" => Column::Id(Student::EMAIL),
        "identifier" | "moodleid" | "participant" => Column::Id(Student::MOODLE),
        "section" | "group" | "class" | "sections" => Column::Id(Student::SECTION),
        "late" => Column::Late,
        _ => return None,
    })
}

/// A number or login as it is compared: Moodle writes `Participant 17`.
fn simple(id: &str) -> String {
    let id = id.trim().to_lowercase();
    id.strip_prefix("participant ").unwrap_or(&id).to_owned()
}

/// A name as it is compared.
fn letters(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::found::From;
    use super::*;

    fn joined(roster: &str, mut found: Vec<Found>) -> (Vec<Found>, Vec<Student>, Vec<String>) {
        let mut notes = Vec::new();
        let missing = Roster::parse(roster).unwrap().join(&mut found, &mut notes);
        (found, missing, notes)
    }

    fn name(found: &Found) -> String {
        let name = found
            .who
            .students
            .first()
            .and_then(|student| student.name.clone());
        name.map_or(String::new(), |name| name.to_string())
    }

    #[test]
    fn rows_are_joined_by_numbers_logins_and_names() {
        let check = |roster: &str, found: Found, expect: &str| {
            let (found, _, notes) = joined(roster, vec![found]);
            assert_eq!(name(&found[0]), expect, "{roster} {notes:?}");
        };
        let folder = |name: &str| {
            let mut found = Found::new(name, From::default());
            found.names.push(name.to_owned());
            found
        };
        let canvas =
            Found::new("doejane_7", From::default()).by(Some("doejane"), &[("canvas", "7")]);
        check("Name,ID\nJane Doe,7\n", canvas.clone(), "Jane Doe");
        check(
            "Student,SIS Login ID\n\"Doe, Jane\",jd\n",
            canvas,
            "Jane Doe",
        );
        check(
            "\u{feff}First name;Surname;Student ID\nJane;Doe;42\n",
            folder("42"),
            "Jane Doe",
        );
        check(
            "name,email\nJane Doe,jdoe@x.edu\n",
            folder("jdoe"),
            "Jane Doe",
        );
        check(
            "name\nJane Mary Doe\n",
            folder("doe jane mary"),
            "Jane Mary Doe",
        );
        check(
            "Identifier,Full name\nParticipant 17,Jane\n",
            Found::new("P", From::default()).by(None, &[("moodle", "17")]),
            "Jane",
        );
        check(
            "username,first_name,last_name\nada1,Ada,L\n",
            Found::new("lab-ada1", From::default()).by(None, &[("github", "ada1")]),
            "Ada L",
        );
        check("name\nSomebody Else\n", folder("jdoe"), "");
    }

    #[test]
    fn a_duplicate_entry_is_not_guessed_and_a_student_without_files_is_reported() {
        let mut one = Found::new("jane", From::default());
        one.names.push("jane".to_owned());
        let (found, missing, notes) = joined("name,late\nJane,no\nJane,yes\nBob,\n", vec![one]);
        assert_eq!(name(&found[0]), "");
        assert_eq!(missing.len(), 3);
        assert_eq!(notes, ["the roster has several rows that could be jane"]);
    }

    #[test]
    fn late_is_carried_and_a_gradebooks_second_line_is_nobody() {
        let mut one = Found::new("bob", From::default());
        one.names.push("bob".to_owned());
        let (found, missing, _) =
            joined("Student,Late\n    Points Possible,\nBob,yes\n", vec![one]);
        assert_eq!((found[0].who.late, missing.len()), (Some(true), 0));
    }

    #[test]
    fn a_file_that_says_nothing_of_anybody_is_refused() {
        let error = Roster::parse("points,late\n1,2\n").unwrap_err();
        assert!(error.contains("points, late"), "{error}");
        assert!(Roster::parse("").is_err());
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
