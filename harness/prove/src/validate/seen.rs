//! What became of a probe: its report, reduced to what can be expected of it.

use std::collections::BTreeMap;

use ipclab_judge::{PatternSeen, Verdict, patterns_seen, planned_faults};
use ipclab_report::{CaseReport, Diff, DiffRow, FindingReport, Report, TierScore};
use ipclab_spec::{Aspect, Cause, Spec, Tier};
use ipclab_verdict::record::{CaseRecord, Record};

/// What became of a probe.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProbeOutcome {
    /// Points earned.
    pub earned: u32,
    /// Points that could be earned.
    pub max: u32,
    /// The same for each tier.
    pub tiers: BTreeMap<Tier, TierScore>,
    /// What `check` would exit with.
    pub exit_code: u8,
    /// Programs that were not built, and why.
    pub unbuilt: Vec<(String, String)>,
    /// The cases, in the spec's order.
    pub cases: Vec<ProbeCase>,
    /// What is wrong with the sentences of its report, by `report/STYLE.md`.
    pub style: Vec<String>,
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProbeCase {
    /// Its id.
    pub id: String,
    /// How it came out.
    pub came: CaseOutcome,
    /// What was said of every expectation that was not met, remarks included: the words for what happened, not those
    /// for what should have.
    pub said: Vec<String>,
    /// What its runs show of the case's patterns of calls; none: it was not run.
    pub patterns: Vec<PatternSeen>,
    /// Faults of the case that happened in none of the runs that were to meet them.
    pub unmet_faults: Vec<String>,
}

/// How a case can come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CaseOutcome {
    /// Every point.
    Pass,
    /// Not on these aspects, in the order of reports.
    Fail(Vec<Aspect>),
    /// It was not run.
    Skipped(Cause),
    /// Our trouble or the machine's.
    Unknown(String),
}

impl ProbeOutcome {
    /// Reduces a record.
    pub(super) fn of(spec: &Spec, record: &Record) -> Self {
        let report = &ipclab_verdict::report(spec, record);
        let mut outcome = Self::of_report(spec, report);
        for (case, ran) in outcome.cases.iter_mut().zip(&record.cases) {
            case.patterns = patterns(spec, ran);
            case.unmet_faults = unmet_faults(ran);
        }
        outcome
    }

    fn of_report(spec: &Spec, report: &Report) -> Self {
        let mut cases: Vec<ProbeCase> = Vec::new();
        for case in &report.cases {
            let id = case.id.as_str();
            let required = spec.case(id).map_or(&[][..], |case| &case.requires);
            let came = came(case, required, &cases);
            let open = case.findings.iter().filter(|finding| not_met(finding));
            cases.push(ProbeCase {
                id: id.to_owned(),
                came,
                said: open.flat_map(words).collect(),
                patterns: Vec::new(),
                unmet_faults: Vec::new(),
            });
        }
        let unbuilt = report.programs.iter().filter_map(|program| {
            let problem = program.problem.as_ref()?;
            Some((program.name.to_string(), problem.message.to_string()))
        });
        Self {
            earned: report.score.earned,
            max: report.score.max,
            tiers: report.score.tiers.clone(),
            exit_code: report.exit_code(),
            unbuilt: unbuilt.collect(),
            cases,
            style: crate::reports::sentences(report),
        }
    }

    /// What became of a case; `None`: it was not asked for.
    pub(super) fn case(&self, id: &str) -> Option<&ProbeCase> {
        self.cases.iter().find(|case| case.id == id)
    }

    /// Cases that could not be graded, and why.
    pub(super) fn unknown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cases.iter().filter_map(|case| match &case.came {
            CaseOutcome::Unknown(why) => Some((case.id.as_str(), why.as_str())),
            CaseOutcome::Pass | CaseOutcome::Fail(_) | CaseOutcome::Skipped(_) => None,
        })
    }
}

/// What all runs of a case together show of its patterns: matched in one is matched, not met in one is not met.
fn patterns(spec: &Spec, ran: &CaseRecord) -> Vec<PatternSeen> {
    let Some(case) = spec.case(&ran.id) else {
        return Vec::new();
    };
    let mut all: Vec<PatternSeen> = Vec::new();
    for run in ran.runs.iter().map(|run| run.run()) {
        let Ok(evidence) = &run.observed else {
            continue;
        };
        let seen = patterns_seen(&case.filled(&run.about.values), evidence);
        for (at, pattern) in seen.into_iter().enumerate() {
            match all.get_mut(at) {
                Some(known) => {
                    known.matched |= pattern.matched;
                    known.met &= pattern.met;
                }
                None => all.push(pattern),
            }
        }
    }
    all
}

fn unmet_faults(ran: &CaseRecord) -> Vec<String> {
    let planned = ran
        .runs
        .iter()
        .flat_map(|run| planned_faults(&run.run().plan));
    let mut faults: Vec<String> = Vec::new();
    for fault in planned {
        let mut meeting = ran
            .runs
            .iter()
            .filter(|run| planned_faults(&run.run().plan).contains(&fault));
        let unmet =
            meeting.all(|run| run.run().observed.is_ok() && run.unmet_faults().contains(&fault));
        if unmet && !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    faults
}

fn came(case: &CaseReport, required: &[String], before: &[ProbeCase]) -> CaseOutcome {
    let first = |verdict: Verdict| {
        let mut findings = case.findings.iter();
        findings.find(|finding| finding.graded && finding.verdict == verdict)
    };
    match case.verdict {
        Verdict::Pass => CaseOutcome::Pass,
        Verdict::Fail => {
            let failed = |aspect: &Aspect| {
                case.findings.iter().any(|finding| {
                    finding.graded && finding.verdict == Verdict::Fail && finding.aspect == *aspect
                })
            };
            CaseOutcome::Fail(Aspect::ALL.into_iter().filter(failed).collect())
        }
        Verdict::Skipped => {
            let unmet = |id: &&String| {
                before
                    .iter()
                    .any(|case| case.id == **id && case.came != CaseOutcome::Pass)
            };
            match required.iter().find(unmet) {
                Some(id)
                    if first(Verdict::Skipped).is_none_or(|one| one.aspect != Aspect::Build) =>
                {
                    CaseOutcome::Skipped(Cause::Case(id.clone()))
                }
                Some(_) | None => CaseOutcome::Skipped(Cause::Build),
            }
        }
        Verdict::Unknown => {
            let why = first(Verdict::Unknown).map(|finding| finding.message.to_string());
            CaseOutcome::Unknown(why.unwrap_or_else(|| "nothing was judged".to_owned()))
        }
    }
}

fn not_met(finding: &FindingReport) -> bool {
    match finding.verdict {
        Verdict::Pass => false,
        Verdict::Fail | Verdict::Unknown | Verdict::Skipped => true,
    }
}

/// The words of a finding for what happened.
fn words(finding: &FindingReport) -> Vec<String> {
    let mut words = vec![finding.message.to_string()];
    let seen = finding.seen.iter().flat_map(|block| block.lines());
    words.extend(seen.map(ToString::to_string));
    match &finding.diff {
        Some(Diff::Lines(rows)) => words.extend(rows.iter().filter_map(|row| match row {
            DiffRow::Extra(line) => Some(line.to_string()),
            DiffRow::Same(_) | DiffRow::Missing(_) | DiffRow::Elided(_) => None,
        })),
        Some(Diff::Byte { .. }) | None => {}
    }
    words
}
