//! Output: what programs printed, matched leniently where a correct program could lose and strictly where a wrong one
//! could win.

mod lines;
mod transcript;
mod words;

use ipclab_evidence::{ActorEvidence, Exit};
use ipclab_spec::{Aspect, ExitExpectation, OutputExpectation, Template};
use predicates::Predicate as _;

use crate::facts::{Facts, Unfilled};
use crate::finding::Finding;
use crate::page::Page;
use crate::pattern::{Pattern, Place};
use crate::quote::{count, quoted, shown};
pub(crate) use lines::assign;

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
            OutputExpectation::Lacks(templates) => each(templates, &|wanted| self.lacks(wanted)),
            OutputExpectation::Regex(patterns) => {
                patterns.iter().map(|pattern| self.regex(pattern)).collect()
            }
        }
    }

    fn fill<'t>(&self, template: &'t Template) -> Result<Wanted<'t>, Unfilled> {
        let pattern = self.facts.pattern(template, Some(self.index))?;
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
            Unfilled::Never(why) => {
                let (who, because) = (self.who(), self.because());
                let open = self.facts.pattern_of_any_count(template, Some(self.index));
                self.fail(match open.map(Pattern::trimmed) {
                    None => format!("{who} did not print what is expected: {why}{because}"),
                    Some(line) => match self.find_from(&line, (0, 0)) {
                        Some((at, _)) => {
                            let printed = self.page.lines.get(at).map_or("", |text| text.trim());
                            format!("{who} printed {}, but {why}", quoted(printed))
                        }
                        None => {
                            let line = quoted(&line.shown());
                            format!("{who} did not print {line}: {why}{because}")
                        }
                    },
                })
            }
        }
    }

    fn contains(&self, wanted: &Wanted<'_>) -> Finding {
        let found = wanted
            .pattern
            .find(&self.page.text, 0, Place::Anywhere)
            .is_some();
        let shown = self.show(wanted);
        if found {
            return self.pass(format!(
                "{} printed {} on {}",
                self.who(),
                quoted(&shown),
                self.name
            ));
        }
        let finding = self.missed(self.explain(wanted, (0, 0)));
        finding.expecting(shown, self.seen())
    }

    fn lacks(&self, wanted: &Wanted<'_>) -> Finding {
        let expected = self.show(wanted);
        let shown = expected.as_str();
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
                let line = match text.trim() == shown {
                    true => format!("line {}", line + 1),
                    false => format!("line {}: {}", line + 1, quoted(text)),
                };
                let (who, shown) = (self.who(), quoted(shown));
                let fails = self
                    .facts
                    .role(self.index)
                    .is_some_and(|role| matches!(role.exit, Some(ExitExpectation::Failure)));
                self.fail(match self.facts.failure_due(self.index) {
                    Some(call) if fails => {
                        let failure = self.facts.failure(call);
                        format!("{who} printed {shown} although {failure} ({line})")
                    }
                    Some(_) | None => {
                        format!("{who} printed {shown}, which must not be there ({line})")
                    }
                })
                .expecting(format!("no {expected}"), self.seen())
            }
            None if self.page.has_hole && !self.flooded() => self.hole(),
            None if self.actor.exit == Exit::NotStarted => {
                self.fail(format!("{} printed nothing{}", self.who(), self.because()))
            }
            None => self.pass(format!("{} did not print {}", self.who(), quoted(shown))),
        }
    }

    fn regex(&self, pattern: &str) -> Finding {
        match predicates::str::is_match(pattern) {
            Err(_) => Finding::unknown(
                Aspect::Output,
                Some(&self.actor.name),
                format!(
                    "not judged: the spec's pattern {} is no regular expression",
                    quoted(pattern)
                ),
            ),
            Ok(predicate) if predicate.eval(&self.page.text) => self.pass(format!(
                "{} printed what {} matches",
                self.who(),
                quoted(pattern)
            )),
            Ok(_) if self.page.is_blank() => self.missed(self.silence(None)),
            Ok(_) => {
                let message = format!(
                    "{} printed nothing on {} that {} matches{}",
                    self.who(),
                    self.name,
                    quoted(pattern),
                    self.why()
                );
                self.missed(message).expecting(shown(pattern), self.seen())
            }
        }
    }

    /// An expected text as it is shown. A count of what never came is not called 0 bytes: nobody expected that.
    fn show(&self, wanted: &Wanted<'_>) -> String {
        let facts = self.facts;
        if facts.counts_nothing(wanted.template, Some(self.index))
            && let Some(open) = facts.pattern_of_any_count(wanted.template, Some(self.index))
        {
            return open.trimmed().shown();
        }
        wanted.pattern.shown()
    }

    fn seen(&self) -> String {
        let mut lines: Vec<String> = self
            .page
            .lines
            .iter()
            .take(SEEN_LINES)
            .map(|line| shown(line))
            .collect();
        if self.page.lines.len() > SEEN_LINES {
            lines.push(format!(
                "({} more)",
                count((self.page.lines.len() - SEEN_LINES) as u64, "line")
            ));
        }
        lines.join("\n")
    }

    /// Something is not there: a fail, unless it may stand where nothing was kept.
    fn missed(&self, message: String) -> Finding {
        if self.page.has_hole && !self.flooded() {
            return self.hole();
        }
        self.fail(message)
    }

    fn hole(&self) -> Finding {
        let message = format!(
            "not judged: the middle of what {} printed on {} was not kept",
            self.who(),
            self.name
        );
        Finding::unknown(Aspect::Output, Some(&self.actor.name), message)
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
