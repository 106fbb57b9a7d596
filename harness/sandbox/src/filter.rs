//! The seccomp filter of an actor: which calls stop at the tracer, which are refused, which end the process.
//!
//! Written out by hand, some four hundred instructions: the tracer wants one program with three kinds of answers, and
//! foreign ABIs killed rather than left to chance.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use ipclab_kernel::arch::calls::{AUDIT_ARCH, CLONE_FLAGS_ARGUMENT, FOREIGN_NUMBERS, OPENS};
use ipclab_kernel::arch::older;
use libc::sock_filter;

use crate::calls::{self, When};
use crate::measures::Measure;
use code::{
    ALLOW, AND, ARCHITECTURE, JUMP, JUMP_ANY_BIT, JUMP_AT_LEAST, JUMP_EQUAL, KILL, LOAD, NUMBER,
    RETURN, SHARES_PROPERLY, TRACE, errno, jump, low_half, put, refusal, silent,
};
pub(crate) use code::{Options, TraceScope};

/// Calls of use only to a program that wants out of the box, or to be unseen in it.
const REFUSED: &[(i64, &str)] = &[
    (libc::SYS_ptrace, "ptrace"),
    (libc::SYS_process_vm_readv, "process_vm_readv"),
    (libc::SYS_process_vm_writev, "process_vm_writev"),
    (libc::SYS_process_madvise, "process_madvise"),
    (libc::SYS_pidfd_getfd, "pidfd_getfd"),
    (libc::SYS_kcmp, "kcmp"),
    // A filter of its own could answer a call before ours hands it to the tracer: SECCOMP_RET_USER_NOTIF comes first.
    (libc::SYS_seccomp, "seccomp"),
    (libc::SYS_keyctl, "keyctl"),
    (libc::SYS_add_key, "add_key"),
    (libc::SYS_request_key, "request_key"),
    (libc::SYS_bpf, "bpf"),
    (libc::SYS_userfaultfd, "userfaultfd"),
    (libc::SYS_perf_event_open, "perf_event_open"),
    (libc::SYS_mount, "mount"),
    (libc::SYS_umount2, "umount2"),
    (libc::SYS_move_mount, "move_mount"),
    (libc::SYS_open_tree, "open_tree"),
    (libc::SYS_fsopen, "fsopen"),
    (libc::SYS_fspick, "fspick"),
    (libc::SYS_mount_setattr, "mount_setattr"),
    (libc::SYS_pivot_root, "pivot_root"),
    (libc::SYS_chroot, "chroot"),
    (libc::SYS_unshare, "unshare"),
    (libc::SYS_setns, "setns"),
    (libc::SYS_open_by_handle_at, "open_by_handle_at"),
    (libc::SYS_kexec_load, "kexec_load"),
    (older::SYS_kexec_file_load, "kexec_file_load"),
    (libc::SYS_init_module, "init_module"),
    (libc::SYS_finit_module, "finit_module"),
    (libc::SYS_swapon, "swapon"),
    (libc::SYS_swapoff, "swapoff"),
    (libc::SYS_reboot, "reboot"),
    (libc::SYS_syslog, "syslog"),
    (libc::SYS_quotactl, "quotactl"),
    (libc::SYS_acct, "acct"),
    // Leaving the tracer's processor would let packets be in flight unseen when it decides that nothing moves any more.
    (libc::SYS_sched_setaffinity, "sched_setaffinity"),
];

/// What has an older call that libraries fall back to when the kernel says that it has never heard of it, as `clone3` has,
/// whose flags are in memory, where a filter cannot see them. `io_uring` and `io_submit` would do I/O past the tracer.
const UNKNOWN: &[(i64, &str)] = &[
    (libc::SYS_io_uring_setup, "io_uring_setup"),
    (libc::SYS_io_uring_enter, "io_uring_enter"),
    (libc::SYS_io_uring_register, "io_uring_register"),
    (libc::SYS_io_setup, "io_setup"),
    (libc::SYS_io_submit, "io_submit"),
    // Memory that is not counted.
    (libc::SYS_memfd_create, "memfd_create"),
    (libc::SYS_memfd_secret, "memfd_secret"),
    // These move bytes of sockets, too.
    (libc::SYS_splice, "splice"),
    (libc::SYS_tee, "tee"),
    // A pipe that holds pages of memory is a window on them.
    (libc::SYS_vmsplice, "vmsplice"),
    (libc::SYS_preadv2, "preadv2"),
    (libc::SYS_pwritev2, "pwritev2"),
];

/// What writes every file of the machine to its disk, whoever's it is: a program that only asks for that could hold the machine up
/// for as long as others write. It is told that it is done: no file of a case outlives a loss of power.
const DONE_ALREADY: &[i64] = &[libc::SYS_sync, libc::SYS_syncfs];

/// What a program's share of the processor hangs on. Everything in a box is the case's, so a share is worth nothing there; but a
/// program that took less than others on the machine would make a busy machine look too busy, and not be judged. It is told
/// that it is done. Where the processes of others can be named, the tracer looks first whose it is.
pub(crate) const PRIORITIES: [i64; 5] = [
    libc::SYS_setpriority,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_ioprio_set,
];

/// The name of a call that the filter refuses, always or in some of its uses.
pub(crate) fn name_of_refused(number: u64) -> String {
    let all = REFUSED.iter().chain(UNKNOWN).chain(host::ON_MEMORY);
    let named = all.into_iter().find(|(known, _)| *known as u64 == number);
    match named {
        Some((_, name)) => (*name).to_owned(),
        None => calls::spec(number)
            .map_or_else(|| format!("call {number}"), |spec| spec.name.to_owned()),
    }
}

/// Namespaces that a `clone` may not make, and the flag that would hide the child from the tracer.
const CLONE_REFUSED: u32 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_UNTRACED) as u32;

/// Families that a lab can need. Others (packet, vsock, ...) reach past the box or into the kernel; of netlink only the
/// routing tables are open, which `getifaddrs(3)` reads and which need a capability to be changed.
const FAMILIES: [i32; 3] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];

/// Protocols of internet sockets: what a program names by number, and TCP, UDP and echo requests. Of others the tracer does not know how
/// they name addresses; and for one that the kernel does not know it has a module looked for, by a process of the host's.
const PROTOCOLS: [u32; 5] = [
    0,
    libc::IPPROTO_TCP as u32,
    libc::IPPROTO_UDP as u32,
    libc::IPPROTO_ICMP as u32,
    libc::IPPROTO_ICMPV6 as u32,
];
/// Kinds of internet sockets that the kernel has without a module.
const KINDS: [u32; 3] = [
    libc::SOCK_STREAM as u32,
    libc::SOCK_DGRAM as u32,
    libc::SOCK_RAW as u32,
];
/// A socket's kind without what else is said beside it, as `SOCK_CLOEXEC`.
const KIND_BITS: u32 = 0xf;

/// Has the kernel look for a module that knows a line discipline. No program of a lab has a use for one.
const SET_LINE_DISCIPLINE: u32 = libc::TIOCSETD as u32;
/// Throws away what was written and not read yet.
const FLUSH: u32 = libc::TCFLSH as u32;
const FLUSH_OUTPUT: [u32; 2] = [libc::TCOFLUSH as u32, libc::TCIOFLUSH as u32];

/// The program: a search for the call's number, and at its end what to do with it.
///
/// The search is a tree and not a list because the kernel, when a filter is installed, runs it once for every call that it
/// has: through a list of this length that takes a third of a millisecond for each actor.
pub(crate) fn program(options: Options) -> Cow<'static, [sock_filter]> {
    match COMMON_PROGRAM.get() {
        Some((usual, code)) if *usual == options => Cow::Borrowed(code),
        _ => Cow::Owned(assemble(&options)),
    }
}

/// The program that nearly every actor of a keeper gets.
static COMMON_PROGRAM: OnceLock<(Options, Vec<sock_filter>)> = OnceLock::new();

/// Puts the usual program together once, for all processes that are forked from this one: actors need not.
pub(crate) fn prepare(host: bool, trace_scope: TraceScope) {
    let options = Options {
        trace_scope,
        host,
        requested: Vec::new(),
        maps: false,
    };
    let code = assemble(&options);
    COMMON_PROGRAM.get_or_init(|| (options, code));
}

fn assemble(options: &Options) -> Vec<sock_filter> {
    let mut code = vec![
        put(LOAD, ARCHITECTURE),
        jump(JUMP_EQUAL, AUDIT_ARCH, 1, 0),
        put(RETURN, KILL),
        put(LOAD, NUMBER),
    ];
    code.extend(search(&number_ranges(options)));
    if options.trace_scope == TraceScope::Nothing {
        code = code.into_iter().map(silent).collect();
    }
    code
}

/// A stretch of numbers that get the same answer: its first number, and the code that answers.
type NumberRange = (u32, Vec<sock_filter>);

/// All numbers there are, in order; neighbours with the same answer are one stretch.
fn number_ranges(options: &Options) -> Vec<NumberRange> {
    let rest = put(RETURN, answer_to_the_rest(options.trace_scope));
    let mut all: Vec<NumberRange> = vec![(0, vec![rest])];
    for (number, mut code) in special(options) {
        if !matches!(code.as_slice(), [answer] if answer.code == RETURN) {
            code.push(rest);
        }
        begin(&mut all, number, code);
        begin(&mut all, number + 1, vec![rest]);
    }
    begin(&mut all, FOREIGN_NUMBERS, vec![put(RETURN, KILL)]);
    all
}

/// From this number on the answer is `code`.
fn begin(all: &mut Vec<NumberRange>, from: u32, code: Vec<sock_filter>) {
    all.pop_if(|(first, _)| *first == from);
    let same = |last: &[sock_filter]| {
        let fields = |one: &sock_filter| (one.code, one.jt, one.jf, one.k);
        last.iter().map(fields).eq(code.iter().map(fields))
    };
    if !all.last().is_some_and(|(_, last)| same(last)) {
        all.push((from, code));
    }
}

fn search(number_ranges: &[NumberRange]) -> Vec<sock_filter> {
    let (lower, upper) = number_ranges.split_at(number_ranges.len() / 2);
    if lower.is_empty() {
        return upper.iter().flat_map(|(_, code)| code).copied().collect();
    }
    let (from, below) = (upper[0].0, search(lower));
    let mut code = match u8::try_from(below.len()) {
        Ok(over) => vec![jump(JUMP_AT_LEAST, from, over, 0)],
        // A conditional jump reaches no further than that.
        Err(_) => vec![
            jump(JUMP_AT_LEAST, from, 0, 1),
            put(JUMP, below.len() as u32),
        ],
    };
    code.extend(below);
    code.extend(search(upper));
    code
}

/// What calls get that are not special.
fn answer_to_the_rest(trace_scope: TraceScope) -> u32 {
    match trace_scope {
        TraceScope::Nothing | TraceScope::Table { .. } => ALLOW,
        TraceScope::Everything { .. } => TRACE,
    }
}

/// The calls that are not like the rest, each with code that answers, or that ends for the rest to answer. The call's
/// number is loaded before it.
fn special(options: &Options) -> BTreeMap<u32, Vec<sock_filter>> {
    let mut calls: BTreeMap<u32, Vec<sock_filter>> = BTreeMap::new();
    let mut add = |number: i64, code: &[sock_filter]| {
        // What this processor does not have has a number below 0.
        if let Ok(number) = u32::try_from(number) {
            calls.entry(number).or_default().extend(code);
        }
    };
    for (number, _) in REFUSED {
        add(*number, &[put(RETURN, refusal(libc::EPERM))]);
    }
    for (number, _) in UNKNOWN {
        add(*number, &[put(RETURN, refusal(libc::ENOSYS))]);
    }
    // Every thread and many a child are made by it first, and then by the older call.
    add(libc::SYS_clone3, &[put(RETURN, errno(libc::ENOSYS))]);
    // prctl's older way to the same.
    add(
        libc::SYS_prctl,
        &[
            put(LOAD, low_half(0)),
            jump(JUMP_EQUAL, libc::PR_SET_SECCOMP as u32, 0, 1),
            put(RETURN, refusal(libc::EPERM)),
        ],
    );
    // Without it the kernel keeps the tracer out of its memory.
    add(
        libc::SYS_prctl,
        &[
            put(LOAD, low_half(0)),
            jump(JUMP_EQUAL, libc::PR_SET_DUMPABLE as u32, 0, 1),
            put(RETURN, refusal(libc::EPERM)),
        ],
    );
    // The room of all pipes of a user is bounded, boxes beside this one included: their pipes would be the smaller.
    add(
        libc::SYS_fcntl,
        &[
            put(LOAD, low_half(1)),
            jump(JUMP_EQUAL, libc::F_SETPIPE_SZ as u32, 0, 1),
            put(RETURN, refusal(libc::EPERM)),
        ],
    );
    // And so is their number: the tracer counts those of this box.
    if options.trace_scope.has(Measure::Pipes) {
        for number in calls::PIPES {
            add(number, &[put(RETURN, TRACE)]);
        }
    }
    if options.host {
        for (number, code) in host::calls(options) {
            add(number, &code);
        }
    }
    for number in DONE_ALREADY.iter().chain(&PRIORITIES) {
        if !options.requested.contains(number) {
            add(*number, &[put(RETURN, errno(0))]);
        }
    }
    add(libc::SYS_socket, &refuse_families());
    let (kind, protocol) = (libc::ESOCKTNOSUPPORT, libc::EPROTONOSUPPORT);
    add(
        libc::SYS_socket,
        &refuse_of_internet(1, KIND_BITS, &KINDS, kind),
    );
    add(
        libc::SYS_socket,
        &refuse_of_internet(2, u32::MAX, &PROTOCOLS, protocol),
    );
    // Others have no pairs, which the kernel finds out when it has made both.
    add(
        libc::SYS_socketpair,
        &[
            put(LOAD, low_half(0)),
            jump(JUMP_EQUAL, libc::AF_UNIX as u32, 4, 0),
            jump(JUMP_EQUAL, libc::AF_INET as u32, 2, 0),
            jump(JUMP_EQUAL, libc::AF_INET6 as u32, 1, 0),
            put(RETURN, refusal(libc::EAFNOSUPPORT)),
            put(RETURN, refusal(libc::EOPNOTSUPP)),
        ],
    );
    add(
        libc::SYS_ioctl,
        &[
            put(LOAD, low_half(1)),
            jump(JUMP_EQUAL, SET_LINE_DISCIPLINE, 0, 1),
            put(RETURN, refusal(libc::EPERM)),
        ],
    );
    // What a program has printed counts, whether it was read at once or not. It is told that it is done: on a terminal that is read at
    // once there is nothing left to throw away.
    add(
        libc::SYS_ioctl,
        &[
            put(LOAD, low_half(1)),
            jump(JUMP_EQUAL, FLUSH, 0, 4),
            put(LOAD, low_half(2)),
            jump(JUMP_EQUAL, FLUSH_OUTPUT[0], 1, 0),
            jump(JUMP_EQUAL, FLUSH_OUTPUT[1], 0, 1),
            put(RETURN, errno(0)),
        ],
    );
    // clone with forbidden flags is refused; any other clone is a call like the rest.
    add(
        libc::SYS_clone,
        &[
            put(LOAD, low_half(CLONE_FLAGS_ARGUMENT)),
            jump(JUMP_ANY_BIT, CLONE_REFUSED, 0, 1),
            put(RETURN, refusal(libc::EPERM)),
        ],
    );
    // Memory that is shared is counted by what is mapped.
    let is_closed = matches!(options.trace_scope, TraceScope::Everything { .. });
    if !is_closed && options.trace_scope.has(Measure::Mapped) {
        add(
            libc::SYS_mmap,
            &[
                put(LOAD, low_half(3)),
                jump(JUMP_ANY_BIT, libc::MAP_SHARED as u32, 0, 1),
                put(RETURN, TRACE),
            ],
        );
    }
    if options.maps && !is_closed {
        for (number, code) in maps() {
            add(number, &code);
        }
    }
    match options.trace_scope {
        TraceScope::Nothing => {
            let ruled = |spec: &&calls::Spec| calls::RULED.contains(&spec.number);
            for spec in calls::TABLE.iter().filter(ruled) {
                add(spec.number, &trace(spec.when));
            }
        }
        TraceScope::Table { .. } => {
            for spec in calls::TABLE {
                let looked_at = options.host && OPENS.contains(&spec.number);
                let requested = options.requested.contains(&spec.number);
                let when = if looked_at || requested {
                    When::Always
                } else {
                    spec.when
                };
                add(spec.number, &trace(when));
            }
            if options.trace_scope.has(Measure::Clock) {
                for (number, when) in calls::CLOCK_CALLS {
                    add(*number, &trace(*when));
                }
            }
        }
        TraceScope::Everything { pass } => {
            add(
                libc::SYS_mprotect,
                &[
                    put(LOAD, low_half(3)),
                    jump(JUMP_EQUAL, pass, 0, 1),
                    put(RETURN, ALLOW),
                ],
            );
            // Two processes with one memory: what is open to one for a moment would be open to the other.
            add(
                libc::SYS_clone,
                &[
                    put(LOAD, low_half(CLONE_FLAGS_ARGUMENT)),
                    jump(JUMP_ANY_BIT, libc::CLONE_VM as u32, 0, 2),
                    jump(JUMP_ANY_BIT, SHARES_PROPERLY, 1, 0),
                    put(RETURN, refusal(libc::EPERM)),
                ],
            );
        }
    }
    calls
}

/// What may map a file, or memory for sharing, or make some of it writable. What malloc() and threads map stops nowhere.
fn maps() -> [(i64, Vec<sock_filter>); 3] {
    let mapped = vec![
        put(LOAD, low_half(3)),
        jump(JUMP_ANY_BIT, libc::MAP_SHARED as u32, 1, 0),
        jump(JUMP_ANY_BIT, libc::MAP_ANONYMOUS as u32, 1, 0),
        put(RETURN, TRACE),
    ];
    let protected = vec![
        put(LOAD, low_half(2)),
        jump(JUMP_ANY_BIT, libc::PROT_WRITE as u32, 0, 1),
        put(RETURN, TRACE),
    ];
    [
        (libc::SYS_mmap, mapped),
        (libc::SYS_mprotect, protected),
        (libc::SYS_mremap, vec![put(RETURN, TRACE)]),
    ]
}

fn refuse_families() -> Vec<sock_filter> {
    let mut code = vec![
        put(LOAD, low_half(0)),
        jump(JUMP_EQUAL, libc::AF_NETLINK as u32, 0, 3),
        put(LOAD, low_half(2)),
        jump(
            JUMP_EQUAL,
            libc::NETLINK_ROUTE as u32,
            // Past the families, and the refusal.
            (FAMILIES.len() + 2) as u8,
            0,
        ),
        put(RETURN, refusal(libc::EAFNOSUPPORT)),
    ];
    for (at, family) in FAMILIES.into_iter().enumerate() {
        code.push(jump(
            JUMP_EQUAL,
            family as u32,
            (FAMILIES.len() - at) as u8,
            0,
        ));
    }
    code.push(put(RETURN, refusal(libc::EAFNOSUPPORT)));
    code
}

/// An internet socket of which an argument is none of these: refused. `mask`: the bits of the argument that count.
fn refuse_of_internet(argument: u8, mask: u32, known: &[u32], error: i32) -> Vec<sock_filter> {
    let past = known.len() as u8 + 3;
    let mut code = vec![
        put(LOAD, low_half(0)),
        jump(JUMP_EQUAL, libc::AF_INET as u32, 1, 0),
        jump(JUMP_EQUAL, libc::AF_INET6 as u32, 0, past),
        put(LOAD, low_half(argument)),
        put(AND, mask),
    ];
    for (at, value) in known.iter().enumerate() {
        code.push(jump(JUMP_EQUAL, *value, (known.len() - at) as u8, 0));
    }
    code.push(put(RETURN, refusal(error)));
    code
}

fn trace(when: When) -> Vec<sock_filter> {
    match when {
        When::Always => vec![put(RETURN, TRACE)],
        When::OnRequest => Vec::new(),
        When::Bits { arg, bits } => vec![
            put(LOAD, low_half(arg)),
            jump(JUMP_ANY_BIT, bits, 0, 1),
            put(RETURN, TRACE),
        ],
        When::OneOf { arg, mask, values } => {
            let mut code = vec![put(LOAD, low_half(arg)), put(AND, mask)];
            for (at, value) in values.iter().enumerate() {
                let after = values.len() - 1 - at;
                code.push(jump(JUMP_EQUAL, *value, after as u8, u8::from(after == 0)));
            }
            code.push(put(RETURN, TRACE));
            code
        }
    }
}

mod code;
mod host;
#[cfg(test)]
mod tests;
