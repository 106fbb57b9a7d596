//! A rejected submission as a folder, for a person to look at and to grade.

use std::fs;
use std::path::{Path, PathBuf};

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::{materialise, show};

use crate::validate::probes;
use ipclab_report::likest;

/// Writes a lab's rejected submission into a folder that is not there yet, or is empty. Gives the files' paths.
///
/// # Errors
/// There is no such lab or submission, the folder has something in it, or it cannot be written.
pub fn write_out(lab: &str, name: &str, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (lab, place) = probes::find(lab)?;
    let lab = &lab.spec.lab;
    let rejected = materialise::submissions(&place.join("submissions/rejected"))?;
    let name = name.strip_prefix("rejected/").unwrap_or(name);
    let name = name.strip_suffix(".toml").unwrap_or(name);
    let Some((_, path)) = rejected.iter().find(|(own, _)| own == name) else {
        let names: Vec<&str> = rejected.iter().map(|(own, _)| own.as_str()).collect();
        return Err(unknown(lab, name, &names));
    };
    let files = materialise::materialised(path)?;
    empty(folder)?;
    fs::create_dir_all(folder)
        .map_err(|error| Failure::disk(format_args!("making {}", show::path(folder)), &error))?;
    materialise::write(&files, folder)?;
    Ok(files.keys().map(|file| folder.join(file)).collect())
}

fn unknown(lab: &str, name: &str, names: &[&str]) -> Failure {
    let failure = Failure::usage(format!("{lab} has no rejected submission {name:?}"));
    match likest(name, names.iter().copied()) {
        Some(near) => failure.remedy(format!("did you mean {near}?")),
        None if names.is_empty() => failure,
        None => failure.remedy(format!("there are: {}", names.join(", "))),
    }
}

/// Sees to it that nothing is written over.
fn empty(folder: &Path) -> Result<(), Failure> {
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    let display = show::path(folder);
    let taken =
        |why: String| Err(Failure::usage(why).remedy("name a new folder: nothing is written over"));
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => taken(format!("{display} has something in it already")),
        Err(error) => taken(format!("{display} is there already: {}", reason(&error))),
    }
}
