//! JUnit XML, as CI systems read it.
//!
//! Points are properties. A failed case is a `failure`; `error` is kept for trouble of ours or the machine's.

use ipclab_judge::Verdict;
use quick_junit::{
    NonSuccessKind, Property, Report as Xml, TestCase, TestCaseStatus, TestSuite, XmlString,
};

use crate::Report;
use crate::place::places;
use crate::rows::{Test, tests};

/// Writes a report as JUnit XML: a suite for the builds, and one for each tier.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut suites: Vec<(String, Vec<Test<'_>>)> = Vec::new();
    for test in tests(report) {
        let suite = match test.case {
            Some(case) => format!("{}.{}", report.lab, case.tier.name()),
            None => format!("{}.build", report.lab),
        };
        match suites.iter_mut().find(|(name, _)| *name == suite) {
            Some((_, tests)) => tests.push(test),
            None => suites.push((suite, vec![test])),
        }
    }
    let mut xml = Xml::new(format!("{}: {}", report.lab, report.submission));
    for (name, tests) in suites {
        let mut suite = TestSuite::new(name.clone());
        let points = |part: fn(&crate::CaseReport) -> u32| {
            let cases = tests.iter().filter_map(|test| test.case);
            cases.map(part).fold(0, u32::saturating_add)
        };
        suite.add_property(property("submission", report.submission.as_str()));
        let unknown = points(|case| match case.points() {
            Some(_) => 0,
            None => case.max.saturating_sub(case.earned),
        });
        let earned = points(|case| case.earned).to_string();
        if unknown == 0 {
            suite.add_property(property("points.earned", &earned));
        } else {
            suite.add_property(property("points.certain", &earned));
            suite.add_property(property("points.unknown", &unknown.to_string()));
        }
        suite.add_property(property("points.max", &points(|case| case.max).to_string()));
        for test in &tests {
            suite.add_test_case(test_case(&name, test));
        }
        xml.add_test_suite(suite);
    }
    let mut text = xml.to_string().unwrap_or_else(|error| {
        // Writing to memory; an error would be a mistake of ours, and is told as what it is: an error.
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites errors=\"1\"><!-- {} --></testsuites>",
            XmlString::new(error.to_string()).as_str().replace('-', "_")
        )
    });
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn test_case(suite: &str, test: &Test<'_>) -> TestCase {
    let status = match test.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("fail");
            status
        }
        Verdict::Unknown => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("unknown");
            status
        }
        Verdict::Skipped => TestCaseStatus::skipped(),
    };
    let mut case = TestCase::new(test.name.clone(), status);
    case.set_classname(suite);
    if let Some(place) = test.place() {
        case.extra.insert("file".into(), place.file.as_str().into());
        case.extra
            .insert("line".into(), place.line.to_string().into());
    }
    if let Some(from) = places(test.from()) {
        case.add_property(property("comes-from", &from));
    }
    case.add_property(property("title", &test.title));
    if let Some(graded) = test.case {
        if let Some(points) = graded.points() {
            case.add_property(property("points.earned", &points.to_string()));
        }
        case.add_property(property("points.max", &graded.max.to_string()));
        for part in &graded.parts {
            let aspect = part.aspect.name();
            case.add_property(property(
                &format!("points.{aspect}"),
                &format!("{} of {}", part.earned, part.max),
            ));
        }
        let covers: Vec<&str> = graded.covers.iter().map(|one| one.as_str()).collect();
        case.add_property(property("covers", &covers.join(", ")));
    }
    match test.verdict {
        Verdict::Pass => {}
        Verdict::Fail | Verdict::Unknown | Verdict::Skipped => {
            case.status.set_message(test.message.clone());
            case.status.set_description(test.details.clone());
        }
    }
    case
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, value)
}
