//! Processes that are not the case's, in the host's own world: a program sends them no signal and changes neither their
//! priority nor their limits.

use std::io;

use ipclab_kernel::arch::registers::Registers;
use ipclab_kernel::{Pid, process, procfs};

use super::state::{Tracer, gone};
use crate::calls::{self, Role, Spec};
use crate::filter::PRIORITIES;

/// `IPC_INFO`, `MSG_STAT`, `MSG_INFO`, `SHM_STAT`, `SHM_INFO`, `SHM_STAT_ANY`, `SEM_STAT`, `SEM_INFO`, `SEM_STAT_ANY`: by an index.
const LOOKS: [i32; 9] = [3, 11, 12, 13, 14, 15, 18, 19, 20];

/// What a call by a process's number is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// One process or thread.
    Task(Pid),
    /// A process group.
    Group(Pid),
    /// All that the caller may reach.
    Everyone,
    /// All processes of a user.
    User,
}

impl Tracer {
    /// What the caller gets instead of its call, where that is about a process which is not the case's, or about all there
    /// are, or would change nothing but a priority. `None`: the call may be made.
    pub(super) fn neighbour_rule(&self, tid: Pid, number: u64, args: &[u64; 6]) -> Option<i64> {
        self.host.as_ref()?;
        let actor = self
            .actor_of(tid)
            .filter(|actor| !self.actors[*actor].trusted)?;
        let signal = args[1] as i32;
        if number == libc::SYS_pidfd_send_signal as u64 {
            return Some(self.signal_by_handle(tid, actor, args[0] as i32, signal));
        }
        for target in targets(number as i64, args)? {
            match target {
                Target::Task(task) if self.is_of_party(task, actor) => {}
                Target::Group(group) if self.is_group_of_party(group, actor) => {}
                Target::Task(task) | Target::Group(task) => return Some(refusal(task)),
                Target::Everyone => return Some(self.signal_party(tid, actor, signal)),
                Target::User => return Some(-i64::from(libc::EPERM)),
            }
        }
        let is_priority = PRIORITIES.contains(&(number as i64));
        let requested = calls::spec(number).is_some_and(|spec| self.is_requested(tid, spec));
        (is_priority && !requested).then_some(0)
    }

    /// Whether a call is about a System V object that is not the case's: one that was there before, or that nothing of the
    /// case has asked for.
    pub(super) fn is_foreign_object(&self, tid: Pid, spec: &Spec, args: &[u64; 6]) -> bool {
        let trusted = |actor: usize| self.actors[actor].trusted;
        let (Some(host), false) = (&self.host, self.actor_of(tid).is_none_or(trusted)) else {
            return false;
        };
        let command = match spec.number {
            libc::SYS_shmctl | libc::SYS_msgctl => args[1],
            libc::SYS_semctl => args[2],
            _ => 0,
        };
        // These count all objects that there are, and tell what /proc/sysvipc does.
        if spec.number != libc::SYS_shmat && LOOKS.contains(&(command as i32)) {
            return false;
        }
        let [foreign, found] = [&host.foreign, &self.found].map(|objects| match spec.role {
            Role::SemControl => &objects.semaphores,
            Role::MsgControl => &objects.queues,
            _ => &objects.segments,
        });
        let id = args[0] as i32;
        // What is no identifier at all is for the kernel to say.
        id >= 0 && (foreign.contains(&id) || !found.contains(&id))
    }

    /// Answers a call at its entry: it is not made.
    ///
    /// # Errors
    /// Its registers cannot be written.
    pub(super) fn answer_at_once(&mut self, tid: Pid, result: i64) -> io::Result<()> {
        let answer = || {
            let mut registers = Registers::read(tid)?;
            registers.skip_call();
            registers.set_result(result);
            registers.write(tid)
        };
        gone(answer())?;
        self.go_on(tid, 0)
    }

    /// Whether a process or thread is of a program that this actor's may reach. A number that was one of theirs, and is
    /// nobody's now, is answered by the kernel; one that has become another process's is not theirs.
    fn is_of_party(&self, task: Pid, actor: usize) -> bool {
        if task == 0 {
            return true;
        }
        if let Some(thread) = self.threads.get(&task) {
            return self.is_party(self.processes[&thread.process].actor, actor);
        }
        let known = self.processes.get(&task);
        known.is_some_and(|process| self.is_party(process.actor, actor))
            && matches!(procfs::state(task), None | Some(b'Z' | b'X'))
    }

    fn is_group_of_party(&self, group: Pid, actor: usize) -> bool {
        // A session is an actor's own, and a group is of one session.
        group == 0
            || self.processes.iter().any(|(pid, process)| {
                process.alive
                    && self.is_party(process.actor, actor)
                    && procfs::group(*pid) == Some(group)
            })
    }

    fn is_party(&self, other: usize, actor: usize) -> bool {
        let (other, actor) = (&self.actors[other], &self.actors[actor]);
        !other.trusted && other.party == actor.party
    }

    /// Sends a signal for the caller: another of its threads could put another handle at this number meanwhile.
    fn signal_by_handle(&self, tid: Pid, actor: usize, fd: i32, signal: i32) -> i64 {
        let errno = match procfs::pidfd_process(tid, fd) {
            None => libc::EBADF,
            Some(pid) if !self.is_of_party(pid, actor) => libc::EPERM,
            Some(pid) => match process::kill(pid, signal) {
                Ok(()) => 0,
                Err(error) => error.raw_os_error().unwrap_or(libc::ESRCH),
            },
        };
        -i64::from(errno)
    }

    /// `kill(-1)`, as it is in a pid namespace of the party's own.
    fn signal_party(&self, tid: Pid, actor: usize, signal: i32) -> i64 {
        let own = self.threads.get(&tid).map(|thread| thread.process);
        let mut result = -i64::from(libc::ESRCH);
        for (pid, process) in &self.processes {
            if process.alive
                && Some(*pid) != own
                && self.is_party(process.actor, actor)
                && process::kill(*pid, signal).is_ok()
            {
                result = 0;
            }
        }
        result
    }
}

/// What the kernel says of a process that the caller has no rights on, or that there is not.
fn refusal(task: Pid) -> i64 {
    -i64::from(match procfs::state(task) {
        Some(_) => libc::EPERM,
        None => libc::ESRCH,
    })
}

/// Which processes a call is about; `None`: it is no such call.
fn targets(number: i64, args: &[u64; 6]) -> Option<Vec<Target>> {
    let task = |at: usize| Target::Task(args[at] as i32);
    let group = |pid: i32| match pid {
        -1 => Target::Everyone,
        ..=-2 => Target::Group(-pid),
        0.. => Target::Task(pid),
    };
    Some(match number {
        libc::SYS_kill => vec![group(args[0] as i32)],
        libc::SYS_tkill
        | libc::SYS_rt_sigqueueinfo
        | libc::SYS_prlimit64
        | libc::SYS_sched_setscheduler
        | libc::SYS_sched_setparam
        | libc::SYS_sched_setattr => vec![task(0)],
        libc::SYS_tgkill | libc::SYS_rt_tgsigqueueinfo => vec![task(0), task(1)],
        // By process, by group, by user: setpriority(2) counts them from 0, ioprio_set(2) from 1.
        libc::SYS_setpriority | libc::SYS_ioprio_set => {
            let first = i64::from(number == libc::SYS_ioprio_set);
            vec![match args[0] as i32 as i64 - first {
                0 => task(1),
                1 => Target::Group(args[1] as i32),
                _ => Target::User,
            }]
        }
        libc::SYS_fcntl if args[1] as i32 == libc::F_SETOWN => match args[2] as i32 {
            -1 => vec![Target::User],
            pid => vec![group(pid)],
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Target, targets};

    #[test]
    fn calls_name_their_targets() {
        let check = |number: i64, args: [i64; 3], expected: Option<Vec<Target>>| {
            let [a, b, c] = args.map(|arg| arg as u64);
            assert_eq!(
                targets(number, &[a, b, c, 0, 0, 0]),
                expected,
                "{number} {args:?}"
            );
        };
        check(libc::SYS_kill, [-1, 9, 0], Some(vec![Target::Everyone]));
        check(libc::SYS_kill, [-77, 9, 0], Some(vec![Target::Group(77)]));
        check(libc::SYS_kill, [0, 9, 0], Some(vec![Target::Task(0)]));
        check(
            libc::SYS_setpriority,
            [0, 5, 1],
            Some(vec![Target::Task(5)]),
        );
        check(libc::SYS_setpriority, [2, 0, 1], Some(vec![Target::User]));
        check(libc::SYS_ioprio_set, [1, 5, 1], Some(vec![Target::Task(5)]));
        check(libc::SYS_ioprio_set, [3, 5, 1], Some(vec![Target::User]));
        check(
            libc::SYS_fcntl,
            [4, libc::F_SETOWN.into(), -9],
            Some(vec![Target::Group(9)]),
        );
        check(libc::SYS_fcntl, [4, libc::F_GETFD.into(), 9], None);
        check(libc::SYS_read, [1, 0, 0], None);
    }
}
