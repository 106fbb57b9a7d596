//! Which calls a spec can speak of: those that are watched, always or on request, and what can be done to them.

use crate::arg_kind::ArgKind;
use crate::family::{families, family, needs_socket};
use crate::on_request::ON_REQUEST;
use crate::plan::DescriptorKind;
use crate::signature::{SIGNATURES, is_on_request, signature};

/// Calls that are watched, but not on every descriptor or with all arguments: a case that speaks of all of them has to ask
/// for the rest.
const IN_PART: &[&str] = &[
    // What files and pipes give and take crosses to no other actor.
    "read",
    "write",
    "readv",
    "writev",
    "sendfile",
    "close",
    // Those that make no file.
    "open",
    "openat",
    // All but locks, and locks that are tried.
    "fcntl",
    "flock",
    // How a process ended is seen by its status.
    "exit_group",
];

/// Calls that a program can do without entering the kernel, so that nobody sees whether it did, and why.
const UNSEEN: &[(&str, &str)] = &[
    ("clock_gettime", VDSO),
    ("clock_getres", VDSO),
    ("gettimeofday", VDSO),
    ("time", VDSO),
    ("getcpu", VDSO),
    ("futex", MUTEX),
    ("futex_waitv", MUTEX),
];

const VDSO: &str = "the vDSO answers it without entering the kernel";
const MUTEX: &str = "a mutex that is free is taken without entering the kernel";

/// Calls that the kernel never fails: there is nothing to inject.
const NEVER_FAIL: &[&str] = &[
    "exit",
    "exit_group",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getpgrp",
    "umask",
    "sync",
    "alarm",
    "sched_yield",
    "restart_syscall",
];

/// The kernel calls that a name stands for: those of its family, or itself.
pub fn kernel_calls(name: &str) -> impl Iterator<Item = &'static str> {
    let own = || {
        let mut all = SIGNATURES.iter().chain(ON_REQUEST);
        all.find(|(call, _)| *call == name).map(|(call, _)| *call)
    };
    let of_family = family(name);
    let alone = of_family.is_none().then(own).flatten();
    of_family
        .into_iter()
        .flatten()
        .copied()
        .filter(|call| signature(call).is_some())
        .chain(alone)
        // The kernel makes it in the stead of another one that was interrupted.
        .filter(|call| *call != "restart_syscall")
        .filter(|call| unseen(call).is_none())
}

/// Whether a spec can speak of a call or family.
#[must_use]
pub fn is_watched(name: &str) -> bool {
    kernel_calls(name).next().is_some()
}

/// Why a call that exists cannot be seen; `None`: it can be, or it is only that it is not watched.
#[must_use]
pub fn unseen(name: &str) -> Option<&'static str> {
    let mut all = UNSEEN.iter();
    all.find(|(call, _)| *call == name).map(|(_, why)| *why)
}

/// Whether some of the calls that a name stands for are seen only where a case asks for them.
#[must_use]
pub fn needs_request(name: &str) -> bool {
    requested(name).next().is_some()
}

/// Whether all of the calls that a name stands for are seen only where a case asks for them.
#[must_use]
pub fn is_all_on_request(name: &str) -> bool {
    kernel_calls(name).all(|call| is_on_request(call) || call == "exit_group")
}

/// The kernel calls that a case has to ask for when it speaks of a name.
pub fn requested(name: &str) -> impl Iterator<Item = &'static str> {
    // `recv` and `send` are about sockets, on which every call is seen.
    let about_sockets =
        family(name).is_some_and(|calls| calls.iter().any(|call| needs_socket(call)));
    kernel_calls(name).filter(move |call| {
        is_on_request(call) || (IN_PART.contains(call) && !(about_sockets && needs_socket(call)))
    })
}

/// Every name that a spec can speak of: families, and kernel calls by their own names.
pub fn watched_names() -> impl Iterator<Item = &'static str> {
    let calls = SIGNATURES.iter().chain(ON_REQUEST).map(|(call, _)| *call);
    let own = calls.filter(|call| family(call).is_none());
    families().chain(own).filter(|name| is_watched(name))
}

/// What can be injected into a call or family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injectable {
    /// It can fail with an errno, or be interrupted by a signal.
    pub fails: bool,
    /// It can move fewer bytes than was asked for.
    pub moves_fewer: bool,
    /// On what kinds of descriptors, so that a fault can say one; none: it is given no descriptor, or one of its own kind.
    pub on: Vec<DescriptorKind>,
}

/// What can be injected into a call or family.
#[must_use]
pub fn injectable(name: &str) -> Injectable {
    let any = |test: &dyn Fn(&'static str) -> bool| kernel_calls(name).any(test);
    Injectable {
        fails: any(&|call| !NEVER_FAIL.contains(&call)),
        moves_fewer: any(&moves_bytes),
        on: descriptors(name),
    }
}

/// On what kinds of descriptors a call can be made.
fn descriptors(name: &str) -> Vec<DescriptorKind> {
    /// Only files have places and sizes, and only folders have entries.
    const OF_FILES: &[&str] = &[
        "pread64",
        "pwrite64",
        "preadv",
        "pwritev",
        "lseek",
        "copy_file_range",
        "ftruncate",
        "fallocate",
        "fsync",
        "fdatasync",
    ];
    const OF_SOCKETS: &[&str] = &[
        "recvfrom",
        "sendto",
        "recvmsg",
        "sendmsg",
        "recvmmsg",
        "sendmmsg",
        "bind",
        "listen",
        "accept",
        "accept4",
        "connect",
        "shutdown",
        "getsockopt",
        "setsockopt",
        "getsockname",
        "getpeername",
    ];
    const OF_ALL: &[&str] = &[
        "read", "write", "readv", "writev", "sendfile", "close", "dup", "dup2", "dup3", "fstat",
        "fcntl", "ioctl",
    ];
    let calls: Vec<&str> = kernel_calls(name).collect();
    let all = |of: &[&str]| !calls.is_empty() && calls.iter().all(|call| of.contains(call));
    let about_sockets =
        family(name).is_some_and(|calls| calls.iter().any(|call| needs_socket(call)));
    if about_sockets || all(OF_SOCKETS) {
        vec![DescriptorKind::Socket]
    } else if all(OF_FILES) {
        vec![DescriptorKind::File]
    } else if all(OF_ALL) {
        DescriptorKind::ALL.to_vec()
    } else {
        Vec::new()
    }
}

/// Whether a call moves bytes, so that fewer can be moved.
fn moves_bytes(call: &str) -> bool {
    const QUEUES: &str = "mq_";
    let moves = |kind: &ArgKind| {
        matches!(
            kind,
            ArgKind::Buffer | ArgKind::OutBuffer | ArgKind::Iovec | ArgKind::Message
        )
    };
    let own = matches!(call, "sendfile" | "copy_file_range");
    own || (!call.starts_with(QUEUES)
        && signature(call).is_some_and(|kinds| kinds.iter().any(moves)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_what_is_watched_of_it() {
        let check = |name: &str, all: &[&str], on_request: &[&str]| {
            assert_eq!(kernel_calls(name).collect::<Vec<_>>(), all, "{name}");
            assert_eq!(requested(name).collect::<Vec<_>>(), on_request, "{name}");
        };
        check("accept", &["accept", "accept4"], &[]);
        check("pipe", &["pipe", "pipe2"], &["pipe", "pipe2"]);
        check("read", &["read"], &["read"]);
        check(
            "open",
            &["open", "openat", "openat2", "creat"],
            &["open", "openat", "openat2"],
        );
        check("waitpid", &["wait4", "waitid"], &[]);
        check("sigaction", &["rt_sigaction"], &["rt_sigaction"]);
        check("futex", &[], &[]);
        check("clock_gettime", &[], &[]);
        check("io_uring_enter", &[], &[]);
        check("restart_syscall", &[], &[]);
        // On sockets, all of it is seen without being asked for.
        assert!(!needs_request("recv"));
        assert!(!needs_request("send"));
    }

    #[test]
    fn every_name_has_a_call() {
        for name in watched_names() {
            assert!(is_watched(name), "{name}");
        }
        assert!(watched_names().count() > 150);
    }

    #[test]
    fn what_can_be_injected_follows_from_the_arguments() {
        use DescriptorKind::{File, Socket};
        let all = &DescriptorKind::ALL;
        let check = |name: &str, fails, moves_fewer, on: &[DescriptorKind]| {
            let expect = Injectable {
                fails,
                moves_fewer,
                on: on.to_vec(),
            };
            assert_eq!(injectable(name), expect, "{name}");
        };
        check("recv", true, true, &[Socket]);
        check("read", true, true, all);
        check("pread", true, true, &[File]);
        check("shmget", true, false, &[]);
        check("accept", true, false, &[Socket]);
        check("stat", true, false, &[]);
        check("getpid", false, false, &[]);
        check("mq_send", true, false, &[]);
        check("close", true, false, all);
        check("exit", false, false, &[]);
    }
}
