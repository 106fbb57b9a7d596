//! The table of a validation, for people.

use std::fmt::Write;

use ipclab_report::terminal::Style;
use ipclab_report::width;

use super::result::{LabResult, Row, Validation};

/// Marks: as expected, not so, not known.
struct Marks {
    good: &'static str,
    bad: &'static str,
    unknown: &'static str,
    dot: &'static str,
    arrow: &'static str,
}

const UNICODE: Marks = Marks {
    good: "✓",
    bad: "✗",
    unknown: "?",
    dot: "·",
    arrow: "→",
};
const ASCII: Marks = Marks {
    good: "+",
    bad: "x",
    unknown: "?",
    dot: "-",
    arrow: "->",
};

impl Validation {
    /// For people: all labs and a last line.
    #[must_use]
    pub fn text(&self, style: &Style) -> String {
        render(self, style)
    }
}

fn render(validation: &Validation, style: &Style) -> String {
    let marks = if style.unicode { &UNICODE } else { &ASCII };
    let tiers = if validation.tiers.is_empty() {
        "all tiers".to_owned()
    } else {
        validation.tiers.join(", ")
    };
    let mut out = String::new();
    for lab in &validation.labs {
        render_lab(&mut out, lab, &tiers, marks, style.width.clamp(60, 110));
    }
    let labs = &validation.labs;
    let holes: usize = labs.iter().map(|lab| lab.holes.len()).sum();
    let rows = || labs.iter().flat_map(|lab| &lab.submissions);
    let unknown = rows().filter(|row| is_unknown(row)).count();
    let verdict = match (holes, unknown) {
        (0, 0) if rows().next().is_none() => "nothing was tried".to_owned(),
        (0, 0) => "proved".to_owned(),
        (0, _) => "not proved".to_owned(),
        (holes, _) => format!("not proved: {}", count(holes, "hole")),
    };
    let mut last = format!(
        "{verdict} {dot} {} {dot} {} tried",
        count(labs.len(), "lab"),
        count(rows().count(), "program set"),
        dot = marks.dot
    );
    if unknown > 0 {
        let _ = write!(last, " {} {unknown} could not be graded", marks.dot);
    }
    let _ = writeln!(out, "{last}");
    out
}

fn render_lab(out: &mut String, lab: &LabResult, tiers: &str, marks: &Marks, columns: usize) {
    let _ = writeln!(
        out,
        "{} {dot} {}\n{tiers}: {}, {}\n",
        lab.lab,
        lab.title,
        count(lab.cases.len(), "case"),
        count(lab.points as usize, "point"),
        dot = marks.dot
    );
    if lab.cases.is_empty() {
        out.push_str("  it has no case of these tiers\n\n");
        return;
    }
    let names = lab.submissions.iter().map(|row| width(&row.name)).max();
    let names = names.unwrap_or(0);
    for row in &lab.submissions {
        let mark = match (row.as_expected, is_unknown(row)) {
            (_, true) => marks.unknown,
            (true, false) => marks.good,
            (false, false) => marks.bad,
        };
        let head = format!(
            "  {mark} {}{}  {:>3} of {:<3} ",
            row.name,
            " ".repeat(names.saturating_sub(width(&row.name))),
            row.earned,
            row.max
        );
        let indent = width(&head);
        out.push_str(head.trim_end());
        wrap(out, &lost(row), indent, head.trim_end(), columns, marks);
    }
    let points = lab.cases.iter().flat_map(|case| &case.failed_by);
    let (lost, all) = points.fold((0, 0), |(lost, all), (_, losers)| {
        (lost + usize::from(!losers.is_empty()), all + 1)
    });
    let _ = writeln!(
        out,
        "\n  {lost} of {all} parts of the points are lost by a rejected submission"
    );
    for row in lab.submissions.iter().filter(|row| is_unknown(row)) {
        let whole = row.unable.iter().map(|why| format!("{}: {why}", row.name));
        let cases = row.unknown.iter();
        let cases = cases.map(|(case, why)| format!("{}: {case}: {why}", row.name));
        for line in whole.chain(cases) {
            let _ = writeln!(out, "  {} {line}", marks.unknown);
        }
    }
    for row in &lab.submissions {
        for wrong in &row.style {
            let _ = writeln!(out, "  {} {}: hard to read: {wrong}", marks.dot, row.name);
        }
    }
    if !lab.holes.is_empty() {
        let _ = writeln!(out, "\n  {}", count(lab.holes.len(), "hole"));
    }
    for hole in &lab.holes {
        let about = [&hole.submission, &hole.case].into_iter().flatten();
        let about: String = about.map(|name| format!("{name}: ")).collect();
        let _ = writeln!(out, "  {} {about}{}", marks.bad, hole.what);
        for said in &hole.said {
            let _ = writeln!(out, "      {said}");
        }
        let _ = writeln!(out, "    {} {}", marks.arrow, hole.remedy);
    }
    if !lab.updated.is_empty() {
        out.push_str("\n  written as it came out; read it, and prove the lab again:\n");
        for file in &lab.updated {
            let _ = writeln!(out, "    {file}");
        }
    }
    out.push('\n');
}

fn is_unknown(row: &Row) -> bool {
    row.unable.is_some() || !row.unknown.is_empty()
}

/// What a row lost, a case each: `echo-one: output, exit`.
fn lost(row: &Row) -> Vec<String> {
    // A folder without a program has lost everything, each case for the same reason.
    let mut causes = row.skips.values();
    if let Some(first) = causes.next()
        && row.fails.is_empty()
        && row.skips.len() > 1
        && causes.all(|cause| cause == first)
    {
        return vec![format!("{} cases skipped ({first})", row.skips.len())];
    }
    let fails = row.fails.iter();
    let fails = fails.map(|(case, aspects)| format!("{case}: {}", aspects.join(", ")));
    let skips = row.skips.iter();
    let skips = skips.map(|(case, cause)| format!("{case}: skipped ({cause})"));
    fails.chain(skips).collect()
}

/// Puts parts behind a head, and what does not fit onto lines of their own below it.
fn wrap(
    out: &mut String,
    parts: &[String],
    indent: usize,
    head: &str,
    columns: usize,
    marks: &Marks,
) {
    let mut at = width(head);
    for (n, part) in parts.iter().enumerate() {
        let fits = at.max(indent) + 3 + width(part) <= columns;
        if n == 0 {
            let _ = write!(out, "{}{part}", " ".repeat(indent.saturating_sub(at)));
            at = indent + width(part);
        } else if fits {
            let _ = write!(out, " {} {part}", marks.dot);
            at += 3 + width(part);
        } else {
            let _ = write!(out, "\n{}{part}", " ".repeat(indent));
            at = indent + width(part);
        }
    }
    out.push('\n');
}

fn count(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}
