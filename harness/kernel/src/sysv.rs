//! System V shared memory, semaphores and message queues, `sysvipc(7)`.

use std::ffi::c_int;
use std::io::{self, Result};

use crate::error::check_int;
use crate::page;
use crate::process::Pid;

/// `shmget(2)`.
pub fn shm_get(key: i32, size: usize, flags: c_int) -> Result<i32> {
    // SAFETY: numbers only.
    check_int(unsafe { libc::shmget(key, size, flags) })
}

/// Copies up to `limit` bytes out of a segment of `size` bytes.
pub fn shm_read(shmid: i32, size: usize, limit: usize) -> Result<Vec<u8>> {
    // SAFETY: the segment is at least `size` bytes long (the kernel's own figure), so `size.min(limit)` bytes from its
    // start are mapped and readable until shmdt; concurrent writers can only make the copy a mixture of old and new,
    // for which the bytes are read as volatile.
    unsafe {
        let address = libc::shmat(shmid, std::ptr::null(), libc::SHM_RDONLY);
        if address as isize == -1 {
            return Err(io::Error::last_os_error());
        }
        let bytes = (0..size.min(limit))
            .map(|at| address.cast::<u8>().add(at).read_volatile())
            .collect();
        libc::shmdt(address);
        Ok(bytes)
    }
}

/// What lies between the end of a segment and its page's end, so that a program that reads too far finds no zeros: no text ends
/// with it, and it is no number that a program would expect.
pub const BEHIND_END: u8 = 0xa5;

/// Stores bytes at the start of a segment of `size` bytes, and [`BEHIND_END`] behind its end; what does not fit is left out.
pub fn shm_write(shmid: i32, size: usize, bytes: &[u8]) -> Result<()> {
    // SAFETY: as for shm_read: at most `size` bytes, and the rest of the last page, are written into a mapping of at least
    // that size in whole pages.
    unsafe {
        let address = libc::shmat(shmid, std::ptr::null(), 0);
        if address as isize == -1 {
            return Err(io::Error::last_os_error());
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), address.cast::<u8>(), bytes.len().min(size));
        let rest = (size as u64).next_multiple_of(page::bytes()) as usize - size;
        address.cast::<u8>().add(size).write_bytes(BEHIND_END, rest);
        libc::shmdt(address);
    }
    Ok(())
}

/// Changes owner and mode of a segment, `IPC_SET`.
pub fn shm_set(shmid: i32, uid: u32, gid: u32, mode: u32) -> Result<()> {
    // SAFETY: the struct is filled by IPC_STAT before it is changed and handed back.
    unsafe {
        let mut status: libc::shmid_ds = std::mem::zeroed();
        check_int(libc::shmctl(shmid, libc::IPC_STAT, &mut status))?;
        status.shm_perm.uid = uid;
        status.shm_perm.gid = gid;
        status.shm_perm.mode = mode as _;
        check_int(libc::shmctl(shmid, libc::IPC_SET, &mut status)).map(drop)
    }
}

/// What the kernel says of a segment, `IPC_STAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentStatus {
    /// In bytes, as it was asked for: the kernel rounds up to pages.
    pub size: u64,
    /// The process that made it, 0 if it is in another pid namespace.
    pub creator: Pid,
}

/// Asks for the status of a segment.
///
/// # Errors
/// `EINVAL`, `EIDRM`: there is none. `EACCES`: it may not be read.
pub fn shm_status(shmid: i32) -> Result<SegmentStatus> {
    // SAFETY: IPC_STAT fills the struct, which outlives the call.
    unsafe {
        let mut status: libc::shmid_ds = std::mem::zeroed();
        check_int(libc::shmctl(shmid, libc::IPC_STAT, &mut status))?;
        Ok(SegmentStatus {
            size: status.shm_segsz as u64,
            creator: status.shm_cpid,
        })
    }
}

/// `IPC_RMID` of a segment.
pub fn remove_segment(shmid: i32) -> Result<()> {
    // SAFETY: IPC_RMID ignores the pointer.
    check_int(unsafe { libc::shmctl(shmid, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}

/// What the kernel says of a semaphore set, `semctl(2)`: `struct semid_ds`, which not every C library's bindings have.
#[repr(C)]
struct SemaphoreSetStatus {
    perm: libc::ipc_perm,
    /// Times and the number of semaphores, at most 56 bytes on a 64-bit machine; only handed back.
    rest: [u64; 7],
}

/// A new set of semaphores with these values, `semget(2)`, that belongs to this user and group.
pub fn sem_create(key: i32, values: &[u16], mode: u32, (uid, gid): (u32, u32)) -> Result<i32> {
    // SAFETY: SETALL reads exactly as many values as the set has, which is the slice's length; the struct is filled by IPC_STAT
    // before it is changed and handed back.
    unsafe {
        let flags = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;
        let semid = check_int(libc::semget(key, values.len() as c_int, flags))?;
        check_int(libc::semctl(semid, 0, libc::SETALL, values.as_ptr()))?;
        let mut status: SemaphoreSetStatus = std::mem::zeroed();
        check_int(libc::semctl(semid, 0, libc::IPC_STAT, &mut status))?;
        status.perm.uid = uid;
        status.perm.gid = gid;
        status.perm.mode = mode as _;
        check_int(libc::semctl(semid, 0, libc::IPC_SET, &mut status))?;
        Ok(semid)
    }
}

/// All values of a semaphore set of `count`.
pub fn sem_values(semid: i32, count: usize) -> Result<Vec<u16>> {
    let mut values = vec![0u16; count];
    // SAFETY: GETALL writes as many values as the set has, which the kernel said is `count` and cannot change.
    check_int(unsafe { libc::semctl(semid, 0, libc::GETALL, values.as_mut_ptr()) })?;
    Ok(values)
}

/// `IPC_RMID` of a semaphore set.
pub fn sem_remove(semid: i32) -> Result<()> {
    // SAFETY: IPC_RMID takes no further argument.
    check_int(unsafe { libc::semctl(semid, 0, libc::IPC_RMID) }).map(drop)
}

/// `IPC_RMID` of a message queue.
pub fn msg_remove(msqid: i32) -> Result<()> {
    // SAFETY: IPC_RMID ignores the pointer.
    check_int(unsafe { libc::msgctl(msqid, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}

/// A new queue, `msgget(2)`, that belongs to this user and group.
pub fn msg_create(key: i32, mode: u32, (uid, gid): (u32, u32)) -> Result<i32> {
    // SAFETY: the struct is filled by IPC_STAT before it is changed and handed back.
    unsafe {
        let flags = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;
        let msqid = check_int(libc::msgget(key, flags))?;
        let mut status: libc::msqid_ds = std::mem::zeroed();
        check_int(libc::msgctl(msqid, libc::IPC_STAT, &mut status))?;
        status.msg_perm.uid = uid;
        status.msg_perm.gid = gid;
        status.msg_perm.mode = mode as _;
        check_int(libc::msgctl(msqid, libc::IPC_SET, &mut status))?;
        Ok(msqid)
    }
}

/// Puts a message into a queue that has room for it.
pub fn msg_send(msqid: i32, mtype: i64, text: &[u8]) -> Result<()> {
    let mut message = mtype.to_ne_bytes().to_vec();
    message.extend_from_slice(text);
    // SAFETY: the buffer is a type and as many bytes of text as the call is told.
    check_int(unsafe { libc::msgsnd(msqid, message.as_ptr().cast(), text.len(), libc::IPC_NOWAIT) })
        .map(drop)
}

/// Takes the first message of a queue, its text up to `most` bytes; an error when there is none.
pub fn msg_take(msqid: i32, most: usize) -> Result<(i64, Vec<u8>)> {
    let mut message = vec![0u8; size_of::<i64>() + most];
    let flags = libc::IPC_NOWAIT | libc::MSG_NOERROR;
    // SAFETY: the buffer has room for a type and `most` bytes of text, and the call writes no more.
    let got = unsafe { libc::msgrcv(msqid, message.as_mut_ptr().cast(), most, 0, flags) };
    let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
    let (mtype, text) = message.split_at(size_of::<i64>());
    let mtype = i64::from_ne_bytes(mtype.try_into().unwrap_or_default());
    Ok((mtype, text[..got].to_vec()))
}
