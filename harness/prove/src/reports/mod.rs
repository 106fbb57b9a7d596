//! `ipclab validate --reports`: what students read, held against what is known of the submission.
//!
//! A rejected submission has one fault, and the patch says where. So its report should have one cause, and the first cause
//! should name the line that was changed, as its own line or as one that brings it about. A change that only takes text away
//! has no such line and is not counted. Every default report should fit on two screens, and every sentence should keep to
//! `report/STYLE.md`.

mod changed;
mod result;

use std::path::Path;

use ipclab_judge::Verdict;
use ipclab_judge::style;
use ipclab_report::terminal::{self, Style};
use ipclab_report::{Block, Report};
use ipclab_sandbox::LevelChoice;

use crate::golden;
use crate::validate::probes::{Kind, Probe, Proof};
use changed::Changed;
use ipclab_grade::pool::SandboxPool;
use ipclab_grade::progress::Progress;
use ipclab_intake::failure::Failure;
use ipclab_intake::store::Store;
pub use result::Reports;
use result::{LabReports, Named, Seen};

/// How a command for the reader begins.
const COMMAND: &str = "ipclab check ";
/// Lines that count as near the changed one.
const NEAR: u32 = 5;

/// Grades the rejected submissions and the starters of labs, and looks at their reports. `kept`: a folder with their checks, as
/// [`golden::grade_all`] has it.
///
/// # Errors
/// A patch does not fit its base, a submission cannot be graded, or there is no sandbox.
pub fn reports(
    proofs: &mut [Proof],
    kept: Option<&Path>,
    jobs: Option<usize>,
    store: &Store,
    progress: &dyn Progress,
) -> Result<Reports, Failure> {
    for proof in &mut *proofs {
        proof
            .probes
            .retain(|probe| matches!(probe.kind, Kind::Rejected | Kind::Starter));
    }
    let mut sandboxes = SandboxPool::start(LevelChoice::Auto, jobs)?;
    let graded = golden::grade_all(proofs, kept, store, &mut sandboxes.all(), progress);
    let mut labs = Vec::new();
    for (proof, graded) in proofs.iter().zip(graded) {
        let mut seen = Vec::new();
        for (probe, report) in proof.probes.iter().zip(graded) {
            seen.push(look_at(probe, &report?)?);
        }
        labs.push(LabReports::new(&proof.lab.spec.lab, seen));
    }
    Ok(Reports::new(labs))
}

fn look_at(probe: &Probe, report: &Report) -> Result<Seen, Failure> {
    let changed = Changed::by(probe)?;
    let short = terminal::render_short(report, &Style::default());
    let first = report.causes.first();
    let at = first.map_or(Vec::new(), |cause| match cause.lines.as_slice() {
        [] => Vec::new(),
        [only] => vec![only.clone()],
        // These two are what the report shows of the lines.
        [first, .., outermost] => vec![first.clone(), outermost.clone()],
    });
    let from = first.map_or(Vec::new(), |cause| cause.from.clone());
    let named = match &changed {
        None => None,
        Some(changed) if at.iter().any(|place| changed.has(place)) => Some(Named::Line),
        Some(changed) if from.iter().any(|place| changed.has(place)) => Some(Named::Origin),
        Some(changed) => {
            let shown = || at.iter().chain(&from);
            Some(if shown().any(|place| changed.is_near(place, NEAR)) {
                Named::Near
            } else if shown().any(|place| changed.has_file(place)) {
                Named::File
            } else {
                Named::Nothing
            })
        }
    };
    Ok(Seen {
        name: probe.name.clone(),
        rejected: probe.kind == Kind::Rejected,
        causes: report.causes.len(),
        message: first.map(|cause| cause.message.to_string()),
        named,
        changed: changed.as_ref().map_or(Vec::new(), Changed::places),
        at: at.iter().map(ToString::to_string).collect(),
        from: from.iter().map(ToString::to_string).collect(),
        lines: short.lines().count(),
        width: short
            .lines()
            // A command is there to be copied, and never cut.
            .filter(|line| !line.contains(COMMAND))
            .map(ipclab_report::width)
            .max()
            .unwrap_or(0),
        style: sentences(report),
    })
}

/// What is wrong with the sentences of a report.
pub(crate) fn sentences(report: &Report) -> Vec<String> {
    let causes = report.causes.iter().map(|cause| cause.message.as_str());
    let findings = report.cases.iter().flat_map(|case| &case.findings);
    let failed = findings.filter(|finding| finding.verdict == Verdict::Fail);
    let lost = report.cases.iter().filter(|case| case.earned < case.max);
    let hints = lost.flat_map(|case| {
        let own = case.findings.iter();
        let own = own.flat_map(|finding| finding.hint.iter().chain(&finding.next_hints));
        case.hint.iter().chain(&case.next_hints).chain(own)
    });
    let hints = hints.flat_map(Block::lines);
    let messages = causes
        .chain(failed.map(|finding| finding.message.as_str()))
        .chain(hints.map(|line| line.as_str()));
    let mut wrong: Vec<String> = messages.flat_map(style::mistakes).collect();
    wrong.sort();
    wrong.dedup();
    wrong
}
