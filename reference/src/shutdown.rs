//! Being asked to end: `SIGTERM` and `SIGINT` as something to wait for, beside a socket.
//!
//! The Unix-domain programs have a file to remove before they go. The signals are blocked, so that they cannot end the
//! process in between, and read from a descriptor (signalfd(2)), so that one poll(2) waits for either without a race.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::net::retry;

/// The wish that this process ends.
pub(crate) struct Shutdown {
    signals: SignalFd,
}

/// What [`Shutdown::or_readable`] came back for.
#[derive(PartialEq)]
pub(crate) enum Wake {
    /// There is something to receive.
    Readable,
    /// `SIGTERM` or `SIGINT` has arrived.
    Shutdown,
}

impl Shutdown {
    /// From here on the two signals are kept for [`Shutdown::or_readable`] and [`Shutdown::wished`].
    pub(crate) fn watch() -> io::Result<Self> {
        let mut wanted = SigSet::empty();
        wanted.add(Signal::SIGTERM);
        wanted.add(Signal::SIGINT);
        wanted.thread_block()?;
        let signals =
            SignalFd::with_flags(&wanted, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Self { signals })
    }

    /// A descriptor that becomes readable when the process is to end, for a server with a wait of its own.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }

    /// Waits until `socket` has something to receive or the process is to end; the latter goes first.
    pub(crate) fn or_readable(&self, socket: &impl AsFd) -> io::Result<Wake> {
        let mut fds = [
            PollFd::new(socket.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
        ];
        retry(|| poll(&mut fds, PollTimeout::NONE))?;
        Ok(if fds[1].any().unwrap_or(false) {
            Wake::Shutdown
        } else {
            Wake::Readable
        })
    }

    /// Whether the process is to end, without waiting.
    pub(crate) fn wished(&self) -> io::Result<bool> {
        let mut fds = [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        Ok(retry(|| poll(&mut fds, PollTimeout::ZERO))? > 0)
    }
}
