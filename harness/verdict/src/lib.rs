//! From a record to a report: judging, and nothing else. No file, clock, process or environment is touched here.

pub mod causes;
pub mod judged;
pub mod origin;
pub mod policy;
pub mod record;
pub mod run;
mod unknown_host;

use std::collections::BTreeMap;

use ipclab_evidence::Evidence;
use ipclab_judge::{Finding, Mistake, MistakeKind, Outcome, SPEC_IS_WRONG, Verdict, settle};
use ipclab_report::{About, Judged, Place, Places, Report};
use ipclab_spec::{Aspect, Case, Points, Sanitizers, Spec};

use crate::judged::JudgedRun;
use crate::origin::Sources;
use crate::record::{CaseRecord, Record};
use crate::run::RunRecord;
use ipclab_plan::{self as plan, described};

/// What became of a case, and the run that shows it.
pub struct Settled<'a> {
    /// Verdict, points, findings.
    pub outcome: Outcome,
    /// The first run that did not pass, else the first of all.
    evidence: Option<&'a Evidence>,
    reference: Option<&'a Evidence>,
    notes: Vec<String>,
}

/// The report of a record. `spec` is the record's own.
pub fn report(spec: &Spec, record: &Record) -> Report {
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
    let outcomes: Vec<(&Case, &Outcome)> = settled
        .iter()
        .map(|(case, done)| (*case, &done.outcome))
        .collect();
    let sources = Sources::new(&record.sources).of(&record.programs);
    let judged: Vec<Judged<'_>> = settled
        .iter()
        .zip(causes::group(&outcomes, &record.programs))
        .map(|((case, done), causes)| Judged {
            places: places(&sources, case, done),
            case,
            verdict: done.outcome.verdict,
            earned: done.outcome.earned,
            max: done.outcome.max,
            parts: &done.outcome.parts,
            findings: &done.outcome.findings,
            evidence: done.evidence,
            reference: done.reference,
            notes: done.notes.clone(),
            causes,
        })
        .collect();
    let about = About {
        submission: record.submission.clone(),
        isolation: record.isolation,
        isolation_notes: isolation_notes(record),
        command: record.command.clone(),
        sources: record.sources.clone(),
    };
    Report::new(spec, &about, record.programs.clone(), &judged)
}

/// Where the findings of a case show, and where that comes from.
fn places(sources: &Sources<'_>, case: &Case, done: &Settled<'_>) -> Vec<Places> {
    let findings = done.outcome.findings.iter();
    let placed = findings.map(|finding| {
        let traced = sources.trace(case, done.evidence, finding);
        Places {
            lines: traced.lines.iter().map(Place::from).collect(),
            from: traced.from.iter().map(Place::from).collect(),
        }
    });
    placed.collect()
}

/// Why a case is not to be run at all, given what is known so far.
pub fn obstacle(
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
                let outcome =
                    Outcome::skipped(case, Aspect::Build, &format!("{name} could not be built"));
                return Some(because(outcome, MistakeKind::Build, Some(name), ""));
            }
            None => {}
        }
        if let Some(outcome) = case
            .sanitize
            .and_then(|sanitizers| not_sanitized(case, record, sanitizers, name))
        {
            return Some(outcome);
        }
    }
    for required in &case.requires {
        // A case that was not asked for stops no other case.
        match verdicts.get(required.as_str()) {
            Some(Verdict::Fail) => return Some(stopped_by(case, required, "failed")),
            Some(Verdict::Skipped) => return Some(stopped_by(case, required, "was skipped")),
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

/// Why a sanitized case cannot be run with this program.
fn not_sanitized(
    case: &Case,
    record: &Record,
    sanitizers: Sanitizers,
    name: &str,
) -> Option<Outcome> {
    let builds = record.sanitized_builds(sanitizers);
    let error = sanitizers.error();
    if let Some(how) = builds.silenced.get(name) {
        let why = format!(
            "{name} interferes with the sanitizers, which look for its {error}s: {how}. Take that out"
        );
        let outcome = Outcome::failed(case, Aspect::Memory, &why);
        let kind = MistakeKind::Memory;
        return Some(because(outcome, kind, Some(name), "interferes"));
    }
    if let Some(why) = builds.unproved.get(name) {
        let why = format!("that {name} has no {error} is not proved: {why}");
        let outcome = Outcome::failed(case, Aspect::Memory, &why);
        let kind = MistakeKind::Memory;
        return Some(because(outcome, kind, Some(name), "unproved"));
    }
    let why = builds.not_sanitized.get(name)?;
    let why = format!("{name} could not be built with sanitizers: {why}");
    Some(Outcome::unknown(case, &why))
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
            reference: None,
            notes: Vec::new(),
        };
    }
    if let Some(why) = &ran.unable {
        return Settled {
            outcome: Outcome::unknown(case, why),
            evidence: None,
            reference: None,
            notes: Vec::new(),
        };
    }
    let mut settled = settled_runs(case, ran, record.seed);
    settled.notes.extend(without_sanitizers(case, record));
    settled
}

/// Settles the runs of a case together: an expectation that one run did not meet was not met.
pub fn settled_runs<'a>(case: &Case, ran: &'a CaseRecord, seed: u64) -> Settled<'a> {
    if ran.runs.is_empty() {
        return Settled {
            outcome: Outcome::unknown(case, "it was not run"),
            evidence: None,
            reference: None,
            notes: Vec::new(),
        };
    }
    let mut reported: Option<&Evidence> = None;
    let mut reference: Option<&Evidence> = None;
    let mut not_met: Vec<Finding> = Vec::new();
    let mut met: Vec<Finding> = Vec::new();
    let mut failed = 0;
    let mut notes = Vec::new();
    for (n, run) in ran.runs.iter().enumerate() {
        // A varied case ends with the run that fails, and its smallest input speaks for it.
        let smallest = ran.smallest.as_ref().filter(|_| n + 1 == ran.runs.len());
        let reported_run = smallest.unwrap_or(run);
        let label = match smallest {
            Some(_) => Some(format!(
                "with {} (the smallest input that fails)",
                described(&drawn(case, reported_run.run()))
            )),
            None => reported_run.run().about.label.clone(),
        };
        let passed = reported_run.verdict() == Verdict::Pass;
        failed += u32::from(!passed);
        if reported.is_none() || (!passed && failed == 1) {
            let run = reported_run.run();
            reported = run.observed.as_ref().ok().or(reported);
            let played = run.reference.as_ref().and_then(|it| it.as_ref().ok());
            reference = played.filter(|_| reported_run.reference_passes());
        }
        let race = run.race();
        if let Some(race) = &race {
            let label = run.run().about.label.as_deref().unwrap_or("the case");
            notes.push(format!("{race}: {label} did not fail every time"));
        }
        for mut finding in reported_run.findings().iter().cloned() {
            match (finding.verdict, &label) {
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
                    if let (true, Some(race)) = (finding.graded, &race) {
                        finding.message = format!("{} ({race})", finding.message);
                    }
                    not_met.push(finding);
                }
            }
        }
    }
    if case.vary.is_empty() {
        if ran.runs.len() > 1 && failed > 0 {
            notes.insert(0, format!("failed in {failed} of {} runs", ran.runs.len()));
        }
    } else {
        notes.splice(0..0, about_drawing(case, ran, seed, failed > 0));
    }
    notes.extend(refusals(&ran.runs));
    notes.extend(claims(&ran.runs));
    notes.extend(measured_time(&ran.runs));
    let unmet = unmet_faults(&ran.runs);
    let wrong = unmet.iter().find(|fault| {
        ran.runs
            .iter()
            .all(|run| !is_planned(run, fault) || run.never_happens(fault))
    });
    let outcome = match wrong {
        Some(fault) => Outcome::unknown(
            case,
            &format!(
                "{SPEC_IS_WRONG}: its fault \"{fault}\" never happens, not even to the reference program"
            ),
        ),
        None => {
            notes.extend(unmet.iter().map(|fault| {
                format!(
                    "the fault \"{fault}\" did not happen: the call was not made, or not as often. That alone decides nothing"
                )
            }));
            settle(case, not_met.into_iter().chain(met).collect())
        }
    };
    Settled {
        outcome,
        evidence: reported,
        reference,
        notes,
    }
}

/// What the sandbox refused a student's programs, in any of the runs: a program that goes on without it may be right all the
/// same, and one that does not has to be told why.
fn refusals(runs: &[JudgedRun]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for run in runs.iter().map(JudgedRun::run) {
        let Ok(evidence) = &run.observed else {
            continue;
        };
        for (actor, planned) in evidence.actors.iter().zip(&run.plan.actors) {
            for refusal in actor.refused.iter().filter(|_| !planned.trusted) {
                let note = format!(
                    "the sandbox refused {}() of {} with {}: no program may make such a call in a case",
                    refusal.call, actor.name, refusal.errno
                );
                if !all.contains(&note) {
                    all.push(note);
                }
            }
        }
    }
    all
}

/// Said where the machine's time counted as the case's: what hangs on it can differ from run to run.
fn measured_time(runs: &[JudgedRun]) -> Option<String> {
    let mut seen = runs
        .iter()
        .filter_map(|run| run.run().observed.as_ref().ok());
    seen.any(|evidence| evidence.passed.iter().any(|passed| passed.by_machine))
        .then(|| {
            "real time was used: a program computed for long, or waited in a call that is not followed, while a time was awaited"
                .to_owned()
        })
}

/// What is claimed of the schedules of a case, where many were tried.
fn claims(runs: &[JudgedRun]) -> Vec<String> {
    let claim = |run: &JudgedRun| {
        let evidence = run.run().observed.as_ref().ok()?;
        ipclab_judge::claim(evidence.sharing.as_ref()?.searched.as_ref()?)
    };
    runs.iter().filter_map(claim).collect()
}

/// The faults that did not happen in any of the runs that are to meet them.
fn unmet_faults(runs: &[JudgedRun]) -> Vec<String> {
    let mut unmet: Vec<String> = Vec::new();
    for fault in runs.iter().flat_map(JudgedRun::unmet_faults) {
        let everywhere = runs
            .iter()
            .all(|run| !is_planned(run, &fault) || run.unmet_faults().contains(&fault));
        if everywhere && !unmet.contains(&fault) {
            unmet.push(fault);
        }
    }
    unmet
}

/// Whether a run is to meet a fault.
fn is_planned(run: &JudgedRun, fault: &str) -> bool {
    ipclab_judge::planned_faults(&run.run().plan).contains(&fault.to_owned())
}

/// What is to be known of a varied case: its seed, the input that failed and the smallest one that does, as a case to paste.
fn about_drawing(case: &Case, ran: &CaseRecord, seed: u64, failed: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let runs = ran.runs.len();
    let (of, drawn_with) = match plan::every_input(case) {
        Some(inputs) => (inputs, String::new()),
        None => (case.runs as usize, format!(", drawn with seed {seed}")),
    };
    match ran.runs.last().filter(|_| failed) {
        None => notes.push(format!("{runs} of {of} runs{drawn_with}")),
        Some(run) => {
            let values = drawn(case, run.run());
            let values: Vec<String> = values
                .iter()
                .map(|(name, value)| format!("{name} = {value:?}"))
                .collect();
            notes.push(format!(
                "run {runs} of {of}{drawn_with}: {}",
                values.join(", ")
            ));
        }
    }
    if let (Some(run), Some(tried)) = (&ran.smallest, ran.smallest_of) {
        notes.push(format!(
            "the smallest input that fails, after {tried} others had been tried, as a case of its own:\n\n{}",
            case.plain(&run.run().about.values).trim_end()
        ));
    }
    notes
}

/// The values that were drawn for a run.
fn drawn(case: &Case, run: &RunRecord) -> BTreeMap<String, String> {
    let values = &run.about.values;
    let names = case.vary.iter().map(|variable| &variable.name);
    names
        .filter_map(|name| Some((name.clone(), values.get(name)?.clone())))
        .collect()
}

/// Programs of a sanitized case that are not C: they were run as they are, since no sanitizer is for them. They lose nothing.
fn without_sanitizers(case: &Case, record: &Record) -> Vec<String> {
    let Some(sanitizers) = case.sanitize else {
        return Vec::new();
    };
    let builds = record.sanitized_builds(sanitizers);
    let others = case.needs().into_iter();
    let others = others.filter(|name| builds.not_compiled.contains(*name));
    others
        .map(|name| format!("{name} ran without sanitizers, which are for C and C++ only"))
        .collect()
}

/// Skipped, because a case that it requires was not passed: on the first aspect that the case grades.
fn stopped_by(case: &Case, required: &str, how: &str) -> Outcome {
    let aspect = match &case.points {
        Points::Split(parts) => parts.first().map_or(Aspect::Exit, |(aspect, _)| *aspect),
        Points::Whole(_) => Aspect::Exit,
    };
    let outcome = Outcome::skipped(case, aspect, &format!("{required} {how}"));
    because(outcome, MistakeKind::Requires, None, required)
}

/// An outcome without a run, with the mistake that it comes from.
fn because(
    mut outcome: Outcome,
    kind: MistakeKind,
    program: Option<&str>,
    detail: &str,
) -> Outcome {
    for finding in &mut outcome.findings {
        finding.mistake = Some(Mistake {
            kind,
            program: program.map(str::to_owned),
            detail: detail.to_owned(),
            says: None,
        });
    }
    outcome
}

/// Each note once, in the order in which the runs gave them.
fn isolation_notes(record: &Record) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let observed = record
        .cases
        .iter()
        .flat_map(|case| &case.runs)
        .filter_map(|run| run.run().observed.as_ref().ok());
    for note in observed.flat_map(|evidence| &evidence.isolation.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}
