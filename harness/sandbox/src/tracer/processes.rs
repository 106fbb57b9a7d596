//! Processes and threads of the actors: born, started as programs, dying, and their names and numbers.

use std::collections::HashMap;
use std::io;

use ipclab_evidence::{Moment, OpenDescriptor};

use super::shared_by_threads::{InLibrary, ThreadMemory};
use super::state::{Notice, Thread, Tracer, gone};
use crate::calls::Role;
use crate::clock::timers::Kind;
use crate::fault::Pending;
use crate::mapped::Pieces;
use crate::spawn;
use ipclab_kernel::arch::calls::{CLONE_END_ARGUMENT, CLONE_FLAGS_ARGUMENT};
use ipclab_kernel::{Pid, process, procfs, ptrace, wait::Waited};

impl Tracer {
    /// A process or thread was made: takes the new one in.
    pub(super) fn new_task(&mut self, maker: Pid, vfork: bool) {
        if vfork
            && let Some(thread) = self.threads.get_mut(&maker)
            && let Some(call) = &mut thread.call
        {
            call.vforked = true;
        }
        let Ok(child) = ptrace::event_message(maker) else {
            return;
        };
        let child = child as Pid;
        let parent = self.threads.get(&maker).map(|thread| thread.process);
        // One that was taken in before its parent's event may be dead by now.
        if let Some(parent) = parent
            && !self.early_children.remove(&child)
        {
            self.take_child(child, parent);
        }
        self.note_maker(maker, child);
        if vfork && let Some(process) = self.processes.get_mut(&child) {
            process.borrows = process.name == procfs::name(child).unwrap_or_default();
        }
    }

    /// Notes by which call a thread was made.
    fn note_maker(&mut self, maker: Pid, child: Pid) {
        let Some(parent) = self.threads.get(&maker) else {
            return;
        };
        let process = parent.process;
        let call = parent
            .call
            .as_ref()
            .filter(|call| call.spec.name == "clone");
        let Some((made_by, args)) = call.map(|call| (call.n, call.args)) else {
            return;
        };
        if args[usize::from(CLONE_FLAGS_ARGUMENT)] & libc::CLONE_THREAD as u64 == 0 {
            return;
        }
        if let Some(thread) = self.threads.get_mut(&child) {
            (thread.made_by, thread.ends_at) = (made_by, args[CLONE_END_ARGUMENT]);
        }
        self.tree_made_thread(process, made_by, &args);
    }

    /// Who made a process or thread of which nothing is known yet: the process that it belongs to, its parent, or,
    /// where that one is gone already, the first of its session.
    pub(super) fn parent_of(&self, tid: Pid) -> Option<Pid> {
        let place = procfs::identity(tid)?;
        let known = |pid: &Pid| self.processes.contains_key(pid);
        [place.tgid, place.parent, procfs::session(tid)?]
            .into_iter()
            .find(known)
    }

    /// Takes in a new process or thread.
    pub(super) fn take_child(&mut self, child: Pid, parent: Pid) {
        let actor = self.processes[&parent].actor;
        self.add(child, actor, false);
        if self.threads(Some(actor)).len() as u64 > self.most_threads {
            self.over_process_limit = Some((actor, self.most_threads));
        }
        // A new process has its parent's segments attached; a new thread is in the same process.
        let code = self.processes[&parent].code.clone();
        let functions = self.processes[&parent].functions.clone();
        let attached = self.processes[&parent].attached.clone();
        let guarded = self.processes[&parent].guarded.clone();
        let open = self.processes[&parent].open;
        let mapped = self.processes[&parent].mapped.pieces.inherited();
        let own = self.threads[&child].process;
        let is_left = |thread: &Thread| {
            let pending = thread.call.as_ref().and_then(|call| call.tampered.as_ref());
            thread.process == parent && pending.is_some_and(Pending::leaves_child)
        };
        if own != parent && self.threads.values().any(is_left) {
            self.parked_children.insert(child);
        }
        if own != parent {
            self.tree_child(own, parent);
        }
        if own != parent
            && let Some(process) = self.processes.get_mut(&own)
        {
            process.attached = attached;
            process.guarded = guarded;
            process.open = open;
            process.code = code;
            process.functions = functions;
            process.mapped.pieces = mapped;
            self.copy_thread_memory(parent, own);
        }
    }

    pub(super) fn executed(&mut self, tid: Pid) -> io::Result<Option<Notice>> {
        // An exec from a thread that is not the first takes the first one's number; the others are gone.
        let former = ptrace::event_message(tid).map_or(tid, |former| former as Pid);
        let call = self
            .threads
            .get_mut(&former)
            .and_then(|thread| thread.call.take());
        self.threads
            .retain(|other, thread| thread.process != tid || *other == tid);
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.call = call;
            thread.exiting = false;
            thread.opened = None;
            thread.shut = false;
            thread.again = false;
            thread.series = None;
            thread.reached.clear();
            thread.compared.before.clear();
            thread.observed = None;
            thread.closes = false;
            thread.pending_write = None;
            thread.expiring = false;
            thread.restart = None;
            thread.followed.clear();
            thread.in_library = InLibrary::default();
        }
        // The alarm of a process goes on, and so do timers that are descriptors.
        self.timers
            .forget(|timer| timer.process == tid && matches!(timer.kind, Kind::Posix { .. }));
        gone(self.hide_vdso(tid))?;
        self.gives_back_memory(tid);
        let Some(process) = self.processes.get_mut(&tid) else {
            return Ok(None);
        };
        process.attached.clear();
        process.guarded.clear();
        process.open = false;
        process.thread_memory = ThreadMemory::default();
        process.borrows = false;
        process.functions = None;
        process.mapped.pieces = Pieces::default();
        process.name = procfs::name(tid).unwrap_or_default();
        let (actor, first) = (process.actor, process.first);
        let of_call = self.threads[&tid].call.as_ref().and_then(|call| call.n);
        if first && !self.actors[actor].started {
            self.actors[actor].links = spawn::standard_links(tid);
            self.actors[actor].start_folder = procfs::folder(tid);
        }
        self.note_made_code(tid, actor);
        self.note_options(tid, actor);
        self.tree_program(tid, of_call);
        self.check_readable(tid, actor);
        self.await_beginning(tid);
        self.learn_program(tid, actor, first && !self.actors[actor].started);
        if !first || self.actors[actor].started {
            return Ok(None);
        }
        let traced = &mut self.actors[actor];
        traced.started = true;
        if traced.scripted {
            traced.control = procfs::descriptor(tid, spawn::CONTROL_FD);
        }
        if traced.ready_at.is_none() {
            traced.ready = true;
        }
        Ok(Some(Notice::Started(actor)))
    }

    /// A process has its parent's memory no longer, `vfork(2)`: what it left open there is closed when the parent goes on.
    fn gives_back_memory(&mut self, tid: Pid) {
        if !self
            .processes
            .get(&tid)
            .is_some_and(|process| process.borrows)
        {
            return;
        }
        let parent = procfs::identity(tid).map(|place| place.parent);
        if let Some(parent) = parent.and_then(|parent| self.processes.get_mut(&parent)) {
            parent.open = true;
        }
    }

    pub(super) fn exiting(&mut self, tid: Pid) -> Option<Notice> {
        self.gives_back_memory(tid);
        if self.schedule.is_steered() {
            let touches = self.touched_by_end(tid);
            self.schedule.touches(touches);
        }
        let thread = self.threads.get_mut(&tid)?;
        thread.exiting = true;
        // The call by which it ends, where that is recorded, is none that it died in.
        let in_call = thread.call.as_ref().map(|call| call.spec);
        let in_call = in_call
            .filter(|spec| spec.role != Role::Exit)
            .map(|spec| spec.name);
        let process = thread.process;
        let process = self.processes.get_mut(&process)?;
        let signal = ptrace::event_message(tid).map_or(0, |status| status as i32 & 0x7f);
        process.died_in = match process.signalled {
            // It came in the thread that it was delivered to, wherever the others were.
            Some((delivered, cause)) if delivered == signal => cause,
            // A SIGKILL is not announced.
            _ => process.died_in.or(in_call),
        };
        let (actor, first) = (process.actor, process.first);
        let by_itself = ptrace::event_message(tid).is_ok_and(|status| status & 0x7f == 0);
        let process = self.threads[&tid].process;
        if by_itself {
            self.mappings_held(tid, process, Moment::End, None);
        }
        if process != tid {
            let first = self.threads.get(&process);
            if by_itself && first.is_none_or(|first| first.exiting) {
                self.tree_holds(tid, process, Moment::End, None);
            }
            return None;
        }
        self.note_made_code(tid, actor);
        self.tree_ending(tid, by_itself);
        let open = procfs::descriptors(tid);
        self.look_into_queues(tid, &open);
        let notice = self.full(actor, tid, open.len());
        if !first {
            return notice;
        }
        self.note_end(tid, actor, signal);
        if by_itself {
            let open = open
                .into_iter()
                .filter(|(fd, _)| *fd > 2)
                .map(|(fd, link)| OpenDescriptor {
                    fd,
                    object: self.named_object(actor, &link),
                })
                .collect();
            self.actors[actor].open_at_exit = open;
        }
        notice
    }

    /// Looks at what was sent to a process and never received.
    pub(super) fn look_into_queues(&mut self, tid: Pid, open: &[(i32, String)]) {
        if self.winding_down {
            return;
        }
        for (fd, link) in open {
            let inode = procfs::inode(link, "socket");
            if let Some(socket) = inode.and_then(|inode| self.sockets.find(inode)) {
                self.look_into_queue(tid, *fd, socket);
            }
        }
    }

    /// All that was sent and not received, before every process is ended.
    pub(crate) fn look_into_all_queues(&mut self) {
        for (pid, _, _) in self.processes() {
            self.look_into_queues(pid, &procfs::descriptors(pid));
        }
    }

    /// Whether a process that is about to end had as much as it may have of what the kernel itself refuses more of, in
    /// calls that are not watched.
    fn full(&self, actor: usize, pid: Pid, open: usize) -> Option<Notice> {
        // What was refused was a block, not a byte: an eighth of the whole may have been left over.
        let enough = self.most_memory_kib - self.most_memory_kib / 8;
        let full = enough > 0 && procfs::peak_kib(pid).is_some_and(|peak| peak > enough);
        if full {
            return Some(Notice::NoMoreMemory(actor));
        }
        (open as u64 >= self.most_open).then_some(Notice::NoMoreDescriptors(actor))
    }

    pub(super) fn dead(&mut self, waited: Waited) -> Option<Notice> {
        let thread = self.threads.remove(&waited.pid)?;
        self.schedule.dead(waited.pid);
        self.accesses.died(waited.pid);
        if thread.process != waited.pid {
            return None;
        }
        self.threads.retain(|_, other| other.process != waited.pid);
        self.tree_dead(waited.pid, waited.status);
        self.barren_jumps = 0;
        let process = self.processes.get_mut(&waited.pid)?;
        process.alive = false;
        process.handle = None;
        self.timers.forget(|timer| {
            timer.process == waited.pid && !matches!(timer.kind, Kind::Descriptor(_))
        });
        let actor = &mut self.actors[process.actor];
        actor.cpu_us += waited.cpu_us;
        actor.rss_max_kib = actor.rss_max_kib.max(waited.rss_max_kib);
        if !process.first {
            return None;
        }
        actor.died_in = process.died_in;
        Some(Notice::Ended(process.actor, waited.status))
    }

    pub(super) fn signalled(&mut self, tid: Pid, signal: i32) -> Option<Notice> {
        let thread = self.threads.get(&tid)?;
        let interrupted = |result: i64| matches!(-result, 4 | 512..=516);
        let cause = match thread.last {
            Some((name, result))
                if signal == libc::SIGPIPE && result == -i64::from(libc::EPIPE) =>
            {
                Some(name)
            }
            Some((name, result)) if interrupted(result) => Some(name),
            _ => None,
        };
        let process = self.processes.get_mut(&thread.process)?;
        process.signalled = Some((signal, cause));
        let actor = process.actor;
        self.note_crash(tid, signal);
        (signal == libc::SIGXFSZ).then_some(Notice::FileTooLarge(actor))
    }

    /// How many processes of an actor are alive.
    pub(crate) fn living(&self, actor: usize) -> usize {
        self.processes
            .values()
            .filter(|process| process.alive && process.actor == actor)
            .count()
    }

    /// Every living process: (number, actor, first).
    pub(crate) fn processes(&self) -> Vec<(Pid, usize, bool)> {
        let mut all: Vec<_> = self
            .processes
            .iter()
            .filter(|(_, process)| process.alive)
            .map(|(pid, process)| (*pid, process.actor, process.first))
            .collect();
        all.sort_unstable();
        all
    }

    /// Name and own number of a process.
    pub(crate) fn identity(&self, pid: Pid) -> (String, u32) {
        self.processes
            .get(&pid)
            .map_or((String::new(), 0), |process| {
                // Programs may rename themselves: prctl(2), PR_SET_NAME.
                let name = procfs::name(pid).unwrap_or_else(|| process.name.clone());
                (name, process.own_pid)
            })
    }

    /// Whose process has (or had) that number.
    pub(crate) fn makers(&self) -> HashMap<Pid, usize> {
        self.processes
            .iter()
            .map(|(pid, process)| (*pid, process.actor))
            .collect()
    }

    /// CPU time of an actor's processes so far, dead and alive, in microseconds.
    pub(crate) fn cpu_us(&self, actor: usize) -> u64 {
        let alive = self
            .processes
            .iter()
            .filter(|(_, process)| process.alive && process.actor == actor);
        self.actors[actor].cpu_us
            + alive
                .filter_map(|(pid, _)| process::cpu_time_us(*pid))
                .sum::<u64>()
    }

    /// Resident memory of an actor's living processes together in KiB.
    pub(crate) fn resident_kib(&self, actor: usize) -> u64 {
        let alive = self
            .processes
            .iter()
            .filter(|(_, process)| process.alive && process.actor == actor);
        alive
            .filter_map(|(pid, _)| procfs::resident_kib(*pid))
            .sum()
    }
}
