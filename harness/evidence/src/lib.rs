//! Plan and Evidence: the two documents that cross the sandbox wall.
//!
//! A [`Plan`] is a case with nothing left to decide; [`Evidence`] is what was observed while it ran. Both are plain
//! data that serialise to JSON and back without loss, so that a grade can be judged again from a saved file. Evidence
//! speaks in facts (a signal number, a byte count, a path that exists), never in opinions.

mod address;
mod bytes;
mod family;
mod leftovers;
mod outcome;
mod plan;
mod trace;

pub use address::{Address, Endpoint, Protocol};
pub use bytes::Bytes;
pub use family::{belongs, canonical, families, family, needs_socket};
pub use leftovers::{
    FileKind, LeftFile, LeftPort, LeftProcess, LeftQueue, LeftSemaphores, Leftovers, Segment,
};
pub use outcome::{
    Access, ActorEvidence, Collision, Counted, Ended, Evidence, Exit, Isolation, Level, LimitHit,
    LimitKind, Look, OpenDescriptor, Sharing, Spent, Stream, Wait,
};
pub use plan::{
    Actor, Await, Bind, Fill, GivenFile, GivenKind, GivenSegment, GivenSemaphores, Known, Limits,
    Occurrence, Order, Plan, Run, Stdin, Tamper, TamperAction, Watch, World,
};
pub use trace::{Arg, Call, Direction, Object, Returned, Socket, SocketKind, Told, Transfer};
