//! Markdown, as GitHub and its kind show it: a comment, a step summary, a wiki page.
//!
//! What students wrote stands either in fenced code whose fence is longer than any within, or escaped so that no mark-up,
//! link, mention or issue number can come of it.

use std::fmt::Write;

use ipclab_judge::Verdict;

use crate::beside;
use crate::rows::tests;
use crate::terminal::{self, Style};
use crate::{CaseReport, CauseReport, Report, words};

/// What GitHub takes of a step's summary, in bytes.
pub const SUMMARY_MAX: usize = 1024 * 1024;

/// Writes a report as Markdown.
#[must_use]
pub fn render(report: &Report) -> String {
    render_within(report, usize::MAX)
}

/// The same in at most so many bytes: the details of cases for which there is no room are left out, and it says so.
#[must_use]
pub fn render_within(report: &Report, bytes_max: usize) -> String {
    // Room for the sentence that says what is missing.
    const OMISSION_BYTES: usize = 200;
    let mut out = overview(report);
    if out.len() + OMISSION_BYTES > bytes_max {
        let score = &report.score;
        return format!(
            "{} of {} points{}\n",
            score.earned,
            score.max,
            words::certain(report)
        );
    }
    let mut left = 0;
    for case in &report.cases {
        match case.verdict {
            // Of a skipped case the table says all there is.
            Verdict::Pass | Verdict::Skipped => {}
            Verdict::Fail | Verdict::Unknown => {
                let details = details(case);
                if left > 0 || out.len() + details.len() + OMISSION_BYTES > bytes_max {
                    left += 1;
                } else {
                    out.push_str(&details);
                }
            }
        }
    }
    if left > 0 {
        let more = words::count(left, "more case");
        let _ = writeln!(out, "\nThere was no room for the details of {more}.");
    }
    out
}

fn overview(report: &Report) -> String {
    let score = &report.score;
    let mut out = format!(
        "# {}: {} of {} points{}\n\n{}\n\n",
        escape(&report.title),
        score.earned,
        score.max,
        words::certain(report),
        escape(&report.submission)
    );
    if score.unknown > 0 {
        let _ = writeln!(
            out,
            "**{} of the others could not be graded.** They are not lost: the mark is not final.\n",
            score.unknown
        );
    }
    if let Some(withheld) = words::withheld(report) {
        let _ = writeln!(out, "{withheld}.\n");
    }
    if report.cases.is_empty() {
        out.push_str("No case was graded.\n\n");
    }
    if !report.causes.is_empty() {
        out.push_str("| What to mend first | Points | Case |\n|---|--:|---|\n");
        for cause in &report.causes {
            let _ = writeln!(
                out,
                "| {}{} | {} | {} |",
                match cause.lines.first() {
                    Some(line) => format!("{}: ", code(&line.to_string())),
                    None => String::new(),
                },
                cause_text(report, cause),
                cause.points,
                escape(&cause.case)
            );
        }
        out.push('\n');
    }
    if !score.tiers.is_empty() {
        out.push_str("| Tier | Points | Of |\n|---|--:|--:|\n");
        for (tier, score) in &score.tiers {
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                tier.name(),
                score.earned,
                score.max
            );
        }
        out.push('\n');
    }
    out.push_str("| | Case | | Points |\n|---|---|---|--:|\n");
    for test in tests(report) {
        let mark = match test.verdict {
            Verdict::Pass => "✅ passed",
            Verdict::Fail => "❌ failed",
            Verdict::Unknown => "❔ not graded",
            Verdict::Skipped => "➖ skipped",
        };
        let points = test.case.map_or(String::new(), |case| {
            format!("{}/{}", words::earned(case), case.max)
        });
        let tag = match test.case.map_or("", |case| words::tag(case.visibility)) {
            "" => String::new(),
            tag => format!(" *({tag})*"),
        };
        let (name, title) = (escape(&test.name), escape(&test.title));
        let why = match test.verdict {
            Verdict::Skipped => format!(" ({})", escape(&test.message)),
            Verdict::Pass | Verdict::Fail | Verdict::Unknown => String::new(),
        };
        let _ = writeln!(out, "| {mark} | {name} | {title}{why}{tag} | {points} |");
    }
    out.push_str(&lines(report));
    for test in tests(report) {
        if let (None, false) = (test.case, test.details.is_empty()) {
            let _ = writeln!(
                out,
                "\n## {}\n\n{}",
                escape(&test.name),
                fenced(&test.details)
            );
        }
    }
    out
}

/// A mistake, and the lines that it comes from.
fn cause_text(report: &Report, cause: &CauseReport) -> String {
    let message = escape(&words::cause(report, cause));
    let from: Vec<String> = cause
        .from
        .iter()
        .map(|place| code(&place.to_string()))
        .collect();
    match from.is_empty() {
        true => message,
        false => format!("{message}, comes from {}", from.join(", ")),
    }
}

/// The lines of the student's code that mistakes have to do with, with what is said beside them.
fn lines(report: &Report) -> String {
    let mut out = String::new();
    for (file, lines) in beside::files(report) {
        let _ = writeln!(out, "{file}");
        for line in lines {
            if line.follows_gap {
                out.push_str("     ⋮\n");
            }
            let mark = if line.remarks.is_empty() { ' ' } else { '>' };
            let row = format!("{mark}{:>5} │ {}", line.number, line.text);
            let _ = writeln!(out, "{}", row.trim_end());
            for remark in line.remarks {
                let _ = writeln!(out, "      └ {}", remark.text_in_order(report));
            }
        }
        out.push('\n');
    }
    match out.is_empty() {
        true => out,
        false => format!("\n## In the code\n\n{}\n", fenced(out.trim_end())),
    }
}

fn details(case: &CaseReport) -> String {
    let style = Style {
        width: 96,
        ..Style::default()
    };
    let first = words::first_message(case)
        .map_or(String::new(), |finding| escape(&words::finding(finding)));
    format!(
        "\n## {}: {}, {} of {}\n\n{}\n\n**Found:** {first}\n\n{}\n",
        escape(&case.id),
        words::verdict(case.verdict),
        words::earned(case),
        case.max,
        escape(&case.title),
        fenced(&terminal::render_case(case, &style))
    )
}

/// Code within a fence that nothing in it can end.
fn fenced(text: &str) -> String {
    let fence = "`".repeat((longest_ticks(text) + 1).max(3));
    format!("{fence}text\n{text}\n{fence}")
}

/// Code within a line, in a table, too. Blanks keep its own marks from those around it.
fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_ticks(text) + 1);
    let text = text.replace('|', "\\|");
    match text.contains('`') {
        true => format!("{ticks} {text} {ticks}"),
        false => format!("{ticks}{text}{ticks}"),
    }
}

/// How many backticks stand in a row at most.
fn longest_ticks(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Text of one line in which nothing is mark-up: what could begin any is escaped, which CommonMark allows of all
/// punctuation. GitHub looks for `@name` and `#1` in what came of that, so an empty comment keeps them apart.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = String::new();
    let mut rest = text.trim().chars().peekable();
    while let Some(c) = rest.next() {
        let first = before.trim().is_empty();
        // `1.` and `1)` begin a list; `www.` and `https:` a link, which no bracket announces.
        let numbered = !first && before.trim().chars().all(|c| c.is_ascii_digit());
        let marks = match c {
            '\\' | '`' | '*' | '_' | '{' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '@' | '&'
            | '$' | '!' => true,
            '.' => numbered || before.to_ascii_lowercase().ends_with("www"),
            ')' => numbered,
            ':' => rest.peek().is_some_and(|next| !next.is_whitespace()),
            '-' | '+' | '=' => first,
            _ => false,
        };
        if marks {
            out.push('\\');
        }
        out.push(c);
        if c == '@' || c == '#' {
            out.push_str("<!-- -->");
        }
        before.push(c);
    }
    out
}
