//! What a cheat was given in a case.

use std::collections::BTreeSet;

use ipclab_judge::Verdict;
use ipclab_report::{CaseReport, Report};
use ipclab_spec::{Aspect, Case, Points};

/// What a cheat was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gains {
    /// Every graded expectation of these aspects was met, and that earns something.
    pub aspects: BTreeSet<Aspect>,
    /// The case has points, and the cheat has all of them.
    pub whole: bool,
    /// Why the case could not be graded.
    pub unknown: Option<String>,
    /// Specs that it found where it ran.
    pub specs: Vec<String>,
}

impl Gains {
    /// What the report of a cheat says of the case.
    pub(super) fn of(report: &Report, case: &Case) -> Self {
        let Some(of_case) = report.cases.iter().find(|one| one.id.as_str() == case.id) else {
            return Self::default();
        };
        let graded = || of_case.findings.iter().filter(|finding| finding.graded);
        let is_met = |aspect: &Aspect| {
            let mut own = graded()
                .filter(|finding| finding.aspect == *aspect)
                .peekable();
            own.peek().is_some() && own.all(|finding| finding.verdict == Verdict::Pass)
        };
        let whole = of_case.max > 0 && of_case.earned == of_case.max;
        // Where one number is all or nothing, no aspect earns anything alone.
        let is_earned = whole || matches!(case.points, Points::Split(_));
        Self {
            aspects: Aspect::ALL
                .into_iter()
                .filter(|aspect| is_earned && is_met(aspect))
                .collect(),
            whole,
            unknown: (of_case.verdict == Verdict::Unknown).then(|| why_unknown(of_case)),
            specs: Vec::new(),
        }
    }
}

fn why_unknown(case: &CaseReport) -> String {
    let mut findings = case.findings.iter();
    findings
        .find(|finding| finding.verdict == Verdict::Unknown)
        .map_or_else(String::new, |finding| finding.message.to_string())
}
