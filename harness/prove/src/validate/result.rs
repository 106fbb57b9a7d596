//! What a validation found, as plain data.

use std::collections::BTreeMap;

use ipclab_spec::{Case, Tier};
use serde::Serialize;

use super::compare::{self, Hole};
use super::probes::{Probe, Proof};
use super::seen::{CaseOutcome, ProbeOutcome};
use super::sense;
use crate::json;
use ipclab_intake::failure::Failure;
use ipclab_intake::show;

/// Everything that is said about some labs. As JSON it is `ipclab/validation/v1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Validation {
    schema: &'static str,
    /// The tiers that were asked for; none: all of them.
    pub(super) tiers: Vec<&'static str>,
    /// No holes, and everything could be graded.
    pub(super) valid: bool,
    /// One for each lab.
    pub(super) labs: Vec<LabResult>,
}

/// What is said about one lab.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct LabResult {
    /// `tcp-echo`
    pub lab: String,
    /// For people.
    pub title: String,
    /// Points of its cases.
    pub points: u32,
    /// Everything that it was tried with.
    pub submissions: Vec<Row>,
    /// Each case, with the submissions that lose its points.
    pub cases: Vec<CaseResult>,
    /// What keeps it from being proved.
    pub holes: Vec<Hole>,
    /// Files that were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub updated: Vec<String>,
}

/// One probe.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Row {
    /// `rejected/client-no-nul`
    pub name: String,
    /// `rejected`
    pub kind: &'static str,
    /// It came to what it must.
    pub as_expected: bool,
    /// Points earned.
    pub earned: u32,
    /// Points that could be earned.
    pub max: u32,
    /// Cases that it failed, and on which aspects.
    pub fails: BTreeMap<String, Vec<&'static str>>,
    /// Cases that were skipped, and why.
    pub skips: BTreeMap<String, String>,
    /// Cases that could not be graded, and why.
    pub unknown: BTreeMap<String, String>,
    /// Why it could not be graded at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unable: Option<String>,
    /// Sentences of its report that are hard to read, and why. The tool's own are no hole of a lab.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub style: Vec<String>,
}

/// One case, and the rejected submissions that lose its points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct CaseResult {
    /// Its id.
    pub id: String,
    /// Its tier.
    pub tier: &'static str,
    /// By aspect; `all` where the case is all or nothing.
    pub failed_by: BTreeMap<&'static str, Vec<String>>,
}

impl Validation {
    pub(super) fn new(tiers: &[Tier], labs: Vec<LabResult>) -> Self {
        let mut validation = Self {
            schema: "ipclab/validation/v1",
            tiers: tiers.iter().map(|tier| tier.name()).collect(),
            valid: false,
            labs,
        };
        validation.valid = validation.exit_code() == 0;
        validation
    }

    /// 0: proved. 1: there are holes. 3: none is known, but something could not be graded.
    pub fn exit_code(&self) -> u8 {
        let rows = || self.labs.iter().flat_map(|lab| &lab.submissions);
        if self.labs.iter().any(|lab| !lab.holes.is_empty()) {
            1
        } else if rows().any(|row| row.unable.is_some() || !row.unknown.is_empty())
            // Nothing was asked for, so nothing was proved.
            || rows().next().is_none()
        {
            3
        } else {
            0
        }
    }

    /// For programs.
    pub fn json(&self) -> String {
        json::text(self)
    }
}

impl LabResult {
    /// `seen` belongs to the proof's probes, in their order.
    pub(super) fn new(
        proof: &Proof,
        cases: &[&Case],
        seen: &[Result<ProbeOutcome, Failure>],
        updated: Vec<String>,
    ) -> Self {
        let tried = proof
            .probes
            .iter()
            .zip(seen)
            .filter_map(|(probe, seen)| Some((probe, seen.as_ref().ok()?)));
        let failed_by = compare::failed_by(cases, tried.clone());
        let mut holes = Vec::new();
        let mut submissions = Vec::new();
        for (probe, seen) in proof.probes.iter().zip(seen) {
            let own = match seen {
                Ok(seen) => compare::holes(probe, seen, &proof.lab.spec),
                Err(failure) => could_not(probe, failure),
            };
            submissions.push(Row::new(probe, seen, own.is_empty()));
            // What was just written down is no longer otherwise.
            let written = probe
                .expectation_file()
                .is_some_and(|file| updated.contains(&show::path(&file)));
            holes.extend(
                own.into_iter()
                    .filter(|hole| !(written && hole.case.is_some())),
            );
        }
        let folder = show::path(&proof.folder);
        if !seen.is_empty() {
            holes.extend(compare::holes_of_all(
                cases,
                &failed_by,
                tried.clone(),
                &folder,
            ));
            holes.extend(sense::holes(cases, tried, &folder));
            holes.extend(sense::odd(&proof.lab.warnings));
        }
        let spec = &proof.lab.spec;
        let case_result = |case: &&Case| CaseResult {
            id: case.id.clone(),
            tier: case.tier.name(),
            failed_by: compare::worth(case)
                .into_iter()
                .map(|aspect| {
                    let losers = failed_by.get(&(case.id.as_str(), aspect));
                    let losers = losers.into_iter().flatten();
                    let name = aspect.map_or("all", |aspect| aspect.name());
                    (name, losers.map(|name| (*name).to_owned()).collect())
                })
                .collect(),
        };
        Self {
            lab: spec.lab.clone(),
            title: spec.title.clone(),
            points: cases.iter().map(|case| case.points.max()).sum(),
            cases: cases.iter().map(case_result).collect(),
            submissions,
            holes,
            updated,
        }
    }
}

/// A submission that cannot even be taken in is wrong; a machine that cannot do it proves nothing either way.
fn could_not(probe: &Probe, failure: &Failure) -> Vec<Hole> {
    if failure.code == 3 {
        return Vec::new();
    }
    vec![Hole {
        submission: Some(probe.name.clone()),
        case: None,
        what: format!("it cannot be graded: {}", failure.message),
        said: Vec::new(),
        remedy: "mend the submission".to_owned(),
    }]
}

impl Row {
    fn new(probe: &Probe, seen: &Result<ProbeOutcome, Failure>, as_expected: bool) -> Self {
        let mut row = Self {
            name: probe.name.clone(),
            kind: probe.kind.name(),
            as_expected,
            earned: 0,
            max: 0,
            fails: BTreeMap::new(),
            skips: BTreeMap::new(),
            unknown: BTreeMap::new(),
            unable: None,
            style: Vec::new(),
        };
        let seen = match seen {
            Ok(seen) => seen,
            Err(failure) => {
                row.unable = Some(failure.message.clone());
                return row;
            }
        };
        (row.earned, row.max) = (seen.earned, seen.max);
        row.style.clone_from(&seen.style);
        for case in &seen.cases {
            let id = case.id.clone();
            match &case.came {
                CaseOutcome::Pass => {}
                CaseOutcome::Fail(aspects) => {
                    let names = aspects.iter().map(|aspect| aspect.name());
                    row.fails.insert(id, names.collect());
                }
                CaseOutcome::Skipped(cause) => {
                    row.skips.insert(id, compare::cause_name(cause).to_owned());
                }
                CaseOutcome::Unknown(why) => {
                    row.unknown.insert(id, why.clone());
                }
            }
        }
        row.as_expected &= row.unknown.is_empty();
        row
    }
}
