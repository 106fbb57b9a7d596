//! Fetching one submission: its folder as it is, its files under the names that they were handed in by, its archives
//! unpacked beside them.

use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ipclab_report::Line;

use super::archive::{self, Refusal, unpack};
use super::found::{Found, From, text};
use super::plain;
use crate::failure::{Failure, reason};
use crate::store::Store;
use crate::submission::{self, Part, Submission, walk};

/// How many archives of one submission are opened.
const ARCHIVES_MAX: usize = 8;

/// What a submission is made of.
#[derive(Debug)]
struct Fetched {
    /// Folders, and where what is in each belongs in the submission.
    parts: Vec<Part>,
    /// What is to be known about it.
    notes: Vec<String>,
}

/// Takes in a submission: fetches it and stages it under its id. What is to be known about it goes to `notes`, also when
/// it cannot be taken in after all.
///
/// # Errors
/// It is not harmless, or nothing that could be graded.
pub fn take_in(found: &Found, store: &Store, notes: &mut Vec<Line>) -> Result<Submission, Nothing> {
    let fetched = fetch(found, store)?;
    notes.extend(fetched.notes.iter().map(|note| Line::new(note)));
    let staged = store.folder("submission")?;
    let id = found.who.id.to_string();
    let submission = Submission::take_in_parts(id, &fetched.parts, staged)?;
    match closed_archive(&submission) {
        None => Ok(submission),
        Some(why) => Err(why.into()),
    }
}

/// Why there is nothing to grade: no source, and an archive that is closed. What is in it may be all that was asked for.
pub fn closed_archive(submission: &Submission) -> Option<Failure> {
    if submission::has_source(&submission.files) {
        return None;
    }
    submission.skipped.iter().find_map(|(path, _)| {
        let name = text(path.as_os_str());
        if archive::is_foreign(&name) {
            return Some(Failure::usage(plain::foreign(&name)));
        }
        archive::kind(&name)?;
        Some(Failure::usage(format!(
            "{} is an archive that was not opened: hand in the files that are in it",
            Line::new(&name)
        )))
    })
}

/// Why there is nothing to grade.
#[derive(Debug)]
pub enum Nothing {
    /// What was handed in is the reason.
    HandedIn(String),
    /// Our trouble or the machine's.
    Ours(Failure),
}

impl std::convert::From<Failure> for Nothing {
    /// The exit code tells trouble of the submission from trouble of the machine.
    fn from(failure: Failure) -> Self {
        match failure.code {
            3 => Self::Ours(failure),
            _ => Self::HandedIn(failure.message),
        }
    }
}

/// Fetches a submission into scratch folders.
///
/// # Errors
/// It is not harmless, or nothing that could be graded.
fn fetch(found: &Found, store: &Store) -> Result<Fetched, Nothing> {
    let mut fetched = Fetched {
        parts: Vec::new(),
        notes: Vec::new(),
    };
    let archives = match &found.from {
        From::Nothing(why) => return Err(Nothing::HandedIn(why.clone())),
        From::Folder(folder) => {
            fetched.parts.push(Part {
                folder: folder.clone(),
                under: PathBuf::new(),
            });
            archives_in(folder)
        }
        From::Files(files) => {
            let (archives, rest): (Vec<_>, Vec<_>) = files
                .iter()
                .cloned()
                .partition(|(_, name)| archive::kind(name).is_some());
            let only_foreign = archives.is_empty() && !rest.is_empty();
            if let Some((_, name)) = rest
                .iter()
                .find(|(_, name)| only_foreign && archive::is_foreign(name))
                .filter(|_| rest.len() == 1)
            {
                return Err(Nothing::HandedIn(plain::foreign(name)));
            }
            if !rest.is_empty() {
                fetched.parts.push(Part {
                    folder: copies(&rest, store)?,
                    under: PathBuf::new(),
                });
            }
            archives
        }
    };
    let mut archives: Vec<Archive> = archives
        .into_iter()
        .map(|(path, name)| Archive {
            path,
            name,
            under: PathBuf::new(),
        })
        .collect();
    unpack_all(&archives, &mut fetched, store)?;
    // A zip in a zip, as course systems make them of what was a zip already.
    if !has_source(&fetched.parts) {
        let deeper = archives_below(&fetched.parts, &archives);
        if archives.len() + deeper.len() > ARCHIVES_MAX {
            archives.extend(deeper);
            return Err(too_many(&archives));
        }
        unpack_all(&deeper, &mut fetched, store)?;
    }
    Ok(fetched)
}

/// An archive of a submission.
struct Archive {
    path: PathBuf,
    /// As it was handed in.
    name: String,
    /// The folder of the submission that it lies in.
    under: PathBuf,
}

/// Unpacks archives, each into a part of the submission.
fn unpack_all(archives: &[Archive], fetched: &mut Fetched, store: &Store) -> Result<(), Nothing> {
    if archives.len() > ARCHIVES_MAX {
        return Err(too_many(archives));
    }
    for Archive { path, name, under } in archives {
        let Some(kind) = archive::kind(name) else {
            continue;
        };
        let folder = store.folder("unpacked").map_err(Nothing::Ours)?;
        unpack::unpack(path, kind, &folder).map_err(|refusal| match refusal {
            Refusal::Archive(why) => Nothing::HandedIn(format!("{name} {why}")),
            Refusal::Ours(failure) => Nothing::Ours(failure),
        })?;
        fetched.notes.push(format!("{name} was unpacked"));
        fetched.parts.push(Part {
            folder,
            // Deeper than what was handed in by itself, so that a loose file is preferred to one in an archive.
            under: under.join(safe_stem(name)),
        });
    }
    Ok(())
}

fn too_many(archives: &[Archive]) -> Nothing {
    Nothing::HandedIn(format!(
        "there are {} archives: nobody can tell which is meant",
        archives.len()
    ))
}

/// Whether any part has a source. One that cannot be looked through says why when it is taken in.
fn has_source(parts: &[Part]) -> bool {
    parts.iter().any(|part| {
        walk::walk(&part.folder).map_or(true, |listing| submission::has_source(&listing.files))
    })
}

/// The archives in these parts, at whatever depth, but for those that are open.
fn archives_below(parts: &[Part], open: &[Archive]) -> Vec<Archive> {
    let mut below = Vec::new();
    for Part { folder, under } in parts {
        let Ok(listing) = walk::walk(folder) else {
            continue;
        };
        for (path, _) in listing.skipped {
            let name = text(path.file_name().unwrap_or_default());
            let at = folder.join(&path);
            if archive::kind(&name).is_some() && open.iter().all(|known| known.path != at) {
                below.push(Archive {
                    path: at,
                    name,
                    under: under.join(path.parent().unwrap_or(Path::new(""))),
                });
            }
        }
    }
    below
}

/// The archives that lie at the top of a folder. What lies deeper is part of something, and stays closed where there is
/// a source.
fn archives_in(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut archives: Vec<(PathBuf, String)> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| (entry.path(), text(&entry.file_name())))
        .filter(|(_, name)| archive::kind(name).is_some() && !name.starts_with('.'))
        .collect();
    archives.sort();
    archives
}

/// Copies files into a folder under their own names. What is not a file, or larger than any source, is left out by the
/// same rules as in a folder.
fn copies(files: &[(PathBuf, String)], store: &Store) -> Result<PathBuf, Nothing> {
    let folder = store.folder("files").map_err(Nothing::Ours)?;
    for (path, name) in files {
        let name = archive::names::path(&Ok(name.clone())).map_err(|why| {
            Nothing::HandedIn(format!(
                "{} {why}",
                archive::names::printable(&Ok(name.clone()))
            ))
        })?;
        let to = folder.join(name.file_name().unwrap_or(name.as_os_str()));
        let unreadable = |error: &std::io::Error| {
            Nothing::HandedIn(format!(
                "{} cannot be read: {}",
                crate::show::path(&name),
                reason(error)
            ))
        };
        let mut source = File::options()
            .read(true)
            .custom_flags((nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK).bits())
            .open(path)
            .map_err(|error| unreadable(&error))?;
        let about = source.metadata().map_err(|error| unreadable(&error))?;
        let writing = |error: &std::io::Error| {
            Nothing::Ours(Failure::disk(
                format_args!("copying {}", crate::show::path(&name)),
                error,
            ))
        };
        let mut copy = File::options()
            .write(true)
            .create_new(true)
            .open(&to)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::AlreadyExists => {
                    Nothing::HandedIn(format!("{} was handed in twice", crate::show::path(&name)))
                }
                _ => writing(&error),
            })?;
        if about.len() > walk::FILE_MAX {
            // Its size is what is said of it, and what keeps it out.
            copy.set_len(about.len()).map_err(|error| writing(&error))?;
        } else if about.is_file() {
            std::io::copy(&mut source, &mut copy).map_err(|error| writing(&error))?;
        }
    }
    Ok(folder)
}

fn safe_stem(name: &str) -> String {
    let stem: String = archive::stem(name)
        .chars()
        .map(|c| if c == '/' || c.is_control() { '-' } else { c })
        .take(80)
        .collect();
    let stem = stem.trim_start_matches('.');
    // Hidden folders and what builds make are passed over; an archive's content is meant.
    if stem.is_empty() || walk::is_built(Path::new(stem)) {
        format!("archive-{stem}")
    } else {
        stem.to_owned()
    }
}
