//! `ipclab`: grades a Linux-programming unit on System V shared memory and sockets.
//!
//! This crate is what a user sees: the command line ([`args`]), one file a [`commands`]' command, and everything that is
//! printed. What the commands do is done by the crates below it.

mod about;
mod args;
mod class_progress;
mod commands;
mod output;
mod present;
mod progress;
mod shell;
mod strangers;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use clap::Parser;

use args::{Args, Command, PackageCommand, SpecCommand};
use ipclab_grade::interrupt;
use ipclab_intake::failure::Failure;

/// musl's own allocator takes memory from the kernel and gives it back a few kilobytes at a time: a sixth of a check's time.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    // The tool starts itself again as the sandbox's processes, as peers and as reference programs: those come first,
    // since their arguments are not ours to read.
    if called_as(&argv).as_deref() == Some(ipclab_peer::NAME) {
        return ipclab_peer::play().unwrap_or_else(|error| {
            output::note(&format!("{}: {error}", ipclab_peer::NAME));
            ExitCode::from(2)
        });
    }
    if let Some(code) = ipclab_sandbox::hidden(&argv) {
        return code;
    }
    if let Some(table) = ipclab_grade::compile::lines::hidden(&argv) {
        return output::print(&table).unwrap_or(ExitCode::FAILURE);
    }
    if let Some(code) = ipclab_grade::compile::instrumented::hidden(&argv) {
        return output::print(&code).unwrap_or(ExitCode::FAILURE);
    }
    if let Some(code) = ipclab_prove::certify::load::hidden(&argv) {
        return code;
    }
    if let Some(code) = called_as(&argv).and_then(|program| ipclab_reference::run(&argv, &program))
    {
        return code;
    }
    ipclab_sandbox::make_usable();
    // The main thread's stack is what the caller's limits allow.
    let answering = thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || answer(&argv));
    match answering.map(thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => {
            output::note(&format!(
                "ipclab: this machine allows no further thread: {error}"
            ));
            ExitCode::from(3)
        }
    }
}

/// What a main thread may grow to on a usual machine.
const STACK_BYTES: usize = 8 << 20;

/// Does what the command line asks for.
fn answer(argv: &[OsString]) -> ExitCode {
    if std::env::var_os(shell::VARIABLE).is_some() {
        shell::answer();
    }
    let args = Args::parse_from(argv);
    let result = run(args);
    interrupt::park_if_interrupted();
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
        Command::Check(args) => commands::check::check(&args, color),
        Command::Grade(args) => commands::grade::grade(&args),
        Command::Interop(args) => commands::interop::interop(&args),
        Command::Merge(args) => commands::merge::merge(&args),
        Command::Package(PackageCommand::Slurm(args)) => commands::package::slurm(&args),
        Command::Package(PackageCommand::Gradescope(args)) => commands::package::gradescope(&args),
        Command::Diff(args) => commands::diff::diff(&args),
        Command::Refresh(args) => commands::refresh::refresh(&args),
        Command::Verify(args) => commands::verify::verify(&args),
        Command::Export(args) => commands::export::export(&args),
        Command::Init(args) => commands::init::init(&args),
        Command::Completions { shell } => commands::manual::completions(shell),
        Command::Man { folder } => commands::manual::pages(&folder),
        Command::Validate(args) if args.mutants => commands::validate::mutants(&args, color),
        Command::Validate(args) if args.worlds.is_some() => commands::validate::worlds(&args),
        Command::Validate(args) if args.cheats => commands::validate::cheats(&args, color),
        Command::Validate(args) if args.reports => commands::validate::reports(&args),
        Command::Validate(args) => commands::validate::validate(&args, color),
        Command::Golden(args) => commands::golden::golden(&args),
        Command::Coverage { format } => commands::coverage::coverage(format, color),
        Command::Certify(args) => commands::certify::certify(&args, color),
        Command::Judge {
            folder,
            presentation,
        } => commands::judge::judge(&folder, &presentation, color),
        Command::Spec(SpecCommand::Check { files }) => commands::spec::check(&files),
        Command::Spec(SpecCommand::Schema { submission }) => commands::spec::schema(submission),
        Command::Spec(SpecCommand::Calls) => commands::spec::calls(),
        Command::Spec(SpecCommand::Keys) => commands::spec::table(&ipclab_spec::keys_table()),
        Command::Spec(SpecCommand::Steps) => commands::spec::table(&ipclab_spec::steps_table()),
        Command::Spec(SpecCommand::Placeholders) => {
            commands::spec::table(&ipclab_spec::placeholders_table())
        }
        Command::Spec(SpecCommand::Patterns) => {
            commands::spec::table(&ipclab_spec::patterns_table())
        }
        Command::Spec(SpecCommand::New { name, folder }) => {
            commands::new_lab::write(&name, &folder)
        }
        Command::Reference { name, args } => commands::reference::reference(name, args),
        Command::Doctor => commands::doctor::doctor(),
        Command::Explain { lab, case } => commands::explain::run(&lab, case.as_deref()),
        Command::Labs { lab: None, .. } => commands::labs::list(),
        Command::Labs {
            lab: Some(lab),
            fault: Some(name),
            out: Some(folder),
            ..
        } => commands::labs::fault(&lab, &name, &folder),
        Command::Labs {
            lab: Some(lab),
            starter: None,
            ..
        } => commands::labs::handout(&lab),
        Command::Labs {
            lab: Some(lab),
            starter: Some(folder),
            ..
        } => commands::labs::starter(&lab, &folder),
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
