//! The world of a case at the `namespaces` level: its root, its network, its ids.
//!
//! The root is a tmpfs of its own: the system's folders and the built programs read-only, `/tmp`, `/dev/shm` and the
//! working directory writable, no home folder. Everything is mounted before an untrusted program runs, by a
//! process with power over the new namespaces only.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use ipclab_evidence::{Bind, World};

use crate::handed_in::HandedIn;
use crate::measures::{LeftOut, Measure};
use crate::mounts::{
    READ_ONLY, SCRATCH, TRUSTED, bind, make_dev, mount_proc, own_terminals, show_if_there,
    show_system_folder, tmpfs,
};
use crate::reaper::Reaper;
use crate::withheld;
use crate::workspace::Workspace;
use ipclab_kernel::{Pid, affinity, context, descriptor, namespace, process};

/// The user that actors are, as they see it, and the group.
pub(crate) const ACTOR: u32 = 1000;

/// How ids of the box are named by its supervisor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    /// The actors' user.
    pub(crate) actor: u32,
    /// The actors' group.
    pub(crate) group: u32,
    /// Another user, where the box has a range of ids and not just one.
    pub(crate) other: Option<u32>,
}

/// A world with everything that its plan names.
#[derive(Debug)]
pub(crate) struct ReadyWorld {
    pub(crate) ids: Ids,
    /// In the order of their numbers.
    pub(crate) parties: Vec<Party>,
    /// The folders that actors may write to and that are to be copied back.
    pub(crate) workspaces: Vec<Workspace>,
    /// What of the working directory was handed in.
    pub(crate) handed_in: HandedIn,
}

/// Where the students' actors of one party live.
#[derive(Debug)]
pub(crate) struct Party {
    /// Its number, [`ipclab_evidence::Actor::party`].
    pub(crate) number: u32,
    pub(crate) reaper: Reaper,
    /// The mount namespace. `None`: they have the supervisor's, in a benchmark.
    pub(crate) mounts: Option<OwnedFd>,
    /// An actor of it has been started in there.
    pub(crate) lived_in: bool,
}

/// A world that waits for its plan: all of it that is the same for every plan.
#[derive(Debug)]
pub(crate) struct EmptyWorld {
    ids: Ids,
    reaper: Reaper,
    left_out: LeftOut,
}

impl EmptyWorld {
    /// Makes it around the process that calls this: one that has just been cloned into new namespaces and whose id maps
    /// are written when something arrives on `go`. The new root is mounted over the old one and is the working directory;
    /// absolute paths are still the host's. `left_out`: what the case lacks.
    ///
    /// # Errors
    /// What was refused, by name. The process is then of no use and has to exit.
    pub(crate) fn make(go: BorrowedFd<'_>, left_out: LeftOut) -> io::Result<Self> {
        if descriptor::read_some(go, &mut [0; 8])? != Some(2) {
            return Err(io::Error::other("the keeper went away"));
        }
        let range = fs::read_to_string("/proc/self/uid_map")?
            .split_whitespace()
            .nth(2)
            != Some("1");
        let reaper = context(
            "the students' pid namespace",
            Reaper::start(range, 0, left_out),
        )?;
        context("becoming the box's root", process::become_user(0, 0, range))?;
        // Changing ids clears the parent-death signal, and makes the process undumpable: its own files in /proc would
        // belong to no user of the box, and the binds go through them. No untrusted program runs yet.
        context(
            "asking for the parent-death signal",
            process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize),
        )?;
        context(
            "becoming dumpable",
            process::prctl(libc::PR_SET_DUMPABLE, 1),
        )?;
        context(
            "naming the host",
            nix::unistd::sethostname("ipclab").map_err(io::Error::from),
        )?;
        context("bringing loopback up", namespace::loopback_up())?;
        mount_root()?;
        set_kernel_limits();
        let actor = if range { ACTOR } else { 0 };
        let ids = Ids {
            actor,
            group: actor,
            other: range.then_some(ACTOR + 1),
        };
        Ok(Self {
            ids,
            reaper,
            left_out,
        })
    }

    /// Keeps all of it on the processor that its plan runs on, which is ours: the first process of the students' pid
    /// namespace, which it gives.
    pub(crate) fn keep_with_us(&self) -> Pid {
        let _ = affinity::set_affinity(self.reaper.pid, &affinity::usable_cpus());
        self.reaper.pid
    }

    /// Puts into it what a plan names, and closes it. `parties`: the numbers of all that play. `file_mib` bounds each writable
    /// folder.
    ///
    /// # Errors
    /// As [`EmptyWorld::make`].
    pub(crate) fn furnish(
        self,
        world: &World,
        parties: &BTreeSet<u32>,
        file_mib: u64,
    ) -> io::Result<ReadyWorld> {
        let binds = world.binds.iter().map(|bind| &bind.host);
        let paths: Vec<&Path> = binds
            .chain(&world.handed_in)
            .map(PathBuf::as_path)
            .collect();
        let sources = self.reaper.open(&paths)?;
        let scratch = format!("{file_mib}m");
        tmpfs("tmp", &scratch, "1777")?;
        tmpfs("dev/shm", &scratch, "1777")?;
        // What is shown below it would lie behind a link.
        let in_var_tmp = |bind: &Bind| bind.inside.starts_with("/var/tmp");
        if world.binds.iter().any(in_var_tmp) {
            fs::remove_file("var/tmp")?;
            fs::create_dir("var/tmp")?;
        }
        name_hosts(world)?;
        let (workspaces, handed_in) = show_binds(world, sources, file_mib, self.ids)?;
        withheld::cover(world)?;
        context("pivoting into the new root", namespace::pivot_here())?;
        std::env::set_current_dir(&world.cwd)?;
        context(
            "closing the root",
            namespace::restrict_mount(Path::new("/"), READ_ONLY, false),
        )?;
        let range = self.ids.other.is_some();
        // The one that was made ahead is the first party's; a plan without students needs it, too, for its paths.
        let mut reapers = vec![self.reaper];
        for place in 1..parties.len() as u32 {
            reapers.push(Reaper::start(range, place, self.left_out)?);
        }
        let apart = !self.left_out.lacks(Measure::Apart);
        let numbers = parties.iter().copied().chain([0]);
        let parties = reapers.into_iter().zip(numbers).map(|(reaper, number)| {
            let strange = |bind: &&Bind| bind.party.is_some_and(|party| party != number);
            let hidden = world.binds.iter().filter(strange);
            let hidden: Vec<&Path> = hidden.map(|bind| bind.inside.as_path()).collect();
            Ok(Party {
                number,
                mounts: apart.then(|| reaper.settle(&hidden)).transpose()?,
                reaper,
                lived_in: false,
            })
        });
        let parties: io::Result<Vec<_>> = parties.collect();
        Ok(ReadyWorld {
            ids: self.ids,
            parties: context("settling the students' namespaces", parties)?,
            workspaces,
            handed_in,
        })
    }
}

/// Mounts the new root over the old one and goes there.
fn mount_root() -> io::Result<()> {
    let none = Path::new("");
    context(
        "making mounts private",
        namespace::mount(
            none,
            Path::new("/"),
            "",
            libc::MS_REC | libc::MS_PRIVATE,
            "",
        ),
    )?;
    // On the root and not on some folder: paths that begin at this process's root are still below it, so that no folder of
    // the host is hidden from the binds to come. The way up leads to what is mounted on it.
    tmpfs("/", "4m", "0755")?;
    std::env::set_current_dir("/..")?;
    for name in ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        show_system_folder(name)?;
    }
    for folder in [
        "etc",
        "tmp",
        "dev",
        "dev/shm",
        "dev/mqueue",
        "proc",
        "var",
        &TRUSTED[1..],
    ] {
        fs::create_dir(folder)?;
    }
    symlink("/tmp", "var/tmp")?;
    write_etc()?;
    for name in ["etc/ld.so.cache", "etc/alternatives"] {
        show_if_there(name)?;
    }
    make_dev()?;
    tmpfs(&TRUSTED[1..], "1m", "0755")?;
    // Refused where the kernel has no POSIX queues: then none can be left behind either.
    let _ = namespace::mount(
        Path::new("mqueue"),
        Path::new("dev/mqueue"),
        "mqueue",
        SCRATCH | libc::MS_NOEXEC,
        "",
    );
    context("mounting /proc", mount_proc(Path::new("proc")))
}

/// The few files of `/etc` that programs of the unit ask for, in our own words.
fn write_etc() -> io::Result<()> {
    let files = [
        (
            "passwd",
            format!("root:x:0:0::/:/usr/sbin/nologin\nstudent:x:{ACTOR}:{ACTOR}::/lab:/bin/sh\n"),
        ),
        ("group", format!("root:x:0:\nstudent:x:{ACTOR}:\n")),
        ("hosts", OWN_NAMES.to_owned()),
        // All addresses of a name, as distributions have it; without it gethostbyname(3) tells the first one only.
        ("host.conf", "multi on\n".to_owned()),
        ("hostname", "ipclab\n".to_owned()),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n"
                .to_owned(),
        ),
        (
            "protocols",
            "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6 41 IPv6\n".to_owned(),
        ),
        (
            "services",
            "echo 7/tcp\necho 7/udp\ndaytime 13/tcp\ndaytime 13/udp\nhttp 80/tcp\n".to_owned(),
        ),
    ];
    files
        .into_iter()
        .try_for_each(|(name, text)| fs::write(Path::new("etc").join(name), text))
}

/// The names that every box knows, as `hosts(5)` has them.
const OWN_NAMES: &str = "127.0.0.1 localhost ipclab\n::1 localhost ip6-localhost\n";

/// Adds the names that the plan gives.
fn name_hosts(world: &World) -> io::Result<()> {
    if world.hosts.is_empty() {
        return Ok(());
    }
    let mut hosts = OWN_NAMES.to_owned();
    for (name, address) in &world.hosts {
        hosts.push_str(&format!("{address} {name}\n"));
    }
    fs::write("etc/hosts", hosts)
}

/// Shows what the plan binds, and makes the working directory where no bind is it. Gives the folders that actors may write
/// to, and what of the working directory was handed in. `sources`: of each bind, then of what was handed in.
fn show_binds(
    world: &World,
    sources: Vec<File>,
    file_mib: u64,
    ids: Ids,
) -> io::Result<(Vec<Workspace>, HandedIn)> {
    // What was handed in takes nothing of the room for what is written.
    let room = if world.handed_in.is_some() { 2 } else { 1 } * file_mib;
    let scratch = format!("{room}m");
    let inside = |path: &Path| -> PathBuf { path.strip_prefix("/").unwrap_or(path).to_path_buf() };
    let own_folder = |target: &Path| -> io::Result<()> {
        tmpfs(&target.to_string_lossy(), &scratch, "0755")?;
        std::os::unix::fs::chown(target, Some(ids.actor), Some(ids.group))
    };
    let cwd = inside(&world.cwd);
    fs::create_dir_all(&cwd)?;
    if !world.binds.iter().any(|bind| bind.inside == world.cwd) {
        own_folder(&cwd)?;
    }
    let mut handed_in = HandedIn::default();
    if let (Some(folder), Some(source)) = (&world.handed_in, sources.last()) {
        let from = PathBuf::from(format!("/proc/self/fd/{}", source.as_raw_fd()));
        let places = (cwd.as_path(), world.cwd.as_path());
        let owner = Some((ids.actor, ids.group));
        handed_in = context(
            format_args!("copying {}", folder.display()),
            HandedIn::copy(&from, places, world, owner, file_mib << 20),
        )?;
    }
    let mut workspaces = Vec::new();
    for (wanted, source) in world.binds.iter().zip(sources) {
        let target = inside(&wanted.inside);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        let folder = source.metadata()?.is_dir();
        if folder {
            fs::create_dir_all(&target)?;
        } else if fs::symlink_metadata(&target).is_err() {
            // What is there already lies in a folder that is shown, and is covered.
            File::create(&target)?;
        }
        let from = PathBuf::from(format!("/proc/self/fd/{}", source.as_raw_fd()));
        if folder && wanted.writable {
            own_folder(&target)?;
            let places = (target.as_path(), wanted.inside.as_path());
            let owner = Some((ids.actor, ids.group));
            workspaces.push(context(
                format_args!("copying {}", wanted.host.display()),
                Workspace::open(source, &from, places, owner, file_mib << 20),
            )?);
        } else {
            bind(&from, &target, !wanted.writable)?;
        }
    }
    Ok((workspaces, handed_in))
}

/// Lowers what a hostile program could fill. Where the kernel lets this namespace's root decide it; a refusal leaves
/// the kernel's own default in force. By way of the new `/proc`: the host's belongs to no user here.
fn set_kernel_limits() {
    for (name, value) in [
        ("kernel/shmmni", "64"),
        ("kernel/shmall", "65536"),
        ("kernel/msgmni", "16"),
        ("kernel/sem", "256 4096 32 64"),
        ("net/ipv4/ip_unprivileged_port_start", "1024"),
        // These count against the user who made the namespace, too.
        ("user/max_inotify_instances", "8"),
        ("user/max_inotify_watches", "1024"),
        ("user/max_fanotify_groups", "4"),
    ] {
        let _ = fs::write(Path::new("proc/sys").join(name), value);
    }
}

/// Takes the calling process among the mounts of a party, to the working directory `cwd`, where it gets terminals of its own.
/// `terminals`: whether it is alone there, as [`own_terminals`] has it; `None`: it gets none.
///
/// # Errors
/// What was refused.
pub(crate) fn enter_untrusted(
    mounts: BorrowedFd<'_>,
    terminals: Option<bool>,
    cwd: &Path,
) -> io::Result<()> {
    context(
        "joining the students' mount namespace",
        namespace::join_namespace(mounts, libc::CLONE_NEWNS),
    )?;
    terminals.map_or(Ok(()), own_terminals)?;
    context(
        "going to the working directory",
        std::env::set_current_dir(cwd),
    )
}

/// Becomes the actors' user, in one more user namespace, without any power over the supervisor's.
pub(crate) fn become_actor(ids: Ids) -> io::Result<()> {
    context(
        "becoming the actor's user",
        process::become_user(ids.actor, ids.actor, ids.other.is_some()),
    )?;
    // Changing ids makes a process undumpable, and the files of an undumpable one in /proc belong to no user here.
    context(
        "becoming dumpable",
        process::prctl(libc::PR_SET_DUMPABLE, 1),
    )?;
    context(
        "a user namespace for the actor",
        namespace::unshare(libc::CLONE_NEWUSER),
    )?;
    // Denied already where the box has one id only; saying so again is allowed.
    context(
        "denying setgroups",
        fs::write("/proc/self/setgroups", "deny"),
    )?;
    let map = format!("{ACTOR} {} 1", ids.actor);
    context(
        "mapping the actor's user",
        fs::write("/proc/self/uid_map", &map),
    )?;
    context(
        "mapping the actor's group",
        fs::write("/proc/self/gid_map", &map),
    )?;
    context("dropping capabilities", process::drop_capabilities())?;
    context(
        "asking for the parent-death signal",
        process::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize),
    )?;
    context(
        "forbidding new privileges",
        process::prctl(libc::PR_SET_NO_NEW_PRIVS, 1),
    )
}

/// Gives a file of the box the actors' owner and the mode asked for.
pub(crate) fn give(path: &Path, mode: Option<u32>, ids: Ids) -> io::Result<()> {
    std::os::unix::fs::chown(path, Some(ids.actor), Some(ids.group))?;
    match mode {
        Some(mode) => fs::set_permissions(path, Permissions::from_mode(mode)),
        None => Ok(()),
    }
}
