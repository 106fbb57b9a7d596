//! System V shared memory: a segment, and its attachment to this process's memory (Q1, Q2, Q8, Q10); a semaphore for it,
//! and the fork(2) of the processes that share both.
//!
//! A [`Segment`] is an identifier and owns nothing: segments live in the kernel until [`Segment::remove`]. An
//! [`Attachment`] is owned: it is detached by [`Attachment::detach`], or when dropped. Its bytes belong to every process that has
//! the segment attached, so that there is never a `&[u8]` of them; they are copied in and out, byte by byte and atomically.
//!
//! The calls are libc's. This is the only file of the crate with unsafe code.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

/// What shmctl(2) calls them; `libc` does not have all of them on every C library.
const SHM_LOCK: libc::c_int = 11;
const SHM_UNLOCK: libc::c_int = 12;
const SHM_DEST: u32 = 0o1000;
const SHM_LOCKED: u32 = 0o2000;

/// The identifier of a shared memory segment, as shmget(2) gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    id: libc::c_int,
}

/// Why a segment could not be attached, and which of the two calls that it takes said so.
#[derive(Debug)]
pub struct AttachError {
    /// `shmat`, or `shmctl` when the size could not be asked.
    pub call: &'static str,
    /// What the call said.
    pub error: io::Error,
}

impl From<AttachError> for io::Error {
    fn from(refused: AttachError) -> Self {
        refused.error
    }
}

/// What `IPC_STAT` says of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Its size in bytes, as it was asked for when it was made.
    pub size: usize,
    /// Its permission bits, `0o644` for example.
    pub mode: u32,
    /// How many attachments there are at this moment, in all processes.
    pub attached: u64,
    /// The key that it was made with; 0 (`IPC_PRIVATE`) also once it is marked for removal.
    pub key: libc::key_t,
    /// User and group of its owner.
    pub owner: (u32, u32),
    /// User and group of its maker.
    pub creator: (u32, u32),
    /// The process that made it, and the one that attached or detached it last; 0: none yet.
    pub made_by: i32,
    /// See `made_by`.
    pub used_by: i32,
    /// When it was attached last, in seconds since 1970; 0: never.
    pub attached_at: i64,
    /// When it was detached last.
    pub detached_at: i64,
    /// When it was made, or changed by `IPC_SET`.
    pub changed_at: i64,
    /// Marked for removal, and gone with its last detachment (`SHM_DEST`).
    pub doomed: bool,
    /// Kept in memory (`SHM_LOCKED`).
    pub locked: bool,
}

/// ftok(3): the key that every process gets for the same existing file and the same number from 1 to 255.
///
/// # Errors
/// What stat(2) says of the file.
pub fn ftok(path: &CStr, number: u8) -> io::Result<libc::key_t> {
    // SAFETY: `path` is a string that ends with a NUL, and is only read.
    check(unsafe { libc::ftok(path.as_ptr(), libc::c_int::from(number)) })
}

/// An attachment that can only be read (`SHM_RDONLY`).
#[derive(Debug)]
pub struct ReadOnly(());

/// An attachment that can be read and written.
#[derive(Debug)]
pub struct ReadWrite(());

/// A segment as a part of this process's memory. `Access` is [`ReadOnly`] or [`ReadWrite`].
#[derive(Debug)]
pub struct Attachment<Access> {
    start: NonNull<AtomicU8>,
    size: usize,
    access: PhantomData<Access>,
}

impl Segment {
    /// shmget(2). Finds the segment `key`, or makes it where `flags` has `IPC_CREAT`; `flags` also carries the permission
    /// bits. A `size` of 0 is enough to find one that exists.
    ///
    /// # Errors
    /// `ENOENT` (none with that key), `EINVAL` (it is smaller than `size`), `EACCES`, `EEXIST` (`IPC_EXCL`), `ENOSPC`,
    /// `ENOMEM`: see shmget(2).
    pub fn get(key: libc::key_t, size: usize, flags: libc::c_int) -> io::Result<Self> {
        // SAFETY: takes three numbers and touches no memory of ours.
        let id = check(unsafe { libc::shmget(key, size, flags) })?;
        Ok(Self { id })
    }

    /// The segment with this identifier, which another process got from shmget(2) and handed on. No call is made.
    pub fn with_id(id: libc::c_int) -> Self {
        Self { id }
    }

    /// Its identifier.
    pub fn id(self) -> libc::c_int {
        self.id
    }

    /// shmat(2) with `SHM_RDONLY`, at an address of the kernel's choice.
    ///
    /// # Errors
    /// `EACCES`, `EIDRM`, `EINVAL`, `ENOMEM`: see shmat(2).
    pub fn attach_read_only(self) -> Result<Attachment<ReadOnly>, AttachError> {
        self.attach(libc::SHM_RDONLY)
    }

    /// shmat(2) with `SHM_RDONLY` and `SHM_RND`: at this address, rounded down to a page's beginning, where nothing of ours
    /// may be; an address that is taken is refused.
    ///
    /// # Errors
    /// `EACCES`, `EIDRM`, `EINVAL` (something is there), `ENOMEM`: see shmat(2).
    pub fn attach_read_only_at(self, address: usize) -> Result<Attachment<ReadOnly>, AttachError> {
        self.attach_at(
            ptr::without_provenance(address),
            libc::SHM_RDONLY | libc::SHM_RND,
        )
    }

    /// shmat(2) for reading and writing, at an address of the kernel's choice.
    ///
    /// # Errors
    /// `EACCES`, `EIDRM`, `EINVAL`, `ENOMEM`: see shmat(2).
    pub fn attach_read_write(self) -> Result<Attachment<ReadWrite>, AttachError> {
        self.attach(0)
    }

    fn attach<Access>(self, flags: libc::c_int) -> Result<Attachment<Access>, AttachError> {
        self.attach_at(ptr::null(), flags)
    }

    fn attach_at<Access>(
        self,
        address: *const libc::c_void,
        flags: libc::c_int,
    ) -> Result<Attachment<Access>, AttachError> {
        let refused = |call| move |error| AttachError { call, error };
        // SAFETY: a null address lets the kernel choose one that overlaps nothing of ours; at any other one it refuses
        // (EINVAL) when something is there, as no caller passes SHM_REMAP.
        let start = unsafe { libc::shmat(self.id, address, flags) };
        // The failure value is -1 and not null (shmat(2)).
        if start.addr() == usize::MAX {
            return Err(refused("shmat")(io::Error::last_os_error()));
        }
        let start = NonNull::new(start.cast())
            .ok_or_else(|| io::Error::other("attached at address 0"))
            .map_err(refused("shmat"))?;
        let mut attachment = Attachment {
            start,
            size: 0,
            access: PhantomData,
        };
        // While it is attached its identifier cannot come to mean another segment, not even after IPC_RMID: the size is
        // this segment's. On an error the attachment is dropped, that is, detached.
        attachment.size = self.status().map_err(refused("shmctl"))?.size;
        Ok(attachment)
    }

    /// shmctl(2) with `IPC_STAT`.
    ///
    /// # Errors
    /// `EACCES`, `EIDRM`, `EINVAL`: see shmctl(2).
    pub fn status(self) -> io::Result<Status> {
        let status = self.stat()?;
        let perm = status.shm_perm;
        let flags = u32::from(perm.mode);
        Ok(Status {
            size: status.shm_segsz,
            mode: flags & 0o777,
            attached: status.shm_nattch,
            key: key(&perm),
            owner: (perm.uid, perm.gid),
            creator: (perm.cuid, perm.cgid),
            made_by: status.shm_cpid,
            used_by: status.shm_lpid,
            attached_at: status.shm_atime,
            detached_at: status.shm_dtime,
            changed_at: status.shm_ctime,
            doomed: flags & SHM_DEST != 0,
            locked: flags & SHM_LOCKED != 0,
        })
    }

    /// shmctl(2) with `IPC_SET`: other permission bits. Owner and group, which the call sets as well, stay.
    ///
    /// # Errors
    /// `EPERM` (neither owner nor creator), `EACCES`, `EIDRM`, `EINVAL`: see shmctl(2).
    pub fn set_mode(self, mode: u32) -> io::Result<()> {
        let mut status = self.stat()?;
        // The type of the field differs between C libraries; nine bits fit into each of them.
        status.shm_perm.mode = (mode & 0o777) as _;
        // SAFETY: IPC_SET reads one shmid_ds, which the kernel itself has filled.
        check(unsafe { libc::shmctl(self.id, libc::IPC_SET, &mut status) })?;
        Ok(())
    }

    /// shmctl(2) with `SHM_LOCK` or `SHM_UNLOCK`: the segment's pages stay in memory, or may be swapped out again.
    ///
    /// # Errors
    /// `EPERM`, `ENOMEM` (`RLIMIT_MEMLOCK`), `EINVAL`: see shmctl(2).
    pub fn lock(self, locked: bool) -> io::Result<()> {
        let command = if locked { SHM_LOCK } else { SHM_UNLOCK };
        // SAFETY: both commands ignore the pointer.
        check(unsafe { libc::shmctl(self.id, command, ptr::null_mut()) })?;
        Ok(())
    }

    fn stat(self) -> io::Result<libc::shmid_ds> {
        let mut status = MaybeUninit::<libc::shmid_ds>::uninit();
        // SAFETY: IPC_STAT writes one shmid_ds to the pointer, and there is room for one.
        check(unsafe { libc::shmctl(self.id, libc::IPC_STAT, status.as_mut_ptr()) })?;
        // SAFETY: the call succeeded, so the structure has been filled.
        Ok(unsafe { status.assume_init() })
    }

    /// shmctl(2) with `IPC_RMID`: no more processes can find the segment, and it is gone with its last detachment.
    ///
    /// # Errors
    /// `EPERM` (neither owner nor creator), `EIDRM`, `EINVAL`: see shmctl(2).
    pub fn remove(self) -> io::Result<()> {
        // SAFETY: IPC_RMID ignores the pointer.
        check(unsafe { libc::shmctl(self.id, libc::IPC_RMID, ptr::null_mut()) })?;
        Ok(())
    }
}

impl<Access> Attachment<Access> {
    /// Where it begins.
    pub fn address(&self) -> usize {
        self.start.as_ptr().addr()
    }

    /// The segment's size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Copies the segment's bytes up to its first NUL (which is left out), or up to its end where there is none.
    pub fn c_string(&self) -> Vec<u8> {
        (0..self.size)
            .map(|offset| self.byte(offset).load(Ordering::Relaxed))
            .take_while(|byte| *byte != 0)
            .collect()
    }

    /// shmdt(2). The segment lives on.
    ///
    /// # Errors
    /// `EINVAL`, which would be a mistake of this module's.
    pub fn detach(self) -> io::Result<()> {
        let start = self.start;
        std::mem::forget(self);
        // SAFETY: `start` came from shmat, and with `self` gone nothing can use it or detach it again.
        check(unsafe { libc::shmdt(start.as_ptr().cast()) })?;
        Ok(())
    }

    fn byte(&self, offset: usize) -> &AtomicU8 {
        assert!(offset < self.size, "offset {offset} is past the segment");
        // SAFETY: inside the mapping, which lives as long as `self`; whatever other processes do to the bytes, they are
        // only ever seen as atomics here. A byte may be loaded atomically from read-only memory too.
        unsafe { self.start.add(offset).as_ref() }
    }
}

impl Attachment<ReadWrite> {
    /// Copies `bytes` to the start of the segment and touches nothing behind them.
    ///
    /// # Errors
    /// `EMSGSIZE` when they do not fit; then nothing is written.
    pub fn store(&self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > self.size {
            return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
        }
        for (offset, byte) in bytes.iter().enumerate() {
            self.byte(offset).store(*byte, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Attachment<ReadWrite> {
    /// The segment's first `int`, as something that other processes may change at any moment.
    ///
    /// # Errors
    /// `EMSGSIZE` when the segment is too small for one.
    pub fn number(&self) -> io::Result<&AtomicI32> {
        if self.size < size_of::<AtomicI32>() {
            return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
        }
        // SAFETY: inside the mapping, which lives as long as `self` and begins at a page; all processes use it as an atomic.
        Ok(unsafe { self.start.cast::<AtomicI32>().as_ref() })
    }
}

/// The identifier of a set of one semaphore, as semget(2) gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Semaphore {
    id: libc::c_int,
}

impl Semaphore {
    /// semget(2) with `IPC_PRIVATE`: a set that no other process can find, of one semaphore. The call does not say its value.
    ///
    /// # Errors
    /// `ENOSPC`, `ENOMEM`: see semget(2).
    pub fn private() -> io::Result<Self> {
        // SAFETY: takes three numbers and touches no memory of ours.
        let id = check(unsafe { libc::semget(libc::IPC_PRIVATE, 1, libc::IPC_CREAT | 0o600) })?;
        Ok(Self { id })
    }

    /// semctl(2) with `SETVAL`.
    ///
    /// # Errors
    /// `EIDRM`, `EINVAL`, `ERANGE`: see semctl(2).
    pub fn set(self, value: libc::c_int) -> io::Result<()> {
        // SAFETY: SETVAL takes an int.
        check(unsafe { libc::semctl(self.id, 0, libc::SETVAL, value) })?;
        Ok(())
    }

    /// semop(2) with `SEM_UNDO`, made again when a signal interrupts it: with -1 it waits until the semaphore can be taken,
    /// with 1 it gives it back. What a process has not given back when it ends the kernel gives back for it.
    ///
    /// # Errors
    /// `EIDRM`, `EINVAL`, `ENOSPC`: see semop(2).
    pub fn change(self, by: i16) -> io::Result<()> {
        let mut operation = libc::sembuf {
            sem_num: 0,
            sem_op: by,
            sem_flg: libc::SEM_UNDO as i16,
        };
        loop {
            // SAFETY: one operation, which outlives the call.
            match check(unsafe { libc::semop(self.id, &raw mut operation, 1) }) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// semctl(2) with `IPC_RMID`: a process that waits for it is woken with `EIDRM`.
    ///
    /// # Errors
    /// `EPERM`, `EIDRM`, `EINVAL`: see semctl(2).
    pub fn remove(self) -> io::Result<()> {
        // SAFETY: IPC_RMID takes no further argument.
        check(unsafe { libc::semctl(self.id, 0, libc::IPC_RMID) })?;
        Ok(())
    }
}

/// The identifier of a message queue, as msgget(2) gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    id: libc::c_int,
}

impl Queue {
    /// msgget(2). Finds the queue `key`, or makes it where `flags` has `IPC_CREAT`; `flags` also carries the permission bits.
    ///
    /// # Errors
    /// `ENOENT` (none with that key), `EACCES`, `EEXIST` (`IPC_EXCL`), `ENOSPC`: see msgget(2).
    pub fn get(key: libc::key_t, flags: libc::c_int) -> io::Result<Self> {
        // SAFETY: takes two numbers and touches no memory of ours.
        let id = check(unsafe { libc::msgget(key, flags) })?;
        Ok(Self { id })
    }

    /// The queue with this identifier, which another process got from msgget(2) and handed on. No call is made.
    pub fn with_id(id: libc::c_int) -> Self {
        Self { id }
    }

    /// msgsnd(2), which waits where the queue is full: a message of this type, more than 0.
    ///
    /// # Errors
    /// `EACCES`, `EIDRM`, `EINVAL`: see msgop(2).
    pub fn send(self, mtype: libc::c_long, text: &[u8]) -> io::Result<()> {
        let message = [&mtype.to_ne_bytes(), text].concat();
        loop {
            // SAFETY: a type and as much text as is said; only read.
            let sent = unsafe { libc::msgsnd(self.id, message.as_ptr().cast(), text.len(), 0) };
            match check(sent) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// msgrcv(2), which waits for a message: the first of any type for 0, of this type, or of the lowest that is at most the
    /// number below 0. At most so many bytes of it.
    ///
    /// # Errors
    /// `E2BIG`, `EACCES`, `EIDRM`, `EINVAL`: see msgop(2).
    pub fn receive(self, mtype: libc::c_long, most: usize) -> io::Result<Vec<u8>> {
        const TYPE_BYTES: usize = size_of::<libc::c_long>();
        let mut message = vec![0_u8; TYPE_BYTES + most];
        loop {
            let room = message.as_mut_ptr().cast();
            // SAFETY: room for a type and for as much text as is said.
            let got = unsafe { libc::msgrcv(self.id, room, most, mtype, 0) };
            match got {
                0.. => {
                    let got = got.unsigned_abs();
                    message.truncate(TYPE_BYTES + got);
                    return Ok(message.split_off(TYPE_BYTES));
                }
                _ => match io::Error::last_os_error() {
                    error if error.kind() == io::ErrorKind::Interrupted => {}
                    error => return Err(error),
                },
            }
        }
    }

    /// msgctl(2) with `IPC_RMID`: a process that waits there is woken with `EIDRM`.
    ///
    /// # Errors
    /// `EPERM`, `EIDRM`, `EINVAL`: see msgctl(2).
    pub fn remove(self) -> io::Result<()> {
        // SAFETY: IPC_RMID takes no further argument.
        check(unsafe { libc::msgctl(self.id, libc::IPC_RMID, ptr::null_mut()) })?;
        Ok(())
    }
}

/// fork(2), for a process with one thread: `work` is done in the child, which ends with what it gives.
///
/// # Errors
/// `EAGAIN`, `ENOMEM`: see fork(2).
pub fn fork(work: impl FnOnce() -> i32) -> io::Result<libc::pid_t> {
    // SAFETY: the program has one thread, so no lock can be held by a thread that the child lacks.
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        let status = work();
        // SAFETY: ends the process at once: what the parent has to clear up is the parent's.
        unsafe { libc::_exit(status) };
    }
    Ok(child)
}

impl<Access> Drop for Attachment<Access> {
    fn drop(&mut self) {
        // SAFETY: `start` came from shmat and has not been detached: `detach` forgets `self`.
        unsafe { libc::shmdt(self.start.as_ptr().cast()) };
    }
}

fn check(returned: libc::c_int) -> io::Result<libc::c_int> {
    if returned == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(returned)
    }
}

/// The key of a segment. It is in no portable field: glibc calls it `__key`, musl `__ipc_perm_key`.
fn key(perm: &libc::ipc_perm) -> i32 {
    #[cfg(target_env = "musl")]
    return perm.__ipc_perm_key;
    #[cfg(not(target_env = "musl"))]
    return perm.__key;
}
