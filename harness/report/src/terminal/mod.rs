//! The report on a terminal.
//!
//! Calm when all is well: one line a case. What failed is explained below the list, where a reader's eye ends up: the
//! findings with their causes first, then what really happened, then what to do.

mod details;
mod diagram;
pub(crate) mod glyphs;
pub(crate) mod label;
pub(crate) mod page;
mod short;
mod style;

use ipclab_evidence::Level;
use ipclab_judge::Verdict;
use ipclab_spec::Tier;

use crate::{
    Block, CaseReport, CompilerMessage, Line, Program, Report, Severity, TierScore, words,
};
use details::{of, verdict};
use glyphs::Glyphs;
use page::{Ink, Page, Row, cut};
pub use short::{LINES_MAX, render_first, render_short};
pub use style::Style;

/// Writes a report for a reader at a terminal.
#[must_use]
pub fn render(report: &Report, style: &Style) -> String {
    let glyphs = Glyphs::of(style.unicode);
    let mut page = Page::new(Style {
        width: style.width.clamp(60, 110),
        ..*style
    });
    header(&mut page, report, glyphs);
    bars(&mut page, report, glyphs);
    programs(&mut page, report, glyphs);
    overview(&mut page, report, glyphs);
    for case in &report.cases {
        match case.verdict {
            Verdict::Pass => {}
            Verdict::Fail | Verdict::Unknown | Verdict::Skipped => {
                details::case(&mut page, case, glyphs)
            }
        }
    }
    total(&mut page, report, glyphs);
    page.finish()
}

/// One case as its own text: what was found, what really happened, what to do. For formats that take a text a case.
#[must_use]
pub fn render_case(case: &CaseReport, style: &Style) -> String {
    let mut page = Page::new(Style {
        width: style.width.clamp(60, 110),
        ..*style
    });
    details::case(&mut page, case, Glyphs::of(style.unicode));
    page.finish().trim_end().to_owned()
}

fn header(page: &mut Page, report: &Report, glyphs: &Glyphs) {
    page.row(
        Row::new()
            .put(Ink::Strong, report.lab.as_str())
            .put(Ink::Faint, format!(" {} ", glyphs.dot))
            .put(Ink::Plain, report.title.as_str()),
    );
    let level = |ink| {
        Row::new()
            .put(Ink::Plain, report.submission.as_str())
            .put(Ink::Faint, format!(" {} isolation: ", glyphs.dot))
            .put(ink, report.isolation.name())
    };
    match report.isolation {
        Level::Namespaces => {
            page.row(level(Ink::Faint));
            notes(page, report, Ink::Faint, glyphs);
        }
        // What may have spoilt the result is said before the result.
        Level::Shared => {
            page.row(level(Ink::Warn));
            notes(page, report, Ink::Warn, glyphs);
        }
    }
    page.gap();
}

fn notes(page: &mut Page, report: &Report, ink: Ink, glyphs: &Glyphs) {
    for note in &report.isolation_notes {
        page.labelled(
            Row::new().put(ink, format!("  {} ", glyphs.note)),
            ink,
            note,
        );
    }
}

/// A bar for each tier.
fn bars(page: &mut Page, report: &Report, glyphs: &Glyphs) {
    for (tier, score) in &report.score.tiers {
        page.row(bar(*tier, score, glyphs));
    }
    page.gap();
}

fn bar(tier: Tier, score: &TierScore, glyphs: &Glyphs) -> Row {
    const CELLS: usize = 32;
    let cells = |points: u32| match score.max {
        0 => 0,
        max => CELLS.min(points as usize * CELLS / max as usize),
    };
    // Rounded down: only full marks look full.
    let good = cells(score.earned);
    let known = CELLS.min(cells(score.earned.saturating_add(score.unknown)));
    let open = known.saturating_sub(good);
    let rest = CELLS - known;
    let row = Row::new()
        .put(Ink::Plain, format!("  {}", tier.name()))
        .to(11)
        .put(Ink::Good, glyphs.full.repeat(good))
        .put(Ink::Warn, glyphs.open.repeat(open))
        .put(Ink::Faint, glyphs.empty.repeat(rest))
        .put(ink_of(score), format!("  {}", of(score.earned, score.max)));
    if score.unknown > 0 {
        row.put(
            Ink::Warn,
            format!("  ({} could not be graded)", score.unknown),
        )
    } else {
        row
    }
}

fn ink_of(score: &TierScore) -> Ink {
    if score.earned >= score.max {
        Ink::Good
    } else {
        Ink::Plain
    }
}

/// What was built from what; problems with the compiler's own words.
fn programs(page: &mut Page, report: &Report, glyphs: &Glyphs) {
    if report.programs.is_empty() {
        return;
    }
    let names = report
        .programs
        .iter()
        .map(|program| crate::width(&program.name))
        .max()
        .unwrap_or(0);
    page.line(Ink::Strong, "Programs");
    for program in &report.programs {
        let label = |mark: &str, ink| {
            Row::new()
                .put(ink, format!("  {mark} "))
                .put(Ink::Plain, program.name.as_str())
                .to(names + 6)
        };
        match &program.problem {
            None => page.labelled(label(glyphs.pass, Ink::Good), Ink::Faint, &sources(program)),
            Some(problem) => {
                let (mark, ink) = if problem.ours {
                    (glyphs.unknown, Ink::Warn)
                } else {
                    (glyphs.fail, Ink::Bad)
                };
                page.labelled(label(mark, ink), ink, &problem.message);
                build_problem(page, problem);
            }
        }
        for warning in &program.warnings {
            page.labelled(
                Row::new()
                    .to(6)
                    .put(Ink::Faint, format!("{} ", glyphs.note)),
                Ink::Faint,
                warning,
            );
        }
        if !program.compiler.is_empty() {
            let count = program.compiler.len();
            let s = if count == 1 { "" } else { "s" };
            let first = compiler_line(&program.compiler[0]);
            let text =
                format!("{count} compiler warning{s}, which cost nothing; the first: {first}");
            page.labelled(
                Row::new()
                    .to(6)
                    .put(Ink::Faint, format!("{} ", glyphs.note)),
                Ink::Faint,
                &text,
            );
        }
    }
    page.gap();
}

fn sources(program: &Program) -> String {
    let sources: Vec<&str> = program.sources.iter().map(Line::as_str).collect();
    sources.join(", ")
}

fn build_problem(page: &mut Page, problem: &crate::Problem) {
    const INDENT: usize = 6;
    for error in &problem.errors {
        let ink = match error.severity {
            Severity::Error => Ink::Plain,
            Severity::Warning | Severity::Note => Ink::Faint,
        };
        page.labelled(Row::new().to(INDENT), ink, &compiler_line(error));
        for line in error.excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
            page.row(Row::new().to(INDENT).put(Ink::Faint, line.as_str()));
        }
    }
    for line in problem.log.iter().flat_map(|log| log.lines()) {
        page.labelled(Row::new().to(INDENT), Ink::Faint, line);
    }
    if !problem.found.is_empty() {
        let found: Vec<&str> = problem.found.iter().map(Line::as_str).collect();
        page.labelled(
            Row::new().to(INDENT).put(Ink::Faint, "there is: "),
            Ink::Plain,
            &found.join(", "),
        );
    }
    for line in problem.remedy.iter().flat_map(|remedy| remedy.lines()) {
        page.labelled(Row::new().to(INDENT), Ink::Link, line);
    }
}

fn compiler_line(message: &CompilerMessage) -> String {
    let place = message
        .place()
        .map_or(String::new(), |place| format!("{place}: "));
    format!("{place}{}: {}", message.severity.name(), message.message)
}

/// One line a case, by tier.
fn overview(page: &mut Page, report: &Report, glyphs: &Glyphs) {
    const ID_MAX: usize = 30;
    let ids = report
        .cases
        .iter()
        .map(|case| crate::width(&case.id))
        .max()
        .unwrap_or(0)
        .min(ID_MAX);
    for tier in report.score.tiers.keys() {
        page.line(Ink::Strong, words::heading(*tier));
        for case in report.cases.iter().filter(|case| case.tier == *tier) {
            page.row(overview_row(page.width(), case, ids, glyphs));
            // A case that did not pass has them with its findings.
            let passed = case.verdict == Verdict::Pass;
            for line in case.notes.iter().filter(|_| passed).flat_map(Block::lines) {
                page.labelled(Row::new().to(6), Ink::Faint, line);
            }
        }
        page.gap();
    }
}

fn overview_row(width: usize, case: &CaseReport, ids: usize, glyphs: &Glyphs) -> Row {
    let points = format!("{}/{}", words::earned(case), case.max);
    let tag = match words::tag(case.visibility) {
        "" => String::new(),
        tag => format!(" ({tag})"),
    };
    let title_at = ids + 6;
    let room = width.saturating_sub(title_at + points.len() + tag.len() + 2);
    let (mark, ink) = verdict(case.verdict, glyphs);
    let text = match case.verdict {
        Verdict::Pass | Verdict::Fail => Ink::Plain,
        Verdict::Unknown | Verdict::Skipped => Ink::Faint,
    };
    Row::new()
        .put(ink, format!("  {mark} "))
        .put(text, cut(&case.id, ids, glyphs.more))
        .to(title_at)
        .put(Ink::Faint, cut(&case.title, room, glyphs.more))
        .put(Ink::Faint, tag)
        .to(width.saturating_sub(points.len()))
        .put(ink, points)
}

/// The sum, and what to do next.
fn total(page: &mut Page, report: &Report, glyphs: &Glyphs) {
    page.line(Ink::Faint, glyphs.dash.repeat(page.width()));
    let score = &report.score;
    let ink = if score.earned >= score.max && !report.cases.is_empty() {
        Ink::Good
    } else {
        Ink::Strong
    };
    let mut row = Row::new().put(
        ink,
        format!(
            "{} points{}",
            of(score.earned, score.max),
            words::certain(report)
        ),
    );
    for (name, count) in counts(report) {
        row.push(Ink::Faint, format!("  {}  ", glyphs.dot));
        row.push(Ink::Plain, format!("{count} {name}"));
    }
    page.row(row);
    if let Some(withheld) = words::withheld(report) {
        page.line(Ink::Faint, format!("{withheld}."));
    }
    for advice in next(report) {
        page.labelled(Row::new(), Ink::Plain, &advice);
    }
    if let Some(case) = first_failed(report) {
        page.row(
            Row::new()
                .put(Ink::Plain, "  ")
                .put(Ink::Link, case.repeat.as_str()),
        );
    }
}

/// How many cases have which verdict; those that none has are left out.
fn counts(report: &Report) -> Vec<(&'static str, usize)> {
    let of = |verdict| {
        report
            .cases
            .iter()
            .filter(|case| case.verdict == verdict)
            .count()
    };
    [
        ("passed", of(Verdict::Pass)),
        ("failed", of(Verdict::Fail)),
        ("skipped", of(Verdict::Skipped)),
        ("could not be graded", of(Verdict::Unknown)),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .collect()
}

fn first_failed(report: &Report) -> Option<&CaseReport> {
    report
        .cases
        .iter()
        .find(|case| case.verdict == Verdict::Fail)
}

fn next(report: &Report) -> Vec<String> {
    let mut advice = Vec::new();
    let broken: Vec<&str> = report
        .programs
        .iter()
        .filter(|program| {
            program
                .problem
                .as_ref()
                .is_some_and(|problem| !problem.ours)
        })
        .map(|program| program.name.as_str())
        .collect();
    if !broken.is_empty() {
        advice.push(format!(
            "First make {} build: the cases that need it wait for it.",
            broken.join(" and ")
        ));
    }
    if report.cases.is_empty() {
        advice.push("No case was graded.".to_owned());
    } else if report.score.unknown > 0
        || report
            .cases
            .iter()
            .any(|case| case.verdict == Verdict::Unknown)
    {
        advice.push(if report.has_wrong_spec() {
            "What could not be graded is nobody's loss: the lab's spec is wrong there, and its author can mend it.".to_owned()
        } else {
            "What could not be graded is nobody's loss: `ipclab doctor` tells what this machine lacks.".to_owned()
        });
    } else if report.score.earned >= report.score.max {
        advice.push("Full marks.".to_owned());
    }
    if first_failed(report).is_some() {
        advice.push("Begin with the first failed case; this repeats it alone:".to_owned());
    }
    advice
}
