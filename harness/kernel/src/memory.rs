//! A tracee's memory.

use std::ffi::{c_long, c_void};
use std::io::{self, Result};

use crate::arch::registers::Registers;
use crate::error::check;
use crate::process::Pid;

/// A word of a stopped tracee's memory, even where the tracee itself may not read it now, `PTRACE_PEEKDATA`.
pub fn peek(pid: Pid, address: u64) -> Result<u64> {
    let mut word = 0u64;
    // SAFETY: the raw request writes the word to the pointer, which outlives the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_ptrace,
            c_long::from(libc::PTRACE_PEEKDATA),
            c_long::from(pid),
            address,
            &raw mut word,
        )
    })?;
    Ok(word)
}

/// Reads a tracee's memory: as many bytes as can be read, which may be fewer than asked for or none.
pub fn read_memory(pid: Pid, address: u64, buffer: &mut [u8]) -> usize {
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: address as *mut c_void,
        iov_len: buffer.len(),
    };
    // SAFETY: the local vector is this buffer; the remote address is only ever used in the other process.
    let read = unsafe { libc::process_vm_readv(pid, &local, 1, &remote, 1, 0) };
    usize::try_from(read).unwrap_or(0)
}

/// Whether a stopped tracee's memory can be read, tried at its stack.
///
/// # Errors
/// `EPERM`: it is that of a program which its user may execute and not read, or it has forbidden it, `PR_SET_DUMPABLE`.
pub fn try_stack(pid: Pid) -> Result<()> {
    let stack = Registers::read(pid)?.stack_pointer();
    let mut byte = 0u8;
    let local = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    let remote = libc::iovec {
        iov_base: stack as *mut c_void,
        iov_len: 1,
    };
    // SAFETY: the local vector is this byte; the remote address is only ever used in the other process.
    match unsafe { libc::process_vm_readv(pid, &local, 1, &remote, 1, 0) } {
        1 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Writes a tracee's memory, all or nothing.
pub fn write_memory(pid: Pid, address: u64, bytes: &[u8]) -> Result<()> {
    let local = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let remote = libc::iovec {
        iov_base: address as *mut c_void,
        iov_len: bytes.len(),
    };
    // SAFETY: the kernel only reads the local vector; the remote address is only ever used in the other process.
    let wrote = unsafe { libc::process_vm_writev(pid, &local, 1, &remote, 1, 0) };
    if wrote == bytes.len() as isize {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Writes into memory that the process itself may only read, as debuggers do.
///
/// # Errors
/// The kernel's.
pub fn poke(pid: Pid, address: u64, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::FileExt;
    let memory = std::fs::File::options()
        .write(true)
        .open(format!("/proc/{pid}/mem"))?;
    memory.write_all_at(bytes, address)
}
