//! System V shared memory, as much of it as both programs need.

use std::ffi::{c_int, c_void};
use std::io;
use std::ptr;

extern "C" {
    fn shmget(key: c_int, size: usize, flags: c_int) -> c_int;
    fn shmat(id: c_int, at: *const c_void, flags: c_int) -> *mut c_void;
    fn shmdt(at: *const c_void) -> c_int;
    fn shmctl(id: c_int, command: c_int, about: *mut c_void) -> c_int;
}

pub type Failed = (&'static str, io::Error);

/// What a call returned, or its name and reason.
fn checked(call: &'static str, result: c_int) -> Result<c_int, Failed> {
    match result {
        -1 => Err((call, io::Error::last_os_error())),
        other => Ok(other),
    }
}

pub fn get(key: c_int, size: usize, flags: c_int) -> Result<c_int, Failed> {
    // SAFETY: it takes numbers only.
    checked("shmget", unsafe { shmget(key, size, flags) })
}

/// An attached segment.
pub struct Attached(*mut u8);

impl Attached {
    pub fn new(id: c_int, flags: c_int) -> Result<Self, Failed> {
        // SAFETY: the kernel chooses where.
        let at = unsafe { shmat(id, ptr::null(), flags) };
        match at as isize {
            -1 => Err(("shmat", io::Error::last_os_error())),
            _ => Ok(Self(at.cast())),
        }
    }

    pub fn start(&self) -> *mut u8 {
        self.0
    }

    pub fn detach(self) -> Result<(), Failed> {
        // SAFETY: it is attached there, and nothing refers to it any more.
        checked("shmdt", unsafe { shmdt(self.0.cast()) }).map(drop)
    }
}

#[allow(dead_code)]
pub fn size(id: c_int) -> Result<usize, Failed> {
    // struct shmid_ds on x86-64 and aarch64: struct ipc_perm has 48 bytes, then comes shm_segsz.
    let mut about = [0usize; 16];
    // SAFETY: there is more room than IPC_STAT (2) fills.
    checked("shmctl", unsafe { shmctl(id, 2, about.as_mut_ptr().cast()) })?;
    Ok(about[6])
}

#[allow(dead_code)]
pub fn remove(id: c_int) -> Result<(), Failed> {
    // SAFETY: IPC_RMID (0) looks at no third argument.
    checked("shmctl", unsafe { shmctl(id, 0, ptr::null_mut()) }).map(drop)
}

/// Says which call failed and why, in the words of `perror`.
pub fn say((call, error): Failed) {
    let text = error.to_string();
    eprintln!("{call}: {}", text.split(" (os error").next().unwrap_or(&text));
}
