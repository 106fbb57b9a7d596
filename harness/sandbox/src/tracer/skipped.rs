//! A call that is skipped, and that its thread comes to again: only at a call's exit a thread can be made to do other things,
//! or be sent back to where it enters the call.

use std::io;

use ipclab_kernel::Pid;
use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::ptrace::{self, Resume};

/// At the entry of a call: lets the thread come to its exit without having made it. The registers with which it entered.
pub(super) fn skip(tid: Pid) -> io::Result<Box<Registers>> {
    let entered = Registers::read(tid)?;
    let mut skipped = entered;
    skipped.skip_call();
    skipped.write(tid)?;
    ptrace::resume(tid, Resume::ToSyscallExit, 0)?;
    Ok(Box::new(entered))
}

/// At the exit of a skipped call: sends the thread back to its entry. It does not go on yet.
pub(super) fn send_back(tid: Pid, entered: &Registers) -> io::Result<()> {
    let mut again = *entered;
    again.repeat_call(entered.call_number(), entered.arguments()[0]);
    again.set_no_call();
    again.write(tid)
}
