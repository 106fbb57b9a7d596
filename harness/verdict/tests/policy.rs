//! What happens next with a case, as a table: what its runs show, and every step that the policy then asks for.

use std::collections::BTreeMap;

use ipclab_evidence::{Evidence, Leftovers, Plan, World};
use ipclab_judge::Verdict;
use ipclab_spec::Case;
use ipclab_verdict::judged::JudgedRun;
use ipclab_verdict::policy::{self, Next, Policy};
use ipclab_verdict::record::CaseRecord;
use ipclab_verdict::run::{AboutRun, Observed, RunRecord};
use serde_json::{from_value, json, to_value};

/// A case of one program, which must end with 0.
fn case(varied: bool) -> Case {
    let vary = if varied {
        "vary.n = { int = '1..9' }\nruns = 5\n"
    } else {
        ""
    };
    let text = format!(
        r#"
format = 1
lab = "one"
title = "One"
unit = ["Q6"]

[program.tool]
source = "tool.c"
reference = "iserver"

[[case]]
id = "one"
title = "your tool ends"
tier = "core"
points = 1
covers = ["Q6"]
{vary}
[case.actor.tool]
student = "tool{}"
exit = 0
"#,
        if varied { " {{n}}" } else { "" }
    );
    let parsed = ipclab_spec::parse("one.toml", &text);
    let spec = parsed.unwrap_or_else(|said| panic!("{}", said.render(false)));
    spec.spec.cases[0].clone()
}

/// What was observed: `P` ended with 0, `F` with 1, `T` was over the limit on time, `C` over a count, `U` nothing.
fn observed(letter: char) -> Observed {
    let (ended, exit) = match letter {
        'P' => (json!("all-exited"), json!({ "code": 0 })),
        'F' => (json!("all-exited"), json!({ "code": 1 })),
        'T' => (
            json!({ "deadline-exceeded": { "limit_ms": 5, "waits": [] } }),
            json!({ "code": 1 }),
        ),
        'C' => (json!({ "limit-hit": { "actor": 0 } }), json!({ "code": 1 })),
        'U' => return Err("no machine".to_owned()),
        other => panic!("{other} stands for nothing"),
    };
    let stream = json!({ "head": "", "tail": "", "dropped": 0 });
    let evidence: Evidence = from_value(json!({
        "name": "one",
        "isolation": { "level": "namespaces", "counted_by": "rlimits", "notes": [] },
        "ended": ended,
        "actors": [{
            "name": "tool", "pid": 2, "exit": exit, "started_us": 0, "ready": true, "stdout": stream, "stderr": stream,
            "open_at_exit": [], "limits": [], "processes": 1, "cpu_ms": 0, "rss_max_kib": 0, "calls": 0,
        }],
        "sockets": [], "trace": [], "calls_dropped": 0, "looks": [],
        "leftovers": to_value(Leftovers::default()).unwrap(), "trouble": [],
        "spent": { "world_us": 1, "actors_us": 1, "sweep_us": 1 },
    }))
    .unwrap();
    Ok(evidence)
}

fn run(case: &Case, letter: char) -> JudgedRun {
    let run = RunRecord {
        about: AboutRun {
            values: BTreeMap::from([("n".to_owned(), "1".to_owned())]),
            ..AboutRun::default()
        },
        plan: Plan::new("one", World::default(), Vec::new()),
        observed: observed(letter),
        again: Vec::new(),
        reference: None,
    };
    JudgedRun::judge(case, run)
}

/// Follows the policy. `runs`, `references` and `again` are what each of them shows, in the order in which they are asked for.
fn steps(policy: &Policy<'_>, runs: &str, references: &str, again: &str) -> String {
    let (mut runs, mut references, mut again) = (runs.chars(), references.chars(), again.chars());
    let mut record = CaseRecord::default();
    let mut steps = Vec::new();
    loop {
        let next = policy.next(&record);
        match next {
            Next::Run(n) => {
                assert_eq!(n, record.runs.len());
                let shows = runs.next().expect("another run");
                record.runs.push(run(policy.case, shows));
                steps.push(format!("run {n}"));
            }
            Next::AskReference(n) => {
                record.runs[n].add_reference(observed(references.next().expect("a reference")));
                steps.push(format!("ask {n}"));
            }
            Next::Repeat(n) => {
                record.runs[n].add_repetition(observed(again.next().expect("a repetition")));
                steps.push(format!("repeat {n}"));
            }
            Next::Shrink(n) => {
                record.smallest = Some(record.runs[n].clone());
                steps.push(format!("shrink {n}"));
            }
            Next::Stop => break,
        }
        assert!(steps.len() < 50, "it never stops: {steps:?}");
    }
    let left: String = runs.chain(references).chain(again).collect();
    assert_eq!(left, "", "not asked for after {steps:?}");
    steps.join(", ")
}

#[test]
fn a_case_with_fixed_inputs_runs_all_of_them_and_asks_the_references_where_one_fails() {
    let case = case(false);
    let check = |inputs, runs: &str, references: &str, expect: &str| {
        let policy = Policy {
            case: &case,
            inputs,
            look_into: true,
            has_references: true,
        };
        assert_eq!(
            steps(&policy, runs, references, ""),
            expect,
            "{runs} beside {references}"
        );
    };
    check(0, "", "", "");
    check(1, "P", "", "run 0");
    check(1, "F", "P", "run 0, ask 0");
    check(3, "PFF", "PF", "run 0, run 1, run 2, ask 1, ask 2");
    check(2, "UP", "", "run 0, run 1");
    check(1, "C", "U", "run 0, ask 0");
}

#[test]
fn nothing_is_looked_into_where_only_verdicts_count_or_no_reference_is_there() {
    let case = case(false);
    let check = |look_into, has_references, expect: &str| {
        let policy = Policy {
            case: &case,
            inputs: 2,
            look_into,
            has_references,
        };
        assert_eq!(
            steps(
                &policy,
                "FF",
                if look_into && has_references {
                    "PP"
                } else {
                    ""
                },
                ""
            ),
            expect
        );
    };
    check(false, true, "run 0, run 1");
    check(true, false, "run 0, run 1");
    check(true, true, "run 0, run 1, ask 0, ask 1");
}

#[test]
fn a_varied_case_stops_at_the_first_failing_input_and_shrinks_what_fails_every_time() {
    let case = case(true);
    let check = |runs: &str, references: &str, again: &str, expect: &str| {
        let policy = Policy {
            case: &case,
            inputs: 5,
            look_into: true,
            has_references: true,
        };
        assert_eq!(
            steps(&policy, runs, references, again),
            expect,
            "{runs} {references} {again}"
        );
    };
    check("PPPPP", "", "", "run 0, run 1, run 2, run 3, run 4");
    check(
        "PF",
        "P",
        "FFF",
        "run 0, run 1, ask 1, repeat 1, repeat 1, repeat 1, shrink 1",
    );
    // The reference fails as well: it is not the student's mistake.
    check("F", "F", "", "run 0, ask 0");
    // Once it passed, it is a race: repeated to say how often, and with no smallest input.
    check(
        "F",
        "P",
        "FPFF",
        "run 0, ask 0, repeat 0, repeat 0, repeat 0, repeat 0",
    );
    // A limit on a count would be hit again, one on time perhaps not.
    check("C", "P", "", "run 0, ask 0, shrink 0");
    check("T", "P", "T", "run 0, ask 0, repeat 0, shrink 0");
    check("PU", "", "", "run 0, run 1");
}

#[test]
fn the_first_own_failure_of_each_case_is_repeated_when_all_are_done() {
    let (fixed, varied) = (case(false), case(true));
    let record = |case: &Case, runs: &str| CaseRecord {
        runs: runs.chars().map(|shows| run(case, shows)).collect(),
        ..CaseRecord::default()
    };
    let check = |cases: &[(&Case, &str)], expect: &[(usize, usize, usize)]| {
        let records: Vec<CaseRecord> = cases
            .iter()
            .map(|(case, runs)| record(case, runs))
            .collect();
        let cases: Vec<&Case> = cases.iter().map(|(case, _)| *case).collect();
        assert_eq!(policy::repetitions(&cases, &records), expect);
    };
    check(&[(&fixed, "PP")], &[]);
    check(
        &[(&fixed, "PFF"), (&varied, "F"), (&fixed, "U")],
        &[(0, 1, 4)],
    );
    check(
        &[(&fixed, "F"), (&fixed, "F"), (&fixed, "PPPPPP")],
        &[(0, 0, 2), (1, 0, 2)],
    );
}

#[test]
fn a_reference_that_fails_as_well_excuses_and_a_repetition_that_passes_is_a_race() {
    let case = case(false);
    let mut excused = run(&case, 'F');
    assert_eq!(excused.verdict(), Verdict::Fail);
    excused.add_reference(observed('F'));
    assert_eq!(excused.verdict(), Verdict::Unknown);

    let mut race = run(&case, 'F');
    race.add_reference(observed('P'));
    assert!(race.fails_always() && race.reference_passes());
    for shows in "PUF".chars() {
        race.add_repetition(observed(shows));
    }
    assert_eq!(race.race().unwrap().to_string(), "a race: 2 of 3 runs");
    assert!(!race.fails_always());
    // Judged again from what was kept, it is the same.
    assert_eq!(JudgedRun::judge(&case, race.run().clone()), race);
}
