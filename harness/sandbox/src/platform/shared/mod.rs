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

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipclab_evidence::{Evidence, Isolation, Level, Plan, Protocol};
use ipclab_kernel::{process, signal, sysv};

use crate::evidence::{Stopwatch, assemble};
use crate::given;
use crate::leftovers;
use crate::tracer::HostRules;
use crate::watch::Watch;
use before::Before;
use folders::Folder;
use state::Shared;

/// What this level cannot give, for the report's first lines.
const NOTES: [&str; 4] = [
    "cases run one after another, in this machine's own network, IPC objects and /tmp",
    "leftovers are what the trace says that the programs made; others' objects are left alone",
    "abstract sockets and UDP services of this machine can be reached",
    "the programs can see other files that this user may read in /tmp and /usr",
];

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
    let handed_in = std::mem::take(&mut platform.handed_in);
    let given = given::make(&plan.world, platform.ids, handed_in);
    let stopwatch = stopwatch.world_ready();
    let watched = match given {
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
