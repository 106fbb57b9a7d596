//! Attached segments whose pages are protected, so that each access is seen.

use ipclab_kernel::arch::instruction::Instruction;

/// A segment where a process has attached it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attachment {
    pub(super) start: u64,
    /// In bytes, whole pages.
    pub(super) length: u64,
    /// Where in the segment it begins: a process can have windows on parts of it.
    pub(super) offset: u64,
    pub(super) shmid: i32,
    pub(super) writable: bool,
    /// The `syscall` instruction that attached it, by which remote calls are made.
    pub(super) syscall_instruction: u64,
}

/// Protection of pages that may only be read.
pub(super) const READABLE: u64 = libc::PROT_READ as u64;
/// Protection of pages where every access faults.
pub(super) const PROTECTED: u64 = libc::PROT_NONE as u64;

impl Attachment {
    pub(super) fn contains(&self, address: u64) -> bool {
        address.wrapping_sub(self.start) < self.length
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.length
    }

    /// The protection that its pages would have without us.
    pub(super) fn full_access(&self) -> u64 {
        let write = if self.writable { libc::PROT_WRITE } else { 0 };
        (libc::PROT_READ | write) as u64
    }

    /// A place in it, as accesses are told with.
    pub(super) fn place(&self, address: u64) -> (i32, u64) {
        (
            self.shmid,
            address.wrapping_sub(self.start).wrapping_add(self.offset),
        )
    }
}

/// A write that waits for its turn.
#[derive(Clone, Debug)]
pub(super) struct PendingWrite {
    pub(super) address: u64,
    pub(super) instruction: Instruction,
    /// What an update that is not atomic has read.
    pub(super) found: Option<Vec<u8>>,
}
