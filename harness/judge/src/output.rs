//! Output: what programs printed, matched leniently where a correct program could lose and strictly where a wrong one
//! could win.

mod any_order;
mod regex;
mod transcript;
mod why;

use ipclab_evidence::{ActorEvidence, Exit};
use ipclab_spec::{Aspect, Hole, OutputExpectation, Part, Template, escaped_for_regex};

use crate::difference::framed;
use crate::facts::{Facts, Unfilled};
use crate::finding::{DiffLine, Difference, Finding};
use crate::page::Page;
use crate::pattern::{Pattern, Place, Span, regex_in_any_library};
use crate::quote::{count, escaped_line, quoted};

/// Lines of a program's output that a finding shows as seen.
const SEEN_LINES: usize = 12;

/// One finding for each expectation about a stream and each copy of its actor.
pub(crate) fn judge(facts: Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for role in &facts.case.actors {
        let copies = facts.copies(&role.name);
        let streams = [("stdout", &role.stdout), ("stderr", &role.stderr)];
        for (name, expectations) in streams {
            for expectation in expectations {
                if copies.is_empty() {
                    let message =
                        format!("the evidence has no actor called {}", quoted(&role.name));
                    findings.push(Finding::unknown(Aspect::Output, Some(&role.name), message));
                }
                for index in &copies {
                    let Some(actor) = facts.actor(*index) else {
                        continue;
                    };
                    let stream = if name == "stdout" {
                        &actor.stdout
                    } else {
                        &actor.stderr
                    };
                    let printed = Printed {
                        facts,
                        index: *index,
                        actor,
                        name,
                        page: Page::of(stream),
                    };
                    findings.extend(printed.judge(expectation));
                }
            }
        }
    }
    findings
}

/// One stream of one actor.
struct Printed<'a> {
    facts: Facts<'a>,
    index: usize,
    actor: &'a ActorEvidence,
    /// `stdout` or `stderr`
    name: &'static str,
    page: Page,
}

/// A template and the pattern that it became.
struct Wanted<'t> {
    template: &'t Template,
    pattern: Pattern,
}

impl Printed<'_> {
    fn judge(&self, expectation: &OutputExpectation) -> Vec<Finding> {
        let each = |templates: &[Template], one: &dyn Fn(&Wanted<'_>) -> Finding| {
            let filled = templates.iter().map(|template| match self.fill(template) {
                Ok(wanted) => one(&wanted),
                Err(unfilled) => self.unfilled(template, unfilled),
            });
            filled.collect::<Vec<_>>()
        };
        match expectation {
            OutputExpectation::Lines(templates) => vec![self.whole(templates, Self::in_order)],
            OutputExpectation::AnyOrder(templates) => vec![self.whole(templates, Self::any_order)],
            OutputExpectation::Transcript(lines) => vec![self.transcript(lines)],
            OutputExpectation::Contains(templates) => {
                each(templates, &|wanted| self.contains(wanted))
            }
            OutputExpectation::AnyOf(templates) => vec![self.any_of(templates)],
            OutputExpectation::Lacks(templates) => each(templates, &|wanted| self.lacks(wanted)),
            OutputExpectation::Regex(patterns) => {
                let judged = patterns.iter().map(|pattern| match self.regex_of(pattern) {
                    Ok(text) => self.regex(&text),
                    Err(unfilled) => self.unfilled(pattern, unfilled),
                });
                judged.collect()
            }
        }
    }

    /// A regular expression in which what was seen stands for itself, and errors are told as any C library does.
    fn regex_of(&self, template: &Template) -> Result<String, Unfilled> {
        let parts = template.parts.iter().map(|part| match part {
            Part::Text(text) => Ok(regex_in_any_library(text)),
            Part::Hole(hole) => {
                let alone = Template {
                    parts: vec![Part::Hole(hole.clone())],
                };
                let text = self.facts.text(&alone, Some(self.index))?;
                Ok(escaped_for_regex(&text))
            }
        });
        parts.collect()
    }

    fn fill<'t>(&self, template: &'t Template) -> Result<Wanted<'t>, Unfilled> {
        let pattern = self.facts.pattern(template, Some(self.index))?;
        let pattern = pattern.in_any_library();
        Ok(Wanted { template, pattern })
    }

    /// Lines are judged together: all must be filled in first.
    fn whole(&self, templates: &[Template], judge: fn(&Self, &[Wanted<'_>]) -> Finding) -> Finding {
        let mut all = Vec::new();
        for template in templates {
            match self.fill(template) {
                Ok(Wanted { template, pattern }) => all.push(Wanted {
                    template,
                    pattern: pattern.trimmed(),
                }),
                Err(unfilled) => return self.unfilled(template, unfilled),
            }
        }
        judge(self, &all)
    }

    fn unfilled(&self, template: &Template, unfilled: Unfilled) -> Finding {
        match unfilled {
            Unfilled::Trouble(why) => Finding::unknown(
                Aspect::Output,
                Some(&self.actor.name),
                format!("not judged: {why}"),
            ),
            Unfilled::Never(why) if names_a_place(template) => self.fail(format!(
                "{} has no place that could be printed: {why}",
                self.who()
            )),
            Unfilled::Never(why) => {
                let open = self.facts.pattern_of_any_count(template, Some(self.index));
                let line = open
                    .map(|pattern| format!(" the line {}", quoted(&pattern.escaped_text())))
                    .unwrap_or_else(|| " its output".to_owned());
                self.fail(format!(
                    "{} cannot know the number in{line}: {why}{}",
                    self.who(),
                    self.because()
                ))
            }
        }
    }

    fn in_order(&self, wanted: &[Wanted<'_>]) -> Finding {
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
            None => self.explain(&wanted[first], from, wanted),
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
                quoted(&pattern.escaped_text()),
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

    fn find_from(&self, pattern: &Pattern, from: (usize, usize)) -> Option<(usize, Span)> {
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

    fn contains(&self, wanted: &Wanted<'_>) -> Finding {
        let found = wanted
            .pattern
            .find(&self.page.text, 0, Place::Anywhere)
            .is_some();
        let pattern_text = wanted.pattern.escaped_text();
        if found {
            return self.pass(format!(
                "{} printed {} on {}",
                self.who(),
                quoted(&pattern_text),
                self.name
            ));
        }
        let finding = self.missed(self.explain(wanted, (0, 0), &[]));
        finding.expecting(pattern_text, self.seen())
    }

    /// One of several texts. One that asks for what never happened is not there; of several such nothing is left to find.
    fn any_of(&self, templates: &[Template]) -> Finding {
        let mut wanted = Vec::new();
        let mut never = None;
        for template in templates {
            match self.fill(template) {
                Ok(filled) => wanted.push(filled),
                Err(unfilled @ Unfilled::Trouble(_)) => return self.unfilled(template, unfilled),
                Err(unfilled @ Unfilled::Never(_)) => never = Some((template, unfilled)),
            }
        }
        let mut there = wanted.iter().filter(|wanted| {
            let found = wanted.pattern.find(&self.page.text, 0, Place::Anywhere);
            found.is_some()
        });
        if let Some(found) = there.next() {
            return self.contains(found);
        }
        if wanted.is_empty()
            && let Some((template, unfilled)) = never
        {
            return self.unfilled(template, unfilled);
        }
        let texts = wanted.iter().map(|wanted| wanted.pattern.escaped_text());
        let texts: Vec<String> = texts.collect();
        let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        let message = match self.page.text.trim().is_empty() {
            true => format!(
                "{} printed nothing on {}: one of {} is expected{}",
                self.who(),
                self.name,
                quoted.join(", "),
                self.because()
            ),
            false => format!(
                "{} printed none of {} on {}{}",
                self.who(),
                quoted.join(", "),
                self.name,
                self.because()
            ),
        };
        self.missed(message)
            .expecting(texts.join("\nor\n"), self.seen())
    }

    fn lacks(&self, wanted: &Wanted<'_>) -> Finding {
        let pattern_text = wanted.pattern.escaped_text();
        let found = wanted.pattern.find(&self.page.text, 0, Place::Anywhere);
        match found {
            Some(span) => {
                let line = self
                    .page
                    .text
                    .get(..span.start)
                    .unwrap_or_default()
                    .matches('\n')
                    .count();
                let text = self
                    .page
                    .lines
                    .get(line)
                    .map(String::as_str)
                    .unwrap_or_default();
                let message = format!(
                    "{} printed {}, which must not be there: line {} is {}",
                    self.who(),
                    quoted(&pattern_text),
                    line + 1,
                    quoted(text)
                );
                self.fail(message)
                    .expecting(format!("no {pattern_text}"), self.seen())
            }
            None if self.page.has_hole && !self.flooded() => self.hole(),
            None if self.actor.exit == Exit::NotStarted => {
                self.fail(format!("{} printed nothing{}", self.who(), self.because()))
            }
            None => self.pass(format!(
                "{} did not print {}",
                self.who(),
                quoted(&pattern_text)
            )),
        }
    }

    /// A line as it is expected. A program that moved nothing should not print 0, but have moved something.
    fn expected_line(&self, wanted: &Wanted<'_>) -> String {
        let open = self.counts_nothing(wanted);
        open.unwrap_or_else(|| wanted.pattern.escaped_text())
    }

    /// Expected lines with what was printed around them: there, missing, or in the way.
    fn picture(&self, wanted: &[Wanted<'_>], found: &[Option<(usize, Span)>]) -> Difference {
        let mut all = Vec::new();
        let mut next = 0;
        for (wanted, found) in wanted.iter().zip(found) {
            match found {
                None => all.push(DiffLine::Missing(self.expected_line(wanted))),
                Some((line, _)) if *line < next => {}
                Some((line, _)) => {
                    all.extend(
                        self.page.lines[next..*line]
                            .iter()
                            .map(|text| DiffLine::Extra(escaped_line(text))),
                    );
                    all.push(DiffLine::Same(escaped_line(&self.page.lines[*line])));
                    next = line + 1;
                }
            }
        }
        let rest = self.page.lines.get(next..).unwrap_or_default();
        all.extend(rest.iter().map(|text| DiffLine::Extra(escaped_line(text))));
        Difference::Lines(framed(all, |line| matches!(line, DiffLine::Missing(_))))
    }

    fn seen(&self) -> String {
        let mut lines: Vec<String> = self
            .page
            .lines
            .iter()
            .take(SEEN_LINES)
            .map(|line| escaped_line(line))
            .collect();
        if self.page.lines.len() > SEEN_LINES {
            lines.push(format!(
                "({} more)",
                count((self.page.lines.len() - SEEN_LINES) as u64, "line")
            ));
        }
        lines.join("\n")
    }

    /// Something is not there, or stands where nothing was kept.
    fn missed(&self, message: String) -> Finding {
        if self.page.has_hole && !self.flooded() {
            return self.hole();
        }
        self.fail(message)
    }

    fn hole(&self) -> Finding {
        let message = format!(
            "{} printed so much on {} that the middle of it was not kept: that it is right is not proved",
            self.who(),
            self.name
        );
        Finding::fail(Aspect::Output, Some(&self.actor.name), message)
    }

    /// Stopped for printing or computing without end: what was not kept is its own fault.
    fn flooded(&self) -> bool {
        matches!(self.actor.exit, Exit::Stopped(_)) || !self.actor.limits.is_empty()
    }

    fn who(&self) -> String {
        self.facts.who(self.index)
    }

    fn because(&self) -> String {
        self.facts.because(self.index)
    }

    fn pass(&self, message: String) -> Finding {
        Finding::pass(Aspect::Output, Some(&self.actor.name), message)
    }

    fn fail(&self, message: String) -> Finding {
        Finding::fail(Aspect::Output, Some(&self.actor.name), message)
    }
}

/// Whether a text has the place in it where an actor serves.
fn names_a_place(template: &Template) -> bool {
    let mut parts = template.parts.iter();
    parts.any(|part| matches!(part, Part::Hole(Hole::Listens { .. })))
}
