//! Points: calls before which a thread waits for a step of its own, where turns are steered, and what they touch.
//!
//! A call that is not known here touches anything. What it touches is said rather too large than too small: two calls that do
//! touch the same thing must never be taken for independent, while more schedules than are needed only cost time.

use ipclab_evidence::{Arg, SemOp, Thing, Touch, Way, canonical};
use ipclab_kernel::arch::{Call, older};
use ipclab_kernel::{Pid, procfs};

use super::state::Tracer;
use crate::decode;

/// Calls that are about nothing that others could notice, or whose effects are seen in other ways.
const LOCAL: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_pkey_mprotect,
    libc::SYS_madvise,
    libc::SYS_mlock,
    libc::SYS_munlock,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getgroups,
    older::SYS_getpgrp,
    libc::SYS_getpgid,
    libc::SYS_getsid,
    libc::SYS_getcwd,
    libc::SYS_umask,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getrandom,
    older::SYS_getrlimit,
    older::SYS_setrlimit,
    libc::SYS_prlimit64,
    libc::SYS_getrusage,
    libc::SYS_times,
    older::SYS_time,
    libc::SYS_gettimeofday,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_getcpu,
    older::SYS_arch_prctl,
    libc::SYS_prctl,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_dup,
    older::SYS_dup2,
    libc::SYS_dup3,
    older::SYS_pipe,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_timerfd_create,
    older::SYS_epoll_create,
    libc::SYS_epoll_create1,
    libc::SYS_socketpair,
    libc::SYS_socket,
    libc::SYS_ioctl,
    libc::SYS_fstat,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_setsid,
    older::SYS_fork,
    older::SYS_vfork,
    libc::SYS_clone,
    libc::SYS_execve,
    libc::SYS_execveat,
];

/// Calls on a descriptor that move bytes into the program, out of it, or change what it is open on.
const READS: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_lseek,
    libc::SYS_getdents64,
];
const WRITES: &[i64] = &[
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_timerfd_settime,
];

/// Calls on files by their names that change nothing.
const LOOKS: &[i64] = &[
    older::SYS_stat,
    older::SYS_lstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    older::SYS_access,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    older::SYS_readlink,
    libc::SYS_readlinkat,
];

/// Calls on sockets.
const ON_SOCKETS: &[i64] = &[
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_shutdown,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvmmsg,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
];

/// Calls that say how signals reach their process, wait for one, or have one sent to it.
const ON_OWN_SIGNALS: &[i64] = &[
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    older::SYS_pause,
    older::SYS_alarm,
    libc::SYS_setitimer,
    libc::SYS_getitimer,
    libc::SYS_timer_create,
    libc::SYS_timer_settime,
    libc::SYS_timer_gettime,
    libc::SYS_timer_delete,
];

impl Tracer {
    /// What a call touches that others share; `None`: nothing, so that it is no point.
    pub(super) fn touched_by_call(
        &self,
        tid: Pid,
        number: u64,
        args: &[u64; 6],
    ) -> Option<Vec<Touch>> {
        let number = number as i64;
        if LOCAL.contains(&number) {
            return None;
        }
        let own = self.own_number(tid);
        let on = |thing: Thing, way: Way| Some(vec![Touch::whole(thing, way)]);
        if READS.contains(&number) {
            return self.on_descriptor(tid, args[0] as i32, Way::Read);
        }
        if WRITES.contains(&number) {
            return self.on_descriptor(tid, args[0] as i32, Way::Write);
        }
        if LOOKS.contains(&number) {
            return match is_of_the_system(tid, number, args) {
                true => None,
                false => on(Thing::Files, Way::Read),
            };
        }
        if ON_SOCKETS.contains(&number) {
            return Some(vec![
                Touch::whole(Thing::Sockets, Way::Write),
                Touch::whole(Thing::Files, Way::Read),
            ]);
        }
        if ON_OWN_SIGNALS.contains(&number) {
            return on(Thing::Signals(own), Way::Write);
        }
        const CREATE: u64 = libc::IPC_CREAT as u64;
        let by_key = |flags: u64| match (args[0] as i32, flags & CREATE) {
            (libc::IPC_PRIVATE, _) => None,
            (_, 0) => on(Thing::Keys, Way::Read),
            _ => on(Thing::Keys, Way::Write),
        };
        let id = args[0] as i32;
        let way_of_signal = match args[1] {
            0 => Way::Read,
            _ => Way::Write,
        };
        match number {
            libc::SYS_semop | libc::SYS_semtimedop => Some(on_semaphores(tid, args)),
            libc::SYS_semctl => Some(vec![
                Touch::whole(Thing::Semaphores(id), Way::Write),
                Touch::whole(
                    Thing::Keys,
                    if args[2] == 0 { Way::Write } else { Way::Read },
                ),
            ]),
            libc::SYS_semget | libc::SYS_shmget => by_key(args[2]),
            libc::SYS_msgget => by_key(args[1]),
            libc::SYS_shmat => on(Thing::Segment(id), Way::Read),
            libc::SYS_shmdt => {
                let process = self.threads.get(&tid).map(|thread| thread.process)?;
                let attached = self.processes.get(&process)?.attached.get(&args[0])?;
                on(Thing::Segment(*attached), Way::Read)
            }
            libc::SYS_shmctl => Some(vec![
                Touch::whole(Thing::Segment(id), Way::Write),
                Touch::whole(Thing::Keys, Way::Write),
            ]),
            libc::SYS_msgsnd | libc::SYS_msgrcv => on(Thing::Queue(id), Way::Write),
            libc::SYS_msgctl => Some(vec![
                Touch::whole(Thing::Queue(id), Way::Write),
                Touch::whole(Thing::Keys, Way::Write),
            ]),
            libc::SYS_rt_sigprocmask => {
                // Where none is pending, which thread changes its mask first makes no difference: only to one that is sent.
                let masks = procfs::signal_masks(tid);
                let pending = masks.is_none_or(|masks| masks.pending != 0);
                let way = if pending { Way::Write } else { Way::Read };
                on(Thing::Signals(own), way)
            }
            libc::SYS_wait4 | libc::SYS_waitid => on(Thing::Children(own), Way::Write),
            libc::SYS_kill if args[0] as i32 > 0 => {
                on(Thing::Signals(args[0] as u32), way_of_signal)
            }
            libc::SYS_tgkill => on(Thing::Signals(args[0] as u32), Way::Write),
            libc::SYS_close => {
                let link = procfs::descriptor(tid, args[0] as i32)?;
                let noticed = link.starts_with("pipe:") || link.starts_with("socket:");
                noticed.then(|| vec![on_link(&link, Way::Write)])
            }
            libc::SYS_fcntl => match args[1] as i32 {
                libc::F_SETLK | libc::F_SETLKW | libc::F_GETLK => on(Thing::Files, Way::Write),
                _ => None,
            },
            older::SYS_open | libc::SYS_openat if is_of_the_system(tid, number, args) => None,
            older::SYS_open => self.on_opened(args[1]),
            libc::SYS_openat => self.on_opened(args[2]),
            libc::SYS_futex => Some(self.on_words(tid, args)),
            // What it touches is known when it is on its way out.
            libc::SYS_exit | libc::SYS_exit_group => Some(Vec::new()),
            _ => on(Thing::Anything, Way::Write),
        }
    }

    pub(super) fn own_number(&self, tid: Pid) -> u32 {
        let process = self.threads.get(&tid).map(|thread| thread.process);
        process
            .and_then(|process| self.own_pid(process))
            .unwrap_or(0)
    }

    /// A call that the tracer stops at is entered: whether its thread has to wait for a step of its own; else what it touches is
    /// noted.
    pub(super) fn waits_at_call(&mut self, tid: Pid, number: u64, args: &[u64; 6]) -> bool {
        if !self.schedule.is_steered() {
            return false;
        }
        let Some(touches) = self.touched_by_call(tid, number, args) else {
            return false;
        };
        if self.stops_at_point(tid) {
            if let Some(thread) = self.threads.get_mut(&tid) {
                thread.at_point = true;
            }
            return true;
        }
        self.note_undo(tid, number, args);
        self.schedule.touches(touches);
        false
    }

    /// A thread that has waited in a call does not go on by itself when it is woken: the exit of the call is awaited.
    pub(super) fn awaits_exit(&mut self, tid: Pid, number: u64, args: &[u64; 6]) {
        if !self.schedule.is_steered() || LOCAL.contains(&(number as i64)) {
            return;
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.observed.get_or_insert(Call {
                number,
                arguments: *args,
            });
        }
    }

    /// A call of the thread whose step it is has returned: whether it asked in vain, and did not wait.
    pub(super) fn note_in_vain(&mut self, tid: Pid, result: i64) {
        let thread = self.threads.get(&tid);
        let name = thread.and_then(|thread| Some(thread.call.as_ref()?.spec.name));
        let failed = [libc::EAGAIN, libc::ENOMSG, libc::EBUSY, libc::ENOENT];
        let in_vain = failed.iter().any(|errno| result == -i64::from(*errno))
            || (result == 0
                && name.is_some_and(|name| matches!(canonical(name, false), "wait" | "poll")));
        if in_vain && self.schedule.is_turn_of(tid) {
            self.schedule.in_vain();
        }
    }

    /// What a `futex(2)` touches: the words that threads wait on, and what is there.
    fn on_words(&self, tid: Pid, args: &[u64; 6]) -> Vec<Touch> {
        let second = match args[1] as i32 & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME)
        {
            libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET | libc::FUTEX_WAKE => None,
            _ => Some(args[4]),
        };
        let mut touches = Vec::new();
        for address in [Some(args[0]), second].into_iter().flatten() {
            // The first thread sees its own stack open, and the others see it closed: a word there has no place of its own.
            let window = self.attachment(tid, address);
            let Some(window) = window.filter(|window| !self.is_first_stack(tid, window)) else {
                touches.push(Touch::whole(Thing::Word(0), Way::Write));
                continue;
            };
            // Whether to wait the kernel decides by what is there.
            let (memory, from) = window.place(address);
            touches.push(Touch::whole(
                Thing::Word(from ^ (u64::from(memory.cast_unsigned()) << 32)),
                Way::Write,
            ));
            touches.push(Touch {
                thing: Thing::Memory(memory.into()),
                from,
                to: from + 4,
                way: Way::Read,
            });
        }
        touches
    }

    fn on_opened(&self, flags: u64) -> Option<Vec<Touch>> {
        let changes = flags & (libc::O_CREAT | libc::O_TRUNC) as u64 != 0;
        let way = if changes { Way::Write } else { Way::Read };
        Some(vec![Touch::whole(Thing::Files, way)])
    }

    fn on_descriptor(&self, tid: Pid, fd: i32, way: Way) -> Option<Vec<Touch>> {
        let link = procfs::descriptor(tid, fd)?;
        if is_fixed(link.as_bytes()) {
            return None;
        }
        let mut touches = vec![on_link(&link, way)];
        if link.contains("signalfd") {
            touches.push(Touch::whole(
                Thing::Signals(self.own_number(tid)),
                Way::Write,
            ));
        }
        Some(touches)
    }

    /// What the end of a process touches: its parent's list of children, semaphores that it gives back, what it has open.
    pub(super) fn touched_by_end(&self, tid: Pid) -> Vec<Touch> {
        let Some(process) = self.threads.get(&tid).map(|thread| thread.process) else {
            return Vec::new();
        };
        if process != tid {
            return vec![Touch::whole(Thing::Ends(self.own_number(tid)), Way::Read)];
        }
        let mut touches = Vec::new();
        let parent = procfs::identity(tid).and_then(|place| {
            let own = self.own_pid(place.parent)?;
            Some((place.parent, own))
        });
        if let Some((parent, own)) = parent {
            touches.push(Touch::whole(Thing::Children(own), Way::Write));
            if procfs::handles(parent, libc::SIGCHLD) == Some(true) {
                touches.push(Touch::whole(Thing::Signals(own), Way::Write));
            }
        }
        let state = &self.processes[&process];
        for (semid, _) in state
            .gives_back
            .iter()
            .filter(|(_, by)| **by != 0)
            .map(|(of, _)| *of)
        {
            touches.push(Touch::whole(Thing::Semaphores(semid), Way::Write));
        }
        for shmid in state.attached.values() {
            touches.push(Touch::whole(Thing::Segment(*shmid), Way::Read));
        }
        for (_, link) in procfs::descriptors(tid) {
            // What an actor began with is open to all of its processes, and what its closing brings about is for us alone.
            let began_with = &self.actors[state.actor].links;
            if began_with.iter().flatten().any(|own| *own == link) {
                continue;
            }
            if link.starts_with("pipe:") || link.starts_with("socket:") {
                touches.push(on_link(&link, Way::Write));
            }
        }
        touches
    }

    /// Notes which sets a process has changed so that its end changes them back, `SEM_UNDO`.
    pub(super) fn note_undo(&mut self, tid: Pid, number: u64, args: &[u64; 6]) {
        if !matches!(number as i64, libc::SYS_semop | libc::SYS_semtimedop) {
            return;
        }
        let Some(Arg::SemOps { ops, .. }) = decode::sem_ops(tid, args[1], args[2]) else {
            return;
        };
        let process = self.threads.get(&tid).map(|thread| thread.process);
        let Some(process) = process.and_then(|one| self.processes.get_mut(&one)) else {
            return;
        };
        let undoes = |op: &&SemOp| i32::from(op.flags) & libc::SEM_UNDO != 0;
        for op in ops.iter().filter(undoes) {
            *process
                .gives_back
                .entry((args[0] as i32, op.number))
                .or_default() += i64::from(op.by);
        }
    }
}

/// What a descriptor is open on, as one thing.
fn on_link(link: &str, way: Way) -> Touch {
    let is_named =
        link.starts_with("pipe:") || link.starts_with("/dev/") || link.contains("inode:");
    match link {
        _ if link.starts_with("socket:") => Touch::whole(Thing::Sockets, Way::Write),
        // Reading takes away what is read.
        _ if is_named => Touch::whole(Thing::Descriptor(link.to_owned()), Way::Write),
        _ => Touch::whole(Thing::Files, way),
    }
}

/// Whether a call opens or looks at what lies in the system's folders. An interpreter does so hundreds of times when it starts.
fn is_of_the_system(tid: Pid, number: i64, args: &[u64; 6]) -> bool {
    let at = match number {
        libc::SYS_fstatfs => None,
        libc::SYS_openat
        | libc::SYS_newfstatat
        | libc::SYS_statx
        | libc::SYS_faccessat
        | libc::SYS_faccessat2
        | libc::SYS_readlinkat => Some(args[1]),
        _ => Some(args[0]),
    };
    match at.map(|at| decode::path(tid, at)) {
        Some(Some(path)) if !path.0.is_empty() => is_fixed(&path.0),
        Some(None) => false,
        // The descriptor is what it is about.
        _ => procfs::descriptor(tid, args[0] as i32).is_some_and(|link| is_fixed(link.as_bytes())),
    }
}

/// Whether no program of a case can change what has this name: it lies in the system's folders, below none that is the machine's own.
fn is_fixed(path: &[u8]) -> bool {
    let goes_up = path.windows(4).any(|part| part == b"/../") || path.ends_with(b"/..");
    procfs::is_systems(path) && !path.starts_with(b"/usr/local/") && !goes_up
}

/// The semaphores that an operation names.
fn on_semaphores(tid: Pid, args: &[u64; 6]) -> Vec<Touch> {
    let thing = || Thing::Semaphores(args[0] as i32);
    match decode::sem_ops(tid, args[1], args[2]) {
        Some(Arg::SemOps { ops, whole: true }) => {
            let each = ops.iter().map(|op| Touch {
                thing: thing(),
                from: op.number.into(),
                to: u64::from(op.number) + 1,
                way: Way::Write,
            });
            each.collect()
        }
        _ => vec![Touch::whole(thing(), Way::Write)],
    }
}
