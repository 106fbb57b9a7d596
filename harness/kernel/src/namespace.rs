//! Namespaces and the mounts and loopback interface in them.

use std::ffi::{c_int, c_void};
use std::io::Result;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::Path;

use crate::arch;
use crate::error::{c_string, check, check_int};
use crate::process::Pid;
use crate::socket::socket;

/// `clone(2)` as a fork into new namespaces: returns 0 in the child.
///
/// Only for a process with one thread: the child goes on with a copy of all memory, locks included.
pub fn clone_process(namespaces: c_int) -> Result<Pid> {
    // SAFETY: the callers (keeper and supervisor) are single-threaded, so no lock can be held by a thread that the
    // child lacks.
    let pid = check(unsafe { arch::clone(namespaces | libc::SIGCHLD) })?;
    Ok(pid as Pid)
}

/// `unshare(2)`.
pub fn unshare(namespaces: c_int) -> Result<()> {
    // SAFETY: takes flags only.
    check_int(unsafe { libc::unshare(namespaces) }).map(drop)
}

/// `setns(2)`.
pub fn join_namespace(fd: BorrowedFd<'_>, kind: c_int) -> Result<()> {
    // SAFETY: the descriptor is borrowed for the call.
    check_int(unsafe { libc::setns(fd.as_raw_fd(), kind) }).map(drop)
}

/// `mount(2)`.
pub fn mount(
    source: &Path,
    target: &Path,
    kind: &str,
    flags: libc::c_ulong,
    data: &str,
) -> Result<()> {
    let (source, target, kind, data) = (
        c_string(source)?,
        c_string(target)?,
        c_string(kind)?,
        c_string(data)?,
    );
    // SAFETY: four NUL-terminated strings that outlive the call.
    check_int(unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags,
            data.as_ptr().cast::<c_void>(),
        )
    })
    .map(drop)
}

/// `umount2(2)`, lazily.
fn detach_mount(target: &Path) -> Result<()> {
    let target = c_string(target)?;
    // SAFETY: a NUL-terminated string that outlives the call.
    check_int(unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) }).map(drop)
}

/// Sets mount attributes (`MOUNT_ATTR_*`) on a mount and, if asked, on all below it: `mount_setattr(2)`.
pub fn restrict_mount(target: &Path, attributes: u64, recursive: bool) -> Result<()> {
    #[repr(C)]
    struct MountAttr {
        set: u64,
        clear: u64,
        propagation: u64,
        user_namespace: u64,
    }
    let attributes = MountAttr {
        set: attributes,
        clear: 0,
        propagation: 0,
        user_namespace: 0,
    };
    let target = c_string(target)?;
    let flags = if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the struct has the layout of `struct mount_attr` and its size is passed; both pointers outlive the call.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            target.as_ptr(),
            flags,
            &raw const attributes,
            size_of::<MountAttr>(),
        )
    })
    .map(drop)
}

/// `pivot_root(".", ".")` and the old root detached: the working directory becomes the root.
pub fn pivot_here() -> Result<()> {
    // SAFETY: constant NUL-terminated strings.
    check(unsafe { libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()) })?;
    detach_mount(Path::new("."))
}

/// Brings the loopback interface of this network namespace up, `netdevice(7)`.
pub fn loopback_up() -> Result<()> {
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM, 0)?;
    // SAFETY: an all-zero ifreq is valid; the union field written is the one that SIOCSIFFLAGS reads.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as _;
        request.ifr_name[1] = b'o' as _;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as _;
        check_int(libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as _,
            &request,
        ))
        .map(drop)
    }
}
