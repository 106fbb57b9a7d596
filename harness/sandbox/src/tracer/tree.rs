//! The tree of processes, where the plan asks for it: which one made which, the programs that they ran, how they ended, and
//! which one waited for them; and what they had open at the moments at which that is of interest.

use std::collections::HashMap;

use ipclab_evidence::{HeldDescriptors, Moment, Plan, Process, SeenObjects, WantedObjects};
use ipclab_kernel::Pid;

use crate::mapped::HeldThen;

/// Descriptors and mappings, and bytes of arguments, that are kept of a whole case.
const MAX_HELD: usize = 20_000;
pub(super) const MAX_ARGUMENT_BYTES: usize = 256 << 10;

/// What is known of the processes of a case, dead ones included.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) wanted: WantedObjects,
    /// It is looked what processes of some actor have mapped.
    maps: bool,
    pub(super) processes: Vec<Process>,
    /// Where each of them is, by the number that the tracer knows it by.
    pub(super) places: HashMap<Pid, usize>,
    /// The other way round.
    pub(super) pids: Vec<Pid>,
    /// Inodes of pipes, in the order in which they were seen.
    pub(super) pipes: Vec<u64>,
    pub(super) held: usize,
    /// States of signals and signals that are kept.
    pub(super) signals: usize,
    /// Instructions of handlers that were followed.
    pub(super) steps: u32,
    pub(super) argument_bytes: usize,
    pub(super) dropped: u64,
    /// Threads that were made, by their processes, where the plan asks for them.
    pub(super) threads: HashMap<Pid, Vec<MadeThread>>,
}

/// A thread that was made, dead or alive.
#[derive(Clone, Copy, Debug)]
pub(super) struct MadeThread {
    /// The call that made it, by number.
    pub(super) made_by: u32,
    /// Where the kernel puts 0 when it ends.
    pub(super) ends_at: u64,
    /// What the C library keeps of it: where, and how many bytes.
    pub(super) record: (u64, u64),
}

/// What a process has at a moment.
pub(super) trait AtMoment {
    fn moment(&self) -> Moment;
    fn number(&self) -> usize;
    fn is_like(&self, other: &Self) -> bool;
}

impl AtMoment for HeldDescriptors {
    fn moment(&self) -> Moment {
        self.moment
    }

    fn number(&self) -> usize {
        self.open.len()
    }

    fn is_like(&self, other: &Self) -> bool {
        self.open == other.open
    }
}

impl AtMoment for HeldThen {
    fn moment(&self) -> Moment {
        self.moment
    }

    fn number(&self) -> usize {
        self.mapped.len()
    }

    fn is_like(&self, other: &Self) -> bool {
        self.mapped == other.mapped
    }
}

impl Tree {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            wanted: plan.objects.clone(),
            maps: plan.actors.iter().any(|actor| actor.maps),
            ..Self::default()
        }
    }

    pub(super) fn is_kept(&self) -> bool {
        self.wanted.processes || self.wanted.descriptors || self.wanted.signals || self.maps
    }

    pub(super) fn get(&mut self, pid: Pid) -> Option<&mut Process> {
        let place = *self.places.get(&pid)?;
        self.processes.get_mut(place)
    }

    /// Keeps what a process has now behind what is kept of it already. Of several threads that end the last one says what their process
    /// ended with: the first one may have left long before, `pthread_exit(3)`.
    pub(super) fn keep<T: AtMoment>(&mut self, kept: &mut Vec<T>, now: T) {
        if now.moment() == Moment::End {
            let before = kept.pop_if(|held| held.moment() == Moment::End);
            self.held -= before.map_or(0, |held| held.number());
        }
        // One that asks again and again whether a child has ended has nothing new to say.
        let last = kept.last();
        if last.is_some_and(|last| last.moment() == now.moment() && last.is_like(&now)) {
            return;
        }
        if self.held + now.number() > MAX_HELD {
            self.dropped += 1;
            return;
        }
        self.held += now.number();
        kept.push(now);
    }

    pub(super) fn finish(self) -> SeenObjects {
        SeenObjects {
            processes: self.processes,
            dropped: self.dropped,
            ..SeenObjects::default()
        }
    }
}
