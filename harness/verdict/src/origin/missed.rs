//! What was passed over, or chosen wrongly: rounds of a loop that are skipped, texts that a condition chooses, constants that are
//! only printed, answers that did not come.

use ipclab_evidence::{Call, Direction, SourceLine, canonical};
use ipclab_spec::Aspect;

use super::look::{LAST_SITES, Look, Spot};
use super::source::{Control, Function, Source};

/// Letters that the name of a constant has at least.
const LETTERS_MIN: usize = 4;
/// Places that write one name which are looked at.
const WRITES_MAX: u32 = 16;
/// Tokens of a condition that are read before its `?`.
const CONDITION_MAX: usize = 32;

impl<'a> Look<'a> {
    /// The innermost loop around a line.
    fn loop_around(&self, spot: Spot<'a>) -> Option<Control> {
        let mut controls = spot.source.controls(spot.function).into_iter();
        controls.rfind(|control| {
            let decides = ["if", "switch"];
            let is_loop = !decides.iter().any(|word| spot.source.is(control.at, word));
            is_loop && self.holds(spot, control)
        })
    }

    /// In the loop around a line the condition before it that goes on with the next round, for another reason than a signal.
    pub(super) fn skipped(&self, line: &SourceLine) -> Option<SourceLine> {
        let spot = self.spot(line)?;
        let source = spot.source;
        let around = self.loop_around(spot)?;
        let mut controls = source.controls(spot.function).into_iter();
        let skips = controls.find(|control| {
            let before = source.line(control.at).is_some_and(|at| at < spot.line);
            let mut body = control.body.clone();
            let leaves = source.is(control.at, "if") && body.any(|at| source.is(at, "continue"));
            let names = source.names(control.header.clone());
            let of_signal = names.iter().any(|name| ["errno", "EINTR"].contains(name));
            around.body.contains(&control.at) && before && leaves && !of_signal
        })?;
        source.place(skips.at)
    }

    /// Of a loop that goes on as long as a function of the student's says so: what lets that function say no.
    pub(super) fn ended_by(&self, line: &SourceLine) -> Option<SourceLine> {
        let spot = self.spot(line)?;
        let around = self.loop_around(spot)?;
        let mut called = around.header.clone().filter_map(|at| {
            let name = spot.source.word(at)?;
            spot.source.is(at + 1, "(").then_some(name)
        });
        called.find_map(|name| {
            self.sources.iter().find_map(|source| {
                let mut functions = source.functions.iter();
                let function = functions.find(|found| found.name == name)?;
                let mut controls = source.controls(function).into_iter();
                let ends = controls.rfind(|control| {
                    let mut body = control.body.clone();
                    source.is(control.at, "if") && body.any(|at| source.is(at, "return"))
                })?;
                source.place(ends.at)
            })
        })
    }

    /// Of a line that chooses between texts, `cut ? ", cut" : ""`: what gives the condition its value.
    pub(super) fn chosen(&self, line: &SourceLine) -> Option<SourceLine> {
        let spot = self.spot(line)?;
        let source = spot.source;
        let mut body = spot.function.body.clone();
        let asks = body.find(|at| source.line(*at) == Some(spot.line) && source.is(*at, "?"))?;
        let ends = [",", "(", "=", ";", "return"];
        let mut first = asks;
        while first > spot.function.body.start
            && asks - first < CONDITION_MAX
            && !ends.iter().any(|mark| source.is(first - 1, mark))
        {
            first -= 1;
        }
        let names = source.names(first..asks);
        let write = names
            .iter()
            .find_map(|name| source.last_write(name, spot.function, first))?;
        // Where a function writes it to an address, it is decided there.
        let is_handed_over = source.call_around(write.at).is_some();
        let within = self.within(source, &write).filter(|_| is_handed_over);
        let within = within.map(|step| step.line);
        within.or_else(|| source.place(write.at))
    }

    /// Where a function of the student's measures how much it moves.
    pub(super) fn measured_in(&self, name: &str) -> Option<SourceLine> {
        self.sources.iter().find_map(|source| {
            let mut functions = source.functions.iter();
            let function = functions.find(|found| found.name == name)?;
            let mut body = function.body.clone();
            let measures = body.find(|at| {
                let word = source.word(*at).unwrap_or("");
                let begins = source.statement_start(*at);
                let is_given = (begins..*at).any(|before| source.is(before, "="));
                let is_length = word.ends_with("len") && source.is(at + 1, "(");
                is_given && (is_length || word == "sizeof")
            })?;
            source.place(measures)
        })
    }

    /// A call with a constant that the program only prints, `printf("SO_TYPE: %d")`: where it does;
    /// else where it ends without the call.
    pub(super) fn only_printed(&self, shown: &[SourceLine]) -> Vec<SourceLine> {
        let wanted = self.finding.message.split_once(" instead of ");
        let is_it = self.finding.aspect == Aspect::Calls && self.says(" called ");
        let Some((seen, wanted)) = wanted.filter(|_| is_it) else {
            return Vec::new();
        };
        let wanted = constants(wanted);
        let is_known = |source: &Source<'_>, name: &str| {
            let macros = source.macros.iter().flat_map(|found| &found.body);
            let mut all = source.tokens.iter().chain(macros);
            all.any(|token| token.is(name))
        };
        let unknown = wanted.iter().find(|name| {
            let mut sources = self.sources.iter();
            !sources.any(|source| is_known(source, name))
        });
        let Some(name) = unknown else {
            return Vec::new();
        };
        let printed = self.sources.iter().flat_map(|source| {
            let bodies = source.functions.iter();
            let tokens = bodies.flat_map(|function| function.body.clone());
            tokens.filter_map(|at| {
                let text = source.tokens.get(at)?.content()?;
                let is_part = source.call_around(at).is_some() && text.contains(name);
                source.place(at).filter(|_| is_part)
            })
        });
        let mut lines: Vec<SourceLine> = printed.collect();
        lines.dedup();
        lines.truncate(LAST_SITES);
        if !lines.is_empty() {
            return lines;
        }
        // What looks was called, and nothing that sets: where the function is left that should have done that.
        let only_looks = name.contains("SET") && {
            let mut seen = constants(seen).into_iter();
            seen.any(|name| name.contains("STAT") || name.contains("GET"))
        };
        let spot = shown.last().filter(|_| only_looks);
        let spot = spot.and_then(|line| self.spot(line));
        let left = spot.and_then(|spot| self.ends_behind(spot));
        left.into_iter().collect()
    }

    /// A call without a flag that it has elsewhere in the text, where the program never comes: what gives the condition of that its
    /// value, and the condition.
    pub(super) fn never_reached(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let flag = self.finding.message.split_once("() without ");
        let Some((_, behind)) = flag.filter(|_| self.finding.aspect == Aspect::Calls) else {
            return Vec::new();
        };
        let Some(flag) = constants(behind).into_iter().next() else {
            return Vec::new();
        };
        let found = self.sources.iter().find_map(|source| {
            let mut functions = source.functions.iter();
            functions.find_map(|function| {
                let at = function.body.clone().find(|at| source.is(*at, flag))?;
                source.call_around(at)?;
                let controls = source.controls(function);
                let around = controls.iter().rfind(|control| control.body.contains(&at));
                let before = controls.iter().rfind(|control| {
                    let leaves =
                        |token: usize| source.is(token, "return") || source.is(token, "continue");
                    control.body.end <= at && control.body.clone().any(leaves)
                });
                let decides = around.or(before)?;
                let names = source.names(decides.header.clone());
                let given = names
                    .iter()
                    .find_map(|name| assigned(source, name, function, decides.at));
                let given = given.and_then(|at| source.place(at));
                Some(given.into_iter().chain(source.place(decides.at)).collect())
            })
        });
        found.unwrap_or_default()
    }

    /// Of the failed calls that one which came last before the text reaches this line.
    pub(super) fn failed_before(&self, lines: &[SourceLine]) -> Option<&'a [SourceLine]> {
        let shown = lines.last()?;
        let is_before = |call: &&Call| {
            let outermost = call.lines.last();
            outermost.is_some_and(|line| line.file == shown.file && line.line <= shown.line)
        };
        let failed = || self.calls().filter(|call| call.errno().is_some());
        // What was made to fail is what the case is about.
        if failed().any(|call| call.tampered.is_some()) {
            return None;
        }
        let outermost = |call: &&Call| call.lines.last().map_or(0, |line| line.line);
        let last = failed()
            .filter(is_before)
            .max_by_key(|call| (outermost(call), call.n))?;
        Some(&last.lines)
    }

    /// A program of ours got no answer to what the student's program had received last: the loop in which that was received.
    pub(super) fn unanswered(&self) -> Vec<SourceLine> {
        let moved = |call: &&Call, direction: Direction| {
            let moved = call.transfer.as_ref();
            moved.is_some_and(|moved| moved.direction == direction && moved.bytes > 0)
        };
        let received = self
            .calls()
            .rfind(|call| moved(call, Direction::Received) && !call.lines.is_empty());
        let Some(received) = received.filter(|_| !self.is_own && self.says("got nothing")) else {
            return Vec::new();
        };
        let mut later = self.calls().filter(|call| call.n > received.n);
        if later.any(|call| moved(&call, Direction::Sent)) {
            return Vec::new();
        }
        let around = self.loops(&received.lines).into_iter().take(1);
        around.chain(received.lines.first().cloned()).collect()
    }

    /// It should have ended since a signal had come, and did its work: where it looks at what its handler noted, and what it does then.
    pub(super) fn after_signal(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.finding.aspect == Aspect::Output && self.says("must not be there");
        if !self.is_signalled || !is_it || !self.is_own {
            return Vec::new();
        }
        let found = self.sources.iter().find_map(|source| {
            let main = source.functions.iter().find(|found| found.name == "main")?;
            let noted = noted_by_handlers(source);
            let mut controls = source.controls(main).into_iter();
            let looks = controls.find(|control| {
                let names = source.names(control.header.clone());
                names.iter().any(|name| noted.contains(name))
            })?;
            let does = looks.body.start + usize::from(source.is(looks.body.start, "{"));
            Some([source.place(looks.at)?, source.place(does)?].to_vec())
        });
        found.unwrap_or_default()
    }

    /// It shared nothing with its other processes: where it prints what it has.
    pub(super) fn shared_nothing(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.finding.aspect == Aspect::Memory && self.says("no process wrote to ");
        let printed = self.actor.map(|(_, actor)| actor.printed.iter());
        let last = printed.and_then(|mut printed| {
            printed.rfind(|write| write.stream == 1 && !write.lines.is_empty())
        });
        let line = last.filter(|_| is_it).and_then(|write| write.lines.first());
        line.cloned().into_iter().collect()
    }

    /// Whether the program printed more on stdout, by itself or by what it ran, after it had complained in these lines.
    pub(super) fn goes_on(&self, lines: &[SourceLine]) -> bool {
        let Some((_, actor)) = self.actor else {
            return false;
        };
        let complained = actor
            .printed
            .iter()
            .rposition(|write| write.stream == 2 && write.lines == lines);
        let mut later = actor
            .printed
            .iter()
            .skip(complained.map_or(usize::MAX, |at| at + 1));
        later.any(|write| write.stream == 1)
    }

    /// What was printed comes from a program that it ran: a file that it opened and did not empty, or a call that was made to fail.
    pub(super) fn printed_by_another(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        const OPENS: [&str; 3] = ["O_TRUNC", "O_APPEND", "O_EXCL"];
        let runs = self
            .calls()
            .any(|call| canonical(&call.name, false) == "exec");
        let is_it = self.finding.aspect == Aspect::Output && self.is_own && runs;
        let is_end = matches!(lines, [line] if Some(line) == self.end_line().as_ref());
        if !is_it || !is_end || self.must_fail {
            return Vec::new();
        }
        let mut failed = self.calls().filter(|call| call.tampered.is_some());
        if failed.any(|call| call.errno().is_some()) {
            return self.checks(lines);
        }
        let opened = self.calls().find(|call| {
            let writes = call
                .args
                .iter()
                .any(|arg| arg.has("O_WRONLY") || arg.has("O_RDWR"));
            let empties = OPENS
                .iter()
                .any(|flag| call.args.iter().any(|arg| arg.has(flag)));
            let opens = canonical(&call.name, false) == "open" && call.errno().is_none();
            opens && writes && !empties && !call.lines.is_empty()
        });
        // A function that only opens is told by its caller how.
        let place = opened.and_then(|call| call.lines.get(1).or(call.lines.first()));
        place.cloned().into_iter().collect()
    }

    /// What a failed call does at last, where it says nothing of it: the statement that leaves its function.
    pub(super) fn gives_up(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        let failed = self.failed_call();
        let spot = self.spot(failed.as_ref().or(lines.first())?)?;
        let source = spot.source;
        let mut controls = source.controls(spot.function).into_iter();
        let check = controls.find(|control| {
            let mut header = control.header.clone();
            header.any(|at| source.line(at) == Some(spot.line) && source.call_at(at).is_some())
        })?;
        let mut body = check.body.clone();
        let leaves = body.rfind(|at| {
            let ends = ["return", "exit", "_exit", "goto", "break"];
            ends.iter().any(|word| source.is(*at, word))
        })?;
        source.place(leaves)
    }
}

/// The last place before a token where a function itself gives a name a value, and hands it to no call that does.
fn assigned<'a>(
    source: &Source<'a>,
    name: &str,
    function: &Function<'a>,
    before: usize,
) -> Option<usize> {
    let mut before = before;
    for _ in 0..WRITES_MAX {
        let write = source.last_write(name, function, before)?;
        if write.at >= before {
            return None;
        }
        if source.call_around(write.at).is_none() {
            return Some(write.at);
        }
        before = write.at;
    }
    None
}

/// The constants that a text names: `SO_TYPE`, `MSG_OOB`.
fn constants(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_constant = |word: &&str| {
        let is_capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let starts = word.starts_with(|c: char| c.is_ascii_uppercase());
        word.len() >= LETTERS_MIN && starts && word.contains('_') && word.chars().all(is_capital)
    };
    // `SOL_SOCKET` stands in every such call.
    words
        .filter(is_constant)
        .filter(|word| !word.starts_with("SOL_") && !word.starts_with("AF_"))
        .collect()
}

/// The names that functions write which the file hands to `signal()` or `sigaction()`.
fn noted_by_handlers<'a>(source: &Source<'a>) -> Vec<&'a str> {
    let tokens = 0..source.tokens.len();
    let handlers = tokens.filter_map(|at| {
        let member = ["sa_handler", "sa_sigaction"];
        let is_member = member.iter().any(|name| source.is(at, name)) && source.is(at + 1, "=");
        match source.is(at, "signal") && source.is(at + 1, "(") {
            true => source.word(source.call_at(at)?.args.get(1)?.start),
            false => source.word(at + 2).filter(|_| is_member),
        }
    });
    let mut noted = Vec::new();
    for handler in handlers {
        let mut functions = source.functions.iter();
        let Some(function) = functions.find(|found| found.name == handler) else {
            continue;
        };
        for at in function.body.clone() {
            let name = source.word(at).filter(|name| source.gives(name, at));
            noted.extend(name);
        }
    }
    noted
}
