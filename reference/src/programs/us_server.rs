//! `us_server [PATH]` (Q14): a stream service in the Unix domain that sends every byte back in upper case, until it is ended.
//!
//! How the contract is kept:
//! - Socket `/tmp/us_srv_socket`, or PATH; a path that `sun_path` has no room for is refused, and nothing is made.
//! - Clients are served one after another. What comes is sent back as it comes, each byte of `a` to `z` in upper case; when a client has
//!   ended its side, the line with its number and its bytes is printed and the connection is closed.
//! - A client that leaves in the middle, or does not want its answers, costs its own connection and nothing else.
//! - A stale socket file is replaced; one that a living server is bound to, or something that is no socket, is left alone,
//!   and bind(2) says `Address already in use`. On `SIGTERM` and `SIGINT` the file is removed and the status is 0.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, listen, socket};

use crate::failure::Failure;
use crate::net;
use crate::shutdown::{Shutdown, Wake};
use crate::socket_file::{SocketFile, address};
use crate::stdio::{complain, say};

/// The server's name when no other is asked for.
const SERVER_PATH: &str = "/tmp/us_srv_socket";
/// How many clients may wait for their turn.
const BACKLOG: i32 = 16;
/// How often a sender looks whether it is to end while its client does not read.
const LOOK_UP: Duration = Duration::from_millis(100);

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let path = path_argument(argv, "us_server")?;
    let shutdown = Shutdown::watch().map_err(|e| Failure::perror("signalfd error", e))?;
    let socket = stream_socket()?;
    let _file = SocketFile::bind(&socket, path)?;
    let queue = Backlog::new(BACKLOG).map_err(|e| Failure::perror("listen error", e))?;
    net::retry(|| listen(&socket, queue)).map_err(|e| Failure::perror("listen error", e))?;
    let listener = UnixListener::from(socket);

    for number in 1_u64.. {
        if shutdown_comes(&shutdown, &listener)? {
            break;
        }
        let (client, _) =
            net::retry_io(|| listener.accept()).map_err(|e| Failure::perror("accept error", e))?;
        let mut received = 0;
        let over = serve(&client, &shutdown, &mut received);
        say(format!("client {number}: {received} bytes"));
        match over {
            Ok(Wake::Readable) => {}
            Ok(Wake::Shutdown) => break,
            Err(failure) => complain(failure),
        }
    }
    Ok(())
}

/// Sends back what comes until the client's end, or until the server is to end.
fn serve(client: &UnixStream, shutdown: &Shutdown, received: &mut u64) -> Result<Wake, Failure> {
    client
        .set_write_timeout(Some(LOOK_UP))
        .map_err(|e| Failure::perror("setsockopt error", e))?;
    let mut buffer = [0; 4096];
    loop {
        if shutdown_comes(shutdown, client)? {
            return Ok(Wake::Shutdown);
        }
        let length =
            net::receive(client, &mut buffer).map_err(|e| Failure::perror("recv error", e))?;
        if length == 0 {
            return Ok(Wake::Readable);
        }
        *received += length as u64;
        let mut rest = &mut buffer[..length];
        rest.make_ascii_uppercase();
        while !rest.is_empty() {
            match net::send_some(client, rest) {
                Ok(sent) => rest = &mut rest[sent..],
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
                    if shutdown
                        .wished()
                        .map_err(|e| Failure::perror("poll error", e))?
                    {
                        return Ok(Wake::Shutdown);
                    }
                }
                Err(e) => return Err(Failure::perror("send error", e)),
            }
        }
    }
}

fn shutdown_comes(shutdown: &Shutdown, before: &impl std::os::fd::AsFd) -> Result<bool, Failure> {
    let wake = shutdown
        .or_readable(before)
        .map_err(|e| Failure::perror("poll error", e))?;
    Ok(wake == Wake::Shutdown)
}

/// The one optional argument of this program and its client.
pub(super) fn path_argument(argv: &[OsString], name: &str) -> Result<PathBuf, Failure> {
    let path = match argv {
        [] | [_] => PathBuf::from(SERVER_PATH),
        [_, path] => PathBuf::from(path),
        [program, ..] => {
            say([b"Usage: ", OsStr::as_bytes(program), b" [PATH]"].concat());
            return Err(Failure::because(name, "one path at most"));
        }
    };
    address(&path).map_err(|e| Failure::perror(&format!("{name}: {}", path.display()), e))?;
    Ok(path)
}

/// socket(2)
pub(super) fn stream_socket() -> Result<OwnedFd, Failure> {
    net::retry(|| {
        socket(
            AddressFamily::Unix,
            SockType::Stream,
            SockFlag::empty(),
            None,
        )
    })
    .map_err(|e| Failure::perror("socket error", e))
}
