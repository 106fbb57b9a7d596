//! Every machine form, read back by parsers that are not ours.

use std::collections::BTreeSet;

use ipclab_judge::{DiffLine, Difference, Part, Verdict};
use ipclab_spec::{Aspect, Points, Tier, Visibility};
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;

use super::build::{JudgedCase, Trace, about, case, finding, programs, report};
use crate::{
    CompilerMessage, Problem, Program, Report, Severity, classroom50, csv, ctrf, github,
    gradescope, html, junit, markdown, tap,
};

/// One case of each verdict and visibility, a program that was refused, and `text` wherever a student's could stand.
pub fn sample(text: &str) -> Report {
    let mut failed = case("one", text, Tier::Core, Points::Whole(5));
    failed.hint = Some(text.into());
    let mut output = finding(Aspect::Output, Verdict::Fail, text);
    output.difference = Some(Difference::Lines(vec![
        DiffLine::Missing(text.into()),
        DiffLine::Extra(text.into()),
    ]));
    let mut bytes = finding(Aspect::Bytes, Verdict::Fail, text);
    bytes.expected = Some(text.into());
    bytes.seen = Some(text.into());
    bytes.cites = vec![3];
    let mut trace = Trace::new(&["server", "client"]);
    let (client, served) = trace.connected();
    trace.send(client, text.as_bytes());
    trace.recv(served, b"hel");
    let mut failed = JudgedCase::new(failed, Verdict::Fail, 2, vec![output, bytes]).with(trace.0);
    failed = failed.placed(text, 3, &[1, 2]);
    failed.notes = vec![text.into()];
    failed.parts = vec![
        Part {
            aspect: Aspect::Output,
            earned: 0,
            max: 3,
        },
        Part {
            aspect: Aspect::Exit,
            earned: 2,
            max: 2,
        },
    ];
    let unknown = JudgedCase::new(
        case("nobody-knows", "unknown", Tier::Core, Points::Whole(4)),
        Verdict::Unknown,
        0,
        vec![finding(Aspect::Exit, Verdict::Unknown, text)],
    );
    let skipped = JudgedCase::new(
        case("later", "skipped", Tier::Robust, Points::Whole(2)),
        Verdict::Skipped,
        0,
        vec![finding(Aspect::Build, Verdict::Skipped, text)],
    );
    let mut hidden = JudgedCase::new(
        case("secret", "sesame", Tier::Robust, Points::Whole(7)),
        Verdict::Fail,
        0,
        vec![finding(Aspect::Exit, Verdict::Fail, "open")],
    )
    .placed("sesame.c", 2, &[1]);
    hidden.case.visibility = Visibility::Hidden;
    let mut after = JudgedCase::passed("in-time", "shown later", Tier::Stretch, 3);
    after.case.visibility = Visibility::AfterDeadline;
    let mut waits = JudgedCase::new(
        case("waits", "needs the secret", Tier::Robust, Points::Whole(1)),
        Verdict::Skipped,
        0,
        vec![finding(Aspect::Exit, Verdict::Skipped, "secret failed")],
    );
    waits.case.requires = vec!["secret".into()];
    let refused = Program {
        problem: Some(Problem {
            message: text.into(),
            ours: false,
            errors: vec![CompilerMessage {
                file: Some(text.into()),
                line: Some(3),
                column: Some(4),
                severity: Severity::Error,
                message: text.into(),
                excerpt: Some(text.into()),
            }],
            log: None,
            found: vec![text.into()],
            remedy: Some(text.into()),
        }),
        ..Program::built("comclient", &[text])
    };
    let mut about = about();
    about.submission = text.into();
    about.sources = [(text, text), ("sesame.c", "open;\nsesame;\n")]
        .map(|(name, code)| (name.to_owned(), format!("{code}\n{code}\n{code}\n")))
        .into();
    report(
        &about,
        vec![programs().remove(0), refused],
        &[failed, unknown, skipped, hidden, after, waits],
    )
}

fn junit_holds(report: &Report) {
    let text = junit::render(report);
    let xml = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let cases: Vec<_> = xml
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .collect();
    assert_eq!(cases.len(), report.programs.len() + report.cases.len());
    let with = |name: &str| {
        let children = cases.iter().flat_map(|case| case.children());
        children.filter(|child| child.has_tag_name(name)).count()
    };
    let of = |verdict| {
        let cases = report.cases.iter();
        cases.filter(|case| case.verdict == verdict).count()
    };
    let builds = report.programs.iter();
    let refused = builds.filter(|one| one.problem.is_some()).count();
    assert_eq!(with("failure"), of(Verdict::Fail) + refused);
    assert_eq!(
        with("error"),
        of(Verdict::Unknown),
        "errors are our own trouble"
    );
    assert_eq!(with("skipped"), of(Verdict::Skipped));
    let top = xml.root_element();
    assert_eq!(
        top.attribute("failures"),
        Some(with("failure").to_string().as_str())
    );
    let earned: u32 = cases
        .iter()
        .flat_map(|case| case.descendants())
        .filter(|node| node.attribute("name") == Some("points.earned"))
        .map(|node| node.attribute("value").unwrap().parse::<u32>().unwrap())
        .sum();
    assert_eq!(earned, report.score.earned);
}

fn csv_holds(report: &Report) {
    let text = csv::render(report);
    let mut rows = ::csv::ReaderBuilder::new()
        .flexible(false)
        .from_reader(text.as_bytes());
    let mut count = 0;
    for row in rows.records() {
        let row = row.unwrap();
        for cell in &row {
            let first = cell.trim_start().chars().next();
            assert!(
                !first.is_some_and(|c| "=+-@|%".contains(c)),
                "a formula: {cell:?}"
            );
        }
        count += 1;
    }
    assert_eq!(count, report.programs.len() + report.cases.len());
}

fn markdown_holds(report: &Report) {
    let text = markdown::render(report);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH;
    let places: BTreeSet<String> = report
        .causes
        .iter()
        .flat_map(|cause| cause.lines.first().into_iter().chain(&cause.from))
        .map(|place| place.to_string().trim().to_owned())
        .collect();
    let mut cells = 0;
    for event in Parser::new_ext(&text, options) {
        match event {
            Event::InlineHtml(html) => assert_eq!(&*html, "<!-- -->", "in {text}"),
            Event::Html(html) => assert_eq!(html.trim(), "<!-- -->", "in {text}"),
            Event::Start(
                Tag::Link { .. }
                | Tag::Image { .. }
                | Tag::HtmlBlock
                | Tag::List(_)
                | Tag::BlockQuote(_)
                | Tag::Strikethrough,
            )
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Rule => panic!("{event:?} in {text}"),
            // Nothing but places is code within a line.
            Event::Code(code) => assert!(
                places.contains(code.trim()),
                "{code:?} in {text}, places: {places:?}"
            ),
            Event::Start(Tag::TableRow) => cells += 1,
            _ => {}
        }
    }
    let rows =
        report.causes.len() + report.score.tiers.len() + report.programs.len() + report.cases.len();
    assert_eq!(cells, rows, "{text}");
    // GitHub makes links of bare addresses, too: outside of code none may stand as it is.
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        // Nor does it look into code.
        let beside_code = places.iter().fold(line.to_owned(), |line, place| {
            line.replace(&place.replace('|', "\\|"), "")
        });
        match fence {
            Some(end) if line == end => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = line.strip_suffix("text"),
            None => assert!(
                !beside_code.contains("https://example") && !beside_code.contains("www.example"),
                "{line} in {text}"
            ),
        }
    }
    assert_eq!(fence, None, "every fence ends: {text}");
    for limit in [0, 100, 2000, 20_000] {
        assert!(markdown::render_within(report, limit.max(100)).len() <= limit.max(100));
    }
}

fn tap_holds(report: &Report) {
    let text = tap::render(report);
    let count = report.programs.len() + report.cases.len();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    assert_eq!(lines.next(), Some(format!("1..{count}").as_str()));
    let mut yaml = false;
    let mut points = Vec::new();
    let bails = text.lines().filter(|line| line.starts_with("Bail out! "));
    let whole = report.mark().final_points().is_some();
    assert_eq!(bails.count(), usize::from(!whole), "{text}");
    for line in lines.filter(|line| !line.starts_with("Bail out! ")) {
        match line {
            "  ---" => yaml = true,
            "  ..." => yaml = false,
            line if yaml => assert!(line.starts_with("  "), "{line:?} in {text}"),
            line => {
                let point = line.strip_prefix("not ok ").or(line.strip_prefix("ok "));
                match point {
                    Some(point) => points.push(point.to_owned()),
                    None => assert!(line.starts_with("# "), "{line:?} in {text}"),
                }
            }
        }
    }
    assert!(!yaml);
    for (at, point) in points.iter().enumerate() {
        assert!(point.starts_with(&format!("{} - ", at + 1)), "{point}");
        let directives = point.match_indices(" # ").count();
        assert!(directives <= 1, "{point}");
    }
    assert_eq!(points.len(), count);
    let failed = text
        .lines()
        .filter(|line| line.starts_with("not ok "))
        .count();
    let fails = report
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Fail);
    let refused = report.programs.iter().filter(|one| one.problem.is_some());
    assert_eq!(failed, fails.count() + refused.count());
}

fn github_holds(report: &Report) {
    let run = github::Run {
        token: "0123456789abcdef".into(),
        folder: "work/".into(),
    };
    let text = github::render(report, &run);
    let (before, after) = text.split_once("\n::0123456789abcdef::\n").unwrap();
    assert!(before.starts_with("::stop-commands::0123456789abcdef\n"));
    for kind in ["error", "warning", "notice"] {
        let of_kind = after
            .lines()
            .filter(|line| line.starts_with(&format!("::{kind} ")));
        assert!(of_kind.count() <= 10);
    }
    for line in after.lines() {
        let (command, _) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (kind, properties) = command.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&kind), "{line}");
        for property in properties.split(',') {
            let (name, _) = property.split_once('=').unwrap_or_else(|| panic!("{line}"));
            assert!(["file", "line", "col", "title"].contains(&name), "{line}");
        }
    }
}

fn json_forms_hold(report: &Report) {
    let scope: Value = serde_json::from_str(&gradescope::render(report)).unwrap();
    for (test, expected) in scope["tests"]
        .as_array()
        .unwrap()
        .iter()
        .skip(2)
        .zip(&report.cases)
    {
        let status = test["status"].as_str().unwrap();
        assert_eq!(status == "passed", expected.verdict == Verdict::Pass);
        let visibility = match expected.visibility {
            Visibility::Visible => "visible",
            Visibility::Hidden => "hidden",
            Visibility::AfterDeadline => "after_due_date",
        };
        assert_eq!(test["visibility"], visibility);
        assert!(test["number"].is_string());
    }
    let classroom: Value =
        serde_json::from_str(&classroom50::render(report, &classroom50::About::default())).unwrap();
    assert_eq!(classroom["schema"], "classroom50/result/v1");
    assert_eq!(classroom["max-score"], report.score.max);
    let ctrf: Value = serde_json::from_str(&ctrf::render(report)).unwrap();
    let summary = &ctrf["results"]["summary"];
    let sum: u64 = ["passed", "failed", "skipped", "pending", "other"]
        .iter()
        .map(|status| summary[status].as_u64().unwrap())
        .sum();
    assert_eq!(summary["tests"], sum);
    assert_eq!(
        ctrf["results"]["tests"].as_array().unwrap().len() as u64,
        sum
    );
}

/// The page is well-formed enough for an XML parser once the few void elements are closed, and nothing in it acts.
fn html_holds(report: &Report) {
    let text = html::render(report);
    assert!(!text.contains("could not be made"), "{text}");
    let mut xml = text.replacen("<!DOCTYPE html>", "", 1);
    for void in ["<meta charset=\"utf-8\">", "<br>"] {
        xml = xml.replace(void, &void.replace('>', "/>"));
    }
    for name in ["viewport", "color-scheme", "robots"] {
        let start = format!("<meta name=\"{name}\"");
        let at = xml.find(&start).unwrap();
        let end = at + xml[at..].find('>').unwrap();
        xml.insert(end, '/');
    }
    let xml = xml.replace("<details open>", "<details>");
    let page = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
    for node in page.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        assert!(
            !["script", "iframe", "img", "object", "form", "b1"].contains(&name),
            "{name}"
        );
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{attribute:?}");
            if ["href", "src"].contains(&attribute.name()) {
                assert!(attribute.value().starts_with('#'), "{attribute:?}");
            }
        }
    }
    let ids: Vec<_> = page
        .descendants()
        .filter_map(|node| node.attribute("id"))
        .collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(ids.len(), once.len(), "each id once: {ids:?}");
}

/// Checks every machine form of a report.
///
/// # Panics
/// One of them does not say what the report says, or cannot be read.
pub fn all_hold(report: &Report) {
    junit_holds(report);
    csv_holds(report);
    markdown_holds(report);
    tap_holds(report);
    github_holds(report);
    json_forms_hold(report);
    html_holds(report);
}
