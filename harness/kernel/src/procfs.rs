//! A small reader for what `/proc` says of one process.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use crate::page;
use crate::process::Pid;

mod maps;
pub use maps::{
    FileMapping, ObjectMapping, OwnMapping, SharedMapping, code_at, code_made_since, file_mappings,
    is_systems, object_mappings, own_mappings, shared_mappings, system_code,
};

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

/// Where a sleeping thread is: its stack pointer, and the address of its next instruction. `None`: it runs.
#[must_use]
pub fn sleeps_at(tid: Pid) -> Option<(u64, u64)> {
    let line = read_text(tid, "syscall")?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let [.., stack, at] = words[..] else {
        return None;
    };
    let number = |word: &str| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    Some((number(stack)?, number(at)?))
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
    let count = |name| number(&status, name);
    Some(count("voluntary_ctxt_switches:")? + count("nonvoluntary_ctxt_switches:")?)
}

/// How often a thread has given up its processor by itself: to wait, or for a tracer.
#[must_use]
pub fn voluntary_switches(tid: Pid) -> Option<u64> {
    status_number(tid, "voluntary_ctxt_switches:")
}

/// How many page faults of a process had to wait for the disk.
#[must_use]
pub fn major_faults(pid: Pid) -> Option<u64> {
    let stat = read(pid, "stat")?;
    let stat = String::from_utf8_lossy(&stat);
    // Behind the name, which may have blanks, the third field comes first.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(12 - 3)?.parse().ok()
}

/// How many bytes a process has had read from disks and written to them.
#[must_use]
pub fn disk_bytes(pid: Pid) -> Option<u64> {
    let io = read(pid, "io")?;
    let io = String::from_utf8_lossy(&io);
    let bytes = |name| number(&io, name).unwrap_or(0);
    Some(bytes("read_bytes:") + bytes("write_bytes:"))
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

/// The file that a process runs: device and inode.
#[must_use]
pub fn executable(pid: Pid) -> Option<(u64, u64)> {
    let file = std::fs::metadata(format!("/proc/{pid}/exe")).ok()?;
    Some((file.dev(), file.ino()))
}

/// Where the program lies that a process runs, as its mappings name it.
#[must_use]
pub fn executable_path(pid: Pid) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    Some(path.into_os_string().into_vec())
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

/// Every user and group id that a process has: real, effective, saved, of the file system, and its further groups.
#[must_use]
pub fn owners(pid: Pid) -> Vec<u32> {
    let status = read(pid, "status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let lines = status.lines().filter_map(|line| {
        ["Uid:", "Gid:", "Groups:"]
            .into_iter()
            .find_map(|name| line.strip_prefix(name))
    });
    lines
        .flat_map(str::split_whitespace)
        .filter_map(|id| id.parse().ok())
        .collect()
}

/// How many pid namespaces a process is in, as far as this one knows: more than 1 in one that was made within ours.
#[must_use]
pub fn namespace_depth(pid: Pid) -> usize {
    let status = read(pid, "status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.map_or(0, |numbers| numbers.split_whitespace().count())
}

/// The capabilities that a process can use now, a bit each, `capabilities(7)`.
#[must_use]
pub fn effective_capabilities(pid: Pid) -> u64 {
    let status = read(pid, "status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or(0)
}

/// The folder from which a process's relative paths begin.
#[must_use]
pub fn folder(tid: Pid) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{tid}/cwd")).ok()
}

/// A process's name, as `execve(2)` gave it.
#[must_use]
pub fn name(tid: Pid) -> Option<String> {
    let name = read(tid, "comm")?;
    let name = name.strip_suffix(b"\n").unwrap_or(&name);
    Some(String::from_utf8_lossy(name).into_owned())
}

/// The process group that a process belongs to.
#[must_use]
pub fn group(tid: Pid) -> Option<Pid> {
    let stat = read(tid, "stat")?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = String::from_utf8_lossy(stat.get(end + 1..)?);
    rest.split_whitespace().nth(2)?.parse().ok()
}

/// The process that a descriptor of another one is a handle on, `pidfd_open(2)`.
#[must_use]
pub fn pidfd_process(tid: Pid, fd: i32) -> Option<Pid> {
    let about = read_text(tid, &format!("fdinfo/{fd}"))?;
    let pid = about.lines().find_map(|line| line.strip_prefix("Pid:"))?;
    pid.trim().parse().ok().filter(|pid| *pid > 0)
}

/// The session that a process belongs to, by the number of its first process.
#[must_use]
pub fn session(tid: Pid) -> Option<Pid> {
    let stat = read(tid, "stat")?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = String::from_utf8_lossy(stat.get(end + 1..)?);
    rest.split_whitespace().nth(3)?.parse().ok()
}

/// How nice the session of a process is to others, where the kernel groups by sessions: `sched(7)`, autogroups.
#[must_use]
pub fn autogroup_nice(pid: Pid) -> Option<i32> {
    let text = read(pid, "autogroup")?;
    let text = String::from_utf8_lossy(&text);
    text.trim().rsplit_once(" nice ")?.1.parse().ok()
}

/// Signals of a thread, as masks: bit 0 is signal 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalMasks {
    /// They wait to be delivered to it, or to any thread of its process.
    pub pending: u64,
    /// It does not take them now.
    pub blocked: u64,
    /// Its process ignores them.
    pub ignored: u64,
    /// Its process has a handler for them.
    pub caught: u64,
}

/// Reads them. `None`: it is gone.
#[must_use]
pub fn signal_masks(tid: Pid) -> Option<SignalMasks> {
    let status = read(tid, "status")?;
    let status = String::from_utf8_lossy(&status);
    let mut masks = SignalMasks::default();
    for line in status.lines() {
        let Some((name, mask)) = line.split_once(':') else {
            continue;
        };
        let mask = || u64::from_str_radix(mask.trim(), 16).ok();
        match name {
            "SigPnd" | "ShdPnd" => masks.pending |= mask()?,
            "SigBlk" => masks.blocked = mask()?,
            "SigIgn" => masks.ignored = mask()?,
            "SigCgt" => masks.caught = mask()?,
            _ => {}
        }
    }
    Some(masks)
}

/// Whether a process has a handler for a signal. `None`: it is gone.
#[must_use]
pub fn handles(tid: Pid, signal: i32) -> Option<bool> {
    let status = read(tid, "status")?;
    let status = String::from_utf8_lossy(&status);
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some(mask >> (signal - 1) & 1 == 1)
}

/// Whether a signal waits to be delivered to a process, or to one of its threads. `None`: it is gone.
#[must_use]
pub fn is_pending(tid: Pid, signal: i32) -> Option<bool> {
    let status = read(tid, "status")?;
    let status = String::from_utf8_lossy(&status);
    let masks = status.lines().filter_map(|line| {
        let mask = line
            .strip_prefix("SigPnd:")
            .or_else(|| line.strip_prefix("ShdPnd:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    Some(masks.fold(0, |all, mask| all | mask) >> (signal - 1) & 1 == 1)
}

/// The threads of a process, each with the number by which it knows itself.
#[must_use]
pub fn threads(pid: Pid) -> Vec<(Pid, u32)> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"));
    let tids = entries.into_iter().flatten().filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<Pid>().ok()
    });
    tids.filter_map(|tid| Some((tid, own_number(tid)?)))
        .collect()
}

/// A thread in its innermost pid namespace: its own number as it sees itself, `gettid(2)`.
#[must_use]
pub fn own_number(tid: Pid) -> Option<u32> {
    let status = read(tid, "status")?;
    let status = String::from_utf8_lossy(&status);
    let own = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    own.split_whitespace().last()?.parse().ok()
}

/// Resident memory of a process in KiB, with what the kernel needs to keep track of it where that is much.
#[must_use]
pub fn resident_kib(pid: Pid) -> Option<u64> {
    let memory = Statm::of(&read_text(pid, "statm")?, page::bytes())?;
    // Tables of pages take a 512th of what they are about, which is much only where very much is mapped; to ask for them takes longer.
    let tables = match memory.size_kib > TABLES_ASKED_FOR {
        true => status_number(pid, "VmPTE:").unwrap_or(0),
        false => 0,
    };
    Some(memory.resident_kib + tables)
}

/// From how much mapped memory on its tables count, in KiB.
const TABLES_ASKED_FOR: u64 = 8 << 20;

/// The memory of a process, `/proc/PID/statm`, which counts pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Statm {
    size_kib: u64,
    resident_kib: u64,
    shared_kib: u64,
}

impl Statm {
    /// From that file's text, where a page has so many bytes.
    fn of(text: &str, page_bytes: u64) -> Option<Self> {
        let mut pages = text.split_whitespace().map(str::parse::<u64>);
        let mut kib = || Some(pages.next()?.ok()?.saturating_mul(page_bytes) / 1024);
        Some(Self {
            size_kib: kib()?,
            resident_kib: kib()?,
            shared_kib: kib()?,
        })
    }
}

/// A number of `/proc/PID/status`.
fn status_number(pid: Pid, name: &str) -> Option<u64> {
    number(&String::from_utf8_lossy(&read(pid, "status")?), name)
}

/// The number in the line of a text that begins so; a unit may follow it.
fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Resident memory of a process in KiB that is its own: neither of files nor shared.
#[must_use]
pub fn private_kib(pid: Pid) -> Option<u64> {
    let memory = Statm::of(&read_text(pid, "statm")?, page::bytes())?;
    Some(memory.resident_kib.saturating_sub(memory.shared_kib))
}

/// Largest address space that a process has had in KiB.
#[must_use]
pub fn peak_kib(pid: Pid) -> Option<u64> {
    status_number(pid, "VmPeak:")
}

/// An entry of a process's auxiliary vector, `getauxval(3)`: what the kernel tells a program that it starts.
#[must_use]
pub fn auxiliary(pid: Pid, kind: u64) -> Option<u64> {
    let vector = std::fs::read(format!("/proc/{pid}/auxv")).ok()?;
    let word = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_ne_bytes);
    let mut entries = vector.chunks_exact(16);
    entries.find_map(|entry| {
        let (key, value) = entry.split_at(8);
        (word(key)? == kind).then(|| word(value)).flatten()
    })
}

/// What a descriptor of a process is, as the link in `/proc/PID/fd` names it: `socket:[4711]`.
#[must_use]
pub fn descriptor(tid: Pid, fd: i32) -> Option<String> {
    let link = fs::read_link(format!("/proc/{tid}/fd/{fd}")).ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// Whether a descriptor of a process is open for writing.
#[must_use]
pub fn is_writable(tid: Pid, fd: i32) -> bool {
    let flags = descriptor_flags(tid, fd);
    flags.is_some_and(|flags| flags & libc::O_ACCMODE != libc::O_RDONLY)
}

/// The flags of an open descriptor as `open(2)` has them, `O_CLOEXEC` among them; `None`: there is none.
#[must_use]
pub fn descriptor_flags(tid: Pid, fd: i32) -> Option<i32> {
    i32::from_str_radix(&about_descriptor(tid, fd, "flags:")?, 8).ok()
}

/// A lock on a file that is held through a descriptor: by `fcntl(2)`, which locks bytes for a process or an open file, or by
/// `flock(2)`, which locks all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLock {
    /// Others may hold none beside it.
    pub exclusive: bool,
    /// The first byte.
    pub from: u64,
    /// The last one; `u64::MAX`: however long the file becomes.
    pub to: u64,
}

/// The locks that a process holds through a descriptor, `proc_pid_fdinfo(5)`.
#[must_use]
pub fn locks(tid: Pid, fd: i32) -> Vec<FileLock> {
    let about = read_text(tid, &format!("fdinfo/{fd}")).unwrap_or_default();
    let lines = about.lines().filter_map(|line| line.strip_prefix("lock:"));
    lines.filter_map(lock).collect()
}

/// `1: POSIX  ADVISORY  WRITE 359 00:13:11691 0 EOF`. A lease is none.
fn lock(line: &str) -> Option<FileLock> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, "POSIX" | "OFDLCK" | "FLOCK", _, way, _, _, from, to] = words[..] else {
        return None;
    };
    Some(FileLock {
        exclusive: way == "WRITE",
        from: from.parse().ok()?,
        to: if to == "EOF" {
            u64::MAX
        } else {
            to.parse().ok()?
        },
    })
}

/// Where in its file a descriptor reads and writes next.
#[must_use]
pub fn position(tid: Pid, fd: i32) -> Option<u64> {
    about_descriptor(tid, fd, "pos:")?.parse().ok()
}

/// What `proc_pid_fdinfo(5)` says of a descriptor under this name.
fn about_descriptor(tid: Pid, fd: i32, name: &str) -> Option<String> {
    let about = read_text(tid, &format!("fdinfo/{fd}"))?;
    let value = about.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().to_owned())
}

/// The arguments that a process was started with, `argv[0]` among them.
#[must_use]
pub fn command_line(tid: Pid) -> Vec<Vec<u8>> {
    texts(&read(tid, "cmdline").unwrap_or_default())
}

/// The environment that a process was started with, `NAME=value` each.
#[must_use]
pub fn environment(tid: Pid) -> Vec<Vec<u8>> {
    texts(&read(tid, "environ").unwrap_or_default())
}

/// Texts that each end with a NUL.
fn texts(bytes: &[u8]) -> Vec<Vec<u8>> {
    match bytes.strip_suffix(b"\0").unwrap_or(bytes) {
        [] => Vec::new(),
        bytes => bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect(),
    }
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

    use super::{Statm, descriptor, identity, inode, state};

    /// Kernels count pages, which have 4, 16 or 64 KiB: a limit in MiB is the same everywhere.
    #[test]
    fn memory_is_counted_in_pages_of_the_machine() {
        let check = |page_bytes: u64, expect: [u64; 3]| {
            let memory = Statm::of("3000 512 128 1 0 300 0\n", page_bytes).unwrap();
            let Statm {
                size_kib,
                resident_kib,
                shared_kib,
            } = memory;
            assert_eq!([size_kib, resident_kib, shared_kib], expect, "{page_bytes}");
        };
        check(4096, [12_000, 2048, 512]);
        check(16384, [48_000, 8192, 2048]);
        check(65536, [192_000, 32_768, 8192]);
        assert_eq!(Statm::of("", 4096), None);
        assert_eq!(Statm::of("1 x 3", 4096), None);
    }

    /// What the kernel itself says in KiB: `status` and `statm` are about the same moment as far as a test can see.
    #[test]
    fn resident_memory_is_what_the_kernel_says_in_kib() {
        const MIB: usize = 64;
        let filled = std::hint::black_box(vec![1u8; MIB << 20]);
        let me = std::process::id() as i32;
        let resident = super::resident_kib(me).unwrap();
        let own = super::private_kib(me).unwrap();
        let said = super::status_number(me, "VmRSS:").unwrap();
        assert!(
            resident.abs_diff(said) < 8 << 10,
            "{resident} KiB, {said} KiB"
        );
        assert!(own >= (MIB as u64) << 10, "{own} KiB");
        drop(filled);
    }

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
