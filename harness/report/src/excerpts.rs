//! Excerpts: the lines around the places that findings name.

use std::collections::BTreeMap;

use crate::{Block, CaseReport, Excerpt, Line, Place};

/// Lines before and behind the one that an excerpt is about.
const AROUND: u32 = 2;
/// Excerpts of one report.
const EXCERPTS_MAX: usize = 200;

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
    findings.flat_map(|finding| finding.lines.first().into_iter().chain(&finding.from))
}
