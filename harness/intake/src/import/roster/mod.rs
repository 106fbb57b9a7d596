//! A roster: a CSV file with the names, numbers and logins of the students of a class.
//!
//! Columns are known by their headers, as course systems, spreadsheets and people write them. A row belongs to a
//! submission when one of its numbers or logins is the submission's, else when its name is: whatever the order of its words,
//! with accents or without. Names that are one but for a word (a middle name) are joined where only one row and one
//! submission can be meant, and a note says so.

mod keys;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ipclab_report::{Line, Student, gradebook, names};

use super::found::Found;
use crate::failure::{Failure, reason};
use crate::{show, spreadsheet};
use keys::{first_and_last, keys_of, written};
use rows::Row;

/// The students of a class, as the roster names them.
#[derive(Debug)]
pub struct Roster {
    rows: Vec<Row>,
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
        if let Some(why) = gradebook::no_table(&bytes) {
            return Err(failed(why));
        }
        let text = spreadsheet::text(&bytes);
        Self::parse(&text).map_err(|why| {
            failed(&why).remedy(
                "its first line names the columns, for example: name,number,login,email,section; those of Moodle are known in \
                 twenty languages, else write them in English: Identifier,Full name,Status,Last modified (submission)",
            )
        })
    }

    /// Reads its text.
    ///
    /// # Errors
    /// Why it says nothing, as a sentence without its subject.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self {
            rows: rows::parse(text)?,
        })
    }

    /// Joins the rows to the submissions; gives the students who handed in nothing.
    pub fn join(&self, found: &mut [Found], notes: &mut Vec<String>) -> Vec<Student> {
        let exact = self.index(Row::keys);
        let mut present: BTreeSet<usize> = BTreeSet::new();
        // Submissions of each row's student.
        let mut by_row: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        // What has no row yet: a submission and its student.
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (at, one) in found.iter_mut().enumerate() {
            if one.who.students.is_empty() {
                one.who.students.push(Student::default());
            }
            for n in 0..one.who.students.len() {
                let keys = keys_of(&one.who.students[n], names_of(one, n));
                match matching(&exact, keys) {
                    Match::One(row) => {
                        present.insert(row);
                        by_row
                            .entry(row)
                            .or_default()
                            .insert(one.who.id.to_string());
                        self.rows[row].describe(one, n);
                    }
                    Match::None => open.push((at, n)),
                    Match::Several => notes.push(several(one)),
                }
            }
        }
        notes.extend(by_row.iter().filter(|(_, ids)| ids.len() > 1).map(|(row, ids)| {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            format!(
                "{} has {} submissions: {}. No gradebook gets a mark of them until all but one are taken out of the class",
                self.rows[*row].called(),
                ids.len(),
                ids.join(", ")
            )
        }));
        self.join_alike(found, &open, &mut present, notes);
        for one in found.iter_mut() {
            one.who
                .students
                .retain(|student| *student != Student::default());
        }
        let absent = self.rows.iter().enumerate();
        absent
            .filter(|(n, _)| !present.contains(n))
            .map(|(_, row)| row.student.clone())
            .collect()
    }

    /// Joins names that are one but for a word, where one row and one submission are left that it can be about.
    fn join_alike(
        &self,
        found: &mut [Found],
        open: &[(usize, usize)],
        present: &mut BTreeSet<usize>,
        notes: &mut Vec<String>,
    ) {
        let mut alike = self.index(|row| {
            row.student
                .name
                .iter()
                .flat_map(|name| first_and_last(name))
                .collect()
        });
        for rows in alike.values_mut() {
            rows.retain(|row| !present.contains(row));
        }
        let mut wanted: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, n) in open {
            let (one, student) = (&found[*at], &found[*at].who.students[*n]);
            let written = written(student, names_of(one, *n));
            let keys = written.iter().flat_map(|name| {
                let joined = names::spellings(name)
                    .into_iter()
                    .map(|words| words.concat());
                first_and_last(name).into_iter().chain(joined)
            });
            match matching(&alike, keys.collect()) {
                Match::One(row) => wanted.entry(row).or_default().push((*at, *n)),
                Match::Several => notes.push(several(one)),
                Match::None => {}
            }
        }
        for (row, by) in wanted {
            let name = self.rows[row]
                .student
                .name
                .as_ref()
                .map_or("", Line::as_str);
            if let [(at, n)] = by[..] {
                present.insert(row);
                notes.push(format!(
                    "{} was taken for {name} of the roster",
                    found[at].who.id
                ));
                self.rows[row].describe(&mut found[at], n);
            } else {
                let ids: Vec<&str> = by
                    .iter()
                    .map(|(at, _)| found[*at].who.id.as_str())
                    .collect();
                notes.push(format!(
                    "{name} of the roster could be any of {}",
                    ids.join(", ")
                ));
            }
        }
    }

    /// Rows by their keys.
    fn index(&self, keys: impl Fn(&Row) -> Vec<String>) -> BTreeMap<String, BTreeSet<usize>> {
        let mut by: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (n, row) in self.rows.iter().enumerate() {
            for key in keys(row) {
                by.entry(key).or_default().insert(n);
            }
        }
        by
    }
}

enum Match {
    None,
    One(usize),
    Several,
}

fn several(one: &Found) -> String {
    format!("the roster has several rows that could be {}", one.who.id)
}

/// What else a submission's student may be called.
fn names_of(one: &Found, student: usize) -> &[String] {
    if student == 0 { &one.names } else { &[] }
}

/// The row that the first key with any row names.
fn matching(by: &BTreeMap<String, BTreeSet<usize>>, keys: Vec<String>) -> Match {
    for key in keys {
        match by.get(&key).map(|rows| (rows.len(), rows.first())) {
            Some((1, Some(row))) => return Match::One(*row),
            Some((2.., _)) => return Match::Several,
            _ => {}
        }
    }
    Match::None
}

impl Row {
    /// The student's name, else what else stands there.
    fn called(&self) -> String {
        let name = self.student.name.as_ref();
        let known = name.or(self.student.ids.values().next());
        known.map_or(String::new(), Line::to_string)
    }

    /// Puts down what the row says of a submission's student.
    fn describe(&self, one: &mut Found, student: usize) {
        let own = &mut one.who.students[student];
        own.name = self.student.name.clone().or(own.name.take());
        own.ids.extend(self.student.ids.clone());
        one.who.late = self.late.or(one.who.late);
        let (row, timing) = (&self.timing, &mut one.who.timing);
        let given = |row: &Option<Line>, own: &mut Option<Line>| {
            if row.is_some() {
                own.clone_from(row);
            }
        };
        given(&row.handed_in, &mut timing.handed_in);
        given(&row.due, &mut timing.due);
        given(&row.unread, &mut timing.unread);
        timing.late_by_s = row.late_by_s.or(timing.late_by_s);
        timing.slip_days = row.slip_days.or(timing.slip_days);
    }
}

#[cfg(test)]
mod tests {
    use ipclab_report::Timing;

    use super::*;
    use crate::import::found::From;

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

    /// A worksheet of Moodle as roster wrote another number over the one that its gradebook knows.
    #[test]
    fn moodle_s_number_stays_the_one_that_its_own_files_have() {
        let found = Found::new("P", From::default()).by(None, &[("moodle", "17")]);
        let (found, _, _) = joined("Identifier,Full name\nParticipant 17,Jane\n", vec![found]);
        let id = found[0].who.students[0].id(Student::MOODLE);
        assert_eq!(id.map(Line::as_str), Some("17"));
        // In Portuguese no blank stands before the number; in German the column is called like Canvas's.
        for roster in [
            "Identificador,Nome completo,Última modificação (envio)\nParticipante17,Jane,-\n",
            "ID,Vollständiger Name,Zuletzt geändert (Abgabe)\nTeilnehmer/in 17,Jane,-\n",
        ] {
            let blind = Found::new("Participant_17", From::default()).by(None, &[("moodle", "17")]);
            let (found, missing, _) = joined(roster, vec![blind]);
            assert_eq!(
                (name(&found[0]).as_str(), missing.len()),
                ("Jane", 0),
                "{roster}"
            );
        }
    }

    /// Gradescope writes the section of a course that Canvas manages into a column of its own.
    #[test]
    fn a_section_is_read_from_either_column_of_gradescope() {
        for cells in ["A,", ",A", "A,A"] {
            let mut one = Found::new("bob", From::default());
            one.names.push("bob".to_owned());
            let roster = format!("Name,SID,Email,Sections,section_name\nBob,7,,{cells}\n");
            let (found, _, _) = joined(&roster, vec![one]);
            let section = found[0].who.students[0].id(Student::SECTION);
            assert_eq!(section.map(Line::as_str), Some("A"), "{cells}");
        }
    }

    /// `s1024` of a column `id` was taken for Moodle's `Participant 1024`: no folder of the class was found.
    #[test]
    fn an_id_of_letters_and_digits_is_an_id_as_it_stands() {
        for header in ["id", "identifier", "number", "login", "student id"] {
            let mut one = Found::new("s1024", From::default());
            one.names.push("s1024".to_owned());
            let roster = format!("{header},name,section\ns1024,Ada Lovelace,A\n");
            let (found, missing, _) = joined(&roster, vec![one]);
            assert_eq!(
                (name(&found[0]).as_str(), missing.len()),
                ("Ada Lovelace", 0),
                "{header}"
            );
        }
    }

    /// Twelve of thirty had been graded, and were listed as missing, too.
    #[test]
    fn a_name_is_found_whatever_its_accents_order_and_middle_names() {
        let check = |roster: &str, called: &str, expect: &str| {
            let mut one = Found::new(called, From::default());
            one.names.push(called.to_owned());
            let (found, missing, notes) = joined(roster, vec![one]);
            assert_eq!(name(&found[0]), expect, "{roster} {called} {notes:?}");
            assert_eq!(missing.is_empty(), !expect.is_empty(), "{roster} {called}");
        };
        check("name\nZoë Müller\n", "zoe muller", "Zoë Müller");
        check("name\nZoë Müller\n", "mullerzoe", "Zoë Müller");
        check("name\nZoë Müller\n", "muellerzoe", "Zoë Müller");
        check("name\nZoe Mueller\n", "müllerzoë", "Zoe Mueller");
        check("name\nZoë Müller\n", "mllerzo", "Zoë Müller");
        check(
            "Last name,First name\nGarcía López,María José\n",
            "garcialopezmariajose",
            "María José García López",
        );
        check(
            "name\n\"Nguyễn, Thị Ánh\"\n",
            "Nguyen_Anh_Thi",
            "Thị Ánh Nguyễn",
        );
        check("name\nSeán O'Neill\n", "oneillsean", "Seán O'Neill");
        check("name\nAda Lovelace\n", "Lovelace, Ada", "Ada Lovelace");
        check("name\n李 雷\n", "雷李", "李 雷");
        // A middle name that only one of them has.
        check("name\nJane Mary Doe\n", "Jane Doe", "Jane Mary Doe");
        check("name\nJane Mary Doe\n", "doejane", "Jane Mary Doe");
        check("name\nJane Doe\n", "Jane M. Doe", "Jane Doe");
        // Nobody is guessed.
        check("name\nJane Mary Doe\nJane Ann Doe\n", "Jane Doe", "");
        check("name\nAna Silva\n", "Ana Silveira", "");
        // A name as it is written counts before the same without accents.
        check("name\nAndré Roy\n", "andreroy", "André Roy");
        let one = |called: &str| {
            let mut one = Found::new(called, From::default());
            one.names.push(called.to_owned());
            one
        };
        let (found, missing, _) = joined(
            "name,number\nAndré Roy,1\nAndre Roy,2\n",
            vec![one("André Roy"), one("Andre Roy")],
        );
        assert_eq!(
            (name(&found[0]), name(&found[1]), missing.len()),
            ("André Roy".to_owned(), "Andre Roy".to_owned(), 0)
        );
        // Of two that could be one row, none is it.
        let (found, missing, notes) = joined(
            "name\nJane Mary Doe\n",
            vec![one("Jane Doe"), one("Jane Q. Doe")],
        );
        assert_eq!(
            (name(&found[0]).as_str(), missing.len()),
            ("", 1),
            "{notes:?}"
        );
    }

    #[test]
    fn what_came_when_is_read_as_systems_write_it() {
        let check = |roster: &str, expect: Timing| {
            let mut one = Found::new("bob", From::default());
            one.names.push("bob".to_owned());
            let (found, _, _) = joined(roster, vec![one]);
            assert_eq!(found[0].who.timing, expect, "{roster}");
        };
        let none = Timing::default;
        // Gradescope's grades.
        check(
            "First Name,Last Name,SID,Sections,Status,Submission Time,Lateness (H:M:S)\n,Bob,7,A,Graded,2026-03-01 10:00:00 -0800,26:00:05\n",
            Timing {
                handed_in: Some("2026-03-01 10:00:00 -0800".into()),
                late_by_s: Some(93_605),
                ..none()
            },
        );
        // Moodle's worksheet.
        check(
            "Full name,Status,Last modified (submission)\nBob,Submitted for grading - 2 days 3 hours late,\"Sunday, 1 March 2026, 1:00 PM\"\n",
            Timing {
                handed_in: Some("Sunday, 1 March 2026, 1:00 PM".into()),
                late_by_s: Some(183_600),
                ..none()
            },
        );
        check(
            "Full name,Status,Last modified (submission)\nBob,No submission,-\n",
            none(),
        );
        // In other languages, and with what stands behind the span.
        check(
            "Identifikator,Vollständiger Name,Status,Zuletzt geändert (Abgabe)\nTeilnehmer/in 4,Bob,Zur Bewertung abgegeben - 2 Tage 3 Stunden zu spät - Bewertet,\"Sonntag, 1. März 2026, 13:00\"\n",
            Timing {
                handed_in: Some("Sonntag, 1. März 2026, 13:00".into()),
                late_by_s: Some(183_600),
                ..none()
            },
        );
        check(
            "Identificador,Nome completo,Status,Última modificação (envio)\nParticipante101,Bob,Enviado para avaliação -  - ,\"segunda-feira, 14 set. 2026, 21:51\"\n",
            Timing {
                handed_in: Some("segunda-feira, 14 set. 2026, 21:51".into()),
                ..none()
            },
        );
        check(
            "Full name,Status,Last modified (submission)\nBob,\"Submitted for grading - Extension granted until: Monday, 9 March 2026, 1:00 PM\",\"Sunday, 8 March 2026, 1:00 PM\"\n",
            Timing {
                handed_in: Some("Sunday, 8 March 2026, 1:00 PM".into()),
                due: Some("monday, 9 march 2026, 1:00 pm".into()),
                ..none()
            },
        );
        // What is in none of the languages is kept, and not guessed.
        check(
            "Full name,Status\nBob,Przesłane do oceny - spóźnione o 2 dni\n",
            Timing {
                unread: Some("spóźnione o 2 dni".into()),
                ..none()
            },
        );
        // What Canvas's interface gives, and an instructor's own columns.
        check(
            "name,seconds_late\nBob,60\n",
            Timing {
                late_by_s: Some(60),
                ..none()
            },
        );
        check(
            "name,days late\nBob,2\n",
            Timing {
                late_by_s: Some(172_800),
                ..none()
            },
        );
        // A word that is not known is no word for "in time".
        for (column, cell) in [
            ("late", "ja"),
            ("late by", "zwei Tage"),
            ("slip days", "two"),
        ] {
            check(
                &format!("name,{column}\nBob,{cell}\n"),
                Timing {
                    unread: Some(cell.into()),
                    ..none()
                },
            );
        }
        check("name,late,late by\nBob,-,-\n", none());
        check(
            "name;extension;slip days\nBob;2026-03-09 12:00;0\n",
            Timing {
                due: Some("2026-03-09 12:00".into()),
                slip_days: Some(0),
                ..none()
            },
        );
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

    /// Three submissions of one student were graded, and only the filled gradebook said that none of them counts.
    #[test]
    fn several_submissions_of_one_student_are_told() {
        let folder = |name: &str| {
            let mut found = Found::new(name, From::default());
            found.names.push(name.to_owned());
            found
        };
        let class = vec![folder("Jane Doe"), folder("Bob"), folder("jane doe")];
        let (_, missing, notes) = joined("name,number\nJane Doe,1\nBob,2\n", class);
        assert!(missing.is_empty());
        let [note] = &notes[..] else {
            panic!("{notes:?}")
        };
        assert!(note.starts_with("Jane Doe has 2 submissions: Jane Doe, jane doe."));
    }

    #[test]
    fn late_is_carried_and_a_gradebooks_second_line_is_nobody() {
        let mut one = Found::new("bob", From::default());
        one.names.push("bob".to_owned());
        let (found, missing, _) =
            joined("Student,Late\n    Points Possible,\nBob,yes\n", vec![one]);
        assert_eq!((found[0].who.late, missing.len()), (Some(true), 0));
    }

    /// It was listed among those who handed in nothing, and got the mark of that.
    #[test]
    fn the_test_student_of_canvas_is_no_student() {
        let check = |roster: &str, expect: usize| {
            let (_, missing, _) = joined(roster, Vec::new());
            assert_eq!(missing.len(), expect, "{roster}");
        };
        let canvas = "Student,ID,SIS User ID,SIS Login ID,Section\n\"Doe, Jane\",1,s1,jane,A\n";
        check(&format!("{canvas}\"Student, Test\",9,,0a1b,A\n"), 1);
        check(&format!("{canvas}\"Student, Test\",9,s9,test,A\n"), 2);
        check("name,number\nTest Student,\n", 1);
    }

    /// The bytes of a file of Excel's were shown as the headers that there are.
    #[test]
    fn what_is_no_table_is_called_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let check = |bytes: &[u8], says: &str| {
            let file = folder.path().join("students.csv");
            std::fs::write(&file, bytes).unwrap();
            let failure = Roster::read(&file).unwrap_err().to_string();
            assert!(failure.contains(says), "{failure}");
        };
        check(b"PK\x03\x04\x14\0\0", "a spreadsheet's own format");
        check(b"<html><head>", "a web page");
    }

    #[test]
    fn a_file_that_says_nothing_of_anybody_is_refused() {
        let error = Roster::parse("points,late\n1,2\n").unwrap_err();
        assert!(error.contains("points, late"), "{error}");
        assert!(Roster::parse("").is_err());
    }
}
