//! `ipclab spec new NAME`: the files of a new lab.

use std::path::Path;
use std::process::ExitCode;

use ipclab_intake::failure::Failure;
use ipclab_intake::show;
use ipclab_prove::new_lab;

use super::labs::lines;
use crate::output;

/// Writes them, and says what comes next.
///
/// # Errors
/// As [`new_lab::write`].
pub(crate) fn write(name: &str, folder: &Path) -> Result<ExitCode, Failure> {
    let files = new_lab::write(name, folder)?;
    let mut out = lines(&files);
    let spec = show::path(&files[0]);
    out.push_str(&format!(
        "\nThe lab proves itself as it is; change it step by step, and prove it again:\n  ipclab spec check {spec}\n  ipclab validate {spec}\n"
    ));
    output::print(&out)
}
