//! Semaphores that are waited for: what holds them, what sets their values, which call changed them last.

use ipclab_evidence::{Arg, Call, Exit, SourceLine, canonical};
use ipclab_spec::Aspect;

use super::look::Look;
use super::shared::is_attached;

impl<'a> Look<'a> {
    /// Of a program that waits for a semaphore: where it took the one that it holds, else where their values are set.
    pub(super) fn semaphores_before(
        &self,
        lines: &[SourceLine],
        exit: Option<&Exit>,
    ) -> Vec<SourceLine> {
        let Some(Exit::Running {
            wait: Some(wait), ..
        }) = exit
        else {
            return Vec::new();
        };
        if canonical(&wait.call, false) != "semop" {
            return Vec::new();
        }
        let done = || {
            let own = self.calls().filter(|call| call.pid == wait.pid);
            own.filter(|call| call.n < wait.n && call.errno().is_none())
        };
        let is_change = |call: &&Call| canonical(&call.name, false) == "semop";
        // One that it has taken and not given back.
        let takes = |call: &Call| {
            let operations = call.args.get(1).map_or(&[][..], Arg::sem_ops);
            operations.iter().any(|operation| operation.by < 0)
        };
        // Of a function of the student's that does nothing else, its caller says which one.
        let filled = |line: &SourceLine| self.filled_before(line).unwrap_or_else(|| line.clone());
        let mut changes = done().filter(is_change);
        let last = changes.next_back().filter(|call| takes(call));
        if let Some(taken) = last {
            let both = [taken.lines.as_slice(), lines];
            let callers = both.iter().filter_map(|lines| lines.get(1));
            let mut from: Vec<SourceLine> = callers.map(filled).collect();
            if from.is_empty() {
                from.extend(taken.lines.first().cloned());
            }
            return from;
        }
        let set = done().find(|call| {
            let sets = ["SETALL", "SETVAL"];
            call.name == "semctl"
                && call
                    .args
                    .iter()
                    .any(|arg| sets.iter().any(|it| arg.has(it)))
        });
        let Some(line) = set.and_then(|call| call.lines.first()) else {
            return lines.get(1).map(filled).into_iter().collect();
        };
        let given = self.values_given(line);
        given.into_iter().chain([line.clone()]).collect()
    }

    /// Where the values stand that a `semctl()` on this line sets.
    pub(super) fn values_given(&self, line: &SourceLine) -> Option<SourceLine> {
        let spot = self.spot(line)?;
        let call = self.call_named(spot, "semctl")?;
        let mut steps = Vec::new();
        self.follow(spot, call.args.get(3)?.clone(), call.at, &[], 4, &mut steps);
        let numbers = steps.into_iter().rfind(|step| !step.values.is_empty());
        numbers.map(|step| step.line)
    }

    /// Of a number that was read from memory which another program fills, and printed: where the program itself sets how many there
    /// are.
    pub(super) fn semaphores_printed(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let spot = lines.first().and_then(|line| self.spot(line));
        let is_it = self.finding.aspect == Aspect::Output && self.is_own;
        // A place that nothing was put into yet.
        let is_empty = self.says("`0` where `") || self.says("`0` instead of `");
        let Some(spot) = spot.filter(|_| is_it && is_empty) else {
            return Vec::new();
        };
        let source = spot.source;
        let calls = source.calls_on(spot.line);
        let args = calls.iter().flat_map(|call| call.args.iter().skip(1));
        let names = args.flat_map(|arg| source.names(arg.clone()));
        let mut read = names.filter_map(|name| source.last_write(name, spot.function, usize::MAX));
        let is_shared = read.any(|write| {
            let mut names = source.names(write.value.clone()).into_iter();
            let is_part = write.value.clone().any(|at| source.is(at, "->"));
            is_part && names.any(|name| is_attached(source, name))
        });
        let set = self.calls().find(|call| {
            let sets = ["SETALL", "SETVAL"];
            let has = |it: &str| call.args.iter().any(|arg| arg.has(it));
            call.name == "semctl" && sets.iter().any(|it| has(it)) && !call.lines.is_empty()
        });
        let line = set
            .filter(|_| is_shared)
            .and_then(|call| call.lines.first());
        line.map_or(Vec::new(), |line| {
            let given = self.values_given(line);
            given.into_iter().chain([line.clone()]).collect()
        })
    }

    /// Where the array is filled that a call on this line hands over.
    fn filled_before(&self, line: &SourceLine) -> Option<SourceLine> {
        let spot = self.spot(line)?;
        let call = spot.source.calls_on(spot.line).into_iter().next()?;
        let mut names = call
            .args
            .iter()
            .flat_map(|arg| spot.source.names(arg.clone()));
        let filled = names.find_map(|name| {
            let write = spot.source.last_write(name, spot.function, call.at)?;
            let is_array = spot.source.is(write.value.start, "{");
            (is_array && spot.function.body.contains(&write.at)).then_some(write)
        })?;
        spot.source.place(filled.at)
    }

    /// The call of the program that gave a semaphore its value last, where a set has other values than it should: `has the values
    /// 1, 0, 1 instead of 1, 3, 1`.
    pub(super) fn changed_semaphore(&self) -> Option<&'a Call> {
        let (_, values) = self.finding.message.split_once(" has the values ")?;
        let (seen, expected) = values.split_once(" instead of ")?;
        let mut pairs = seen.split(", ").zip(expected.split(", "));
        let which = pairs.position(|(seen, expected)| seen != expected)?;
        let own = |name: &'static str| {
            let calls = self.calls();
            calls.filter(move |call| {
                canonical(&call.name, false) == name
                    && call.errno().is_none()
                    && !call.lines.is_empty()
            })
        };
        let set = own("semctl").rfind(|call| {
            let mut sets = ["SETALL", "SETVAL"].iter();
            sets.any(|set| call.args.iter().any(|arg| arg.has(set)))
        });
        let changes = || {
            own("semop").rfind(|call| {
                let operations = call.args.get(1).map_or(&[][..], Arg::sem_ops);
                operations
                    .iter()
                    .any(|operation| usize::from(operation.number) == which)
            })
        };
        set.or_else(changes)
    }
}
