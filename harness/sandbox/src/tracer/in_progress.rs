//! What threads are in the middle of, and what they share, as plain records: [`super::held`], [`super::reach`],
//! [`super::masks`], [`super::series`],
//! [`super::instead`] and [`super::addressed`] work with them.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use ipclab_evidence::Address;
use ipclab_kernel::arch::registers::Registers;

use crate::clock::calls::TimedCall;
use crate::clock::time::Due;
use crate::decode::Vectors;

/// A call that waits for a time at the most, which the case's clock keeps.
#[derive(Clone, Debug)]
pub(super) struct TimedWait {
    pub(super) due: Due,
    /// The registers with which it was entered.
    pub(super) entered: Box<Registers>,
    /// Where its time stood; `None`: its socket has one.
    pub(super) call: Option<&'static TimedCall>,
    /// It waits for nothing but the time.
    pub(super) sleeps: bool,
}

/// A wait that was interrupted, and that the kernel may begin again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restart {
    pub(super) number: i64,
    pub(super) instruction: u64,
    pub(super) stack: u64,
    pub(super) due: Due,
}

/// An object that was mapped for sharing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) inode: u64,
    pub(super) actor: usize,
    pub(super) kib: u64,
}

/// What a call moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Out of the program's memory.
    Out,
    /// Into it; the result says how many bytes.
    In,
    /// Into it, a whole struct.
    InWhole,
}

/// A stretch of a segment that a call reaches.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) address: u64,
    pub(super) length: u64,
    pub(super) way: Way,
}

/// What lay in segments before a call that may write there.
#[derive(Clone, Debug, Default)]
pub(super) struct Compared {
    /// How many events there had been.
    pub(super) events: u64,
    /// Addresses and the bytes there.
    pub(super) before: Vec<(u64, Vec<u8>)>,
}

/// A call on many messages, of which some are done.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// The registers with which it was entered.
    pub(super) entered: Box<Registers>,
    pub(super) number: i64,
    pub(super) array: u64,
    pub(super) count: u64,
    pub(super) flags: u64,
    pub(super) done: u64,
    /// The moment at which it ends although more could come, `recvmmsg(2)`.
    pub(super) until: Option<Duration>,
}

/// A call that the tracer makes in its program's stead.
#[derive(Clone, Debug)]
pub(super) struct InStead {
    /// The registers with which it was entered.
    pub(super) entered: Box<Registers>,
    pub(super) request: Request,
    pub(super) state: State,
    /// What has been received.
    pub(super) received: Vec<u8>,
    /// The sender's address.
    pub(super) address: Option<Address>,
    /// The datagram was longer than the room for it: all of it.
    pub(super) whole: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is done, with this result.
    Done(i64),
    /// It waits as a peek.
    Waits,
    /// It is made as it is, now that what it will bring is known.
    Passes,
}

/// A call that names an address, where the tracer has looked at it first.
#[derive(Clone, Debug)]
pub(super) struct Addressed {
    /// The registers with which it was entered.
    pub(super) entered: Box<Registers>,
    pub(super) state: AddressState,
    /// The address that was used.
    pub(super) address: Option<Address>,
}

/// What becomes of it.
#[derive(Clone, Debug)]
pub(super) enum AddressState {
    /// The tracer has made it, with this result.
    Done(i64),
    /// It waits until this socket is connected to this address.
    Connects(Rc<OwnedFd>, Vec<u8>),
    /// It is made without the address, which a stream has no use for.
    Passes,
}

/// What a program asks for.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) fd: i32,
    pub(super) flags: i32,
    pub(super) vectors: Vectors,
    /// Where the sender's address is to go, and how much room is there.
    pub(super) name: (u64, u64),
    /// Where its length is to go.
    pub(super) name_length: Option<u64>,
    /// Where the `struct msghdr` is.
    pub(super) message: Option<u64>,
    /// Descriptors are asked for, too.
    pub(super) has_control: bool,
}

/// What was done about the address of a segment that a call attaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// The argument is this one.
    At(u64),
    /// That was not possible: the call is made once more, as the program made it.
    AsItWas,
}

/// Where a program begins, and what stands there in place of the breakpoint.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) at: u64,
    pub(super) instruction: Vec<u8>,
}

/// The masks of a thread at the exit of a call that waited with one of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Masks {
    /// The call's, which is in force.
    pub(super) of_call: u64,
    /// The thread's, which comes back.
    pub(super) own: u64,
}

/// Bytes that were sent and that nobody has received: as many lie in the kernel at the most, since what goes with a socket that is
/// closed is not taken off.
#[derive(Debug, Default)]
pub(super) struct InSockets {
    /// By the actor that sent them.
    sent: BTreeMap<usize, u64>,
    received: u64,
}

impl InSockets {
    pub(super) fn sent(&mut self, actor: usize, bytes: u64) {
        *self.sent.entry(actor).or_default() += bytes;
    }

    pub(super) fn received(&mut self, bytes: u64) {
        self.received += bytes;
    }

    /// What an actor holds so, in KiB: all of it belongs to the one that has sent the most.
    pub(super) fn kib(&self, actor: usize) -> u64 {
        let of = |actor: usize| self.sent.get(&actor).copied().unwrap_or_default();
        let has_sent_most = self.sent.values().all(|other| *other <= of(actor));
        let all: u64 = self.sent.values().sum();
        match has_sent_most {
            true => all.saturating_sub(self.received) >> 10,
            false => 0,
        }
    }
}
