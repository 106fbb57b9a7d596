//! What was printed, or was not: what it hangs on.

use ipclab_evidence::{Exit, SourceLine};
use ipclab_spec::Aspect;

use super::look::{Look, at};

/// Places that write one flag which are looked at.
const WRITES_MAX: u32 = 16;
/// Conditions of one flag that are named.
const CONDITIONS_MAX: usize = 2;

impl<'a> Look<'a> {
    /// What belongs on stderr and was printed on stdout.
    pub(super) fn said_on_stdout(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let Some((_, actor)) = self
            .actor
            .filter(|_| self.is_own && self.says("printed nothing on stderr"))
        else {
            return Vec::new();
        };
        let failed = matches!(actor.exit, Exit::Code(status) if status != 0);
        let mut printed = actor.printed.iter().filter(|write| write.stream == 1);
        let last = printed
            .next_back()
            .filter(|_| failed && actor.stderr.head.0.is_empty());
        last.and_then(|write| write.lines.first())
            .cloned()
            .into_iter()
            .collect()
    }

    /// It ended as if it had failed, and complained of nothing: the statement that ended it, and what that hangs on.
    pub(super) fn ended_early(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let silent = self.actor.is_some_and(|(_, actor)| {
            let failed = matches!(actor.exit, Exit::Code(status) if status != 0);
            failed && actor.stderr.head.0.is_empty() && actor.ended_at.is_empty()
        });
        let is_it = self.is_own && self.says("instead of") && self.says("it ended with status ");
        if !silent || !is_it || self.finding.aspect != Aspect::Output {
            return Vec::new();
        }
        let Some(end) = self.end_line().filter(|end| !lines.contains(end)) else {
            return Vec::new();
        };
        let Some(guard) = self.spot(&end).and_then(|spot| self.guard_around(spot)) else {
            return Vec::new();
        };
        vec![end, guard]
    }

    /// A line that is missing, and for which the text has a call: what that hangs on, and how often it runs.
    pub(super) fn not_printed(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if self.finding.aspect != Aspect::Output || !self.is_own {
            return Vec::new();
        }
        if self.says(" on stderr") && self.says(" did not print `") {
            let complaint = self.complaint_lines().and_then(<[_]>::first);
            // Where nothing was said of the call itself, it gave up in silence.
            let gives_up = self.gives_up(lines).filter(|_| lines.len() > 1);
            return gives_up.into_iter().chain(complaint.cloned()).collect();
        }
        let words = self.plain_words();
        let missing = match () {
            () if words.contains(" did not print `") => words.split('`').nth(1),
            () if words.contains("` where `") => words.split('`').nth(3),
            () if words.contains("` only on line ") => words.split('`').nth(1),
            () => None,
        };
        let Some(missing) = missing.map(|line| line.trim_matches('.')) else {
            return Vec::new();
        };
        let ended_early = self.complaint_lines().is_some();
        let printing = self.prints(missing).or_else(|| self.prints_like(missing));
        let Some(line) = printing.filter(|_| !ended_early) else {
            return Vec::new();
        };
        let Some(spot) = self.spot(&line) else {
            return Vec::new();
        };
        let mut from: Vec<SourceLine> = self.skipped(&line).into_iter().collect();
        if words.contains("` only on line ") {
            let prints = spot.source.calls_on(spot.line).into_iter().next();
            from.extend(prints.and_then(|call| self.operand_of(spot, &call)));
        } else {
            from.extend(self.ended_by(&line));
            from.extend(self.guard_around(spot));
            from.extend(self.child_ends(spot));
        }
        let loops = self.loops(std::slice::from_ref(&line));
        from.extend(loops.into_iter().next());
        from.dedup();
        from.extend(self.bound_around(spot));
        match from.is_empty() {
            true => self.ends_behind(spot).into_iter().collect(),
            false => from,
        }
    }

    /// The call whose format has the longest text of a line of which a part is left open.
    fn prints_like(&self, line: &str) -> Option<SourceLine> {
        /// A shorter text is found by accident.
        const LETTERS_MIN: usize = 6;
        let mut best: Option<(usize, SourceLine)> = None;
        for source in self.sources {
            let bodies = source
                .functions
                .iter()
                .flat_map(|function| function.body.clone());
            for call in bodies.filter_map(|token| source.call_at(token)) {
                let Some((_, format)) = source.format_of(&call) else {
                    continue;
                };
                // Behind a `%` stands first what it asks for.
                let parts = format.split(['%', '\n']).enumerate();
                let known = parts.map(|(nth, text)| match nth {
                    0 => text.trim(),
                    _ => text.trim_start_matches(|c: char| !c.is_whitespace()).trim(),
                });
                let longest = known.filter(|text| line.contains(text)).map(str::len).max();
                let letters = longest.filter(|letters| *letters >= LETTERS_MIN);
                if let (Some(letters), Some(at_line)) = (letters, source.line(call.at))
                    && best.as_ref().is_none_or(|(known, _)| letters > *known)
                {
                    best = Some((letters, at(source, at_line)));
                }
            }
        }
        best.map(|(_, line)| line)
    }

    /// What printed a line hangs on a flag: what decides about the flag, the nearest places.
    pub(super) fn flag(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        // What should have been refused at once is another matter.
        let is_given = self.must_fail && !self.finding.message.starts_with("when ");
        let is_it = self.finding.aspect == Aspect::Output && self.says("must not be there");
        let is_it = is_it && !is_given;
        let shown = lines.first().filter(|_| is_it);
        let Some(spot) = shown.and_then(|line| self.spot(line)) else {
            return Vec::new();
        };
        let source = spot.source;
        let controls = source.controls(spot.function);
        let Some(guard) = controls.iter().rfind(|control| self.holds(spot, control)) else {
            return Vec::new();
        };
        // `if (bad)`, `if (!bad)`
        let names = source.names(guard.header.clone());
        let [name] = names[..] else {
            return Vec::new();
        };
        if !source.is(guard.at, "if") || guard.header.len() > 2 {
            return Vec::new();
        }
        let mut from: Vec<SourceLine> = Vec::new();
        let mut before = guard.at;
        for _ in 0..WRITES_MAX {
            let Some(write) = source.last_write(name, spot.function, before) else {
                break;
            };
            if write.at >= before || from.len() == CONDITIONS_MAX {
                break;
            }
            before = write.at;
            let decides = controls
                .iter()
                .rfind(|control| control.body.contains(&write.at));
            let line = decides.and_then(|control| source.line(control.at));
            from.extend(line.map(|line| at(source, line)));
        }
        from
    }

    /// The loop that takes what comes is left at once: where, and where it takes it.
    pub(super) fn took_once(&self) -> Vec<SourceLine> {
        let sites = self.sites("recv").into_iter();
        let mut found = Vec::new();
        for lines in sites {
            found.extend(self.ends_at_once(lines));
            found.extend(lines.first().cloned());
        }
        found
    }
}
