//! Classes of anybody, gradebooks of anything: only marks and feedback change in a gradebook, and no form of a class acts.

use std::collections::BTreeMap;

use ipclab_judge::Verdict;
use ipclab_report::gradebook::{self, FilledGradebook, MoodleColumns};
use ipclab_report::{
    Cell, Changes, Class, ClassCase, Line, Member, NotBuilt, NotGraded, Regrade, Score, Standing,
    Student, Summary, Who, csv, html,
};
use ipclab_spec::{Tier, Visibility};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same ones every time: what these find once they find always.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x1bc),
        ..ProptestConfig::default()
    }
}

/// Names and cells, with more than their share of what means something to a spreadsheet or a browser.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[ -~]{0,8}",
        1 => any::<String>(),
        1 => prop::sample::select(vec![
            "=HYPERLINK(\"http://x\")", "+1", "-1", "@x", "|calc", "\t=1", "＝1", "\"", "\"\"", ",", ";", "\t", "\r\n", "\n", "\r",
            "'", "</td></table><script>alert(1)</script>", "\" onload=\"x", "&#0;", "{{ 7 * 7 }}", "javascript:alert(1)",
            "Points Possible", "EX", "No", "\u{1b}[31m", "\u{202e}", "\u{feff}", "Lovelace, Ada",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat())
}

const CASES: [(&str, Tier, u32, Visibility); 3] = [
    ("echo-one", Tier::Core, 5, Visibility::Visible),
    ("secret", Tier::Robust, 2, Visibility::Hidden),
    ("two", Tier::Robust, 3, Visibility::Visible),
];

/// Who a row or a submission is of: a number that most have to themselves, and a name.
type Someone = (u32, String);

fn someone() -> impl Strategy<Value = Someone> {
    (
        1..12_u32,
        prop_oneof![text(), Just("Ada Lovelace".to_owned())],
    )
}

fn standing() -> impl Strategy<Value = Standing> {
    let verdict = prop::sample::select(vec![
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Unknown,
        Verdict::Skipped,
    ]);
    let graded = (prop::collection::vec((verdict, text()), 3), text()).prop_map(|(cells, why)| {
        let cells: Vec<Cell> = CASES
            .iter()
            .zip(cells)
            .map(|((id, _, max, _), (verdict, says))| Cell {
                id: (*id).into(),
                verdict,
                earned: if verdict == Verdict::Pass { *max } else { 0 },
                says: (verdict != Verdict::Pass).then(|| says.into()),
                aspect: None,
                cause: None,
            })
            .collect();
        Standing::Graded(Summary {
            score: Score {
                earned: cells.iter().map(|cell| cell.earned).sum(),
                max: 10,
                ..Score::default()
            },
            not_built: vec![NotBuilt {
                program: why.as_str().into(),
                why: why.into(),
                remedy: None,
                ours: false,
            }],
            cases: cells,
        })
    });
    let not = text().prop_map(|why| {
        Standing::NotGraded(NotGraded {
            why: why.into(),
            ours: false,
        })
    });
    prop_oneof![4 => graded, 1 => not]
}

fn member() -> impl Strategy<Value = Member> {
    (someone(), standing(), text()).prop_map(|((number, name), standing, note)| Member {
        who: Who {
            id: format!("{name}_{number}").into(),
            page: format!("page-{number}").into(),
            students: vec![Student {
                name: Some(name.into()),
                ids: [Student::CANVAS, Student::MOODLE, Student::SECTION]
                    .into_iter()
                    .map(|key| (Line::new(key), Line::new(&number.to_string())))
                    .collect(),
            }],
            late: Some(number % 2 == 0),
            about: BTreeMap::from([(Line::new("handed in"), Line::new(&note))]),
            notes: vec![note.into()],
            ..Who::default()
        },
        standing,
        settled: Default::default(),
    })
}

fn class() -> impl Strategy<Value = Class> {
    (prop::collection::vec(member(), 0..7), text()).prop_map(|(submissions, said)| Class {
        schema: Default::default(),
        lab: "tcp-echo".into(),
        title: said.as_str().into(),
        unit: vec![said.as_str().into()],
        max: 10,
        cases: CASES
            .iter()
            .map(|(id, tier, max, visibility)| ClassCase {
                id: (*id).into(),
                title: said.as_str().into(),
                tier: *tier,
                max: *max,
                covers: vec![said.as_str().into()],
                visibility: *visibility,
            })
            .collect(),
        not_handed_in: None,
        missing: submissions
            .iter()
            .take(1)
            .flat_map(|one| one.who.students.clone())
            .collect(),
        submissions,
        notes: vec![said.into()],
        alike: None,
        regrade: None,
    })
}

/// A spreadsheet: its cells, and how it is written.
#[derive(Clone, Debug)]
struct Sheet {
    delimiter: u8,
    line_end: &'static str,
    mark: bool,
    /// Whether the last line ends.
    ends: bool,
    header: Vec<String>,
    /// What stands in the cells of each row, and whether in quotes that it does not need.
    rows: Vec<Vec<(String, bool)>>,
}

impl Sheet {
    fn bytes(&self) -> Vec<u8> {
        let delimiter = char::from(self.delimiter);
        let cell = |(text, quoted): &(String, bool)| {
            let plain = |c: char| c != delimiter && !"\"\r\n".contains(c);
            if *quoted || !text.chars().all(plain) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text.clone()
            }
        };
        let line = |cells: Vec<String>| cells.join(&delimiter.to_string());
        let header = self.header.iter().map(|name| cell(&(name.clone(), false)));
        let mut lines = vec![line(header.collect())];
        lines.extend(
            self.rows
                .iter()
                .map(|row| line(row.iter().map(cell).collect())),
        );
        let mut text = lines.join(self.line_end);
        if self.ends {
            text += self.line_end;
        }
        let mark = if self.mark { "\u{feff}" } else { "" };
        format!("{mark}{text}").into_bytes()
    }
}

/// A sheet with these columns, in any order among others; `whose` says what stands under each for one student.
fn sheet(
    columns: &'static [&'static str],
    whose: impl Fn(&str, &Someone) -> Option<String> + Clone + 'static,
) -> impl Strategy<Value = Sheet> {
    let mut names: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    names.extend(["Notes".to_owned(), "Section".to_owned()]);
    let row = (
        someone(),
        prop::collection::vec((text(), any::<bool>()), 12),
    );
    (
        Just(names).prop_shuffle(),
        prop::collection::vec(row, 0..7),
        prop::sample::select(b",;\t".to_vec()),
        prop::sample::select(vec!["\r\n", "\n", "\r"]),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(move |(header, rows, delimiter, line_end, mark, ends)| {
            let rows = rows
                .into_iter()
                .map(|(someone, filler)| {
                    let cells = header.iter().zip(filler).map(|(name, (text, quoted))| {
                        (whose(name, &someone).unwrap_or(text), quoted)
                    });
                    cells.collect()
                })
                .collect();
            Sheet {
                delimiter,
                line_end,
                mark,
                ends,
                header,
                rows,
            }
        })
}

const CANVAS: &[&str] = &["Student", "ID", "SIS User ID", "Echo (17)", "Final Grade"];

fn canvas_sheet() -> impl Strategy<Value = Sheet> {
    sheet(CANVAS, |column, (number, name)| match column {
        "Student" => Some(name.clone()),
        "ID" => Some(number.to_string()),
        "SIS User ID" => Some(String::new()),
        _ => None,
    })
}

const MOODLE: &[&str] = &[
    "Identifier",
    "Full name",
    "Grade",
    "Feedback comments",
    "Status",
];

fn moodle_sheet() -> impl Strategy<Value = Sheet> {
    sheet(MOODLE, |column, (number, name)| match column {
        "Identifier" => Some(format!("Participant {number}")),
        "Full name" => Some(name.clone()),
        _ => None,
    })
}

/// The cells of a sheet, read by a parser that is not ours.
fn cells(bytes: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes);
    let rows = reader.records().map(|row| row.expect("UTF-8"));
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

/// A spreadsheet would run it.
fn is_formula(cell: &str) -> bool {
    let first = cell.trim_start().chars().next();
    first.is_some_and(|c| "=+-@|%＝＋－＠".contains(c))
}

/// Every cell but those of these columns is as it was; those are a mark of the class, feedback, or as they were.
fn only_these_changed(
    sheet: &Sheet,
    filled: &FilledGradebook,
    columns: &[&str],
) -> Result<(), TestCaseError> {
    let (before, after) = (
        cells(&sheet.bytes(), sheet.delimiter),
        cells(&filled.bytes, sheet.delimiter),
    );
    prop_assert_eq!(before.len(), after.len());
    let mut changed_rows = 0;
    for (old, new) in before.iter().zip(&after) {
        prop_assert_eq!(old.len(), new.len());
        let mut changed = false;
        for ((name, old), new) in sheet.header.iter().zip(old).zip(new) {
            if old == new {
                continue;
            }
            prop_assert!(
                columns.contains(&name.as_str()),
                "{}: {:?} became {:?}",
                name,
                old,
                new
            );
            prop_assert!(!is_formula(new), "{:?}", new);
            if columns.first() == Some(&name.as_str()) {
                let mark: u32 = new.parse().map_err(|_| TestCaseError::fail("no mark"))?;
                prop_assert!(mark <= 10);
            }
            changed = true;
        }
        changed_rows += usize::from(changed);
    }
    prop_assert!(changed_rows <= filled.written);
    Ok(())
}

/// A page without the form and the script of the tool's own, which no text of a student's is in, and without the data that the
/// script reads. Of each there is one at most, so that what is left may have none.
fn without_what_is_the_tool_s(page: &str) -> Result<String, TestCaseError> {
    let mut rest = page.to_owned();
    for (start, end, data) in [
        ("<form class=\"filters\"", "</form>", false),
        (
            "<script type=\"application/json\" id=\"data\">",
            "</script>",
            true,
        ),
        ("<script>\n\"use strict\";", "</script>", false),
    ] {
        let Some(from) = rest.find(start) else {
            continue;
        };
        let length = rest[from..].find(end).unwrap_or(0);
        let inner = &rest[from + start.len()..from + length];
        if data {
            prop_assert!(!inner.contains(['<', '>', '&']), "{}", inner);
            let json = serde_json::from_str::<serde_json::Value>(inner);
            prop_assert!(json.is_ok(), "{}", inner);
        }
        rest.replace_range(from..from + length + end.len(), "");
    }
    Ok(rest.replace(" hidden>", ">"))
}

/// The pages of a class are well-formed once the few void elements are closed, and nothing in them acts.
fn page_holds(text: &str) -> Result<(), TestCaseError> {
    prop_assert!(!text.contains("could not be made"), "{}", text);
    let mut xml = without_what_is_the_tool_s(text)?.replacen("<!DOCTYPE html>", "", 1);
    xml = xml.replace("<meta charset=\"utf-8\">", "<meta charset=\"utf-8\"/>");
    for name in ["viewport", "color-scheme", "robots"] {
        if let Some(at) = xml.find(&format!("<meta name=\"{name}\"")) {
            let end = at + xml[at..].find('>').unwrap_or(0);
            xml.insert(end, '/');
        }
    }
    let xml = xml
        .replace("<br>", "<br/>")
        .replace("<details open>", "<details>");
    let page = roxmltree::Document::parse(&xml)
        .map_err(|error| TestCaseError::fail(format!("{error}: {xml}")))?;
    for node in page.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        let acts = ["script", "iframe", "img", "object", "form"];
        prop_assert!(!acts.contains(&name), "{}", name);
        for attribute in node.attributes() {
            prop_assert!(!attribute.name().starts_with("on"), "{:?}", attribute);
            if ["href", "src"].contains(&attribute.name()) {
                let own = ["#", "submissions/", "../", "./"];
                prop_assert!(
                    own.iter().any(|own| attribute.value().starts_with(own)),
                    "{:?}",
                    attribute
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_gradebook_of_canvas_comes_back_with_marks_only(sheet in canvas_sheet(), class in class()) {
        let filled = gradebook::canvas(&sheet.bytes(), Some("Echo"), &class);
        let filled = filled.map_err(TestCaseError::fail)?;
        only_these_changed(&sheet, &filled, &["Echo (17)"])?;
        // Filled once more, nothing is left to change.
        let again = gradebook::canvas(&filled.bytes, Some("Echo"), &class).map_err(TestCaseError::fail)?;
        prop_assert_eq!(again.bytes, filled.bytes);
    }

    #[test]
    fn a_worksheet_of_moodle_comes_back_with_marks_and_feedback_only(sheet in moodle_sheet(), class in class()) {
        let filled = gradebook::moodle(&sheet.bytes(), &MoodleColumns::default(), &class);
        let filled = filled.map_err(TestCaseError::fail)?;
        only_these_changed(&sheet, &filled, &["Grade", "Feedback comments"])?;
        let again = gradebook::moodle(&filled.bytes, &MoodleColumns::default(), &class).map_err(TestCaseError::fail)?;
        prop_assert_eq!(again.bytes, filled.bytes);
    }

    /// What a file says that is no gradebook is refused or left alone, never a reason to stop.
    #[test]
    fn anything_is_a_gradebook_or_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in text(), class in class()) {
        for given in [bytes, text.into_bytes()] {
            let _ = gradebook::canvas(&given, None, &class);
            let _ = gradebook::moodle(&given, &MoodleColumns::default(), &class);
        }
    }

    #[test]
    fn the_table_of_a_class_has_no_formulas(class in class()) {
        let text = csv::class(&class);
        let rows = cells(text.as_bytes(), b',');
        prop_assert_eq!(rows.len(), 1 + class.submissions.len() + class.missing.len());
        for row in &rows {
            prop_assert_eq!(row.len(), rows[0].len());
            for cell in row {
                prop_assert!(!is_formula(cell), "{:?}", cell);
                prop_assert!(!cell.chars().any(char::is_control), "{:?}", cell);
            }
        }
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn the_pages_of_a_class_only_show(class in class(), before in class()) {
        let changes = Changes::between(&before, &class);
        let regrade = Regrade { by: "another spec".into(), taken: true, changes };
        let class = Class { regrade: Some(regrade), ..class };
        page_holds(&html::class(&class, "submissions"))?;
        for member in &class.submissions {
            if let Standing::NotGraded(why) = &member.standing {
                let outcome = ipclab_report::Outcome::NotGraded(why.clone());
                let staff = html::Reader::Staff { class_page: "../class.html", code: &[] };
                page_holds(&html::submission(&class, member, &outcome, staff))?;
            }
        }
    }
}
