//! Ctrl-C: everything of the run ends, the scratch folder goes, and the last line says so.
//!
//! The boxes need no signal of ours: each hangs on a lifeline that ends with this process, and the kernel ends
//! whatever lives in them.

use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::store;

/// A signal has come: what the rest of the tool still does is of no account.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

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
            store::clear_scratch();
            last_words();
            // 128 + the signal's number, as shells count: 130 for Ctrl-C.
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
