//! The tracer: one loop classifies, one match acts.
//!
//! It follows every process and thread of every actor, decodes the calls that the filter stops at, and knows at any
//! moment which thread is in which call. `ESRCH` can come from any request, since a tracee may be killed at any time: its death
//! is then told by the next wait status.
//!
//! ```text
//! event       what a wait status says
//! dispatch    what follows from it
//!   entry, exit, transfer   the two stops of a call
//!   queues                  messages of queues
//!   instead, series         calls that the tracer makes in a program's stead, or one by one
//!   processes               lives of processes and threads
//!   beginning               where a program begins, after its loader's work
//!   access                  page faults on guarded segments
//! clock       waits for a time, timers, and what time it is
//! state       what is known of actors, processes and threads
//! observed    what calls have mapped and opened
//! origin      in which line of the student's files a thread is
//! guard, thread_memory   keep shared memory protected      | only where
//! reach, pointers   what the kernel accesses in it         |
//! remote, masks      calls made in a tracee, and single steps     | threads
//! scheduler   whose turn it is                             | take turns
//! copies, lending    descriptors of tracees
//! host, addressed, neighbours, made    rules of the `shared` level
//! locks       none on files of the host
//! held        memory that is shared without a file
//! passings    descriptors that processes send to others
//! tree, families    which process made, ran and waited for which, where the plan asks
//! signals, following      what processes do with signals, and what their handlers call
//! objects, waits, rest, trace    what the watch asks, and what is kept
//! yields      who has spoken lets the others answer
//! disk        how often programs wait for the disk
//! ```

mod access;
mod addressed;
mod async_signal;
mod beginning;
mod between_threads;
mod clock;
mod code_map;
mod copies;
mod disk;
mod dispatch;
mod entry;
mod event;
mod exclusive;
mod exit;
mod families;
mod fifos;
mod file_locks;
mod followed;
mod following;
mod guard;
mod handlers;
mod held;
mod host;
mod in_progress;
mod instead;
mod joins;
mod lending;
mod locked_files;
mod locks;
mod made;
mod mapped_objects;
mod mappings;
mod masks;
mod neighbours;
mod objects;
mod observed;
mod origin;
mod passings;
mod pipes;
mod placed;
mod pointers;
mod points;
mod processes;
mod queues;
mod reach;
mod remote;
pub(crate) mod rest;
mod sanitizer;
mod sanitizer_options;
mod scheduler;
mod segments;
mod series;
mod shared_by_threads;
mod signals;
mod skipped;
mod state;
mod thread_memory;
mod trace;
mod transfer;
mod tree;
mod waits;
mod yields;

pub(crate) use clock::Passage;
pub(crate) use state::{HostRules, Notice, Objects, Tracer, TracerEvidence};
