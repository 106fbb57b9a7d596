//! `ipclab verify`: submissions of a graded class, built and run again.

use std::process::ExitCode;

use clap::ValueEnum;
use ipclab_class::batch::{self, verify::Request};
use ipclab_grade::grade::Grader;
use ipclab_grade::labs;
use ipclab_grade::selection::Selection;
use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_spec::Tier;

use crate::args::Verify;
use crate::args::values::SystemArg;
use crate::class_progress::ClassBar;
use crate::output;

/// Tries results again. The exit status says whether they came out the same.
///
/// # Errors
/// The folder does not say how it was graded, or what keeps the tool from grading at all.
pub(crate) fn verify(args: &Verify) -> Result<ExitCode, Failure> {
    let origin = batch::verify::origin(&args.results)?;
    let lab = match origin.is_spec {
        true => labs::file(origin.lab.as_ref())?,
        false => labs::named(&origin.lab)?,
    };
    let known = |tier: &Tier| origin.tiers.iter().any(|name| name == tier.name());
    let selection = Selection {
        tiers: match origin.cases.is_empty() {
            true => Tier::ALL.into_iter().filter(known).collect(),
            false => Vec::new(),
        },
        cases: origin.cases.clone(),
    };
    let from = origin.from.as_deref();
    let from = SystemArg::value_variants()
        .iter()
        .find(|system| Some(ipclab_intake::import::System::from(**system).name()) == from);
    let submissions = args.submissions.as_ref().unwrap_or(&origin.submissions);
    output::watch_saying("nothing has changed")?;
    let store = Store::open()?;
    let class = batch::look(
        submissions,
        from.map(|from| (*from).into()),
        &lab,
        None,
        &store,
    )?;
    let grader = Grader {
        lab: &lab,
        store: &store,
        selection: &selection,
        config: &args.config(&origin)?,
        caches: &args.caches(&store),
    };
    let request = Request {
        folder: &args.results,
        class: &class,
        only: &args.ids,
        sample: usize::from(args.sample),
    };
    output::finish(&batch::verify::verify(
        &grader,
        &request,
        &ClassBar::default(),
    )?)
}
