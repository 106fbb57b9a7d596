//! The code of a submission on the staff's page: with numbers of lines, and marks where a finding speaks of one.

use std::collections::BTreeSet;

use serde::Serialize;

use super::lines::{self, RemarkView};
use crate::{Line, Outcome, Place, Report, SourceFile};

/// A file.
#[derive(Serialize)]
pub(super) struct FileView {
    name: String,
    anchor: String,
    lines: Vec<LineView>,
    /// Lines that a finding or the compiler names.
    marked: Vec<usize>,
    /// Whether its end is left out.
    cut: bool,
}

#[derive(Serialize)]
struct LineView {
    number: usize,
    text: String,
    marked: bool,
    remarks: Vec<RemarkView>,
}

/// The files, each with the lines marked that the report names as `file.c:42`, and with the mistakes beside theirs.
pub(super) fn views(files: &[SourceFile], outcome: &Outcome) -> Vec<FileView> {
    let (said, mut remarks) = match outcome {
        Outcome::Report(report) => (said(report), lines::remarks(report)),
        Outcome::NotGraded(_) => Default::default(),
    };
    let mut view = |(n, file): (usize, &SourceFile)| {
        let mut marked = named_lines(&file.name, &said);
        let mut line = |(at, text): (usize, &Line)| {
            let number = at + 1;
            let place = u32::try_from(number).ok().map(|line| Place {
                file: file.name.clone(),
                line,
            });
            let remarks = place.and_then(|place| remarks.remove(&place));
            if remarks.is_some() {
                marked.insert(number);
            }
            LineView {
                number,
                text: text.replace("\\t", "    "),
                marked: marked.contains(&number),
                remarks: remarks.unwrap_or_default(),
            }
        };
        let lines = file.text.lines().iter().enumerate();
        FileView {
            name: file.name.to_string(),
            anchor: format!("code-{}", n + 1),
            lines: lines.map(&mut line).collect(),
            marked: marked.into_iter().collect(),
            cut: file.cut,
        }
    };
    files.iter().enumerate().map(&mut view).collect()
}

/// What a report says that may name a line.
fn said(report: &Report) -> Vec<String> {
    let compiler = report.programs.iter().flat_map(|program| {
        let errors = program.problem.iter().flat_map(|problem| &problem.errors);
        errors
            .chain(&program.compiler)
            .filter_map(|message| message.place())
    });
    let findings = report.cases.iter().flat_map(|case| &case.findings);
    let findings = findings.filter(|finding| finding.verdict != ipclab_judge::Verdict::Pass);
    let findings = findings.flat_map(|finding| {
        let places = finding.lines.first().into_iter().chain(&finding.from);
        let places = places.map(ToString::to_string);
        places.chain([finding.message.to_string()])
    });
    compiler.chain(findings).collect()
}

/// The lines of a file that texts name.
fn named_lines(file: &str, said: &[String]) -> BTreeSet<usize> {
    let mut lines = BTreeSet::new();
    let base = file.rsplit('/').next().unwrap_or(file);
    for text in said {
        for (at, _) in text.match_indices(base) {
            let rest = &text[at + base.len()..];
            let digits = rest.strip_prefix(':').unwrap_or_default();
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            lines.extend(digits[..end].parse::<usize>().ok());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::named_lines;

    #[test]
    fn a_line_is_marked_where_a_text_names_it() {
        let check = |text: &str, expected: &[usize]| {
            let lines = named_lines("src/server.c", &[text.to_owned()]);
            assert_eq!(lines.into_iter().collect::<Vec<_>>(), expected, "{text}");
        };
        check("server.c:42", &[42]);
        check("bind() in server.c:7 and server.c:9:3", &[7, 9]);
        check("server.c is missing", &[]);
        check("client.c:42", &[]);
    }
}
