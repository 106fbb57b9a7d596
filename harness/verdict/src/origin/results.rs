//! Calls: what they were given, and what looks at their results.

use ipclab_evidence::{Address, Errno, Exit, SourceLine, belongs};
use ipclab_spec::Aspect;

use super::look::{LAST_SITES, Look, at};

impl<'a> Look<'a> {
    /// A call was made to fail, and the program shows elsewhere that it did not look: what looks at its result, or would have to.
    pub(super) fn made_to_fail(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let although = self.still_runs() && self.says(" although ");
        let is_said = self.finding.message.starts_with("when ") && self.says("() fails with ");
        let failed = self.failed();
        let Some(failed) = failed.filter(|_| (although || is_said) && self.still_runs()) else {
            return Vec::new();
        };
        let mut from = self.checks(lines);
        from.extend(failed.first().cloned());
        from
    }

    pub(super) fn still_runs(&self) -> bool {
        self.actor
            .is_some_and(|(_, actor)| matches!(actor.exit, Exit::Running { .. }))
    }

    /// It gave up since a signal had come: the loop that should begin anew, else what looks at the result.
    pub(super) fn interrupted(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let complained = self.actor.map_or("".into(), |(_, actor)| {
            String::from_utf8_lossy(&actor.stderr.head.0)
        });
        let is_it = complained.contains("Interrupted system call");
        let failed = self
            .calls()
            .rfind(|call| call.errno() == Some(Errno::EINTR) && !call.lines.is_empty());
        let failed = failed.filter(|_| is_it);
        let Some(spot) = failed.and_then(|call| self.spot(call.lines.first()?)) else {
            return Vec::new();
        };
        // The loop that serves client after client is not the one that should begin anew: there the call itself is to be mended.
        let serves = |line: &SourceLine| {
            let Some(around) = self.spot(line) else {
                return false;
            };
            let mut body = around.function.body.clone();
            body.any(|at| around.source.is(at, "for") && around.source.line(at) == Some(line.line))
        };
        let guard = self.guard_around(spot);
        let own = at(spot.source, spot.line);
        let mut from = match guard {
            Some(guard) if serves(&guard) && !lines.contains(&own) => vec![own],
            guard => guard.into_iter().collect(),
        };
        from.extend(self.checks(lines));
        from
    }

    /// It connected to where nothing serves: what gives the address its value, the first place first.
    pub(super) fn went_elsewhere(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.is_own && self.says("connect() to ") && self.says("ECONNREFUSED");
        let refused = self.calls().find(|call| {
            let is_refused = call.errno().is_some() && call.tampered.is_none();
            call.name == "connect" && is_refused && !call.lines.is_empty()
        });
        let Some(call) = refused.filter(|_| is_it && !self.must_fail) else {
            return Vec::new();
        };
        let Some(spot) = call.lines.first().and_then(|line| self.spot(line)) else {
            return Vec::new();
        };
        let Some(written) = self.call_named(spot, "connect") else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        if let Some(address) = written.args.get(1) {
            self.follow(
                spot,
                address.clone(),
                written.at,
                &call.lines[1..],
                5,
                &mut steps,
            );
        }
        let main = self
            .main_spot()
            .map(|spot| (spot.source.name, spot.function.body.clone()));
        let in_main = steps.iter().filter(|step| {
            let is_there = |(name, body): &(&str, std::ops::Range<usize>)| {
                step.line.file == *name && step.token.is_some_and(|token| body.contains(&token))
            };
            main.as_ref().is_some_and(is_there)
        });
        in_main.map(|step| step.line.clone()).collect()
    }

    /// Our program could not connect since the socket is of another type: where that is made.
    pub(super) fn other_type(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let mut trace = self.evidence.trace.iter();
        let is_it = trace.any(|call| call.errno() == Some(Errno::EPROTOTYPE));
        let sites = self
            .sites("socket")
            .into_iter()
            .filter(|_| is_it && self.still_runs());
        sites.filter_map(<[_]>::first).take(1).cloned().collect()
    }

    /// A call that is missing, or has other arguments: where else such a call is made.
    pub(super) fn other_sites(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if self.finding.aspect != Aspect::Calls {
            return Vec::new();
        }
        let Some((_, called)) = self.finding.message.split_once(" called ") else {
            return Vec::new();
        };
        let Some((name, _)) = called.split_once("()") else {
            return Vec::new();
        };
        if !self.says("() without ") && !self.says(": expected ") {
            return Vec::new();
        }
        if self.says("and it failed with EINVAL") {
            let set = self.sites("setsockopt").into_iter();
            return set.filter_map(<[_]>::first).take(1).cloned().collect();
        }
        let sites = self.sites(name).into_iter().filter(|site| *site != lines);
        let line = |site: &'a [SourceLine]| match (site.first(), site.last()) {
            (Some(first), Some(last)) if lines.first() == Some(first) => Some(last.clone()),
            (first, _) => first.cloned(),
        };
        let mut from: Vec<SourceLine> = sites.filter_map(line).collect();
        from.dedup();
        from.truncate(LAST_SITES);
        from
    }

    /// Whether it got no more because it had shut its own end down: where, nearest before the line that shows it.
    pub(super) fn shut_itself(&self, lines: &[SourceLine]) -> Option<SourceLine> {
        let shown = lines.last()?;
        let shut = self.calls().filter(|call| {
            let how = call.args.get(1);
            let reads = how.is_some_and(|how| how.has("SHUT_RDWR") || how.has("SHUT_RD"));
            call.name == "shutdown" && call.errno().is_none() && reads
        });
        let places = shut.filter_map(|call| call.lines.last());
        let before = places.filter(|line| line.file == shown.file && line.line < shown.line);
        before.max_by_key(|line| line.line).cloned()
    }

    /// Its path was taken, and nothing removed what was there: what decides about that before it binds.
    pub(super) fn stale(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.says("bind() failed with EADDRINUSE");
        let removes = self
            .calls()
            .any(|call| belongs(&call.name, false, "unlink") && call.errno().is_none());
        let bound = self.calls().find(|call| {
            let by_path = call
                .args
                .iter()
                .any(|arg| matches!(arg.address(), Some(Address::Path(_))));
            call.name == "bind" && by_path && call.errno().is_some()
        });
        let bound = bound.filter(|_| is_it && !removes);
        let Some(spot) = bound.and_then(|call| self.spot(call.lines.first()?)) else {
            return Vec::new();
        };
        let source = spot.source;
        let controls = source.controls(spot.function).into_iter();
        let mut before = controls.filter(|control| {
            let ends = source.line(control.body.end.saturating_sub(1));
            ends.is_some_and(|line| line < spot.line)
        });
        let Some(last) = before.next_back() else {
            return Vec::new();
        };
        let does = last.body.start + usize::from(source.is(last.body.start, "{"));
        let tokens = [last.at, does].into_iter();
        tokens
            .filter_map(|token| source.line(token))
            .map(|line| at(source, line))
            .collect()
    }
}
