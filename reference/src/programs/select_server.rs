//! `select_server PORT` (Q11): sends back to each of many clients what it sends, in one process that waits in select(2).
//!
//! How the contract is kept:
//! - One set of descriptors to read and one to write, made anew before each call, as select(2) leaves in them only those that are ready.
//! - `FD_SETSIZE`: a set has room for the descriptors below it. A connection whose descriptor is no less is closed at once.
//! - What is done with each client, and that none can stall the others, is in `crowd.rs`.
//! - `SIGTERM` and `SIGINT` end it with status 0, everything closed.

use std::ffi::OsString;

use nix::libc;
use nix::sys::select::{FdSet, select};

use super::shm_create::number;
use super::usage::usage;
use crate::crowd::Crowd;
use crate::failure::Failure;
use crate::net;
use crate::shutdown::Shutdown;

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let port = port(argv).ok_or_else(|| usage(argv, "select_server", "PORT"))?;
    let shutdown = Shutdown::watch().map_err(|e| Failure::perror("signalfd", e))?;
    let below = i32::try_from(libc::FD_SETSIZE).unwrap_or(i32::MAX);
    let mut crowd = Crowd::open(port, Some(below))?;
    loop {
        let ready = net::retry(|| {
            let mut readable = FdSet::new();
            let mut writable = FdSet::new();
            readable.insert(shutdown.descriptor());
            for wish in crowd.wishes() {
                if wish.read {
                    readable.insert(wish.fd);
                }
                if wish.write {
                    writable.insert(wish.fd);
                }
            }
            select(None, Some(&mut readable), Some(&mut writable), None, None)?;
            let wishes = crowd.wishes();
            let ready: Vec<bool> = wishes
                .map(|wish| readable.contains(wish.fd) || writable.contains(wish.fd))
                .collect();
            Ok((!readable.contains(shutdown.descriptor())).then_some(ready))
        })
        .map_err(|e| Failure::perror("select", e))?;
        match ready {
            Some(ready) => crowd.serve(&ready)?,
            None => return Ok(()),
        }
    }
}

/// PORT: 1 to 65535, in decimals, and no other argument.
pub(super) fn port(argv: &[OsString]) -> Option<u16> {
    match argv {
        [_, port] => number(port).filter(|port| *port > 0),
        _ => None,
    }
}
