//! From a record to a report: judging, and nothing else. No file, clock, process or environment is touched here.

use std::collections::BTreeMap;

use ipclab_evidence::Evidence;
use ipclab_judge::{Finding, Outcome, Verdict, judge, settle};
use ipclab_report::{About, Judged, Report};
use ipclab_spec::{Aspect, Case, Points, Spec};

use crate::record::{CaseRecord, Record, RunRecord};

/// What became of a case, and the run that shows it.
pub(crate) struct Settled<'a> {
    /// Verdict, points, findings.
    pub(crate) outcome: Outcome,
    /// The first run that did not pass, else the first of all.
    evidence: Option<&'a Evidence>,
    notes: Vec<String>,
}

/// The report of a record. `spec` is the record's own.
pub(crate) fn report(spec: &Spec, record: &Record) -> Report {
    let mut settled: Vec<(&Case, Settled<'_>)> = Vec::new();
    let mut verdicts: BTreeMap<&str, Verdict> = BTreeMap::new();
    for ran in &record.cases {
        let Some(case) = spec.case(&ran.id) else {
            continue;
        };
        let done = settled_case(case, ran, record, &verdicts);
        verdicts.insert(&case.id, done.outcome.verdict);
        settled.push((case, done));
    }
    let judged: Vec<Judged<'_>> = settled
        .iter()
        .map(|(case, done)| Judged {
            case,
            verdict: done.outcome.verdict,
            earned: done.outcome.earned,
            max: done.outcome.max,
            findings: &done.outcome.findings,
            evidence: done.evidence,
            notes: done.notes.clone(),
        })
        .collect();
    let about = About {
        submission: record.submission.clone(),
        isolation: record.isolation,
        isolation_notes: isolation_notes(record),
        command: record.command.clone(),
    };
    Report::new(spec, &about, record.programs.clone(), &judged)
}

/// Why a case is not to be run at all, given what is known so far.
pub(crate) fn obstacle(
    case: &Case,
    record: &Record,
    verdicts: &BTreeMap<&str, Verdict>,
) -> Option<Outcome> {
    for name in case.needs() {
        let problem = record
            .programs
            .iter()
            .find(|program| program.name.as_str() == name)
            .and_then(|program| program.problem.as_ref());
        match problem {
            Some(problem) if problem.ours => {
                return Some(Outcome::unknown(
                    case,
                    &format!("{name}: {}", problem.message),
                ));
            }
            Some(_) => {
                return Some(Outcome::skipped(
                    case,
                    Aspect::Build,
                    &format!("{name} could not be built"),
                ));
            }
            None => {}
        }
        if let (true, Some(why)) = (case.sanitize, record.not_sanitized.get(name)) {
            return Some(Outcome::unknown(
                case,
                &format!("{name} could not be built with sanitizers: {why}"),
            ));
        }
    }
    for required in &case.requires {
        // A case that was not asked for stops nobody.
        match verdicts.get(required.as_str()) {
            Some(Verdict::Fail) => return Some(skipped(case, &format!("{required} failed"))),
            Some(Verdict::Skipped) => {
                return Some(skipped(case, &format!("{required} was skipped")));
            }
            Some(Verdict::Unknown) => {
                return Some(Outcome::unknown(
                    case,
                    &format!("{required} could not be graded"),
                ));
            }
            Some(Verdict::Pass) | None => {}
        }
    }
    None
}

/// Settles a case that was run.
fn settled_case<'a>(
    case: &Case,
    ran: &'a CaseRecord,
    record: &Record,
    verdicts: &BTreeMap<&str, Verdict>,
) -> Settled<'a> {
    if let Some(outcome) = obstacle(case, record, verdicts) {
        return Settled {
            outcome,
            evidence: None,
            notes: Vec::new(),
        };
    }
    if let Some(why) = &ran.unable {
        return Settled {
            outcome: Outcome::unknown(case, why),
            evidence: None,
            notes: Vec::new(),
        };
    }
    settled_runs(case, &ran.runs)
}

/// Settles the runs of a case together: an expectation that one run did not meet was not met.
pub(crate) fn settled_runs<'a>(case: &Case, runs: &'a [RunRecord]) -> Settled<'a> {
    let mut shown: Option<&Evidence> = None;
    let mut not_met: Vec<Finding> = Vec::new();
    let mut met: Vec<Finding> = Vec::new();
    let mut failed = Vec::new();
    for run in runs {
        let (findings, evidence) = judged_run(case, run);
        let passed = findings
            .iter()
            .all(|finding| !finding.graded || finding.verdict == Verdict::Pass);
        if !passed {
            failed.push(run.about.label.clone());
        }
        let first_failure = !passed && failed.len() == 1;
        if shown.is_none() || first_failure {
            shown = evidence.or(shown);
        }
        for mut finding in findings {
            match (finding.verdict, &run.about.label) {
                (Verdict::Pass, _) => {
                    if met.iter().all(|known| {
                        (known.aspect, &known.actor, &known.message)
                            != (finding.aspect, &finding.actor, &finding.message)
                    }) {
                        met.push(finding);
                    }
                }
                (Verdict::Fail | Verdict::Unknown | Verdict::Skipped, label) => {
                    if let Some(label) = label {
                        finding.message = format!("{label}: {}", finding.message);
                    }
                    not_met.push(finding);
                }
            }
        }
    }
    if runs.is_empty() {
        return Settled {
            outcome: Outcome::unknown(case, "it was not run"),
            evidence: None,
            notes: Vec::new(),
        };
    }
    let notes = if runs.len() > 1 && !failed.is_empty() {
        vec![format!("failed in {} of {} runs", failed.len(), runs.len())]
    } else {
        Vec::new()
    };
    let findings = not_met.into_iter().chain(met).collect();
    Settled {
        outcome: settle(case, findings),
        evidence: shown,
        notes,
    }
}

fn judged_run<'a>(case: &Case, run: &'a RunRecord) -> (Vec<Finding>, Option<&'a Evidence>) {
    match &run.observed {
        Ok(evidence) => (
            judge(&case.filled(&run.about.values), evidence),
            Some(evidence),
        ),
        Err(why) => (Outcome::unknown(case, why).findings, None),
    }
}

/// Skipped on the first aspect that the case grades.
fn skipped(case: &Case, why: &str) -> Outcome {
    let aspect = match &case.points {
        Points::Split(parts) => parts.first().map_or(Aspect::Exit, |(aspect, _)| *aspect),
        Points::Whole(_) => Aspect::Exit,
    };
    Outcome::skipped(case, aspect, why)
}

/// Each note once, in the order in which the runs gave them.
fn isolation_notes(record: &Record) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let observed = record
        .cases
        .iter()
        .flat_map(|case| &case.runs)
        .filter_map(|run| run.observed.as_ref().ok());
    for note in observed.flat_map(|evidence| &evidence.isolation.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}
