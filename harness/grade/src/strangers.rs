//! Strangers' programs: where they would run with the rights of the user who grades them, that user has to say so.

use std::path::Path;

use ipclab_intake::failure::Failure;
use ipclab_sandbox::{LevelChoice, Rights, writable_by_programs};

/// Something of the grader's that no program may change.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// What it is: `the results`.
    pub what: &'static str,
    /// Where.
    pub path: &'a Path,
    /// How another place is named: `-o`.
    pub option: &'static str,
}

/// Refuses to run strangers' programs where they could do what the grader can do, unless they are trusted; and where they
/// could change what the grader keeps.
///
/// # Errors
/// What they could do, and every remedy.
pub fn allow(isolation: LevelChoice, trusted: bool, places: &[Place<'_>]) -> Result<(), Failure> {
    // Where the level cannot be had at all, starting the sandboxes says so.
    let Ok(rights) = ipclab_sandbox::rights(isolation) else {
        return Ok(());
    };
    if rights == Rights::ToolUser && !trusted {
        return Err(Failure::usage(
            "at the shared level the submissions' programs would run with your own rights over files and processes",
        )
        .remedy(
            "run this as root, also in a container: the programs then get a user of their own; or allow user namespaces \
             (`ipclab doctor` says how); or, if you trust all of these programs, add --trust-submissions",
        ));
    }
    for place in places {
        if let Some(folder) = writable_by_programs(place.path, rights) {
            return Err(Failure::usage(format!(
                "the programs could change {} in {}: they may write to {}",
                place.what,
                place.path.display(),
                folder.display()
            ))
            .remedy(format!("choose a folder elsewhere: {}", place.option)));
        }
    }
    Ok(())
}
