//! The tool's own executable, which plays references and scripts and reads tables in boxes.

use std::path::PathBuf;

/// Where it lies.
pub(crate) fn executable() -> PathBuf {
    // The link itself would be resolved inside the box, where it names another program.
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"))
}
