//! `ipclab merge`: parts of a class that were graded apart, brought together.

use std::process::ExitCode;

use ipclab_class::batch;
use ipclab_intake::failure::Failure;

use crate::args::Merge;
use crate::output;

/// Merges folders of results.
///
/// # Errors
/// One of them is none, they do not belong together, or they contradict each other.
pub(crate) fn merge(args: &Merge) -> Result<ExitCode, Failure> {
    output::finish(&batch::merge(&args.folders, &args.out, args.replace)?)
}
