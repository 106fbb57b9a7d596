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
            let prepared = self
                .removing_function()
                .filter(|_| self.caller_of_end().is_none());
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
