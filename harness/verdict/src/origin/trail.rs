//! The trail of a value: from an expression to the places that give its names their values, and on.

use std::ops::Range;

use ipclab_evidence::SourceLine;
use ipclab_judge::MistakeKind;

use super::look::{Look, Spot, at, is_of_kernel};
use super::named::{Value, value_of, values_in, wrong_values};
use super::source::Source;
use super::value::Write;

/// Parts of one structure that are followed.
const PARTS_MAX: u32 = 5;
/// Places that write one name that are looked at: in a file that writes it ten thousand times, each look is at all of it.
const WRITES_MAX: u32 = 64;
/// Members of addresses.
const MEMBERS: [(&str, &[&str]); 3] = [
    ("port", &["sin_port", "sin6_port"]),
    ("path", &["sun_path"]),
    ("address", &["s_addr", "sin_addr", "sin6_addr"]),
];

/// A line that a value comes by.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) line: SourceLine,
    /// The token that gets the value; a macro has none.
    pub(super) token: Option<usize>,
    /// The numbers and texts that stand there.
    pub(super) values: Vec<Value>,
    /// The calls in the value.
    pub(super) calls: Vec<String>,
    /// It takes something from the command line or the input.
    pub(super) reads_input: bool,
    /// A function of the student's that brings the value asks the kernel here.
    pub(super) asks: bool,
}

impl<'a> Look<'a> {
    /// Follows the names of an expression to where they get their values. `callers`: the lines that called this function.
    pub(super) fn follow(
        &self,
        spot: Spot<'a>,
        expression: Range<usize>,
        before: usize,
        callers: &[SourceLine],
        left: u32,
        steps: &mut Vec<Step>,
    ) {
        let Some(left) = left.checked_sub(1) else {
            return;
        };
        for name in spot.source.names(expression) {
            if let Some(step) = self.defined(name, spot.source) {
                steps.push(step);
                continue;
            }
            let write = match self.member_of_address(spot, before) {
                Some(write) => Some(write),
                None => self
                    .wrong_write(spot, name, before)
                    .or_else(|| spot.source.last_write(name, spot.function, before)),
            };
            match write {
                Some(write) => {
                    self.written(spot, &write, callers, left, steps);
                    self.written_before(spot, name, write, steps);
                }
                None => self.handed_over(spot, name, callers, left, steps),
            }
        }
    }

    /// The last place that gives a name the value that is wrong: which way a program went is not known.
    fn wrong_write(&self, spot: Spot<'a>, name: &str, before: usize) -> Option<Write> {
        let wrong = wrong_values(self.words());
        let has = |write: &Write| {
            let values = values_in(spot.source, write.value.clone());
            values.iter().any(|value| wrong.contains(value))
        };
        let mut before = before;
        for _ in 0..WRITES_MAX {
            let write = spot.source.last_write(name, spot.function, before)?;
            if has(&write) {
                return Some(write);
            }
            if write.at >= before || !spot.function.body.contains(&write.at) {
                return None;
            }
            before = write.at;
        }
        None
    }

    /// Of a value that a function of the student's brings: where that one asks the kernel.
    pub(super) fn within(&self, source: &'a Source<'a>, write: &Write) -> Option<Step> {
        if let Some(step) = self.handed_back(source, write) {
            return Some(step);
        }
        let mut names = source.callees(write).into_iter();
        names.find_map(|name| {
            self.sources.iter().find_map(|source| {
                let function = source.functions.iter().find(|found| found.name == name)?;
                let mut body = function.body.clone();
                let asks = body.find(|at| {
                    let asks = source.word(*at).is_some_and(is_of_kernel);
                    asks && source.call_at(*at).is_some()
                })?;
                let write = Write {
                    at: asks,
                    value: asks..asks,
                };
                let step = step(source, &write)?;
                Some(Step { asks: true, ..step })
            })
        })
    }

    /// Of a value that a function of the student's writes to an address which it was given: where it does.
    fn handed_back(&self, source: &'a Source<'a>, write: &Write) -> Option<Step> {
        let (call, nth) = source.call_around(write.at)?;
        let name = source.word(call.at)?;
        let mut sources = self.sources.iter();
        sources.find_map(|source| {
            let mut functions = source.functions.iter();
            let function = functions.find(|found| found.name == name)?;
            let parameter = function.parameters.get(nth)?;
            let written = source.last_write(parameter, function, function.body.end)?;
            let pointed = written
                .at
                .checked_sub(1)
                .is_some_and(|at| source.is(at, "*"));
            let is_own = function.body.contains(&written.at) && pointed;
            let step = step(source, &written).filter(|_| is_own)?;
            Some(Step { asks: true, ..step })
        })
    }

    /// What gave the rest of a structure or an array its value, of which this place writes a part.
    fn written_before(&self, spot: Spot<'a>, name: &str, part: Write, steps: &mut Vec<Step>) {
        let mut part = part;
        for _ in 0..PARTS_MAX {
            if !spot.source.is_part(part.at) {
                return;
            }
            let before = spot.source.last_write(name, spot.function, part.at);
            let Some(write) = before.filter(|write| write.at < part.at) else {
                return;
            };
            steps.extend(step(spot.source, &write));
            part = write;
        }
    }

    fn written(
        &self,
        spot: Spot<'a>,
        write: &Write,
        callers: &[SourceLine],
        left: u32,
        steps: &mut Vec<Step>,
    ) {
        let Some(line) = spot.source.line(write.at) else {
            return;
        };
        let line = at(spot.source, line);
        // A value that comes from itself was met before.
        let is_it = |step: &Step| step.line == line && step.token == Some(write.at);
        if steps.iter().any(is_it) {
            return;
        }
        steps.extend(step(spot.source, write));
        steps.extend(self.within(spot.source, write));
        self.follow(spot, write.value.clone(), write.at, callers, left, steps);
    }

    /// The argument that a parameter was called with.
    fn handed_over(
        &self,
        spot: Spot<'a>,
        name: &str,
        callers: &[SourceLine],
        left: u32,
        steps: &mut Vec<Step>,
    ) {
        let parameters = &spot.function.parameters;
        let nth = parameters.iter().position(|parameter| *parameter == name);
        let caller = callers.first().and_then(|line| self.spot(line));
        let (Some(nth), Some(caller)) = (nth, caller) else {
            return;
        };
        let mut calls = caller.source.calls_on(caller.line).into_iter();
        let call = calls.find(|call| caller.source.word(call.at) == Some(spot.function.name));
        let Some((call, arg)) = call.and_then(|call| Some((call.at, call.args.get(nth)?.clone())))
        else {
            return;
        };
        let given = Write {
            at: call,
            value: arg.clone(),
        };
        steps.extend(step(caller.source, &given));
        self.follow(caller, arg, call, &callers[1..], left, steps);
    }

    /// The line that gives the port or path of an address its value, where the finding speaks of it.
    fn member_of_address(&self, spot: Spot<'a>, before: usize) -> Option<Write> {
        if self.kind() != Some(MistakeKind::Place) {
            return None;
        }
        let words = self.words();
        let called = match () {
            () if words.contains("port") => "port",
            () if words.contains('/') => "path",
            () => "address",
        };
        let (_, members) = MEMBERS.iter().find(|(name, _)| *name == called)?;
        members
            .iter()
            .find_map(|member| spot.source.last_member_write(member, spot.function, before))
            // What was found is followed by its names.
            .filter(|write| write.at < before)
    }

    /// The macro of this name: that of the file itself, else of another one.
    pub(super) fn defined(&self, name: &str, own: &'a Source<'a>) -> Option<Step> {
        std::iter::once(own).chain(self.sources).find_map(|source| {
            let found = source.macros.iter().find(|found| found.name == name)?;
            let values = found.body.iter().filter_map(value_of).collect();
            Some(Step {
                line: at(source, found.line),
                token: None,
                values,
                calls: Vec::new(),
                reads_input: false,
                asks: false,
            })
        })
    }
}

/// A place that gives a value, as a step.
fn step(source: &Source<'_>, write: &Write) -> Option<Step> {
    let calls = source.callees(write);
    let names = source.names(write.value.clone());
    Some(Step {
        reads_input: names.iter().any(|name| ["argv", "stdin"].contains(name)),
        line: source.place(write.at)?,
        token: Some(write.at),
        asks: false,
        values: values_in(source, write.value.clone()),
        calls: calls.into_iter().map(str::to_owned).collect(),
    })
}
