//! What a program did beyond what it should: text that it printed, objects that it made.

use ipclab_evidence::{Arg, Exit, SourceLine, canonical};
use ipclab_spec::Aspect;

use super::look::{Look, is_of_kernel};

/// Functions that print.
const PRINTS: [&str; 10] = [
    "printf", "fprintf", "dprintf", "puts", "fputs", "putchar", "fputc", "putc", "fwrite", "write",
];
/// Those that print one character.
const ONE_CHARACTER: [&str; 3] = ["putchar", "putc", "fputc"];
/// Letters of a text that is looked for: a shorter one is found by accident.
const LETTERS_MIN: usize = 3;

impl<'a> Look<'a> {
    /// A line that has more text than it should: what prints that.
    pub(super) fn extra_text(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let words = self.plain_words();
        let between = ["` instead of `", "` where `"];
        let is_it = self.finding.aspect == Aspect::Output && self.is_own;
        if !is_it || !between.iter().any(|text| words.contains(text)) {
            return Vec::new();
        }
        let mut quoted = words.split('`').skip(1).step_by(2);
        let (Some(seen), Some(expected)) = (quoted.next(), quoted.next()) else {
            return Vec::new();
        };
        let extra = seen
            .strip_suffix(expected)
            .or_else(|| seen.strip_prefix(expected));
        let extra = extra.map(str::trim).filter(|it| it.len() >= LETTERS_MIN);
        let Some(extra) = extra.filter(|_| !expected.is_empty()) else {
            return Vec::new();
        };
        let found = self.sources.iter().find_map(|source| {
            let bodies = source.functions.iter();
            let mut tokens = bodies.flat_map(|function| function.body.clone());
            let prints = tokens.find(|token| {
                let call = source.call_at(*token);
                let format = call.and_then(|call| Some(source.format_of(&call)?.1));
                format.is_some_and(|format| format.trim() == extra)
            })?;
            source.place(prints)
        });
        let found = found.filter(|line| lines.first() != Some(line));
        found.into_iter().collect()
    }

    /// What was printed before the program ended, and came out when it did: the last call that prints, and what it hangs on.
    pub(super) fn printed_before(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.finding.aspect == Aspect::Output && self.is_own;
        let spot = lines.first().filter(|_| is_it);
        let Some(spot) = spot.and_then(|line| self.spot(line)) else {
            return Vec::new();
        };
        let source = spot.source;
        let ends = ["return", "exit"];
        let body = spot.function.body.clone();
        let on_line = |at: &usize| source.line(*at) == Some(spot.line);
        let is_end = body
            .clone()
            .filter(on_line)
            .any(|at| ends.iter().any(|word| source.is(at, word)));
        let prints = |at: &usize| {
            source.word(*at).is_some_and(|name| PRINTS.contains(&name)) && source.is(*at + 1, "(")
        };
        if !is_end || body.clone().filter(on_line).any(|at| prints(&at)) {
            return Vec::new();
        }
        let before = body.filter(|at| source.line(*at).is_some_and(|line| line < spot.line));
        let mut printing: Vec<usize> = before.filter(prints).collect();
        // The end of a line says less than what stands in it.
        let is_one = |at: &usize| {
            source
                .word(*at)
                .is_some_and(|it| ONE_CHARACTER.contains(&it))
        };
        let last = printing.iter().rposition(|at| !is_one(at));
        printing.truncate(last.map_or(printing.len(), |last| last + 1));
        let Some(printing) = printing.last().and_then(|at| source.place(*at)) else {
            return Vec::new();
        };
        if let Some(skipped) = self.skipped(&printing) {
            return vec![skipped, printing];
        }
        let guard = self
            .spot(&printing)
            .and_then(|spot| self.guard_around(spot));
        // What it prints comes from the kernel.
        let came = self
            .spot(&printing)
            .filter(|_| guard.is_none())
            .and_then(|spot| {
                let call = spot.source.calls_on(spot.line).into_iter().next()?;
                let names = call
                    .args
                    .iter()
                    .flat_map(|arg| spot.source.names(arg.clone()));
                let mut writes =
                    names.filter_map(|name| spot.source.last_write(name, spot.function, call.at));
                let write = writes.find(|write| {
                    let called = spot.source.callees(write);
                    called.iter().any(|name| is_of_kernel(name))
                })?;
                spot.source.place(write.at)
            });
        guard.into_iter().chain([printing]).chain(came).collect()
    }

    /// It should have found nothing to work with, and made it itself: where.
    pub(super) fn made_itself(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        const CREATES: [&str; 3] = ["O_CREAT", "IPC_CREAT", "S_IFIFO"];
        let ended_well = self
            .actor
            .is_some_and(|(_, actor)| matches!(actor.exit, Exit::Code(0) | Exit::Running { .. }));
        if !self.must_fail || !self.is_own || !ended_well || self.has_failed() {
            return Vec::new();
        }
        let made = self.calls().filter(|call| {
            let name = canonical(&call.name, false);
            let makes = ["open", "shmget", "semget", "msgget"].contains(&name);
            let creates = call
                .args
                .iter()
                .any(|arg| CREATES.iter().any(|flag| arg.has(flag)));
            // One of its own no other program could have made.
            let private = ["shmget", "semget", "msgget"].contains(&name)
                && call.args.first().and_then(Arg::number) == Some(0);
            makes && creates && !private && call.errno().is_none()
        });
        let mut lines: Vec<SourceLine> = made
            .filter_map(|call| call.lines.first().cloned())
            .collect();
        lines.dedup();
        lines
    }
}
