//! What the tracer knows: actors, processes, threads, and the calls that they are in.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use ipclab_evidence::{
    Bytes, Call, Endpoint, LimitKind, Limits, Object, OpenDescriptor, Plan, Refusal, Run,
    SeenObjects, Served, Sharing, Socket, SourceLine, TimePassed,
};

use super::code_map::{CodeMap, Origins};
use super::followed::{Followed, Functions};
use super::in_progress::{
    Addressed, Beginning, Compared, Held, InSockets, InStead, Masks, Placed, Reached, Restart,
    Series, TimedWait,
};
use super::lending::Lending;
use super::locked_files::FileLocks;
use super::mapped_objects::MappedObjects;
use super::sanitizer_options;
use super::segments::{Attachment, PendingWrite};
use super::shared_by_threads::{InLibrary, ThreadMemory};
use super::trace::Trace;
use super::tree::Tree;
use crate::accesses::Accesses;
use crate::calls::Spec;
use crate::chaos::Chaos;
use crate::clock::time::CaseClock;
use crate::clock::timers::Timers;
use crate::created::Created;
use crate::disk_waits::DiskWaits;
use crate::fault::{Faults, Pending};
use crate::mapped::OfProcess;
use crate::measures::{LeftOut, Measure};
use crate::passings::Passings;
use crate::reaper::NUMBERS_MAX;
use crate::schedule::Schedule;
use crate::sockets::Sockets;
use crate::yielding::Yielding;
use ipclab_kernel::arch::{self, registers::Registers};
use ipclab_kernel::{Pid, procfs, wait::Waited};

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
pub(super) struct Thread {
    pub(super) process: Pid,
    pub(super) call: Option<InCall>,
    /// A call that a signal has interrupted, and with which the kernel goes on under another number.
    pub(super) interrupted: Option<InCall>,
    /// Stopped by a signal, and staying so.
    pub(super) stopped: bool,
    /// On its way out: it will run no more code of its own.
    pub(super) exiting: bool,
    /// The last call that returned, and how.
    pub(super) last: Option<(&'static str, i64)>,
    /// The call that it is in, if all that is guarded was opened for it.
    pub(super) opened: Option<arch::Call>,
    /// That was closed again while it sleeps there: the kernel may not reach there on its behalf.
    pub(super) shut: bool,
    /// It is sent back to the entry of the call that it is in.
    pub(super) again: bool,
    /// The registers with which it entered a call that it skips until all of that is opened.
    pub(super) skipped_call: Option<Box<Registers>>,
    /// The registers with which it entered a call that it comes to again after a signal's handler.
    pub(super) handled_first: Option<Box<Registers>>,
    /// It makes a call on many messages, one after the other.
    pub(super) series: Option<Series>,
    /// What that call may reach in them.
    pub(super) reached: Vec<Reached>,
    /// What it may write there of which it is not known beforehand.
    pub(super) compared: Compared,
    /// At the exit of its call it closes what is open to another thread of its process.
    pub(super) closes: bool,
    /// It is in this call, whose exit is awaited to see what came of it.
    pub(super) observed: Option<arch::Call>,
    /// It is at the entry of a call, and waits for a step of its own.
    pub(super) at_point: bool,
    /// It is about to write to a segment, and waits for its turn.
    pub(super) pending_write: Option<PendingWrite>,
    /// The time of its wait is up: it is on its way to the exit of its call.
    pub(super) expiring: bool,
    /// Its wait was interrupted, and is begun again unless a handler runs.
    pub(super) restart: Option<Restart>,
    /// How often in a row it has slept and done nothing else.
    pub(super) barren_sleeps: u32,
    /// How often it has stopped.
    pub(super) stops: u64,
    /// The call that made it, by number.
    pub(super) made_by: Option<u32>,
    /// Where the kernel puts 0 when it ends.
    pub(super) ends_at: u64,
    /// Handlers of signals that it is in, the innermost last, where they are followed.
    pub(super) followed: Vec<Followed>,
    /// It stands at the exit of a call that waited with a mask of its own.
    pub(super) masks: Option<Masks>,
    /// The call of a library in which it made its last access to what threads share.
    pub(super) in_library: InLibrary,
    /// It is a sanitizer's own, and no thread of the program's.
    pub(super) in_background: bool,
}

/// A call between its entry and its exit.
#[derive(Clone, Debug)]
pub(super) struct InCall {
    pub(super) spec: &'static Spec,
    pub(super) args: [u64; 6],
    /// Its number in the trace, when it is recorded.
    pub(super) n: Option<u32>,
    pub(super) object: Option<Object>,
    pub(super) socket: Option<usize>,
    /// The FIFO that it writes or reads, by device and inode, where the plan asks for it.
    pub(super) fifo: Option<(u64, u64)>,
    /// What it is about to send, where its memory is a witness.
    pub(super) outgoing: Vec<u8>,
    /// The tracer receives in its stead.
    pub(super) instead: Option<InStead>,
    /// The address that was chosen for the segment that it attaches.
    pub(super) placed: Option<Placed>,
    /// The tracer has made it in the program's stead, since it names an address.
    pub(super) addressed: Option<Addressed>,
    /// It is one of a series.
    pub(super) of_series: bool,
    /// It ends by itself after a time.
    pub(super) timed: bool,
    /// That time, where the case's clock keeps it.
    pub(super) wait: Option<TimedWait>,
    /// It has made a child that has the caller's memory until it ends or starts a program, `vfork(2)`.
    pub(super) vforked: bool,
    pub(super) tampered: Option<Pending>,
    /// Which of its actor's calls it is, from 1.
    pub(super) of_actor: u64,
}

/// A process of an actor, dead ones included: objects that outlive it carry its number.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) actor: usize,
    pub(super) own_pid: u32,
    pub(super) name: String,
    pub(super) first: bool,
    pub(super) alive: bool,
    pub(super) handle: Option<OwnedFd>,
    /// Its alarm has gone off, and the signal is on its way.
    pub(super) alarm_fired: bool,
    /// It has the memory of the process that made it until it starts a program, `vfork(2)`.
    pub(super) borrows: bool,
    /// Where it has attached which segment.
    pub(super) attached: HashMap<u64, i32>,
    /// Of these, what is closed to it, so that each access is seen.
    pub(super) guarded: Vec<Attachment>,
    /// That is open at present, for a call of one of its threads.
    pub(super) open: bool,
    /// The memory that its threads share.
    pub(super) thread_memory: ThreadMemory,
    /// By how much its end changes semaphores back: of which set, and which of it.
    pub(super) gives_back: HashMap<(i32, u16), i64>,
    /// The last signal that was delivered to it, and the call that it came in.
    pub(super) signalled: Option<(i32, Option<&'static str>)>,
    /// The call that the signal it died of came in.
    pub(super) died_in: Option<&'static str>,
    /// Where its program begins, while its loader is at work, if that makes calls that the plan asks for.
    pub(super) beginning: Option<Beginning>,
    /// What lines of it are found with.
    pub(super) code: CodeMap,
    /// The last signal that its own mistake brought, and where.
    pub(super) crashed_at: Option<(i32, Vec<SourceLine>)>,
    /// Functions that its handlers must not call, once one has been followed.
    pub(super) functions: Option<Rc<Functions>>,
    /// The thread that is being made in it is a sanitizer's own.
    pub(super) begins_background: bool,
    /// What it has mapped, where the plan asks for that.
    pub(super) mapped: OfProcess,
}

/// What the tracer does in the host's own world beyond tracing.
#[derive(Debug)]
pub(crate) struct HostRules {
    /// Files whose place is taken by another when an actor opens them.
    pub(crate) redirects: Vec<(Vec<u8>, PathBuf)>,
    /// Nothing but the tracer keeps actors from the terminals of others.
    pub(crate) watches_terminals: bool,
    /// System V objects that were there before the case.
    pub(crate) foreign: Objects,
    /// System V objects that the case begins with: they are its own, though no program of it has asked for them.
    pub(crate) given: Objects,
    /// Files whose locks the plan asks about: as it names them, and where they are here.
    pub(crate) locked: Vec<(PathBuf, PathBuf)>,
    /// The same of files of which it asks whether they are mapped.
    pub(crate) mapped: Vec<(PathBuf, PathBuf)>,
}

/// What the tracer hands over in the end.
pub(crate) struct TracerEvidence {
    pub(crate) calls: Vec<Call>,
    /// How many calls of each actor were not kept.
    pub(crate) dropped: Vec<u64>,
    /// Ends matched.
    pub(crate) sockets: Vec<Socket>,
    /// What was seen of shared memory.
    pub(crate) sharing: Option<Sharing>,
    /// Processes, and what they had open.
    pub(crate) objects: SeenObjects,
}

/// Identifiers of System V objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    pub(crate) segments: HashSet<i32>,
    pub(crate) semaphores: HashSet<i32>,
    pub(crate) queues: HashSet<i32>,
}

/// What the tracer knows of an actor.
#[derive(Debug)]
pub(crate) struct TracedActor {
    pub(super) name: String,
    pub(super) ready_at: Option<Endpoint>,
    /// Its program has started.
    pub(crate) started: bool,
    /// What its start is awaited for has happened.
    pub(crate) ready: bool,
    /// Where that is, when it is a socket.
    pub(super) served: Option<Served>,
    /// The folder in which its program started.
    pub(super) start_folder: Option<PathBuf>,
    pub(super) links: [Option<String>; 3],
    /// Calls that are recorded beyond those that always are.
    pub(super) watched: Vec<String>,
    /// It is looked what its processes have mapped.
    pub(super) maps: bool,
    /// The submission that its program is of.
    pub(super) party: u32,
    /// Its memory is a witness: no student wrote its program, and none can write there.
    pub(super) trusted: bool,
    /// It is scripted, and this is its control socket.
    pub(super) control: Option<String>,
    pub(super) scripted: bool,
    /// TracedActor calls.
    pub(crate) calls: u64,
    /// A sanitizer's runtime in it began a report.
    pub(crate) report_begun: bool,
    /// Files whose code it ran and that were made during the case.
    pub(crate) made_code: Vec<Bytes>,
    /// The options for sanitizers that the plan gave it.
    pub(super) options: Vec<Vec<u8>>,
    /// It started a program with others.
    pub(crate) other_options: bool,
    /// Those of them that are operations on semaphores.
    pub(crate) semaphore_calls: u64,
    /// Files of any kind that it made.
    pub(crate) files: u64,
    /// FIFOs that it made.
    pub(crate) fifos: u64,
    /// Accesses to segments that were seen.
    pub(crate) accesses: u64,
    /// Processes and threads made.
    pub(crate) process_count: u32,
    /// Processes and threads that the kernel refused it.
    pub(super) refused_forks: u32,
    /// Calls that the filter has refused it.
    pub(crate) refused: Vec<Refusal>,
    /// CPU time of its dead processes in microseconds.
    pub(super) cpu_us: u64,
    /// Largest resident set so far in KiB.
    pub(crate) rss_max_kib: u64,
    /// What its first process had open when it exited by itself.
    pub(crate) open_at_exit: Vec<OpenDescriptor>,
    /// The call that its first process died in.
    pub(crate) died_in: Option<&'static str>,
    /// In which lines it did what it did.
    pub(crate) origins: Origins,
}

impl TracedActor {
    /// Whether these are more calls than it may make. Processes that take turns make an operation on a semaphore before and
    /// after each step of their work: of those it may make more.
    pub(crate) fn makes_more_than(&self, calls: u64) -> bool {
        const SEMAPHORE_FACTOR: u64 = 10;
        self.calls - self.semaphore_calls > calls || self.semaphore_calls > calls * SEMAPHORE_FACTOR
    }
}

/// So many processes the kernel refuses an actor before it is stopped: more than any crowd of clients asks for, and one that
/// still goes on asking does nothing else any more.
pub(super) const MAX_REFUSED_FORKS: u32 = 1_000;

/// `ERESTART_RESTARTBLOCK`: unless a handler runs first, the kernel goes on with the call as restart_syscall(2).
pub(super) const ERESTART_RESTARTBLOCK: i64 = -516;

/// So many processes are asked what their sockets have to send; of more than that the kernel's table tells.
pub(super) const MAX_PROCESSES_ASKED: usize = 8;

/// The tracer of one case.
#[derive(Debug)]
pub(crate) struct Tracer {
    pub(super) threads: HashMap<Pid, Thread>,
    pub(super) processes: HashMap<Pid, Process>,
    /// Children whose first stop came before their parent's event, and that were taken in without it: it may never
    /// come, when the thread that made them is killed at that very moment (by an exec in another thread, say).
    pub(super) early_children: HashSet<Pid>,
    /// New children that are to wait for ever, once they have come to their first stop.
    pub(super) parked_children: HashSet<Pid>,
    pub(super) chaos: Chaos,
    pub(super) yielding: Yielding,
    pub(super) schedule: Schedule,
    /// Processor time that the thread whose turn it is had used before it.
    pub(super) turn_began_us: u64,
    /// The number by which our own calls pass the filter, where every call stops.
    pub(crate) filter_pass: u32,
    /// Who goes on beside the others: a turn that would not end.
    pub(super) overrunning: HashSet<Pid>,
    pub(super) accesses: Accesses,
    /// Turns are, or were, taken.
    pub(super) shares: bool,
    /// Wait statuses that a remote call came across, still to be dispatched.
    pub(super) deferred: VecDeque<Waited>,
    /// One for each actor of the plan.
    pub(crate) actors: Vec<TracedActor>,
    pub(super) trace: Trace,
    pub(super) tree: Tree,
    pub(super) sockets: Sockets,
    /// What crosses FIFOs is asked for.
    pub(super) watches_fifos: bool,
    pub(super) file_locks: FileLocks,
    pub(super) mapped_objects: MappedObjects,
    pub(super) passings: Passings,
    pub(super) faults: Faults,
    /// What went wrong on our side.
    pub(crate) trouble: Vec<String>,
    pub(super) began: Instant,
    /// The machine's time when the first program of the case had started: all that is shown to programs was there by then.
    pub(super) shown_at: Option<SystemTime>,
    pub(super) clock: CaseClock,
    pub(super) timers: Timers,
    /// Time in this case is the case's clock's; else the machine's.
    pub(super) owns_clock: bool,
    /// What the case lacks; nothing but in a benchmark.
    pub(crate) left_out: LeftOut,
    /// How often in a row time has passed and nothing came of it.
    pub(super) barren_jumps: u32,
    /// From when on a case has lasted for longer than most do.
    pub(super) long_case: Duration,
    /// How often threads that have ended since had waited for the disk.
    pub(super) ended_disk_waits: DiskWaits,
    /// When time passed, and how much.
    pub(crate) passed: Vec<TimePassed>,
    /// What is done beyond tracing in the host's own world.
    pub(crate) host: Option<HostRules>,
    /// Processes and threads that an actor may have at once.
    pub(super) most_threads: u64,
    /// Address space that a process may have in KiB, 0 for any, and descriptors.
    pub(super) most_memory_kib: u64,
    pub(super) most_open: u64,
    /// An actor that has more, and how many would have been allowed.
    pub(crate) over_process_limit: Option<(usize, u64)>,
    /// The pipes of all actors.
    pub(super) pipes: PipeCount,
    /// What was mapped for sharing.
    pub(super) held: Vec<Held>,
    /// What was sent and not received.
    pub(super) in_sockets: InSockets,
    /// Memory that is shared and no segment, in the order in which it was seen: inode and path.
    pub(super) mapped_memory: Vec<(u64, Vec<u8>)>,
    /// The number of the next memory that threads of one process share.
    pub(super) private_numbers: i32,
    /// Segments whose last page is filled behind their end.
    pub(super) filled: HashSet<i32>,
    /// An actor that did what none may, and what.
    pub(crate) forbidden: Option<(usize, LimitKind)>,
    /// Processes and threads that were made in all; each has taken a number. Those of a build may be there twice.
    pub(super) numbers_taken: u32,
    pub(super) most_numbers: u32,
    /// Ports that sockets of this case were bound to.
    pub(super) ports: HashSet<u16>,
    /// System V objects that actors have asked for by their keys.
    pub(super) found: Objects,
    /// Files that were made in the host's world, by the names that the kernel has for them, and message queues.
    pub(super) made: HashSet<PathBuf>,
    pub(super) made_queues: HashSet<Vec<u8>>,
    /// Files of Unix sockets that were bound in this case: device and inode.
    pub(super) unix_files: HashSet<(u64, u64)>,
    /// Where tracees send copies of their descriptors; `None`: the kernel lets us fetch them.
    pub(super) lending: Option<Lending>,
    /// The case is over, and every process is being ended. What still crosses is chance: a server may answer a client whose
    /// end came first, or not.
    pub(crate) winding_down: bool,
    /// Grows with every event: two values tell whether anything happened between.
    pub(crate) event_count: u64,
}

pub(super) fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other,
    }
}

/// What is known of a box's pipes.
#[derive(Debug, Default)]
pub(super) struct PipeCount {
    /// How many there were when they were counted.
    pub(super) counted: u64,
    /// How many were made since then, at the most.
    pub(super) since: u64,
}

impl Tracer {
    /// The process that a thread belongs to.
    pub(super) fn process_of(&self, tid: Pid) -> Option<&Process> {
        self.processes.get(&self.threads.get(&tid)?.process)
    }

    pub(super) fn process_of_mut(&mut self, tid: Pid) -> Option<&mut Process> {
        self.processes.get_mut(&self.threads.get(&tid)?.process)
    }

    pub(crate) fn new(plan: &Plan, limits: &Limits, left_out: LeftOut) -> Self {
        let actors = plan.actors.iter().map(|actor| TracedActor {
            name: actor.name.clone(),
            ready_at: actor.ready.clone(),
            started: false,
            ready: false,
            served: None,
            start_folder: None,
            links: [None, None, None],
            watched: actor.watched.clone(),
            maps: actor.maps,
            party: actor.party,
            trusted: actor.trusted,
            control: None,
            scripted: matches!(actor.run, Run::Script { .. }),
            calls: 0,
            semaphore_calls: 0,
            report_begun: false,
            made_code: Vec::new(),
            options: sanitizer_options::options_of(&actor.run),
            other_options: false,
            files: 0,
            fifos: 0,
            accesses: 0,
            process_count: 0,
            refused_forks: 0,
            refused: Vec::new(),
            cpu_us: 0,
            rss_max_kib: 0,
            open_at_exit: Vec::new(),
            died_in: None,
            origins: Origins::new(actor.lines.clone()),
        });
        let here = |path: &PathBuf| (path.clone(), path.clone());
        Self {
            threads: HashMap::new(),
            processes: HashMap::new(),
            early_children: HashSet::new(),
            parked_children: HashSet::new(),
            // Who takes turns has no need of luck.
            chaos: Chaos::new(plan.chaos.filter(|_| plan.turns.is_none())),
            yielding: Yielding::new(plan),
            schedule: Schedule::new(plan.turns.clone()),
            turn_began_us: 0,
            filter_pass: RandomState::new().build_hasher().finish() as u32,
            overrunning: HashSet::new(),
            accesses: Accesses::default(),
            shares: plan.turns.is_some(),
            deferred: VecDeque::new(),
            actors: actors.collect(),
            trace: Trace::new(limits.calls_kept, plan.actors.len()),
            tree: Tree::new(plan),
            sockets: Sockets::default(),
            watches_fifos: plan.objects.fifos,
            file_locks: FileLocks::new(plan.objects.locked.iter().map(here)),
            mapped_objects: MappedObjects::new(plan.objects.mapped.iter().map(here)),
            passings: Passings::default(),
            faults: Faults::new(&plan.tampers),
            trouble: Vec::new(),
            began: Instant::now(),
            shown_at: None,
            clock: CaseClock::start(),
            timers: Timers::default(),
            owns_clock: plan.traced && !left_out.lacks(Measure::Clock),
            left_out,
            barren_jumps: 0,
            long_case: Duration::from_millis(limits.wall_ms),
            ended_disk_waits: DiskWaits::default(),
            passed: Vec::new(),
            winding_down: false,
            event_count: 0,
            host: None,
            most_threads: limits.processes,
            most_memory_kib: limits.address_space_mib().unwrap_or(0) << 10,
            most_open: limits.open_files,
            over_process_limit: None,
            pipes: PipeCount::default(),
            held: Vec::new(),
            in_sockets: InSockets::default(),
            mapped_memory: Vec::new(),
            private_numbers: i32::MIN,
            filled: HashSet::new(),
            forbidden: None,
            numbers_taken: 0,
            most_numbers: if plan.traced { NUMBERS_MAX } else { u32::MAX },
            ports: HashSet::new(),
            found: Objects::default(),
            made: HashSet::new(),
            made_queues: HashSet::new(),
            unix_files: HashSet::new(),
            lending: Lending::open_if_needed(),
        }
    }

    /// Time since the case began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The time since the case began, in microseconds, as the trace has it: the case's own, so that it is the same every time.
    pub(crate) fn at_us(&self) -> u64 {
        let at = match self.owns_clock {
            true => self.clock.now(),
            false => self.elapsed(),
        };
        u64::try_from(at.as_micros()).unwrap_or(u64::MAX)
    }

    /// Takes in an actor's first process, which has been attached to and has not yet run anything of its own.
    pub(crate) fn adopt(&mut self, actor: usize, pid: Pid) {
        self.add(pid, actor, true);
    }

    /// The number by which an actor's process knows itself.
    pub(crate) fn own_pid(&self, pid: Pid) -> Option<u32> {
        self.processes.get(&pid).map(|process| process.own_pid)
    }

    pub(super) fn add(&mut self, tid: Pid, actor: usize, first: bool) {
        self.actors[actor].process_count += 1;
        self.numbers_taken += 1;
        if self.numbers_taken > self.most_numbers {
            self.over_process_limit = Some((actor, self.most_numbers.into()));
        }
        let place = procfs::identity(tid);
        let process = place.as_ref().map_or(tid, |place| place.tgid);
        self.processes.entry(process).or_insert_with(|| Process {
            actor,
            own_pid: place.as_ref().map_or(process as u32, |place| place.own_pid),
            name: place.map(|place| place.name).unwrap_or_default(),
            first,
            alive: true,
            handle: None,
            alarm_fired: false,
            borrows: false,
            attached: HashMap::new(),
            gives_back: HashMap::new(),
            guarded: Vec::new(),
            open: false,
            thread_memory: ThreadMemory::default(),
            signalled: None,
            died_in: None,
            beginning: None,
            code: CodeMap::default(),
            crashed_at: None,
            functions: None,
            begins_background: false,
            mapped: OfProcess::default(),
        });
        let in_background = self
            .processes
            .get_mut(&process)
            .is_some_and(|process| std::mem::take(&mut process.begins_background));
        if process == tid {
            self.tree_born(tid, actor, self.processes[&tid].own_pid);
        } else if !in_background {
            self.tree_thread(process);
        }
        self.threads.insert(
            tid,
            Thread {
                process,
                call: None,
                interrupted: None,
                stopped: false,
                exiting: false,
                last: None,
                opened: None,
                shut: false,
                again: false,
                series: None,
                reached: Vec::new(),
                compared: Compared::default(),
                closes: false,
                observed: None,
                at_point: false,
                pending_write: None,
                skipped_call: None,
                handled_first: None,
                expiring: false,
                restart: None,
                barren_sleeps: 0,
                stops: 0,
                made_by: None,
                ends_at: 0,
                followed: Vec::new(),
                masks: None,
                in_library: InLibrary::default(),
                in_background,
            },
        );
        let own_pid = self.processes[&process].own_pid;
        self.schedule.added(tid, actor, own_pid);
        self.accesses.born(tid);
    }

    /// What the case makes is the host's, and has to be told apart from what others make.
    pub(crate) fn with_host_rules(&mut self, mut rules: HostRules) {
        self.file_locks = FileLocks::new(std::mem::take(&mut rules.locked));
        self.mapped_objects = MappedObjects::new(std::mem::take(&mut rules.mapped));
        self.found = std::mem::take(&mut rules.given);
        self.host = Some(rules);
        self.trace.record_created();
    }

    /// What actors made; of all of their calls where the rules of the host are kept.
    pub(crate) fn created(&self) -> Created {
        let mut created = self.trace.created();
        created.resolved.clone_from(&self.made);
        created.posix_queues.clone_from(&self.made_queues);
        created
    }

    /// Hands over what was seen.
    pub(crate) fn finish(mut self) -> TracerEvidence {
        self.tell_mappings();
        let (mut calls, dropped) = self.trace.finish();
        let trusted: Vec<bool> = self.actors.iter().map(|actor| actor.trusted).collect();
        let sockets = self.sockets.settle(&mut calls, &trusted);
        let mut sharing = self.shares.then(|| self.accesses.finish());
        if let Some(sharing) = &mut sharing {
            sharing.steps = self.schedule.finish();
            sharing.tampered = self.faults.stores();
        }
        TracerEvidence {
            calls,
            dropped,
            sockets,
            sharing,
            objects: SeenObjects {
                accesses: self.file_locks.seen,
                passed: self.passings.finish(),
                ..self.tree.finish()
            },
        }
    }
}
