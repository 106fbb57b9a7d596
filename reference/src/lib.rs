//! Every program of the unit, as it should be.
//!
//! One file a program under `programs/`; [`PROGRAMS`] lists them and [`run`] plays one. The `ipclab` tool links this
//! library and plays a reference program when it is started under that program's name; the binary `ipclab-reference`
//! does the same without the tool.
//!
//! The programs keep all three tiers of the labs' contract: what the unit's listings do (*core*), without the listings'
//! hazards (*robust*), and what the unit's prose promises and no listing does (*stretch*). Each module says point by
//! point how.

mod crowd;
mod failure;
mod net;
mod programs;
mod shutdown;
mod socket_file;
mod stdio;
pub mod sysv;

use std::ffi::OsString;
use std::process::ExitCode;

/// The name of each program and one line about it, in the order of the unit's questions.
pub const PROGRAMS: &[(&str, &str)] = &names_and_abouts();

/// Plays `program` as if it had been started with `argv`.
///
/// `argv[0]` is included; it is what the usage lines print (`Usage: ./iserver <...>`). `None` means that the unit has no
/// program of that name. On failure the reason has been printed on stderr, naming the call, and the code is 1.
pub fn run(argv: &[OsString], program: &str) -> Option<ExitCode> {
    let program = programs::TABLE.iter().find(|p| p.name == program)?;
    Some(match (program.main)(argv) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            stdio::complain(failure);
            ExitCode::FAILURE
        }
    })
}

const fn names_and_abouts() -> [(&'static str, &'static str); programs::TABLE.len()] {
    let mut list = [("", ""); programs::TABLE.len()];
    let mut i = 0;
    while i < list.len() {
        list[i] = (programs::TABLE[i].name, programs::TABLE[i].about);
        i += 1;
    }
    list
}
