//! `ipclab export`: a class's marks as other systems take them.

use std::process::ExitCode;

use ipclab_class::export::{self, Request};
use ipclab_intake::failure::Failure;
use ipclab_intake::whole_file;

use crate::args::Export;
use crate::output;

/// Writes a class in one form.
///
/// # Errors
/// The class or the gradebook cannot be read or is none, or the output cannot be written.
pub(crate) fn export(args: &Export) -> Result<ExitCode, Failure> {
    let exported = export::export(&Request {
        form: args.form.into(),
        class: &args.class,
        fill: args.fill.as_deref(),
        column: args.column.as_deref(),
        feedback: args.feedback.as_deref(),
    })?;
    let is_zip = matches!(export::Form::from(args.form), export::Form::Feedback(_));
    match &args.output {
        None if is_zip => {
            return Err(Failure::usage("a zip is nothing for a terminal")
                .remedy("name a file for it: -o feedback.zip"));
        }
        Some(file) => whole_file::write(file, &exported.bytes)?,
        None => {
            output::write(&exported.bytes)?;
        }
    }
    if let Some(note) = &exported.note {
        output::note(note);
    }
    Ok(ExitCode::SUCCESS)
}
