//! The keeper: between the tool, which has threads, and the boxes, which must be forked without any.
//!
//! It reads plans from descriptor 0 and answers on descriptor 1, one after another, until the tool closes its end or
//! dies. Each plan gets a box of its own, cloned from here while the plan before it runs.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use ipclab_evidence::{Evidence, Level};

use crate::cgroup::{self, Groups, Home};
use crate::id_map::{IdMap, NAMESPACES};
use crate::room::{self, Room};
use crate::supervisor::Ways;
use crate::{filter, frame, supervisor};
use ipclab_kernel::{Pid, affinity, descriptor, namespace, process, signal, socket, wait};

/// Runs until the tool is gone.
pub(crate) fn main(level: &OsStr, number: &OsStr, home: &OsStr) -> ExitCode {
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
    let tool = std::os::unix::process::parent_id();
    // Whatever was divided is given back when the tool is gone, and not before.
    let home = Home::told(home).map(|home| (process::pidfd_open(tool as Pid), home));
    // Nothing of a box can be counted so where the kernel does not let its processes be moved.
    let dividing = home.as_ref().map(|(_, home)| home);
    let dividing = dividing.filter(|home| home.trial().is_ok());
    let cpu = choose_cpu(number);
    filter::prepare(level == Level::Shared);
    let maker = Maker {
        level,
        cpu,
        room: Room::beside(cpu),
        ids: IdMap::here(),
    };
    let (plans, answers) = (io::stdin(), io::stdout());
    let mut ahead = maker.make();
    let mut last: Option<Over> = None;
    let mut gone = false;
    let code = loop {
        if let Some(over) = last.take() {
            last = over.reap_before(io::stdin().as_fd());
        }
        let letter = match frame::read_body(plans.lock()) {
            Ok(Some(letter)) => letter,
            // It went without a word: it was killed.
            Ok(None) => {
                gone = true;
                break ExitCode::SUCCESS;
            }
            Err(_) => break ExitCode::FAILURE,
        };
        // Nothing at all when there will be no plan.
        let Some((room, plan)) = room::open(&letter) else {
            break ExitCode::SUCCESS;
        };
        let groups = match dividing {
            Some(home) => home.divide(tool, number, plan),
            None => Ok(None),
        };
        // What cannot be counted in the kernel is counted as everywhere else.
        let groups = groups.unwrap_or_default();
        let begun = match ahead.and_then(|ready| ready.begin(&letter, groups.as_ref())) {
            Ok(running) => Ok(running),
            // It died while it waited, or could not be made then: nothing has begun, so another one may do.
            Err(_) => maker
                .make()
                .and_then(|ready| ready.begin(&letter, groups.as_ref())),
        };
        // Made while the plan runs; not while its world is made, since mounts wait for each other.
        if let Ok(running) = &begun {
            running.wait_until_made();
        }
        let mut prepare = || {
            if let Some(last) = last.take() {
                last.reap();
            }
            maker.make()
        };
        ahead = match room {
            true => maker.room.aside(prepare),
            false => prepare(),
        };
        let told = match begun {
            Ok(running) => running.finish(answers.lock()).map(|over| last = over),
            Err(error) => refuse(answers.lock(), format!("making the box: {error}")),
        };
        if let Some(groups) = groups {
            groups.remove();
        }
        if told.is_err() {
            gone = true;
            break ExitCode::FAILURE;
        }
    };
    if let Ok(ready) = ahead {
        ready.end();
    }
    if let Some(last) = last {
        last.reap();
    }
    if gone && let Some((Ok(tool), home)) = home {
        // It is still in its cgroup while it dies.
        let mut fds = [libc::pollfd {
            fd: tool.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        }];
        let _ = signal::poll_with_children(&mut fds, Duration::from_secs(2));
        home.give_back();
    }
    code
}

/// The processor that this keeper's plans run on. The keeper itself, and the making of boxes, goes where there is room.
///
/// Tracer and tracee on one processor cost a fifth of what they cost on two; workers are spread over all.
fn choose_cpu(number: usize) -> Option<usize> {
    let cpus = affinity::usable_cpus();
    cpus.get(number % cpus.len().max(1)).copied()
}

/// Makes boxes.
struct Maker {
    level: Level,
    /// Where plans run, and where everything else may.
    cpu: Option<usize>,
    room: Room,
    ids: IdMap,
}

/// A box that waits for its plan.
struct Ready {
    level: Level,
    cpu: Option<usize>,
    supervisor: Pid,
    /// Where the cgroups of its actors are handed over.
    go: OwnedFd,
    plan: OwnedFd,
    made: OwnedFd,
    answer: OwnedFd,
}

/// A box in the middle of a plan.
struct Running {
    level: Level,
    supervisor: Pid,
    /// Closed at the other end when the box has its world.
    made: OwnedFd,
    answer: OwnedFd,
}

impl Maker {
    fn make(&self) -> io::Result<Ready> {
        let (answer, answer_in) = descriptor::pipe()?;
        let (plan_out, plan) = descriptor::pipe()?;
        let (made, made_in) = descriptor::pipe()?;
        let (go_out, go) = socket::socket_pair()?;
        let namespaces = match self.level {
            Level::Namespaces => NAMESPACES,
            Level::Shared => 0,
        };
        let supervisor = namespace::clone_process(namespaces)?;
        if supervisor == 0 {
            // Nothing of the box before it, which may be in the middle of its plan.
            let own = [
                go_out.as_fd(),
                plan_out.as_fd(),
                made_in.as_fd(),
                answer_in.as_fd(),
            ];
            if descriptor::close_all_but(&own).is_err() {
                process::exit_now(1);
            }
            let ways = Ways {
                go: go_out,
                plan: plan_out,
                made: made_in,
                answer: answer_in,
                room: self.room.clone(),
            };
            supervisor::main(self.level, ways);
        }
        let ready = Ready {
            level: self.level,
            cpu: self.cpu,
            supervisor,
            go,
            plan,
            made,
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

impl Ready {
    /// Hands it its plan, in the tool's letter.
    ///
    /// # Errors
    /// It is gone, and has been reaped.
    fn begin(self, letter: &[u8], groups: Option<&Groups>) -> io::Result<Running> {
        let Self {
            level,
            cpu,
            supervisor,
            go,
            plan: pipe,
            made,
            answer,
        } = self;
        if let Some(cpu) = cpu {
            let _ = affinity::set_affinity(supervisor, &[cpu]);
        }
        let handed = match groups {
            Some(groups) => groups.hand_over(go.as_fd()),
            None => cgroup::hand_nothing(go.as_fd()),
        };
        match handed.and_then(|()| frame::write_body(File::from(pipe), letter)) {
            Ok(()) => Ok(Running {
                level,
                supervisor,
                made,
                answer,
            }),
            Err(error) => {
                end(supervisor, libc::SIGKILL);
                Err(error)
            }
        }
    }

    /// There will be no plan.
    fn end(self) {
        end(self.supervisor, libc::SIGKILL);
    }
}

fn end(supervisor: Pid, signal: i32) {
    let _ = process::kill(supervisor, signal);
    let _ = wait::wait_for_exit(supervisor);
}

impl Running {
    /// Returns when the box has its world, or is gone.
    fn wait_until_made(&self) {
        let _ = descriptor::read_some(self.made.as_fd(), &mut [0]);
    }

    /// Hands its answer on. Gives the box where it still has to be taken apart.
    ///
    /// # Errors
    /// The tool is gone, and the box with it; or the tool takes no answer.
    fn finish(self, to: impl Write) -> io::Result<Option<Over>> {
        let answer = match relay(&self.answer) {
            Ok(Some(answer)) => answer,
            lost => {
                // SIGKILL passes through namespaces, and takes everything in them along; in the host's world it has to
                // sweep up first.
                let signal = match self.level {
                    Level::Namespaces => libc::SIGKILL,
                    Level::Shared => libc::SIGTERM,
                };
                end(self.supervisor, signal);
                return Err(lost.err().unwrap_or(io::ErrorKind::BrokenPipe.into()));
            }
        };
        match frame::read_body(answer.as_slice()) {
            Ok(Some(answer)) => {
                let over = Over(self.supervisor);
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
struct Over(Pid);

impl Over {
    /// Waits until something comes there, and reaps it if it ends before that.
    fn reap_before(self, something: BorrowedFd<'_>) -> Option<Self> {
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
    fn reap(self) {
        let _ = wait::wait_for_exit(self.0);
    }
}

/// Tells the tool that there is no evidence, and why.
fn refuse(to: impl Write, why: String) -> io::Result<()> {
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
