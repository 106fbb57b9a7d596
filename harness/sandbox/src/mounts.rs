//! Mounts of a box: what is shown of the host and how, devices, scratch folders, and the students' copy of it all.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::Path;

use ipclab_kernel::{context, namespace};

/// Where programs of the reference are shown: a mount of its own, so that it can be covered whole in a student's namespace.
pub(crate) const TRUSTED: &str = "/ref";

/// Mount attributes for everything shown read-only.
pub(crate) const READ_ONLY: u64 =
    libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;

/// Mount attributes for devices of the host.
const DEVICE: u64 = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;

/// How many terminals there can be for all trusted actors together. The kernel has a few thousand for all of the machine.
const TRUSTED_TERMINALS: u32 = 128;

/// How many terminals a student's actor can have: its own, and some that it opens itself.
const OWN_TERMINALS: u32 = 8;

/// Mount flags for the writable folders.
pub(crate) const SCRATCH: libc::c_ulong = libc::MS_NOSUID | libc::MS_NODEV;

/// Mounts an empty scratch folder.
pub(crate) fn tmpfs(target: &str, size: &str, mode: &str) -> io::Result<()> {
    let options = format!("size={size},nr_inodes=8192,mode={mode}");
    context(
        format_args!("mounting {target}"),
        namespace::mount(
            Path::new("tmpfs"),
            Path::new(target),
            "tmpfs",
            SCRATCH,
            &options,
        ),
    )
}

/// A fresh `/proc` for the pid namespace of the caller.
pub(crate) fn mount_proc(target: &Path) -> io::Result<()> {
    namespace::mount(
        Path::new("proc"),
        target,
        "proc",
        SCRATCH | libc::MS_NOEXEC,
        "",
    )
}

/// Shows one of the system's top folders as the host has it: bound read-only, or the same symbolic link.
pub(crate) fn show_system_folder(name: &str) -> io::Result<()> {
    let host = Path::new("/").join(name);
    let Ok(kind) = fs::symlink_metadata(&host) else {
        return Ok(());
    };
    if kind.is_symlink() {
        return symlink(fs::read_link(&host)?, name);
    }
    fs::create_dir(name)?;
    bind(&host, Path::new(name), true)
}

/// Shows a file or folder of the host read-only, where there is one.
pub(crate) fn show_if_there(name: &str) -> io::Result<()> {
    let host = Path::new("/").join(name);
    match fs::metadata(&host) {
        Err(_) => return Ok(()),
        Ok(kind) if kind.is_dir() => fs::create_dir(name)?,
        Ok(_) => drop(File::create(name)?),
    }
    bind(&host, Path::new(name), true)
}

/// Shows a file or folder at another place, without set-user-id programs and devices.
pub(crate) fn bind(source: &Path, target: &Path, read_only: bool) -> io::Result<()> {
    let mounted = namespace::mount(source, target, "", libc::MS_BIND | libc::MS_REC, "");
    context(format_args!("binding {}", target.display()), mounted)?;
    let attributes = if read_only {
        READ_ONLY
    } else {
        libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV
    };
    context(
        format_args!("restricting {}", target.display()),
        namespace::restrict_mount(target, attributes, true),
    )
}

/// Makes `/dev`: harmless devices and terminals of the box's own.
pub(crate) fn make_dev() -> io::Result<()> {
    for name in ["null", "zero", "full", "random", "urandom"] {
        let target = Path::new("dev").join(name);
        File::create(&target)?;
        let host = Path::new("/dev").join(name);
        // Not through `bind`: a device shown without devices allowed would be useless. Its inode is the host's: a read-only
        // mount keeps its times and mode, and does not keep programs from writing to the device.
        context(
            format_args!("binding /dev/{name}"),
            namespace::mount(&host, &target, "", libc::MS_BIND, ""),
        )?;
        context(
            format_args!("restricting /dev/{name}"),
            namespace::restrict_mount(&target, DEVICE, false),
        )?;
    }
    fs::create_dir("dev/pts")?;
    mount_terminals(Path::new("dev/pts"), TRUSTED_TERMINALS)?;
    symlink("pts/ptmx", "dev/ptmx")?;
    for (name, target) in [
        ("fd", ""),
        ("stdin", "/0"),
        ("stdout", "/1"),
        ("stderr", "/2"),
    ] {
        symlink(
            format!("/proc/self/fd{target}"),
            Path::new("dev").join(name),
        )?;
    }
    Ok(())
}

/// Mounts terminals of its own, so that a program can ask for the name of its terminal and open it.
fn mount_terminals(target: &Path, most: u32) -> io::Result<()> {
    let terminals = namespace::mount(
        Path::new("devpts"),
        target,
        "devpts",
        libc::MS_NOSUID | libc::MS_NOEXEC,
        &format!("newinstance,ptmxmode=0666,mode=0666,max={most}"),
    );
    context("mounting /dev/pts", terminals)
}

/// Gives the actor that the calling process becomes terminals of its own, in the mounts that it has joined. `alone`: no
/// other actor is in them. A second actor gets a copy of the mounts first: to make one for each costs more than the
/// terminals do.
pub(crate) fn own_terminals(alone: bool) -> io::Result<()> {
    if !alone {
        context(
            "a mount namespace for the actor",
            namespace::unshare(libc::CLONE_NEWNS),
        )?;
    }
    mount_terminals(Path::new("/dev/pts"), OWN_TERMINALS)
}

/// Covers a file or a folder of another party: nothing of it can be opened.
fn hide(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_dir() {
        let flags = SCRATCH | libc::MS_RDONLY;
        return namespace::mount(Path::new("tmpfs"), path, "tmpfs", flags, "size=4k,mode=0");
    }
    // A device that is no device here.
    namespace::mount(Path::new("/dev/null"), path, "", libc::MS_BIND, "")?;
    namespace::restrict_mount(path, READ_ONLY | libc::MOUNT_ATTR_NOEXEC, false)
}

/// Makes the box's settings read-only: they belong to its root, which where the box has a single id is the students' user as well.
fn close_settings() -> io::Result<()> {
    let settings = Path::new("/proc/sys");
    context(
        "binding /proc/sys",
        namespace::mount(settings, settings, "", libc::MS_BIND, ""),
    )?;
    context(
        "closing /proc/sys",
        namespace::restrict_mount(settings, READ_ONLY | libc::MOUNT_ATTR_NOEXEC, false),
    )
}

/// Makes the copy of the mounts for the students of one party, for the process that calls this: what only others may see is
/// covered, and `/proc` is that of their pid namespace, which the process is in. All actors of a party share it: to make
/// one, and to take it apart, costs as much as starting a program. `closes`: `/proc/sys` is read-only there.
///
/// # Errors
/// What was refused.
pub(crate) fn make_students(hidden: &[&Path], closes: bool) -> io::Result<OwnedFd> {
    context(
        "a mount namespace for the students",
        namespace::unshare(libc::CLONE_NEWNS),
    )?;
    // Covered, not unmounted: the kernel waits for every processor before it lets go of a mount.
    let cover = namespace::mount(
        Path::new("tmpfs"),
        Path::new(TRUSTED),
        "tmpfs",
        SCRATCH | libc::MS_RDONLY,
        "size=4k,mode=0",
    );
    context("covering the reference", cover)?;
    for path in hidden {
        context(format_args!("covering {}", path.display()), hide(path))?;
    }
    context(
        "mounting the students' /proc",
        mount_proc(Path::new("/proc")),
    )?;
    if closes {
        close_settings()?;
    }
    context(
        "opening the students' mount namespace",
        File::open("/proc/self/ns/mnt").map(OwnedFd::from),
    )
}
