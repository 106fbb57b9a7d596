//! What other systems need to grade with this tool.

pub mod gradescope;
pub mod slurm;
