//! Files that appear whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::failure::Failure;
use crate::show;

/// Writes a file whole or not at all: a reader never sees half a report.
///
/// # Errors
/// The disk is full, or the folder cannot be written.
pub fn write(file: &Path, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let wrong =
        |error: &std::io::Error| Failure::disk(format_args!("writing {}", show::path(file)), error);
    // A device or a pipe is written into, not replaced.
    if fs::metadata(file).is_ok_and(|about| !about.is_file()) {
        fs::write(file, text).map_err(|error| wrong(&error))?;
        return Ok(());
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let mut new = tempfile::Builder::new()
        .prefix(".ipclab-")
        .permissions(permissions())
        .tempfile_in(folder)
        .map_err(|error| wrong(&error))?;
    new.write_all(text.as_ref())
        .map_err(|error| wrong(&error))?;
    new.persist(file).map_err(|error| wrong(&error.error))?;
    Ok(())
}

/// What other programs write: the umask takes away what the user does not want.
fn permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}
