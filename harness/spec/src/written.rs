//! Written: how parts of a spec are written, for steps that are read again and for messages.

use std::fmt::{Display, Formatter, Result, Write as _};

use ipclab_evidence::ServedPart;

use crate::{
    Action, After, Data, Endpoint, FifoEnd, Hole, Part, PeerEndpoint, PeerPlace, PeerSocket,
    SegmentName, Shutdown, Template, Wanted,
};

/// A step as [`parse_step`](crate::parse_step) reads it.
impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Connect(place) => write!(f, "connect {place}"),
            Self::Open(socket) => write!(f, "open {socket}"),
            Self::Bind(place) => write!(f, "bind {place}"),
            Self::Listen(place) => write!(f, "listen {place}"),
            Self::Accept => f.write_str("accept"),
            Self::Send {
                data,
                to,
                pieces,
                oob,
            } => {
                write!(f, "send {data}")?;
                if let Some(to) = to {
                    write!(f, " to {to}")?;
                }
                if let Some(pieces) = pieces {
                    write!(f, " in pieces of {pieces}")?;
                }
                if *oob {
                    f.write_str(" oob")?;
                }
                Ok(())
            }
            Self::Recv(wanted) => write!(f, "recv {wanted}"),
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
            Self::Fill(count) => write!(f, "fill {count} bytes"),
            Self::Signal { actor, signal } => write!(f, "signal {actor} {signal}"),
            Self::ShmCreate { key, size, mode } => write!(f, "shm create {key} {size} 0{mode:o}"),
            Self::ShmAttach(segment) => write!(f, "shm attach {segment}"),
            Self::ShmWrite(data) => write!(f, "shm write {data}"),
            Self::ShmRead(data) => write!(f, "shm read {data}"),
            Self::ShmDetach => f.write_str("shm detach"),
            Self::ShmRemove(segment) => write!(f, "shm remove {segment}"),
            Self::FifoMake { path, mode } => write!(f, "fifo make {path} 0{mode:o}"),
            Self::FifoOpen { path, end } => match end {
                FifoEnd::Read => write!(f, "fifo open {path} read"),
                FifoEnd::Write => write!(f, "fifo open {path} write"),
            },
            Self::FifoSend(data) => write!(f, "fifo send {data}"),
            Self::FifoRecv(wanted) => write!(f, "fifo recv {wanted}"),
            Self::FifoClose => f.write_str("fifo close"),
            Self::FifoRemove(path) => write!(f, "fifo remove {path}"),
            Self::MsgCreate { key, mode } => write!(f, "msg create {key} 0{mode:o}"),
            Self::MsgSend { queue, mtype, data } => {
                write!(f, "msg send {queue} type {mtype} {data}")
            }
            Self::MsgRecv {
                queue,
                mtype,
                wanted,
            } => write!(f, "msg recv {queue} type {mtype} {wanted}"),
            Self::MsgRemove(queue) => write!(f, "msg remove {queue}"),
            Self::Times { times, action } => write!(f, "{times} times {action}"),
            Self::Each(action) => write!(f, "each {action}"),
        }
    }
}

impl Display for Wanted {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Data(data) => write!(f, "{data}"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::UntilEof => f.write_str("until EOF"),
            Self::Any => f.write_str("any"),
            Self::Eof => f.write_str("EOF"),
        }
    }
}

impl Display for SegmentName {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Key(key) => write!(f, "{key}"),
            Self::Id(template) => {
                f.write_str("id ")?;
                verbatim(f, template)
            }
        }
    }
}

fn verbatim(f: &mut Formatter<'_>, template: &Template) -> Result {
    template.parts.iter().try_for_each(|part| match part {
        Part::Text(text) => f.write_str(text),
        Part::Hole(hole) => write!(f, "{hole}"),
    })
}

impl Display for PeerPlace {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::At(place) => write!(f, "{place}"),
            Self::Served(template) => verbatim(f, template),
        }
    }
}

impl Display for Data {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
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

fn escaped(f: &mut Formatter<'_>, text: &str) -> Result {
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
impl Display for Hole {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
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
            Self::Answer {
                actor,
                name,
                nth: None,
            } => write!(f, "{{{{{actor}.told.{name}}}}}"),
            Self::Answer {
                actor,
                name,
                nth: Some(nth),
            } => write!(f, "{{{{{actor}.told.{name}.{nth}}}}}"),
            Self::Segment(key) => write!(f, "{{{{shm.{key}.shmid}}}}"),
            Self::Listens { actor, part } => match part {
                ServedPart::Place => write!(f, "{{{{{actor}.listens}}}}"),
                ServedPart::Path => write!(f, "{{{{{actor}.listens.path}}}}"),
                ServedPart::Port => write!(f, "{{{{{actor}.listens.port}}}}"),
                ServedPart::Ip => write!(f, "{{{{{actor}.listens.ip}}}}"),
            },
            Self::FaultCall => f.write_str("{{fault.call}}"),
            Self::FaultMessage => f.write_str("{{fault.message}}"),
        }
    }
}

impl Display for After {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Exits(name) => write!(f, "{name} exits"),
            Self::Waits(name) => write!(f, "{name} waits"),
            Self::Listens(name) => write!(f, "{name} listens"),
            Self::Clock(time) => match time.as_millis() {
                millis if millis % 1000 == 0 => write!(f, "{}s", millis / 1000),
                millis => write!(f, "{millis}ms"),
            },
        }
    }
}

impl Display for PeerSocket {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::UnixStream => "unix-stream",
            Self::UnixDatagram => "unix-dgram",
            Self::UnixSeqpacket => "unix-seqpacket",
        })
    }
}

impl Display for PeerEndpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
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
impl Display for Endpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (kind, ip, port) = match self {
            Self::Tcp { ip, port } => ("tcp", ip, port),
            Self::Udp { ip, port } => ("udp", ip, port),
            Self::Unix(path) => return write!(f, "unix:{path}"),
            Self::Shm(key) => return write!(f, "shm:{key}"),
            Self::Any(place) => return write!(f, "{}:any", place.name()),
        };
        match ip {
            Some(ip) if ip.is_ipv6() => write!(f, "{kind}:[{ip}]:{port}"),
            Some(ip) => write!(f, "{kind}:{ip}:{port}"),
            None => write!(f, "{kind}:{port}"),
        }
    }
}
