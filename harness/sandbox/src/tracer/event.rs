//! What a wait status says of a tracee, `ptrace(2)`.

/// What has happened to a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It has ended.
    Dead,
    /// It is about to make a call that the filter stops at.
    CallEntry,
    /// A call has returned.
    CallExit,
    /// It has made a process or a thread.
    NewTask {
        /// By `vfork(2)`: it goes on only when the child has ended or started a program.
        vfork: bool,
    },
    /// It has started a program.
    Exec,
    /// It is on its way out: it will run no more code of its own.
    Exiting,
    /// A stop signal has stopped all of its process.
    GroupStop,
    /// It has stopped without a signal: a new one at its first stop, or one that goes on after a group stop.
    Stopped,
    /// A signal is about to be delivered to it.
    Signal(i32),
}

/// What `PTRACE_O_TRACESYSGOOD` adds to `SIGTRAP` at a call's exit.
const SYSCALL_TRAP: i32 = libc::SIGTRAP | 0x80;

impl Event {
    /// Reads a status as `wait(2)` gives it.
    pub(super) fn from_status(status: i32) -> Self {
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            return Self::Dead;
        }
        match (status >> 16, libc::WSTOPSIG(status)) {
            (libc::PTRACE_EVENT_SECCOMP, _) => Self::CallEntry,
            (libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_CLONE, _) => {
                Self::NewTask { vfork: false }
            }
            (libc::PTRACE_EVENT_VFORK, _) => Self::NewTask { vfork: true },
            (libc::PTRACE_EVENT_EXEC, _) => Self::Exec,
            (libc::PTRACE_EVENT_EXIT, _) => Self::Exiting,
            (libc::PTRACE_EVENT_STOP, signal) if signal != libc::SIGTRAP => Self::GroupStop,
            (0, SYSCALL_TRAP) => Self::CallExit,
            (0, signal) => Self::Signal(signal),
            _ => Self::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_one_event() {
        let stopped = |event: i32, signal: i32| event << 16 | signal << 8 | 0x7f;
        for (status, expected) in [
            (0, Event::Dead),
            (3 << 8, Event::Dead),
            (libc::SIGKILL, Event::Dead),
            (libc::SIGSEGV | 0x80, Event::Dead),
            (
                stopped(libc::PTRACE_EVENT_SECCOMP, libc::SIGTRAP),
                Event::CallEntry,
            ),
            (stopped(0, libc::SIGTRAP | 0x80), Event::CallExit),
            (
                stopped(libc::PTRACE_EVENT_FORK, libc::SIGTRAP),
                Event::NewTask { vfork: false },
            ),
            (
                stopped(libc::PTRACE_EVENT_CLONE, libc::SIGTRAP),
                Event::NewTask { vfork: false },
            ),
            (
                stopped(libc::PTRACE_EVENT_VFORK, libc::SIGTRAP),
                Event::NewTask { vfork: true },
            ),
            (stopped(libc::PTRACE_EVENT_EXEC, libc::SIGTRAP), Event::Exec),
            (
                stopped(libc::PTRACE_EVENT_EXIT, libc::SIGTRAP),
                Event::Exiting,
            ),
            (
                stopped(libc::PTRACE_EVENT_STOP, libc::SIGTRAP),
                Event::Stopped,
            ),
            (
                stopped(libc::PTRACE_EVENT_STOP, libc::SIGTSTP),
                Event::GroupStop,
            ),
            (stopped(0, libc::SIGTRAP), Event::Signal(libc::SIGTRAP)),
            (stopped(0, libc::SIGSEGV), Event::Signal(libc::SIGSEGV)),
        ] {
            assert_eq!(Event::from_status(status), expected, "{status:#x}");
        }
    }
}
