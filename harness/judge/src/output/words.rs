//! Why something was not printed, in a teacher's words.

use ipclab_evidence::{Direction, Exit, Object, Stream, canonical};
use ipclab_spec::Template;

use super::{Printed, Wanted};
use crate::difference::likeness;
use crate::errno::message;
use crate::page::Page;
use crate::pattern::{Pattern, Place};
use crate::quote::{quoted, shown};

/// How alike a line must be to be called the one that was meant.
const ALIKE: f32 = 0.6;
/// Lines that are looked at for one that is alike.
const ALIKE_LINES: usize = 200;
/// Words of a line that tells of an error.
const ERRORS: [&str; 6] = ["error", "fail", "cannot", "could not", "unable", "invalid"];

impl Printed<'_> {
    /// Why a line is not there, from the most telling sign to the least.
    pub(super) fn explain(&self, wanted: &Wanted<'_>, from: (usize, usize)) -> String {
        let who = self.who();
        let line = quoted(&self.show(wanted));
        if self.page.is_blank() {
            return self.silence(Some(wanted));
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
        let rest = self.page.lines.get(from.0..).unwrap_or_default();
        if let Some((at, _)) = earlier {
            return format!(
                "{who} printed {line} only on line {}, before what should stand before it{}",
                at + 1,
                self.because()
            );
        }
        if let Some(text) = rest.iter().find(|text| case(text)) {
            return format!(
                "{who} printed {} instead of {line}: capital letters differ",
                quoted(text.trim())
            );
        }
        if let Some(text) = self.alike(&wanted.pattern, rest) {
            return format!(
                "{who} printed {} instead of {line}{}",
                quoted(text.trim()),
                self.why()
            );
        }
        format!("{who} did not print {line} on {}{}", self.name, self.why())
    }

    /// What to append to something that is not on the stream: on stderr the call that failed and had to be told there, and on
    /// both what became of the program.
    pub(super) fn why(&self) -> String {
        let because = self.because();
        let call = match self.name {
            "stderr" => self.facts.failure_due(self.index),
            _ => None,
        };
        match call.map(|call| self.facts.failure(call)) {
            Some(failure) if !because.contains(&failure) => format!(", though {failure}{because}"),
            Some(_) | None => because,
        }
    }

    /// The line is there with another count than the one that crossed.
    fn untrue_count(&self, wanted: &Wanted<'_>) -> Option<String> {
        use ipclab_spec::{Hole, Part};
        let open = self
            .facts
            .pattern_of_any_count(wanted.template, Some(self.index))?
            .trimmed();
        let (hole, actor, direction) =
            wanted.template.parts.iter().find_map(|part| match part {
                Part::Hole(hole @ Hole::Sent { actor, .. }) => Some((hole, actor, Direction::Sent)),
                Part::Hole(hole @ Hole::Received { actor, .. }) => {
                    Some((hole, actor, Direction::Received))
                }
                Part::Hole(
                    Hole::Any
                    | Hole::Int
                    | Hole::Variable(_)
                    | Hole::Pid { .. }
                    | Hole::FaultCall
                    | Hole::FaultMessage,
                )
                | Part::Text(_) => None,
            })?;
        let truth = self
            .facts
            .pattern(
                &Template {
                    parts: vec![Part::Hole(hole.clone())],
                },
                Some(self.index),
            )
            .ok()?;
        let truth = truth.as_text()?.to_owned();
        let (_, span) = self.find_from(&open, (0, 0))?;
        let printed = span.ints.iter().find(|printed| **printed != truth)?;
        let actors = self.facts.meant(actor, Some(self.index)).ok()?;
        let verb = match direction {
            Direction::Sent => "sent",
            Direction::Received => "received",
        };
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
            shown(printed)
        ))
    }

    fn on_the_other_stream(&self, pattern: &Pattern) -> bool {
        let other = Page::of(self.other());
        other.lines.iter().any(|text| {
            pattern
                .clone()
                .trimmed()
                .find(text, 0, Place::Line)
                .is_some()
        })
    }

    fn other(&self) -> &Stream {
        if self.name == "stdout" {
            &self.actor.stderr
        } else {
            &self.actor.stdout
        }
    }

    /// The line among these that was probably meant.
    pub(super) fn alike<'t>(&self, pattern: &Pattern, lines: &'t [String]) -> Option<&'t String> {
        let letters = pattern.letters();
        if letters.trim().len() < 3 {
            return None;
        }
        let scored = lines
            .iter()
            .take(ALIKE_LINES)
            .map(|text| (likeness(&letters, text.trim()), text));
        scored
            .filter(|(score, _)| *score >= ALIKE)
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, text)| text)
    }

    /// Why there is nothing on the stream at all, where at least this was expected.
    pub(super) fn silence(&self, wanted: Option<&Wanted<'_>>) -> String {
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
        if let Some(line) = self.meant_for_this(wanted) {
            let (other, hint) = match self.name {
                "stdout" => ("stderr", ""),
                _ => (
                    "stdout",
                    ", where nobody sees it when the output goes to a file (perror() writes to stderr)",
                ),
            };
            return format!(
                "{who} printed nothing on {}: it wrote this on {other} instead: {}{hint}{}",
                self.name,
                quoted(line.trim()),
                self.because()
            );
        }
        format!("{who} printed nothing on {}{}", self.name, self.why())
    }

    /// The line on the other stream that belongs on this one. What stands on stdout is an error only if it says so.
    fn meant_for_this(&self, wanted: Option<&Wanted<'_>>) -> Option<String> {
        let other = Page::of(self.other());
        let mut lines = other.lines.iter().filter(|line| !line.trim().is_empty());
        if self.name == "stdout" {
            return lines.next().cloned();
        }
        let failure = self.facts.failure_due(self.index).and_then(|call| {
            let errno = call.returned.as_ref()?.errno.as_deref()?;
            Some(message(errno)?.to_lowercase())
        });
        lines
            .find(|line| {
                let expected = wanted
                    .is_some_and(|wanted| wanted.pattern.find(line, 0, Place::Anywhere).is_some());
                let line = line.to_lowercase();
                expected
                    || failure
                        .as_ref()
                        .is_some_and(|message| line.contains(message))
                    || ERRORS.iter().any(|word| line.contains(word))
            })
            .cloned()
    }
}
