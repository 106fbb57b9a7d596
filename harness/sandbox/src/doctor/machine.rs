//! What this machine says of itself that can be the reason why a sandbox does not work in it.

use std::fs;
use std::path::{Path, PathBuf};

use ipclab_kernel::{Pid, procfs};

/// What is known of the machine, looked up once; a cause is chosen from it without another look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Machine {
    /// AppArmor keeps user namespaces from programs without a profile.
    pub(super) apparmor_restricts: bool,
    /// The most user namespaces of a user, `user.max_user_namespaces`.
    pub(super) max_user_namespaces: Option<u64>,
    /// Debian's `kernel.unprivileged_userns_clone` is 0.
    pub(super) for_root_only: bool,
    /// A seccomp filter is on this process: a container's, or a service manager's.
    pub(super) filtered: bool,
    /// Which container this is, where it says so.
    pub(super) container: Option<&'static str>,
    /// This process was put into a folder by `chroot`, as far as that can be seen.
    pub(super) in_chroot: bool,
    /// This process is in a user namespace that another program made.
    pub(super) in_user_namespace: bool,
    /// `/proc` is not mounted.
    pub(super) no_proc: bool,
    /// `/dev/pts` is not mounted, so that there are no terminals for programs.
    pub(super) no_terminals: bool,
    /// Kinds of namespaces that the kernel was built without, by their options.
    pub(super) kernel_lacks: Vec<&'static str>,
    /// `kernel.yama.ptrace_scope`
    pub(super) ptrace_scope: Option<u64>,
    /// The tool runs as root.
    pub(super) root: bool,
    /// The tool's executable.
    pub(super) tool: PathBuf,
}

/// A kind of namespace, as `/proc/self/ns` names it, and the option of the kernel that brings it.
const KINDS: [(&str, &str); 6] = [
    ("user", "CONFIG_USER_NS"),
    ("pid", "CONFIG_PID_NS"),
    ("net", "CONFIG_NET_NS"),
    ("ipc", "CONFIG_IPC_NS"),
    ("uts", "CONFIG_UTS_NS"),
    ("cgroup", "CONFIG_CGROUPS"),
];

impl Machine {
    /// Of this process.
    pub(super) fn look() -> Self {
        let text = |path: &str| fs::read_to_string(path).ok();
        let number =
            |name: &str| -> Option<u64> { text(&format!("/proc/sys/{name}"))?.trim().parse().ok() };
        let status = text("/proc/self/status").unwrap_or_default();
        let container = [
            ("/.dockerenv", "Docker"),
            ("/run/.containerenv", "Podman"),
            ("/var/run/secrets/kubernetes.io", "Kubernetes"),
        ];
        let no_proc = fs::symlink_metadata("/proc/self/ns").is_err();
        Self {
            no_proc,
            no_terminals: fs::symlink_metadata("/dev/pts/ptmx").is_err(),
            apparmor_restricts: number("kernel/apparmor_restrict_unprivileged_userns") == Some(1),
            max_user_namespaces: number("user/max_user_namespaces"),
            for_root_only: number("kernel/unprivileged_userns_clone") == Some(0),
            filtered: status
                .lines()
                .filter_map(|line| line.strip_prefix("Seccomp:"))
                .any(|mode| mode.trim() == "2"),
            container: container
                .into_iter()
                .find_map(|(file, name)| Path::new(file).exists().then_some(name)),
            in_chroot: in_chroot(text("/proc/self/mountinfo").as_deref()),
            in_user_namespace: text("/proc/self/uid_map").is_some_and(|map| !is_whole(&map)),
            kernel_lacks: KINDS
                .into_iter()
                .filter(|(kind, _)| {
                    !no_proc && fs::symlink_metadata(format!("/proc/self/ns/{kind}")).is_err()
                })
                .map(|(_, option)| option)
                .collect(),
            ptrace_scope: number("kernel/yama/ptrace_scope"),
            root: nix::unistd::geteuid().is_root(),
            tool: std::env::current_exe().unwrap_or_default(),
        }
    }

    /// The capabilities that it takes to give programs a user of their own and that this process lacks.
    pub(super) fn lacking(needed: &[(u64, &'static str)]) -> Vec<&'static str> {
        let own = procfs::effective_capabilities(std::process::id() as Pid);
        let lacking = needed.iter().filter(|(bit, _)| own & (1 << bit) == 0);
        lacking.map(|(_, name)| *name).collect()
    }
}

/// Whether the root of this process is no root of a mount, or another one than that of a process which it descends from and
/// whose mounts it has.
fn in_chroot(mounts: Option<&str>) -> bool {
    use std::os::unix::fs::MetadataExt;
    // The fifth column is where a mount is, as this process sees it.
    let is_mounted = |text: &str| text.lines().any(|line| line.split(' ').nth(4) == Some("/"));
    let identity = |path: &str| {
        let about = fs::metadata(path).ok()?;
        Some((about.dev(), about.ino()))
    };
    let own_mounts = fs::read_link("/proc/self/ns/mnt").ok();
    let own = identity("/");
    let differs = |pid: &u32| {
        let mounts = fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
        let root = identity(&format!("/proc/{pid}/root/."));
        mounts.is_some() && mounts == own_mounts && root.is_some() && root != own
    };
    let mut above = std::iter::successors(Some(std::os::unix::process::parent_id()), parent);
    above.any(|pid| differs(&pid)) || mounts.is_some_and(|text| !is_mounted(text))
}

/// The process that another one is a child of.
fn parent(pid: &u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok().filter(|pid| *pid != 0)
}

/// Whether a map of ids is that of the first user namespace, which has all of them.
fn is_whole(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}
