//! `ipclab export`: a class's marks as other systems take them.

use std::fs;
use std::path::Path;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;
use ipclab_report::{Class, csv, gradebook, html};

/// What a class can be exported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Canvas's gradebook, filled.
    Canvas,
    /// Moodle's grading worksheet, filled.
    Moodle,
    /// A table for spreadsheets.
    Csv,
    /// The page of the class.
    Html,
}

/// What is exported, and into what.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What it is for.
    pub form: Form,
    /// Folder that `grade` wrote.
    pub class: &'a Path,
    /// The file that was downloaded and is to be filled.
    pub fill: Option<&'a Path>,
    /// Canvas: the assignment's title. Moodle: the header of the column of grades, where it is not known.
    pub column: Option<&'a str>,
    /// Moodle: the header of the column of feedback, where it is not known.
    pub feedback: Option<&'a str>,
}

/// What was exported.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The file.
    pub bytes: Vec<u8>,
    /// What is to be known about it.
    pub note: Option<String>,
}

/// A class in one form.
///
/// # Errors
/// The class or the gradebook cannot be read or is none.
pub fn export(request: &Request<'_>) -> Result<Exported, Failure> {
    let class = class(request.class)?;
    let plain = |text: String| Exported {
        bytes: text.into_bytes(),
        note: None,
    };
    let filled = match request.form {
        Form::Html => return Ok(plain(html::class(&class, "submissions"))),
        Form::Csv => return Ok(plain(csv::class(&class))),
        Form::Canvas => {
            let (name, before) = gradebook(request, "the gradebook that Canvas exports")?;
            gradebook::canvas(&before, request.column, &class)
                .map_err(|why| refused(&name, &why))?
        }
        Form::Moodle => {
            let (name, before) = gradebook(request, "the grading worksheet that Moodle offers")?;
            let columns = gradebook::MoodleColumns {
                grade: request.column.map(str::to_owned),
                feedback: request.feedback.map(str::to_owned),
            };
            gradebook::moodle(&before, &columns, &class).map_err(|why| refused(&name, &why))?
        }
    };
    Ok(Exported {
        note: Some(summary(&filled)),
        bytes: filled.bytes,
    })
}

/// The class of a folder that `grade` wrote, or of its class.json.
fn class(path: &Path) -> Result<Class, Failure> {
    let file = if path.is_dir() {
        path.join("class.json")
    } else {
        path.to_owned()
    };
    let display = show::path(&file);
    let text = fs::read_to_string(&file).map_err(|error| {
        Failure::usage(format!("reading the class {display}: {}", reason(&error)))
            .remedy("name the folder that `ipclab grade -o` wrote")
    })?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("reading the class {display}: {error}")))
}

fn gradebook(request: &Request<'_>, which: &str) -> Result<(String, Vec<u8>), Failure> {
    let Some(file) = request.fill else {
        return Err(Failure::usage(format!("--fill FILE is missing: {which}")));
    };
    let display = show::path(file);
    let bytes = fs::read(file)
        .map_err(|error| Failure::usage(format!("reading {display}: {}", reason(&error))))?;
    Ok((display, bytes))
}

fn refused(name: &str, why: &str) -> Failure {
    Failure::usage(format!("{name} cannot be filled: {why}"))
}

/// What is to be known about a filled gradebook.
fn summary(filled: &gradebook::FilledGradebook) -> String {
    let mut lines = vec![format!("{} marks written", filled.written)];
    let lists = [
        ("not final, and left as they were", &filled.not_final),
        ("submissions for which there is no row", &filled.no_row),
        ("rows without a submission", &filled.no_submission),
        ("to be looked at", &filled.warnings),
    ];
    for (what, list) in lists {
        if !list.is_empty() {
            lines.push(format!("{what}:"));
            lines.extend(list.iter().map(|one| format!("  {one}")));
        }
    }
    lines.join("\n")
}
