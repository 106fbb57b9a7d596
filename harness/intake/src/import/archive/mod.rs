//! Archives that students hand in: read as a stream of entries, and unpacked only where every entry is harmless.
//!
//! [`each`] gives the entries of a zip or a tar, one after another and never all at once; [`unpack`] decides what an
//! entry may be called and how much of it there may be, and writes it.

mod entry;
pub mod names;
mod tar;
pub mod unpack;
mod zip;

use std::fs::File;
use std::path::Path;

use crate::failure::reason;
pub use entry::{Entry, Kind, Limits, Refusal, Visit, What};

/// The kind of archive that a file's name promises.
pub fn kind(name: &str) -> Option<Kind> {
    let name = name.to_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    match () {
        () if ends(&[".zip"]) => Some(Kind::Zip),
        () if ends(&[".tar.gz", ".tgz"]) => Some(Kind::TarGz),
        () if ends(&[".tar"]) => Some(Kind::Tar),
        () => None,
    }
}

/// The name without what says that it is an archive.
pub fn stem(name: &str) -> &str {
    let lower = name.to_lowercase();
    let end = [".tar.gz", ".tgz", ".tar", ".zip"]
        .into_iter()
        .find(|end| lower.ends_with(end));
    // The ends are ASCII: as many bytes whatever their case.
    end.map_or(name, |end| {
        name.get(..name.len() - end.len()).unwrap_or(name)
    })
}

/// Archives that this tool does not open, by their names.
pub fn is_foreign(name: &str) -> bool {
    let name = name.to_lowercase();
    [
        ".rar", ".7z", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".xz", ".bz2", ".gz",
    ]
    .iter()
    .any(|end| name.ends_with(end))
        && kind(&name).is_none()
}

/// Visits every entry, in the archive's order.
///
/// # Errors
/// The archive is damaged, encrypted or larger than the limits; or what the visitor says.
pub fn each(archive: &Path, kind: Kind, limits: Limits, visit: Visit<'_>) -> Result<(), Refusal> {
    let open = || {
        File::open(archive)
            .map_err(|error| Refusal::Archive(format!("cannot be read: {}", reason(&error))))
    };
    match kind {
        Kind::Zip => zip::each(open()?, open()?, limits, visit),
        Kind::Tar => tar::each(open()?, limits, visit),
        Kind::TarGz => tar::each(flate2::read::MultiGzDecoder::new(open()?), limits, visit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_recognised_by_names() {
        let check = |name: &str, expect: Option<Kind>, rest: &str| {
            assert_eq!((kind(name), stem(name)), (expect, rest), "{name}");
        };
        check("a.ZIP", Some(Kind::Zip), "a");
        check("lab 1.tar.gz", Some(Kind::TarGz), "lab 1");
        check("x.tgz", Some(Kind::TarGz), "x");
        check("x.tar", Some(Kind::Tar), "x");
        check("server.c", None, "server.c");
        check("Ünïcode.zip", Some(Kind::Zip), "Ünïcode");
        assert!(is_foreign("a.RAR") && is_foreign("a.tar.xz") && is_foreign("a.gz"));
        assert!(!is_foreign("a.tar.gz") && !is_foreign("a.c"));
    }
}
