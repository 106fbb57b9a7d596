//! Grading: a submission's programs are compiled, every case is planned and run, and all that was seen becomes a record.
//!
//! ```text
//! Submission ── compile ──► Programs ── plan ──► Plan ── pool ──► Evidence ── explore ──► Record
//! ```
//!
//! [`labs`] finds the spec, [`compile`] builds in boxes, [`pool`] is the sandboxes, [`explore`] runs a case and looks into what
//! fails, [`grade`] does all of it in order, and [`keep`] writes a record to disk and reads it back. [`machine`] remembers what is slow to find out.

pub mod ahead;
pub mod compile;
pub mod explore;
pub mod grade;
pub mod interrupt;
pub mod keep;
mod keep_v1;
pub mod labs;
pub mod machine;
mod own;
pub mod pool;
pub mod program_digest;
pub mod progress;
pub mod selection;
pub mod self_test;
pub mod strangers;
pub mod unit;
pub mod withheld;
