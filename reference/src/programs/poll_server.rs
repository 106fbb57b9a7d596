//! `poll_server PORT` (Q11): what `select_server` does, in a process that waits in poll(2).
//!
//! How the contract is kept:
//! - A list of descriptors instead of a set: as many clients as the process may have descriptors, and no number is too high.
//! - What is done with each client, and that none can stall the others, is in `crowd.rs`.
//! - `SIGTERM` and `SIGINT` end it with status 0, everything closed.

use std::ffi::OsString;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::select_server::port;
use super::usage::usage;
use crate::crowd::Crowd;
use crate::failure::Failure;
use crate::net;
use crate::shutdown::Shutdown;

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let port = port(argv).ok_or_else(|| usage(argv, "poll_server", "PORT"))?;
    let shutdown = Shutdown::watch().map_err(|e| Failure::perror("signalfd", e))?;
    let mut crowd = Crowd::open(port, None)?;
    loop {
        let mut all = vec![PollFd::new(shutdown.descriptor(), PollFlags::POLLIN)];
        all.extend(crowd.wishes().map(|wish| {
            let mut wanted = PollFlags::empty();
            wanted.set(PollFlags::POLLIN, wish.read);
            wanted.set(PollFlags::POLLOUT, wish.write);
            PollFd::new(wish.fd, wanted)
        }));
        net::retry(|| poll(&mut all, PollTimeout::NONE)).map_err(|e| Failure::perror("poll", e))?;
        let ready: Vec<bool> = all.iter().map(|fd| fd.any().unwrap_or(false)).collect();
        drop(all);
        match ready.split_first() {
            Some((false, ready)) => crowd.serve(ready)?,
            _ => return Ok(()),
        }
    }
}
