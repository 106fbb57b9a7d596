//! `us_client [PATH]` (Q14): sends each line of its standard input to `us_server` and prints each reply on a line.
//!
//! How the contract is kept:
//! - PATH as in the server: one that does not fit is refused, before any socket is made.
//! - A line goes with its newline, and the reply is what comes up to the next newline, in as many pieces as it comes. The
//!   last line of a file may lack its newline, and gets one.
//! - While sending waits, what comes back is taken in: a line longer than any buffer cannot block both sides.
//! - A server that ends in the middle of a reply is an error that says so.

use std::ffi::OsString;
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::us_server::{path_argument, stream_socket};
use crate::failure::Failure;
use crate::net;
use crate::socket_file::address;
use crate::stdio::{read_line, say};

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let path = path_argument(argv, "us_client")?;
    let server = address(&path).map_err(|e| Failure::perror("connect error", e))?;
    let socket = stream_socket()?;
    net::connect_to(&socket, &server).map_err(|e| Failure::perror("connect error", e))?;
    // What has come and is not printed yet.
    let mut came = Vec::new();
    while let Some(mut line) = read_line().map_err(|e| Failure::perror("read error", e))? {
        line.push(b'\n');
        send(&socket, &line, &mut came)?;
        let end = reply(&socket, &mut came)?;
        say(&came[..end]);
        came.drain(..=end);
    }
    Ok(())
}

/// Sends all of `line`, and meanwhile takes what comes back.
fn send(socket: &OwnedFd, line: &[u8], came: &mut Vec<u8>) -> Result<(), Failure> {
    let failed = |e| Failure::perror("send error", e);
    let mut rest = line;
    while !rest.is_empty() {
        let sent = net::send_now(socket, rest).map_err(failed)?;
        rest = &rest[sent..];
        if sent == 0
            && net::wait_to_send_or_receive(socket).map_err(failed)?
            && receive(socket, came)? == 0
        {
            return Err(failed(Errno::EPIPE.into()));
        }
    }
    Ok(())
}

/// Receives up to a newline; says where it is.
fn reply(socket: &OwnedFd, came: &mut Vec<u8>) -> Result<usize, Failure> {
    loop {
        if let Some(end) = came.iter().position(|byte| *byte == b'\n') {
            return Ok(end);
        }
        if receive(socket, came)? == 0 {
            let why = format!("the server closed after {} bytes of a reply", came.len());
            return Err(Failure::because("recv error", why));
        }
    }
}

fn receive(socket: &OwnedFd, came: &mut Vec<u8>) -> Result<usize, Failure> {
    let mut buffer = [0; 4096];
    let length = net::receive(socket, &mut buffer).map_err(|e| Failure::perror("recv error", e))?;
    came.extend_from_slice(&buffer[..length]);
    Ok(length)
}
