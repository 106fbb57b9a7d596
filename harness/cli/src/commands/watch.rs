//! `check --watch`: grades again whenever something in the folder was saved.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecursiveMode, Watcher};

use crate::args::Check;
use crate::output;
use ipclab_intake::failure::Failure;
use ipclab_intake::show;

/// An editor that saves makes several changes at once; when none came for so long, it has done.
const QUIET: Duration = Duration::from_millis(150);

/// Grades, waits for a change, and grades again, until Ctrl-C.
///
/// # Errors
/// The folder cannot be watched; what is wrong with a submission is told and waited out.
pub(super) fn watch(
    args: &Check,
    mut grade: impl FnMut() -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    let (sender, changes) = mpsc::channel();
    let ours: Vec<PathBuf> = [&args.keep, &args.presentation.output]
        .into_iter()
        .flatten()
        .filter_map(|path| std::path::absolute(path).ok())
        .collect();
    let folder = std::path::absolute(&args.folder).unwrap_or_else(|_| args.folder.clone());
    // An editor puts another file in the place of one that it saves.
    let folder = match folder.parent() {
        Some(parent) if folder.is_file() => parent.to_owned(),
        _ => folder,
    };
    let cannot = |error: notify::Error| {
        Failure::usage(format!("watching {}: {error}", show::path(&args.folder)))
            .remedy("without --watch it is graded once")
    };
    let inside = folder.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // What cannot be understood is a change as well: better graded once too often.
        if event.map_or(true, |event| matters(&event, &inside, &ours)) {
            let _ = sender.send(());
        }
    })
    .map_err(cannot)?;
    watcher
        .watch(&folder, RecursiveMode::Recursive)
        .map_err(cannot)?;
    loop {
        // What is wrong now may be mended by the next save: a typing error in ipclab.toml, a file half written.
        if let Err(failure) = grade() {
            output::complain(&failure);
        }
        output::note(&format!(
            "watching {}: save a file to grade again, Ctrl-C to end",
            show::path(&args.folder)
        ));
        if changes.recv().is_err() {
            return Ok(ExitCode::SUCCESS);
        }
        loop {
            match changes.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return Ok(ExitCode::SUCCESS),
            }
        }
    }
}

/// Whether an event may change what is graded: reading does not, nor does what this tool, git or an editor writes for
/// itself.
fn matters(event: &Event, folder: &Path, ours: &[PathBuf]) -> bool {
    let kind = match event.kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    };
    let is_source = |path: &PathBuf| {
        let inner = path.strip_prefix(folder).unwrap_or(path);
        let hidden = inner.components().any(|part| match part {
            Component::Normal(name) => {
                let name = name.to_string_lossy();
                name.starts_with('.') || name.ends_with('~') || name == "4913"
            }
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir => false,
        });
        !hidden && !ours.iter().any(|own| path.starts_with(own))
    };
    kind && (event.paths.is_empty() || event.paths.iter().any(is_source))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use notify::Event;
    use notify::event::{AccessKind, CreateKind, DataChange, EventKind, ModifyKind};

    use super::matters;

    #[test]
    fn only_what_may_change_a_mark_counts() {
        let check = |kind, path: &str, expected| {
            let event = Event::new(kind).add_path(PathBuf::from(path));
            let ours = [PathBuf::from("/w/out.html"), PathBuf::from("/w/seen")];
            assert_eq!(matters(&event, Path::new("/w"), &ours), expected, "{path}");
        };
        let saved = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        check(saved, "/w/iserver.c", true);
        check(EventKind::Create(CreateKind::File), "/w/src/new.c", true);
        check(EventKind::Access(AccessKind::Any), "/w/iserver.c", false);
        check(saved, "/w/.git/index", false);
        check(saved, "/w/.iserver.c.swp", false);
        check(saved, "/w/iserver.c~", false);
        check(saved, "/w/out.html", false);
        check(saved, "/w/seen/evidence.json", false);
    }
}
