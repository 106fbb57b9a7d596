//! Files of a lab that need not be there.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;

/// Reads a file; `None`: there is none.
///
/// # Errors
/// It cannot be read.
pub(crate) fn read(file: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::usage(format!(
            "reading {}: {}",
            show::path(file),
            reason(&error)
        ))),
    }
}
