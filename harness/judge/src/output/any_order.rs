//! Lines that may come in any order, each in a line of its own.

use super::{Printed, Wanted};
use crate::assign::assign;
use crate::finding::{DiffLine, Difference, Finding};
use crate::pattern::Place;
use crate::quote::{count, quoted};

impl Printed<'_> {
    pub(super) fn any_order(&self, wanted: &[Wanted<'_>]) -> Finding {
        let fits: Vec<Vec<usize>> = wanted
            .iter()
            .map(|wanted| {
                let lines = self.page.lines.iter().enumerate();
                lines
                    .filter(|(_, text)| wanted.pattern.find(text, 0, Place::Line).is_some())
                    .map(|(at, _)| at)
                    .collect()
            })
            .collect();
        let taken = assign(&fits);
        let mut found = Vec::new();
        for (k, wanted) in wanted.iter().enumerate() {
            let line = taken
                .iter()
                .find(|(_, by)| **by == k)
                .map(|(line, _)| *line);
            let span = line.and_then(|line| {
                Some((
                    line,
                    wanted
                        .pattern
                        .find(self.page.lines.get(line)?, 0, Place::Line)?,
                ))
            });
            found.push(span);
        }
        // Several may share a line after a prompt without newline: each its own part of it.
        for (k, wanted) in wanted.iter().enumerate() {
            if found[k].is_none() {
                let shared = self.page.lines.iter().enumerate().find_map(|(at, text)| {
                    let after = found
                        .iter()
                        .flatten()
                        .filter(|(line, _)| *line == at)
                        .map(|(_, span)| span.end)
                        .max()?;
                    Some((
                        at,
                        wanted
                            .pattern
                            .find(text, after, Place::Line)
                            .filter(|span| span.end > after)?,
                    ))
                });
                found[k] = shared;
            }
        }
        match found.iter().position(Option::is_none) {
            None => self.pass(format!(
                "{} printed {} as expected",
                self.who(),
                count(wanted.len() as u64, "line")
            )),
            Some(first) => {
                let taken = self
                    .page
                    .lines
                    .iter()
                    .find(|text| wanted[first].pattern.find(text, 0, Place::Line).is_some());
                let message = match (self.too_few(wanted, first), taken) {
                    (Some(message), _) => message,
                    (None, Some(text)) => format!(
                        "{} did not print {} on a line of its own: {} is another of the expected lines",
                        self.who(),
                        quoted(&wanted[first].pattern.escaped_text()),
                        quoted(text.trim())
                    ),
                    // A line that is expected was not meant to be another one.
                    (None, None) => self.explain(&wanted[first], (0, 0), wanted),
                };
                let expected = wanted
                    .iter()
                    .map(|wanted| wanted.pattern.escaped_text())
                    .collect::<Vec<_>>()
                    .join("\n");
                let missing = wanted
                    .iter()
                    .zip(&found)
                    .filter(|(_, found)| found.is_none());
                let missing = missing
                    .map(|(wanted, _)| DiffLine::Missing(wanted.pattern.escaped_text()))
                    .collect();
                self.missed(message)
                    .expecting(expected, self.seen())
                    .with(Some(Difference::Lines(missing)))
            }
        }
    }
}
