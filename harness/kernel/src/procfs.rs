//! A small reader for what `/proc` says of one process.

use std::fs::{self, File};
use std::io::Read;

use crate::process::Pid;

/// All of a file about a process, which is small: asked for at once, since the kernel writes it anew for each question.
fn read(tid: Pid, name: &str) -> Option<Vec<u8>> {
    let mut file = File::open(format!("/proc/{tid}/{name}")).ok()?;
    let mut text = vec![0; 4096];
    let mut length = 0;
    loop {
        match file.read(&mut text[length..]).ok()? {
            0 => break,
            got => length += got,
        }
        if length == text.len() {
            text.resize(2 * length, 0);
        }
    }
    text.truncate(length);
    Some(text)
}

fn read_text(tid: Pid, name: &str) -> Option<String> {
    String::from_utf8(read(tid, name)?).ok()
}

/// State letter of a thread (`R`, `S`, `D`, `T`, `t`, `Z`, ...), `proc(5)`. `None`: it is gone.
#[must_use]
pub fn state(tid: Pid) -> Option<u8> {
    let stat = read(tid, "stat")?;
    // The name may hold anything, a closing parenthesis included: the last one ends it.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(end + 2).copied()
}

/// The call that a sleeping thread is in, with its arguments. `None`: it is in none, or runs.
#[must_use]
pub fn current_call(tid: Pid) -> Option<(i64, [u64; 6])> {
    let line = read_text(tid, "syscall")?;
    let mut words = line.split_whitespace();
    let number = words.next()?.parse().ok().filter(|number| *number >= 0)?;
    let mut args = [0; 6];
    for arg in &mut args {
        *arg = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    }
    Some((number, args))
}

/// How often a thread that is off its processor has been taken off one. `None`: it runs, or would like to.
///
/// The state letter does not tell: a thread that is about to sleep, and looks once more whether it has to, shows `S`
/// already, and may lose its processor just then. Reading its `syscall` waits until it is really off the queue.
#[must_use]
pub fn context_switches_at_rest(tid: Pid) -> Option<u64> {
    let call = read(tid, "syscall");
    if call.is_some_and(|call| call.starts_with(b"running")) {
        return None;
    }
    let status = read(tid, "status")?;
    let status = String::from_utf8_lossy(&status);
    let count = |name| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    };
    Some(count("voluntary_ctxt_switches:")? + count("nonvoluntary_ctxt_switches:")?)
}

/// Every process of this pid namespace and of those below it, zombies among them.
#[must_use]
pub fn all() -> Option<Vec<Pid>> {
    let entries = fs::read_dir("/proc").ok()?;
    let mut all = Vec::new();
    for entry in entries {
        all.extend(
            entry
                .ok()?
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<Pid>().ok()),
        );
    }
    Some(all)
}

/// The mapping of a process that begins at an address: its length in bytes, and whether it may be written to, `proc(5)`.
#[must_use]
pub fn mapping(tid: Pid, start: u64) -> Option<(u64, bool)> {
    let maps = fs::read(format!("/proc/{tid}/maps")).ok()?;
    let maps = String::from_utf8_lossy(&maps);
    maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let from = u64::from_str_radix(from, 16).ok()?;
        let to = u64::from_str_radix(to, 16).ok()?;
        (from == start).then(|| (to - from, rest.as_bytes().get(1) == Some(&b'w')))
    })
}

/// Who a thread is, as `/proc/PID/status` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// The process that the thread belongs to.
    pub tgid: Pid,
    /// That process's parent.
    pub parent: Pid,
    /// The process in its innermost pid namespace: its own number as it sees itself.
    pub own_pid: u32,
}

/// Reads a thread's identity.
#[must_use]
pub fn identity(tid: Pid) -> Option<Identity> {
    let status = read(tid, "status")?;
    let status = String::from_utf8_lossy(&status);
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    Some(Identity {
        name: field("Name:")?.to_owned(),
        tgid: field("Tgid:")?.parse().ok()?,
        parent: field("PPid:")?.parse().ok()?,
        own_pid: field("NStgid:")?.split_whitespace().last()?.parse().ok()?,
    })
}

/// A process's name, as `execve(2)` gave it.
#[must_use]
pub fn name(tid: Pid) -> Option<String> {
    let name = read(tid, "comm")?;
    let name = name.strip_suffix(b"\n").unwrap_or(&name);
    Some(String::from_utf8_lossy(name).into_owned())
}

/// The session that a process belongs to, by the number of its first process.
#[must_use]
pub fn session(tid: Pid) -> Option<Pid> {
    let stat = read(tid, "stat")?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = String::from_utf8_lossy(stat.get(end + 1..)?);
    rest.split_whitespace().nth(3)?.parse().ok()
}

/// Resident memory of a process in KiB.
#[must_use]
pub fn resident_kib(pid: Pid) -> Option<u64> {
    let statm = read_text(pid, "statm")?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4)
}

/// Largest address space that a process has had in KiB.
#[must_use]
pub fn peak_kib(pid: Pid) -> Option<u64> {
    let status = read(pid, "status")?;
    let status = String::from_utf8_lossy(&status);
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmPeak:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What a descriptor of a process is, as the link in `/proc/PID/fd` names it: `socket:[4711]`.
#[must_use]
pub fn descriptor(tid: Pid, fd: i32) -> Option<String> {
    let link = fs::read_link(format!("/proc/{tid}/fd/{fd}")).ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// Every open descriptor of a process with its link, by number.
#[must_use]
pub fn descriptors(tid: Pid) -> Vec<(i32, String)> {
    let Ok(entries) = fs::read_dir(format!("/proc/{tid}/fd")) else {
        return Vec::new();
    };
    let mut all: Vec<(i32, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let fd = entry.file_name().to_str()?.parse().ok()?;
            Some((fd, descriptor(tid, fd)?))
        })
        .collect();
    all.sort_unstable();
    all
}

/// The inode in a link such as `socket:[4711]`.
#[must_use]
pub fn inode(link: &str, kind: &str) -> Option<u64> {
    link.strip_prefix(kind)?
        .strip_prefix(":[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{descriptor, identity, inode, state};

    #[test]
    fn this_process_finds_itself() {
        let me = std::process::id();
        let found = identity(me as i32).unwrap();
        assert_eq!((found.tgid, found.own_pid), (me as i32, me));
        assert!(matches!(state(me as i32), Some(b'R' | b'S')));
        assert_eq!(found.parent, std::os::unix::process::parent_id() as i32);
        assert!(super::session(me as i32).is_some());
        assert!(descriptor(me as i32, 1).is_some());
        assert_eq!(state(-1), None);
    }

    #[test]
    fn a_thread_rests_when_it_waits_and_not_when_it_runs() {
        let mut reader = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        while super::context_switches_at_rest(reader.id() as i32).is_none() {
            std::thread::yield_now();
        }
        let (done, numbers) = (AtomicBool::new(false), std::sync::mpsc::channel());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                numbers.0.send(nix::unistd::gettid().as_raw()).unwrap();
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
            let spinner = numbers.1.recv().unwrap();
            // It may still be in the call that told its number.
            while super::context_switches_at_rest(spinner).is_some() {
                std::thread::yield_now();
            }
            done.store(true, Ordering::Relaxed);
        });
        drop(reader.stdin.take());
        reader.wait().unwrap();
    }

    #[test]
    fn links_name_inodes() {
        assert_eq!(inode("socket:[4711]", "socket"), Some(4711));
        assert_eq!(inode("pipe:[4711]", "socket"), None);
        assert_eq!(inode("/tmp/socket:[1]", "socket"), None);
    }
}
