//! Zip archives: the central directory is read entry by entry, so that an archive of a million names costs no memory.

use std::fs::File;
use std::io::{BufReader, Read};

use zip::unstable::read::ZipIterable;

use super::entry::{Entry, Limits, Refusal, Visit, What, damaged};

/// Visits every entry. `bodies` is the same file again: what is in the entries is read there.
pub(super) fn each(
    directory: File,
    bodies: File,
    limits: Limits,
    visit: Visit<'_>,
) -> Result<(), Refusal> {
    let mut archive = ZipIterable::try_new(BufReader::new(directory), zip::read::Config::default())
        .map_err(|error| damaged(&error))?;
    if archive.len() > limits.entries {
        return Err(Refusal::Archive(format!(
            "has {} entries: no submission has more than {}",
            archive.len(),
            limits.entries
        )));
    }
    let mut bodies = BufReader::new(bodies);
    let files = archive.files().map_err(|error| damaged(&error))?;
    for entry in files {
        let entry = entry.map_err(|error| damaged(&error))?;
        let name = name(&entry);
        if entry.encrypted() {
            let printable = super::names::printable(&name);
            return Err(Refusal::Archive(format!("is encrypted ({printable})")));
        }
        let mode = entry.unix_mode().unwrap_or(0);
        if entry.is_dir() {
            visit(Entry {
                name,
                what: What::Folder,
            })?;
            continue;
        }
        let options = zip::read::ZipReadOptions::new();
        let mut content = entry
            .with_reader(&mut bodies, options)
            .map_err(|error| damaged(&error))?;
        let what = match mode & 0o170_000 {
            0o120_000 => {
                let mut target = Vec::new();
                // A path is shorter; what is longer stays within nothing.
                content
                    .by_ref()
                    .take(4096)
                    .read_to_end(&mut target)
                    .map_err(|error| damaged(&error))?;
                What::Symlink(target)
            }
            0o010_000 => What::Other("a pipe"),
            0o020_000 | 0o060_000 => What::Other("a device"),
            0o140_000 => What::Other("a socket"),
            _ => What::File {
                executable: mode & 0o111 != 0,
                content: &mut content,
            },
        };
        visit(Entry { name, what })?;
    }
    Ok(())
}

/// Says that names are UTF-8.
const UTF8: u16 = 1 << 11;

/// The name as text. Without the flag for UTF-8 it is in the code page of DOS, which has a letter for every byte; most
/// tools write UTF-8 all the same, so that is tried first. Some write backslashes between folders.
fn name(entry: &zip::read::ZipFileEntry<'_>) -> Result<String, Vec<u8>> {
    let raw = entry.name_raw();
    let text = match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) if entry.flags().as_u16() & UTF8 != 0 => return Err(raw.to_owned()),
        Err(_) => match entry.name() {
            Ok(name) => name.into_owned(),
            Err(_) => return Err(raw.to_owned()),
        },
    };
    Ok(text.replace('\\', "/"))
}
