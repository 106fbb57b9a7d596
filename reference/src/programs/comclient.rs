//! `comclient HOST` (Q6): sends one line to the server on HOST and receives its echo.
//!
//! How the contract is kept:
//! - socket, connect, send, recv and close, each with the unit's line; text plus NUL on the wire; both numbers printed are
//!   what the calls returned in sum, so that they are what crossed the socket.
//! - HOST is looked up with getaddrinfo(3), names and addresses, IPv4 and IPv6 (`::1`, stretch), and the addresses are tried in
//!   its order; HOST is printed as given. An unknown host is an error, before any socket is made.
//! - A line of any length is sent whole and its echo awaited whole, in as many pieces as it comes. While sending waits, what
//!   comes back is taken in, so that a server which echoes piece by piece never blocks on us.
//! - An echo that ends early, or that is longer than what was sent, is an error that says both numbers.
//! - An empty line is a message of one byte. An end of file without a line is an error, and nothing is sent.
//! - Text ends at its first NUL, as every C string does. A line of more than 64 MiB is refused.

use std::ffi::{OsStr, OsString};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::iserver::PORT;
use crate::failure::{Failure, strerror};
use crate::net;
use crate::stdio::{c_text, read_line, say};

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let [_, host] = argv else {
        let name = argv
            .first()
            .map_or(&b"comclient"[..], |a| a.as_encoded_bytes());
        say([b"Usage: ", name, b" <Server_name or Server_IP_address>"].concat());
        return Err(Failure::because(
            "client - argument error",
            "one server is wanted",
        ));
    };
    let connection = connect_to(host)?;
    say("client - connect() is OK.");
    say("connect() completed successfully.");
    let port = format!(" using port {PORT} established!");
    say([
        b"Connection with ",
        host.as_encoded_bytes(),
        port.as_bytes(),
    ]
    .concat());

    say("Enter message to be sent to server:");
    let line = read_line()
        .map_err(|e| Failure::perror("client - read() error", e))?
        .ok_or_else(|| Failure::because("client - read() error", "end of file, no message"))?;
    let message = [c_text(&line), b"\0"].concat();

    let mut echo = Vec::new();
    let sent = send_message(&connection, &message, &mut echo)?;
    say("client - send() is OK.");
    say(format!("{sent} bytes sent."));
    receive_echo(&connection, message.len(), &mut echo)?;
    say("client - recv() is OK.");
    let tail = b"\" successfully received by server and echoed back to client!";
    say([b"The sent message: \"", c_text(&echo), tail].concat());
    say(format!("{} bytes received.", echo.len()));
    drop(connection);
    Ok(())
}

/// socket and connect, for each address of `host` until one answers.
fn connect_to(host: &OsStr) -> Result<TcpStream, Failure> {
    let mut outcome = Err(Failure::because(
        "client - getaddrinfo() error",
        "no address",
    ));
    let mut announced = false;
    for address in look_up(host)? {
        let socket =
            match net::retry(|| socket(family(address), SockType::Stream, SockFlag::empty(), None))
            {
                Ok(socket) => socket,
                Err(e) => {
                    outcome = Err(Failure::perror("client - socket() error", e));
                    continue;
                }
            };
        if !announced {
            say("client - socket() is OK.");
            announced = true;
        }
        match net::connect(&socket, address) {
            Ok(()) => return Ok(TcpStream::from(socket)),
            Err(e) => outcome = Err(Failure::perror("client - connect() error", e)),
        }
    }
    outcome
}

fn look_up(host: &OsStr) -> Result<impl Iterator<Item = SocketAddr>, Failure> {
    let tried = "client - getaddrinfo() error";
    let name = host
        .to_str()
        .ok_or_else(|| Failure::because(tried, "Name or service not known"))?;
    (name, PORT).to_socket_addrs().map_err(|e| {
        // `std` puts its own words before those of gai_strerror(3).
        let why = strerror(&e);
        let own = "failed to lookup address information: ";
        Failure::because(tried, why.strip_prefix(own).unwrap_or(&why))
    })
}

fn family(address: SocketAddr) -> AddressFamily {
    match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    }
}

/// Sends all of `message`, and meanwhile takes what comes back into `echo`. Returns the sum of what send(2) took.
fn send_message(
    connection: &TcpStream,
    message: &[u8],
    echo: &mut Vec<u8>,
) -> Result<usize, Failure> {
    let failed = |e| Failure::perror("client - send() error", e);
    let mut sent = 0;
    while sent < message.len() {
        let now = net::send_now(connection, &message[sent..]).map_err(failed)?;
        sent += now;
        let full = now == 0;
        if full
            && net::wait_to_send_or_receive(connection).map_err(failed)?
            && receive_more(connection, message.len(), echo)? == 0
        {
            return Err(failed(Errno::EPIPE.into()));
        }
    }
    Ok(sent)
}

/// Receives until `expected` bytes are in `echo`.
fn receive_echo(
    connection: &TcpStream,
    expected: usize,
    echo: &mut Vec<u8>,
) -> Result<(), Failure> {
    while echo.len() < expected {
        if receive_more(connection, expected, echo)? == 0 {
            let why = format!("the server closed after {} of {expected} bytes", echo.len());
            return Err(Failure::because("client - recv() error", why));
        }
    }
    Ok(())
}

/// One recv, with room for more than is expected: an echo that is too long has to show.
fn receive_more(
    connection: &TcpStream,
    expected: usize,
    echo: &mut Vec<u8>,
) -> Result<usize, Failure> {
    let tried = "client - recv() error";
    let mut buffer = vec![0; (expected - echo.len() + 1).clamp(100, 64 << 10)];
    let length = net::receive(connection, &mut buffer).map_err(|e| Failure::perror(tried, e))?;
    echo.extend_from_slice(&buffer[..length]);
    if echo.len() > expected {
        let why = format!("{} bytes came back for {expected} sent", echo.len());
        return Err(Failure::because(tried, why));
    }
    Ok(length)
}
