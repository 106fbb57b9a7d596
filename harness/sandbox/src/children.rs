//! What calls that wait for children tell their callers, `wait(2)`.

use ipclab_kernel::Pid;

use crate::decode;

/// What was told of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waited {
    /// As its parent sees it.
    pub(crate) pid: u32,
    /// What became of it; `None`: the caller did not want to know.
    pub(crate) end: Option<ChildEnd>,
}

/// What became of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildEnd {
    /// It exited with this status.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
    /// It was stopped, or goes on.
    Lives,
}

/// What a call that waits has told; `None`: nothing of any child, or it is no such call.
pub(crate) fn waited(tid: Pid, name: &str, args: &[u64; 6], result: i64) -> Option<Waited> {
    match name {
        "wait4" => {
            let pid = u32::try_from(result).ok().filter(|pid| *pid > 0)?;
            let status = word(tid, args[1]);
            let end = status.map(ChildEnd::of_status);
            Some(Waited { pid, end })
        }
        "waitid" if result == 0 => match info(tid, args[2]) {
            Some(waited) => Some(waited).filter(|waited| waited.pid > 0),
            // Without a place for what is said of it, it is the one that was asked for.
            None => (args[0] == u64::from(libc::P_PID)).then_some(Waited {
                pid: args[1] as u32,
                end: None,
            }),
        },
        _ => None,
    }
}

/// Whether such a call takes the status of a child that has ended, so that no other call can.
pub(crate) fn takes_status(name: &str, args: &[u64; 6]) -> bool {
    let options = args[3] as i32;
    name != "waitid" || (options & libc::WEXITED != 0 && options & libc::WNOWAIT == 0)
}

impl ChildEnd {
    fn of_status(status: i32) -> Self {
        if libc::WIFEXITED(status) {
            Self::Exited(libc::WEXITSTATUS(status))
        } else if libc::WIFSIGNALED(status) {
            Self::Killed(libc::WTERMSIG(status))
        } else {
            Self::Lives
        }
    }

    /// As a `siginfo_t` has it.
    fn of_info(code: i32, status: i32) -> Self {
        match code {
            libc::CLD_EXITED => Self::Exited(status),
            libc::CLD_KILLED | libc::CLD_DUMPED => Self::Killed(status),
            _ => Self::Lives,
        }
    }
}

/// The `siginfo_t` of a child, `waitid(2)`: signal, errno and code, and from 16 on pid, user and status.
fn info(tid: Pid, at: u64) -> Option<Waited> {
    const LENGTH: usize = 28;
    let bytes = decode::memory(tid, at, LENGTH as u64, LENGTH);
    let number = |at: usize| Some(i32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let (code, pid, status) = (number(8)?, number(16)?, number(24)?);
    Some(Waited {
        pid: u32::try_from(pid).ok()?,
        end: Some(ChildEnd::of_info(code, status)),
    })
}

fn word(tid: Pid, at: u64) -> Option<i32> {
    let bytes = decode::memory(tid, at, 4, 4);
    Some(i32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_calls_tell_the_same() {
        let me = std::process::id() as Pid;
        let status: i32 = 3 << 8;
        let mut info = [0i32; 7];
        (info[2], info[4], info[6]) = (libc::CLD_EXITED, 77, 3);
        let at = |place: *const i32| place as u64;
        let told = Waited {
            pid: 77,
            end: Some(ChildEnd::Exited(3)),
        };
        let wait4 = [0, at(&raw const status), 0, 0, 0, 0];
        assert_eq!(waited(me, "wait4", &wait4, 77), Some(told));
        let waitid = [0, 0, at(info.as_ptr()), libc::WEXITED as u64, 0, 0];
        assert_eq!(waited(me, "waitid", &waitid, 0), Some(told));
        assert!(takes_status("waitid", &waitid));
        let look = [0, 0, 0, (libc::WEXITED | libc::WNOWAIT) as u64, 0, 0];
        assert!(!takes_status("waitid", &look));
        // Nothing was there (WNOHANG), or the caller does not want the status.
        assert_eq!(waited(me, "wait4", &wait4, 0), None);
        let unasked = Waited { pid: 77, end: None };
        assert_eq!(waited(me, "wait4", &[0; 6], 77), Some(unasked));
        let one = [u64::from(libc::P_PID), 77, 0, libc::WEXITED as u64, 0, 0];
        assert_eq!(waited(me, "waitid", &one, 0), Some(unasked));
    }
}
