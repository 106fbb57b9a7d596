//! `half_close HOST PORT` (Q5): three connections, on which shutdown(2) ends reading (0), writing (1) and both (2).
//!
//! How the contract is kept:
//! - On the first, receiving gives the end at once although the other side has said nothing, and sending goes on as before. On the second the
//!   other side sees the end of the question, and its answer still comes; sending fails. On the third both are over.
//! - What is printed is what the calls gave: the number of bytes, or the reason for which they refused.
//! - Sending is done with `MSG_NOSIGNAL`: `EPIPE` is an answer, and `SIGPIPE` would be the end.
//! - The answer is what comes up to the other side's end, in as many pieces as it comes, at most 64 MiB of it.
//! - The first call that fails where it should not ends the program, with its name and the reason.

use std::ffi::{OsStr, OsString};
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::sys::socket::{AddressFamily, Shutdown, SockFlag, SockType, shutdown, socket};

use crate::failure::{Failure, strerror};
use crate::net;
use crate::stdio::{LONGEST_MESSAGE, say};

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let [_, host, port] = argv else {
        let name = argv
            .first()
            .map_or(OsStr::new("half_close"), OsString::as_os_str);
        say([b"Usage: ", name.as_bytes(), b" HOST PORT"].concat());
        return Err(Failure::because(
            "half_close",
            "a host and a port are wanted",
        ));
    };
    let server = look_up(host, port)?;
    no_reading(&server)?;
    no_writing(&server)?;
    neither(&server)
}

/// `SHUT_RD`
fn no_reading(server: &[SocketAddr]) -> Result<(), Failure> {
    let connection = connected(server)?;
    shut(&connection, Shutdown::Read)?;
    say(format!(
        "shutdown 0: received {} bytes",
        receive(&connection)?.len()
    ));
    let sent = send(&connection, b"still here")?;
    say(format!("shutdown 0: sent {sent} bytes"));
    Ok(())
}

/// `SHUT_WR`
fn no_writing(server: &[SocketAddr]) -> Result<(), Failure> {
    let connection = connected(server)?;
    let sent = send(&connection, b"question")?;
    say(format!("shutdown 1: sent {sent} bytes"));
    shut(&connection, Shutdown::Write)?;
    refused(&connection, 1)?;
    let answer = receive(&connection)?;
    let head = format!("shutdown 1: received {} bytes: ", answer.len());
    say([head.as_bytes(), &answer].concat());
    Ok(())
}

/// `SHUT_RDWR`
fn neither(server: &[SocketAddr]) -> Result<(), Failure> {
    let connection = connected(server)?;
    shut(&connection, Shutdown::Both)?;
    refused(&connection, 2)?;
    say(format!(
        "shutdown 2: received {} bytes",
        receive(&connection)?.len()
    ));
    Ok(())
}

/// A send that has to fail with `EPIPE`; a connection that the other side has reset fails otherwise, and that is an error.
fn refused(connection: &OwnedFd, how: u8) -> Result<(), Failure> {
    match net::send_some(connection, b"more") {
        Err(e) if e.raw_os_error() == Some(libc::EPIPE) => {
            say(format!("shutdown {how}: send: {}", strerror(&e)));
            Ok(())
        }
        Err(e) => Err(Failure::perror("send error", e)),
        Ok(sent) => Err(Failure::because(
            "send error",
            format!("{sent} bytes went after the shutdown"),
        )),
    }
}

fn shut(connection: &OwnedFd, how: Shutdown) -> Result<(), Failure> {
    net::retry(|| shutdown(connection.as_raw_fd(), how))
        .map_err(|e| Failure::perror("shutdown error", e))
}

fn send(connection: &OwnedFd, bytes: &[u8]) -> Result<usize, Failure> {
    net::send_all(connection, bytes).map_err(|e| Failure::perror("send error", e))?;
    Ok(bytes.len())
}

/// Everything up to the end.
fn receive(connection: &OwnedFd) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match net::receive(connection, &mut buffer) {
            Ok(0) => return Ok(all),
            Ok(length) => all.extend_from_slice(&buffer[..length]),
            Err(e) => return Err(Failure::perror("recv error", e)),
        }
        if all.len() > LONGEST_MESSAGE {
            return Err(Failure::because("recv error", "an answer without end"));
        }
    }
}

fn look_up(host: &OsStr, port: &OsStr) -> Result<Vec<SocketAddr>, Failure> {
    let port = port
        .to_str()
        .and_then(|port| port.parse::<u16>().ok())
        .filter(|port| *port > 0)
        .ok_or_else(|| {
            let port = port.display();
            Failure::because("half_close", format!("{port} is no port (1 to 65535)"))
        })?;
    let tried = "getaddrinfo error";
    let host = host
        .to_str()
        .ok_or_else(|| Failure::because(tried, "Name or service not known"))?;
    let found = (host, port).to_socket_addrs().map_err(|e| {
        // `std` puts its own words before those of gai_strerror(3).
        let why = strerror(&e);
        let own = "failed to lookup address information: ";
        Failure::because(tried, why.strip_prefix(own).unwrap_or(&why))
    })?;
    Ok(found.collect())
}

/// socket and connect, for each address until one answers.
fn connected(server: &[SocketAddr]) -> Result<OwnedFd, Failure> {
    let mut outcome = Err(Failure::because("getaddrinfo error", "no address"));
    for address in server {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::Inet,
            SocketAddr::V6(_) => AddressFamily::Inet6,
        };
        let made = net::retry(|| socket(family, SockType::Stream, SockFlag::empty(), None));
        let connection = match made {
            Ok(connection) => connection,
            Err(e) => {
                outcome = Err(Failure::perror("socket error", e));
                continue;
            }
        };
        match net::connect(&connection, *address) {
            Ok(()) => return Ok(connection),
            Err(e) => outcome = Err(Failure::perror("connect error", e)),
        }
    }
    outcome
}
