//! What processes are in: calls that wait, calls that end by themselves, and those that no stop told of.

use ipclab_evidence::{Object, OpenEnd, Wait};

use super::entry::absolute;
use super::state::Tracer;
use crate::calls::{self, ArgKind, Role};
use crate::decode;
use ipclab_kernel::{Pid, procfs};

impl Tracer {
    /// Every living thread, of one actor or of all. A first thread that ended before the others is left out: it stays a
    /// zombie until they do. One that is still on its way to its end is not: the last thing that it does may wake
    /// another, which waits for it in `pthread_join`.
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

    /// Whether every one of these threads is in a call, or stopped by a signal: only then can it be that nothing moves.
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
            .is_some_and(|call| call.vforked)
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
            other_ends: Vec::new(),
            in_flight: Vec::new(),
            lock: None,
            threads: Vec::new(),
            known_threads: Vec::new(),
            lines: Vec::new(),
        };
        let found = threads.into_iter().find_map(|(tid, thread)| {
            if thread.stopped {
                return Some((*tid, wait("stopped", 0, None, false)));
            }
            let Some(call) = thread.call.as_ref() else {
                let (call, object) = unseen_wait(*tid)?;
                let mut wait = wait(call, 0, Some(object), false);
                if let (Some((_, args)), "read" | "readv") = (procfs::current_call(*tid), call) {
                    wait.other_ends = self.other_ends(*tid, args[0] as i32, true);
                    wait.in_flight = self.in_flight(*tid, args[0] as i32, &wait);
                }
                return Some((*tid, wait));
            };
            let mut wait = wait(
                call.spec.name,
                call.n.unwrap_or(0),
                call.object.clone(),
                call.timed,
            );
            wait.lock = self
                .awaited_lock(*tid, pid, call.spec.name, &call.args)
                .map(Box::new);
            let fd = call.args[0] as i32;
            match (call.spec.role, call.socket) {
                (Role::Receive, Some(socket)) => wait.other_ends = self.pair_ends(pid, socket),
                (Role::Receive, None) => {
                    wait.other_ends = self.other_ends(*tid, fd, true);
                    wait.in_flight = self.in_flight(*tid, fd, &wait);
                }
                (Role::Send, _) => wait.other_ends = self.other_ends(*tid, fd, false),
                _ => {}
            }
            Some((*tid, wait))
        });
        let (tid, wait) = found?;
        // What has a line in the trace says there where it is.
        let lines = match wait.n {
            0 => self.origin(tid, true),
            _ => Vec::new(),
        };
        let threads = self.waits_for_threads(pid);
        let known_threads = match threads.is_empty() {
            true => Vec::new(),
            false => self.known_threads(pid),
        };
        Some(Wait {
            threads,
            known_threads,
            lines,
            ..wait
        })
    }

    /// The other ends of the pipe or FIFO that a descriptor is open on, in all processes of all actors; of anything else there are
    /// none. `reads`: the descriptor is read from.
    fn other_ends(&self, tid: Pid, fd: i32, reads: bool) -> Vec<OpenEnd> {
        let Some(link) = procfs::descriptor(tid, fd).filter(|link| is_pipe(tid, fd, link)) else {
            return Vec::new();
        };
        let mut ends = Vec::new();
        for (pid, actor, _) in self.processes() {
            for (fd, _) in procfs::descriptors(pid)
                .iter()
                .filter(|(_, own)| *own == link)
            {
                let access = procfs::descriptor_flags(pid, *fd).unwrap_or(0) & libc::O_ACCMODE;
                let is_other = match reads {
                    true => access != libc::O_RDONLY,
                    false => access != libc::O_WRONLY,
                };
                if is_other && ends.len() < MAX_ENDS {
                    ends.push(OpenEnd {
                        actor,
                        pid: self.processes[&pid].own_pid,
                        fd: *fd,
                        came_by: self.passings.came_by(pid, *fd, &link),
                    });
                }
            }
        }
        ends
    }

    /// The calls that passed the write end of a pipe that is read from, where no process has that end and the end of file does not
    /// come all the same: it lies in a socket.
    fn in_flight(&self, tid: Pid, fd: i32, wait: &Wait) -> Vec<u32> {
        let link = procfs::descriptor(tid, fd).filter(|_| wait.other_ends.is_empty());
        link.map_or_else(Vec::new, |link| {
            self.passings.write_ends_on_their_way(&link)
        })
    }

    /// Where the other one of a pair of sockets is open, if the process that waits has it open itself: its own copy keeps the end
    /// of file away.
    fn pair_ends(&self, process: Pid, socket: usize) -> Vec<OpenEnd> {
        let Some(other) = self.sockets.get(socket).peer else {
            return Vec::new();
        };
        let mut ends = Vec::new();
        let mut is_own = false;
        for (pid, actor, _) in self.processes() {
            for (fd, link) in procfs::descriptors(pid) {
                let open =
                    procfs::inode(&link, "socket").and_then(|inode| self.sockets.find(inode));
                if open == Some(other) && ends.len() < MAX_ENDS {
                    is_own |= pid == process;
                    ends.push(OpenEnd {
                        actor,
                        pid: self.processes[&pid].own_pid,
                        fd,
                        came_by: self.passings.came_by(pid, fd, &link),
                    });
                }
            }
        }
        ends.retain(|_| is_own);
        ends
    }
}

/// So many open ends are named; a reader of more learns nothing from them.
const MAX_ENDS: usize = 16;

/// Whether a descriptor is open on a pipe, with a name or without.
fn is_pipe(tid: Pid, fd: i32, link: &str) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let named = || {
        let about = std::fs::metadata(format!("/proc/{tid}/fd/{fd}"));
        about.is_ok_and(|found| found.file_type().is_fifo())
    };
    procfs::inode(link, "pipe").is_some() || (link.starts_with('/') && named())
}

/// A wait in a call that the filter or the tracer lets pass, because it hardly ever is one: opening a FIFO by its name,
/// or reading and writing one that was; or reading an event, a timer or a signal. The call's name, and what it is on.
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
            // An event, a timer, a set of signals.
            if link.starts_with("anon_inode:") {
                return Some((spec.name, Object::Other(link)));
            }
            (link.as_str().into(), format!("/proc/{tid}/fd/{fd}"))
        }
        _ => return None,
    };
    let fifo = std::fs::metadata(place).is_ok_and(|found| found.file_type().is_fifo());
    fifo.then_some((spec.name, Object::File(name)))
}
