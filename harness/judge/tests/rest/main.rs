//! What the judge says about bytes, ends, leftovers, calls, memory and points.

#[path = "../common/mod.rs"]
mod common;

mod bytes;
mod calls;
mod ends;
mod leftovers;
mod segments;

const SILENT: &str = "[case.actor.client]\nstudent = \"client\"\n";
