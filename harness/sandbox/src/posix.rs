//! POSIX message queues and named semaphores: what a plan gives, and what they were like when a case was over.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::Path;

use ipclab_evidence::{
    Bytes, FileKind, GivenPosixQueue, LeftFile, PosixQueue, PosixSemaphore, UrgentMessage,
};
use ipclab_kernel::mq;
use nix::sys::stat::{Mode, fchmod, fstat};

use crate::world::Ids;

/// How many queues are looked into, how many messages of one are listed, and of all together.
const MAX_QUEUES: usize = 64;
const MAX_MESSAGES: usize = 64;
const MAX_BYTES: usize = 512 << 10;

/// How long the messages of a queue may be that are listed: `msgsize_max` of `mq_overview(7)` as the kernel has it.
const MAX_MSGSIZE: u64 = 8_192;

/// What the name of a semaphore's file begins with, in `/dev/shm`.
const SEMAPHORE: &[u8] = b"/sem.";

/// Makes a queue with what waits in it.
///
/// # Errors
/// The kernel allows no such queue.
pub(crate) fn make_queue(queue: &GivenPosixQueue, ids: Ids) -> io::Result<()> {
    let name = bare(&queue.name.0);
    let made = mq::create(name, 0o600, queue.maxmsg, queue.msgsize)?;
    for message in &queue.messages {
        mq::send(made.as_fd(), message.priority, &message.text.0)?;
    }
    fchmod(&made, Mode::from_bits_truncate(queue.mode))?;
    fchown(&made, Some(ids.actor), Some(ids.group))
}

/// Makes the file of a named semaphore as glibc keeps one, `struct new_sem`: the value, how many wait for it, and that
/// processes share it. musl's has 0 in place of that mark, so that one file cannot be for both.
///
/// # Errors
/// There is such a file already, or it cannot be made.
pub(crate) fn make_semaphore(path: &Path, value: u32) -> io::Result<()> {
    /// `FUTEX_SHARED` of glibc.
    const SHARED: u32 = 128;
    let words = [value, 0, SHARED, 0, 0, 0, 0, 0];
    let mut file = fs::File::create_new(path)?;
    for word in words {
        io::Write::write_all(&mut file, &word.to_ne_bytes())?;
    }
    Ok(())
}

/// A queue's name without the slash, as the kernel takes it.
pub(crate) fn bare(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"/").unwrap_or(name)
}

/// What these queues are like. Their messages are gone afterwards: it is for queues of the case's own, when it is over.
pub(crate) fn take_queues<'a>(names: impl Iterator<Item = &'a [u8]>) -> Vec<PosixQueue> {
    let mut room = MAX_BYTES;
    names
        .take(MAX_QUEUES)
        .filter_map(|name| take_queue(name, &mut room).ok())
        .collect()
}

fn take_queue(name: &[u8], room: &mut usize) -> io::Result<PosixQueue> {
    let queue = mq::open(bare(name))?;
    let seen = mq::attributes(queue.as_fd())?;
    let mut held = Vec::new();
    while held.len() < MAX_MESSAGES
        && seen.msgsize <= MAX_MSGSIZE
        && *room > 0
        && let Ok((priority, text)) = mq::receive(queue.as_fd(), seen.msgsize)
    {
        *room = room.saturating_sub(text.len().max(1));
        held.push(UrgentMessage {
            priority,
            text: Bytes(text),
        });
    }
    Ok(PosixQueue {
        name: name.into(),
        maxmsg: seen.maxmsg,
        msgsize: seen.msgsize,
        messages: seen.messages,
        held,
    })
}

/// The permission bits of a queue; `None`: it cannot be opened.
pub(crate) fn queue_mode(name: &[u8]) -> Option<u32> {
    let queue = mq::open(bare(name)).ok()?;
    Some(fstat(&queue).ok()?.st_mode & 0o7777)
}

/// The value of the semaphore that a file in `/dev/shm` is, if it is one: C libraries keep it in its first four bytes, and
/// all of them together with what else they note there have 32.
pub(crate) fn semaphore(object: &LeftFile) -> Option<PosixSemaphore> {
    const SIZE: u64 = 32;
    /// musl's note that a process waits.
    const WAITED_FOR: u32 = 1 << 31;
    let name = object.path.0.strip_prefix(SEMAPHORE)?;
    if object.kind != FileKind::Regular || object.size != SIZE {
        return None;
    }
    let path = [b"sem.", name].concat();
    let mut file = fs::File::options()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(Path::new("/dev/shm").join(OsStr::from_bytes(&path)))
        .ok()?;
    let mut value = [0; 4];
    file.read_exact(&mut value).ok()?;
    Some(PosixSemaphore {
        name: Bytes([b"/", name].concat()),
        value: u32::from_ne_bytes(value) & !WAITED_FOR,
    })
}
