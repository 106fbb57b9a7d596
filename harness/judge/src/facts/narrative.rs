//! The narrative: what became of an actor and why, in the words of findings.

use ipclab_evidence::{
    ActorEvidence, Address, Arg, Call, Ended, Errno, Exit, LimitHit, LimitKind, Object, SourceLine,
    Wait, belongs, canonical, name_in_c,
};
use ipclab_spec::{ExitExpectation, Player};

use super::lookup::{Facts, address_of, show_address};
use crate::errno::described;
use crate::finding::{Finding, Verdict};
use crate::quote::quoted;

/// Words that one sentence about who waits may have, and `no program can go on` before it.
const WORDS_MAX: usize = 20;
/// Words that what happened and why may have in one sentence.
const REASON_WORDS_MAX: usize = 24;
/// Words that who is to blame may have in the sentence of what came of it.
const CULPRIT_WORDS_MAX: usize = 12;

impl<'a> Facts<'a> {
    /// `recv() (#30)`
    pub(crate) fn waits_in(&self, wait: &Wait) -> String {
        if let Some(text) = self.waits_for_threads(wait) {
            return text;
        }
        let call = self.evidence.name_of_wait(wait);
        let at = if wait.n > 0 {
            format!(" (#{})", wait.n)
        } else {
            String::new()
        };
        if let Some(lock) = self.waits_for_lock(wait) {
            return format!("{call}(){at}{lock}");
        }
        if let Some(semaphore) = self.waits_for_semaphore(wait) {
            return format!("{call}(){at}{semaphore}");
        }
        if let Some(ends) = self.open_ends(wait) {
            let on = match wait.object {
                Some(Object::Socket(_)) => "one of two sockets",
                _ => "a pipe",
            };
            return format!("{call}(){at} on {on}: {ends}");
        }
        match (&wait.object, call) {
            (Some(Object::Standard(0)), _) => format!("{call}(){at} on its stdin"),
            (_, "sleep") => format!("sleep(){at}"),
            (None, "stopped") => "state T (stopped): a signal has stopped it".to_owned(),
            (Some(Object::Standard(fd)), _) => format!("{call}(){at} on its descriptor {fd}"),
            _ => format!("{call}(){at}"),
        }
    }

    /// `its write end is still open in process 4003 (descriptor 4). End of file comes only when every copy of it is closed`
    fn open_ends(&self, wait: &Wait) -> Option<String> {
        /// So many are named; a reader of more learns nothing.
        const NAMED_MAX: usize = 3;
        let reads = belongs(&wait.call, true, "recv");
        let own_stdin = matches!(wait.object, Some(Object::Standard(_)));
        if own_stdin || !reads {
            return None;
        }
        // What programs of ours keep open to themselves is meant so, and no student can close it.
        let is_ours = |actor: usize| !self.is_student(actor);
        if is_ours(wait.actor) && wait.other_ends.iter().all(|end| is_ours(end.actor)) {
            return None;
        }
        if let (true, Some(call)) = (wait.other_ends.is_empty(), wait.in_flight.first()) {
            return Some(format!(
                "its write end was passed at #{call} and never received. End of file comes only when it is received and closed"
            ));
        }
        if wait.other_ends.is_empty() {
            return None;
        }
        let named = wait.other_ends.iter().take(NAMED_MAX).map(|end| {
            let whose = match end.pid == wait.pid && end.actor == wait.actor {
                true => "itself".to_owned(),
                false => self.process(end.actor, end.pid),
            };
            // Of several it would be the same line again and again.
            let made = match wait.other_ends.len() {
                1 => self.made_at(end.actor, end.pid),
                _ => None,
            };
            let came = match (end.came_by, made) {
                (Some(call), _) => format!(", passed at #{call}"),
                (None, Some(line)) => format!(", a process made at {line}"),
                (None, None) => String::new(),
            };
            format!("{whose} (descriptor {}{came})", end.fd)
        });
        let named: Vec<String> = named.collect();
        let more = match wait.other_ends.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let which = match wait.object {
            Some(Object::Socket(_)) => "the other one",
            _ => "its write end",
        };
        Some(format!(
            "{which} is still open in {}{more}. End of file comes only when every copy of it is closed",
            named.join(", ")
        ))
    }

    /// Where in the student's files a process was made.
    fn made_at(&self, actor: usize, pid: u32) -> Option<&'a SourceLine> {
        let mut calls = self.evidence.trace.iter();
        let made = calls.find(|call| {
            let returned = call.returned.as_ref().map(|returned| returned.value);
            let makes = canonical(&call.name, false) == "fork";
            makes && call.actor == actor && returned == Some(i64::from(pid))
        });
        made?.lines.first()
    }

    /// Every process that waited when the case was over.
    pub(super) fn waits_at_end(&self) -> &'a [Wait] {
        match &self.evidence.ended {
            Ended::Stuck { waits }
            | Ended::DeadlineExceeded { waits, .. }
            | Ended::ClockRanOut { waits, .. } => waits,
            Ended::AllExited | Ended::LimitHit { .. } => &[],
        }
    }

    /// Why a file may not hold what it should, to stand behind what it holds: a process of the student's waits for end of file
    /// that cannot come, or for a lock or a semaphore. Empty: none does.
    pub(crate) fn held_up(&self) -> String {
        let mut waits = self.waits_at_end().iter();
        let held = waits.find(|wait| {
            let is_held = self.open_ends(wait).is_some()
                || self.waits_for_lock(wait).is_some()
                || self.waits_for_semaphore(wait).is_some();
            self.is_student(wait.actor) && is_held
        });
        held.map_or(String::new(), |wait| {
            let who = self.process(wait.actor, wait.pid);
            format!(". The reason: {who} waits in {}", self.waits_in(wait))
        })
    }

    /// The call that sent the signal which a process waits for in vain: it came before the wait began.
    pub(crate) fn lost_signal(&self, wait: &Wait) -> Option<&'a Call> {
        let waits = |call: &Call| matches!(canonical(&call.name, false), "pause" | "sigsuspend");
        let sends = |call: &Call| {
            let to = call.args.first().and_then(Arg::number);
            let sent = canonical(&call.name, false) == "kill" && call.errno().is_none();
            sent && (to == Some(i64::from(wait.pid)) || (to == Some(0) && call.actor == wait.actor))
        };
        let (mut waiting, mut lost) = (false, None);
        for call in &self.evidence.trace {
            if call.pid == wait.pid && call.actor == wait.actor && waits(call) {
                if call.n == wait.n {
                    return lost;
                }
                waiting = true;
            } else if sends(call) {
                // Each wait is ended by one signal.
                match waiting {
                    true => waiting = false,
                    false => lost = Some(call),
                }
            }
        }
        None
    }

    /// `server waits in accept() (#23), our client waits in recv() (#30)`, when the case came to a standstill.
    pub(crate) fn standstill(&self) -> Option<String> {
        let each = self.waits_at_end().iter().map(|wait| {
            let what = self.awaited(wait).unwrap_or_default();
            format!(
                "{} waits in {}{what}",
                self.waiter(wait),
                self.waits_in(wait)
            )
        });
        let each: Vec<String> = each.collect();
        let all = each.join(", ");
        // Of many, each is a sentence of its own.
        let is_long = all.split_whitespace().count() > WORDS_MAX;
        (each.len() > 1).then(|| if is_long { each.join("; ") } else { all })
    }

    /// `shell`, or `process 4003 of shell` where it is told what that one waits for.
    fn waiter(&self, wait: &Wait) -> String {
        match wait.other_ends.is_empty() {
            true => self.who(wait.actor),
            false => self.process(wait.actor, wait.pid),
        }
    }

    /// `shell` for an actor's first process, `process 4003 of shell` for another of its own.
    pub(crate) fn process(&self, actor: usize, pid: u32) -> String {
        let first = self.actor(actor).and_then(|actor| actor.pid);
        match first == Some(pid) {
            true => self.who(actor),
            false => format!("process {pid} of {}", self.who(actor)),
        }
    }

    /// What would end a wait: ` for bytes from our client`.
    fn awaited(&self, wait: &Wait) -> Option<String> {
        // That it waits for itself has been said.
        if !wait.other_ends.is_empty() || self.waits_for_semaphore(wait).is_some() {
            return None;
        }
        let socket = match wait.object {
            Some(Object::Socket(socket)) => self.socket(socket),
            _ => None,
        };
        let other = socket.and_then(|socket| self.socket(socket.peer?));
        let other = other.map(|other| self.who(other.actor));
        let call = canonical(&wait.call, socket.is_some());
        Some(match (call, other) {
            ("recv", Some(other)) => format!(" for bytes from {other}"),
            ("recv", None) if socket.is_some() => " for a message".to_owned(),
            ("send", Some(other)) => format!(" for {other} to read"),
            ("accept", _) => " for a connection".to_owned(),
            ("wait", _) => " for a child process to end".to_owned(),
            ("semop", _) => " for a semaphore".to_owned(),
            _ => return None,
        })
    }

    /// What became of an actor, to follow `because` or a colon: `it waits in recv() (#30)`. `None`: it ended well.
    pub(crate) fn fate(&self, index: usize) -> Option<String> {
        let actor = self.actor(index)?;
        match &actor.exit {
            Exit::NotStarted => Some(match self.why_not_started(index) {
                Some(why) => format!("it never started, because {}", root_of(&why)),
                None => "it never started".to_owned(),
            }),
            Exit::NotExecuted(errno) => Some(format!("it could not be started: {errno}")),
            Exit::Code(0) => None,
            Exit::Code(status) => Some(match self.last_failure(index) {
                Some(call) => format!("it ended with status {status} after {}", self.failure(call)),
                None => format!("it ended with status {status}"),
            }),
            Exit::Signal { name, call, .. } => Some(match call {
                Some(call) => format!("it was killed by {name} in {}()", name_in_c(call)),
                None => format!("it was killed by {name}"),
            }),
            Exit::Running {
                wait: Some(wait), ..
            } => Some(format!("it waits in {}", self.waits_in(wait))),
            Exit::Running { wait: None, .. } => Some(match self.stopped_before(index) {
                Some(stopped) => {
                    format!(
                        "it was still running when {} was stopped",
                        self.who(stopped)
                    )
                }
                None => "it computes without end".to_owned(),
            }),
            Exit::Stopped(limit) => Some(format!("it was stopped: it {}", Self::hit(actor, limit))),
        }
    }

    /// Another actor whose limit ended the case, before it could be seen what becomes of this actor.
    pub(crate) fn stopped_before(&self, index: usize) -> Option<usize> {
        match self.evidence.ended {
            Ended::LimitHit { actor } if actor != index => Some(actor),
            _ => None,
        }
    }

    /// `second was still running when first was stopped: it printed more than 1000 lines: it prints without end`
    pub(crate) fn cut_short(&self, index: usize, stopped: usize) -> String {
        let why = match self.actor(stopped) {
            Some(
                actor @ ActorEvidence {
                    exit: Exit::Stopped(limit),
                    ..
                },
            ) => format!(": it {}", Self::hit(actor, limit)),
            _ => String::new(),
        };
        format!(
            "{} was still running when {} was stopped{why}",
            self.who(index),
            self.who(stopped)
        )
    }

    /// `used up its 2000 ms of CPU time`
    pub(crate) fn hit(actor: &ActorEvidence, limit: &LimitHit) -> String {
        let n = limit.limit;
        // No single process need have been so large: the reader must see how it was counted.
        let counted = match actor.counted {
            Some(_) => " (all its processes together, counted by cgroup v2)",
            None => "",
        };
        match limit.kind {
            LimitKind::Cpu => format!("used up its {n} ms of CPU time: it computes for ever"),
            LimitKind::Output => format!("printed more than {n} bytes: it prints without end"),
            LimitKind::Lines => format!("printed more than {n} lines: it prints without end"),
            LimitKind::Processes => format!("made more than {n} processes{counted}"),
            LimitKind::Memory => format!("used more than {n} MiB of memory{counted}"),
            LimitKind::FileSize => format!("wrote a file of more than {n} MiB"),
            LimitKind::OpenFiles => format!("opened more than {n} descriptors"),
            LimitKind::Calls => format!("made more than {n} system calls: a loop without end"),
            LimitKind::IpcObjects => format!("made more than {n} System V objects"),
            LimitKind::Files => format!("made more than {n} files"),
            LimitKind::Accesses => format!("touched shared memory more than {n} times"),
            LimitKind::UnseenMemory => "reached for memory in a way that cannot be watched, as \
                                        through /proc/PID/mem"
                .to_owned(),
            LimitKind::UnreadablePrograms => {
                "became a program that cannot be watched, since it may not be read".to_owned()
            }
            LimitKind::Terminals => "opened a terminal that is not its own".to_owned(),
            LimitKind::Neighbours => {
                "reached a process or service of this machine that is not the case's".to_owned()
            }
        }
    }

    /// `bind() failed with EADDRINUSE at #9`
    pub(crate) fn failure(&self, call: &Call) -> String {
        let to = match (canonical(&call.name, true), address_of(self, call)) {
            // A connected Unix socket's other end mostly has no name: that says nothing.
            ("connect" | "send", Some(Address::Unnamed)) => String::new(),
            ("connect" | "send", Some(address)) => format!(" to {}", show_address(&address)),
            _ => String::new(),
        };
        format!(
            "{}{to} failed with {} at #{}",
            Self::name(call),
            call.errno()
                .map_or_else(|| "an error".to_owned(), described),
            call.n
        )
    }

    /// The last call of this actor that failed in a way that a program has to report.
    pub(crate) fn last_failure(&self, index: usize) -> Option<&'a Call> {
        let failures = || {
            self.calls(index)
                .rev()
                .filter(|call| is_failure(call, self))
        };
        let mut others = failures().filter(|call| !is_shut_by_itself(call, self));
        others.next().or_else(|| failures().next())
    }

    /// The first such call.
    pub(crate) fn first_failure(&self, index: usize) -> Option<&'a Call> {
        let failures = || self.calls(index).filter(|call| is_failure(call, self));
        let mut others = failures().filter(|call| !is_shut_by_itself(call, self));
        others.next().or_else(|| failures().next())
    }

    /// Whether it went on although it was to end, or ended in another way than expected.
    pub(crate) fn ended_badly(&self, index: usize) -> bool {
        let Some(actor) = self.actor(index) else {
            return false;
        };
        let wanted = self.role(index).and_then(|role| role.exit.as_ref());
        match &actor.exit {
            Exit::NotStarted | Exit::NotExecuted(_) | Exit::Stopped(_) => true,
            Exit::Code(0) => false,
            Exit::Code(_) => !matches!(
                wanted,
                Some(ExitExpectation::Failure | ExitExpectation::Ended | ExitExpectation::Any)
            ),
            Exit::Signal { name, .. } => match wanted {
                Some(ExitExpectation::Signal(signal)) => signal != name,
                // The case sends it to look at what a program has made, and no program can do anything about it.
                Some(ExitExpectation::Any) => name != "SIGKILL",
                _ => true,
            },
            Exit::Running { .. } => !matches!(wanted, Some(ExitExpectation::Running)),
        }
    }

    /// The first student's program that had to be ended, though its spec does not say that it runs on: what it would still have done
    /// is not known. A program that `listens` is a server, of which no end is expected unless its spec says so.
    pub(crate) fn cut_off(&self) -> Option<usize> {
        let never_ended = |exit: &Exit| matches!(exit, Exit::Running { .. } | Exit::Stopped(_));
        let may_run_on = |index: usize| {
            self.role(index).is_none_or(|role| match &role.exit {
                Some(ExitExpectation::Running | ExitExpectation::Any) => true,
                Some(
                    ExitExpectation::Code(_)
                    | ExitExpectation::Failure
                    | ExitExpectation::Signal(_)
                    | ExitExpectation::Ended,
                ) => false,
                None => role.listens.is_some(),
            })
        };
        let mut actors = self.evidence.actors.iter().enumerate();
        actors
            .find(|(index, actor)| {
                self.is_student(*index) && never_ended(&actor.exit) && !may_run_on(*index)
            })
            .map(|(index, _)| index)
    }

    /// A finding about what is there at the end, which a program that had to be ended does not earn.
    pub(crate) fn at_the_end(&self, what: &str, finding: Finding) -> Finding {
        match (finding.verdict, self.cut_off()) {
            (Verdict::Pass, Some(index)) => {
                let (who, why) = (self.who(index), self.because(index));
                let held_up = self.held_up();
                let text = format!("{what} does not count, since {who} never ended{why}{held_up}");
                Finding::fail(
                    finding.aspect,
                    Some(&self.evidence.actors[index].name),
                    text,
                )
            }
            _ => finding,
        }
    }

    /// What went wrong on our side or the machine's: what the sandbox says, or a script or program of ours that could not be
    /// played at all. A peer that is not content says so in a complaint.
    pub(crate) fn trouble(&self) -> Option<String> {
        let unplayed = |index: usize| {
            let actor = self.actor(index)?;
            let peer = matches!(self.role(index)?.player, Player::Peer { .. });
            match &actor.exit {
                Exit::NotExecuted(errno) if !self.is_student(index) => Some(format!(
                    "{} could not be started: {}",
                    self.who(index),
                    quoted(errno)
                )),
                Exit::Code(status) if peer && *status != 0 && actor.complaints.is_empty() => {
                    Some(format!(
                        "{} could not play its script and ended with status {status}",
                        self.who(index)
                    ))
                }
                Exit::NotExecuted(_)
                | Exit::Code(_)
                | Exit::NotStarted
                | Exit::Signal { .. }
                | Exit::Running { .. }
                | Exit::Stopped(_) => None,
            }
        };
        let said = self
            .evidence
            .trouble
            .first()
            .map(|trouble| crate::quote::escaped_line(trouble));
        said.or_else(|| (0..self.evidence.actors.len()).find_map(unplayed))
    }

    /// What another program of the student's did that may explain why this actor came to nothing.
    pub(crate) fn culprit(&self, not: usize) -> Option<String> {
        let others = (0..self.evidence.actors.len()).filter(|index| *index != not);
        let mut culprits = others.filter(|index| self.is_student(*index));
        if let Some(why) = culprits
            .clone()
            .find_map(|index| self.not_served_briefly(index))
        {
            return Some(why);
        }
        if let Some((why, _)) = culprits
            .clone()
            .find_map(|index| self.out_of_reach(not, index))
        {
            return Some(why);
        }
        if let Some((why, _)) = culprits.clone().find_map(|index| self.misdirected(index)) {
            return Some(why);
        }
        // An actor that never started is a victim, too.
        let started = |index: &usize| {
            self.actor(*index)
                .is_some_and(|actor| actor.exit != Exit::NotStarted)
        };
        let index = culprits.find(|index| self.ended_badly(*index) && started(index))?;
        let fate = self.fate(index)?;
        Some(format!(
            "{}{}",
            self.who(index),
            fate.strip_prefix("it").unwrap_or(&fate)
        ))
    }

    /// What to append to a symptom of this actor: `: it waits in recv() (#30), because ...`. Empty when it ended well.
    pub(crate) fn because(&self, index: usize) -> String {
        let own = if self.ended_badly(index) {
            self.fate(index)
        } else {
            None
        };
        let culprit = if self.is_student(index) {
            None
        } else {
            self.culprit(index)
        };
        match (own, culprit) {
            (Some(own), Some(_)) if own.contains("because") => format!(": {own}"),
            (Some(own), Some(culprit)) => format!(": {}", with_reason(&own, &culprit)),
            (Some(own), None) => format!(": {own}"),
            (None, Some(culprit)) if culprit.split_whitespace().count() > CULPRIT_WORDS_MAX => {
                format!(". The reason: {culprit}")
            }
            (None, Some(culprit)) => format!(", because {culprit}"),
            (None, None) => String::new(),
        }
    }
}

/// Of actors that wait for one another to start, why the first of them did not.
pub(crate) fn root_of(why: &str) -> &str {
    const CHAIN: &str = "never started, because ";
    why.rsplit_once(CHAIN).map_or(why, |(_, root)| root)
}

/// What happened and why: in one sentence where it is short enough.
pub(crate) fn with_reason(what: &str, why: &str) -> String {
    // An address has a colon in it, and a path a full stop: neither ends a sentence.
    let ends = |word: &&str| word.ends_with([':', ';', '.']);
    let last = what.split_whitespace().rev().take_while(|word| !ends(word));
    let mut over = false;
    let first = why.split_whitespace().take_while(|word| {
        let before = over;
        over = ends(word);
        !before
    });
    let words = last.count() + first.count();
    match what.contains(". ") || words > REASON_WORDS_MAX {
        true => format!("{what}. The reason: {why}"),
        false => format!("{what}, because {why}"),
    }
}

/// Whether a program was looked for along `PATH` and found later: `execvp(3)` tries one folder after the other.
fn is_search(call: &Call, facts: &Facts<'_>) -> bool {
    let exec = |call: &Call| canonical(&call.name, false) == "exec";
    // What another of its processes starts meanwhile is no part of the search.
    let mut later = facts
        .calls(call.actor)
        .filter(|other| other.n > call.n && other.pid == call.pid);
    exec(call) && later.any(|other| exec(other) && other.errno().is_none())
}

/// Whether a call failed in a way that ends well-behaved programs; what `EINTR`, `EAGAIN` and searching for files answer
/// is everyday life.
fn is_failure(call: &Call, facts: &Facts<'_>) -> bool {
    let Some(errno) = call.errno() else {
        return false;
    };
    let everyday = matches!(
        (canonical(&call.name, Facts::on_socket(call)), errno),
        (
            "open" | "unlink" | "stat" | "access" | "ioctl" | "readlink" | "close",
            _
        ) | (
            _,
            Errno::EINTR | Errno::EAGAIN | Errno::ECHILD | Errno::EINPROGRESS | Errno::ENOTCONN
        )
    );
    let resolver = match (&call.object, address_of(facts, call)) {
        (_, Some(Address::Path(path))) => path.0.ends_with(b"/nscd/socket"),
        (_, Some(Address::Inet(to))) => to.port() == 53,
        (Some(Object::Socket(socket)), _) => facts.is_of_resolver(*socket),
        (_, Some(Address::Abstract(_) | Address::Unnamed | Address::Other(_)) | None) => false,
    };
    !everyday && !resolver && !is_search(call, facts)
}

/// Whether a call failed since the program had shut its own end down before: it knows that, and may want to see it. Where another
/// call failed as well, that one is meant.
fn is_shut_by_itself(call: &Call, facts: &Facts<'_>) -> bool {
    let Some(Object::Socket(socket)) = call.object else {
        return false;
    };
    let shuts = |before: &Call| {
        let is_it = before.name == "shutdown" && before.object == call.object;
        let how = before.args.get(1);
        let ends = how.is_some_and(|how| how.has("SHUT_WR") || how.has("SHUT_RDWR"));
        is_it && ends && before.errno().is_none() && before.n < call.n
    };
    let is_late = call.errno() == Some(Errno::EPIPE) && call.tampered.is_none();
    is_late && facts.socket(socket).is_some() && facts.calls(call.actor).any(shuts)
}
