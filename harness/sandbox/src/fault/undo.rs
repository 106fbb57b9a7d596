//! What is put back at the exit of a call that was changed.

use std::io;

use ipclab_kernel::arch::Call;
use ipclab_kernel::arch::calls::FORK;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, memory};

use crate::decode;

/// What has to be done at the exit of a call that was tampered with.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// As the trace tells it.
    pub(crate) note: String,
    pub(super) restore: Restore,
}

#[derive(Clone, Debug)]
pub(super) enum Restore {
    /// Nothing was changed at the call itself.
    Nothing,
    /// The call was skipped: this is its result.
    Result(i64),
    /// The call was skipped as if this signal had interrupted it; the call's number, for the kernel to make it again.
    Interrupted { signal: i32, number: u64 },
    /// An argument register had another value.
    Register { index: usize, value: u64 },
    /// A word in memory had another value.
    Word { address: u64, value: u64 },
    /// Bytes in memory had other values, which the program itself may only be able to read.
    Poked { address: u64, bytes: Vec<u8> },
    /// The last byte delivered is flipped.
    Flip { buffer: u64 },
    /// The call is made once more from its entry, with its first argument.
    Again { number: u64, first: u64 },
    /// Another call was made in its place, and now it is its turn: the registers with which it had been entered.
    Instead {
        entered: Box<Registers>,
        substitute: Call,
    },
}

/// What the tracer has to do after the exit of a tampered call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AfterCall {
    /// Deliver this signal on resuming.
    pub(crate) signal: i32,
    /// The result that the program sees, where it is not the kernel's.
    pub(crate) result: Option<i64>,
}

/// The kernel makes the call again, or turns it into `EINTR` when the handler says so.
const ERESTARTSYS: i64 = -512;

impl Pending {
    /// Whether the call that is made in its place makes a child that is to wait for ever.
    pub(crate) fn leaves_child(&self) -> bool {
        self.instead()
            .is_some_and(|call| call.number == FORK.number)
    }

    /// The call that is made in its place.
    pub(crate) fn instead(&self) -> Option<Call> {
        match self.restore {
            Restore::Instead { substitute, .. } => Some(substitute),
            _ => None,
        }
    }

    /// Whether the call is not made at all, whatever the program is told.
    pub(crate) fn is_skipped(&self) -> bool {
        matches!(self.restore, Restore::Result(_))
    }

    /// Whether the call itself is still made, once, and at most its arguments are others.
    pub(crate) fn leaves_call(&self) -> bool {
        match self.restore {
            Restore::Nothing
            | Restore::Register { .. }
            | Restore::Word { .. }
            | Restore::Poked { .. }
            | Restore::Flip { .. } => true,
            Restore::Result(_)
            | Restore::Interrupted { .. }
            | Restore::Again { .. }
            | Restore::Instead { .. } => false,
        }
    }

    /// Undoes at the exit what was changed at the entry, and writes the result.
    ///
    /// # Errors
    /// When the tracee's registers or memory cannot be written.
    pub(crate) fn exit(&self, pid: Pid, result: i64) -> io::Result<AfterCall> {
        match &self.restore {
            Restore::Nothing => Ok(AfterCall::default()),
            Restore::Result(value) => {
                let mut registers = Registers::read(pid)?;
                registers.set_result(*value);
                registers.write(pid)?;
                Ok(AfterCall {
                    signal: 0,
                    result: Some(*value),
                })
            }
            Restore::Interrupted { signal, number } => {
                let mut registers = Registers::read(pid)?;
                registers.set_result(ERESTARTSYS);
                registers.set_call_number(*number);
                registers.write(pid)?;
                Ok(AfterCall {
                    signal: *signal,
                    result: Some(-i64::from(libc::EINTR)),
                })
            }
            Restore::Register { index, value } => {
                let mut registers = Registers::read(pid)?;
                registers.restore_argument(*index, *value);
                registers.write(pid)?;
                Ok(AfterCall::default())
            }
            Restore::Word { address, value } => {
                memory::poke(pid, *address, &value.to_ne_bytes())?;
                Ok(AfterCall::default())
            }
            Restore::Poked { address, bytes } => {
                memory::poke(pid, *address, bytes)?;
                Ok(AfterCall::default())
            }
            Restore::Instead { entered, .. } => {
                let mut registers = **entered;
                registers.repeat_call(entered.call_number(), entered.arguments()[0]);
                registers.write(pid)?;
                Ok(AfterCall::default())
            }
            Restore::Flip { buffer } => {
                if result > 0 {
                    let last = buffer.wrapping_add(result as u64 - 1);
                    if let [byte] = decode::memory(pid, last, 1, 1)[..] {
                        memory::write_memory(pid, last, &[byte ^ 0x01])?;
                    }
                }
                Ok(AfterCall::default())
            }
            Restore::Again { number, first } => {
                let mut registers = Registers::read(pid)?;
                registers.repeat_call(*number, *first);
                registers.write(pid)?;
                Ok(AfterCall::default())
            }
        }
    }
}
