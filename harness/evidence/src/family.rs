//! Families: the one name that people use for the calls that the kernel has for one thing.
//!
//! `recv()` of the C library is `recvfrom` in the kernel, `accept()` may be `accept4`, `fork()` is `clone`. Specs, faults
//! and findings speak of families, the trace of kernel calls; this table is the only place where the two meet.

/// A family and the kernel calls that belong to it, by the names that `strace` prints.
const FAMILIES: &[(&str, &[&str])] = &[
    (
        "recv",
        &["recvfrom", "recvmsg", "recvmmsg", "recv", "read", "readv"],
    ),
    (
        "send",
        &[
            "sendto", "sendmsg", "sendmmsg", "send", "sendfile", "write", "writev",
        ],
    ),
    ("accept", &["accept", "accept4"]),
    ("open", &["open", "openat", "openat2", "creat"]),
    ("fork", &["fork", "vfork", "clone", "clone3"]),
    ("wait", &["wait4", "waitid", "waitpid"]),
    (
        "poll",
        &[
            "poll",
            "ppoll",
            "select",
            "pselect6",
            "epoll_wait",
            "epoll_pwait",
            "epoll_pwait2",
        ],
    ),
    ("unlink", &["unlink", "unlinkat"]),
    ("sleep", &["nanosleep", "clock_nanosleep"]),
    ("semop", &["semop", "semtimedop"]),
    ("exec", &["execve", "execveat"]),
    ("pipe", &["pipe", "pipe2"]),
    ("dup", &["dup", "dup2", "dup3"]),
    ("exit", &["exit_group", "exit"]),
    ("sigaction", &["rt_sigaction", "sigaction"]),
    ("sigprocmask", &["rt_sigprocmask"]),
    ("sigpending", &["rt_sigpending"]),
    ("sigsuspend", &["rt_sigsuspend"]),
    ("sigtimedwait", &["rt_sigtimedwait"]),
    ("sigqueue", &["rt_sigqueueinfo"]),
    ("signalfd", &["signalfd4"]),
    ("eventfd", &["eventfd2"]),
    ("epoll_create", &["epoll_create", "epoll_create1"]),
    ("inotify_init", &["inotify_init1"]),
    ("raise", &["tgkill", "tkill"]),
    ("pread", &["pread64", "preadv"]),
    ("pwrite", &["pwrite64", "pwritev"]),
    // Which of them the C library makes for fstat(3) and lstat(3) depends on its version.
    ("stat", &["stat", "lstat", "fstat", "newfstatat", "statx"]),
    ("access", &["access", "faccessat", "faccessat2"]),
    ("chmod", &["chmod", "fchmodat"]),
    ("chown", &["chown", "lchown", "fchownat"]),
    ("readlink", &["readlink", "readlinkat"]),
    ("readdir", &["getdents64"]),
    ("mq_send", &["mq_timedsend"]),
    ("mq_receive", &["mq_timedreceive"]),
];

/// Names of the C library that people use for a family or for a part of one.
const ALIASES: &[(&str, &[&str])] = &[
    ("waitpid", &["wait4", "waitid", "waitpid"]),
    ("select", &["select", "pselect6"]),
    ("epoll_wait", &["epoll_wait", "epoll_pwait", "epoll_pwait2"]),
    ("usleep", &["nanosleep", "clock_nanosleep"]),
    ("signal", &["rt_sigaction", "sigaction"]),
    ("_exit", &["exit_group", "exit"]),
    ("sigwait", &["rt_sigtimedwait"]),
    ("fstatat", &["newfstatat", "statx"]),
    ("fstat", &["stat", "lstat", "fstat", "newfstatat", "statx"]),
    ("lstat", &["stat", "lstat", "fstat", "newfstatat", "statx"]),
    ("lockf", &["fcntl"]),
    ("mkfifo", &["mknod", "mknodat"]),
    ("seteuid", &["setresuid", "setreuid"]),
    ("setegid", &["setresgid", "setregid"]),
];

/// The kernel calls that a family stands for; `None`: no such family, the name is a kernel call's own.
#[must_use]
pub fn family(name: &str) -> Option<&'static [&'static str]> {
    FAMILIES
        .iter()
        .chain(ALIASES)
        .find(|(family, _)| *family == name)
        .map(|(_, calls)| *calls)
}

/// Names of all families, for "did you mean".
pub fn families() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().chain(ALIASES).map(|(family, _)| *family)
}

/// Whether this kernel call belongs to `recv` or `send` only when its descriptor is a socket: `read(2)`, `write(2)`.
#[must_use]
pub fn needs_socket(kernel_name: &str) -> bool {
    matches!(
        kernel_name,
        "read" | "readv" | "write" | "writev" | "sendfile"
    )
}

/// The family that a kernel call belongs to, as messages name it; its own name when it has none.
///
/// `on_socket` tells whether its descriptor is a socket: `read` is `recv` there and `read` elsewhere.
#[must_use]
pub fn canonical(kernel_name: &str, on_socket: bool) -> &str {
    if needs_socket(kernel_name) && !on_socket {
        return kernel_name;
    }
    FAMILIES
        .iter()
        .find(|(_, calls)| calls.contains(&kernel_name))
        .map_or(kernel_name, |(family, _)| *family)
}

/// The name of a kernel call as people write it in C and read it everywhere: `read()` of a socket is no `recv()`, and `select()`
/// no `poll()`. Whether a `sendto` was written as `send()` is decided by its arguments, [`crate::Call::name_in_c`]; where
/// only the name is known it is called `send`.
#[must_use]
pub fn name_in_c(kernel_name: &str) -> &str {
    match kernel_name {
        "select" | "pselect6" => "select",
        "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => "epoll_wait",
        "mknodat" => "mknod",
        "mkdirat" => "mkdir",
        "linkat" => "link",
        "symlinkat" => "symlink",
        "renameat" | "renameat2" => "rename",
        // The C library has no other call for dup2(3) on some processors.
        "dup2" | "dup3" => "dup2",
        "read" | "write" | "readv" | "writev" | "sendfile" | "recvmsg" | "sendmsg" | "recvmmsg"
        | "sendmmsg" => kernel_name,
        name => canonical(name, true),
    }
}

/// Calls that do the work of another one: a program that copies by `pwrite(2)` or `sendfile(2)` writes to a file as one does that
/// calls `write(2)`, and some C libraries have `writev(2)` in `fwrite(3)`. What a fault does to the one, it does to them.
#[must_use]
pub fn stand_ins(name: &str) -> &'static [&'static str] {
    match name {
        "read" => &["readv", "pread"],
        "write" => &["writev", "pwrite", "sendfile", "copy_file_range"],
        _ => &[],
    }
}

/// Whether a kernel call is meant by `name`, which is a family or the kernel call's own name.
#[must_use]
pub fn belongs(kernel_name: &str, on_socket: bool, name: &str) -> bool {
    match family(name) {
        Some(calls) => calls.contains(&kernel_name) && (on_socket || !needs_socket(kernel_name)),
        None => kernel_name == name,
    }
}

#[cfg(test)]
mod tests {
    use super::{belongs, canonical, family, name_in_c};

    #[test]
    fn a_read_is_a_recv_only_on_a_socket() {
        assert_eq!(canonical("read", true), "recv");
        assert_eq!(canonical("read", false), "read");
        assert_eq!(canonical("recvfrom", false), "recv");
        assert!(belongs("write", true, "send"));
        assert!(!belongs("write", false, "send"));
    }

    #[test]
    fn readers_meet_the_names_that_they_write() {
        for (kernel, expect) in [
            ("pselect6", "select"),
            ("ppoll", "poll"),
            ("epoll_pwait", "epoll_wait"),
            ("wait4", "wait"),
            ("mknodat", "mknod"),
            ("newfstatat", "stat"),
            ("read", "read"),
            ("recvmsg", "recvmsg"),
            ("recvfrom", "recv"),
            ("clone3", "fork"),
            ("dup3", "dup2"),
            ("rt_sigsuspend", "sigsuspend"),
            ("shmget", "shmget"),
        ] {
            assert_eq!(name_in_c(kernel), expect, "{kernel}");
        }
    }

    #[test]
    fn calls_without_a_family_keep_their_own_name() {
        assert_eq!(canonical("shmget", false), "shmget");
        assert_eq!(family("shmget"), None);
        assert!(belongs("shmget", false, "shmget"));
        assert!(!belongs("shmget", false, "shmat"));
    }

    #[test]
    fn every_family_finds_its_calls_by_either_name() {
        for (name, call) in [
            ("accept", "accept4"),
            ("fork", "clone3"),
            ("waitpid", "wait4"),
            ("select", "pselect6"),
            ("sleep", "clock_nanosleep"),
            ("unlink", "unlinkat"),
        ] {
            assert!(belongs(call, false, name), "{call} belongs to {name}");
        }
        assert!(!belongs("poll", false, "select"));
    }
}
