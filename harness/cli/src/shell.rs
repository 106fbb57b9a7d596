//! Completions: the shell starts the tool itself, with [`VARIABLE`] set, and asks what may come next. So what it offers is
//! what this executable carries.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::env::{Bash, CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use crate::args::Args;

/// The shell whose question the tool is started to answer.
pub(crate) const VARIABLE: &str = "IPCLAB_COMPLETE";

/// Answers the shell and ends, where a shell has asked.
pub(crate) fn answer() {
    CompleteEnv::with_factory(Args::command)
        .var(VARIABLE)
        .complete();
}

/// Writes the script by which a shell asks.
///
/// # Errors
/// The writer's.
pub(crate) fn script(shell: clap_complete::Shell, out: &mut dyn Write) -> io::Result<()> {
    let of: &dyn EnvCompleter = match shell {
        clap_complete::Shell::Bash => &Bash,
        clap_complete::Shell::Elvish => &Elvish,
        clap_complete::Shell::Fish => &Fish,
        clap_complete::Shell::PowerShell => &Powershell,
        clap_complete::Shell::Zsh => &Zsh,
        // The list of shells may grow with a new version.
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    of.write_registration(VARIABLE, "ipclab", "ipclab", "ipclab", out)
}
