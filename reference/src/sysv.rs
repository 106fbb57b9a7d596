//! System V shared memory: a segment, and its attachment to this process's memory (Q1, Q2, Q8, Q10).
//!
//! A [`Segment`] is an identifier and owns nothing: segments live in the kernel until [`Segment::remove`]. An
//! [`Attachment`] is owned: it is detached by [`Attachment::detach`], or when dropped. Its bytes belong to every process that has
//! the segment attached, so that there is never a `&[u8]` of them; they are copied in and out, byte by byte and atomically.
//!
//! The calls are libc's. This is the only file of the crate with unsafe code.
#![allow(unsafe_code)]

use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU8, Ordering};

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

    /// shmat(2) with `SHM_RDONLY`, at an address of the kernel's choice.
    ///
    /// # Errors
    /// `EACCES`, `EIDRM`, `EINVAL`, `ENOMEM`: see shmat(2).
    pub fn attach_read_only(self) -> Result<Attachment<ReadOnly>, AttachError> {
        self.attach(libc::SHM_RDONLY)
    }

    /// shmat(2) for reading and writing, at an address of the kernel's choice.
    ///
    /// # Errors
    /// `EACCES`, `EIDRM`, `EINVAL`, `ENOMEM`: see shmat(2).
    pub fn attach_read_write(self) -> Result<Attachment<ReadWrite>, AttachError> {
        self.attach(0)
    }

    fn attach<Access>(self, flags: libc::c_int) -> Result<Attachment<Access>, AttachError> {
        let refused = |call| move |error| AttachError { call, error };
        // SAFETY: a null address lets the kernel choose one that overlaps nothing of ours.
        let start = unsafe { libc::shmat(self.id, ptr::null(), flags) };
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
        let mut status = MaybeUninit::<libc::shmid_ds>::uninit();
        // SAFETY: IPC_STAT writes one shmid_ds to the pointer, and there is room for one.
        check(unsafe { libc::shmctl(self.id, libc::IPC_STAT, status.as_mut_ptr()) })?;
        // SAFETY: the call succeeded, so the structure has been filled.
        let status = unsafe { status.assume_init() };
        Ok(Status {
            size: status.shm_segsz,
            mode: u32::from(status.shm_perm.mode) & 0o777,
            attached: status.shm_nattch,
        })
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
