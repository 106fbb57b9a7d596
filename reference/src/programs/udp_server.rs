//! `udp_server` (Q7): takes one datagram on UDP port 7000, prints it, and ends.
//!
//! How the contract is kept:
//! - Every IPv4 address, buffer of 5000 bytes; the number of the socket's descriptor is whatever it is.
//! - `bind failed [Address already in use]` on stderr, and failure. No `SO_REUSEADDR`: with UDP it would let two servers have the
//!   port, and one of them would starve.
//! - The length printed is what recvfrom(2) gave: 0 for an empty datagram, 5000 for a longer one, whose rest is lost.
//! - The text printed ends at its NUL, or at that length where it has none.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, SockaddrIn, socket};

use crate::failure::Failure;
use crate::net;
use crate::stdio::{c_text, say};

/// The unit's UDP port.
pub(super) const PORT: u16 = 7000;
const BUFFER: usize = 5000;

pub(super) fn main(_argv: &[OsString]) -> Result<(), Failure> {
    let socket = net::retry(|| {
        socket(
            AddressFamily::Inet,
            SockType::Datagram,
            SockFlag::empty(),
            SockProtocol::Udp,
        )
    })
    .map_err(|e| Failure::bracketed("socket failed", e))?;
    say(format!("Created a socket with fd: {}", socket.as_raw_fd()));
    let any = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT));
    net::bind(&socket, &any).map_err(|e| Failure::bracketed("bind failed", e))?;

    let socket = UdpSocket::from(socket);
    say("Let us wait for a remote client to send some data");
    let mut buffer = [0; BUFFER];
    let (length, _sender) = net::retry_io(|| socket.recv_from(&mut buffer))
        .map_err(|e| Failure::bracketed("recvfrom() failed", e))?;
    let head = format!("Received data (len {length} bytes): ");
    say([head.as_bytes(), c_text(&buffer[..length])].concat());
    drop(socket);
    Ok(())
}
