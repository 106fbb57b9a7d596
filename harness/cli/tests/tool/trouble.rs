//! Trouble of the machine reaches scripts and platforms as an error, and never as a number.

use std::fs;
use std::process::Command;

use predicates::prelude::*;
use predicates::str::contains;

use crate::common::{GOOD, Workdir};

#[test]
fn doctor_says_by_its_status_whether_anything_can_be_graded_here() {
    let workdir = Workdir::with(&[]);
    let doctor = || {
        let mut command = workdir.ipclab();
        command.arg("doctor");
        command
    };
    doctor().assert().code(0).stdout(contains("grading: works"));
    // The sandbox works, and there is no compiler.
    doctor()
        .env("PATH", "/nowhere")
        .assert()
        .code(3)
        .stdout(contains("NOTHING CAN BE GRADED HERE").and(contains("no C compiler")));
}

/// Runs the package's `run_autograder` with a stand-in for the tool. Gives its status.
fn autograder(results: Option<&str>, status: i32) -> Option<i32> {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    let mut package = workdir.ipclab();
    package
        .args(["package", "gradescope", "--lab", "./greet.toml"])
        .args(["-o", "autograder.zip", "--tool", "/usr/bin/true"])
        .assert()
        .code(0);
    let archive = fs::File::open(workdir.path("autograder.zip")).expect("the zip");
    let mut archive = zip::ZipArchive::new(archive).expect("a zip");
    let script = archive.by_name("run_autograder").expect("the script");
    let script = std::io::read_to_string(script).expect("text");
    let here = workdir.path("autograder");
    let script = script.replace("cd /autograder", &format!("cd {}", here.display()));
    workdir.write("autograder/run_autograder", script);
    let write = match results {
        Some(text) => format!("echo '{text}' > results/results.json"),
        None => String::new(),
    };
    let tool = format!("#!/bin/bash\n{write}\nexit {status}\n");
    workdir.script("autograder/source/ipclab", &tool);
    // What an earlier run left is no result of this one.
    workdir.write("autograder/results/results.json", "{\"score\": 7}");
    let mut bash = Command::new("bash");
    let ended = bash.arg(here.join("run_autograder")).output();
    let code = ended.expect("a run").status.code();
    let left = fs::read_to_string(here.join("results/results.json")).ok();
    assert_eq!(left.as_deref().map(str::trim), results);
    code
}

#[test]
fn the_autograder_for_gradescope_fails_where_something_could_not_be_graded() {
    let check = |results: Option<&str>, status: i32, expected: i32| {
        assert_eq!(
            autograder(results, status),
            Some(expected),
            "{results:?} {status}"
        );
    };
    check(Some("{\"score\": 4}"), 0, 0);
    check(Some("{\"score\": 1}"), 1, 0);
    check(Some("{\"output\": \"ERROR\"}"), 3, 1);
    check(None, 2, 1);
    check(None, 0, 1);
}

#[test]
fn points_that_were_lost_are_no_trouble_of_classroom_50() {
    let workdir = Workdir::with(&[("hello.c", super::grade::class::WRONG)]);
    workdir
        .check()
        .args(["--format", "classroom50", "-o", "result.json"])
        .assert()
        .code(0);
    let text = fs::read_to_string(workdir.path("result.json")).expect("a result");
    assert!(text.contains("\"score\": 0"), "{text}");
}

#[test]
fn what_was_not_handed_in_or_not_opened_is_no_number_in_an_export() {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", GOOD);
    workdir.write("class/bob.zip", "no zip at all");
    workdir.write(
        "students.csv",
        "login,name\nada,Ada L\nbob,Bob B\nzoe,Zoe Z\n",
    );
    let mut grade = workdir.ipclab();
    grade
        .args(["grade", "class", "--spec", "greet.toml", "-o", "out"])
        .args(["--roster", "students.csv", "--from", "folders"])
        .assert()
        .code(3);
    let sheet = "Student,ID,SIS Login ID,Section,A greeting (7)\nAda L,1,ada,,\nBob B,2,bob,,\nZoe Z,3,zoe,,\n";
    workdir.write("grades.csv", sheet);
    let export = || {
        let mut export = workdir.ipclab();
        export.args(["export", "canvas", "out", "--fill", "grades.csv"]);
        export.assert().code(0)
    };
    let filled = |zoe: &str| {
        let filled = sheet.replace("ada,,", "ada,,4");
        filled.replace("zoe,,", &format!("zoe,,{zoe}"))
    };
    export()
        .stdout(filled(""))
        .stderr(contains("bob").or(contains("Bob")));
    // More than there is to earn is a slip of the hand.
    workdir.write("out/class.toml", "not-handed-in = 40\n");
    export().stdout(filled("")).stderr(contains(
        "not-handed-in = 40 of class.toml is not applied: it is more than the 4 points",
    ));
    workdir.write("out/class.toml", "not-handed-in = 0\n");
    export()
        .stdout(filled("0"))
        .stderr(contains("1 of what was not handed in, as class.toml says"));
}
