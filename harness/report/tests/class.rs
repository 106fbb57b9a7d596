//! A class as data: what its table keeps of a report, and that it comes back from JSON as it was.

use ipclab_judge::Verdict;
use ipclab_report::testing::build::{JudgedCase, about, case, finding, programs, report};
use ipclab_report::{
    Class, ClassCase, ClassSchema, Entry, Line, NotGraded, Outcome, Standing, Student, Who,
};
use ipclab_spec::{Aspect, Points, Tier, Visibility};

fn entry(id: &str, outcome: Outcome) -> Entry {
    Entry {
        who: Who {
            id: Line::new(id),
            page: Line::new(id),
            students: vec![Student {
                name: Some(Line::new("Ada Lovelace")),
                ids: [(Line::new(Student::CANVAS), Line::new("42"))].into(),
            }],
            late: Some(true),
            ..Who::default()
        },
        outcome,
    }
}

/// Two cases: one passed, and one that failed with this verdict and findings.
fn with_second_case(verdict: Verdict) -> Entry {
    let mut remark = finding(Aspect::Exit, Verdict::Fail, "a remark that costs nothing");
    remark.graded = false;
    let findings = vec![
        finding(Aspect::Output, Verdict::Pass, "as it should be"),
        remark,
        finding(Aspect::Bytes, verdict, "48 bytes, not 49"),
        finding(Aspect::Exit, verdict, "and exit status 1"),
    ];
    let second = case("two", "the second", Tier::Robust, Points::Whole(4));
    let done = [
        JudgedCase::passed("one", "the first", Tier::Core, 3),
        JudgedCase::new(second, verdict, 1, findings),
    ];
    let report = report(&about(), programs(), &done);
    entry("alice", Outcome::Report(Box::new(report)))
}

#[test]
fn a_member_keeps_points_and_what_the_first_finding_that_costs_says() {
    let Standing::Graded(summary) = with_second_case(Verdict::Fail).member().standing else {
        panic!("it was graded");
    };
    assert_eq!((summary.score.earned, summary.score.max), (4, 7));
    let cells: Vec<_> = summary
        .cases
        .iter()
        .map(|cell| (cell.id.as_str(), cell.earned))
        .collect();
    assert_eq!(cells, [("one", 3), ("two", 1)]);
    assert_eq!(summary.cases[0].says, None);
    assert_eq!(summary.cases[1].says, Some(Line::new("48 bytes, not 49")));
}

#[test]
fn what_stands_is_a_mark_without_unknown_cases() {
    let check = |verdict: Verdict, expect: bool| {
        assert_eq!(with_second_case(verdict).is_graded(), expect, "{verdict:?}");
    };
    check(Verdict::Fail, true);
    check(Verdict::Skipped, true);
    check(Verdict::Unknown, false);
}

#[test]
fn a_class_comes_back_from_json_and_another_schema_does_not() {
    let refused = entry(
        "bob",
        Outcome::NotGraded(NotGraded {
            why: Line::new("homework.zip is refused"),
            ours: false,
        }),
    );
    let class = Class {
        schema: ClassSchema,
        lab: Line::new("tcp-echo"),
        title: Line::new("Sockets"),
        unit: vec![Line::new("Q4")],
        max: 7,
        cases: vec![ClassCase {
            id: Line::new("one"),
            title: Line::new("the first"),
            tier: Tier::Core,
            max: 3,
            covers: Vec::new(),
            visibility: Visibility::Hidden,
        }],
        submissions: vec![with_second_case(Verdict::Fail).member(), refused.member()],
        missing: vec![Student::default()],
        not_handed_in: None,
        notes: Vec::new(),
        alike: None,
        regrade: None,
    };
    let text = serde_json::to_string(&class).unwrap();
    assert_eq!(serde_json::from_str::<Class>(&text).unwrap(), class);
    let other = text.replace("class/v1", "class/v2");
    let error = serde_json::from_str::<Class>(&other).unwrap_err();
    assert!(error.to_string().contains("ipclab/class/v2"), "{error}");

    let text = serde_json::to_string(&refused).unwrap();
    assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), refused);
    assert!(
        text.contains(r#""outcome":{"not-graded":{"why":"homework.zip is refused""#),
        "{text}"
    );
}
