//! GitHub Actions: what a step prints so that the run shows it in the right places.
//!
//! The report itself, in which a student could have written a workflow command, stands where commands are not read;
//! then come annotations, no more than GitHub shows, each escaped.

use std::fmt::Write;

use ipclab_judge::Verdict;

use crate::beside::{Remark, remarks};
use crate::rows::{Test, tests};
use crate::terminal::{self, Style};
use crate::{CompilerMessage, Place, Report, words};

/// Annotations of one kind that GitHub shows of a step.
const ANNOTATIONS_MAX: usize = 10;

/// What a run of the workflow knows and a report does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// No program may be able to guess it: it ends the part in which commands are not read.
    pub token: String,
    /// The submission's folder as seen from the repository's root, with a slash at its end, or empty.
    pub folder: String,
}

/// Writes what a step prints.
#[must_use]
pub fn render(report: &Report, run: &Run) -> String {
    let style = Style {
        width: 100,
        ..Style::default()
    };
    let token = &run.token;
    let mut out = format!(
        "::stop-commands::{token}\n{}::{token}::\n",
        terminal::render(report, &style)
    );
    let mut errors: Vec<String> = Vec::new();
    if report.mark().final_points().is_none() {
        let submission = data(&report.submission);
        errors.push(format!(
            "::error title=could not be graded whole::there is no mark of {submission}"
        ));
    }
    let mut warnings: Vec<String> = Vec::new();
    let places = report
        .programs
        .iter()
        .filter_map(|program| program.problem.as_ref())
        .flat_map(|problem| &problem.errors);
    errors.extend(places.filter_map(|error| placed("error", error, run)));
    for test in tests(report) {
        match test.verdict {
            // What was skipped is a consequence: its cause has an annotation of its own.
            Verdict::Pass | Verdict::Skipped => {}
            Verdict::Fail => errors.push(annotation("error", &test, run)),
            Verdict::Unknown => warnings.push(annotation("warning", &test, run)),
        }
    }
    let compiler = report.programs.iter().flat_map(|program| &program.compiler);
    warnings.extend(compiler.filter_map(|warning| placed("warning", warning, run)));
    let score = &report.score;
    let title = property(&format!(
        "{} of {} points{}",
        score.earned,
        score.max,
        words::certain(report)
    ));
    let mut notices = vec![format!(
        "::notice title={title}::{}",
        data(&report.submission)
    )];
    notices.extend(origins(report, run));
    for (kind, all) in [
        ("error", errors),
        ("warning", warnings),
        ("notice", notices),
    ] {
        for line in limited(kind, all) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

/// A notice for each mistake at each line that it comes from.
fn origins(report: &Report, run: &Run) -> Vec<String> {
    let notice = |place: &Place, remark: &Remark<'_>| {
        format!(
            "::notice {}title={}::{}",
            at(place, run),
            property(&remark.cause.case),
            data(&remark.text(report))
        )
    };
    let remarks = remarks(report).into_iter();
    let of_line = |(place, remarks): (&Place, Vec<Remark<'_>>)| -> Vec<String> {
        let origins = remarks.iter().filter(|remark| remark.is_origin);
        origins.map(|remark| notice(place, remark)).collect()
    };
    remarks.flat_map(of_line).collect()
}

/// The properties of a line, with a comma behind them.
fn at(place: &Place, run: &Run) -> String {
    let file = property(&format!("{}{}", run.folder, place.file));
    format!("file={file},line={},", place.line)
}

/// At the line where it shows, if that is known.
fn annotation(kind: &str, test: &Test<'_>, run: &Run) -> String {
    let place = test.place().map_or(String::new(), |place| at(place, run));
    let points = test.case.map_or(String::new(), |case| {
        let points = case.points();
        points.map_or(String::new(), |points| {
            format!(", {points} of {}", case.max)
        })
    });
    let from = words::from(test.from()).map_or(String::new(), |from| format!(" ({from})"));
    format!(
        "::{kind} {place}title={}::{}",
        property(&format!("{}{points}", test.name)),
        data(&format!("{}\n{}{from}", test.title, test.message))
    )
}

/// A compiler's message at its place in the source.
fn placed(kind: &str, message: &CompilerMessage, run: &Run) -> Option<String> {
    let file = message.file.as_ref()?;
    let mut place = format!("file={}", property(&format!("{}{file}", run.folder)));
    if let Some(line) = message.line {
        let _ = write!(place, ",line={line}");
    }
    if let Some(column) = message.column {
        let _ = write!(place, ",col={column}");
    }
    Some(format!("::{kind} {place}::{}", data(&message.message)))
}

/// No more than are shown; the last one then says how many are not.
fn limited(kind: &str, mut all: Vec<String>) -> Vec<String> {
    if all.len() > ANNOTATIONS_MAX {
        let left = all.len() - (ANNOTATIONS_MAX - 1);
        all.truncate(ANNOTATIONS_MAX - 1);
        all.push(format!(
            "::{kind} title=and {left} more::see the log and the summary of this step"
        ));
    }
    all
}

/// Text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
