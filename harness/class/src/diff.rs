//! `ipclab diff`: two gradings of one class beside each other.

use std::path::Path;

use ipclab_intake::failure::Failure;
use ipclab_intake::show;
use ipclab_report::{Changes, Class, csv};

use crate::batch::{graded_by, settled_class};

/// Forms of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people: causes first, then every student.
    Text,
    /// A row for each case that differs.
    Csv,
}

/// A comparison.
#[derive(Clone, Debug)]
pub struct Compared {
    /// In the form that was asked for.
    pub text: String,
    /// Whether no mark and no case differs.
    pub same: bool,
}

/// Compares what two folders of results hold; looks, proposals and replaced marks can be compared, too. What the instructor has
/// written into a folder since counts; a class.json is taken as it is.
///
/// # Errors
/// One of them cannot be read, or they are of different labs.
pub fn diff(before: &Path, after: &Path, form: Form) -> Result<Compared, Failure> {
    let (old, new) = (settled_class(before)?, settled_class(after)?);
    if old.lab != new.lab {
        return Err(Failure::usage(format!(
            "{} is of the lab {}, and {} of {}",
            show::path(before),
            old.lab,
            show::path(after),
            new.lab
        ))
        .remedy("name two folders of results of one lab"));
    }
    let changes = Changes::between(&old, &new);
    let text = match form {
        Form::Csv => csv::changes(&changes),
        Form::Text => {
            let side = |path: &Path, class: &Class| -> Result<String, Failure> {
                Ok(format!("{}{}", show::path(path), graded_by(path, class)?))
            };
            format!(
                "{} -> {}\n{}{}",
                side(before, &old)?,
                side(after, &new)?,
                changes.causes(),
                changes.text(usize::MAX)
            )
        }
    };
    Ok(Compared {
        text,
        same: changes.is_empty(),
    })
}
