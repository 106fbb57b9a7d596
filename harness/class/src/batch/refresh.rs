//! `ipclab refresh`: pages and tables anew, by what the instructor has written since. Nothing is graded, and the submissions
//! need not be there.

use std::path::Path;

use ipclab_intake::failure::Failure;
use ipclab_intake::show::path as display;

use super::finish;
use super::manifest::{RUN, Role, Run, read_class};
use super::results::Results;
use super::settling::Settling;
use super::summary::{Summary, is_not_yet};
use super::unfinished::unfinished;
use crate::finished::Finished;
use crate::results_folder::ResultsFolder;

/// Writes everything that is made of a folder's results once more.
///
/// # Errors
/// It holds no marks of a class, what the instructor wrote is wrong, or the disk's trouble.
pub fn refresh(folder: &Path) -> Result<Finished, Failure> {
    let none = || {
        Failure::usage(format!("{} holds no marks of a class", display(folder)))
            .remedy("name the folder that `ipclab grade -o` wrote and finished")
    };
    if let Some(failure) = unfinished(folder) {
        return Err(failure);
    }
    if !folder.join(RUN).exists() {
        return Err(none());
    }
    let about = Run::read(folder)?.ok_or_else(none)?;
    if about
        .how
        .as_ref()
        .is_some_and(|how| how.role != Role::Marks)
    {
        return Err(none());
    }
    let out = ResultsFolder::open(folder, Path::new("/nowhere"))?;
    let settling = Settling::read(folder)?;
    let results = Results::read_only(folder, &about.settings)?;
    let mut class = read_class(folder)?;
    class
        .submissions
        .retain(|member| results.stored(&member.who.id).is_none());
    class.not_handed_in = settling.rules.not_handed_in;
    let notes = finish::write(&out, &results, &mut class, &about, &settling)?;
    let yet = class
        .submissions
        .iter()
        .filter(|member| is_not_yet(member))
        .count();
    let summary = Summary {
        out: &out,
        class: &class,
        expected: class.submissions.len(),
        yet,
        kept: class.submissions.len() - yet,
        spared: 0,
    };
    Ok(Finished {
        notes,
        text: summary.text(),
        exit_code: summary.exit_code(),
    })
}
