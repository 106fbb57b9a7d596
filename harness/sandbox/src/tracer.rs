//! The tracer: one wait status in, one state change out.
//!
//! It follows every process and thread of every actor, decodes the calls that the filter stops at, and knows at any
//! moment who is in which call. `ESRCH` can come from any request, since a tracee may be killed at any time: its death
//! is then told by the next wait status.
//!
//! A call's two stops are in `entry` and `exit`, lives of processes in `processes`, what descriptors are open on in
//! `objects`, what they wait for in `waits`; `turns` is there only where processes take turns.

mod entry;
mod exit;
mod objects;
mod processes;
mod trace;
mod turns;
mod waits;

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use ipclab_evidence::{Call, Endpoint, Limits, Object, OpenDescriptor, Plan, Run, Sharing, Socket};

use trace::Trace;

use crate::accesses::Accesses;
use crate::calls::Spec;
use crate::chaos::{Chaos, Side};
use crate::made::Made;
use crate::order::Turns;
use crate::shared::HostRules;
use crate::sockets::Sockets;
use crate::tamper::{self, Pending, Tampers};
use ipclab_kernel::{Pid, process, procfs, ptrace, ptrace::Resume, wait::Waited};

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

/// So many processes the kernel refuses an actor before it is stopped: more than any crowd of clients asks for, and who still
/// goes on asking does nothing else any more.
const REFUSED_FORKS: u32 = 1_000;

/// `ERESTART_RESTARTBLOCK`: unless a handler runs first, the kernel goes on with the call as restart_syscall(2).
const GOES_ON: i64 = -516;

/// So many processes are asked what their sockets have to send; of more than that the kernel's table tells.
const MANY_PROCESSES: usize = 8;

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
            trace: Trace::new(limits.calls_kept),
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
        let place = procfs::identity(tid);
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
                let _ = process::kill(pid, libc::SIGKILL);
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
                gone(ptrace::resume(pid, Resume::Run, 0)).map(|()| notice)
            }
            libc::PTRACE_EVENT_STOP if signal != libc::SIGTRAP => {
                // A group stop: it stays stopped, and SIGCONT or SIGKILL is still told.
                if let Some(thread) = self.threads.get_mut(&pid) {
                    thread.stopped = true;
                }
                if self.turns.is_turn_of(pid) {
                    self.turns.free();
                }
                gone(ptrace::resume(pid, Resume::Listen, 0)).map(|()| None)
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
        gone(ptrace::resume(tid, how, signal))
    }

    /// What the case makes is the host's, and has to be told apart from what others make.
    pub(crate) fn with_host_rules(&mut self, rules: HostRules) {
        self.host = Some(rules);
        self.trace.note_what_is_made();
    }

    /// What actors made; of all of their calls where the rules of the host are kept.
    pub(crate) fn made(&self) -> Made {
        self.trace.made()
    }

    /// Hands the trace over: calls, how many were dropped between head and tail, the sockets, ends matched, and what was
    /// seen of shared memory.
    pub(crate) fn finish(self) -> (Vec<Call>, u64, Vec<Socket>, Option<Sharing>) {
        let (mut calls, dropped) = self.trace.finish();
        let sockets = self.sockets.settle(&mut calls);
        let sharing = self.shares.then(|| self.accesses.finish());
        (calls, dropped, sockets, sharing)
    }
}
