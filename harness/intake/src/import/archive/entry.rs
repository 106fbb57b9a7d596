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

/// What is said of an archive that cannot be made sense of. Words of the library that a reader of zips does not know are
/// put in plain ones; its own follow where they say more.
pub(super) fn damaged(error: &dyn std::fmt::Display) -> Refusal {
    let text = error.to_string();
    let plain = PLAIN.iter().find(|(words, _)| text.contains(words));
    Refusal::Archive(match plain {
        Some((_, plain)) => format!("is damaged: {plain}"),
        None => format!("is damaged: {text}"),
    })
}

/// What libraries say, and what it means.
const PLAIN: [(&str, &str); 10] = [
    (
        "EOCD",
        "its end is missing, as of an upload or a download that broke off, or it is no zip at all and only called so",
    ),
    (
        "central directory",
        "its list of files cannot be read, as of an upload or a download that broke off",
    ),
    (
        "Invalid checksum",
        "what is in it is not what was packed: its checksum is wrong",
    ),
    (
        "Compression method not supported",
        "it is packed in a way that only few programs read: pack it as a plain zip",
    ),
    (
        "unexpected end of file",
        "it ends in the middle, as of an upload or a download that broke off",
    ),
    (
        "failed to fill whole buffer",
        "it ends in the middle, as of an upload or a download that broke off",
    ),
    ("invalid gzip header", "it is no tar.gz and only called so"),
    ("corrupt deflate stream", "what is in it cannot be unpacked"),
    ("corrupt gzip stream", "its checksum is wrong"),
    (
        "numeric field was not a number",
        "it is no tar and only called so",
    ),
];

#[cfg(test)]
mod tests {
    use super::{Refusal, damaged};

    #[test]
    fn a_damaged_archive_is_spoken_of_in_plain_words() {
        let check = |error: &str, expected: &str| {
            let Refusal::Archive(why) = damaged(&error) else {
                panic!("{error}")
            };
            assert!(why.contains(expected), "{why}");
            assert!(!why.contains("EOCD"), "{why}");
        };
        check(
            "invalid Zip archive: Could not find EOCD",
            "its end is missing",
        );
        check(
            "invalid Zip archive: Could not find central directory end",
            "its list of files",
        );
        check("unexpected end of file", "ends in the middle");
        check("something new", "is damaged: something new");
    }
}
