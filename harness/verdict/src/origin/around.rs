//! The statements around a line: the conditions that it hangs on, the loops that it is in.

use std::collections::BTreeSet;

use ipclab_evidence::{Exit, SourceLine};
use ipclab_spec::Aspect;

use super::look::{Look, Spot, is_of_kernel};
use super::source::Control;

/// Places that leave one loop which are named.
const BREAKS_MAX: usize = 2;
/// Statements of one function that are looked at, where each look is at a part of the function.
const CONTROLS_MAX: usize = 300;
/// Loops around one line that are looked at.
const LOOPS_MAX: usize = 8;
/// Statements that leave a loop.
const LEAVES: [&str; 6] = ["break", "return", "goto", "exit", "_exit", "_Exit"];

impl<'a> Look<'a> {
    /// The condition that a line hangs on, or that the line does which called its function; and what gave the condition its
    /// value.
    pub(super) fn condition(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let guarded = lines.iter().find_map(|line| {
            let spot = self.spot(line)?;
            Some((spot, self.guard(spot)?))
        });
        guarded.map_or(Vec::new(), |(spot, guard)| {
            let mut decided = self.decided(spot, &guard);
            if let Some(line) = self.complained_of(spot, &guard) {
                decided.truncate(1);
                decided.push(line);
            }
            decided
        })
    }

    /// Of what was handed to the call whose result is looked at the member that the last words on stderr name: `Address family
    /// for hostname not supported` is about `ai_family`.
    fn complained_of(&self, spot: Spot<'a>, control: &Control) -> Option<SourceLine> {
        /// Shorter names are found in any sentence.
        const LETTERS_MIN: usize = 5;
        let (_, actor) = self.actor?;
        let said = String::from_utf8_lossy(&actor.stderr.head.0).to_lowercase();
        let said = said.lines().next_back()?;
        let source = spot.source;
        let mut names = source.names(control.header.clone()).into_iter();
        let write = names.find_map(|name| source.last_write(name, spot.function, control.at))?;
        let handed = source.names(write.value.clone());
        // What `getaddrinfo()` does not find may be of another family than was asked for.
        let asked = || {
            let is_it = source.callees(&write).contains(&"getaddrinfo");
            let family = source.last_member_write("ai_family", spot.function, write.at);
            let family = family.filter(|_| is_it)?;
            source.place(family.at)
        };
        let named = |at: &usize| {
            let member = source.word(*at)?;
            let last = member.rsplit('_').next()?;
            let of = at.checked_sub(2).and_then(|before| source.word(before))?;
            let is_member = source.is(at - 1, ".") || source.is(at - 1, "->");
            let is_said = last.len() >= LETTERS_MIN && said.contains(last);
            (is_member && is_said && handed.contains(&of) && source.is(at + 1, "=")).then_some(())
        };
        let mut before = spot.function.body.start..write.at;
        let Some(at_member) = before.rfind(|at| named(at).is_some()) else {
            return asked();
        };
        source.place(at_member)
    }

    /// The statement around a line that decides whether or how often it runs: where what was printed or sent is another than it
    /// should be, it comes behind all that is known better.
    pub(super) fn around(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        let shows = matches!(self.finding.aspect, Aspect::Output | Aspect::Bytes);
        let spot = lines
            .first()
            .filter(|_| shows)
            .and_then(|line| self.spot(line))?;
        self.guard_around(spot)
    }

    /// The innermost statement that decides about a line.
    pub(super) fn guard_around(&self, spot: Spot<'a>) -> Option<SourceLine> {
        let mut controls = spot.source.controls(spot.function).into_iter();
        let around = controls.rfind(|control| self.holds(spot, control))?;
        spot.source.place(around.at)
    }

    /// The innermost statement that decides about a line; else one just before, which lost its braces.
    pub(super) fn guard(&self, spot: Spot<'a>) -> Option<Control> {
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
        let decides = source.place(control.at);
        let given = value.and_then(|write| {
            // Of a value that the student's own function brings the kernel's answer says more.
            let asks = self.within(source, &write).map(|step| step.line);
            asks.or_else(|| source.place(write.at))
        });
        decides.into_iter().chain(given).collect()
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
        left.map_or(Vec::new(), |control| {
            let leaves = self.leaves(spot, &control);
            let breaks = self.breaks(spot, &control);
            leaves
                .into_iter()
                .chain(self.decided(spot, &control))
                .chain(breaks)
                .collect()
        })
    }

    /// Where a loop is left by what was received, the last place first; errors and signals are other matters.
    fn breaks(&self, spot: Spot<'a>, control: &Control) -> Vec<SourceLine> {
        let source = spot.source;
        let inner = within(spot, control);
        let leaves = control
            .body
            .clone()
            .rev()
            .filter(|at| source.is(*at, "break"));
        let by_content = leaves.filter(|at| {
            let around = inner.iter().rfind(|inner| inner.body.contains(at));
            around.is_some_and(|around| {
                let names = source.names(around.header.clone());
                let plain = |name: &&str| !["errno", "EINTR"].contains(name);
                // What holds more than the statement itself says why it gives up.
                let is_alone = around.body.len() <= 4;
                source.is(around.at, "if") && is_alone && names.iter().all(plain)
            })
        });
        by_content
            .filter_map(|at| source.place(at))
            .take(BREAKS_MAX)
            .collect()
    }

    /// What ends the loop around a line the first time that it comes by, whatever is the case.
    pub(super) fn ends_at_once(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        lines.iter().find_map(|line| {
            let spot = self.spot(line)?;
            let controls = spot.source.controls(spot.function).into_iter();
            let loops = controls.filter(|control| {
                !["if", "switch"]
                    .iter()
                    .any(|word| spot.source.is(control.at, word))
                    && self.holds(spot, control)
            });
            let mut loops = loops.take(LOOPS_MAX);
            loops.find_map(|control| self.leaves(spot, &control))
        })
    }

    /// A program that takes requests and answers them in a loop which it leaves whatever happens: where it does.
    pub(super) fn serves_once(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let ended = self
            .actor
            .is_some_and(|(_, actor)| matches!(actor.exit, Exit::Code(_)));
        let spot = lines.first().and_then(|line| self.spot(line));
        let is_it = ended && self.is_own && self.finding.aspect == Aspect::Bytes;
        let Some(spot) = spot.filter(|_| is_it) else {
            return Vec::new();
        };
        let source = spot.source;
        // What is only tried again until it succeeds has one call in its loop.
        let serves = |control: &Control| {
            let names = control.body.clone().filter_map(|token| source.word(token));
            let calls: BTreeSet<&str> = names.filter(|name| is_of_kernel(name)).collect();
            calls.len() > 1
        };
        let controls = source.controls(spot.function).into_iter();
        let mut loops = controls.filter(|control| {
            let repeats = !["if", "switch"].iter().any(|it| source.is(control.at, it));
            repeats && self.holds(spot, control) && serves(control)
        });
        let left = loops.find_map(|control| self.leaves(spot, &control));
        left.into_iter().collect()
    }

    /// The statement that leaves a loop and hangs on no condition.
    fn leaves(&self, spot: Spot<'a>, control: &Control) -> Option<SourceLine> {
        let source = spot.source;
        let inner = within(spot, control);
        // Of more than are looked at it is not known whether one decides.
        if inner.len() == CONTROLS_MAX {
            return None;
        }
        let mut body = control.body.clone();
        let leaves = body.find(|token| {
            let is_it = LEAVES.iter().any(|word| source.is(*token, word));
            is_it && inner.iter().all(|inner| !inner.body.contains(token))
        })?;
        source.place(leaves)
    }

    pub(super) fn holds(&self, spot: Spot<'a>, control: &Control) -> bool {
        let first = spot.source.line(control.body.start);
        let last = spot.source.line(control.body.end.saturating_sub(1));
        matches!((first, last), (Some(first), Some(last)) if (first..=last).contains(&spot.line))
            && spot.source.line(control.at) != Some(spot.line)
    }

    /// The loops around a line, or around the line that called its function: the inmost and the outmost.
    pub(super) fn loops(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let looped = lines.iter().find_map(|line| {
            let spot = self.spot(line)?;
            let controls = spot.source.controls(spot.function).into_iter();
            let mut around = controls
                .filter(|control| !spot.source.is(control.at, "if") && self.holds(spot, control))
                .filter_map(|control| spot.source.place(control.at));
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
            Some(vec![spot.source.place(next.at)?])
        };
        // Who computes for ever does so behind the last line that is known.
        let computes =
            matches!(self.actor, Some((_, actor)) if matches!(actor.exit, Exit::Stopped(_)));
        looped
            .or_else(|| next().filter(|_| computes))
            .unwrap_or_default()
    }
}

/// The statements within another one's body, as far as they are looked at.
fn within(spot: Spot<'_>, control: &Control) -> Vec<Control> {
    let all = spot.source.controls(spot.function).into_iter();
    all.filter(|inner| inner.at != control.at && control.body.contains(&inner.at))
        .take(CONTROLS_MAX)
        .collect()
}
