//! Settling: what a case earns for its findings.

use ipclab_spec::{Aspect, Case, Points};

use crate::finding::{Finding, Verdict};

/// What became of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Pass: every graded expectation was met.
    pub verdict: Verdict,
    /// Points earned.
    pub earned: u32,
    /// Points that there were to earn.
    pub max: u32,
    /// The same for each aspect of a case whose points are split, in the spec's order; empty: all or nothing.
    pub parts: Vec<Part>,
    /// One for each expectation, causes first.
    pub findings: Vec<Finding>,
}

/// Points of one aspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub aspect: Aspect,
    /// Points earned.
    pub earned: u32,
    /// Points that there were to earn.
    pub max: u32,
}

/// Counts the points: a whole case is all or nothing over all findings; in a split one each aspect earns its own when all
/// findings of that aspect pass, and the other aspects are remarks.
///
/// An aspect that is graded and has no finding earns nothing and makes the case unknown: nothing was judged.
#[must_use]
pub fn settle(case: &Case, findings: Vec<Finding>) -> Outcome {
    let all = |aspect: Option<Aspect>, verdict: fn(Verdict) -> bool| {
        let mut meant = findings
            .iter()
            .filter(|finding| {
                finding.graded && aspect.is_none_or(|aspect| finding.aspect == aspect)
            })
            .peekable();
        meant.peek().is_some() && meant.all(|finding| verdict(finding.verdict))
    };
    let passed = |verdict| verdict == Verdict::Pass;
    let parts = parts(case, |aspect| all(Some(aspect), passed));
    let (earned, judged) = match &case.points {
        Points::Whole(points) => (if all(None, passed) { *points } else { 0 }, true),
        Points::Split(_) => {
            let earned = parts.iter().map(|part| part.earned).sum();
            let judged = parts.iter().all(|part| all(Some(part.aspect), |_| true));
            (earned, judged)
        }
    };
    let any = |verdict| {
        let mut graded = findings.iter().filter(|finding| finding.graded);
        graded.any(|finding| finding.verdict == verdict)
    };
    let verdict =
        if any(Verdict::Unknown) || !judged || findings.iter().all(|finding| !finding.graded) {
            Verdict::Unknown
        } else if any(Verdict::Fail) {
            Verdict::Fail
        } else if any(Verdict::Skipped) {
            Verdict::Skipped
        } else {
            Verdict::Pass
        };
    Outcome {
        verdict,
        earned,
        max: case.points.max(),
        parts,
        findings,
    }
}

fn parts(case: &Case, earns: impl Fn(Aspect) -> bool) -> Vec<Part> {
    let split: &[(Aspect, u32)] = match &case.points {
        Points::Whole(_) => &[],
        Points::Split(parts) => parts,
    };
    let part = |(aspect, max): &(Aspect, u32)| Part {
        aspect: *aspect,
        earned: if earns(*aspect) { *max } else { 0 },
        max: *max,
    };
    split.iter().map(part).collect()
}

impl Outcome {
    /// Not run, because something that it depends on failed: `iserver could not be built`, `echo-one failed`.
    #[must_use]
    pub fn skipped(case: &Case, aspect: Aspect, reason: &str) -> Self {
        Self::single(case, aspect, Verdict::Skipped, reason)
    }

    /// Not run, because what the program is made of decides already.
    #[must_use]
    pub fn failed(case: &Case, aspect: Aspect, reason: &str) -> Self {
        Self::single(case, aspect, Verdict::Fail, reason)
    }

    /// Not judged, for trouble of ours or the machine's.
    #[must_use]
    pub fn unknown(case: &Case, reason: &str) -> Self {
        let first = match &case.points {
            Points::Split(parts) => parts.first().map(|(aspect, _)| *aspect),
            Points::Whole(_) => None,
        };
        Self::single(
            case,
            first.unwrap_or(Aspect::Exit),
            Verdict::Unknown,
            reason,
        )
    }

    fn single(case: &Case, aspect: Aspect, verdict: Verdict, reason: &str) -> Self {
        let finding = Finding {
            verdict,
            graded: true,
            ..Finding::pass(aspect, None, reason)
        };
        Self {
            verdict,
            earned: 0,
            max: case.points.max(),
            parts: parts(case, |_| false),
            findings: vec![finding],
        }
    }
}
