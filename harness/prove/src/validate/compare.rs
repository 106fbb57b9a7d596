//! Where what became of the probes is not what must become of them: holes in a spec, in its submissions, or in us.
//!
//! Pure: nothing is run or read here.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_spec::{Aspect, Case, Cause, Points, Spec, Tier};
use serde::Serialize;

use super::probes::{Expectation, Kind, Probe};
use super::seen::{CaseOutcome, ProbeCase, ProbeOutcome};
use ipclab_intake::show;

/// Something that keeps a spec from being proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Hole {
    /// The probe that shows it; `None`: all of them together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    /// The case that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// What is wrong: `must pass, and is failed on bytes`.
    pub what: String,
    /// What the report said there, in the judge's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
    /// What to do about it.
    pub remedy: String,
}

/// Rejected submissions by the case and aspect that they lose. A case that is all or nothing has one entry, without an
/// aspect.
pub(super) type FailedBy<'a> = BTreeMap<(&'a str, Option<Aspect>), BTreeSet<&'a str>>;

/// The holes that one probe shows.
pub(super) fn holes(probe: &Probe, seen: &ProbeOutcome, spec: &Spec) -> Vec<Hole> {
    match probe.kind {
        Kind::Reference => reference(probe, seen),
        Kind::Accepted | Kind::Rejected => match &probe.expectation {
            Some(expectation) => submission(probe, expectation, seen, spec),
            None => vec![hole(
                probe,
                "nobody says what it must get",
                "write its expected.toml; --update writes what came out, for you to look at",
            )],
        },
        Kind::Starter => starter(probe, seen),
        Kind::Empty | Kind::Rubbish => nothing(probe, seen),
    }
}

fn hole(probe: &Probe, what: impl Into<String>, remedy: impl Into<String>) -> Hole {
    Hole {
        submission: Some(probe.name.clone()),
        case: None,
        what: what.into(),
        said: Vec::new(),
        remedy: remedy.into(),
    }
}

/// What the report says first of a case that did not pass.
fn said(seen: &ProbeCase) -> Vec<String> {
    seen.said.iter().take(3).cloned().collect()
}

fn reference(probe: &Probe, seen: &ProbeOutcome) -> Vec<Hole> {
    let failed = seen.cases.iter().filter(|case| match &case.came {
        CaseOutcome::Fail(_) | CaseOutcome::Skipped(_) => true,
        CaseOutcome::Pass | CaseOutcome::Unknown(_) => false,
    });
    failed
        .map(|case| Hole {
            case: Some(case.id.clone()),
            said: said(case),
            ..hole(
                probe,
                format!("the reference must pass, and {}", came(&case.came)),
                "mend the case, or the reference program: one of the two is wrong",
            )
        })
        .collect()
}

fn submission(
    probe: &Probe,
    expectation: &Expectation,
    seen: &ProbeOutcome,
    spec: &Spec,
) -> Vec<Hole> {
    let expected = &expectation.expected;
    let file = probe
        .expectation_file()
        .map_or_else(String::new, |file| show::path(&file));
    if probe.kind == Kind::Rejected && expected.fails.is_empty() && expected.skips.is_empty() {
        let lost = seen
            .cases
            .iter()
            .filter(|case| matches!(case.came, CaseOutcome::Fail(_) | CaseOutcome::Skipped(_)));
        let lost = lost.map(|case| format!("{} {}", case.id, came(&case.came)));
        return vec![Hole {
            said: lost.collect(),
            ..hole(
                probe,
                "it is rejected, and nothing says what it fails",
                format!(
                    "say in {file} under [fails] which cases, and on which aspects; --update writes what came out"
                ),
            )
        }];
    }
    let mut holes = Vec::new();
    for case in &seen.cases {
        let must = must(expectation, &case.id);
        let not_judged = matches!(case.came, CaseOutcome::Unknown(_));
        if must != case.came && !not_judged {
            holes.push(Hole {
                case: Some(case.id.clone()),
                said: said(case),
                ..hole(
                    probe,
                    format!("must {}, and {}", wanted(&must), came(&case.came)),
                    format!(
                        "mend the case or the submission; or, where the report is right, {file} (--update writes it)"
                    ),
                )
            });
        }
    }
    if probe.kind == Kind::Accepted {
        let core = |id: &str| spec.case(id).is_some_and(|case| case.tier == Tier::Core);
        for failing in expected.fails.iter().filter(|failing| core(&failing.case)) {
            holes.push(Hole {
                case: Some(failing.case.clone()),
                ..hole(
                    probe,
                    "an accepted submission gets every core point, and this one is expected to lose some",
                    "it belongs to the rejected ones, or the case asks too much",
                )
            });
        }
        return holes;
    }
    if shows_its_fault(expectation, seen, spec) {
        holes.extend(silence(probe, expectation, seen, &file));
    }
    holes
}

/// Whether the fault must be named by what was run: by the first tier that it shows in. Later ones build on that, and
/// may tell only what follows from it.
fn shows_its_fault(expectation: &Expectation, seen: &ProbeOutcome, spec: &Spec) -> bool {
    let expected = &expectation.expected;
    let fails = expected.fails.iter().map(|failing| &failing.case);
    let lost: Vec<&Case> = fails
        .chain(expected.skips.iter().map(|skipping| &skipping.case))
        .filter_map(|id| spec.case(id))
        .collect();
    let first = lost.iter().map(|case| case.tier).min();
    let judged = |case: &&&Case| {
        let came = seen.case(&case.id).map(|case| &case.came);
        came.is_some_and(|came| !matches!(came, CaseOutcome::Unknown(_)))
    };
    lost.iter()
        .filter(|case| Some(case.tier) == first)
        .any(|case| judged(&case))
}

/// A report that does not name the fault helps no student.
fn silence(probe: &Probe, expectation: &Expectation, seen: &ProbeOutcome, file: &str) -> Vec<Hole> {
    let says = &expectation.expected.says;
    if says.is_empty() {
        return vec![hole(
            probe,
            "nothing says how its report must name the fault",
            format!("add to {file}: says = [\"words of a finding that tell what is wrong\"]"),
        )];
    }
    let all = || seen.cases.iter().flat_map(|case| &case.said);
    let missing = says
        .iter()
        .filter(|words| !all().any(|said| said.contains(*words)));
    missing
        .map(|words| Hole {
            said: all().take(3).cloned().collect(),
            ..hole(
                probe,
                format!("no finding says {words:?}"),
                format!(
                    "the report must name the fault; where it does in other words, mend {file}"
                ),
            )
        })
        .collect()
}

fn starter(probe: &Probe, seen: &ProbeOutcome) -> Vec<Hole> {
    let mut holes: Vec<Hole> = seen
        .unbuilt
        .iter()
        .map(|(program, why)| {
            hole(
                probe,
                format!("{program} does not build: {why}"),
                "what students start from must compile",
            )
        })
        .collect();
    let full = seen
        .tiers
        .iter()
        .filter(|(_, score)| score.earned == score.max && score.max > 0);
    holes.extend(full.map(|(tier, _)| {
        hole(
            probe,
            format!("it has all points of the {} tier", tier.name()),
            "the starter must not be a solution, or the cases ask nothing",
        )
    }));
    holes
}

fn nothing(probe: &Probe, seen: &ProbeOutcome) -> Vec<Hole> {
    let mut holes = Vec::new();
    if seen.earned > 0 {
        holes.push(hole(
            probe,
            format!("it has {} points for nothing", seen.earned),
            "a case that no program of the student's plays a part in gives points to everybody",
        ));
    }
    let judged = seen.unknown().next().is_none();
    if judged && seen.exit_code != 1 {
        holes.push(hole(
            probe,
            format!(
                "check exits with {}, and points are lost: 1",
                seen.exit_code
            ),
            "a script that reads the exit status would take it for something else",
        ));
    }
    holes
}

/// Which rejected submissions lose which points.
pub(super) fn failed_by<'a>(
    cases: &[&'a Case],
    tried: impl Iterator<Item = (&'a Probe, &'a ProbeOutcome)> + Clone,
) -> FailedBy<'a> {
    let mut failed_by = FailedBy::new();
    for case in cases {
        for aspect in worth(case) {
            let losers = tried.clone().filter(|(probe, seen)| {
                let Some(CaseOutcome::Fail(failed)) = seen.case(&case.id).map(|case| &case.came)
                else {
                    return false;
                };
                probe.kind == Kind::Rejected && aspect.is_none_or(|aspect| failed.contains(&aspect))
            });
            let losers = losers.map(|(probe, _)| probe.name.as_str()).collect();
            failed_by.insert((&case.id, aspect), losers);
        }
    }
    failed_by
}

/// What a case can cost: each aspect with points, or all of it.
pub(super) fn worth(case: &Case) -> Vec<Option<Aspect>> {
    match &case.points {
        Points::Whole(_) => vec![None],
        Points::Split(parts) => parts.iter().map(|(aspect, _)| Some(*aspect)).collect(),
    }
}

/// The holes that only all probes together show: points that no submission loses, or that none gets.
pub(super) fn holes_of_all<'a>(
    cases: &[&'a Case],
    failed_by: &FailedBy<'a>,
    tried: impl Iterator<Item = (&'a Probe, &'a ProbeOutcome)> + Clone,
    folder: &str,
) -> Vec<Hole> {
    let of = |case: &Case, what: String, remedy: String| Hole {
        submission: None,
        case: Some(case.id.clone()),
        what,
        said: Vec::new(),
        remedy,
    };
    let mut holes = Vec::new();
    for case in cases {
        let missing = |aspect: &Option<Aspect>| {
            failed_by
                .get(&(case.id.as_str(), *aspect))
                .is_none_or(BTreeSet::is_empty)
        };
        let missing: Vec<Option<Aspect>> = worth(case).into_iter().filter(missing).collect();
        if !missing.is_empty() {
            let aspects: Vec<Aspect> = missing.into_iter().flatten().collect();
            let on = if aspects.is_empty() {
                String::new()
            } else {
                format!(" on {}", names(&aspects))
            };
            holes.push(of(
                case,
                format!("no rejected submission fails it{on}"),
                format!(
                    "write one to {folder}/submissions/rejected that does; if none can, the points are a gift"
                ),
            ));
        }
        let mut passing = tried.clone().filter(|(probe, seen)| {
            matches!(probe.kind, Kind::Reference | Kind::Accepted)
                && seen.case(&case.id).is_some_and(|case| {
                    matches!(case.came, CaseOutcome::Pass | CaseOutcome::Unknown(_))
                })
        });
        if passing.next().is_none() {
            holes.push(of(
                case,
                "neither a reference nor an accepted submission passes it".to_owned(),
                format!("write one to {folder}/submissions/accepted that does"),
            ));
        }
    }
    holes
}

/// How a case must come out.
pub(super) fn must(expectation: &Expectation, case: &str) -> CaseOutcome {
    let expected = &expectation.expected;
    match (expected.failing(case), expected.skipping(case)) {
        (Some(aspects), _) => CaseOutcome::Fail(aspects.to_vec()),
        (None, Some(cause)) => CaseOutcome::Skipped(cause.clone()),
        (None, None) => CaseOutcome::Pass,
    }
}

fn wanted(must: &CaseOutcome) -> String {
    match must {
        CaseOutcome::Pass => "pass".to_owned(),
        CaseOutcome::Fail(aspects) => format!("be failed on {}", names(aspects)),
        CaseOutcome::Skipped(cause) => format!("be skipped ({})", cause_name(cause)),
        CaseOutcome::Unknown(_) => "come to something".to_owned(),
    }
}

fn came(came: &CaseOutcome) -> String {
    match came {
        CaseOutcome::Pass => "passes".to_owned(),
        CaseOutcome::Fail(aspects) => format!("is failed on {}", names(aspects)),
        CaseOutcome::Skipped(cause) => format!("is skipped ({})", cause_name(cause)),
        CaseOutcome::Unknown(why) => format!("could not be graded: {why}"),
    }
}

/// `output, exit`
pub(super) fn names(aspects: &[Aspect]) -> String {
    let names: Vec<&str> = aspects.iter().map(|aspect| aspect.name()).collect();
    names.join(", ")
}

/// As `expected.toml` writes it.
pub(super) fn cause_name(cause: &Cause) -> &str {
    match cause {
        Cause::Build => Aspect::Build.name(),
        Cause::Case(id) => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_for_nothing_and_a_wrong_status_are_holes() {
        let spec = Spec {
            lab: "greet".to_owned(),
            title: String::new(),
            unit: Vec::new(),
            hosts: Vec::new(),
            programs: Vec::new(),
            cases: Vec::new(),
        };
        let check = |earned: u32, exit_code: u8, came: CaseOutcome, expect: &[&str]| {
            let probe = Probe {
                kind: Kind::Empty,
                name: "an empty folder".to_owned(),
                path: None,
                expectation: None,
            };
            let seen = ProbeOutcome {
                earned,
                max: 4,
                tiers: BTreeMap::new(),
                exit_code,
                style: Vec::new(),
                unbuilt: Vec::new(),
                cases: vec![ProbeCase {
                    id: "greets".to_owned(),
                    came,
                    said: Vec::new(),
                    patterns: Vec::new(),
                    unmet_faults: Vec::new(),
                }],
            };
            let holes = holes(&probe, &seen, &spec);
            let what: Vec<&str> = holes.iter().map(|hole| hole.what.as_str()).collect();
            assert_eq!(what, expect);
        };
        let skipped = || CaseOutcome::Skipped(Cause::Build);
        check(0, 1, skipped(), &[]);
        check(3, 1, skipped(), &["it has 3 points for nothing"]);
        check(
            0,
            0,
            skipped(),
            &["check exits with 0, and points are lost: 1"],
        );
        // Our own trouble is told as such elsewhere.
        check(0, 3, CaseOutcome::Unknown("a full disk".to_owned()), &[]);
    }
}
