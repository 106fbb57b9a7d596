//! Socket addresses as the kernel sees them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// What a socket is bound or connected to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Address {
    /// An IPv4 or IPv6 address and port.
    Inet(SocketAddr),
    /// A path of the file system, `unix(7)`.
    Path(Bytes),
    /// A name of the abstract namespace, without its leading NUL, `unix(7)`.
    Abstract(Bytes),
    /// A Unix socket that was never bound.
    Unnamed,
    /// A family that the box does not know, by its number.
    Other(u16),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => write!(f, "{address}"),
            Self::Path(path) => f.write_str(&path.escaped()),
            Self::Abstract(name) => write!(f, "@{}", name.escaped()),
            Self::Unnamed => f.write_str("(unnamed)"),
            Self::Other(family) => write!(f, "(family {family})"),
        }
    }
}

/// A transport that an actor can offer a service on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// `SOCK_STREAM` over IPv4 or IPv6: ready when it listens.
    Tcp,
    /// `SOCK_DGRAM` over IPv4 or IPv6: ready when it is bound.
    Udp,
    /// A Unix socket with a path: ready when it is bound (datagram) or listens (stream, seqpacket).
    Unix,
    /// A System V segment: ready when `shmget` gave it.
    Shm,
}

/// Where an actor is to be reached, as its starting gun asks: `tcp:0.0.0.0:12345`, `unix:/tmp/s`, `shm:100`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The transport.
    pub protocol: Protocol,
    /// The local address, where the spec names one. As a starting gun any address will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Port for TCP and UDP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Path for Unix sockets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Key for System V segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<i32>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Unix => "unix",
            Protocol::Shm => "shm",
        };
        write!(f, "{protocol}:")?;
        match (&self.ip, self.port, &self.path, self.key) {
            (Some(ip), Some(port), ..) => write!(f, "{}", SocketAddr::new(*ip, port)),
            (None, Some(port), ..) => write!(f, "{port}"),
            (_, _, Some(path), _) => f.write_str(path),
            (_, _, _, Some(key)) => write!(f, "{key}"),
            _ => f.write_str("any"),
        }
    }
}
