//! The keeper: between the tool, which has threads, and the boxes, which must be forked without any.
//!
//! It reads plans from descriptor 0 and answers on descriptor 1, one after another, until the tool closes its end or
//! dies. Each plan gets a box of its own, cloned from here.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use ipclab_evidence::{Evidence, Level, Plan};

use crate::{frame, supervisor, sys};

/// Runs until the tool is gone.
pub(crate) fn main(level: &OsStr, number: &OsStr) -> ExitCode {
    let level = if level == Level::Namespaces.name() {
        Level::Namespaces
    } else {
        Level::Shared
    };
    let number = number
        .to_str()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0usize);
    // Tracer and tracee on one processor cost a fifth of what they cost on two; workers are spread over all.
    let cpus = sys::usable_cpus();
    if let Some(cpu) = cpus.get(number % cpus.len().max(1)) {
        // Refused affinity only costs time.
        let _ = sys::pin_to_cpu(*cpu);
    }
    if sys::prepare_signals().is_err() {
        return ExitCode::FAILURE;
    }
    let (plans, answers) = (io::stdin(), io::stdout());
    loop {
        let plan: Plan = match frame::read(plans.lock()) {
            Ok(Some(plan)) => plan,
            Ok(None) => return ExitCode::SUCCESS,
            Err(_) => return ExitCode::FAILURE,
        };
        let answer = match keep(level, &plan) {
            Ok(Some(answer)) => answer,
            Ok(None) => return ExitCode::FAILURE,
            Err(error) => Err(format!("making the box: {error}")),
        };
        if frame::write(answers.lock(), &answer).is_err() {
            return ExitCode::FAILURE;
        }
    }
}

/// One box from clone to reaping. `None`: the tool is gone, and the box with it.
fn keep(level: Level, plan: &Plan) -> io::Result<Option<Result<Evidence, String>>> {
    let (evidence, evidence_in) = sys::pipe()?;
    let (go, go_in) = sys::socket_pair()?;
    let namespaces = match level {
        Level::Namespaces => NAMESPACES,
        Level::Shared => 0,
    };
    let supervisor = sys::clone_process(namespaces)?;
    if supervisor == 0 {
        drop((evidence, go_in));
        supervisor::main(level, plan, go, evidence_in);
    }
    drop((evidence_in, go));
    let answer = (|| {
        if level == Level::Namespaces {
            IdMap::here().write(supervisor)?;
        }
        sys::write_some(go_in.as_fd(), b"go")?;
        relay(&evidence)
    })();
    // Whatever happened, the supervisor ends: by itself, or because of this. SIGKILL passes through namespaces, and
    // takes everything in them along; in the host's world it has to sweep up first.
    if !matches!(answer, Ok(Some(_))) {
        let signal = match level {
            Level::Namespaces => libc::SIGKILL,
            Level::Shared => libc::SIGTERM,
        };
        let _ = sys::kill(supervisor, signal);
    }
    let status = sys::wait_for(supervisor)?;
    let Some(bytes) = answer? else {
        return Ok(None);
    };
    Ok(Some(match frame::read(bytes.as_slice()) {
        Ok(Some(answer)) => answer,
        Ok(None) | Err(_) => Err(format!(
            "the supervisor of the box died (wait status {status:#x})"
        )),
    }))
}

/// What a box is cloned with.
pub(crate) const NAMESPACES: i32 = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

/// Everything from the box until it closes its end; `None` as soon as the tool has closed ours.
fn relay(evidence: &OwnedFd) -> io::Result<Option<Vec<u8>>> {
    sys::set_nonblocking(evidence.as_fd())?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 1 << 16];
    loop {
        let mut fds = [
            libc::pollfd {
                fd: evidence.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            },
            // The tool writes nothing while a plan runs, so all that can happen here is that it goes away.
            libc::pollfd {
                fd: io::stdin().as_raw_fd(),
                events: 0,
                revents: 0,
            },
        ];
        sys::poll_with_children(&mut fds, Duration::from_secs(3600))?;
        if fds[1].revents & (libc::POLLHUP | libc::POLLERR) != 0 {
            return Ok(None);
        }
        while let Some(got) = sys::read_some(evidence.as_fd(), &mut chunk)? {
            if got == 0 {
                return Ok(Some(bytes));
            }
            bytes.extend_from_slice(&chunk[..got]);
        }
    }
}

/// How user and group ids inside stand for ids outside.
pub(crate) struct IdMap {
    users: String,
    groups: String,
    deny_setgroups: bool,
}

/// First host id of the range that stands for the box's ids when the tool runs as root.
///
/// Never 0: with 0 standing for 0, root-owned files are readable inside and the process limit is void.
const RANGE_STARTS: [u32; 2] = [100_000, 20_000];

/// How many ids a box has: root, the actors' 1000 and another user's 1001.
const RANGE_LENGTH: u32 = 2_000;

impl IdMap {
    /// As root a range of unprivileged ids, else our own id alone, standing for the box's root.
    pub(crate) fn here() -> Self {
        let (uid, gid) = (
            nix::unistd::geteuid().as_raw(),
            nix::unistd::getegid().as_raw(),
        );
        if uid == 0
            && let Some(start) = RANGE_STARTS
                .into_iter()
                .find(|start| is_mapped_here(*start))
        {
            let range = format!("0 {start} {RANGE_LENGTH}");
            return Self {
                users: range.clone(),
                groups: range,
                deny_setgroups: false,
            };
        }
        Self {
            users: format!("0 {uid} 1"),
            groups: format!("0 {gid} 1"),
            deny_setgroups: true,
        }
    }

    /// Writes the maps of a process that has just been cloned into a user namespace, `user_namespaces(7)`.
    pub(crate) fn write(&self, pid: sys::Pid) -> io::Result<()> {
        let put = |file: &str, text: &str| {
            std::fs::write(format!("/proc/{pid}/{file}"), text).map_err(|error| {
                io::Error::new(error.kind(), format!("writing its {file}: {error}"))
            })
        };
        if self.deny_setgroups {
            put("setgroups", "deny")?;
        }
        put("uid_map", &self.users)?;
        put("gid_map", &self.groups)
    }
}

/// Whether our own user namespace has ids for the whole range, for users and for groups.
fn is_mapped_here(start: u32) -> bool {
    ["/proc/self/uid_map", "/proc/self/gid_map"]
        .into_iter()
        .all(|file| {
            let mut text = String::new();
            let read =
                std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text));
            read.is_ok()
                && text.lines().any(|line| {
                    let mut numbers = line
                        .split_whitespace()
                        .filter_map(|number| number.parse::<u64>().ok());
                    let (Some(first), Some(_), Some(count)) =
                        (numbers.next(), numbers.next(), numbers.next())
                    else {
                        return false;
                    };
                    u64::from(start) >= first
                        && u64::from(start) + u64::from(RANGE_LENGTH) <= first + count
                })
        })
}
