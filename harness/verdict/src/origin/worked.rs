//! The function that did the work: the one that a program's command line chose, or where it was last seen. What a function of
//! `main`'s shows only when the program has ended is looked for there.

use ipclab_evidence::{Arg, Call, Exit, SourceLine, belongs, canonical};
use ipclab_spec::{Aspect, OutputExpectation, Player};

use super::look::{LAST_SITES, Look, ON_DESCRIPTORS, Spot, is_of_kernel};
use super::source::{Control, Function, Source};

/// Functions that make a number of a text and cannot say that it is none.
const BELIEVE: [&str; 4] = ["atoi", "atol", "atoll", "atof"];
/// Functions that take the name of a file or an object away.
const REMOVE: [&str; 6] = [
    "unlink",
    "unlinkat",
    "remove",
    "shm_unlink",
    "sem_unlink",
    "mq_unlink",
];
/// Functions that compare texts.
pub(super) const COMPARE: [&str; 4] = ["strcmp", "strncmp", "strcasecmp", "strncasecmp"];
/// Functions that print what they are given.
const PRINT: [&str; 8] = [
    "printf", "fprintf", "dprintf", "fwrite", "fputs", "puts", "write", "putchar",
];
/// Functions that move bytes of a file or a socket, so many at a time as they are told.
const MOVE: [&str; 8] = [
    "read", "write", "recv", "send", "recvfrom", "sendto", "fread", "fwrite",
];
/// Statements that end a function or a program.
const LEAVE: [&str; 5] = ["return", "exit", "_exit", "abort", "goto"];

impl<'a> Look<'a> {
    /// The function that did the work, with the line where it was last seen; of one that only the command line says, its
    /// first line.
    fn worker(&self) -> Option<Spot<'a>> {
        let (_, actor) = self.actor?;
        let printed = actor.printed.iter().rev().map(|write| &write.lines);
        let called = self.calls().rev().map(|call| &call.lines);
        let seen = printed.chain(called).find(|lines| lines.len() > 1);
        let seen = seen.and_then(|lines| self.spot(lines.first()?));
        seen.filter(|spot| spot.function.name != "main")
            .or_else(|| self.commanded())
    }

    /// The function that `main` calls where it has compared the command with one that the program was given.
    fn commanded(&self) -> Option<Spot<'a>> {
        let (_, actor) = self.actor?;
        let role = self.case.role(&actor.name)?;
        let Player::Student { args, .. } = &role.player else {
            return None;
        };
        let given: Vec<&str> = args.iter().filter_map(|arg| arg.as_text()).collect();
        let main = self.main_spot()?;
        let source = main.source;
        let mut controls = source.controls(main.function).into_iter();
        controls.find_map(|control| {
            let mut header = control.header.clone();
            let compares = header
                .clone()
                .any(|at| source.word(at).is_some_and(|name| COMPARE.contains(&name)));
            let is_it = compares
                && header.any(|at| {
                    let text = source.tokens.get(at).and_then(|token| token.content());
                    text.is_some_and(|text| given.contains(&text.as_str()))
                });
            let mut body = control.body.clone().filter(|_| is_it);
            body.find_map(|at| {
                let name = source.word(at).filter(|_| source.is(at + 1, "("))?;
                self.function_spot(name)
            })
        })
    }

    /// The function of this name, with its first line.
    pub(super) fn function_spot(&self, name: &str) -> Option<Spot<'a>> {
        self.sources.iter().find_map(|source| {
            let mut functions = source.functions.iter();
            let function = functions.find(|found| found.name == name)?;
            let line = source.line(function.body.start)?;
            Some(Spot {
                source,
                function,
                line,
            })
        })
    }

    /// A line is missing for which the text has no call of its own: what printed less in the function that did the work.
    pub(super) fn printed_less(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let ended_well = self.actor.is_some_and(|(_, actor)| {
            matches!(actor.exit, Exit::Code(0)) && actor.stderr.head.0.is_empty()
        });
        let is_it = self.finding.aspect == Aspect::Output
            && self.is_own
            && ended_well
            && self.says(" did not print `")
            && !self.says(" on stderr");
        let Some(spot) = self.worker().filter(|_| is_it) else {
            return Vec::new();
        };
        let controls = spot.source.controls(spot.function);
        // What prints in a loop prints line by line: which of them is missing is another question.
        let in_loop = |at: usize| {
            let around = controls.iter().filter(|control| control.body.contains(&at));
            let mut around = around.filter(|control| !spot.source.is(control.at, "if"));
            around.next().is_some()
        };
        let printing = calls_in(spot.source, spot.function, &PRINT);
        // What prints a constant prints all of it.
        let printing = printing.into_iter().rev().filter(|at| !in_loop(*at));
        let printing = printing.filter(|at| {
            let call = spot.source.call_at(*at);
            let names = call.map(|call| spot.source.names(call.at + 1..call.end));
            names.is_some_and(|names| {
                names
                    .iter()
                    .any(|name| !["stdout", "stderr"].contains(name))
            })
        });
        let lines = printing.filter_map(|at| spot.source.place(at));
        lines.take(LAST_SITES).collect()
    }

    /// A call that is nowhere in the text: what the function that did the work does instead, behind what was seen of it.
    pub(super) fn never_calls(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let wanted = self.plain_words().split_once(" never called ");
        let wanted = wanted.and_then(|(_, name)| name.split_once("()"));
        let Some((wanted, rest)) = wanted.filter(|_| self.finding.aspect == Aspect::Calls) else {
            return Vec::new();
        };
        let Some(spot) = self.worker().filter(|_| rest.is_empty()) else {
            return match rest.is_empty() {
                true => self.printed_without(wanted),
                false => Vec::new(),
            };
        };
        let source = spot.source;
        if !calls_in(source, spot.function, &[wanted]).is_empty() {
            return Vec::new();
        }
        let behind = spot.function.body.clone().find(|at| {
            let moves = source.word(*at).is_some_and(|name| MOVE.contains(&name));
            let is_behind = source.line(*at).is_some_and(|line| line > spot.line);
            moves && is_behind && source.is(*at + 1, "(")
        });
        let does = behind.and_then(|at| source.place(at));
        does.into_iter().collect()
    }

    /// A call that is nowhere in the text of a program without functions for its work: what it printed all the same, and where
    /// that has its value.
    fn printed_without(&self, wanted: &str) -> Vec<SourceLine> {
        if self.written_call(&[wanted]).is_some() {
            return Vec::new();
        }
        let printed = self.actor.map(|(_, actor)| actor.printed.iter());
        let last = printed.and_then(|mut printed| printed.rfind(|write| write.stream == 1));
        let Some(line) = last.and_then(|write| write.lines.first()) else {
            return Vec::new();
        };
        let given = self.values(std::slice::from_ref(line)).into_iter().take(1);
        std::iter::once(line.clone()).chain(given).collect()
    }

    /// A call with other arguments never came: where the text makes such calls, the last places first.
    pub(super) fn made_otherwise(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let wanted = self.plain_words().split_once(" never called ");
        let wanted = wanted.and_then(|(_, call)| call.split_once('('));
        let Some((name, rest)) = wanted.filter(|_| self.finding.aspect == Aspect::Calls) else {
            return Vec::new();
        };
        // `kill()` is none at all.
        if rest.starts_with(')') {
            return Vec::new();
        }
        let calls = self.sources.iter().flat_map(|source| {
            let functions = source.functions.iter();
            let calls = functions.flat_map(|function| calls_in(source, function, &[name]));
            calls.filter_map(|at| source.place(at))
        });
        let mut lines: Vec<SourceLine> = calls.collect();
        lines.reverse();
        lines.truncate(LAST_SITES);
        lines
    }

    /// What a handler calls that it must not: the sentence names the line.
    pub(super) fn called_in_handler(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let words = self.plain_words();
        let place = words.split_once(", which is not async-signal-safe");
        let place = place.and_then(|(before, _)| before.rsplit_once('('));
        let Some((file, line)) =
            place.and_then(|(_, place)| place.strip_suffix(')')?.rsplit_once(':'))
        else {
            return Vec::new();
        };
        let source = self.sources.iter().find(|source| source.name == file);
        let line = line
            .parse()
            .ok()
            .filter(|line| source.is_some_and(|source| source.function_at(*line).is_some()));
        line.map(|line| SourceLine {
            file: file.to_owned(),
            line,
        })
        .into_iter()
        .collect()
    }

    /// A name is still there that should be gone: what the function that did the work does about it, else how it begins.
    pub(super) fn still_there(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        if !self.says(" is still there") || !self.says("/") {
            return Vec::new();
        }
        let Some(spot) = self.worker() else {
            return Vec::new();
        };
        let source = spot.source;
        let removes = calls_in(source, spot.function, &REMOVE).into_iter().next();
        let first = || {
            let mut body = spot.function.body.clone();
            body.find(|at| source.call_at(*at).is_some())
        };
        let Some(found) = removes.or_else(first).and_then(|at| source.place(at)) else {
            return Vec::new();
        };
        let guard = self.spot(&found).and_then(|spot| self.guard_around(spot));
        std::iter::once(found).chain(guard).collect()
    }

    /// A file is not there, and the program made another one beside it: where, and where it was told to.
    pub(super) fn made_beside(&self) -> Vec<SourceLine> {
        let words = self.plain_words();
        let wanted = words.split_once(" is not there").map(|(path, _)| path);
        let Some(wanted) = wanted.filter(|path| path.starts_with('/')) else {
            return Vec::new();
        };
        let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        let made = self.calls().find(|call| {
            let path = path_of(call);
            let beside = path.is_some_and(|path| path != wanted && folder(&path) == folder(wanted));
            let creates = call.args.iter().any(|arg| arg.has("O_CREAT"));
            beside && creates && belongs(&call.name, false, "open") && call.errno().is_none()
        });
        let Some(call) = made else {
            return Vec::new();
        };
        let mut lines = vec![call.lines.first().cloned(), call.lines.last().cloned()];
        lines.dedup();
        lines.into_iter().flatten().collect()
    }

    /// What was there before the case is another one now: where another run of the student's took the name away, and made it anew.
    pub(super) fn replaced(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let Some((own, _)) = self.actor.filter(|_| !self.must_fail) else {
            return Vec::new();
        };
        if self.finding.aspect != Aspect::Output || !self.is_own {
            return Vec::new();
        }
        let is_given = |call: &&Call| {
            let path = path_of(call);
            path.is_some_and(|path| self.case.given.files.iter().any(|file| file.path == path))
        };
        let trace = self.evidence.trace.iter();
        let mut others = trace
            .filter(|call| call.actor != own && call.errno().is_none() && !call.lines.is_empty());
        let Some(removed) = others
            .by_ref()
            .find(|call| canonical(&call.name, false) == "unlink" && is_given(call))
        else {
            return Vec::new();
        };
        let made =
            others.find(|call| is_given(call) && call.args.iter().any(|arg| arg.has("O_CREAT")));
        let lines = [Some(removed), made].into_iter().flatten();
        lines
            .filter_map(|call| call.lines.first().cloned())
            .collect()
    }

    /// What it was given is no number, or none that it can use, and it made one of it by a function that cannot say so.
    pub(super) fn believed(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.must_fail
            && self.is_own
            && !self.finding.message.starts_with("when ")
            && !self.calls().any(|call| call.tampered.is_some());
        let Some(spot) = self.main_spot().filter(|_| is_it) else {
            return Vec::new();
        };
        if self.is_count(spot) {
            return Vec::new();
        }
        let source = spot.source;
        // One that looks at its arguments by a better function decides there.
        let looks = source.tokens.iter().any(|token| {
            let better = ["strtol", "strtoul", "strtoll", "strtoull", "sscanf"];
            better.iter().any(|name| token.is(name))
        });
        if looks {
            return Vec::new();
        }
        let believes = spot.function.body.clone().filter(|at| {
            let is_it = source.word(*at).is_some_and(|name| BELIEVE.contains(&name));
            let call = source.call_at(*at).filter(|_| is_it);
            call.is_some_and(|call| (call.at..call.end).any(|at| source.is(at, "argv")))
        });
        believes.filter_map(|at| source.place(at)).collect()
    }

    /// It should have found nothing, which it should have said, and made what it looked for.
    pub(super) fn made_what_was_missing(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let role = self
            .actor
            .and_then(|(_, actor)| self.case.role(&actor.name));
        let is_missing = role.is_some_and(|role| {
            role.stderr.iter().any(|wanted| match wanted {
                OutputExpectation::Contains(texts) => texts
                    .iter()
                    .any(|text| text.as_text() == Some("No such file or directory")),
                _ => false,
            })
        });
        match is_missing {
            true => self.made_itself(lines),
            false => Vec::new(),
        }
    }

    /// Several calls failed, and nothing was said of any: the others.
    pub(super) fn failed_as_well(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if !self.is_own || !self.says("printed nothing on stderr") {
            return Vec::new();
        }
        let failed = self
            .calls()
            .filter(|call| call.tampered.is_some() && call.errno().is_some());
        let mut others: Vec<SourceLine> = failed
            .filter_map(|call| call.lines.first().cloned())
            .filter(|line| lines.first() != Some(line))
            .collect();
        others.dedup();
        others
    }

    /// A call had another result than the case is about: what gave its first argument, the key or the number, its value.
    pub(super) fn other_result(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.finding.aspect == Aspect::Calls
            && self.says(", and it returned ")
            && self.says(": expected ");
        let spot = lines.first().filter(|_| is_it);
        let Some(spot) = spot.and_then(|line| self.spot(line)) else {
            return Vec::new();
        };
        let source = spot.source;
        let call = source.calls_on(spot.line).into_iter().find(|call| {
            let name = source.word(call.at).unwrap_or_default();
            // Its descriptor says nothing about what came of it.
            is_of_kernel(name) && !ON_DESCRIPTORS.contains(&name)
        });
        let Some(call) = call else {
            return Vec::new();
        };
        let Some(first) = call.args.first().cloned() else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        self.follow(spot, first, call.at, &lines[1..], 3, &mut steps);
        let mut from: Vec<SourceLine> = steps.into_iter().map(|step| step.line).collect();
        from.dedup();
        from.truncate(LAST_SITES);
        from
    }

    /// Our program waits for a message of another type than the last that was sent: what gave that its type.
    pub(super) fn sent_type(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = !self.is_own && self.says(" never ended") && self.says("msgrcv()");
        let Some(spot) = lines
            .first()
            .and_then(|line| self.spot(line))
            .filter(|_| is_it)
        else {
            return Vec::new();
        };
        let mut before =
            spot.function.body.clone().filter(|at| {
                spot.source.line(*at) == Some(spot.line) && spot.source.is(*at, "msgsnd")
            });
        let Some(mut before) = before.next() else {
            return Vec::new();
        };
        let mut from = Vec::new();
        while from.len() < LAST_SITES {
            let write = spot
                .source
                .last_member_write("mtype", spot.function, before);
            let Some(write) = write.filter(|write| write.at < before) else {
                break;
            };
            from.extend(spot.source.place(write.at));
            before = write.at;
        }
        from
    }

    /// It ended before it did anything with the memory: what ended it, and the statement before, which perhaps lost its braces.
    pub(super) fn ended_before(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.finding.aspect == Aspect::Memory && self.says("nothing was stored in it");
        let end = self.actor.and_then(|(_, actor)| actor.ended_at.first());
        let Some((end, spot)) = end
            .filter(|_| is_it && !self.must_fail)
            .and_then(|end| Some((end, self.spot(end)?)))
        else {
            return Vec::new();
        };
        let source = spot.source;
        let mut controls = source.controls(spot.function).into_iter();
        let before = controls.rfind(|it| source.line(it.at).is_some_and(|line| line < spot.line));
        let before = before.and_then(|control| source.place(control.at));
        std::iter::once(end.clone()).chain(before).collect()
    }

    /// It complained and gave up, where it should have gone on: the statement that ended it.
    pub(super) fn gave_up(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        /// Lines between a complaint and the end that belongs to it.
        const NEAR: u32 = 3;
        let is_meant = !self.must_fail || self.says(" on stdout");
        let is_it = self.is_own && is_meant && lines.len() == 1 && self.is_complaint(lines);
        let end = self.actor.and_then(|(_, actor)| actor.ended_at.first());
        let (Some(end), Some(shown)) = (end.filter(|_| is_it), lines.first()) else {
            return Vec::new();
        };
        let is_behind = end.file == shown.file
            && (shown.line + 1..=shown.line.saturating_add(NEAR)).contains(&end.line);
        if !is_behind || !self.says(" did not print `") {
            return Vec::new();
        }
        let decides = self.condition(lines).into_iter().take(1);
        std::iter::once(end.clone()).chain(decides).collect()
    }

    /// Where a program goes round that made more calls than it may: the innermost loop around what moves bytes.
    pub(super) fn endless(&self) -> Option<SourceLine> {
        let spot = self.seen_or_main().filter(|_| self.made_too_many())?;
        let (control, _) = moving_loop(spot)?;
        spot.source.place(control.at)
    }

    /// How much that loop moves each time.
    pub(super) fn small_steps(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let Some(spot) = self.seen_or_main().filter(|_| self.made_too_many()) else {
            return Vec::new();
        };
        let Some((_, moves)) = moving_loop(spot) else {
            return Vec::new();
        };
        let Some(size) = spot
            .source
            .call_at(moves)
            .and_then(|call| call.args.get(2).cloned())
        else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        self.follow(spot, size, moves, &[], 3, &mut steps);
        steps.into_iter().map(|step| step.line).collect()
    }

    fn made_too_many(&self) -> bool {
        self.is_own && self.says(" was stopped: it made more than ") && self.says(" system calls")
    }

    fn seen_or_main(&self) -> Option<Spot<'a>> {
        self.worker().or_else(|| self.main_spot())
    }

    /// What it was given was too much, which it looked at, and went on: what looks, and what it does then.
    pub(super) fn looked_and_went_on(&self, inputs: &[SourceLine]) -> Vec<SourceLine> {
        inputs
            .iter()
            .find_map(|line| {
                let spot = self.spot(line)?;
                let source = spot.source;
                let mut controls = source.controls(spot.function).into_iter();
                let control = controls
                    .find(|it| source.line(it.at) == Some(spot.line) && source.is(it.at, "if"))?;
                let leaves = control
                    .body
                    .clone()
                    .any(|at| LEAVE.iter().any(|word| source.is(at, word)));
                // A function of the student's may end the program.
                let calls_own = control.body.clone().any(|at| {
                    source.is(at + 1, "(")
                        && source
                            .word(at)
                            .is_some_and(|name| self.function_spot(name).is_some())
                });
                let open = source.is(control.body.start, "{");
                let does = source.place(control.body.start + usize::from(open))?;
                (!leaves && !calls_own).then(|| vec![line.clone(), does])
            })
            .unwrap_or_default()
    }
}

/// The first path that a call names.
fn path_of(call: &Call) -> Option<String> {
    call.args.iter().find_map(|arg| match arg {
        Arg::Path(path) => Some(path.to_text()),
        _ => None,
    })
}

/// Where a function calls one of these, in the order of the text.
fn calls_in(source: &Source<'_>, function: &Function<'_>, names: &[&str]) -> Vec<usize> {
    let body = function.body.clone();
    let calls = |at: &usize| {
        let is_it = source.word(*at).is_some_and(|name| names.contains(&name));
        is_it && source.is(*at + 1, "(")
    };
    body.filter(calls).collect()
}

/// The innermost loop of a function around a call that moves bytes, and that call.
fn moving_loop(spot: Spot<'_>) -> Option<(Control, usize)> {
    let source = spot.source;
    let moves = calls_in(source, spot.function, &MOVE).into_iter().next()?;
    let mut controls = source.controls(spot.function).into_iter();
    let around = controls.rfind(|control| {
        let is_loop = !["if", "switch"]
            .iter()
            .any(|word| source.is(control.at, word));
        is_loop && (control.body.contains(&moves) || control.header.contains(&moves))
    })?;
    Some((around, moves))
}
