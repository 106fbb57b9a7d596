//! Schedules: which thread goes on at each step of a run, as pure functions of what was seen.
//!
//! A run is a list of steps ([`ipclab_evidence::Step`]): at each, one of the threads that can go on does, until it is about to
//! touch something that others share. A schedule is the list of the threads that took the steps. It can be stored, followed
//! again ([`choose::Chooser`]) and shortened ([`shrink`]). Which schedules are tried next is decided here from the steps of
//! those that were tried:
//!
//! ```text
//! search    every schedule with at most c preemptions, up to the order of steps that do not touch the same thing
//! pct       priorities drawn at random, with a bound on the probability that a fault is missed
//! ```
//!
//! And what one run says of all runs that are ordered like it: [`races`] are accesses that nothing puts in an order.

pub mod choose;
mod clocks;
pub mod dependence;
pub mod pct;
pub mod races;
pub mod search;
pub mod shrink;
pub mod text;
