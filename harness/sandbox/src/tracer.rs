//! The tracer: one wait status in, one state change out.
//!
//! It follows every process and thread of every actor, decodes the calls that the filter stops at, and knows at any
//! moment who is in which call. `ESRCH` can come from any request, since a tracee may be killed at any time: its death
//! is then told by the next wait status.

mod turns;

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use ipclab_evidence::{
    Address, Bytes, Call, Direction, Endpoint, LeftPort, Limits, Object, OpenDescriptor, Plan,
    Protocol, Returned, Run, Sharing, Socket, SocketKind, Transfer, Wait,
};

use crate::accesses::Accesses;
use crate::calls::{self, ArgKind, Role, Spec};
use crate::chaos::{Chaos, Side};
use crate::made::Made;
use crate::order::Turns;
use crate::shared::HostRules;
use crate::sockets::{self, Sockets};
use crate::sys::{self, Pid, Resume, Stop, Waited};
use crate::tamper::{self, Pending, Tampers};
use crate::told;
use crate::{decode, procfs, spawn};

/// What the watch has to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// An actor's program has started.
    Started(usize),
    /// An actor's first process ended, with this wait status.
    Ended(usize, i32),
    /// A new process could not be made: the limit.
    NoMoreProcesses(usize),
    /// A System V object could not be made: the limit.
    NoMoreObjects(usize),
    /// A descriptor could not be made: the limit.
    NoMoreDescriptors(usize),
    /// A process ended with all the memory that it may have.
    NoMoreMemory(usize),
    /// A file was written beyond the limit.
    FileTooLarge(usize),
}

/// A thread of an actor.
#[derive(Debug)]
struct Thread {
    process: Pid,
    call: Option<InCall>,
    /// A call that a signal has interrupted, and with which the kernel goes on under another number.
    interrupted: Option<InCall>,
    /// Stopped by a signal, and staying so.
    stopped: bool,
    /// On its way out: it will run no more code of its own.
    exiting: bool,
    /// The last call that returned, and how.
    last: Option<(&'static str, i64)>,
    /// It is in a call for which all that its process has attached was opened.
    opened: bool,
    /// It is about to write to a segment, and waits for its turn.
    write: Option<turns::Write>,
}

/// A call between its entry and its exit.
#[derive(Clone, Debug)]
struct InCall {
    spec: &'static Spec,
    args: [u64; 6],
    /// Its number in the trace, when it is recorded.
    n: Option<u32>,
    object: Option<Object>,
    socket: Option<usize>,
    /// What it is about to send.
    outgoing: Vec<u8>,
    /// It ends by itself after a time.
    timed: bool,
    /// It has made a child that has the caller's memory until it ends or starts a program, `vfork(2)`.
    lent: bool,
    tampered: Option<Pending>,
    /// Which of its actor's calls it is, from 1.
    of_actor: u64,
}

/// A process of an actor, dead ones included: objects that outlive it carry its number.
#[derive(Debug)]
struct Process {
    actor: usize,
    own_pid: u32,
    name: String,
    first: bool,
    alive: bool,
    handle: Option<OwnedFd>,
    /// Until when a timer may still wake or interrupt it.
    timer: Option<Instant>,
    /// Where it has attached which segment.
    attached: HashMap<u64, i32>,
    /// Of these, what is closed to it, so that each access is seen.
    closed: Vec<turns::Attachment>,
    /// The last signal that was delivered to it, and the call that it came in.
    signalled: Option<(i32, Option<&'static str>)>,
    /// The call that the signal it died of came in.
    died_in: Option<&'static str>,
}

/// What the tracer knows of an actor.
#[derive(Debug)]
pub(crate) struct Traced {
    name: String,
    ready_at: Option<Endpoint>,
    /// Its program has started.
    pub(crate) started: bool,
    /// What its start is awaited for has happened.
    pub(crate) ready: bool,
    links: [Option<String>; 3],
    /// It is scripted, and this is its control socket.
    control: Option<String>,
    scripted: bool,
    /// Traced calls.
    pub(crate) calls: u64,
    /// Files of any kind that it made.
    pub(crate) files: u64,
    /// Accesses to segments that were seen.
    pub(crate) accesses: u64,
    /// Processes and threads made.
    pub(crate) made: u32,
    /// Processes and threads that the kernel refused it.
    refused_forks: u32,
    /// CPU time of its dead processes in microseconds.
    cpu_us: u64,
    /// Largest resident set so far in KiB.
    pub(crate) rss_max_kib: u64,
    /// What its first process had open when it exited by itself.
    pub(crate) open_at_exit: Vec<OpenDescriptor>,
    /// The call that its first process died in.
    pub(crate) died_in: Option<&'static str>,
}

/// Head and tail of the trace.
#[derive(Debug)]
struct Trace {
    head: Vec<Call>,
    tail: VecDeque<Call>,
    keep: usize,
    next: u32,
    /// Bytes of transfers that are kept; beyond the bound only their counts are.
    bytes: usize,
    /// Bytes of long texts that are kept: paths, mostly.
    text: usize,
    /// What the calls made that are kept no longer, where somebody has to know.
    made: Option<Made>,
}

/// Bytes of all transfers together that are kept.
const TRANSFER_BYTES: usize = 2 << 20;

/// Bytes of all long texts together that are kept, and what is long.
const TEXT_BYTES: usize = 2 << 20;
const LONG: usize = 256;

/// So many processes the kernel refuses an actor before it is stopped: who goes on asking makes nothing else any more.
const REFUSED_FORKS: u32 = 100;

/// `ERESTART_RESTARTBLOCK`: unless a handler runs first, the kernel goes on with the call as restart_syscall(2).
const GOES_ON: i64 = -516;

/// So many processes are asked what their sockets have to send; of more than that the kernel's table tells.
const MANY_PROCESSES: usize = 8;

/// Whether an object has a path that counts as long.
fn is_long(object: Option<&Object>) -> bool {
    matches!(object, Some(Object::File(path)) if path.0.len() > LONG)
}

impl Trace {
    /// Keeps the beginnings of long texts only, once there is much of them: a loop over names of 4,000 bytes would make
    /// evidence of hundreds of megabytes.
    fn shorten(&mut self, call: &mut Call) {
        let long = call.args.iter().map(|arg| arg.text.len());
        let size: usize = long.filter(|length| *length > LONG).sum();
        if size == 0 || self.text + size <= TEXT_BYTES {
            self.text += size;
            return;
        }
        for arg in call.args.iter_mut().filter(|arg| arg.text.len() > LONG) {
            let end = (0..=LONG).rev().find(|at| arg.text.is_char_boundary(*at));
            // A new one: the old one's room would be kept, too.
            arg.text = format!("{}...", &arg.text[..end.unwrap_or(0)]);
        }
        if is_long(call.object.as_ref()) {
            call.object = None;
        }
    }

    fn push(&mut self, mut call: Call) -> u32 {
        self.shorten(&mut call);
        let n = self.next;
        self.next += 1;
        call.n = n;
        if self.head.len() < self.keep {
            self.head.push(call);
        } else {
            if self.tail.len() == self.keep
                && let (Some(dropped), Some(made)) = (self.tail.pop_front(), &mut self.made)
            {
                made.note(&dropped);
            }
            self.tail.push_back(call);
        }
        n
    }

    fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.head.iter().chain(&self.tail)
    }

    fn get(&mut self, n: u32) -> Option<&mut Call> {
        if n as usize <= self.head.len() {
            return self.head.get_mut((n as usize).checked_sub(1)?);
        }
        let first = self.tail.front()?.n;
        self.tail.get_mut(n.checked_sub(first)? as usize)
    }
}

/// The tracer of one case.
#[derive(Debug)]
pub(crate) struct Tracer {
    threads: HashMap<Pid, Thread>,
    processes: HashMap<Pid, Process>,
    /// Children whose first stop came before their parent's event, and who were taken in without it: it may never
    /// come, when the thread that made them is killed at that very moment (by an exec in another thread, say).
    early: HashSet<Pid>,
    /// New children that are to wait for ever, once they have come to their first stop.
    left: HashSet<Pid>,
    chaos: Chaos,
    turns: Turns,
    /// Processor time that whoever has the turn had used before it, in microseconds.
    turn_began_us: u64,
    /// The number by which our own calls pass the filter, where every call stops.
    pub(crate) pass: u32,
    /// Who goes on beside the others: a turn that would not end.
    loose: HashSet<Pid>,
    accesses: Accesses,
    /// Turns are, or were, taken.
    shares: bool,
    /// What was heard while somebody was made to do something, and is still to be handled.
    unheard: VecDeque<Waited>,
    /// Who was stopped meanwhile.
    late_stops: Vec<Pid>,
    /// One for each actor of the plan.
    pub(crate) actors: Vec<Traced>,
    trace: Trace,
    sockets: Sockets,
    tampers: Tampers,
    /// What went wrong on our side.
    pub(crate) trouble: Vec<String>,
    began: Instant,
    /// What is done beyond tracing in the host's own world.
    pub(crate) host: Option<HostRules>,
    /// Processes and threads that an actor may have at once.
    most_threads: u64,
    /// Address space that a process may have in KiB, 0 for any, and descriptors.
    most_memory_kib: u64,
    most_open: u64,
    /// An actor that has more.
    pub(crate) crowded: Option<usize>,
    /// Ports that sockets of this case were bound to.
    ports: HashSet<u16>,
    /// The case is over, and everybody is being ended. What still crosses is chance: a server may answer a client whose
    /// end came first, or not.
    pub(crate) over: bool,
    /// Grows with every event: whoever compares two values knows whether anything happened between.
    pub(crate) events: u64,
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other,
    }
}

impl Tracer {
    pub(crate) fn new(plan: &Plan, limits: &Limits) -> Self {
        let actors = plan.actors.iter().map(|actor| Traced {
            name: actor.name.clone(),
            ready_at: actor.ready.clone(),
            started: false,
            ready: false,
            links: [None, None, None],
            control: None,
            scripted: matches!(actor.run, Run::Script { .. }),
            calls: 0,
            files: 0,
            accesses: 0,
            made: 0,
            refused_forks: 0,
            cpu_us: 0,
            rss_max_kib: 0,
            open_at_exit: Vec::new(),
            died_in: None,
        });
        Self {
            threads: HashMap::new(),
            processes: HashMap::new(),
            early: HashSet::new(),
            left: HashSet::new(),
            // Who takes turns has no need of luck.
            chaos: Chaos::new(plan.chaos.filter(|_| plan.turns.is_none())),
            turns: Turns::new(plan.turns),
            turn_began_us: 0,
            pass: RandomState::new().build_hasher().finish() as u32,
            loose: HashSet::new(),
            accesses: Accesses::default(),
            shares: plan.turns.is_some(),
            unheard: VecDeque::new(),
            late_stops: Vec::new(),
            actors: actors.collect(),
            trace: Trace {
                head: Vec::new(),
                tail: VecDeque::new(),
                keep: (limits.calls_kept / 2) as usize,
                made: None,
                next: 1,
                bytes: 0,
                text: 0,
            },
            sockets: Sockets::default(),
            tampers: Tampers::new(&plan.tampers),
            trouble: Vec::new(),
            began: Instant::now(),
            over: false,
            events: 0,
            host: None,
            most_threads: limits.processes,
            most_memory_kib: limits.memory_mib << 10,
            most_open: limits.open_files,
            crowded: None,
            ports: HashSet::new(),
        }
    }

    /// Time since the case began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Takes in an actor's first process, which has been attached to and has not yet run anything of its own.
    pub(crate) fn adopt(&mut self, actor: usize, pid: Pid) {
        self.add(pid, actor, true);
    }

    /// The number by which an actor's process knows itself.
    pub(crate) fn own_pid(&self, pid: Pid) -> Option<u32> {
        self.processes.get(&pid).map(|process| process.own_pid)
    }

    fn add(&mut self, tid: Pid, actor: usize, first: bool) {
        self.actors[actor].made += 1;
        let place = procfs::place(tid);
        let process = place.as_ref().map_or(tid, |place| place.tgid);
        self.processes.entry(process).or_insert_with(|| Process {
            actor,
            own_pid: place.as_ref().map_or(process as u32, |place| place.own_pid),
            name: place.map(|place| place.name).unwrap_or_default(),
            first,
            alive: true,
            handle: None,
            timer: None,
            attached: HashMap::new(),
            closed: Vec::new(),
            signalled: None,
            died_in: None,
        });
        self.threads.insert(
            tid,
            Thread {
                process,
                call: None,
                interrupted: None,
                stopped: false,
                exiting: false,
                last: None,
                opened: false,
                write: None,
            },
        );
        self.turns.made(tid);
        self.accesses.born(tid);
    }

    /// One wait status.
    ///
    /// # Errors
    /// When the kernel refuses something that it should not: our trouble, not the tracee's.
    pub(crate) fn handle(&mut self, waited: Waited) -> io::Result<Option<Notice>> {
        self.events += 1;
        let Waited { pid, status, .. } = waited;
        self.chaos.forget(pid);
        self.turns.forget(pid);
        self.loose.remove(&pid);
        if !self.threads.contains_key(&pid) {
            if !libc::WIFSTOPPED(status) {
                return Ok(None);
            }
            let Some(parent) = self.parent_of(pid) else {
                // Killed while it waited to be let go, or nobody's: in neither case may it stay as it is.
                let _ = sys::kill(pid, libc::SIGKILL);
                return Ok(None);
            };
            self.early.insert(pid);
            self.take_child(pid, parent);
        }
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            return Ok(self.dead(waited));
        }
        let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
        match event {
            libc::PTRACE_EVENT_SECCOMP => self.entered(pid),
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                self.forked(pid);
                if event == libc::PTRACE_EVENT_VFORK
                    && let Some(thread) = self.threads.get_mut(&pid)
                    && let Some(call) = &mut thread.call
                {
                    call.lent = true;
                }
                self.go_on(pid, 0).map(|()| None)
            }
            libc::PTRACE_EVENT_EXEC => {
                let notice = self.executed(pid)?;
                self.go_on(pid, 0).map(|()| notice)
            }
            libc::PTRACE_EVENT_EXIT => {
                let notice = self.exiting(pid);
                gone(sys::resume(pid, Resume::Run, 0)).map(|()| notice)
            }
            libc::PTRACE_EVENT_STOP if signal != libc::SIGTRAP => {
                // A group stop: it stays stopped, and SIGCONT or SIGKILL is still told.
                if let Some(thread) = self.threads.get_mut(&pid) {
                    thread.stopped = true;
                }
                if self.turns.is_turn_of(pid) {
                    self.turns.free();
                }
                gone(sys::resume(pid, Resume::Listen, 0)).map(|()| None)
            }
            0 if signal == libc::SIGTRAP | 0x80 => self.returned(pid),
            0 => {
                if signal == libc::SIGSEGV && self.touched(pid)? {
                    return Ok(None);
                }
                let notice = self.signalled(pid, signal);
                self.go_on(pid, signal).map(|()| notice)
            }
            _ => {
                if self.left.remove(&pid) {
                    gone(tamper::wait_for_ever(pid))?;
                }
                self.go_on(pid, 0).map(|()| None)
            }
        }
    }

    /// Lets those go on who have been held long enough.
    ///
    /// # Errors
    /// As [`Tracer::handle`].
    pub(crate) fn release_held(&mut self) -> io::Result<()> {
        for (tid, signal) in self.chaos.due() {
            self.events += 1;
            self.go_on(tid, signal)?;
        }
        Ok(())
    }

    /// How long it is until somebody who is held may go on; `None`: nobody is.
    pub(crate) fn until_release(&self) -> Option<Duration> {
        self.chaos.wait()
    }

    /// Lets a thread go on, or holds it for a while first.
    fn go_on_some_time(
        &mut self,
        tid: Pid,
        actor: usize,
        call: u64,
        side: Side,
        signal: i32,
    ) -> io::Result<()> {
        if self.chaos.hold((actor, call), side, tid, signal) {
            Ok(())
        } else {
            self.go_on(tid, signal)
        }
    }

    /// Lets a thread go on to where its next event is.
    fn go_on(&mut self, tid: Pid, signal: i32) -> io::Result<()> {
        if self.has_to_wait(tid, signal) {
            return Ok(());
        }
        let Some(thread) = self.threads.get_mut(&tid) else {
            return Ok(());
        };
        thread.stopped = false;
        let how = if thread.call.is_some() || thread.opened {
            Resume::ToSyscallExit
        } else {
            Resume::Run
        };
        gone(sys::resume(tid, how, signal))
    }

    fn forked(&mut self, parent: Pid) {
        let Ok(child) = sys::event_message(parent) else {
            return;
        };
        let child = child as Pid;
        let parent = self.threads.get(&parent).map(|thread| thread.process);
        // One that was taken in before its parent's event may be dead by now.
        if let Some(parent) = parent
            && !self.early.remove(&child)
        {
            self.take_child(child, parent);
        }
    }

    /// Who made a process or thread of which nothing is known yet: the process that it belongs to, its parent, or,
    /// where that one is gone already, the first of its session.
    fn parent_of(&self, tid: Pid) -> Option<Pid> {
        let place = procfs::place(tid)?;
        let known = |pid: &Pid| self.processes.contains_key(pid);
        [place.tgid, place.parent, procfs::session(tid)?]
            .into_iter()
            .find(known)
    }

    /// Takes in a new process or thread.
    fn take_child(&mut self, child: Pid, parent: Pid) {
        let actor = self.processes[&parent].actor;
        self.add(child, actor, false);
        if self.threads(Some(actor)).len() as u64 > self.most_threads {
            self.crowded = Some(actor);
        }
        // A new process has its parent's segments attached; a new thread is in the same process.
        let attached = self.processes[&parent].attached.clone();
        let closed = self.processes[&parent].closed.clone();
        let own = self.threads[&child].process;
        let is_left = |thread: &Thread| {
            let pending = thread.call.as_ref().and_then(|call| call.tampered.as_ref());
            thread.process == parent && pending.is_some_and(Pending::leaves_child)
        };
        if own != parent && self.threads.values().any(is_left) {
            self.left.insert(child);
        }
        if own != parent
            && let Some(process) = self.processes.get_mut(&own)
        {
            process.attached = attached;
            process.closed = closed;
        }
    }

    fn executed(&mut self, tid: Pid) -> io::Result<Option<Notice>> {
        // An exec from a thread that is not the first takes the first one's number; the others are gone.
        let former = sys::event_message(tid).map_or(tid, |former| former as Pid);
        let call = self
            .threads
            .get_mut(&former)
            .and_then(|thread| thread.call.take());
        self.threads
            .retain(|other, thread| thread.process != tid || *other == tid);
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.call = call;
            thread.exiting = false;
            thread.opened = false;
            thread.write = None;
        }
        let Some(process) = self.processes.get_mut(&tid) else {
            return Ok(None);
        };
        process.attached.clear();
        process.closed.clear();
        process.name = procfs::name(tid).unwrap_or_default();
        let actor = process.actor;
        if !process.first || self.actors[actor].started {
            return Ok(None);
        }
        let traced = &mut self.actors[actor];
        traced.started = true;
        traced.links = spawn::standard_links(tid);
        if traced.scripted {
            traced.control = procfs::descriptor(tid, spawn::CONTROL);
        }
        if traced.ready_at.is_none() {
            traced.ready = true;
        }
        Ok(Some(Notice::Started(actor)))
    }

    fn exiting(&mut self, tid: Pid) -> Option<Notice> {
        let thread = self.threads.get_mut(&tid)?;
        thread.exiting = true;
        let in_call = thread.call.as_ref().map(|call| call.spec.name);
        let process = thread.process;
        let process = self.processes.get_mut(&process)?;
        let signal = sys::event_message(tid).map_or(0, |status| status as i32 & 0x7f);
        process.died_in = match process.signalled {
            // It came in the thread that it was delivered to, wherever the others were.
            Some((delivered, cause)) if delivered == signal => cause,
            // Nobody is told of a SIGKILL beforehand.
            _ => process.died_in.or(in_call),
        };
        let (actor, first) = (process.actor, process.first);
        if self.threads[&tid].process != tid {
            return None;
        }
        let open = procfs::descriptors(tid);
        let notice = self.full(actor, tid, open.len());
        if !first {
            return notice;
        }
        let by_itself = sys::event_message(tid).is_ok_and(|status| status & 0x7f == 0);
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

    /// Whether a process that is about to end had as much as it may have of what the kernel itself refuses more of, in
    /// calls that nobody looks at.
    fn full(&self, actor: usize, pid: Pid, open: usize) -> Option<Notice> {
        // What was refused was a block, not a byte: an eighth of the whole may have been left over.
        let enough = self.most_memory_kib - self.most_memory_kib / 8;
        let full = enough > 0 && procfs::peak_kib(pid).is_some_and(|peak| peak > enough);
        if full {
            return Some(Notice::NoMoreMemory(actor));
        }
        (open as u64 >= self.most_open).then_some(Notice::NoMoreDescriptors(actor))
    }

    fn dead(&mut self, waited: Waited) -> Option<Notice> {
        let thread = self.threads.remove(&waited.pid)?;
        self.turns.dead(waited.pid);
        self.accesses.died(waited.pid);
        if thread.process != waited.pid {
            return None;
        }
        self.threads.retain(|_, other| other.process != waited.pid);
        let process = self.processes.get_mut(&waited.pid)?;
        process.alive = false;
        process.handle = None;
        let actor = &mut self.actors[process.actor];
        actor.cpu_us += waited.cpu_us;
        actor.rss_max_kib = actor.rss_max_kib.max(waited.rss_max_kib);
        if !process.first {
            return None;
        }
        actor.died_in = process.died_in;
        Some(Notice::Ended(process.actor, waited.status))
    }

    fn signalled(&mut self, tid: Pid, signal: i32) -> Option<Notice> {
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
        (signal == libc::SIGXFSZ).then_some(Notice::FileTooLarge(process.actor))
    }

    /// What a link in `/proc/PID/fd` stands for.
    fn named_object(&self, actor: usize, link: &str) -> Object {
        if let Some(socket) =
            procfs::inode(link, "socket").and_then(|inode| self.sockets.find(inode))
        {
            return Object::Socket(socket);
        }
        if let Some(at) = self.actors[actor]
            .links
            .iter()
            .position(|own| own.as_deref() == Some(link))
        {
            return Object::Standard(at as u8);
        }
        if link.starts_with('/') {
            Object::File(link.into())
        } else {
            Object::Other(link.to_owned())
        }
    }

    /// What a descriptor of a thread is. A socket that was never seen is taken in.
    fn object(&mut self, tid: Pid, process: Pid, fd: i32) -> Option<Object> {
        let link = procfs::descriptor(tid, fd)?;
        let actor = self.processes[&process].actor;
        if self.actors[actor].control.as_ref() == Some(&link) {
            return Some(Object::Other("control".to_owned()));
        }
        if let Some(inode) = procfs::inode(&link, "socket")
            && self.sockets.find(inode).is_none()
        {
            self.take_in(process, fd, inode);
        }
        Some(self.named_object(actor, &link))
    }

    fn take_in(&mut self, process: Pid, fd: i32, inode: u64) -> usize {
        let born = self.trace.next.saturating_sub(1);
        let (sockets, owner) = (
            &mut self.sockets,
            Self::handle_of(&mut self.processes, process),
        );
        let actor = self.processes[&process].actor;
        let handle = self
            .processes
            .get(&process)
            .and_then(|process| process.handle.as_ref())
            .filter(|_| owner);
        sockets::with_copy(handle, fd, |copy| {
            sockets.add(inode, actor, born, process, copy)
        })
    }

    /// Opens a process's handle once; tells whether there is one.
    fn handle_of(processes: &mut HashMap<Pid, Process>, process: Pid) -> bool {
        let Some(entry) = processes.get_mut(&process) else {
            return false;
        };
        if entry.handle.is_none() {
            entry.handle = sys::pidfd_open(process).ok();
        }
        entry.handle.is_some()
    }

    /// Asks the kernel again what a socket is bound and connected to.
    fn refresh(&mut self, process: Pid, fd: i32, socket: usize) {
        Self::handle_of(&mut self.processes, process);
        let handle = self
            .processes
            .get(&process)
            .and_then(|process| process.handle.as_ref());
        let sockets = &mut self.sockets;
        sockets::with_copy(handle, fd, |copy| {
            if let Some(copy) = copy {
                sockets.refresh(socket, copy);
            }
        });
    }

    /// Entry of a call of the table.
    fn entered(&mut self, tid: Pid) -> io::Result<Option<Notice>> {
        let Ok(Stop::Entry {
            number,
            args,
            stack,
        }) = sys::stop_info(tid)
        else {
            return self.go_on(tid, 0).map(|()| None);
        };
        let spec = calls::spec(number);
        let is_open = self.threads.get(&tid).is_some_and(|thread| thread.opened);
        if !is_open && self.points_inside(tid, spec, &args) {
            return gone(self.open_for_call(tid)).map(|()| None);
        }
        let Some(spec) = spec else {
            if number == libc::SYS_sched_yield as u64 {
                self.gives_up_turn(tid);
            }
            return self.go_on(tid, 0).map(|()| None);
        };
        let process = self.threads[&tid].process;
        let actor = self.processes[&process].actor;
        if let Some(thread) = self.threads.get_mut(&tid) {
            let interrupted = thread.interrupted.take();
            // poll(2) and all else that has to know how much of its time is left goes on as restart_syscall(2).
            if spec.number == libc::SYS_restart_syscall {
                thread.call = interrupted;
                return self.go_on(tid, 0).map(|()| None);
            }
            // A call made again by the kernel after a signal enters anew; the old one never returned to the program.
            thread.call = None;
        }
        if !self.actors[actor].started && spec.role != Role::Exec {
            // Our own child on its way to exec.
            return self.go_on(tid, 0).map(|()| None);
        }
        if spec.role != Role::Exit {
            self.actors[actor].calls += 1;
        }
        let of_actor = self.actors[actor].calls;
        let object = self.object_of_call(tid, process, spec, &args);
        let socket = match object {
            Some(Object::Socket(socket)) => Some(socket),
            _ => None,
        };
        let attention = if self.actors[actor].started {
            attention(spec, object.as_ref())
        } else {
            Attention::Exit
        };
        let ruled = self.host_rule(tid, process, spec, &args, stack, socket);
        let attention = match ruled {
            Some(_) => attention,
            // Opens that make nothing stop at the tracer only for the sake of the rules.
            None if is_plain_open(spec, &args) => Attention::None,
            None => attention,
        };
        // What is not recorded otherwise is, when it was changed.
        let wanted = attention == Attention::None && self.tampers.want(spec, object.as_ref());
        if attention == Attention::None && !wanted {
            return self.go_on(tid, 0).map(|()| None);
        }
        let tampered = ruled.map_or_else(
            || {
                let name = &self.actors[actor].name;
                self.tampers.enter(name, spec, object.as_ref(), tid, &args)
            },
            |ruled| ruled.map(Some),
        );
        let tampered = match tampered {
            Ok(pending) => pending,
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => None,
            Err(error) => {
                self.trouble.push(format!(
                    "changing {} of {}: {error}",
                    spec.name, self.actors[actor].name
                ));
                None
            }
        };
        if wanted && tampered.is_none() {
            return self.go_on(tid, 0).map(|()| None);
        }
        let instead = tampered
            .as_ref()
            .and_then(Pending::instead)
            .and_then(|made| Some((calls::spec(made.number)?, made.args)));
        let (spec, args, object) = match instead {
            Some((spec, args)) => {
                let object = self.object_of_call(tid, process, spec, &args);
                (spec, args, object)
            }
            None => (spec, args, object),
        };
        let n = (wanted || attention == Attention::Record).then(|| {
            let arguments = decode::arguments(tid, spec, &args);
            self.trace.push(Call {
                n: 0,
                at_us: self.began.elapsed().as_micros() as u64,
                actor,
                pid: self.processes[&process].own_pid,
                name: spec.name.to_owned(),
                args: arguments,
                returned: None,
                object: object.clone(),
                transfer: None,
                tampered: tampered.as_ref().map(|pending| pending.note.clone()),
                told: Vec::new(),
            })
        });
        let outgoing = if spec.role == Role::Send && socket.is_some() {
            outgoing(tid, spec, &args)
        } else {
            Vec::new()
        };
        let timed = self.is_timed(tid, spec, &args, socket);
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.call = Some(InCall {
                spec,
                args,
                n,
                object,
                socket,
                outgoing,
                timed,
                lent: false,
                tampered,
                of_actor,
            });
        }
        self.go_on_some_time(tid, actor, of_actor, Side::Entry, 0)
            .map(|()| None)
    }

    /// What the host's own world asks for beyond tracing; `None`: nothing.
    fn host_rule(
        &mut self,
        tid: Pid,
        process: Pid,
        spec: &Spec,
        args: &[u64; 6],
        stack: u64,
        socket: Option<usize>,
    ) -> Option<io::Result<Pending>> {
        let host = self.host.as_ref()?;
        match spec.role {
            Role::File if is_plain_open(spec, args) => {
                let at = spec.args.iter().position(|kind| *kind == ArgKind::Path)?;
                let path = decode::path(tid, args[at])?;
                let (_, to) = host.redirects.iter().find(|(from, _)| *from == path.0)?;
                Some(tamper::redirect(tid, at, stack, to))
            }
            Role::Connect | Role::Send => {
                let to = destinations(tid, spec, args);
                if to.iter().any(leaves_the_machine) {
                    return Some(tamper::refuse(tid, libc::ENETUNREACH));
                }
                // In a world of its own nobody else serves anything either.
                let strange = |port: u16| !self.ports.contains(&port) && !self.ports.contains(&0);
                let is_stream = |socket| self.sockets.get(socket).kind == SocketKind::Stream;
                match &to[..] {
                    [Address::Inet(to)] if strange(to.port()) && socket.is_some_and(is_stream) => {
                        Some(tamper::refuse(tid, libc::ECONNREFUSED))
                    }
                    _ => None,
                }
            }
            Role::Bind => {
                let Address::Inet(at) = decode::address(tid, args[1], args[2])? else {
                    return None;
                };
                // The case before this one may have left the port in TIME_WAIT, which in a world of its own it could
                // not have. The second socket of one case that wants a port is on its own.
                if self.sockets.get(socket?).kind == SocketKind::Stream
                    && self.ports.insert(at.port())
                    && Self::handle_of(&mut self.processes, process)
                {
                    let handle = self.processes[&process].handle.as_ref();
                    sockets::with_copy(handle, args[0] as i32, |copy| copy.map(sys::allow_reuse));
                }
                None
            }
            _ => None,
        }
    }

    fn object_of_call(
        &mut self,
        tid: Pid,
        process: Pid,
        spec: &Spec,
        args: &[u64; 6],
    ) -> Option<Object> {
        match spec.role {
            Role::ShmAttach | Role::ShmControl => Some(Object::Segment(args[0] as i32)),
            Role::ShmDetach => self.processes[&process]
                .attached
                .get(&args[0])
                .map(|shmid| Object::Segment(*shmid)),
            Role::SemControl => Some(Object::Semaphores(args[0] as i32)),
            Role::MsgControl => Some(Object::Queue(args[0] as i32)),
            Role::File => {
                let at = spec.args.iter().rposition(|kind| *kind == ArgKind::Path)?;
                let path = decode::path(tid, args[at])?;
                Some(Object::File(absolute(tid, path)))
            }
            _ if spec.args.first() == Some(&ArgKind::Fd) => {
                self.object(tid, process, args[0] as i32)
            }
            _ => None,
        }
    }

    fn is_timed(&self, tid: Pid, spec: &Spec, args: &[u64; 6], socket: Option<usize>) -> bool {
        let by_argument = spec.args.iter().enumerate().any(|(at, kind)| match kind {
            ArgKind::Timespec | ArgKind::Timeval => {
                decode::duration_us(tid, *kind, args[at]).is_some()
            }
            ArgKind::PollMillis => args[at] as i32 >= 0,
            _ => false,
        });
        let by_socket = match (spec.role, socket) {
            (Role::Receive | Role::Accept, Some(socket)) => {
                self.sockets.is_timed(socket, Direction::Received)
            }
            (Role::Send | Role::Connect, Some(socket)) => {
                self.sockets.is_timed(socket, Direction::Sent)
            }
            _ => false,
        };
        spec.role == Role::Sleep || by_argument || by_socket
    }

    /// Exit of a call.
    fn returned(&mut self, tid: Pid) -> io::Result<Option<Notice>> {
        let Ok(Stop::Exit(mut result)) = sys::stop_info(tid) else {
            return self.go_on(tid, 0).map(|()| None);
        };
        gone(self.close_after_call(tid))?;
        let Some(call) = self
            .threads
            .get_mut(&tid)
            .and_then(|thread| thread.call.take())
        else {
            return self.go_on(tid, 0).map(|()| None);
        };
        let mut signal = 0;
        if let Some(pending) = &call.tampered {
            match pending.exit(tid, result) {
                Ok(after) => {
                    signal = after.signal;
                    result = after.result.unwrap_or(result);
                }
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                Err(error) => self
                    .trouble
                    .push(format!("changing {}: {error}", call.spec.name)),
            }
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.last = Some((call.spec.name, result));
            // One that was changed has had its change.
            thread.interrupted =
                (result == GOES_ON && call.tampered.is_none()).then(|| call.clone());
        }
        let of_actor = call.of_actor;
        let notice = self.done(tid, call, result);
        if self.after_call(tid, signal) {
            return Ok(notice);
        }
        let actor = self
            .threads
            .get(&tid)
            .map_or(0, |thread| self.processes[&thread.process].actor);
        self.go_on_some_time(tid, actor, of_actor, Side::Exit, signal)
            .map(|()| notice)
    }

    /// A call is over: what follows from its result.
    fn done(&mut self, tid: Pid, call: InCall, result: i64) -> Option<Notice> {
        let process = self.threads.get(&tid)?.process;
        let actor = self.processes[&process].actor;
        let mut object = call.object.clone();
        let mut transfer = None;
        let mut notice = None;
        // What was not made has changed nothing, though the program was told otherwise.
        let skipped = call.tampered.as_ref().is_some_and(Pending::is_skipped);
        let makes_file = result >= 0 && makes_file(call.spec, &call.args);
        if result >= 0 && !skipped {
            let fd = call.args[0] as i32;
            if makes_file {
                self.actors[actor].files += 1;
            }
            match (call.spec.role, call.socket) {
                (Role::Socket, _) => object = self.object(tid, process, result as i32).or(object),
                (Role::SocketPair, _) => self.paired(tid, process, call.args[3]),
                (Role::Accept, listener) => {
                    object = self.object(tid, process, result as i32).or(object);
                    if let Some(Object::Socket(accepted)) = object {
                        self.sockets.accepted(accepted, listener);
                    }
                }
                (Role::Bind | Role::Connect, Some(socket)) => {
                    self.refresh(process, fd, socket);
                    self.check_ready(actor, socket);
                    let address = || decode::address(tid, call.args[1], call.args[2]);
                    if call.spec.role == Role::Bind && matches!(address(), Some(Address::Path(_))) {
                        self.actors[actor].files += 1;
                    }
                }
                (Role::Listen, Some(socket)) => {
                    self.refresh(process, fd, socket);
                    self.sockets.listening(socket);
                    self.check_ready(actor, socket);
                }
                (Role::SetOption, Some(socket)) => self.option_set(tid, &call.args, socket),
                (Role::Send | Role::Receive, Some(_)) if self.over => {}
                (Role::Send, Some(socket)) => {
                    transfer = self.sent(tid, process, &call, socket, result as u64);
                }
                (Role::Receive, Some(socket)) => {
                    transfer = self.received(tid, &call, socket, result as u64)
                }
                (Role::ShmGet, _) => {
                    object = Some(Object::Segment(result as i32));
                    self.check_segment_ready(actor, call.args[0] as i32);
                }
                (Role::ShmAttach, _) => {
                    let shmid = call.args[0] as i32;
                    self.processes
                        .get_mut(&process)?
                        .attached
                        .insert(result as u64, shmid);
                    if self.takes_turns(actor)
                        && let Err(error) = gone(self.attached(tid, shmid, result as u64))
                    {
                        self.trouble.push(format!(
                            "watching a segment of {}: {error}",
                            self.actors[actor].name
                        ));
                    }
                }
                (Role::ShmDetach, _) => {
                    self.processes
                        .get_mut(&process)?
                        .attached
                        .remove(&call.args[0]);
                    self.detached(process, call.args[0]);
                }
                (Role::SemGet, _) => object = Some(Object::Semaphores(result as i32)),
                (Role::MsgGet, _) => object = Some(Object::Queue(result as i32)),
                (Role::Timer, _) => self.timer_set(tid, process, &call),
                _ => {}
            }
        } else if result < 0 {
            if call.spec.role == Role::Connect && -result == i64::from(libc::EINPROGRESS) {
                self.refresh(process, call.args[0] as i32, call.socket?);
            }
            notice = match (call.spec.role, -result as i32) {
                // What we made fail is no bound of the kernel's.
                _ if call.tampered.is_some() => None,
                (Role::Fork, libc::EAGAIN) => {
                    self.actors[actor].refused_forks += 1;
                    if self.actors[actor].refused_forks > REFUSED_FORKS {
                        self.crowded = Some(actor);
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
            };
        }
        let told = if result >= 0 && !skipped {
            told::by(tid, call.spec.name, &call.args, result)
        } else {
            Vec::new()
        };
        if let Some(recorded) = call.n.and_then(|n| self.trace.get(n)) {
            // What was kept no longer stays so, unless it has to be found again.
            if recorded.object.is_some() || !is_long(object.as_ref()) || makes_file {
                recorded.object = object;
            }
            recorded.told = told;
            recorded.returned = Some(match result {
                // The kernel will make the call again, or the process dies in it: to the program it never returned.
                -516..=-512 => return notice,
                -4095..=-1 => Returned {
                    value: -1,
                    errno: Some(decode::errno_name(-result as i32)),
                },
                value => Returned { value, errno: None },
            });
            recorded.transfer = transfer;
        }
        notice
    }

    fn paired(&mut self, tid: Pid, process: Pid, at: u64) {
        let fds = decode::memory(tid, at, 8, 8);
        let fd = |at: usize| Some(i32::from_ne_bytes(fds.get(at..at + 4)?.try_into().ok()?));
        let (Some(one), Some(other)) = (fd(0), fd(4)) else {
            return;
        };
        let one = self.object(tid, process, one);
        let other = self.object(tid, process, other);
        if let (Some(Object::Socket(one)), Some(Object::Socket(other))) = (one, other) {
            self.sockets.paired(one, other);
        }
    }

    fn check_ready(&mut self, actor: usize, socket: usize) {
        let traced = &mut self.actors[actor];
        if let Some(endpoint) = &traced.ready_at
            && self.sockets.serves(socket, endpoint)
        {
            traced.ready = true;
        }
    }

    /// What the kernel has told an actor under this name: the n-th time, from 1, or the last one.
    pub(crate) fn told(&self, actor: usize, name: &str, nth: Option<u32>) -> Option<String> {
        let mut values = self
            .trace
            .calls()
            .filter(|call| call.actor == actor)
            .flat_map(|call| &call.told)
            .filter(|told| told.name == name)
            .map(|told| told.value.clone());
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

    fn option_set(&mut self, tid: Pid, args: &[u64; 6], socket: usize) {
        let way = match (args[1] as i32, args[2] as i32) {
            (libc::SOL_SOCKET, libc::SO_RCVTIMEO) => Direction::Received,
            (libc::SOL_SOCKET, libc::SO_SNDTIMEO) => Direction::Sent,
            _ => return,
        };
        let value = decode::memory(tid, args[3], args[4], 16);
        self.sockets
            .set_timed(socket, way, value.iter().any(|byte| *byte != 0));
    }

    fn timer_set(&mut self, tid: Pid, process: Pid, call: &InCall) {
        let now = Instant::now();
        // Both structs hold the interval first and the value after it, each two words.
        let spec_at = if call.spec.name == "setitimer" {
            call.args[1]
        } else {
            call.args[2]
        };
        let until = if call.spec.name == "alarm" {
            (call.args[0] != 0).then(|| now + Duration::from_secs(call.args[0] & 0xffff_ffff))
        } else {
            let kind = if call.spec.name == "setitimer" {
                ArgKind::Timeval
            } else {
                ArgKind::Timespec
            };
            let us = |at| decode::duration_us(tid, kind, at).unwrap_or(0);
            match (us(spec_at), us(spec_at + 16)) {
                (_, 0) => None,
                (0, value) => Some(now + Duration::from_micros(value)),
                // It fires again and again: for longer than any case lasts.
                (_, _) => Some(now + Duration::from_secs(86_400)),
            }
        };
        if let Some(process) = self.processes.get_mut(&process) {
            process.timer = until;
        }
    }

    fn kept(&mut self, bytes: Vec<u8>) -> Bytes {
        if self.trace.bytes + bytes.len() > TRANSFER_BYTES {
            return Bytes::default();
        }
        self.trace.bytes += bytes.len();
        Bytes(bytes)
    }

    fn sent(
        &mut self,
        tid: Pid,
        process: Pid,
        call: &InCall,
        socket: usize,
        result: u64,
    ) -> Option<Transfer> {
        let kind = self.sockets.get(socket).kind;
        let (bytes, address) = match call.spec.name {
            "sendto" => (result, decode::address(tid, call.args[4], call.args[5])),
            "sendmsg" => {
                let message = decode::Message::read(tid, call.args[1]);
                (
                    result,
                    message
                        .and_then(|message| decode::address(tid, message.name.0, message.name.1)),
                )
            }
            "sendmmsg" => (sum_of_messages(tid, call.args[1], result), None),
            _ => (result, None),
        };
        if let (Some(address), Some(n)) = (address.filter(|_| kind == SocketKind::Datagram), call.n)
        {
            self.sockets
                .correspondent(n, socket, address, self.trace.next);
        }
        if self.sockets.get(socket).local.is_none() {
            // The kernel gave it a port on this occasion.
            self.refresh(process, call.args[0] as i32, socket);
        }
        let mut head = call.outgoing.clone();
        head.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        let head = self.kept(head);
        Some(Transfer {
            socket,
            peer: None,
            direction: Direction::Sent,
            bytes,
            head,
            cut: false,
        })
    }

    fn received(
        &mut self,
        tid: Pid,
        call: &InCall,
        socket: usize,
        result: u64,
    ) -> Option<Transfer> {
        let kind = self.sockets.get(socket).kind;
        let flags = match call.spec.name {
            "recvfrom" => call.args[3],
            "recvmsg" => call.args[2],
            "recvmmsg" => call.args[3],
            _ => 0,
        } as i32;
        // A peek leaves the bytes where they are; nothing at all on a stream is its end.
        if flags & libc::MSG_PEEK != 0 || (result == 0 && kind == SocketKind::Stream) {
            return None;
        }
        let most = decode::KEPT as u64;
        let (bytes, head, address, cut) = match call.spec.name {
            "recvmsg" => {
                let message = decode::Message::read(tid, call.args[1])?;
                let bytes = result.min(decode::total(&message.vectors));
                let address = decode::address(tid, message.name.0, message.name.1);
                let cut = message.flags & libc::MSG_TRUNC != 0;
                (
                    bytes,
                    decode::gather(tid, &message.vectors, bytes.min(most)),
                    address,
                    cut,
                )
            }
            "recvmmsg" => (
                sum_of_messages(tid, call.args[1], result),
                Vec::new(),
                None,
                false,
            ),
            "readv" => {
                let vectors = decode::vectors(tid, call.args[1], call.args[2]);
                (
                    result,
                    decode::gather(tid, &vectors, result.min(most)),
                    None,
                    false,
                )
            }
            name => {
                let bytes = result.min(call.args[2]);
                let length = if name == "recvfrom" {
                    decode::memory(tid, call.args[5], 4, 4)
                } else {
                    Vec::new()
                };
                let length = <[u8; 4]>::try_from(length.as_slice()).map_or(0, u32::from_ne_bytes);
                let address = if name == "recvfrom" && call.args[4] != 0 {
                    decode::address(tid, call.args[4], length.into())
                } else {
                    None
                };
                (
                    bytes,
                    decode::memory(tid, call.args[1], bytes, decode::KEPT),
                    address,
                    result > bytes,
                )
            }
        };
        if let (Some(address), Some(n)) = (address, call.n)
            && kind == SocketKind::Datagram
            && address != Address::Unnamed
        {
            self.sockets
                .correspondent(n, socket, address, self.trace.next);
        }
        let head = self.kept(head);
        Some(Transfer {
            socket,
            peer: None,
            direction: Direction::Received,
            bytes,
            head,
            cut,
        })
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

    /// Every living thread, of one actor or of all. A first thread that ended before the others is left out: it stays a
    /// zombie until they do. One that is still on its way to its end is not: the last thing that it does may wake
    /// another, who waits for it in `pthread_join`.
    pub(crate) fn threads(&self, actor: Option<usize>) -> Vec<Pid> {
        let goes_on = |process: Pid| {
            self.threads
                .values()
                .any(|thread| thread.process == process && !thread.exiting)
        };
        self.threads
            .iter()
            .filter(|(_, thread)| {
                actor.is_none_or(|actor| self.processes[&thread.process].actor == actor)
            })
            .filter(|(tid, thread)| {
                !thread.exiting
                    || !goes_on(thread.process)
                    || !matches!(procfs::state(**tid), None | Some(b'Z' | b'X'))
            })
            .map(|(tid, _)| *tid)
            .collect()
    }

    /// Whether a thread was stopped by a signal and stays so.
    pub(crate) fn is_stopped(&self, tid: Pid) -> bool {
        self.threads.get(&tid).is_some_and(|thread| thread.stopped)
    }

    /// Whether every one of these threads is in a call, or stopped by a signal: only then can it be that nobody moves.
    pub(crate) fn all_in_calls(&self, threads: &[Pid]) -> bool {
        threads.iter().all(|tid| {
            self.threads.get(tid).is_some_and(|thread| {
                thread.call.is_some() || thread.stopped || unseen_wait(*tid).is_some()
            })
        })
    }

    /// Whether a thread's call may keep it in the state `D`, in which others only pass (a `fork` among them, on a busy
    /// machine).
    pub(crate) fn waits_for_child(&self, tid: Pid) -> bool {
        self.threads
            .get(&tid)
            .and_then(|thread| thread.call.as_ref())
            .is_some_and(|call| call.lent)
    }

    /// Whether something will end a wait without anybody's doing: a timeout, a sleep, a timer.
    pub(crate) fn any_timed(&self, threads: &[Pid]) -> bool {
        let now = Instant::now();
        threads
            .iter()
            .filter_map(|tid| self.threads.get(tid))
            .any(|thread| {
                let timer = self.processes[&thread.process]
                    .timer
                    .is_some_and(|until| until > now);
                timer || thread.call.as_ref().is_some_and(|call| call.timed)
            })
    }

    /// What a process is blocked in, told by one of its threads, the first one by preference.
    pub(crate) fn wait_of(&self, pid: Pid) -> Option<Wait> {
        let mut threads: Vec<_> = self
            .threads
            .iter()
            .filter(|(_, thread)| thread.process == pid)
            .collect();
        threads.sort_by_key(|(tid, _)| (**tid != pid, **tid));
        let process = self.processes.get(&pid)?;
        let wait = |call: &str, n, object, timed| Wait {
            actor: process.actor,
            pid: process.own_pid,
            call: call.to_owned(),
            n,
            object,
            timed,
        };
        threads.into_iter().find_map(|(tid, thread)| {
            if thread.stopped {
                return Some(wait("stopped", 0, None, false));
            }
            let Some(call) = thread.call.as_ref() else {
                let (call, object) = unseen_wait(*tid)?;
                return Some(wait(call, 0, Some(object), false));
            };
            Some(wait(
                call.spec.name,
                call.n.unwrap_or(0),
                call.object.clone(),
                call.timed,
            ))
        })
    }

    /// CPU time of an actor's processes so far, dead and alive, in microseconds.
    pub(crate) fn cpu_us(&self, actor: usize) -> u64 {
        let alive = self
            .processes
            .iter()
            .filter(|(_, process)| process.alive && process.actor == actor);
        self.actors[actor].cpu_us
            + alive
                .filter_map(|(pid, _)| sys::cpu_time_us(*pid))
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

    /// Every socket that a living process has open, once for each: (process, descriptor, socket).
    fn open_sockets(&self) -> Vec<(Pid, i32, usize)> {
        let mut open = Vec::new();
        for (pid, _, _) in self.processes() {
            for (fd, link) in procfs::descriptors(pid) {
                let socket =
                    procfs::inode(&link, "socket").and_then(|inode| self.sockets.find(inode));
                open.extend(socket.map(|socket| (pid, fd, socket)));
            }
        }
        open
    }

    /// Ports that are served now.
    pub(crate) fn ports(&self) -> Vec<LeftPort> {
        let mut served: Vec<usize> = self
            .open_sockets()
            .into_iter()
            .map(|(_, _, socket)| socket)
            .collect();
        served.sort_unstable();
        served.dedup();
        let port = |socket: usize| {
            let socket = self.sockets.get(socket);
            let address = socket
                .local
                .clone()
                .filter(|at| matches!(at, Address::Inet(_)))?;
            let protocol = match socket.kind {
                SocketKind::Stream if socket.listening => Protocol::Tcp,
                SocketKind::Datagram => Protocol::Udp,
                _ => return None,
            };
            Some(LeftPort {
                protocol,
                address,
                actor: Some(socket.actor),
            })
        };
        served.into_iter().filter_map(port).collect()
    }

    /// Whether a TCP socket of a living process has something to send that it has not sent yet, its own connection
    /// request included. More processes than are quickly asked may always have something.
    pub(crate) fn tcp_has_to_send(&self) -> bool {
        // Where processes have inherited one another's descriptors, they are many more than there are sockets, and all
        // of them would be read at every look. The kernel's own table is read faster then, and says it as well.
        if self.host.is_none() && self.processes().len() > MANY_PROCESSES {
            return true;
        }
        let is_tcp = |socket: usize| {
            let socket = self.sockets.get(socket);
            socket.kind == SocketKind::Stream && socket.family != "AF_UNIX" && !socket.listening
        };
        self.open_sockets()
            .into_iter()
            .filter(|(_, _, socket)| is_tcp(*socket))
            .any(|(pid, fd, _)| {
                let handle = sys::pidfd_open(pid).ok();
                // What cannot be asked may have something to send.
                sockets::with_copy(handle.as_ref(), fd, |copy| {
                    copy.is_none_or(sys::tcp_has_to_send)
                })
            })
    }

    /// What the case makes is the host's, and has to be told apart from what others make.
    pub(crate) fn with_host_rules(&mut self, rules: HostRules) {
        self.host = Some(rules);
        self.trace.made = Some(Made::default());
    }

    /// What actors made; of all of their calls where the rules of the host are kept.
    pub(crate) fn made(&self) -> Made {
        let mut made = self.trace.made.clone().unwrap_or_default();
        for call in self.trace.head.iter().chain(&self.trace.tail) {
            made.note(call);
        }
        made
    }

    /// Hands the trace over: calls, how many were dropped between head and tail, the sockets, ends matched, and what was
    /// seen of shared memory.
    pub(crate) fn finish(self) -> (Vec<Call>, u64, Vec<Socket>, Option<Sharing>) {
        let mut calls = self.trace.head;
        let kept = calls.len() + self.trace.tail.len();
        calls.extend(self.trace.tail);
        let dropped = u64::from(self.trace.next - 1) - kept as u64;
        let sockets = self.sockets.settle(&mut calls);
        let sharing = self.shares.then(|| self.accesses.finish());
        (calls, dropped, sockets, sharing)
    }
}

/// Where a call sends something, or connects to.
fn destinations(tid: Pid, spec: &Spec, args: &[u64; 6]) -> Vec<Address> {
    /// Bytes of a `struct mmsghdr`, `sendmmsg(2)`, and how many of them the kernel takes at once.
    const SIZE: u64 = 64;
    const MOST: u64 = 1024;
    let of_message = |at: u64| {
        let (name, length) = decode::Message::read(tid, at)?.name;
        decode::address(tid, name, length)
    };
    let mut all = Vec::new();
    for (at, kind) in spec.args.iter().enumerate() {
        match kind {
            ArgKind::Address => all.extend(decode::address(tid, args[at], args[at + 1])),
            ArgKind::Message => all.extend(of_message(args[at])),
            ArgKind::Messages => {
                let count = (args[at + 1] & 0xffff_ffff).min(MOST);
                all.extend((0..count).filter_map(|n| of_message(args[at] + n * SIZE)));
            }
            _ => {}
        }
    }
    all
}

fn leaves_the_machine(to: &Address) -> bool {
    let Address::Inet(to) = to else { return false };
    let ip = to.ip().to_canonical();
    !ip.is_loopback() && !ip.is_unspecified()
}

/// Whether a call opens a file that must be there already.
fn is_plain_open(spec: &Spec, args: &[u64; 6]) -> bool {
    let flags = match spec.name {
        "open" => args[1],
        "openat" => args[2],
        _ => return false,
    };
    flags & libc::O_CREAT as u64 == 0
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

/// How much of a call the tracer looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attention {
    /// It goes on at once.
    None,
    /// Its exit is awaited, since it may block.
    Exit,
    /// It is recorded.
    Record,
}

fn attention(spec: &Spec, object: Option<&Object>) -> Attention {
    match (spec.role, object) {
        // What is printed is read off the terminal.
        (Role::Send, Some(Object::Standard(1 | 2))) => Attention::None,
        (Role::Send | Role::Receive, Some(Object::Socket(_) | Object::Standard(_))) => {
            Attention::Record
        }
        (Role::Send | Role::Receive, Some(Object::File(_)) | None) => Attention::None,
        (Role::Send | Role::Receive, Some(_)) => Attention::Exit,
        (Role::Plain, object) if spec.name == "close" => match object {
            Some(Object::Socket(_)) => Attention::Record,
            _ => Attention::None,
        },
        (Role::Wait, _) if spec.name.starts_with("futex") => Attention::Exit,
        (Role::Exit, _) => Attention::None,
        _ => Attention::Record,
    }
}

/// A wait in a call that the filter or the tracer lets pass, because it hardly ever is one: opening a FIFO by its name,
/// or reading and writing one that was. The call's name and the FIFO.
fn unseen_wait(tid: Pid) -> Option<(&'static str, Object)> {
    use std::os::unix::fs::FileTypeExt;
    let (number, args) = procfs::current_call(tid)?;
    let spec = calls::spec(number as u64)?;
    let (name, place) = match spec.role {
        Role::File => {
            let at = spec.args.iter().position(|kind| *kind == ArgKind::Path)?;
            let path = absolute(tid, decode::path(tid, args[at])?);
            let place = format!("/proc/{tid}/root{}", path.to_text());
            (path, place)
        }
        Role::Receive | Role::Send => {
            let fd = args[0] as i32;
            let link = procfs::descriptor(tid, fd)?;
            (link.as_str().into(), format!("/proc/{tid}/fd/{fd}"))
        }
        _ => return None,
    };
    let fifo = std::fs::metadata(place).is_ok_and(|found| found.file_type().is_fifo());
    fifo.then_some((spec.name, Object::File(name)))
}

/// The bytes that a call is about to send, as many as are kept.
fn outgoing(tid: Pid, spec: &Spec, args: &[u64; 6]) -> Vec<u8> {
    match spec.name {
        "writev" => decode::gather(
            tid,
            &decode::vectors(tid, args[1], args[2]),
            decode::KEPT as u64,
        ),
        "sendmsg" => decode::Message::read(tid, args[1])
            .map(|message| decode::gather(tid, &message.vectors, decode::KEPT as u64))
            .unwrap_or_default(),
        "sendmmsg" | "sendfile" => Vec::new(),
        _ => decode::memory(tid, args[1], args[2], decode::KEPT),
    }
}

/// `msg_len` of the first `count` entries of an array of `struct mmsghdr`.
fn sum_of_messages(tid: Pid, at: u64, count: u64) -> u64 {
    const ENTRY: u64 = 64;
    (0..count.min(1024))
        .map(|index| {
            let length = decode::memory(tid, at.wrapping_add(ENTRY * index + 56), 4, 4);
            <[u8; 4]>::try_from(length.as_slice())
                .map_or(0, |bytes| u64::from(u32::from_ne_bytes(bytes)))
        })
        .sum()
}

/// A path as seen from the root of the box.
fn absolute(tid: Pid, path: Bytes) -> Bytes {
    if path.0.first() == Some(&b'/') {
        return path;
    }
    use std::os::unix::ffi::OsStrExt;
    let Ok(cwd) = std::fs::read_link(format!("/proc/{tid}/cwd")) else {
        return path;
    };
    Bytes(
        cwd.join(std::ffi::OsStr::from_bytes(&path.0))
            .as_os_str()
            .as_bytes()
            .to_vec(),
    )
}
