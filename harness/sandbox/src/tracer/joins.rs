//! Which threads a process has joined or detached when it ends, where the plan asks for it.
//!
//! Joining a thread that has ended makes no call, so that it is read off what the C library (glibc) keeps of each thread: it puts -1 in the
//! place of the number of one that it has joined, and has a pointer to the thread itself in one that was detached. What it
//! keeps is gone, or another thread's, once a thread was either.
//!
//! Another C library (musl) tells the kernel of a place outside of the record. It gives the memory of a thread back when that is
//! joined: where none is left, all were. Where some is, it cannot be seen whether they were.

use std::collections::BTreeMap;

use ipclab_kernel::Pid;
use ipclab_kernel::arch::calls::{CLONE_END_ARGUMENT, thread_record};

use super::state::Tracer;
use super::tree::MadeThread;
use crate::decode;

/// Threads of one process that are remembered.
const THREADS_MAX: usize = 4096;
/// The head of what the C library keeps of a thread, which may always have pointers to it.
const HEAD: u64 = 0x40;
/// No C library keeps more.
const RECORD_MAX: usize = 0x1000;

impl Tracer {
    /// A thread was made in a process.
    pub(super) fn tree_made_thread(&mut self, process: Pid, made_by: Option<u32>, args: &[u64; 6]) {
        if !self.tree.wanted.threads {
            return;
        }
        let made = self.tree.threads.entry(process).or_default();
        match made_by.filter(|_| made.len() < THREADS_MAX) {
            Some(made_by) => made.push(MadeThread {
                made_by,
                ends_at: args[CLONE_END_ARGUMENT],
                record: thread_record(args),
            }),
            None => self.tree.dropped += 1,
        }
    }

    /// A thread ends its process by itself: which other threads of it were neither joined nor detached.
    pub(super) fn note_unjoined(&mut self, tid: Pid, process: Pid) {
        if !self.tree.wanted.threads || self.winding_down {
            return;
        }
        let made = self.tree.threads.get(&process).cloned().unwrap_or_default();
        if made.is_empty() {
            return;
        }
        let mut unjoined = Vec::new();
        let mut starts = BTreeMap::new();
        let (known, foreign): (Vec<_>, Vec<_>) =
            made.into_iter().partition(MadeThread::is_recorded);
        let has_memory =
            |thread: &MadeThread| !decode::memory(tid, thread.record.0, 8, 8).is_empty();
        let unseen = foreign.iter().any(has_memory);
        for (at, thread) in known.iter().enumerate() {
            let is_reused = known[at + 1..]
                .iter()
                .any(|later| later.ends_at == thread.ends_at);
            if !is_reused && is_unjoined(tid, thread) {
                unjoined.push(thread.made_by);
                let start = self.thread_start(tid, thread.ends_at);
                starts.extend(start.map(|start| (thread.made_by, start)));
            }
        }
        if let Some(process) = self.tree.get(process) {
            // What is read of a record was tried on one processor.
            process.joins_unseen = unseen || cfg!(not(target_arch = "x86_64"));
            process.unjoined = unjoined;
            process.unjoined_starts = starts;
        }
    }
}

impl MadeThread {
    /// The number of the thread lies in its record, as with glibc.
    fn is_recorded(&self) -> bool {
        let (record, bytes) = self.record;
        self.ends_at.wrapping_sub(record) < bytes
    }
}

fn is_unjoined(tid: Pid, thread: &MadeThread) -> bool {
    const JOINED: i32 = -1;
    let number = decode::memory(tid, thread.ends_at, 4, 4);
    let Ok(number) = <[u8; 4]>::try_from(number) else {
        // Its memory was given back.
        return false;
    };
    if i32::from_ne_bytes(number) == JOINED {
        return false;
    }
    let (record, bytes) = thread.record;
    let behind = bytes.saturating_sub(HEAD);
    let kept = decode::memory(tid, record.wrapping_add(HEAD), behind, RECORD_MAX);
    let (words, _) = kept.as_chunks::<8>();
    !words.iter().any(|word| u64::from_ne_bytes(*word) == record)
}
