//! Where a service is offered, and the moments that others wait for.

use std::net::IpAddr;
use std::time::Duration;

/// What an actor's start waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// `"rude exits"`
    Exits(String),
    /// `"server waits"`
    Waits(String),
    /// `"server listens"`
    Listens(String),
    /// `"5s"`: the case's clock shows it.
    Clock(Duration),
}

impl After {
    /// The actor that is waited for; `None`: it is a moment of the clock.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        match self {
            Self::Exits(name) | Self::Waits(name) | Self::Listens(name) => Some(name),
            Self::Clock(_) => None,
        }
    }
}

/// A place where a service is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `tcp:12345`, `tcp:0.0.0.0:12345`
    Tcp {
        /// `None`: any address will do.
        ip: Option<IpAddr>,
        /// Port.
        port: u16,
    },
    /// `udp:7000`
    Udp {
        /// `None`: any address will do.
        ip: Option<IpAddr>,
        /// Port.
        port: u16,
    },
    /// `unix:/tmp/uc_srv_socket`
    Unix(String),
    /// `shm:100`
    Shm(i32),
    /// `unix:any`: wherever the program likes.
    Any(AnyPlace),
}

/// What an actor must serve where the place is its own choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyPlace {
    /// `tcp:any`
    Tcp,
    /// `udp:any`
    Udp,
    /// `unix:any`: a path, of whatever type of socket.
    Unix,
}

impl AnyPlace {
    /// The transport's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
        }
    }
}
