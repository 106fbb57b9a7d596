//! What hangs on the processor. Another one is another folder with the same names in it.

#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub use x86_64::{calls, instruction, registers, start};

#[cfg(not(target_arch = "x86_64"))]
compile_error!(
    "ipclab runs on x86-64 only: another processor needs a folder like harness/kernel/src/arch/x86_64"
);
