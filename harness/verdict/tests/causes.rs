//! Which findings come from one mistake, as tables: what the judge saw in, what is one cause out.

use ipclab_judge::{Finding, Mistake, MistakeKind, Outcome, Verdict};
use ipclab_report::Program;
use ipclab_spec::{Aspect, Case, Spec, parse};
use ipclab_verdict::causes::group;

const LAB: &str = r#"
format = 1
lab = "pair"
title = "A pair"
unit = ["Q1"]
[program.server]
source = "server.c"
reference = "iserver"
[program.client]
source = "client.c"
reference = "comclient"
[[case]]
id = "one"
title = "your server alone"
tier = "core"
points = 1
covers = ["Q1"]
[case.actor.server]
student = "server"
exit = 0
[[case]]
id = "two"
title = "your client alone"
tier = "core"
points = 1
covers = ["Q1"]
[case.actor.client]
student = "client"
exit = 0
[[case]]
id = "both"
title = "both of them"
tier = "core"
points = 1
covers = ["Q1"]
[case.actor.server]
student = "server"
exit = 0
[case.actor.client]
student = "client"
exit = 0
"#;

fn lab() -> Spec {
    let parsed = parse("pair.toml", LAB);
    parsed
        .unwrap_or_else(|said| panic!("{}", said.render(false)))
        .spec
}

fn finding(aspect: Aspect, kind: MistakeKind, program: &str, detail: &str) -> Finding {
    Finding {
        aspect,
        verdict: Verdict::Fail,
        graded: true,
        actor: Some(program.to_owned()),
        message: format!("{program} {} {detail} {}", kind.name(), aspect.name()),
        expected: None,
        seen: None,
        difference: None,
        cites: Vec::new(),
        lines: Vec::new(),
        mistake: Some(Mistake {
            kind,
            program: Some(program.to_owned()),
            detail: detail.to_owned(),
            says: None,
        }),
    }
}

fn behaves(aspect: Aspect, program: &str) -> Finding {
    finding(aspect, MistakeKind::Behaviour, program, "")
}

/// Findings by case; the causes that come out, as letters in their order: findings with one letter have one cause.
fn check(story: &str, cases: &[(&str, Vec<Finding>)], expect: &str) {
    let spec = lab();
    let outcomes: Vec<(&Case, Outcome)> = cases
        .iter()
        .map(|(id, findings)| {
            let case = spec.case(id).unwrap_or_else(|| panic!("no case {id}"));
            let mut outcome = Outcome::failed(case, Aspect::Exit, "");
            outcome.findings.clone_from(findings);
            (case, outcome)
        })
        .collect();
    let pairs: Vec<(&Case, &Outcome)> = outcomes.iter().map(|(case, one)| (*case, one)).collect();
    let programs = [
        Program::built("server", &["server.c"]),
        Program::built("client", &["client.c"]),
    ];
    let mut known = Vec::new();
    let mut letters = String::new();
    for number in group(&pairs, &programs).into_iter().flatten() {
        let Some(number) = number else {
            letters.push('-');
            continue;
        };
        let at = known.iter().position(|other| *other == number);
        let at = at.unwrap_or_else(|| {
            known.push(number);
            known.len() - 1
        });
        letters.push(char::from(b'a' + u8::try_from(at).unwrap()));
    }
    assert_eq!(letters, expect, "{story}");
}

#[test]
fn findings_of_one_mistake_are_one_cause() {
    use Aspect::{Bytes, Cleanup, Exit, Output};
    let place = |aspect| finding(aspect, MistakeKind::Place, "server", "service");
    check(
        "a wrong port in two cases",
        &[
            ("one", vec![place(Output), place(Exit)]),
            ("both", vec![place(Exit)]),
        ],
        "aaa",
    );
    check(
        "two programs with a mistake each",
        &[
            ("one", vec![behaves(Output, "server")]),
            ("two", vec![behaves(Bytes, "client")]),
        ],
        "ab",
    );
    check(
        "a wrong text that is seen in output here and in bytes there",
        &[
            ("one", vec![behaves(Output, "server")]),
            ("both", vec![behaves(Bytes, "server")]),
        ],
        "aa",
    );
    check(
        "a file that is left behind has nothing to do with a wrong text",
        &[
            ("one", vec![behaves(Output, "server")]),
            ("both", vec![behaves(Cleanup, "server")]),
        ],
        "ab",
    );
    check(
        "unless one case shows both",
        &[(
            "one",
            vec![behaves(Output, "server"), behaves(Cleanup, "server")],
        )],
        "aa",
    );
}

#[test]
fn a_program_that_works_alone_is_the_others_victim() {
    use Aspect::Output;
    check(
        "the client sends the wrong bytes, and in the pair the server prints them",
        &[
            ("two", vec![behaves(Output, "client")]),
            ("both", vec![behaves(Output, "server")]),
        ],
        "aa",
    );
    check(
        "both fail alone",
        &[
            ("one", vec![behaves(Output, "server")]),
            ("two", vec![behaves(Aspect::Bytes, "client")]),
            ("both", vec![behaves(Output, "server")]),
        ],
        "aba",
    );
}

#[test]
fn the_same_said_of_two_programs_is_told_once() {
    check(
        "both die of the same signal",
        &[
            (
                "one",
                vec![finding(
                    Aspect::Exit,
                    MistakeKind::Crash,
                    "server",
                    "SIGPIPE",
                )],
            ),
            (
                "two",
                vec![finding(
                    Aspect::Exit,
                    MistakeKind::Crash,
                    "client",
                    "SIGPIPE",
                )],
            ),
        ],
        "aa",
    );
}

#[test]
fn errors_are_one_cause_by_call_or_by_kind() {
    use Aspect::{Exit, Output};
    let unchecked = |call| finding(Exit, MistakeKind::Unchecked, "server", call);
    let status = |call| finding(Exit, MistakeKind::Status, "server", call);
    check(
        "one call unchecked in two cases",
        &[
            ("one", vec![unchecked("bind")]),
            ("both", vec![unchecked("bind")]),
        ],
        "aa",
    );
    check(
        "two calls unchecked",
        &[
            ("one", vec![unchecked("bind")]),
            ("both", vec![unchecked("recv")]),
        ],
        "ab",
    );
    check(
        "status 0 whatever call fails",
        &[
            ("one", vec![status("bind")]),
            ("both", vec![status("recv")]),
        ],
        "aa",
    );
    check(
        "what is wrong without an error stays apart",
        &[
            ("one", vec![unchecked("bind")]),
            ("both", vec![behaves(Output, "server")]),
        ],
        "ab",
    );
}

#[test]
fn a_case_that_another_stops_has_its_cause() {
    let stopped = Finding {
        verdict: Verdict::Skipped,
        mistake: Some(Mistake {
            kind: MistakeKind::Requires,
            program: None,
            detail: "one".to_owned(),
            says: None,
        }),
        ..behaves(Aspect::Exit, "server")
    };
    check(
        "requires",
        &[
            ("one", vec![behaves(Aspect::Output, "server")]),
            ("both", vec![stopped]),
        ],
        "aa",
    );
    let passed = Finding {
        verdict: Verdict::Pass,
        ..behaves(Aspect::Exit, "server")
    };
    check("what passed has none", &[("one", vec![passed])], "-");
}
