//! A case that did not pass: what was found, what really happened, what to do.

use super::glyphs::Glyphs;
use super::page::{Ink, Page, Row};
use ipclab_judge::Verdict;

use super::diagram;
use crate::diff::visible_end;
use crate::place::described;
use crate::{CaseReport, Diff, DiffRow, FindingReport, Line, width, words};

/// Where the text of a finding begins: behind its mark and its aspect.
const TEXT: usize = 13;
/// Columns of the name of a side.
const SIDE: usize = 10;

pub(super) fn case(page: &mut Page, case: &CaseReport, glyphs: &Glyphs) {
    title(page, case, glyphs);
    findings(page, case, glyphs);
    for note in &case.notes {
        page.gap();
        let mut label = Row::new().put(Ink::Faint, format!("  {} ", glyphs.note));
        for line in note.lines() {
            page.labelled(label, Ink::Plain, line);
            label = Row::new().to(4);
        }
    }
    if let Some(conversation) = &case.conversation
        && !conversation.rows.is_empty()
    {
        page.gap();
        page.line(Ink::Faint, "  what happened");
        let cited = words::cited(case);
        diagram::draw(page, conversation, &cited, glyphs);
    }
    advice(page, case);
    page.gap();
}

fn title(page: &mut Page, case: &CaseReport, glyphs: &Glyphs) {
    let (mark, ink) = verdict(case.verdict, glyphs);
    let said = words::verdict(case.verdict);
    let points = format!(
        " {} of {} {}",
        words::earned(case),
        case.max,
        glyphs.dash.repeat(2)
    );
    let mut row = Row::new()
        .put(Ink::Faint, format!("{} ", glyphs.dash.repeat(2)))
        .put(ink, format!("{mark} {}", case.id))
        .put(Ink::Faint, format!(" {said} "));
    let rest = page.width().saturating_sub(row.width() + width(&points));
    row.push(Ink::Faint, glyphs.dash.repeat(rest));
    row.push(Ink::Faint, points);
    page.row(row);
    page.labelled(Row::new().to(3), Ink::Strong, &case.title);
    page.gap();
}

/// Findings in the judge's order, causes first, then what was right. A remark costs nothing and so is faint, unless it is
/// the cause itself: a port without `htons()` explains everything also where only the output earns points.
fn findings(page: &mut Page, case: &CaseReport, glyphs: &Glyphs) {
    for (place, shown) in words::not_passed(case).enumerate() {
        let (mark, ink) = verdict(shown.verdict, glyphs);
        if shown.graded {
            finding(page, shown, mark, ink, Ink::Plain, glyphs);
        } else {
            let text = if place == 0 { Ink::Plain } else { Ink::Faint };
            finding(page, shown, glyphs.remark, Ink::Faint, text, glyphs);
        }
    }
    let kept = words::as_expected(case);
    if !kept.is_empty() {
        let label = Row::new().put(Ink::Good, format!("  {} ", glyphs.pass));
        page.labelled(
            label,
            Ink::Faint,
            &format!("as expected: {}", kept.join(", ")),
        );
    }
}

fn finding(
    page: &mut Page,
    finding: &FindingReport,
    mark: &str,
    mark_ink: Ink,
    ink: Ink,
    glyphs: &Glyphs,
) {
    let label = Row::new()
        .put(mark_ink, format!("  {mark} "))
        .put(mark_ink, finding.aspect.name())
        .to(TEXT);
    let mut text = words::finding(finding);
    if finding.follows {
        text.push_str(" (follows from the above)");
    }
    page.labelled(label, ink, &text);
    // What follows shows where its cause does.
    if !finding.lines.is_empty() && !finding.follows {
        let label = Row::new().to(TEXT).put(Ink::Faint, "at").to(TEXT + SIDE);
        page.labelled(label, Ink::Plain, &described(&finding.lines));
        if !finding.from.is_empty() {
            let label = Row::new().to(TEXT).put(Ink::Faint, "from").to(TEXT + SIDE);
            let from: Vec<String> = finding.from.iter().map(ToString::to_string).collect();
            page.labelled(label, Ink::Plain, &from.join(", "));
        }
    }
    // A diff shows both sides already.
    match &finding.diff {
        Some(diff) => difference(page, TEXT, words::seen(finding), diff, glyphs),
        None => {
            side(page, TEXT, "expected", finding.expected.as_ref(), glyphs);
            side(
                page,
                TEXT,
                words::seen(finding),
                finding.seen.as_ref(),
                glyphs,
            );
        }
    }
}

/// One of both sides, its name at this column.
pub(super) fn side(
    page: &mut Page,
    at: usize,
    name: &str,
    text: Option<&crate::Block>,
    glyphs: &Glyphs,
) {
    let Some(text) = text else {
        return;
    };
    let mut label = Row::new().to(at).put(Ink::Faint, name).to(at + SIDE);
    if text.lines().is_empty() {
        page.row(label.put(Ink::Faint, "(nothing)"));
        return;
    }
    for line in text.lines() {
        page.labelled(label, Ink::Plain, &visible_end(line, glyphs.blank));
        label = Row::new().to(at + SIDE);
    }
}

/// Both sides where they part.
pub(super) fn difference(
    page: &mut Page,
    at: usize,
    seen_name: &'static str,
    diff: &Diff,
    glyphs: &Glyphs,
) {
    match diff {
        Diff::Lines(rows) => {
            for row in rows {
                diff_row(page, at, seen_name, row, glyphs);
            }
        }
        Diff::Byte {
            offset,
            expected,
            seen,
        } => {
            page.row(Row::new().to(at).put(
                Ink::Faint,
                format!("they part at byte {offset}, counted from 0"),
            ));
            // Where they would not fit they begin further to the left.
            let sides = expected.lines().iter().chain(seen.lines());
            let columns = sides.map(|line| width(line)).max().unwrap_or(0);
            let at = at.min(page.width().saturating_sub(columns + SIDE));
            hex(page, at, "expected", Ink::Good, expected.lines());
            hex(page, at, seen_name, Ink::Bad, seen.lines());
            if let Some(column) = diff.parts_at() {
                page.row(
                    Row::new()
                        .to(at + SIDE + column)
                        .put(Ink::Warn, glyphs.caret),
                );
            }
        }
    }
}

/// A line of both, of the expected text, or of the student's own; each says which.
fn diff_row(page: &mut Page, at: usize, seen_name: &'static str, row: &DiffRow, glyphs: &Glyphs) {
    let begin = Row::new().to(at);
    match row {
        DiffRow::Same(line) => page.labelled(begin.to(at + SIDE), Ink::Faint, line),
        DiffRow::Missing(line) => page.labelled(
            begin.put(Ink::Good, "expected").to(at + SIDE),
            Ink::Good,
            &visible_end(line, glyphs.blank),
        ),
        DiffRow::Extra(line) => page.labelled(
            begin.put(Ink::Bad, seen_name).to(at + SIDE),
            Ink::Bad,
            &visible_end(line, glyphs.blank),
        ),
        DiffRow::Elided(lines) => {
            let s = if *lines == 1 { "" } else { "s" };
            page.row(begin.to(at + SIDE).put(
                Ink::Faint,
                format!("{} {lines} line{s}", glyphs.lane_left_out),
            ));
        }
    }
}

/// Never wrapped: bytes of both sides stand above each other.
fn hex(page: &mut Page, at: usize, name: &str, ink: Ink, lines: &[Line]) {
    let mut label = Row::new().to(at).put(Ink::Faint, name).to(at + SIDE);
    if lines.is_empty() {
        page.row(label.put(Ink::Faint, "(nothing)"));
        return;
    }
    for line in lines {
        page.row(label.put(ink, line.as_str()));
        label = Row::new().to(at + SIDE);
    }
}

fn advice(page: &mut Page, case: &CaseReport) {
    page.gap();
    let mut label = Row::new().put(Ink::Faint, "  hint").to(TEXT);
    for hint in case.hints() {
        for line in hint.text.lines() {
            page.labelled(label, Ink::Plain, line);
            label = Row::new().to(TEXT);
        }
        if !hint.next.is_empty() {
            let more = words::count(hint.next.len(), "more step");
            let text = format!("({more}: --hint N shows N of them)");
            page.labelled(Row::new().to(TEXT), Ink::Faint, &text);
        }
    }
    if !case.covers.is_empty() {
        let covers: Vec<&str> = case.covers.iter().map(Line::as_str).collect();
        page.labelled(
            Row::new().put(Ink::Faint, "  unit").to(TEXT),
            Ink::Plain,
            &covers.join(", "),
        );
    }
    // On one line however long: it is there to be copied.
    page.row(
        Row::new()
            .put(Ink::Faint, "  repeat")
            .to(TEXT)
            .put(Ink::Link, case.repeat.as_str()),
    );
}

pub(super) fn of(earned: u32, max: u32) -> String {
    format!("{earned} of {max}")
}

/// Mark and colour of a verdict.
pub(super) fn verdict(verdict: Verdict, glyphs: &Glyphs) -> (&'static str, Ink) {
    match verdict {
        Verdict::Pass => (glyphs.pass, Ink::Good),
        Verdict::Fail => (glyphs.fail, Ink::Bad),
        Verdict::Unknown => (glyphs.unknown, Ink::Warn),
        Verdict::Skipped => (glyphs.skipped, Ink::Warn),
    }
}
