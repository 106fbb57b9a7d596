//! `ipclab judge`: a kept check, judged again.

use std::path::Path;
use std::process::ExitCode;

use ipclab_grade::keep;
use ipclab_intake::failure::Failure;
use ipclab_verdict as verdict;

use crate::args::shared::Presentation;
use crate::args::values::When;
use crate::present::present;

/// Judges a kept check again.
///
/// # Errors
/// The folder cannot be read, or is none that `--keep` wrote.
pub(crate) fn judge(folder: &Path, how: &Presentation, color: When) -> Result<ExitCode, Failure> {
    let (lab, record) = keep::load(folder)?;
    present(&verdict::report(&lab.spec, &record), how, folder, color)
}
