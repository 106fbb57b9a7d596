//! Leftovers: what a case left behind after every actor ended.
//!
//! Everything is read from inside the box, after the last process of it is dead and reaped: a segment that is marked
//! for removal shows a wrong mode and key while a survivor is still attached.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use ipclab_evidence::{
    Bytes, FileKind, LeftFile, LeftQueue, LeftSemaphores, QueuedMessage, Segment,
};

use crate::found;
use crate::given::{FileChange, Given};
use ipclab_kernel::{Pid, sysv};

/// How much of a segment is looked at.
const MAX_SEGMENT_BYTES: usize = 64 << 10;

/// How much of all of them together, beyond the beginning of each.
const MAX_TOTAL_SEGMENT_BYTES: usize = 1 << 20;
const SEGMENT_HEAD_BYTES: usize = 256;

/// How many files are listed; of more than that only the number is told. An actor is stopped when it makes fewer.
const MAX_FILES: usize = 5_000;

/// How deep folders are entered.
const MAX_DEPTH: usize = 12;

/// The rows of one of the tables in `/proc/sysvipc`, as numbers; the mode, which is octal, as text is not needed
/// elsewhere.
fn table(name: &str) -> io::Result<Vec<Vec<i64>>> {
    let text = fs::read_to_string(format!("/proc/sysvipc/{name}"))?;
    Ok(text
        .lines()
        .skip(1)
        .map(|line| {
            line.split_whitespace()
                .enumerate()
                .map(|(column, word)| {
                    let radix = if column == 2 { 8 } else { 10 };
                    i64::from_str_radix(word, radix).unwrap_or(i64::MAX)
                })
                .collect()
        })
        .collect())
}

/// Tables of System V objects, and the first of the four columns that say who owns and who made each.
const OWNED: [(&str, usize); 3] = [("shm", 7), ("sem", 4), ("msg", 7)];

/// Every user and group that a System V object here belongs to.
pub(crate) fn owners() -> impl Iterator<Item = u32> {
    OWNED.into_iter().flat_map(|(name, first)| {
        let rows = table(name).unwrap_or_default();
        rows.into_iter()
            .flat_map(move |row| row.into_iter().skip(first).take(4))
            .filter_map(|id| u32::try_from(id).ok())
    })
}

/// Identifiers of the System V objects that belong to a user: segments, semaphore sets, queues.
pub(crate) fn owned_by(user: u32) -> [Vec<i32>; 3] {
    OWNED.map(|(name, first)| {
        let rows = table(name).unwrap_or_default();
        let owned = rows.iter().filter(|row| {
            let mut owners = row.iter().skip(first);
            owners.next() == Some(&user.into())
        });
        owned
            .filter_map(|row| row.get(1).map(|id| *id as i32))
            .collect()
    })
}

/// Every System V segment of this IPC namespace. `makers` tells whose process made it.
pub(crate) fn segments(given: &Given, makers: &HashMap<Pid, usize>) -> io::Result<Vec<Segment>> {
    let mut all = Vec::new();
    let mut left = MAX_TOTAL_SEGMENT_BYTES;
    for row in table("shm")? {
        let [key, shmid, perms, size, cpid, _lpid, attached, ..] = row[..] else {
            continue;
        };
        let shmid = shmid as i32;
        let mode = perms as u32 & 0o777;
        let recorded = given.segment_mode(shmid, mode);
        // One that may not be read, or went away meanwhile, is listed all the same.
        let most = MAX_SEGMENT_BYTES.min(left).max(SEGMENT_HEAD_BYTES);
        let holds = sysv::shm_read(shmid, size as usize, most).unwrap_or_default();
        left = left.saturating_sub(holds.len());
        all.push(Segment {
            key: key as i32,
            shmid,
            mode: recorded.unwrap_or(mode),
            doomed: perms & 0o1000 != 0,
            size: size as u64,
            attached: attached as u64,
            made_by: if recorded.is_some() {
                None
            } else {
                makers.get(&(cpid as Pid)).copied()
            },
            given: recorded.is_some(),
            whole: holds.len() == size as usize,
            holds: Bytes(holds),
        });
    }
    Ok(all)
}

/// Every System V semaphore set of this IPC namespace.
pub(crate) fn semaphores(given: &Given) -> io::Result<Vec<LeftSemaphores>> {
    let mut all = Vec::new();
    for row in table("sem")? {
        let [key, semid, perms, count, ..] = row[..] else {
            continue;
        };
        all.push(LeftSemaphores {
            key: key as i32,
            semid: semid as i32,
            mode: perms as u32 & 0o777,
            values: sysv::sem_values(semid as i32, count as usize).unwrap_or_default(),
            given: given.has_semaphores(semid as i32),
        });
    }
    Ok(all)
}

/// How many messages of a queue are listed, of all queues together, and how much of each.
const MAX_MESSAGES: usize = 64;
const MAX_MESSAGES_OF_ALL: usize = 512;
const MAX_MESSAGE_BYTES: usize = 1 << 10;

/// Every System V message queue of this IPC namespace.
pub(crate) fn queues(given: &Given) -> io::Result<Vec<LeftQueue>> {
    let mut all = Vec::new();
    for row in table("msg")? {
        let [key, msqid, perms, _bytes, messages, ..] = row[..] else {
            continue;
        };
        all.push(LeftQueue {
            key: key as i32,
            msqid: msqid as i32,
            messages: messages as u64,
            mode: perms as u32 & 0o777,
            given: given.has_queue(msqid as i32),
            held: Vec::new(),
        });
    }
    Ok(all)
}

/// Takes what is in these queues, which is gone afterwards: for queues of the case's own, when it is over. What is beyond
/// the bounds is not listed, and a list that is shorter than its queue is right for nothing.
pub(crate) fn take_messages(queues: &mut [LeftQueue]) {
    let mut room = MAX_MESSAGES_OF_ALL;
    for queue in queues {
        while room > 0
            && queue.held.len() < MAX_MESSAGES
            && let Ok((mtype, text)) = sysv::msg_take(queue.msqid, MAX_MESSAGE_BYTES)
        {
            room -= 1;
            queue.held.push(QueuedMessage {
                mtype,
                text: Bytes(text),
            });
        }
    }
}

/// Every file below a folder that was not there before, or is no longer the same; nothing is ever opened but folders.
/// `shown` are the paths at which the plan shows files of the host.
pub(crate) fn files(folder: &Path, given: &Given, skipped: &dyn Fn(&Path) -> bool) -> Listed {
    let mut all = Listed::default();
    list(folder, 0, given, skipped, &mut all);
    all.files.sort_by(|one, other| one.path.cmp(&other.path));
    all
}

/// Files that were found.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) files: Vec<LeftFile>,
    /// How many more there are.
    pub(crate) beyond: u64,
}

impl Listed {
    pub(crate) fn push(&mut self, file: LeftFile) {
        if self.files.len() < MAX_FILES {
            self.files.push(file);
        } else {
            self.beyond += 1;
        }
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.beyond += more.beyond;
        for file in more.files {
            self.push(file);
        }
    }
}

fn list(
    folder: &Path,
    depth: usize,
    given: &Given,
    skipped: &dyn Fn(&Path) -> bool,
    all: &mut Listed,
) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if skipped(&path) {
            continue;
        }
        let Some(file) = file(&path, path.as_os_str().as_bytes(), given) else {
            continue;
        };
        let folder = file.kind == FileKind::Directory;
        if !given.handed_in.has(&path, file.kind) {
            all.push(file);
        }
        if folder && depth < MAX_DEPTH {
            list(&path, depth + 1, given, skipped, all);
        }
    }
}

/// The file at a path, if there is one.
pub(crate) fn one(path: &Path, given: &Given) -> Option<LeftFile> {
    file(path, path.as_os_str().as_bytes(), given)
}

fn file(path: &Path, name: &[u8], given: &Given) -> Option<LeftFile> {
    let about = fs::symlink_metadata(path).ok()?;
    let kind = found::kind(&about);
    let file_change = given.file_change(path);
    Some(LeftFile {
        path: name.into(),
        kind,
        size: about.len(),
        mode: about.mode() & 0o7777,
        changed: file_change == Some(FileChange::Changed),
        given: file_change == Some(FileChange::Same),
    })
}

/// Objects that live in a flat folder under names of their own: POSIX shared memory, semaphores and queues.
pub(crate) fn named_objects(folder: &Path, given: &Given) -> Listed {
    let mut all = Listed::default();
    let Ok(entries) = fs::read_dir(folder) else {
        return all;
    };
    for entry in entries.flatten() {
        let mut name = b"/".to_vec();
        name.extend_from_slice(entry.file_name().as_bytes());
        if let Some(found) = file(&entry.path(), &name, given) {
            all.push(found);
        }
    }
    all.files.sort_by(|one, other| one.path.cmp(&other.path));
    all
}

/// A row of one of the tables in `/proc/net`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Where it is bound.
    pub(crate) local: SocketAddr,
    /// As `enum` in the kernel's `tcp_states.h`.
    pub(crate) state: u8,
    /// Bytes sent and not yet acknowledged, or not yet sent.
    pub(crate) unsent: u64,
    /// The other end has no room, and is asked from time to time whether it has: nothing moves until it reads.
    pub(crate) probing: bool,
    /// Its inode.
    pub(crate) inode: u64,
}

/// The timer of a zero window, `proc(5)`.
const ZERO_WINDOW_TIMER: &str = "04:";
/// `TCP_LISTEN`
pub(crate) const LISTEN: u8 = 0x0a;
/// `TCP_SYN_SENT`
pub(crate) const SYN_SENT: u8 = 0x02;

/// The rows of `/proc/net/{tcp,tcp6,udp,udp6}`; none where the table is missing.
pub(crate) fn net(name: &str) -> Vec<Row> {
    let Ok(text) = fs::read_to_string(format!("/proc/net/{name}")) else {
        return Vec::new();
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// The sockets that take what comes to a port, by their inodes: those that listen, of TCP, or that are bound, of UDP.
pub(crate) fn takers(stream: bool, to: SocketAddr) -> Vec<u64> {
    let tables = if stream {
        ["tcp", "tcp6"]
    } else {
        ["udp", "udp6"]
    };
    let rows = tables.into_iter().flat_map(|name| match stream {
        true => listening(name),
        false => net(name),
    });
    // What is sent to no address comes to the loopback's.
    let to_ip = match to.ip().to_canonical() {
        ip if ip.is_unspecified() => None,
        ip => Some(ip),
    };
    rows.filter(|row| {
        let ip = row.local.ip().to_canonical();
        row.local.port() == to.port()
            && (ip.is_unspecified() || to_ip.map_or(ip.is_loopback(), |to| to == ip))
    })
    .map(|row| row.inode)
    .collect()
}

/// The rows of a TCP table that listen. They are its first ones, so that not all connections are read.
fn listening(name: &str) -> Vec<Row> {
    use std::io::BufRead;
    let Ok(file) = fs::File::open(format!("/proc/net/{name}")) else {
        return Vec::new();
    };
    let lines = io::BufReader::with_capacity(4096, file).lines().skip(1);
    lines
        .map_while(Result::ok)
        .filter_map(|line| row(&line))
        .take_while(|row| row.state == LISTEN)
        .collect()
}

fn row(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace().skip(1);
    let (local, _remote, state, queues) =
        (words.next()?, words.next()?, words.next()?, words.next()?);
    let timer = words.next()?;
    let inode = words.nth(3)?.parse().ok()?;
    let (ip, port) = local.split_once(':')?;
    // Words of 32 bits in the machine's own order.
    let mut bytes = Vec::new();
    for at in (0..ip.len()).step_by(8) {
        bytes.extend(
            u32::from_str_radix(ip.get(at..at + 8)?, 16)
                .ok()?
                .to_ne_bytes(),
        );
    }
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::V4(Ipv4Addr::from(four)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?)),
    };
    Some(Row {
        local: SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?),
        state: u8::from_str_radix(state, 16).ok()?,
        unsent: u64::from_str_radix(queues.split_once(':')?.0, 16).ok()?,
        probing: timer.starts_with(ZERO_WINDOW_TIMER),
        inode,
    })
}

#[cfg(test)]
mod tests {
    use super::{LISTEN, row};

    #[test]
    fn rows_of_proc_net_are_read() {
        let line = "   0: 0100007F:3039 00000000:0000 0A 00000005:00000000 00:00000000 00000000  1000        0 4711 1 0";
        let row = row(line).unwrap();
        assert_eq!(row.local.to_string(), "127.0.0.1:12345");
        assert_eq!((row.state, row.unsent, row.inode), (LISTEN, 5, 4711));
        assert!(!row.probing);
        assert!(
            super::row(&line.replace("00:00000000", "04:00000010"))
                .unwrap()
                .probing
        );
    }

    #[test]
    fn ipv6_and_rubbish() {
        let line =
            "   0: 00000000000000000000000001000000:1B58 0:0 07 0:0 0:0 0  0        0 12 2 0";
        assert_eq!(row(line).unwrap().local.to_string(), "[::1]:7000");
        assert_eq!(row("   0: zz:1B58 0:0 07 0:0 0:0 0 0 0 12"), None);
        assert_eq!(row(""), None);
    }
}
