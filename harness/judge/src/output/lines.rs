//! Expected lines: in their order, or in any.

use std::collections::{BTreeMap, BTreeSet};

use super::{Printed, Wanted};
use crate::difference::framed;
use crate::finding::{DiffLine, Difference, Finding};
use crate::pattern::{Pattern, Place, Span};
use crate::quote::{count, quoted, shown};

impl Printed<'_> {
    pub(super) fn in_order(&self, wanted: &[Wanted<'_>]) -> Finding {
        let (found, missing) = self.match_in_order(wanted);
        let Some(first) = missing else {
            return self.pass(format!(
                "{} printed {} as expected",
                self.who(),
                count(wanted.len() as u64, "line")
            ));
        };
        let from = found[..first]
            .iter()
            .rev()
            .flatten()
            .next()
            .map_or((0, 0), |(line, span)| (*line, span.end));
        let message = match self.too_few(wanted, first) {
            Some(message) => message,
            None => self.explain(&wanted[first], from),
        };
        self.missed(message)
            .with(Some(self.picture(wanted, &found)))
    }

    /// A line that is expected several times and was printed, but not as often.
    fn too_few(&self, wanted: &[Wanted<'_>], first: usize) -> Option<String> {
        let pattern = &wanted[first].pattern;
        let expected = wanted
            .iter()
            .filter(|other| other.pattern == *pattern)
            .count();
        let on_line = |text: &String| pattern.find(text, 0, Place::Line).is_some();
        let seen = self.page.lines.iter().filter(|text| on_line(text)).count();
        (seen > 0 && seen < expected).then(|| {
            let times = |number: usize| count(number as u64, "time");
            format!(
                "{} printed {} {}, which is expected {}",
                self.who(),
                quoted(&pattern.shown()),
                times(seen),
                times(expected)
            )
        })
    }

    /// Each takes the earliest place after the one before it that ends first, which leaves the most room to the rest. The
    /// first that has no place is told; the others are still looked for, so that the picture shows them.
    fn match_in_order(&self, wanted: &[Wanted<'_>]) -> (Vec<Option<(usize, Span)>>, Option<usize>) {
        let mut at = (0, 0);
        let mut found = Vec::new();
        let mut missing = None;
        for (k, wanted) in wanted.iter().enumerate() {
            let place = self.find_from(&wanted.pattern, at);
            match &place {
                Some((line, span)) => {
                    // A blank line that was expected is used up whole, too.
                    at = if span.end == 0 {
                        (line + 1, 0)
                    } else {
                        (*line, span.end)
                    };
                }
                None => missing = missing.or(Some(k)),
            }
            found.push(place);
        }
        (found, missing)
    }

    pub(super) fn find_from(
        &self,
        pattern: &Pattern,
        from: (usize, usize),
    ) -> Option<(usize, Span)> {
        let (line, column) = from;
        let lines = self.page.lines.iter().enumerate().skip(line);
        for (at, text) in lines {
            let start = if at == line { column } else { 0 };
            if start > 0 && pattern.as_text() == Some("") {
                continue;
            }
            if let Some(span) = pattern.find(text, start, Place::Line) {
                return Some((at, span));
            }
        }
        None
    }

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
                        quoted(&self.show(&wanted[first])),
                        quoted(text.trim())
                    ),
                    (None, None) => self.explain(&wanted[first], (0, 0)),
                };
                let expected = wanted
                    .iter()
                    .map(|wanted| self.show(wanted))
                    .collect::<Vec<_>>()
                    .join("\n");
                let missing = wanted
                    .iter()
                    .zip(&found)
                    .filter(|(_, found)| found.is_none());
                let missing = missing
                    .map(|(wanted, _)| DiffLine::Missing(self.show(wanted)))
                    .collect();
                self.missed(message)
                    .expecting(expected, self.seen())
                    .with(Some(Difference::Lines(missing)))
            }
        }
    }

    /// Expected lines with what was printed around them: there, missing, or in the way.
    fn picture(&self, wanted: &[Wanted<'_>], found: &[Option<(usize, Span)>]) -> Difference {
        let mut all = Vec::new();
        let mut next = 0;
        for (wanted, found) in wanted.iter().zip(found) {
            match found {
                None => all.push(DiffLine::Missing(self.show(wanted))),
                Some((line, _)) if *line < next => {}
                Some((line, _)) => {
                    all.extend(
                        self.page.lines[next..*line]
                            .iter()
                            .map(|text| DiffLine::Extra(shown(text))),
                    );
                    all.push(DiffLine::Same(shown(&self.page.lines[*line])));
                    next = line + 1;
                }
            }
        }
        let rest = self.page.lines.get(next..).unwrap_or_default();
        all.extend(rest.iter().map(|text| DiffLine::Extra(shown(text))));
        Difference::Lines(framed(all, |line| matches!(line, DiffLine::Missing(_))))
    }
}

/// Gives each expected line a line of its own where that is possible (augmenting paths); line -> who took it.
pub(crate) fn assign(fits: &[Vec<usize>]) -> BTreeMap<usize, usize> {
    fn place(
        k: usize,
        fits: &[Vec<usize>],
        taken: &mut BTreeMap<usize, usize>,
        tried: &mut BTreeSet<usize>,
    ) -> bool {
        for line in &fits[k] {
            if !tried.insert(*line) {
                continue;
            }
            let free = match taken.get(line).copied() {
                None => true,
                Some(other) => place(other, fits, taken, tried),
            };
            if free {
                taken.insert(*line, k);
                return true;
            }
        }
        false
    }
    let mut taken = BTreeMap::new();
    for k in 0..fits.len() {
        place(k, fits, &mut taken, &mut BTreeSet::new());
    }
    taken
}
