//! Files that are written here and executed soon afterwards, while other threads start processes.
//!
//! A process that is just being started has a copy of every descriptor until it executes its program. One that was made while
//! another thread had an executable open for writing keeps that file open, and the kernel refuses to execute a file that
//! is open for writing anywhere (`ETXTBSY`, `execve(2)`). So no process of ours begins while such a file is written.

use std::io;
use std::process::{Child, Command};
use std::sync::{PoisonError, RwLock};

/// Read: an executable is being written. Written: a process is being started.
static WRITING: RwLock<()> = RwLock::new(());

/// Writes files that may be executed; meanwhile no process is started by [`start`].
pub fn write<T>(files: impl FnOnce() -> T) -> T {
    // It guards no data that a panic could leave half done.
    let _writing = WRITING.read().unwrap_or_else(PoisonError::into_inner);
    files()
}

/// Starts a process that has no executable open that is being written.
///
/// # Errors
/// As [`Command::spawn`].
pub fn start(command: &mut Command) -> io::Result<Child> {
    let _starting = WRITING.write().unwrap_or_else(PoisonError::into_inner);
    // It returns when the program is executed, and the copies of our descriptors are closed by that.
    command.spawn()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Stdio;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_program_that_was_just_written_can_be_executed_while_others_start() {
        let folder = tempfile::tempdir().unwrap();
        let ended = AtomicBool::new(false);
        let starter = || {
            while !ended.load(Ordering::Relaxed) {
                let mut command = Command::new("/bin/true");
                start(command.stdin(Stdio::null())).unwrap().wait().unwrap();
            }
        };
        thread::scope(|scope| {
            scope.spawn(starter);
            scope.spawn(starter);
            for number in 0..300 {
                let program = folder.path().join(number.to_string());
                write(|| {
                    fs::copy("/bin/true", &program)?;
                    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
                })
                .unwrap();
                let started = start(&mut Command::new(&program));
                let refused = started.as_ref().err().map(ToString::to_string);
                if let Ok(mut child) = started {
                    child.wait().unwrap();
                }
                ended.store(refused.is_some() || number == 299, Ordering::Relaxed);
                assert_eq!(refused, None, "after {number} programs");
            }
        });
    }
}
