//! Loops that go round and do not come to what should happen: what they carry on, what decides in them, what would end them.

use std::ops::Range;

use ipclab_evidence::SourceLine;

use super::look::{Look, Spot, is_of_kernel};
use super::source::{Control, Source, Written};

/// Statements that leave a loop.
const LEAVES: [&str; 5] = ["break", "return", "goto", "exit", "_exit"];
/// The one that leaves a round of it.
const SKIPS: &str = "continue";
/// Places in one loop that are looked at.
const PLACES_MAX: usize = 8;

impl<'a> Look<'a> {
    /// Of a program that waits in a loop, and should have done something before: what the call is given anew in each round, and
    /// the first statement behind it that decides by more than its result.
    pub(super) fn goes_round(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let Some((spot, call, around)) = self.waiting_loop(lines) else {
            return Vec::new();
        };
        let source = spot.source;
        let controls = source.controls(spot.function);
        let is_alone = |at: &usize| {
            let mut inner = controls.iter();
            !inner.any(|inner| {
                inner.at != around.at && around.body.contains(&inner.at) && inner.body.contains(at)
            })
        };
        let given = call.args.iter().skip(1);
        let names = given.flat_map(|arg| source.names(arg.clone()));
        let carried = names
            .filter_map(|name| {
                let mut body = around.body.clone().filter(|at| !call_holds(&call, *at));
                body.rfind(|at| source.gives(name, *at) && is_alone(at))
            })
            // What a call fills says less than what is assigned.
            .max_by_key(|at| (source.call_around(*at).is_none(), *at));
        let result = result_of(spot, &call);
        let decides = controls.iter().find(|control| {
            let names = source.names(control.header.clone());
            let of_result = result.is_some_and(|result| names.contains(&result));
            let is_inside = around.body.contains(&control.at) && control.at > call.end;
            is_inside && !of_result && !names.contains(&"errno")
        });
        let places = [carried, decides.map(|control| control.at)];
        let places = places.into_iter().flatten();
        places.filter_map(|at| source.place(at)).collect()
    }

    /// What would end the loop in which a program waits that should have ended: what its flag hangs on, or a way out of it that
    /// is not about the result of the call.
    pub(super) fn ends_loop(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        let (spot, call, around) = self.waiting_loop(lines)?;
        self.way_out(spot, &around, result_of(spot, &call))
    }

    /// The way out of the loop around a line: what decides about it.
    pub(super) fn leaves_loop(&self, line: &SourceLine) -> Option<SourceLine> {
        let spot = self.spot(line)?;
        let mut controls = spot.source.controls(spot.function).into_iter();
        let around = controls.rfind(|control| {
            let decides = ["if", "switch"];
            let is_loop = !decides.iter().any(|word| spot.source.is(control.at, word));
            is_loop && self.holds(spot, control)
        })?;
        self.way_out(spot, &around, None)
    }

    /// What decides about leaving a loop, and looks at no call: `result` is that of one.
    fn way_out(
        &self,
        spot: Spot<'a>,
        around: &Control,
        result: Option<&str>,
    ) -> Option<SourceLine> {
        let source = spot.source;
        let controls = source.controls(spot.function);
        let flags = source.names(around.header.clone());
        let mut places = around.body.clone().filter(|at| {
            let is_flag = || flags.iter().any(|flag| source.gives(flag, *at));
            let leaves = LEAVES.iter().any(|word| source.is(*at, word));
            leaves || (result.is_none() && source.is(*at, SKIPS)) || is_flag()
        });
        let decides = places.by_ref().take(PLACES_MAX).find_map(|place| {
            let decides = controls.iter().rfind(|control| {
                control.at != around.at
                    && source.is(control.at, "if")
                    && control.body.contains(&place)
            })?;
            let names = source.names(decides.header.clone());
            let of_result = result.is_some_and(|result| names.contains(&result));
            let calls = decides.header.clone().any(|at| {
                let name = source.word(at).filter(|_| source.is(at + 1, "("));
                name.is_some_and(|name| self.is_checked(name))
            });
            (!of_result && !calls && around.body.contains(&decides.at)).then_some(decides.at)
        });
        source.place(decides?)
    }

    /// Whether a call in a condition may be there for its failure: one of the kernel, or a function of the student's.
    fn is_checked(&self, name: &str) -> bool {
        let own = |source: &Source<'_>| source.functions.iter().any(|it| it.name == name);
        is_of_kernel(name) || self.sources.iter().any(own)
    }

    /// What should have refused what came before a program waits: the last statement before that ends it or complains.
    pub(super) fn refuses_before(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        let spot = lines.last().and_then(|line| self.spot(line))?;
        let source = spot.source;
        let mut controls = source.controls(spot.function).into_iter();
        let refuses = controls.rfind(|control| {
            let before = source.line(control.body.end.saturating_sub(1));
            let mut body = control.body.clone();
            let ends = body.any(|at| {
                let words = ["exit", "return", "stderr", "perror"];
                words.iter().any(|word| source.is(at, word))
            });
            source.is(control.at, "if") && before.is_some_and(|line| line < spot.line) && ends
        })?;
        source.place(refuses.at)
    }

    /// The call that a program waits in, and the innermost loop around it.
    fn waiting_loop(&self, lines: &[SourceLine]) -> Option<(Spot<'a>, Written, Control)> {
        let spot = lines.first().and_then(|line| self.spot(line))?;
        let call = self.call(spot)?;
        let mut controls = spot.source.controls(spot.function).into_iter();
        let around = controls.rfind(|control| {
            let decides = ["if", "switch"];
            !decides.iter().any(|word| spot.source.is(control.at, word))
                && control.body.contains(&call.at)
        })?;
        Some((spot, call, around))
    }

    /// A program that read to an end that should not have come: where what it reads was opened, and what looks at the end.
    pub(super) fn read_to_the_end(&self, end: &SourceLine) -> Vec<SourceLine> {
        const READS: [&str; 6] = ["read", "getline", "fgets", "fread", "getc", "fgetc"];
        const OPENS: [&str; 3] = ["open", "fopen", "fdopen"];
        let Some(spot) = self.spot(end) else {
            return Vec::new();
        };
        let source = spot.source;
        let body = spot.function.body.clone();
        let mut calls = body.filter(|at| {
            let is_read = source.word(*at).is_some_and(|name| READS.contains(&name));
            is_read && source.line(*at).is_some_and(|line| line < spot.line)
        });
        let Some(call) = calls.next_back().and_then(|at| source.call_at(at)) else {
            return Vec::new();
        };
        let handles = call.args.iter().flat_map(|arg| source.names(arg.clone()));
        let opened = handles
            .filter_map(|name| source.last_write(name, spot.function, call.at))
            .find(|write| {
                let called = source.callees(write);
                called.iter().any(|name| OPENS.contains(name))
            });
        let result = result_of(spot, &call);
        let looks = source.controls(spot.function).into_iter().find(|control| {
            let names = source.names(control.header.clone());
            let of_result = result.is_some_and(|result| names.contains(&result));
            control.header.contains(&call.at) || (control.at > call.end && of_result)
        });
        let Some(opened) = opened else {
            return Vec::new();
        };
        let places = [Some(opened.at), looks.map(|control| control.at)];
        let places = places.into_iter().flatten();
        places.filter_map(|at| source.place(at)).collect()
    }
}

fn call_holds(call: &Written, at: usize) -> bool {
    let tokens: Range<usize> = call.at..call.end;
    tokens.contains(&at)
}

/// The name that a call's result is given to.
fn result_of<'a>(spot: Spot<'a>, call: &Written) -> Option<&'a str> {
    let equals = call.at.checked_sub(1)?;
    spot.source
        .is(equals, "=")
        .then(|| spot.source.name_before(equals))
        .flatten()
}
