//! `ipclab`: grades a Linux-programming unit on System V shared memory and sockets.
//!
//! This crate is where the stages meet: it finds the lab ([`labs`]), takes the submission in ([`submission`]), builds it
//! ([`build`]), plans every case ([`plan`]), has the plans run ([`grade`]), judges what was observed ([`verdict`]) and
//! prints the report. Only this crate and the sandbox touch the machine.

mod args;
mod batch;
mod build;
mod certify;
mod check;
mod coverage;
mod crew;
mod explain;
mod explore;
mod export;
mod failure;
mod golden;
mod grade;
mod image;
mod import;
mod init;
mod interop;
mod interrupt;
mod keep;
mod keep_v1;
mod labs;
mod manual;
mod mutants;
mod out;
mod output;
mod package;
mod peer;
mod plan;
mod present;
mod progress;
mod record;
mod show;
mod store;
mod submission;
mod validate;
mod verdict;
mod watch;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, PackageCommand, SpecCommand};
use failure::Failure;

fn main() -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    // The tool starts itself again as the sandbox's processes, as peers and as reference programs: those come first,
    // since their arguments are not ours to read.
    if called_as(&argv).as_deref() == Some(peer::NAME) {
        return peer::play();
    }
    if let Some(code) = ipclab_sandbox::hidden(&argv) {
        return code;
    }
    if let Some(code) = certify::load::hidden(&argv) {
        return code;
    }
    if let Some(code) = called_as(&argv).and_then(|program| ipclab_reference::run(&argv, &program))
    {
        return code;
    }
    let args = Args::parse_from(&argv);
    let result = run(args);
    interrupt::hold_if_begun();
    match result {
        Ok(code) => code,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::from(failure.code)
        }
    }
}

fn run(args: Args) -> Result<ExitCode, Failure> {
    let color = args.color;
    match args.command {
        Command::Check(check) => check::check(&check, color),
        Command::Grade(args) => batch::grade(&args),
        Command::Interop(args) => interop::interop(&args),
        Command::Merge(args) => batch::merge(&args),
        Command::Package(PackageCommand::Slurm(args)) => package::slurm(&args),
        Command::Validate(args) if args.mutants => mutants::mutants(&args, color),
        Command::Package(PackageCommand::Gradescope(args)) => package::gradescope(&args),
        Command::Export(args) => export::export(&args),
        Command::Init(args) => init::init(&args),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { folder } => manual::pages(&folder),
        Command::Validate(args) => validate::validate(&args, color),
        Command::Golden(args) => golden::golden(&args),
        Command::Coverage { format } => coverage::coverage(format, color),
        Command::Certify(args) => certify::certify(&args, color),
        Command::Judge {
            folder,
            presentation,
        } => check::judge(&folder, &presentation, color),
        Command::Spec(SpecCommand::Check { files }) => check::specs(&files),
        Command::Spec(SpecCommand::Schema) => output::print(&ipclab_spec::schema()),
        Command::Reference { name, args } => reference(name, args),
        Command::Doctor => explain::doctor(),
        Command::Explain { lab, case } => explain::explain(&lab, case.as_deref()),
        Command::Labs { lab: None, .. } => explain::labs(),
        Command::Labs {
            lab: Some(lab),
            starter: None,
        } => explain::handout(&lab),
        Command::Labs {
            lab: Some(lab),
            starter: Some(folder),
        } => explain::starter(&lab, &folder),
    }
}

/// The name that the tool was called by.
fn called_as(argv: &[OsString]) -> Option<String> {
    Some(
        Path::new(argv.first()?)
            .file_name()?
            .to_string_lossy()
            .into_owned(),
    )
}

/// Plays a reference program as if it had been called by its own name, or lists all of them.
fn reference(name: Option<String>, args: Vec<OsString>) -> Result<ExitCode, Failure> {
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
