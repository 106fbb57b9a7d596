//! Failures that the program did not heed, or gave up on: the call, what looks at it, what let something through.

use ipclab_evidence::{Exit, SourceLine, canonical};
use ipclab_judge::MistakeKind;
use ipclab_spec::Aspect;

use super::children::MAKES_THREAD;
use super::look::{Look, Spot};
use super::origins::WEATHER;
use super::source::{Control, Source};
use super::worked::COMPARE;

/// Functions that wait for a child and bring how it ended.
const ENDINGS: [&str; 5] = [
    "WIFEXITED",
    "WIFSIGNALED",
    "WEXITSTATUS",
    "WTERMSIG",
    "WIFSTOPPED",
];
/// What ends a process, of its own doing.
const ENDS: [&str; 6] = ["exit", "_exit", "_Exit", "raise", "kill", "abort"];

impl<'a> Look<'a> {
    /// A call was made to fail, and the program went on as if it had not, and said nothing: what looks at its result.
    pub(super) fn went_on(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let is_silent = self
            .actor
            .is_some_and(|(_, actor)| actor.stderr.head.0.is_empty());
        let is_it = self.finding.aspect == Aspect::Output
            && self.is_own
            && self.must_fail
            && is_silent
            && self.says(", which must not be there");
        let mut failed = self
            .calls()
            .filter(|call| call.tampered.is_some() && call.errno().is_some());
        let failed = failed.find(|call| !call.lines.is_empty());
        let Some(failed) = failed.filter(|_| is_it) else {
            return Vec::new();
        };
        // Where what it prints was to be filled by a call that failed as well, that one is nearer.
        let mut later = self
            .calls()
            .filter(|call| call.n > failed.n && call.tampered.is_none() && call.errno().is_some());
        let values = self.values(lines);
        if later.any(|call| call.lines.first().is_some_and(|line| values.contains(line))) {
            return Vec::new();
        }
        let mut from = self.checks_of(Some(&failed.lines), lines);
        from.extend(failed.lines.first().cloned());
        from.dedup();
        from
    }

    /// It complained of an error and gave up, where it should have done its work: the call that brought the error; of one that
    /// came too late, what had undone it.
    pub(super) fn gave_up_on(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let failed = self
            .actor
            .filter(|(_, actor)| matches!(actor.exit, Exit::Code(status) if status != 0));
        let is_it = self.finding.aspect == Aspect::Output
            && !self.must_fail
            && self.kind() != Some(MistakeKind::Place)
            && !self.says(" on stderr")
            && self.says("it ended with status ");
        let Some((_, actor)) = failed.filter(|_| is_it) else {
            return Vec::new();
        };
        let complained = String::from_utf8_lossy(&actor.stderr.head.0);
        if complained.contains("Bad file descriptor") {
            return self.undone().into_iter().collect();
        }
        let brought = self.calls().rfind(|call| {
            let words = call.errno().and_then(|errno| {
                let is_weather = errno.name().is_some_and(|name| WEATHER.contains(&name));
                errno.words().filter(|_| !is_weather)
            });
            let is_said = words.is_some_and(|words| words.all().any(|it| complained.contains(it)));
            is_said && call.tampered.is_none() && !call.lines.is_empty()
        });
        if let Some(line) = brought.and_then(|call| call.lines.first()) {
            return vec![line.clone()];
        }
        // Calls that are not watched: what decides about the end that it shows.
        let is_end = !complained.is_empty() && actor.ended_at == lines;
        match lines {
            [_] if is_end => self.condition(lines),
            _ => Vec::new(),
        }
    }

    /// It makes the same call for ever, and that fails: what looks at its result.
    pub(super) fn fails_for_ever(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let last = self.calls().rfind(|call| call.returned.is_some());
        let is_it = self.is_own && self.says(": a loop without end");
        let failed = last.filter(|call| is_it && call.errno().is_some() && !call.lines.is_empty());
        let Some(failed) = failed else {
            return Vec::new();
        };
        let checks = self.checks_of(Some(&failed.lines), lines);
        let own = failed.lines.first();
        checks
            .into_iter()
            .filter(|line| Some(line) != own)
            .collect()
    }

    /// A word was run as a program that is none: where the function that had it run compares words that it does by itself.
    pub(super) fn compares_words(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        let spot = lines.last().and_then(|line| self.spot(line))?;
        let source = spot.source;
        let mut controls = source.controls(spot.function).into_iter();
        let compares = controls.find(|control| {
            let mut header = control.header.clone();
            let is_before = source.line(control.at) < Some(spot.line);
            is_before && header.any(|at| source.word(at).is_some_and(|it| COMPARE.contains(&it)))
        })?;
        source.place(compares.at)
    }

    /// It crashed where it works on what a function of its own found good: the last thing that this function looks at.
    pub(super) fn let_through(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.is_own && self.says("touched memory that is not its own");
        if !is_it || self.calls().any(|call| call.tampered.is_some()) {
            return Vec::new();
        }
        let found = lines.iter().find_map(|line| {
            let spot = self.spot(line)?;
            let source = spot.source;
            let controls = source.controls(spot.function);
            // On the line itself, or around it.
            let decides = controls.iter().filter(|control| {
                source.line(control.at) == Some(spot.line) || self.holds(spot, control)
            });
            let mut names = decides.flat_map(|control| {
                let names = source.names(control.header.clone()).into_iter();
                names.map(move |name| (name, control.at))
            });
            names.find_map(|(name, before)| {
                let write = source.last_write(name, spot.function, before)?;
                let mut called = source.callees(&write).into_iter();
                called.find_map(|name| self.last_look(name))
            })
        });
        found.into_iter().collect()
    }

    /// The last statement of a function of the student's that decides what it gives back.
    fn last_look(&self, name: &str) -> Option<SourceLine> {
        let Spot {
            source, function, ..
        } = self.function_spot(name)?;
        let mut controls = source.controls(function).into_iter();
        let looks = controls.rfind(|control| {
            let mut body = control.body.clone();
            source.is(control.at, "if") && body.any(|at| source.is(at, "return"))
        })?;
        source.place(looks.at)
    }

    /// What is printed of a child hangs on how it ended: where the text of the child's first ends it.
    pub(super) fn child_ends(&self, spot: Spot<'a>) -> Option<SourceLine> {
        let source = spot.source;
        let controls = source.controls(spot.function);
        let around = controls.iter().rfind(|it| self.holds(spot, it))?;
        let mut header = around.header.clone();
        if !header.any(|at| source.word(at).is_some_and(|it| ENDINGS.contains(&it))) {
            return None;
        }
        // Of the same child the program said something else.
        let said_otherwise = self.actor?.1.printed.iter().any(|write| {
            let printed = write.lines.iter().filter_map(|line| self.spot(line));
            let mut printed = printed.filter(|it| it.source.name == source.name);
            printed.any(|it| it.line != spot.line && self.holds(it, around))
        });
        let child = self
            .child_of(source, &controls)
            .filter(|_| said_otherwise)?;
        let ends = |source: &Source<'a>, range: std::ops::Range<usize>| {
            let mut range = range;
            range.find(|at| {
                let is_it = source.word(*at).is_some_and(|name| ENDS.contains(&name));
                is_it && source.is(at + 1, "(")
            })
        };
        // What is done in a function of its own ends there.
        let within = child.body.clone().find_map(|at| {
            let name = source.word(at).filter(|_| source.is(at + 1, "("))?;
            let own = self.function_spot(name)?;
            own.source
                .place(ends(own.source, own.function.body.clone())?)
        });
        within.or_else(|| source.place(ends(source, child.body.clone())?))
    }

    /// The statement that only a child comes to: `if (pid == 0)` behind a `fork()`, or around it.
    fn child_of(&self, source: &Source<'a>, controls: &[Control]) -> Option<Control> {
        let is_zero = |at: usize| source.tokens.get(at).and_then(|it| it.value()) == Some(0);
        let zero = |control: &&Control| {
            let mut header = control.header.clone();
            let compared = header
                .clone()
                .any(|at| source.is(at, "==") && is_zero(at + 1));
            let negated = source.is(header.start, "!");
            let forks = header.any(|at| source.is(at, "fork"));
            let names = source.names(control.header.clone());
            let forked = names.iter().any(|name| {
                let function = source.function_of(control.at);
                let write = function.and_then(|it| source.last_write(name, it, control.at));
                write.is_some_and(|write| source.callees(&write).contains(&"fork"))
            });
            (compared || negated) && (forks || forked)
        };
        controls.iter().find(zero).cloned()
    }

    /// Its threads are still at work when it says what came of it: where it lets them go, else where it makes them.
    pub(super) fn never_joined(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.finding.aspect == Aspect::Output && self.is_own && !self.must_fail;
        if !is_it || !self.says(" instead of ") {
            return Vec::new();
        }
        let calls = |names: &[&str]| self.written_call(names);
        let joins = [
            "pthread_join",
            "thrd_join",
            "pthread_tryjoin_np",
            "pthread_barrier_wait",
        ];
        if calls(&joins).is_some() || calls(&["pthread_cond_wait", "sem_wait"]).is_some() {
            return Vec::new();
        }
        let Some(makes) = calls(&MAKES_THREAD) else {
            return Vec::new();
        };
        let lets_go = calls(&["pthread_detach", "thrd_detach"]);
        lets_go.into_iter().chain([makes]).collect()
    }

    /// What it printed of a segment, as the kernel keeps it, counts who has it: where it attached or detached it last before.
    pub(super) fn attached_before(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let spot = lines
            .first()
            .filter(|_| self.finding.aspect == Aspect::Output && self.is_own);
        let Some(spot) = spot.and_then(|line| self.spot(line)) else {
            return Vec::new();
        };
        let source = spot.source;
        let mut body = spot.function.body.clone();
        let counts =
            body.any(|at| source.line(at) == Some(spot.line) && source.is(at, "shm_nattch"));
        if !counts {
            return Vec::new();
        }
        let looked = self
            .calls()
            .rfind(|call| call.name == "shmctl" && call.args.iter().any(|arg| arg.has("IPC_STAT")));
        let Some(looked) = looked else {
            return Vec::new();
        };
        let before = self.calls().rfind(|call| {
            let is_it = ["shmat", "shmdt"].contains(&canonical(&call.name, false));
            is_it && call.n < looked.n && call.errno().is_none() && !call.lines.is_empty()
        });
        let line = before.and_then(|call| call.lines.first());
        line.cloned().into_iter().collect()
    }
}
