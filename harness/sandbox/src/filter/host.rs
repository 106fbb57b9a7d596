//! What the filter refuses, or hands to the tracer, in the host's own world only: what reaches processes and objects that
//! are not the case's. In a world of the case's own there are none.

use libc::sock_filter;

use super::code::{
    JUMP_ANY_BIT, JUMP_EQUAL, LOAD, Options, RETURN, SHARES_PROPERLY, TRACE, TraceScope, jump,
    low_half, put, refusal,
};
use ipclab_kernel::arch::calls::CLONE_FLAGS_ARGUMENT;

/// Calls that act on a process by its number: the tracer looks whose it is.
const ON_PROCESSES: [i64; 7] = [
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
    libc::SYS_setpriority,
];

/// The same where number 0 stands for the caller, as it mostly does.
const ON_ANOTHER: [i64; 4] = [
    libc::SYS_prlimit64,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
];

/// Calls that move another process's memory.
pub(super) const ON_MEMORY: &[(i64, &str)] = &[
    (libc::SYS_migrate_pages, "migrate_pages"),
    (libc::SYS_move_pages, "move_pages"),
];

/// Connections, and objects that outlive their maker. A build is not traced, so that no other rule bounds these, and nothing
/// would find them again.
const NOT_IN_BUILDS: [i64; 13] = [
    libc::SYS_socket,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
];

/// `ioctl` requests that send signals to a process by its number, as `F_SETOWN` does.
const OWNER_REQUESTS: [u32; 2] = [0x8901, 0x8902];

/// `F_SETOWN_EX`, which names the process in memory.
const SET_OWNER_EX: u32 = 15;

/// Options by which packets would take another way than the address says, by level.
const WAYS: [(i32, &[i32]); 3] = [
    (libc::SOL_SOCKET, &[libc::SO_BINDTODEVICE, 62]),
    (
        libc::IPPROTO_IP,
        &[libc::IP_OPTIONS, libc::IP_MULTICAST_IF, 50],
    ),
    // Of RFC 2292, and those that follow; sticky packet information; routing headers; options of each hop.
    (
        libc::IPPROTO_IPV6,
        &[2, 3, 4, 5, 6, 9, 17, 50, 54, 55, 57, 59, 76],
    ),
];

/// Options that join a group of receivers, of which the kernel tells the network.
const JOINS: [(i32, &[i32]); 2] = [
    (libc::IPPROTO_IP, &[35, 39, 42, 46]),
    (libc::IPPROTO_IPV6, &[20, 27, 42, 46]),
];

/// An option of one of these levels: the answer.
fn options(levels: &[(i32, &[i32])], answer: u32) -> Vec<sock_filter> {
    let mut code = Vec::new();
    for (level, options) in levels {
        let options: Vec<u32> = options.iter().map(|option| *option as u32).collect();
        let inner = when_equal(2, &options, answer);
        code.push(put(LOAD, low_half(1)));
        code.push(jump(JUMP_EQUAL, *level as u32, 0, inner.len() as u8));
        code.extend(inner);
    }
    code
}

/// A process that shares memory or descriptors and is no thread: the tracer has to know who could change what it looks at.
fn refuse_sharing() -> Vec<sock_filter> {
    let refused = put(RETURN, refusal(libc::EPERM));
    vec![
        put(LOAD, low_half(CLONE_FLAGS_ARGUMENT)),
        jump(JUMP_ANY_BIT, libc::CLONE_FILES as u32, 0, 2),
        jump(JUMP_ANY_BIT, libc::CLONE_THREAD as u32, 1, 0),
        refused,
        jump(JUMP_ANY_BIT, libc::CLONE_VM as u32, 0, 2),
        jump(JUMP_ANY_BIT, SHARES_PROPERLY, 1, 0),
        refused,
    ]
}

/// `argument` is one of these: the answer.
fn when_equal(argument: u8, values: &[u32], answer: u32) -> Vec<sock_filter> {
    let mut code = vec![put(LOAD, low_half(argument))];
    for value in values {
        code.extend([jump(JUMP_EQUAL, *value, 0, 1), put(RETURN, answer)]);
    }
    code
}

/// It is not 0: the answer.
fn unless_zero(argument: u8, answer: u32) -> Vec<sock_filter> {
    vec![
        put(LOAD, low_half(argument)),
        jump(JUMP_EQUAL, 0, 1, 0),
        put(RETURN, answer),
    ]
}

/// Calls with code that answers, or that ends for others to answer.
pub(super) fn calls(options: &Options) -> Vec<(i64, Vec<sock_filter>)> {
    let mut all: Vec<(i64, Vec<sock_filter>)> = Vec::new();
    let refused = refusal(libc::EPERM);
    if options.trace_scope == TraceScope::Nothing {
        all.extend(NOT_IN_BUILDS.map(|number| (number, vec![put(RETURN, refusal(libc::EACCES))])));
    }
    all.push((libc::SYS_setsockopt, self::options(&WAYS, refused)));
    all.push((
        libc::SYS_setsockopt,
        self::options(&JOINS, refusal(libc::ENODEV)),
    ));
    all.push((libc::SYS_clone, refuse_sharing()));
    // What it makes has to be found again, as that of open(2).
    if options.trace_scope != TraceScope::Nothing {
        all.push((libc::SYS_openat2, vec![put(RETURN, TRACE)]));
    }
    all.extend(ON_PROCESSES.map(|number| (number, vec![put(RETURN, TRACE)])));
    all.extend(ON_ANOTHER.map(|number| (number, unless_zero(0, TRACE))));
    all.extend(
        ON_MEMORY
            .iter()
            .map(|(number, _)| (*number, unless_zero(0, refused))),
    );
    all.push((libc::SYS_ioprio_set, unless_zero(1, TRACE)));
    all.push((libc::SYS_ioctl, when_equal(1, &OWNER_REQUESTS, refused)));
    all.push((libc::SYS_fcntl, when_equal(1, &[SET_OWNER_EX], refused)));
    let set_owner = libc::F_SETOWN as u32;
    all.push((libc::SYS_fcntl, when_equal(1, &[set_owner], TRACE)));
    all
}
