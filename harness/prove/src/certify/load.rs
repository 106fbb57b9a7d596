//! Load: threads that keep processors busy, in a process of their own that cannot outlive the tool.
//!
//! The process ends when its standard input does, and the other end of that pipe is the tool's alone: the kernel closes
//! it however the tool ends.

use std::io::Read;
use std::process::{Child, Command, ExitCode, Stdio};

use ipclab_intake::failure::{Failure, reason};

/// The argument that makes the tool's executable such a process.
const LOAD: &str = "__load";

/// Busy threads. Dropping it ends them.
#[derive(Debug)]
pub struct Load(Child);

impl Load {
    /// Starts so many busy threads.
    ///
    /// # Errors
    /// The tool cannot start itself again.
    pub fn start(threads: usize) -> Result<Self, Failure> {
        Command::new("/proc/self/exe")
            .args([LOAD, &threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map(Self)
            .map_err(|error| {
                Failure::unable(format!("starting a load generator: {}", reason(&error)))
            })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Plays such a process; `None`: these are ordinary arguments.
pub fn hidden(argv: &[std::ffi::OsString]) -> Option<ExitCode> {
    let [_, load, threads] = argv else {
        return None;
    };
    if load != LOAD {
        return None;
    }
    let threads: usize = threads.to_str()?.parse().ok()?;
    for _ in 0..threads {
        std::thread::spawn(|| {
            let mut state: u64 = 1;
            loop {
                state = std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005) + 1);
            }
        });
    }
    // Until the last holder of the other end has closed it.
    let mut word = [0; 64];
    while std::io::stdin().read(&mut word).is_ok_and(|got| got > 0) {}
    Some(ExitCode::SUCCESS)
}
