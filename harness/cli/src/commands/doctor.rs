//! `ipclab doctor`: what the sandbox needs, tried.

use std::fmt::Write;
use std::process::ExitCode;

use ipclab_intake::failure::Failure;

use crate::output;

/// Tries what the sandbox needs.
///
/// # Errors
/// Stdout cannot be written.
pub(crate) fn doctor() -> Result<ExitCode, Failure> {
    let mut out = String::new();
    let capabilities = ipclab_sandbox::doctor();
    let width = capabilities
        .iter()
        .map(|one| one.name.len())
        .max()
        .unwrap_or(0);
    for capability in &capabilities {
        let mark = if capability.works { "yes" } else { "no " };
        let _ = writeln!(
            out,
            "  {mark}  {:<width$}  {}",
            capability.name, capability.detail
        );
        if let (false, Some(remedy)) = (capability.works, &capability.remedy) {
            for line in remedy.lines() {
                let _ = writeln!(out, "       {:<width$}  {line}", "");
            }
        }
    }
    let level = match ipclab_sandbox::Sandbox::start(ipclab_sandbox::LevelChoice::Auto) {
        Ok(sandbox) => format!("level: {}\n", sandbox.level().name()),
        Err(error) => format!("level: none, programs cannot be run here: {error}\n"),
    };
    let usable = !level.starts_with("level: none");
    out.push_str(&level);
    output::print(&out)?;
    Ok(if usable {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}
