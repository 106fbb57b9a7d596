//! `uc_client MSG...` (Q15): sends each argument to `uc_server` as one datagram and prints each reply on a line.
//!
//! How the contract is kept:
//! - Bound to `/tmp/uc_cli_socket.<pid>`, so that the server has somewhere to answer to; the file is gone on every way out,
//!   failure, `SIGINT` and `SIGTERM` included. One left by an earlier process of the same pid is replaced.
//! - An argument is sent whole and without NUL; that the server takes no more than 10 bytes is the server's affair.
//! - One message and its reply after the other, so that replies are in order; a reply is printed by its length.
//! - Without arguments: the usage line, and failure. Without a server: `sendto error`, and failure.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::uc_server::{MESSAGE_MAX, SERVER_PATH};
use crate::failure::Failure;
use crate::net;
use crate::shutdown::{Shutdown, Wake};
use crate::socket_file::SocketFile;
use crate::stdio::say;

/// How often a sender that waits for room in the server's queue looks whether it is to end.
const LOOK_UP: Duration = Duration::from_millis(100);

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let [_, messages @ ..] = argv else {
        return Err(usage(OsStr::new("uc_client")));
    };
    if messages.is_empty() {
        return Err(usage(&argv[0]));
    }
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
    let own_path = format!("/tmp/uc_cli_socket.{}", std::process::id());
    let _file = SocketFile::bind(&socket, own_path)?;
    let socket = UnixDatagram::from(socket);
    socket
        .set_write_timeout(Some(LOOK_UP))
        .map_err(|e| Failure::perror("setsockopt error", e))?;

    for message in messages {
        send(&socket, message.as_bytes(), &shutdown)?;
        say(receive(&socket, &shutdown)?);
    }
    Ok(())
}

fn usage(name: &OsStr) -> Failure {
    say([b"Usage: ", name.as_bytes(), b" MSG..."].concat());
    Failure::because("uc_client", "no message")
}

fn send(socket: &UnixDatagram, message: &[u8], shutdown: &Shutdown) -> Result<(), Failure> {
    let tried = "sendto error";
    loop {
        match net::retry_io(|| socket.send_to(message, SERVER_PATH)) {
            Ok(sent) if sent == message.len() => return Ok(()),
            Ok(sent) => {
                let why = format!("{sent} of {} bytes sent", message.len());
                return Err(Failure::because(tried, why));
            }
            // The server's queue is full, and has been for as long as `LOOK_UP`.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                if shutdown
                    .wished()
                    .map_err(|e| Failure::perror("poll error", e))?
                {
                    return Err(Failure::because(tried, "ended by a signal"));
                }
            }
            Err(e) => return Err(Failure::perror(tried, e)),
        }
    }
}

fn receive(socket: &UnixDatagram, shutdown: &Shutdown) -> Result<Vec<u8>, Failure> {
    let wake = shutdown
        .or_readable(socket)
        .map_err(|e| Failure::perror("poll error", e))?;
    if wake == Wake::Shutdown {
        return Err(Failure::because("recvfrom error", "ended by a signal"));
    }
    let mut reply = vec![0; MESSAGE_MAX];
    let (length, _server) = net::retry_io(|| socket.recv_from(&mut reply))
        .map_err(|e| Failure::perror("recvfrom error", e))?;
    reply.truncate(length);
    Ok(reply)
}
