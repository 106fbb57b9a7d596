//! Segments that are watched: where they are attached, and writes to them that wait.

use ipclab_kernel::arch::instruction::Instruction;

/// A segment where a process has attached it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attachment {
    pub(super) start: u64,
    /// In bytes, whole pages.
    pub(super) length: u64,
    pub(super) shmid: i32,
    pub(super) writable: bool,
    /// The `syscall` instruction that attached it.
    pub(super) gate: u64,
}

impl Attachment {
    pub(super) fn holds(&self, address: u64) -> bool {
        address.wrapping_sub(self.start) < self.length
    }

    pub(super) fn all(&self) -> u64 {
        let write = if self.writable { libc::PROT_WRITE } else { 0 };
        (libc::PROT_READ | write) as u64
    }
}

/// A write that waits for its turn.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) address: u64,
    pub(super) instruction: Instruction,
    /// What an update that is not atomic has read.
    pub(super) found: Option<Vec<u8>>,
}
