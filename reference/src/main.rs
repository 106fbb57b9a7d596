//! `ipclab-reference`: all programs of the unit in one file.
//!
//! Started under a program's name (`ln -s ipclab-reference iserver; ./iserver 2`) it is that program; otherwise its first
//! argument names it (`ipclab-reference iserver 2`).

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use ipclab_reference::{PROGRAMS, run};

fn main() -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    play(&argv)
        .or_else(|| play(argv.get(1..)?))
        .unwrap_or_else(usage)
}

/// Plays the program that `argv[0]` names, whatever folder stands before the name.
fn play(argv: &[OsString]) -> Option<ExitCode> {
    let name = Path::new(argv.first()?)
        .file_name()
        .and_then(OsStr::to_str)?;
    run(argv, name)
}

fn usage() -> ExitCode {
    let mut text = String::from("Usage: ipclab-reference PROGRAM [ARGUMENT...]\n\n");
    for (name, about) in PROGRAMS {
        text.push_str(&format!("  {name:<12}{about}\n"));
    }
    // With stderr closed there is no place left to complain.
    let _ = io::stderr().lock().write_all(text.as_bytes());
    ExitCode::from(2)
}
