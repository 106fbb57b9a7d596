//! The first level of a class's folder: names and kinds, nothing opened.

use std::fs;
use std::path::{Path, PathBuf};

use super::found::text;
use crate::failure::{Failure, reason};
use crate::show;

/// What lies in a folder, by name. Links are left out: a class is folders and files.
#[derive(Debug)]
pub(super) struct Listing {
    /// The folder itself.
    pub folder: PathBuf,
    /// Its folders.
    pub folders: Vec<PathBuf>,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// Names of what is neither, such as links: no student's submission.
    pub others: Vec<String>,
}

impl Listing {
    /// Looks.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub(super) fn of(folder: &Path) -> Result<Self, Failure> {
        let failed = |error: &std::io::Error| {
            Failure::usage(format!(
                "reading the submissions in {}: {}",
                show::path(folder),
                reason(error)
            ))
            .remedy("name the folder or the archive that holds the submissions")
        };
        let (mut folders, mut files, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
            let entry = entry.map_err(|error| failed(&error))?;
            let name = text(&entry.file_name());
            if name.starts_with('.') || name == "__MACOSX" {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                Ok(_) => others.push(name),
                // It has gone since.
                Err(_) => {}
            }
        }
        folders.sort();
        files.sort();
        others.sort();
        Ok(Self {
            folder: folder.to_owned(),
            folders,
            files,
            others,
        })
    }

    /// Names of its folders, with their paths.
    pub(super) fn folder_names(&self) -> impl Iterator<Item = (String, &PathBuf)> {
        self.folders
            .iter()
            .map(|path| (text(path.file_name().unwrap_or_default()), path))
    }

    /// Names of its files, with their paths.
    pub(super) fn file_names(&self) -> impl Iterator<Item = (String, &PathBuf)> {
        self.files
            .iter()
            .map(|path| (text(path.file_name().unwrap_or_default()), path))
    }

    /// Whether it has a file of that name.
    pub(super) fn has_file(&self, name: &str) -> bool {
        self.file_names().any(|(file, _)| file == name)
    }

    /// Its one folder, where there is nothing else.
    pub(super) fn only_folder(&self) -> Option<PathBuf> {
        match (self.folders.as_slice(), self.files.is_empty()) {
            ([only], true) => Some(only.clone()),
            _ => None,
        }
    }
}
