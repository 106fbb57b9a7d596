//! System calls and `/proc`: what the harness asks of the kernel and no safe wrapper covers.
//!
//! Every function is a thin, safe face of one call, or of one idiom that must not be split. Nothing here decides
//! anything; what the calls are for is said where they are used.
//!
//! This is the only crate of the harness that may contain `unsafe`: the workspace denies it, and the next line is the one
//! exception (`tests/unsafe_code.rs`). Each block says why it is sound.
//!
//! What hangs on the processor (registers, the `syscall` instruction, numbers of older calls, the meaning of
//! instructions) is in one folder, [`arch`].
#![allow(unsafe_code)]

pub mod affinity;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
pub mod arch;
pub mod descriptor;
pub mod error;
pub mod lent;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
pub mod memory;
pub mod mq;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
pub mod namespace;
pub mod page;
pub mod process;
pub mod procfs;
pub mod ptrace;
pub mod seccomp;
pub mod signal;
pub mod socket;
pub mod sysv;
pub mod time;
pub mod wait;

pub use error::context;
pub use process::Pid;

#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
compile_error!(
    "ipclab runs on x86-64 and on 64-bit ARM (aarch64): another processor needs a folder like harness/kernel/src/arch/x86_64"
);
