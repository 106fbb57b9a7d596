//! Ctrl-C: everything of the run ends, the scratch folder goes, and the last line says so.
//!
//! The boxes need no signal of ours: each hangs on a lifeline that ends with this process, and the kernel ends
//! whatever lives in them. Processes of ours that would outlive it are ended first ([`output`]).

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::store;

/// A signal has come: what the rest of the tool still does is of no account.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Process groups of the tool's own that must not outlive it.
static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// How long such a process may take to clear up after a signal.
const GROUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs a command of the tool's own to its end, in a process group that a signal to the tool ends first.
///
/// # Errors
/// It cannot be started, or its output cannot be read.
pub fn output(command: &mut Command) -> io::Result<Output> {
    let groups = || GROUPS.lock().unwrap_or_else(PoisonError::into_inner);
    // A signal that comes meanwhile finds it in the list.
    let mut list = groups();
    let child = command.process_group(0).spawn()?;
    let group = Pid::from_raw(child.id().cast_signed());
    list.push(group);
    drop(list);
    let output = child.wait_with_output();
    groups().retain(|other| *other != group);
    output
}

/// Ends the tool's own processes, each after it has cleared up. No other one is started after it.
fn end_groups() {
    let groups = GROUPS.lock().unwrap_or_else(PoisonError::into_inner);
    let running = |group: &Pid| killpg(*group, None).is_ok();
    for group in groups.iter() {
        let _ = killpg(*group, Signal::SIGTERM);
    }
    // Another thread waits for them and reaps them, so that this one can only look whether they are gone.
    let begun = Instant::now();
    while groups.iter().any(running) && begun.elapsed() < GROUP_TIMEOUT {
        std::thread::sleep(Duration::from_millis(10));
    }
    for group in groups.iter() {
        let _ = killpg(*group, Signal::SIGKILL);
    }
    std::mem::forget(groups);
}

/// Stops the calling thread for good when a signal has come. A case whose files have just been cleared away would
/// otherwise be reported as trouble, and the report could come before the end.
pub fn park_if_interrupted() {
    while INTERRUPTED.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// Watches for the signals that end the tool, from a thread of its own. `last_words` is called when one has come and the
/// scratch folders are gone, just before the process ends.
///
/// # Errors
/// The handlers could not be set.
pub fn watch(last_words: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|error| {
        Failure::unable(format!(
            "setting up the handling of Ctrl-C: {}",
            reason(&error)
        ))
    })?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            INTERRUPTED.store(true, Ordering::SeqCst);
            end_groups();
            store::clear_scratch();
            last_words();
            // 128 + the signal's number, as shells count: 130 for Ctrl-C.
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
