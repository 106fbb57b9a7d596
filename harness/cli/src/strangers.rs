//! What is said where the programs of a lab's author run with the rights of the user.

use ipclab_sandbox::{LevelChoice, Rights};

use crate::output;

/// Says with whose rights the programs of a lab's author run, where these are our own.
pub(crate) fn note_author_programs() {
    if let Ok(Rights::ToolUser) = ipclab_sandbox::rights(LevelChoice::Auto) {
        output::note(
            "note: namespaces are refused here, so the lab's own programs run with this user's rights",
        );
    }
}
