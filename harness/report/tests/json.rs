//! The machine format: what it promises, checked on the text itself and not through the types that wrote it.

use ipclab_judge::{DiffLine, Difference, Verdict};
use ipclab_report::testing::build::{JudgedCase, Trace, about, case, finding, programs, report};
use ipclab_report::{Report, json};
use ipclab_spec::{Aspect, Points, Tier};
use serde_json::{Value, json};
use snapbox::{IntoData, assert_data_eq, file};

fn sample() -> Report {
    let mut first = case(
        "echo-one",
        "your server echoes",
        Tier::Core,
        Points::Whole(5),
    );
    first.hint = Some("strlen + 1".into());
    let mut bytes = finding(Aspect::Bytes, Verdict::Fail, "48 bytes, not 49");
    bytes.cites = vec![8];
    bytes.expected = Some("49".into());
    bytes.seen = Some("48".into());
    bytes.difference = Some(Difference::Byte {
        offset: 48,
        expected: "6c 21 00".into(),
        seen: "6c 21".into(),
    });
    let mut output = finding(Aspect::Output, Verdict::Pass, "printed");
    output.graded = false;
    output.actor = None;
    let mut lines = finding(Aspect::Output, Verdict::Unknown, "nobody knows");
    lines.difference = Some(Difference::Lines(vec![
        DiffLine::Elided(3),
        DiffLine::Same("a".into()),
        DiffLine::Missing("b".into()),
        DiffLine::Extra("c".into()),
    ]));
    let mut trace = Trace::new(&["server", "client"]);
    let (client, served) = trace.connected();
    trace.send(client, b"hello\0");
    trace.recv(served, b"hel");
    let mut failed =
        JudgedCase::new(first, Verdict::Fail, 3, vec![bytes, output, lines]).with(trace.0);
    failed.notes = vec!["failed in 2 of 3 runs".into()];
    let skipped = JudgedCase::new(
        case("later", "skipped", Tier::Robust, Points::Whole(2)),
        Verdict::Skipped,
        0,
        vec![finding(Aspect::Build, Verdict::Skipped, "echo-one failed")],
    );
    report(
        &about(),
        programs(),
        &[
            failed,
            JudgedCase::passed("two", "two", Tier::Robust, 4),
            skipped,
        ],
    )
}

#[test]
fn the_whole_text() {
    assert_data_eq!(
        json::render(&sample()).into_data().raw(),
        file!["snapshots/report.json"].raw()
    );
}

#[test]
fn reading_gives_back_what_was_written() {
    let report = sample();
    assert_eq!(json::parse(&json::render(&report)).unwrap(), report);
}

/// The promise of version 1, field by field.
#[test]
fn promised_fields() {
    let text: Value = serde_json::from_str(&json::render(&sample())).unwrap();
    let expect = |at: &str, expected: Value| assert_eq!(text.pointer(at), Some(&expected), "{at}");
    expect("/schema", json!("ipclab/report/v1"));
    expect("/lab", json!("tcp-echo"));
    expect("/isolation", json!("namespaces"));
    expect("/score/earned", json!(7));
    expect("/score/max", json!(11));
    expect(
        "/score/tiers/core",
        json!({"earned": 3, "max": 5, "unknown": 0}),
    );
    expect(
        "/score/tiers/robust",
        json!({"earned": 4, "max": 6, "unknown": 0}),
    );
    expect("/cases/0/id", json!("echo-one"));
    expect("/cases/0/title", json!("your server echoes"));
    expect("/cases/0/tier", json!("core"));
    expect("/cases/0/verdict", json!("fail"));
    expect("/cases/0/earned", json!(3));
    expect("/cases/0/max", json!(5));
    expect("/cases/0/hint", json!("strlen + 1"));
    expect("/cases/0/findings/0/aspect", json!("bytes"));
    expect("/cases/0/findings/0/verdict", json!("fail"));
    expect("/cases/0/findings/0/message", json!("48 bytes, not 49"));
    expect("/cases/1/verdict", json!("pass"));
    expect("/cases/2/verdict", json!("skipped"));
    assert_eq!(
        text["score"]["tiers"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["core", "robust"]
    );
}

#[test]
fn a_passed_case_is_the_same_on_every_run() {
    let mut done = JudgedCase::passed("two", "two", Tier::Core, 4);
    done.evidence = Some(Trace::new(&["server", "client"]).0);
    assert_eq!(
        report(&about(), programs(), &[done]).cases[0].conversation,
        None
    );
}

#[test]
fn fields_that_came_later_do_not_disturb() {
    let mut text: Value = serde_json::from_str(&json::render(&sample())).unwrap();
    text["colour"] = json!("blue");
    text["cases"][0]["weight"] = json!(1);
    assert_eq!(json::parse(&text.to_string()).unwrap(), sample());
}

#[test]
fn what_is_no_report_is_refused() {
    let check = |change: fn(&mut Value), expected: &str| {
        let mut text: Value = serde_json::from_str(&json::render(&sample())).unwrap();
        change(&mut text);
        let error = json::parse(&text.to_string()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(
        |text| text["schema"] = json!("ipclab/report/v2"),
        "ipclab/report/v2",
    );
    check(
        |text| text["score"]["tiers"]["hard"] = json!({"earned": 0, "max": 1}),
        "no tier is called \"hard\"",
    );
    check(|text| text["cases"][0]["verdict"] = json!("great"), "great");
    check(|text| *text = json!([]), "not a report");
    assert!(json::parse("").is_err());
}

#[test]
fn exit_codes() {
    let done = |verdict, earned| {
        let findings = vec![finding(Aspect::Output, verdict, "x")];
        JudgedCase::new(
            case("one", "one", Tier::Core, Points::Whole(5)),
            verdict,
            earned,
            findings,
        )
    };
    let check = |done: &[JudgedCase], expected: u8| {
        assert_eq!(report(&about(), programs(), done).exit_code(), expected);
    };
    check(&[done(Verdict::Pass, 5)], 0);
    check(&[done(Verdict::Fail, 3)], 1);
    check(&[done(Verdict::Pass, 5), done(Verdict::Skipped, 0)], 1);
    check(&[done(Verdict::Unknown, 0)], 3);
    check(&[done(Verdict::Fail, 0), done(Verdict::Unknown, 0)], 3);
    check(&[], 3);
}
