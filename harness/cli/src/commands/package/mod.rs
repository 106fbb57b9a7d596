//! `ipclab package`: what other systems need to grade with this tool.

mod gradescope;
mod slurm;

pub(crate) use gradescope::gradescope;
pub(crate) use slurm::slurm;
