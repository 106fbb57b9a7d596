//! What shells and `man` know of the tool, made of the command line's own definition.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::Args;
use crate::failure::{Failure, reason};
use crate::{output, show};

/// Prints completions for a shell.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "ipclab", &mut text);
    output::print(&String::from_utf8_lossy(&text))
}

/// Writes a man page for the tool and one for each of its commands.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn pages(folder: &Path) -> Result<ExitCode, Failure> {
    let wrong = |error: &std::io::Error| {
        Failure::disk(
            format_args!("writing man pages to {}", show::path(folder)),
            error,
        )
    };
    fs::create_dir_all(folder).map_err(|error| {
        Failure::usage(format!("making {}: {}", show::path(folder), reason(&error)))
    })?;
    clap_mangen::generate_to(Args::command(), folder).map_err(|error| wrong(&error))?;
    output::print(&format!(
        "{0}\nRead one with: man {0}/ipclab-check.1\n",
        show::path(folder)
    ))
}
