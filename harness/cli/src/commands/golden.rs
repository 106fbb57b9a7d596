//! `ipclab golden`: what every submission of a lab gets, compared with a record.

use std::process::ExitCode;

use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
use ipclab_prove::golden;
use ipclab_prove::validate::probes;

use crate::args::Golden;
use crate::output;
use crate::progress::Bar;
use crate::strangers;

/// Compares labs with what is written down, or writes it down.
///
/// # Errors
/// A lab or its file cannot be read or written, or there is no sandbox.
pub(crate) fn golden(args: &Golden) -> Result<ExitCode, Failure> {
    let proofs = probes::gather(&args.labs.labs)?;
    output::watch_saying(
        "the labs that are named above are done; every program that was running has been ended",
    )?;
    strangers::note_author_programs();
    let store = Store::open()?;
    let differences = golden::golden(
        &proofs,
        &args.request(),
        &store,
        &Bar::start(),
        &mut |text| output::print(text).map(|_| ()),
    )?;
    Ok(ExitCode::from(u8::from(differences > 0)))
}
