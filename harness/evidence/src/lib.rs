//! Plan and Evidence: the two documents that cross the sandbox wall.
//!
//! A [`Plan`] is a case with nothing left to decide; [`Evidence`] is what was observed while it ran. Both are plain
//! data that serialise to JSON and back without loss, so that a grade can be judged again from a saved file. Evidence
//! speaks in facts (a signal number, a byte count, a path that exists), never in opinions.

mod access;
mod address;
mod arg;
mod arg_kind;
mod bytes;
mod errno;
mod errno_words;
mod family;
mod file_locks;
pub mod format_v1;
mod leftovers;
mod mappings;
mod moment;
mod names;
mod objects;
mod on_request;
mod outcome;
mod passed;
mod plan;
mod schedule;
mod served;
mod signals;
mod signature;
mod source;
mod trace;
mod wait;
mod watched;

pub use access::{Access, Collision};
pub use address::{Address, Endpoint, Protocol};
pub use arg::{Arg, SemOp, Word};
pub use arg_kind::ArgKind;
pub use bytes::Bytes;
pub use errno::Errno;
pub use errno_words::{ERRNO_WORDS, ErrnoWords};
pub use family::{belongs, canonical, families, family, name_in_c, needs_socket, stand_ins};
pub use file_locks::{AwaitedLock, FileAccess, HeldLock, LockKind, LockRange};
pub use leftovers::{
    FileKind, LeftFile, LeftPort, LeftProcess, LeftQueue, LeftSemaphores, Leftovers, PosixQueue,
    PosixSemaphore, QueuedMessage, Segment, UrgentMessage,
};
pub use mappings::{HeldMapping, HeldMappings, MappedObject, MappingCrowd, Mappings};
pub use moment::Moment;
pub use names::{Names, Part, signal_name, signal_number};
pub use objects::{
    Fate, FileState, FoundFile, HeldDescriptor, HeldDescriptors, Process, ProcessEnd, SeenObjects,
    StartedProgram, WantedObjects,
};
pub use outcome::{
    ActorEvidence, CaseTimes, CgroupCounters, Ended, Evidence, Exit, IpcSnapshot, Isolation, Level,
    LimitHit, LimitKind, OpenDescriptor, Printed, Refusal, Sharing, Stream,
};
pub use passed::{DescriptorPlace, PassedDescriptor};
pub use plan::{
    Actor, Await, Bind, CHILD_STORE, DescriptorKind, GivenFile, GivenKind, GivenPosixQueue,
    GivenQueue, GivenSegment, GivenSemaphores, IpcKind, Limits, Occurrence, OpenOn, Order,
    Placeholder, Plan, Run, RuntimeValue, SANITIZER_STATUS, SANITIZER_WITNESS, STORE, Stdin,
    StdoutKind, Tamper, TamperAction, Watch, World,
};
pub use schedule::{
    Reach, Searched, Steering, Step, Steps, Strategy, Then, Thing, ThreadId, Touch, Unordered, Way,
};
pub use served::{HEX_PATH, Served, ServedPart};
pub use signals::{
    Delivery, HandlerRun, SignalMoment, SignalSet, SignalState, Signals, Taken, Unseen,
};
pub use signature::{is_on_request, position, signature};
pub use source::{LineRow, LineTable, SourceLine, ThreadStart};
pub use trace::{
    Answer, Call, Direction, Object, Repeated, Returned, Socket, SocketKind, TimePassed, Transfer,
};
pub use wait::{Awaited, KnownThread, OpenEnd, ThreadWait, Wait};
pub use watched::{
    Injectable, injectable, is_all_on_request, is_watched, kernel_calls, needs_request, requested,
    unseen, watched_names,
};
