//! Where tracees send copies of their descriptors to, in a world in which the kernel does not let us fetch them.

use std::os::fd::OwnedFd;

use ipclab_kernel::{lent, process};

/// A socket for them.
#[derive(Debug)]
pub(super) struct Lending {
    pub(super) arrivals: OwnedFd,
    /// Its raw address, which is an abstract one: no file leads to it.
    pub(super) address: Vec<u8>,
}

impl Lending {
    /// Opened where descriptors cannot be fetched; `None`: they can.
    pub(super) fn open_if_needed() -> Option<Self> {
        if process::can_copy_descriptors() {
            return None;
        }
        let (arrivals, address) = lent::arrivals().ok()?;
        Some(Self { arrivals, address })
    }
}
