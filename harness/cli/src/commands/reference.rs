//! `ipclab reference`: the reference programs, by hand.

use std::ffi::OsString;
use std::process::ExitCode;

use ipclab_intake::failure::Failure;

use crate::output;

/// Plays a reference program as if it had been called by its own name, or lists all of them.
///
/// # Errors
/// There is no such program.
pub(crate) fn reference(name: Option<String>, args: Vec<OsString>) -> Result<ExitCode, Failure> {
    let list = || {
        let programs = ipclab_reference::PROGRAMS.iter();
        programs
            .map(|(name, about)| format!("  {name:<14} {about}\n"))
            .collect::<String>()
    };
    let Some(name) = name else {
        return output::print(&list());
    };
    let mut argv = vec![OsString::from(format!("./{name}"))];
    argv.extend(args);
    match ipclab_reference::run(&argv, &name) {
        Some(code) => Ok(code),
        None => Err(
            Failure::usage(format!("there is no reference program {name:?}"))
                .remedy(format!("there are:\n{}", list().trim_end())),
        ),
    }
}
