//! Where a service is offered, and the moments that others wait for.

use std::net::IpAddr;

/// What an actor's start waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// `"rude exits"`
    Exits(String),
    /// `"server waits"`
    Waits(String),
    /// `"server listens"`
    Listens(String),
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
}
