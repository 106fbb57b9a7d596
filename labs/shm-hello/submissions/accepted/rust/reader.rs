//! Prints what segment 100 holds, and removes it.

mod sysv;

use std::io::{self, Write};
use std::process::ExitCode;
use sysv::{get, remove, say, size, Attached, Failed};

const SHM_RDONLY: i32 = 0o10000;

fn read() -> Result<(), Failed> {
    let id = get(100, 0, 0)?;
    let most = size(id)?;
    let segment = Attached::new(id, SHM_RDONLY)?;
    let mut text = Vec::new();
    for at in 0..most {
        // SAFETY: it is one of the segment's bytes.
        match unsafe { segment.start().add(at).read_volatile() } {
            0 => break,
            byte => text.push(byte),
        }
    }
    text.push(b'\n');
    io::stdout().write_all(&text).map_err(|error| ("write", error))?;
    segment.detach()?;
    remove(id)
}

fn main() -> ExitCode {
    match read() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            say(failed);
            ExitCode::FAILURE
        }
    }
}
