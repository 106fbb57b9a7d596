//! Writing to the terminal: the report on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use ipclab_class::finished::Finished;
use ipclab_grade::interrupt;
use ipclab_grade::labs::Lab;
use ipclab_report::terminal::Style;

use crate::args::values::When;
use ipclab_intake::failure::Failure;

/// Prints on stdout. A reader that has gone (`ipclab labs | head -1`) is no error.
///
/// # Errors
/// Stdout cannot be written: a full disk behind `>`.
pub(crate) fn print(text: &str) -> Result<ExitCode, Failure> {
    write(text.as_bytes())
}

/// The same of a table in whatever encoding it was given in.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn write(bytes: &[u8]) -> Result<ExitCode, Failure> {
    let mut stdout = io::stdout().lock();
    let newline: &[u8] = if bytes.ends_with(b"\n") || bytes.is_empty() {
        b""
    } else {
        b"\n"
    };
    match stdout
        .write_all(bytes)
        .and_then(|()| stdout.write_all(newline))
        .and_then(|()| stdout.flush())
    {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::disk("writing to stdout", &error)),
    }
}

/// The sequence that clears the terminal and its scrolled lines; empty where stdout is no terminal.
pub(crate) fn clear() -> &'static str {
    match io::stdout().is_terminal() {
        true => "\x1b[H\x1b[2J\x1b[3J",
        false => "",
    }
}

/// Says on stderr why the tool stops.
pub(crate) fn complain(failure: &Failure) {
    note(&format!("ipclab: {failure}"));
}

/// Says on stderr what the author of a lab probably did not mean.
pub(crate) fn warn(lab: &Lab) {
    if !lab.warnings.is_empty() {
        note(&lab.warnings);
    }
}

/// Says something on stderr; when that fails there is no other place to say so.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}

/// Asks a question that `y` and `yes` answer. Without a terminal there is no one to answer: the answer is no.
pub(crate) fn ask(question: &str) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return false;
    }
    let _ = write!(io::stderr().lock(), "{question} [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Prints what came of a class.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn finish(finished: &Finished) -> Result<ExitCode, Failure> {
    for text in &finished.notes {
        note(text);
    }
    print(&finished.text)?;
    Ok(ExitCode::from(finished.exit_code))
}

/// What stdout can show.
pub(crate) fn style(when: When) -> Style {
    let terminal = io::stdout().is_terminal();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let color = match when {
        When::Always => true,
        When::Never => false,
        // https://no-color.org, and terminals that say themselves that they are none.
        When::Auto => {
            terminal
                && variable("NO_COLOR").is_none()
                && variable("TERM").is_none_or(|term| term != "dumb")
        }
    };
    let columns = variable("COLUMNS").and_then(|columns| columns.parse().ok());
    let width = match terminal_size::terminal_size() {
        Some((width, _)) if terminal => usize::from(width.0),
        _ => columns.unwrap_or(80),
    };
    // POSIX: the first that is set decides.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| variable(name))
        .unwrap_or_default()
        .to_lowercase();
    // A file or a pipe is read elsewhere, where UTF-8 is what there is.
    let unicode = !terminal || locale.contains("utf-8") || locale.contains("utf8");
    Style {
        color,
        width,
        unicode,
    }
}

/// Watches for the signals that end the tool. The last line says `interrupted,` and these words.
///
/// # Errors
/// The handlers could not be set.
pub(crate) fn watch_saying(last_words: &'static str) -> Result<(), Failure> {
    // A reader may have gone with the signal: `eprintln!` would end the thread that says it, and not the tool.
    interrupt::watch(move || note(&format!("\nipclab: interrupted, {last_words}")))
}

/// The same for a command that has graded nothing before its end.
///
/// # Errors
/// The handlers could not be set.
pub(crate) fn watch() -> Result<(), Failure> {
    watch_saying("nothing graded; every program that was running has been ended")
}
