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

/// Fills marks and feedback.
///
/// # Errors
/// It is no worksheet, or its columns are called in a way that has to be told: the headers are named.
pub fn fill(worksheet: &[u8], columns: &Columns, class: &Class) -> Result<FilledGradebook, String> {
    let mut sheet = Sheet::parse(worksheet)?;
    let header = sheet.header();
    let known = |wanted: Header| {
        let mut columns = header.iter();
        columns.position(|title| moodle::header(title) == Some(wanted))
    };
    let named = |given: &Option<String>, usual: Header| match given {
        Some(name) => column(&header, &[name.as_str()]),
        None => known(usual),
    };
    let wrong = |what: &str, option: &str| {
        format!(
            "no column of it is known to be the one of {what}; name it with {option}, one of: {}",
            header.join(", ")
        )
    };
    // Whatever it is called, it stands first and its cells end with the number: `Participant 4711`.
    let identifier = known(Header::Identifier)
        .or_else(|| number_at_end(&sheet.cell(1, 0)).map(|_| 0))
        .ok_or_else(|| no_worksheet(&header))?;
    let grade = named(&columns.grade, Header::Grade).ok_or_else(|| wrong("grades", "--column"))?;
    let comments = named(&columns.feedback, Header::Feedback);
    if let (Some(name), None) = (&columns.feedback, comments) {
        return Err(wrong(&format!("feedback, {name}"), "--feedback"));
    }
    let name = known(Header::FullName);
    let number = known(Header::Number);
    let email = known(Header::Email);
    let maximum = known(Header::Maximum);
    let changeable = known(Header::Changeable);
    let names = (1..sheet.len()).filter_map(|at| Some(sheet.cell(at, name?)));
    let mut students = Names::new(class, names);
    let mut filled = FilledGradebook::default();
    // In a language that is not known here, a lock is not seen.
    let is_foreign = known(Header::Grade).is_none() && changeable.is_none();
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
        match students.member(&row) {
            Err(why) => {
                filled.ambiguous += 1;
                filled.warnings.push(why);
            }
            Ok(None) => {
                filled.no_submission.push(row.name);
                if !moodle::is_no(&cell(changeable)) {
                    absent.push(at);
                }
            }
            Ok(Some(_)) if moodle::is_no(&cell(changeable)) => {
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
    if is_foreign {
        filled.warnings.push(
            "the language of this worksheet is not known, so that grades which the gradebook has locked were filled as well: \
             look at them before you upload it"
                .to_owned(),
        );
    }
    filled.no_row = students.not_found();
    filled.not_handed_in(&mut sheet, grade, &absent, class);
    filled.bytes = sheet.finish();
    Ok(filled)
}

/// There is no option for this column: it stands first, whatever it is called.
fn no_worksheet(header: &[String]) -> String {
    format!(
        "its first column has no numbers of participants, so that it is no grading worksheet; it has: {}",
        header.join(", ")
    )
}

/// `4711` of `Participant 4711`.
fn number_at_end(text: &str) -> Option<String> {
    let text = text.trim();
    let start = text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    (start < text.len()).then(|| text[start..].to_owned())
}
