//! `ipclab package`: what other systems need to grade with this tool.

use std::process::ExitCode;

use clap::ValueEnum;
use ipclab_class::package::{gradescope, slurm};
use ipclab_intake::failure::Failure;
use ipclab_intake::{show, whole_file};

use crate::args::{Gradescope, Slurm};
use crate::output;

/// Prints a script for Slurm.
///
/// # Errors
/// There is no such lab or class.
pub(crate) fn slurm(args: &Slurm) -> Result<ExitCode, Failure> {
    let from = args
        .class
        .from
        .as_ref()
        .and_then(ValueEnum::to_possible_value);
    output::print(&slurm::slurm(&slurm::Request {
        submissions: &args.submissions,
        lab: &args.lab,
        out: &args.out,
        roster: args.class.roster.as_deref(),
        from: from.map(|value| value.get_name().to_owned()),
        tiers: args.tiers.tiers(),
        parts: args.parts,
        processors: args.processors,
        trusted: args.trust.trust_submissions,
    })?)
}

/// Writes a zip for Gradescope, and says what the executable in it needs.
///
/// # Errors
/// There is no such lab, a file of it cannot be read, or the zip cannot be written.
pub(crate) fn gradescope(args: &Gradescope) -> Result<ExitCode, Failure> {
    let package = gradescope::gradescope(&args.lab, args.tool.as_deref())?;
    whole_file::write(&args.output, &package.archive)?;
    output::print(&format!(
        "{}: {} files, {} KiB\nThe executable in it needs {}.\nUpload it as the autograder of a programming assignment; its build log ends with what `ipclab doctor` says there.\n",
        show::path(&args.output),
        package.files,
        package.archive.len() / 1024,
        package.needs
    ))
}
