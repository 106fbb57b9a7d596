//! A container as Docker starts it, as root or not: what its filter of system calls refuses is not needed.
//!
//! `sandbox --in-a-container THEME` runs tests with what Docker takes away. Its filter is imitated by the calls that it
//! refuses and that we might use, those that only older versions of it refuse among them.

use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use ipclab_kernel::{process, seccomp};

use crate::bench::{Test, shared};

/// The first argument of a run in a container.
const FLAG: &str = "--in-a-container";

/// The capabilities that root keeps there: `CAP_CHOWN`, `CAP_DAC_OVERRIDE`, `CAP_FOWNER`, `CAP_FSETID`, `CAP_KILL`,
/// `CAP_SETGID`, `CAP_SETUID`, `CAP_SETPCAP`, `CAP_NET_BIND_SERVICE`, `CAP_NET_RAW`, `CAP_SYS_CHROOT`, `CAP_MKNOD`,
/// `CAP_AUDIT_WRITE`, `CAP_SETFCAP`.
const KEPT: u64 = 0xa804_25fb;
const CAPABILITIES: usize = 41;

/// Calls that its filter refuses without `CAP_SYS_PTRACE` or `CAP_SYS_ADMIN`.
const REFUSED: [i64; 14] = [
    libc::SYS_kcmp,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_setns,
    libc::SYS_umount2,
    libc::SYS_unshare,
];

/// Tests that are run so, by what is in their names; one case runs after another.
const TESTS: [&str; 3] = [
    "_by_recvmsg::shared",
    "socket_passed_in_a_message::shared",
    "table_timer-fds::shared",
];

/// Whether this process is in such a container, where these tests would run themselves.
static INSIDE: AtomicBool = AtomicBool::new(false);

pub(crate) fn tests() -> Vec<Test> {
    if INSIDE.load(Ordering::Relaxed) {
        return Vec::new();
    }
    let test = |names: &'static str| {
        shared(
            format!(
                "without_what_docker_refuses_{}",
                names.trim_end_matches("::shared").trim_start_matches('_')
            ),
            move |_| {
                let mut command = Command::new("/proc/self/exe");
                let output = command
                    .args([FLAG, names, "--test-threads=1"])
                    .output()
                    .expect("the tests, once more");
                let said = String::from_utf8_lossy(&output.stdout);
                let complained = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{said}\n{complained}");
                assert!(said.contains("::shared"), "{said}");
            },
        )
    };
    TESTS.into_iter().map(test).collect()
}

/// The arguments without the one that asks for a container, and this process in one.
pub(crate) fn enter_if_asked(args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).map(OsString::as_os_str) != Some(OsStr::new(FLAG)) {
        return args;
    }
    for capability in (0..CAPABILITIES).filter(|number| KEPT & (1 << number) == 0) {
        // Only root has any to lose.
        let _ = process::prctl(libc::PR_CAPBSET_DROP, capability);
    }
    process::prctl(libc::PR_SET_NO_NEW_PRIVS, 1).expect("no new privileges");
    seccomp::install_filter(&filter()).expect("a filter");
    INSIDE.store(true, Ordering::Relaxed);
    let mut args = args;
    args.remove(1);
    args
}

/// Refuses those calls, and namespaces to `clone`; `clone3`, which a filter cannot look into, is unknown.
fn filter() -> Vec<libc::sock_filter> {
    const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
    let is = |test: u32, value: u32, skip_unless: u8| libc::sock_filter {
        code: (libc::BPF_JMP | test | libc::BPF_K) as u16,
        jt: 0,
        jf: skip_unless,
        k: value,
    };
    let plain = |code: u32, k: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    };
    let refuse = |errno: i32| plain(RETURN, libc::SECCOMP_RET_ERRNO | errno as u32);
    let namespaces = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    // `struct seccomp_data`: the number comes first, the arguments after 16 bytes.
    let mut program = vec![plain(LOAD, 0)];
    for call in REFUSED {
        program.extend([is(libc::BPF_JEQ, call as u32, 1), refuse(libc::EPERM)]);
    }
    program.extend([
        is(libc::BPF_JEQ, libc::SYS_clone3 as u32, 1),
        refuse(libc::ENOSYS),
        is(libc::BPF_JEQ, libc::SYS_clone as u32, 3),
        plain(LOAD, 16),
        is(libc::BPF_JSET, namespaces as u32, 1),
        refuse(libc::EPERM),
        plain(RETURN, libc::SECCOMP_RET_ALLOW),
    ]);
    program
}
