//! What of a spec makes no difference: faults that never happen, patterns that match nothing, expectations that every program
//! meets, and what `spec check` warns of.
//!
//! Pure: nothing is run or read here.

use std::collections::BTreeMap;

use ipclab_judge::PatternSeen;
use ipclab_spec::Case;

use super::compare::Hole;
use super::probes::{Kind, Probe};
use super::seen::{ProbeCase, ProbeOutcome};

/// The holes that what was run shows, all probes together.
pub(super) fn holes<'a>(
    cases: &[&'a Case],
    tried: impl Iterator<Item = (&'a Probe, &'a ProbeOutcome)>,
    folder: &str,
) -> Vec<Hole> {
    let tried: Vec<(&Probe, &ProbeOutcome)> = tried.collect();
    let mut holes = Vec::new();
    for case in cases {
        let of_case = |kind: Option<Kind>| {
            let probes = tried.iter();
            let meant = probes.filter(move |(probe, _)| kind.is_none_or(|kind| probe.kind == kind));
            meant.filter_map(|(_, seen)| seen.case(&case.id))
        };
        let references = of_case(Some(Kind::Reference));
        for fault in references.flat_map(|seen| &seen.unmet_faults) {
            holes.push(hole(
                case,
                format!("its fault \"{fault}\" never happens to the reference"),
                "mend the fault: the reference makes no such call, or not as often".to_owned(),
            ));
        }
        holes.extend(patterns(case, of_case(None), folder));
    }
    holes
}

/// Expectations of children that their parent does not wait for.
const UNWAITED: [&str; 2] = ["processes.zombies", "processes.orphans"];

/// Patterns that tell no program from another.
fn patterns<'a>(case: &Case, seen: impl Iterator<Item = &'a ProbeCase>, folder: &str) -> Vec<Hole> {
    let mut all: BTreeMap<usize, PatternSeen> = BTreeMap::new();
    for (at, pattern) in seen.flat_map(|case| case.patterns.iter().enumerate()) {
        let known = all.entry(at).or_insert_with(|| pattern.clone());
        known.matched |= pattern.matched;
        known.met &= pattern.met;
    }
    // Whether a child that nothing waits for has ended when its parent ends is chance: who leaves one kind leaves the other.
    let leaves_children: Vec<String> = all
        .values()
        .filter(|pattern| UNWAITED.contains(&pattern.text.as_str()) && !pattern.met)
        .map(|pattern| pattern.actor.clone())
        .collect();
    for pattern in all.values_mut() {
        let by_chance = UNWAITED.contains(&pattern.text.as_str());
        pattern.met &= !(by_chance && leaves_children.contains(&pattern.actor));
    }
    let useless = all.into_values().filter_map(|pattern| {
        let PatternSeen { actor, text, .. } = &pattern;
        if !pattern.matched {
            Some(hole(
                case,
                format!("the pattern \"{text}\" of {actor} matches nothing that any submission does"),
                format!("mend it, or write a submission to {folder}/submissions/rejected that makes the call"),
            ))
        } else if pattern.met {
            // What is expected of objects stands in no parentheses.
            let what = if text.contains('(') { "pattern" } else { "expectation" };
            Some(hole(
                case,
                format!("every submission meets the {what} \"{text}\" of {actor}"),
                format!("write one to {folder}/submissions/rejected that does not; if none can, it expects nothing"),
            ))
        } else {
            None
        }
    });
    useless.collect()
}

/// What `spec check` warns of, from what it prints.
pub(super) fn odd(warnings: &str) -> Vec<Hole> {
    let blocks = warnings
        .split("\n\n")
        .filter(|block| !block.trim().is_empty());
    let odd = blocks.map(|block| {
        let mut lines = block.lines();
        let first = lines.next().unwrap_or_default();
        Hole {
            submission: None,
            case: None,
            what: format!("spec check {}", first.replacen("warning:", "warns:", 1)),
            said: lines.map(str::to_owned).collect(),
            remedy: "mend the spec".to_owned(),
        }
    });
    odd.collect()
}

fn hole(case: &Case, what: String, remedy: String) -> Hole {
    Hole {
        submission: None,
        case: Some(case.id.clone()),
        what,
        said: Vec::new(),
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::seen::CaseOutcome;

    const SPEC: &str = r#"
format = 2
lab = "greet"
title = "Greets"

[program.greet]
source = "greet.c"
reference = "iserver"

[[case]]
id = "greets"
title = "greets"
tier = "core"
points = { calls = 1 }

[case.actor.greet]
student = "greet"

[case.calls]
greet = ["no fork()", "write(...) > 0"]
"#;

    #[test]
    fn what_makes_no_difference_is_a_hole() {
        let spec = ipclab_spec::parse("greet.toml", SPEC).expect("a spec").spec;
        let check_of = |texts: [&str; 2],
                        kind: Kind,
                        patterns: [(bool, bool); 2],
                        fault: &[&str],
                        expect: &[&str]| {
            let probe = Probe {
                kind,
                name: "reference".to_owned(),
                path: None,
                expectation: None,
            };
            let pattern = |(text, (matched, met)): (&str, (bool, bool))| PatternSeen {
                actor: "greet".to_owned(),
                text: text.to_owned(),
                matched,
                met,
            };
            let seen = ProbeOutcome {
                earned: 1,
                max: 1,
                tiers: BTreeMap::new(),
                exit_code: 0,
                style: Vec::new(),
                unbuilt: Vec::new(),
                cases: vec![ProbeCase {
                    id: "greets".to_owned(),
                    came: CaseOutcome::Pass,
                    said: Vec::new(),
                    patterns: texts.into_iter().zip(patterns).map(pattern).collect(),
                    unmet_faults: fault.iter().map(|fault| (*fault).to_owned()).collect(),
                }],
            };
            let cases: Vec<&Case> = spec.cases.iter().collect();
            let holes = holes(&cases, [(&probe, &seen)].into_iter(), "labs/greet");
            let what: Vec<&str> = holes.iter().map(|hole| hole.what.as_str()).collect();
            assert_eq!(what, expect);
        };
        let check = |kind, patterns, fault: &[&str], expect: &[&str]| {
            check_of(
                ["no fork()", "write(...) > 0"],
                kind,
                patterns,
                fault,
                expect,
            );
        };
        check(Kind::Reference, [(true, false), (true, false)], &[], &[]);
        check(
            Kind::Reference,
            [(false, true), (true, true)],
            &["greet write #9: EINTR"],
            &[
                "its fault \"greet write #9: EINTR\" never happens to the reference",
                "the pattern \"no fork()\" of greet matches nothing that any submission does",
                "every submission meets the pattern \"write(...) > 0\" of greet",
            ],
        );
        // A rejected submission may well be ended before its fault.
        check(
            Kind::Rejected,
            [(true, false), (true, false)],
            &["greet write #9: EINTR"],
            &[],
        );
        // A child that its parent leaves is one or the other, as chance will have it.
        let left = ["processes.zombies", "processes.orphans"];
        check_of(
            left,
            Kind::Rejected,
            [(true, true), (true, false)],
            &[],
            &[],
        );
        check_of(
            left,
            Kind::Rejected,
            [(true, true), (true, true)],
            &[],
            &[
                "every submission meets the expectation \"processes.zombies\" of greet",
                "every submission meets the expectation \"processes.orphans\" of greet",
            ],
        );
    }
}
