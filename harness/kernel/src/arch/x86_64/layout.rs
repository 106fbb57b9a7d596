//! How x86-64 divides the addresses of a process, and lays out what differs from other 64-bit processors.

use std::ops::Range;

/// What no program may expect to keep below its stack pointer: the red zone of the ABI.
pub const RED_ZONE: u64 = 128;

/// Addresses where segments may be attached, far from all else: above what sanitizers keep for themselves, below what the
/// kernel itself maps.
pub const SEGMENTS: Range<u64> = 0x7e90_0000_0000..0x7ea0_0000_0000;

/// Bytes of a `struct epoll_event`, which is packed here.
pub const EPOLL_EVENT_BYTES: u64 = 12;
