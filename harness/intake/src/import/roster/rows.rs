//! The rows of a roster: columns are known by their headers, as course systems, spreadsheets and people write them.

use ipclab_report::moodle::{self, Header};
use ipclab_report::{Line, Student, Timing, time};

use crate::spreadsheet;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    First,
    Last,
    /// An id, by its constant of [`Student`].
    Id(&'static str),
    Late,
    /// When it was handed in.
    HandedIn,
    /// By how much it is late: a span, or a number of these seconds.
    LateBy(u64),
    /// Moodle's status, which says among others by how much something is late.
    Status,
    /// A deadline of the student's own.
    Due,
    /// Days that the student may be late.
    SlipDays,
}

/// A student, as a row names them.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) student: Student,
    pub(super) late: Option<bool>,
    pub(super) timing: Timing,
}

/// Reads the text of a roster.
///
/// # Errors
/// Why it says nothing, as a sentence without its subject.
pub(super) fn parse(text: &str) -> Result<Vec<Row>, String> {
    let (delimiter, text) = spreadsheet::delimited(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    // Words of Moodle count in its own worksheets: `Nome` is a first name elsewhere.
    let worksheet = headers
        .iter()
        .any(|header| moodle::header(header) == Some(Header::HandedIn));
    let columns: Vec<Option<Column>> = headers
        .iter()
        .map(|header| usual_column(header).or_else(|| moodle_column(header).filter(|_| worksheet)))
        .collect();
    let says_who = columns.iter().flatten().any(|column| match column {
        Column::Name | Column::First | Column::Last => true,
        Column::Id(key) => *key != Student::SECTION,
        Column::Late | Column::HandedIn | Column::LateBy(_) | Column::Status => false,
        Column::Due | Column::SlipDays => false,
    });
    if !says_who {
        return Err(format!(
            "no column says whose row it is; there are: {}",
            Line::new(&headers.iter().collect::<Vec<_>>().join(", "))
        ));
    }
    // Canvas's "Student View" belongs to no student: the institution has no number for it.
    let is_gradebook = headers.iter().any(|header| header == "SIS User ID");
    let is_test_student = |row: &Row| {
        let is_called = |name: &Line| name.as_str() == "Test Student";
        row.student.name.as_ref().is_some_and(is_called)
            && row.student.id(Student::NUMBER).is_none()
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let row = row(&columns, &record, worksheet);
        rows.extend(row.filter(|row| !is_gradebook || !is_test_student(row)));
    }
    Ok(rows)
}

/// `worksheet`: Moodle wrote it.
fn row(columns: &[Option<Column>], record: &csv::StringRecord, worksheet: bool) -> Option<Row> {
    let participant = |cell| participant(cell, worksheet);
    let mut student = Student::default();
    let mut late = None;
    let mut timing = Timing::default();
    let (mut first, mut last) = (String::new(), String::new());
    for (column, cell) in columns.iter().zip(record) {
        match column {
            _ if cell.is_empty() => {}
            None => {}
            Some(Column::Name) => student.name = Some(Line::new(&in_order(cell))),
            Some(Column::First) => first = cell.to_owned(),
            Some(Column::Last) => last = cell.to_owned(),
            // Moodle calls its own column `ID` in some languages.
            Some(Column::Id(key @ (Student::MOODLE | Student::CANVAS)))
                if *key == Student::MOODLE || participant(cell).is_some() =>
            {
                let number = participant(cell).unwrap_or(cell);
                let key = Line::new(Student::MOODLE);
                student.ids.insert(key, Line::new(number));
            }
            Some(Column::Id(key)) => {
                student.ids.insert(Line::new(key), Line::new(cell));
            }
            // What cannot be read is kept: taken for nothing, it would mean that a submission is in time.
            Some(Column::Late) => {
                late = truth(cell);
                timing.unread = unread(cell, late.is_some()).or(timing.unread);
            }
            Some(Column::HandedIn) => {
                // Moodle writes a hyphen where nothing was handed in.
                timing.handed_in = (cell.len() > 1).then(|| Line::new(cell));
            }
            Some(Column::LateBy(unit)) => {
                let number = cell.parse::<u64>().ok();
                let number = number.map(|number| number.saturating_mul(*unit));
                timing.late_by_s = time::span(cell).or(number);
                timing.unread = unread(cell, timing.late_by_s.is_some()).or(timing.unread);
            }
            Some(Column::Status) => {
                let said = moodle::status(cell);
                timing.late_by_s = said.late_by_s.or(timing.late_by_s);
                timing.due = said.due.map(|due| Line::new(&due)).or(timing.due);
                timing.unread = said.unread.map(|text| Line::new(&text)).or(timing.unread);
            }
            Some(Column::Due) => timing.due = Some(Line::new(cell)),
            Some(Column::SlipDays) => {
                timing.slip_days = cell.parse().ok();
                timing.unread = unread(cell, timing.slip_days.is_some()).or(timing.unread);
            }
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
    (!is_nobody).then_some(Row {
        student,
        late,
        timing,
    })
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

/// A cell that says something which cannot be read. A hyphen says that there is nothing.
fn unread(cell: &str, is_read: bool) -> Option<Line> {
    (!is_read && cell != "-").then(|| Line::new(cell))
}

/// `17` of `Participant 17`, `Teilnehmer/in 17`, and in Moodle's own worksheets of `Participante17`: names of files have the
/// number alone. Elsewhere `s1024` is an id as it stands.
fn participant(cell: &str, worksheet: bool) -> Option<&str> {
    let start = cell.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (word, number) = cell.split_at(start);
    let is_apart = word.ends_with(char::is_whitespace);
    let is_one = !number.is_empty() && word.chars().any(char::is_alphabetic);
    (is_one && (worksheet || is_apart)).then_some(number)
}

/// As Moodle writes them, in the teacher's language.
fn moodle_column(header: &str) -> Option<Column> {
    Some(match moodle::header(header)? {
        Header::Identifier => Column::Id(Student::MOODLE),
        Header::FullName => Column::Name,
        Header::Number => Column::Id(Student::NUMBER),
        Header::Email => Column::Id(Student::EMAIL),
        Header::Status => Column::Status,
        Header::Group => Column::Id(Student::SECTION),
        Header::HandedIn => Column::HandedIn,
        Header::Grade | Header::Maximum | Header::Changeable | Header::Feedback => return None,
    })
}

/// As people, spreadsheets and systems in English write them.
fn usual_column(header: &str) -> Option<Column> {
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
        "section" | "sections" | "sectionname" | "group" | "groups" | "class" | "tutorial"
        | "tutorialgroup" | "gruppen" => Column::Id(Student::SECTION),
        "late" => Column::Late,
        "handedin"
        | "submitted"
        | "submittedat"
        | "submissiontime"
        | "submissiondate"
        | "lastmodifiedsubmission" => Column::HandedIn,
        "lateby" | "lateness" | "latenesshms" | "secondslate" | "lateseconds" => Column::LateBy(1),
        "dayslate" | "latedays" => Column::LateBy(24 * 60 * 60),
        "status" => Column::Status,
        "due" | "duedate" | "deadline" | "extension" | "extendedto" | "extensionuntil" => {
            Column::Due
        }
        "slipdays" | "slipdaysleft" | "latedaysleft" => Column::SlipDays,
        _ => return None,
    })
}
