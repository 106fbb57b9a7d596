//! `udp_client` (Q7): sends one datagram to UDP port 7000 of this machine, and ends.
//!
//! How the contract is kept:
//! - 42 characters and their NUL: 43 bytes, and the number printed is what sendto(2) took.
//! - The socket is not connected, so that the system never tells whether anybody is there: without a server it is a success too.

use std::ffi::OsString;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};

use super::udp_server::PORT;
use crate::failure::Failure;
use crate::net;
use crate::stdio::{c_text, say};

const MESSAGE: &[u8] = b"Mona Lisa was painted by Leonardo da Vinci\0";

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

    let socket = UdpSocket::from(socket);
    let sent = net::retry_io(|| socket.send_to(MESSAGE, (Ipv4Addr::LOCALHOST, PORT)))
        .map_err(|e| Failure::bracketed("sendto() failed", e))?;
    let head = format!("Successfully sent data (len {sent} bytes): ");
    say([head.as_bytes(), c_text(MESSAGE)].concat());
    drop(socket);
    Ok(())
}
