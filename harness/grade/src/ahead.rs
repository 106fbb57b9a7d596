//! What every check asks of this machine, asked while the specs and the submission are read.

use std::thread;

use ipclab_sandbox::LevelChoice;

use crate::withheld;

/// Begins to find out whether namespaces work here, and what boxes withhold of this tool. Whoever needs an answer waits for it, and
/// finds out what could not be begun.
pub fn begin(isolation: LevelChoice) {
    let ask = |name: &str, question: fn()| {
        // Without a thread the question is asked when the answer is needed.
        let _ = thread::Builder::new().name(name.to_owned()).spawn(question);
    };
    if isolation != LevelChoice::Shared {
        ask("namespaces", ipclab_sandbox::try_namespaces);
    }
    ask("withheld", || {
        withheld::own();
    });
}
