//! `ipclab spec`: help for writing labs.

use std::path::PathBuf;
use std::process::ExitCode;

use ipclab_grade::labs;
use ipclab_intake::failure::Failure;

use crate::output;

/// Checks specs and tells every mistake of all of them.
///
/// # Errors
/// One of them has a mistake or cannot be read; the others were checked all the same.
pub(crate) fn check(files: &[PathBuf]) -> Result<ExitCode, Failure> {
    let mut wrong = 0;
    for file in files {
        match labs::file(file) {
            Ok(lab) => {
                output::warn(&lab);
                let points: u32 = lab.spec.cases.iter().map(|case| case.points.max()).sum();
                output::print(&format!(
                    "{}: {} cases, {points} points",
                    lab.file,
                    lab.spec.cases.len()
                ))?;
            }
            Err(failure) => {
                wrong += 1;
                output::complain(&failure);
            }
        }
    }
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    })
}

/// Prints a JSON Schema of the spec language, or of a submission's own file.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn schema(of_submission: bool) -> Result<ExitCode, Failure> {
    output::print(&match of_submission {
        true => ipclab_spec::submission_schema(),
        false => ipclab_spec::schema(),
    })
}

/// Prints the calls that a spec can speak of.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn calls() -> Result<ExitCode, Failure> {
    table(&ipclab_spec::calls_table())
}

/// Prints a table of the language.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn table(text: &str) -> Result<ExitCode, Failure> {
    output::print(text.trim_end())
}
