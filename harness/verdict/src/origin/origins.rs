//! Which way leads from a finding to its origin.

use ipclab_evidence::{Exit, Object, SourceLine, canonical};
use ipclab_judge::MistakeKind;
use ipclab_spec::Aspect;

use super::look::Look;

/// Errors that no argument brings about: what the program does then is what counts.
pub(super) const WEATHER: [&str; 6] = [
    "ECONNRESET",
    "ECONNREFUSED",
    "ECONNABORTED",
    "EPIPE",
    "EINTR",
    "ETIMEDOUT",
];

impl<'a> Look<'a> {
    /// Where it comes from, the nearest line first.
    pub(super) fn origins(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if let Some(line) = self.keeps_end_open() {
            return vec![line];
        }
        let known = self.by_kind(lines);
        if !known.is_empty() {
            return known;
        }
        if let Some(line) = self.removed_object() {
            return vec![line];
        }
        let exit = self.actor.map(|(_, actor)| &actor.exit);
        let is_place = self.kind() == Some(MistakeKind::Place);
        if !self.is_own && self.says(" never ended") && !self.must_fail {
            // It waits for what the student's program did not send.
            let values = self.values(lines);
            if !values.is_empty() {
                return values;
            }
        }
        if self.finding.aspect == Aspect::Exit && !is_place {
            match exit {
                Some(Exit::Code(_)) => return self.end(lines),
                Some(Exit::Running { .. } | Exit::Stopped(_)) => return self.held_end(lines, exit),
                Some(Exit::NotStarted | Exit::NotExecuted(_) | Exit::Signal { .. }) | None => {}
            }
        }
        // Where our side waits in vain, the student's program is in the loop that does not come to it.
        let is_waiting = !self.is_own && self.says("still waiting for it");
        if is_waiting && !self.is_complaint(lines) {
            let round = self.goes_round(lines);
            return match round.is_empty() {
                true => self.loops(lines),
                false => round,
            };
        }
        let unanswered = self.unanswered();
        if !unanswered.is_empty() {
            return unanswered;
        }
        if !self.is_own && self.says("the connection was closed") {
            let closed = self.condition(lines);
            if !closed.is_empty() {
                return closed;
            }
        }
        let moved = matches!(self.finding.aspect, Aspect::Bytes | Aspect::Calls);
        match self.kind().filter(|_| !moved) {
            Some(MistakeKind::Unchecked | MistakeKind::Status | MistakeKind::Silent)
                if self.says("must not be there") =>
            {
                let printed = self.finding.message.split('`').nth(1);
                let printed = printed.and_then(|text| self.prints(text));
                let unseen = printed
                    .as_ref()
                    .and_then(|line| self.unseen(self.spot(line)?));
                // Where it printed that is not always known.
                let shown: Vec<SourceLine> = printed.iter().cloned().collect();
                let shown = if shown.is_empty() { lines } else { &shown };
                let mut from: Vec<SourceLine> = unseen
                    .into_iter()
                    .chain(printed)
                    .chain(self.checks_of(self.failed_before(shown), lines))
                    .collect();
                from.retain(|line| lines.first() != Some(line));
                if !from.is_empty() {
                    return from;
                }
            }
            Some(MistakeKind::Unchecked | MistakeKind::Crash) => {
                let mut checks = self.checks(lines);
                checks.retain(|check| lines.first() != Some(check));
                if !checks.is_empty() {
                    return checks;
                }
            }
            Some(MistakeKind::Silent) => {
                let helper = self.ends_silently().into_iter();
                // The function that gave up says more than how `main` ended.
                let gives_up = self.gives_up(lines).filter(|_| lines.len() > 1);
                return helper.chain(gives_up).chain(self.end(lines)).collect();
            }
            Some(MistakeKind::Status) => return self.end(lines),
            Some(MistakeKind::Waits) if self.is_waiting(exit) => return self.held_end(lines, exit),
            _ => {}
        }
        let is_held = self.says("does not hold") || self.says("wrote to a System V segment");
        if self.finding.aspect == Aspect::Memory && is_held {
            return self.stored();
        }
        if self.says(" has the values ")
            && let Some(given) = lines.first().and_then(|line| self.values_given(line))
        {
            return vec![given];
        }
        if self.says(" has the values ")
            && let [_, caller, _, ..] = lines
        {
            // A function that only makes the call is told by its caller what to do.
            return vec![caller.clone()];
        }
        if self.finding.aspect == Aspect::Memory {
            let mut named = self.lost_update(lines);
            named.extend(self.two_semaphores());
            named.extend(self.locks_around(lines));
            named.extend(self.named_calls(lines));
            if self.says("while it held a semaphore") {
                named.extend(self.taken(lines));
            }
            if !named.is_empty() {
                return named;
            }
        }
        if let Some(line) = self.declared(lines) {
            return vec![line];
        }
        let late = [
            "Bad file descriptor",
            "Broken pipe",
            "EBADF",
            "EPIPE",
            "ENOTCONN",
        ];
        let complained = self.actor.map_or("".into(), |(_, actor)| {
            String::from_utf8_lossy(&actor.stderr.head.0)
        });
        let is_closed = complained.contains("Bad file descriptor");
        if (is_closed || late.iter().any(|errno| self.says(errno)))
            && let Some(line) = self.undone()
        {
            return vec![line];
        }
        let weather = |errno: &&str| self.says(&format!(" failed with {errno}"));
        if !is_place && WEATHER.iter().any(weather) {
            return self.end(lines);
        }
        if let Some(line) = self.usage() {
            return vec![line];
        }
        if self.is_complaint(lines) {
            // It said that something failed, and went on.
            let goes_on = self.returned();
            let goes_on = goes_on.filter(|_| self.says("` where `") || self.goes_on(lines));
            let mut condition = self.condition(lines);
            condition.splice(0..0, goes_on);
            if !condition.is_empty() {
                return condition;
            }
        }
        if let ([_, _, ..], Some((_, actor))) = (lines, self.actor)
            && actor.ended_at == lines
        {
            let condition = self.condition(lines);
            if !condition.is_empty() {
                return condition;
            }
        }
        if matches!(lines, [line] if Some(line) == self.end_line().as_ref()) {
            let complained = self.complaint_lines().is_some();
            let condition = self.condition(lines);
            if complained && !condition.is_empty() {
                return condition;
            }
            let to_end = self.read_to_the_end(&lines[0]);
            if self.says("has ended") && !to_end.is_empty() {
                return to_end;
            }
            let mut left = self.left_loop(&lines[0]);
            let skipped = |line: &SourceLine| self.skipped(line);
            let printed = self.actor.map(|(_, actor)| actor.printed.iter());
            let last = printed.and_then(|mut printed| printed.rfind(|write| write.stream == 1));
            if let Some(line) = last.and_then(|write| write.lines.first()) {
                // What it printed in the loop stands for what it did not do there.
                left.truncate(1);
                left.splice(0..0, skipped(line));
                left.extend(self.leaves_loop(line));
                left.push(line.clone());
            }
            if !left.is_empty() {
                return left;
            }
        }
        let counted = self.semaphores_printed(lines);
        if !counted.is_empty() {
            return counted;
        }
        let shared = self.shared_count(lines);
        if !shared.is_empty() {
            return shared;
        }
        let is_none = self.says("received 0") || self.says("got nothing");
        if is_none && let Some(line) = self.shut_itself(lines) {
            return vec![line];
        }
        let attached = self.attached_before(lines);
        if !attached.is_empty() {
            return attached;
        }
        let mut values = self.values(lines);
        // What it did not find, and prints all the same.
        if self.must_fail
            && self.says("must not be there")
            && let Some(line) = lines.first().and_then(|line| self.unseen(self.spot(line)?))
        {
            return vec![line];
        }
        let is_short = matches!(self.finding.aspect, Aspect::Output | Aspect::Bytes);
        if values.is_empty() && is_short && self.says(" instead of ") {
            values = self.took_once();
        }
        if self.finding.aspect == Aspect::Cleanup {
            // It ended there, and had not cleared up.
            values.truncate(1);
            if let Some(caller) = self.caller_of_end() {
                values = vec![caller];
            }
            values.extend(self.end_line());
        }
        let accepted = ["must not be there", "found nothing wrong"];
        let given = match accepted.iter().any(|text| self.says(text)) {
            // What a fault or an order of turns brings about has nothing to do with what it was given.
            _ if self.finding.message.starts_with("when ") => Vec::new(),
            true if values.is_empty() || self.must_fail => self.inputs(),
            true | false => Vec::new(),
        };
        match given.is_empty() {
            true => values,
            false => given,
        }
    }

    /// Where the calls were made that the sentence about an access names, in the function of the access where they are in it.
    fn named_calls(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let access = lines.first().and_then(|line| self.spot(line));
        let numbers = self.finding.message.split("(#").skip(1).filter_map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit())?;
            part[..end].parse::<u32>().ok()
        });
        let place = |n: u32| {
            let call = self.evidence.trace.iter().find(|call| call.n == n)?;
            let is_beside = |line: &&SourceLine| {
                let spot = self.spot(line);
                matches!((spot, access), (Some(spot), Some(access))
                    if spot.function.at == access.function.at && spot.source.name == access.source.name)
            };
            call.lines
                .iter()
                .find(is_beside)
                .or(call.lines.first())
                .cloned()
        };
        numbers.filter_map(place).collect()
    }

    /// Where a program takes or gives a semaphore, elsewhere than it should.
    fn taken(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let file = lines.first().map(|line| &line.file);
        let function = lines.first().and_then(|line| self.spot(line));
        let Some((index, _)) = self.actor else {
            return Vec::new();
        };
        let mut trace = self.evidence.trace.iter();
        let call = trace.find(|call| {
            let is_it = call.actor == index && canonical(&call.name, false) == "semop";
            is_it && call.lines.iter().any(|line| Some(&line.file) == file)
        });
        let Some(call) = call else {
            return Vec::new();
        };
        let is_beside = |line: &&SourceLine| {
            let at = self.spot(line).map(|spot| spot.function.at);
            at.is_some() && at == function.map(|spot| spot.function.at)
        };
        let beside = call.lines.iter().find(is_beside);
        beside
            .into_iter()
            .chain(call.lines.first())
            .cloned()
            .collect()
    }

    fn is_waiting(&self, exit: Option<&Exit>) -> bool {
        matches!(exit, Some(Exit::Running { .. } | Exit::Stopped(_)))
    }

    /// Of a program that waits: where the pipe was made whose other end keeps it waiting, else the loop around the wait.
    fn held_end(&self, lines: &[SourceLine], exit: Option<&Exit>) -> Vec<SourceLine> {
        let on_pipe = match exit {
            Some(Exit::Running {
                wait: Some(wait), ..
            }) => !wait.other_ends.is_empty(),
            _ => false,
        };
        let made = || {
            let spot = lines.first().and_then(|line| self.spot(line))?;
            let call = self.call(spot)?;
            let name = spot
                .source
                .names(call.args.first()?.clone())
                .into_iter()
                .next()?;
            let write = spot.source.last_write(name, spot.function, call.at)?;
            spot.source.place(write.at)
        };
        // One that holds a FIFO open for itself is ended by what it reads.
        let is_named = match exit {
            Some(Exit::Running {
                wait: Some(wait), ..
            }) => matches!(wait.object, Some(Object::File(_))),
            _ => false,
        };
        let ends = self.ends_loop(lines).filter(|_| !self.must_fail);
        if let (true, Some(line)) = (is_named, &ends) {
            return std::iter::once(line.clone()).chain(made()).collect();
        }
        if let Some(line) = made().filter(|_| on_pipe) {
            return vec![line];
        }
        let semaphores = self.semaphores_before(lines, exit);
        if !semaphores.is_empty() && !self.must_fail {
            return semaphores;
        }
        // What should have been refused, and was not, is what the program was given.
        let is_faulty = self.says("although") || self.finding.message.starts_with("when ");
        let given = match self.must_fail && !is_faulty {
            true => self.inputs(),
            false => Vec::new(),
        };
        let removed = match self.must_fail {
            true => self.removed(),
            false => Vec::new(),
        };
        let mut loops = self.loops(lines);
        if let Some(ends) = ends {
            loops.truncate(1);
            loops.push(ends);
        }
        let refuses = self
            .refuses_before(lines)
            .filter(|_| self.must_fail && !is_faulty);
        let all = [removed, given, refuses.into_iter().collect(), loops];
        let first = all.into_iter().find(|lines| !lines.is_empty());
        first.unwrap_or_default()
    }
}
