//! `sp_server` (Q5): takes the records of one client over a seqpacket socket, says how long each is, and ends.
//!
//! How the contract is kept:
//! - Socket `/tmp/sp_srv_socket`, 16 bytes of room for a record. One recvmsg(2) is one record; `MSG_TRUNC` among the flags that it
//!   gives back marks one that was longer than the room. The answer is a record too.
//! - A record without bytes and the end of the connection both make recvmsg(2) return 0. With `SO_PASSCRED` every record comes with
//!   its sender's credentials, unix(7), and the end comes with nothing: that tells them apart.
//! - A client that does not want its answers (`EPIPE`) still has its records taken. One that left answers unread makes the
//!   next recvmsg(2) say `ECONNRESET`, once; behind that are the records that it had sent.
//! - The socket file is gone on every way out, failure, `SIGINT` and `SIGTERM` included; a stale one is replaced, and what
//!   is no socket is left alone.

use std::ffi::OsString;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, UnixAddr, UnixCredentials, listen,
    recvmsg, setsockopt, socket, sockopt,
};

use crate::failure::Failure;
use crate::net;
use crate::shutdown::{Shutdown, Wake};
use crate::socket_file::SocketFile;
use crate::stdio::{complain, say};

/// The server's name.
pub(super) const SERVER_PATH: &str = "/tmp/sp_srv_socket";
/// The room for a record, in bytes.
const RECORD_MAX: usize = 16;

/// What one receive brought.
enum Came {
    Record { length: usize, cut: bool },
    End,
}

pub(super) fn main(_argv: &[OsString]) -> Result<(), Failure> {
    let shutdown = Shutdown::watch().map_err(|e| Failure::perror("signalfd error", e))?;
    let socket = seqpacket_socket()?;
    let _file = SocketFile::bind(&socket, SERVER_PATH)?;
    let queue = Backlog::new(1).map_err(|e| Failure::perror("listen error", e))?;
    net::retry(|| listen(&socket, queue)).map_err(|e| Failure::perror("listen error", e))?;
    let listener = UnixListener::from(socket);
    wait(&shutdown, &listener)?;
    let (client, _) =
        net::retry_io(|| listener.accept()).map_err(|e| Failure::perror("accept error", e))?;
    let client = OwnedFd::from(client);
    setsockopt(&client, sockopt::PassCred, &true)
        .map_err(|e| Failure::perror("setsockopt error", e))?;

    let mut room = [0; RECORD_MAX];
    let mut records = 0_u64;
    loop {
        wait(&shutdown, &client)?;
        let (length, cut) = match receive(&client, &mut room) {
            Ok(Came::End) => break,
            Ok(Came::Record { length, cut }) => (length, if cut { ", cut" } else { "" }),
            Err(Errno::ECONNRESET) => {
                complain(Failure::perror("recvmsg error", Errno::ECONNRESET));
                continue;
            }
            Err(e) => return Err(Failure::perror("recvmsg error", e)),
        };
        records += 1;
        let answer = format!("{length} bytes{cut}");
        let head = format!("record {records}: {answer}: ");
        say([head.as_bytes(), &room[..length]].concat());
        if let Err(e) = net::send_now(&client, answer.as_bytes()) {
            complain(Failure::perror("send error", e));
        }
    }
    say(format!("end after {records} records"));
    Ok(())
}

fn wait(shutdown: &Shutdown, before: &impl std::os::fd::AsFd) -> Result<(), Failure> {
    match shutdown.or_readable(before) {
        Ok(Wake::Readable) => Ok(()),
        Ok(Wake::Shutdown) => Err(Failure::because("sp_server", "ended by a signal")),
        Err(e) => Err(Failure::perror("poll error", e)),
    }
}

fn receive(client: &OwnedFd, room: &mut [u8]) -> nix::Result<Came> {
    loop {
        let mut credentials = cmsg_space!(UnixCredentials);
        let mut parts = [IoSliceMut::new(room)];
        let message = recvmsg::<UnixAddr>(
            client.as_raw_fd(),
            &mut parts,
            Some(&mut credentials),
            MsgFlags::empty(),
        );
        return match message {
            Err(Errno::EINTR) => continue,
            Err(errno) => Err(errno),
            Ok(message) if message.bytes == 0 && message.cmsgs()?.next().is_none() => Ok(Came::End),
            Ok(message) => Ok(Came::Record {
                length: message.bytes,
                cut: message.flags.contains(MsgFlags::MSG_TRUNC),
            }),
        };
    }
}

/// socket(2)
pub(super) fn seqpacket_socket() -> Result<OwnedFd, Failure> {
    net::retry(|| {
        socket(
            AddressFamily::Unix,
            SockType::SeqPacket,
            SockFlag::empty(),
            None,
        )
    })
    .map_err(|e: io::Error| Failure::perror("socket error", e))
}
