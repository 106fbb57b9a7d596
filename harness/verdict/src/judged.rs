//! A run and what it shows, judged once: when its evidence arrives. The judged run is what every later step reads.

use std::collections::BTreeSet;

use ipclab_evidence::Evidence;
use ipclab_judge::{Finding, Outcome, SPEC_IS_WRONG, Verdict, compare, judge, unmet_faults};
use ipclab_spec::{Aspect, Case};

use crate::run::{Observed, RunRecord};
use crate::unknown_host;

/// One run of a case with its findings.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedRun {
    run: RunRecord,
    /// The case with the run's values filled in, which is what the run was judged by.
    filled: Case,
    /// What the references' own run shows, where they played in the student's places.
    reference: Option<Result<Vec<Finding>, String>>,
    /// What the run shows, beside the references where they played.
    findings: Vec<Finding>,
    /// How each repetition came out.
    repetitions: Vec<Verdict>,
}

impl JudgedRun {
    /// Judges a run of this case, its repetitions, and the run of the references where there is one.
    #[must_use]
    pub fn judge(case: &Case, mut run: RunRecord) -> Self {
        let filled = case.filled(&run.about.values);
        let again = std::mem::take(&mut run.again);
        let mut judged = Self {
            reference: None,
            findings: Vec::new(),
            repetitions: Vec::new(),
            filled,
            run,
        };
        judged.reference = judged.run.reference.as_ref().map(|own| judged.alone(own));
        judged.findings = judged.beside_reference(&judged.run.observed);
        for observed in again {
            judged.add_repetition(observed);
        }
        judged
    }

    /// The run itself.
    #[must_use]
    pub fn run(&self) -> &RunRecord {
        &self.run
    }

    /// What the run shows.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How the run came out, over what is graded.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        verdict_of(&self.findings)
    }

    /// Whether the references met every expectation, in the student's places.
    #[must_use]
    pub fn reference_passes(&self) -> bool {
        let own = self.reference.as_ref().and_then(|own| own.as_ref().ok());
        own.is_some_and(|own| own.iter().all(|finding| finding.verdict == Verdict::Pass))
    }

    /// The faults of its plan that did not happen in it.
    #[must_use]
    pub fn unmet_faults(&self) -> Vec<String> {
        let observed = self.run.observed.as_ref();
        observed.map_or(Vec::new(), |seen| unmet_faults(&self.run.plan, seen))
    }

    /// Whether a fault happened neither in the run nor in that of the references, which is there.
    #[must_use]
    pub fn never_happens(&self, fault: &str) -> bool {
        let Some(Ok(reference)) = &self.run.reference else {
            return false;
        };
        let is_unmet = |unmet: Vec<String>| unmet.iter().any(|one| one == fault);
        is_unmet(self.unmet_faults()) && is_unmet(unmet_faults(&self.run.plan, reference))
    }

    /// Adds what the references did in the student's places; a fail that they share is the case's mistake or ours.
    pub fn add_reference(&mut self, observed: Observed) {
        self.reference = Some(self.alone(&observed));
        self.run.reference = Some(observed);
        let own = std::mem::take(&mut self.findings);
        self.findings = match &self.run.observed {
            Ok(evidence) => self.weighed(own, evidence),
            Err(_) => own,
        };
    }

    /// Adds what came of the same plan when it was run once more. It follows the same schedule: what came of all schedules holds of
    /// it, too.
    pub fn add_repetition(&mut self, mut observed: Observed) {
        let sharing = |observed: &Observed| observed.as_ref().ok()?.sharing.clone();
        let searched = sharing(&self.run.observed).and_then(|sharing| sharing.searched);
        if let (Some(searched), Ok(evidence)) = (searched, &mut observed)
            && let Some(sharing) = &mut evidence.sharing
        {
            sharing.searched = Some(searched);
        }
        self.repetitions
            .push(verdict_of(&self.beside_reference(&observed)));
        self.run.again.push(observed);
    }

    /// The same without repetitions.
    #[must_use]
    pub fn without_repetitions(mut self) -> Self {
        self.repetitions.clear();
        self.run.again.clear();
        self
    }

    /// Whether the run failed, and each time that it was repeated.
    #[must_use]
    pub fn fails_always(&self) -> bool {
        self.verdict() == Verdict::Fail && self.race().is_none()
    }

    /// How often the run failed, and of how many, when it did not fail each time that it was repeated. Repetitions that could
    /// not be judged count neither way.
    #[must_use]
    pub fn race(&self) -> Option<Race> {
        if self.verdict() != Verdict::Fail {
            return None;
        }
        let judged = self
            .repetitions
            .iter()
            .filter(|verdict| **verdict != Verdict::Unknown);
        let passed = self
            .repetitions
            .iter()
            .filter(|verdict| **verdict == Verdict::Pass);
        let (passed, runs) = (passed.count(), judged.count() + 1);
        (passed > 0).then_some(Race {
            failed: runs - passed,
            runs,
        })
    }

    /// On which graded aspects the run fails, and by which actor. Copies of an actor count as one.
    #[must_use]
    pub fn failing_parts(&self, case: &Case) -> BTreeSet<(Aspect, Option<String>)> {
        self.findings
            .iter()
            .filter(|finding| finding.graded && finding.verdict == Verdict::Fail)
            .map(|finding| {
                let actor = finding.actor.as_ref().map(|name| {
                    let role = case.role(name).map(|role| role.name.clone());
                    role.unwrap_or_else(|| name.clone())
                });
                (finding.aspect, actor)
            })
            .collect()
    }

    /// What an observation shows by itself; `Err`: why nothing was observed.
    fn alone(&self, observed: &Observed) -> Result<Vec<Finding>, String> {
        match observed {
            Ok(evidence) => Ok(judge(&self.filled, evidence)),
            Err(why) => Err(why.clone()),
        }
    }

    fn beside_reference(&self, observed: &Observed) -> Vec<Finding> {
        match observed {
            Ok(evidence) => self.weighed(judge(&self.filled, evidence), evidence),
            Err(why) => Outcome::unknown(&self.filled, why).findings,
        }
    }

    /// Findings weighed with what the references did in the student's places.
    fn weighed(&self, mut findings: Vec<Finding>, evidence: &Evidence) -> Vec<Finding> {
        let case = &self.filled;
        let unknown = |why: &str| Outcome::unknown(case, why).findings;
        let own = match &self.reference {
            None => return findings,
            Some(Err(why)) => {
                // Without an oracle the references were only asked whether the case can be passed at all.
                if case.oracle {
                    findings.extend(unknown(&format!("the reference could not be run: {why}")));
                }
                return findings;
            }
            Some(Ok(own)) => own,
        };
        let first = |verdict: Verdict| {
            let mut graded = own.iter().filter(|finding| finding.graded);
            graded.find(|finding| finding.verdict == verdict)
        };
        if let Some(failed) = first(Verdict::Fail) {
            let reference = self.run.reference.as_ref();
            let reference = reference.and_then(|seen| seen.as_ref().ok());
            let of_spec = reference.and_then(|seen| unknown_host::why(case, &self.run.plan, seen));
            excuse(&mut findings, &failed.message, of_spec.as_deref());
            if case.oracle {
                findings.extend(unknown(&format!(
                    "the reference program itself fails here: {}",
                    failed.message
                )));
            }
            return findings;
        }
        if !case.oracle {
            return findings;
        }
        if let Some(not_judged) = first(Verdict::Unknown) {
            findings.extend(unknown(&not_judged.message));
            return findings;
        }
        if let Some(Ok(reference)) = &self.run.reference {
            let not_met: Vec<(Aspect, Option<String>)> = findings
                .iter()
                .filter(|finding| finding.verdict != Verdict::Pass)
                .map(|finding| (finding.aspect, finding.actor.clone()))
                .collect();
            // What the case's own expectations have found already is not said a second time.
            let compared = compare(case, &self.run.about.values, evidence, reference);
            findings.extend(compared.into_iter().filter(|finding| {
                finding.verdict == Verdict::Pass
                    || !not_met.contains(&(finding.aspect, finding.actor.clone()))
            }));
        }
        findings
    }
}

/// A run that failed, and passed when it was repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Race {
    /// How many of the runs failed.
    pub failed: usize,
    /// How many runs were judged, the first among them.
    pub runs: usize,
}

impl std::fmt::Display for Race {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a race: {} of {} runs", self.failed, self.runs)
    }
}

/// The verdict of findings on what is graded: what failed, though something else could not be judged, has failed.
fn verdict_of(findings: &[Finding]) -> Verdict {
    let any = |verdict| {
        let mut graded = findings.iter().filter(|finding| finding.graded);
        graded.any(|finding| finding.verdict == verdict)
    };
    let order = [Verdict::Unknown, Verdict::Fail, Verdict::Skipped];
    order
        .into_iter()
        .find(|verdict| any(*verdict))
        .unwrap_or(Verdict::Pass)
}

/// No student loses a point where the reference would: the mistake is the case's, or ours. `of_spec`: which mistake it is, where
/// that is known.
fn excuse(findings: &mut [Finding], own: &str, of_spec: Option<&str>) {
    for finding in findings {
        if finding.verdict == Verdict::Fail {
            let seen = &finding.message;
            let message = match of_spec {
                Some(mistake) => format!("{SPEC_IS_WRONG}: {mistake} (seen: {seen})"),
                None => format!(
                    "not judged: the reference program in the student's place fails, too: {own} (seen: {seen})"
                ),
            };
            finding.verdict = Verdict::Unknown;
            finding.message = message;
        }
    }
}
