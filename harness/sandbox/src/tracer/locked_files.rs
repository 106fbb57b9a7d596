//! Files whose locks the plan asks about, and how they were read and written.

use std::path::PathBuf;

use ipclab_evidence::FileAccess;

/// A file that the plan asks about.
#[derive(Debug)]
pub(super) struct LockedFile {
    /// As the plan names it.
    pub(super) named: PathBuf,
    /// Where it is here.
    pub(super) here: PathBuf,
}

/// Which files the locks of are asked about, and what was seen.
#[derive(Debug, Default)]
pub(super) struct FileLocks {
    pub(super) files: Vec<LockedFile>,
    pub(super) seen: Vec<FileAccess>,
}

impl FileLocks {
    pub(super) fn new(paths: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> Self {
        let files = paths
            .into_iter()
            .map(|(named, here)| LockedFile { named, here });
        Self {
            files: files.collect(),
            seen: Vec::new(),
        }
    }
}
