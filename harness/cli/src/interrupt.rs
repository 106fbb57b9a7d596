//! Ctrl-C: everything of the run ends, the scratch folder goes, and the last line says so.
//!
//! The boxes need no signal of ours: each hangs on a lifeline that ends with this process, and the kernel ends
//! whatever lives in them.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::store;

/// Watches for the signals that end the tool, from a thread of its own.
///
/// # Errors
/// The handlers could not be set.
pub(crate) fn watch() -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            store::clear_scratch();
            eprintln!(
                "\nipclab: interrupted, nothing graded; every program that was running has been ended"
            );
            // 128 + the signal's number, as shells count: 130 for Ctrl-C.
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
