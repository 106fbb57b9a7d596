//! The `namespaces` level: a world of the case's own.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use ipclab_evidence::{
    Actor, CgroupCounters, Evidence, Isolation, LeftQueue, LeftSemaphores, Leftovers, Level,
    Limits, Plan, Segment,
};
use ipclab_kernel::{Pid, descriptor, namespace, process, procfs};

use super::Platform;
use crate::cgroup::ActorGroup;
use crate::evidence::{Stopwatch, assemble, missing};
use crate::filter::TraceScope;
use crate::found;
use crate::given::{self, Given};
use crate::leftovers;
use crate::measures::{LeftOut, Measure};
use crate::posix;
use crate::spawn::{self, Started};
use crate::tracer::Tracer;
use crate::watch::Watch;
use crate::world::{self, EmptyWorld, Ids, Party, ReadyWorld};

/// So much higher is the limit of a user's processes where a cgroup counts them.
const SPARE_PROCESSES: u64 = 16;

/// A world of the case's own.
struct Namespaces {
    ids: Ids,
    parties: Vec<Party>,
    cwd: PathBuf,
    given: Given,
    /// The cgroups of the actors, where there are any.
    groups: Vec<ActorGroup>,
    left_out: LeftOut,
}

/// Runs a plan in a world that has been made for it. `left_out`: what the case lacks.
///
/// # Errors
/// What the machine refused.
pub(crate) fn run(
    plan: &Plan,
    world: EmptyWorld,
    groups: Vec<ActorGroup>,
    left_out: LeftOut,
    stopwatch: Stopwatch,
    world_ready: OwnedFd,
) -> io::Result<Evidence> {
    let students = plan.actors.iter().filter(|actor| !actor.trusted);
    let parties = students.map(|actor| actor.party).collect();
    let ReadyWorld {
        ids,
        parties,
        workspaces,
        handed_in,
    } = world.furnish(&plan.world, &parties, plan.limits.file_mib)?;
    let given = given::make(&plan.world, ids, handed_in)?;
    let counted_by = match groups.is_empty() {
        true => "rlimits",
        false => "cgroup v2",
    };
    let mut platform = Namespaces {
        ids,
        parties,
        cwd: plan.world.cwd.clone(),
        given,
        groups,
        left_out,
    };
    // From here on no process of the box can look into this one, and its files in /proc belong to no user of the box.
    process::prctl(libc::PR_SET_DUMPABLE, 0)?;
    let stopwatch = stopwatch.world_ready();
    drop(world_ready);
    let watched = Watch::new(plan, left_out, &mut platform).run()?;
    let stopwatch = stopwatch.over();
    let makers = watched.tracer.makers();
    let is_bind = |path: &Path| plan.world.binds.iter().any(|bind| bind.inside == path);
    let below = |folder: &str| leftovers::files(Path::new(folder), &platform.given, &is_bind);
    let mut files = below("/tmp");
    if !plan
        .world
        .binds
        .iter()
        .any(|bind| bind.inside == plan.world.cwd)
    {
        files.extend(leftovers::files(&plan.world.cwd, &platform.given, &is_bind));
    }
    let posix_shm = leftovers::named_objects(Path::new("/dev/shm"), &platform.given);
    let mut posix_queues = leftovers::named_objects(Path::new("/dev/mqueue"), &platform.given);
    for queue in &mut posix_queues.files {
        queue.given = platform.given.posix_queues().contains(&queue.path.0);
    }
    let mut queues = leftovers::queues(&platform.given)?;
    leftovers::take_messages(&mut queues);
    let leftovers = Leftovers {
        files_beyond: files.beyond + posix_shm.beyond + posix_queues.beyond,
        segments: leftovers::segments(&platform.given, &makers)?,
        semaphores: leftovers::semaphores(&platform.given)?,
        queues,
        files: files.files,
        posix_queue_states: posix::take_queues(
            posix_queues
                .files
                .iter()
                .map(|queue| queue.path.0.as_slice()),
        ),
        posix_semaphores: posix_shm
            .files
            .iter()
            .filter_map(posix::semaphore)
            .collect(),
        posix_shm: posix_shm.files,
        posix_queues: posix_queues.files,
        missing: missing(&platform.given),
        processes: Vec::new(),
        ports: Vec::new(),
    };
    let asked = plan
        .objects
        .files
        .iter()
        .map(|path| (path.clone(), path.clone()));
    let files = found::look(asked, ids.actor);
    for workspace in &workspaces {
        workspace.copy_back()?;
    }
    let isolation = Isolation {
        level: Level::Namespaces,
        counted_by: counted_by.to_owned(),
        notes: Vec::new(),
    };
    Ok(assemble(
        plan, watched, leftovers, files, isolation, ids, &stopwatch,
    ))
}

impl Platform for Namespaces {
    fn start(
        &mut self,
        index: usize,
        actor: &Actor,
        limits: &Limits,
        trace_scope: TraceScope,
    ) -> io::Result<Started> {
        let (ids, group, cwd) = (self.ids, self.groups.get(index), self.cwd.as_path());
        // Where the kernel counts the actor as a whole it shall be that count which refuses: it can be read afterwards.
        let spare = if group.is_some() { SPARE_PROCESSES } else { 0 };
        let limits = &Limits {
            processes: limits.processes + spare,
            ..*limits
        };
        let join_group = || group.map_or(Ok(()), ActorGroup::join);
        if actor.trusted || self.left_out.lacks(Measure::Apart) {
            return spawn::start(actor, limits, trace_scope, true, || {
                join_group()?;
                world::become_actor(ids)?;
                descriptor::raw_terminal()
            });
        }
        let party = self
            .parties
            .iter_mut()
            .find(|party| party.number == actor.party)
            .ok_or_else(|| io::Error::other(format!("{} is of no party", actor.name)))?;
        let alone = !std::mem::replace(&mut party.lived_in, true);
        let Some(mounts) = &party.mounts else {
            return Err(io::Error::other("the party has no mounts of its own"));
        };
        let terminals = (!self.left_out.lacks(Measure::Terminals)).then_some(alone);
        namespace::join_namespace(party.reaper.students.as_fd(), libc::CLONE_NEWPID)?;
        let started = spawn::start(actor, limits, trace_scope, true, || {
            join_group()?;
            world::enter_untrusted(mounts.as_fd(), terminals, cwd)?;
            world::become_actor(ids)?;
            descriptor::raw_terminal()
        });
        namespace::join_namespace(party.reaper.own.as_fd(), libc::CLONE_NEWPID)?;
        started
    }

    fn segment(&self, key: i32, tracer: &Tracer) -> Option<Segment> {
        let all = leftovers::segments(&self.given, &tracer.makers()).ok()?;
        all.into_iter().find(|segment| segment.key == key)
    }

    fn semaphores(&self, key: i32) -> Option<LeftSemaphores> {
        let all = leftovers::semaphores(&self.given).ok()?;
        all.into_iter().find(|set| set.key == key)
    }

    fn queue(&self, key: i32) -> Option<LeftQueue> {
        let all = leftovers::queues(&self.given).ok()?;
        all.into_iter().find(|queue| queue.key == key)
    }

    fn counted(&self, index: usize) -> Option<CgroupCounters> {
        self.groups.get(index).map(ActorGroup::counted)
    }

    fn end_at_once(&self, index: usize) {
        if let Some(group) = self.groups.get(index) {
            group.end();
        }
    }

    fn is_deserted(&self) -> bool {
        // Our own namespace's: it shows the students', too.
        procfs::all().is_some_and(|all| all.iter().all(|pid| *pid == 1 || self.is_own(*pid)))
    }

    fn end_all(&mut self) {
        // The kernel ends everything in a pid namespace with its first process.
        for party in &self.parties {
            let _ = process::kill(party.reaper.pid, libc::SIGKILL);
        }
    }

    fn own_network(&self) -> bool {
        true
    }

    fn is_own(&self, pid: Pid) -> bool {
        self.parties.iter().any(|party| party.reaper.pid == pid)
    }
}
