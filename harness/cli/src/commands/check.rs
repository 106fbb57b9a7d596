//! `ipclab check`: grades a submission and prints the report.

use std::process::ExitCode;

use ipclab_grade::grade::{self, Grader};
use ipclab_grade::{ahead, interrupt, keep, labs};
use ipclab_intake::failure::Failure;
use ipclab_intake::materialise;
use ipclab_intake::store::Store;
use ipclab_report::{Report, watching};
use ipclab_verdict as verdict;

use super::watch;
use crate::args::Check;
use crate::args::values::{ReportFormat, When};
use crate::output;
use crate::present::{present, present_change};
use crate::progress::Bar;

/// Grades a submission and prints the report.
///
/// # Errors
/// What keeps the tool from grading at all.
pub(crate) fn check(args: &Check, color: When) -> Result<ExitCode, Failure> {
    if args.watch {
        output::watch_saying("no longer watching")?;
        look_ahead(args);
        let mut before: Option<Report> = None;
        watch::watch(args, || {
            let how = &args.presentation;
            let on_screen = matches!((how.format, &how.output), (ReportFormat::Text, None));
            let report = graded(args).inspect_err(|_| {
                // The report on the screen is about another text of the programs.
                if on_screen {
                    let _ = output::print(output::clear());
                }
            })?;
            let code = match on_screen && !how.all {
                true => present_change(before.as_ref(), &report, how, color)?,
                false => present(&report, how, &args.folder, color)?,
            };
            if before.is_none() || watching::is_built(&report) {
                before = Some(report);
            }
            Ok(code)
        })
    } else {
        output::watch()?;
        look_ahead(args);
        present(&graded(args)?, &args.presentation, &args.folder, color)
    }
}

/// Begins what takes a moment. With `--no-cache` that what was remembered does not count is said only later.
fn look_ahead(args: &Check) {
    if !args.run.no_cache {
        ahead::begin(args.run.isolation.into());
    }
}

fn graded(args: &Check) -> Result<Report, Failure> {
    let named = match (&args.lab.lab, &args.lab.spec) {
        (Some(name), _) => Some(labs::named(name)?),
        (None, Some(file)) => Some(labs::file(file)?),
        (None, None) => None,
    };
    let store = Store::open()?;
    let submission = materialise::take_in(&args.folder, &store)?;
    let lab = match named {
        Some(lab) => lab,
        None => match labs::around(&args.folder) {
            Some(spec) => labs::file(&spec)?,
            None => labs::guess(&submission)?,
        },
    };
    output::warn(&lab);
    let grader = Grader {
        lab: &lab,
        store: &store,
        selection: &args.select.selection(),
        config: &args.config(&lab)?,
        caches: &args.caches(&store),
    };
    let record = grade::grade(&grader, &submission, &Bar::start())?;
    interrupt::park_if_interrupted();
    if let Some(folder) = &args.keep {
        keep::keep(&record, folder)?;
    }
    Ok(verdict::report(&lab.spec, &record))
}
