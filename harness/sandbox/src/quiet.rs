//! Quiet: whether anything can still move by itself.
//!
//! A case is stuck when every thread is asleep in a call that only another actor could end. Four things could make
//! that look so when it is not: a thread that was woken and has not run yet (its state is `R`), one that was about to
//! sleep and lost its processor before it found that it need not (its state is `S`, but it is queued to run), a packet that the
//! loopback interface has queued and not delivered yet (a datagram of our own, sent behind it and received, proves that
//! the queue is empty: all actors and we share one processor, and its queue is first in, first out), and a timer of the
//! kernel's (TCP has bytes that are not acknowledged, or a connection that is not answered).

use std::cell::Cell;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use crate::leftovers::{self, SYN_SENT};
use crate::tracer::{Tracer, rest};
use ipclab_kernel::{Pid, wait};

/// A socket that talks to itself over the loopback interface.
#[derive(Debug)]
pub(crate) struct Barrier {
    socket: Option<UdpSocket>,
    /// How many datagrams it has sent to itself: the number is in each of them.
    passed: Cell<u64>,
}

/// Longest wait for our own datagram. On a machine that takes longer, nothing is called quiet.
const BARRIER_TIMEOUT: Duration = Duration::from_millis(500);

impl Barrier {
    /// `own_network`: this network namespace is the case's alone, and a port that no actor may bind is free.
    pub(crate) fn new(own_network: bool) -> Self {
        let port = u16::from(own_network);
        let make = || -> std::io::Result<UdpSocket> {
            // An address of the loopback network that no program talks to.
            let socket = UdpSocket::bind(("127.83.91.7", port))?;
            socket.connect(socket.local_addr()?)?;
            socket.set_read_timeout(Some(BARRIER_TIMEOUT))?;
            Ok(socket)
        };
        Self {
            socket: make().ok(),
            passed: Cell::new(0),
        }
    }

    /// Waits until everything that the loopback interface had queued is delivered.
    fn pass(&self) -> bool {
        let Some(socket) = &self.socket else {
            return true;
        };
        let own = self.passed.get().wrapping_add(1);
        self.passed.set(own);
        if socket.send(&own.to_ne_bytes()).is_err() {
            return false;
        }
        let mut word = [0; 8];
        loop {
            match socket.recv(&mut word) {
                // One that was given up comes before ours: it says nothing of what is queued now.
                Ok(_) if u64::from_ne_bytes(word) != own => {}
                Ok(_) => return true,
                // A wait with a timeout is interrupted when we are frozen and thawed, signal(7).
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }
}

/// Whether anything moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// A thread runs, or is about to.
    Running,
    /// All are asleep; something will wake one of them by itself.
    Waiting,
    /// All are asleep, and only we could change that: by letting the case's clock go on, if anything waits for a time.
    Stuck,
}

/// Looks whether any of these threads moves. `Stuck` is said only when it is certain.
pub(crate) fn look(tracer: &Tracer, threads: &[Pid], barrier: &Barrier) -> Activity {
    // No thread is left that could run code of its own: all are on their way out, and their end is still to be heard of.
    if threads.is_empty() {
        return Activity::Running;
    }
    // One has still to come to the exit of its call.
    if tracer.is_wait_ending() {
        return Activity::Running;
    }
    if !tracer.all_in_calls(threads) {
        return if tracer.all_asleep(threads) {
            Activity::Waiting
        } else {
            Activity::Running
        };
    }
    if !tracer.all_asleep(threads) {
        return Activity::Running;
    }
    // Asked before the last look at the threads: what TCP had to send when it was asked later may just have gone (an
    // acknowledgement that was put off lets go of bytes that Nagle's algorithm held), and whom it wakes is not asleep then.
    let kernel_acts = kernel_will_act(tracer);
    if !barrier.pass()
        || !rest::at_rest(threads)
        || !tracer.all_asleep(threads)
        || wait::is_any_pending()
    {
        return Activity::Running;
    }
    if kernel_acts {
        Activity::Waiting
    } else {
        Activity::Stuck
    }
}

/// Whether TCP itself has something to do: a connection that is not answered yet, or bytes that have not been sent. Bytes
/// for which the other end has no room are on no way: only its reading lets them go.
///
/// The kernel's table of connections tells about zero windows, and takes milliseconds to read; so the sockets are asked
/// first, and mostly have nothing to send.
fn kernel_will_act(tracer: &Tracer) -> bool {
    tracer.tcp_has_to_send()
        && ["tcp", "tcp6"]
            .into_iter()
            .flat_map(leftovers::net)
            .filter(|row| tracer.may_be_own(row.inode))
            .any(|row| {
                row.state == SYN_SENT
                    || (row.state != leftovers::LISTEN && row.unsent > 0 && !row.probing)
            })
}

/// How long to sleep before the next look, when nothing is heard: short at first, since most waits are, longer later.
#[derive(Debug)]
pub(crate) struct Backoff {
    shortest: Duration,
    next: Duration,
}

impl Backoff {
    const MIN_SLEEP: Duration = Duration::from_micros(200);
    const MAX_SLEEP: Duration = Duration::from_millis(10);

    /// Where calls are not traced (a build), no actor waits for another to fall asleep, and each look takes the processor
    /// from those that compute: then looks are as far apart as they may be from the first.
    pub(crate) fn new(traced: bool) -> Self {
        let shortest = match traced {
            true => Self::MIN_SLEEP,
            false => Self::MAX_SLEEP,
        };
        Self {
            shortest,
            next: shortest,
        }
    }

    /// Something happened.
    pub(crate) fn reset(&mut self) {
        self.next = self.shortest;
    }

    /// How long to sleep now.
    pub(crate) fn step(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(Self::MAX_SLEEP);
        now
    }
}

/// Wall time that counts: the time in which every thread was seen to be asleep. While one wants to run and the
/// machine does not let it, it stands still.
#[derive(Debug)]
pub(crate) struct Idle {
    counted: Duration,
    last: Instant,
}

impl Idle {
    pub(crate) fn new() -> Self {
        Self {
            counted: Duration::ZERO,
            last: Instant::now(),
        }
    }

    /// What was counted so far.
    pub(crate) fn counted(&self) -> Duration {
        self.counted
    }

    /// One look: every thread was asleep (or not) since the look before. A gap longer than our own pace means that it was
    /// us whom the machine did not let run.
    pub(crate) fn look(&mut self, asleep: bool) -> Duration {
        let now = Instant::now();
        let since = now.duration_since(self.last).min(4 * Backoff::MAX_SLEEP);
        self.last = now;
        if asleep {
            self.counted += since;
        }
        self.counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that was sent and given up stayed in the queue, and let the next look pass before its own had arrived.
    #[test]
    fn a_late_datagram_opens_no_later_barrier() {
        let barrier = Barrier::new(false);
        let socket = barrier.socket.as_ref().unwrap();
        assert!(barrier.pass());
        socket.send(&1_u64.to_ne_bytes()).unwrap();
        assert!(barrier.pass());
        socket.set_nonblocking(true).unwrap();
        let left = socket.recv(&mut [0; 8]).map_err(|error| error.kind());
        assert_eq!(left, Err(std::io::ErrorKind::WouldBlock));
    }

    #[test]
    fn looks_are_close_at_first_but_for_a_build() {
        let steps = |mut backoff: Backoff| -> Vec<u128> {
            let mut steps = vec![backoff.step(), backoff.step()];
            backoff.reset();
            steps.push(backoff.step());
            steps.iter().map(Duration::as_micros).collect()
        };
        assert_eq!(steps(Backoff::new(true)), [200, 400, 200]);
        assert_eq!(steps(Backoff::new(false)), [10_000; 3]);
    }
}
