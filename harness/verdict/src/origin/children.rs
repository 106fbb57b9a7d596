//! Other processes of the program: how many there are, what they run, what they wait for.

use ipclab_evidence::{Call, Ended, Exit, SourceLine, belongs, canonical};
use ipclab_spec::Aspect;

use super::look::{LAST_SITES, Look, Spot, at};
use super::source::{Control, Written};

/// Functions that make a thread.
pub(super) const MAKES_THREAD: [&str; 2] = ["pthread_create", "thrd_create"];

impl<'a> Look<'a> {
    /// A child that was not waited for: where it waits at all.
    pub(super) fn never_waited_for(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        if !self.says("never waited for") {
            return Vec::new();
        }
        let sites = self.sites("wait").into_iter();
        sites
            .filter_map(<[_]>::first)
            .take(LAST_SITES)
            .cloned()
            .collect()
    }

    /// End of file that does not come since a process has the other end open itself: where that process was made, which got the
    /// end with it.
    pub(super) fn keeps_end_open(&self) -> Option<SourceLine> {
        let (_, behind) = self.finding.message.split_once(", a process made at ")?;
        let (file, rest) = behind.split_once(':')?;
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        Some(SourceLine {
            file: file.to_owned(),
            line: rest[..end].parse().ok()?,
        })
    }

    /// Lines in another order, since it waits for each child before it makes the next one: the wait.
    pub(super) fn one_after_the_other(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        if self.finding.aspect != Aspect::Output || !self.says("` only on line ") {
            return Vec::new();
        }
        let first = self.actor.and_then(|(_, actor)| actor.pid);
        let own: Vec<_> = self
            .calls()
            .filter(|call| Some(call.pid) == first)
            .collect();
        let makes = |call: &&Call| belongs(&call.name, false, "fork") && call.errno().is_none();
        let last = own.iter().rposition(makes).unwrap_or(0);
        let begun = own.iter().position(makes).unwrap_or(last);
        let mut between = own.get(begun..last).into_iter().flatten();
        let waits = between.find(|call| {
            let waited = belongs(&call.name, false, "wait") && call.errno().is_none();
            waited && !call.lines.is_empty()
        });
        let line = waits.and_then(|call| call.lines.first());
        line.cloned().into_iter().collect()
    }

    /// Another number of processes: where else it makes one, and the loop around that.
    pub(super) fn process_count(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if !self.says("its first process counts") {
            return Vec::new();
        }
        let sites = self.sites("fork").into_iter().filter_map(<[_]>::first);
        let mut from: Vec<SourceLine> = sites
            .filter(|line| !lines.contains(line))
            .cloned()
            .collect();
        from.truncate(LAST_SITES);
        from.extend(self.loops(lines));
        from
    }

    /// It made no child, and its text makes none: where it takes the number of a process from elsewhere.
    pub(super) fn never_forks(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.says(" had no child");
        let makes = ["fork", "vfork", "clone", "posix_spawn", "posix_spawnp"];
        let Some(spot) = self.main_spot().filter(|_| is_it) else {
            return Vec::new();
        };
        if self.written_call(&makes).is_some() {
            return Vec::new();
        }
        let source = spot.source;
        let mut body = spot.function.body.clone();
        let given = body.find(|at| source.is(*at, "pid_t") && source.is(at + 2, "="));
        given.and_then(|at| source.place(at)).into_iter().collect()
    }

    /// Another number of threads: the loop that makes them, and what gave its bound a value.
    pub(super) fn thread_count(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        const SAID: [&str; 2] = [" thread instead of ", " threads instead of "];
        if !SAID.iter().any(|text| self.says(text)) {
            return Vec::new();
        }
        let makes = self.written_call(&MAKES_THREAD);
        let Some(spot) = makes.and_then(|line| self.spot(&line)) else {
            return Vec::new();
        };
        let Some(around) = self.guard(spot) else {
            return Vec::new();
        };
        let given = bound_of(spot, &around);
        let around = spot.source.place(around.at);
        around.into_iter().chain(given).collect()
    }

    /// What gave the bound of the loop around a line its value, in the same function.
    pub(super) fn bound_around(&self, spot: Spot<'a>) -> Option<SourceLine> {
        let mut controls = spot.source.controls(spot.function).into_iter();
        let around = controls.rfind(|it| {
            let repeats = spot.source.is(it.at, "for") || spot.source.is(it.at, "while");
            repeats && self.holds(spot, it)
        })?;
        let given = bound_of(spot, &around)?;
        self.spot(&given)
            .filter(|given| given.function.at == spot.function.at)?;
        Some(given)
    }

    /// What it ran, or could not run.
    pub(super) fn command(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if self.says("exec() failed") && self.finding.aspect == Aspect::Exit {
            let failed = self
                .calls()
                .rfind(|call| canonical(&call.name, false) == "exec" && call.errno().is_some());
            let spot = failed.and_then(|call| self.spot(call.lines.first()?));
            let ends = spot.and_then(|spot| self.ends_behind(spot));
            return ends.into_iter().chain(self.compares_words(lines)).collect();
        }
        if !self.says(" did not run ") {
            return Vec::new();
        }
        self.run_by(lines)
    }

    /// Where it becomes another program, and what gives the words of the command their value.
    pub(super) fn run_by(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let sites = self.sites("exec").into_iter();
        let found = sites
            .filter_map(|lines| Some((lines, self.spot(lines.first()?)?)))
            .next();
        let Some((lines, spot)) = found else {
            return Vec::new();
        };
        let mut from = Vec::new();
        if let Some(call) = self.call_named(spot, "exec") {
            let names = call
                .args
                .iter()
                .rev()
                .flat_map(|arg| spot.source.names(arg.clone()));
            let writes =
                names.filter_map(|name| spot.source.last_write(name, spot.function, call.at));
            from.extend(
                writes
                    .filter_map(|write| spot.source.line(write.at))
                    .map(|line| at(spot.source, line))
                    .next(),
            );
        }
        from.extend(lines.first().cloned());
        from
    }

    /// The statement behind a line of the same function that ends the program.
    pub(super) fn ends_behind(&self, spot: Spot<'a>) -> Option<SourceLine> {
        let mut body = spot.function.body.clone();
        let end = body.find(|token| {
            let is_end = ["exit", "_exit", "_Exit", "return"]
                .iter()
                .any(|word| spot.source.is(*token, word));
            is_end && spot.source.line(*token) > Some(spot.line)
        })?;
        spot.source.place(end)
    }

    /// Processes that wait for one another: the calls that they wait in, beside the one that the finding shows.
    pub(super) fn standstill(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let Ended::Stuck { waits } = &self.evidence.ended else {
            return Vec::new();
        };
        let waits_for_child = self.actor.is_some_and(|(_, actor)| {
            matches!(&actor.exit, Exit::Running { wait: Some(wait), .. } if canonical(&wait.call, false) == "wait")
        });
        if !waits_for_child || self.finding.aspect != Aspect::Exit {
            return Vec::new();
        }
        let index = self.actor.map(|(index, _)| index);
        let others = waits
            .iter()
            .filter(|wait| Some(wait.actor) == index && canonical(&wait.call, false) != "wait");
        let sends: Vec<SourceLine> = others.clone().flat_map(|wait| self.sends(wait)).collect();
        let calls = others.filter_map(|wait| self.calls().find(|call| call.n == wait.n));
        let mut from: Vec<SourceLine> = Vec::new();
        from.extend(sends);
        for call in calls {
            if let Some(spot) = call.lines.first().and_then(|line| self.spot(line)) {
                from.extend(self.operand(spot));
            }
            from.extend(call.lines.first().cloned());
        }
        from.retain(|line| !lines.contains(line));
        from.dedup();
        from
    }

    /// What gives the last argument with a value of the call on a line its value: the operation of `semop()`.
    pub(super) fn operand(&self, spot: Spot<'a>) -> Option<SourceLine> {
        self.operand_of(spot, &self.call(spot)?)
    }

    /// The same of a call at this place.
    pub(super) fn operand_of(&self, spot: Spot<'a>, call: &Written) -> Option<SourceLine> {
        let source = spot.source;
        let names = call
            .args
            .iter()
            .skip(1)
            .flat_map(|arg| source.names(arg.clone()));
        let mut writes = names.filter_map(|name| source.last_write(name, spot.function, call.at));
        let write = writes.find(|write| spot.function.body.contains(&write.at))?;
        source.place(write.at)
    }
}

/// What gave a name of a loop's header its value before the loop: the one that the loop itself does not count with.
fn bound_of(spot: Spot<'_>, around: &Control) -> Option<SourceLine> {
    let source = spot.source;
    let header = around.header.clone();
    let mut names = source.names(header.clone()).into_iter();
    let bound = names.find_map(|name| {
        let write = source.last_write(name, spot.function, header.end)?;
        (!header.contains(&write.at)).then_some(write)
    })?;
    source.place(bound.at)
}
