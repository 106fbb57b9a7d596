//! What is said about wrong arguments.

use std::ffi::OsString;

use crate::failure::Failure;

/// The complaint about wrong arguments: `Usage: ./shm_remove SHMID`.
pub(super) fn usage(argv: &[OsString], name: &str, arguments: &str) -> Failure {
    let called = argv
        .first()
        .map_or(name.into(), |called| called.to_string_lossy());
    Failure::because("Usage", format_args!("{called} {arguments}"))
}
