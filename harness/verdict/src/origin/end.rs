//! How a program came to an end, or to none: the statement that ended it, the check behind a call, the loop that goes on.

use ipclab_evidence::{ActorEvidence, Arg, Call, Errno, Exit, SourceLine, canonical};

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
        let ends: Vec<usize> = spot
            .function
            .body
            .clone()
            .filter(|token| {
                let line = spot.source.line(*token);
                let behind = line.is_some_and(|line| line >= spot.line);
                behind && ENDS.iter().any(|word| spot.source.is(*token, word))
            })
            .collect();
        let end = self
            .likely_end(spot, actor, &ends)
            .or(ends.first().copied())?;
        spot.source.place(end)
    }

    /// Of the statements behind the last that is known of a program which complained of nothing: the one that every way leads to,
    /// else the first without a complaint; none that gives another status than it ended with.
    fn likely_end(&self, spot: Spot<'a>, actor: &ActorEvidence, ends: &[usize]) -> Option<usize> {
        let source = spot.source;
        let Exit::Code(status) = actor.exit else {
            return None;
        };
        if !actor.stderr.head.0.is_empty() {
            return None;
        }
        let controls = source.controls(spot.function);
        let fits = |end: &&usize| {
            let value = match source.is(**end + 1, "(") {
                true => **end + 2,
                false => **end + 1,
            };
            let alone = source.is(value + 1, ";") || source.is(value + 1, ")");
            let number = match source.word(value) {
                Some("EXIT_SUCCESS") => Some(0),
                Some("EXIT_FAILURE") => Some(1),
                Some(_) => None,
                None => source.tokens.get(value).and_then(|token| token.value()),
            };
            !alone || number.is_none_or(|number| number & 0xff == i64::from(status))
        };
        let around = |end: usize| {
            controls
                .iter()
                .rfind(move |control| control.body.contains(&end))
        };
        let complains = |end: usize| {
            let body = around(end).map_or(end..end, |control| control.body.start..end);
            body.into_iter().any(|token| {
                ["perror", "stderr", "err", "errx", "warn", "warnx"]
                    .iter()
                    .any(|word| source.is(token, word))
            })
        };
        let mut fitting = ends.iter().filter(fits);
        // What it said last stands before the end that belongs to it: `if (argc != 2) { puts(usage); return 0; }`
        let held = controls.iter().rfind(|it| self.holds(spot, it));
        let beside = held
            .filter(|held| source.is(held.at, "if"))
            .and_then(|held| {
                fitting
                    .clone()
                    .find(|end| around(**end).is_some_and(|it| it.at == held.at))
            });
        if let Some(beside) = beside {
            return Some(*beside);
        }
        let always = fitting.clone().find(|end| around(**end).is_none());
        always
            .or_else(|| fitting.find(|end| !complains(**end)))
            .copied()
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
        let caller = self.caller_of_end();
        // What decides whether the call is made that failed, behind the check of it.
        let decides = caller.as_ref().and_then(|line| {
            let spot = self.spot(line)?;
            let mut controls = spot.source.controls(spot.function).into_iter();
            let check = controls.by_ref().filter(|it| self.holds(spot, it));
            let around: Vec<usize> = check.map(|control| control.at).collect();
            let outer = around.iter().rev().nth(1)?;
            spot.source
                .is(*outer, "if")
                .then(|| spot.source.place(*outer))?
        });
        from.extend(caller);
        from.extend(decides);
        let status = self.status(&end);
        let elsewhere = status.as_ref().and_then(|line| self.spot(line));
        let ends_in = self.spot(&end).map(|spot| spot.function.at);
        // How often it is computed in another function counts as well.
        let often = elsewhere
            .filter(|spot| Some(spot.function.at) != ends_in)
            .and_then(|spot| self.guard_around(spot));
        from.extend(status);
        from.extend(often);
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
    pub(super) fn returned(&self) -> Option<SourceLine> {
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
    pub(super) fn caller_of_end(&self) -> Option<SourceLine> {
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
        let mut untouched = own().filter(|call| call.tampered.is_none());
        let failed = untouched.find(|call| call.errno().is_some_and(is_late));
        let Some(failed) = failed else {
            // A call on a descriptor that is closed is about nothing, and is not in the trace.
            let mut closes = own().filter(|call| call.name == "close" && !call.lines.is_empty());
            return closes.next_back()?.lines.last().cloned();
        };
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
            // What it clears up when it ends was in nobody's way.
            let goes_on = self.calls().any(|later| {
                later.n > call.n
                    && ["bind", "open", "mknod", "link", "rename"]
                        .contains(&canonical(&later.name, false))
            });
            is_it && call.actor == index && goes_on && !call.lines.is_empty()
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
        // `EXIT_FAILURE` may be the student's own.
        if let Some(step) = self.defined(name, source) {
            return Some(step.line);
        }
        if spot.function.parameters.contains(&name) {
            return self.status_handed_over(spot, name);
        }
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
        source.place(write.at)
    }

    /// Where the value is computed with which a function was called that ends the program with it: `finish(last_status)`.
    fn status_handed_over(&self, spot: Spot<'a>, parameter: &str) -> Option<SourceLine> {
        let (_, actor) = self.actor?;
        let caller = self.spot(actor.ended_at.get(1)?)?;
        let mut parameters = spot.function.parameters.iter();
        let nth = parameters.position(|known| *known == parameter)?;
        let mut calls = caller.source.calls_on(caller.line).into_iter();
        let call = calls.find(|call| caller.source.word(call.at) == Some(spot.function.name))?;
        let names = caller.source.names(call.args.get(nth)?.clone());
        // Of several that compute it, it is not known which one did.
        let mut computed = names
            .iter()
            .flat_map(|name| caller.source.computed(name))
            .take(2);
        match (computed.next(), computed.next()) {
            (Some(write), None) => caller.source.place(write.at),
            _ => None,
        }
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
        spot.source.place(counts.at)
    }

    /// The `main` of the program.
    pub(super) fn main_spot(&self) -> Option<Spot<'a>> {
        if let Some((_, spot)) = self.main() {
            return Some(spot);
        }
        let mains = self.sources.iter().filter_map(|source| {
            let mut functions = source.functions.iter();
            let function = functions.find(|found| found.name == "main")?;
            Some(Spot {
                source,
                function,
                line: function.line,
            })
        });
        let mut mains = mains.take(2);
        // Of several programs it is not known which one.
        match (mains.next(), mains.next()) {
            (Some(main), None) => Some(main),
            _ => None,
        }
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

    /// What gives the first value that a line prints its value, where that is a function which can fail without a call that fails.
    pub(super) fn unseen(&self, spot: Spot<'a>) -> Option<SourceLine> {
        let source = spot.source;
        let call = source.calls_on(spot.line).into_iter().next()?;
        let names = call
            .args
            .iter()
            .skip(1)
            .flat_map(|arg| source.names(arg.clone()));
        let mut writes = names.filter_map(|name| source.last_write(name, spot.function, call.at));
        let write = writes.find(|write| {
            let called = source.callees(write);
            called.iter().any(|name| FAIL_UNSEEN.contains(name))
        })?;
        source.place(write.at)
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

    /// What looks at the result of the call on this line.
    pub(super) fn check(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        self.checks(lines).into_iter().next()
    }

    /// What looks at the result of the call on this line, and the first statement that hangs on that.
    pub(super) fn checks(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        self.checks_of(None, lines)
    }

    /// The same of a call that failed there; `None`: of the first one.
    pub(super) fn checks_of(
        &self,
        failed: Option<&[SourceLine]>,
        lines: &[SourceLine],
    ) -> Vec<SourceLine> {
        let failed = failed.and_then(<[_]>::first).cloned();
        let failed = failed.or_else(|| self.failed_call());
        let Some(line) = failed.as_ref().or(lines.first()) else {
            return Vec::new();
        };
        let Some(spot) = self.spot(line) else {
            return failed.into_iter().collect();
        };
        let source = spot.source;
        let calls = source.calls_on(spot.line);
        let Some(call) = calls.first() else {
            return failed.into_iter().collect();
        };
        let equals = call.at.checked_sub(1).filter(|at| source.is(*at, "="));
        let result = equals.and_then(|equals| source.name_before(equals));
        let controls = source.controls(spot.function);
        let mut looking = controls.iter().filter(|control| {
            let names = || source.names(control.header.clone());
            let within = control.header.contains(&call.at);
            let behind = control.at > call.end;
            within || (behind && result.is_some_and(|name| names().contains(&name)))
        });
        // To begin anew when a signal came says nothing about other errors.
        let begins_anew = |control: &&Control| {
            let mut header = control.header.clone();
            header.any(|at| source.is(at, "EINTR"))
        };
        let check = looking.clone().find(|control| !begins_anew(control));
        // What is given another value first is another result.
        let lost = result.and_then(|name| {
            let mut behind = call.end..check.map_or(call.end, |check| check.at);
            behind.find(|at| {
                let mut nested = controls.iter().filter(|it| it.body.contains(at));
                source.gives(name, *at) && nested.all(|it| it.body.contains(&call.at))
            })
        });
        if let Some(lost) = lost {
            return source.place(lost).into_iter().collect();
        }
        // Where nothing looks at it, the next statement that uses it goes on with the error.
        let used = || {
            let name = result?;
            let anew: Vec<&Control> = looking.clone().filter(begins_anew).collect();
            let mut behind = call.end..spot.function.body.end;
            behind.find(|at| {
                let is_it = source.word(*at) == Some(name);
                is_it && !anew.iter().any(|control| control.header.contains(at))
            })
        };
        let Some(control) = check else {
            let shown = used().or_else(|| looking.next().map(|control| control.at));
            let shown = shown.and_then(|shown| source.line(shown));
            return shown
                .map(|line| at(source, line))
                .or(failed)
                .into_iter()
                .collect();
        };
        let open = source.is(control.body.start, "{");
        let does = control.body.start + usize::from(open);
        let tokens = [control.at, does];
        let mut lines: Vec<SourceLine> = tokens
            .iter()
            .filter_map(|token| source.line(*token))
            .map(|line| at(source, line))
            .collect();
        lines.dedup();
        lines
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
            let nth = source.tokens.get(token + 2).and_then(|nth| nth.value());
            let is_given = source.is_argv(token) && nth != Some(0);
            if !is_given {
                continue;
            }
            // What a function of the student's makes of it is decided there.
            let own = source.call_around(token).and_then(|(call, _)| {
                let name = source.word(call.at)?;
                let function = source.functions.iter().find(|found| found.name == name)?;
                let decides = source.controls(function).into_iter().next();
                // One that looks at nothing gives back whatever it is.
                let mut body = function.body.clone();
                let gives = body.rfind(|token| source.is(*token, "return"));
                source.line(decides.map(|control| control.at).or(gives)?)
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
    source.place(found.at)
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
    source.place(used)
}
