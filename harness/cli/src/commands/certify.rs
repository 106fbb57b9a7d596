//! `ipclab certify`: the same programs again and again, and every verdict must be the same.

use std::process::ExitCode;

use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_prove::certify::{self, Request, Way};
use ipclab_prove::validate::probes;

use crate::args::Certify;
use crate::args::values::{Format, When};
use crate::output;
use crate::progress::Bar;
use crate::strangers;

/// Certifies labs and prints what was found.
///
/// # Errors
/// A lab cannot be found or read, an accepted submission cannot be taken in, or there is no sandbox.
pub(crate) fn certify(args: &Certify, color: When) -> Result<ExitCode, Failure> {
    let proofs = probes::gather(&args.labs.labs)?;
    output::watch()?;
    strangers::note_author_programs();
    let store = Store::open()?;
    let ways: Vec<Way> = args.ways.iter().map(|way| Way::from(*way)).collect();
    let request = Request {
        proofs: &proofs,
        selection: &args.select.selection(),
        config: &args.config(),
        runs: args.runs,
        ways: &ways,
        keep: &args.keep,
    };
    let certification = certify::certify(&request, &store, &Bar::start())?;
    output::print(&match args.format {
        Format::Text => certification.text(&output::style(color)),
        Format::Json => certification.json(),
    })?;
    Ok(ExitCode::from(certification.exit_code()))
}
