//! `iserver [N]` (Q6): a TCP server that serves N clients one after another, echoes one message to each, and ends.
//!
//! How the contract is kept:
//! - Port 12345 on every IPv4 address; socket, `SO_REUSEADDR`, bind, listen, then accept, recv, send and close for each
//!   connection, each with the unit's line. Without N the usage line is printed and N is 1.
//! - `SO_REUSEADDR`: the connection that the server closes stays in TIME_WAIT for a minute, and a restart must not wait for
//!   it. A port on which another process listens is refused all the same.
//! - N of `0`, `-1` or `x` is refused instead of serving no client or for ever.
//! - A client that leaves without a word, resets, or goes before its echo is complained about on stderr; it counts as one of
//!   the N, and the server goes on with the next. `SIGPIPE` is not raised.
//! - accept(2) that reports a connection aborted while it was queued (`ECONNABORTED`) is called again: no client was served.
//!
//! **Where a message ends.** A stream has no messages. The unit's server takes what one recv brings and echoes that; the
//! contract adds that a message may come in pieces, may be longer than any buffer, and may lack its NUL while its sender waits for
//! the echo. All of that holds when what arrives goes back at once, piece by piece, and the message is over with its NUL or
//! when the peer has shut down its side:
//! - a whole message is one recv and one send, as in the unit;
//! - pieces are echoed as they come and printed together, on one line, at the end;
//! - 100 bytes without a NUL (or 48, from a client that forgot it) are echoed without waiting for a NUL that never comes. That
//!   client closes when it has its echo, and so ends its message;
//! - sending never waits while there is something to receive, so that a client which sends megabytes before it reads its first
//!   byte and this server cannot block each other.
//!
//! What came in the same piece behind the NUL is echoed and not printed, as in the unit's server. (Left unread it would turn
//! the closing of the connection into a reset, which can take the echo with it.) A message of more than 64 MiB is refused.

use std::ffi::{OsStr, OsString};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, listen, setsockopt, socket, sockopt,
};

use crate::failure::Failure;
use crate::net;
use crate::stdio::{LONGEST_MESSAGE, c_text, complain, say};

/// The unit's TCP port.
pub(super) const PORT: u16 = 12345;
/// The unit's backlog.
const BACKLOG: i32 = 5;
/// Most of one recv: more than the unit's 100, so that an ordinary message is one piece even when it is long.
const PIECE: usize = 64 << 10;

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let connections = match argv.get(1) {
        Some(n) => number_of_connections(n)?,
        None => {
            let name = argv
                .first()
                .map_or(&b"iserver"[..], |a| a.as_encoded_bytes());
            let usage = b" <The_number_of_client_connection else 1 will be used>";
            say([b"Usage: ", name, usage].concat());
            1
        }
    };
    let listener = open()?;
    say("The Iserver is ready!");
    for i in 1..=connections {
        say(format!("Iteration: #{i}"));
        say(" waiting on accept()");
        let connection = accept(&listener)?;
        say("accept() is OK and completed successfully!");
        if let Err(failure) = serve(&connection) {
            complain(failure);
        }
        // close(2), here and not later: a client may wait for it.
        drop(connection);
    }
    drop(listener);
    Ok(())
}

fn number_of_connections(argument: &OsStr) -> Result<u32, Failure> {
    argument
        .to_str()
        .and_then(|text| text.parse().ok())
        .filter(|n| *n > 0)
        .ok_or_else(|| {
            let why = format!("{argument:?} is not a number of connections from 1 up");
            Failure::because("Iserver - argument error", why)
        })
}

/// socket, setsockopt, bind, listen.
fn open() -> Result<TcpListener, Failure> {
    let socket = net::retry(|| {
        socket(
            AddressFamily::Inet,
            SockType::Stream,
            SockFlag::empty(),
            None,
        )
    })
    .map_err(|e| Failure::perror("Iserver - socket() error", e))?;
    say("Iserver - socket() is OK");
    net::retry(|| setsockopt(&socket, sockopt::ReuseAddr, &true))
        .map_err(|e| Failure::perror("Iserver - setsockopt() error", e))?;
    say("Binding the socket...");
    let any = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT));
    net::bind(&socket, &any).map_err(|e| Failure::perror("Iserver - bind() error", e))?;
    say("Iserver - bind() is OK");
    net::retry(|| listen(&socket, Backlog::new(BACKLOG)?))
        .map_err(|e| Failure::perror("Iserver - listen() error", e))?;
    say("Iserver - listen() is OK");
    Ok(TcpListener::from(socket))
}

fn accept(listener: &TcpListener) -> Result<TcpStream, Failure> {
    loop {
        match net::retry_io(|| listener.accept()) {
            Ok((connection, _client)) => return Ok(connection),
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(e) => return Err(Failure::perror("Iserver - accept() error", e)),
        }
    }
}

/// One client's message, there and back.
fn serve(connection: &TcpStream) -> Result<(), Failure> {
    say("I am waiting client(s) to send message(s) to me...");
    let (message, echoed) = receive_message(connection)?;
    if message.is_empty() {
        let why = "the client left without a message";
        return Err(Failure::because("Iserver - recv() error", why));
    }
    say([b"The message from client: \"", c_text(&message), b"\""].concat());
    say("Echoing it back to client...");
    net::send_all(connection, &message[echoed..]).map_err(send_error)?;
    say("Iserver - send() is OK.");
    Ok(())
}

/// Receives one message. Of its pieces all but the last are already on their way back: the second value says how many
/// bytes that is.
fn receive_message(connection: &TcpStream) -> Result<(Vec<u8>, usize), Failure> {
    let mut message = Vec::new();
    let mut echoed = 0;
    let mut piece = vec![0; PIECE];
    loop {
        if echoed < message.len() {
            echoed += net::send_now(connection, &message[echoed..]).map_err(send_error)?;
        }
        // With something left to send, receiving must not wait.
        let all_echoed = echoed == message.len();
        if all_echoed || net::wait_to_send_or_receive(connection).map_err(recv_error)? {
            let length = net::receive(connection, &mut piece).map_err(recv_error)?;
            let piece = &piece[..length];
            message.extend_from_slice(piece);
            if piece.is_empty() || piece.contains(&0) {
                return Ok((message, echoed));
            }
            if message.len() > LONGEST_MESSAGE {
                return Err(recv_error(Errno::EMSGSIZE.into()));
            }
        }
    }
}

fn recv_error(error: io::Error) -> Failure {
    Failure::perror("Iserver - recv() error", error)
}

fn send_error(error: io::Error) -> Failure {
    Failure::perror("Iserver - send() error", error)
}
