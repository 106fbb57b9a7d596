//! The call of `clone(2)`, whose arguments stand in the same order on the processors that are supported: the flags first.

use std::ffi::{c_int, c_long};

/// `clone(2)` without a new stack and without pointers: a fork.
///
/// # Safety
/// The child goes on with a copy of all memory, locks included: the caller has one thread.
pub(crate) unsafe fn clone(flags: c_int) -> c_long {
    // SAFETY: no stack and no pointers are given, so the child continues on a copy of this stack exactly as after
    // fork(2).
    unsafe {
        libc::syscall(
            libc::SYS_clone,
            c_long::from(flags),
            0usize,
            0usize,
            0usize,
            0usize,
        )
    }
}
