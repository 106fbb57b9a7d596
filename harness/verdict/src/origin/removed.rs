//! What was left behind, though the program can remove it.

use ipclab_evidence::SourceLine;
use ipclab_spec::Aspect;

use super::look::{Look, at};
use super::source::Source;

impl<'a> Look<'a> {
    /// What was left behind, though the program can remove it: what decides whether it does.
    pub(super) fn not_removed(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        if self.finding.aspect != Aspect::Cleanup || !self.says(" behind") {
            return Vec::new();
        }
        for signal in ["SIGTERM", "SIGINT", "SIGHUP"] {
            if self.says(&format!("killed by {signal}")) {
                return self.prepared(signal);
            }
        }
        let by_number = ["segment", "semaphore", "queue"]
            .iter()
            .any(|what| self.says(what));
        if !by_number {
            // What is prepared behind the call that failed comes too late for it.
            let failed = self.failed_call();
            let comes_late = |line: &SourceLine| {
                failed
                    .as_ref()
                    .is_some_and(|failed| failed.file == line.file && failed.line < line.line)
            };
            let prepared = self
                .removing_function()
                .filter(|line| self.caller_of_end().is_none() || comes_late(line));
            return match prepared {
                Some(prepared) => std::iter::once(prepared).chain(self.end_line()).collect(),
                None => Vec::new(),
            };
        }
        let removes = |source: &Source<'a>, token: usize| {
            let name = source.word(token).unwrap_or("");
            let call = source.call_at(token);
            let by_id = || {
                call.as_ref().is_some_and(|call| {
                    (call.at..call.end).any(|token| source.is(token, "IPC_RMID"))
                })
            };
            name.ends_with("ctl") && by_id()
        };
        let guards = |source: &'a Source<'a>, token: usize| -> Option<SourceLine> {
            let function = source.function_of(token)?;
            let line = source.line(token)?;
            let around = self.condition(&[at(source, line)]).into_iter().next();
            // A condition in a function of its own is about whether there is something.
            match function.name {
                "main" => around,
                name => source
                    .functions
                    .iter()
                    .filter(|found| found.name == "main")
                    .find_map(|main| {
                        let call = main
                            .body
                            .clone()
                            .rfind(|token| source.is(*token, name) && source.is(token + 1, "("))?;
                        let line = source.place(call)?;
                        let spot = self.spot(&line)?;
                        self.guard_around(spot)
                    }),
            }
        };
        let guard = self.sources.iter().find_map(|source| {
            let mut bodies = source
                .functions
                .iter()
                .flat_map(|function| function.body.clone());
            let token = bodies.find(|token| removes(source, *token))?;
            guards(source, token)
        });
        let end = self.end_line();
        match guard {
            Some(guard) => std::iter::once(guard).chain(end).collect(),
            None => Vec::new(),
        }
    }

    /// Of a segment, set or queue that is not there: where a program of the student's removed it before.
    pub(super) fn removed_object(&self) -> Option<SourceLine> {
        const GONE: [&str; 3] = ["ENOENT", "EINVAL", "EIDRM"];
        const GETS: [&str; 3] = ["shmget", "semget", "msgget"];
        let gone = |name: &&str| self.says(&format!(" failed with {name} "));
        let is_it = self.is_own && !self.must_fail && GONE.iter().any(gone);
        let mut own = self.calls();
        let failed = own.find(|call| {
            let errno = call.errno().and_then(|errno| errno.name());
            let is_gone = errno.is_some_and(|name| GONE.contains(&name));
            is_gone && call.tampered.is_none() && GETS.contains(&call.name.as_str())
        });
        let failed = failed.filter(|_| is_it)?;
        let family = &failed.name[..3];
        let mut before = self.evidence.trace.iter().filter(|call| call.n < failed.n);
        let removes = before.rfind(|call| {
            let is_it = call.name.starts_with(family) && call.name.ends_with("ctl");
            let removes = call.args.iter().any(|arg| arg.has("IPC_RMID"));
            is_it && removes && call.errno().is_none() && !call.lines.is_empty()
        })?;
        removes.lines.first().cloned()
    }

    /// A file that it should have left alone: where the name is given that it removes.
    pub(super) fn removed_another(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.says(" removed it, ") && self.says("unlink()");
        let spot = lines.first().filter(|_| is_it);
        let Some(spot) = spot.and_then(|line| self.spot(line)) else {
            return Vec::new();
        };
        let source = spot.source;
        let mut calls = source.calls_on(spot.line).into_iter();
        let call = calls.find(|call| {
            let name = source.word(call.at).unwrap_or("");
            ["unlink", "unlinkat", "remove"].contains(&name)
        });
        let Some(call) = call else {
            return Vec::new();
        };
        let names = call.args.iter().flat_map(|arg| source.names(arg.clone()));
        let given = names.filter_map(|name| source.last_write(name, spot.function, call.at));
        // A name of the function itself is looked at by others.
        let elsewhere = given.filter(|write| !spot.function.body.contains(&write.at));
        let mut lines: Vec<SourceLine> = elsewhere
            .filter_map(|write| source.place(write.at))
            .collect();
        lines.truncate(1);
        lines
    }

    /// Where `main` calls the function that removes a file, or hands it to `atexit()`; what decides about that, if something does.
    fn removing_function(&self) -> Option<SourceLine> {
        self.sources.iter().find_map(|source| {
            let removes = source.functions.iter().find(|function| {
                let mut body = function.body.clone();
                let is_it = |token: usize| {
                    let name = source.word(token).unwrap_or("");
                    matches!(name, "unlink" | "remove") && source.is(token + 1, "(")
                };
                function.name != "main" && body.any(is_it)
            })?;
            let main = source.functions.iter().find(|found| found.name == "main")?;
            let mut body = main.body.clone();
            let named = body.find(|token| source.is(*token, removes.name))?;
            let line = source.place(named)?;
            let guard = self.guard_around(self.spot(&line)?);
            Some(guard.unwrap_or(line))
        })
    }

    /// Where a program prepares for a signal, and does not do so for good.
    pub(super) fn prepared(&self, signal: &str) -> Vec<SourceLine> {
        let found = self.sources.iter().find_map(|source| {
            let mut tokens = 0..source.tokens.len();
            let named = tokens.find(|token| {
                if !source.is(*token, signal) {
                    return false;
                }
                let call = source.call_around(*token).map(|(call, _)| call);
                call.is_some_and(|call| {
                    let name = source.word(call.at).unwrap_or("");
                    let mut all = call.at..call.end;
                    let by_default = all.any(|token| source.is(token, "SIG_DFL"));
                    ["sigaction", "signal"].contains(&name) && !by_default
                })
            });
            let declared = || {
                let mut tokens = 0..source.tokens.len();
                let first = tokens.find(|token| {
                    source.is(*token, "struct") && source.is(token + 1, "sigaction")
                })?;
                let name = source.word(first + 2)?;
                let used = (first + 3..source.tokens.len()).find(|token| source.is(*token, name));
                used.or(Some(first))
            };
            let token = named.or_else(declared)?;
            source.place(token)
        });
        found.into_iter().collect()
    }
}
