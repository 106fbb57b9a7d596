//! The Test Anything Protocol, version 14 <https://testanything.org/tap-version-14-specification.html>.

use std::fmt::Write;

use ipclab_judge::Verdict;

use crate::place::places;
use crate::rows::{Test, tests};
use crate::{Mark, Report};

/// Writes a report as TAP. What was skipped, and what could not be graded, is `# SKIP`: neither is a failed test. Where
/// something could not be graded, the run bails out at its end: it is no success either.
#[must_use]
pub fn render(report: &Report) -> String {
    let tests = tests(report);
    let mut out = format!("TAP version 14\n1..{}\n", tests.len());
    for (number, test) in tests.iter().enumerate() {
        point(&mut out, number + 1, test);
    }
    if tests.is_empty() {
        // A plan of no tests is a success to every consumer; nothing was graded.
        out = "TAP version 14\n1..0 # SKIP no case was graded\n".to_owned();
    }
    let score = &report.score;
    match report.mark() {
        Mark::Final(points) => {
            let _ = writeln!(out, "# {points} of {} points", score.max);
        }
        Mark::Range { least, most } => {
            let _ = writeln!(out, "# {least} to {most} of {} points: no mark", score.max);
            out.push_str("Bail out! Some of it could not be graded: run it again.\n");
        }
    }
    out
}

fn point(out: &mut String, number: usize, test: &Test<'_>) {
    let (ok, directive) = match test.verdict {
        Verdict::Pass => ("ok", String::new()),
        Verdict::Fail => ("not ok", String::new()),
        Verdict::Unknown => (
            "ok",
            format!(" # SKIP could not be graded: {}", escape(&test.message)),
        ),
        Verdict::Skipped => ("ok", format!(" # SKIP {}", escape(&test.message))),
    };
    let (name, title) = (escape(&test.name), escape(&test.title));
    let _ = writeln!(out, "{ok} {number} - {name}: {title}{directive}");
    out.push_str("  ---\n");
    let _ = writeln!(out, "  verdict: {}", test.verdict.name());
    if let Some(case) = test.case {
        let _ = writeln!(out, "  tier: {}", case.tier.name());
        let _ = match case.points() {
            Some(points) => writeln!(out, "  earned: {points}"),
            None => writeln!(out, "  earned: null"),
        };
        let _ = writeln!(out, "  max: {}", case.max);
        if !case.parts.is_empty() {
            out.push_str("  parts:\n");
            for part in &case.parts {
                let (aspect, earned, max) = (part.aspect.name(), part.earned, part.max);
                let _ = writeln!(out, "    {aspect}: {{ earned: {earned}, max: {max} }}");
            }
        }
    }
    if !test.message.is_empty() {
        let _ = writeln!(out, "  message: {}", quoted(&test.message));
    }
    if let Some(place) = test.place() {
        let _ = writeln!(out, "  at: {}", quoted(&place.to_string()));
    }
    if let Some(from) = places(test.from()) {
        let _ = writeln!(out, "  comes_from: {}", quoted(&from));
    }
    if !test.details.is_empty() {
        out.push_str("  details: |\n");
        for line in test.details.lines() {
            let _ = writeln!(out, "    {}", line.trim_end());
        }
    }
    out.push_str("  ...\n");
}

/// `#` begins a directive and `\` an escape in a description.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#")
}

/// A double-quoted YAML scalar.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
