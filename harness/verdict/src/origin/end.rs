//! How a program came to an end, or to none: the statement that ended it, the check behind a call, the loop that goes on.

use ipclab_evidence::{Exit, SourceLine};

use super::look::{Look, Spot, at};
use super::source::Control;

/// Statements that end a program, where `main` has them.
const ENDS: [&str; 5] = ["return", "exit", "_exit", "_Exit", "quick_exit"];
/// What the judge says of a status that is the value of the last `printf()`.
const LEAKED: &str = "main must be int";

impl<'a> Look<'a> {
    /// Where its first process ended: where it called `exit()`, else the `return` behind the last line of `main` that is known
    /// of it.
    pub(super) fn end_line(&self) -> Option<SourceLine> {
        let (index, actor) = self.actor?;
        if let Some(line) = actor.ended_at.first() {
            return Some(line.clone());
        }
        let calls = self.evidence_of(index);
        let mut printed = actor.printed.iter().filter_map(|write| write.lines.last());
        let mut last: Option<Spot<'a>> = None;
        for line in [calls.last(), printed.next_back()].into_iter().flatten() {
            let Some(spot) = self.spot(line) else {
                continue;
            };
            if spot.function.name == "main" && last.is_none_or(|known| spot.line > known.line) {
                last = Some(spot);
            }
        }
        let spot = last?;
        let mut tokens = spot.function.body.clone();
        let end = tokens.find(|token| {
            let behind = spot
                .source
                .line(*token)
                .is_some_and(|line| line >= spot.line);
            behind && ENDS.iter().any(|word| spot.source.is(*token, word))
        })?;
        Some(at(spot.source, spot.source.line(end)?))
    }

    /// What made it end like that: the statement, and where its value is given.
    pub(super) fn end(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if self.says(LEAKED) {
            let main = self.main().map(|(line, _)| line);
            return main.into_iter().collect();
        }
        let Some(end) = self.end_line() else {
            // `void main` ends without a status of its own.
            let main = self.main().filter(|(_, spot)| {
                let before = spot.function.at.checked_sub(1);
                before.is_some_and(|at| spot.source.is(at, "void"))
            });
            let main = main.map(|(line, _)| line);
            return main.or_else(|| self.check(lines)).into_iter().collect();
        };
        let mut from = vec![end.clone()];
        from.extend(self.status(&end));
        if from.len() == 1 {
            from.extend(
                self.condition(std::slice::from_ref(&end))
                    .into_iter()
                    .take(1),
            );
        }
        from
    }

    /// Where the value of `return status;` is given: in what hangs on the call that failed or beside the complaint about it,
    /// else before.
    fn status(&self, end: &SourceLine) -> Option<SourceLine> {
        let spot = self.spot(end)?;
        let source = spot.source;
        let mut tokens = spot.function.body.clone();
        let word = tokens.find(|token| {
            source.line(*token) == Some(spot.line)
                && ENDS.iter().any(|word| source.is(*token, word))
        })?;
        let name = source.names(word + 1..word + 4).into_iter().next()?;
        let marks = self.marks();
        let beside = marks.iter().find_map(|mark| {
            let mark = self.spot(mark)?;
            if mark.function.at != spot.function.at || mark.source.name != source.name {
                return None;
            }
            let mut controls = source.controls(spot.function).into_iter();
            let around = controls.rfind(|control| {
                self.holds(mark, control) || source.line(control.at) == Some(mark.line)
            })?;
            let write = source.last_write(name, spot.function, around.body.end)?;
            around.body.contains(&write.at).then_some(write)
        });
        let write = beside.or_else(|| source.last_write(name, spot.function, word))?;
        Some(at(source, source.line(write.at)?))
    }

    /// Lines of `main` that the program was at before it ended: where it complained, and the call that failed.
    fn marks(&self) -> Vec<SourceLine> {
        let complaint = self.complaint_lines();
        let complaint = complaint.and_then(|lines| lines.last().cloned());
        complaint
            .into_iter()
            .chain(self.failed().and_then(|lines| lines.last().cloned()))
            .collect()
    }

    /// Where a program looks at how many arguments it has, when it did not say how it is to be called.
    pub(super) fn usage(&self) -> Option<SourceLine> {
        let words = self.finding.message.to_lowercase();
        if !words.contains("did not print `usage") {
            return None;
        }
        let (_, spot) = self.main()?;
        let mut controls = spot.source.controls(spot.function).into_iter();
        let counts = controls.find(|control| {
            let names = spot.source.names(control.header.clone());
            names.contains(&"argc")
        })?;
        Some(at(spot.source, spot.source.line(counts.at)?))
    }

    /// Where `main` begins.
    fn main(&self) -> Option<(SourceLine, Spot<'a>)> {
        let (index, actor) = self.actor?;
        let printed = actor.printed.iter().filter_map(|write| write.lines.last());
        let mut known = self.evidence_of(index).into_iter().chain(printed.cloned());
        known.find_map(|line| {
            let spot = self.spot(&line)?;
            (spot.function.name == "main").then(|| (at(spot.source, spot.function.line), spot))
        })
    }

    /// The last words of a program on stderr.
    pub(super) fn complaint_lines(&self) -> Option<&'a [SourceLine]> {
        let (_, actor) = self.actor?;
        let mut writes = actor.printed.iter().filter(|write| write.stream == 2);
        Some(&writes.next_back()?.lines)
    }

    pub(super) fn is_complaint(&self, lines: &[SourceLine]) -> bool {
        !lines.is_empty() && self.complaint_lines() == Some(lines)
    }

    /// The condition that a line hangs on, or that the line does which called its function; and what gave the condition its
    /// value.
    pub(super) fn condition(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let guarded = lines.iter().find_map(|line| {
            let spot = self.spot(line)?;
            Some((spot, self.guard(spot)?))
        });
        guarded.map_or(Vec::new(), |(spot, guard)| self.decided(spot, &guard))
    }

    /// The innermost statement that decides about a line; else one just before, which lost its braces.
    fn guard(&self, spot: Spot<'a>) -> Option<Control> {
        let controls = spot.source.controls(spot.function);
        let around = controls.iter().rfind(|control| self.holds(spot, control));
        let before = || {
            controls.iter().rfind(|control| {
                let line = spot.source.line(control.at).unwrap_or(0);
                spot.source.is(control.at, "if") && (line + 1..=line + 3).contains(&spot.line)
            })
        };
        around.or_else(before).cloned()
    }

    /// A statement that decides, and the place that gave what it looks at its value.
    fn decided(&self, spot: Spot<'a>, control: &Control) -> Vec<SourceLine> {
        let source = spot.source;
        let mut names = source.names(control.header.clone()).into_iter();
        let value = names.find_map(|name| {
            let write = source.last_write(name, spot.function, control.at)?;
            spot.function.body.contains(&write.at).then_some(write)
        });
        let tokens = [Some(control.at), value.map(|write| write.at)];
        let lines = tokens
            .into_iter()
            .flatten()
            .filter_map(|token| source.line(token));
        lines.map(|line| at(source, line)).collect()
    }

    /// The last loop before the end of a program that did less than it should.
    pub(super) fn left_loop(&self, end: &SourceLine) -> Vec<SourceLine> {
        let Some(spot) = self.spot(end) else {
            return Vec::new();
        };
        let controls = spot.source.controls(spot.function).into_iter();
        let left = controls
            .filter(|control| !spot.source.is(control.at, "if"))
            .filter(|control| {
                let last = spot.source.line(control.body.end.saturating_sub(1));
                last.is_some_and(|last| last < spot.line)
            })
            // The outermost of those that end last.
            .max_by_key(|control| (control.body.end, std::cmp::Reverse(control.at)));
        left.map_or(Vec::new(), |control| self.decided(spot, &control))
    }

    fn holds(&self, spot: Spot<'a>, control: &Control) -> bool {
        let first = spot.source.line(control.body.start);
        let last = spot.source.line(control.body.end.saturating_sub(1));
        matches!((first, last), (Some(first), Some(last)) if (first..=last).contains(&spot.line))
            && spot.source.line(control.at) != Some(spot.line)
    }

    /// What looks at the result of the call on this line.
    pub(super) fn check(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        let failed = self.failed_call();
        let line = failed.as_ref().or(lines.first())?;
        let spot = self.spot(line)?;
        let source = spot.source;
        let calls = source.calls_on(spot.line);
        let call = calls.first()?;
        let result = call
            .at
            .checked_sub(2)
            .filter(|_| source.is(call.at - 1, "="));
        let result = result.and_then(|at| source.word(at));
        let mut controls = source.controls(spot.function).into_iter();
        let check = controls.find(|control| {
            let within = control.header.contains(&call.at);
            let behind = control.at > call.end;
            within
                || (behind
                    && result
                        .is_some_and(|name| source.names(control.header.clone()).contains(&name)))
        });
        let shown = check.and_then(|check| source.line(check.at));
        shown.map(|line| at(source, line)).or(failed)
    }

    /// The loops around a line, or around the line that called its function: the inmost and the outmost.
    pub(super) fn loops(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let looped = lines.iter().find_map(|line| {
            let spot = self.spot(line)?;
            let controls = spot.source.controls(spot.function).into_iter();
            let mut around = controls
                .filter(|control| !spot.source.is(control.at, "if") && self.holds(spot, control))
                .filter_map(|control| Some(at(spot.source, spot.source.line(control.at)?)));
            let outmost = around.next()?;
            let inmost = around.next_back();
            Some(inmost.into_iter().chain([outmost]).collect())
        });
        let next = || {
            let spot = self.spot(lines.last()?)?;
            let mut controls = spot.source.controls(spot.function).into_iter();
            let next = controls.find(|control| {
                let line = spot.source.line(control.at).unwrap_or(0);
                !spot.source.is(control.at, "if") && line > spot.line
            })?;
            Some(vec![at(spot.source, spot.source.line(next.at)?)])
        };
        // Who computes for ever does so behind the last line that is known.
        let computes =
            matches!(self.actor, Some((_, actor)) if matches!(actor.exit, Exit::Stopped(_)));
        looped
            .or_else(|| next().filter(|_| computes))
            .unwrap_or_default()
    }

    /// Where `main` takes what it was given.
    pub(super) fn inputs(&self) -> Vec<SourceLine> {
        let Some((_, spot)) = self.main() else {
            return Vec::new();
        };
        let source = spot.source;
        let mut lines: Vec<SourceLine> = Vec::new();
        for token in spot.function.body.clone() {
            let is_given = source.is(token, "argv") && !source.is(token + 2, "0");
            let first = source.statement_start(token);
            let assigned = (first..token).any(|before| source.is(before, "="));
            if let (true, Some(line)) = (is_given && assigned, source.line(token)) {
                lines.push(at(source, line));
            }
        }
        lines
    }
}
