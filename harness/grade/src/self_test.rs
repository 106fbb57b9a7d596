//! Whether anything can be graded on this machine: a right program, graded from its source to its verdict.

use std::fs;

use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::materialise;
use ipclab_intake::store::Store;
use ipclab_judge::Verdict;
use ipclab_verdict as verdict;

use crate::grade::{self, Grader};
use crate::labs;
use crate::progress::Silent;
use crate::selection::{Caches, RunConfig, Selection};

/// A lab of one program, and the program: what can grade these can grade.
const SPEC: &str = r#"
format = 1
lab    = "doctor"
title  = "A program that says Hello"
limit  = "10s"

[program.hello]
source = ["hello.c"]

[[case]]
id     = "hello"
title  = "the program says Hello"
tier   = "core"
points = { output = 1 }
covers = ["Q1"]
hint   = "Nothing is wrong with it."
[case.actor.hello]
student = "hello"
exit    = 0
stdout.lines = ["Hello"]
"#;
const SOURCE: &str = "#include <stdio.h>\nint main(void) { puts(\"Hello\"); return 0; }\n";

/// Grades a right program from its source to its verdict; an error says why that cannot be done here.
///
/// # Errors
/// Why not, in words.
pub fn grade_one() -> Result<(), String> {
    let words = |failure: Failure| failure.to_string();
    let lab = labs::parse("doctor.toml".to_owned(), SPEC.to_owned(), Vec::new(), None);
    let lab = lab.map_err(words)?;
    let store = Store::open().map_err(words)?;
    let part = store.part("doctor").map_err(words)?;
    let folder = tempfile::tempdir()
        .and_then(|folder| fs::write(folder.path().join("hello.c"), SOURCE).map(|()| folder))
        .map_err(|error| format!("writing a program to try: {}", reason(&error)))?;
    let submission = materialise::take_in(folder.path(), &part).map_err(words)?;
    let grader = Grader {
        lab: &lab,
        store: &part,
        selection: &Selection::default(),
        config: &RunConfig {
            use_cache: false,
            ..RunConfig::default()
        },
        caches: &Caches::default(),
    };
    let record = grade::grade(&grader, &submission, &Silent).map_err(words)?;
    let report = verdict::report(&lab.spec, &record);
    let mut problems = report.programs.iter();
    if let Some(problem) = problems.find_map(|program| program.problem.as_ref()) {
        return Err(format!(
            "a right program could not be built: {}",
            problem.message
        ));
    }
    let mut cases = report.cases.iter();
    let Some(case) = cases.find(|case| case.verdict != Verdict::Pass) else {
        return Ok(());
    };
    let mut findings = case.findings.iter();
    let finding = findings.find(|finding| finding.verdict != Verdict::Pass);
    Err(finding.map_or_else(
        || "a right program did not pass".to_owned(),
        |finding| format!("a right program did not pass: {}", finding.message),
    ))
}
