//! The `namespaces` level: a world of the case's own.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use ipclab_evidence::{
    Actor, CgroupCounters, Evidence, Isolation, Leftovers, Level, Limits, Plan, Segment,
};
use ipclab_kernel::{Pid, namespace, process, procfs};

use super::Platform;
use crate::cgroup::ActorGroup;
use crate::evidence::{Stopwatch, assemble, missing};
use crate::filter::TraceScope;
use crate::given::{self, Given};
use crate::leftovers;
use crate::reaper::Reaper;
use crate::spawn::{self, Started};
use crate::tracer::Tracer;
use crate::watch::Watch;
use crate::world::{self, EmptyWorld, Ids, ReadyWorld};

/// So much higher is the limit of a user's processes where a cgroup counts them.
const SPARE_PROCESSES: u64 = 16;

/// A world of the case's own.
struct Namespaces {
    ids: Ids,
    reaper: Reaper,
    /// The students' mount namespace.
    mounts: OwnedFd,
    cwd: PathBuf,
    given: Given,
    /// The cgroups of the actors, where there are any.
    groups: Vec<ActorGroup>,
}

/// Runs a plan in a world that has been made for it.
///
/// # Errors
/// What the machine refused.
pub(crate) fn run(
    plan: &Plan,
    world: EmptyWorld,
    groups: Vec<ActorGroup>,
    stopwatch: Stopwatch,
    world_ready: OwnedFd,
) -> io::Result<Evidence> {
    let ReadyWorld {
        ids,
        reaper,
        mounts,
        workspaces,
        handed_in,
    } = world.furnish(&plan.world, plan.limits.file_mib)?;
    let given = given::make(&plan.world, ids, handed_in)?;
    let counted_by = match groups.is_empty() {
        true => "rlimits",
        false => "cgroup v2",
    };
    let mut platform = Namespaces {
        ids,
        reaper,
        mounts,
        cwd: plan.world.cwd.clone(),
        given,
        groups,
    };
    // From here on no process of the box can look into this one, and its files in /proc belong to no user of the box.
    process::prctl(libc::PR_SET_DUMPABLE, 0)?;
    let stopwatch = stopwatch.world_ready();
    drop(world_ready);
    let watched = Watch::new(plan, &mut platform).run()?;
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
    let posix_queues = leftovers::named_objects(Path::new("/dev/mqueue"), &platform.given);
    let leftovers = Leftovers {
        files_beyond: files.beyond + posix_shm.beyond + posix_queues.beyond,
        segments: leftovers::segments(&platform.given, &makers)?,
        semaphores: leftovers::semaphores(&platform.given)?,
        queues: leftovers::queues()?,
        files: files.files,
        posix_shm: posix_shm.files,
        posix_queues: posix_queues.files,
        missing: missing(&platform.given),
        processes: Vec::new(),
        ports: Vec::new(),
    };
    for workspace in &workspaces {
        workspace.copy_back()?;
    }
    let isolation = Isolation {
        level: Level::Namespaces,
        counted_by: counted_by.to_owned(),
        notes: Vec::new(),
    };
    Ok(assemble(
        plan, watched, leftovers, isolation, ids, &stopwatch,
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
        let (ids, group) = (self.ids, self.groups.get(index));
        let (mounts, cwd) = (self.mounts.as_fd(), self.cwd.as_path());
        // Where the kernel counts the actor as a whole it shall be that count which refuses: it can be read afterwards.
        let spare = if group.is_some() { SPARE_PROCESSES } else { 0 };
        let limits = &Limits {
            processes: limits.processes + spare,
            ..*limits
        };
        let join_group = || group.map_or(Ok(()), ActorGroup::join);
        if actor.trusted {
            return spawn::start(actor, limits, trace_scope, true, |_| {
                join_group()?;
                world::become_actor(ids)
            });
        }
        namespace::join_namespace(self.reaper.students.as_fd(), libc::CLONE_NEWPID)?;
        let started = spawn::start(actor, limits, trace_scope, true, |_| {
            join_group()?;
            world::enter_untrusted(mounts, cwd)?;
            world::become_actor(ids)
        });
        namespace::join_namespace(self.reaper.own.as_fd(), libc::CLONE_NEWPID)?;
        started
    }

    fn segment(&self, key: i32, tracer: &Tracer) -> Option<Segment> {
        let all = leftovers::segments(&self.given, &tracer.makers()).ok()?;
        all.into_iter().find(|segment| segment.key == key)
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
        procfs::all().is_some_and(|all| all.iter().all(|pid| [1, self.reaper.pid].contains(pid)))
    }

    fn end_all(&mut self) {
        // The kernel ends everything in the students' namespace with its first process.
        let _ = process::kill(self.reaper.pid, libc::SIGKILL);
    }

    fn own_network(&self) -> bool {
        true
    }

    fn is_own(&self, pid: Pid) -> bool {
        pid == self.reaper.pid
    }
}
