//! Look-up: actors, their calls, sockets and transfers in a case and its evidence.

use ipclab_evidence::{
    ActorEvidence, Address, Arg, ArgKind, Call, Direction, Evidence, Object, Socket, SocketKind,
    Transfer,
};
use ipclab_spec::{Actor, Case, Endpoint, Player};

use crate::quote::count;

/// Names of actors that say which one, and not what it is: `first`, `slow`.
const QUALIFIERS: [&str; 19] = [
    "first", "second", "third", "next", "other", "last", "early", "late", "slow", "silent", "rude",
    "deaf", "hasty", "odd", "even", "known", "quiet", "long", "short",
];

/// The name of an actor that plays a program once more.
const AGAIN: &str = "again";

/// What was expected and what was seen.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) case: &'a Case,
    pub(crate) evidence: &'a Evidence,
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
        let name = self.actor(index).map_or("a program", |actor| &actor.name);
        let Some(role) = self.role(index) else {
            return name.to_owned();
        };
        let qualifies = QUALIFIERS.contains(&role.name.as_str());
        match &role.player {
            Player::Reference { .. } | Player::Peer { .. } if qualifies => {
                format!("our {name} {}", self.noun(role))
            }
            Player::Reference { .. } | Player::Peer { .. } if role.name == AGAIN => {
                format!("our second {}", self.noun(role))
            }
            Player::Reference { .. } | Player::Peer { .. } => format!("our {name}"),
            Player::Student { program, .. } if qualifies => format!("the {name} {program}"),
            // It is the same program, started once more.
            Player::Student { program, .. } if role.name == AGAIN => {
                format!("the second {program}")
            }
            Player::Student { .. } => name.to_owned(),
        }
    }

    /// What an actor is that is called by an adjective only.
    fn noun(&self, role: &Actor) -> &'static str {
        let on_network = |actor: &Actor| {
            let endpoint = actor.listens.as_ref();
            endpoint.is_some_and(|endpoint| !matches!(endpoint, Endpoint::Shm(_)))
        };
        match on_network(role) {
            true => "server",
            false if self.case.actors.iter().any(on_network) => "client",
            false => "program",
        }
    }

    /// The calls of an actor that are recorded in every case.
    pub(crate) fn calls(&self, actor: usize) -> impl DoubleEndedIterator<Item = &'a Call> {
        self.all_calls(actor).filter(|call| !call.on_request)
    }

    /// The same, and those that are recorded because the case speaks of them.
    pub(crate) fn all_calls(&self, actor: usize) -> impl DoubleEndedIterator<Item = &'a Call> {
        let (facts, trace) = (*self, self.evidence.trace.iter());
        trace.filter(move |call| call.actor == actor && !facts.is_search_step(call))
    }

    /// Whether a call that starts a program is one step of a search along `PATH`, as `execvp(3)` makes it, and another one
    /// follows: all of them together are one exec.
    fn is_search_step(&self, call: &Call) -> bool {
        let missed = || {
            let errno = call.errno().map(|errno| errno.to_string());
            matches!(errno.as_deref(), Some("ENOENT" | "ENOTDIR" | "EACCES"))
        };
        if !call.name.starts_with("exec") || call.tampered.is_some() || !missed() {
            return false;
        }
        let name = |call: &Call| {
            let path = call.argument(ArgKind::Path)?.path()?.to_text();
            Some(path.rsplit('/').next()?.to_owned())
        };
        let after = self
            .evidence
            .trace
            .partition_point(|other| other.n <= call.n);
        let mut later = self.evidence.trace[after..].iter();
        let next = later.find(|other| other.pid == call.pid && other.actor == call.actor);
        next.is_some_and(|next| next.name.starts_with("exec") && name(next) == name(call))
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

    /// Why nothing can be said about what the trace does not hold of these actors; `None`: it holds all that they did.
    ///
    /// Only a program that makes calls of ever other kinds gets there, or makes another one do so: that it was right is then not
    /// proved.
    pub(crate) fn holes(&self, actors: &[usize]) -> Option<String> {
        let dropped = |index: &usize| Some((*index, self.actor(*index)?.calls_dropped));
        let mut all = actors.iter().filter_map(dropped);
        if let Some((index, dropped)) = all.find(|(_, dropped)| *dropped > 0) {
            let who = self.who(index);
            let calls = count(dropped, "call");
            return Some(format!(
                "{who} made so many calls that {calls} were not kept"
            ));
        }
        // Evidence of before does not say whose they were.
        self.are_holes_anywhere().then(|| {
            let calls = count(self.evidence.calls_dropped, "call");
            format!("so many calls were made that {calls} were not kept")
        })
    }

    /// Calls were dropped, and the evidence does not say of which actor.
    fn are_holes_anywhere(&self) -> bool {
        let of_actors = self.evidence.actors.iter().map(|actor| actor.calls_dropped);
        self.evidence.calls_dropped > 0 && of_actors.sum::<u64>() == 0
    }

    /// The same for what these actors moved: over streams all of it is known.
    pub(crate) fn holes_in_transfers(&self, actors: &[usize]) -> Option<String> {
        let has_messages = |index: &usize| {
            self.sockets(*index)
                .any(|(at, socket)| socket.kind != SocketKind::Stream && !self.is_of_resolver(at))
        };
        let meant = self.are_holes_anywhere() || actors.iter().any(has_messages);
        self.holes(actors).filter(|_| meant)
    }

    pub(crate) fn on_socket(call: &Call) -> bool {
        matches!(call.object, Some(Object::Socket(_)))
    }

    /// `bind()`
    pub(crate) fn name(call: &Call) -> String {
        format!("{}()", call.name_in_c())
    }
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

/// Ports that Linux gives to sockets without one (`net.ipv4.ip_local_port_range`).
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// An address in a message, escaped.
pub(crate) fn show_address(address: &Address) -> String {
    match address {
        // The kernel chose that port, and chooses another one in the next run.
        Address::Inet(address) if EPHEMERAL.contains(&address.port()) => {
            format!("{} at a port that the kernel chose", address.ip())
        }
        Address::Inet(address) => address.to_string(),
        Address::Path(path) => crate::quote::escaped_line(&path.to_text()),
        Address::Abstract(_) | Address::Unnamed | Address::Other(_) => {
            crate::quote::escaped_line(&address.to_string())
        }
    }
}
