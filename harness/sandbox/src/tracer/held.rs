//! Memory that processes share without a file: what was mapped is counted, since the pages belong to no process. They stay
//! when a process drops them (`MADV_DONTNEED`) and when all but one of them are unmapped, until the last mapping is gone.
//!
//! What was sent and not received lies in the kernel, and belongs to no process either. A socket can be made to hold megabytes
//! (`SO_SNDBUF`), and one that waits to be accepted or is on its way in a message is nobody's descriptor: bytes are counted, not sockets.

use std::collections::HashSet;

use ipclab_kernel::{Pid, procfs};

use super::in_progress::Held;
use super::state::Tracer;

/// Anonymous memory that is shared, and `/dev/zero`, of which each mapping is an object of its own.
const ANONYMOUS: &[u8] = b"/dev/zero";

impl Tracer {
    /// A process has mapped something for sharing: takes in what is new.
    pub(super) fn note_shared(&mut self, tid: Pid, actor: usize) {
        for mapping in procfs::shared_mappings(tid).unwrap_or_default() {
            if !mapping.path.starts_with(ANONYMOUS) {
                continue;
            }
            let kib = (mapping.offset + mapping.length) >> 10;
            let known = self.held.iter_mut();
            match known.into_iter().find(|one| one.inode == mapping.inode) {
                Some(known) => known.kib = known.kib.max(kib),
                None => self.held.push(Held {
                    inode: mapping.inode,
                    actor,
                    kib,
                }),
            }
        }
        // What is gone is forgotten before the list grows long.
        if self.held.len() > 64 {
            self.forget_unmapped(actor);
        }
    }

    /// How much an actor's processes hold together in KiB: what is their own and resident, all that they have mapped for
    /// sharing, resident or not, and what they have sent that nobody has received.
    pub(crate) fn held_kib(&mut self, actor: usize, limit_kib: u64) -> u64 {
        self.mapped_kib(actor, limit_kib) + self.in_sockets.kib(actor)
    }

    fn mapped_kib(&mut self, actor: usize, limit_kib: u64) -> u64 {
        let resident = self.resident_kib(actor);
        if self.held.iter().all(|one| one.actor != actor) {
            return resident;
        }
        let private: u64 = self.alive_of(actor).filter_map(procfs::private_kib).sum();
        let shared = |held: &[Held]| -> u64 {
            let own = held.iter().filter(|one| one.actor == actor);
            own.map(|one| one.kib).sum()
        };
        if private + shared(&self.held) > limit_kib {
            self.forget_unmapped(actor);
        }
        resident.max(private + shared(&self.held))
    }

    fn alive_of(&self, actor: usize) -> impl Iterator<Item = Pid> + '_ {
        let alive = self.processes.iter();
        alive
            .filter(move |(_, process)| process.alive && process.actor == actor)
            .map(|(pid, _)| *pid)
    }

    fn forget_unmapped(&mut self, actor: usize) {
        let mapped: HashSet<u64> = self
            .alive_of(actor)
            .filter_map(procfs::shared_mappings)
            .flatten()
            .map(|mapping| mapping.inode)
            .collect();
        self.held
            .retain(|one| one.actor != actor || mapped.contains(&one.inode));
    }
}
