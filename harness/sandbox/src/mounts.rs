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
        // Not through `bind`: a device shown without devices allowed would be useless.
        context(
            format_args!("binding /dev/{name}"),
            namespace::mount(&host, &target, "", libc::MS_BIND, ""),
        )?;
    }
    // Terminals of the box's own, so that a program can ask for the name of its terminal and open it.
    fs::create_dir("dev/pts")?;
    let options = "newinstance,ptmxmode=0666,mode=0666";
    let terminals = namespace::mount(
        Path::new("devpts"),
        Path::new("dev/pts"),
        "devpts",
        libc::MS_NOSUID | libc::MS_NOEXEC,
        options,
    );
    context("mounting /dev/pts", terminals)?;
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

/// Makes the students' copy of the mounts, for the process that calls this: what only trusted actors may see is covered,
/// and `/proc` is that of their pid namespace, which the process is in. All students' actors of a case share it: to make
/// one, and to take it apart, costs as much as starting a program.
///
/// # Errors
/// What was refused.
pub(crate) fn make_students() -> io::Result<OwnedFd> {
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
    context(
        "mounting the students' /proc",
        mount_proc(Path::new("/proc")),
    )?;
    context(
        "opening the students' mount namespace",
        File::open("/proc/self/ns/mnt").map(OwnedFd::from),
    )
}
