//! The archive of a whole class: unpacked into a scratch folder, with a budget for each student.
//!
//! An entry that is not harmless costs only its own student: nothing of that student's is graded, and the others are not
//! touched.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::archive::unpack::Unpacker;
use super::archive::{self, Entry, Limits, Refusal, names};
use super::found::text;
use crate::failure::Failure;
use crate::show;
use crate::store::{self, Store};

/// An unpacked class.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) folder: PathBuf,
    /// What is at the top of the folder and not to be graded, and why.
    pub(super) refused: BTreeMap<PathBuf, String>,
    /// Entries that belong to no student.
    pub(super) notes: Vec<String>,
}

/// Unpacks.
///
/// # Errors
/// It is no archive that can be opened, or the disk's trouble.
pub(super) fn unpack(path: &Path, store: &Store) -> Result<Unpacked, Failure> {
    let name = text(path.file_name().unwrap_or_default());
    let display = show::path(path);
    let Some(kind) = archive::kind(&name) else {
        return Err(
            Failure::usage(format!("{display} is no folder and no zip, tar or tar.gz"))
                .remedy("unpack it first, and name the folder that holds the submissions"),
        );
    };
    let folder = store.folder("class")?;
    let depth = depth_of_students(path, kind)?;
    let mut unpackers: BTreeMap<(PathBuf, bool), Unpacker> = BTreeMap::new();
    let mut refused: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut notes = Vec::new();
    let each = archive::each(path, kind, Limits::CLASS, &mut |entry: Entry<'_>| {
        let whole = match names::path(&entry.name) {
            Ok(whole) => whole,
            Err(why) => {
                let why = format!("{} {why}", names::printable(&entry.name));
                match owner(&entry.name, depth) {
                    Some(owner) => {
                        refused
                            .entry(folder.join(owner))
                            .or_insert_with(|| format!("is refused: {why}"));
                    }
                    None => notes.push(format!("without an owner, and left out: {why}")),
                }
                return Ok(());
            }
        };
        let parts: Vec<Component<'_>> = whole.components().collect();
        if parts.len() <= depth {
            return Ok(());
        }
        let owner: PathBuf = parts[..=depth].iter().collect();
        let at = folder.join(&owner);
        if refused.contains_key(&at) {
            return Ok(());
        }
        // A student's folder is its own world: no link leads to another's. What lies there as a file is a student's own
        // archive or source.
        let in_folder = parts.len() > depth + 1;
        if !in_folder && matches!(entry.what, archive::What::Folder) {
            // Empty folders count: their student handed in nothing. A folder that exists already is no error.
            return match store::make_folders(&folder, &owner) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    Err(Refusal::Ours(Failure::disk(
                        format_args!("unpacking into {}", show::path(&folder)),
                        &error,
                    )))
                }
                Ok(()) | Err(_) => Ok(()),
            };
        }
        let cut = depth + usize::from(in_folder);
        let root: PathBuf = parts[..cut].iter().collect();
        let unpacker = unpackers
            .entry((at.clone(), in_folder))
            .or_insert_with(|| Unpacker::into(&folder, &root, Limits::STUDENT));
        let below: PathBuf = parts[cut..].iter().collect();
        let entry = Entry {
            name: Ok(text(below.as_os_str())),
            what: entry.what,
        };
        match unpacker.take(entry) {
            Ok(()) => Ok(()),
            Err(Refusal::Archive(why)) => {
                refused.insert(at, why);
                Ok(())
            }
            Err(ours @ Refusal::Ours(_)) => Err(ours),
        }
    });
    let finished = each.and_then(|()| {
        unpackers
            .iter_mut()
            .filter(|((at, _), _)| !refused.contains_key(at))
            .try_for_each(|(_, unpacker)| unpacker.finish())
    });
    match finished {
        Ok(()) => Ok(Unpacked {
            folder,
            refused,
            notes,
        }),
        Err(Refusal::Ours(failure)) => Err(failure),
        Err(Refusal::Archive(why)) => Err(Failure::usage(format!("{display} {why}"))
            .remedy("download it again, or unpack it and name the folder")),
    }
}

/// How many folders stand above the students': all entries may lie in one folder that belongs to no student.
fn depth_of_students(path: &Path, kind: archive::Kind) -> Result<usize, Failure> {
    let mut tops: BTreeMap<String, bool> = BTreeMap::new();
    let mut seconds: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    let mut metadata = false;
    let looked = archive::each(path, kind, Limits::CLASS, &mut |entry| {
        let Ok(whole) = names::path(&entry.name) else {
            return Ok(());
        };
        let mut parts = whole.components().map(|part| text(part.as_os_str()));
        let Some(top) = parts.next().filter(|top| top != "__MACOSX") else {
            return Ok(());
        };
        let second = parts.next();
        let is_file = second.is_none() && !matches!(entry.what, archive::What::Folder);
        *tops.entry(top).or_default() |= is_file;
        metadata |= second.as_deref() == Some(super::gradescope::METADATA);
        seconds.extend(second);
        Ok(())
    });
    match looked {
        Err(Refusal::Ours(failure)) => Err(failure),
        // It is said with the same words when it is unpacked.
        Err(Refusal::Archive(_)) | Ok(()) => {
            let one_folder = tops.len() == 1 && tops.values().all(|is_file| !is_file);
            Ok(usize::from(one_folder && (metadata || seconds.len() > 1)))
        }
    }
}

/// The student's folder of an entry that may not be unpacked: the first parts of its name, as far as they are harmless.
fn owner(name: &Result<String, Vec<u8>>, depth: usize) -> Option<PathBuf> {
    let name = match name {
        Ok(name) => name.clone(),
        Err(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let mut parts = name
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    let first: Vec<&str> = parts.by_ref().take(depth + 1).collect();
    // A name of one part is a file's own.
    if first.len() <= depth || parts.next().is_none() || name.starts_with('/') {
        return None;
    }
    names::path(&Ok(first.join("/")))
        .ok()
        .filter(|path| path.components().count() == depth + 1)
}
