//! Judges Evidence against a Case: facts in, findings out. No file, clock, process or environment is touched here.

mod finding;

pub use finding::{DiffLine, Difference, Finding, Verdict};
