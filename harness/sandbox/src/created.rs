//! Objects that actors created, read off the trace: in the host's world only that is theirs, and theirs to be taken away.

use std::collections::HashSet;
use std::path::PathBuf;

use ipclab_evidence::{Address, Arg, ArgKind, Call, Object};

/// Objects that the trace says actors made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Created {
    pub(crate) segments: HashSet<i32>,
    pub(crate) semaphores: HashSet<i32>,
    pub(crate) queues: HashSet<i32>,
    pub(crate) files: HashSet<Vec<u8>>,
    /// Files by the names that the kernel has for them.
    pub(crate) resolved: HashSet<PathBuf>,
    /// POSIX message queues, without the slash.
    pub(crate) posix_queues: HashSet<Vec<u8>>,
}

impl Created {
    /// Notes what a call made, if it made anything. One that never returned, since its process was killed in it, may have.
    pub(crate) fn note(&mut self, call: &Call) {
        if call.errno().is_some() {
            return;
        }
        let _is_new = match &call.object {
            Some(Object::Segment(id)) if call.name == "shmget" => self.segments.insert(*id),
            Some(Object::Semaphores(id)) if call.name == "semget" => self.semaphores.insert(*id),
            Some(Object::Queue(id)) if call.name == "msgget" => self.queues.insert(*id),
            Some(Object::File(path)) => self.files.insert(path.0.clone()),
            _ => false,
        };
        if call.name == "bind"
            && let Some(Arg::Address(Address::Path(path))) = call.argument(ArgKind::Address)
        {
            self.files.insert(path.0.clone());
        }
    }
}
