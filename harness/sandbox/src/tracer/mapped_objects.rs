//! Files and shared memory that were mapped: which of them are counted, and what they are called.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use ipclab_evidence::{HeldMapping, HeldMappings, MappedObject, MappingCrowd, Mappings};
use ipclab_kernel::Pid;
use ipclab_kernel::procfs::ObjectMapping;

use super::sanitizer_options::is_own_file;
use crate::decode;
use crate::mapped::OfProcess;

/// Where libraries keep what they map: their code, locales, tables of character sets, caches.
const OF_SYSTEM: [&[u8]; 11] = [
    b"/usr/",
    b"/lib",
    b"/bin/",
    b"/etc/",
    b"/opt/",
    b"/nix/",
    b"/var/lib/",
    b"/var/cache/",
    b"/var/db/",
    b"/dev/zero",
    b"/anon_hugepage",
];
/// What shared memory without a name is called.
const NAMELESS: [&[u8]; 2] = [b"/dev/zero", b"/anon_hugepage"];

/// Files that the plan asks about, and all that was mapped of any.
#[derive(Debug, Default)]
pub(super) struct MappedObjects {
    /// As the plan names them, and where they are here.
    asked: Vec<(PathBuf, PathBuf)>,
    /// What they are called, and whether they have no name of their own.
    names: Vec<(String, bool)>,
    /// Which one a file is, by device and inode; `None`: it is not counted.
    known: HashMap<(u64, u64), Option<usize>>,
    nameless: usize,
    /// How many mappings were read.
    pub(super) read: u64,
}

impl MappedObjects {
    pub(super) fn new(asked: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> Self {
        Self {
            asked: asked.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Which object a mapping is a window on; `None`: one that is not counted.
    pub(super) fn of(&mut self, tid: Pid, mapping: &ObjectMapping) -> Option<usize> {
        if let Some(known) = self.known.get(&mapping.file) {
            return *known;
        }
        let name = self.name(tid, mapping);
        let object = name.map(|name| {
            self.names.push(name);
            self.names.len() - 1
        });
        self.known.insert(mapping.file, object);
        object
    }

    fn name(&mut self, tid: Pid, mapping: &ObjectMapping) -> Option<(String, bool)> {
        let path = mapping.path.strip_suffix(b" (deleted)");
        let path = path.unwrap_or(&mapping.path);
        if mapping.shared && NAMELESS.contains(&path) {
            self.nameless += 1;
            return Some((format!("shared memory {}", self.nameless), true));
        }
        if let Some(named) = self.asked_as(mapping.file, path) {
            return Some((named, false));
        }
        let of_system = OF_SYSTEM.iter().any(|folder| path.starts_with(folder));
        // Segments have words of their own.
        let is_counted = path.starts_with(b"/") && !of_system && !path.starts_with(b"/SYSV");
        let is_code = || is_library(path) && decode::memory(tid, mapping.range.start, 4, 4) == ELF;
        let counted = is_counted && !is_own_file(path) && !(mapping.offset == 0 && is_code());
        counted.then(|| (String::from_utf8_lossy(path).into_owned(), false))
    }

    /// What the plan calls a file, by whatever name it was mapped.
    fn asked_as(&self, file: (u64, u64), path: &[u8]) -> Option<String> {
        let mut asked = self.asked.iter();
        let (named, _) = asked.find(|(named, here)| {
            [named, here]
                .map(|one| one.as_os_str().as_bytes())
                .contains(&path)
                || fs::metadata(here).is_ok_and(|found| (found.dev(), found.ino()) == file)
        })?;
        Some(named.to_string_lossy().into_owned())
    }

    /// Files that have come to a path that the plan asks about since they were mapped, as by `rename(2)`, get that name.
    pub(super) fn name_anew(&mut self) {
        for (named, here) in &self.asked {
            let found = fs::metadata(here).ok();
            let object = found.and_then(|found| *self.known.get(&(found.dev(), found.ino()))?);
            if let Some(name) = object.and_then(|object| self.names.get_mut(object)) {
                name.0 = named.to_string_lossy().into_owned();
            }
        }
    }

    /// What a process has mapped, in the words of the evidence.
    pub(super) fn in_words(&self, process: &OfProcess) -> Mappings {
        let name = |object: usize| self.names.get(object).cloned().unwrap_or_default();
        let objects = process.uses.iter().map(|(object, uses)| {
            let (on, nameless) = name(*object);
            MappedObject {
                on,
                nameless,
                shared: uses.shared,
                private: uses.private,
                writable: uses.writable,
                most: uses.most,
                most_by: uses.most_by,
            }
        });
        let held = process.held.iter().map(|held| {
            let mapped = held.mapped.iter().map(|(object, by, bytes, whole)| {
                let (on, nameless) = name(*object);
                HeldMapping {
                    on,
                    nameless,
                    by: *by,
                    bytes: *bytes,
                    whole: *whole,
                }
            });
            HeldMappings {
                moment: held.moment,
                call: held.call,
                mapped: mapped.collect(),
            }
        });
        Mappings {
            objects: objects.collect(),
            held: held.collect(),
            crowd: (process.unseen > 0).then_some(MappingCrowd {
                mappings: process.most,
                unseen: process.unseen,
            }),
        }
    }
}

const ELF: [u8; 4] = *b"\x7fELF";

/// Whether a path is a library's: `libm.so.6`, `filter.so`.
fn is_library(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    name.windows(3).any(|part| part == b".so")
}
