//! What the judge says: a file for each file of `src`, and in `properties` what holds for any evidence.

mod bytes;
mod calls;
mod cleanup;
mod common;
mod exit;
mod facts;
mod listening;
mod mappings;
mod memory;
mod objects;
mod oracle;
mod output;
mod properties;
mod sharing;
mod signals;
mod threads;

const SILENT: &str = "[case.actor.client]\nstudent = \"client\"\n";
