//! System calls as x86-64 makes them: those that stand in for others, argument order, the filter's view.

use crate::arch::Call;

/// `AUDIT_ARCH_X86_64` of `linux/audit.h`: what a seccomp filter sees of a call that is made in this way.
pub const AUDIT_ARCH: u32 = 0xC000_003E;

/// Call numbers from here on are those of another ABI for the same processor, x32.
pub const FOREIGN_NUMBERS: u32 = 0x4000_0000;

/// `fork(2)`.
pub const FORK: Call = Call {
    number: libc::SYS_fork as u64,
    arguments: [0; 6],
};

/// `pause(2)`: a wait that only a signal ends.
pub const PAUSE: Call = Call {
    number: libc::SYS_pause as u64,
    arguments: [0; 6],
};

/// `mknod(2)`, of the path at this address.
#[must_use]
pub const fn make_node(path: u64, mode: u32) -> Call {
    Call {
        number: libc::SYS_mknod as u64,
        arguments: [path, mode as u64, 0, 0, 0, 0],
    }
}

/// Both calls that open a file by its name, `open(2)`.
pub const OPENS: [i64; 2] = [libc::SYS_open, libc::SYS_openat];

/// Which argument of `clone(2)` holds its flags.
pub const CLONE_FLAGS_ARGUMENT: u8 = 0;

/// Which one holds the address where the kernel puts 0 when a new thread ends.
pub const CLONE_END_ARGUMENT: usize = 3;

/// Where glibc keeps what it knows of the thread that a `clone(2)` with these arguments makes, `struct pthread`, and how many
/// bytes: from the address on that its thread pointer gets.
#[must_use]
pub const fn thread_record(arguments: &[u64; 6]) -> (u64, u64) {
    const BYTES: u64 = 0x900;
    (arguments[4], BYTES)
}
