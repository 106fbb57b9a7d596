//! The `shared` level: the same tracer in the host's own world, where namespaces are refused.
//!
//! One case at a time on the whole machine. What an actor may touch is bounded by Landlock where the kernel has it;
//! where it may connect to, by the tracer. Leftovers are the difference between before and after, as far as the trace
//! says that an actor made them: the machine is not ours alone. A port or a key that another program already uses is our
//! trouble, never the student's failure.

mod before;
mod folders;
mod restrict;
mod state;
mod sweep;
pub(crate) mod user;

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipclab_evidence::{Evidence, Isolation, Level, Plan, Protocol};
use ipclab_kernel::{process, signal, sysv};

use crate::evidence::{Stopwatch, assemble};
use crate::given;
use crate::leftovers;
use crate::measures::LeftOut;
use crate::tracer::{HostRules, Objects};
use crate::watch::Watch;
pub(crate) use before::OPEN_FOLDERS;

use before::Before;
use folders::Folder;
use state::Shared;
use user::{Identity, tie};

/// What this level cannot give, for the report's first lines.
const NOTES: [&str; 2] = [
    "cases run one after another, in this machine's own network, IPC objects and /tmp",
    "leftovers are what the trace says that the programs made; others' objects are left alone",
];

/// The same, by whose rights the programs have.
fn notes(identity: Identity) -> Vec<String> {
    let own = match (identity.0, restrict::works()) {
        (Some(_), _) => "the programs can see files in /tmp and /usr that every user may read",
        (None, true) => {
            "the programs run with this user's own rights: they could read and change its files in /tmp and /dev/shm"
        }
        (None, false) => {
            "the programs run with this user's own rights, and this kernel has no Landlock: they could read and change all of its files"
        }
    };
    NOTES.into_iter().chain([own]).map(str::to_owned).collect()
}

/// Runs a plan in the host's world. `user`: of the run's own, that its programs have. `left_out`: what the case lacks.
///
/// # Errors
/// What the machine refused, a port, key or path in use among it.
pub(crate) fn run(plan: &Plan, user: Option<u32>, left_out: LeftOut) -> io::Result<Evidence> {
    let identity = Identity(user);
    if user.is_some() {
        process::drop_groups()?;
    }
    // None of its programs can look into it, where they are the same user.
    process::prctl(libc::PR_SET_DUMPABLE, 0)?;
    let _lock = lock()?;
    let stopwatch = Stopwatch::start();
    process::prctl(libc::PR_SET_CHILD_SUBREAPER, 1)?;
    signal::catch_termination()?;
    tie()?;
    let mut folder = Folder::make()?;
    check_free(plan)?;
    let before = Before::look();
    let mut rules = HostRules {
        redirects: vec![(b"/etc/hosts".to_vec(), write_hosts(&folder.0, plan)?)],
        watches_terminals: !restrict::works(),
        foreign: before.objects.clone(),
        given: Objects::default(),
        locked: Vec::new(),
        mapped: Vec::new(),
    };
    let mut platform = Shared::new(plan, &folder.0, before, identity, left_out)?;
    rules.locked = platform.places(&plan.objects.locked);
    rules.mapped = platform.places(&plan.objects.mapped);
    let handed_in = std::mem::take(&mut platform.handed_in);
    let given = given::make(&plan.world, platform.ids, handed_in);
    let stopwatch = stopwatch.world_ready();
    let watched = given.and_then(|given| {
        rules.given = given.objects();
        platform.given = given;
        let watch = || {
            Watch::new(plan, left_out, &mut platform)
                .with_host_rules(rules)
                .run()
        };
        identity.lowered(watch)
    });
    let stopwatch = stopwatch.over();
    let evidence = watched.and_then(|watched| {
        let files = platform.files(&plan.objects.files)?;
        let leftovers = platform.sweep(&watched.tracer)?;
        let isolation = Isolation {
            level: Level::Shared,
            counted_by: "rlimits".to_owned(),
            notes: notes(identity),
        };
        Ok(assemble(
            plan,
            watched,
            leftovers,
            files,
            isolation,
            platform.ids,
            &stopwatch,
        ))
    });
    platform.given.take_away();
    folder.remove();
    evidence
}

/// One case at a time on this machine: a lock on a folder that every user can open and that is never deleted.
fn lock() -> io::Result<File> {
    let folder = File::open("/tmp")?;
    folder.lock()?;
    Ok(folder)
}

fn write_hosts(folder: &Path, plan: &Plan) -> io::Result<PathBuf> {
    let path = folder.join("hosts");
    let mut text = String::from("127.0.0.1 localhost\n::1 localhost\n");
    for (name, address) in &plan.world.hosts {
        text.push_str(&format!("{address} {name}\n"));
    }
    fs::write(&path, text)?;
    // Not writable, also where actors are our own user.
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
