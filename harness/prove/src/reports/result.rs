//! What the reports of a lab are like, as plain data and as text.

use std::fmt::Write;

use serde::Serialize;

use crate::json;
use ipclab_report::terminal::LINES_MAX;

/// Columns that a default report may have; the command that repeats it is never cut.
const WIDTH_MAX: usize = 80;

/// How near the first cause of a report comes to what was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Named {
    /// It shows there.
    Line,
    /// It says that it comes from there.
    Origin,
    /// A few lines beside it.
    Near,
    /// The same file.
    File,
    /// Another place, or none.
    Nothing,
}

/// The report of one submission.
#[derive(Debug, Serialize)]
pub(super) struct Seen {
    pub name: String,
    pub rejected: bool,
    /// How many causes it has.
    pub causes: usize,
    /// What the first says.
    pub message: Option<String>,
    /// `None`: no line was changed or added.
    pub named: Option<Named>,
    /// The lines that were changed or added.
    pub changed: Vec<String>,
    /// Where the first cause shows.
    pub at: Vec<String>,
    /// Where that comes from.
    pub from: Vec<String>,
    /// Lines of the default report.
    pub lines: usize,
    /// Columns of its longest line.
    pub width: usize,
    /// What is wrong with its sentences.
    pub style: Vec<String>,
}

/// Everything that was found. As JSON it is `ipclab/reports/v1`.
#[derive(Debug, Serialize)]
pub struct Reports {
    schema: &'static str,
    labs: Vec<LabReports>,
}

/// One lab.
#[derive(Debug, Serialize)]
pub(super) struct LabReports {
    lab: String,
    submissions: Vec<Seen>,
}

/// How many of a lab's submissions.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    rejected: usize,
    one_cause: usize,
    changed: usize,
    line: usize,
    origin: usize,
    near: usize,
    file: usize,
    from: usize,
    style: usize,
}

impl LabReports {
    pub(super) fn new(lab: &str, submissions: Vec<Seen>) -> Self {
        Self {
            lab: lab.to_owned(),
            submissions,
        }
    }

    fn count(&self) -> Count {
        let mut count = Count::default();
        for seen in &self.submissions {
            count.style += usize::from(!seen.style.is_empty());
            if !seen.rejected {
                continue;
            }
            count.rejected += 1;
            count.one_cause += usize::from(seen.causes == 1);
            let Some(named) = seen.named else { continue };
            count.changed += 1;
            count.from += seen.from.len();
            count.line += usize::from(named == Named::Line);
            count.origin += usize::from(named == Named::Origin);
            count.near += usize::from(named == Named::Near);
            count.file += usize::from(named == Named::File);
        }
        count
    }
}

impl Count {
    fn and(self, other: Self) -> Self {
        Self {
            rejected: self.rejected + other.rejected,
            one_cause: self.one_cause + other.one_cause,
            changed: self.changed + other.changed,
            line: self.line + other.line,
            origin: self.origin + other.origin,
            near: self.near + other.near,
            file: self.file + other.file,
            from: self.from + other.from,
            style: self.style + other.style,
        }
    }

    fn named(self) -> usize {
        self.line + self.origin
    }
}

impl Reports {
    pub(super) fn new(labs: Vec<LabReports>) -> Self {
        Self {
            schema: "ipclab/reports/v1",
            labs,
        }
    }

    /// As text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{:<16} {:>8} {:>9} {:>7} {:>5} {:>7} {:>6} {:>6} {:>7} {:>7} {:>6}",
            "lab",
            "rejected",
            "one cause",
            "changed",
            "line",
            "origin",
            "near",
            "file",
            "median",
            "longest",
            "style"
        );
        let mut all = Count::default();
        for lab in &self.labs {
            let count = lab.count();
            all = all.and(count);
            row(
                &mut out,
                &lab.lab,
                count,
                &lab.submissions.iter().collect::<Vec<_>>(),
            );
        }
        if self.labs.len() > 1 {
            row(
                &mut out,
                "all",
                all,
                &self.submissions().collect::<Vec<_>>(),
            );
        }
        let _ = writeln!(
            out,
            "\nThe first cause names the changed line in {} of {} ({}), with {:.1} lines of origin each.",
            all.named(),
            all.changed,
            share(all.named(), all.changed),
            all.from as f64 / all.changed.max(1) as f64
        );
        let _ = writeln!(
            out,
            "Exactly one cause: {} of {} ({}).",
            all.one_cause,
            all.rejected,
            share(all.one_cause, all.rejected)
        );
        for lab in &self.labs {
            for seen in &lab.submissions {
                missed(&mut out, &lab.lab, seen);
            }
        }
        out
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> String {
        json::text(self)
    }

    /// 0: every default report fits, and every sentence keeps to the style.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let fits = |seen: &Seen| seen.lines <= LINES_MAX && seen.style.is_empty();
        u8::from(!self.submissions().all(fits))
    }

    fn submissions(&self) -> impl Iterator<Item = &Seen> {
        self.labs.iter().flat_map(|lab| &lab.submissions)
    }
}

fn row(out: &mut String, name: &str, count: Count, submissions: &[&Seen]) {
    let mut lengths: Vec<usize> = submissions.iter().map(|seen| seen.lines).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    let longest = lengths.last().copied().unwrap_or(0);
    let _ = writeln!(
        out,
        "{name:<16} {:>8} {:>9} {:>7} {:>5} {:>7} {:>6} {:>6} {median:>7} {longest:>7} {:>6}",
        count.rejected,
        count.one_cause,
        count.changed,
        count.line,
        count.origin,
        count.near,
        count.file,
        count.style
    );
}

/// What is not as it should be with one report.
fn missed(out: &mut String, lab: &str, seen: &Seen) {
    let name = format!("{lab} {}", seen.name);
    match seen.named {
        Some(Named::Near | Named::File | Named::Nothing) => {
            let _ = writeln!(
                out,
                "  {name}: changed {}, at {}, from {}: {}",
                listed(&seen.changed),
                listed(&seen.at),
                listed(&seen.from),
                seen.message.as_deref().unwrap_or("no cause")
            );
        }
        Some(Named::Line | Named::Origin) | None => {}
    }
    if seen.rejected && seen.causes != 1 {
        let _ = writeln!(out, "  {name}: {} causes", seen.causes);
    }
    if seen.lines > LINES_MAX {
        let _ = writeln!(out, "  {name}: {} lines", seen.lines);
    }
    if seen.width > WIDTH_MAX {
        let _ = writeln!(out, "  {name}: {} columns", seen.width);
    }
    for wrong in &seen.style {
        let _ = writeln!(out, "  {name}: {wrong}");
    }
}

fn listed(places: &[String]) -> String {
    match places {
        [] => "nowhere".to_owned(),
        places => places.join(", "),
    }
}

fn share(part: usize, of: usize) -> String {
    format!("{:.0} %", 100.0 * part as f64 / of.max(1) as f64)
}
