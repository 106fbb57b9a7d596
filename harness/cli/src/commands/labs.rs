//! `ipclab labs`: the labs that the tool carries, their handouts and starters.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ipclab_grade::labs::{self, Lab};
use ipclab_intake::failure::Failure;
use ipclab_intake::show;
use ipclab_prove::fault;
use ipclab_spec::Tier;

use crate::output;

/// Lists the labs.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn list() -> Result<ExitCode, Failure> {
    let mut out = String::new();
    for name in labs::names() {
        let lab = labs::carried(&name)?;
        let _ = writeln!(
            out,
            "{name:<16} {} ({})",
            lab.spec.title,
            lab.spec.unit.join(", ")
        );
        let programs: Vec<&str> = lab
            .spec
            .programs
            .iter()
            .map(|program| program.name.as_str())
            .collect();
        let _ = writeln!(
            out,
            "{:<16} programs: {}; {}",
            "",
            programs.join(", "),
            tiers(&lab)
        );
    }
    out.push_str("\nipclab labs NAME shows the handout, ipclab labs NAME --starter DIR writes the files to start from.\n");
    output::print(&out)
}

/// `core 30 points, robust 20 points`
fn tiers(lab: &Lab) -> String {
    let points = |tier: Tier| {
        lab.spec
            .cases
            .iter()
            .filter(|case| case.tier == tier)
            .map(|case| case.points.max())
            .sum::<u32>()
    };
    let tiers = Tier::ALL.iter().filter(|tier| points(**tier) > 0);
    let tiers: Vec<String> = tiers
        .map(|tier| format!("{} {} points", tier.name(), points(*tier)))
        .collect();
    tiers.join(", ")
}

/// Shows a lab's handout.
///
/// # Errors
/// There is no such lab, or it has none.
pub(crate) fn handout(name: &str) -> Result<ExitCode, Failure> {
    let lab = labs::named(name)?;
    match labs::handout(&lab) {
        Some(text) => output::print(&text),
        None => Err(lacking(&lab, "handout", "README.md")),
    }
}

/// A lab has not all that labs of the repository have.
fn lacking(lab: &Lab, what: &str, file: &str) -> Failure {
    let failure = Failure::usage(format!("the lab {} has no {what}", lab.spec.lab));
    match labs::folders(lab).first() {
        Some(folder) => failure.remedy(format!("put it into {}", show::path(&folder.join(file)))),
        None => failure,
    }
}

/// Writes a lab's starter files into a folder, and never over a file that is there.
///
/// # Errors
/// There is no such lab, one of the files is there already, or the folder cannot be written.
pub(crate) fn starter(name: &str, folder: &Path) -> Result<ExitCode, Failure> {
    let lab = labs::named(name)?;
    let files = labs::starter(&lab);
    if files.is_empty() {
        return Err(lacking(&lab, "starter files", "starter"));
    }
    if let Some((name, _)) = files.iter().find(|(name, _)| folder.join(name).exists()) {
        return Err(Failure::usage(format!(
            "{} is there already",
            show::path(&folder.join(name))
        ))
        .remedy("name a new folder: nothing is written over"));
    }
    fs::create_dir_all(folder)
        .map_err(|error| Failure::disk(format_args!("making {}", show::path(folder)), &error))?;
    let mut written = Vec::new();
    for (name, contents) in files {
        let path = folder.join(name);
        fs::write(&path, contents).map_err(|error| {
            Failure::disk(format_args!("writing {}", show::path(&path)), &error)
        })?;
        written.push(path);
    }
    output::print(&lines(&written))
}

/// Writes one of a lab's rejected submissions into a folder.
///
/// # Errors
/// As [`fault::write_out`].
pub(crate) fn fault(lab: &str, name: &str, folder: &Path) -> Result<ExitCode, Failure> {
    output::print(&lines(&fault::write_out(lab, name, folder)?))
}

/// The files that were written, a line each.
pub(super) fn lines(files: &[PathBuf]) -> String {
    files
        .iter()
        .map(|path| format!("{}\n", show::path(path)))
        .collect()
}
