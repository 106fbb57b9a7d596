//! A frame: registers, and the memory that they lead to.

use ipclab_kernel::Pid;
use ipclab_kernel::arch::registers::dwarf;
use ipclab_kernel::memory::read_memory;

/// Where a program's memory comes from: fills as much as can be read, and says how much.
pub(crate) trait Memory {
    /// Reads from this address on.
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize;

    /// A number of eight bytes.
    fn word(&self, address: u64) -> Option<u64> {
        let mut word = [0; 8];
        (self.read(address, &mut word) == 8).then(|| u64::from_le_bytes(word))
    }

    /// So many bytes, all of them.
    fn bytes(&self, address: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        (self.read(address, &mut bytes) == length).then_some(bytes)
    }
}

/// The memory of a stopped thread.
pub(crate) struct OfThread(pub(crate) Pid);

impl Memory for OfThread {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        read_memory(self.0, address, buffer)
    }
}

/// Registers as DWARF numbers them on this processor, the address of the next instruction last; `None`: not known.
pub(crate) type Frame = [Option<u64>; dwarf::COUNT];
