//! Every machine form, read back by parsers that are not ours, from reports full of what hurts.

use ipclab_report::testing::build::{about, report};
use ipclab_report::testing::forms::{all_hold, sample};
use ipclab_report::{
    Audience, Line, Report, classroom50, csv, ctrf, github, gradescope, html, junit, markdown, tap,
};
use ipclab_spec::Visibility;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

/// Text with more than its share of what means something to one of the forms.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = [
        "</pre></svg><script>alert(1)</script>",
        "\" onload=\"x",
        "]]>",
        "<!--",
        "-->",
        "&amp;&#0;",
        "\u{fffe}\u{ffff}\0\u{1b}[31m",
        "```\n# pass\n~~~",
        "[a](http://x.example) ![](y) <b> **x** __y__ |",
        "@everybody #1 www.example.com https://example.com :bomb:",
        "=HYPERLINK(\"http://x\")",
        "\n::error::x\r::stop-commands::y",
        "%0A%25:,",
        "\nnot ok 1 - x # TODO\nBail out!\n1..99",
        "\\# SKIP",
        "{{ 7 * 7 }}{% raw %}",
        "\n  ...\n  ---\n",
        "1. one\n- two",
        ",;\t\"a\"\"",
    ];
    let piece = prop_oneof![
        any::<String>(),
        "[ -~]{0,10}",
        proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

#[test]
fn every_form_of_a_report_with_everything_in_it() {
    all_hold(&sample("49 bytes, not 48"));
    all_hold(&sample("49 bytes, not 48").seen_by(Audience::Students));
}

#[test]
fn a_report_of_nothing_is_no_success_in_any_form() {
    let nothing = report(&about(), Vec::new(), &[]);
    assert!(tap::render(&nothing).contains("1..0 # SKIP"));
    assert!(markdown::render(&nothing).contains("No case was graded"));
    assert!(html::render(&nothing).contains("No case was graded"));
    assert!(gradescope::render(&nothing).contains("No case was graded"));
    roxmltree::Document::parse(&junit::render(&nothing)).unwrap();
}

#[test]
fn a_cause_that_only_hidden_cases_show_is_withheld_with_them() {
    let mut whole = sample("49 bytes, not 48");
    let hidden = |report: &Report, case: &Line| {
        let mut cases = report.cases.iter();
        cases.any(|one| one.id == *case && one.visibility != Visibility::Visible)
    };
    // Each case gets a cause of its own.
    for (n, case) in whole.cases.iter_mut().enumerate() {
        for finding in &mut case.findings {
            finding.cause = finding.cause.map(|_| u32::try_from(n).unwrap() + 1);
        }
    }
    let staff = whole.seen_by(Audience::Staff);
    assert_eq!(staff, whole, "nothing is taken from staff");
    let seen = whole.seen_by(Audience::Students);
    assert!(!seen.causes.is_empty());
    for (n, cause) in seen.causes.iter().enumerate() {
        assert_eq!(cause.number as usize, n + 1);
        assert!(
            cause.cases.iter().all(|case| !hidden(&whole, case)),
            "{cause:?}"
        );
        assert!(!hidden(&whole, &cause.case), "{cause:?}");
    }
}

#[test]
fn what_students_may_not_see_is_in_no_form_of_theirs() {
    let seen = sample("x").seen_by(Audience::Students);
    let run = github::Run::default();
    let forms = [
        ipclab_report::json::render(&seen),
        html::render(&seen),
        junit::render(&seen),
        csv::render(&seen),
        markdown::render(&seen),
        tap::render(&seen),
        ctrf::render(&seen),
        github::render(&seen, &run),
        classroom50::render(&seen, &classroom50::About::default()),
        ipclab_report::terminal::render(&seen, &ipclab_report::terminal::Style::default()),
        ipclab_report::terminal::render_short(&seen, &ipclab_report::terminal::Style::default()),
    ];
    for form in &forms {
        for secret in ["sesame", "secret failed", "shown later", "in-time"] {
            assert!(!form.contains(secret), "{secret} in {form}");
        }
    }
    assert_eq!((seen.score.earned, seen.score.max), (2, 12));
    let withheld = seen.withheld.unwrap();
    assert_eq!((withheld.cases, withheld.max), (2, 10));
    for shown in [&forms[1], &forms[4], &forms[9]] {
        assert!(
            shown.contains("2 cases, 10 points, are not shown here"),
            "{shown}"
        );
    }
    let later = sample("x").seen_by(Audience::StudentsAfterDeadline);
    assert_eq!(later.score.earned, 5);
    assert!(html::render(&later).contains("shown later"));
    assert!(!html::render(&later).contains("sesame"));
    assert_eq!(sample("x").seen_by(Audience::Staff), sample("x"));
    // Gradescope gets everything, and is told to whom it may show it; what is above all tests is seen by all.
    let scope: Value = serde_json::from_str(&gradescope::render(&sample("x"))).unwrap();
    assert!(!scope["output"].as_str().unwrap().contains("1 passed"));
    // One of the cases could not be graded.
    assert_eq!(scope.get("score"), None);
}

#[test]
fn points_of_aspects_are_listed() {
    let report = sample("x");
    let json: Value = serde_json::from_str(&ipclab_report::json::render(&report)).unwrap();
    assert_eq!(
        json.pointer("/cases/0/parts/1"),
        Some(&serde_json::json!({"aspect": "exit", "earned": 2, "max": 2}))
    );
    assert!(json.pointer("/cases/1/parts").is_none());
    assert!(html::render(&report).contains("exit 2/2"));
    assert!(junit::render(&report).contains("name=\"points.exit\" value=\"2 of 2\""));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, rng_seed: RngSeed::Fixed(0x1bc), ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_students_write_breaks_a_form(text in nasty()) {
        all_hold(&sample(&text));
    }
}
