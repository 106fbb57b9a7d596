//! A call has ended: what it did to what is known, and its line in the trace.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use ipclab_evidence::{
    Address, Answer, Direction, Errno, Object, Protocol, Returned, Served, Socket, Transfer,
};

use super::entry::{absolute, is_bad_address, is_plain_open};
use super::handlers::come_again;
use super::state::{ERESTART_RESTARTBLOCK, InCall, MAX_REFUSED_FORKS, Notice, Tracer, gone};
use super::trace::is_long;
use crate::calls::{Role, Spec};
use crate::chaos::Side;
use crate::clock::{self, calls::Unit};
use crate::decode;
use crate::fault::Pending;
use crate::outputs;
use ipclab_kernel::{Pid, memory, procfs, ptrace, ptrace::Stop, socket};

/// What a call did, as far as its line in the trace says it.
#[derive(Default)]
struct Effect {
    object: Option<Object>,
    transfer: Option<Transfer>,
    answers: Vec<Answer>,
}

impl Tracer {
    /// Exit of a call.
    pub(super) fn call_exited(&mut self, tid: Pid) -> io::Result<Option<Notice>> {
        let thread = self.threads.get_mut(&tid);
        if let Some(entered) = thread.and_then(|thread| thread.handled_first.take()) {
            return gone(come_again(tid, &entered)).map(|()| None);
        }
        let skipped = self.threads.get_mut(&tid);
        if let Some(entered) = skipped.and_then(|thread| thread.skipped_call.take()) {
            if !self.waits_to_reach(tid, &entered) {
                gone(self.open_and_repeat(tid, &entered))?;
            } else if let Some(thread) = self.threads.get_mut(&tid) {
                thread.skipped_call = Some(entered);
            }
            return Ok(None);
        }
        let Ok(Stop::Exit(mut result)) = ptrace::syscall_stop(tid) else {
            return self.go_on(tid, 0).map(|()| None);
        };
        self.note_masks(tid, result);
        if self.makes_again(tid, result)? {
            return Ok(None);
        }
        self.note_in_vain(tid, result);
        let Some(mut call) = self
            .threads
            .get_mut(&tid)
            .and_then(|thread| thread.call.take())
        else {
            self.close_and_observe(tid, result)?;
            return self.go_on(tid, 0).map(|()| None);
        };
        match self.end_wait_for_time(tid, &mut call, result) {
            Ok(after) => result = after,
            Err(error) => gone(Err(error))?,
        }
        match self.received_instead(tid, &mut call, result) {
            Ok(Some(received)) => result = received,
            Ok(None) => {
                if let Some(thread) = self.threads.get_mut(&tid) {
                    thread.call = Some(call);
                }
                return self.go_on(tid, 0).map(|()| None);
            }
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => return Err(error),
        }
        match self.placed(tid, &mut call, result) {
            Ok(false) => {}
            Ok(true) => {
                if let Some(thread) = self.threads.get_mut(&tid) {
                    thread.call = Some(call);
                }
                return self.go_on(tid, 0).map(|()| None);
            }
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => return Err(error),
        }
        match self.addressed_instead(tid, &mut call, result) {
            Ok(done) => result = done,
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => return Err(error),
        }
        self.close_and_observe(tid, result)?;
        let mut signal = 0;
        if let Some(pending) = &call.tampered {
            match pending.exit(tid, result) {
                Ok(after) => {
                    signal = after.signal;
                    result = after.result.unwrap_or(result);
                }
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                // Another of its threads has taken the memory away meanwhile.
                Err(error) if is_bad_address(&error) => {}
                Err(error) => self
                    .trouble
                    .push(format!("changing {}: {error}", call.spec.name)),
            }
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.last = Some((call.spec.name, result));
            // One that was changed has had its change.
            thread.interrupted =
                (result == ERESTART_RESTARTBLOCK && call.tampered.is_none()).then(|| call.clone());
        }
        let (of_actor, of_series) = (call.of_actor, call.of_series);
        let yields = self.may_wake_others(&call, result);
        let notice = self.apply_result(tid, call, result);
        if of_series {
            gone(self.next_of_series(tid, result))?;
        }
        if self.pauses_after_call(tid, signal) {
            return Ok(notice);
        }
        let actor = self
            .threads
            .get(&tid)
            .map_or(0, |thread| self.processes[&thread.process].actor);
        if yields && self.yield_to_others(actor, tid, signal) {
            return Ok(notice);
        }
        self.go_on_or_hold(tid, (actor, of_actor), Side::Exit, signal)
            .map(|()| notice)
    }

    /// A call is over: closes what was opened for it, and sees what came of it.
    fn close_and_observe(&mut self, tid: Pid, result: i64) -> io::Result<()> {
        gone(self.protect_after_call(tid, result))?;
        let closes = self.threads.get_mut(&tid);
        if closes.is_some_and(|thread| std::mem::take(&mut thread.closes)) {
            gone(self.protect_all(tid))?;
            gone(self.close_first_stack(tid))?;
        }
        let observed = self.threads.get_mut(&tid);
        match observed.and_then(|thread| thread.observed.take()) {
            Some(call) => gone(self.observed(tid, &call, result)),
            None => Ok(()),
        }
    }

    /// A call is over: what follows from its result.
    fn apply_result(&mut self, tid: Pid, call: InCall, result: i64) -> Option<Notice> {
        let process = self.threads.get(&tid)?.process;
        let actor = self.processes[&process].actor;
        // What was not made has changed nothing, though the program was told otherwise.
        let skipped = call.tampered.as_ref().is_some_and(Pending::is_skipped);
        let makes_file = result >= 0 && makes_file(call.spec, &call.args);
        let mut effect = Effect {
            object: call.object.clone(),
            ..Effect::default()
        };
        let mut notice = None;
        if result >= 0 && changes_something(call.spec, &call.args) {
            self.time_bore_fruit(tid);
        }
        if result >= 0 && !skipped {
            if makes_file {
                self.actors[actor].files += 1;
                self.actors[actor].fifos += u64::from(makes_fifo(call.spec, &call.args));
            }
            self.succeeded(tid, process, &call, result, &mut effect)?;
            effect.answers = outputs::of_call(tid, call.spec.name, &call.args, result);
            self.tree_waited(tid, process, &call, result);
            self.note_taken(tid, &call, result);
            self.note_file_access(tid, process, &call, result);
            self.note_mapped_object(tid, process, &call, result);
        } else {
            self.note_not_sent(&call);
        }
        if result < 0 {
            notice = self.failed(tid, process, &call, -result as i32)?;
        }
        self.record_result(&call, result, effect, makes_file);
        notice
    }

    /// A call was made and succeeded. `None`: its process is unknown.
    fn succeeded(
        &mut self,
        tid: Pid,
        process: Pid,
        call: &InCall,
        result: i64,
        effect: &mut Effect,
    ) -> Option<()> {
        let actor = self.processes[&process].actor;
        let fd = call.args[0] as i32;
        match (call.spec.role, call.socket) {
            (Role::Socket, _) => {
                self.keep_on_loopback(tid, result as i32);
                effect.object = self
                    .object(tid, process, result as i32)
                    .or(effect.object.take());
            }
            (Role::SocketPair, _) => self.paired(tid, process, call.args[3]),
            (Role::Accept, listener) => {
                effect.object = self
                    .object(tid, process, result as i32)
                    .or(effect.object.take());
                if let Some(Object::Socket(accepted)) = effect.object {
                    self.sockets.accepted(accepted, listener);
                }
            }
            (Role::Bind | Role::Connect, Some(socket)) => {
                self.refresh(tid, fd, socket);
                self.unix_addressed(tid, process, call);
                self.check_ready(tid, actor, socket);
                let address = || decode::address(tid, call.args[1], call.args[2]);
                if call.spec.role == Role::Bind && matches!(address(), Some(Address::Path(_))) {
                    self.actors[actor].files += 1;
                }
            }
            (Role::Listen, Some(socket)) => {
                self.refresh(tid, fd, socket);
                self.sockets.listening(socket);
                self.check_ready(tid, actor, socket);
            }
            (Role::SetOption, Some(socket)) => self.option_set(tid, &call.args, socket),
            (Role::Plain, Some(socket)) if call.spec.name == "getsockopt" => {
                self.timeout_asked(tid, &call.args, socket);
            }
            (Role::Send | Role::Receive, Some(_)) if self.winding_down => {}
            (Role::Send, Some(socket)) => {
                effect.transfer = self.sent(tid, call, socket, result as u64);
                self.in_sockets.sent(actor, result as u64);
            }
            (Role::Receive, Some(socket)) => {
                self.note_came(tid, process, call);
                effect.transfer = self.received(tid, call, socket, result as u64);
                if effect.transfer.is_some() {
                    self.in_sockets.received(result as u64);
                }
            }
            (Role::Send | Role::Receive, None) if !self.winding_down => {
                if let Some(fifo) = call.fifo {
                    effect.transfer = self.fifo_moved(tid, call, fifo, result);
                }
            }
            (Role::ShmGet, _) => {
                effect.object = Some(Object::Segment(result as i32));
                self.found.segments.insert(result as i32);
                self.check_segment_ready(actor, call.args[0] as i32);
            }
            (Role::ShmAttach, _) => {
                let attached = &mut self.processes.get_mut(&process)?.attached;
                attached.insert(result as u64, call.args[0] as i32);
            }
            (Role::ShmDetach, _) => {
                let process_state = self.processes.get_mut(&process)?;
                process_state.attached.remove(&call.args[0]);
            }
            (Role::SemGet, _) => {
                effect.object = Some(Object::Semaphores(result as i32));
                self.found.semaphores.insert(result as i32);
            }
            (Role::MsgGet, _) => {
                effect.object = Some(Object::Queue(result as i32));
                self.found.queues.insert(result as i32);
            }
            (Role::MsgControl | Role::Wait, _) if !self.winding_down => {
                effect.transfer = self.queue_moved(tid, call, result);
            }
            _ => {}
        }
        Some(())
    }

    /// A call failed. `None` outside: nothing more is to be done about it.
    fn failed(
        &mut self,
        tid: Pid,
        process: Pid,
        call: &InCall,
        errno: i32,
    ) -> Option<Option<Notice>> {
        let actor = self.processes[&process].actor;
        if call.spec.role == Role::Connect && errno == libc::EINPROGRESS {
            self.refresh(tid, call.args[0] as i32, call.socket?);
        }
        Some(match (call.spec.role, errno) {
            // What we made fail is no bound of the kernel's.
            _ if call.tampered.is_some() => None,
            (Role::Fork, libc::EAGAIN) => {
                self.actors[actor].refused_forks += 1;
                if self.actors[actor].refused_forks > MAX_REFUSED_FORKS {
                    self.over_process_limit = Some((actor, self.most_threads));
                }
                Some(Notice::NoMoreProcesses(actor))
            }
            (Role::ShmGet | Role::SemGet | Role::MsgGet, libc::ENOSPC) => {
                Some(Notice::NoMoreObjects(actor))
            }
            (Role::Socket | Role::SocketPair | Role::Accept, libc::EMFILE) => {
                Some(Notice::NoMoreDescriptors(actor))
            }
            _ => None,
        })
    }

    /// Completes a call's line in the trace.
    fn record_result(&mut self, call: &InCall, result: i64, effect: Effect, makes_file: bool) {
        let Some(recorded) = call.n.and_then(|n| self.trace.get(n)) else {
            return;
        };
        // What was kept no longer stays so, unless it has to be found again.
        if recorded.object.is_some() || !is_long(effect.object.as_ref()) || makes_file {
            recorded.object = effect.object;
        }
        recorded.answers = effect.answers;
        recorded.returned = match result {
            // The kernel will make the call again, or the process dies in it: to the program it never returned.
            -516..=-512 => None,
            -4095..=-1 => Some(Returned {
                value: -1,
                errno: Some(Errno::from_number(-result as i32)),
            }),
            value => Some(Returned { value, errno: None }),
        };
        recorded.transfer = effect.transfer;
        let n = recorded.n;
        self.trace.settle(n, &mut self.sockets.flows);
    }

    fn check_ready(&mut self, tid: Pid, actor: usize, socket: usize) {
        let traced = &mut self.actors[actor];
        if let Some(endpoint) = &traced.ready_at
            && self.sockets.serves(socket, endpoint)
        {
            if !traced.ready {
                traced.served = served(
                    tid,
                    self.sockets.get(socket),
                    traced.start_folder.as_deref(),
                );
            }
            traced.ready = true;
        }
    }

    /// Where an actor serves what it must; `None`: it does not, or not yet.
    pub(crate) fn served(&self, actor: usize) -> Option<&Served> {
        self.actors[actor].served.as_ref()
    }

    /// What the kernel has told an actor under this name: the n-th time, from 1, or the last one.
    pub(crate) fn output(&self, actor: usize, name: &str, nth: Option<u32>) -> Option<String> {
        let mut values = self
            .trace
            .calls()
            .filter(|call| call.actor == actor)
            .flat_map(|call| &call.answers)
            .filter(|answer| answer.name == name)
            .map(|answer| answer.value.clone());
        match nth {
            Some(nth) => values.nth((nth as usize).checked_sub(1)?),
            None => values.next_back(),
        }
    }

    fn check_segment_ready(&mut self, actor: usize, key: i32) {
        let traced = &mut self.actors[actor];
        if let Some(endpoint) = &traced.ready_at
            && endpoint.protocol == Protocol::Shm
            && endpoint.key.is_none_or(|wanted| wanted == key)
        {
            traced.ready = true;
        }
    }

    /// A socket's timeout was set: the case's clock keeps it, and the kernel has none.
    fn option_set(&mut self, tid: Pid, args: &[u64; 6], socket: usize) {
        let Some(way) = timeout_option(args) else {
            return;
        };
        let timeout = clock::calls::read(tid, args[3], Unit::Timeval);
        let timeout = timeout.filter(|timeout| !timeout.is_zero());
        self.sockets.set_timeout(socket, way, timeout);
        if timeout.is_some() && self.owns_clock {
            let copy = self.copy_of(tid, args[0] as i32);
            copy.map(|copy| socket::clear_timeout(copy.as_fd(), args[2] as i32));
        }
    }

    /// A socket's timeout was asked for, which the kernel does not have.
    fn timeout_asked(&self, tid: Pid, args: &[u64; 6], socket: usize) {
        let timeout = timeout_option(args).and_then(|way| self.sockets.timeout(socket, way));
        let room = decode::memory(tid, args[4], 4, 4);
        if let Some(timeout) = timeout.filter(|_| self.owns_clock && room == 16u32.to_ne_bytes()) {
            let value = clock::calls::written(timeout, Unit::Timeval);
            let _ = memory::write_memory(tid, args[3], &value);
        }
    }
}

/// Where others reach a socket. They start in the folder in which its own actor started: a path relative to another one is
/// of no use to them.
fn served(tid: Pid, socket: &Socket, start_folder: Option<&Path>) -> Option<Served> {
    let address = match socket.local.clone()? {
        Address::Path(path) if procfs::folder(tid).as_deref() != start_folder => {
            Address::Path(absolute(tid, path))
        }
        address => address,
    };
    Some(Served {
        kind: socket.kind,
        address,
    })
}

/// Which waits an option of a socket bounds in time; `None`: it is another option.
fn timeout_option(args: &[u64; 6]) -> Option<Direction> {
    match (args[1] as i32, args[2] as i32) {
        (libc::SOL_SOCKET, libc::SO_RCVTIMEO) => Some(Direction::Received),
        (libc::SOL_SOCKET, libc::SO_SNDTIMEO) => Some(Direction::Sent),
        _ => None,
    }
}

/// Whether something may come of a call that succeeds: of waiting, arming a timer and asking nothing does.
fn changes_something(spec: &Spec, args: &[u64; 6]) -> bool {
    /// Commands of `semctl(2)` that only ask: `GETPID` to `GETZCNT`.
    const SEM_ASKS: std::ops::RangeInclusive<u64> = 11..=15;
    const ASKS: u64 = libc::IPC_STAT as u64;
    match (spec.role, spec.name) {
        (Role::Sleep | Role::Wait | Role::Timer, _) | (_, "getsockopt") => false,
        (Role::ShmControl, "shmctl") | (Role::MsgControl, "msgctl") => args[1] != ASKS,
        (Role::SemControl, "semctl") => args[2] != ASKS && !SEM_ASKS.contains(&args[2]),
        _ => true,
    }
}

/// Whether a call that succeeds has made a FIFO.
fn makes_fifo(spec: &Spec, args: &[u64; 6]) -> bool {
    let mode = match spec.name {
        "mknod" => args[1],
        "mknodat" => args[2],
        _ => return false,
    };
    mode as u32 & libc::S_IFMT == libc::S_IFIFO
}

/// Whether a call that succeeds has made a file of some kind, or was ready to.
fn makes_file(spec: &Spec, args: &[u64; 6]) -> bool {
    match spec.name {
        "mknod" | "mknodat" | "link" | "linkat" | "symlink" | "symlinkat" | "mkdir" | "mkdirat"
        | "creat" | "rename" | "renameat" | "renameat2" => true,
        "open" | "openat" => !is_plain_open(spec, args),
        "mq_open" => args[1] & libc::O_CREAT as u64 != 0,
        _ => false,
    }
}
