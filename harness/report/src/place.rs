//! Places in the student's own files, and the lines around them.

use std::collections::BTreeMap;

use ipclab_evidence::SourceLine;
use serde::{Deserialize, Serialize};

use crate::{Block, CaseReport, Line};

/// Lines before and behind the one that an excerpt is about.
const AROUND: u32 = 2;
/// Excerpts of one report.
const EXCERPTS_MAX: usize = 200;

/// A line of a file that was handed in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the submission.
    pub file: Line,
    /// From 1.
    pub line: u32,
}

impl From<&SourceLine> for Place {
    fn from(line: &SourceLine) -> Self {
        Self {
            file: Line::new(&line.file),
            line: line.line,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// `iserver.c:48`, `helper.c:12, called at iserver.c:48`; empty: not known.
#[must_use]
pub(crate) fn described(lines: &[Place]) -> String {
    match lines {
        [] => String::new(),
        [only] => only.to_string(),
        [first, .., outermost] => format!("{first}, called at {outermost}"),
    }
}

/// A line of a student's file with those around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The line that it is about.
    #[serde(flatten)]
    pub place: Place,
    /// The number of its first line.
    pub first: u32,
    /// Its lines.
    pub text: Block,
}

impl Excerpt {
    /// The lines with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &Line)> {
        (self.first..).zip(self.text.lines())
    }

    /// The line that it is about.
    #[must_use]
    pub fn line(&self) -> Option<&Line> {
        let mut lines = self.numbered();
        lines
            .find(|(number, _)| *number == self.place.line)
            .map(|(_, text)| text)
    }
}

/// An excerpt for each place that a finding of these cases names. `sources`: the files, by name.
pub(crate) fn excerpts(cases: &[CaseReport], sources: &BTreeMap<String, String>) -> Vec<Excerpt> {
    let mut excerpts: Vec<Excerpt> = Vec::new();
    for place in named(cases) {
        if excerpts.len() == EXCERPTS_MAX {
            break;
        }
        let text = sources
            .iter()
            .find(|(name, _)| Line::new(name) == place.file)
            .map(|(_, text)| text);
        let Some(text) = text.filter(|_| excerpts.iter().all(|it| it.place != *place)) else {
            continue;
        };
        let first = place.line.saturating_sub(AROUND).max(1);
        let lines = text
            .lines()
            .skip(first as usize - 1)
            .take((place.line - first + AROUND) as usize + 1);
        // A tabulator is layout in source text, and no character to be shown.
        let lines: Vec<String> = lines.map(|line| line.replace('\t', "    ")).collect();
        excerpts.push(Excerpt {
            place: place.clone(),
            first,
            text: Block::new(&lines.join("\n")),
        });
    }
    excerpts
}

/// Of these excerpts those that a finding of these cases names.
pub(crate) fn still_named(excerpts: &[Excerpt], cases: &[CaseReport]) -> Vec<Excerpt> {
    let named: Vec<&Place> = named(cases).collect();
    let mut kept = excerpts.to_vec();
    kept.retain(|excerpt| named.contains(&&excerpt.place));
    kept
}

/// The places that findings name.
fn named(cases: &[CaseReport]) -> impl Iterator<Item = &Place> {
    let findings = cases.iter().flat_map(|case| &case.findings);
    findings.filter_map(|finding| finding.lines.first())
}
