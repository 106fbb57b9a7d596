//! Updates that are two instructions: an exclusive load, and a store that goes through only if nothing was stored there since.
//!
//! A stop between both makes such a store fail, so that a thread that is stepped through them would try again for ever. The
//! store is made here instead: tracer and tracees share one processor, and nothing can be stored while we look and write.

use std::io;

use ipclab_kernel::arch::instruction;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory};

use crate::decode;

/// What an exclusive load has reserved.
#[derive(Debug)]
pub(super) struct Reserved {
    address: u64,
    found: Vec<u8>,
}

impl Reserved {
    /// By the instruction that a stopped thread is about to make. `None`: it is no such load, or may not read what it names.
    pub(super) fn by(tid: Pid, code: &[u8], registers: &Registers) -> Option<Self> {
        let reservation = instruction::reservation(code, registers)?;
        let width = usize::from(reservation.width);
        let found = decode::memory(tid, reservation.address, width as u64, width);
        (found.len() == width).then_some(Self {
            address: reservation.address,
            found,
        })
    }
}

/// What became of a store that is made only under a condition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Store {
    /// The thread is at another instruction.
    None,
    /// It is behind the store, which went through or did not.
    Over,
    /// It may not write there.
    Forbidden,
}

/// Makes the store that a stopped thread is at, if it is at one that such a load belongs to.
///
/// # Errors
/// The thread is gone.
pub(super) fn make_store(
    tid: Pid,
    code: &[u8],
    registers: &Registers,
    reserved: Option<&Reserved>,
) -> io::Result<Store> {
    let Some(store) = instruction::conditional_store(code, registers) else {
        return Ok(Store::None);
    };
    let goes_through = reserved.is_some_and(|reserved| {
        let width = reserved.found.len();
        let is_same = store.address == reserved.address && store.bytes.len() == width;
        is_same && decode::memory(tid, store.address, width as u64, width) == reserved.found
    });
    if goes_through && memory::write_memory(tid, store.address, &store.bytes).is_err() {
        return Ok(Store::Forbidden);
    }
    let after = if goes_through {
        store.stored
    } else {
        store.failed
    };
    after.write(tid)?;
    Ok(Store::Over)
}
