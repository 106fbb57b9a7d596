//! Ctrl-C: everything of the run ends, the scratch folder goes, and the last line says so.
//!
//! The boxes need no signal of ours: each hangs on a lifeline that ends with this process, and the kernel ends
//! whatever lives in them.

use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::{Failure, reason};
use crate::{output, store};

/// A signal has come: what the rest of the tool still does is of no account.
static BEGUN: AtomicBool = AtomicBool::new(false);

/// Stops the calling thread for good when a signal has come. A case whose files have just been cleared away would
/// otherwise be reported as trouble, and the report could come before the end.
pub(crate) fn hold_if_begun() {
    while BEGUN.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// Watches for the signals that end the tool, from a thread of its own.
///
/// # Errors
/// The handlers could not be set.
pub(crate) fn watch() -> Result<(), Failure> {
    watch_saying("nothing graded; every program that was running has been ended")
}

/// The same with the words that the last line says after `interrupted,`.
///
/// # Errors
/// The handlers could not be set.
pub(crate) fn watch_saying(last_words: &'static str) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|error| {
        Failure::unable(format!(
            "setting up the handling of Ctrl-C: {}",
            reason(&error)
        ))
    })?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            BEGUN.store(true, Ordering::SeqCst);
            store::clear_scratch();
            // Whoever read this may have gone with the signal: `eprintln!` would end this thread, and nothing the tool.
            output::note(&format!("\nipclab: interrupted, {last_words}"));
            // 128 + the signal's number, as shells count: 130 for Ctrl-C.
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
