//! `ipclab doctor`: what grading needs, tried.

use std::fmt::Write;
use std::process::ExitCode;

use ipclab_grade::self_test;
use ipclab_intake::failure::Failure;
use ipclab_sandbox::{LevelChoice, Rights, Sandbox};

use crate::output;

/// Tries what grading needs.
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
    match Sandbox::start(LevelChoice::Auto) {
        Ok(sandbox) => {
            let _ = writeln!(out, "level: {}", sandbox.level().name());
            out.push_str(classes());
        }
        Err(error) => {
            let _ = writeln!(out, "level: none, programs cannot be run here: {error}");
        }
    }
    let graded = self_test::grade_one();
    match &graded {
        Ok(()) => out.push_str("grading: works, a C program was built, run and judged\n"),
        Err(why) => {
            let _ = writeln!(out, "grading: NOTHING CAN BE GRADED HERE: {why}");
        }
    }
    output::print(&out)?;
    Ok(match graded {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(3),
    })
}

/// Whether strangers' programs are run here unasked.
fn classes() -> &'static str {
    match ipclab_sandbox::rights(LevelChoice::Auto) {
        Ok(Rights::OwnWorld | Rights::OwnUser) => {
            "classes: `grade` and `interop` work as they are\n"
        }
        Ok(Rights::ToolUser) => {
            "classes: `grade` and `interop` want --trust-submissions, since programs have this user's own rights; `check` does not\n"
        }
        Err(_) => "",
    }
}
