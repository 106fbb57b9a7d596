//! Where a finding shows, when the run does not say it.

use ipclab_evidence::{Arg, Call, Direction, Exit, SourceLine};
use ipclab_judge::{DiffLine, Difference};
use ipclab_spec::Aspect;

use super::look::{Look, at};
use super::source::{Function, Source};

/// Places of one function that write into a segment which are named.
const STORES_MAX: usize = 4;

impl<'a> Look<'a> {
    /// Where it shows, when the run does not say it: what printed the line that is wrong, what made the file that was left,
    /// where the program complained, where it ended.
    pub(super) fn shown(&self) -> Vec<SourceLine> {
        let found = match self.finding.aspect {
            Aspect::Cleanup => self.left_file(),
            Aspect::Output => self.wrong_line().and_then(|line| self.prints(&line)),
            Aspect::Memory => self.stored().into_iter().next(),
            Aspect::Build | Aspect::Bytes | Aspect::Exit | Aspect::Calls => None,
        };
        let unnoticed = || {
            let is_it = self.is_own && self.says("printed nothing on stderr");
            Some(self.failed().filter(|_| is_it)?.to_vec())
        };
        let stopped = || {
            let (_, actor) = self.actor?;
            let is_it = matches!(actor.exit, Exit::Stopped(_)) && self.is_own;
            let last = actor.printed.last().filter(|_| is_it);
            match last {
                Some(last) => Some(last.lines.clone()),
                None => Some(vec![self.endless()?]),
            }
        };
        let ended = || {
            let (_, actor) = self.actor?;
            if !matches!(actor.exit, Exit::Code(_)) {
                return None;
            }
            // How one program ended says nothing about another one, unless the finding says so.
            let is_meant = self.is_own
                || self.finding.aspect == Aspect::Cleanup
                || self.says(&format!("{} ended with status", actor.name))
                || self.says(&format!("{} has ended", actor.name));
            let shown = self.complaint_lines().map(<[SourceLine]>::to_vec);
            let of_file = || Some(self.shown_file()?.to_vec());
            shown
                .or_else(of_file)
                .or_else(|| Some(vec![self.end_line()?]))
                .filter(|_| is_meant)
        };
        // What a program of ours prints of the student's text stands in the student's file.
        let told = || self.wrong_text().filter(|_| !self.is_own);
        let found = found.or_else(told).map(|line| vec![line]);
        // A program of ours waits for something else than what it was sent last.
        let sent = || {
            let is_it = !self.is_own && self.says(" never ended");
            let sent = |call: &&Call| {
                let moved = call.transfer.as_ref().filter(|_| !call.lines.is_empty());
                moved.is_some_and(|moved| moved.direction == Direction::Sent)
            };
            Some(self.calls().filter(|_| is_it).rfind(sent)?.lines.clone())
        };
        let counted = || Some(self.changed_semaphore()?.lines.clone());
        // What a program of ours read of memory that it shares with the student's.
        let shared = || {
            let is_it = !self.is_own && self.finding.aspect == Aspect::Output;
            let mut stored = self.stores_shared().into_iter().take(2);
            let first = stored.next().filter(|_| is_it)?;
            Some(std::iter::once(first).chain(stored).collect())
        };
        let made = || Some(self.made_object()?.lines.clone());
        let found = found.or_else(made);
        found
            .or_else(unnoticed)
            .or_else(|| Some(vec![self.left_out()?]))
            .or_else(stopped)
            .or_else(sent)
            .or_else(counted)
            .or_else(shared)
            .or_else(ended)
            .unwrap_or_default()
    }

    /// Of a line that the text has no call for, and after which the program went on: what printed the line before it.
    fn left_out(&self) -> Option<SourceLine> {
        if self.finding.aspect != Aspect::Output || !self.is_own || !self.says(" did not print `") {
            return None;
        }
        let Some(Difference::Lines(lines)) = &self.finding.difference else {
            return None;
        };
        let missing = |line: &DiffLine| matches!(line, DiffLine::Missing(_));
        let first = lines.iter().position(missing)?;
        let printed = |line: &DiffLine| match line {
            DiffLine::Same(text) | DiffLine::Extra(text) => Some(text.clone()),
            DiffLine::Missing(_) | DiffLine::Elided(_) => None,
        };
        lines[first..].iter().find_map(printed)?;
        let DiffLine::Missing(wanted) = &lines[first] else {
            return None;
        };
        let before = lines[..first].iter().rev().find_map(printed)?;
        match self.prints(wanted) {
            Some(_) => None,
            None => self.prints(&before),
        }
    }

    /// The call that made the segment, set or queue of which another mode is seen: `with key 200 has mode 0600`.
    fn made_object(&self) -> Option<&'a Call> {
        let (before, _) = self.finding.message.split_once(" has mode ")?;
        let (_, key) = before.split_once(" with key ")?;
        let key: i64 = key.parse().ok()?;
        self.calls().find(|call| {
            let makes = ["shmget", "semget", "msgget"].contains(&call.name.as_str());
            let is_it = call.args.first().and_then(Arg::number) == Some(key);
            let creates = call.args.iter().any(|arg| arg.has("IPC_CREAT"));
            makes && is_it && creates && call.errno().is_none() && !call.lines.is_empty()
        })
    }

    /// Where the text stands that is the name of a file that was left.
    fn left_file(&self) -> Option<SourceLine> {
        let left = self.evidence.leftovers.files.iter();
        let paths: Vec<String> = left
            .map(|file| file.path.to_text())
            .filter(|path| self.says(path))
            .collect();
        let fits = |text: &str| {
            let mut parts = text.split('%');
            let head = parts.next().unwrap_or(text);
            head.len() > 4
                && paths.iter().any(|path| match text == head {
                    true => path == text,
                    false => path.starts_with(head),
                })
        };
        self.sources.iter().find_map(|source| {
            let macros = source.macros.iter().flat_map(|found| &found.body);
            let mut all = source.tokens.iter().chain(macros);
            let token = all.find(|token| token.content().is_some_and(|text| fits(&text)))?;
            Some(at(source, token.line))
        })
    }

    /// The first printed line that is in the way of an expected one.
    pub(super) fn wrong_line(&self) -> Option<String> {
        if !self.says("instead of")
            && !self.says("count printed")
            && !self.says("must not be there")
        {
            return None;
        }
        let Some(Difference::Lines(lines)) = &self.finding.difference else {
            return None;
        };
        lines.iter().find_map(|line| match line {
            DiffLine::Extra(text) => Some(text.clone()),
            DiffLine::Same(_) | DiffLine::Missing(_) | DiffLine::Elided(_) => None,
        })
    }

    /// Where the variable is declared that a sanitizer names: `beyond \`line\` of line 102`.
    pub(super) fn declared(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        let (_, rest) = self.finding.message.split_once("` of line ")?;
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        Some(SourceLine {
            file: lines.first()?.file.clone(),
            line: rest[..end].parse().ok()?,
        })
    }

    /// Where the program writes into the segment that it attached, the last place first.
    pub(super) fn stored(&self) -> Vec<SourceLine> {
        if !self.says("does not hold") && !self.says("wrote to a System V segment") {
            return Vec::new();
        }
        self.stores_shared()
    }

    /// The same, whatever is said of it.
    fn stores_shared(&self) -> Vec<SourceLine> {
        let known = self
            .actor
            .map_or(Vec::new(), |(index, _)| self.evidence_of(index));
        let is_known = |source: &&&Source<'_>| known.iter().any(|line| line.file == source.name);
        let mut stored = Vec::new();
        for source in self.sources.iter().filter(|source| is_known(&source)) {
            for function in &source.functions {
                let mut body = function.body.clone();
                let attach = body.find(|at| source.is(*at, "shmat"));
                let name = attach.and_then(|at| {
                    let mut before = (source.statement_start(at)..at).rev();
                    let equals = before.find(|at| source.is(*at, "="))?;
                    Some((at, source.word(equals.checked_sub(1)?)?))
                });
                let Some((attach, name)) = name else { continue };
                let mut before = function.body.end;
                let mut handed_over = Vec::new();
                while let Some(write) = source.last_write(name, function, before) {
                    if write.at <= attach || write.at >= before {
                        break;
                    }
                    match source.is_part(write.at) {
                        true => stored.extend(source.place(write.at)),
                        false => handed_over.extend(source.place(write.at)),
                    }
                    before = write.at;
                }
                // What a function does that is handed the segment says more than the call of it.
                stored.extend(stored_by_callees(source, function, name));
                stored.extend(handed_over);
            }
        }
        stored
    }

    pub(super) fn prints(&self, text: &str) -> Option<SourceLine> {
        let writes = self.actor.map(|(_, actor)| actor.printed.as_slice());
        let mut best: Option<(usize, bool, SourceLine)> = None;
        for source in self.sources {
            for prints in source.printing(text) {
                let Some(place) = source.place(prints.call.at) else {
                    continue;
                };
                // Of several that print alike the one that the run came by.
                let mut writes = writes.into_iter().flatten();
                let ran = writes.any(|write| write.lines.contains(&place));
                let rank = (prints.letters, ran);
                if best.as_ref().is_none_or(|best| rank > (best.0, best.1)) {
                    best = Some((prints.letters, ran, place));
                }
            }
        }
        best.map(|(_, _, place)| place)
    }
}

/// Where functions that are handed the attached segment write into it, the last place first.
fn stored_by_callees(source: &Source<'_>, caller: &Function<'_>, name: &str) -> Vec<SourceLine> {
    let calls = caller.body.clone().filter_map(|at| source.call_at(at));
    let mut stored = Vec::new();
    for call in calls {
        let mut args = call.args.iter();
        let nth = args.position(|arg| source.names(arg.clone()) == [name]);
        let mut functions = source.functions.iter();
        let callee = functions.find(|found| source.word(call.at) == Some(found.name));
        let (Some(nth), Some(callee)) = (nth, callee) else {
            continue;
        };
        let Some(parameter) = callee.parameters.get(nth) else {
            continue;
        };
        let writes = |at: &usize| source.is_part(*at) && source.gives(parameter, *at);
        let places = callee.body.clone().rev().filter(writes);
        let places = places.filter_map(|at| source.place(at));
        for line in places.take(STORES_MAX) {
            if !stored.contains(&line) {
                stored.push(line);
            }
        }
    }
    stored
}
