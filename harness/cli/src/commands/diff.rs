//! `ipclab diff`: two gradings of one class beside each other.

use std::process::ExitCode;

use ipclab_class::diff;
use ipclab_intake::failure::Failure;
use ipclab_intake::whole_file;

use crate::args::Diff;
use crate::output;

/// Compares two folders of results. The exit status says whether anything differs.
///
/// # Errors
/// One of them cannot be read, they are of different labs, or the output cannot be written.
pub(crate) fn diff(args: &Diff) -> Result<ExitCode, Failure> {
    let compared = diff::diff(&args.before, &args.after, args.format.into())?;
    match &args.output {
        Some(file) => whole_file::write(file, &compared.text)?,
        None => {
            output::print(&compared.text)?;
        }
    }
    Ok(ExitCode::from(u8::from(!compared.same)))
}
