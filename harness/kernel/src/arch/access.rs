//! What an instruction does to the memory that it names.

use super::registers::Registers;

/// What an instruction does with the memory that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads it.
    Load,
    /// Writes it, whatever was there.
    Store,
    /// Reads it and writes something made of that, with nothing to keep others out in between.
    Update,
    /// Reads and writes it as one.
    AtomicUpdate,
    /// Not in the table.
    Unknown,
}

/// How an instruction accesses memory, and how wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it does with the memory.
    pub access: Access,
    /// How many bytes; 0: not known.
    pub width: u8,
}

impl Instruction {
    pub(super) const UNKNOWN: Self = Self {
        access: Access::Unknown,
        width: 0,
    };
}

/// Memory that an exclusive load keeps an eye on, up to the store that ends its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Where.
    pub address: u64,
    /// How many bytes.
    pub width: u8,
}

/// A store that a thread is about to make, and that goes through only if nothing has been stored there since the load which
/// began its sequence.
#[derive(Clone, Debug)]
pub struct ConditionalStore {
    /// Where.
    pub address: u64,
    /// What.
    pub bytes: Vec<u8>,
    /// The registers after it, where it went through.
    pub stored: Registers,
    /// The registers after it, where it did not.
    pub failed: Registers,
}
