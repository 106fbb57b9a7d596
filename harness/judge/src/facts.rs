//! Facts: the case and the evidence side by side, and the questions that every aspect asks of them.

use ipclab_evidence::{
    ActorEvidence, Address, Arg, Call, Direction, Ended, Errno, Evidence, Exit, LimitHit,
    LimitKind, Object, Socket, Transfer, Wait, canonical,
};
use ipclab_spec::{Actor, Case, ExitExpectation, Hole, Part, Player, Template};

use crate::errno::described;
use crate::pattern::{Pattern, Piece};
use crate::quote::{count, quoted};

/// What was expected and what was seen.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) case: &'a Case,
    pub(crate) evidence: &'a Evidence,
}

/// Why a template has no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfilled {
    /// It asks for something that never happened.
    Never(String),
    /// Our trouble.
    Trouble(String),
}

impl<'a> Facts<'a> {
    /// Indices in the evidence of an actor or of its copies, and of one copy of these: of `client.1` and `client.2` for
    /// `client`, of itself for `client.2`.
    pub(crate) fn copies(&self, name: &str) -> Vec<usize> {
        let plays = |seen: &str| {
            let role = || self.case.role(seen);
            seen == name || role().is_some_and(|role| role.name == name)
        };
        let all = self.evidence.actors.iter().enumerate();
        all.filter(|(_, actor)| plays(&actor.name))
            .map(|(index, _)| index)
            .collect()
    }

    pub(crate) fn actor(&self, index: usize) -> Option<&'a ActorEvidence> {
        self.evidence.actors.get(index)
    }

    /// The case's actor that this one of the evidence is a copy of.
    pub(crate) fn role(&self, index: usize) -> Option<&'a Actor> {
        self.case.role(&self.actor(index)?.name)
    }

    pub(crate) fn is_student(&self, index: usize) -> bool {
        self.role(index).is_some_and(Actor::is_student)
    }

    /// How messages call an actor: `server`, or `our client` when the student did not write it.
    pub(crate) fn who(&self, index: usize) -> String {
        let name = self.actor(index).map_or("somebody", |actor| &actor.name);
        match self.role(index).map(|role| &role.player) {
            Some(Player::Reference { .. } | Player::Peer { .. }) => format!("our {name}"),
            Some(Player::Student { .. }) | None => name.to_owned(),
        }
    }

    pub(crate) fn calls(&self, actor: usize) -> impl DoubleEndedIterator<Item = &'a Call> {
        let trace = self.evidence.trace.iter();
        trace.filter(move |call| call.actor == actor)
    }

    pub(crate) fn socket(&self, index: usize) -> Option<&'a Socket> {
        self.evidence.sockets.get(index)
    }

    pub(crate) fn sockets(&self, actor: usize) -> impl Iterator<Item = (usize, &'a Socket)> {
        let sockets = self.evidence.sockets.iter().enumerate();
        sockets.filter(move |(_, socket)| socket.actor == actor)
    }

    /// Everything that these actors moved this way, in order.
    pub(crate) fn transfers(
        self,
        actors: &[usize],
        direction: Direction,
    ) -> impl Iterator<Item = (&'a Call, &'a Transfer)> {
        self.evidence
            .trace
            .iter()
            .filter(move |call| actors.contains(&call.actor))
            .filter_map(|call| Some((call, call.transfer.as_ref()?)))
            .filter(move |(_, transfer)| transfer.direction == direction)
            .filter(move |(_, transfer)| !self.is_of_resolver(transfer.socket))
    }

    /// Whether a socket serves the C library's own business, looking up names (`getaddrinfo(3)`): not the program's wire.
    pub(crate) fn is_of_resolver(&self, socket: usize) -> bool {
        self.socket(socket).is_some_and(|socket| {
            let asks = match &socket.remote {
                Some(Address::Inet(remote)) => remote.port() == 53,
                Some(Address::Path(path)) => path.0.ends_with(b"/nscd/socket"),
                Some(Address::Abstract(_) | Address::Unnamed | Address::Other(_)) | None => false,
            };
            asks || socket.family == "AF_NETLINK"
        })
    }

    /// Calls that were counted and not kept, unless a program of the student's was stopped for making too many.
    pub(crate) fn trace_has_holes(&self) -> bool {
        let flooded = |(index, actor): (usize, &ActorEvidence)| {
            self.is_student(index) && (matches!(actor.exit, Exit::Stopped(_)))
        };
        self.evidence.calls_dropped > 0 && !self.evidence.actors.iter().enumerate().any(flooded)
    }

    /// A template with its facts filled in, for an expectation of this actor.
    pub(crate) fn pattern(
        &self,
        template: &Template,
        owner: Option<usize>,
    ) -> Result<Pattern, Unfilled> {
        let pieces = template.parts.iter().map(|part| match part {
            Part::Text(text) => Ok(Piece::Text(text.clone())),
            Part::Hole(hole) => self.fill(hole, owner),
        });
        Ok(Pattern::new(pieces.collect::<Result<Vec<_>, _>>()?))
    }

    /// The same with every count of bytes left open, to find the line that prints another count.
    pub(crate) fn pattern_of_any_count(
        &self,
        template: &Template,
        owner: Option<usize>,
    ) -> Option<Pattern> {
        let pieces = template.parts.iter().map(|part| match part {
            Part::Hole(Hole::Sent { .. } | Hole::Received { .. }) => Some(Piece::Int),
            Part::Text(text) => Some(Piece::Text(text.clone())),
            Part::Hole(hole) => self.fill(hole, owner).ok(),
        });
        Some(Pattern::new(pieces.collect::<Option<Vec<_>>>()?))
    }

    /// The text of a template, which must not have anything to match.
    pub(crate) fn text(
        &self,
        template: &Template,
        owner: Option<usize>,
    ) -> Result<String, Unfilled> {
        let pattern = self.pattern(template, owner)?;
        match pattern.as_text() {
            Some(text) => Ok(text.to_owned()),
            None => Err(Unfilled::Trouble(format!(
                "the spec asks for {}, which is not one text",
                quoted(&pattern.shown())
            ))),
        }
    }

    fn fill(&self, hole: &Hole, owner: Option<usize>) -> Result<Piece, Unfilled> {
        match hole {
            Hole::Any => Ok(Piece::Any),
            Hole::Int => Ok(Piece::Int),
            Hole::Variable(name) => Err(Unfilled::Trouble(format!(
                "the spec's variable {} has no value",
                quoted(name)
            ))),
            Hole::FaultCall | Hole::FaultMessage => Err(Unfilled::Trouble(
                "the spec asks for a fault that was not injected".to_owned(),
            )),
            Hole::Sent { actor, nth } => self.moved(actor, *nth, owner, Direction::Sent),
            Hole::Received { actor, nth } => self.moved(actor, *nth, owner, Direction::Received),
            Hole::Answer { actor, name, nth } => self.answer(actor, name, *nth, owner),
            Hole::Segment(key) => Err(Unfilled::Trouble(format!(
                "the identifier of segment {key} is known when an actor starts, and not here"
            ))),
            Hole::Pid { actor } => {
                let mut pids = self.meant(actor, owner)?.into_iter();
                let mut pids = pids.by_ref().filter_map(|index| self.actor(index)?.pid);
                match (pids.next(), pids.next()) {
                    (Some(pid), None) => Ok(Piece::Text(pid.to_string())),
                    // Several copies: whichever of them it was.
                    (Some(_), Some(_)) => Ok(Piece::Int),
                    (None, _) => Err(Unfilled::Never(format!("{actor} never started"))),
                }
            }
        }
    }

    /// Whom a hole means: in an actor's own expectations that very copy, elsewhere all of its copies.
    pub(crate) fn meant(&self, actor: &str, owner: Option<usize>) -> Result<Vec<usize>, Unfilled> {
        let copies = self.copies(actor);
        match owner {
            Some(owner) if copies.contains(&owner) => Ok(vec![owner]),
            Some(_) | None if copies.is_empty() => Err(Unfilled::Trouble(format!(
                "the evidence has no actor called {}",
                quoted(actor)
            ))),
            Some(_) | None => Ok(copies),
        }
    }

    fn moved(
        &self,
        actor: &str,
        nth: Option<u32>,
        owner: Option<usize>,
        direction: Direction,
    ) -> Result<Piece, Unfilled> {
        let actors = self.meant(actor, owner)?;
        if self.trace_has_holes() {
            return Err(Unfilled::Trouble(self.holes()));
        }
        let mut transfers = self.transfers(&actors, direction);
        let bytes = match nth {
            None => transfers
                .map(|(_, transfer)| transfer.bytes)
                .fold(0, u64::saturating_add),
            Some(nth) => {
                let index = (nth as usize).saturating_sub(1);
                let Some((_, transfer)) = transfers.nth(index) else {
                    let verb = match direction {
                        Direction::Sent => "sent",
                        Direction::Received => "received",
                    };
                    return Err(Unfilled::Never(format!(
                        "{actor} {verb} fewer than {}",
                        count(u64::from(nth), "message")
                    )));
                };
                transfer.bytes
            }
        };
        Ok(Piece::Text(bytes.to_string()))
    }

    /// What the kernel answered an actor under this name: the n-th time, or the last.
    fn answer(
        &self,
        actor: &str,
        name: &str,
        nth: Option<u32>,
        owner: Option<usize>,
    ) -> Result<Piece, Unfilled> {
        let actors = self.meant(actor, owner)?;
        if self.trace_has_holes() {
            return Err(Unfilled::Trouble(self.holes()));
        }
        let trace = self.evidence.trace.iter();
        let answers = trace
            .filter(|call| actors.contains(&call.actor))
            .flat_map(|call| &call.answers)
            .filter(|answer| answer.name == name);
        let mut values = answers.map(|answer| answer.value.clone());
        let value = match nth {
            Some(nth) => values.nth((nth as usize).saturating_sub(1)),
            None => values.next_back(),
        };
        value
            .map(Piece::Text)
            .ok_or_else(|| Unfilled::Never(untold(actor, name, nth)))
    }

    /// Why nothing can be said about what the trace does not hold.
    pub(crate) fn holes(&self) -> String {
        format!(
            "the trace has {} that were not kept",
            count(self.evidence.calls_dropped, "call")
        )
    }

    pub(crate) fn on_socket(call: &Call) -> bool {
        matches!(call.object, Some(Object::Socket(_)))
    }

    /// `bind()`
    pub(crate) fn name(call: &Call) -> String {
        format!("{}()", canonical(&call.name, Self::on_socket(call)))
    }

    /// `recv() (#30)`
    pub(crate) fn waits_in(&self, wait: &Wait) -> String {
        let on_socket = matches!(wait.object, Some(Object::Socket(_)));
        let call = canonical(&wait.call, on_socket);
        let at = if wait.n > 0 {
            format!(" (#{})", wait.n)
        } else {
            String::new()
        };
        match (&wait.object, call) {
            (Some(Object::Standard(0)), _) => format!("{call}(){at} on its stdin"),
            (_, "sleep") => format!("sleep(){at}"),
            (None, "stopped") => "state T (stopped): a signal has stopped it".to_owned(),
            (Some(Object::Standard(fd)), _) => format!("{call}(){at} on its descriptor {fd}"),
            _ => format!("{call}(){at}"),
        }
    }

    /// `server waits in accept() (#23), our client waits in recv() (#30)`, when the case came to a standstill.
    pub(crate) fn standstill(&self) -> Option<String> {
        let waits = match &self.evidence.ended {
            Ended::Stuck { waits } | Ended::DeadlineExceeded { waits, .. } => waits,
            Ended::AllExited | Ended::LimitHit { .. } => return None,
        };
        let each = waits
            .iter()
            .map(|wait| format!("{} waits in {}", self.who(wait.actor), self.waits_in(wait)));
        (waits.len() > 1).then(|| each.collect::<Vec<_>>().join(", "))
    }

    /// What became of an actor, to follow `because` or a colon: `it waits in recv() (#30)`. `None`: it ended well.
    pub(crate) fn fate(&self, index: usize) -> Option<String> {
        let actor = self.actor(index)?;
        match &actor.exit {
            Exit::NotStarted => Some(match self.why_not_started(index) {
                Some(why) => format!("it never started, because {why}"),
                None => "it never started".to_owned(),
            }),
            Exit::NotExecuted(errno) => Some(format!("it could not be started: {errno}")),
            Exit::Code(0) => None,
            Exit::Code(status) => Some(match self.last_failure(index) {
                Some(call) => format!("it ended with status {status} after {}", self.failure(call)),
                None => format!("it ended with status {status}"),
            }),
            Exit::Signal { name, call, .. } => Some(match call {
                Some(call) => format!("it was killed by {name} in {}()", canonical(call, true)),
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

    /// Somebody else whose limit ended the case, before it could be seen what becomes of this actor.
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
        // Who wonders how that was found out, since no process of it was so large, has to know.
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
        self.calls(index).rev().find(|call| is_failure(call, self))
    }

    /// The first such call.
    pub(crate) fn first_failure(&self, index: usize) -> Option<&'a Call> {
        self.calls(index).find(|call| is_failure(call, self))
    }

    /// Whether it went on although it was to end, or ended in a way that nobody wanted.
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
                Some(ExitExpectation::Failure | ExitExpectation::Any)
            ),
            Exit::Signal { name, .. } => {
                !matches!(wanted, Some(ExitExpectation::Signal(signal)) if signal == name)
            }
            Exit::Running { .. } => !matches!(wanted, Some(ExitExpectation::Running)),
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
            .map(|trouble| crate::quote::shown(trouble));
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
        if let Some(why) = culprits
            .clone()
            .find_map(|index| self.out_of_reach(not, index))
        {
            return Some(why);
        }
        if let Some((why, _)) = culprits.clone().find_map(|index| self.misdirected(index)) {
            return Some(why);
        }
        // Who never started is a victim, too.
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
            (Some(own), Some(culprit)) => format!(": {own}, because {culprit}"),
            (Some(own), None) => format!(": {own}"),
            (None, Some(culprit)) => format!(", because {culprit}"),
            (None, None) => String::new(),
        }
    }
}

/// `no shmget() of creator succeeded, which would have told it shmid`
pub(crate) fn untold(actor: &str, name: &str, nth: Option<u32>) -> String {
    let call = match name {
        "shmid" | "key" => "shmget()",
        "shmaddr" => "shmat()",
        _ if name.starts_with("shm_") => "shmctl(IPC_STAT)",
        _ => "getsockopt()",
    };
    match nth {
        None | Some(1) => {
            format!("no {call} of {actor} succeeded, which would have told it {name}")
        }
        Some(nth) => format!(
            "it asked for {name} with {call} fewer than {nth} times, and every number is to be an answer of the kernel's"
        ),
    }
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
    !everyday && !resolver
}

/// The address that a call names, from what its socket knows or from its arguments.
pub(crate) fn address_of(facts: &Facts<'_>, call: &Call) -> Option<Address> {
    named_address(call).cloned().or_else(|| match call.object {
        Some(Object::Socket(socket)) => facts.socket(socket)?.remote.clone(),
        Some(
            Object::Segment(_)
            | Object::Semaphores(_)
            | Object::Queue(_)
            | Object::File(_)
            | Object::Standard(_)
            | Object::Other(_),
        )
        | None => None,
    })
}

/// The place that a call's arguments name: an address of the Internet or a path.
pub(crate) fn named_address(call: &Call) -> Option<&Address> {
    let mut addresses = call.args.iter().filter_map(Arg::address);
    addresses.find(|address| match address {
        Address::Inet(_) | Address::Path(_) => true,
        Address::Abstract(_) | Address::Unnamed | Address::Other(_) => false,
    })
}

/// An address in a message, escaped.
pub(crate) fn show_address(address: &Address) -> String {
    match address {
        Address::Inet(address) => address.to_string(),
        Address::Path(path) => crate::quote::shown(&path.to_text()),
        Address::Abstract(_) | Address::Unnamed | Address::Other(_) => {
            crate::quote::shown(&address.to_string())
        }
    }
}
