//! Trouble is never a number: every form says in its own way that a submission has no final mark.

use ipclab_judge::Verdict;
use ipclab_report::gradebook;
use ipclab_report::testing::build::{JudgedCase, about, case, finding, programs, report};
use ipclab_report::{
    Class, ClassCase, Entry, Mark, NotGraded, Outcome, Report, Student, Who, classroom50, csv,
    ctrf, github, gradescope, html, junit, markdown, tap, terminal,
};
use ipclab_spec::{Aspect, Points, Tier};
use serde_json::Value;

fn judged(id: &str, verdict: Verdict, earned: u32) -> JudgedCase {
    JudgedCase::new(
        case(id, id, Tier::Core, Points::Whole(4)),
        verdict,
        earned,
        vec![finding(Aspect::Exit, verdict, "the box could not be made")],
    )
}

/// Nothing of it could be graded.
fn nothing() -> Report {
    let cases = [
        judged("one", Verdict::Unknown, 0),
        judged("two", Verdict::Unknown, 0),
    ];
    report(&about(), programs(), &cases)
}

/// One case could not be graded.
fn partly() -> Report {
    let cases = [
        judged("one", Verdict::Pass, 4),
        judged("two", Verdict::Unknown, 0),
        judged("three", Verdict::Fail, 0),
    ];
    report(&about(), programs(), &cases)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn points_that_are_not_all_known_are_a_range_and_no_mark() {
    let check = |report: Report, mark: Mark| assert_eq!(report.mark(), mark);
    check(nothing(), Mark::Range { least: 0, most: 8 });
    check(partly(), Mark::Range { least: 4, most: 8 });
    check(
        report(&about(), programs(), &[judged("one", Verdict::Fail, 0)]),
        Mark::Final(0),
    );
    check(
        report(&about(), programs(), &[]),
        Mark::Range { least: 0, most: 0 },
    );
}

#[test]
fn gradescope_gets_no_score_where_something_could_not_be_graded_but_an_error() {
    for report in [nothing(), partly()] {
        let results = json(&gradescope::render(&report));
        assert_eq!(results.get("score"), None);
        let output = results["output"].as_str().unwrap();
        assert!(output.starts_with("ERROR:"), "{output}");
        for test in results["tests"].as_array().unwrap() {
            // Their sum would be taken for the score.
            assert_eq!(test.get("score"), None, "{test}");
            assert!(test["status"].is_string());
        }
    }
    let whole = report(&about(), programs(), &[judged("one", Verdict::Fail, 0)]);
    assert_eq!(json(&gradescope::render(&whole))["score"], 0);
}

/// A key that another program of the machine's held made each case unknown, and the staff was sent to mend the spec.
#[test]
fn a_spec_is_called_wrong_only_where_nothing_else_is() {
    let unknown = |id: &str, says: &str| {
        JudgedCase::new(
            case(id, id, Tier::Core, Points::Whole(4)),
            Verdict::Unknown,
            0,
            vec![finding(Aspect::Exit, Verdict::Unknown, says)],
        )
    };
    let spec = || unknown("one", "the spec is wrong here: its fault never happens");
    let machine = || unknown("two", "giving segment 100: File exists");
    let check = |cases: &[JudgedCase], is_spec: bool| {
        let text = gradescope::render(&report(&about(), programs(), cases));
        assert_eq!(text.contains("The lab's spec is wrong"), is_spec, "{text}");
        assert_eq!(text.contains("`ipclab doctor` says"), !is_spec, "{text}");
    };
    check(&[spec()], true);
    check(&[spec(), machine()], false);
    check(&[machine()], false);
}

#[test]
fn classroom_50_gets_no_score_where_something_could_not_be_graded() {
    for report in [nothing(), partly()] {
        let result = json(&classroom50::render(
            &report,
            &classroom50::About::default(),
        ));
        assert_eq!(result.get("score"), None);
        let tests = result["tests"].as_array().unwrap();
        let two = tests.iter().find(|test| {
            let name = test["test-name"].as_str().unwrap();
            name.starts_with("two")
        });
        assert_eq!(two.unwrap().get("score"), None);
    }
}

#[test]
fn what_could_not_be_graded_earns_no_number_in_any_form() {
    let report = partly();
    let check = |text: &str, has: &[&str], has_not: &[&str]| {
        for part in has {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
        for part in has_not {
            assert!(!text.contains(part), "{part} is in:\n{text}");
        }
    };
    let xml = junit::render(&report);
    check(
        &xml,
        &[
            "<error",
            "name=\"points.certain\" value=\"4\"",
            "name=\"points.unknown\" value=\"4\"",
        ],
        &[
            "name=\"points.earned\" value=\"4\"/>\n        <property name=\"points.max\" value=\"12\"",
        ],
    );
    check(
        &tap::render(&report),
        &[
            "# SKIP could not be graded",
            "earned: null",
            "# 4 to 8 of 12 points: no mark",
            "\nBail out!",
        ],
        &["# 4 of 12 points"],
    );
    let ctrf = json(&ctrf::render(&report));
    let tests = ctrf["results"]["tests"].as_array().unwrap();
    let two = tests.iter().find(|test| test["name"] == "two").unwrap();
    assert_eq!(
        (&two["status"], &two["extra"]["earned"]),
        (&"other".into(), &Value::Null)
    );
    check(&csv::render(&report), &[",unknown,,4,"], &[",unknown,0,"]);
    check(
        &markdown::render(&report),
        &["4 of 12 points for certain", "| ?/4 |"],
        &["| 0/4 | ❔"],
    );
    check(
        &terminal::render(&report, &terminal::Style::default()),
        &["?/4", "4 of 12 points for certain"],
        &[],
    );
    check(
        &html::render(&report),
        &["of 12 points for certain", ">?/4<"],
        &[],
    );
    let run = github::Run {
        token: "t".to_owned(),
        folder: String::new(),
    };
    check(
        &github::render(&report, &run),
        &[
            "::error title=could not be graded whole",
            "4 of 12 points for certain",
        ],
        &["two%2C 0 of 4"],
    );
}

/// One whole, one in part, one that could not be graded, one that could not be opened, and one that was not handed in.
fn class(not_handed_in: Option<u32>) -> Class {
    let whole = report(&about(), programs(), &[judged("one", Verdict::Fail, 0)]);
    let cases = partly().cases.iter().map(ClassCase::of_report).collect();
    let not = |ours| {
        Outcome::NotGraded(NotGraded {
            why: "why".into(),
            ours,
        })
    };
    let entries = [
        ("whole", Outcome::Report(Box::new(whole))),
        ("partly", Outcome::Report(Box::new(partly()))),
        ("ours", not(true)),
        ("theirs", not(false)),
    ];
    Class {
        schema: Default::default(),
        lab: "lab".into(),
        title: "A lab".into(),
        unit: Vec::new(),
        max: 12,
        cases,
        submissions: entries
            .map(|(id, outcome)| {
                Entry {
                    who: Who {
                        id: id.into(),
                        page: id.into(),
                        ..Who::default()
                    },
                    outcome,
                }
                .member()
            })
            .into(),
        missing: vec![Student {
            name: Some("absent".into()),
            ..Default::default()
        }],
        not_handed_in,
        notes: Vec::new(),
        alike: None,
        regrade: None,
    }
}

#[test]
fn a_table_of_a_class_has_a_status_and_a_mark_only_where_one_stands() {
    let text = csv::class(&class(None));
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let at = |name: &str| head.iter().position(|cell| *cell == name).unwrap();
    let (status, earned) = (at("status"), at("earned"));
    let (least, most) = (at("at least"), at("at most"));
    let (one, two) = (at("one"), at("two"));
    let rows: Vec<Vec<&str>> = lines.collect();
    let shown: Vec<[&str; 6]> = rows
        .iter()
        .map(|row| [status, earned, least, most, one, two].map(|at| row[at]))
        .collect();
    assert_eq!(
        shown,
        [
            ["graded", "0", "0", "0", "0", ""],
            ["partly graded", "", "4", "8", "4", ""],
            ["not graded", "", "", "", "", ""],
            ["not opened", "", "", "", "", ""],
            ["not handed in", "", "", "", "", ""],
        ]
    );
    // Only the class's own file makes a number of it.
    let text = csv::class(&class(Some(0)));
    let last = text.lines().last().unwrap();
    assert_eq!(last.split(',').nth(earned), Some("0"));
}

#[test]
fn the_page_of_a_class_shows_staff_a_range_and_counts_no_part_of_a_mark() {
    let page = html::class(&class(None), "submissions").replace("&#x2f;", "/");
    // In the table that the script draws, and in the list of those without scripts.
    assert!(page.contains(r#""m":"4 to 8""#), "{page}");
    assert!(page.contains("partly</a> 4 to 8"), "{page}");
    assert!(page.contains("marks not final"), "{page}");
}

#[test]
fn a_gradebook_gets_a_0_for_what_was_not_handed_in_only_if_the_class_says_so() {
    let check = |class: &Class, rows: &[&str], after: &[&str], absent: usize| {
        let head = "Student,ID,SIS Login ID,Section,A lab (7)";
        let sheet = |rows: &[&str]| format!("{head}\n{}\n", rows.join("\n"));
        let filled = gradebook::canvas(sheet(rows).as_bytes(), None, class).unwrap();
        assert_eq!(String::from_utf8(filled.bytes).unwrap(), sheet(after));
        assert_eq!(filled.absent, absent, "{:?}", filled.warnings);
    };
    let class = |rule| {
        let mut class = class(rule);
        for (at, member) in class.submissions.iter_mut().enumerate() {
            let ids = [("canvas".into(), at.to_string().as_str().into())];
            member.who.students = vec![Student {
                name: Some(member.who.id.clone()),
                ids: ids.into(),
            }];
        }
        class
    };
    let rows = [
        "whole,0,a,,",
        "partly,1,b,,",
        "ours,2,c,,5",
        "theirs,3,d,,",
        "absent,9,e,,",
        "by hand,8,f,,3",
    ];
    let mut after = rows;
    after[0] = "whole,0,a,,0";
    check(&class(None), &rows, &after, 0);
    after[4] = "absent,9,e,,0";
    check(&class(Some(0)), &rows, &after, 1);
    // A submission without a row may be that of a row without a submission.
    let rows = ["whole,0,a,,", "absent,9,e,,"];
    check(&class(Some(0)), &rows, &["whole,0,a,,0", rows[1]], 0);
}
