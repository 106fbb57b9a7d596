//! `ipclab interop`: each student's programs with each other student's.

use std::process::ExitCode;

use ipclab_class::interop;
use ipclab_grade::grade::Grader;
use ipclab_grade::selection::Caches;
use ipclab_grade::strangers::allow;
use ipclab_intake::failure::Failure;
use ipclab_intake::import::Roster;
use ipclab_intake::store::Store;

use super::grade::{class_places, lab, look};
use crate::args::Interop;
use crate::output;
use crate::progress::Bar;

/// Lets each party meet each other.
///
/// # Errors
/// What keeps the tool from trying at all, or from writing what it saw.
pub(crate) fn interop(args: &Interop) -> Result<ExitCode, Failure> {
    let lab = lab(&args.lab)?;
    let selection = args.select.selection();
    interop::check(&lab, &selection)?;
    let roster = args.class.roster.as_deref().map(Roster::read).transpose()?;
    output::watch_saying("nothing was written: the meetings had not all been held")?;
    let store = Store::open()?;
    let places = [args.submissions.as_path(), &args.out];
    let trusted = args.trust.trust_submissions;
    allow(
        args.run.isolation.into(),
        trusted,
        &class_places(places, &store),
    )?;
    let class = look(
        &args.submissions,
        &args.class,
        &lab,
        roster.as_ref(),
        &store,
    )?;
    let grader = Grader {
        lab: &lab,
        store: &store,
        selection: &selection,
        config: &args.config()?,
        caches: &Caches::default(),
    };
    let finished = interop::interop(&grader, &class, &args.submissions, &args.out, &Bar::start())?;
    output::finish(&finished)
}
