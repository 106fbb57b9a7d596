//! Leaves a greeting in segment 100.

mod sysv;

use std::process::ExitCode;
use sysv::{get, say, Attached, Failed};

const IPC_CREAT: i32 = 0o1000;

fn write() -> Result<(), Failed> {
    let text = b"Hello\0";
    let segment = Attached::new(get(100, 1024, IPC_CREAT | 0o644)?, 0)?;
    // SAFETY: the segment has 1024 bytes.
    unsafe { segment.start().copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    segment.detach()
}

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            say(failed);
            ExitCode::FAILURE
        }
    }
}
