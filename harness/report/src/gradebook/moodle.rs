//! Moodle: the grading worksheet of an assignment, downloaded and uploaded on the same page.

use super::sheet::Sheet;
use super::{FilledGradebook, Names, Row, column, feedback, mark, same_max};
use crate::moodle::{self, Header};
use crate::{Class, Student};

/// Headers of the columns, where a worksheet has others: Moodle writes them in the teacher's language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// `Grade`
    pub grade: Option<String>,
    /// `Feedback comments`
    pub feedback: Option<String>,
}

const GRADE: [&str; 8] = [
    "Grade",
    "Bewertung",
    "Note",
    "Calificación",
    "Valutazione",
    "Cijfer",
    "Nota",
    "Avaliação",
];
const MAXIMUM: [&str; 6] = [
    "Maximum grade",
    "Maximum Grade",
    "Bestwertung",
    "Note maximale",
    "Calificación máxima",
    "Valutazione massima",
];
const FEEDBACK: [&str; 6] = [
    "Feedback comments",
    "Feedback als Kommentar",
    "Feedback par commentaires",
    "Comentarios de retroalimentación",
    "Commenti",
    "Comentários de feedback",
];

/// Fills marks and feedback.
///
/// # Errors
/// It is no worksheet, or its columns are called in a way that has to be told: the headers are named.
pub fn fill(worksheet: &[u8], columns: &Columns, class: &Class) -> Result<FilledGradebook, String> {
    let mut sheet = Sheet::parse(worksheet)?;
    let header = sheet.header();
    let named = |given: &Option<String>, usual: &[&str]| match given {
        Some(name) => column(&header, &[name.as_str()]),
        None => column(&header, usual),
    };
    let wrong = |what: &str| {
        format!(
            "no column of it is known to be the one of {what}; name it, one of: {}",
            header.join(", ")
        )
    };
    // Whatever it is called, it stands first and its cells end with the number: `Participant 4711`.
    let identifier = column(&header, &moodle::names(Header::Identifier))
        .or_else(|| number_at_end(&sheet.cell(1, 0)).map(|_| 0))
        .ok_or_else(|| wrong("identifiers"))?;
    let grade = named(&columns.grade, &GRADE).ok_or_else(|| wrong("grades"))?;
    let comments = named(&columns.feedback, &FEEDBACK);
    if let (Some(name), None) = (&columns.feedback, comments) {
        return Err(wrong(&format!("feedback, {name}")));
    }
    let known = |header_of| column(&header, &moodle::names(header_of));
    let name = known(Header::FullName);
    let number = known(Header::Number);
    let email = known(Header::Email);
    let maximum = column(&header, &MAXIMUM);
    let changeable = column(&header, &["Grade can be changed"]);
    let names = (1..sheet.len()).filter_map(|at| Some(sheet.cell(at, name?)));
    let mut known = Names::new(class, names);
    let mut filled = FilledGradebook::default();
    let mut absent = Vec::new();
    for at in 1..sheet.len() {
        let cell =
            |column: Option<usize>| column.map_or(String::new(), |column| sheet.cell(at, column));
        let Some(id) = number_at_end(&sheet.cell(at, identifier)) else {
            continue;
        };
        let display_name = match cell(name) {
            name if name.trim().is_empty() => sheet.cell(at, identifier),
            name => name,
        };
        let row = Row {
            ids: vec![
                (Student::MOODLE, id),
                (Student::NUMBER, cell(number)),
                (Student::EMAIL, cell(email)),
            ],
            name: display_name,
        };
        if filled.warnings.is_empty() {
            filled.warnings.extend(same_max(class, &cell(maximum)));
        }
        match known.member(&row) {
            Err(why) => {
                filled.ambiguous += 1;
                filled.warnings.push(why);
            }
            Ok(None) => {
                filled.no_submission.push(row.name);
                if !cell(changeable).trim().eq_ignore_ascii_case("No") {
                    absent.push(at);
                }
            }
            Ok(Some(_)) if cell(changeable).trim().eq_ignore_ascii_case("No") => {
                let why = "Moodle says that this grade cannot be changed, and it was not";
                filled.warnings.push(format!("{}: {why}", row.name));
            }
            Ok(Some(member)) => match mark(member) {
                Ok(points) => {
                    sheet.set(at, grade, &points.to_string());
                    if let Some(comments) = comments {
                        sheet.set(at, comments, &feedback(class, member));
                    }
                    filled.written += 1;
                }
                Err(why) => filled.not_final.push(why),
            },
        }
    }
    filled.no_row = known.not_found();
    filled.not_handed_in(&mut sheet, grade, &absent, class);
    filled.bytes = sheet.finish();
    Ok(filled)
}

/// `4711` of `Participant 4711`.
fn number_at_end(text: &str) -> Option<String> {
    let text = text.trim();
    let start = text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    (start < text.len()).then(|| text[start..].to_owned())
}
