//! Listening: whether an actor served the place that it should, and what it did instead.

mod causes;

use std::net::{IpAddr, SocketAddr};

use ipclab_evidence::{
    Address, Arg, ArgKind, Bytes, Call, Errno, Exit, Object, Socket, SocketKind,
};
use ipclab_spec::{AnyPlace, Endpoint};

use crate::facts::{Facts, show_address};

/// What an actor did about the place that it should serve.
pub(crate) struct Service {
    /// It did what was wanted, address included.
    pub(crate) exact: bool,
    /// Others could reach it there.
    pub(crate) reachable: bool,
    /// One sentence: `server bound port 14640 instead of 12345: htons() is missing`.
    pub(crate) message: String,
    /// The call that shows it.
    pub(crate) cite: Option<u32>,
}

impl Service {
    fn missed(message: String, cite: Option<u32>) -> Self {
        Self {
            exact: false,
            reachable: false,
            message,
            cite,
        }
    }
}

impl<'a> Facts<'a> {
    /// What this actor did about its `listens`; `None`: it has none.
    pub(crate) fn service(&self, index: usize) -> Option<Service> {
        let wanted = self.role(index)?.listens.as_ref()?;
        Some(match wanted {
            Endpoint::Tcp { ip, port } => self.inet(index, wanted, SocketKind::Stream, *ip, *port),
            Endpoint::Udp { ip, port } => {
                self.inet(index, wanted, SocketKind::Datagram, *ip, *port)
            }
            Endpoint::Unix(path) => self.unix(index, path),
            Endpoint::Shm(key) => self.segment(index, *key),
            Endpoint::Any(place) => self.any(index, *place),
        })
    }

    /// Why this actor could not be reached where it should serve.
    pub(crate) fn not_served(&self, index: usize) -> Option<String> {
        let service = self.service(index)?;
        (!service.reachable).then_some(service.message)
    }

    /// The same for findings that only follow from it: without the advice, which stands once, at the cause.
    pub(crate) fn not_served_briefly(&self, index: usize) -> Option<String> {
        let message = self.not_served(index)?;
        let advice = message
            .find(": htons() is missing")
            .unwrap_or(message.len());
        Some(message[..advice].to_owned())
    }

    fn inet(
        &self,
        index: usize,
        endpoint: &Endpoint,
        kind: SocketKind,
        ip: Option<IpAddr>,
        port: u16,
    ) -> Service {
        let who = self.who(index);
        let place = show_endpoint(endpoint);
        let bound: Vec<(usize, &Socket, SocketAddr)> = self
            .sockets(index)
            .filter(|(_, socket)| socket.kind == kind && socket.accepted_from.is_none())
            .filter_map(|(at, socket)| match &socket.local {
                Some(Address::Inet(local)) => Some((at, socket, *local)),
                Some(
                    Address::Path(_) | Address::Abstract(_) | Address::Unnamed | Address::Other(_),
                )
                | None => None,
            })
            .filter(|(at, socket, _)| socket.listening || self.bind_of(index, *at).is_some())
            .collect();
        let stream = kind == SocketKind::Stream;
        let ready = |socket: &Socket| socket.listening || !stream;
        let verb = if stream { "listens on" } else { "is bound to" };
        let cite = |at: usize| self.bind_of(index, at).map(|call| call.n);
        let right_port = || bound.iter().filter(|(_, _, local)| local.port() == port);

        if let Some((at, _, _)) =
            right_port().find(|(_, socket, local)| ready(socket) && suits(ip, local.ip()))
        {
            return Service {
                exact: true,
                reachable: true,
                message: format!("{who} {verb} {place}"),
                cite: cite(*at),
            };
        }
        if let Some((at, _, local)) = right_port().find(|(_, socket, _)| ready(socket)) {
            let wanted = ip.map(|ip| ip.to_string()).unwrap_or_default();
            let message = match ip {
                Some(ip) if ip.is_unspecified() && local.ip().is_loopback() => format!(
                    "{who} {verb} {local} only: clients on other machines cannot reach it, bind INADDR_ANY ({wanted})"
                ),
                _ => format!("{who} {verb} {local} instead of {wanted}:{port}"),
            };
            return Service {
                exact: false,
                reachable: true,
                message,
                cite: cite(*at),
            };
        }
        if let Some((at, _, _)) = right_port().next() {
            let message = format!(
                "{who} bound port {port} but never called listen(){}",
                self.instead(index)
            );
            return Service::missed(message, cite(*at));
        }
        if let Some((at, _, local)) = bound
            .iter()
            .find(|(_, socket, _)| ready(socket))
            .or(bound.first())
        {
            let seen = local.port();
            // The kernel's choice is another in every run, so it is not told.
            let message = match self.bind_of(index, *at) {
                None => format!(
                    "{who} listens on a port that the kernel chose instead of {port}: bind() was never called"
                ),
                Some(bind) if asks_for_any_port(bind) => format!(
                    "{who} bound port 0 instead of {port}: for port 0 the kernel chooses one"
                ),
                Some(_) if seen == port.swap_bytes() => format!(
                    "{who} bound port {seen} instead of {port}: htons() is missing, the two bytes of the port are swapped"
                ),
                Some(_) => format!("{who} bound port {seen} instead of {port}"),
            };
            return Service::missed(message, cite(*at));
        }
        self.nothing_bound(index, &place, kind)
    }

    fn unix(&self, index: usize, path: &str) -> Service {
        let who = self.who(index);
        let bound: Vec<(usize, &Socket, &Address)> = self
            .sockets(index)
            .filter(|(_, socket)| socket.accepted_from.is_none())
            .filter_map(|(at, socket)| Some((at, socket, socket.local.as_ref()?)))
            .filter(|(_, _, local)| matches!(local, Address::Path(_) | Address::Abstract(_)))
            .collect();
        let cite = |at: usize| self.bind_of(index, at).map(|call| call.n);
        let right = |local: &Address| is_path(local, path);
        let ready = |socket: &Socket| socket.listening || socket.kind == SocketKind::Datagram;
        if let Some((at, _, _)) = bound
            .iter()
            .find(|(_, socket, local)| right(local) && ready(socket))
        {
            return Service {
                exact: true,
                reachable: true,
                message: format!("{who} serves unix:{path}"),
                cite: cite(*at),
            };
        }
        if let Some((at, _, _)) = bound.iter().find(|(_, _, local)| right(local)) {
            let message = format!(
                "{who} bound {path} but never called listen(){}",
                self.instead(index)
            );
            return Service::missed(message, cite(*at));
        }
        if let Some((at, _, local)) = bound.first() {
            let message = format!("{who} bound {} instead of {path}", show_address(local));
            return Service::missed(message, cite(*at));
        }
        self.nothing_bound(index, &format!("unix:{path}"), SocketKind::Other)
    }

    /// A place of the program's own choice.
    fn any(&self, index: usize, place: AnyPlace) -> Service {
        let who = self.who(index);
        let (kind, wanted) = match place {
            AnyPlace::Tcp => (SocketKind::Stream, "a TCP port"),
            AnyPlace::Udp => (SocketKind::Datagram, "a UDP port"),
            AnyPlace::Unix => (SocketKind::Other, "a path"),
        };
        let is_wanted = |socket: &Socket| match (place, &socket.local) {
            (AnyPlace::Unix, Some(Address::Path(_))) => true,
            (AnyPlace::Tcp | AnyPlace::Udp, Some(Address::Inet(_))) => socket.kind == kind,
            (AnyPlace::Tcp | AnyPlace::Udp | AnyPlace::Unix, _) => false,
        };
        let own = || {
            self.sockets(index)
                .filter(|(_, socket)| socket.accepted_from.is_none())
        };
        let cite = |at: usize| self.bind_of(index, at).map(|call| call.n);
        let bound = own().find(|(_, socket)| is_wanted(socket));
        if let Some(served) = self.actor(index).and_then(|actor| actor.served.as_ref()) {
            let at = own().find(|(_, socket)| {
                is_wanted(socket) && (socket.listening || socket.kind == SocketKind::Datagram)
            });
            return Service {
                exact: true,
                reachable: true,
                message: format!("{who} serves {}", show_address(&served.address)),
                cite: at.and_then(|(at, _)| cite(at)),
            };
        }
        if let Some((at, socket)) = bound {
            let local = socket.local.as_ref().map(show_address).unwrap_or_default();
            let message = format!(
                "{who} bound {local} but never called listen(){}",
                self.instead(index)
            );
            return Service::missed(message, cite(at));
        }
        let elsewhere = own().find_map(|(at, socket)| Some((at, socket.local.as_ref()?)));
        if let Some((at, local)) = elsewhere.filter(|(at, _)| self.bind_of(index, *at).is_some()) {
            let message = format!("{who} bound {} instead of {wanted}", show_address(local));
            return Service::missed(message, cite(at));
        }
        self.nothing_bound(index, wanted, kind)
    }

    fn segment(&self, index: usize, key: i32) -> Service {
        let who = self.who(index);
        let calls: Vec<&Call> = self
            .calls(index)
            .filter(|call| call.name == "shmget")
            .collect();
        let got = |call: &&&Call| {
            call.returned
                .as_ref()
                .is_some_and(|returned| returned.value >= 0)
        };
        let key_of = |call: &Call| call.argument(ArgKind::Key).and_then(Arg::number);
        if let Some(call) = calls
            .iter()
            .filter(got)
            .find(|call| key_of(call) == Some(i64::from(key)))
        {
            return Service {
                exact: true,
                reachable: true,
                message: format!("{who} got the segment with key {key}"),
                cite: Some(call.n),
            };
        }
        if let Some(call) = calls
            .iter()
            .find(|call| key_of(call) == Some(i64::from(key)))
        {
            return Service::missed(
                format!("{who} has no segment: {}", self.failure(call)),
                Some(call.n),
            );
        }
        if let Some((call, seen)) = calls.iter().find_map(|call| Some((call, key_of(call)?))) {
            let message = format!("{who} used {}", wrong_key(seen, key));
            return Service::missed(message, Some(call.n));
        }
        Service::missed(
            format!("{who} never called shmget(){}", self.instead(index)),
            None,
        )
    }

    fn nothing_bound(&self, index: usize, place: &str, kind: SocketKind) -> Service {
        let who = self.who(index);
        if self
            .actor(index)
            .is_some_and(|actor| actor.exit == Exit::NotStarted)
        {
            return Service::missed(
                format!(
                    "{who} never served {place}{}",
                    self.instead(index).replacen(',', ":", 1)
                ),
                None,
            );
        }
        let failed = |name: &str| {
            self.calls(index)
                .filter(|call| call.name == name)
                .find(|call| {
                    call.returned
                        .as_ref()
                        .is_some_and(|returned| returned.value < 0)
                })
        };
        for name in ["bind", "listen", "socket"] {
            if let Some(call) = failed(name) {
                let hint = match (name, call.errno()) {
                    ("bind", Some(Errno::EINVAL)) => {
                        ": its third argument must be the size of the address, and a socket can be bound only once"
                    }
                    ("bind", Some(Errno::EADDRNOTAVAIL)) => ": that is no address of this machine",
                    ("bind", Some(Errno::EACCES)) => ": that place is not permitted",
                    ("bind", Some(Errno::EAFNOSUPPORT)) => ": sin_family was not set",
                    _ => "",
                };
                let message = format!("{who} never served {place}: {}{hint}", self.failure(call));
                return Service::missed(message, Some(call.n));
            }
        }
        let mut sockets = self
            .sockets(index)
            .filter(|(_, socket)| socket.accepted_from.is_none())
            .peekable();
        let what = match sockets.peek() {
            None => "it never made a socket".to_owned(),
            Some((_, socket)) if kind != SocketKind::Other && socket.kind != kind => {
                let name = |kind: SocketKind| match kind {
                    SocketKind::Stream => "SOCK_STREAM",
                    SocketKind::Datagram => "SOCK_DGRAM",
                    SocketKind::Seqpacket => "SOCK_SEQPACKET",
                    SocketKind::Queue | SocketKind::Fifo | SocketKind::Other => "some other type",
                };
                format!(
                    "its socket is of {} instead of {}",
                    name(socket.kind),
                    name(kind)
                )
            }
            Some(_) => "it never called bind()".to_owned(),
        };
        Service::missed(
            format!("{who} never served {place}: {what}{}", self.instead(index)),
            None,
        )
    }

    /// What it did instead: `, it exited with status 1`.
    fn instead(&self, index: usize) -> String {
        match self.fate(index) {
            Some(fate) => format!(", {fate}"),
            None => ", it ended with status 0".to_owned(),
        }
    }

    /// The successful `bind` of this socket by this actor.
    fn bind_of(&self, index: usize, socket: usize) -> Option<&'a Call> {
        self.calls(index).find(|call| {
            call.name == "bind"
                && call.object == Some(Object::Socket(socket))
                && call
                    .returned
                    .as_ref()
                    .is_some_and(|returned| returned.value == 0)
        })
    }
}

/// Whether it leaves the port to the kernel, ip(7).
fn asks_for_any_port(bind: &Call) -> bool {
    let mut args = bind.args.iter();
    args.any(|arg| matches!(arg, Arg::Address(Address::Inet(asked)) if asked.port() == 0))
}

/// Whether a server at `seen` is one at `wanted`. `::` takes IPv4 as well, unless a program goes out of its way.
fn suits(wanted: Option<IpAddr>, seen: IpAddr) -> bool {
    match wanted {
        None => true,
        Some(wanted) => wanted == seen || (wanted.is_unspecified() && seen.is_unspecified()),
    }
}

/// Whether an address is this path, however many slashes it has.
pub(crate) fn is_path(address: &Address, path: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        text.split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .map(str::to_owned)
            .collect()
    };
    match address {
        Address::Path(Bytes(bytes)) => {
            let seen = String::from_utf8_lossy(bytes);
            parts(seen.trim_end_matches('\0')) == parts(path)
        }
        Address::Inet(_) | Address::Abstract(_) | Address::Unnamed | Address::Other(_) => false,
    }
}

/// `key 256 instead of 100: that is 0x100, and 100 is decimal`
pub(crate) fn wrong_key(seen: i64, wanted: i32) -> String {
    let digits = wanted.to_string();
    let misread = |radix: u32| i64::from_str_radix(&digits, radix).ok() == Some(seen) && wanted > 7;
    if seen == 0 {
        format!("IPC_PRIVATE (key 0) instead of key {wanted}: nobody else can find such a segment")
    } else if misread(16) {
        format!("key {seen} instead of {wanted}: that is 0x{digits}, and {digits} is decimal")
    } else if misread(8) {
        format!("key {seen} instead of {wanted}: that is 0{digits}, which C reads as octal")
    } else {
        format!("key {seen} instead of {wanted}")
    }
}

/// `tcp:0.0.0.0:12345`
pub(crate) fn show_endpoint(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Tcp { ip: Some(ip), port } => format!("tcp:{}", SocketAddr::new(*ip, *port)),
        Endpoint::Udp { ip: Some(ip), port } => format!("udp:{}", SocketAddr::new(*ip, *port)),
        Endpoint::Tcp { ip: None, port } => format!("tcp:{port}"),
        Endpoint::Udp { ip: None, port } => format!("udp:{port}"),
        Endpoint::Unix(path) => format!("unix:{path}"),
        Endpoint::Shm(key) => format!("shm:{key}"),
        Endpoint::Any(place) => format!("{}:any", place.name()),
    }
}
