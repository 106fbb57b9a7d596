//! The arguments of the call that a finding shows, and the lines that gave them their values.

use std::ops::Range;

use ipclab_evidence::{Call, Direction, SourceLine, Transfer};
use ipclab_judge::{DiffLine, Difference, MistakeKind};
use ipclab_spec::Aspect;

use super::look::{Look, ON_DESCRIPTORS, Spot, at, is_of_kernel};
use super::named::{Value, named_values, values_in, wrong_values};
use super::source::Written;
use super::trail::Step;

/// Names that are followed behind one another.
const STEPS_MAX: u32 = 5;

/// Calls that take the address of a socket, and which argument that is.
const ADDRESSED: [(&str, usize); 3] = [("bind", 1), ("connect", 1), ("sendto", 4)];

impl<'a> Look<'a> {
    /// The lines that give the arguments of the call on this line their values.
    pub(super) fn values(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let Some(spot) = lines.first().and_then(|line| self.spot(line)) else {
            return Vec::new();
        };
        let Some(call) = self.call(spot) else {
            return Vec::new();
        };
        let words = self.words();
        if self.finding.aspect == Aspect::Bytes {
            // What should have been refused was looked at before.
            let is_none = amounts(words).is_some_and(|(_, wanted)| wanted == 0);
            if let Some(line) = self.read_before(lines).filter(|_| is_none) {
                return vec![line];
            }
            let is_less = amounts(words).is_some_and(|(seen, wanted)| seen < wanted);
            if let Some(line) = self.ends_at_once(lines).filter(|_| is_less) {
                return vec![line];
            }
        }
        let wrong = wrong_values(words);
        let mut steps = Vec::new();
        for arg in self.relevant(spot, &call) {
            self.follow(spot, arg, call.at, &lines[1..], STEPS_MAX, &mut steps);
        }
        // What is wrong stands next to `instead of`.
        let mut nearest_first = wrong.iter().rev();
        let found = nearest_first
            .find_map(|value| steps.iter().position(|step| step.values.contains(value)));
        if let Some((found, step)) = found.and_then(|found| Some((found, steps.get(found)?))) {
            // Where a macro is used something else may have been meant.
            let uses = found.checked_sub(1).and_then(|before| steps.get(before));
            let uses = uses.filter(|_| step.token.is_none());
            return [step].into_iter().chain(uses).map(line_of).collect();
        }
        if let Some(line) = self.wrong_text() {
            let chosen = self.chosen(&line);
            return std::iter::once(line).chain(chosen).collect();
        }
        // A wrong value that stands in the line itself comes from nowhere else.
        let own = values_in(spot.source, call.at..call.end);
        if wrong.iter().any(|value| own.contains(value)) {
            return Vec::new();
        }
        if words.contains("htons() is missing") {
            return steps.into_iter().map(|step| step.line).take(1).collect();
        }
        let (_, expected) = words.split_once(" instead of ").unwrap_or(("", ""));
        let mut said = named_values(words);
        let right = named_values(expected);
        said.retain(|value| !right.contains(value));
        let is_said = |step: &&Step| step.values.iter().any(|value| said.contains(value));
        if let Some(step) = steps.iter().find(is_said) {
            return vec![step.line.clone()];
        }
        // What should have been refused is what was read of the arguments.
        if words.contains("must not be there") {
            let inputs = steps.iter().filter(|step| step.reads_input);
            let inputs: Vec<SourceLine> = inputs.map(|step| step.line.clone()).collect();
            if !inputs.is_empty() {
                return inputs;
            }
        }
        // The place may be taken by what was there before.
        if words.contains("bind() failed with EADDRINUSE")
            && let Some(line) = self.no_reuse(spot, &call)
        {
            return vec![line];
        }
        // A call that fails of its arguments was given the last of them just before.
        if words.contains(" failed with ") {
            let mut before: Vec<SourceLine> = steps
                .into_iter()
                .map(|step| step.line)
                .filter(|step| {
                    let mut lines = lines.iter();
                    lines.any(|line| step.file == line.file && step < line)
                })
                .collect();
            before.sort();
            before.reverse();
            return before;
        }
        let is_length = self.kind() == Some(MistakeKind::Nul)
            || words.contains("without its NUL")
            || words.contains("the NUL went");
        if is_length {
            let measured = |step: &&Step| step.calls.iter().any(|name| name.contains("len"));
            if let Some(step) = steps.iter().find(measured) {
                return vec![step.line.clone()];
            }
        }
        steps.retain(|step| ![lines.first(), lines.last()].contains(&Some(&step.line)));
        // What a program prints of an echo is what it sent before.
        if let Some(sent) = self.echoed(&steps) {
            return sent;
        }
        match compared(words) {
            Compared::Shorter => {
                let asks = || steps.iter().skip(1).filter(|step| step.asks).take(2);
                match (asks().count(), steps.first()) {
                    (0, _) | (_, None) => nearest(&steps),
                    (1, Some(first)) => {
                        // How often it asks decides how much comes.
                        let asking = asks().next().map(line_of);
                        let spot = asking.as_ref().and_then(|line| self.spot(line));
                        let around = spot.and_then(|spot| self.guard_around(spot));
                        let first = around.unwrap_or_else(|| line_of(first));
                        std::iter::once(first).chain(asking).collect()
                    }
                    (_, Some(_)) => asks().map(line_of).collect(),
                }
            }
            Compared::AsLong => {
                let made = steps.iter().take(2).find_map(|step| self.made_in(step));
                match (made, steps.first()) {
                    (Some(made), Some(first)) => vec![made, first.line.clone()],
                    _ => steps.iter().take(2).map(line_of).collect(),
                }
            }
            Compared::Unlike => {
                let args = || self.relevant(spot, &call).into_iter().flatten();
                let direct: Vec<&str> = args().filter_map(|at| spot.source.word(at)).collect();
                let mut called = steps.iter().take(2).flat_map(|step| &step.calls);
                let back = direct
                    .iter()
                    .find_map(|name| self.given_back(name))
                    .or_else(|| called.find_map(|name| self.given_back(name)));
                let mut direct = direct.iter();
                let measured = direct.find_map(|name| self.measured_in(name));
                match (back, steps.first()) {
                    (Some(back), _) if measured.is_some() => {
                        measured.into_iter().chain([back]).collect()
                    }
                    (Some(back), Some(first)) => vec![back, first.line.clone()],
                    _ => self.how_often(&steps).unwrap_or_else(|| nearest(&steps)),
                }
            }
        }
    }

    /// Of a value that a function of the student's takes from the kernel in a loop: the loop, and the call.
    fn how_often(&self, steps: &[Step]) -> Option<Vec<SourceLine>> {
        let asks = steps.iter().take(2).find(|step| step.asks)?;
        let around = self
            .loops(std::slice::from_ref(&asks.line))
            .into_iter()
            .next()?;
        Some(vec![around, asks.line.clone()])
    }

    /// Of a value that a function of the student's gives back by a name: the last place where it has one.
    fn given_back(&self, name: &str) -> Option<SourceLine> {
        self.sources.iter().find_map(|source| {
            let mut functions = source.functions.iter();
            let function = functions.find(|found| found.name == name)?;
            let mut body = function.body.clone();
            let gives = body.rfind(|at| source.is(*at, "return"))?;
            let name = source
                .word(gives + 1)
                .filter(|_| source.is(gives + 2, ";"))?;
            let write = source.last_write(name, function, gives)?;
            let is_own = function.body.contains(&write.at) && !write.value.is_empty();
            source.place(write.at).filter(|_| is_own)
        })
    }

    /// Where a function of the student's that makes a value, without a call of the kernel, gives it back.
    fn made_in(&self, step: &Step) -> Option<SourceLine> {
        step.calls.iter().find_map(|name| {
            self.sources.iter().find_map(|source| {
                let mut functions = source.functions.iter();
                let function = functions.find(|found| found.name == name)?;
                let asks = |at: usize| source.word(at).is_some_and(is_of_kernel);
                if function.body.clone().any(asks) {
                    return None;
                }
                let mut body = function.body.clone();
                let gives = body.rfind(|at| source.is(*at, "return"))?;
                source.place(gives)
            })
        })
    }

    /// Where a socket was set up that is to take its port again, in a program that never speaks of `SO_REUSEADDR`.
    fn no_reuse(&self, spot: Spot<'a>, call: &Written) -> Option<SourceLine> {
        let mut sources = self.sources.iter();
        if sources.any(|source| source.tokens.iter().any(|token| token.is("SO_REUSEADDR"))) {
            return None;
        }
        let before = spot.function.body.start..call.at;
        let last = |name: &str| before.clone().rfind(|at| spot.source.is(*at, name));
        let set_up = last("setsockopt").or_else(|| last("socket"))?;
        spot.source.place(set_up)
    }

    /// Of a wrong text that was received where the same text had been sent by the program itself: where that was made.
    fn echoed(&self, steps: &[Step]) -> Option<Vec<SourceLine>> {
        let receives = |name: &String| name.starts_with("recv") || name == "read";
        let (index, _) = self.actor?;
        let is_received = steps.iter().any(|step| step.calls.iter().any(receives));
        let seen = quotes(self.words()).into_iter().next()?;
        if !is_received || self.finding.aspect != Aspect::Output {
            return None;
        }
        let moved = |call: &Call, direction: Direction| {
            let moved = call.transfer.as_ref();
            let is_it = |moved: &&Transfer| moved.direction == direction && moved.bytes > 1;
            let moved = moved.filter(|moved| call.actor == index && is_it(moved))?;
            let text = String::from_utf8_lossy(&moved.head.0);
            let text = text.trim_end_matches(['\0', '\n', '\r']).to_owned();
            (!text.is_empty()).then_some(text)
        };
        let trace = &self.evidence.trace;
        let is_echo = |call: &&Call| {
            let text = moved(call, Direction::Sent);
            text.is_some_and(|text| seen.contains(&text))
        };
        // What is printed as it came is the answer to what was sent before.
        let answered = || {
            let is_answer =
                |call: &Call| moved(call, Direction::Received).is_some_and(|it| it == seen);
            let answer = trace.iter().position(is_answer)?;
            let mut before = trace[..answer].iter();
            before.rfind(|call| moved(call, Direction::Sent).is_some())
        };
        let sent = trace.iter().find(is_echo).or_else(answered)?;
        let spot = sent.lines.first().and_then(|line| self.spot(line))?;
        let call = self.call(spot)?;
        let mut made = Vec::new();
        for arg in call.args.iter().skip(1) {
            let callers = &sent.lines[1..];
            self.follow(spot, arg.clone(), call.at, callers, STEPS_MAX, &mut made);
        }
        made.retain(|step| !sent.lines.contains(&step.line));
        let reads = made.iter().find(|step| step.reads_input);
        let ends = [sent.lines.last(), sent.lines.first()];
        let lines = ends.into_iter().flatten().cloned();
        Some(reads.map(line_of).into_iter().chain(lines).collect())
    }

    /// Where a text stands that is in what was seen and not in what was expected.
    pub(super) fn wrong_text(&self) -> Option<SourceLine> {
        /// A shorter text is found by accident.
        const LETTERS_MIN: usize = 5;
        let (seen, expected) = self.words().split_once(" instead of ")?;
        let printed: Vec<&str> = seen.split('`').skip(1).step_by(2).collect();
        let is_it = |text: &str| {
            // `/tmp/client.%d` prints what stands before the number.
            let text = text.split('%').next().unwrap_or("");
            text.len() >= LETTERS_MIN
                && printed.iter().any(|printed| printed.contains(text))
                && !expected.contains(text)
        };
        self.sources.iter().find_map(|source| {
            let macros = source.macros.iter().flat_map(|found| &found.body);
            let mut all = source.tokens.iter().chain(macros);
            let token = all.find(|token| token.content().is_some_and(|text| is_it(&text)))?;
            Some(at(source, token.line))
        })
    }

    /// The call on a line that the finding is about: what the kernel or the reader sees, not a helper in its arguments.
    pub(super) fn call(&self, spot: Spot<'a>) -> Option<Written> {
        let calls = spot.source.calls_on(spot.line);
        let names: Vec<&str> = calls
            .iter()
            .filter_map(|call| spot.source.word(call.at))
            .collect();
        let prefers = |name: &&str| match self.finding.aspect {
            Aspect::Output => name.contains("print") || name.contains("put") || *name == "write",
            _ => is_of_kernel(name),
        };
        let at = names.iter().position(prefers).or(match calls.is_empty() {
            true => None,
            false => Some(0),
        })?;
        calls.get(at).cloned()
    }

    /// The arguments of a call that can be what is wrong.
    fn relevant(&self, spot: Spot<'a>, call: &Written) -> Vec<Range<usize>> {
        let name = spot.source.word(call.at).unwrap_or("");
        let addressed = ADDRESSED.iter().find(|(known, _)| *known == name);
        if let (Some(MistakeKind::Place), Some((_, which))) = (self.kind(), addressed) {
            return call.args.get(*which).cloned().into_iter().collect();
        }
        if self.kind() == Some(MistakeKind::Place) && name.ends_with("get") {
            return call.args.first().cloned().into_iter().collect();
        }
        if let Some(values) = self.wrong_arguments(spot, call) {
            return values;
        }
        let skip = usize::from(ON_DESCRIPTORS.contains(&name));
        // Of a message in a queue the length, too, decides about how many.
        if let (Aspect::Bytes, "msgsnd" | "mq_send", [_, text, length, ..]) =
            (self.finding.aspect, name, call.args.as_slice())
        {
            return vec![length.clone(), text.clone()];
        }
        let mut args: Vec<Range<usize>> = call.args.iter().skip(skip).cloned().collect();
        // The length decides about how many; the buffer about what.
        if self.finding.aspect == Aspect::Bytes && args.len() > 1 && skip == 1 {
            args.truncate(2);
            match compared(self.words()) {
                Compared::AsLong => args.truncate(1),
                Compared::Shorter | Compared::Unlike => args.reverse(),
            }
        }
        args
    }

    /// Of a call that prints those arguments which became what is not expected.
    fn wrong_arguments(&self, spot: Spot<'a>, call: &Written) -> Option<Vec<Range<usize>>> {
        spot.source.format_of(call)?;
        let line = self.wrong_line().unwrap_or_default();
        let prints = spot.source.prints(call.clone(), &line);
        let expected = self.finding.expected.as_deref().unwrap_or("");
        let missing = match &self.finding.difference {
            Some(Difference::Lines(lines)) => lines
                .iter()
                .filter_map(|line| match line {
                    DiffLine::Missing(text) => Some(text.as_str()),
                    DiffLine::Same(_) | DiffLine::Extra(_) | DiffLine::Elided(_) => None,
                })
                .collect(),
            Some(Difference::Byte { .. }) | None => String::new(),
        };
        let values = prints.map(|prints| prints.values).unwrap_or_default();
        let wrong = values.into_iter().filter(|(_, text)| {
            !text.is_empty() && !missing.contains(text) && !expected.contains(text)
        });
        let args: Vec<Range<usize>> = wrong
            .filter_map(|(nth, _)| call.args.get(nth).cloned())
            .collect();
        Some(match args.is_empty() {
            true => call.args.iter().skip(1).cloned().collect(),
            false => args,
        })
    }
}

/// `sent 5 bytes to our server instead of 10`: 5 and 10.
fn amounts(words: &str) -> Option<(u64, u64)> {
    let (before, behind) = words.split_once(" instead of ")?;
    let mut words = behind.split(|c: char| !c.is_ascii_digit());
    let wanted = words.next()?.parse().ok()?;
    let units = ["byte", "bytes", "message", "messages"];
    let words: Vec<&str> = before.split_whitespace().collect();
    let mut pairs = words.windows(2).rev();
    let seen = pairs.find(|pair| units.contains(&pair[1]))?;
    Some((seen[0].parse().ok()?, wanted))
}

/// How what was seen compares with what was expected, as a sentence says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    /// A part of it is missing.
    Shorter,
    /// Other text of the same length.
    AsLong,
    /// Anything else.
    Unlike,
}

fn compared(words: &str) -> Compared {
    // What a scripted peer says of bytes that came.
    let is_other = ["\": byte ", "other bytes than expected: byte "]
        .iter()
        .any(|text| words.contains(text));
    // A NUL in the place of a letter, or the other way round, is where one of them ends.
    let by_byte = || {
        let (_, byte) = words.split_once(": byte ")?;
        let (_, values) = byte.split_once(" is 0x")?;
        let (seen, wanted) = values.split_once(" instead of 0x")?;
        Some(seen != "00" && !wanted.starts_with("00"))
    };
    if (is_other && words.contains(" is 0x")) || by_byte() == Some(true) {
        return Compared::AsLong;
    }
    let [.., seen, expected] = quotes(words)[..] else {
        return Compared::Unlike;
    };
    let parts = ["instead of", "the reference program"];
    if !parts.iter().any(|part| words.contains(part)) || seen.is_empty() {
        return Compared::Unlike;
    }
    let same = |one: &mut dyn Iterator<Item = (u8, u8)>| one.take_while(|(a, b)| a == b).count();
    let before = same(&mut seen.bytes().zip(expected.bytes()));
    let behind = same(&mut seen.bytes().rev().zip(expected.bytes().rev()));
    if seen.len() == expected.len() {
        // Another count is no other text.
        let end = seen.len().saturating_sub(behind).max(before);
        let differing = seen.bytes().take(end).skip(before);
        return match differing.clone().all(|byte| byte.is_ascii_digit()) {
            true => Compared::Unlike,
            false => Compared::AsLong,
        };
    }
    let shorter = seen.len().min(expected.len());
    match before + behind >= shorter {
        true => Compared::Shorter,
        false => Compared::Unlike,
    }
}

/// What stands between backticks.
fn quotes(words: &str) -> Vec<&str> {
    words.split('`').skip(1).step_by(2).collect()
}

fn line_of(step: &Step) -> SourceLine {
    step.line.clone()
}

/// Of the steps the first, and the next one that has a number of its own: where sizes and counts go wrong.
fn nearest(steps: &[Step]) -> Vec<SourceLine> {
    let Some((first, rest)) = steps.split_first() else {
        return Vec::new();
    };
    let has_number = |step: &&Step| {
        let mut values = step.values.iter();
        values.any(|value| matches!(value, Value::Number(number) if *number > 1))
    };
    let second = rest.iter().find(has_number).or(rest.first());
    let both = std::iter::once(first).chain(second);
    both.map(|step| step.line.clone()).collect()
}
