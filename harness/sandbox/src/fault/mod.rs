//! Fault injection: what the tracer changes at the kernel boundary, and how it is undone.
//!
//! An error is injected by making the call one that does not exist and writing the result at its exit; a short read by
//! lowering the count on entry, so that the kernel itself moves fewer bytes. The registers that a program may still
//! rely on are put back at the exit.

mod injection;
mod selection;
mod undo;

pub(crate) use injection::{answer, redirect, refuse, wait_for_ever};
pub(crate) use selection::{Faults, Met};
pub(crate) use undo::Pending;
