//! How aarch64 divides the addresses of a process, and lays out what differs from other 64-bit processors.

use std::ops::Range;

/// What no program may expect to keep below its stack pointer. The ABI has no red zone here; leaving one does no harm.
pub const RED_ZONE: u64 = 128;

/// Addresses where segments may be attached, far from all else. Kernels are built for addresses of 39 to 52 bits: programs and
/// libraries lie in the upper half of all of them, a program of fixed addresses and its heap lie below, and what sanitizers
/// keep for themselves begins at 64 GiB.
pub const SEGMENTS: Range<u64> = 0x4_0000_0000..0xc_0000_0000;

/// Bytes of a `struct epoll_event`.
pub const EPOLL_EVENT_BYTES: u64 = 16;
