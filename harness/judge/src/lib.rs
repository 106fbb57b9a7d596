//! Judges Evidence against a Case: facts in, findings out. No file, clock, process or environment is touched here.

mod accesses;
mod assign;
mod bytes;
mod calls;
mod cleanup;
mod deadlock;
mod difference;
mod drawn;
mod errno;
mod exit;
mod facts;
mod faults;
mod finding;
mod frames;
mod listening;
mod memory;
mod mistake;
mod objects;
mod oracle;
mod output;
mod page;
mod pattern;
mod place;
mod quote;
mod races;
mod range;
mod sanitizer;
mod semaphores;
mod settle;
mod sharing;
pub mod style;
mod threads;
mod unordered;

pub use calls::{PatternSeen, patterns_seen};
pub use faults::{SPEC_IS_WRONG, planned_faults, unmet_faults};
pub use finding::{DiffLine, Difference, Finding, Mistake, MistakeKind, Verdict};
pub use oracle::compare;
pub use settle::{Outcome, Part, settle};
pub use sharing::claim;

use ipclab_evidence::Evidence;
use ipclab_spec::Case;

use crate::facts::Facts;

/// One finding for each expectation of the case: what others follow from comes first, the rest in the order of the aspects.
///
/// The case is concrete: variables and fault words are filled in. Trouble in the evidence turns every fail into an unknown.
#[must_use]
pub fn judge(case: &Case, evidence: &Evidence) -> Vec<Finding> {
    let facts = Facts { case, evidence };

    let mut findings = calls::listens(facts);
    findings.extend(output::judge(facts));
    findings.extend(bytes::judge(facts));
    findings.extend(cleanup::judge(facts));
    findings.extend(calls::judge(facts));
    findings.extend(memory::judge(facts));
    let otherwise_right = findings
        .iter()
        .all(|finding| finding.verdict == Verdict::Pass);
    findings.extend(sharing::judge(facts, otherwise_right));
    findings.extend(objects::judge(facts));
    // Last, since the cause of a wrong status may be that nothing else was wrong.
    let otherwise_right = findings
        .iter()
        .all(|finding| finding.verdict == Verdict::Pass);
    findings.extend(exit::judge(facts, otherwise_right));
    let reports = sanitizer::judge(facts);
    reports.excuse(&mut findings);
    findings.extend(reports.findings);
    finish(&mut findings, facts);
    findings
}

/// What every finding goes through: whether it counts, nothing unquoted in it, no blame where there was trouble of ours, its
/// place among the others.
fn finish(findings: &mut [Finding], facts: Facts<'_>) {
    let case = facts.case;
    let trouble = facts.trouble();
    for finding in &mut *findings {
        finding.graded = case.points.grades(finding.aspect);
        finding.message = quote::clean(&finding.message, false);
        for text in [&mut finding.expected, &mut finding.seen]
            .into_iter()
            .flatten()
        {
            *text = quote::clean(text, true);
        }
        finding.cites.sort_unstable();
        finding.cites.dedup();
        // What follows from a failure is no more the student's than the failure is.
        if let (Verdict::Fail | Verdict::Skipped, Some(trouble)) = (finding.verdict, &trouble) {
            finding.verdict = Verdict::Unknown;
            finding.message = format!("not judged: {trouble} (seen: {})", finding.message);
        }
    }
    findings.sort_by_key(|finding| rank(finding, facts));
    mistake::attribute(findings, facts);
    place::locate(findings, facts);
}

/// Causes before what follows from them: no actor served, an actor crashed or hung, then the rest by aspect.
fn rank(finding: &Finding, facts: Facts<'_>) -> (u8, ipclab_spec::Aspect) {
    let actors = &facts.evidence.actors;
    let index = || {
        actors
            .iter()
            .position(|actor| finding.actor.as_deref() == Some(actor.name.as_str()))
    };
    let cause = match (finding.verdict, finding.aspect) {
        (Verdict::Pass, _) => 2,
        (Verdict::Fail | Verdict::Unknown | Verdict::Skipped, aspect) => match (aspect, index()) {
            (ipclab_spec::Aspect::Calls, Some(index))
                if facts
                    .not_served(index)
                    .is_some_and(|why| finding.message == why) =>
            {
                0
            }
            (ipclab_spec::Aspect::Exit, Some(index)) if exit::is_cause(facts, index) => 1,
            (ipclab_spec::Aspect::Memory, Some(_)) if facts.case.sanitize.is_some() => 1,
            _ => 2,
        },
    };
    (cause, finding.aspect)
}
