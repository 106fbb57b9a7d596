//! The line that a mistake comes from, beside the one that it shows in, in every form that people read.

use ipclab_judge::Verdict;
use ipclab_report::testing::build::{JudgedCase, about, case, finding, programs, report};
use ipclab_report::testing::forms::all_hold;
use ipclab_report::{
    Class, ClassCase, Entry, Outcome, Report, SourceFile, Who, csv, ctrf, github, html, junit,
    markdown, tap,
};
use ipclab_spec::{Aspect, Points, Tier};
use serde_json::Value;

const CODE: &str = "int port = 12345;\nint main(void)\n{\n    return serve(port);\n}\n";

/// A server that shows in line 4 what line 1 gives it; the client does nothing wrong there.
fn wrong_port() -> Report {
    let wrong = JudgedCase::new(
        case("echo-one", "echoes", Tier::Core, Points::Whole(5)),
        Verdict::Fail,
        0,
        vec![finding(
            Aspect::Calls,
            Verdict::Fail,
            "server used port 14640 instead of 12345",
        )],
    )
    .placed("iserver.c", 4, &[1]);
    let mut about = about();
    about.sources = [("iserver.c".to_owned(), CODE.to_owned())].into();
    report(&about, programs(), &[wrong])
}

/// The text of a page's elements of one class, blanks in one.
fn of_class(page: &str, class: &str) -> Vec<String> {
    let opening = format!("<span class=\"{class}\">");
    let ends = |rest: &str| rest.find("</span>").unwrap();
    page.split(&opening)
        .skip(1)
        .map(|rest| {
            let mut text = String::new();
            let mut within = false;
            for c in rest[..ends(rest)].chars() {
                match c {
                    '<' => within = true,
                    '>' => within = false,
                    c if !within => text.push(c),
                    _ => {}
                }
            }
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[test]
fn each_form_leads_to_the_line_that_a_mistake_comes_from() {
    let report = wrong_port();
    all_hold(&report);
    let check = |form: &str, text: String, expected: &[&str]| {
        for part in expected {
            assert!(text.contains(part), "{form} lacks {part:?}:\n{text}");
        }
    };
    let run = github::Run {
        token: "t".into(),
        folder: "work/".into(),
    };
    check(
        "github",
        github::render(&report, &run),
        &[
            "::error file=work/iserver.c,line=4,title=echo-one%2C 0 of 5::echoes%0Acalls: server used port",
            "instead of 12345 (comes from iserver.c:1)",
            "::notice file=work/iserver.c,line=1,title=echo-one::server used port 14640 instead of 12345 (comes from here, shows in iserver.c:4)",
        ],
    );
    check(
        "junit",
        junit::render(&report),
        &[
            "file=\"iserver.c\" line=\"4\"",
            "name=\"comes-from\" value=\"iserver.c:1\"",
        ],
    );
    check(
        "markdown",
        markdown::render(&report),
        &[
            "| `iserver.c:4`: server used port 14640 instead of 12345, comes from `iserver.c:1` |",
            ">    1 │ int port = 12345;\n      └ server used port 14640 instead of 12345 (comes from here, shows in iserver.c:4)\n",
            "└ the mistake of line 1 shows here\n",
        ],
    );
    check(
        "tap",
        tap::render(&report),
        &["at: \"iserver.c:4\"", "comes_from: \"iserver.c:1\""],
    );
    check(
        "csv",
        csv::render(&report),
        &[",at,comes from\r\n", ",iserver.c:4,iserver.c:1\r\n"],
    );
    let ctrf: Value = serde_json::from_str(&ctrf::render(&report)).unwrap();
    let test = ctrf.pointer("/results/tests/2").unwrap();
    assert_eq!(
        (
            &test["filePath"],
            &test["line"],
            &test["extra"]["comesFrom"]
        ),
        (&"iserver.c".into(), &4.into(), &"iserver.c:1".into())
    );
}

#[test]
fn a_page_says_the_mistake_once_and_refers_to_it_beside_its_other_line() {
    let page = html::render(&wrong_port());
    assert_eq!(
        of_class(&page, "beside origin"),
        ["server used port 14640 instead of 12345 (comes from here, shows in iserver.c:4)"]
    );
    assert_eq!(
        of_class(&page, "beside"),
        ["the mistake of line 1 shows here"]
    );
    // Under "In your code" and at the finding.
    assert_eq!(of_class(&page, "marked").len(), 4, "{page}");
    assert!(
        page.contains("comes from <code>iserver.c:1</code>"),
        "{page}"
    );
}

#[test]
fn the_staff_s_page_has_the_mistakes_beside_the_whole_code() {
    let report = wrong_port();
    let entry = Entry {
        who: Who {
            id: "ada".into(),
            page: "ada".into(),
            ..Who::default()
        },
        outcome: Outcome::Report(Box::new(report.clone())),
    };
    let class = Class {
        schema: Default::default(),
        lab: "tcp-echo".into(),
        title: "Echo".into(),
        unit: Vec::new(),
        max: 5,
        cases: report.cases.iter().map(ClassCase::of_report).collect(),
        submissions: vec![entry.member()],
        missing: Vec::new(),
        not_handed_in: None,
        notes: Vec::new(),
        alike: None,
        regrade: None,
    };
    let code = [SourceFile {
        name: "iserver.c".into(),
        text: ipclab_report::Block::new(CODE),
        cut: false,
    }];
    let staff = html::Reader::Staff {
        class_page: "../report.html",
        code: &code,
    };
    let page = html::submission(&class, &class.submissions[0], &entry.outcome, staff);
    assert_eq!(of_class(&page, "beside origin").len(), 1, "{page}");
    assert!(page.contains("named above: 1 4"), "{page}");
    assert!(
        !page.contains("In your code"),
        "the whole code has it: {page}"
    );
}
