//! Processes: how many there were, what they ran, how they ended, and whether their parents waited for them.

use ipclab_evidence::{
    Arg, ArgKind, Bytes, Call, Errno, Fate, Process, ProcessEnd, StartedProgram, signal_name,
};
use ipclab_spec::{Aspect, CommandLine, Count, EnvironmentRule, ExitExpectation, Processes};

use super::seen::not_seen;
use crate::facts::{Facts, Unfilled};
use crate::finding::Finding;
use crate::pattern::Place;
use crate::quote::{count, escaped_line, quoted};
use crate::range::{Range, no_number};

/// So many processes are named in a message; of more than that only the number.
const NAMED_MAX: usize = 3;

/// One finding for each expectation about the processes of an actor, with its name.
pub(super) fn judge(facts: Facts<'_>, index: usize, wanted: &Processes) -> Vec<(String, Finding)> {
    let of = Of::actor(facts, index);
    let mut findings = Vec::new();
    let mut judged = |name: String, aspect: Aspect, one: &dyn Fn(&Of<'_>) -> Finding| {
        let finding = not_seen(facts, index, aspect).unwrap_or_else(|| one(&of));
        findings.push((name, finding));
    };
    for (name, wanted) in wanted.counts() {
        let Some(wanted) = wanted else { continue };
        let (aspect, one): (_, &dyn Fn(&Of<'_>) -> Finding) = match name {
            "total" => (Aspect::Calls, &|of| of.total(wanted)),
            "children" => (Aspect::Calls, &|of| of.children(wanted)),
            "threads" => (Aspect::Calls, &|of| of.threads(wanted)),
            "unjoined" => (Aspect::Cleanup, &|of| of.unjoined(wanted)),
            "zombies" => (Aspect::Cleanup, &|of| of.left(wanted, Fate::Zombie)),
            _ => (Aspect::Cleanup, &|of| of.left(wanted, Fate::Orphan)),
        };
        judged(name.to_owned(), aspect, one);
    }
    if let Some(ends) = &wanted.ends {
        judged("ends".to_owned(), Aspect::Exit, &|of| of.ends(ends));
    }
    for line in &wanted.runs {
        let name = format!("runs {}", of.line(line));
        judged(name, Aspect::Calls, &|of| of.runs(line, &wanted.runs));
    }
    for rule in &wanted.environment {
        let name = format!("environment {}", rule.name);
        judged(name, Aspect::Calls, &|of| {
            of.environment(rule, &wanted.runs)
        });
    }
    findings
}

/// The processes of one actor.
struct Of<'a> {
    facts: Facts<'a>,
    index: usize,
    who: String,
    /// With their places in the evidence.
    all: Vec<(usize, &'a Process)>,
}

impl<'a> Of<'a> {
    fn actor(facts: Facts<'a>, index: usize) -> Self {
        let all = facts.evidence.objects.processes.iter().enumerate();
        Self {
            facts,
            index,
            who: facts.who(index),
            all: all.filter(|(_, process)| process.actor == index).collect(),
        }
    }

    fn name(&self) -> Option<&'a str> {
        self.facts
            .actor(self.index)
            .map(|actor| actor.name.as_str())
    }

    fn pass(&self, aspect: Aspect, text: String) -> Finding {
        Finding::pass(aspect, self.name(), text)
    }

    fn fail(&self, aspect: Aspect, text: String) -> Finding {
        let why = self.facts.because(self.index);
        Finding::fail(aspect, self.name(), format!("{text}{why}"))
    }

    /// Those that the first one made.
    fn children_of_first(&self) -> Vec<&'a Process> {
        let first = self
            .all
            .iter()
            .find(|(_, process)| process.parent.is_none());
        let first = first.map(|(at, _)| *at);
        let made = self
            .all
            .iter()
            .filter(|(_, process)| process.parent.is_some() && process.parent == first);
        made.map(|(_, process)| *process).collect()
    }

    fn total(&self, wanted: &Count) -> Finding {
        let made = self.all.iter().filter_map(|(_, process)| process.made_by);
        let why = "its first process counts, threads do not";
        self.compare(
            wanted,
            self.all.len() as u64,
            ("process", "processes"),
            made,
            why,
        )
    }

    fn children(&self, wanted: &Count) -> Finding {
        let children = self.children_of_first();
        let made = children.iter().filter_map(|process| process.made_by);
        let why = "what its children make does not count";
        self.compare(
            wanted,
            children.len() as u64,
            ("child", "children"),
            made,
            why,
        )
    }

    fn threads(&self, wanted: &Count) -> Finding {
        let seen = self
            .all
            .iter()
            .map(|(_, process)| u64::from(process.threads))
            .sum();
        let calls = self
            .facts
            .calls(self.index)
            .filter(|call| call.makes_thread());
        let why = "beside the one that each process begins with";
        self.compare(
            wanted,
            seen,
            ("thread", "threads"),
            calls.map(|call| call.n),
            why,
        )
    }

    fn compare(
        &self,
        wanted: &Count,
        seen: u64,
        (one, several): (&str, &str),
        cites: impl Iterator<Item = u32>,
        why: &str,
    ) -> Finding {
        let Some(range) = Range::of(wanted) else {
            return no_number(Aspect::Calls);
        };
        let noun = |number: u64| if number == 1 { one } else { several };
        let who = &self.who;
        if range.has(seen) {
            return self.pass(Aspect::Calls, format!("{who} had {seen} {}", noun(seen)));
        }
        let text = format!(
            "{who} had {seen} {} instead of {} ({why})",
            noun(seen),
            range.text()
        );
        self.fail(Aspect::Calls, text)
            .expecting(range.text(), seen.to_string())
            .citing(cites.take(8))
    }

    /// Threads that were neither joined nor detached.
    fn unjoined(&self, wanted: &Count) -> Finding {
        let Some(range) = Range::of(wanted) else {
            return no_number(Aspect::Cleanup);
        };
        let who = &self.who;
        if self.all.iter().any(|(_, process)| process.joins_unseen) {
            let text = format!(
                "it cannot be seen which threads {who} joined, on this processor or with this C library"
            );
            return Finding::unknown(Aspect::Cleanup, self.name(), text);
        }
        let was_ended = |process: &Process| {
            process.threads > 0 && !matches!(process.end, Some(ProcessEnd::Code(_)))
        };
        if self.all.iter().any(|(_, process)| was_ended(process)) {
            let text = format!(
                "that {who} joins or detaches its threads is not proved: it did not end by itself"
            );
            return self.fail(Aspect::Cleanup, text);
        }
        let made: Vec<u32> = self
            .all
            .iter()
            .flat_map(|(_, process)| process.unjoined.iter().copied())
            .collect();
        let seen = made.len() as u64;
        if range.has(seen) {
            let text = format!(
                "{who} ended with {} that were neither joined nor detached",
                count(seen, "thread")
            );
            return self.pass(Aspect::Cleanup, text);
        }
        let line = |n: &u32| {
            let calls = &self.facts.evidence.trace;
            let call = calls.iter().find(|call| call.n == *n);
            let line = call.and_then(|call| call.lines.first());
            let made =
                line.map_or_else(|| format!("made by #{n}"), |line| format!("made at {line}"));
            let mut starts = self.all.iter();
            match starts.find_map(|(_, process)| process.unjoined_starts.get(n)) {
                Some(start) => format!("{start}, {made}"),
                None => made,
            }
        };
        let mut named: Vec<String> = made.iter().map(line).collect();
        named.dedup();
        named.truncate(NAMED_MAX);
        let named = match named.is_empty() {
            true => String::new(),
            false => format!(" ({})", named.join("; ")),
        };
        let text = format!(
            "{who} ended with {} neither joined nor detached{named} instead of {}: those that still run are killed then, in the middle of their work; call pthread_join() for each",
            count(seen, "thread"),
            range.text()
        );
        self.fail(Aspect::Cleanup, text)
            .expecting(range.text(), seen.to_string())
            .citing(made.into_iter().take(8))
    }

    /// Children that their parents left as this.
    fn left(&self, wanted: &Count, fate: Fate) -> Finding {
        let Some(range) = Range::of(wanted) else {
            return no_number(Aspect::Cleanup);
        };
        let left = self
            .all
            .iter()
            .filter(|(_, process)| process.fate == Some(fate));
        let left: Vec<&Process> = left.map(|(_, process)| *process).collect();
        let seen = left.len() as u64;
        let (noun, what) = match fate {
            Fate::Zombie => (
                if seen == 1 { "zombie" } else { "zombies" },
                "ended and was never waited for: its status is lost, and it stays a zombie until its parent ends",
            ),
            Fate::Orphan | Fate::Discarded | Fate::WaitedFor { .. } => (
                if seen == 1 { "orphan" } else { "orphans" },
                "outlived its parent, which did not wait for it",
            ),
        };
        let who = &self.who;
        if range.has(seen) {
            return self.pass(Aspect::Cleanup, format!("{who} left {seen} {noun}"));
        }
        let text = match left.first() {
            None => format!("{who} left no {noun} instead of {}", range.text()),
            Some(first) => {
                let more = match seen - 1 {
                    0 => String::new(),
                    more => format!(" (and {more} more like it)"),
                };
                format!(
                    "{who} left {seen} {noun} instead of {}: {} {what}{more}",
                    range.text(),
                    self.named(first)
                )
            }
        };
        self.fail(Aspect::Cleanup, text)
            .expecting(range.text(), seen.to_string())
            .citing(left.iter().filter_map(|process| process.made_by).take(8))
    }

    /// `process 4004 (fork() at #7, ended with status 1)`
    fn named(&self, process: &Process) -> String {
        let mut about = Vec::new();
        let made = process.made_by.and_then(|n| {
            let mut calls = self.facts.calls(self.index);
            calls.find(|call| call.n == n)
        });
        about.extend(made.map(|call| format!("{} at #{}", Facts::name(call), call.n)));
        about.extend(process.end.map(ended));
        match about.is_empty() {
            true => format!("process {}", process.pid),
            false => format!("process {} ({})", process.pid, about.join(", ")),
        }
    }

    /// How the first one's children ended, in any order.
    fn ends(&self, wanted: &[ExitExpectation]) -> Finding {
        let children = self.children_of_first();
        let mut left: Vec<&Process> = children.clone();
        // What says most is matched first, so that "any" takes what no other can.
        let mut order: Vec<&ExitExpectation> = wanted.iter().collect();
        order.sort_by_key(|wanted| match wanted {
            ExitExpectation::Code(_) | ExitExpectation::Signal(_) => 0,
            ExitExpectation::Failure => 1,
            ExitExpectation::Ended => 2,
            ExitExpectation::Running | ExitExpectation::Any => 3,
        });
        let mut missing = Vec::new();
        for wanted in order {
            match left.iter().position(|process| meets(wanted, process.end)) {
                Some(at) => drop(left.remove(at)),
                None => missing.push(show_end(wanted)),
            }
        }
        let who = &self.who;
        let all = |ends: Vec<String>| match ends.is_empty() {
            true => "no children".to_owned(),
            false => ends.join(", "),
        };
        let expected = all(wanted.iter().map(show_end).collect());
        let seen = all(children
            .iter()
            .map(|process| self.end_of(process))
            .collect());
        if missing.is_empty() && left.is_empty() {
            return self.pass(
                Aspect::Exit,
                format!("the children of {who} ended so: {seen}"),
            );
        }
        let text = match (missing.first(), left.first()) {
            (Some(missing), Some(other)) => format!(
                "no child of {who} ended with {missing}: {} {}",
                self.named(other),
                match other.end {
                    Some(_) => "ended in another way",
                    None => "had not ended when the case was over",
                }
            ),
            (Some(missing), None) => {
                format!("{who} had no child that ended with {missing}")
            }
            (None, Some(other)) => format!(
                "{who} had {} instead of {}: {} is one too many",
                count(children.len() as u64, "child").replace("childs", "children"),
                wanted.len(),
                self.named(other)
            ),
            (None, None) => String::new(),
        };
        self.fail(Aspect::Exit, text)
            .expecting(expected, seen)
            .citing(left.iter().filter_map(|process| process.made_by).take(8))
    }

    fn end_of(&self, process: &Process) -> String {
        process.end.map_or_else(|| "still alive".to_owned(), ended)
    }

    /// The programs that were started. The actor's own is none of them.
    fn started(&self) -> Vec<&'a StartedProgram> {
        let programs = self.all.iter().flat_map(|(_, process)| {
            let own = usize::from(process.parent.is_none());
            process.programs.iter().skip(own)
        });
        programs.collect()
    }

    /// Whether a program was started, as often as the spec says.
    fn runs(&self, wanted: &CommandLine, all: &[CommandLine]) -> Finding {
        let started = self.started();
        let mut times = 0;
        for program in &started {
            match self.is_run(wanted, &program.argv) {
                Ok(true) => times += 1,
                Ok(false) => {}
                Err(Unfilled::Trouble(why) | Unfilled::Never(why)) => {
                    return Finding::unknown(
                        Aspect::Calls,
                        self.name(),
                        format!("not judged: {why}"),
                    );
                }
            }
        }
        let needed = all.iter().filter(|other| *other == wanted).count();
        let line = self.line(wanted);
        let who = &self.who;
        if times >= needed {
            return self.pass(Aspect::Calls, format!("{who} ran {line}"));
        }
        let others: Vec<String> = started
            .iter()
            .map(|program| show_argv(&program.argv))
            .take(NAMED_MAX)
            .collect();
        let seen = match others.is_empty() {
            true => "no program was started".to_owned(),
            false => others.join(", "),
        };
        let failed = self
            .facts
            .all_calls(self.index)
            .rev()
            .find(|call| call.name.starts_with("exec") && call.errno().is_some());
        let why = match (times, &failed, others.is_empty()) {
            (0, Some(call), true) => format!(": {}{}", self.facts.failure(call), along_path(call)),
            (0, _, true) => ": it started no program".to_owned(),
            (0, ..) => format!(": it ran {seen}"),
            (times, ..) => format!(": {times} instead of {needed} times"),
        };
        let text = format!("{who} did not run {line}{why}");
        // How it ended says the same once more where it ended for that.
        let finding = match failed.filter(|_| times == 0 && others.is_empty()) {
            Some(_) => Finding::fail(Aspect::Calls, self.name(), text),
            None => self.fail(Aspect::Calls, text),
        };
        finding
            .expecting(line, seen)
            .citing(failed.map(|call| call.n))
    }

    /// Whether a variable is in the environment of each program that is meant: those of `runs`, or all.
    fn environment(&self, rule: &EnvironmentRule, runs: &[CommandLine]) -> Finding {
        match self.try_environment(rule, runs) {
            Ok(finding) => finding,
            Err(Unfilled::Trouble(why) | Unfilled::Never(why)) => {
                Finding::unknown(Aspect::Calls, self.name(), format!("not judged: {why}"))
            }
        }
    }

    fn try_environment(
        &self,
        rule: &EnvironmentRule,
        runs: &[CommandLine],
    ) -> Result<Finding, Unfilled> {
        let mut meant = Vec::new();
        for program in self.started() {
            let mut is_meant = runs.is_empty();
            for line in runs {
                is_meant |= self.is_run(line, &program.argv)?;
            }
            if is_meant {
                meant.push(program);
            }
        }
        let (who, name) = (&self.who, &rule.name);
        let wanted = rule.whole.as_ref();
        let wanted = wanted.map(|whole| self.facts.pattern(whole, Some(self.index)));
        let wanted = wanted.transpose()?;
        let expected = match &wanted {
            Some(whole) => quoted(&whole.escaped_text()),
            None => format!("no {name}"),
        };
        if meant.is_empty() {
            let text =
                format!("{who} started no program that could have {expected} in its environment");
            return Ok(self.fail(Aspect::Calls, text));
        }
        for program in &meant {
            let entry = |entry: &&Bytes| {
                entry.0.split(|byte| *byte == b'=').next() == Some(name.as_bytes())
            };
            let found = program.environment.iter().find(entry).map(Bytes::to_text);
            let is_right = match (&found, &wanted) {
                (None, None) => true,
                (Some(found), Some(whole)) => match whole.as_text() {
                    Some(wanted) => wanted == found,
                    None => whole.find(found, 0, Place::Whole).is_some(),
                },
                (Some(_), None) | (None, Some(_)) => false,
            };
            if is_right {
                continue;
            }
            let at = program
                .call
                .map(|n| format!(" at #{n}"))
                .unwrap_or_default();
            let seen = match &found {
                Some(found) => quoted(found),
                None => format!("no {name}"),
            };
            let text = format!(
                "{} was started{at} with {seen} in its environment instead of {expected}",
                show_argv(&program.argv)
            );
            let finding = self.fail(Aspect::Calls, text);
            return Ok(finding.expecting(expected, seen).citing(program.call));
        }
        let text = format!("the programs that {who} started had {expected} in their environment");
        Ok(self.pass(Aspect::Calls, text))
    }

    /// Whether these arguments are the ones that are meant. A program's name may have a path before it.
    fn is_run(&self, wanted: &CommandLine, argv: &[Bytes]) -> Result<bool, Unfilled> {
        if wanted.words.len() != argv.len() {
            return Ok(false);
        }
        for (at, (word, arg)) in wanted.words.iter().zip(argv).enumerate() {
            let pattern = self.facts.pattern(word, Some(self.index))?;
            let text = arg.to_text();
            let bare = match (at, pattern.as_text()) {
                (0, Some(name)) if !name.contains('/') => text.rsplit('/').next(),
                _ => None,
            };
            let text = bare.unwrap_or(&text);
            let same = match pattern.as_text() {
                Some(wanted) => wanted == text,
                None => pattern.find(text, 0, Place::Whole).is_some(),
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn line(&self, wanted: &CommandLine) -> String {
        let words =
            wanted
                .words
                .iter()
                .map(|word| match self.facts.pattern(word, Some(self.index)) {
                    Ok(pattern) => pattern.escaped_text(),
                    Err(_) => "...".to_owned(),
                });
        quoted(&words.collect::<Vec<_>>().join(" "))
    }
}

fn show_argv(argv: &[Bytes]) -> String {
    let words: Vec<String> = argv.iter().map(Bytes::to_text).collect();
    quoted(&words.join(" "))
}

/// `ended with status 3`
fn ended(end: ProcessEnd) -> String {
    match end {
        ProcessEnd::Code(status) => format!("ended with status {status}"),
        ProcessEnd::Signal(signal) => format!("killed by {}", signal_name(signal)),
    }
}

fn meets(wanted: &ExitExpectation, end: Option<ProcessEnd>) -> bool {
    match (wanted, end) {
        (ExitExpectation::Code(wanted), Some(ProcessEnd::Code(seen))) => *wanted == seen,
        (ExitExpectation::Failure, Some(ProcessEnd::Code(seen))) => seen != 0,
        (ExitExpectation::Signal(wanted), Some(ProcessEnd::Signal(seen))) => {
            *wanted == signal_name(seen)
        }
        (ExitExpectation::Ended, Some(ProcessEnd::Code(_))) => true,
        (ExitExpectation::Any, Some(_)) => true,
        (
            ExitExpectation::Code(_)
            | ExitExpectation::Failure
            | ExitExpectation::Signal(_)
            | ExitExpectation::Running
            | ExitExpectation::Ended
            | ExitExpectation::Any,
            _,
        ) => false,
    }
}

fn show_end(wanted: &ExitExpectation) -> String {
    match wanted {
        ExitExpectation::Code(status) => format!("status {status}"),
        ExitExpectation::Failure => "a status other than 0".to_owned(),
        ExitExpectation::Signal(name) => escaped_line(name),
        ExitExpectation::Ended => "any status".to_owned(),
        ExitExpectation::Any | ExitExpectation::Running => "any end".to_owned(),
    }
}

/// What to say of a program that was looked for by its bare name in the current folder only.
fn along_path(call: &Call) -> &'static str {
    let path = call.argument(ArgKind::Path).and_then(Arg::path);
    let is_bare = path.is_some_and(|path| !path.0.is_empty() && !path.0.contains(&b'/'));
    match is_bare && call.errno() == Some(Errno::ENOENT) {
        true => ". A name without a slash is looked for along PATH by execvp() only",
        false => "",
    }
}
