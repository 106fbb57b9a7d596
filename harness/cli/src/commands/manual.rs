//! What shells and `man` know of the tool, made of the command line's own definition.

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use clap::CommandFactory;

use crate::args::Args;
use crate::{output, shell};
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;

/// Prints completions for a shell.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn completions(of: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    shell::script(of, &mut text)
        .map_err(|error| Failure::unable(format!("writing the script: {}", reason(&error))))?;
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
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    page(command, folder).map_err(|error| wrong(&error))?;
    output::print(&format!(
        "{0}\nRead one with: man {0}/ipclab-check.1\n",
        show::path(folder)
    ))
}

/// Writes the page of a command, and those of its own commands.
fn page(command: clap::Command, folder: &Path) -> io::Result<()> {
    let visible = |command: &&clap::Command| !command.is_hide_set();
    for part in command.get_subcommands().filter(visible) {
        page(part.clone(), folder)?;
    }
    let man = clap_mangen::Man::new(command);
    let mut text = Vec::new();
    man.render(&mut text)?;
    let text = laid_out(&String::from_utf8_lossy(&text));
    fs::write(folder.join(man.get_filename()), text)
}

/// The page with its examples line by line, under a heading that people look for.
fn laid_out(page: &str) -> String {
    let Some((before, extra)) = page.split_once(".SH EXTRA\nExamples:\n") else {
        return page.to_owned();
    };
    let mut out = format!("{before}.SH EXAMPLES\n");
    let mut as_it_is = false;
    for line in extra.lines() {
        if line.starts_with("  ") != as_it_is {
            as_it_is = !as_it_is;
            out.push_str(if as_it_is { ".nf\n" } else { ".fi\n" });
        }
        out.push_str(line);
        out.push('\n');
    }
    if as_it_is {
        out.push_str(".fi\n");
    }
    out
}
