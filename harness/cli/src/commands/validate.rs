//! `ipclab validate`: specs proved on programs of which it is known what they must get.

use std::process::ExitCode;

use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_prove::validate::probes;
use ipclab_prove::{cheats, mutants, reports, validate, worlds};

use crate::args::Validate;
use crate::args::values::{Format, When};
use crate::output;
use crate::progress::Bar;
use crate::strangers;

/// Validates labs and prints a table for each.
///
/// # Errors
/// A lab cannot be found or read, what a submission must get is said wrongly, or there is no sandbox.
pub(crate) fn validate(args: &Validate, color: When) -> Result<ExitCode, Failure> {
    let proofs = probes::gather(&args.labs.labs)?;
    for proof in &proofs {
        output::warn(&proof.lab);
    }
    output::watch()?;
    strangers::note_author_programs();
    let store = Store::open()?;
    let validation = validate::validate(&proofs, &args.request(), &store, &Bar::start())?;
    output::print(&match args.format {
        Format::Text => validation.text(&output::style(color)),
        Format::Json => validation.json(),
    })?;
    Ok(ExitCode::from(validation.exit_code()))
}

/// Tries all mutants and prints what survived.
///
/// # Errors
/// A lab cannot be found or read, its list of equivalent changes is wrong, or there is no sandbox.
pub(crate) fn mutants(args: &Validate, color: When) -> Result<ExitCode, Failure> {
    let proofs = probes::gather(&args.labs.labs)?;
    output::watch()?;
    strangers::note_author_programs();
    let store = Store::open()?;
    let (selection, config) = (args.selection(), args.config());
    let mutations = mutants::mutants(&proofs, &selection, &config, &store, &Bar::start())?;
    output::print(&match args.format {
        Format::Text => mutations.text(&output::style(color)),
        Format::Json => mutations.json(),
    })?;
    Ok(ExitCode::from(mutations.exit_code()))
}

/// Tries programs that do not do the task, and prints what they were given.
///
/// # Errors
/// A lab cannot be found or read, its references cannot be played, or there is no sandbox.
pub(crate) fn cheats(args: &Validate, color: When) -> Result<ExitCode, Failure> {
    let proofs = probes::gather(&args.labs.labs)?;
    output::watch()?;
    strangers::note_author_programs();
    let store = Store::open()?;
    let (selection, config) = (args.selection(), args.config());
    let cheats = cheats::cheats(&proofs, &selection, &config, &store, &Bar::start())?;
    output::print(&match args.format {
        Format::Text => cheats.text(&output::style(color)),
        Format::Json => cheats.json(),
    })?;
    Ok(ExitCode::from(cheats.exit_code()))
}

/// Looks at the reports of rejected submissions, and prints what they name and how they read.
///
/// # Errors
/// A lab cannot be found or read, a submission cannot be graded, or there is no sandbox.
pub(crate) fn reports(args: &Validate) -> Result<ExitCode, Failure> {
    let mut proofs = probes::gather(&args.labs.labs)?;
    output::watch()?;
    strangers::note_author_programs();
    let store = Store::open()?;
    let jobs = args.jobs.count();
    let kept = args.kept.as_deref();
    let reports = reports::reports(&mut proofs, kept, jobs, &store, &Bar::start())?;
    output::print(&match args.format {
        Format::Text => reports.text(),
        Format::Json => reports.json(),
    })?;
    Ok(ExitCode::from(reports.exit_code()))
}

/// Tries submissions in other worlds, and prints which verdicts differ.
///
/// # Errors
/// A lab cannot be found or read, its list of what may differ is wrong, or the usual world cannot be validated.
pub(crate) fn worlds(args: &Validate) -> Result<ExitCode, Failure> {
    let proofs = probes::gather(&args.labs.labs)?;
    output::watch()?;
    let worlds = worlds::worlds(&proofs, &args.worlds(), &Bar::start())?;
    output::print(&match args.format {
        Format::Text => worlds.text(),
        Format::Json => worlds.json(),
    })?;
    Ok(ExitCode::from(worlds.exit_code()))
}
