//! Plain cases: whatever values a run had, the case that is shown for it can be pasted into its spec.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ipclab_spec::{Case, Spec, parse};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

type Values = BTreeMap<String, String>;

/// The specs of all labs, with their texts.
fn labs() -> Vec<(String, Spec)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let mut labs = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        if let Ok(parsed) = parse("lab.toml", &text) {
            labs.push((text, parsed.spec));
        }
    }
    assert!(labs.len() >= 4, "the labs' specs are where they were");
    labs
}

/// Pastes the plain case at the end of its spec and reads it back.
fn pasted(spec: &str, case: &Case, values: &Values) -> Case {
    let plain = case.plain(values);
    let whole = format!("{spec}\n\n{plain}");
    match parse("pasted.toml", &whole) {
        Ok(parsed) => parsed
            .spec
            .case(&format!("{}-smallest", case.id))
            .unwrap()
            .clone(),
        Err(mistakes) => panic!("{plain}\n{mistakes}"),
    }
}

/// What is left when everything is taken away in which a plain case is meant to differ.
fn comparable(case: &Case) -> Case {
    Case {
        id: String::new(),
        line: 0,
        text: String::new(),
        vary: Vec::new(),
        runs: 1,
        oracle: false,
        ..case.clone()
    }
}

/// Steps keep their author's text only where nothing was filled in: what they do is what counts.
fn without_step_texts(mut case: Case) -> Case {
    for actor in &mut case.actors {
        if let ipclab_spec::Player::Peer { steps } = &mut actor.player {
            for step in steps {
                step.text = step.action.to_string();
            }
        }
    }
    case
}

#[test]
fn every_case_of_every_lab_can_be_pasted() {
    for (text, spec) in labs() {
        for case in &spec.cases {
            let values: Values = case
                .vary
                .iter()
                .map(|variable| (variable.name.clone(), "3".to_owned()))
                .collect();
            let back = pasted(&text, case, &values);
            assert_eq!(
                without_step_texts(comparable(&back)),
                without_step_texts(comparable(&case.filled(&values))),
                "{}",
                case.id
            );
        }
    }
}

const SPEC: &str = r#"
format = 1
lab    = "l"
title  = "t"
unit   = ["Q1"]
[program.p]
source    = ["p.c"]
reference = "p"

[[case]]
id     = "base"
title  = "base"
tier   = "core"
points = 1
covers = ["Q1"]
runs   = 9
vary.v = { length = "0..500", of = "any" }
[case.given]
files."/tmp/a b" = "x{{v}}y"
[case.actor.a]
student = "p 'one {{v}}' {{v}}"
stdin   = "{{v}}"
exit    = 0
stdout.contains = ["<{{v}}>{{any}}{{a.sent}}"]
stdout.lines    = ["{{v}}{{int}}"]

[[case]]
id     = "any-text"
like   = "base"
title  = "inherited"
[case.actor.b]
peer = ["connect tcp:12345", "send '{{v}}' in pieces of 3", "recv \"a{{v}}\"", "close"]
[case.wire]
"a -> b" = ["{{v}}", "-{{v}}-"]
"b -> a" = { received = ["{{v}}"] }
"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, rng_seed: RngSeed::Fixed(0x1bc), ..ProptestConfig::default() })]

    #[test]
    fn no_value_breaks_the_pasted_case(value in "([{}'\"\\\\.#$ \\t\u{7f}\u{e9}\u{202e}\u{1f600}a-z0-9]|\\.\\.\\.|\\{\\{){0,120}") {
        let spec = parse("l.toml", SPEC).unwrap().spec;
        let case = spec.case("any-text").unwrap();
        let values = Values::from([("v".to_owned(), value)]);
        let back = pasted(SPEC, case, &values);
        prop_assert_eq!(
            without_step_texts(comparable(&back)),
            without_step_texts(comparable(&case.filled(&values)))
        );
    }

    #[test]
    fn lines_fit_a_terminal(value in "[ -~]{0,500}") {
        let spec = parse("l.toml", SPEC).unwrap().spec;
        let plain = spec.case("any-text").unwrap().plain(&Values::from([("v".to_owned(), value)]));
        for line in plain.lines() {
            prop_assert!(line.chars().count() <= 76, "{}", line);
        }
    }
}
