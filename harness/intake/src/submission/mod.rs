//! A submission: a student's folder, never trusted.
//!
//! It is looked at once ([`walk`]), copied once to a place of ours ([`stage`]), and only the copy is read from then on.
//! [`find`] says which file is meant by a program's source name, [`source`] what can be told from a file's text, [`root`]
//! which folder of it is meant.

pub mod find;
mod named;
mod root;
pub mod source;
pub mod stage;
pub mod walk;

use std::path::{Path, PathBuf};

use ipclab_spec::Mapping;

use crate::failure::{Failure, reason};
use crate::show;
use crate::store;
use walk::Skipped;

/// What a folder's own mapping file is called.
pub const MAPPING: &str = "ipclab.toml";

/// A submission, staged: nothing of the student's folder is read any more.
#[derive(Debug)]
pub struct Submission {
    /// What reports call it.
    pub name: String,
    /// Our copy: regular files and folders, nothing else.
    pub staged: PathBuf,
    /// The copied files, relative, in order.
    pub files: Vec<PathBuf>,
    /// What is in the folder and was not copied.
    pub skipped: Vec<(PathBuf, Skipped)>,
    /// Its `ipclab.toml`, where it has one.
    pub mapping: Mapping,
    /// The folder that the mapping's paths begin at, and that programs run in. Relative; empty: the submission itself.
    pub root: PathBuf,
    /// Mappings that decide nothing, because there are several and none is at the top.
    pub mappings_passed_over: Vec<PathBuf>,
}

/// A folder of which everything belongs to a submission.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where it is.
    pub folder: PathBuf,
    /// Where it belongs in the submission; empty: it is the submission.
    pub under: PathBuf,
}

impl Submission {
    /// Takes in the student's folder: copies it into `staged`, which must be empty.
    ///
    /// # Errors
    /// No such folder, a folder that cannot be read, one that is too large, a broken `ipclab.toml`.
    pub fn take_in(folder: &Path, staged: PathBuf) -> Result<Self, Failure> {
        let whole = Part {
            folder: folder.to_owned(),
            under: PathBuf::new(),
        };
        Self::take_in_parts(name(folder), &[whole], staged)
    }

    /// Takes in the sources that are named, relative to the folder, and what they include; nothing else is looked at.
    ///
    /// # Errors
    /// As [`Submission::take_in`].
    pub fn take_in_named(
        folder: &Path,
        sources: &[PathBuf],
        staged: PathBuf,
    ) -> Result<Self, Failure> {
        let listing = walk::Listing {
            files: named::needed(folder, sources),
            ..walk::Listing::default()
        };
        let copied = stage::stage(folder, &listing, &staged)?;
        Ok(Self {
            name: name(folder),
            staged,
            files: copied.files,
            skipped: copied.refused,
            mapping: Mapping::default(),
            root: PathBuf::new(),
            mappings_passed_over: Vec::new(),
        })
    }

    /// Takes in a submission that lies in several folders.
    ///
    /// # Errors
    /// As [`Submission::take_in`].
    pub fn take_in_parts(name: String, parts: &[Part], staged: PathBuf) -> Result<Self, Failure> {
        let (mut files, mut skipped) = (Vec::new(), Vec::new());
        for Part { folder, under } in parts {
            let listing = walk::walk(folder)?;
            let to = staged.join(under);
            store::make_folders(&staged, under).map_err(|error| {
                Failure::disk(format_args!("making {}", show::path(&to)), &error)
            })?;
            let copied = stage::stage(folder, &listing, &to)?;
            files.extend(copied.files.iter().map(|file| under.join(file)));
            let left_out = listing.skipped.into_iter().chain(copied.refused);
            skipped.extend(left_out.map(|(path, why)| (under.join(path), why)));
        }
        files.sort();
        skipped.sort();
        let root = root::root(&files);
        let mapping = mapping(&staged, &root.folder, &files)?;
        Ok(Self {
            name,
            staged,
            files,
            skipped,
            mapping,
            root: root.folder,
            mappings_passed_over: root.passed_over,
        })
    }

    /// Reads a staged file. What cannot be read is as good as empty: it was readable when it was copied.
    pub fn read(&self, file: &Path) -> Vec<u8> {
        std::fs::read(self.staged.join(file)).unwrap_or_default()
    }

    /// Everything that is in the folder, for the message to a student when no source was found.
    pub fn contents(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.files.iter().map(|file| show::path(file)).collect();
        lines.extend(
            self.skipped
                .iter()
                .map(|(path, why)| format!("{} ({})", show::path(path), why.words())),
        );
        lines
    }

    /// Files that their author meant to hand in and that could not be taken in, and why.
    pub fn refused(&self) -> impl Iterator<Item = (&PathBuf, &Skipped)> {
        self.skipped
            .iter()
            .filter(|(_, why)| match why {
                Skipped::Link | Skipped::Special | Skipped::Large | Skipped::Unreadable(_) => true,
                Skipped::Binary | Skipped::Media | Skipped::Junk => false,
            })
            .map(|(path, why)| (path, why))
    }

    /// The committed binaries, which are never run.
    pub fn binaries(&self) -> impl Iterator<Item = &Path> {
        self.skipped
            .iter()
            .filter(|(_, why)| *why == Skipped::Binary)
            .map(|(path, _)| path.as_path())
    }
}

/// Whether there is anything that a program could be built from or run from.
pub(crate) fn has_source(files: &[PathBuf]) -> bool {
    files.iter().any(|file| {
        walk::has_extension(file, walk::SOURCES) || file.file_name().is_some_and(|n| n == MAPPING)
    })
}

fn mapping(staged: &Path, root: &Path, files: &[PathBuf]) -> Result<Mapping, Failure> {
    let file = root.join(MAPPING);
    if !files.contains(&file) {
        return Ok(Mapping::default());
    }
    let name = show::path(&file);
    let text = std::fs::read(staged.join(&file))
        .map_err(|error| Failure::unable(format!("reading {name}: {}", reason(&error))))?;
    let text = String::from_utf8(text)
        .map_err(|_| Failure::usage(format!("{name} of the submission is not UTF-8 text")))?;
    ipclab_spec::submission(&name, &text).map_err(|diagnostics| {
        Failure::usage(format!(
            "the submission's {name} is wrong:\n{}",
            diagnostics.render(false)
        ))
    })
}

/// The folder's own name: `.` and `..` have none, so the path is resolved first.
fn name(folder: &Path) -> String {
    let resolved = folder
        .canonicalize()
        .unwrap_or_else(|_| folder.to_path_buf());
    show::path(Path::new(
        resolved.file_name().unwrap_or(folder.as_os_str()),
    ))
}
