//! A tracee's memory.
//!
//! `process_vm_readv(2)` reads it, and `process_vm_writev(2)` writes it. The filters of older Docker refuse both without
//! `CAP_SYS_PTRACE`; there it is the file `/proc/PID/mem`, which passes over what the process itself may do with its pages, so
//! that its map is looked at first.

use std::ffi::{c_long, c_void};
use std::io::{self, Result};
use std::sync::OnceLock;

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
    if is_refused() {
        return by_file::read(pid, address, buffer).unwrap_or(0);
    }
    // SAFETY: the local vector is this buffer; the remote address is only ever used in the other process.
    let read = unsafe { libc::process_vm_readv(pid, &local, 1, &remote, 1, 0) };
    usize::try_from(read).unwrap_or(0)
}

/// Whether a filter refuses the calls that read other processes' memory, tried on this process.
fn is_refused() -> bool {
    static REFUSED: OnceLock<bool> = OnceLock::new();
    *REFUSED.get_or_init(|| {
        let (from, mut to) = (1u8, 0u8);
        let vector = |at: *const u8| libc::iovec {
            iov_base: at.cast_mut().cast(),
            iov_len: 1,
        };
        let (local, remote) = (vector(&raw mut to), vector(&raw const from));
        // SAFETY: both vectors are a byte of this function's own.
        let read = unsafe { libc::process_vm_readv(libc::getpid(), &local, 1, &remote, 1, 0) };
        read != 1
    })
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
    if is_refused() {
        return match by_file::read(pid, stack, std::slice::from_mut(&mut byte))? {
            1 => Ok(()),
            _ => Err(io::Error::from_raw_os_error(libc::EFAULT)),
        };
    }
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
    if is_refused() {
        return by_file::write(pid, address, bytes);
    }
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

/// The same by way of `/proc/PID/mem`.
mod by_file {
    use std::fs::{self, File};
    use std::io::{self, Result};
    use std::os::unix::fs::FileExt;

    use crate::process::Pid;

    /// How many of these bytes, from the first on, lie where the process may do this: `r` or `w`.
    fn allowed(pid: Pid, address: u64, length: u64, what: char) -> Result<u64> {
        let map = fs::read_to_string(format!("/proc/{pid}/maps"))?;
        Ok(allowed_by(&map, address, length, what))
    }

    fn allowed_by(map: &str, address: u64, length: u64, what: char) -> u64 {
        let end = address.saturating_add(length);
        let mut reached = address;
        for line in map.lines() {
            let mut words = line.split(' ');
            let (Some(range), Some(may)) = (words.next(), words.next()) else {
                continue;
            };
            let Some((from, to)) = range.split_once('-') else {
                continue;
            };
            let number = |text| u64::from_str_radix(text, 16).unwrap_or(0);
            let (from, to) = (number(from), number(to));
            if (from..to).contains(&reached) && may.contains(what) {
                reached = to.min(end);
            }
        }
        reached - address
    }

    pub(super) fn read(pid: Pid, address: u64, buffer: &mut [u8]) -> Result<usize> {
        let length = allowed(pid, address, buffer.len() as u64, 'r')?;
        let length = usize::try_from(length).unwrap_or(0);
        let memory = File::open(format!("/proc/{pid}/mem"))?;
        memory.read_at(&mut buffer[..length], address)
    }

    pub(super) fn write(pid: Pid, address: u64, bytes: &[u8]) -> Result<()> {
        if allowed(pid, address, bytes.len() as u64, 'w')? != bytes.len() as u64 {
            return Err(io::Error::from_raw_os_error(libc::EFAULT));
        }
        let memory = File::options()
            .write(true)
            .open(format!("/proc/{pid}/mem"))?;
        memory.write_all_at(bytes, address)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_the_process_may_not_do_is_not_done() {
            let map = "1000-2000 r--p 00000000 00:00 0\n2000-3000 rw-p 00000000 00:00 0\n3000-4000 ---p 00000000 00:00 0\n5000-6000 rw-p 00000000 00:00 0\n";
            let check = |at, length, what, expected| {
                assert_eq!(allowed_by(map, at, length, what), expected, "{at:x} {what}");
            };
            check(0x1ff0, 0x20, 'r', 0x20);
            check(0x1ff0, 0x20, 'w', 0);
            check(0x2ff0, 0x20, 'w', 0x10);
            check(0x3000, 8, 'r', 0);
            check(0x4ff8, 16, 'r', 0);
            check(0x5ff8, 16, 'r', 8);
            check(u64::MAX - 1, 16, 'r', 0);
        }

        #[test]
        fn memory_is_read_and_written_by_its_file() {
            let own = std::process::id() as Pid;
            let mut here = *b"here";
            let at = here.as_mut_ptr() as u64;
            let mut got = [0; 4];
            assert_eq!(read(own, at, &mut got).unwrap(), 4);
            assert_eq!(&got, b"here");
            write(own, at, b"gone").unwrap();
            assert_eq!(std::hint::black_box(&here), b"gone");
            let only_read = b"static".as_ptr() as u64;
            assert!(write(own, only_read, b"x").is_err());
        }
    }
}
