//! Results tried again, and what they hang on.

use std::fs;

use predicates::prelude::*;
use predicates::str::contains;

use super::class::{WRONG, grade};
use super::evening::graded;

#[test]
fn a_result_is_tried_again_and_compared() {
    let workdir = graded();
    let verify = |args: &[&str]| workdir.ipclab().args(["verify", "out"]).args(args).assert();
    let before = fs::read(workdir.path("out/results.jsonl")).expect("results");
    verify(&[]).code(0).stdout(contains(
        "4 of 4 came out the same, by the same tool, spec and options.",
    ));
    verify(&["bob"])
        .code(0)
        .stdout(contains("bob: the same\n1 of 1"));
    // By a name as well as by an id, and once however often it is named.
    verify(&["BOB", "bob"])
        .code(0)
        .stdout(contains("bob: the same\n1 of 1"));
    // A student's name, in whatever order and with accents or without.
    verify(&["Oz Cem"])
        .code(0)
        .stdout(contains("cem: the same\n1 of 1"));
    verify(&["eve"])
        .code(2)
        .stderr(contains("no result of \"eve\""));
    // Another spec comes to another mark.
    let spec = fs::read_to_string(workdir.path("greet.toml")).expect("the spec");
    workdir.write(
        "greet.toml",
        spec.replace("lines = [\"Hello\"]", "lines = [\"Bye\"]"),
    );
    verify(&["ada"])
        .code(1)
        .stdout(contains("greets: 3 (pass) -> 1 (fail)").and(contains("graded by another spec")));
    workdir.write("greet.toml", spec);
    workdir.write("class/ada/hello.c", WRONG);
    verify(&["ada"]).code(3).stdout(contains(
        "ada: not tried, what lies there now is not what was graded",
    ));
    assert_eq!(
        fs::read(workdir.path("out/results.jsonl")).expect("results"),
        before
    );
}

/// A submission that names a program of a toolchain gets another result without it.
#[test]
fn a_toolchain_is_part_of_what_a_result_hangs_on() {
    let workdir = graded();
    workdir.script("tools/bin/frobnicate", "#!/bin/sh\n");
    grade(&workdir, "out")
        .args(["--roster", "roster.csv", "--toolchain", "tools"])
        .assert()
        .stderr(contains("toolchains").and(contains("tools instead of none")));
}
