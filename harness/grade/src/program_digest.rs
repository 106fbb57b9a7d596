//! Digests of what is run: a program's file, or the whole folder of a submission.
//!
//! Two students who typed in the same listing, each with comments of their own, have the same program: what differs is what the
//! compiler wrote down for debuggers, and that is taken out before the program runs (`compile::strip`). So what is compared is
//! every byte of what is run, and two programs with one digest cannot do otherwise.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A digest.
pub type Digest = [u8; 32];

/// The digest of a file's content.
///
/// # Errors
/// It cannot be read.
pub fn of(path: &Path) -> io::Result<Digest> {
    let mut hash = blake3::Hasher::new();
    hash.update_reader(File::open(path)?)?;
    Ok(*hash.finalize().as_bytes())
}

/// The digest of a file, or of a folder with everything that is in it: names, kinds, permissions and content, empty folders
/// among them.
///
/// # Errors
/// Something in it cannot be read.
pub fn of_tree(path: &Path) -> io::Result<Digest> {
    of_tree_by(path, &mut |file, _| of(file))
}

/// The same, where `content` gives the digest of a file.
pub(crate) fn of_tree_by(
    path: &Path,
    content: &mut dyn FnMut(&Path, &fs::Metadata) -> io::Result<Digest>,
) -> io::Result<Digest> {
    let mut hash = blake3::Hasher::new();
    let about = fs::symlink_metadata(path)?;
    hash.update(&about.mode().to_le_bytes());
    if about.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        entries.sort();
        for entry in entries {
            let name = entry.file_name().unwrap_or_default().as_bytes();
            hash.update(&(name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update(&of_tree_by(&entry, content)?);
        }
    } else if about.is_symlink() {
        hash.update(fs::read_link(path)?.as_os_str().as_bytes());
    } else {
        hash.update(&content(path, &about)?);
    }
    Ok(*hash.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder that is empty decided whether `mkdir` of a Makefile fails, and was left out of a key: another student's
    /// build "failed" from the cache.
    #[test]
    fn everything_in_a_folder_makes_it_another() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir(at("src")).unwrap();
        fs::write(at("src/a.c"), "int a;").unwrap();
        let mut seen = vec![of_tree(root.path()).unwrap()];
        let mut changes = |change: &dyn Fn()| {
            change();
            let now = of_tree(root.path()).unwrap();
            assert!(!seen.contains(&now));
            seen.push(now);
        };
        let mode = |name: &str, mode| {
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        changes(&|| fs::create_dir(at("obj")).unwrap());
        changes(&|| fs::rename(at("obj"), at("obi")).unwrap());
        changes(&|| mode("src/a.c", 0o755));
        changes(&|| mode("obi", 0o700));
        changes(&|| fs::write(at("src/a.c"), "int b;").unwrap());
        changes(&|| fs::rename(at("src/a.c"), at("src/b.c")).unwrap());
        changes(&|| fs::rename(at("src/b.c"), at("b.c")).unwrap());
        let copy = tempfile::tempdir().unwrap();
        assert_ne!(of_tree(copy.path()).unwrap(), seen[0]);
    }
}
