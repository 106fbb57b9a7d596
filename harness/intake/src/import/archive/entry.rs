//! The entries of an archive, and how much of them there may be.

use std::io::Read;

use crate::failure::Failure;

/// Kinds of archives that can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.zip`
    Zip,
    /// `.tar`
    Tar,
    /// `.tar.gz`, `.tgz`
    TarGz,
}

/// Why an archive was not unpacked.
#[derive(Debug)]
pub enum Refusal {
    /// It is not what it should be: a sentence without its subject, such as `is encrypted`.
    Archive(String),
    /// Our own disk's trouble.
    Ours(Failure),
}

/// One entry of an archive.
pub struct Entry<'a> {
    /// Its name as it stands there; `Err`: the bytes of a name that is no text.
    pub name: Result<String, Vec<u8>>,
    /// What it is.
    pub what: What<'a>,
}

/// What an entry is.
pub enum What<'a> {
    /// A folder.
    Folder,
    /// A regular file.
    File {
        /// What is in it.
        content: &'a mut dyn Read,
        /// Whether it may be run.
        executable: bool,
    },
    /// Its target, as it stands there.
    Symlink(Vec<u8>),
    /// The entry that it is the same file as.
    Hardlink(Vec<u8>),
    /// A kind of file that no student hands in: a device, a pipe.
    Other(&'static str),
}

/// What a reader does with an entry.
pub type Visit<'a> = &'a mut dyn FnMut(Entry<'_>) -> Result<(), Refusal>;

/// How much an archive may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all that is in it.
    pub bytes: u64,
    /// Its entries.
    pub entries: usize,
}

impl Limits {
    /// Of one student: what is a picture or a film among it is not graded, and may be there all the same.
    pub const STUDENT: Self = Self {
        bytes: 256 << 20,
        entries: 20_000,
    };
    /// Of a whole class.
    pub const CLASS: Self = Self {
        bytes: 64 << 30,
        entries: 2_000_000,
    };
}

/// What is said of an archive that cannot be made sense of.
pub(super) fn damaged(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::Archive(format!("is damaged: {error}"))
}
