//! `sp_client RECORD...` (Q5): sends each argument to `sp_server` as one record and prints each reply on a line.
//!
//! How the contract is kept:
//! - One send(2) is one record: the argument's bytes without a NUL, whole, however long. That the server has room for 16 is the
//!   server's affair. An empty argument is a record without bytes.
//! - One record and its reply after the other; a reply is printed by its length. No reply is empty: nothing at all is the
//!   server's end, and an error.
//! - Without arguments: the usage line, and failure. Without a server: `connect error`, and failure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::sp_server::{SERVER_PATH, seqpacket_socket};
use crate::failure::Failure;
use crate::net;
use crate::socket_file::address;
use crate::stdio::say;

/// More than any reply of the protocol.
const REPLY_MAX: usize = 100;

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let name = argv
        .first()
        .map_or(OsStr::new("sp_client"), OsString::as_os_str);
    let records = argv.get(1..).unwrap_or_default();
    if records.is_empty() {
        say([b"Usage: ", name.as_bytes(), b" RECORD..."].concat());
        return Err(Failure::because("sp_client", "no record"));
    }
    let server =
        address(Path::new(SERVER_PATH)).map_err(|e| Failure::perror("connect error", e))?;
    let socket = seqpacket_socket()?;
    net::connect_to(&socket, &server).map_err(|e| Failure::perror("connect error", e))?;
    for record in records {
        // A record goes whole or not at all, and one without bytes goes, too.
        net::send_some(&socket, record.as_bytes()).map_err(|e| Failure::perror("send error", e))?;
        let mut reply = [0; REPLY_MAX];
        let length =
            net::receive(&socket, &mut reply).map_err(|e| Failure::perror("recv error", e))?;
        if length == 0 {
            return Err(Failure::because("recv error", "the server has ended"));
        }
        say(&reply[..length]);
    }
    Ok(())
}
