//! `ipclab refresh`: pages and tables of a class, written anew.

use std::process::ExitCode;

use ipclab_class::batch;
use ipclab_intake::failure::Failure;

use crate::args::Refresh;
use crate::output;

/// Writes everything that is made of a folder's results once more.
///
/// # Errors
/// It holds no marks of a class, or what the instructor wrote is wrong.
pub(crate) fn refresh(args: &Refresh) -> Result<ExitCode, Failure> {
    output::finish(&batch::refresh(&args.class)?)
}
