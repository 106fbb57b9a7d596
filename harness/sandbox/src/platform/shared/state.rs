//! The host's own world, as a case uses it: where the plan's paths are, which user the actors are.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ipclab_evidence::{Actor, Bytes, LeftQueue, LeftSemaphores, Limits, Plan, Run, Segment};
use ipclab_kernel::{Pid, descriptor, process, procfs};

use super::before::{Before, OPEN_FOLDERS};
use super::folders::copy;
use super::restrict::{Seen, restrict};
use super::user::Identity;
use crate::filter::TraceScope;
use crate::given::Given;
use crate::handed_in::HandedIn;
use crate::leftovers;
use crate::measures::{LeftOut, Measure};
use crate::platform::Platform;
use crate::spawn::{self, Started};
use crate::tracer::Tracer;
use crate::workspace::Workspace;
use crate::world::Ids;

/// `CAP_IPC_OWNER`
const IPC_OWNER: u64 = 1 << 15;

/// The host's own world, as a case uses it.
pub(super) struct Shared {
    /// The working directory, as the plan names it and as it is here.
    pub(super) plan_cwd: PathBuf,
    pub(super) cwd: PathBuf,
    /// The folder of the host that the working directory is a copy of, in a build.
    pub(super) workspace: Option<Workspace>,
    /// What stands for `/tmp` where calls are not traced, as in a build.
    pub(super) scratch: Option<PathBuf>,
    /// Programs that are run from a descriptor, since actors may not go where they are.
    pub(super) trusted: Vec<(PathBuf, File)>,
    pub(super) given: Given,
    /// What of the working directory was handed in, until `given` has it.
    pub(super) handed_in: HandedIn,
    pub(super) before: Before,
    pub(super) ids: Ids,
    /// What the supervisor is while they live.
    pub(super) identity: Identity,
    /// Whether root may read System V objects that others closed: a container's may not.
    pub(super) reads_all: bool,
    /// What actors may read of the host.
    pub(super) seen: Seen,
    /// Landlock bounds what they do with files.
    bounds_files: bool,
}

impl Shared {
    pub(super) fn new(
        plan: &Plan,
        folder: &Path,
        before: Before,
        identity: Identity,
        left_out: LeftOut,
    ) -> io::Result<Self> {
        let cwd = folder.join("lab");
        fs::create_dir(&cwd)?;
        let mut workspace = None;
        let ids = match identity.0 {
            Some(user) => Ids {
                actor: user,
                group: user,
                other: Some(user + 1),
            },
            None => Ids {
                actor: nix::unistd::geteuid().as_raw(),
                group: nix::unistd::getegid().as_raw(),
                other: None,
            },
        };
        let owner = identity.0.map(|user| (user, user));
        let give = |path: &Path| match identity.0 {
            Some(user) => std::os::unix::fs::chown(path, Some(user), Some(user)),
            None => Ok(()),
        };
        give(&cwd)?;
        let scratch = (!plan.traced).then(|| folder.join("tmp"));
        if let Some(scratch) = &scratch {
            fs::create_dir(scratch)?;
            give(scratch)?;
        }
        let mut handed_in = HandedIn::default();
        if let Some(host) = &plan.world.handed_in {
            let most = plan.limits.file_mib << 20;
            let places = (cwd.as_path(), cwd.as_path());
            handed_in = HandedIn::copy(host, places, &plan.world, owner, most)?;
        }
        let mut trusted = Vec::new();
        for bind in &plan.world.binds {
            if bind.trusted_only {
                let program = descriptor::open_path(&bind.host, 0)?;
                trusted.push((bind.inside.clone(), program.into()));
            } else if bind.inside == plan.world.cwd {
                // Whichever user the actors are here, they may not go through the folders that lead to it.
                let host = File::open(&bind.host)?;
                let most = plan.limits.file_mib << 20;
                let at = (cwd.as_path(), cwd.as_path());
                workspace = Some(Workspace::open(host, &bind.host, at, owner, most)?);
            } else if let Ok(rest) = bind.inside.strip_prefix(&plan.world.cwd) {
                copy(&bind.host, &folder.join("lab").join(rest))?;
            }
        }
        Ok(Self {
            plan_cwd: plan.world.cwd.clone(),
            cwd,
            workspace,
            scratch,
            trusted,
            given: Given::default(),
            handed_in,
            before,
            ids,
            identity,
            reads_all: procfs::effective_capabilities(std::process::id() as Pid) & IPC_OWNER != 0,
            seen: Seen::of(&plan.world),
            bounds_files: !left_out.lacks(Measure::Landlock),
        })
    }

    /// The actor as it runs here: the plan's paths in the box stand for others of the host.
    fn here(&self, actor: &Actor) -> Actor {
        let mut actor = actor.clone();
        let (path, argv, env) = match &mut actor.run {
            Run::Program { path, argv, env } => (path, argv, env.as_mut_slice()),
            Run::Script { path, argv, .. } => (path, argv, [].as_mut_slice()),
        };
        if let Some((_, program)) = self.trusted.iter().find(|(inside, _)| inside == path) {
            *path = PathBuf::from(format!("/proc/self/fd/{}", program.as_raw_fd()));
        } else if let Some(there) = self.there(path) {
            *path = there;
        }
        for word in argv {
            if let Some(there) = self.there(Path::new(std::ffi::OsStr::from_bytes(&word.0))) {
                *word = Bytes(there.into_os_string().into_encoded_bytes());
            }
        }
        for (_, value) in env {
            if let (Some(scratch), "/tmp") = (&self.scratch, value.as_str()) {
                *value = scratch.to_string_lossy().into_owned();
            } else {
                // One path, or several.
                let here = value.split(':').map(|part| {
                    let there = self.there(Path::new(part));
                    there.map_or(part.to_owned(), |there| {
                        there.to_string_lossy().into_owned()
                    })
                });
                *value = here.collect::<Vec<_>>().join(":");
            }
        }
        actor
    }

    /// Every segment, read by who may read it: the programs' user, or a root that may read all.
    pub(super) fn segments(&self, makers: &HashMap<Pid, usize>) -> io::Result<Vec<Segment>> {
        let read = || leftovers::segments(&self.given, makers);
        match self.reads_all {
            true => self.identity.raised(read),
            false => read(),
        }
    }

    /// Where something below the plan's working directory is here; `None`: it is not below it.
    pub(super) fn there(&self, path: &Path) -> Option<PathBuf> {
        let rest = path.strip_prefix(&self.plan_cwd).ok()?;
        Some(if rest.as_os_str().is_empty() {
            self.cwd.clone()
        } else {
            self.cwd.join(rest)
        })
    }
}

impl Platform for Shared {
    fn start(
        &mut self,
        _index: usize,
        actor: &Actor,
        limits: &Limits,
        trace_scope: TraceScope,
    ) -> io::Result<Started> {
        let (user, cwd, trusted) = (self.identity.0, self.cwd.clone(), actor.trusted);
        // Where calls are not traced, nothing is made that would have to be found again.
        let open: Vec<&Path> = match &self.scratch {
            Some(scratch) => vec![scratch],
            None => OPEN_FOLDERS.iter().map(Path::new).collect(),
        };
        let actor = self.here(actor);
        let (seen, bounds_files) = (&self.seen, self.bounds_files);
        spawn::start(&actor, limits, trace_scope, false, || {
            let (ours, terminal) = descriptor::raw_terminal()?;
            if let Some(user) = user {
                process::become_user(user, user, false)?;
            }
            process::prctl(libc::PR_SET_DUMPABLE, 1)?;
            std::env::set_current_dir(&cwd)?;
            process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize)?;
            process::prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
            if !trusted && bounds_files {
                restrict(&cwd, &open, seen, terminal.as_fd())?;
            }
            Ok((ours, terminal))
        })
    }

    fn segment(&self, key: i32, tracer: &Tracer) -> Option<Segment> {
        let all = self.segments(&tracer.makers()).ok()?;
        all.into_iter().find(|segment| segment.key == key)
    }

    fn semaphores(&self, key: i32) -> Option<LeftSemaphores> {
        let read = || leftovers::semaphores(&self.given);
        let all = match self.reads_all {
            true => self.identity.raised(read),
            false => read(),
        };
        all.ok()?.into_iter().find(|set| set.key == key)
    }

    fn queue(&self, key: i32) -> Option<LeftQueue> {
        let all = leftovers::queues(&self.given).ok()?;
        all.into_iter().find(|queue| queue.key == key)
    }

    /// Everything that was ever an actor's is our child by now, or will be, and is killed by number.
    fn end_all(&mut self) {}

    fn own_network(&self) -> bool {
        false
    }

    fn is_own(&self, _pid: Pid) -> bool {
        false
    }
}
