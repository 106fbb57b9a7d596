//! Signals that came when nothing waited for them, or did not come: what blocks them, what sends them.

use ipclab_evidence::{SourceLine, Wait, canonical};

use super::look::{LAST_SITES, Look, Spot};

/// Functions that change which signals are blocked.
const MASKS: [&str; 3] = ["sigprocmask", "pthread_sigmask", "sigblock"];
/// Functions that say what a signal does.
const HANDLERS: [&str; 2] = ["sigaction", "signal"];
/// Calls that wait for a signal, as the kernel names them.
const WAITS: [&str; 4] = ["sigsuspend", "sigtimedwait", "sigwait", "pause"];

impl<'a> Look<'a> {
    /// A signal came before the program waited for it: what decided before the wait which signals are blocked, and where the
    /// program says what they do.
    pub(super) fn came_before(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if !self.says(" had come before (#") {
            return Vec::new();
        }
        let mut spots = lines.iter().filter_map(|line| self.spot(line));
        let found = spots.find_map(|spot| {
            let masks = self.last_before(spot, &MASKS);
            let handlers = self.last_before(spot, &HANDLERS);
            let from: Vec<SourceLine> = masks.into_iter().chain(handlers).collect();
            (!from.is_empty()).then_some(from)
        });
        found.unwrap_or_default()
    }

    /// A signal came to a process that was not ready for it: where the text blocks signals, the last places first; else where it
    /// says what they do.
    pub(super) fn came_unawaited(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        if !self.says(" had no handler for it and did not wait for it") {
            return Vec::new();
        }
        let masks = self.places(&MASKS);
        match masks.is_empty() {
            true => self.places(&HANDLERS),
            false => masks,
        }
    }

    /// A process waits for a signal: where another process of the program sent one last.
    pub(super) fn sends(&self, wait: &Wait) -> Vec<SourceLine> {
        let name = canonical(&wait.call, false);
        if !WAITS.iter().any(|known| name.contains(known)) {
            return Vec::new();
        }
        let sent = self.calls().rfind(|call| {
            let is_other = call.pid != wait.pid && !call.lines.is_empty();
            is_other && ["kill", "tgkill", "tkill", "sigqueue"].contains(&call.name.as_str())
        });
        let line = sent.and_then(|call| call.lines.first()).cloned();
        line.into_iter().collect()
    }

    /// The last call of one of these before a line of its function.
    fn last_before(&self, spot: Spot<'a>, names: &[&str]) -> Option<SourceLine> {
        let source = spot.source;
        let mut body = spot.function.body.clone();
        let last = body.rfind(|at| {
            let is_it = source.word(*at).is_some_and(|name| names.contains(&name));
            is_it && source.is(at + 1, "(") && source.line(*at) < Some(spot.line)
        });
        source.place(last?)
    }

    /// Where the text calls one of these, the last places first.
    fn places(&self, names: &[&str]) -> Vec<SourceLine> {
        let all = self.sources.iter().flat_map(|source| {
            let bodies = source.functions.iter();
            let tokens = bodies.flat_map(|function| function.body.clone());
            let calls = tokens.filter(|at| {
                let is_it = source.word(*at).is_some_and(|name| names.contains(&name));
                is_it && source.is(*at + 1, "(")
            });
            calls.filter_map(|at| source.place(at))
        });
        let mut places: Vec<SourceLine> = all.collect();
        places.reverse();
        places.truncate(LAST_SITES);
        places
    }
}
