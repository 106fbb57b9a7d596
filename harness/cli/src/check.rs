//! `ipclab check`, `ipclab judge` and `ipclab spec check`: from the command line to an exit status.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::{Check, Presentation, When, tiers};
use crate::present::present;
use crate::progress::Bar;
use crate::{output, watch};
use ipclab_grade::explore::Oracles;
use ipclab_grade::grade::{self, Options};
use ipclab_grade::interrupt;
use ipclab_grade::keep;
use ipclab_grade::labs::{self, Lab};
use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_intake::submission::Submission;
use ipclab_verdict as verdict;

/// Grades a submission and prints the report.
///
/// # Errors
/// What keeps the tool from grading at all.
pub(crate) fn check(args: &Check, color: When) -> Result<ExitCode, Failure> {
    if args.watch {
        output::watch_saying("no longer watching")?;
        watch::watch(args, color)
    } else {
        output::watch()?;
        once(args, color)
    }
}

/// The same without looking what comes after.
///
/// # Errors
/// What keeps the tool from grading at all.
pub(crate) fn once(args: &Check, color: When) -> Result<ExitCode, Failure> {
    let named = match (&args.lab, &args.spec) {
        (Some(name), _) => Some(labs::named(name)?),
        (None, Some(file)) => Some(labs::file(file)?),
        (None, None) => None,
    };
    let store = Store::open()?;
    let submission = Submission::take_in(&args.folder, store.folder("submission")?)?;
    let lab = match named {
        Some(lab) => lab,
        None => labs::guess(&submission)?,
    };
    if !lab.warnings.is_empty() {
        output::note(&lab.warnings);
    }
    let record = grade::grade(
        &lab,
        &submission,
        &store,
        &options(args, &lab, &store),
        &Bar::start(),
    )?;
    interrupt::hold_if_begun();
    if let Some(folder) = &args.keep {
        keep::keep(&record, folder)?;
    }
    present(
        &verdict::report(&lab.spec, &record),
        &args.presentation,
        &args.folder,
        color,
    )
}

fn options(args: &Check, lab: &Lab, store: &Store) -> Options {
    Options {
        cases: args.cases.clone(),
        tiers: tiers(&args.tiers),
        isolation: args.isolation.into(),
        jobs: args.jobs.map(usize::from),
        seed: args.seed,
        use_cache: !args.no_cache,
        command: Options::command(&args.folder.to_string_lossy(), lab, args.seed),
        look_into: true,
        oracles: match args.no_cache {
            true => Oracles::default(),
            false => Oracles::on_disk(store.answers()),
        },
        ..Options::default()
    }
}

/// Judges a kept check again.
///
/// # Errors
/// The folder cannot be read, or is none that `--keep` wrote.
pub(crate) fn judge(folder: &Path, how: &Presentation, color: When) -> Result<ExitCode, Failure> {
    let record = keep::load(folder)?;
    let lab = labs::parse(
        record.spec_name.clone(),
        record.spec.clone(),
        Vec::new(),
        None,
    )?;
    present(&verdict::report(&lab.spec, &record), how, folder, color)
}

/// Checks specs and tells every mistake of all of them.
///
/// # Errors
/// One of them has a mistake or cannot be read; the others were checked all the same.
pub(crate) fn specs(files: &[PathBuf]) -> Result<ExitCode, Failure> {
    let mut wrong = 0;
    for file in files {
        match labs::file(file) {
            Ok(lab) => {
                if !lab.warnings.is_empty() {
                    output::note(&lab.warnings);
                }
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
