//! The Common Test Report Format <https://ctrf.io>, for dashboards.

use ipclab_judge::Verdict;
use serde_json::{Value, json};

use crate::Report;
use crate::place::places;
use crate::rows::{Test, tests};

/// Writes a report as CTRF. What it demands and a report does not hold, times, is 0: the same submission gives the same
/// text. What could not be graded is `other`.
#[must_use]
pub fn render(report: &Report) -> String {
    let tests = tests(report);
    let of = |status: &str| {
        tests
            .iter()
            .filter(|test| self::status(test) == status)
            .count()
    };
    let value = json!({
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {
            "tool": {"name": "ipclab"},
            "summary": {
                "tests": tests.len(),
                "passed": of("passed"),
                "failed": of("failed"),
                "skipped": of("skipped"),
                "pending": 0,
                "other": of("other"),
                "start": 0,
                "stop": 0,
            },
            "tests": tests.iter().map(test).collect::<Vec<Value>>(),
        },
    });
    format!("{value:#}\n")
}

fn test(test: &Test<'_>) -> Value {
    let mut value = json!({
        "name": test.name,
        "status": status(test),
        "duration": 0,
        "rawStatus": test.verdict.name(),
        "extra": {"title": test.title},
    });
    if let Some(case) = test.case {
        value["suite"] = json!([case.tier.name()]);
        value["extra"]["earned"] = json!(case.points());
        value["extra"]["max"] = json!(case.max);
    }
    if let Some(place) = test.place() {
        value["filePath"] = json!(place.file);
        value["line"] = json!(place.line);
    }
    if let Some(from) = places(test.from()) {
        value["extra"]["comesFrom"] = json!(from);
    }
    if !test.message.is_empty() {
        value["message"] = json!(test.message);
        value["trace"] = json!(test.details);
    }
    value
}

fn status(test: &Test<'_>) -> &'static str {
    match test.verdict {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::Skipped => "skipped",
        Verdict::Unknown => "other",
    }
}
