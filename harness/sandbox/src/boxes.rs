//! Boxes, as their keeper sees them: made ahead, handed a plan, heard, reaped.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use ipclab_evidence::{Evidence, Level};
use ipclab_kernel::affinity::set_affinity;
use ipclab_kernel::{Pid, descriptor, namespace, process, signal, socket, wait};

use crate::affinity::SpareProcessors;
use crate::cgroup::{self, Groups};
use crate::id_map::{IdMap, NAMESPACES};
use crate::measures::LeftOut;
use crate::platform::shared::user::RunUser;
use crate::supervisor::Channels;
use crate::{frame, supervisor};

/// Makes boxes.
pub(crate) struct BoxMaker {
    pub(crate) level: Level,
    /// What cases lack; nothing but in a benchmark.
    pub(crate) left_out: LeftOut,
    /// Where plans run, and where everything else may.
    pub(crate) cpu: Option<usize>,
    pub(crate) spare: SpareProcessors,
    pub(crate) ids: IdMap,
    /// The user that programs have at the `shared` level, where it is not the tool's own; or why there is none.
    pub(crate) user: io::Result<Option<RunUser>>,
}

/// A box that waits for its plan.
pub(crate) struct WaitingBox {
    level: Level,
    cpu: Option<usize>,
    supervisor: Pid,
    /// Where the cgroups of its actors are handed over.
    go: OwnedFd,
    plan: OwnedFd,
    world_ready: OwnedFd,
    answer: OwnedFd,
}

/// A box in the middle of a plan.
pub(crate) struct RunningBox {
    level: Level,
    supervisor: Pid,
    /// Closed at the other end when the box has its world.
    world_ready: OwnedFd,
    answer: OwnedFd,
}

impl BoxMaker {
    pub(crate) fn make(&self) -> io::Result<WaitingBox> {
        let user = match &self.user {
            Ok(user) => user.as_ref(),
            Err(why) => return Err(io::Error::other(why.to_string())),
        };
        let (answer, answer_in) = descriptor::pipe()?;
        let (plan_out, plan) = descriptor::pipe()?;
        let (world_ready, world_ready_in) = descriptor::pipe()?;
        let (go_out, go) = socket::socket_pair()?;
        let namespaces = match self.level {
            Level::Namespaces => NAMESPACES,
            Level::Shared => 0,
        };
        let supervisor = namespace::clone_process(namespaces)?;
        if supervisor == 0 {
            // Nothing of the box before it, which may be in the middle of its plan.
            let mut own = vec![
                go_out.as_fd(),
                plan_out.as_fd(),
                world_ready_in.as_fd(),
                answer_in.as_fd(),
            ];
            own.extend(user.map(RunUser::lock));
            if descriptor::close_all_but(&own).is_err() {
                process::exit_now(1);
            }
            let channels = Channels {
                go: go_out,
                plan: plan_out,
                world_ready: world_ready_in,
                answer: answer_in,
                spare: self.spare.clone(),
            };
            supervisor::main(self.level, user.map(RunUser::id), self.left_out, channels);
        }
        let ready = WaitingBox {
            level: self.level,
            cpu: self.cpu,
            supervisor,
            go,
            plan,
            world_ready,
            answer,
        };
        let mapped = match self.level {
            Level::Namespaces => self.ids.write(supervisor),
            Level::Shared => Ok(()),
        };
        match mapped.and_then(|()| descriptor::write_some(ready.go.as_fd(), b"go")) {
            Ok(_) => Ok(ready),
            Err(error) => {
                ready.end();
                Err(error)
            }
        }
    }
}

impl WaitingBox {
    /// Hands it its plan, as the tool's request.
    ///
    /// # Errors
    /// It is gone, and has been reaped.
    pub(crate) fn begin(self, request: &[u8], groups: Option<&Groups>) -> io::Result<RunningBox> {
        let Self {
            level,
            cpu,
            supervisor,
            go,
            plan: pipe,
            world_ready,
            answer,
        } = self;
        if let Some(cpu) = cpu {
            let _ = set_affinity(supervisor, &[cpu]);
        }
        let handed = match groups {
            Some(groups) => groups.hand_over(go.as_fd()),
            None => cgroup::hand_nothing(go.as_fd()),
        };
        match handed.and_then(|()| frame::write_body(File::from(pipe), request)) {
            Ok(()) => Ok(RunningBox {
                level,
                supervisor,
                world_ready,
                answer,
            }),
            Err(error) => {
                end(supervisor, libc::SIGKILL);
                Err(error)
            }
        }
    }

    /// There will be no plan.
    pub(crate) fn end(self) {
        end(self.supervisor, libc::SIGKILL);
    }
}

fn end(supervisor: Pid, signal: i32) {
    let _ = process::kill(supervisor, signal);
    let _ = wait::wait_for_exit(supervisor);
}

impl RunningBox {
    /// Returns when the box has its world, or is gone.
    pub(crate) fn wait_until_ready(&self) {
        let _ = descriptor::read_some(self.world_ready.as_fd(), &mut [0]);
    }

    /// Hands its answer on. Gives the box where it still has to be taken apart.
    ///
    /// # Errors
    /// The tool is gone, and the box with it; or the tool takes no answer.
    pub(crate) fn finish(self, to: impl Write) -> io::Result<Option<FinishedBox>> {
        let answer = match relay(&self.answer) {
            Ok(Some(answer)) => answer,
            lost => {
                // SIGKILL passes through namespaces, and takes everything in them along; in the host's world it has to
                // sweep up first.
                let signal = match self.level {
                    Level::Namespaces => libc::SIGKILL,
                    Level::Shared => libc::SIGTERM,
                };
                // Its answer has no reader any more: a long one would keep it, and this process, for ever.
                drop(self.answer);
                end(self.supervisor, signal);
                return Err(lost.err().unwrap_or(io::ErrorKind::BrokenPipe.into()));
            }
        };
        match frame::read_body(answer.as_slice()) {
            Ok(Some(answer)) => {
                let over = FinishedBox(self.supervisor);
                match frame::write_body(to, &answer) {
                    Ok(()) => Ok(Some(over)),
                    Err(error) => {
                        over.reap();
                        Err(error)
                    }
                }
            }
            Ok(None) | Err(_) => {
                let status = wait::wait_for_exit(self.supervisor)?;
                let why = format!("the supervisor of the box died (wait status {status:#x})");
                refuse(to, why).map(|()| None)
            }
        }
    }
}

/// A box that has answered: the kernel takes it apart while the tool thinks about the answer and the next plan begins.
pub(crate) struct FinishedBox(Pid);

impl FinishedBox {
    /// Waits until something comes there, and reaps it if it ends before that.
    pub(crate) fn reap_before(self, something: BorrowedFd<'_>) -> Option<Self> {
        let mut fds = [libc::pollfd {
            fd: something.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        }];
        loop {
            if wait::try_reap(self.0) {
                return None;
            }
            let polled = signal::poll_with_children(&mut fds, Duration::from_secs(3600));
            if polled.is_err() || fds[0].revents != 0 {
                return Some(self);
            }
        }
    }

    /// Returns when nothing is left of it.
    pub(crate) fn reap(self) {
        let _ = wait::wait_for_exit(self.0);
    }
}

/// Tells the tool that there is no evidence, and why.
pub(crate) fn refuse(to: impl Write, why: String) -> io::Result<()> {
    frame::write(to, &Err::<Evidence, String>(why))
}

/// Everything from the box until it closes its end; `None` as soon as the tool has closed ours.
fn relay(evidence: &OwnedFd) -> io::Result<Option<Vec<u8>>> {
    descriptor::set_nonblocking(evidence.as_fd())?;
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
        signal::poll_with_children(&mut fds, Duration::from_secs(3600))?;
        if fds[1].revents & (libc::POLLHUP | libc::POLLERR) != 0 {
            return Ok(None);
        }
        while let Some(got) = descriptor::read_some(evidence.as_fd(), &mut chunk)? {
            if got == 0 {
                return Ok(Some(bytes));
            }
            bytes.extend_from_slice(&chunk[..got]);
        }
    }
}
