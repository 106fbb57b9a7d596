//! Folders in which no run has finished: what was graded is kept, and there are no marks yet.

use std::path::Path;

use ipclab_intake::failure::Failure;
use ipclab_intake::show::path as display;

use super::manifest::{CLASS, RUN};
use super::results;

/// Why a folder has results and no marks. `None`: a run has finished, or there is nothing at all.
pub(crate) fn unfinished(folder: &Path) -> Option<Failure> {
    let has = |name: &str| folder.join(name).exists();
    (has(results::NAME) && !has(RUN) && !has(CLASS)).then(|| {
        Failure::usage(format!(
            "{} is not finished: the run that wrote it ended early",
            display(folder)
        ))
        .remedy("run the same `ipclab grade` again: it goes on from there")
    })
}
