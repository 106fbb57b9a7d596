//! The `shared` level: the same tracer in the host's own world, where namespaces are refused.
//!
//! One case at a time on the whole machine. What an actor may touch is bounded by Landlock where the kernel has it;
//! where it may connect to, by the tracer. Leftovers are the difference between before and after, as far as the trace
//! says that an actor made them: the machine is not ours alone. A port or a key that somebody else already uses is our
//! trouble, never the student's failure.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use ipclab_evidence::{
    Actor, Bytes, Evidence, FileKind, Isolation, LeftFile, Leftovers, Level, Limits, Plan,
    Protocol, Run, Segment,
};
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    Scope, path_beneath_rules,
};

use super::Platform;
use crate::evidence::{Stopwatch, assemble, missing};
use crate::filter::Sight;
use crate::given::{self, Given};
use crate::leftovers;
use crate::spawn::{self, Started};
use crate::tracer::{HostRules, Tracer};
use crate::watch::Watch;
use crate::workspace::Workspace;
use crate::world::Ids;
use ipclab_kernel::{Pid, process, signal, sysv};

/// Folders of the host that actors may write to: the labs' own paths are in them.
const OPEN_FOLDERS: [&str; 2] = ["/tmp", "/dev/shm"];

/// The user that actors become when the tool runs as root: one that owns nothing.
const NOBODY: u32 = 64_999;

/// What this level cannot give, for the report's first lines.
const NOTES: [&str; 4] = [
    "cases run one after another, in this machine's own network, IPC objects and /tmp",
    "leftovers are what the trace says that the programs made; others' objects are left alone",
    "abstract sockets and UDP services of this machine can be reached",
    "the programs can see other files that this user may read in /tmp and /usr",
];

struct Shared {
    /// The working directory, as the plan names it and as it is here.
    plan_cwd: PathBuf,
    cwd: PathBuf,
    /// The folder of the host that the working directory is a copy of, in a build.
    workspace: Option<Workspace>,
    /// What stands for `/tmp` where nobody traces what is made there, as in a build.
    scratch: Option<PathBuf>,
    /// Programs that are run from a descriptor, since actors may not go where they are.
    trusted: Vec<(PathBuf, File)>,
    given: Given,
    before: Before,
    ids: Ids,
    as_root: bool,
}

/// The machine's state before the case.
struct Before {
    segments: HashSet<i32>,
    semaphores: HashSet<i32>,
    queues: HashSet<i32>,
    files: HashMap<Vec<u8>, u64>,
}

/// Runs a plan in the host's world.
///
/// # Errors
/// What the machine refused, a port, key or path in use among it.
pub(crate) fn run(plan: &Plan) -> io::Result<Evidence> {
    let _lock = lock()?;
    let stopwatch = Stopwatch::start();
    process::prctl(libc::PR_SET_CHILD_SUBREAPER, 1)?;
    // Nothing goes away with this process here, so when the tool dies it is asked to sweep up, not killed.
    signal::catch_termination()?;
    process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM as usize)?;
    let mut folder = Folder::make()?;
    let rules = HostRules {
        redirects: vec![(b"/etc/hosts".to_vec(), write_hosts(&folder.0, plan)?)],
    };
    check_free(plan)?;
    let before = Before::look();
    let mut platform = Shared::new(plan, &folder.0, before)?;
    let made = given::make(&plan.world, platform.ids);
    let stopwatch = stopwatch.made();
    let watched = match made {
        Ok(given) => {
            platform.given = given;
            Watch::new(plan, &mut platform).with_host_rules(rules).run()
        }
        Err(error) => Err(error),
    };
    let stopwatch = stopwatch.over();
    let evidence = watched.and_then(|watched| {
        let leftovers = platform.sweep(&watched.tracer)?;
        let isolation = Isolation {
            level: Level::Shared,
            counted_by: "rlimits".to_owned(),
            notes: NOTES.iter().map(|note| (*note).to_owned()).collect(),
        };
        Ok(assemble(
            plan,
            watched,
            leftovers,
            isolation,
            platform.ids,
            &stopwatch,
        ))
    });
    platform.given.take_away();
    folder.remove();
    evidence
}

/// One case at a time on this machine: a lock on a folder that everybody can open and nobody deletes.
fn lock() -> io::Result<File> {
    let folder = File::open("/tmp")?;
    folder.lock()?;
    Ok(folder)
}

/// A folder of the case's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn make() -> io::Result<Self> {
        let unique = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
        let path = Path::new("/tmp").join(format!(".ipclab-{}", unique.trim()));
        fs::create_dir(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        Ok(Self(path))
    }

    fn remove(&mut self) {
        remove_folder(&self.0);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.remove();
    }
}

fn write_hosts(folder: &Path, plan: &Plan) -> io::Result<PathBuf> {
    let path = folder.join("hosts");
    let mut text = String::from("127.0.0.1 localhost\n::1 localhost\n");
    for (name, address) in &plan.world.hosts {
        text.push_str(&format!("{address} {name}\n"));
    }
    fs::write(&path, text)?;
    // Nobody writes to it, also where actors are who we are.
    fs::set_permissions(&path, Permissions::from_mode(0o444))?;
    Ok(path)
}

/// What the plan's actors will serve must be free.
fn check_free(plan: &Plan) -> io::Result<()> {
    let taken = |what: String| {
        Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!(
                "{what} is in use by another program of this machine; end that program, or grade where namespaces work"
            ),
        ))
    };
    for endpoint in plan.actors.iter().filter_map(|actor| actor.ready.as_ref()) {
        let busy = match endpoint.protocol {
            Protocol::Tcp => ["tcp", "tcp6"]
                .into_iter()
                .flat_map(leftovers::net)
                .any(|row| {
                    Some(row.local.port()) == endpoint.port && row.state == leftovers::LISTEN
                }),
            Protocol::Udp => ["udp", "udp6"]
                .into_iter()
                .flat_map(leftovers::net)
                .any(|row| Some(row.local.port()) == endpoint.port),
            Protocol::Unix => endpoint.path.as_ref().is_some_and(|path| {
                let given = plan
                    .world
                    .files
                    .iter()
                    .any(|file| file.path == Path::new(path));
                !given && fs::symlink_metadata(path).is_ok()
            }),
            Protocol::Shm => endpoint
                .key
                .is_some_and(|key| sysv::shm_get(key, 0, 0).is_ok()),
        };
        if busy {
            return taken(endpoint.to_string());
        }
    }
    for watch in &plan.watches {
        let given = plan
            .world
            .segments
            .iter()
            .any(|segment| segment.key == watch.key);
        if !given && sysv::shm_get(watch.key, 0, 0).is_ok() {
            return taken(format!("the segment with key {}", watch.key));
        }
    }
    Ok(())
}

impl Before {
    fn look() -> Self {
        let none = (Given::default(), HashMap::new());
        Self {
            segments: leftovers::segments(&none.0, &none.1)
                .unwrap_or_default()
                .iter()
                .map(|row| row.shmid)
                .collect(),
            semaphores: leftovers::semaphores(&none.0)
                .unwrap_or_default()
                .iter()
                .map(|row| row.semid)
                .collect(),
            queues: leftovers::queues()
                .unwrap_or_default()
                .iter()
                .map(|row| row.msqid)
                .collect(),
            files: OPEN_FOLDERS.into_iter().flat_map(entries).collect(),
        }
    }
}

fn entries(folder: &str) -> Vec<(Vec<u8>, u64)> {
    use std::os::unix::fs::DirEntryExt;
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| (entry.path().as_os_str().as_bytes().to_vec(), entry.ino()))
        .collect()
}

impl Shared {
    fn new(plan: &Plan, folder: &Path, before: Before) -> io::Result<Self> {
        let as_root = nix::unistd::geteuid().is_root();
        let cwd = folder.join("lab");
        fs::create_dir(&cwd)?;
        let mut workspace = None;
        // As root the actors are somebody who owns nothing; else they are who we are.
        let ids = if as_root {
            Ids {
                actor: NOBODY,
                group: NOBODY,
                other: Some(NOBODY + 1),
            }
        } else {
            let (actor, group) = (
                nix::unistd::geteuid().as_raw(),
                nix::unistd::getegid().as_raw(),
            );
            Ids {
                actor,
                group,
                other: None,
            }
        };
        if as_root {
            std::os::unix::fs::chown(&cwd, Some(NOBODY), Some(NOBODY))?;
        }
        let scratch = (!plan.traced).then(|| folder.join("tmp"));
        if let Some(scratch) = &scratch {
            fs::create_dir(scratch)?;
            if as_root {
                std::os::unix::fs::chown(scratch, Some(NOBODY), Some(NOBODY))?;
            }
        }
        let mut trusted = Vec::new();
        for bind in &plan.world.binds {
            if bind.trusted_only {
                let program = File::options()
                    .read(true)
                    .custom_flags(libc::O_PATH)
                    .open(&bind.host)?;
                trusted.push((bind.inside.clone(), program));
            } else if bind.inside == plan.world.cwd {
                // Whoever the actors are here, they may not go through the folders that lead to it.
                let host = File::open(&bind.host)?;
                let owner = as_root.then_some((NOBODY, NOBODY));
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
            before,
            ids,
            as_root,
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
            } else if let Some(there) = self.there(Path::new(value)) {
                *value = there.to_string_lossy().into_owned();
            }
        }
        actor
    }

    /// Where something below the plan's working directory is here; `None`: it is not below it.
    fn there(&self, path: &Path) -> Option<PathBuf> {
        let rest = path.strip_prefix(&self.plan_cwd).ok()?;
        Some(if rest.as_os_str().is_empty() {
            self.cwd.clone()
        } else {
            self.cwd.join(rest)
        })
    }

    /// What the actors left, and takes it away: the machine goes on.
    fn sweep(&self, tracer: &Tracer) -> io::Result<Leftovers> {
        let created = tracer.created();
        let mut segments = leftovers::segments(&self.given, &tracer.makers())?;
        segments.retain(|segment| {
            segment.given
                || (!self.before.segments.contains(&segment.shmid)
                    && created.segments.contains(&segment.shmid))
        });
        for segment in segments.iter().filter(|segment| !segment.given) {
            let _ = sysv::shm_remove(segment.shmid);
        }
        let mut semaphores = leftovers::semaphores(&self.given)?;
        semaphores.retain(|set| {
            set.given
                || (!self.before.semaphores.contains(&set.semid)
                    && created.semaphores.contains(&set.semid))
        });
        for set in semaphores.iter().filter(|set| !set.given) {
            let _ = sysv::sem_remove(set.semid);
        }
        let mut queues = leftovers::queues()?;
        queues.retain(|queue| {
            !self.before.queues.contains(&queue.msqid) && created.queues.contains(&queue.msqid)
        });
        for queue in &queues {
            let _ = sysv::msg_remove(queue.msqid);
        }
        let (mut files, mut posix_shm) = (Vec::new(), Vec::new());
        for (path, inode) in OPEN_FOLDERS.into_iter().flat_map(entries) {
            let old = self.before.files.get(&path) == Some(&inode);
            let given = self
                .given
                .fate(Path::new(std::ffi::OsStr::from_bytes(&path)))
                .is_some();
            let theirs = || created.files.contains(&path) || self.is_actors(&path);
            if given || (!old && theirs()) {
                // What is not told any more is taken away all the same.
                if !given && files.len() + posix_shm.len() >= leftovers::FILES {
                    take_away(&path);
                    continue;
                }
                let found =
                    leftovers::one(Path::new(std::ffi::OsStr::from_bytes(&path)), &self.given);
                if path.starts_with(b"/dev/shm/") {
                    posix_shm.extend(found.map(|file| LeftFile {
                        path: Bytes(path[8..].to_vec()),
                        ..file
                    }));
                } else {
                    let folder = found
                        .as_ref()
                        .is_some_and(|found| found.kind == FileKind::Directory);
                    files.extend(found);
                    if folder && !given {
                        let below = Path::new(std::ffi::OsStr::from_bytes(&path));
                        files.extend(leftovers::files(below, &self.given, &|_| false));
                    }
                }
                if !given {
                    take_away(&path);
                }
            }
        }
        let lab = &self.cwd;
        if let Some(workspace) = &self.workspace {
            workspace.copy_back()?;
        } else {
            files.extend(
                leftovers::files(lab, &self.given, &|path| self.is_ours(path))
                    .into_iter()
                    .map(|file| {
                        let rest = file
                            .path
                            .0
                            .strip_prefix(lab.as_os_str().as_bytes())
                            .unwrap_or(&file.path.0);
                        LeftFile {
                            path: Bytes([self.plan_cwd.as_os_str().as_bytes(), rest].concat()),
                            ..file
                        }
                    }),
            );
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        posix_shm.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Leftovers {
            segments,
            semaphores,
            queues,
            files,
            posix_shm,
            posix_queues: Vec::new(),
            missing: missing(&self.given),
            processes: Vec::new(),
            ports: Vec::new(),
        })
    }

    /// A file that can only be an actor's, by its owner: what nobody traced is told by that alone.
    fn is_actors(&self, path: &[u8]) -> bool {
        let path = Path::new(std::ffi::OsStr::from_bytes(path));
        self.as_root && fs::symlink_metadata(path).is_ok_and(|about| about.uid() == NOBODY)
    }

    /// A file in the working directory that we put there: not writable, and owned by us.
    fn is_ours(&self, path: &Path) -> bool {
        fs::symlink_metadata(path)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o7777 == PUT_MODE)
    }
}

/// Mode of the files that are put into the working directory: no umask makes it, so it tells them apart.
const PUT_MODE: u32 = 0o1555;

fn take_away(path: &[u8]) {
    let path = Path::new(std::ffi::OsStr::from_bytes(path));
    let folder = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    if folder {
        remove_folder(path);
    } else {
        let _ = fs::remove_file(path);
    }
}

/// Removes a folder, also one that its maker had closed. What cannot be removed is told by nobody: it is seen as left.
fn remove_folder(path: &Path) {
    if fs::remove_dir_all(path).is_err() {
        open_up(path);
        let _ = fs::remove_dir_all(path);
    }
}

fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// Copies a file or a folder of the plan's, readable by everybody and writable by nobody.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            if !entry.file_type()?.is_symlink() {
                copy(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
        return Ok(());
    }
    fs::copy(from, to)?;
    fs::set_permissions(to, Permissions::from_mode(PUT_MODE))
}

/// Bounds what this process and all that it starts may do with files and signals, as far as this kernel can.
/// `open`: the folders beside the working directory that it may write to.
fn restrict(cwd: &Path, open: &[&Path]) -> io::Result<()> {
    let all = ABI::V6;
    let ruleset = || -> Result<(), landlock::RulesetError> {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(all))?
            .scope(Scope::Signal)?
            .create()?
            .add_rules(path_beneath_rules(
                [
                    "/usr",
                    "/lib",
                    "/lib32",
                    "/lib64",
                    "/bin",
                    "/sbin",
                    "/etc",
                    "/proc",
                    "/sys/devices/system/cpu",
                ],
                AccessFs::from_read(all),
            ))?
            .add_rules(path_beneath_rules(
                ["/dev"],
                AccessFs::from_all(all) & !AccessFs::MakeBlock & !AccessFs::MakeChar,
            ))?
            .add_rules(path_beneath_rules(
                open,
                AccessFs::from_all(all) & !AccessFs::Execute,
            ))?
            .add_rules(path_beneath_rules([cwd], AccessFs::from_all(all)))?
            .restrict_self()
            .map(drop)
    };
    ruleset().map_err(io::Error::other)
}

impl Platform for Shared {
    fn start(
        &mut self,
        _index: usize,
        actor: &Actor,
        limits: &Limits,
        sight: Sight,
    ) -> io::Result<Started> {
        let (as_root, cwd, trusted) = (self.as_root, self.cwd.clone(), actor.trusted);
        // Where nobody sees what is made, nothing is made that would have to be found again.
        let open: Vec<&Path> = match &self.scratch {
            Some(scratch) => vec![scratch],
            None => OPEN_FOLDERS.iter().map(Path::new).collect(),
        };
        let actor = self.here(actor);
        spawn::start(&actor, limits, sight, false, |terminal| {
            if as_root {
                // A program may open its terminal again, by its name.
                fchown(terminal, Some(NOBODY), Some(NOBODY))?;
                process::become_user(NOBODY, NOBODY, true)?;
                process::prctl(libc::PR_SET_DUMPABLE, 1)?;
            }
            std::env::set_current_dir(&cwd)?;
            process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize)?;
            process::prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
            if trusted {
                Ok(())
            } else {
                restrict(&cwd, &open)
            }
        })
    }

    fn segment(&self, key: i32, tracer: &Tracer) -> Option<Segment> {
        let all = leftovers::segments(&self.given, &tracer.makers()).ok()?;
        all.into_iter().find(|segment| segment.key == key)
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
