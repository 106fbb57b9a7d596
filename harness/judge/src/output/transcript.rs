//! A transcript: the whole output, line by line.

use ipclab_spec::TranscriptLine;

use super::{Printed, Wanted};
use crate::finding::Finding;
use crate::pattern::Place;
use crate::quote::quoted;

impl Printed<'_> {
    pub(super) fn transcript(&self, lines: &[TranscriptLine]) -> Finding {
        let mut wanted: Vec<Option<Wanted<'_>>> = Vec::new();
        for line in lines {
            match line {
                TranscriptLine::Elided => wanted.push(None),
                TranscriptLine::Line(template) => match self.fill(template) {
                    Ok(Wanted { template, pattern }) => {
                        wanted.push(Some(Wanted {
                            template,
                            pattern: pattern.trimmed(),
                        }));
                    }
                    Err(unfilled) => return self.unfilled(template, unfilled),
                },
            }
        }
        let blank = |line: &Option<Wanted<'_>>| {
            line.as_ref()
                .is_some_and(|wanted| wanted.pattern.as_text() == Some(""))
        };
        while wanted.last().is_some_and(blank) {
            wanted.pop();
        }
        let mut seen: &[String] = &self.page.lines;
        while let [rest @ .., last] = seen
            && last.trim().is_empty()
        {
            seen = rest;
        }
        let reached = follow(&wanted, seen);
        if reached.whole {
            return self.pass(format!("{} printed exactly the expected text", self.who()));
        }
        // In the picture, lines that match stand as they were printed, so that only what differs differs.
        let expected: Vec<String> = wanted
            .iter()
            .map(|line| match line {
                None => "...".to_owned(),
                Some(wanted) => seen
                    .iter()
                    .find(|text| wanted.pattern.find(text, 0, Place::Whole).is_some())
                    .cloned()
                    .unwrap_or_else(|| wanted.pattern.escaped_text()),
            })
            .collect();
        let message = match (wanted.get(reached.wanted), seen.get(reached.seen)) {
            _ if self.page.is_blank() => self.silence(false),
            (Some(Some(line)), Some(text)) => format!(
                "{} printed {} where {} is expected{}",
                self.who(),
                quoted(text),
                quoted(&line.pattern.escaped_text()),
                self.because()
            ),
            (Some(Some(line)), None) => {
                match self.alike(&line.pattern, &seen.iter().collect::<Vec<_>>()) {
                    Some(text) => format!(
                        "{} printed {} instead of {}{}",
                        self.who(),
                        quoted(text.trim()),
                        quoted(&line.pattern.escaped_text()),
                        self.because()
                    ),
                    None => format!(
                        "{} did not print {}{}",
                        self.who(),
                        quoted(&line.pattern.escaped_text()),
                        self.because()
                    ),
                }
            }
            (Some(None) | None, Some(text)) => format!(
                "{} printed {}, which is not expected there",
                self.who(),
                quoted(text)
            ),
            (Some(None) | None, None) => {
                format!("{} printed another text than expected", self.who())
            }
        };
        self.missed(message)
            .with(Some(crate::difference::lines(&expected, seen)))
    }
}

/// How far a transcript was followed.
struct Reached {
    /// To the end of both.
    whole: bool,
    /// The first expected line that was not met.
    wanted: usize,
    /// The line that stood in its place.
    seen: usize,
}

/// Follows a transcript whose `None`s stand for any number of lines: the set of expected positions that are possible after
/// each line, so that no choice has to be taken back.
fn follow(wanted: &[Option<Wanted<'_>>], seen: &[String]) -> Reached {
    let skip_elided = |positions: &mut Vec<bool>| {
        for at in 0..wanted.len() {
            if positions[at] && wanted[at].is_none() {
                positions[at + 1] = true;
            }
        }
    };
    let furthest = |positions: &[bool]| {
        positions
            .iter()
            .rposition(|possible| *possible)
            .unwrap_or(0)
    };
    let mut positions = vec![false; wanted.len() + 1];
    positions[0] = true;
    skip_elided(&mut positions);
    for (line, text) in seen.iter().enumerate() {
        let mut next = vec![false; wanted.len() + 1];
        for at in 0..wanted.len() {
            if !positions[at] {
                continue;
            }
            match &wanted[at] {
                None => next[at] = true,
                Some(wanted) => {
                    if wanted.pattern.find(text, 0, Place::Whole).is_some() {
                        next[at + 1] = true;
                    }
                }
            }
        }
        skip_elided(&mut next);
        if !next.contains(&true) {
            return Reached {
                whole: false,
                wanted: furthest(&positions),
                seen: line,
            };
        }
        positions = next;
    }
    Reached {
        whole: positions[wanted.len()],
        wanted: furthest(&positions),
        seen: seen.len(),
    }
}
