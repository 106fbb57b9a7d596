//! The System V message queues that a peer uses, by their keys or identifiers.

use std::io;

use ipclab_reference::sysv::Queue;
use ipclab_spec::{SegmentName, Wanted};
use nix::errno::Errno;
use nix::libc;

use super::bytes::{self, count, difference, differs, quoted};
use super::step_error::{StepError, failed};

/// Room for a message: more than the kernel's own settings let one be, `/proc/sys/kernel/msgmax`.
const MESSAGE_MAX: usize = 64 << 10;

/// `msg create 200 0600`: msgget(2) with `IPC_CREAT` and `IPC_EXCL`.
pub(super) fn create(key: i32, mode: u32) -> Result<(), StepError> {
    let flags = libc::IPC_CREAT | libc::IPC_EXCL | (mode & 0o777).cast_signed();
    done("msgget", Queue::get(key, flags)).map(drop)
}

/// `msg send 200 type 3 'hal'`: msgget(2), msgsnd(2).
pub(super) fn send(queue: &SegmentName, mtype: i64, data: &[u8]) -> Result<(), StepError> {
    done("msgsnd", find(queue)?.send(mtype, data))
}

/// `msg recv 200 type 3 'hal'`: msgget(2), msgrcv(2).
pub(super) fn receive(queue: &SegmentName, mtype: i64, wanted: &Wanted) -> Result<(), StepError> {
    let got = done("msgrcv", find(queue)?.receive(mtype, MESSAGE_MAX))?;
    let (size, data) = match wanted {
        Wanted::Any | Wanted::UntilEof | Wanted::Eof => return Ok(()),
        Wanted::Bytes(size) => (*size, None),
        Wanted::Data(data) => {
            let data = bytes::of(data)?;
            (data.len() as u64, Some(data))
        }
    };
    let all = got.len() as u64;
    let parted = data.and_then(|data| difference(&got, &data));
    let why = match parted {
        Some((at, byte, wanted)) => format!(": {}", differs(at as u64, byte, wanted)),
        None if all < size => format!(", {} too few", count(size - all)),
        None if all > size => format!(", {} too many", count(all - size)),
        None => return Ok(()),
    };
    Err(StepError::Step(format!(
        "got a message of {} {}{why}",
        count(all),
        quoted(&got, all)
    )))
}

/// `msg remove 200`: msgget(2), msgctl(2) with `IPC_RMID`.
pub(super) fn remove(queue: &SegmentName) -> Result<(), StepError> {
    done("msgctl", find(queue)?.remove())
}

fn find(queue: &SegmentName) -> Result<Queue, StepError> {
    match queue {
        SegmentName::Key(key) => done("msgget", Queue::get(*key, 0)),
        SegmentName::Id(id) => match id.as_text().and_then(|id| id.parse().ok()) {
            Some(id) => Ok(Queue::with_id(id)),
            None => Err(StepError::Step("it does not say which queue".to_owned())),
        },
    }
}

fn done<T>(call: &str, result: io::Result<T>) -> Result<T, StepError> {
    result.map_err(|error| {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO));
        failed(call, errno)
    })
}
