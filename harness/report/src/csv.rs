//! Tables for spreadsheets: the cases of one submission, or a line for each submission of a class.
//!
//! RFC 4180, UTF-8, a header line. A cell that a spreadsheet would run as a formula is kept from it.

use ipclab_judge::Verdict;
use ipclab_spec::Tier;

use crate::place::places;
use crate::rows::tests;
use crate::{
    CaseHeld, Cell, Changes, Class, Line, Mark, Member, Report, Standing, Student, time, words,
};

/// One line for each program and case.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut out = line([
        "submission",
        "lab",
        "case",
        "title",
        "tier",
        "verdict",
        "earned",
        "max",
        "message",
        "at",
        "comes from",
    ]);
    for test in tests(report) {
        let (tier, earned, max) = match test.case {
            Some(case) => (
                case.tier.name(),
                points(case.points()),
                case.max.to_string(),
            ),
            None => ("", String::new(), String::new()),
        };
        out += &line([
            report.submission.as_str(),
            report.lab.as_str(),
            &test.name,
            &test.title,
            tier,
            test.verdict.name(),
            &earned,
            &max,
            &test.message,
            &test.place().map_or(String::new(), ToString::to_string),
            &places(test.from()).unwrap_or_default(),
        ]);
    }
    out
}

/// One line for each submission and for each student who handed in nothing, a column for each case. `mark` is what counts, with
/// what was said by hand and what being late costs; `earned` is what the programs earned. Both are empty where they are not
/// certain: `status` says why, and what is certain and possible are in columns of their own.
#[must_use]
pub fn class(class: &Class) -> String {
    let tiers: Vec<Tier> = Tier::ALL
        .into_iter()
        .filter(|tier| class.cases.iter().any(|case| case.tier == *tier))
        .collect();
    let ids = [
        Student::NUMBER,
        Student::LOGIN,
        Student::EMAIL,
        Student::GITHUB,
        Student::CANVAS,
        Student::MOODLE,
        Student::GRADESCOPE,
        Student::SECTION,
    ];
    let mut head: Vec<String> = ["submission", "students"].map(String::from).to_vec();
    head.extend(ids.map(String::from));
    head.extend(
        [
            "late",
            "status",
            "mark",
            "by hand",
            "late by",
            "late days",
            "late taken",
            "comments",
            "earned",
            "at least",
            "at most",
            "max",
            "not graded",
            "remark",
        ]
        .map(String::from),
    );
    head.extend(tiers.iter().map(|tier| format!("{} earned", tier.name())));
    head.extend(class.cases.iter().map(|case| case.id.to_string()));
    let mut out = line(&head);
    for member in &class.submissions {
        let who = &member.who;
        let mut cells = vec![who.id.to_string(), words::called(who)];
        for id in ids {
            let known: Vec<&str> = who
                .students
                .iter()
                .filter_map(|student| Some(student.id(id)?.as_str()))
                .collect();
            cells.push(known.join(" "));
        }
        cells.push(match member.is_late() {
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
            None => String::new(),
        });
        match &member.standing {
            Standing::NotGraded(why) => {
                let status = if why.ours { "not graded" } else { "not opened" };
                cells.push(status.to_owned());
                cells.extend(settled(member));
                cells.extend(["", "", ""].map(String::from));
                cells.extend([class.max.to_string(), String::new()]);
                cells.push(why.why.to_string());
                cells.extend(tiers.iter().map(|_| String::new()));
                cells.extend(class.cases.iter().map(|_| String::new()));
            }
            Standing::Graded(summary) => {
                let score = &summary.score;
                let (status, earned, least, most) = match summary.mark() {
                    Mark::Final(mark) => ("graded", Some(mark), mark, mark),
                    Mark::Range { least, most } => ("partly graded", None, least, most),
                };
                cells.push(status.to_owned());
                cells.extend(settled(member));
                cells.push(points(earned));
                cells.extend([least, most, score.max, score.unknown].map(|n| n.to_string()));
                let broken: Vec<String> = summary
                    .not_built
                    .iter()
                    .map(|one| match &one.remedy {
                        Some(remedy) => format!("{}: {} ({remedy})", one.program, one.why),
                        None => format!("{}: {}", one.program, one.why),
                    })
                    .collect();
                cells.push(broken.join("; "));
                let tier = |tier| {
                    let score = score.tiers.get(tier).copied().unwrap_or_default();
                    (score.unknown == 0).then_some(score.earned)
                };
                cells.extend(tiers.iter().map(|one| points(tier(one))));
                cells.extend(class.cases.iter().map(|case| {
                    let cell = summary.cases.iter().find(|cell| cell.id == case.id);
                    points(cell.and_then(Cell::points))
                }));
            }
        }
        out += &line(&cells);
    }
    for student in &class.missing {
        let mut cells = vec![String::new(), words::student(student)];
        cells.extend(ids.map(|id| student.id(id).map(Line::to_string).unwrap_or_default()));
        cells.extend([String::new(), "not handed in".to_owned()]);
        cells.push(points(class.not_handed_in));
        cells.extend([const { String::new() }; 5]);
        cells.push(points(class.not_handed_in));
        cells.resize(head.len(), String::new());
        out += &line(&cells);
    }
    out
}

/// The mark that counts, and what stands beside what was graded.
fn settled(member: &Member) -> [String; 6] {
    let by_hand = member.settled.by_hand.iter();
    let by_hand = by_hand.filter(|one| one.change.is_some());
    let by_hand: Vec<String> = by_hand.map(|one| one.says(true)).collect();
    let comments: Vec<&str> = member.settled.comments().map(Line::as_str).collect();
    let late = member.settled.late.as_ref();
    let taken = late.filter(|late| late.least == late.most);
    [
        points(member.final_mark()),
        by_hand.join("; "),
        late.and_then(|late| late.by_s)
            .map_or(String::new(), time::span_words),
        points(late.and_then(|late| late.days)),
        points(taken.map(|late| late.least)),
        comments.join("; "),
    ]
}

/// A line for each case that differs between two gradings, and for each member whose points or mark differ without one. `before`
/// and `after` are what the programs earned; the marks that count have columns of their own.
#[must_use]
pub fn changes(changes: &Changes) -> String {
    let mut out = line([
        "submission",
        "students",
        "before",
        "after",
        "by",
        "case",
        "case before",
        "case after",
        "change",
        "cause",
        "mark before",
        "mark after",
    ]);
    let held = |side: &Option<CaseHeld>| match side {
        Some(held) if held.verdict == Verdict::Unknown => String::new(),
        Some(held) => held.earned.to_string(),
        None => String::new(),
    };
    for change in &changes.members {
        let head = [
            change.who.id.to_string(),
            words::called(&change.who),
            change.before.to_string(),
            change.after.to_string(),
            change.by().map_or(String::new(), |by| by.to_string()),
        ];
        let marks = change.marks;
        let marks = marks.map(|mark| mark.map_or(String::new(), |mark| mark.to_string()));
        if change.cases.is_empty() {
            out += &line(
                head.iter()
                    .cloned()
                    .chain(std::iter::repeat_n(String::new(), 5))
                    .chain(marks.iter().cloned()),
            );
        }
        for case in &change.cases {
            let cause = case.says().map_or(String::new(), Line::to_string);
            let cells = [
                case.id.to_string(),
                held(&case.before),
                held(&case.after),
                case.direction().to_owned(),
                cause,
            ];
            out += &line(
                head.iter()
                    .cloned()
                    .chain(cells)
                    .chain(marks.iter().cloned()),
            );
        }
    }
    out
}

/// Points, or nothing where there are none: never a 0 in their place.
fn points(points: Option<u32>) -> String {
    points.map_or(String::new(), |points| points.to_string())
}

fn line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    let cells: Vec<String> = cells
        .into_iter()
        .map(|cell| quoted(&harmless(cell.as_ref()), ','))
        .collect();
    cells.join(",") + "\r\n"
}

/// A cell that begins like a formula gets an apostrophe, which makes it text in every spreadsheet.
pub(crate) fn harmless(cell: &str) -> String {
    // Blanks and quotes before it do not keep a spreadsheet from it, nor do full-width forms.
    let first = cell.trim_start().chars().next();
    let formula = first.is_some_and(|c| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠'
        )
    });
    if formula || cell.starts_with(['\t', '\r', '\n']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// A cell as it stands between two delimiters.
pub(crate) fn quoted(cell: &str, delimiter: char) -> String {
    let plain = |c: char| c != delimiter && c != '"' && c != '\n' && c != '\r';
    if cell.chars().all(plain) && cell.trim() == cell {
        cell.to_owned()
    } else {
        format!("\"{}\"", cell.replace('"', "\"\""))
    }
}
