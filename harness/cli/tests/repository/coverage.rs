//! Everything that the unit asks is tested by a case or marked as waiting for one; the document says the same.

use std::fs;

use crate::common::{SPEC, Workdir, top};
use predicates::str::contains;

#[test]
fn everything_that_the_unit_asks_is_tested_or_marked() {
    let workdir = Workdir::with(&[]);
    let output = workdir.ipclab().arg("coverage").output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for question in ["Q1 ", "Q6 ", "Q15 "] {
        assert!(text.contains(question), "{text}");
    }
}

#[test]
fn the_document_is_fresh() {
    let workdir = Workdir::with(&[]);
    let output = workdir
        .ipclab()
        .args(["coverage", "--format", "markdown"])
        .output()
        .expect("it runs");
    let file = top().join("specs/COVERAGE.md");
    assert!(
        fs::read(&file).expect("it is there") == output.stdout,
        "write it anew: ipclab coverage --format markdown > specs/COVERAGE.md"
    );
}

#[test]
fn a_case_that_covers_no_question_is_reported_where_the_list_is_known() {
    let workdir = Workdir::with(&[]);
    let spec = SPEC.replacen("covers = [\"Q1\"]", "covers = [\"Q1.greting\"]", 1);
    workdir.write("greet.toml", &spec);
    // There is no list of what the unit asks.
    workdir
        .ipclab()
        .args(["spec", "check", "greet.toml"])
        .assert()
        .success();
    workdir.write(
        "unit.toml",
        "[[question]]\nid = \"Q1\"\ntitle = \"one\"\nrequirements = [{ id = \"greeting\", tier = \"core\", asks = \"A word\" }]\n",
    );
    workdir
        .ipclab()
        .args(["spec", "check", "greet.toml"])
        .assert()
        .code(2)
        .stderr(contains("the unit has no requirement `Q1.greting`"))
        .stderr(contains("did you mean `Q1.greeting`?"))
        .stderr(contains("the unit has no requirement `Q1`"))
        .stderr(contains("Q1 has Q1.greeting"));
    workdir.write(
        "greet.toml",
        SPEC.replace("[\"Q1\"]", "[\"Q1.greeting\"]")
            .replace("unit   = [\"Q1.greeting\"]", "unit = [\"Q1\"]"),
    );
    workdir
        .ipclab()
        .args(["spec", "check", "greet.toml"])
        .assert()
        .success();
}
