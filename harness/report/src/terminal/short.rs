//! The short report: the score, what to mend first, a line for each further mistake, and what passed as a number.
//!
//! It never has more than [`LINES_MAX`] lines of 80 columns. What is cut is in the whole report, and the last line names it.

use ipclab_evidence::Level;
use ipclab_judge::Verdict;

use super::details::{difference, of, side};
use super::glyphs::Glyphs;
use super::page::{Ink, Page, Row, cut};
use super::{Style, compiler_line, notes};
use crate::place::described;
use crate::{
    CaseReport, CauseReport, FindingReport, Hint, Place, Problem, Report, Severity, words,
};

/// Lines that a short report has at most.
pub const LINES_MAX: usize = 48;
/// Lines of a cause's sentence.
const MESSAGE_LINES: usize = 5;
/// Lines of the case that shows it.
const TITLE_LINES: usize = 2;
/// Lines of what was expected and seen.
const SIDES_LINES: usize = 10;
/// Lines of a hint.
const HINT_LINES: usize = 6;
/// Lines about a build that failed.
const BUILD_LINES: usize = 12;
/// Causes that have a line of their own beside the first.
const FURTHER: usize = 9;
/// Where text begins behind a label.
const TEXT: usize = 12;

/// Writes the short form of a report.
#[must_use]
pub fn render_short(report: &Report, style: &Style) -> String {
    render_with(report, style, FURTHER)
}

/// The same for a student who is mending it: with the first mistake alone.
#[must_use]
pub fn render_first(report: &Report, style: &Style) -> String {
    render_with(report, style, 0)
}

/// `further`: causes that have a line of their own beside the first.
fn render_with(report: &Report, style: &Style, further: usize) -> String {
    let glyphs = Glyphs::of(style.unicode);
    let mut page = Page::new(Style {
        width: style.width.clamp(60, 110),
        ..*style
    });
    header(&mut page, report, glyphs);
    if let Some(first) = report.causes.first() {
        page.gap();
        first_cause(&mut page, report, first, glyphs);
        further_causes(&mut page, report, further, glyphs);
    }
    not_graded(&mut page, report, glyphs);
    if report.causes.is_empty() && !is_trouble(report) {
        closing(&mut page, report);
    } else {
        page.gap();
        closing(&mut page, report);
        whole(&mut page, report);
    }
    page.finish()
}

/// What is graded, and what it came to.
fn header(page: &mut Page, report: &Report, glyphs: &Glyphs) {
    let lab = format!("{} {} {}", report.lab, glyphs.dot, report.title);
    page.line(Ink::Strong, cut(&lab, page.width(), glyphs.more));
    let score = &report.score;
    let full = score.earned >= score.max && !report.cases.is_empty();
    let ink = if full { Ink::Good } else { Ink::Strong };
    let points = format!(
        "{} points{}",
        of(score.earned, score.max),
        words::certain(report)
    );
    let mut tiers = String::new();
    if score.tiers.len() > 1 && !full {
        for (tier, points) in &score.tiers {
            tiers.push_str(&format!(
                " {} {} {}",
                glyphs.dot,
                tier.name(),
                of(points.earned, points.max)
            ));
        }
    }
    let room = page.width().saturating_sub(points.len() + 2);
    let rest = room.saturating_sub(crate::width(&report.submission));
    if tiers.chars().count() > rest {
        tiers.clear();
    }
    let mut row = Row::new()
        .put(
            Ink::Plain,
            format!("{}: ", cut(&report.submission, room, glyphs.more)),
        )
        .put(ink, points);
    row.push(Ink::Faint, tiers);
    page.row(row);
    match report.isolation {
        Level::Namespaces => {}
        // What may have spoilt the result is said before the result.
        Level::Shared => {
            page.labelled(
                Row::new(),
                Ink::Warn,
                "Isolation is shared: other programs on this machine can be in the way.",
            );
            notes(page, report, Ink::Warn, glyphs);
        }
    }
}

/// What to mend first: the mistake, where it shows, both sides, the hint, the command that repeats it.
fn first_cause(page: &mut Page, report: &Report, cause: &CauseReport, glyphs: &Glyphs) {
    page.row(Row::new().put(Ink::Strong, "Mend this first").put(
        Ink::Faint,
        format!(" {} {}", glyphs.dot, words::worth(cause)),
    ));
    let mark = || Row::new().put(Ink::Bad, format!("  {} ", glyphs.fail));
    if let Some((name, problem)) = words::failed_build(report, cause) {
        page.labelled(
            mark(),
            Ink::Plain,
            &format!("{name} does not build: {}", problem.message),
        );
        page.append(build(page, problem), BUILD_LINES, glyphs.more);
        return;
    }
    let mut message = Page::new(page.style);
    message.labelled(mark(), Ink::Plain, &cause.message);
    page.append(message, MESSAGE_LINES, glyphs.more);
    let Some(case) = case_of(report, cause) else {
        return;
    };
    let finding = usize::try_from(cause.finding)
        .ok()
        .and_then(|at| case.findings.get(at));
    let mut title = Page::new(page.style);
    title.labelled(
        Row::new().put(Ink::Faint, "    in").to(TEXT),
        Ink::Plain,
        &format!("{}: {}", case.id, case.title),
    );
    page.append(title, TITLE_LINES, glyphs.more);
    when(page, case, finding, glyphs);
    given(page, case, cause, glyphs);
    also(page, cause, glyphs);
    place(page, report, cause, glyphs);
    if let Some(finding) = finding {
        page.append(sides(page, finding, glyphs), SIDES_LINES, glyphs.more);
    }
    hint(page, case.hint_for(finding), glyphs);
    repeat(page, case.repeat.as_str());
}

/// The message with which it goes wrong, where the ones before were right.
fn when(page: &mut Page, case: &CaseReport, finding: Option<&FindingReport>, glyphs: &Glyphs) {
    let Some(text) = finding.and_then(|finding| words::when(case, finding)) else {
        return;
    };
    let room = page.width().saturating_sub(TEXT);
    page.row(
        Row::new()
            .put(Ink::Faint, "    when")
            .to(TEXT)
            .put(Ink::Plain, cut(&text, room, glyphs.more)),
    );
}

/// What the case did to the program's calls, where the mistake does not say it.
fn given(page: &mut Page, case: &CaseReport, cause: &CauseReport, glyphs: &Glyphs) {
    let Some(text) = words::injected(case, cause) else {
        return;
    };
    let room = page.width().saturating_sub(TEXT);
    page.row(
        Row::new()
            .put(Ink::Faint, "    given")
            .to(TEXT)
            .put(Ink::Plain, cut(&text, room, glyphs.more)),
    );
}

/// The other cases that it shows in, as far as there is room on one line.
fn also(page: &mut Page, cause: &CauseReport, glyphs: &Glyphs) {
    let others: Vec<&str> = cause
        .cases
        .iter()
        .filter(|case| **case != cause.case)
        .map(|case| case.as_str())
        .collect();
    if !others.is_empty() {
        let room = page.width().saturating_sub(TEXT);
        page.row(
            Row::new()
                .put(Ink::Faint, "    also")
                .to(TEXT)
                .put(Ink::Plain, cut(&others.join(", "), room, glyphs.more)),
        );
    }
}

/// The line of the student's file that it shows in, and what stands there.
fn place(page: &mut Page, report: &Report, cause: &CauseReport, glyphs: &Glyphs) {
    let Some(first) = cause.lines.first() else {
        return;
    };
    let room = page.width().saturating_sub(TEXT);
    page.row(Row::new().put(Ink::Faint, "    at").to(TEXT).put(
        Ink::Strong,
        cut(&described(&cause.lines), room, glyphs.more),
    ));
    code(page, report, first, glyphs);
    for (nth, from) in cause.from.iter().enumerate() {
        let label = if nth == 0 { "    from" } else { "" };
        page.row(
            Row::new()
                .put(Ink::Faint, label)
                .to(TEXT)
                .put(Ink::Strong, cut(&from.to_string(), room, glyphs.more)),
        );
        code(page, report, from, glyphs);
    }
}

/// What stands in a line of the student's file.
fn code(page: &mut Page, report: &Report, place: &Place, glyphs: &Glyphs) {
    let excerpt = report.excerpt(place);
    if let Some(line) = excerpt.and_then(|excerpt| excerpt.line()) {
        let text = format!("{} {} {}", place.line, glyphs.lane, line.trim());
        let room = page.width().saturating_sub(TEXT);
        page.row(
            Row::new()
                .to(TEXT)
                .put(Ink::Faint, cut(&text, room, glyphs.more)),
        );
    }
}

fn sides(page: &Page, finding: &FindingReport, glyphs: &Glyphs) -> Page {
    let mut both = Page::new(page.style);
    match &finding.diff {
        Some(diff) => difference(&mut both, TEXT, words::seen(finding), diff, glyphs),
        None => {
            side(
                &mut both,
                TEXT,
                "expected",
                finding.expected.as_ref(),
                glyphs,
            );
            side(
                &mut both,
                TEXT,
                words::seen(finding),
                finding.seen.as_ref(),
                glyphs,
            );
        }
    }
    both
}

fn hint(page: &mut Page, hint: Option<Hint<'_>>, glyphs: &Glyphs) {
    let Some(hint) = hint else {
        return;
    };
    let mut text = Page::new(page.style);
    let mut label = Row::new().put(Ink::Faint, "    hint").to(TEXT);
    for line in hint.text.lines() {
        text.labelled(label, Ink::Plain, line);
        label = Row::new().to(TEXT);
    }
    page.append(text, HINT_LINES, glyphs.more);
    if !hint.next.is_empty() {
        let more = words::count(hint.next.len(), "more step");
        let text = format!("({more}: --hint N shows N of them)");
        page.row(Row::new().to(TEXT).put(Ink::Faint, text));
    }
}

/// On one line however long: it is there to be copied.
fn repeat(page: &mut Page, command: &str) {
    page.row(
        Row::new()
            .put(Ink::Faint, "    repeat")
            .to(TEXT)
            .put(Ink::Link, command),
    );
}

/// The compiler's first error, or what there is instead of one.
fn build(page: &Page, problem: &Problem) -> Page {
    const INDENT: usize = 4;
    let mut text = Page::new(page.style);
    let mut errors = problem.errors.iter();
    let first = errors.find(|error| error.severity == Severity::Error);
    if let Some(error) = first.or(problem.errors.first()) {
        text.labelled(Row::new().to(INDENT), Ink::Plain, &compiler_line(error));
        for line in error.excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
            text.row(Row::new().to(INDENT).put(Ink::Faint, line.as_str()));
        }
        return text;
    }
    for line in problem
        .log
        .iter()
        .flat_map(|log| log.lines())
        .take(BUILD_LINES - 4)
    {
        text.labelled(Row::new().to(INDENT), Ink::Faint, line);
    }
    if !problem.found.is_empty() {
        let found: Vec<&str> = problem.found.iter().map(|name| name.as_str()).collect();
        let label = Row::new().to(INDENT).put(Ink::Faint, "there is: ");
        text.labelled(label, Ink::Plain, &found.join(", "));
    }
    for line in problem.remedy.iter().flat_map(|remedy| remedy.lines()) {
        text.labelled(Row::new().to(INDENT), Ink::Link, line);
    }
    text
}

/// A line for each further mistake.
fn further_causes(page: &mut Page, report: &Report, most: usize, glyphs: &Glyphs) {
    let Some((first, further)) = report.causes.split_first() else {
        return;
    };
    // Until it builds, the compiler's word is all that helps.
    let refused = words::failed_build(report, first).is_some_and(|(_, problem)| {
        let mut errors = problem.errors.iter();
        errors.any(|error| error.severity == Severity::Error)
    });
    if further.is_empty() || refused {
        return;
    }
    page.gap();
    if most > 0 {
        page.line(Ink::Strong, "Then");
    }
    for cause in further.iter().take(most) {
        let message = match words::failed_build(report, cause) {
            Some(_) => words::cause(report, cause),
            None => match cause.lines.first() {
                Some(line) => format!("{line}: {}", cause.message),
                None => format!("{}: {}", cause.case, cause.message),
            },
        };
        let points = words::count(cause.points as usize, "point");
        let room = page.width().saturating_sub(points.len() + 6);
        page.row(
            Row::new()
                .put(Ink::Bad, format!("  {} ", glyphs.fail))
                .put(Ink::Plain, cut(&message, room, glyphs.more))
                .to(page.width().saturating_sub(points.len()))
                .put(Ink::Faint, points),
        );
    }
    let more = further.len().saturating_sub(most);
    if more > 0 {
        page.line(
            Ink::Faint,
            format!("    {}", words::count(more, "more mistake")),
        );
    }
}

/// What could not be graded, and why.
fn not_graded(page: &mut Page, report: &Report, glyphs: &Glyphs) {
    let mut unknown = report
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Unknown)
        .peekable();
    let Some(first) = unknown.peek().copied() else {
        return;
    };
    page.gap();
    let why = words::first_message(first)
        .map_or(String::new(), |finding| format!(": {}", finding.message));
    let mut text = Page::new(page.style);
    text.labelled(
        Row::new().put(Ink::Warn, format!("  {} ", glyphs.unknown)),
        Ink::Plain,
        &format!(
            "{} could not be graded. No point is lost for that. The first, {}{why}",
            words::count(unknown.count(), "case"),
            first.id
        ),
    );
    page.append(text, MESSAGE_LINES, glyphs.more);
    let problems = report
        .programs
        .iter()
        .filter_map(|one| one.problem.as_ref());
    let remedy = problems
        .filter(|problem| problem.ours)
        .find_map(|problem| problem.remedy.as_ref());
    for line in remedy.iter().flat_map(|remedy| remedy.lines()) {
        page.labelled(Row::new().to(4), Ink::Link, line);
    }
}

/// What passed, and what is not shown.
fn closing(page: &mut Page, report: &Report) {
    let all = report.cases.len();
    let passed = report
        .cases
        .iter()
        .filter(|case| case.verdict == Verdict::Pass)
        .count();
    let said = match (passed, all) {
        (_, 0) => "No case was graded.".to_owned(),
        (passed, all) if passed == all => format!("All {} passed.", words::count(all, "case")),
        (passed, all) => format!("{passed} of {} passed.", words::count(all, "case")),
    };
    let withheld = words::withheld(report).map_or(String::new(), |text| format!(" {text}."));
    page.labelled(Row::new(), Ink::Plain, &format!("{said}{withheld}"));
}

/// The way to the whole report.
fn whole(page: &mut Page, report: &Report) {
    let Some(case) = report.cases.first() else {
        return;
    };
    let end = format!(" --case {}", case.id);
    let command = case.repeat.strip_suffix(end.as_str());
    page.row(Row::new().put(Ink::Faint, "The whole report: ").put(
        Ink::Link,
        format!("{} --all", command.unwrap_or(case.repeat.as_str())),
    ));
}

fn is_trouble(report: &Report) -> bool {
    report.score.earned < report.score.max || report.exit_code() == 3
}

fn case_of<'a>(report: &'a Report, cause: &CauseReport) -> Option<&'a CaseReport> {
    report.cases.iter().find(|case| case.id == cause.case)
}
