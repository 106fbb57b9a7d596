//! How a program came to an end, or to none: the statement that ended it, the check behind a call, the loop that goes on.

use ipclab_evidence::{Arg, Call, Errno, Exit, SourceLine, canonical};

use ipclab_spec::Aspect;

use super::look::{Look, Spot, at};
use super::source::{Control, Function, Source};

/// Statements that end a program, where `main` has them.
const ENDS: [&str; 5] = ["return", "exit", "_exit", "_Exit", "quick_exit"];
/// Statements of one function that are looked at, where each look is at a part of the function.
const CONTROLS_MAX: usize = 300;
/// Places that take what a program was given which are looked at.
const INPUTS_MAX: usize = 8;
/// Lines between a complaint and the `return` that belongs to it.
const RETURN_LINES_MAX: u32 = 3;
/// Loops around one line that are looked at.
const LOOPS_MAX: usize = 8;
/// Statements that leave a loop.
const LEAVES: [&str; 6] = ["break", "return", "goto", "exit", "_exit", "_Exit"];
/// Functions that read what a program is given.
const READ_INPUT: [&str; 11] = [
    "getline", "fgets", "gets", "getc", "getchar", "fgetc", "fread", "scanf", "fscanf", "read",
    "recv",
];
/// Functions that can fail without a call that fails.
const FAIL_UNSEEN: [&str; 10] = [
    "getaddrinfo",
    "gethostbyname",
    "getnameinfo",
    "inet_pton",
    "inet_aton",
    "strtol",
    "strtoul",
    "sscanf",
    "getline",
    "fgets",
];
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
            return main.into_iter().chain(self.end_line()).collect();
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
        let mut from: Vec<SourceLine> = self.returned().into_iter().collect();
        from.push(end.clone());
        from.extend(self.caller_of_end());
        from.extend(self.status(&end));
        if self.says("ended with status 0: a program that cannot") {
            from.extend(self.looked_at());
        }
        from.dedup();
        if from.len() == 1 && self.says("instead of serving on") {
            from.extend(self.left_loop(&end));
        }
        if from.len() == 1 {
            from.extend(
                self.condition(std::slice::from_ref(&end))
                    .into_iter()
                    .take(1),
            );
        }
        from
    }

    /// The `return` behind the last complaint, where a function of the program's gives its status back to `main`.
    fn returned(&self) -> Option<SourceLine> {
        let complaint = self.complaint_lines()?.first()?;
        let spot = self.spot(complaint)?;
        let mut body = spot.function.body.clone();
        let behind = body.find(|token| {
            let line = spot.source.line(*token);
            spot.source.is(*token, "return") && line > Some(spot.line)
        })?;
        let line = spot.source.line(behind)?;
        let is_near = line <= spot.line + RETURN_LINES_MAX;
        (spot.function.name != "main" && is_near).then(|| at(spot.source, line))
    }

    /// Where a function that complains and ends the program was called.
    fn caller_of_end(&self) -> Option<SourceLine> {
        let (_, actor) = self.actor?;
        let [end, caller, ..] = actor.ended_at.as_slice() else {
            return None;
        };
        let spot = self.spot(end)?;
        (spot.function.name != "main").then(|| caller.clone())
    }

    /// The first statement of a function that ends the program and says nothing.
    pub(super) fn ends_silently(&self) -> Option<SourceLine> {
        let (_, actor) = self.actor?;
        let spot = self.spot(actor.ended_at.first()?)?;
        let first = spot.source.line(spot.function.body.start)?;
        (spot.function.name != "main").then(|| at(spot.source, first))
    }

    /// What the program itself had done to the socket or file of a call that then failed: closed it, or shut it down.
    pub(super) fn undone(&self) -> Option<SourceLine> {
        let (index, _) = self.actor?;
        let own = || {
            self.evidence
                .trace
                .iter()
                .filter(|call| call.actor == index)
        };
        let is_late = |errno: Errno| matches!(errno, Errno::EBADF | Errno::EPIPE | Errno::ENOTCONN);
        let failed = own().find(|call| call.errno().is_some_and(is_late))?;
        let fd = failed.args.first().and_then(Arg::number)?;
        let undoes = |call: &&Call| {
            let same = call.args.first().and_then(Arg::number) == Some(fd);
            let is_it = matches!(call.name.as_str(), "close" | "shutdown");
            is_it && same && call.pid == failed.pid && call.errno().is_none()
        };
        let before = own().take_while(|call| call.n < failed.n);
        before.filter(undoes).last()?.lines.first().cloned()
    }

    /// Where it removed a file that was in its way, and what decided about that.
    pub(super) fn removed(&self) -> Vec<SourceLine> {
        let Some((index, _)) = self.actor else {
            return Vec::new();
        };
        let mut trace = self.evidence.trace.iter();
        let removed = trace.find(|call| {
            let is_it = canonical(&call.name, false) == "unlink" && call.errno().is_none();
            is_it && call.actor == index && !call.lines.is_empty()
        });
        removed.map_or(Vec::new(), |call| {
            let mut lines = self.condition(&call.lines);
            lines.truncate(1);
            lines.extend(call.lines.first().cloned());
            lines
        })
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
        let named = |at: &usize| {
            let member = source.word(*at)?;
            let last = member.rsplit('_').next()?;
            let of = at.checked_sub(2).and_then(|before| source.word(before))?;
            let is_member = source.is(at - 1, ".") || source.is(at - 1, "->");
            let is_said = last.len() >= LETTERS_MIN && said.contains(last);
            (is_member && is_said && handed.contains(&of) && source.is(at + 1, "=")).then_some(())
        };
        let mut before = spot.function.body.start..write.at;
        let at_member = before.rfind(|at| named(at).is_some())?;
        Some(at(source, source.line(at_member)?))
    }

    /// The statement around a line that decides whether or how often it runs: where what was printed or sent is another than it
    /// should be, it comes behind all that is known better.
    pub(super) fn around(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        let shows = matches!(self.finding.aspect, Aspect::Output | Aspect::Bytes);
        let spot = lines
            .first()
            .filter(|_| shows)
            .and_then(|line| self.spot(line))?;
        let mut controls = spot.source.controls(spot.function).into_iter();
        let around = controls.rfind(|control| self.holds(spot, control))?;
        Some(at(spot.source, spot.source.line(around.at)?))
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
        let decides = source.line(control.at).map(|line| at(source, line));
        let given = value.and_then(|write| {
            // Of a value that the student's own function brings the kernel's answer says more.
            let asks = self.within(source, &write).map(|step| step.line);
            asks.or_else(|| Some(at(source, source.line(write.at)?)))
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
            leaves
                .into_iter()
                .chain(self.decided(spot, &control))
                .collect()
        })
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

    /// The statement that leaves a loop and hangs on no condition.
    fn leaves(&self, spot: Spot<'a>, control: &Control) -> Option<SourceLine> {
        let source = spot.source;
        let inner: Vec<Control> = source
            .controls(spot.function)
            .into_iter()
            .filter(|inner| inner.at != control.at && control.body.contains(&inner.at))
            .take(CONTROLS_MAX)
            .collect();
        // Of more than are looked at it is not known whether one decides.
        if inner.len() == CONTROLS_MAX {
            return None;
        }
        let mut body = control.body.clone();
        let leaves = body.find(|token| {
            let is_it = LEAVES.iter().any(|word| source.is(*token, word));
            is_it && inner.iter().all(|inner| !inner.body.contains(token))
        })?;
        Some(at(source, source.line(leaves)?))
    }

    /// The first statement of the program that decides by the result of a function which can fail without a call that fails.
    fn looked_at(&self) -> Option<SourceLine> {
        let (index, _) = self.actor?;
        let known = self.evidence_of(index);
        let is_known = |name: &str| known.iter().any(|line| line.file == name);
        let mut sources = self.sources.iter().filter(|source| is_known(source.name));
        sources.find_map(|source| {
            let mut functions = source.functions.iter();
            functions.find_map(|function| by_result(source, function, &FAIL_UNSEEN, usize::MAX))
        })
    }

    /// The first statement before a line that decides by what was read of the input; else one before a line that called its
    /// function.
    pub(super) fn read_before(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        lines.iter().find_map(|line| {
            let spot = self.spot(line)?;
            let mut tokens = spot.function.body.clone();
            let first = tokens.find(|token| spot.source.line(*token) == Some(spot.line))?;
            by_result(spot.source, spot.function, &READ_INPUT, first)
        })
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
        // Where nothing looks at it, the next statement that uses it goes on with the error.
        let used = || {
            let name = result?;
            let mut behind = call.end..spot.function.body.end;
            behind.find(|at| source.word(*at) == Some(name))
        };
        let shown = check.map(|check| check.at).or_else(used);
        let shown = shown.and_then(|at| source.line(at));
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

    /// Where the program takes what it was given.
    pub(super) fn inputs(&self) -> Vec<SourceLine> {
        let Some((_, spot)) = self.main() else {
            return Vec::new();
        };
        let source = spot.source;
        let mut lines: Vec<SourceLine> = Vec::new();
        for token in source
            .functions
            .iter()
            .flat_map(|function| function.body.clone())
        {
            let is_given = source.is(token, "argv") && !source.is(token + 2, "0");
            if !is_given {
                continue;
            }
            // What a function of the student's makes of it is decided there.
            let own = source.call_around(token).and_then(|(call, _)| {
                let name = source.word(call.at)?;
                let function = source.functions.iter().find(|found| found.name == name)?;
                let decides = source.controls(function).into_iter().next()?;
                source.line(decides.at)
            });
            lines.extend(own.map(|line| at(source, line)));
            let first = source.statement_start(token);
            let assigned = (first..token).any(|before| source.is(before, "="));
            if let (true, Some(line)) = (assigned, source.line(token)) {
                lines.push(at(source, line));
                lines.extend(first_use(source, token));
            }
            if lines.len() >= INPUTS_MAX {
                break;
            }
        }
        lines.dedup();
        lines
    }
}

/// The first statement of a function, before a token, that decides by the result of one of these functions.
fn by_result(
    source: &Source<'_>,
    function: &Function<'_>,
    functions: &[&str],
    before: usize,
) -> Option<SourceLine> {
    let controls = source.controls(function).into_iter();
    let found = controls.take(CONTROLS_MAX).find(|control| {
        let is_called = |at: usize| {
            let called = source.word(at).filter(|_| source.is(at + 1, "("));
            called.is_some_and(|name| functions.contains(&name))
        };
        let by_name = |name: &&str| {
            let write = source.last_write(name, function, control.at);
            write.is_some_and(|write| {
                let called = source.callees(&write);
                called.iter().any(|name| functions.contains(name))
            })
        };
        let names = source.names(control.header.clone());
        let decides = control.header.clone().any(is_called) || names.iter().any(by_name);
        control.at < before && decides
    })?;
    Some(at(source, source.line(found.at)?))
}

/// Where the name is used next that is given a value in the statement of this token.
fn first_use(source: &Source<'_>, token: usize) -> Option<SourceLine> {
    let first = source.statement_start(token);
    let equals = (first..token).find(|at| source.is(*at, "="))?;
    let name = source.word(equals.checked_sub(1)?)?;
    let function = source.function_of(token)?;
    let line = source.line(token)?;
    let mut behind = token..function.body.end;
    let used =
        behind.find(|at| source.word(*at) == Some(name) && source.line(*at) != Some(line))?;
    Some(at(source, source.line(used)?))
}
