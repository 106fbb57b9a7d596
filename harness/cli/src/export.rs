//! `ipclab export`: a class's marks as other systems take them.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use ipclab_report::{Class, csv, gradebook, html};

use crate::args::{Export, ExportForm};
use crate::{output, present};
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;

/// Writes a class in one form.
///
/// # Errors
/// The class or the gradebook cannot be read or is none, or the output cannot be written.
pub(crate) fn export(args: &Export) -> Result<ExitCode, Failure> {
    let class = class(&args.class)?;
    let filled = match args.form {
        ExportForm::Html => return emit(args, html::class(&class, "submissions").as_bytes()),
        ExportForm::Csv => return emit(args, csv::class(&class).as_bytes()),
        ExportForm::Canvas => {
            let (name, before) = gradebook(args, "the gradebook that Canvas exports")?;
            gradebook::canvas(&before, args.column.as_deref(), &class)
                .map_err(|why| refused(&name, &why))?
        }
        ExportForm::Moodle => {
            let (name, before) = gradebook(args, "the grading worksheet that Moodle offers")?;
            let columns = gradebook::MoodleColumns {
                grade: args.column.clone(),
                feedback: args.feedback.clone(),
            };
            gradebook::moodle(&before, &columns, &class).map_err(|why| refused(&name, &why))?
        }
    };
    emit(args, &filled.bytes)?;
    output::note(&told(&filled));
    Ok(ExitCode::SUCCESS)
}

/// The class of a folder that `grade` wrote, or of its class.json.
fn class(path: &Path) -> Result<Class, Failure> {
    let file = if path.is_dir() {
        path.join("class.json")
    } else {
        path.to_owned()
    };
    let shown = show::path(&file);
    let text = fs::read_to_string(&file).map_err(|error| {
        Failure::usage(format!("reading the class {shown}: {}", reason(&error)))
            .remedy("name the folder that `ipclab grade -o` wrote")
    })?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("reading the class {shown}: {error}")))
}

fn gradebook(args: &Export, which: &str) -> Result<(String, Vec<u8>), Failure> {
    let Some(file) = &args.fill else {
        return Err(Failure::usage(format!("--fill FILE is missing: {which}")));
    };
    let shown = show::path(file);
    let bytes = fs::read(file)
        .map_err(|error| Failure::usage(format!("reading {shown}: {}", reason(&error))))?;
    Ok((shown, bytes))
}

fn refused(name: &str, why: &str) -> Failure {
    Failure::usage(format!("{name} cannot be filled: {why}"))
}

fn emit(args: &Export, bytes: &[u8]) -> Result<ExitCode, Failure> {
    match &args.output {
        Some(file) => present::write(file, bytes),
        None => output::print(&String::from_utf8_lossy(bytes)),
    }
}

/// What is to be known about a filled gradebook.
fn told(filled: &gradebook::Filled) -> String {
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
