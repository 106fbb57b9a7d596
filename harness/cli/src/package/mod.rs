//! `ipclab package`: what other systems need to grade with this tool.

mod slurm;

pub(crate) use slurm::slurm;
