//! The code of a submission on the staff's page: with numbers of lines, and marks where a finding speaks of one.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{Outcome, SourceFile};

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
}

/// The files, each with the lines marked that the report names as `file.c:42`.
pub(super) fn views(files: &[SourceFile], outcome: &Outcome) -> Vec<FileView> {
    let said = match outcome {
        Outcome::Report(report) => {
            let compiler = report.programs.iter().flat_map(|program| {
                let errors = program.problem.iter().flat_map(|problem| &problem.errors);
                errors
                    .chain(&program.compiler)
                    .filter_map(|message| message.place())
            });
            let findings = report.cases.iter().flat_map(|case| &case.findings);
            let findings =
                findings.filter(|finding| finding.verdict != ipclab_judge::Verdict::Pass);
            compiler
                .chain(findings.map(|finding| finding.message.to_string()))
                .collect()
        }
        Outcome::NotGraded(_) => Vec::new(),
    };
    let views = files.iter().enumerate().map(|(n, file)| {
        let marked = named_lines(&file.name, &said);
        let lines = file.text.lines().iter().enumerate();
        FileView {
            name: file.name.to_string(),
            anchor: format!("code-{}", n + 1),
            lines: lines
                .map(|(at, text)| LineView {
                    number: at + 1,
                    text: text.replace("\\t", "    "),
                    marked: marked.contains(&(at + 1)),
                })
                .collect(),
            marked: marked.into_iter().collect(),
            cut: file.cut,
        }
    });
    views.collect()
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
