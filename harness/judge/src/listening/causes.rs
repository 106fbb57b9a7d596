//! Why an actor never started, and why a client missed its server.

use ipclab_evidence::{Address, Errno, Served};
use ipclab_spec::{Actor, After, Endpoint, Hole, Part, Template};

use super::is_path;
use crate::facts::{Facts, Unfilled, address_of, named_address};
use crate::quote::quoted;

impl Facts<'_> {
    /// Why this actor never started.
    pub(crate) fn why_not_started(&self, index: usize) -> Option<String> {
        let role = self.role(index)?;
        if let Some(why) = self.missing_answer(role) {
            return Some(why);
        }
        let awaited = match &role.after {
            Some(After::Exits(name)) => {
                let other = *self.copies(name).first()?;
                return Some(format!(
                    "{} never ended{}",
                    self.who(other),
                    self.fate_of(other, index)
                ));
            }
            Some(After::Waits(name)) => {
                let other = *self.copies(name).first()?;
                return Some(format!(
                    "{} never came to wait for anybody{}",
                    self.who(other),
                    self.fate_of(other, index)
                ));
            }
            Some(After::Listens(name)) => *self.copies(name).first()?,
            Some(After::Clock(_)) | None => {
                let at = self
                    .case
                    .actors
                    .iter()
                    .position(|actor| actor.name == role.name)?;
                let before = self.case.actors.get(at.checked_sub(1)?)?;
                *self.copies(&before.name).first()?
            }
        };
        self.not_served_briefly(awaited).or_else(|| {
            let fate = self.fate_of(awaited, index);
            Some(format!(
                "{}{}",
                self.who(awaited),
                fate.strip_prefix(": it")?
            ))
        })
    }

    /// What an actor needed to be given before it could start, and that never came to be: an answer of the kernel's, or the place
    /// where another one serves.
    fn missing_answer(&self, role: &Actor) -> Option<String> {
        let templates = role.given_at_start().into_iter();
        templates
            .flat_map(|template| &template.parts)
            .find_map(|part| {
                let Part::Hole(hole @ (Hole::Answer { .. } | Hole::Listens { .. })) = part else {
                    return None;
                };
                let wanted = Template {
                    parts: vec![Part::Hole(hole.clone())],
                };
                match self.pattern(&wanted, None) {
                    Err(Unfilled::Never(why)) => Some(why),
                    Ok(_) | Err(Unfilled::Trouble(_)) => None,
                }
            })
    }

    /// `: it waits in accept() (#9)`. Only of an actor that stands earlier in the evidence, so that actors which wait for
    /// one another cannot send us in circles.
    fn fate_of(&self, other: usize, index: usize) -> String {
        let fate = if other < index {
            self.fate(other)
        } else {
            None
        };
        fate.map(|fate| format!(": {fate}")).unwrap_or_default()
    }

    /// Why a client that was refused could not reach this server, which serves the same port at another address only; and the call
    /// that bound it there.
    pub(crate) fn out_of_reach(&self, client: usize, server: usize) -> Option<(String, u32)> {
        let refused = self
            .calls(client)
            .find(|call| call.errno() == Some(Errno::ECONNREFUSED))?;
        let Some(Address::Inet(to)) = address_of(self, refused) else {
            return None;
        };
        self.sockets(server).find_map(|(at, socket)| {
            let Some(Address::Inet(local)) = &socket.local else {
                return None;
            };
            let bound = self.bind_of(server, at)?;
            let elsewhere = local.port() == to.port() && !local.ip().is_unspecified() && local.ip() != to.ip();
            elsewhere.then(|| {
                let why = format!(
                    "{} is bound to {local} only (#{}): it cannot be reached at {}, bind INADDR_ANY",
                    self.who(server), bound.n, to.ip()
                );
                (why, bound.n)
            })
        })
    }

    /// Where actors serve that may choose the place.
    fn chosen_places(&self) -> impl Iterator<Item = &Served> {
        let all = 0..self.evidence.actors.len();
        all.filter(|index| {
            let listens = self.role(*index).and_then(|role| role.listens.as_ref());
            matches!(listens, Some(Endpoint::Any(_)))
        })
        .filter_map(|index| self.actor(index)?.served.as_ref())
    }

    /// Whether the student's client went to a place that no actor serves; `client connects to port 14640 ...`.
    pub(crate) fn misdirected(&self, index: usize) -> Option<(String, u32)> {
        let served: Vec<&Endpoint> = self
            .case
            .actors
            .iter()
            .filter_map(|actor: &Actor| actor.listens.as_ref())
            .collect();
        let mut ports: Vec<u16> = served
            .iter()
            .filter_map(|endpoint| match endpoint {
                Endpoint::Tcp { port, .. } | Endpoint::Udp { port, .. } => Some(*port),
                Endpoint::Unix(_) | Endpoint::Shm(_) | Endpoint::Any(_) => None,
            })
            .collect();
        let mut paths: Vec<String> = served
            .iter()
            .filter_map(|endpoint| match endpoint {
                Endpoint::Unix(path) => Some(path.clone()),
                Endpoint::Tcp { .. }
                | Endpoint::Udp { .. }
                | Endpoint::Shm(_)
                | Endpoint::Any(_) => None,
            })
            .collect();
        for served in self.chosen_places() {
            match &served.address {
                Address::Inet(at) => ports.push(at.port()),
                Address::Path(path) => paths.push(path.to_text()),
                Address::Abstract(_) | Address::Unnamed | Address::Other(_) => {}
            }
        }
        // A server answers to wherever a question came from.
        if self.role(index)?.listens.is_some() {
            return None;
        }
        let who = self.who(index);
        for call in self
            .calls(index)
            .filter(|call| matches!(call.name.as_str(), "connect" | "sendto" | "sendmsg"))
        {
            let Some(address) = named_address(call) else {
                continue;
            };
            let verb = if call.name == "connect" {
                "connects to"
            } else {
                "sends to"
            };
            match address {
                Address::Inet(to) if !ports.is_empty() && !ports.contains(&to.port()) => {
                    // Name lookups may try a name server; that is no mistake.
                    if to.port() == 53 {
                        continue;
                    }
                    let seen = to.port();
                    let swapped = ports.iter().find(|port| port.swap_bytes() == seen);
                    let message = match swapped {
                        Some(port) => format!(
                            "{who} {verb} port {seen} instead of {port} (#{}): htons() is missing, the two bytes of the port are swapped",
                            call.n
                        ),
                        None => format!(
                            "{who} {verb} port {seen} instead of {} (#{})",
                            ports[0], call.n
                        ),
                    };
                    return Some((message, call.n));
                }
                Address::Path(to)
                    if !paths.is_empty() && !paths.iter().any(|path| is_path(address, path)) =>
                {
                    let resolver = [&b"/var/run/nscd/socket"[..], b"/run/nscd/socket"]
                        .contains(&to.0.as_slice());
                    if resolver {
                        continue;
                    }
                    let message = format!(
                        "{who} {verb} {} instead of {} (#{})",
                        quoted(&to.to_text()),
                        paths[0],
                        call.n
                    );
                    return Some((message, call.n));
                }
                Address::Inet(_)
                | Address::Path(_)
                | Address::Abstract(_)
                | Address::Unnamed
                | Address::Other(_) => {}
            }
        }
        None
    }
}
