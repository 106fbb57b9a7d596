//! Mappings: which files and which shared memory processes have mapped, where the plan asks for it.
//!
//! The kernel is asked after each call that may have mapped some of it, and at the moments at which it should be gone. What malloc(),
//! stacks of threads and the loader map is in no file, or in one of the system's, or was mapped before the program began. So it needs no
//! list of those that do so, and a library that takes and gives memory all the time stops nowhere.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use ipclab_evidence::{HeldMapping, HeldMappings, MappedObject, MappingCrowd, Mappings, Moment};
use ipclab_kernel::procfs::ObjectMapping;
use ipclab_kernel::{Pid, page, procfs};

use super::sanitizer::is_own_file;
use super::state::{InCall, Tracer};
use super::tree::MAX_HELD;
use crate::decode;
use crate::mapped::{Area, HeldThen, OfProcess};

/// So many mappings are read in a case after calls, once for each time that they are: a second of work, or two. A program whose mappings
/// are more is told that it has too many.
const READ_MAX: u64 = 1_000_000;
/// As many again at moments of interest: how many it has at its end is known of a program that has too many, too.
const READ_AT_MOMENTS: u64 = 1_000_000;
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
    read: u64,
}

impl MappedObjects {
    pub(super) fn new(asked: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> Self {
        Self {
            asked: asked.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Which object a mapping is a window on; `None`: one that is not counted.
    fn of(&mut self, tid: Pid, mapping: &ObjectMapping) -> Option<usize> {
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
    fn name_anew(&mut self) {
        for (named, here) in &self.asked {
            let found = fs::metadata(here).ok();
            let object = found.and_then(|found| *self.known.get(&(found.dev(), found.ino()))?);
            if let Some(name) = object.and_then(|object| self.names.get_mut(object)) {
                name.0 = named.to_string_lossy().into_owned();
            }
        }
    }

    /// What a process has mapped, in the words of the evidence.
    fn in_words(&self, process: &OfProcess) -> Mappings {
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

impl Tracer {
    /// Whether a call may change what a process has mapped of files and shared memory, where the plan asks for that. What is taken away
    /// is seen when it is looked.
    pub(super) fn may_map(&self, tid: Pid, number: i64, args: &[u64; 6]) -> bool {
        let Some(process) = self.process_of(tid) else {
            return false;
        };
        let actor = &self.actors[process.actor];
        if !actor.maps || !actor.started || process.beginning.is_some() {
            return false;
        }
        let meets = |start: u64, length: u64| {
            let range = start..start.saturating_add(length.max(1));
            process.mapped.pieces.within(&range).is_some()
        };
        match number {
            libc::SYS_mmap => {
                let flags = args[3] as i32;
                flags & libc::MAP_ANONYMOUS == 0 || flags & libc::MAP_SHARED != 0
            }
            libc::SYS_mremap => meets(args[0], args[1]),
            libc::SYS_mprotect => args[2] & libc::PROT_WRITE as u64 != 0 && meets(args[0], args[1]),
            _ => false,
        }
    }

    /// A call has succeeded: what it has mapped.
    pub(super) fn note_mapped_object(&mut self, tid: Pid, pid: Pid, call: &InCall, result: i64) {
        if self.winding_down || !self.may_map(tid, call.spec.number, &call.args) {
            return;
        }
        let Some(n) = call.n else { return };
        let at = |start: u64, length: u64| {
            let page = page::bytes();
            start..start.saturating_add(length.div_ceil(page).saturating_mul(page))
        };
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        if self.mapped_objects.read >= READ_MAX {
            process.mapped.unseen += 1;
            return;
        }
        let pieces = &mut process.mapped.pieces;
        match call.spec.number {
            libc::SYS_mmap => pieces.put(at(result as u64, call.args[1]), true, n),
            libc::SYS_mremap => {
                // It is still what the first call has mapped, now here and of that size.
                let old = pieces.within(&at(call.args[0], call.args[1].max(1)));
                let by = old.filter(|old| old.own).map_or(n, |old| old.by);
                pieces.put(at(result as u64, call.args[2]), true, by);
            }
            _ => {}
        }
        if self.look_at_mappings(tid, pid, READ_MAX)
            && let Some(process) = self.processes.get_mut(&pid)
        {
            process.mapped.note_uses(Some(n));
        }
    }

    /// Asks the kernel what a process has of what was mapped; tells whether it was asked.
    fn look_at_mappings(&mut self, tid: Pid, pid: Pid, most: u64) -> bool {
        let Some(process) = self.processes.get_mut(&pid) else {
            return false;
        };
        if self.mapped_objects.read >= most {
            process.mapped.unseen += 1;
            return false;
        }
        let Some((mappings, number)) = procfs::object_mappings(tid) else {
            return false;
        };
        self.mapped_objects.read += number;
        process.mapped.most = process.mapped.most.max(number);
        let areas = mappings.into_iter().filter_map(|mapping| {
            let object = self.mapped_objects.of(tid, &mapping)?;
            Some(Area {
                range: mapping.range,
                object,
                shared: mapping.shared,
                writable: mapping.writable,
            })
        });
        let areas: Vec<Area> = areas.collect();
        process.mapped.pieces.keep(&areas);
        true
    }

    /// What a process still has mapped now, by one of its threads. Of several that end the last one says what it ended with.
    pub(super) fn mappings_held(&mut self, tid: Pid, pid: Pid, moment: Moment, call: Option<u32>) {
        let Some(process) = self.processes.get(&pid) else {
            return;
        };
        if !self.actors[process.actor].maps || self.winding_down {
            return;
        }
        let has_some = process.mapped.pieces.own().next().is_some();
        if has_some && !self.look_at_mappings(tid, pid, READ_MAX + READ_AT_MOMENTS) {
            return;
        }
        if moment == Moment::End {
            self.mapped_objects.name_anew();
        }
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        process.mapped.note_uses(None);
        let mapped = process.mapped.left();
        if moment == Moment::End {
            let before = process.mapped.held.pop_if(|held| held.moment == moment);
            self.tree.held -= before.map_or(0, |held| held.mapped.len());
        }
        let last = process.mapped.held.last();
        if last.is_some_and(|last| last.moment == moment && last.mapped == mapped) {
            return;
        }
        if self.tree.held + mapped.len() > MAX_HELD {
            self.tree.dropped += 1;
            return;
        }
        self.tree.held += mapped.len();
        process.mapped.held.push(HeldThen {
            moment,
            call,
            mapped,
        });
    }

    /// What was seen goes to the processes that it is of.
    pub(super) fn tell_mappings(&mut self) {
        for (pid, process) in &self.processes {
            if self.actors[process.actor].maps
                && let Some(seen) = self.tree.get(*pid)
            {
                seen.mappings = self.mapped_objects.in_words(&process.mapped);
            }
        }
    }
}
