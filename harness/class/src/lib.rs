//! Whole classes: every submission graded by one lab, or every submission's programs run with each other's.
//!
//! [`batch`] grades a class and goes on where an earlier run ended, [`interop`] lets each pair of submissions meet, and
//! [`export`] fills other systems' gradebooks with what came of it. [`package`] is what such systems need to grade by
//! themselves.

pub mod batch;
pub mod diff;
pub mod export;
mod feedback;
pub mod finished;
pub mod interop;
pub mod package {
    //! What other systems need to grade with this tool.

    pub mod gradescope;
    pub mod slurm;
}
mod results_folder;
