//! The keeper: between the tool, which has threads, and the boxes, which must be forked without any.
//!
//! It reads plans from descriptor 0 and answers on descriptor 1, one after another, until the tool closes its end or
//! dies. Each plan gets a box of its own, cloned from here while the plan before it runs.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use ipclab_evidence::Level;
use ipclab_kernel::affinity::usable_cpus;
use ipclab_kernel::{Pid, process, signal};

use crate::affinity::SpareProcessors;
use crate::boxes::{BoxMaker, FinishedBox, RunningBox, WaitingBox, refuse};
use crate::cgroup::{Delegation, Groups};
use crate::filter::{self, TraceScope};
use crate::id_map::IdMap;
use crate::measures::LeftOut;
use crate::platform::shared::user::RunUser;
use crate::{frame, machine_limits, request, speed};

/// Runs until the tool is gone.
pub(crate) fn main(
    level: &OsStr,
    number: &OsStr,
    delegation: &OsStr,
    left_out: &OsStr,
) -> ExitCode {
    let left_out = LeftOut::from_argument(left_out);
    let level = if level == Level::Namespaces.name() {
        Level::Namespaces
    } else {
        Level::Shared
    };
    let number = number
        .to_str()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0usize);
    if signal::prepare_signals().is_err() {
        return ExitCode::FAILURE;
    }
    // How many descriptors a user's processes may have sent to nobody yet is bounded by that of who sends one more, and programs of
    // a case may have the same user as we.
    if process::raise_limit(libc::RLIMIT_NOFILE).is_err() {
        return ExitCode::FAILURE;
    }
    machine_limits::take_away();
    // What boxes are made of has the modes that we mean, and actors begin with the mask of a fresh login.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let tool = std::os::unix::process::parent_id();
    // Whatever was divided is given back when the tool is gone, and not before.
    let delegation = Delegation::from_argument(delegation)
        .map(|delegation| (process::pidfd_open(tool as Pid), delegation));
    // Nothing of a box can be counted so where the kernel does not let its processes be moved.
    let dividing = delegation.as_ref().map(|(_, delegation)| delegation);
    let dividing = dividing.filter(|delegation| delegation.trial().is_ok());
    let cpu = choose_cpu(number);
    filter::prepare(level == Level::Shared, TraceScope::usual(left_out));
    // Before anything is forked.
    speed::factor();
    let maker = BoxMaker {
        level,
        left_out,
        cpu,
        spare: SpareProcessors::beside(cpu),
        ids: IdMap::here(number),
        user: match level {
            Level::Namespaces => Ok(None),
            Level::Shared => RunUser::take(),
        },
    };
    let mut keeper = Keeper {
        tool,
        number,
        dividing,
        ahead: maker.make().ok(),
        finished: None,
        maker,
    };
    let end = keeper.serve();
    keeper.end();
    if matches!(end, End::ToolGone | End::AnswerRefused)
        && let Some((Ok(tool), delegation)) = delegation
    {
        give_back(&tool, &delegation);
    }
    match end {
        End::Released | End::ToolGone => ExitCode::SUCCESS,
        End::RequestBroken | End::AnswerRefused => ExitCode::FAILURE,
    }
}

/// The processor that this keeper's plans run on. The keeper itself, and the making of boxes, goes where one is idle.
///
/// Tracer and tracee on one processor cost a fifth of what they cost on two; workers are spread over all.
fn choose_cpu(number: usize) -> Option<usize> {
    let cpus = usable_cpus();
    cpus.get(number % cpus.len().max(1)).copied()
}

/// Gives back what was delegated, when the tool has left it: it is still in its cgroup while it dies.
fn give_back(tool: &OwnedFd, delegation: &Delegation) {
    let mut fds = [libc::pollfd {
        fd: tool.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    }];
    let _ = signal::poll_with_children(&mut fds, Duration::from_secs(2));
    delegation.give_back();
}

/// Why a keeper ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The tool needs it no more.
    Released,
    /// The tool went without a word: it was killed.
    ToolGone,
    /// What came was no request.
    RequestBroken,
    /// The tool takes no answer.
    AnswerRefused,
}

/// What a keeper has at hand.
struct Keeper<'a> {
    tool: u32,
    number: usize,
    dividing: Option<&'a Delegation>,
    maker: BoxMaker,
    /// The box for the next plan. `None`: it could not be made.
    ahead: Option<WaitingBox>,
    /// The box of the last plan, which the kernel takes apart.
    finished: Option<FinishedBox>,
}

impl Keeper<'_> {
    /// Runs one plan after another.
    fn serve(&mut self) -> End {
        loop {
            if let Some(finished) = self.finished.take() {
                self.finished = finished.reap_before(io::stdin().as_fd());
            }
            let bytes = match frame::read_body(io::stdin().lock()) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return End::ToolGone,
                Err(_) => return End::RequestBroken,
            };
            let Some((idle_processor, plan)) = request::decode(&bytes) else {
                return End::Released;
            };
            if self.run(&bytes, idle_processor, plan).is_err() {
                return End::AnswerRefused;
            }
        }
    }

    /// Runs a plan and makes the box for the next one meanwhile.
    ///
    /// # Errors
    /// The tool takes no answer.
    fn run(&mut self, request: &[u8], idle_processor: bool, plan: &[u8]) -> io::Result<()> {
        let groups = match self.dividing {
            Some(delegation) => delegation.divide(self.tool, self.number, plan),
            None => Ok(None),
        };
        // What cannot be counted in the kernel is counted as everywhere else.
        let groups = groups.unwrap_or_default();
        let begun = self.begin(request, groups.as_ref());
        // Made while the plan runs; not while its world is made, since mounts wait for each other.
        if let Ok(running) = &begun {
            running.wait_until_ready();
        }
        let finished = self.finished.take();
        let prepare = || {
            if let Some(finished) = finished {
                finished.reap();
            }
            self.maker.make().ok()
        };
        self.ahead = match idle_processor {
            true => self.maker.spare.run_there(prepare),
            false => prepare(),
        };
        let answered = match begun {
            Ok(running) => running
                .finish(io::stdout().lock())
                .map(|finished| self.finished = finished),
            Err(error) => refuse(io::stdout().lock(), format!("making the box: {error}")),
        };
        if let Some(groups) = groups {
            groups.remove();
        }
        answered
    }

    fn begin(&mut self, request: &[u8], groups: Option<&Groups>) -> io::Result<RunningBox> {
        match self.ahead.take().map(|ahead| ahead.begin(request, groups)) {
            Some(Ok(running)) => Ok(running),
            // It died while it waited, or could not be made then: nothing has begun, so another one may do.
            Some(Err(_)) | None => self.maker.make()?.begin(request, groups),
        }
    }

    /// Takes along the box that waits, and the one that ends, and what their programs' user still has.
    fn end(self) {
        if let Some(ahead) = self.ahead {
            ahead.end();
        }
        if let Some(finished) = self.finished {
            finished.reap();
        }
        if let Ok(Some(user)) = self.maker.user {
            user.clear();
        }
    }
}
