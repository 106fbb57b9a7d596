//! Families: what happens to processes goes into the tree, where the plan asks for it.
//!
//! Whether a child was a zombie is asked of the kernel, when its parent ends: its entry in `/proc` is still there.

use std::collections::BTreeMap;

use ipclab_evidence::{
    Bytes, Fate, HeldDescriptor, HeldDescriptors, Mappings, Moment, Object, Process, ProcessEnd,
    SignalMoment, Signals, StartedProgram,
};
use ipclab_kernel::{Pid, procfs};

use super::state::{InCall, Tracer};
use super::tree::MAX_ARGUMENT_BYTES;
use crate::calls::Role;
use crate::children;
use crate::passings::directions;

impl Tracer {
    /// A process is there, whose parent is noted later where it has one among the actors' processes.
    pub(super) fn tree_born(&mut self, pid: Pid, actor: usize, own_pid: u32) {
        if !self.tree.is_kept() || self.tree.places.contains_key(&pid) {
            return;
        }
        self.tree.places.insert(pid, self.tree.processes.len());
        self.tree.pids.push(pid);
        self.tree.processes.push(Process {
            actor,
            pid: own_pid,
            parent: None,
            made_by: None,
            threads: 0,
            unjoined: Vec::new(),
            unjoined_starts: BTreeMap::new(),
            joins_unseen: false,
            programs: Vec::new(),
            end: None,
            fate: None,
            held: Vec::new(),
            signals: Signals::default(),
            mappings: Mappings::default(),
        });
    }

    /// A thread was made in a process.
    pub(super) fn tree_thread(&mut self, process: Pid) {
        if let Some(process) = self.tree.get(process) {
            process.threads += 1;
        }
    }

    /// A process was made by another one.
    pub(super) fn tree_child(&mut self, child: Pid, parent: Pid) {
        if !self.tree.is_kept() {
            return;
        }
        let makes = |call: &InCall| call.spec.role == Role::Fork;
        let mut makers = self.threads.values();
        let maker = makers.find_map(|thread| {
            let call = thread.call.as_ref().filter(|call| makes(call))?;
            call.n.filter(|_| thread.process == parent)
        });
        let place = self.tree.places.get(&parent).copied();
        if let Some(child) = self.tree.get(child) {
            child.parent = place;
            child.made_by = maker;
        }
    }

    /// A process has started a program.
    pub(super) fn tree_program(&mut self, pid: Pid, call: Option<u32>) {
        if !self.tree.is_kept() {
            return;
        }
        let argv: Vec<Bytes> = procfs::command_line(pid)
            .into_iter()
            .map(Bytes::from)
            .collect();
        let environment = self.asked_environment(pid);
        let size: usize = argv
            .iter()
            .chain(&environment)
            .map(|arg| arg.0.len() + size_of::<Bytes>())
            .sum();
        if self.tree.argument_bytes + size > MAX_ARGUMENT_BYTES {
            self.tree.dropped += 1;
            return;
        }
        self.tree.argument_bytes += size;
        if let Some(process) = self.tree.get(pid) {
            process.programs.push(StartedProgram {
                argv,
                call,
                environment,
            });
        }
        self.tree_holds(pid, pid, Moment::Exec, call);
        self.note_signals(pid, SignalMoment::Exec, call);
    }

    /// What a program that has just been started finds of the variables that the plan asks about.
    fn asked_environment(&self, pid: Pid) -> Vec<Bytes> {
        let names = &self.tree.wanted.environment;
        if names.is_empty() {
            return Vec::new();
        }
        let is_asked = |entry: &Vec<u8>| {
            let name = entry.split(|byte| *byte == b'=').next();
            names.iter().any(|asked| name == Some(asked.as_bytes()))
        };
        let all = procfs::environment(pid).into_iter();
        all.filter(is_asked).map(Bytes::from).collect()
    }

    /// What a process has open now, by one of its threads.
    pub(super) fn tree_holds(&mut self, tid: Pid, pid: Pid, moment: Moment, call: Option<u32>) {
        if !self.tree.wanted.descriptors || self.winding_down {
            return;
        }
        let Some(actor) = self.processes.get(&pid).map(|process| process.actor) else {
            return;
        };
        let mut open = Vec::new();
        for (fd, link) in procfs::descriptors(tid) {
            let flags = procfs::descriptor_flags(tid, fd).unwrap_or(libc::O_RDONLY);
            let (reads, writes) = directions(flags);
            open.push(HeldDescriptor {
                fd,
                on: self.held_name(actor, &link),
                reads,
                writes,
                closes_on_exec: flags & libc::O_CLOEXEC != 0,
                passed: self.passings.has_sent(pid, fd, &link, flags),
            });
        }
        let Some(process) = self.tree.get(pid) else {
            return;
        };
        let mut kept = std::mem::take(&mut process.held);
        self.tree
            .keep(&mut kept, HeldDescriptors { moment, call, open });
        if let Some(process) = self.tree.get(pid) {
            process.held = kept;
        }
    }

    /// What a descriptor is open on, the same in every run.
    pub(super) fn held_name(&mut self, actor: usize, link: &str) -> String {
        match self.named_object(actor, link) {
            Object::Standard(0) => "stdin".to_owned(),
            Object::Standard(1) => "stdout".to_owned(),
            Object::Standard(_) => "stderr".to_owned(),
            Object::Socket(socket) => format!("socket {}", socket + 1),
            Object::File(path) => path.to_text(),
            Object::Segment(_) | Object::Semaphores(_) | Object::Queue(_) | Object::Other(_) => {
                let Some(inode) = procfs::inode(link, "pipe") else {
                    return link.to_owned();
                };
                let pipes = &mut self.tree.pipes;
                let at = pipes.iter().position(|known| *known == inode);
                let at = at.unwrap_or_else(|| {
                    pipes.push(inode);
                    pipes.len() - 1
                });
                format!("pipe {}", at + 1)
            }
        }
    }

    /// A process is about to end: what becomes of its children, and what it has open.
    pub(super) fn tree_ending(&mut self, pid: Pid, by_itself: bool) {
        if !self.tree.is_kept() || self.winding_down {
            return;
        }
        if by_itself {
            self.tree_holds(pid, pid, Moment::End, None);
            self.note_signals(pid, SignalMoment::End, None);
        }
        self.tree_leaves(pid, true);
    }

    /// Says of each child of a process that was not waited for what it is now; `ends`: the process itself ends.
    fn tree_leaves(&mut self, pid: Pid, ends: bool) {
        let Some(place) = self.tree.places.get(&pid).copied() else {
            return;
        };
        let tree = &mut self.tree;
        for (child, process) in tree.pids.iter().zip(&mut tree.processes) {
            if process.parent != Some(place) || process.fate.is_some() {
                continue;
            }
            process.fate = match process.end {
                Some(_) if procfs::state(*child).is_some() => Some(Fate::Zombie),
                Some(_) => Some(Fate::Discarded),
                None if ends => Some(Fate::Orphan),
                None => None,
            };
        }
    }

    /// A process has ended.
    pub(super) fn tree_dead(&mut self, pid: Pid, status: i32) {
        if self.winding_down || !self.tree.is_kept() {
            return;
        }
        // One that a signal ended at once was never about to end.
        self.tree_leaves(pid, true);
        if let Some(process) = self.tree.get(pid) {
            process.end = Some(match libc::WIFSIGNALED(status) {
                true => ProcessEnd::Signal(libc::WTERMSIG(status)),
                false => ProcessEnd::Code(libc::WEXITSTATUS(status) as u8),
            });
        }
    }

    /// A call that waits for children has succeeded.
    pub(super) fn tree_waited(&mut self, tid: Pid, process: Pid, call: &InCall, result: i64) {
        let (name, args) = (call.spec.name, &call.args);
        if !self.tree.is_kept() || !children::takes_status(name, args) {
            return;
        }
        let Some(waited) = children::waited(tid, name, args, result) else {
            return;
        };
        let Some(by) = self.tree.places.get(&process).copied() else {
            return;
        };
        let actor = self.tree.processes[by].actor;
        let mut all = self.tree.processes.iter_mut();
        let child = all.find(|other| {
            let ended = other.end.is_some() && !matches!(other.fate, Some(Fate::WaitedFor { .. }));
            other.actor == actor && other.pid == waited.pid && ended
        });
        if let Some(child) = child {
            child.fate = Some(Fate::WaitedFor { by, call: call.n });
        }
    }

    /// The case is over: children that have ended and were not waited for, of parents that are still there.
    pub(crate) fn tree_over(&mut self) {
        if !self.tree.is_kept() {
            return;
        }
        for (pid, _, _) in self.processes() {
            self.tree_leaves(pid, false);
        }
    }
}
