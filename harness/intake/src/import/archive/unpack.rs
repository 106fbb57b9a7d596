//! Unpacking: entries become files below a folder of ours, or the archive is refused.
//!
//! Nothing that an archive holds is ever followed: files are made anew and never opened again, links come last, when
//! nothing more is written. What a link leads to is decided when the submission is staged, by the kernel.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::entry::{Entry, Kind, Limits, Refusal, What};
use super::names;
use crate::failure::Failure;
use crate::show;
use crate::store;

/// What is looked at as a bomb: more than this many times the archive's own size ...
const RATIO_MAX: u64 = 200;
/// ... where it is more than this many bytes in all.
const RATIO_FROM: u64 = 16 << 20;

/// A folder that entries are unpacked into.
pub struct Unpacker {
    /// Is there already.
    base: PathBuf,
    /// The folder itself or one below it, which is made with the first thing in it.
    folder: PathBuf,
    limits: Limits,
    /// Bytes that are still free, and entries.
    bytes: u64,
    entries: usize,
    /// Every name and folder so far, by its lower-case form: whether it is a file, and how it was written.
    entries_by_name: BTreeMap<String, (bool, String)>,
    links: Vec<(PathBuf, PathBuf)>,
}

/// Unpacks a student's archive into an empty folder.
///
/// # Errors
/// Any entry that is not harmless: the archive is refused as a whole, with a reason that names the entry.
pub fn unpack(archive: &Path, kind: Kind, folder: &Path) -> Result<(), Refusal> {
    let mut limits = Limits::STUDENT;
    let packed = fs::metadata(archive).map_or(0, |about| about.len());
    limits.bytes = limits
        .bytes
        .min(packed.saturating_mul(RATIO_MAX).max(RATIO_FROM));
    let mut unpacker = Unpacker::into(folder, Path::new(""), limits);
    super::each(archive, kind, limits, &mut |entry| unpacker.take(entry))?;
    unpacker.finish()
}

impl Unpacker {
    /// Begins: what is unpacked will be in the folder `under` of `base`, which must be there.
    pub fn into(base: &Path, under: &Path, limits: Limits) -> Self {
        Self {
            base: base.to_owned(),
            folder: base.join(under),
            limits,
            bytes: limits.bytes,
            entries: limits.entries,
            entries_by_name: BTreeMap::new(),
            links: Vec::new(),
        }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// Why it is not harmless.
    pub fn take(&mut self, entry: Entry<'_>) -> Result<(), Refusal> {
        let Entry { name, what } = entry;
        let refuse = |why: &str| {
            Err(Refusal::Archive(format!(
                "is refused: {} {why}",
                names::printable(&name)
            )))
        };
        let path = match names::path(&name) {
            Ok(path) => path,
            Err(why) => return refuse(&why),
        };
        if path.as_os_str().is_empty() || is_system_rubbish(&path) {
            return Ok(());
        }
        self.entries = match self.entries.checked_sub(1) {
            Some(left) => left,
            None => {
                return Err(Refusal::Archive(format!(
                    "has more than {} entries",
                    self.limits.entries
                )));
            }
        };
        let is_folder = matches!(what, What::Folder);
        if let Err(why) = self.note(&path, is_folder) {
            return refuse(&why);
        }
        match what {
            What::Folder => self.make_folder(&self.folder.join(&path)),
            What::File {
                content,
                executable,
            } => self.file(&path, content, executable),
            What::Symlink(target) if names::stays_within(&path, &target) => {
                let target = String::from_utf8_lossy(&target).into_owned();
                self.links.push((path, PathBuf::from(target)));
                Ok(())
            }
            What::Symlink(_) => refuse("is a link that leads out of the archive"),
            What::Hardlink(target) => {
                let target = String::from_utf8(target).map_err(|error| error.into_bytes());
                match names::path(&target) {
                    Ok(target) => self.same_file(&path, &target),
                    Err(_) => refuse("is a link that leads out of the archive"),
                }
            }
            What::Other(what) => refuse(&format!("is {what}")),
        }
    }

    /// Makes the links, last of all.
    ///
    /// # Errors
    /// The disk's.
    pub fn finish(&mut self) -> Result<(), Refusal> {
        for (path, target) in std::mem::take(&mut self.links) {
            let at = self.folder.join(&path);
            self.parents(&at)?;
            symlink(target, at).map_err(|error| self.disk(&error))?;
        }
        Ok(())
    }

    /// Remembers a name and the folders above it; `Err`: it is there already, or nearly.
    fn note(&mut self, path: &Path, is_folder: bool) -> Result<(), String> {
        let mut whole = String::new();
        let count = path.components().count();
        for (n, part) in path.components().enumerate() {
            if n > 0 {
                whole.push('/');
            }
            whole.push_str(&part.as_os_str().to_string_lossy());
            let last = n + 1 == count;
            let folder = !last || is_folder;
            match self.entries_by_name.get(&whole.to_lowercase()) {
                None => {
                    self.entries_by_name
                        .insert(whole.to_lowercase(), (folder, whole.clone()));
                }
                Some((_, other)) if *other != whole => {
                    return Err(format!(
                        "and {} differ in upper and lower case only",
                        names::printable(&Ok(other.clone()))
                    ));
                }
                Some((true, _)) if folder => {}
                Some((was_folder, _)) if *was_folder != folder => {
                    return Err("is both a file and a folder".to_owned());
                }
                Some(_) => return Err("is in it twice".to_owned()),
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        content: &mut dyn Read,
        executable: bool,
    ) -> Result<(), Refusal> {
        let at = self.folder.join(path);
        self.parents(&at)?;
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .open(&at)
            .map_err(|error| self.disk(&error))?;
        let mut buffer = [0; 32 << 10];
        loop {
            let read = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Refusal::Archive(format!(
                        "is damaged: {} cannot be unpacked: {error}",
                        show::path(path)
                    )));
                }
            };
            self.bytes = match self.bytes.checked_sub(read as u64) {
                Some(left) => left,
                None => {
                    return Err(Refusal::Archive(format!(
                        "is refused: with {} it is more than {} MiB unpacked, more than any submission",
                        show::path(path),
                        self.limits.bytes >> 20
                    )));
                }
            };
            file.write_all(&buffer[..read])
                .map_err(|error| self.disk(&error))?;
        }
        let mode = if executable { 0o755 } else { 0o644 };
        file.set_permissions(fs::Permissions::from_mode(mode))
            .map_err(|error| self.disk(&error))
    }

    /// A hard link becomes a copy: nothing that is written later can change both.
    fn same_file(&mut self, path: &Path, target: &Path) -> Result<(), Refusal> {
        let name = target.to_string_lossy().into_owned();
        let entry = self.entries_by_name.get(&name.to_lowercase());
        let is_unpacked = entry.is_some_and(|(folder, whole)| !folder && *whole == name);
        let is_link = self.links.iter().any(|(link, _)| link == target);
        if !is_unpacked || is_link || path == target {
            return Err(Refusal::Archive(format!(
                "is refused: {} is a link to {}, which is no file before it",
                show::path(path),
                show::path(target)
            )));
        }
        let mut source = File::open(self.folder.join(target)).map_err(|error| self.disk(&error))?;
        let executable = source
            .metadata()
            .is_ok_and(|about| about.permissions().mode() & 0o111 != 0);
        self.file(path, &mut source, executable)
    }

    fn parents(&self, at: &Path) -> Result<(), Refusal> {
        self.make_folder(at.parent().unwrap_or(&self.folder))
    }

    fn make_folder(&self, at: &Path) -> Result<(), Refusal> {
        let under = at.strip_prefix(&self.base).unwrap_or(Path::new(""));
        store::make_folders(&self.base, under).map_err(|error| self.disk(&error))
    }

    /// Why something could not be made. A name that another entry has taken in another sense is the archive's own
    /// trouble; the rest is ours.
    fn disk(&self, error: &io::Error) -> Refusal {
        let names = [
            io::ErrorKind::AlreadyExists,
            io::ErrorKind::NotADirectory,
            io::ErrorKind::IsADirectory,
            io::ErrorKind::InvalidFilename,
        ];
        if names.contains(&error.kind()) {
            return Refusal::Archive(format!(
                "is refused: two of its entries want the same place, or one has a name that no file has ({})",
                crate::failure::reason(error)
            ));
        }
        Refusal::Ours(Failure::disk(
            format_args!("unpacking into {}", show::path(&self.folder)),
            error,
        ))
    }
}

/// What operating systems put into archives beside what was meant: left out before it can clash with anything.
fn is_system_rubbish(path: &Path) -> bool {
    path.components().any(|part| {
        let part = part.as_os_str();
        part == "__MACOSX" || part == ".DS_Store" || part == ".git"
    })
}
