//! The tracer: one wait status in, one state change out.
//!
//! It follows every process and thread of every actor, decodes the calls that the filter stops at, and knows at any
//! moment who is in which call. `ESRCH` can come from any request, since a tracee may be killed at any time: its death
//! is then told by the next wait status.
//!
//! A call's two stops are in `entry` and `exit`, lives of processes in `processes`, what descriptors are open on in
//! `objects`, what they wait for in `waits`; `turns` is there only where processes take turns.

mod dispatch;
mod entry;
mod exit;
mod host;
mod objects;
mod processes;
pub(crate) mod rest;
mod segments;
mod state;
mod trace;
mod turns;
mod waits;

pub(crate) use state::{HostRules, Notice, Tracer};
