//! The supervisor: makes the world, waits for its plan, runs the case, sweeps up, answers, ends.
//!
//! At the `namespaces` level it is pid 1 of the case, and everything in the case dies with it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use ipclab_evidence::{Evidence, Level, Plan};
use ipclab_kernel::process;

use crate::affinity::SpareProcessors;
use crate::cgroup;
use crate::evidence::Stopwatch;
use crate::frame;
use crate::measures::LeftOut;
use crate::platform::{namespaces, shared};
use crate::request;
use crate::speed;
use crate::world::EmptyWorld;

/// The channels between a box and its keeper, and where it may go when it is over.
pub(crate) struct Channels {
    /// Something comes when the ids are mapped, and the cgroups of the actors before the plan.
    pub(crate) go: OwnedFd,
    /// The plan comes.
    pub(crate) plan: OwnedFd,
    /// Closed when the world is made.
    pub(crate) world_ready: OwnedFd,
    /// The answer goes.
    pub(crate) answer: OwnedFd,
    /// Where the box is taken apart.
    pub(crate) spare: SpareProcessors,
}

/// Makes what can be made without a plan, waits for one, runs it, answers, and ends. `user`: of the run's own, at the
/// `shared` level. `left_out`: what the case lacks.
pub(crate) fn main(level: Level, user: Option<u32>, left_out: LeftOut, channels: Channels) -> ! {
    let Channels {
        go,
        plan,
        world_ready,
        answer,
        spare,
    } = channels;
    // Before anything else: the keeper that cloned us may die at any moment.
    let tied = process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize);
    let mut aside = None;
    let evidence = tied.and_then(|()| match level {
        Level::Namespaces => {
            let stopwatch = Stopwatch::start();
            let world = EmptyWorld::make(go.as_fd(), left_out)?;
            let stopwatch = stopwatch.ready();
            let (idle_processor, plan) = wait_for_plan(plan)?;
            let reaper = world.keep_with_us();
            aside = idle_processor.then_some(reaper);
            let groups = cgroup::receive(go.as_fd())?;
            namespaces::run(&plan, world, groups, left_out, stopwatch.go(), world_ready)
        }
        Level::Shared => {
            drop(world_ready);
            let (_, plan) = wait_for_plan(plan)?;
            // Not before: what comes on it comes before the plan, and must not find it closed.
            drop(go);
            shared::run(&plan, user, left_out)
        }
    });
    let document: Result<Evidence, String> = evidence
        .map(|mut evidence| {
            let notes = &mut evidence.isolation.notes;
            notes.extend(left_out.note());
            notes.extend(speed::note());
            evidence
        })
        .map_err(|error| error.to_string());
    let sent = frame::write(File::from(answer), &document);
    if let Some(reaper) = aside {
        spare.move_there(reaper);
        spare.go_there();
    }
    process::exit_now(i32::from(sent.is_err()));
}

/// The plan that this box was made for, and whether a processor is idle beside it. Ends the process when there will be none.
fn wait_for_plan(pipe: OwnedFd) -> io::Result<(bool, Plan)> {
    let request = frame::read_body(File::from(pipe))?.unwrap_or_default();
    let Some((idle_processor, plan)) = request::decode(&request) else {
        process::exit_now(0)
    };
    let mut plan: Plan = serde_json::from_slice(plan)?;
    speed::scale(&mut plan.limits);
    Ok((idle_processor, plan))
}
