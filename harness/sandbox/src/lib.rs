//! Runs a [`Plan`] and brings back [`Evidence`].
//!
//! ```text
//! ipclab (threads)
//!  |  one Sandbox a worker: the tool's own executable, started again as a keeper
//!  keeper      single-threaded; waits for plans and for the tool's death, and has one box made ahead
//!  |  clone into new user, net, ipc, pid, mount, uts and cgroup namespaces
//!  supervisor  pid 1 of the case: makes the world, waits for its plan, starts actors, traces them, sweeps up
//!  |- reaper   pid 1 of the pid namespace of a submission, and the maker of its mount namespace; two where two meet
//!  |- student  in both of them, in a user namespace of its own; no capabilities
//!  |- reference programs and peers, in the supervisor's pid namespace
//! ```
//!
//! When the tool dies, the keeper reads end of file and exits; the supervisor dies of its parent-death signal; the
//! kernel kills both pid namespaces. Nothing of a case can outlive it.
//!
//! All of a case runs on one processor; making the next box and taking the last one apart go to another where one is idle.
//!
//! Where namespaces are refused, the `shared` level runs the same tracer in the host's world, one case after another.
//!
//! The sandbox does not know what a check, a point or a student is.

mod accesses;
mod affinity;
mod boxes;
mod calls;
mod cgroup;
mod chaos;
mod children;
mod clock;
mod created;
mod decode;
mod disk_waits;
mod doctor;
mod error;
mod evidence;
pub mod executables;
mod fault;
mod fifos;
mod filter;
mod flows;
mod found;
mod frame;
pub mod fuzzing;
mod given;
mod handed_in;
mod id_map;
mod keeper;
mod leftovers;
mod level;
mod machine_limits;
mod mapped;
mod measures;
mod mounts;
mod outputs;
mod passings;
mod platform;
mod posix;
mod queued;
mod quiet;
mod reaper;
mod request;
mod sandbox;
mod schedule;
mod script;
mod sockets;
mod spawn;
mod speed;
mod steered;
mod streams;
mod supervisor;
mod surroundings;
mod symbols;
mod tracer;
mod unwind;
mod watch;
mod withheld;
mod workspace;
mod world;
mod yielding;

pub use doctor::{Capability, doctor, processors};
pub use error::SandboxError;
pub use level::{LevelChoice, Rights, rights, try_namespaces, writable_by_programs};
pub use measures::Measure;
pub use sandbox::{Sandbox, hidden};
pub use surroundings::make_usable;
