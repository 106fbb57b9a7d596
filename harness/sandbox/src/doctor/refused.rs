//! Why the kernel refuses namespaces or tracing, and every remedy for it.

use super::machine::Machine;

/// A cause, and what can be done about it; each remedy is a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) why: String,
    pub(super) remedies: Vec<String>,
}

fn cause(why: impl Into<String>, remedies: &[&str]) -> Cause {
    Cause {
        why: why.into(),
        remedies: remedies.iter().map(|text| (*text).to_owned()).collect(),
    }
}

/// What a container is started with so that namespaces work in it.
const OPEN_CONTAINER: &str = "start the container with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined \
                              --security-opt systempaths=unconfined`, or with `--privileged`";

/// How a folder is entered so that it is no chroot.
const LEAVE_CHROOT: &str = "enter the folder with `systemd-nspawn -D FOLDER` or `bwrap`, which make it the top of the mounts";

/// What the kernel says where it refuses.
const NOT_PERMITTED: &str = "os error 1)";

/// What the trial says where its own /proc could not be mounted.
const PROC_REFUSED: &str = "mounting /proc";

/// Every cause for which this machine refuses namespaces, the surest first. `refusal` is what the kernel said.
pub(super) fn namespaces(machine: &Machine, refusal: &str) -> Vec<Cause> {
    let mut causes: Vec<_> = no_proc(machine).into_iter().collect();
    if !machine.kernel_lacks.is_empty() {
        causes.push(cause(
            format!(
                "this kernel was built without {}",
                machine.kernel_lacks.join(", ")
            ),
            &["boot a kernel that was built with them: distributions' own are"],
        ));
    }
    if machine.apparmor_restricts && !machine.root {
        let profile = format!(
            "or give this executable a profile: `printf 'abi <abi/4.0>,\\nprofile ipclab {} flags=(unconfined) {{\\n  userns,\\n}}\\n' \
             | sudo tee /etc/apparmor.d/ipclab && sudo apparmor_parser -r /etc/apparmor.d/ipclab`",
            machine.tool.display()
        );
        causes.push(cause(
            "AppArmor keeps user namespaces from programs without a profile (Ubuntu 23.10 and later)",
            &[
                "install the Debian package of ipclab, which brings a profile",
                &profile,
                "or `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`",
            ],
        ));
    }
    if machine.max_user_namespaces == Some(0) || refusal.contains("os error 28") {
        let inner = "no user namespace may be made in this one: user.max_user_namespaces is 0 here or in one around it";
        causes.push(match machine.in_user_namespace {
            true => cause(
                inner,
                &["run ipclab outside of that namespace, or let the program that made it allow further ones"],
            ),
            false => cause(
                "user namespaces are switched off: user.max_user_namespaces is 0",
                &["`sudo sysctl -w user.max_user_namespaces=15000`"],
            ),
        });
    }
    if machine.for_root_only && !machine.root {
        causes.push(cause(
            "user namespaces are for root only: kernel.unprivileged_userns_clone is 0",
            &["`sudo sysctl -w kernel.unprivileged_userns_clone=1`"],
        ));
    }
    if machine.in_chroot {
        causes.push(cause(
            "this process is in a chroot, where the kernel gives no user namespaces",
            &[LEAVE_CHROOT],
        ));
    }
    if refusal.contains(PROC_REFUSED) {
        causes.push(cause(
            "parts of /proc are covered here, as containers have them, so that no other one may be mounted",
            &[
                "start the container with `--security-opt systempaths=unconfined` (Podman: `--security-opt unmask=ALL`)",
                "or with `--privileged`",
            ],
        ));
    } else if let Some(container) = machine
        .container
        .filter(|_| machine.filtered || causes.is_empty())
    {
        causes.push(cause(
            format!("this is a container of {container}, whose filter of system calls refuses namespaces"),
            &[
                OPEN_CONTAINER,
                "or with a seccomp profile of your own that allows clone, unshare, mount, umount2, pivot_root and setns",
            ],
        ));
    } else if machine.filtered && causes.is_empty() {
        causes.push(cause(
            "a filter of system calls is on this process: a container's, or a service's",
            &[
                OPEN_CONTAINER,
                "or leave `RestrictNamespaces=` and `SystemCallFilter=` out of the systemd unit",
            ],
        ));
    }
    if causes.is_empty() && refusal.contains(NOT_PERMITTED) {
        // A chroot into a mount, by a process whose parents cannot be seen, looks like any other root.
        causes.push(cause(
            "this process may be in a chroot, where the kernel gives no user namespaces: nothing else here would refuse them",
            &[LEAVE_CHROOT, "or ask the people who run this machine to allow user namespaces"],
        ));
    }
    if causes.is_empty() {
        causes.push(cause(
            "nothing on this machine says why",
            &["ask the people who run this machine to allow user namespaces"],
        ));
    }
    causes
}

/// Without `/proc` nothing works, and nothing else can be said.
fn no_proc(machine: &Machine) -> Option<Cause> {
    machine.no_proc.then(|| {
        cause(
            "/proc is not mounted",
            &["`mount -t proc proc /proc`, as root"],
        )
    })
}

/// Every cause for which programs cannot be traced here. `said` is what came of the trial.
pub(super) fn tracing(machine: &Machine, said: &str) -> Vec<Cause> {
    if said.contains("os error 30") {
        return vec![cause(
            "/tmp cannot be written to",
            &[
                "start the container with `--tmpfs /tmp:exec --tmpfs /var/tmp`, or without `--read-only`",
            ],
        )];
    }
    if let Some(cause) = no_proc(machine) {
        return vec![cause];
    }
    if machine.no_terminals {
        return vec![cause(
            "/dev/pts is not mounted, where programs get their terminals",
            &[
                "`mount -t devpts -o ptmxmode=0666 devpts /dev/pts`, as root",
                "or before a chroot: `mount --rbind /dev FOLDER/dev`",
            ],
        )];
    }
    let mut causes = Vec::new();
    if let Some(scope @ 2..) = machine.ptrace_scope {
        causes.push(cause(
            format!("ptrace is restricted: kernel.yama.ptrace_scope is {scope}"),
            &[match scope {
                2 => "`sudo sysctl -w kernel.yama.ptrace_scope=1`",
                // It cannot be lowered while the machine runs.
                _ => "set kernel.yama.ptrace_scope=1 in /etc/sysctl.d and boot again",
            }],
        ));
    }
    if machine.container.is_some() || machine.filtered {
        causes.push(cause(
            "the filter of system calls that is on this process may refuse ptrace or seccomp",
            &[
                "start the container with `--cap-add SYS_PTRACE` (Docker's own filter needs it on Linux before 4.8)",
                "or with `--security-opt seccomp=unconfined`, or with a seccomp profile that allows ptrace and seccomp",
                "or run ipclab as an ordinary user of the container: `docker run --user 1000`",
            ],
        ));
    }
    if causes.is_empty() {
        causes.push(cause(
            "this kernel may have been built without CONFIG_SECCOMP_FILTER",
            &["boot a kernel that was built with it: distributions' own are"],
        ));
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_machine_gets_its_own_reason_and_remedy() {
        let check = |machine: &Machine, refusal: &str, why: &[&str], remedy: &str| {
            let causes = namespaces(machine, refusal);
            assert_eq!(causes.len(), why.len(), "{causes:?}");
            for (cause, why) in causes.iter().zip(why) {
                assert!(cause.why.contains(why), "{why}: {cause:?}");
                assert!(!cause.remedies.is_empty());
            }
            let all = causes.iter().flat_map(|cause| &cause.remedies);
            assert!(
                all.clone().any(|text| text.contains(remedy)),
                "{remedy}: {causes:?}"
            );
        };
        let refused = "clone into new namespaces: Operation not permitted (os error 1)";
        let full = "clone into new namespaces: No space left on device (os error 28)";
        let plain = Machine::default();
        check(&plain, refused, &["may be in a chroot"], "ask the people");
        check(&plain, refused, &["may be in a chroot"], "bwrap");
        let odd = "clone into new namespaces: Invalid argument (os error 22)";
        check(&plain, odd, &["nothing on this machine"], "ask the people");
        // A root of debootstrap's that nothing was mounted into: the kernel was said to have been built without namespaces.
        let bare = Machine {
            no_proc: true,
            no_terminals: true,
            ..plain.clone()
        };
        let lost = "starting the probe: No such file or directory (os error 2)";
        check(&bare, lost, &["/proc is not mounted"], "mount -t proc");
        let docker = Machine {
            container: Some("Docker"),
            filtered: true,
            ..plain.clone()
        };
        check(
            &docker,
            refused,
            &["container of Docker"],
            "seccomp=unconfined",
        );
        let service = Machine {
            filtered: true,
            ..plain.clone()
        };
        check(
            &service,
            refused,
            &["filter of system calls"],
            "RestrictNamespaces=",
        );
        let ubuntu = Machine {
            apparmor_restricts: true,
            tool: "/home/ada/ipclab".into(),
            ..plain.clone()
        };
        check(
            &ubuntu,
            refused,
            &["AppArmor"],
            "profile ipclab /home/ada/ipclab",
        );
        let chroot = Machine {
            in_chroot: true,
            ..plain.clone()
        };
        check(&chroot, refused, &["in a chroot"], "systemd-nspawn");
        let off = Machine {
            max_user_namespaces: Some(0),
            ..plain.clone()
        };
        check(&off, full, &["switched off"], "max_user_namespaces=15000");
        // A machine that was made from an image has the image's mark, and no filter.
        let inner = Machine {
            in_user_namespace: true,
            container: Some("Docker"),
            ..off.clone()
        };
        check(
            &inner,
            full,
            &["no user namespace may be made in this one"],
            "outside of that",
        );
        // The limit of a namespace around this one cannot be read here; the kernel's word says it.
        let around = Machine {
            in_user_namespace: true,
            max_user_namespaces: Some(63_000),
            ..plain.clone()
        };
        check(
            &around,
            full,
            &["no user namespace may be made in this one"],
            "outside of that",
        );
        let small = Machine {
            kernel_lacks: vec!["CONFIG_USER_NS", "CONFIG_PID_NS"],
            ..plain.clone()
        };
        check(
            &small,
            refused,
            &["CONFIG_USER_NS, CONFIG_PID_NS"],
            "boot a kernel",
        );
        let covered = "mounting /proc: Operation not permitted (os error 1)";
        check(
            &docker,
            covered,
            &["parts of /proc are covered"],
            "systempaths=unconfined",
        );
        let both = Machine {
            in_chroot: true,
            ..docker
        };
        check(
            &both,
            refused,
            &["in a chroot", "container of Docker"],
            "--privileged",
        );
    }

    #[test]
    fn tracing_is_refused_by_a_setting_or_by_a_filter() {
        let check = |machine: &Machine, why: &[&str], remedy: &str| {
            let causes = tracing(machine, "");
            assert_eq!(causes.len(), why.len(), "{causes:?}");
            for (cause, why) in causes.iter().zip(why) {
                assert!(cause.why.contains(why), "{why}: {cause:?}");
            }
            let mut all = causes.iter().flat_map(|cause| &cause.remedies);
            assert!(all.any(|text| text.contains(remedy)), "{causes:?}");
        };
        let plain = Machine {
            ptrace_scope: Some(1),
            ..Machine::default()
        };
        check(&plain, &["CONFIG_SECCOMP_FILTER"], "boot a kernel");
        let admin = Machine {
            ptrace_scope: Some(2),
            ..Machine::default()
        };
        check(&admin, &["ptrace_scope is 2"], "ptrace_scope=1");
        let never = Machine {
            ptrace_scope: Some(3),
            filtered: true,
            ..Machine::default()
        };
        check(
            &never,
            &["ptrace_scope is 3", "filter of system calls"],
            "boot again",
        );
        check(
            &never,
            &["ptrace_scope is 3", "filter of system calls"],
            "--cap-add SYS_PTRACE",
        );
        // Of these it was said that the kernel has no filter of calls.
        let bare = Machine {
            no_proc: true,
            no_terminals: true,
            ..plain.clone()
        };
        check(&bare, &["/proc is not mounted"], "mount -t proc");
        let half = Machine {
            no_terminals: true,
            ..plain.clone()
        };
        check(&half, &["/dev/pts is not mounted"], "mount -t devpts");
        let read_only = tracing(&plain, "Read-only file system (os error 30)");
        assert_eq!(read_only.len(), 1);
        assert!(read_only[0].why.contains("/tmp"), "{read_only:?}");
    }
}
