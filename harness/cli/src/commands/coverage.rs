//! `ipclab coverage`: what the unit asks, and which cases test it.

use std::process::ExitCode;

use ipclab_intake::failure::Failure;
use ipclab_prove::coverage;

use crate::args::values::{TableFormat, When};
use crate::output;

/// Prints the table of the labs that the tool carries.
///
/// # Errors
/// A spec or the list is not as it must be.
pub(crate) fn coverage(format: TableFormat, color: When) -> Result<ExitCode, Failure> {
    let table = coverage::coverage()?;
    output::print(&match format {
        TableFormat::Text => table.text(&output::style(color)),
        TableFormat::Markdown => table.markdown(),
        TableFormat::Json => table.json(),
    })?;
    Ok(ExitCode::from(table.exit_code()))
}
