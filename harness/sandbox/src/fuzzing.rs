//! What reads untrusted bytes, for the fuzz targets: the decoder of system calls and the frames of a keeper's pipe.
//!
//! Not for anything else: what is here changes with what it tests.

use std::hint::black_box;

use ipclab_evidence::Evidence;

use crate::calls::{ArgKind, TABLE};
use crate::decode::{self, Message};
use crate::frame;

/// Decodes any registers over any memory: a call's number, its six arguments, then its memory.
///
/// The memory that is read is our own, by the same call that reads a tracee's. Where the input says so, an argument
/// points into the input itself, so that whole structures are made of untrusted bytes.
///
/// # Panics
/// Where something does not hold that the decoder promises.
pub fn decoder(data: &[u8]) {
    if data.len() < 40 {
        return;
    }
    let (head, memory) = data.split_at(33);
    // Pointers in memory are relative to it where their upper bits say so: vectors of a message, buffers of a vector.
    let mut memory = memory.to_vec();
    let base = memory.as_ptr() as u64;
    let length = memory.len() as u64;
    let place = |raw: u64| match raw >> 60 {
        0xa => base.wrapping_add((raw & 0xffff) % length),
        // Right at the end, and right at the end of all addresses.
        0xb => base.wrapping_add(length).wrapping_sub(raw & 0x1f),
        0xc => u64::MAX.wrapping_sub(raw & 0x1f),
        _ => raw,
    };
    for word in memory.chunks_exact_mut(8) {
        let raw = u64::from_ne_bytes(word.try_into().expect("eight bytes"));
        word.copy_from_slice(&place(raw).to_ne_bytes());
    }
    let mut args = [0; 6];
    for (at, arg) in args.iter_mut().enumerate() {
        // Five bytes each: the first says what kind of number.
        let bytes = &head[3 + 5 * at..3 + 5 * at + 5];
        let low = u64::from(u32::from_ne_bytes(
            bytes[1..].try_into().expect("four bytes"),
        ));
        *arg = match bytes[0] % 8 {
            0 => low,
            1 => low | u64::from(bytes[0]) << 56,
            2 => (low as i32) as i64 as u64,
            3 => u64::MAX - low % 64,
            kind => place((0xa + u64::from(kind % 3)) << 60 | low),
        };
    }
    let me = std::process::id() as i32;
    let spec = &TABLE[usize::from(head[0]) % TABLE.len()];
    for arg in decode::arguments(me, spec, &args) {
        // What is shown is one line, a screen's width or a path long, with nothing in it that acts.
        let text = arg.to_string();
        assert!(text.len() <= 4 * 4096 + 2, "{}", text.len());
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    if let Some(path) = decode::path(me, args[0]) {
        assert!(path.0.len() <= 4096);
    }
    black_box(decode::address(me, args[0], args[1]));
    black_box(decode::parse_address(&memory));
    let vectors = decode::vectors(me, args[0], args[1]);
    black_box(decode::total(&vectors));
    assert!(decode::gather(me, &vectors, args[2]).len() <= decode::MAX_TRANSFER_BYTES);
    assert!(decode::gather(me, &vectors, 64).len() <= 64);
    assert!(
        decode::memory(me, args[0], args[1], decode::MAX_TRANSFER_BYTES).len()
            <= decode::MAX_TRANSFER_BYTES
    );
    for kind in [ArgKind::Timespec, ArgKind::Timeval] {
        black_box(decode::duration_us(me, kind, args[0]));
    }
    if let Some(message) = Message::read(me, args[0]) {
        black_box(decode::address(me, message.name.0, message.name.1));
        assert!(decode::gather(me, &message.vectors, 64).len() <= 64);
    }
    black_box(decode::errno_name(args[3] as i32));
    black_box(decode::signal_name(args[3] as i32));
}

/// The evidence in what a keeper answers with, frame after frame, until one is cut or is none.
pub fn evidence_frames(mut bytes: &[u8]) -> impl Iterator<Item = Result<Evidence, String>> + '_ {
    std::iter::from_fn(move || frame::read(&mut bytes).ok().flatten())
}
