//! `ipclab explain`: a lab's cases in words.

use std::process::ExitCode;

use ipclab_grade::labs::{self, Lab};
use ipclab_intake::failure::Failure;
use ipclab_plan as plan;
use ipclab_report::explain;

use crate::output;

/// Explains a lab's cases, or one of them.
///
/// # Errors
/// There is no such lab or case.
pub(crate) fn run(lab: &str, case: Option<&str>) -> Result<ExitCode, Failure> {
    let lab = labs::named(lab)?;
    let Some(id) = case else {
        return output::print(&explain::overview(&lab.spec, typed(&lab)));
    };
    let case = lab.spec.case(id).ok_or_else(|| {
        Failure::usage(format!("the lab {} has no case {id:?}", lab.spec.lab))
            .remedy(format!("all of them: ipclab explain {}", typed(&lab)))
    })?;
    let hosts = plan::hosts(&lab.spec, case);
    output::print(&explain::case(&lab.file, case, hosts))
}

/// What names the lab on a command line: its name, or its spec's path.
fn typed(lab: &Lab) -> &str {
    lab.words.last().map_or(&lab.spec.lab, String::as_str)
}
