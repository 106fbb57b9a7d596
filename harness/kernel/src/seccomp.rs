//! Seccomp filters.

use std::io::Result;

use crate::error::check;

/// Installs a seccomp filter for this thread, `seccomp(2)`.
pub fn install_filter(program: &[libc::sock_filter]) -> Result<()> {
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the program outlives the call, which copies it and writes nothing back.
    check(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const program,
        )
    })
    .map(drop)
}
