//! The Test Anything Protocol, version 14 <https://testanything.org/tap-version-14-specification.html>.

use std::fmt::Write;

use ipclab_judge::Verdict;

use crate::Report;
use crate::rows::{Test, tests};

/// Writes a report as TAP. What was skipped, and what could not be graded, is `# SKIP`: neither is a failed test.
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
    let _ = writeln!(out, "# {} of {} points", score.earned, score.max);
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
        let _ = writeln!(out, "  earned: {}", case.earned);
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
