//! System calls as aarch64 makes them: those that stand in for others, argument order, the filter's view.

use super::older;
use crate::arch::Call;

/// `AUDIT_ARCH_AARCH64` of `linux/audit.h`: what a seccomp filter sees of a call that is made in this way. Calls of 32-bit
/// programs have another one.
pub const AUDIT_ARCH: u32 = 0xC000_00B7;

/// There are no call numbers from here on.
pub const FOREIGN_NUMBERS: u32 = 0x4000_0000;

/// A fork: `clone(2)` without a stack of its own.
pub const FORK: Call = Call {
    number: libc::SYS_clone as u64,
    arguments: [libc::SIGCHLD as u64, 0, 0, 0, 0, 0],
};

/// A wait that only a signal ends: `ppoll(2)` for nothing, without a time. It ends as `pause(2)` does elsewhere.
pub const PAUSE: Call = Call {
    number: libc::SYS_ppoll as u64,
    arguments: [0; 6],
};

/// `mknodat(2)`, of the path at this address.
#[must_use]
pub const fn make_node(path: u64, mode: u32) -> Call {
    Call {
        number: libc::SYS_mknodat as u64,
        arguments: [libc::AT_FDCWD as u64, path, mode as u64, 0, 0, 0],
    }
}

/// Calls that open a file by its name, `open(2)`.
pub const OPENS: [i64; 2] = [older::SYS_open, libc::SYS_openat];

/// Which argument of `clone(2)` holds its flags.
pub const CLONE_FLAGS_ARGUMENT: u8 = 0;

/// Which one holds the address where the kernel puts 0 when a new thread ends.
pub const CLONE_END_ARGUMENT: usize = 4;

/// Where glibc keeps what it knows of the thread that a `clone(2)` with these arguments makes, `struct pthread`, and how many
/// bytes: up to the address that its thread pointer gets, with the thread's number so far behind its beginning. No bytes: it was
/// not glibc that made the thread.
#[must_use]
pub const fn thread_record(arguments: &[u64; 6]) -> (u64, u64) {
    const NUMBER: u64 = 0xd0;
    const BYTES_MAX: u64 = 0x1000;
    let start = arguments[CLONE_END_ARGUMENT].wrapping_sub(NUMBER);
    let bytes = arguments[3].wrapping_sub(start);
    (start, if bytes < BYTES_MAX { bytes } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_glibc_keeps_of_a_thread_ends_where_its_pointer_points() {
        // As glibc 2.36 has called it.
        let (number, pointer) = (0x0055_0323_e270, 0x0055_0323_e8e0);
        let check = |pointer, expect| {
            let arguments = [0x003d_0f00, 0, number, pointer, number, 0];
            assert_eq!(thread_record(&arguments), (0x0055_0323_e1a0, expect));
        };
        check(pointer, 0x740);
        check(0, 0);
        check(number - 0x1000, 0);
    }
}
