//! `ipclab export`: a class's marks as other systems take them.

use std::fs;
use std::path::Path;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;
use ipclab_report::{Class, csv, gradebook, html};

use crate::batch::manifest::{self, Role, Run};
use crate::batch::results::{self, Results};
use crate::batch::settling::Settling;
use crate::batch::unfinished::unfinished;
use crate::feedback;
pub use crate::feedback::System as FeedbackFor;

/// What a class can be exported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Canvas's gradebook, filled.
    Canvas,
    /// Moodle's grading worksheet, filled.
    Moodle,
    /// A zip of feedback that a system gives back to its students.
    Feedback(FeedbackFor),
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
    /// Canvas: the assignment's title or number. Moodle: the header of the column of grades, where it is not known.
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
    let (class, told) = class(request.class)?;
    let told: Vec<String> = told.iter().map(|told| format!("note: {told}")).collect();
    let plain = |text: String| Exported {
        bytes: text.into_bytes(),
        note: (!told.is_empty()).then(|| told.join("\n")),
    };
    let filled = match request.form {
        Form::Html => return Ok(plain(html::class(&class, "submissions"))),
        Form::Feedback(system) => {
            let feedback = feedback::feedback(folder(request.class), &class, system)?;
            return Ok(Exported {
                bytes: feedback.bytes,
                note: Some([told, feedback.notes].concat().join("\n")),
            });
        }
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
    let notes = [told, vec![summary(&filled)]].concat();
    Ok(Exported {
        note: Some(notes.join("\n")),
        bytes: filled.bytes,
    })
}

/// The folder of results that a path names, or that a class.json lies in.
fn folder(path: &Path) -> &Path {
    match path.is_dir() {
        true => path,
        false => path.parent().unwrap_or(path),
    }
}

/// The class of a folder that `grade` wrote, or of its class.json: whole marks, and all by one spec.
fn class(path: &Path) -> Result<(Class, Vec<String>), Failure> {
    let folder = folder(path);
    let file = match path.is_dir() {
        true => path.join("class.json"),
        false => path.to_owned(),
    };
    let display = show::path(&file);
    if let Some(failure) = no_marks(folder, &file)? {
        return Err(failure);
    }
    let text = fs::read_to_string(&file).map_err(|error| {
        Failure::usage(format!("reading the class {display}: {}", reason(&error)))
            .remedy("name the folder that `ipclab grade -o` wrote")
    })?;
    let mut class: Class = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("reading the class {display}: {error}")))?;
    // A part of a class does not know what the others hold.
    let shard = Run::read(folder)?.and_then(|run| run.shard);
    // The instructor may have written something since.
    let settling = Settling::read(folder)?;
    class.not_handed_in = settling.rules.not_handed_in.filter(|_| shard.is_none());
    let mut told = settling.settle(&mut class);
    told.extend(shard.map(|shard| {
        format!("this is the part {shard} of the class: of the others nothing is known here. `ipclab merge` joins the parts")
    }));
    Ok((class, told))
}

/// Why a folder does not hold the class's whole marks; `None`: it does.
fn no_marks(folder: &Path, file: &Path) -> Result<Option<Failure>, Failure> {
    let name = show::path(folder);
    let refused = |why: String, remedy: &str| Some(Failure::usage(why).remedy(remedy.to_owned()));
    if let Some(failure) = unfinished(folder) {
        return Ok(Some(failure));
    }
    let Some(run) = Run::read(folder)? else {
        let why = match (folder.join("looks").is_dir(), file.exists()) {
            (true, _) => {
                format!("{name} has looks at some cases or tiers, and no marks of the class")
            }
            (false, true) => format!(
                "{name} has no {}: the run that wrote it did not finish, or it is only a copy",
                manifest::RUN
            ),
            // There is nothing that a run wrote: reading it says so.
            (false, false) => return Ok(None),
        };
        return Ok(refused(
            why,
            "grade the class whole into it: `ipclab grade` without --case and --only",
        ));
    };
    let Some(how) = &run.how else {
        return first_version(folder, &run);
    };
    Ok(match how.role {
        Role::Marks => None,
        Role::Look => refused(
            format!(
                "{name} is a look at {}: these are no marks of the class",
                how.options()
            ),
            "export the folder of results that it is in; the look's own tables are class.csv and report.html in it",
        ),
        Role::Proposal => refused(
            format!("{name} has marks that have not been put in the place of the class's"),
            "look at what would change with `ipclab diff`, and grade again with --replace to take them over",
        ),
        Role::Replaced => refused(
            format!("{name} has marks that others have replaced"),
            "export the folder of results that it is in; its own tables are class.csv and report.html",
        ),
    })
}

/// The first version of this tool did not say what results are to the class: it let a look at one submission or one case
/// take the place of a class's marks, and kept the other results.
fn first_version(folder: &Path, run: &Run) -> Result<Option<Failure>, Failure> {
    if !folder.join(results::NAME).exists() {
        return Ok(None);
    }
    let results = Results::read_only(folder, &run.settings)?;
    let others: usize = results.others().map(|(_, lines)| lines.len()).sum();
    Ok((others > 0).then(|| {
        Failure::usage(format!(
            "{} has results by several specs, tools or choices of cases, and its table is of the last of them only: {others} submissions are not in it",
            show::path(folder)
        ))
        .remedy("grade the class again into it: what was graded before is compared, and shown where it differs")
    }))
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
    let mut lines = vec![match filled.written {
        1 => "1 mark written".to_owned(),
        written => format!("{written} marks written"),
    }];
    if filled.absent > 0 {
        lines.push(format!(
            "{} of what was not handed in, as class.toml says",
            filled.absent
        ));
    }
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
