//! Programs that run in a world, and what they print.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use wait_timeout::ChildExt;

/// A net for what would hang; nothing is paced by it.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Runs a command to its end, with `stdin` as its input.
pub(crate) fn run(command: Command, stdin: impl Into<Vec<u8>>) -> Assert {
    assert_cmd::Command::from_std(command)
        .timeout(LIMIT)
        .write_stdin(stdin)
        .assert()
}

/// A program that runs beside the test. It is killed if the test ends before it.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    stdout: Vec<u8>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    /// Whether it sleeps, `proc(5)`: it has done all that comes before its first wait.
    pub(crate) fn is_asleep(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        stat.is_ok_and(|stat| {
            stat.rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with('S'))
        })
    }

    pub(crate) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("starting a program");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut stderr = child.stderr.take().expect("a pipe");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).expect("stderr");
            text
        });
        Self {
            stdin: child.stdin.take(),
            child,
            lines,
            stdout: Vec::new(),
            stderr: Some(stderr),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the program prints this line.
    pub(crate) fn until(&mut self, line: &str) {
        loop {
            let Ok(next) = self.lines.recv_timeout(LIMIT) else {
                let so_far = String::from_utf8_lossy(&self.stdout);
                panic!("never printed {line:?}; printed:\n{so_far}");
            };
            self.stdout.extend_from_slice(&next);
            if next == format!("{line}\n").as_bytes() {
                return;
            }
        }
    }

    /// Sends one signal.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, signal).expect("kill");
    }

    /// Types into the program's stdin.
    pub(crate) fn types(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(text.as_bytes()).expect("stdin");
    }

    /// Waits for the program's end. What it printed and how it ended is then to be asserted.
    pub(crate) fn finish(mut self) -> Assert {
        drop(self.stdin.take());
        let Some(status) = self.child.wait_timeout(LIMIT).expect("wait") else {
            let so_far: Vec<u8> = self.lines.try_iter().flatten().collect();
            panic!(
                "still running; printed:\n{}",
                String::from_utf8_lossy(&so_far)
            );
        };
        for line in self.lines.iter() {
            self.stdout.extend_from_slice(&line);
        }
        let stderr = self.stderr.take().expect("finished once");
        Assert::new(Output {
            status,
            stdout: std::mem::take(&mut self.stdout),
            stderr: stderr.join().expect("stderr"),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.stderr.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Waits until `condition` holds, looking again every millisecond.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "never happened: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
