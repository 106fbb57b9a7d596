//! The case's clock. Computing takes none of its time: it stands still while anything can happen, and goes to the next deadline
//! when nothing else can.
//!
//! ```text
//! time      what the clock shows, what is due when, and in which order
//! calls     calls that wait for a time: where it stands, what they return when it is up
//! timers    what is armed to fire later: alarms, interval timers, POSIX timers, timers that are descriptors
//! ```

pub(crate) mod calls;
pub(crate) mod time;
pub(crate) mod timers;
