//! Canvas: the gradebook as "Export" writes it and "Import" takes it.

use super::sheet::Sheet;
use super::{FilledGradebook, Names, Row, column, mark, plain_name, same_max};
use crate::{Class, Student};

/// Fills one assignment's column. `assignment` is its title, with or without its number in brackets, or the number alone;
/// without it, the column that is called like the lab.
///
/// # Errors
/// It is no gradebook, or which column is meant cannot be told: the ones that there are are named.
pub fn fill(
    gradebook: &[u8],
    assignment: Option<&str>,
    class: &Class,
) -> Result<FilledGradebook, String> {
    let mut sheet = Sheet::parse(gradebook)?;
    let header = sheet.header();
    let id = column(&header, &["ID"]);
    let student = column(&header, &["Student"]);
    let names = (
        column(&header, &["LastName"]),
        column(&header, &["FirstName"]),
    );
    if id.is_none() || (student.is_none() && names == (None, None)) {
        return Err(
            "its first row has no columns Student and ID: export the gradebook in Canvas and give that file"
                .to_owned(),
        );
    }
    let marks = assignment_column(&header, assignment, class)?;
    let number = column(&header, &["SIS User ID"]);
    let number_of = |sheet: &Sheet<'_>, at: usize| {
        number.map_or(String::new(), |column| sheet.cell(at, column))
    };
    let known_ids = [
        (Student::CANVAS, id),
        (Student::NUMBER, number),
        (Student::LOGIN, column(&header, &["SIS Login ID"])),
        (Student::EMAIL, column(&header, &["SIS Login ID"])),
        (Student::NUMBER, column(&header, &["SIS Login ID"])),
    ];
    let name_of = |sheet: &Sheet<'_>, at: usize| match (student, names) {
        (Some(student), _) => sheet.cell(at, student),
        (None, (last, first)) => {
            let part = |column: Option<usize>| {
                column.map_or(String::new(), |column| sheet.cell(at, column))
            };
            format!("{}, {}", part(last), part(first))
        }
    };
    let mut known = Names::new(class, (1..sheet.len()).map(|at| name_of(&sheet, at)));
    let mut filled = FilledGradebook::default();
    let mut absent = Vec::new();
    for at in 1..sheet.len() {
        let name = name_of(&sheet, at);
        if name.trim().eq_ignore_ascii_case("Points Possible") {
            filled
                .warnings
                .extend(same_max(class, &sheet.cell(at, marks)));
            continue;
        }
        let row = Row {
            ids: known_ids
                .iter()
                .filter_map(|(key, column)| Some((*key, sheet.cell(at, (*column)?))))
                .collect(),
            name,
        };
        // Rows without an id are Canvas's own: `Manual Posting`, a blank line.
        if row.ids.iter().all(|(_, id)| id.trim().is_empty()) {
            continue;
        }
        match known.member(&row) {
            Err(why) => {
                filled.ambiguous += 1;
                filled.warnings.push(why);
            }
            Ok(None) if is_test_student(&row.name, &number_of(&sheet, at)) => {}
            Ok(None) => {
                filled.no_submission.push(row.name);
                absent.push(at);
            }
            Ok(Some(_)) if sheet.cell(at, marks).trim().eq_ignore_ascii_case("EX") => {
                filled
                    .warnings
                    .push(format!("{}: excused, and left so", row.name));
            }
            Ok(Some(member)) => match mark(member) {
                Ok(points) => {
                    sheet.set(at, marks, &points.to_string());
                    filled.written += 1;
                }
                Err(why) => filled.not_final.push(why),
            },
        }
    }
    filled.no_row = known.not_found();
    filled.not_handed_in(&mut sheet, marks, &absent, class);
    filled.bytes = sheet.finish();
    Ok(filled)
}

/// Whether a row is that of Canvas's "Student View", which belongs to no student: the institution has no number for it.
fn is_test_student(name: &str, number: &str) -> bool {
    plain_name(name) == "test student" && number.trim().is_empty()
}

/// `Echo lab (4711)`: the columns of assignments end with their number.
fn assignment_column(
    header: &[String],
    assignment: Option<&str>,
    class: &Class,
) -> Result<usize, String> {
    let parts = |cell: &str| -> Option<(String, String)> {
        let (title, number) = cell.trim().strip_suffix(')')?.rsplit_once('(')?;
        let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        is_number.then(|| (title.trim().to_owned(), number.to_owned()))
    };
    let title = |cell: &str| parts(cell).map(|(title, _)| title);
    let wanted: Vec<&str> = match assignment {
        Some(one) => vec![one],
        None => vec![class.title.as_str(), class.lab.as_str()],
    };
    let fits = |cell: &String| {
        parts(cell).is_some_and(|(title, number)| {
            let names = [title.as_str(), cell.trim(), number.as_str()];
            let is_called = |wanted: &&str| {
                let mut names = names.iter();
                names.any(|name| name.to_lowercase() == wanted.trim().to_lowercase())
            };
            wanted.iter().any(is_called)
        })
    };
    let fitting: Vec<usize> = (0..header.len()).filter(|at| fits(&header[*at])).collect();
    if let [one] = fitting[..] {
        return Ok(one);
    }
    let there: Vec<&str> = header
        .iter()
        .filter(|cell| title(cell).is_some())
        .map(|cell| cell.trim())
        .collect();
    let which = if fitting.is_empty() {
        "no column is"
    } else {
        "several columns are"
    };
    Err(format!(
        "{which} called {}; name one of its assignments with --column, by its title or its number: {}",
        wanted.join(" or "),
        if there.is_empty() {
            "it has none".to_owned()
        } else {
            there.join(", ")
        }
    ))
}
