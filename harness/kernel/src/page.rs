//! The size of a page, which hangs on the processor and on how its kernel was built: 4, 16 or 64 KiB.

use std::sync::OnceLock;

/// Bytes of a page: what is mapped, protected and attached is whole pages.
#[must_use]
pub fn bytes() -> u64 {
    static BYTES: OnceLock<u64> = OnceLock::new();
    // SAFETY: a plain number.
    *BYTES
        .get_or_init(|| u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096))
}
