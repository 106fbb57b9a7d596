//! Gradescope's `results.json`.
//!
//! It decides itself what students see and when, so this is rendered from the whole report and carries each case's
//! visibility. `status` is always said: a test of 0 points counts as passed otherwise.
//!
//! Where a case could not be graded there is no score at all, neither above the tests nor in them: Gradescope then reports
//! that the autograder failed, and shows what stands in `output`.

use ipclab_judge::Verdict;
use ipclab_spec::Visibility;
use serde::Serialize;

use crate::rows::{Test, tests};
use crate::{Report, words};

/// All that Gradescope reads.
#[derive(Serialize)]
struct Results {
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u32>,
    output: String,
    output_format: &'static str,
    test_output_format: &'static str,
    test_name_format: &'static str,
    visibility: &'static str,
    stdout_visibility: &'static str,
    extra_data: Extra,
    tests: Vec<One>,
    leaderboard: Vec<Place>,
}

#[derive(Serialize)]
struct One {
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u32>,
    max_score: u32,
    status: &'static str,
    name: String,
    name_format: &'static str,
    number: String,
    output: String,
    output_format: &'static str,
    tags: Vec<String>,
    visibility: &'static str,
    extra_data: TestExtra,
}

#[derive(Serialize)]
struct Extra {
    schema: &'static str,
    lab: String,
    unknown: u32,
}

#[derive(Serialize)]
struct TestExtra {
    verdict: &'static str,
}

#[derive(Serialize)]
struct Place {
    name: String,
    value: u32,
    order: &'static str,
}

/// Writes the results.
#[must_use]
pub fn render(report: &Report) -> String {
    let mark = report.mark().final_points();
    let mut numbers: Vec<(String, u32)> = Vec::new();
    let tests = tests(report)
        .iter()
        .map(|test| {
            let group = test.case.map_or("build", |case| case.tier.name());
            let one = one(test, number(&mut numbers, group));
            One {
                // Without a score above all, the sum of these would be taken for one.
                score: one.score.filter(|_| mark.is_some()),
                ..one
            }
        })
        .collect();
    let results = Results {
        score: mark,
        output: summary(report),
        output_format: "text",
        test_output_format: "text",
        test_name_format: "text",
        visibility: "visible",
        // What the autograder itself printed would tell of cases that are hidden.
        stdout_visibility: "hidden",
        extra_data: Extra {
            schema: crate::Schema::NAME,
            lab: report.lab.to_string(),
            unknown: report.score.unknown,
        },
        tests,
        leaderboard: Vec::new(),
    };
    let mut text = serde_json::to_string_pretty(&results)
        .unwrap_or_else(|error| serde_json::json!({ "output": error.to_string() }).to_string());
    text.push('\n');
    text
}

/// `1.3`: the third of the first group.
fn number(numbers: &mut Vec<(String, u32)>, group: &str) -> String {
    let at = match numbers.iter().position(|(known, _)| known == group) {
        Some(at) => at,
        None => {
            numbers.push((group.to_owned(), 0));
            numbers.len() - 1
        }
    };
    numbers[at].1 += 1;
    format!("{}.{}", at + 1, numbers[at].1)
}

fn one(test: &Test<'_>, number: String) -> One {
    let visibility = match test.case.map(|case| case.visibility) {
        None | Some(Visibility::Visible) => "visible",
        Some(Visibility::Hidden) => "hidden",
        Some(Visibility::AfterDeadline) => "after_due_date",
    };
    let status = match test.verdict {
        Verdict::Pass => "passed",
        Verdict::Fail | Verdict::Unknown | Verdict::Skipped => "failed",
    };
    let mut tags: Vec<String> = test
        .case
        .iter()
        .flat_map(|case| {
            std::iter::once(case.tier.name().to_owned())
                .chain(case.covers.iter().map(|question| question.to_string()))
        })
        .collect();
    if test.verdict == Verdict::Unknown {
        tags.push("not graded".to_owned());
    }
    One {
        score: test.case.map_or(Some(0), crate::CaseReport::points),
        max_score: test.case.map_or(0, |case| case.max),
        status,
        name: format!("{}: {}", test.name, test.title),
        name_format: "text",
        number,
        output: test.details.clone(),
        output_format: "text",
        tags,
        visibility,
        extra_data: TestExtra {
            verdict: test.verdict.name(),
        },
    }
}

/// Above all tests, and visible to students: nothing here may depend on a hidden case.
fn summary(report: &Report) -> String {
    let student_report = report.seen_by(crate::Audience::Students);
    let count = |verdict| {
        let cases = student_report.cases.iter();
        cases.filter(|case| case.verdict == verdict).count()
    };
    let mut lines = Vec::new();
    if report.mark().final_points().is_none() {
        lines.push(if report.has_wrong_spec() {
            "ERROR: this submission could not be graded whole, so that it has no score. The lab's spec is wrong, which is no fault of the student's. Staff: `ipclab validate` shows where."
                .to_owned()
        } else {
            "ERROR: this submission could not be graded whole, so that it has no score. This is trouble of the autograder and no fault of the student's. Staff: run it again; `ipclab doctor` says what the machine lacks."
                .to_owned()
        });
    }
    lines.push(format!(
        "{}: {}. {} passed, {} failed, {} skipped.",
        student_report.lab,
        student_report.title,
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Skipped)
    ));
    let unknown = count(Verdict::Unknown);
    if unknown > 0 {
        lines.push(format!(
            "{} could not be graded, for trouble of the machine's and not yours: ask for a new run.",
            words::count(unknown, "case")
        ));
    }
    if student_report.cases.is_empty() && student_report.withheld.is_none() {
        lines.push("No case was graded.".to_owned());
    }
    lines.join("\n")
}
