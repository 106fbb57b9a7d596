//! The supervisor: makes the world, waits for its plan, runs the case, sweeps up, answers, ends.
//!
//! At the `namespaces` level it is pid 1 of the case, and everything in the case dies with it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ipclab_evidence::{
    Actor, Counted, Evidence, Isolation, Leftovers, Level, Limits, Plan, Segment, Spent,
};

use crate::cgroup::{self, Seat};
use crate::filter::Sight;
use crate::given::{self, Given};
use crate::reaper::Reaper;
use crate::room::{self, Room};
use crate::spawn::{self, Started};
use crate::tracer::Tracer;
use crate::watch::{Ground, Watch, Watched};
use crate::world::{self, Bare, Furnished, Ids};
use crate::{frame, leftovers};
use ipclab_kernel::{Pid, namespace, process, procfs};

/// So much higher is the limit of a user's processes where a cgroup counts them.
const SPARE_PROCESSES: u64 = 16;

/// The ways between a box and its keeper, and where it may go when it is over.
pub(crate) struct Ways {
    /// Something comes when the ids are mapped, and the cgroups of the actors before the plan.
    pub(crate) go: OwnedFd,
    /// The plan comes.
    pub(crate) plan: OwnedFd,
    /// Closed when the world is made.
    pub(crate) made: OwnedFd,
    /// The answer goes.
    pub(crate) answer: OwnedFd,
    /// Where the box is taken apart.
    pub(crate) room: Room,
}

/// Makes what can be made without a plan, waits for one, runs it, answers, and ends.
pub(crate) fn main(level: Level, ways: Ways) -> ! {
    let Ways {
        go,
        plan,
        made,
        answer,
        room,
    } = ways;
    // Before anything else: whoever cloned us may die at any moment.
    let tied = process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize);
    let mut aside = None;
    let evidence = tied.and_then(|()| match level {
        Level::Namespaces => {
            let clock = Clock::start();
            let bare = Bare::make(go.as_fd())?;
            let clock = clock.ready();
            let (is_room, plan) = wait_for_plan(plan)?;
            let first = bare.keep_with_us();
            aside = is_room.then_some(first);
            let seats = cgroup::receive(go.as_fd())?;
            in_namespaces(&plan, bare, seats, clock.go(), made)
        }
        Level::Shared => {
            drop(made);
            let (_, plan) = wait_for_plan(plan)?;
            // Not before: what comes on it comes before the plan, and must not find it closed.
            drop(go);
            crate::shared::run(&plan)
        }
    });
    let document: Result<Evidence, String> = evidence.map_err(|error| error.to_string());
    let sent = frame::write(File::from(answer), &document);
    if let Some(reaper) = aside {
        room.send_aside(reaper);
        room.step_aside();
    }
    process::exit_now(i32::from(sent.is_err()));
}

/// The plan that this box was made for, and whether there is room beside it. Ends the process when there will be none.
fn wait_for_plan(pipe: OwnedFd) -> io::Result<(bool, Plan)> {
    let letter = frame::read_body(File::from(pipe))?.unwrap_or_default();
    let Some((room, plan)) = room::open(&letter) else {
        process::exit_now(0)
    };
    Ok((room, serde_json::from_slice(plan)?))
}

/// A world of the case's own.
struct OwnGround {
    ids: Ids,
    reaper: Reaper,
    /// The students' mount namespace.
    mounts: OwnedFd,
    cwd: PathBuf,
    given: Given,
    /// The cgroups of the actors, where there are any.
    seats: Vec<Seat>,
}

fn in_namespaces(
    plan: &Plan,
    bare: Bare,
    seats: Vec<Seat>,
    clock: Clock,
    made: OwnedFd,
) -> io::Result<Evidence> {
    let Furnished {
        ids,
        reaper,
        mounts,
        workspaces,
    } = bare.furnish(&plan.world, plan.limits.file_mib)?;
    let given = given::make(&plan.world, ids)?;
    let counted_by = match seats.is_empty() {
        true => "rlimits",
        false => "cgroup v2",
    };
    let mut ground = OwnGround {
        ids,
        reaper,
        mounts,
        cwd: plan.world.cwd.clone(),
        given,
        seats,
    };
    // From here on this process's memory is nobody's business, and its files in /proc belong to nobody in the box.
    process::prctl(libc::PR_SET_DUMPABLE, 0)?;
    let clock = clock.made();
    drop(made);
    let watched = Watch::new(plan, &mut ground).run()?;
    let clock = clock.over();
    let makers = watched.tracer.makers();
    let shown = |path: &Path| plan.world.binds.iter().any(|bind| bind.inside == path);
    let below = |folder: &str| leftovers::files(Path::new(folder), &ground.given, &shown);
    let mut files = below("/tmp");
    if !plan
        .world
        .binds
        .iter()
        .any(|bind| bind.inside == plan.world.cwd)
    {
        files.extend(leftovers::files(&plan.world.cwd, &ground.given, &shown));
    }
    let leftovers = Leftovers {
        segments: leftovers::segments(&ground.given, &makers)?,
        semaphores: leftovers::semaphores(&ground.given)?,
        queues: leftovers::queues()?,
        files,
        posix_shm: leftovers::named_objects(Path::new("/dev/shm"), &ground.given),
        posix_queues: leftovers::named_objects(Path::new("/dev/mqueue"), &ground.given),
        missing: missing(&ground.given),
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
    Ok(assemble(plan, watched, leftovers, isolation, ids, &clock))
}

/// When what began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    born: Instant,
    ready: Instant,
    began: Instant,
    made: Instant,
    over: Instant,
}

impl Clock {
    /// The world is about to be made.
    pub(crate) fn start() -> Self {
        let born = Instant::now();
        Self {
            born,
            ready: born,
            began: born,
            made: born,
            over: born,
        }
    }

    /// All of it is made that needs no plan.
    fn ready(self) -> Self {
        let ready = Instant::now();
        Self { ready, ..self }
    }

    /// The plan is there.
    fn go(self) -> Self {
        let began = Instant::now();
        Self { began, ..self }
    }

    /// The world is made, and the first actor is about to start.
    pub(crate) fn made(self) -> Self {
        let made = Instant::now();
        Self { made, ..self }
    }

    /// Nobody is left.
    pub(crate) fn over(self) -> Self {
        let over = Instant::now();
        Self { over, ..self }
    }

    fn spent(&self) -> Spent {
        let us = |from: Instant, to: Instant| to.duration_since(from).as_micros() as u64;
        Spent {
            ahead_us: us(self.born, self.ready),
            world_us: us(self.began, self.made),
            actors_us: us(self.made, self.over),
            sweep_us: us(self.over, Instant::now()),
        }
    }
}

/// Given files that are gone.
pub(crate) fn missing(given: &Given) -> Vec<ipclab_evidence::Bytes> {
    use std::os::unix::ffi::OsStrExt;
    given
        .missing()
        .map(|path| path.as_os_str().as_bytes().into())
        .collect()
}

/// Puts the document together.
pub(crate) fn assemble(
    plan: &Plan,
    watched: Watched,
    leftovers: Leftovers,
    isolation: Isolation,
    ids: Ids,
    clock: &Clock,
) -> Evidence {
    let Watched {
        ended,
        actors,
        looks,
        processes,
        ports,
        mut tracer,
    } = watched;
    let mut trouble = std::mem::take(&mut tracer.trouble);
    trouble.extend(given::beyond_us(&plan.world, ids));
    let (trace, calls_dropped, sockets, sharing) = tracer.finish();
    Evidence {
        name: plan.name.clone(),
        isolation,
        ended,
        actors,
        sockets,
        trace,
        calls_dropped,
        looks,
        leftovers: Leftovers {
            processes,
            ports,
            ..leftovers
        },
        sharing,
        trouble,
        spent: clock.spent(),
    }
}

impl Ground for OwnGround {
    fn start(
        &mut self,
        index: usize,
        actor: &Actor,
        limits: &Limits,
        sight: Sight,
    ) -> io::Result<Started> {
        let (ids, seat) = (self.ids, self.seats.get(index));
        let (mounts, cwd) = (self.mounts.as_fd(), self.cwd.as_path());
        // Where the kernel counts the actor as a whole it shall be that count which refuses: it can be read afterwards.
        let spare = if seat.is_some() { SPARE_PROCESSES } else { 0 };
        let limits = &Limits {
            processes: limits.processes + spare,
            ..*limits
        };
        let take_seat = || seat.map_or(Ok(()), Seat::join);
        if actor.trusted {
            return spawn::start(actor, limits, sight, true, |_| {
                take_seat()?;
                world::become_actor(ids)
            });
        }
        namespace::join_namespace(self.reaper.students.as_fd(), libc::CLONE_NEWPID)?;
        let started = spawn::start(actor, limits, sight, true, |_| {
            take_seat()?;
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

    fn counted(&self, index: usize) -> Option<Counted> {
        self.seats.get(index).map(Seat::counted)
    }

    fn end_at_once(&self, index: usize) {
        if let Some(seat) = self.seats.get(index) {
            seat.end();
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
