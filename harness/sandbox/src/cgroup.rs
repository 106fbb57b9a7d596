//! cgroup v2, where a part of it is ours to divide, `cgroups(7)`: the kernel itself then counts what all processes of an
//! actor take together, memory that belongs to no process included, and ends them all at once.
//!
//! ```text
//! what was delegated     the cgroup that the tool was started in
//!  |- ipclab-tool-PID    the tool and its keepers: a cgroup that is divided may not hold processes itself
//!  |- ipclab-box-PID-N   the box of the tool's keeper N
//!      |- 0, 1, ...      its actors
//! ```
//!
//! Nothing is taken that was not given: where others live in the same cgroup, or the controllers are not there, all of
//! this is left alone and rlimits do.
//!
//! What the tool divided it gives back with its last sandbox. When it is killed, its keepers do it; when they are killed
//! with it, the next tool that starts there.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ipclab_evidence::{CgroupCounters, Limits};
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use serde::Deserialize;
use serde::de::IgnoredAny;

use ipclab_kernel::{context, descriptor, namespace, process, signal, socket, wait};

/// What has to be counted; one without the other is of no use.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];

/// Where the one hierarchy is on every system that uses it.
const MOUNT: &str = "/sys/fs/cgroup";

/// Three descriptors of each actor are handed over, all at once.
const MAX_ACTORS: usize = socket::DESCRIPTORS_MAX / 3;

/// How long a cgroup may be busy with the dying before it is left to the next tool.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(2);

/// A cgroup that the tool may divide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delegation {
    /// What was delegated.
    folder: PathBuf,
    /// Where the tool moved, and which controllers it switched on for that: what has to be undone.
    undo: Option<(PathBuf, Vec<String>)>,
}

/// How many sandboxes of this tool live, and what they divide.
static ENTERED: Mutex<(usize, Option<Result<Delegation, String>>)> = Mutex::new((0, None));

/// One more sandbox: with the first, the tool takes what was delegated to it. `None`: nothing was.
pub(crate) fn enter() -> Option<Delegation> {
    let mut entered = ENTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if entered.0 == 0 {
        entered.1 = Some(Delegation::take().map_err(|error| error.to_string()));
    }
    entered.0 += 1;
    entered.1.clone().and_then(Result::ok)
}

/// One sandbox less: with the last, the tool goes back to where it was started.
pub(crate) fn leave() {
    let mut entered = ENTERED.lock().unwrap_or_else(PoisonError::into_inner);
    entered.0 = entered.0.saturating_sub(1);
    if entered.0 == 0
        && let Some(Ok(delegation)) = entered.1.take()
    {
        delegation.give_back();
    }
}

/// What was delegated to this tool, as long as a sandbox of it lives; or why nothing was.
pub(crate) fn here() -> Result<PathBuf, String> {
    let entered = ENTERED.lock().unwrap_or_else(PoisonError::into_inner);
    match &entered.1 {
        Some(Ok(delegation)) => Ok(delegation.folder.clone()),
        Some(Err(why)) => Err(why.clone()),
        None => Err("no sandbox was started".to_owned()),
    }
}

/// The cgroup of this process, where cgroup v2 is all that there is.
fn own() -> io::Result<PathBuf> {
    let kind = statfs(MOUNT).map_err(io::Error::from)?.filesystem_type();
    if kind != CGROUP2_SUPER_MAGIC {
        return Err(io::Error::other(format!("{MOUNT} is not cgroup v2")));
    }
    let own = fs::read_to_string("/proc/self/cgroup")?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::"));
    let path = path.ok_or_else(|| io::Error::other("this process is in no cgroup of version 2"))?;
    if path.starts_with("/..") {
        return Err(io::Error::other(
            "this process's cgroup cannot be seen from here",
        ));
    }
    Ok(Path::new(MOUNT).join(path.trim_start_matches('/')))
}

/// The words of one of a cgroup's files.
fn words(file: &Path) -> io::Result<Vec<String>> {
    let text = context(file.display(), fs::read_to_string(file))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn make(folder: &Path) -> io::Result<()> {
    context(
        format_args!("making {}", folder.display()),
        fs::create_dir(folder),
    )
}

fn put(file: &Path, text: &str) -> io::Result<()> {
    let written = File::options()
        .write(true)
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    context(
        format_args!("writing {text} to {}", file.display()),
        written,
    )
}

impl Delegation {
    /// Takes what was delegated.
    fn take() -> io::Result<Self> {
        let folder = own()?;
        let there = words(&folder.join("cgroup.controllers"))?;
        if let Some(missing) = CONTROLLERS
            .iter()
            .find(|one| !there.iter().any(|there| there == *one))
        {
            return Err(io::Error::other(format!(
                "{} has no {missing} controller",
                folder.display()
            )));
        }
        sweep(&folder);
        let on = words(&folder.join("cgroup.subtree_control"))?;
        let off: Vec<String> = CONTROLLERS
            .iter()
            .filter(|one| !on.iter().any(|on| on == *one))
            .map(|one| (*one).to_owned())
            .collect();
        if off.is_empty() {
            // Divided already, with processes in it: that can only be the root of all.
            return Ok(Self { folder, undo: None });
        }
        let leaf = folder.join(format!("ipclab-tool-{}", std::process::id()));
        make(&leaf)?;
        let delegation = Self {
            undo: Some((leaf.clone(), off.clone())),
            folder,
        };
        let moved = put(&leaf.join("cgroup.procs"), "0").and_then(|()| {
            let on: Vec<String> = off.iter().map(|one| format!("+{one}")).collect();
            // Refused as long as another process is in it.
            put(
                &delegation.folder.join("cgroup.subtree_control"),
                &on.join(" "),
            )
        });
        match moved {
            Ok(()) => Ok(delegation),
            Err(error) => {
                delegation.give_back();
                Err(error)
            }
        }
    }

    /// Goes back to where the tool was started. Done by the tool, and by its keepers when it is gone: the last one out
    /// removes the cgroup.
    pub(crate) fn give_back(&self) {
        let Some((leaf, on)) = &self.undo else {
            return;
        };
        let off: Vec<String> = on.iter().map(|one| format!("-{one}")).collect();
        // What is refused here was done by another keeper already, or is left to it.
        let _ = put(&self.folder.join("cgroup.subtree_control"), &off.join(" "));
        let _ = put(&self.folder.join("cgroup.procs"), "0");
        let _ = fs::remove_dir(leaf);
    }

    /// How a keeper is told of it.
    pub(crate) fn to_argument(delegation: Option<&Self>) -> String {
        serde_json::to_string(&delegation.map(|delegation| (&delegation.folder, &delegation.undo)))
            .unwrap_or_default()
    }

    /// What a keeper was told.
    pub(crate) fn from_argument(argument: &OsStr) -> Option<Self> {
        let (folder, undo) = serde_json::from_str::<Option<_>>(argument.to_str()?).ok()??;
        Some(Self { folder, undo })
    }

    /// The box of a keeper.
    fn place(&self, tool: u32, keeper: usize) -> PathBuf {
        self.folder.join(format!("ipclab-box-{tool}-{keeper}"))
    }

    /// Makes the cgroups of a plan's actors. `None`: they are more than can be handed over at once.
    pub(crate) fn divide(
        &self,
        tool: u32,
        keeper: usize,
        plan: &[u8],
    ) -> io::Result<Option<Groups>> {
        /// What has to be known of a plan for it.
        #[derive(Deserialize)]
        struct PlanOutline {
            limits: Limits,
            actors: Vec<IgnoredAny>,
        }
        let PlanOutline { limits, actors } =
            serde_json::from_slice(plan).map_err(io::Error::other)?;
        if actors.len() > MAX_ACTORS {
            return Ok(None);
        }
        let folder = self.place(tool, keeper);
        remove(&folder);
        make(&folder)?;
        let groups = put(&folder.join("cgroup.subtree_control"), "+memory +pids").and_then(|()| {
            (0..actors.len())
                .map(|index| ActorGroup::make(&folder.join(index.to_string()), &limits))
                .collect()
        });
        match groups {
            Ok(actors) => Ok(Some(Groups { folder, actors })),
            Err(error) => {
                remove(&folder);
                Err(error)
            }
        }
    }

    /// Removes what a keeper that was killed has left.
    pub(crate) fn clear(&self, tool: u32, keeper: usize) {
        remove(&self.place(tool, keeper));
    }

    /// Whether a process of new namespaces can be moved here, found out by doing it: not all kernels allow it.
    pub(crate) fn trial(&self) -> io::Result<()> {
        let folder = self
            .folder
            .join(format!("ipclab-box-{}-trial", std::process::id()));
        remove(&folder);
        let tried = (|| {
            let group = ActorGroup::make(&folder, &Limits::default())?;
            let child = namespace::clone_process(crate::id_map::NAMESPACES)?;
            if child == 0 {
                process::exit_now(i32::from(group.join().is_err()));
            }
            match wait::wait_for_exit(child)? {
                0 => Ok(()),
                _ => Err(io::Error::other(
                    "a process of new namespaces cannot be moved into a cgroup",
                )),
            }
        })();
        remove(&folder);
        tried
    }
}

/// Removes what tools that are no more have left behind.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix("ipclab-")) else {
            continue;
        };
        let tool = rest
            .split('-')
            .nth(1)
            .and_then(|pid| pid.parse::<u32>().ok());
        if tool.is_some_and(|tool| !Path::new(&format!("/proc/{tool}")).exists()) {
            remove(&entry.path());
        }
    }
}

/// Ends whatever lives in a cgroup and removes it with those in it. One that stays is left to the next sweep.
fn remove(folder: &Path) {
    if !folder.exists() {
        return;
    }
    let _ = put(&folder.join("cgroup.kill"), "1");
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    let began = std::time::Instant::now();
    while let Err(error) = fs::remove_dir(folder) {
        let Ok(events) = File::open(folder.join("cgroup.events")) else {
            return;
        };
        if error.raw_os_error() != Some(libc::EBUSY) || began.elapsed() > REMOVE_TIMEOUT {
            return;
        }
        // It tells when its last process is gone.
        let mut fds = [libc::pollfd {
            fd: events.as_raw_fd(),
            events: libc::POLLPRI,
            revents: 0,
        }];
        let _ = signal::poll_with_children(&mut fds, Duration::from_millis(20));
    }
}

/// The cgroups of a box, as the keeper has them. Dropping it removes nothing: that is [`Groups::remove`]'s.
#[derive(Debug)]
pub(crate) struct Groups {
    folder: PathBuf,
    actors: Vec<ActorGroup>,
}

impl Groups {
    /// Hands them to the box's supervisor: no process in there could open them by their names.
    pub(crate) fn hand_over(&self, to: BorrowedFd<'_>) -> io::Result<()> {
        let files = self
            .actors
            .iter()
            .flat_map(|group| [&group.folder, &group.procs, &group.kill]);
        let fds: Vec<_> = files.map(AsRawFd::as_raw_fd).collect();
        socket::send_descriptors(to, COUNTED, &fds)
    }

    /// Ends whatever still lives in them, and takes them away.
    pub(crate) fn remove(self) {
        remove(&self.folder);
    }
}

/// What a supervisor is told with the cgroups of its actors, and without.
const COUNTED: &[u8] = b"c";
const UNCOUNTED: &[u8] = b"u";

/// Tells a box's supervisor that its actors have no cgroups.
pub(crate) fn hand_nothing(to: BorrowedFd<'_>) -> io::Result<()> {
    descriptor::write_some(to, UNCOUNTED).map(drop)
}

/// What the keeper handed over: a cgroup for each actor, in the plan's order, or none at all.
pub(crate) fn receive(from: BorrowedFd<'_>) -> io::Result<Vec<ActorGroup>> {
    let (_, fds) = socket::receive_descriptors(from, &mut [0; 8])?;
    let mut files = fds.into_iter().map(File::from);
    let mut groups = Vec::new();
    while let (Some(folder), Some(procs), Some(kill)) = (files.next(), files.next(), files.next()) {
        groups.push(ActorGroup {
            folder,
            procs,
            kill,
        });
    }
    Ok(groups)
}

/// An actor's cgroup.
#[derive(Debug)]
pub(crate) struct ActorGroup {
    folder: File,
    procs: File,
    kill: File,
}

impl ActorGroup {
    fn make(folder: &Path, limits: &Limits) -> io::Result<Self> {
        make(folder)?;
        if limits.memory_mib > 0 {
            put(
                &folder.join("memory.max"),
                &memory_max(limits.memory_mib).to_string(),
            )?;
            // Not there where the kernel has no swap.
            let _ = put(&folder.join("memory.swap.max"), "0");
            put(&folder.join("memory.oom.group"), "1")?;
        }
        put(&folder.join("pids.max"), &limits.processes.to_string())?;
        let write = |name: &str| {
            let path = folder.join(name);
            context(path.display(), File::options().write(true).open(&path))
        };
        Ok(Self {
            folder: context(folder.display(), File::open(folder))?,
            procs: write("cgroup.procs")?,
            // Since Linux 5.14.
            kill: write("cgroup.kill")?,
        })
    }

    /// Moves the calling process into it.
    pub(crate) fn join(&self) -> io::Result<()> {
        context("joining the actor's cgroup", (&self.procs).write_all(b"0"))
    }

    /// Ends every process in it at once.
    pub(crate) fn end(&self) {
        let _ = (&self.kill).write_all(b"1");
    }

    /// What it counted. Peaks are told since Linux 5.19 and 6.1.
    pub(crate) fn counted(&self) -> CgroupCounters {
        let peak = |name| self.text(name)?.trim().parse::<u64>().ok();
        CgroupCounters {
            memory_peak_kib: peak("memory.peak").map(|bytes| bytes >> 10),
            processes_peak: peak("pids.peak"),
            out_of_memory: self.event("memory.events", "oom_kill"),
            refused_processes: self.event("pids.events", "max"),
        }
    }

    /// All of a small file.
    fn text(&self, name: &str) -> Option<String> {
        let flags = nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_CLOEXEC;
        let file =
            nix::fcntl::openat(&self.folder, name, flags, nix::sys::stat::Mode::empty()).ok()?;
        let mut text = String::new();
        File::from(file).take(4096).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// The number that stands behind a word.
    fn event(&self, file: &str, name: &str) -> u64 {
        let text = self.text(file).unwrap_or_default();
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        let number = lines.find_map(|(word, number)| (word == name).then_some(number));
        number
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(0)
    }
}

/// Bytes that an actor's processes may take together, with what the kernel takes for them: page tables, buffers, stacks.
/// So much more than each process may ask for that a program that asks too much is refused, and not killed.
fn memory_max(mib: u64) -> u64 {
    (mib + mib / 8 + 16) << 20
}
