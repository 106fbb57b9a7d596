//! Tar archives, compressed or not.
//!
//! Headers are read raw: long names are taken from the entries that hold them here, with a bound, since such an entry
//! may claim to be a name of a gigabyte.

use std::io::{self, Read};

use tar::{EntryType, PaxExtensions};

use super::entry::{Entry, Limits, Refusal, Visit, What, damaged};

/// Longest name and longest list of extensions that are read, in bytes.
const META_MAX: u64 = 64 << 10;

/// What stands before an entry and is about it.
#[derive(Default)]
struct EntryExtensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

pub(super) fn each(stream: impl Read, limits: Limits, visit: Visit<'_>) -> Result<(), Refusal> {
    // Headers and padding count too: half a KiB each, and as much again.
    let most = limits.bytes + 1024 * limits.entries as u64;
    let mut counted = Counted {
        inner: stream,
        left: most,
    };
    let mut archive = tar::Archive::new(&mut counted);
    let too_much = |error: io::Error| match error.kind() {
        io::ErrorKind::FileTooLarge => {
            Refusal::Archive(format!("has more than {} MiB in it", limits.bytes >> 20))
        }
        _ => damaged(&error),
    };
    let mut ahead = EntryExtensions::default();
    let entries = archive.entries().map_err(too_much)?.raw(true);
    for (n, entry) in entries.enumerate() {
        if n >= limits.entries {
            return Err(Refusal::Archive(format!(
                "has more than {} entries",
                limits.entries
            )));
        }
        let mut entry = entry.map_err(too_much)?;
        let kind = entry.header().entry_type();
        match kind {
            EntryType::GNULongName => ahead.name = Some(meta(&mut entry)?),
            EntryType::GNULongLink => ahead.link = Some(meta(&mut entry)?),
            EntryType::XHeader => extensions(&meta(&mut entry)?, &mut ahead)?,
            // What is said of all entries is of no use here: times, owners, comments.
            EntryType::XGlobalHeader => {}
            _ => {
                let EntryExtensions { name, link } = std::mem::take(&mut ahead);
                let name = name.unwrap_or_else(|| entry.header().path_bytes().into_owned());
                let link = link.or_else(|| {
                    let link = entry.header().link_name_bytes();
                    link.map(std::borrow::Cow::into_owned)
                });
                let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
                let ends_in_slash = name.ends_with(b"/");
                let what = match kind {
                    EntryType::Directory => What::Folder,
                    // Old archives have no kind for folders.
                    EntryType::Regular if ends_in_slash => What::Folder,
                    EntryType::Regular | EntryType::Continuous => What::File {
                        content: &mut entry,
                        executable,
                    },
                    EntryType::Symlink => What::Symlink(link.unwrap_or_default()),
                    EntryType::Link => What::Hardlink(link.unwrap_or_default()),
                    EntryType::Char | EntryType::Block => What::Other("a device"),
                    EntryType::Fifo => What::Other("a pipe"),
                    EntryType::GNUSparse => What::Other("a file with holes"),
                    _ => What::Other("not a file"),
                };
                let name = String::from_utf8(name).map_err(|error| error.into_bytes());
                visit(Entry { name, what })?;
            }
        }
    }
    Ok(())
}

/// The content of an entry that is about the next one.
fn meta(entry: &mut impl Read) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    entry
        .take(META_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| damaged(&error))?;
    if bytes.len() as u64 > META_MAX {
        return Err(Refusal::Archive(format!(
            "has a name of more than {} KiB",
            META_MAX >> 10
        )));
    }
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

fn extensions(bytes: &[u8], ahead: &mut EntryExtensions) -> Result<(), Refusal> {
    for extension in PaxExtensions::new(bytes) {
        let extension = extension.map_err(|error| damaged(&error))?;
        match extension.key_bytes() {
            b"path" => ahead.name = Some(extension.value_bytes().to_owned()),
            b"linkpath" => ahead.link = Some(extension.value_bytes().to_owned()),
            // The size in the header would be wrong, so everything after it would be, too.
            b"size" | b"GNU.sparse.major" | b"GNU.sparse.name" => {
                return Err(Refusal::Archive(
                    "has a file with holes or of more than 8 GiB".to_owned(),
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A stream that ends in an error when more is read of it than any archive of this kind has.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}
