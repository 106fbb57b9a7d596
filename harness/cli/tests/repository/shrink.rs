//! Random inputs: what they find, the smallest that shows it, and that a seed repeats it.

use std::collections::BTreeSet;
use std::fs;

use crate::common::{Workdir, json, submission};
use assert_cmd::Command;
use predicates::str::contains;
use serde_json::Value;

/// A program that says a line again, and random lines for it.
const SPEC: &str = r#"
format = 1
lab    = "again"
title  = "Says a line again"
unit   = ["Q1"]
limit  = "10s"

[program.again]
source    = ["again.c"]
reference = { source = ["ref/again.c"] }

[[case]]
id     = "any-line"
title  = "any line is said again"
tier   = "robust"
points = { output = 2, exit = 1 }
covers = ["Q1"]
hint   = "How long can a line be?"
runs   = 20
oracle = "reference"
vary.text = { length = "0..100", of = "printable" }
[case.actor.speaker]
student = "again"
stdin   = "{{text}}\n"
exit    = 0
stdout.lines = ["<{{text}}>"]
"#;

/// The program with a buffer of `room` bytes.
fn program(room: usize) -> String {
    format!(
        "#include <stdio.h>\n#include <string.h>\n\
         int main(void) {{\n  char line[{room}];\n\
         \x20 if (!fgets(line, sizeof line, stdin)) return 1;\n\
         \x20 line[strcspn(line, \"\\n\")] = 0;\n  printf(\"<%s>\\n\", line);\n  return 0;\n}}\n"
    )
}

/// A workdir with the program in a buffer of `room` bytes, and a reference that has room for everything.
fn workdir(room: usize) -> Workdir {
    let workdir = Workdir::with(&[("again.c", &program(room))]);
    workdir.write("again.toml", SPEC);
    workdir.write("ref/again.c", program(400));
    workdir
}

fn check(workdir: &Workdir, seed: u64) -> Command {
    let mut command = workdir.ipclab();
    command
        .args(["check", "work", "--spec", "again.toml", "--format", "json"])
        .args(["--seed", &seed.to_string()]);
    command
}

/// Checks with a seed; gives the case's report.
#[track_caller]
fn failed_case(workdir: &Workdir, seed: u64) -> Value {
    let output = check(workdir, seed).output().unwrap();
    let report = json(&output);
    assert_eq!(output.status.code(), Some(1), "seed {seed}: {report:#}");
    report["cases"][0].clone()
}

/// What the report says in a note that begins or goes on like this.
#[track_caller]
fn note<'a>(case: &'a Value, words: &str) -> &'a str {
    let notes = case["notes"].as_array().unwrap().iter();
    let mut notes = notes.filter_map(|note| note.as_str().or(note["text"].as_str()));
    let found = notes.find(|note| note.contains(words));
    found.unwrap_or_else(|| panic!("no note says {words:?}: {:#}", case["notes"]))
}

/// The case that a report offers for pasting.
fn pasted(case: &Value) -> String {
    let note = note(case, "as a case of its own");
    let (_, case) = note.split_once("\n\n").expect(note);
    case.to_owned()
}

/// The text that the pasted case feeds to the program.
fn fed(case: &str) -> String {
    let spec: toml::Table = toml::from_str(case).unwrap_or_else(|error| panic!("{error}: {case}"));
    let stdin = &spec["case"][0]["actor"]["speaker"]["stdin"];
    let line = stdin.as_str().unwrap();
    line.strip_suffix('\n').unwrap_or(line).to_owned()
}

/// With every seed the first line that fails is found, shrunk to `shortest` characters, and blamed on the output alone.
fn found_and_shrunk(room: usize, shortest: usize, seeds: std::ops::Range<u64>) {
    let workdir = workdir(room);
    // What is asked here needs no second opinion.
    workdir.write("again.toml", SPEC.replace("oracle = \"reference\"\n", ""));
    let mut drawn = BTreeSet::new();
    for seed in seeds.clone() {
        let case = failed_case(&workdir, seed);
        let aspects: BTreeSet<&str> = case["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["verdict"] == "fail")
            .map(|finding| finding["aspect"].as_str().unwrap())
            .collect();
        assert_eq!(aspects, BTreeSet::from(["output"]), "seed {seed}");
        let line = fed(&pasted(&case));
        assert_eq!(line, "a".repeat(shortest), "seed {seed}, room for {room}");
        let note = note(&case, &format!("drawn with seed {seed}: "));
        let (_, values) = note.split_once(&format!("seed {seed}: ")).unwrap();
        drawn.insert(values.to_owned());
    }
    assert_eq!(
        drawn.len() as u64,
        seeds.end - seeds.start,
        "each seed draws its own"
    );
}

// fgets() leaves room for the newline and the NUL or not: 100 bytes hold a line of 99 characters, 99 one of 98.

#[test]
fn what_only_100_characters_show_is_found_and_shrunk() {
    found_and_shrunk(100, 100, 0..10);
}

#[test]
fn what_only_99_and_100_characters_show_is_found_and_shrunk() {
    found_and_shrunk(99, 99, 50..60);
}

#[test]
#[ignore = "takes minutes: cargo test --workspace -- --ignored every_seed"]
fn what_only_100_characters_show_is_found_with_every_seed_and_shrunk() {
    found_and_shrunk(100, 100, 0..50);
}

#[test]
#[ignore = "takes minutes: cargo test --workspace -- --ignored every_seed"]
fn what_only_99_and_100_characters_show_is_found_with_every_seed_and_shrunk() {
    found_and_shrunk(99, 99, 50..100);
}

#[test]
fn what_is_offered_for_pasting_is_a_case_that_fails_by_itself() {
    let workdir = workdir(100);
    let case = pasted(&failed_case(&workdir, 7));
    workdir.write("again.toml", format!("{SPEC}\n{case}"));
    workdir
        .ipclab()
        .args(["spec", "check", "again.toml"])
        .assert()
        .success();
    let alone = |code: i32| {
        workdir
            .ipclab()
            .args(["check", "work", "--spec", "again.toml"])
            .args(["--case", "any-line-smallest"])
            .assert()
            .code(code)
    };
    alone(1).stdout(contains("any-line-smallest failed"));
    // One character less in the line, and it holds: it was the shortest.
    let shorter = case.replacen("\\n", "", 1).replacen("aa\"", "a\\n\"", 1);
    let shorter = shorter.replacen("a>", ">", 1);
    assert_eq!(fed(&shorter).len(), 99, "{shorter}");
    workdir.write("again.toml", format!("{SPEC}\n{shorter}"));
    alone(0);
}

#[test]
fn a_seed_repeats_byte_for_byte_and_another_draws_something_else() {
    let workdir = workdir(100);
    let report = |seed| check(&workdir, seed).output().unwrap().stdout;
    let first = report(11);
    assert!(!first.is_empty());
    assert_eq!(
        String::from_utf8(first.clone()).unwrap(),
        String::from_utf8(report(11)).unwrap()
    );
    assert_ne!(first, report(12));
    // All runs, not only those up to the first that fails.
    workdir.write("work/again.c", program(400));
    let lines = |seed: &str, folder: &str| -> Vec<String> {
        workdir
            .ipclab()
            .args(["check", "work", "--spec", "again.toml", "--seed", seed])
            .args(["--keep", folder])
            .assert()
            .code(0);
        let run = |n| {
            let file = workdir
                .path(folder)
                .join(format!("any-line/run-{n}/plan.json"));
            let plan: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
            plan["actors"][0]["stdin"].to_string()
        };
        (1..=20).map(run).collect()
    };
    let drawn = lines("11", "a");
    assert_eq!(drawn, lines("11", "b"));
    let other = lines("12", "c");
    let same = drawn.iter().zip(&other).filter(|(a, b)| a == b).count();
    // An empty line is an empty line.
    assert!(same <= 2, "{drawn:?}\n{other:?}");
}

#[test]
fn the_repeat_command_carries_the_seed() {
    let workdir = workdir(100);
    let case = failed_case(&workdir, 23);
    let repeat = case["repeat"].as_str().unwrap();
    assert!(repeat.contains("--seed 23"), "{repeat}");
}

#[test]
fn random_lines_find_the_labs_own_off_by_one() {
    let workdir = Workdir::with(&[]);
    let submission = submission("tcp-echo", "rejected/client-fgets-99");
    for seed in 0..3 {
        let output = workdir
            .ipclab()
            .args(["check", submission.to_str().unwrap(), "--lab", "tcp-echo"])
            .args(["--case", "any-line", "--format", "json"])
            .args(["--seed", &seed.to_string()])
            .output()
            .unwrap();
        let report = json(&output);
        let case = &report["cases"][0];
        assert_eq!(case["verdict"], "fail", "{report:#}");
        let spec: toml::Table = toml::from_str(&pasted(case)).unwrap();
        let line = spec["case"][0]["actor"]["client"]["stdin"]
            .as_str()
            .unwrap();
        assert_eq!(line, format!("{}\n", "a".repeat(99)), "seed {seed}");
    }
}
