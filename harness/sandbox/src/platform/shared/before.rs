//! The machine's state before a case: what is there already is no leftover of it.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, SystemTime};

use crate::given::Given;
use crate::leftovers;
use crate::tracer::Objects;

/// Folders of the host that actors may write to: the labs' own paths are in them.
pub(crate) const OPEN_FOLDERS: [&str; 2] = ["/tmp", "/dev/shm"];

/// The machine's state before the case.
pub(super) struct Before {
    /// When it was looked at, by the clock that files are dated by, which may be late by a tick.
    pub(super) at: SystemTime,
    pub(super) objects: Objects,
    pub(super) files: HashMap<Vec<u8>, u64>,
}

impl Before {
    pub(super) fn look() -> Self {
        let none = (Given::default(), HashMap::new());
        Self {
            at: SystemTime::now() - Duration::from_millis(20),
            objects: Objects {
                segments: leftovers::segments(&none.0, &none.1)
                    .unwrap_or_default()
                    .iter()
                    .map(|row| row.shmid)
                    .collect(),
                semaphores: leftovers::semaphores(&none.0)
                    .unwrap_or_default()
                    .iter()
                    .map(|row| row.semid)
                    .collect(),
                queues: leftovers::queues(&none.0)
                    .unwrap_or_default()
                    .iter()
                    .map(|row| row.msqid)
                    .collect(),
            },
            files: OPEN_FOLDERS.into_iter().flat_map(entries).collect(),
        }
    }
}

pub(super) fn entries(folder: &str) -> Vec<(Vec<u8>, u64)> {
    use std::os::unix::fs::DirEntryExt;
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| (entry.path().as_os_str().as_bytes().to_vec(), entry.ino()))
        .collect()
}
