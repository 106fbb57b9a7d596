//! `uc_server` (Q15): a datagram service in the Unix domain that sends every message back in upper case, until it is ended.
//!
//! How the contract is kept:
//! - Socket `/tmp/uc_srv_socket`, messages of at most 10 bytes; a longer one is cut by recvfrom(2), silently, and the number printed
//!   is what was received. Upper case is ASCII's, as in the C locale: bytes above 127 pass through.
//! - A stale socket file is replaced. One that a living server is bound to, or something that is no socket, is left alone,
//!   and bind(2) says `Address already in use`.
//! - On `SIGTERM` and `SIGINT` the server removes its socket file and exits with status 0.
//! - An empty datagram is a message like any other: its answer is empty.
//! - An answer that cannot be delivered (an unnamed sender, one that has gone) is complained about on stderr, and the server
//!   goes on. To a client that does not read its answers the server waits a second and no longer: it serves others too.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::failure::Failure;
use crate::net;
use crate::shutdown::{Shutdown, Wake};
use crate::socket_file::SocketFile;
use crate::stdio::{complain, say};

/// The server's name.
pub(super) const SERVER_PATH: &str = "/tmp/uc_srv_socket";
/// The unit's `MSG_LEN`, in bytes.
pub(super) const MESSAGE_MAX: usize = 10;
/// How long one client that does not read may hold up the others.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn main(_argv: &[OsString]) -> Result<(), Failure> {
    let shutdown = Shutdown::watch().map_err(|e| Failure::perror("signalfd error", e))?;
    let socket = net::retry(|| {
        socket(
            AddressFamily::Unix,
            SockType::Datagram,
            SockFlag::empty(),
            None,
        )
    })
    .map_err(|e| Failure::perror("socket error", e))?;
    let _file = SocketFile::bind(&socket, SERVER_PATH)?;
    let socket = UnixDatagram::from(socket);
    socket
        .set_write_timeout(Some(PATIENCE))
        .map_err(|e| Failure::perror("setsockopt error", e))?;

    let mut buffer = [0; MESSAGE_MAX];
    loop {
        let wake = shutdown
            .or_readable(&socket)
            .map_err(|e| Failure::perror("poll error", e))?;
        if wake == Wake::Shutdown {
            return Ok(());
        }
        let (length, client) = net::retry_io(|| socket.recv_from(&mut buffer))
            .map_err(|e| Failure::perror("recvfrom error", e))?;
        let message = &mut buffer[..length];
        let head = format!("server received {length} bytes from ");
        say([head.as_bytes(), &name_of(&client)].concat());
        message.make_ascii_uppercase();
        if let Err(failure) = answer(&socket, message, &client) {
            complain(failure);
        }
    }
}

fn answer(socket: &UnixDatagram, message: &[u8], client: &SocketAddr) -> Result<(), Failure> {
    if client.is_unnamed() {
        return Err(Failure::because("sendto error", "the client has no name"));
    }
    match net::retry_io(|| socket.send_to_addr(message, client)) {
        Ok(sent) if sent == message.len() => Ok(()),
        Ok(sent) => {
            let why = format!("{sent} of {} bytes sent", message.len());
            Err(Failure::because("sendto error", why))
        }
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
            Err(Failure::because("sendto error", "the client does not read"))
        }
        Err(e) => Err(Failure::perror("sendto error", e)),
    }
}

/// A sender's name as it is printed: its path, or what it has instead.
fn name_of(client: &SocketAddr) -> Vec<u8> {
    if let Some(path) = client.as_pathname() {
        path.as_os_str().as_bytes().to_vec()
    } else if let Some(name) = client.as_abstract_name() {
        [b"@", name].concat()
    } else {
        b"(unnamed)".to_vec()
    }
}
