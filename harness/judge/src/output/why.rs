//! Why something was not printed: the most telling sign, from what was printed instead and what was called.

use ipclab_evidence::{Direction, Exit, Object, Stream, canonical};
use ipclab_spec::{Hole, Part, Template};

use super::{Printed, Wanted};
use crate::difference::likeness;
use crate::page::Page;
use crate::pattern::{Pattern, Place};
use crate::quote::{escaped_line, moved, quoted};

/// How alike a line must be to be called the one that was meant.
const SIMILARITY_MIN: f32 = 0.6;
/// Lines that are looked at for one that is alike.
const SIMILAR_LINES_MAX: usize = 200;

impl Printed<'_> {
    /// Why a line is not there, from the most telling sign to the least.
    ///
    /// A line that another one of `all` wants was not meant to be this one.
    pub(super) fn explain(
        &self,
        wanted: &Wanted<'_>,
        from: (usize, usize),
        all: &[Wanted<'_>],
    ) -> String {
        let who = self.who();
        let line = quoted(&wanted.pattern.escaped_text());
        if self.page.is_blank() {
            return self.silence(self.on_the_other_stream(&wanted.pattern));
        }
        if let Some(message) = self.untrue_count(wanted) {
            return message;
        }
        if self.on_the_other_stream(&wanted.pattern) {
            let other = if self.name == "stdout" {
                "stderr"
            } else {
                "stdout"
            };
            return format!("{who} wrote {line} on {other} instead of {}", self.name);
        }
        let earlier = self.find_from(&wanted.pattern, (0, 0));
        let case = |text: &String| {
            wanted
                .pattern
                .lowercase()
                .find(&text.to_lowercase(), 0, Place::Line)
                .is_some()
        };
        let is_right = |text: &String| {
            let mut others = all.iter().filter(|other| other.pattern != wanted.pattern);
            others.any(|other| other.pattern.find(text, 0, Place::Line).is_some())
        };
        let rest: Vec<&String> = self
            .page
            .lines
            .iter()
            .skip(from.0)
            .filter(|text| !is_right(text))
            .collect();
        if let Some((at, _)) = earlier {
            return format!(
                "{who} printed {line} only on line {}, before what should stand before it{}",
                at + 1,
                self.because()
            );
        }
        if let Some(text) = rest.iter().copied().find(|text| case(text)) {
            return format!(
                "{who} printed {} instead of {line}: capital letters differ",
                quoted(text.trim())
            );
        }
        if let Some(message) = self.moved_nothing(wanted) {
            return message;
        }
        if let Some(text) = self.alike(&wanted.pattern, &rest) {
            return format!(
                "{who} printed {} instead of {line}{}",
                quoted(text.trim()),
                self.because()
            );
        }
        format!(
            "{who} did not print {line} on {}{}",
            self.name,
            self.because()
        )
    }

    /// A line with a count of which nothing crossed, with its number left open; `None`: it has none, or something crossed.
    pub(super) fn counts_nothing(&self, wanted: &Wanted<'_>) -> Option<String> {
        let (actor, direction, truth) = self.count(wanted.template)?;
        if truth != "0" {
            return None;
        }
        let open = self
            .facts
            .pattern_of_any_count(wanted.template, Some(self.index))?;
        let actors = self.facts.meant(actor, Some(self.index)).ok()?;
        // An empty datagram is a message, too.
        let crossed = self.facts.transfers(&actors, direction).next().is_some();
        (!crossed).then(|| open.trimmed().escaped_text())
    }

    /// The line has a count, and nothing crossed that could be counted: that is the mistake, and not the line.
    fn moved_nothing(&self, wanted: &Wanted<'_>) -> Option<String> {
        let open = self.counts_nothing(wanted)?;
        let (actor, direction, _) = self.count(wanted.template)?;
        let actors = self.facts.meant(actor, Some(self.index)).ok()?;
        let whose = match actors.as_slice() {
            [one] if *one == self.index => "it".to_owned(),
            [one] => self.facts.who(*one),
            _ => format!("no copy of {actor}"),
        };
        let nothing = if actors.len() == 1 {
            "nothing"
        } else {
            "anything"
        };
        Some(format!(
            "{} did not print the line {}: {whose} {} {nothing}{}",
            self.who(),
            quoted(&open),
            moved(direction),
            self.because()
        ))
    }

    /// The line is there with another count than the one that crossed.
    pub(super) fn untrue_count(&self, wanted: &Wanted<'_>) -> Option<String> {
        let open = self
            .facts
            .pattern_of_any_count(wanted.template, Some(self.index))?
            .trimmed();
        let (actor, direction, truth) = self.count(wanted.template)?;
        let (_, span) = self.find_from(&open, (0, 0))?;
        let printed = span.ints.iter().find(|printed| **printed != truth)?;
        let actors = self.facts.meant(actor, Some(self.index)).ok()?;
        let verb = moved(direction);
        let whose = match actors.as_slice() {
            [one] if *one == self.index => String::new(),
            [one] => format!(" by {}", self.facts.who(*one)),
            _ => format!(" by all copies of {actor}"),
        };
        let never = match direction {
            Direction::Received if truth == "0" && !self.facts.tried(&actors, "recv") => {
                ": it never called recv()"
            }
            Direction::Sent if truth == "0" && !self.facts.tried(&actors, "send") => {
                ": it never called send()"
            }
            Direction::Sent | Direction::Received => "",
        };
        Some(format!(
            "{}: the count printed ({}) is not what was {verb}{whose} ({truth}){never}",
            self.who(),
            escaped_line(printed)
        ))
    }

    /// The first count of bytes in a template: whose it is, of which direction, and how many these were.
    fn count<'t>(&self, template: &'t Template) -> Option<(&'t str, Direction, String)> {
        let (hole, actor, direction) = template.parts.iter().find_map(|part| match part {
            Part::Hole(hole @ Hole::Sent { actor, .. }) => Some((hole, actor, Direction::Sent)),
            Part::Hole(hole @ Hole::Received { actor, .. }) => {
                Some((hole, actor, Direction::Received))
            }
            Part::Hole(
                Hole::Any
                | Hole::Int
                | Hole::Variable(_)
                | Hole::Pid { .. }
                | Hole::Answer { .. }
                | Hole::Segment(_)
                | Hole::Listens { .. }
                | Hole::FaultCall
                | Hole::FaultMessage,
            )
            | Part::Text(_) => None,
        })?;
        let alone = Template {
            parts: vec![Part::Hole(hole.clone())],
        };
        let truth = self.facts.pattern(&alone, Some(self.index)).ok()?;
        Some((actor, direction, truth.as_text()?.to_owned()))
    }

    pub(super) fn on_the_other_stream(&self, pattern: &Pattern) -> bool {
        let other = Page::of(self.other());
        other.lines.iter().any(|text| {
            pattern
                .clone()
                .trimmed()
                .find(text, 0, Place::Line)
                .is_some()
        })
    }

    pub(super) fn other(&self) -> &Stream {
        if self.name == "stdout" {
            &self.actor.stderr
        } else {
            &self.actor.stdout
        }
    }

    /// The line among these that was probably meant.
    pub(super) fn alike<'t>(&self, pattern: &Pattern, lines: &[&'t String]) -> Option<&'t String> {
        let letters = pattern.letters();
        if letters.trim().len() < 3 {
            return None;
        }
        // `size: 12` is meant by the line about the size, however like it a line about something else looks.
        let label = letters.split_inclusive(": ").next();
        let label = label.filter(|label| label.trim().len() > 2 && label.ends_with(": "));
        // Of several lines with the label that one is meant which is most like it.
        let alike = |text: &&String| (likeness(&letters, text.trim()) * 1000.0) as u32;
        let labelled = label.and_then(|label| {
            let lines = lines.iter().copied().take(SIMILAR_LINES_MAX);
            let labelled = lines.filter(|text| text.trim_start().starts_with(label));
            labelled.rev().max_by_key(alike)
        });
        if labelled.is_some() {
            return labelled;
        }
        let scored = lines
            .iter()
            .copied()
            .take(SIMILAR_LINES_MAX)
            .map(|text| (likeness(&letters, text.trim()), text));
        scored
            .filter(|(score, _)| *score >= SIMILARITY_MIN)
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, text)| text)
    }

    /// Why there is nothing on the stream at all.
    ///
    /// `is_on_other`: what is missing here is on the other stream.
    pub(super) fn silence(&self, is_on_other: bool) -> String {
        let who = self.who();
        if matches!(self.actor.exit, Exit::NotStarted | Exit::NotExecuted(_)) {
            return format!("{who} printed nothing{}", self.because());
        }
        let descriptor = |wrong: &'static [u8], name: &'static str| {
            self.facts
                .calls(self.index)
                .filter(move |call| canonical(&call.name, true) == name)
                .find_map(move |call| {
                    let fd = wrong
                        .iter()
                        .find(|fd| call.object == Some(Object::Standard(**fd)))?;
                    Some((*fd, call.n))
                })
        };
        if let Some((fd, n)) = descriptor(&[0], "send") {
            return format!(
                "{who} printed nothing on {}: it writes to descriptor {fd}, its stdin (#{n}), which works on a terminal only",
                self.name
            );
        }
        if let Some((fd, n)) = descriptor(&[1, 2], "recv") {
            return format!(
                "{who} printed nothing on {}: it reads from descriptor {fd} instead of 0 (#{n}), which works on a terminal only",
                self.name
            );
        }
        let other = Page::of(self.other());
        // Of several lines that one which says what went wrong.
        let describes = |line: &&String| crate::errno::is_described_in(line);
        let told = other
            .lines
            .iter()
            .find(describes)
            .filter(|_| self.name == "stderr");
        let any = || other.lines.iter().find(|line| !line.trim().is_empty());
        if let Some(line) = told.or_else(any) {
            // A message on the wrong stream still says what went wrong.
            if self.name == "stderr"
                && self.actor.exit == Exit::Code(0)
                && self.facts.last_failure(self.index).is_none()
                && !crate::errno::is_described_in(&other.text)
            {
                return format!(
                    "{who} printed nothing on stderr: it found nothing wrong, and printed {} on stdout",
                    quoted(line.trim())
                );
            }
            // What a program prints anyway is not what it should have said about an error.
            if self.name == "stderr" && !is_on_other && !crate::errno::is_described_in(&other.text)
            {
                return format!("{who} printed nothing on stderr{}", self.because());
            }
            let (other, hint) = match self.name {
                "stdout" => ("stderr", ""),
                _ => (
                    "stdout",
                    ", where nobody sees it when the output goes to a file: perror() writes to stderr",
                ),
            };
            return format!(
                "{who} printed nothing on {}: it wrote this on {other} instead: {}{hint}{}",
                self.name,
                quoted(line.trim()),
                self.because()
            );
        }
        format!("{who} printed nothing on {}{}", self.name, self.because())
    }
}
