//! Mappings: which files and which shared memory processes have mapped, where the plan asks for it.
//!
//! The kernel is asked after each call that may have mapped some of it, and at the moments at which it should be gone. What malloc(),
//! stacks of threads and the loader map is in no file, or in one of the system's, or was mapped before the program began. So it needs no
//! list of those that do so, and a library that takes and gives memory all the time stops nowhere.

use ipclab_evidence::Moment;
use ipclab_kernel::{Pid, page, procfs};

use super::state::{InCall, Tracer};
use crate::mapped::{Area, HeldThen};

/// So many mappings are read in a case after calls, once for each time that they are: a second of work, or two. A program whose mappings
/// are more is told that it has too many.
const READ_MAX: u64 = 1_000_000;
/// As many again at moments of interest: how many it has at its end is known of a program that has too many, too.
const READ_AT_MOMENTS: u64 = 1_000_000;

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

    /// What a process still has mapped now, by one of its threads.
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
        let now = HeldThen {
            moment,
            call,
            mapped,
        };
        self.tree.keep(&mut process.mapped.held, now);
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
