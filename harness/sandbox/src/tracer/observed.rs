//! Calls that the tracer has no use for but to see what came of them: what is mapped now, and what was opened. It asks the
//! kernel and not the arguments, which may say one thing and mean another.

use std::io;

use ipclab_evidence::LimitKind;
use ipclab_kernel::arch::calls::CLONE_FLAGS_ARGUMENT;
use ipclab_kernel::arch::{Call, older};
use ipclab_kernel::{Pid, memory, procfs};

use super::state::Tracer;

/// Calls that change what is mapped where, or how it may be accessed.
const REMAPPING: [i64; 10] = [
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_pkey_mprotect,
    libc::SYS_remap_file_pages,
    libc::SYS_madvise,
    libc::SYS_shmat,
    libc::SYS_shmdt,
];

/// Calls that open a file by its name.
const OPENING: [i64; 4] = [
    older::SYS_open,
    libc::SYS_openat,
    libc::SYS_openat2,
    older::SYS_creat,
];

/// Whether a call is about mappings, and needs no access to what is mapped there.
pub(super) fn remaps(number: u64) -> bool {
    REMAPPING.contains(&(number as i64))
}

impl Tracer {
    /// Entry of any call: whether its exit is awaited, to see what came of it.
    pub(super) fn observe(&mut self, tid: Pid, number: u64, args: &[u64; 6]) {
        let Some(actor) = self.actor_of(tid) else {
            return;
        };
        let watched = self.is_scheduled(actor);
        let maps = watched && remaps(number);
        let is_new = number == libc::SYS_shmat as u64;
        let shares = number == libc::SYS_mmap as u64 && args[3] & libc::MAP_SHARED as u64 != 0;
        let for_threads = watched && self.schedule.is_steered();
        let makes_thread = number == libc::SYS_clone as u64
            && args[usize::from(CLONE_FLAGS_ARGUMENT)] & libc::CLONE_THREAD as u64 != 0;
        let maps_stack = number == libc::SYS_mmap as u64 && args[3] & libc::MAP_STACK as u64 != 0;
        let opens = OPENING.contains(&(number as i64)) && (watched || self.watches_terminals());
        let wanted = self.clock_awaits(number)
            || self.may_make(tid, number, args)
            || opens
            || shares
            || (self.schedule.is_steered() && number == libc::SYS_sigaltstack as u64)
            || (for_threads && (makes_thread || maps_stack))
            || (maps && (is_new || self.is_guarded(tid)));
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.observed = wanted.then_some(Call {
                number,
                arguments: *args,
            });
        }
    }

    /// Its exit.
    pub(super) fn observed(&mut self, tid: Pid, call: &Call, result: i64) -> io::Result<()> {
        let number = call.number;
        let Some(actor) = self.actor_of(tid) else {
            return Ok(());
        };
        if self.host.is_some() {
            self.note_made(tid, call, result);
        }
        if self.clock_awaits(number) {
            return self.clock_observes(tid, call, result);
        }
        if number == libc::SYS_mmap as u64 {
            self.note_shared(tid, actor);
        }
        if remaps(number) {
            self.note_mapped(tid, number, &call.arguments, result);
            return match self.is_scheduled(actor) {
                true => self.guard_all(tid),
                false => Ok(()),
            };
        }
        if number == libc::SYS_sigaltstack as u64 {
            if self.is_scheduled(actor) && call.arguments[0] != 0 && result == 0 {
                self.has_alternate_stack(tid);
            }
            return Ok(());
        }
        if number == libc::SYS_clone as u64 {
            let threads = result > 0 && self.schedule.is_steered() && self.is_scheduled(actor);
            return match threads
                && call.arguments[usize::from(CLONE_FLAGS_ARGUMENT)] & libc::CLONE_THREAD as u64
                    != 0
            {
                true => self.watch_threads(tid),
                false => Ok(()),
            };
        }
        if result < 0 || !OPENING.contains(&(number as i64)) {
            return Ok(());
        }
        let opened = procfs::descriptor(tid, result as i32).unwrap_or_default();
        if self.is_scheduled(actor) && opened.starts_with("/proc/") && opened.ends_with("/mem") {
            self.forbid(actor, LimitKind::UnseenMemory);
        }
        if self.watches_terminals() && self.is_foreign_process(tid, result as i32, &opened) {
            self.forbid(actor, LimitKind::Neighbours);
        }
        if self.watches_terminals() && self.is_foreign_terminal(actor, &opened) {
            self.forbid(actor, LimitKind::Terminals);
        }
        Ok(())
    }

    /// Whether this is where terminals of others can be opened, so that each open has to be looked at.
    fn watches_terminals(&self) -> bool {
        self.host
            .as_ref()
            .is_some_and(|host| host.watches_terminals)
    }

    fn is_foreign_terminal(&self, actor: usize, opened: &str) -> bool {
        let is_terminal = opened.starts_with("/dev/pts/") || opened.starts_with("/dev/tty");
        is_terminal && self.actors[actor].links[1].as_deref() != Some(opened)
    }

    /// Whether this is a file of another process in /proc, open for writing.
    fn is_foreign_process(&self, tid: Pid, fd: i32, opened: &str) -> bool {
        let process = opened
            .strip_prefix("/proc/")
            .and_then(|rest| rest.split('/').next());
        let Some(Ok(process)) = process.map(str::parse::<Pid>) else {
            return false;
        };
        !self.processes.contains_key(&process) && procfs::is_writable(tid, fd)
    }

    /// A program has started: whether it can be watched at all. The kernel lets nobody into the memory of a program that its
    /// user may execute and not read.
    pub(super) fn check_readable(&mut self, tid: Pid, actor: usize) {
        let refused = |error: io::Error| {
            matches!(
                error.raw_os_error(),
                Some(libc::EPERM | libc::EACCES | libc::EFAULT)
            )
        };
        if memory::try_stack(tid).is_err_and(refused) {
            self.forbid(actor, LimitKind::UnreadablePrograms);
        }
    }

    /// An actor did what no actor may: it is stopped for it.
    pub(super) fn forbid(&mut self, actor: usize, what: LimitKind) {
        self.forbidden.get_or_insert((actor, what));
    }
}
