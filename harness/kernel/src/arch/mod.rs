//! What hangs on the processor. Another one is another folder with the same names in it.

mod access;
mod clone;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub use aarch64::{calls, instruction, layout, older, pace, registers, start};
#[cfg(target_arch = "x86_64")]
pub use x86_64::{calls, instruction, layout, older, pace, registers, start};

pub(crate) use clone::clone;

/// A system call with all of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The kernel's number.
    pub number: u64,
    /// Its arguments.
    pub arguments: [u64; 6],
}
