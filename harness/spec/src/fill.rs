//! Filling: a case with the values of one run in the places of its variables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{
    Action, Actor, Amount, Case, Data, Endpoint, GivenKind, Hole, OutputExpectation, Part,
    PeerEndpoint, PeerSocket, Player, Shutdown, Step, Template, TranscriptLine, Wanted, Wire,
};
use crate::{After, GivenFile, GivenSegment, ShmState};

/// The values of one run by name; `fault.call` and `fault.message` are names, too.
type Values = BTreeMap<String, String>;

impl Case {
    /// The same case with these values filled in, wherever it has templates. Names without a value stay holes; so do
    /// the holes that only the trace can fill. `fault.call` and `fault.message` may be among the names.
    #[must_use]
    pub fn filled(&self, values: &BTreeMap<String, String>) -> Self {
        Self {
            actors: self.actors.iter().map(|one| actor(one, values)).collect(),
            wire: self.wire.iter().map(|one| wire(one, values)).collect(),
            shm: self
                .shm
                .iter()
                .map(|one| ShmState {
                    holds: one.holds.as_ref().map(|holds| holds.with(values)),
                    ..one.clone()
                })
                .collect(),
            given: crate::Given {
                files: self
                    .given
                    .files
                    .iter()
                    .map(|one| file(one, values))
                    .collect(),
                shm: self
                    .given
                    .shm
                    .iter()
                    .map(|one| GivenSegment {
                        holds: one.holds.with(values),
                        ..one.clone()
                    })
                    .collect(),
                ..self.given.clone()
            },
            ..self.clone()
        }
    }
}

fn all(templates: &[Template], values: &Values) -> Vec<Template> {
    templates
        .iter()
        .map(|template| template.with(values))
        .collect()
}

fn actor(actor: &Actor, values: &Values) -> Actor {
    Actor {
        player: match &actor.player {
            Player::Student { program, args } => Player::Student {
                program: program.clone(),
                args: all(args, values),
            },
            Player::Reference { program, args } => Player::Reference {
                program: program.clone(),
                args: all(args, values),
            },
            Player::Peer { steps } => Player::Peer {
                steps: steps.iter().map(|one| step(one, values)).collect(),
            },
        },
        copies: actor.copies.with(values),
        stdin: actor.stdin.as_ref().map(|stdin| stdin.with(values)),
        stdout: actor.stdout.iter().map(|one| output(one, values)).collect(),
        stderr: actor.stderr.iter().map(|one| output(one, values)).collect(),
        ..actor.clone()
    }
}

fn output(expectation: &OutputExpectation, values: &Values) -> OutputExpectation {
    match expectation {
        OutputExpectation::Transcript(lines) => OutputExpectation::Transcript(
            lines
                .iter()
                .map(|line| match line {
                    TranscriptLine::Elided => TranscriptLine::Elided,
                    TranscriptLine::Line(template) => TranscriptLine::Line(template.with(values)),
                })
                .collect(),
        ),
        OutputExpectation::Lines(lines) => OutputExpectation::Lines(all(lines, values)),
        OutputExpectation::AnyOrder(lines) => OutputExpectation::AnyOrder(all(lines, values)),
        OutputExpectation::Contains(texts) => OutputExpectation::Contains(all(texts, values)),
        OutputExpectation::Lacks(texts) => OutputExpectation::Lacks(all(texts, values)),
        OutputExpectation::Regex(texts) => OutputExpectation::Regex(texts.clone()),
    }
}

fn wire(wire: &Wire, values: &Values) -> Wire {
    let amount = |amount: &Amount| match amount {
        Amount::Bytes(template) => Amount::Bytes(template.with(values)),
        Amount::Messages(messages) => Amount::Messages(all(messages, values)),
    };
    Wire {
        sent: wire.sent.as_ref().map(amount),
        received: wire.received.as_ref().map(amount),
        ..wire.clone()
    }
}

fn file(file: &GivenFile, values: &Values) -> GivenFile {
    GivenFile {
        kind: match &file.kind {
            GivenKind::Text(text) => GivenKind::Text(text.with(values)),
            kind @ (GivenKind::StaleSocket | GivenKind::Directory) => kind.clone(),
        },
        ..file.clone()
    }
}

fn step(step: &Step, values: &Values) -> Step {
    let data = |data: &Data| match data {
        Data::Text(template) => Data::Text(template.with(values)),
        Data::Hex(_) | Data::Bytes(_) => data.clone(),
    };
    let action = match &step.action {
        Action::Send {
            data: sent,
            to,
            pieces,
        } => Action::Send {
            data: data(sent),
            to: to.clone(),
            pieces: *pieces,
        },
        Action::Recv(Wanted::Data(wanted)) => Action::Recv(Wanted::Data(data(wanted))),
        Action::ShmWrite(written) => Action::ShmWrite(data(written)),
        Action::ShmRead(wanted) => Action::ShmRead(data(wanted)),
        // The others have no templates.
        other => other.clone(),
    };
    Step {
        // A step's text is what the peer reads: there, `{{` must mean nothing any more.
        text: if step.text.contains("{{") {
            action.to_string()
        } else {
            step.text.clone()
        },
        action,
    }
}

/// A step as [`parse_step`](crate::parse_step) reads it.
impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connect(place) => write!(f, "connect {place}"),
            Self::Open(socket) => write!(f, "open {socket}"),
            Self::Bind(place) => write!(f, "bind {place}"),
            Self::Listen(place) => write!(f, "listen {place}"),
            Self::Accept => f.write_str("accept"),
            Self::Send { data, to, pieces } => {
                write!(f, "send {data}")?;
                if let Some(to) = to {
                    write!(f, " to {to}")?;
                }
                if let Some(pieces) = pieces {
                    write!(f, " in pieces of {pieces}")?;
                }
                Ok(())
            }
            Self::Recv(wanted) => match wanted {
                Wanted::Data(data) => write!(f, "recv {data}"),
                Wanted::Bytes(count) => write!(f, "recv {count} bytes"),
                Wanted::UntilEof => f.write_str("recv until EOF"),
                Wanted::Any => f.write_str("recv any"),
                Wanted::Eof => f.write_str("recv EOF"),
            },
            Self::Until(after) => write!(f, "until {after}"),
            Self::Shutdown(way) => f.write_str(match way {
                Shutdown::Read => "shutdown read",
                Shutdown::Write => "shutdown write",
                Shutdown::Both => "shutdown both",
            }),
            Self::Reset => f.write_str("reset"),
            Self::Close => f.write_str("close"),
            Self::Abandon => f.write_str("abandon"),
            Self::Flood(count) => write!(f, "flood {count} bytes"),
            Self::Signal { actor, signal } => write!(f, "signal {actor} {signal}"),
            Self::ShmCreate { key, size, mode } => write!(f, "shm create {key} {size} 0{mode:o}"),
            Self::ShmAttach(key) => write!(f, "shm attach {key}"),
            Self::ShmWrite(data) => write!(f, "shm write {data}"),
            Self::ShmRead(data) => write!(f, "shm read {data}"),
            Self::ShmDetach => f.write_str("shm detach"),
            Self::ShmRemove(key) => write!(f, "shm remove {key}"),
        }
    }
}

impl std::fmt::Display for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hex(bytes) => {
                f.write_str("hex ")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::Text(template) => {
                f.write_char('"')?;
                for part in &template.parts {
                    match part {
                        Part::Text(text) => escaped(f, text)?,
                        Part::Hole(hole) => write!(f, "{hole}")?,
                    }
                }
                f.write_char('"')
            }
        }
    }
}

fn escaped(f: &mut std::fmt::Formatter<'_>, text: &str) -> std::fmt::Result {
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\0' => f.write_str("\\0")?,
            '"' | '\\' => write!(f, "\\{c}")?,
            c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// A hole as a spec writes it.
impl std::fmt::Display for Hole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("{{any}}"),
            Self::Int => f.write_str("{{int}}"),
            Self::Variable(name) => write!(f, "{{{{{name}}}}}"),
            Self::Sent { actor, nth: None } => write!(f, "{{{{{actor}.sent}}}}"),
            Self::Sent {
                actor,
                nth: Some(nth),
            } => write!(f, "{{{{{actor}.sent.{nth}}}}}"),
            Self::Received { actor, nth: None } => write!(f, "{{{{{actor}.received}}}}"),
            Self::Received {
                actor,
                nth: Some(nth),
            } => write!(f, "{{{{{actor}.received.{nth}}}}}"),
            Self::Pid { actor } => write!(f, "{{{{{actor}.pid}}}}"),
            Self::FaultCall => f.write_str("{{fault.call}}"),
            Self::FaultMessage => f.write_str("{{fault.message}}"),
        }
    }
}

impl std::fmt::Display for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exits(name) => write!(f, "{name} exits"),
            Self::Waits(name) => write!(f, "{name} waits"),
            Self::Listens(name) => write!(f, "{name} listens"),
        }
    }
}

impl std::fmt::Display for PeerSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::UnixStream => "unix-stream",
            Self::UnixDatagram => "unix-dgram",
            Self::UnixSeqpacket => "unix-seqpacket",
        })
    }
}

impl std::fmt::Display for PeerEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:", self.socket)?;
        match self.ip {
            Some(ip) if ip.is_ipv6() => write!(f, "[{ip}]:")?,
            Some(ip) => write!(f, "{ip}:")?,
            None => {}
        }
        if let Some(port) = self.port {
            write!(f, "{port}")?;
        }
        f.write_str(self.path.as_deref().unwrap_or_default())
    }
}

/// A place as a spec writes it.
impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, ip, port) = match self {
            Self::Tcp { ip, port } => ("tcp", ip, port),
            Self::Udp { ip, port } => ("udp", ip, port),
            Self::Unix(path) => return write!(f, "unix:{path}"),
            Self::Shm(key) => return write!(f, "shm:{key}"),
        };
        match ip {
            Some(ip) if ip.is_ipv6() => write!(f, "{kind}:[{ip}]:{port}"),
            Some(ip) => write!(f, "{kind}:{ip}:{port}"),
            None => write!(f, "{kind}:{port}"),
        }
    }
}
