//! Cheats as submissions: a folder of sources that is taken in like a student's.

use std::fs;
use std::path::Path;

use ipclab_spec::Spec;

use super::programs::{Cheat, Known};
use ipclab_intake::failure::Failure;
use ipclab_intake::show;
use ipclab_intake::store::Store;
use ipclab_intake::submission::{MAPPING, Submission};

/// A submission in which every program of the lab is the cheat.
///
/// # Errors
/// The disk's.
pub(super) fn folder_of(
    cheat: Cheat,
    spec: &Spec,
    known: &[Known],
    store: &Store,
) -> Result<Submission, Failure> {
    let folder = store.folder("cheat")?;
    let mut mapping = String::new();
    for (n, program) in spec.programs.iter().enumerate() {
        let known = known.get(n).cloned().unwrap_or_default();
        let file = format!("{}.c", program.name);
        write(&folder.join(&file), &cheat.source(program, &known))?;
        mapping.push_str(&format!("[program.{}]\nsource = {file:?}\n", program.name));
    }
    write(&folder.join(MAPPING), &mapping)?;
    Submission::take_in(&folder, store.folder("cheat-staged")?)
}

/// Writes a source of ours.
///
/// # Errors
/// The disk's.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text)
        .map_err(|error| Failure::disk(format_args!("writing {}", show::path(path)), &error))
}
