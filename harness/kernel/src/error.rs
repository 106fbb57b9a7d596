//! Results of system calls as `io::Result`, and texts for the kernel.

use std::ffi::{CString, OsStr, c_int, c_long};
use std::io::{self, Result};
use std::os::unix::ffi::OsStrExt;

pub(crate) fn check(result: c_long) -> Result<c_long> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

pub(crate) fn check_int(result: c_int) -> Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Says in an error what was being done.
pub fn context<T>(what: impl std::fmt::Display, result: Result<T>) -> Result<T> {
    result.map_err(|error| io::Error::new(error.kind(), format!("{what}: {error}")))
}

/// A path or name for the kernel.
///
/// # Errors
/// `InvalidInput` when it holds a NUL.
pub fn c_string(text: impl AsRef<OsStr>) -> Result<CString> {
    CString::new(text.as_ref().as_bytes()).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "a path or argument holds a NUL byte",
        )
    })
}
